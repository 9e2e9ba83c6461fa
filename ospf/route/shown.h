#pragma once
// What of the calculation is shown beside routes: paths, hop by hop, and the routers' table.

#include <cstdint>
#include <optional>
#include <vector>

#include "ospf/lsa.h"
#include "ospf/route/route.h"
#include "ospf/types.h"

namespace wgospf::ospf {

/// A path to one prefix, hop by hop, for people (`show path`).
struct PathHop {
  RouterId router;
  std::uint32_t cost = 0;       ///< of the link out of `router` towards the next hop
  std::optional<LinkId> link;   ///< the root's own link (first hop only)
  std::uint32_t link_data = 0;  ///< elsewhere: the address or ifIndex in that router's LSA
  bool link_data_is_index = false;
  bool via_network = false;  ///< the link is a transit network
};
struct PrefixPath {
  /// Root first; the last entry is the advertising router (no link). Of a transit network whose designated
  /// router is already there, that one is last, with its link to the network.
  std::vector<PathHop> hops;
  std::uint32_t metric = 0;  ///< total
  PathType path_type = PathType::intra_area;
  LsaKey advertised_by;               ///< the LSA that says the prefix
  std::uint32_t advertised_cost = 0;  ///< the cost within that LSA
};

/// An LSA that says a prefix, over a path as good as the best: whose word the route is.
struct PrefixOrigin {
  LsaKey advertised_by;
  std::uint32_t advertised_cost = 0;  ///< the cost within that LSA
  bool operator==(const PrefixOrigin&) const = default;
};

/// An entry of the routers' table (RFC 2328 section 16: border routers), for display and tests.
struct RouterRoute {
  RouterId router;
  AreaId area;
  std::uint32_t cost = 0;
  PathType path_type = PathType::intra_area;
  bool border_router = false, as_boundary_router = false;
  std::vector<NextHop> next_hops;
};

}  // namespace wgospf::ospf
