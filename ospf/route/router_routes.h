#pragma once
// The routers' table, for people: border routers and AS boundary routers, and the ways to them.

#include <vector>

#include "ospf/route/areas.h"
#include "ospf/route/boundary_routers.h"
#include "ospf/route/next_hop_lists.h"
#include "ospf/route/next_hops.h"
#include "ospf/route/shown.h"

namespace wgospf::ospf {

/// In order of router and area.
[[nodiscard]] std::vector<RouterRoute> router_routes(RouterId root, const RoutingAreas& areas,
                                                     const BoundaryRouters& boundaries,
                                                     const NextHopLists& lists, const NextHops& next_hops);

}  // namespace wgospf::ospf
