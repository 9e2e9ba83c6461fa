#include "ospf/route/router_routes.h"

#include <algorithm>
#include <utility>

namespace wgospf::ospf {

std::vector<RouterRoute> router_routes(RouterId root, const RoutingAreas& areas,
                                       const BoundaryRouters& boundaries, const NextHopLists& lists,
                                       const NextHops& next_hops) {
  std::vector<RouterRoute> result;
  for (std::uint32_t number = 0; number < areas.end(); ++number) {
    if (!areas.exists(number)) continue;
    const RoutingArea& area = areas[number];
    for (VertexId vertex = 0; vertex < area.graph.end(); ++vertex) {
      const Vertex& router = area.graph[vertex];
      const VertexState state = area.paths[vertex];
      const bool counts = router.flags.border || router.flags.as_boundary;
      if (!counts || vertex == area.root || state.list == kEmptyList) continue;
      result.push_back({router.router, area.id, state.distance, PathType::intra_area, router.flags.border,
                        router.flags.as_boundary, next_hops.of(lists, state.list)});
    }
    for (std::uint32_t slot = 0; slot < boundaries.end(); ++slot) {
      const BoundaryRouters::Record& boundary = boundaries[slot];
      if (boundary.references == 0 || boundary.router == root) continue;
      if (boundaries.way_within(boundary.router, number).exists()) continue;
      const Way way = boundaries.way_by_summaries(boundary, number);
      if (way.exists())
        result.push_back({boundary.router, area.id, way.cost, PathType::inter_area, false, true,
                          next_hops.of(lists, way.list)});
    }
  }
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
    return std::pair(a.router, a.area) < std::pair(b.router, b.area);
  });
  return result;
}

}  // namespace wgospf::ospf
