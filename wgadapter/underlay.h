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
// longer prefix, a lower metric) and on its policy rules, which may send a device's marked datagrams past our
// table; the kernel's own answer for the endpoint, with the device's mark, is what ours are measured by.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wgadapter/allowed_ips.h"
#include "wgadapter/device.h"

namespace wgospf::wg {

/// A policy rule, as far as it decides what a datagram made on this machine meets.
struct RoutingRule {
  enum class Action : std::uint8_t {
    look_up,  ///< in `table`
    refuse,   ///< blackhole, unreachable, prohibit
    jump,     ///< to the first rule of priority `target` or later
    nothing,
  };
  /// Of its conditions other than mark and destination: met by no datagram of ours (it names a device), not
  /// known (it names a source, a user, a port), or none.
  enum class Others : std::uint8_t { none, unknown, never };
  std::uint32_t priority = 0;
  Action action = Action::look_up;
  std::uint32_t table = 0;
  std::uint32_t target = 0;
  std::uint32_t mark = 0, mark_mask = 0;
  std::optional<Ipv4Prefix> destination{};
  Others others = Others::none;
  bool inverted = false;                                  ///< "not": what does not meet the conditions
  std::optional<std::uint32_t> suppress_prefix_length{};  ///< results this short or shorter are passed over
  bool operator==(const RoutingRule&) const = default;
};

/// Where a route stands among others for the same address.
struct RoutePlace {
  std::uint32_t table = 0;
  std::uint8_t length = 0;  ///< of its prefix
  std::uint32_t metric = 0;
  bool operator==(const RoutePlace&) const = default;
};

/// Whether a datagram with this mark would follow `ours`, were it there, and not `present`, which the kernel
/// follows now (nullopt: it knows no way). Where a rule's conditions are not known, it is taken to favour
/// ours. `rules` in the kernel's order.
[[nodiscard]] bool would_win(const RoutePlace& ours, const std::optional<RoutePlace>& present,
                             std::span<const RoutingRule> rules, Ipv4Address destination, std::uint32_t mark);

/// The kernel's answer for the way to an endpoint.
struct EndpointWay {
  std::optional<RoutePlace> place{};  ///< nullopt: it knows no way
  bool is_ours = false;               ///< a route of this program
  std::vector<std::uint32_t> ifindexes{};
  bool operator==(const EndpointWay&) const = default;
};

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
  std::vector<AllowedIpMap> maps{};  ///< of each device
  std::vector<UnderlayPeer> peers{};
  std::vector<RoutingRule> rules{};
};
/// Devices, their maps and their peers with endpoints; the kernel is not asked.
[[nodiscard]] Underlay underlay_of(std::vector<Device> devices);
/// Rules, and the ways of the peers whose endpoints are the same, as `former` has them: the kernel could not
/// be asked.
void keep_ways(const Underlay& former, Underlay& underlay);
/// Whether rules, peers with their endpoints, and ways are the same.
[[nodiscard]] bool have_same_ways(const Underlay& one, const Underlay& other);

/// A route that the protocol wants.
struct WantedRoute {
  Ipv4Prefix prefix{};
  std::vector<std::uint32_t> ifindexes{};
};

/// Why a route is held back: the peer whose datagrams it would carry into that peer's own tunnel.
struct HeldBack {
  Ipv4Prefix prefix{};
  std::string device{};    ///< of the peer
  Endpoint endpoint{};     ///< of the peer
  std::string via{};       ///< the device that the route leads over, where that is another one
  bool is_asked = true;    ///< false: only until the kernel has been asked
  bool in_kernel = false;  ///< the kernel follows it now
  bool operator==(const HeldBack&) const = default;
};

/// Those of the wanted routes that must not be in the kernel, in order of prefix. `wanted`: in order of
/// prefix, at least all that cover an endpoint. All our routes have one table and one metric.
/// Cost: for each endpoint that is covered, the tunnels that it depends on; others cost a look at `wanted`.
[[nodiscard]] std::vector<HeldBack> held_back(const Underlay& underlay, std::span<const WantedRoute> wanted,
                                              std::uint32_t table, std::uint32_t metric);

}  // namespace wgospf::wg
