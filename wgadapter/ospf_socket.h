#pragma once
// A raw socket for OSPF over IPv4 (protocol 89, RFC 2328 appendix A.1) on one interface.
//
// One socket an interface, bound to it, because the kernel lets one socket join 20 groups only, and because
// it makes "which interface did this come from" a fact and not a guess. It sends with TTL 1, multicast and
// unicast, precedence "internetwork control" (TOS 0xc0, queueing priority 7), without looping multicast back,
// and without path MTU discovery: a packet with one LSA larger than the MTU leaves as fragments.
//
// The binding is to an ifindex. When the interface is deleted, drop the socket; when one of the same name
// appears, open another. Down and up again needs nothing: the kernel keeps the memberships (tested).
//
// Opening needs CAP_NET_RAW, the priority CAP_NET_ADMIN. Nothing blocks but what joins and leaves groups.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "net/ip.h"
#include "net/result.h"

namespace wgospf::wg {

/// A buffer of this size never truncates a datagram.
inline constexpr std::size_t kMaxIpDatagram = 65535;

/// Received: views into the caller's buffer.
struct Datagram {
  Ipv4Address source{};
  Ipv4Address destination{};  ///< As in the IP header: 224.0.0.5, .6 or an address of ours
  std::uint32_t ifindex = 0;
  std::uint8_t ttl = 0;
  std::span<const std::uint8_t> payload{};  ///< From the OSPF header on, as long as the IP header says
};

/// Joining or leaving a group waits for whoever changes links, addresses or routes in bulk; nothing else here
/// does. Closing leaves.
enum class Joining : std::uint8_t {
  at_open,
  later,  ///< by rejoin(), which another thread may call; until then only unicast is received
};

struct OspfSocketOptions {
  Joining joining = Joining::at_open;
  /// Source of packets for which `send` is given none; else the kernel chooses.
  std::optional<Ipv4Address> source{};
  int receive_buffer = 4 << 20;  ///< Bytes; a database exchange comes in bursts
  int send_buffer = 1 << 20;
};

struct OspfSocketCounters {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t send_errors = 0;
  std::uint64_t malformed = 0;  ///< Received with a header that lies about its lengths, or cut short
};

class OspfSocket {
 public:
  /// Binds to the interface and joins 224.0.0.5, unless that is to come later. Errors: not_found when the
  /// interface does not exist or has another ifindex than expected (created anew meanwhile), permission,
  /// system.
  [[nodiscard]] static Result<OspfSocket> open(const std::string& interface, std::uint32_t ifindex,
                                               OspfSocketOptions options = {});
  OspfSocket(OspfSocket&& other) noexcept;
  OspfSocket& operator=(OspfSocket&& other) noexcept;
  ~OspfSocket();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const std::string& interface() const { return interface_; }
  [[nodiscard]] std::uint32_t ifindex() const { return ifindex_; }

  /// 224.0.0.6, for a designated router and its backup. Harmless when repeated.
  [[nodiscard]] Result<void> join_all_d_routers();
  [[nodiscard]] Result<void> leave_all_d_routers();
  /// Joins 224.0.0.5 again, should the kernel have lost it. Harmless when it has not.
  [[nodiscard]] Result<void> rejoin();

  /// Sends one OSPF packet; the kernel adds the IP header. `source`: an address of this host, not necessarily
  /// of this interface (unnumbered links send with the loopback's); nullopt takes the option's, then the
  /// kernel's. Errors: no_route (WireGuard: no peer's allowed-ips cover the destination, or the peer has no
  /// endpoint), link_down, would_block (buffers full), too_large, invalid (source is not ours), permission
  /// (firewall).
  [[nodiscard]] Result<void> send(Ipv4Address destination, std::span<const std::uint8_t> packet,
                                  std::optional<Ipv4Address> source = std::nullopt);

  /// The next datagram into `buffer` (kMaxIpDatagram bytes); nullopt when there is none now. Call until
  /// nullopt or as often as a turn allows: the fd stays readable. Malformed ones are counted and passed over.
  [[nodiscard]] Result<std::optional<Datagram>> receive(std::span<std::uint8_t> buffer);

  [[nodiscard]] const OspfSocketCounters& counters() const { return counters_; }

 private:
  OspfSocket(int fd, std::string interface, std::uint32_t ifindex, OspfSocketOptions options);
  [[nodiscard]] Result<void> configure();
  [[nodiscard]] Result<void> change_membership(int option, Ipv4Address group);

  int fd_ = -1;
  std::string interface_;
  std::uint32_t ifindex_ = 0;
  OspfSocketOptions options_;
  OspfSocketCounters counters_{};
  bool joined_all_d_routers_ = false;
};

/// Takes an IPv4 packet apart: options skipped by the header length, cut to the total length. nullopt when it
/// is no IPv4, not protocol 89, a fragment, or one of the lengths is impossible.
[[nodiscard]] std::optional<Datagram> parse_ip_datagram(std::span<const std::uint8_t> packet,
                                                        std::uint32_t ifindex);

}  // namespace wgospf::wg
