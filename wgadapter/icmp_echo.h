#pragma once
// ICMP echo to one neighbour over one device (RFC 792), for whoever asks it something; or to a host anywhere, by
// IPv4 or IPv6 (RFC 4443), on whatever way the kernel chooses for datagrams with that mark.
//
// To a neighbour: packets may not be fragmented (IP_PMTUDISC_PROBE: nor does what the kernel has learned of the path shorten them), go
// no further than to the neighbour (TTL 1), and out of the device that is asked about. What is heard came in on that
// device from that address. Needs CAP_NET_RAW.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "net/ip.h"
#include "net/result.h"

namespace wgospf::wg {

inline constexpr std::size_t kIpHeader = 20, kIcmpHeader = 8, kIpDatagramMost = 65535;

struct EchoTarget {
  std::string device{};  ///< as the kernel calls it; empty: a host anywhere
  std::uint32_t ifindex = 0;
  std::optional<Ipv4Address> source{};  ///< nullopt: the kernel chooses
  Ipv4Address destination{};
  // Of a host anywhere:
  std::optional<Ipv6Address> destination6{};  ///< in the place of `destination`
  std::uint32_t mark = 0;
  bool operator==(const EchoTarget&) const = default;
};

struct EchoReply {
  std::uint16_t identifier = 0, sequence = 0;
  std::span<const std::uint8_t> message{};  ///< with the ICMP header
};

class EchoSocket {
 public:
  /// In the network namespace of the calling thread.
  [[nodiscard]] static Result<EchoSocket> open(const EchoTarget& target);
  EchoSocket(EchoSocket&& other) noexcept;
  EchoSocket& operator=(EchoSocket&& other) noexcept;
  ~EchoSocket();

  [[nodiscard]] int fd() const { return fd_; }
  /// `message`: an ICMP message whose header is written here. One that the full queue does not take counts as sent.
  [[nodiscard]] Result<void> send(std::span<std::uint8_t> message, std::uint16_t identifier,
                                  std::uint16_t sequence) const;
  /// What has come, `most` datagrams at a time; whether there may be more.
  bool receive(int most, const std::function<void(const EchoReply&)>& heard) const;

 private:
  EchoSocket(int fd, IpAddress destination) : fd_(fd), destination_(destination) {}
  [[nodiscard]] Result<void> bind_to_neighbor(const EchoTarget& target) const;
  [[nodiscard]] Result<void> connect() const;
  int fd_;
  IpAddress destination_;
};

}  // namespace wgospf::wg
