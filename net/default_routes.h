#pragma once
// The default routes of this network namespace, as the kernel has them: in every table, of both families, with all
// their next hops; a pair of halves (0.0.0.0/1 and 128.0.0.0/1, ::/1 and 8000::/1) is one, too.

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "net/ip.h"
#include "net/netlink.h"
#include "net/result.h"

namespace wgospf {

struct DefaultRoute {
  IpPrefix prefix{};  ///< of length 0, or half of the addresses
  std::uint32_t table = 0;
  std::uint32_t metric = 0;
  std::uint8_t protocol = 0;            ///< rtm_protocol
  std::set<std::uint32_t> ifindexes{};  ///< of all its next hops
  auto operator<=>(const DefaultRoute&) const = default;
};

/// Reads all routes, so it waits for the kernel: not on a thread that serves hellos. Needs no privilege.
[[nodiscard]] Result<std::vector<DefaultRoute>> read_default_routes();

/// The interfaces that default routes of other programs than `but_for` (rtm_protocol) go over. Of halves only those of
/// which both are there, in one table.
[[nodiscard]] std::set<std::uint32_t> default_route_interfaces(std::span<const DefaultRoute> routes,
                                                               std::uint8_t but_for);

}  // namespace wgospf
