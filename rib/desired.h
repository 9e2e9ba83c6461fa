#pragma once
// What the routing protocol wants of the kernel, as plain values: the vocabulary between the daemon and rib/.
//
// Routes leave the protocol as sets and members. A set is a list of next hops with an identity; a prefix
// names the set that it follows. Losing a neighbour changes sets, never prefixes, so what must be told to the
// kernel does not grow with the number of prefixes. Changes travel in batches that carry the generation of
// the route calculation that they come from; rib/ answers "in the kernel up to generation G" (rib/report.h).

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/ip.h"

namespace wgospf::rib {

/// One way out: a device, the neighbour's address where the device needs one, and a share of the traffic.
struct Member {
  std::uint32_t ifindex = 0;
  /// None on NOARP and point-to-point devices. May be IPv6 in a set of IPv4 prefixes (RTA_VIA).
  std::optional<IpAddress> gateway{};
  /// The gateway is reached directly, whether or not the kernel has a route to it. Ignored without a gateway.
  bool onlink = false;
  /// 1 to 256; anything else is brought into that range.
  std::uint32_t weight = 1;

  auto operator<=>(const Member&) const = default;
};

/// What decides the shape of a next hop on a link.
struct LinkFacts {
  std::uint32_t ifindex = 0;
  bool noarp = false;           ///< IFF_NOARP: the device resolves no neighbours (WireGuard).
  bool point_to_point = false;  ///< IFF_POINTOPOINT: there is one far end.
};

/// The member to reach `neighbour` over `link`: device-only on a NOARP or point-to-point device, else by its
/// address, and then on-link: it was heard there. Without that the kernel asks its own route to the subnet,
/// which others may flush, or which an address may come without (noprefixroute). An IPv6 link-local address
/// needs none.
[[nodiscard]] Member member_for(const LinkFacts& link, const IpAddress& neighbour, std::uint32_t weight = 1);

using SetId = std::uint32_t;

/// A set is new, or its members are now these. No members: its prefixes are unreachable through it, and their
/// routes are taken out of the kernel. `family` is that of the prefixes that follow the set; each family has
/// its own set numbers.
struct SetChanged {
  SetId set_id = 0;
  Family family = Family::ipv4;
  std::vector<Member> members{};
};

/// The set is not used any more.
struct SetGone {
  SetId set_id = 0;
  Family family = Family::ipv4;
};

/// What sort of route it is (RFC 2328 section 11); kept for reports, without effect on the kernel.
enum class RouteType : std::uint8_t { intra_area, inter_area, external_1, external_2 };

/// The prefix is reachable through the set. A change of `metric` or `type` alone costs no message.
struct PrefixChanged {
  IpPrefix prefix{};
  SetId set_id = 0;
  std::uint32_t metric =
      0;  ///< Cost of the path, not the kernel's metric, which is the same for all our routes.
  RouteType type = RouteType::intra_area;
  std::optional<IpAddress> source{};  ///< Preferred source (RTA_PREFSRC).
};

struct PrefixGone {
  IpPrefix prefix{};
};

using Change = std::variant<SetChanged, SetGone, PrefixChanged, PrefixGone>;

/// The difference that one route calculation made. Generations grow; they need not be consecutive.
struct Batch {
  std::uint64_t generation = 0;
  std::vector<Change> changes{};
};

}  // namespace wgospf::rib
