#pragma once
// What the routing protocol wants of the kernel, as plain values: the vocabulary between the daemon and rib/.
//
// Routes leave the protocol as sets and members. A set is a list of next hops with an identity; a prefix
// names the set that it follows. Losing a neighbour changes sets, never prefixes, so what must be told to the
// kernel does not grow with the number of prefixes. Changes travel in batches, each with a ticket that grows
// with every submission; rib/ answers "in the kernel up to ticket T" (rib/report.h).
//
// A member bears a tag that only the daemon understands: when what it stands for fails, one call takes all
// members with that tag out of their sets before anything has been calculated.
//
// A set, or a prefix that comes to one, may have to wait for something that is not rib's, a peer's allowed-ips
// for instance: its change names a gate. Until that is opened, the kernel keeps what it has for the set and for
// all prefixes that come to it, or for that prefix; all others go on.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/ip.h"

namespace wgospf::rib {

/// What a member is known by to whoever made it; rib/ compares it and nothing else.
using Tag = std::uint64_t;
/// What sets and prefixes may wait for; a number is used once.
using Gate = std::uint64_t;
/// Of a batch; tickets grow and need not be consecutive.
using Ticket = std::uint64_t;

/// One way out: a device, the neighbour's address where the device needs one, and a share of the traffic.
struct Member {
  std::uint32_t ifindex = 0;
  /// None on NOARP and point-to-point devices. May be IPv6 in a set of IPv4 prefixes (RTA_VIA).
  std::optional<IpAddress> gateway{};
  /// The gateway is reached directly, whether or not the kernel has a route to it. Ignored without a gateway.
  bool onlink = false;
  /// 1 to 256; anything else is brought into that range.
  std::uint32_t weight = 1;
  Tag tag = 0;

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
/// its own set numbers. `gate`: not before it is opened, until when what
/// has followed the set stands as before; of several changes the last alone counts.
struct SetChanged {
  SetId set_id = 0;
  Family family = Family::ipv4;
  std::vector<Member> members{};
  std::optional<Gate> gate{};
};

/// The set is not used any more.
struct SetGone {
  SetId set_id = 0;
  Family family = Family::ipv4;
};

/// What sort of route it is (RFC 2328 section 11); kept for reports, without effect on the kernel.
enum class RouteType : std::uint8_t { intra_area, inter_area, external_1, external_2 };

/// The prefix is reachable through the set. A change of `metric` or `type` alone costs no message. `gate`: not
/// before it is opened, until when the kernel keeps what it has for the prefix.
struct PrefixChanged {
  IpPrefix prefix{};
  SetId set_id = 0;
  std::uint32_t metric =
      0;  ///< Cost of the path, not the kernel's metric, which is the same for all our routes.
  RouteType type = RouteType::intra_area;
  std::optional<IpAddress> source{};  ///< Preferred source (RTA_PREFSRC).
  std::optional<Gate> gate{};
};

struct PrefixGone {
  IpPrefix prefix{};
};

using Change = std::variant<SetChanged, SetGone, PrefixChanged, PrefixGone>;

/// Changes that were submitted together.
struct Batch {
  Ticket ticket = 0;
  std::vector<Change> changes{};
};

}  // namespace wgospf::rib
