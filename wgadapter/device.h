#pragma once
// A WireGuard device as values: what both back ends report and what may be asked of them.
//
// WireGuard has one table of allowed-ips a device: a prefix belongs to one peer, the longest match wins, and
// it decides both to whom a packet goes and from whom one is taken. Route gateways play no part. So OSPF
// passes over a device only if 224.0.0.5 and the neighbour's own address are covered by that neighbour's
// allowed-ips.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/ip.h"
#include "wgadapter/key.h"

namespace wgospf::wg {

/// What a peer may send, and what is sent to it.
using AllowedIp = IpPrefix;

/// Where a peer's datagrams go in the underlay.
struct Endpoint {
  IpAddress address{};
  std::uint16_t port = 0;
  std::uint32_t scope_id = 0;  ///< ifindex for an IPv6 link-local address, else 0.

  auto operator<=>(const Endpoint&) const = default;
};
/// "192.0.2.1:51820" or "[2001:db8::1]:51820", with "%SCOPE" in it when there is one.
[[nodiscard]] std::string to_string(const Endpoint& endpoint);

using SystemTime = std::chrono::sys_time<std::chrono::nanoseconds>;
/// A time since 1970 as both interfaces tell it; nothing when the numbers are no such time.
[[nodiscard]] std::optional<SystemTime> system_time(std::int64_t seconds, std::int64_t nanoseconds);

struct Peer {
  Key public_key{};
  std::optional<Endpoint> endpoint{};
  std::optional<SystemTime> last_handshake{};  ///< None before the first one.
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  std::uint16_t persistent_keepalive = 0;  ///< Seconds; 0 is off.
  std::vector<AllowedIp> allowed_ips{};    ///< As the device lists them.
  std::uint32_t protocol_version = 0;      ///< 1, or 0 when the device does not say.

  bool operator==(const Peer&) const = default;
};

enum class BackendKind : std::uint8_t { kernel, userspace };
[[nodiscard]] const char* to_string(BackendKind kind);

struct Device {
  std::string name{};
  std::uint32_t ifindex = 0;
  std::optional<Key> public_key{};  ///< None while the device has no private key.
  std::uint16_t listen_port = 0;
  std::uint32_t fwmark = 0;
  std::vector<Peer> peers{};
  BackendKind backend = BackendKind::kernel;

  bool operator==(const Device&) const = default;
  [[nodiscard]] const Peer* find_peer(const Key& public_key) const;
};

/// What to do with one peer. `update` never brings back a peer that an administrator removed meanwhile.
enum class PeerAction : std::uint8_t { update, create, remove };

struct PeerDelta {
  Key public_key{};
  PeerAction action = PeerAction::update;
  std::optional<Endpoint> endpoint{};  ///< Setting it undoes roaming: only when that is meant.
  std::optional<std::uint16_t> persistent_keepalive{};
  std::optional<SecretKey> preshared_key{};
  std::vector<AllowedIp> add_allowed_ips{};     ///< Taken from another peer of the device in one step.
  std::vector<AllowedIp> remove_allowed_ips{};  ///< Of this peer only; one it does not own is left alone.
};

/// Differences, never a replacement: what it does not name stays as it is.
struct DeviceDelta {
  std::optional<SecretKey> private_key{};
  std::optional<std::uint16_t> listen_port{};
  std::optional<std::uint32_t> fwmark{};
  std::vector<PeerDelta> peers{};
  /// The device is read before, and nothing is changed where an allowed-ip has come to a peer since the
  /// reading that this was made from: somebody may have written it by hand.
  bool takes_nothing_unseen = false;
};

/// Peers with an allowed-ip that covers the address, the longest match first: the first is the one that
/// WireGuard sends to and accepts from.
[[nodiscard]] std::vector<const Peer*> peers_covering(const Device& device, const IpAddress& address);

struct CoverageFinding {
  enum class Kind : std::uint8_t {
    no_peer,        ///< The device has no peer at all.
    several_peers,  ///< Multicast reaches one of its peers only.
    not_covered,    ///< No peer's allowed-ips cover the address.
    other_peer,     ///< The neighbour's address leads to another peer than 224.0.0.5.
    routes,         ///< The neighbour's allowed-ips do not cover prefixes that are reached over the device.
  };
  Kind kind = Kind::no_peer;
  std::optional<IpAddress> address{};  ///< The address in question, where there is one.
  std::string text{};                  ///< One sentence for people, with the cure.

  bool operator==(const CoverageFinding&) const = default;
};

/// AllSPFRouters (RFC 2328 appendix A.1) and AllDRouters.
inline constexpr Ipv4Address kAllSpfRouters{0xe0000005};
inline constexpr Ipv4Address kAllDRouters{0xe0000006};

/// What keeps multicast OSPF from passing over this device to one peer; empty when nothing does.
/// `neighbors`: the neighbours' addresses as far as they are known (their hellos' source).
[[nodiscard]] std::vector<CoverageFinding> check_ospf_coverage(const Device& device,
                                                               const std::vector<IpAddress>& neighbors);

/// Of a device with one peer, where the neighbour's address is not known: that its hellos cannot be heard from any
/// address that it may have. `subnets`: the interface's; none of an unnumbered one, over which any may speak.
[[nodiscard]] std::optional<CoverageFinding> check_unknown_neighbor(const Device& device,
                                                                    const std::vector<Ipv4Prefix>& subnets);

}  // namespace wgospf::wg
