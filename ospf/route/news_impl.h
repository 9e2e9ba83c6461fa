#pragma once
// What a border router says elsewhere: of the routes of an area in the others (RFC 2328 section 12.4.3), of AS
// boundary routers, and of an NSSA's externals in the AS (RFC 3101 section 3).

#include <set>

#include "ospf/route/calculator_state.h"

namespace wgospf::ospf {

template <class V>
void RouteCalculator<V>::Impl::set_area_type(AreaId id, AreaType type) {
  if (type == AreaType::normal)
    area_types.erase(id);
  else
    area_types[id] = type;
  const std::uint32_t number = areas.find(id);
  if (number == kNoSlot || std::exchange(areas[number].type, type) == type) return;
  mark_dirty(areas[number]);
  everything_is_dirty = true;
}

template <class V>
void RouteCalculator<V>::Impl::set_discards(const std::set<IpPrefix>& ranges) {
  for (auto at = discards.begin(); at != discards.end();) {
    if (ranges.contains(IpPrefix{at->first})) {
      ++at;
      continue;
    }
    note_internal_change(prefixes.offer(at->second).prefix);
    prefixes.remove(at->second);
    at = discards.erase(at);
  }
  for (const IpPrefix& range : ranges) {
    const auto* own = std::get_if<AddressPrefix>(&range);
    if (own == nullptr || discards.contains(*own)) continue;
    Offer offer;
    offer.kind = OfferKind::discard;
    offer.area = kAsScope;
    const std::uint32_t slot = prefixes.add(*own, offer);
    discards.emplace(*own, slot);
    note_internal_change(prefixes.offer(slot).prefix);
  }
}

/// `path`: the best one.
template <class V>
RouteNews RouteCalculator<V>::Impl::news_of(const Entry& entry, const Path& path) const {
  using Kind = RouteNews::Kind;
  RouteNews told;
  told.prefix = entry.prefix();
  const bool is_discard = path.exists() && prefixes.offer(path.offer).kind == OfferKind::discard;
  if (!path.exists() || is_discard) return told;
  if (path.type <= PathType::inter_area) {
    told.kind = path.type == PathType::intra_area ? Kind::intra_area : Kind::inter_area;
    told.area = path.area;
    told.metric = path.cost;
    return told;
  }
  const Offer& offer = prefixes.offer(path.offer);
  if (!offer.is_of_nssa() || offer.is_local() || offer.forwarding == kNoSlot) return told;
  told.kind = Kind::nssa;
  told.area = areas[scope_of(offer)].id;
  told.metric = offer.metric;
  told.type2 = offer.is_type2();
  told.tag = offer.tag;
  told.forwarding_address = forwardings[offer.forwarding].address;
  return told;
}

template <class V>
std::vector<BoundaryRoute> RouteCalculator<V>::Impl::boundary_routes() const {
  std::set<RouterId> routers;
  areas.for_each([&](const RoutingArea& area) {
    for (VertexId vertex = 0; area.takes_as_scope() && vertex < area.graph.end(); ++vertex)
      if (area.graph[vertex].flags.as_boundary) routers.insert(area.graph[vertex].router);
  });
  for (std::uint32_t slot = 0; slot < boundaries.end(); ++slot)
    if (boundaries[slot].references > 0 && !boundaries[slot].summaries.empty())
      routers.insert(boundaries[slot].router);
  std::vector<BoundaryRoute> routes;
  for (const RouterId router : routers)
    if (const Way way = boundaries.way(router); way.exists())
      routes.push_back({router, way.area, way.type, way.cost});
  return routes;
}

template <class V>
std::vector<NssaBorderRouter> RouteCalculator<V>::Impl::nssa_border_routers(AreaId id) const {
  std::vector<NssaBorderRouter> routers;
  const std::uint32_t number = areas.find(id);
  if (number == kNoSlot) return routers;
  const RoutingArea& area = areas[number];
  for (VertexId vertex = 0; vertex < area.graph.end(); ++vertex) {
    const Vertex& one = area.graph[vertex];
    if (!one.flags.border || vertex == area.root || area.paths[vertex].list == kEmptyList) continue;
    if (boundaries.way(one.router).exists()) routers.push_back({one.router, one.flags.translator});
  }
  return routers;
}

}  // namespace wgospf::ospf
