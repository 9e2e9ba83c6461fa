#pragma once
// Which routes would carry a tunnel's own packets into it. Pure: values in, a decision out.
//
// The nodes are the peers of WireGuard devices. An edge leads from a peer to those peers whose tunnels carry
// its datagrams: the kernel's way to its endpoint goes out of a WireGuard device, and there the longest
// allowed-ip says to whom. A tunnel within another is such an edge and legal; a cycle is a loop, in which one
// packet goes round for as long as the machine can. So a route that covers an endpoint may go to the kernel
// only if the edge that it would make closes no cycle.
//
// A route makes an edge only where it would be the best match. That depends on what else the kernel has (a
// longer prefix, a lower metric) and on its policy rules, which may send a device's datagrams past our table,
// by their mark or ports; the kernel's own answer for such a datagram is what ours are measured by.

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "wgadapter/allowed_ips.h"
#include "wgadapter/device.h"

namespace wgospf::wg {

struct PortRange {
  std::uint16_t first = 0, last = 0;
  [[nodiscard]] bool contains(std::uint16_t port) const { return first <= port && port <= last; }
  bool operator==(const PortRange&) const = default;
};

/// What policy rules see of a tunnel's own datagram, beside its destination: UDP that is made on this machine.
struct Outer {
  std::uint32_t mark = 0;
  std::uint16_t source_port = 0, destination_port = 0;  ///< 0: not known
};

/// A policy rule, as far as it decides what a datagram made on this machine meets.
struct RoutingRule {
  enum class Action : std::uint8_t {
    look_up,  ///< in `table`
    refuse,   ///< blackhole, unreachable, prohibit
    jump,     ///< to the first rule of priority `target` or later
    nothing,
  };
  /// Of its conditions other than those below: met by no datagram of ours (it names a device), not known (it
  /// names a source, a user), or none.
  enum class Others : std::uint8_t { none, unknown, never };
  std::uint32_t priority = 0;
  Action action = Action::look_up;
  std::uint32_t table = 0;
  std::uint32_t target = 0;
  std::uint32_t mark = 0, mark_mask = 0;
  std::optional<Ipv4Prefix> destination{};
  Others others = Others::none;
  std::uint8_t protocol = 0;                              ///< whose it is (FRA_PROTOCOL)
  bool inverted = false;                                  ///< "not": what does not meet the conditions
  std::optional<std::uint32_t> suppress_prefix_length{};  ///< results this short or shorter are passed over
  bool is_local = false;                                  ///< of what is made on this machine ("iif lo")
  std::uint8_t ip_protocol = 0;                           ///< 0: any
  std::optional<PortRange> source_ports{}, destination_ports{};
  bool operator==(const RoutingRule&) const = default;
};

/// Where a route stands among others for the same address.
struct RoutePlace {
  std::uint32_t table = 0;
  std::uint8_t length = 0;  ///< of its prefix
  std::uint32_t metric = 0;
  bool operator==(const RoutePlace&) const = default;
};

/// Whether such a datagram would follow `ours`, were it there, and not `present`, which the kernel
/// follows now (nullopt: it knows no way). Where a rule's conditions are not known, it is taken to favour
/// ours. `rules` in the kernel's order.
[[nodiscard]] bool would_win(const RoutePlace& ours, const std::optional<RoutePlace>& present,
                             std::span<const RoutingRule> rules, Ipv4Address destination, const Outer& outer);

/// By what routes of this program are known among others: all have one protocol and one metric. Those that would
/// carry a tunnel's own packets into it may stand apart, in a table that tunnels' datagrams do not look up.
struct OwnRoutes {
  std::uint32_t table = 254;
  std::uint32_t metric = 0;
  std::uint8_t protocol = 0;
  std::uint32_t apart = 0;  ///< the table for what stands apart; 0: there is none
  bool operator==(const OwnRoutes&) const = default;
};

/// The kernel's answer for the way to an endpoint.
struct EndpointWay {
  std::optional<RoutePlace> place{};  ///< nullopt: it knows no way
  bool is_ours = false;               ///< a route of this program
  std::vector<std::uint32_t> ifindexes{};
  std::optional<IpAddress> gateway{};  ///< of the first next hop
  bool operator==(const EndpointWay&) const = default;
};

/// The priority of the rule by which such a datagram comes to the route at `place`; nullopt when none of
/// those whose conditions are known leads there.
[[nodiscard]] std::optional<std::uint32_t> deciding_rule(const RoutePlace& place,
                                                         std::span<const RoutingRule> rules,
                                                         Ipv4Address destination, const Outer& outer);

/// Reserved for ever (RFC 1112 section 4): nobody routes it but by a default route. The way to it is that of what
/// no other route covers; what stands apart is not asked for it.
inline constexpr Ipv4Address kAnywhere{0xf0000001};

[[nodiscard]] Outer outer_of(const Device& device, const Endpoint& endpoint);

/// A peer with an endpoint, and the way to it.
struct UnderlayPeer {
  std::size_t device = 0;  ///< index in Underlay::devices
  std::size_t peer = 0;    ///< index in Device::peers
  Endpoint endpoint{};
  std::optional<EndpointWay> way{};  ///< nullopt: the kernel has not been asked yet
  bool operator==(const UnderlayPeer&) const = default;
};

struct Underlay {
  std::vector<Device> devices{};
  std::vector<AllowedIpMap> maps{};   ///< of each device
  std::vector<UnderlayPeer> peers{};  ///< in the order of devices, and of their peers
  std::vector<RoutingRule> rules{};
  /// To kAnywhere; nullopt: not asked yet.
  std::optional<EndpointWay> uplink{};
};
/// By indexes in `devices` and Device::peers; null where the peer has no endpoint.
[[nodiscard]] const UnderlayPeer* find_peer(const Underlay& underlay, std::size_t device, std::size_t peer);
/// Devices, their maps and their peers with endpoints; the kernel is not asked.
[[nodiscard]] Underlay underlay_of(std::vector<Device> devices);
/// Rules, the uplink, and the ways of the peers whose endpoints are the same, as `former` has them: the kernel
/// could not be asked.
void keep_ways(const Underlay& former, Underlay& underlay);
/// Whether rules, marks, ports, peers with their endpoints, and ways are the same.
[[nodiscard]] bool have_same_ways(const Underlay& one, const Underlay& other);

/// A route that the protocol wants.
struct WantedRoute {
  Ipv4Prefix prefix{};
  std::vector<std::uint32_t> ifindexes{};
  bool is_apart = false;     ///< it stands in OwnRoutes::apart
  bool may_be_apart = true;  ///< else it is held back instead
};

/// Why a route is held back: the peer whose datagrams it would carry into that peer's own tunnel.
struct HeldBack {
  Ipv4Prefix prefix{};
  std::string device{};      ///< of the peer
  Endpoint endpoint{};       ///< of the peer
  std::string via{};         ///< the device that the route leads over, where that is another one
  bool is_asked = true;      ///< false: only until the kernel has been asked
  bool in_kernel = false;    ///< the kernel follows it now
  bool awaits_cure = false;  ///< only until rules are there that keep tunnels' datagrams from it
  bool operator==(const HeldBack&) const = default;
};

/// Those of the wanted routes that must not be in the kernel, in order of prefix. `wanted`: in order of
/// prefix, at least all that cover an endpoint.
/// Cost: for each endpoint that is covered, the tunnels that it depends on; others cost a look at `wanted`.
[[nodiscard]] std::vector<HeldBack> held_back(const Underlay& underlay, std::span<const WantedRoute> wanted,
                                              const OwnRoutes& own);

/// How far tunnels' datagrams are kept from routes that stand apart.
struct Cure {
  bool is_wanted = false;            ///< else what would close a cycle is held back
  std::set<std::uint8_t> lengths{};  ///< rules are there for prefixes of these lengths
  bool is_everything_known = false;  ///< rules know all datagrams that must not follow them
  std::set<Ipv4Prefix> standing{};   ///< in the kernel apart already
};
/// Where each of the wanted routes goes: into the common table, but for those that are held back and those that
/// stand apart.
struct Placement {
  std::vector<HeldBack> held{};      ///< in order of prefix
  std::set<Ipv4Prefix> apart{};      ///< these are to be in the kernel
  std::set<std::uint8_t> lengths{};  ///< rules are wanted for these
  std::set<std::string> in_need{};   ///< devices whose datagrams rules must know
};
/// As held_back(); of `wanted`, `is_apart` says which would stand apart in any case. What would close a cycle in
/// the common table stands apart as well, where that is a cure; what is new there waits until the cure is in place.
[[nodiscard]] Placement place_routes(const Underlay& underlay, std::vector<WantedRoute> wanted,
                                     const OwnRoutes& own, const Cure& cure);

}  // namespace wgospf::wg
