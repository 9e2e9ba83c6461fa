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
    Topology<V>::read_router(
        owner.lsa, [this](const TopologyLink& link) { new_links.push_back(link); },
        [this](const AddressPrefix& prefix, std::uint32_t cost) {
          new_stubs.push_back({prefix, cost});
        });
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

// ---- Summaries and externals ----

template <class V>
std::uint32_t RouteCalculator<V>::Impl::find_lsa(std::uint32_t scope, LinkStateId id, RouterId router) const {
  return prefixes.find_lsa(lsa_hash(scope, id, router), [&](std::uint32_t slot) {
    const Offer& offer = prefixes.offer(slot);
    return offer.id == id && scope_of(offer) == scope && advertiser(offer) == router;
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

template <class V>
void RouteCalculator<V>::Impl::set_inter_prefix(std::uint32_t number, const LsaKey& key, const Lsa* lsa) {
  const std::uint32_t known = find_lsa(number, key.id, key.advertising_router);
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

// `scope`: of the LSA's flooding.
template <class V>
void RouteCalculator<V>::Impl::set_external(std::uint32_t scope, const LsaKey& key, const Lsa* lsa) {
  const std::uint32_t known = find_lsa(scope, key.id, key.advertising_router);
  const auto part = lsa == nullptr ? std::nullopt : Topology<V>::read_external(*lsa);
  if (known != kNoSlot) {
    if (part && prefixes[prefixes.offer(known).prefix].prefix() == part->prefix)
      return update_external(known, *part);
    remove_offer(known);
  }
  if (!part) return;
  Offer offer;
  offer.kind = part->type2 ? OfferKind::external_2 : OfferKind::external_1;
  offer.source = boundaries.acquire(scope, key.advertising_router);
  offer.metric = part->metric & kLsInfinity;
  offer.id = key.id;
  offer.tag = part->tag;
  offer.forwarding = acquire_forwarding(part->forwarding_address);
  index_lsa(prefixes.add(part->prefix, offer));
}

template <class V>
void RouteCalculator<V>::Impl::update_external(std::uint32_t slot, const ExternalPart<Address>& part) {
  Offer& offer = prefixes.offer(slot);
  const OfferKind kind = part.type2 ? OfferKind::external_2 : OfferKind::external_1;
  const std::uint32_t former = offer.forwarding;
  const std::uint32_t forwarding = acquire_forwarding(part.forwarding_address);
  if (offer.metric != part.metric || offer.kind != kind || offer.tag != part.tag || forwarding != former)
    prefixes.mark_dirty(offer.prefix);
  offer.metric = part.metric & kLsInfinity;
  offer.kind = kind;
  offer.tag = part.tag;
  offer.forwarding = forwarding;
  if (former != kNoSlot) forwardings.release(former);
}

/// kNoSlot when the address is none.
template <class V>
std::uint32_t RouteCalculator<V>::Impl::acquire_forwarding(const Address& address) {
  if (!Topology<V>::has_forwarding_address(address)) return kNoSlot;
  return forwardings.acquire(address, [this](const IpAddress& wanted) { return way_to_address(wanted); });
}

}  // namespace wgospf::ospf
