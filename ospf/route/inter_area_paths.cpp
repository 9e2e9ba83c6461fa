#include "ospf/route/inter_area_paths.h"

#include "ospf/constants.h"

namespace wgospf::ospf {

VertexState border_router_state(const RoutingAreas& areas, std::uint32_t number, VertexId vertex) {
  const RoutingArea& area = areas[number];
  const bool counts = !areas.only_backbone_summaries || area.id == kBackbone;
  if (vertex == area.root || !counts || !area.graph[vertex].flags.border) return {};
  return area.paths[vertex];
}

Path inter_area_path(const RoutingAreas& areas, const Offer& offer) {
  if (offer.metric == kLsInfinity) return {};
  const VertexState state = border_router_state(areas, offer.area, offer.source);
  if (state.list == kEmptyList) return {};
  Path path;
  path.cost = state.distance + offer.metric;
  if (path.cost < state.distance) return {};  // beyond what can be counted
  path.list = state.list;
  path.type = PathType::inter_area;
  path.area = areas[offer.area].id;
  return path;
}

}  // namespace wgospf::ospf
