#pragma once
// LSAs and the root's facts come in: the graph and the candidates are brought up to date at once, at a cost
// proportional to the LSA, and what a calculation has to look at is marked.

#include <algorithm>
#include <cassert>

#include "ospf/route/calculator_state.h"

namespace wgospf::ospf {

// ---- Areas and the root ----

template <class V>
std::uint32_t RouteCalculator<V>::Impl::find_area(AreaId id) const {
  for (std::uint32_t number = 0; number < areas.size(); ++number)
    if (areas[number] && areas[number]->id == id) return number;
  return kNoSlot;
}

template <class V>
std::uint32_t RouteCalculator<V>::Impl::make_area(AreaId id) {
  if (const std::uint32_t known = find_area(id); known != kNoSlot) return known;
  std::uint32_t number = 0;
  while (number < areas.size() && areas[number]) ++number;
  if (number == areas.size()) areas.emplace_back();
  areas[number] = std::make_unique<Area>();
  areas[number]->id = id;
  areas[number]->root = areas[number]->graph.retain(router_vertex(root));
  mark_dirty(*areas[number]);
  return number;
}

template <class V>
void RouteCalculator<V>::Impl::remove_area(AreaId id) {
  const std::uint32_t number = find_area(id);
  if (number == kNoSlot) return;
  for (std::uint32_t slot = 0; slot < prefixes.candidate_end(); ++slot) {
    const Candidate& candidate = prefixes.candidate(slot);
    if (candidate.kind == CandidateKind::none || candidate.is_external() || candidate.value != number)
      continue;
    remove_candidate(slot);
  }
  for (std::uint32_t slot = 0; slot < boundaries.end(); ++slot) {
    auto& summaries = boundaries[slot].summaries;
    const auto gone = std::remove_if(summaries.begin(), summaries.end(),
                                     [number](const RouterSummary& s) { return s.area == number; });
    const auto count = summaries.end() - gone;
    summaries.erase(gone, summaries.end());
    for (auto left = count; left > 0; --left) release_boundary(slot);
  }
  areas[number].reset();
  everything_is_dirty = has_event = true;
}

template <class V>
void RouteCalculator<V>::Impl::set_root(RouterId router, std::vector<RootLink<V>> all_links) {
  std::vector<AreaId> attached;
  for (const RootLink<V>& link : all_links) {
    if (std::find(attached.begin(), attached.end(), link.area) == attached.end())
      attached.push_back(link.area);
    (void)make_area(link.area);
  }
  if (std::exchange(is_border_router, attached.size() > 1) != (attached.size() > 1))
    everything_is_dirty = has_event = true;
  if (std::exchange(root, router) != router) {
    everything_is_dirty = true;
    for (const auto& area : areas) {
      if (!area) continue;
      mark_dirty(*area);
      const VertexId former = std::exchange(area->root, area->graph.retain(router_vertex(router)));
      area->graph.release(former);
    }
  }
  std::sort(all_links.begin(), all_links.end(), [](const auto& a, const auto& b) { return a.link < b.link; });
  if (links == all_links) return;
  for (const auto& area : areas) {
    if (!area) continue;
    // An area calculates with its own links; their subnets matter to forwarding addresses everywhere.
    const auto counts = [&](const RootLink<V>& link) {
      return link.area == area->id && link.kind != RootLink<V>::Kind::stub;
    };
    auto a = links.begin();
    auto b = all_links.begin();
    for (;;) {
      a = std::find_if(a, links.end(), counts);
      b = std::find_if(b, all_links.end(), counts);
      if (a == links.end() || b == all_links.end() || !(*a == *b)) break;
      ++a, ++b;
    }
    if (a != links.end() || b != all_links.end()) mark_dirty(*area);
  }
  links = std::move(all_links);
  forwardings_are_dirty = forwardings.size() > 0;
}

// ---- Dispatch ----

template <class V>
void RouteCalculator<V>::Impl::installed(AreaId area, const Lsa<V>& lsa) {
  const LsaKey<V> key = lsa.header().key;
  switch (Topology<V>::role(key.type)) {
    case TopologyRole::router:
      return install_router(make_area(area), key, lsa);
    case TopologyRole::network:
      return install_network(make_area(area), key, lsa);
    case TopologyRole::inter_prefix:
      return set_inter_prefix(make_area(area), key, &lsa);
    case TopologyRole::inter_router:
      return set_inter_router(make_area(area), key, &lsa);
    case TopologyRole::external:
      return set_external(key, &lsa);
    case TopologyRole::none:
      return;
  }
}

template <class V>
void RouteCalculator<V>::Impl::removed(AreaId area_id, const LsaKey<V>& key) {
  const TopologyRole role = Topology<V>::role(key.type);
  if (role == TopologyRole::external) return set_external(key, nullptr);
  const std::uint32_t area = find_area(area_id);
  if (area == kNoSlot) return;
  switch (role) {
    case TopologyRole::router:
      return remove_router(area, key);
    case TopologyRole::network:
      return remove_network(area, key);
    case TopologyRole::inter_prefix:
      return set_inter_prefix(area, key, nullptr);
    case TopologyRole::inter_router:
      return set_inter_router(area, key, nullptr);
    default:
      return;
  }
}

// ---- Vertices ----

template <class V>
void RouteCalculator<V>::Impl::install_router(std::uint32_t number, const LsaKey<V>& key, const Lsa<V>& lsa) {
  if (!Topology<V>::is_of_its_router(key)) return;
  Area& area = *areas[number];
  new_links.clear();
  new_stubs.clear();
  Topology<V>::read_router(
      lsa, [this](const TopologyLink& link) { new_links.push_back(link); },
      [this](const AddressPrefix& prefix, std::uint32_t cost) {
        new_stubs.push_back({prefix, cost});
      });
  const VertexId vertex = area.graph.retain(Topology<V>::vertex(key));
  if (area.graph.set_links(vertex, new_links)) mark_dirty(area);
  set_flags(area, vertex, Topology<V>::router_flags(lsa));
  set_prefixes(number, vertex, CandidateKind::stub, key.id);
  area.graph.release(vertex);
  reselect_contested(number);
}

template <class V>
void RouteCalculator<V>::Impl::remove_router(std::uint32_t number, const LsaKey<V>& key) {
  if (!Topology<V>::is_of_its_router(key)) return;
  Area& area = *areas[number];
  const VertexId vertex = area.graph.find(Topology<V>::vertex(key));
  if (vertex == kNoSlot || !area.graph[vertex].present) return;
  new_stubs.clear();
  set_prefixes(number, vertex, CandidateKind::stub, key.id);
  set_flags(area, vertex, {});
  if (area.graph.clear(vertex)) mark_dirty(area);
  reselect_contested(number);
}

template <class V>
void RouteCalculator<V>::Impl::set_flags(Area& area, VertexId vertex, RouterFlags flags) {
  if (area.graph[vertex].flags == flags) return;
  area.graph[vertex].flags = flags;
  mark_dirty(area);
  area.flags_changed = true;
}

template <class V>
void RouteCalculator<V>::Impl::install_network(std::uint32_t number, const LsaKey<V>& key,
                                               const Lsa<V>& lsa) {
  Area& area = *areas[number];
  const VertexId vertex = area.graph.retain(Topology<V>::vertex(key));
  auto& lsas = area.networks[vertex];
  const auto same = std::find_if(lsas.begin(), lsas.end(), [&](const Lsa<V>& other) {
    return other.header().key.advertising_router == key.advertising_router;
  });
  if (same != lsas.end()) {
    *same = lsa;
  } else {
    lsas.push_back(lsa);
    if (lsas.size() == 2) ++area.contested;
  }
  select_network(number, vertex);
  area.graph.release(vertex);
}

template <class V>
void RouteCalculator<V>::Impl::remove_network(std::uint32_t number, const LsaKey<V>& key) {
  Area& area = *areas[number];
  const VertexId vertex = area.graph.find(Topology<V>::vertex(key));
  if (vertex == kNoSlot) return;
  const auto at = area.networks.find(vertex);
  if (at == area.networks.end()) return;
  const auto gone = std::remove_if(at->second.begin(), at->second.end(), [&](const Lsa<V>& other) {
    return other.header().key.advertising_router == key.advertising_router;
  });
  if (gone == at->second.end()) return;
  if (at->second.size() == 2) --area.contested;
  at->second.erase(gone, at->second.end());
  if (!at->second.empty()) return select_network(number, vertex);
  area.networks.erase(at);
  new_stubs.clear();
  set_prefixes(number, vertex, CandidateKind::network, key.id);
  if (area.graph.clear(vertex)) mark_dirty(area);
}

// One vertex, though more than one router may have a network-LSA with its Link State ID in the database (the
// former designated router's, until it ages out). The one counts whose router itself says that it is on the
// network; of equals the highest router id's.
template <class V>
void RouteCalculator<V>::Impl::select_network(std::uint32_t number, VertexId vertex) {
  Area& area = *areas[number];
  const auto worth = [&](const Lsa<V>& lsa) {
    const RouterId router = lsa.header().key.advertising_router;
    const VertexId of_router = area.graph.find(router_vertex(router));
    return std::pair(of_router != kNoSlot && area.graph.links_to(of_router, vertex), router);
  };
  const auto& lsas = area.networks.at(vertex);
  const auto best = std::max_element(lsas.begin(), lsas.end(),
                                     [&](const Lsa<V>& a, const Lsa<V>& b) { return worth(a) < worth(b); });
  new_links.clear();
  Topology<V>::read_network(*best, [this](RouterId router) { new_links.push_back({router_vertex(router)}); });
  new_stubs.clear();
  if (const auto prefix = Topology<V>::network_prefix(*best)) new_stubs.push_back({*prefix, 0});
  const LsaKey<V> key = best->header().key;
  if (area.graph.set_links(vertex, new_links)) mark_dirty(area);
  area.graph[vertex].router = key.advertising_router;
  set_prefixes(number, vertex, CandidateKind::network, key.id);
}

template <class V>
void RouteCalculator<V>::Impl::reselect_contested(std::uint32_t number) {
  if (areas[number]->contested == 0) return;
  for (const auto& [vertex, lsas] : areas[number]->networks)
    if (lsas.size() > 1) select_network(number, vertex);
}

// ---- Prefixes at vertices ----

// new_stubs are what the vertex's LSA says now. What is the same at both ends of the chain stays as it is.
template <class V>
void RouteCalculator<V>::Impl::set_prefixes(std::uint32_t number, VertexId vertex, CandidateKind kind,
                                            LinkStateId id) {
  Vertex& owner = areas[number]->graph[vertex];
  old_slots.clear();
  for (std::uint32_t slot = owner.first_prefix; slot != kNoSlot; slot = prefixes.candidate(slot).link)
    old_slots.push_back(slot);
  const auto is_same = [&](std::uint32_t slot, const Stub& stub) {
    const Candidate& candidate = prefixes.candidate(slot);
    return candidate.metric == stub.cost && prefixes[candidate.prefix].prefix() == stub.prefix;
  };
  std::size_t head = 0, old_end = old_slots.size(), new_end = new_stubs.size();
  while (head < old_end && head < new_end && is_same(old_slots[head], new_stubs[head])) ++head;
  if (head == old_end && head == new_end) return;
  while (old_end > head && new_end > head && is_same(old_slots[old_end - 1], new_stubs[new_end - 1]))
    --old_end, --new_end;
  for (std::size_t i = head; i < old_end; ++i) {
    note_internal_change(prefixes.candidate(old_slots[i]).prefix);
    prefixes.remove(old_slots[i]);
  }
  const std::uint32_t rest = old_end < old_slots.size() ? old_slots[old_end] : kNoSlot;
  std::uint32_t* end = head == 0 ? &owner.first_prefix : &prefixes.candidate(old_slots[head - 1]).link;
  for (std::size_t i = head; i < new_end; ++i) {
    Candidate candidate;
    candidate.kind = kind;
    candidate.source = vertex;
    candidate.metric = new_stubs[i].cost & kLsInfinity;
    candidate.id = id;
    candidate.value = number;
    const std::uint32_t slot = prefixes.add(new_stubs[i].prefix, candidate);
    note_internal_change(prefixes.candidate(slot).prefix);
    *end = slot;
    end = &prefixes.candidate(slot).link;
  }
  *end = rest;
}

template <class V>
void RouteCalculator<V>::Impl::note_internal_change(std::uint32_t prefix) {
  prefixes.mark_dirty(prefix);
  if (forwardings.size() > 0) changed_internal.push_back(prefix);
}

// ---- Summaries and externals ----

template <class V>
std::uint32_t RouteCalculator<V>::Impl::find_lsa(std::uint32_t scope, LinkStateId id, RouterId router) const {
  return prefixes.find_lsa(lsa_hash(scope, id, router), [&](std::uint32_t slot) {
    const Candidate& candidate = prefixes.candidate(slot);
    return candidate.id == id && scope_of(candidate) == scope && advertiser(candidate) == router;
  });
}

template <class V>
void RouteCalculator<V>::Impl::index_lsa(std::uint32_t slot) {
  prefixes.index_lsa(hash_of_candidate(slot), slot,
                     [this](std::uint32_t other) { return hash_of_candidate(other); });
}

// Takes any candidate away, and what it refers to. Those of a vertex's own LSA are unlinked by their area's
// end only.
template <class V>
void RouteCalculator<V>::Impl::remove_candidate(std::uint32_t slot) {
  const Candidate candidate = prefixes.candidate(slot);
  if (candidate.is_external() || candidate.kind == CandidateKind::inter_prefix)
    prefixes.forget_lsa(hash_of_candidate(slot), slot,
                        [this](std::uint32_t other) { return hash_of_candidate(other); });
  if (!candidate.is_external()) note_internal_change(candidate.prefix);
  prefixes.remove(slot);
  if (candidate.is_external()) {
    release_boundary(candidate.source);
    if (candidate.link != kNoSlot) release_forwarding(candidate.link);
  } else if (candidate.kind == CandidateKind::inter_prefix) {
    areas[candidate.value]->graph.release(candidate.source);
  }
}

template <class V>
void RouteCalculator<V>::Impl::set_inter_prefix(std::uint32_t number, const LsaKey<V>& key,
                                                const Lsa<V>* lsa) {
  const std::uint32_t known = find_lsa(number, key.id, key.advertising_router);
  const auto part = lsa == nullptr ? std::nullopt : Topology<V>::read_inter_prefix(*lsa);
  if (known != kNoSlot) {
    Candidate& candidate = prefixes.candidate(known);
    if (!part || prefixes[candidate.prefix].prefix() != part->prefix) {
      remove_candidate(known);
    } else {
      if (candidate.metric != part->metric) note_internal_change(candidate.prefix);
      candidate.metric = part->metric & kLsInfinity;
      return;
    }
  }
  if (!part) return;
  Candidate candidate;
  candidate.kind = CandidateKind::inter_prefix;
  candidate.source = areas[number]->graph.retain(router_vertex(key.advertising_router));
  candidate.metric = part->metric & kLsInfinity;
  candidate.id = key.id;
  candidate.value = number;
  const std::uint32_t slot = prefixes.add(part->prefix, candidate);
  note_internal_change(prefixes.candidate(slot).prefix);
  index_lsa(slot);
}

template <class V>
void RouteCalculator<V>::Impl::set_inter_router(std::uint32_t number, const LsaKey<V>& key,
                                                const Lsa<V>* lsa) {
  Graph& graph = areas[number]->graph;
  const VertexId border = graph.retain(router_vertex(key.advertising_router));
  const RouterId router{key.id.value};
  const auto find_in = [&](BoundaryRouter& boundary) {
    return std::find_if(boundary.summaries.begin(), boundary.summaries.end(), [&](const RouterSummary& s) {
      return s.area == number && s.border_router == border;
    });
  };
  const auto mark_dirty = [this](std::uint32_t slot) {
    if (!std::exchange(boundaries[slot].is_dirty, true)) dirty_boundaries.push_back(slot);
  };
  const std::uint32_t known = find_boundary(router);
  const bool is_known = known != kNoSlot && find_in(boundaries[known]) != boundaries[known].summaries.end();
  if (lsa != nullptr && !is_known) {  // the record holds a reference on the vertex and on the boundary router
    const std::uint32_t slot = acquire_boundary(router);
    boundaries[slot].summaries.push_back({number, border, Topology<V>::read_inter_router(*lsa).metric});
    return mark_dirty(slot);
  }
  if (lsa != nullptr) {
    const std::uint32_t metric = Topology<V>::read_inter_router(*lsa).metric;
    if (std::exchange(find_in(boundaries[known])->metric, metric) != metric) mark_dirty(known);
  } else if (is_known) {
    boundaries[known].summaries.erase(find_in(boundaries[known]));
    mark_dirty(known);
    graph.release(border);
    release_boundary(known);
  }
  graph.release(border);
}

template <class V>
void RouteCalculator<V>::Impl::set_external(const LsaKey<V>& key, const Lsa<V>* lsa) {
  const std::uint32_t known = find_lsa(kAsScope, key.id, key.advertising_router);
  const auto part = lsa == nullptr ? std::nullopt : Topology<V>::read_external(*lsa);
  if (known != kNoSlot) {
    if (part && prefixes[prefixes.candidate(known).prefix].prefix() == part->prefix)
      return update_external(known, *part);
    remove_candidate(known);
  }
  if (!part) return;
  Candidate candidate;
  candidate.kind = part->type2 ? CandidateKind::external_2 : CandidateKind::external_1;
  candidate.source = acquire_boundary(key.advertising_router);
  candidate.metric = part->metric & kLsInfinity;
  candidate.id = key.id;
  candidate.value = part->tag;
  if (Topology<V>::has_forwarding_address(part->forwarding_address))
    candidate.link = acquire_forwarding(part->forwarding_address);
  index_lsa(prefixes.add(part->prefix, candidate));
}

template <class V>
void RouteCalculator<V>::Impl::update_external(std::uint32_t slot, const ExternalPart<Address>& part) {
  Candidate& candidate = prefixes.candidate(slot);
  const CandidateKind kind = part.type2 ? CandidateKind::external_2 : CandidateKind::external_1;
  const std::uint32_t former = candidate.link;
  const std::uint32_t forwarding = Topology<V>::has_forwarding_address(part.forwarding_address)
                                       ? acquire_forwarding(part.forwarding_address)
                                       : kNoSlot;
  if (candidate.metric != part.metric || candidate.kind != kind || candidate.value != part.tag ||
      forwarding != former)
    prefixes.mark_dirty(candidate.prefix);
  candidate.metric = part.metric & kLsInfinity;
  candidate.kind = kind;
  candidate.value = part.tag;
  candidate.link = forwarding;
  if (former != kNoSlot) release_forwarding(former);
}

// ---- AS boundary routers and forwarding addresses ----

template <class V>
std::uint32_t RouteCalculator<V>::Impl::find_boundary(RouterId router) const {
  return boundary_index.find(hash_mix(router.value),
                             [&](std::uint32_t slot) { return boundaries[slot].router == router; });
}

template <class V>
std::uint32_t RouteCalculator<V>::Impl::acquire_boundary(RouterId router) {
  std::uint32_t slot = find_boundary(router);
  if (slot == kNoSlot) {
    slot = boundaries.allocate();
    boundaries[slot].router = router;
    boundaries[slot].way = way_to_boundary(boundaries[slot]);
    boundary_index.insert(hash_mix(router.value), slot,
                          [this](std::uint32_t other) { return hash_mix(boundaries[other].router.value); });
  }
  ++boundaries[slot].references;
  return slot;
}

template <class V>
void RouteCalculator<V>::Impl::release_boundary(std::uint32_t slot) {
  assert(boundaries[slot].references > 0);
  if (--boundaries[slot].references > 0) return;
  boundary_index.erase(hash_mix(boundaries[slot].router.value), slot,
                       [this](std::uint32_t other) { return hash_mix(boundaries[other].router.value); });
  boundaries.release(slot);
}

template <class V>
std::uint32_t RouteCalculator<V>::Impl::acquire_forwarding(const Address& address) {
  const auto hash_of = [this](std::uint32_t other) { return hash_value(forwardings[other].address); };
  std::uint32_t slot = forwarding_index.find(
      hash_value(address), [&](std::uint32_t other) { return forwardings[other].address == address; });
  if (slot == kNoSlot) {
    slot = forwardings.allocate();
    forwardings[slot].address = address;
    forwardings[slot].way = way_to_address(address);
    forwarding_index.insert(hash_value(address), slot, hash_of);
  }
  ++forwardings[slot].references;
  return slot;
}

template <class V>
void RouteCalculator<V>::Impl::release_forwarding(std::uint32_t slot) {
  assert(forwardings[slot].references > 0);
  if (--forwardings[slot].references > 0) return;
  forwarding_index.erase(hash_value(forwardings[slot].address), slot,
                         [this](std::uint32_t other) { return hash_value(forwardings[other].address); });
  forwardings.release(slot);
}

}  // namespace wgospf::ospf
