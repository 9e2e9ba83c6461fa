#include "ospf/route/offer_paths.h"

#include "ospf/constants.h"

namespace wgospf::ospf {

Path OfferPaths::internal(const Offer& offer) const {
  const RoutingArea& area = areas_[offer.area];
  const bool is_inter = offer.kind == OfferKind::inter_prefix;
  if (is_inter && offer.metric == kLsInfinity) return {};
  const VertexState state =
      is_inter ? areas_.border_state(offer.area, offer.source) : area.paths[offer.source];
  const bool is_root = offer.source == area.root;
  if (state.list == kEmptyList && !(is_root && state.distance == 0)) return {};
  Path path;
  path.cost = state.distance + offer.metric;
  if (path.cost < state.distance) return {};  // beyond what can be counted
  path.list = state.list;
  path.type = is_inter ? PathType::inter_area : PathType::intra_area;
  path.area = area.id;
  path.is_attached = !is_inter && (is_root || lists_.has_direct(state.list));
  if (offer.kind == OfferKind::network) path.network_id = offer.id;
  return path;
}

Path OfferPaths::external(const Offer& offer) const {
  const BoundaryRouters::Record& boundary = boundaries_[offer.source];
  if (offer.metric == kLsInfinity || !boundary.way.exists()) return {};
  const bool is_forwarded = offer.forwarding != kNoSlot;
  const Way& way = is_forwarded ? forwardings_[offer.forwarding].way : boundary.way;
  if (!way.exists()) return {};
  Path path;
  path.list = way.list == kEmptyList ? boundary.way.list : way.list;
  path.is_preferred = way.is_preferred();
  path.tag = offer.tag;
  path.tag_from = boundary.router;
  path.cost = way.cost;
  path.type = PathType::external_2;
  if (offer.kind == OfferKind::external_2) {
    path.type2_metric = offer.metric;
  } else {
    path.type = PathType::external_1;
    path.cost += offer.metric;
    if (path.cost < way.cost) return {};  // beyond what can be counted
  }
  return path;
}

}  // namespace wgospf::ospf
