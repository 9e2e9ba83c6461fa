#pragma once
// Summary-LSAs come in (RFC 2328 section 16.2): prefixes of other areas, and AS boundary routers there.

#include "ospf/route/calculator_state.h"

namespace wgospf::ospf {

template <class V>
void RouteCalculator<V>::Impl::set_inter_prefix(std::uint32_t number, const LsaKey& key, const Lsa* lsa) {
  const std::uint32_t known = find_lsa(LsaOf::summary, number, key);
  const auto part = lsa == nullptr ? std::nullopt : Topology<V>::read_inter_prefix(*lsa);
  if (known != kNoSlot) {
    Offer& offer = prefixes.offer(known);
    if (!part || prefixes[offer.prefix].prefix() != part->prefix) {
      remove_offer(known);
    } else {
      if (offer.metric != part->metric) note_internal_change(offer.prefix);
      offer.metric = part->metric & kLsInfinity;
      return;
    }
  }
  if (!part) return;
  Offer offer;
  offer.kind = OfferKind::inter_prefix;
  offer.source = areas[number].graph.retain(router_vertex(key.advertising_router));
  offer.metric = part->metric & kLsInfinity;
  offer.id = key.id;
  offer.area = number;
  const std::uint32_t slot = prefixes.add(part->prefix, offer);
  note_internal_change(prefixes.offer(slot).prefix);
  index_lsa(slot);
}

template <class V>
void RouteCalculator<V>::Impl::set_inter_router(std::uint32_t number, const LsaKey& key, const Lsa* lsa) {
  Graph& graph = areas[number].graph;
  const RouterId router{key.id.value};
  if (lsa == nullptr) {
    const VertexId border = graph.find(router_vertex(key.advertising_router));
    if (border != kNoSlot) boundaries.remove_summary(router, number, border);
    return;
  }
  const VertexId border = graph.retain(router_vertex(key.advertising_router));
  boundaries.set_summary(router, {number, border, Topology<V>::read_inter_router(*lsa).metric});
  graph.release(border);
}

}  // namespace wgospf::ospf
