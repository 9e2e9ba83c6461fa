#pragma once
// LSAs come in: the graph and the offers are brought up to date at once, at a cost
// proportional to the LSA, and what a calculation has to look at is marked.

#include <algorithm>
#include <cassert>

#include "ospf/route/calculator_state.h"

namespace wgospf::ospf {

// ---- Areas ----

template <class V>
std::uint32_t RouteCalculator<V>::Impl::make_area(AreaId id) {
  if (const std::uint32_t known = areas.find(id); known != kNoSlot) return known;
  const std::uint32_t number = areas.make(id, root);
  if (const auto type = area_types.find(id); type != area_types.end()) areas[number].type = type->second;
  if (number >= vertex_lsas.size()) vertex_lsas.resize(number + 1);
  mark_dirty(areas[number]);
  return number;
}

template <class V>
void RouteCalculator<V>::Impl::remove_area(AreaId id) {
  const std::uint32_t number = areas.find(id);
  if (number == kNoSlot) return;
  forget_links(id);
  for (std::uint32_t slot = 0; slot < prefixes.offer_end(); ++slot) {
    const Offer& offer = prefixes.offer(slot);
    const bool is_of_it = offer.kind != OfferKind::none && scope_of(offer) == number;
    if (is_of_it) remove_offer(slot);
  }
  boundaries.forget_area(number);
  vertex_lsas[number] = {};
  areas.erase(number);
  everything_is_dirty = has_event = true;
}

// ---- Dispatch ----

template <class V>
void RouteCalculator<V>::Impl::installed(AreaId area, const Lsa& lsa) {
  const LsaKey key = V::header(lsa).key;
  switch (Topology<V>::role(key.type)) {
    case TopologyRole::router:
    case TopologyRole::network:
      return install_at_vertex(make_area(area), key, lsa);
    case TopologyRole::inter_prefix:
      return set_inter_prefix(make_area(area), key, &lsa);
    case TopologyRole::inter_router:
      return set_inter_router(make_area(area), key, &lsa);
    case TopologyRole::external:
      return set_external(kAsScope, key, &lsa);
    case TopologyRole::nssa_external:
      return set_external(make_area(area), key, &lsa);
    case TopologyRole::none:
      return;
  }
}

template <class V>
void RouteCalculator<V>::Impl::removed(AreaId area_id, const LsaKey& key) {
  const TopologyRole role = Topology<V>::role(key.type);
  if (role == TopologyRole::external) return set_external(kAsScope, key, nullptr);
  const std::uint32_t area = areas.find(area_id);
  if (area == kNoSlot) return;
  switch (role) {
    case TopologyRole::router:
    case TopologyRole::network:
      return remove_at_vertex(area, key);
    case TopologyRole::inter_prefix:
      return set_inter_prefix(area, key, nullptr);
    case TopologyRole::inter_router:
      return set_inter_router(area, key, nullptr);
    case TopologyRole::nssa_external:
      return set_external(area, key, nullptr);
    default:
      return;
  }
}

// ---- Vertices, and the offers of their LSAs ----

template <class V>
void RouteCalculator<V>::Impl::install_at_vertex(std::uint32_t number, const LsaKey& key, const Lsa& lsa) {
  if (!Topology<V>::is_of_its_vertex(key)) return;
  Graph& graph = areas[number].graph;
  const VertexId vertex = graph.retain(Topology<V>::vertex(key));
  if (VertexLsa* known = vertex_lsas[number].find(vertex, key)) {
    known->lsa = lsa;
    graph.release(vertex);
  } else {  // it holds the reference
    vertex_lsas[number].add(vertex, key, lsa);
  }
  refresh_vertex(number, vertex);
}

template <class V>
void RouteCalculator<V>::Impl::remove_at_vertex(std::uint32_t number, const LsaKey& key) {
  RoutingArea& area = areas[number];
  const VertexId vertex = area.graph.find(Topology<V>::vertex(key));
  VertexLsa* known = vertex == kNoSlot ? nullptr : vertex_lsas[number].find(vertex, key);
  if (known == nullptr) return;
  new_stubs.clear();
  set_offers(number, vertex, *known);
  vertex_lsas[number].remove(vertex, key);
  if (vertex_lsas[number][vertex].empty()) {
    set_flags(area, vertex, {});
    if (area.graph.clear(vertex)) mark_dirty(area);
    if (!Topology<V>::vertex(key).is_network) refresh_contested(number);
  } else {
    refresh_vertex(number, vertex);
  }
  area.graph.release(vertex);
}

template <class V>
void RouteCalculator<V>::Impl::refresh_vertex(std::uint32_t number, VertexId vertex) {
  if (areas[number].graph[vertex].key.is_network) return refresh_network(number, vertex);
  refresh_router(number, vertex);
  refresh_contested(number);
}

template <class V>
void RouteCalculator<V>::Impl::set_flags(RoutingArea& area, VertexId vertex, RouterFlags flags) {
  if (area.graph[vertex].flags == flags) return;
  area.graph[vertex].flags = flags;
  mark_dirty(area);
  area.flags_changed = true;
}

// All of a router's LSAs count; its flags are those of the one with the lowest Link State ID (RFC 5340
// section 4.4.3.2).
template <class V>
void RouteCalculator<V>::Impl::refresh_router(std::uint32_t number, VertexId vertex) {
  RoutingArea& area = areas[number];
  auto& lsas = vertex_lsas[number][vertex];
  new_links.clear();
  for (VertexLsa& owner : lsas) {
    new_stubs.clear();
    const std::size_t first_link = new_links.size();
    Topology<V>::read_router(
        owner.lsa, [this](const TopologyLink& link) { new_links.push_back(link); },
        [this](const AddressPrefix& prefix, std::uint32_t cost) {
          new_stubs.push_back({prefix, cost});
        });
    Topology<V>::mark_multipoint(std::span(new_links).subspan(first_link), new_stubs);
    set_offers(number, vertex, owner);
  }
  if (area.graph.set_links(vertex, new_links)) mark_dirty(area);
  set_flags(area, vertex, Topology<V>::router_flags(lsas.front().lsa));
}

// Of several network-LSAs the one counts whose router itself says that it is on the network; of equals the
// highest router id's.
template <class V>
void RouteCalculator<V>::Impl::refresh_network(std::uint32_t number, VertexId vertex) {
  RoutingArea& area = areas[number];
  auto& lsas = vertex_lsas[number][vertex];
  const auto worth = [&](const VertexLsa& one) {
    const RouterId router = one.key.advertising_router;
    const VertexId of_router = area.graph.find(router_vertex(router));
    return std::pair(of_router != kNoSlot && area.graph.links_to(of_router, vertex), router);
  };
  const auto best = std::max_element(lsas.begin(), lsas.end(),
                                     [&](const auto& a, const auto& b) { return worth(a) < worth(b); });
  for (VertexLsa& owner : lsas) {
    new_stubs.clear();
    const auto prefix = &owner == &*best ? Topology<V>::network_prefix(owner.lsa) : std::nullopt;
    if (prefix) new_stubs.push_back({*prefix, 0});
    set_offers(number, vertex, owner);
  }
  new_links.clear();
  Topology<V>::read_network(best->lsa,
                            [this](RouterId router) { new_links.push_back({router_vertex(router)}); });
  if (area.graph.set_links(vertex, new_links)) mark_dirty(area);
  area.graph[vertex].router = best->key.advertising_router;
}

// A router's links decide which of several network-LSAs counts.
template <class V>
void RouteCalculator<V>::Impl::refresh_contested(std::uint32_t number) {
  for (const VertexId vertex : vertex_lsas[number].several())
    if (areas[number].graph[vertex].key.is_network) refresh_network(number, vertex);
}

// new_stubs are what the LSA offers now. What is the same at both ends of the chain stays as it is.
template <class V>
void RouteCalculator<V>::Impl::set_offers(std::uint32_t number, VertexId vertex, VertexLsa& owner) {
  old_slots.clear();
  for (std::uint32_t slot = owner.first_offer; slot != kNoSlot; slot = prefixes.offer(slot).next_of_lsa)
    old_slots.push_back(slot);
  const auto is_same = [&](std::uint32_t slot, const Stub& stub) {
    const Offer& offer = prefixes.offer(slot);
    return offer.metric == stub.cost && prefixes[offer.prefix].prefix() == stub.prefix;
  };
  std::size_t head = 0, old_end = old_slots.size(), new_end = new_stubs.size();
  while (head < old_end && head < new_end && is_same(old_slots[head], new_stubs[head])) ++head;
  if (head == old_end && head == new_end) return;
  while (old_end > head && new_end > head && is_same(old_slots[old_end - 1], new_stubs[new_end - 1]))
    --old_end, --new_end;
  for (std::size_t i = head; i < old_end; ++i) {
    note_internal_change(prefixes.offer(old_slots[i]).prefix);
    prefixes.remove(old_slots[i]);
  }
  const std::uint32_t rest = old_end < old_slots.size() ? old_slots[old_end] : kNoSlot;
  std::uint32_t* end = head == 0 ? &owner.first_offer : &prefixes.offer(old_slots[head - 1]).next_of_lsa;
  for (std::size_t i = head; i < new_end; ++i) {
    Offer offer;
    offer.kind = areas[number].graph[vertex].key.is_network ? OfferKind::network : OfferKind::stub;
    offer.source = vertex;
    offer.metric = new_stubs[i].cost & kLsInfinity;
    offer.id = owner.key.id;
    offer.area = number;
    const std::uint32_t slot = prefixes.add(new_stubs[i].prefix, offer);
    note_internal_change(prefixes.offer(slot).prefix);
    *end = slot;
    end = &prefixes.offer(slot).next_of_lsa;
  }
  *end = rest;
}

template <class V>
void RouteCalculator<V>::Impl::note_internal_change(std::uint32_t prefix) {
  prefixes.mark_dirty(prefix);
  if (!forwardings.empty()) forwardings.mark_covered_dirty(prefixes[prefix].prefix());
}

// ---- Offers that are LSAs of their own: summaries and externals ----

template <class V>
std::uint32_t RouteCalculator<V>::Impl::find_lsa(LsaOf which, std::uint32_t scope, const LsaKey& key) const {
  const RouterId router = key.advertising_router;
  return prefixes.find_lsa(lsa_hash(scope, key.id, router), [&](std::uint32_t slot) {
    const Offer& offer = prefixes.offer(slot);
    return offer.id == key.id && offer.is_external() == (which == LsaOf::external) &&
           scope_of(offer) == scope && advertiser(offer) == router;
  });
}

template <class V>
void RouteCalculator<V>::Impl::index_lsa(std::uint32_t slot) {
  prefixes.index_lsa(hash_of_offer(slot), slot, [this](std::uint32_t other) { return hash_of_offer(other); });
}

// Takes any offer away, and what it refers to. Those of a vertex's LSA are unlinked from it by their area's
// end only.
template <class V>
void RouteCalculator<V>::Impl::remove_offer(std::uint32_t slot) {
  const Offer offer = prefixes.offer(slot);
  if (offer.is_external() || offer.kind == OfferKind::inter_prefix)
    prefixes.forget_lsa(hash_of_offer(slot), slot,
                        [this](std::uint32_t other) { return hash_of_offer(other); });
  if (!offer.is_external()) note_internal_change(offer.prefix);
  prefixes.remove(slot);
  if (offer.is_external()) {
    boundaries.release(offer.source);
    if (offer.forwarding != kNoSlot) forwardings.release(offer.forwarding);
  } else if (offer.kind == OfferKind::inter_prefix) {
    areas[offer.area].graph.release(offer.source);
  }
}

}  // namespace wgospf::ospf
