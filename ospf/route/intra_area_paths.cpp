#include "ospf/route/intra_area_paths.h"

namespace wgospf::ospf {

Path intra_area_path(const RoutingAreas& areas, const NextHopLists& lists, const Offer& offer) {
  const RoutingArea& area = areas[offer.area];
  const VertexState state = area.paths[offer.source];
  const bool is_root = offer.source == area.root;
  if (state.list == kEmptyList && !(is_root && state.distance == 0)) return {};
  Path path;
  path.cost = state.distance + offer.metric;
  if (path.cost < state.distance) return {};  // beyond what can be counted
  path.list = state.list;
  path.type = PathType::intra_area;
  path.area = area.id;
  path.is_attached = is_root || lists.has_direct(state.list);
  if (offer.kind == OfferKind::network) path.network_id = offer.id;
  return path;
}

}  // namespace wgospf::ospf
