#pragma once
// calculate(): RFC 2328 section 16, for what is dirty.

#include <algorithm>

#include "ospf/route/calculator_state.h"

namespace wgospf::ospf {

template <class V>
auto RouteCalculator<V>::Impl::pending() const -> Pending {
  if (everything_is_dirty) return Pending::full;
  for (const auto& area : areas)
    if (area && area->is_dirty) return Pending::full;
  const bool any = prefixes.has_dirty() || !dirty_boundaries.empty() || forwardings_are_dirty;
  return any ? Pending::prefixes_only : Pending::nothing;
}

template <class V>
CalculationResult RouteCalculator<V>::Impl::calculate(std::vector<RouteChange<V>>& changes) {
  CalculationResult result;
  result.generation = generation;
  const Pending what = pending();
  if (what == Pending::nothing) return result;
  const bool is_full = what == Pending::full;
  result.kind = is_full ? CalculationResult::Kind::full : CalculationResult::Kind::prefixes_only;
  if (is_full) {
    collect_garbage();
    for (std::uint32_t number = 0; number < areas.size(); ++number)
      if (areas[number] && areas[number]->is_dirty) run_area(*areas[number], result);
    if (everything_is_dirty) prefixes.mark_all_dirty();
  }
  resolve_boundaries(is_full);
  resolve_forwardings(is_full);
  mark_dependent_candidates();
  everything_is_dirty = false;
  for (const auto& area : areas)
    if (area) area->is_dirty = area->flags_changed = false;

  examine_prefixes(result);
  tell(changes);
  result.generation = generation;
  return result;
}

// ---- Section 16.1: the shortest-path tree of an area ----

template <class V>
void RouteCalculator<V>::Impl::run_area(Area& area, CalculationResult& result) {
  make_root_edges(area);
  result.vertices_reached += area.paths.run(
      area.graph, area.root, area.root_edges, lists,
      [&](ListId list, VertexId network, VertexId router) { return beyond(area, list, network, router); });
  for (VertexId vertex = 0; vertex < area.paths.end(); ++vertex) {
    if (!area.paths.changed(vertex)) continue;
    for (std::uint32_t slot = area.graph[vertex].first_prefix; slot != kNoSlot;) {
      const Candidate& candidate = prefixes.candidate(slot);
      prefixes.mark_dirty(candidate.prefix);
      slot = candidate.link;
    }
  }
}

// Section 16.1.1, first case: the parent is the root. The way out is the adjacency itself; what Link Data the
// neighbour advertises does not matter, so parallel links and equal addresses are told apart.
template <class V>
void RouteCalculator<V>::Impl::make_root_edges(Area& area) {
  area.root_edges.clear();
  const auto add = [&](VertexKey key, std::uint16_t cost, const NextHop<V>& next_hop, std::uint32_t bits) {
    const VertexId target = area.graph.find(key);
    // Step 2b: a link back.
    if (target == kNoSlot || !area.graph.links_to(target, area.root)) return;
    area.root_edges.push_back({{target, cost, true, !key.is_network}, lists.single(member(next_hop) | bits)});
  };
  for (const RootLink<V>& link : links) {
    if (link.area != area.id) continue;
    if (link.kind == RootLink<V>::Kind::point_to_point) {
      for (const RootNeighbor<V>& neighbor : link.neighbors)
        add(router_vertex(neighbor.router_id), link.cost, {link.link, neighbor.address, neighbor.router_id},
            0);
    } else if (link.kind == RootLink<V>::Kind::transit) {
      add(Topology<V>::network_vertex(link.network_id, link.designated_router), link.cost,
          {link.link, std::nullopt, RouterId{}}, NextHopLists::kDirectBit);
    }
  }
}

// Section 16.1.1, second case: the parent is a network of the root's own. The next hop is the router's
// address there: the one its hellos come from or, when we hear none, the Link Data of its link to the
// network.
template <class V>
ListId RouteCalculator<V>::Impl::beyond(const Area& area, ListId list, VertexId network, VertexId router) {
  std::vector<std::uint32_t> found;
  const auto parents = lists.members(list);
  const std::vector<std::uint32_t> copy(parents.begin(), parents.end());
  const RouterId id = area.graph[router].router;
  for (const std::uint32_t parent : copy) {
    if ((parent & NextHopLists::kDirectBit) == 0) {
      found.push_back(parent);
      continue;
    }
    const LinkId link_id = members[parent & ~NextHopLists::kDirectBit].link;
    const auto link =
        std::find_if(links.begin(), links.end(), [&](const auto& l) { return l.link == link_id; });
    if (link == links.end()) continue;
    bool is_heard = false;
    for (const RootNeighbor<V>& neighbor : link->neighbors) {
      if (neighbor.router_id != id) continue;
      is_heard = true;
      found.push_back(member({link_id, neighbor.address, id}));
    }
    const auto edges = area.graph.edges(router);
    for (std::size_t i = 0; !is_heard && i < edges.size(); ++i) {
      if (edges[i].target != network) continue;
      if (const auto address = Topology<V>::address_on_network(area.graph.data(router, i).data))
        found.push_back(member({link_id, *address, id}));
    }
  }
  return lists.intern(found);
}

// ---- Section 16.4 step 3: ways to AS boundary routers and forwarding addresses ----

template <class V>
VertexState RouteCalculator<V>::Impl::border_state(std::uint32_t number, VertexId vertex) const {
  const Area& area = *areas[number];
  // Section 16.2: only summaries of reachable border routers other than ourselves, and at an area border
  // router only those of the backbone.
  if (vertex == area.root || !inter_area_counts(area) || !area.graph[vertex].flags.border) return {};
  return area.paths[vertex];
}

template <class V>
auto RouteCalculator<V>::Impl::way_by_summaries(const BoundaryRouter& boundary, std::uint32_t number) -> Way {
  Way way;
  way.type = PathType::inter_area;
  way.area = areas[number]->id;
  for (const RouterSummary& summary : boundary.summaries) {
    if (summary.area != number || summary.metric == kLsInfinity) continue;
    const VertexState state = border_state(number, summary.border_router);
    if (state.list == kEmptyList || state.distance > way.cost) continue;
    const std::uint32_t cost = state.distance + summary.metric;
    if (cost < state.distance || cost > way.cost) continue;
    way.list = cost == way.cost ? lists.unite(way.list, state.list) : state.list;
    way.cost = cost;
  }
  return way;
}

template <class V>
auto RouteCalculator<V>::Impl::way_to_boundary(const BoundaryRouter& boundary) -> Way {
  Way best;
  if (boundary.router == root) return best;  // step 2: our own LSAs give no routes
  for (std::uint32_t number = 0; number < areas.size(); ++number) {
    if (!areas[number]) continue;
    const Area& area = *areas[number];
    Way way;
    const VertexId vertex = area.graph.find(router_vertex(boundary.router));
    if (vertex != kNoSlot && area.graph[vertex].flags.as_boundary && area.paths[vertex].list != kEmptyList)
      way = {area.paths[vertex].distance, area.paths[vertex].list, PathType::intra_area, area.id, false};
    // Section 16.2 step 6: intra-area paths are always preferred.
    if (way.cost == kUnreachable) way = way_by_summaries(boundary, number);
    if (way.cost == kUnreachable) continue;
    const auto rank = [](const Way& w) { return std::tuple(w.is_preferred(), ~w.cost, w.area); };
    if (best.cost == kUnreachable || rank(way) > rank(best)) best = way;
  }
  return best;
}

template <class V>
auto RouteCalculator<V>::Impl::way_to_address(const Address& address) -> Way {
  // Our own: whoever says it wants the packets here, and to send them on could only bring them back.
  for (const RootLink<V>& link : links)
    if (std::find(link.addresses.begin(), link.addresses.end(), address) != link.addresses.end()) return {};
  for (unsigned length = Address::kBits + 1u; length-- > 0;) {
    if (!prefixes.has_length(static_cast<std::uint8_t>(length))) continue;
    const auto prefix = AddressPrefix::make(address, static_cast<std::uint8_t>(length));
    const std::uint32_t slot = prefixes.find(prefix);
    if (slot == kNoSlot) continue;
    const Best best = best_internal(prefixes[slot]);
    if (!best.exists()) continue;
    Way way{best.cost, best.list, best.type, best.area, best.is_attached};
    if (!best.is_attached) return way;
    // On a link of our own: the address is its own next hop. A subnet that this one is within does not count.
    way.list = way_on_links(prefix, best.list, address);
    return way;
  }
  return {};
}

/// Section 16.4 (3) for an address on a subnet of our own. Links that share the subnet without being one
/// network do not lead to the same neighbours: the one counts whose neighbour has the address. When none has,
/// the list is empty, and the way is that to the AS boundary router.
template <class V>
ListId RouteCalculator<V>::Impl::way_on_links(const AddressPrefix& subnet, ListId direct,
                                              const Address& address) {
  std::vector<std::uint32_t> having, transit, present;
  const auto parents = lists.members(direct);
  for (const RootLink<V>& link : links) {
    const bool is_transit = std::any_of(parents.begin(), parents.end(), [&](std::uint32_t m) {
      return (m & NextHopLists::kDirectBit) != 0 && members[m & ~NextHopLists::kDirectBit].link == link.link;
    });
    const bool is_here = std::find(link.subnets.begin(), link.subnets.end(), subnet) != link.subnets.end();
    if (!is_here && !is_transit) continue;
    const std::uint32_t next_hop = member({link.link, address, RouterId{}});
    present.push_back(next_hop);
    if (is_transit) transit.push_back(next_hop);
    const bool has_it = std::any_of(link.neighbors.begin(), link.neighbors.end(),
                                    [&](const auto& neighbor) { return neighbor.address == address; });
    if (has_it) having.push_back(next_hop);
  }
  if (!having.empty()) return lists.intern(having);
  if (!transit.empty()) return lists.intern(transit);
  return present.size() == 1 ? lists.intern(present) : kEmptyList;
}

template <class V>
void RouteCalculator<V>::Impl::resolve_boundaries(bool all) {
  const auto resolve = [this](BoundaryRouter& boundary) {
    boundary.is_dirty = false;
    if (boundary.references == 0) return;
    const Way way = way_to_boundary(boundary);
    boundary.way_changed = !(way == boundary.way);
    boundary.way = way;
  };
  if (all) {
    for (std::uint32_t slot = 0; slot < boundaries.end(); ++slot) resolve(boundaries[slot]);
  } else {
    for (const std::uint32_t slot : dirty_boundaries) resolve(boundaries[slot]);
  }
  dirty_boundaries.clear();
}

template <class V>
void RouteCalculator<V>::Impl::resolve_forwardings(bool all) {
  all |= forwardings_are_dirty;
  if (all || !changed_internal.empty()) {
    for (std::uint32_t slot = 0; slot < forwardings.end(); ++slot) {
      Forwarding& forwarding = forwardings[slot];
      if (forwarding.references == 0) continue;
      const auto covers = [&](std::uint32_t prefix) {
        return prefixes[prefix].prefix().contains(forwarding.address);
      };
      if (!all && std::none_of(changed_internal.begin(), changed_internal.end(), covers)) continue;
      const Way way = way_to_address(forwarding.address);
      forwarding.way_changed = !(way == forwarding.way);
      forwarding.way = way;
    }
  }
  changed_internal.clear();
  forwardings_are_dirty = false;
}

// Marks the prefixes of summaries and externals whose border or boundary router or forwarding address
// changed. They are not chained by these; one pass over all candidates finds them, and only when something
// did change.
template <class V>
void RouteCalculator<V>::Impl::mark_dependent_candidates() {
  bool any = false;
  for (std::uint32_t slot = 0; slot < boundaries.end(); ++slot) any |= boundaries[slot].way_changed;
  for (std::uint32_t slot = 0; slot < forwardings.end(); ++slot) any |= forwardings[slot].way_changed;
  for (const auto& area : areas) any |= area && area->is_dirty;
  if (!any || prefixes.lsa_count() == 0) return;
  for (std::uint32_t slot = 0; slot < prefixes.candidate_end(); ++slot) {
    const Candidate& candidate = prefixes.candidate(slot);
    bool is_affected = false;
    if (candidate.is_external()) {
      is_affected = boundaries[candidate.source].way_changed ||
                    (candidate.link != kNoSlot && forwardings[candidate.link].way_changed);
    } else if (candidate.kind == CandidateKind::inter_prefix) {
      const Area& area = *areas[candidate.value];
      is_affected = area.is_dirty && (area.flags_changed || area.paths.changed(candidate.source));
    }
    if (is_affected) prefixes.mark_dirty(candidate.prefix);
  }
  for (std::uint32_t slot = 0; slot < boundaries.end(); ++slot) boundaries[slot].way_changed = false;
  for (std::uint32_t slot = 0; slot < forwardings.end(); ++slot) forwardings[slot].way_changed = false;
}

// ---- The best candidates of a prefix ----

// Equal ones are united.
template <class V>
void RouteCalculator<V>::Impl::merge(Best& best, const Best& other) {
  if (!other.exists() || other.cost > best.cost) return;
  if (other.cost < best.cost) {
    best = other;
    return;
  }
  best.list = lists.unite(best.list, other.list);
  best.is_attached |= other.is_attached;
  best.area = std::max(best.area, other.area);
  if (other.tag_from > best.tag_from) {
    best.tag_from = other.tag_from;
    best.tag = other.tag;
  }
}

template <class V>
auto RouteCalculator<V>::Impl::best_internal(const Entry& entry) -> Best {
  Best stub, network, inter;
  LinkStateId network_id;
  for (std::uint32_t slot = entry.first; slot != kNoSlot;) {
    const Candidate& candidate = prefixes.candidate(slot);
    slot = candidate.next;
    if (candidate.is_external()) continue;
    const Area& area = *areas[candidate.value];
    const bool is_inter = candidate.kind == CandidateKind::inter_prefix;
    if (is_inter && candidate.metric == kLsInfinity) continue;
    const VertexState state =
        is_inter ? border_state(candidate.value, candidate.source) : area.paths[candidate.source];
    const bool is_root = candidate.source == area.root;
    if (state.list == kEmptyList && !(is_root && state.distance == 0)) continue;
    Best path;
    path.cost = state.distance + candidate.metric;
    if (path.cost < state.distance) continue;  // beyond what can be counted
    path.list = state.list;
    path.area = area.id;
    path.is_attached = !is_inter && (is_root || lists.has_direct(state.list));
    if (is_inter) {
      path.type = PathType::inter_area;
      merge(inter, path);
    } else if (candidate.kind == CandidateKind::stub) {
      merge(stub, path);
    } else if (path.cost < network.cost || (path.cost == network.cost && candidate.id > network_id)) {
      // Section 16.1 step 4: of several network-LSAs for one prefix the one with the larger Link State ID.
      network = path;
      network_id = candidate.id;
    } else if (candidate.id == network_id) {  // in another area
      merge(network, path);
    }
  }
  merge(network, stub);
  return network.exists() ? network : inter;
}

template <class V>
auto RouteCalculator<V>::Impl::external_path(const Candidate& candidate) const -> Best {
  const BoundaryRouter& boundary = boundaries[candidate.source];
  Best path;
  if (candidate.metric == kLsInfinity || boundary.way.cost == kUnreachable) return path;
  const bool is_forwarded = candidate.link != kNoSlot;
  const Way& way = is_forwarded ? forwardings[candidate.link].way : boundary.way;
  if (way.cost == kUnreachable) return path;
  path.list = way.list == kEmptyList ? boundary.way.list : way.list;
  path.is_preferred = way.is_preferred();
  path.tag = candidate.value;
  path.tag_from = boundary.router;
  path.cost = way.cost;
  path.type = PathType::external_2;
  if (candidate.kind == CandidateKind::external_2) {
    path.type2_metric = candidate.metric;
  } else {
    path.type = PathType::external_1;
    path.cost += candidate.metric;
    if (path.cost < way.cost) path.cost = kUnreachable;
  }
  return path;
}

// Section 16.4 step 6.
template <class V>
auto RouteCalculator<V>::Impl::best_external(const Entry& entry) -> Best {
  Best best;
  for (std::uint32_t slot = entry.first; slot != kNoSlot; slot = prefixes.candidate(slot).next) {
    if (!prefixes.candidate(slot).is_external()) continue;
    const Best path = external_path(prefixes.candidate(slot));
    if (!path.exists()) continue;
    // b: type 1 before type 2, then the smaller type 2 metric. c: section 16.4.1. d: the cost.
    const auto rank = [](const Best& b) { return std::tuple(b.type, b.type2_metric, !b.is_preferred); };
    if (!best.exists() || rank(path) < rank(best)) {
      best = path;
    } else if (rank(path) == rank(best)) {
      merge(best, path);
    }
  }
  return best;
}

// ---- The difference ----

template <class V>
void RouteCalculator<V>::Impl::examine_prefixes(CalculationResult& result) {
  work.clear();
  for (const std::uint32_t slot : prefixes.dirty()) examine(slot);
  result.prefixes_examined = static_cast<std::uint32_t>(prefixes.dirty().size());
  sets.decide([this](ListId list) { return has_lost_member(list); });
  assign_sets();
}

// Writes the new values into the entry, all but the set.
template <class V>
void RouteCalculator<V>::Impl::examine(std::uint32_t slot) {
  Entry& entry = prefixes[slot];
  Best best = best_internal(entry);
  if (!best.exists()) best = best_external(entry);
  if (Topology<V>::is_martian(entry.prefix())) {
    const bool is_learnt = best.exists() && !best.is_attached;
    is_learnt ? void(martians.insert(entry.prefix())) : void(martians.erase(entry.prefix()));
    best = {};
  }
  if (!best.exists()) {
    if (!entry.has_route()) return;
    sets.note_move(entry.set, NextHopSets::kGone);
    work.push_back({slot, NextHopSets::kGone, true});
    return;
  }
  const std::uint32_t target = best.is_attached ? NextHopSets::kAttached : best.list;
  const AreaId area = best.type <= PathType::inter_area ? best.area : AreaId{};
  const bool is_same = entry.has_route() && entry.metric == best.cost &&
                       entry.type2_metric == best.type2_metric && entry.path_type == best.type &&
                       entry.area == area && entry.tag == best.tag;
  const bool is_same_target = entry.has_route() && sets.target(entry.set) == target;
  if (is_same && is_same_target) return;
  entry.metric = best.cost;
  entry.type2_metric = best.type2_metric;
  entry.path_type = best.type;
  entry.area = area;
  entry.tag = best.tag;
  if (entry.has_route() && !is_same_target) sets.note_move(entry.set, target);
  work.push_back({slot, target, !is_same});
}

// A next hop of the list is no longer there: its link is gone, or the neighbour on it. Its prefixes have all
// been looked at, then.
template <class V>
bool RouteCalculator<V>::Impl::has_lost_member(ListId list) const {
  const auto is_there = [this](const NextHop<V>& hop) {
    return std::any_of(links.begin(), links.end(), [&hop](const RootLink<V>& link) {
      if (link.link != hop.link) return false;
      const auto is_it = [&hop](const RootNeighbor<V>& neighbor) {
        return neighbor.router_id == hop.router && neighbor.address == hop.gateway;
      };
      return hop.router == RouterId{} || std::any_of(link.neighbors.begin(), link.neighbors.end(), is_it);
    });
  };
  const auto numbers = lists.members(list);
  return !std::all_of(numbers.begin(), numbers.end(), [&](std::uint32_t number) {
    return is_there(members[number & ~NextHopLists::kDirectBit]);
  });
}

template <class V>
void RouteCalculator<V>::Impl::assign_sets() {
  for (Work& item : work) {
    Entry& entry = prefixes[item.prefix];
    if (entry.has_route() && sets.target(entry.set) == item.target) continue;
    const bool is_gone = item.target == NextHopSets::kGone;
    const std::uint32_t set = is_gone ? kNoSlot : sets.set_for(item.target);
    if (set != kNoSlot) sets.add_user(set);
    if (entry.has_route()) sets.remove_user(entry.set);
    if (entry.has_route() == is_gone) {
      table_order.clear();
      is_gone ? --route_count : ++route_count;
    }
    entry.set = set;
    item.is_changed = true;
  }
}

template <class V>
void RouteCalculator<V>::Impl::tell(std::vector<RouteChange<V>>& changes) {
  const auto changed_sets = sets.take_changed();
  const auto gone_sets = sets.take_gone();
  const auto told = static_cast<std::size_t>(
      std::count_if(work.begin(), work.end(), [](const Work& item) { return item.is_changed; }));
  if (told + changed_sets.size() + gone_sets.size() > 0) {
    ++generation.value;
    table = nullptr;
    changes.reserve(changes.size() + told + changed_sets.size() + gone_sets.size());
    for (const std::uint32_t set : changed_sets)
      changes.push_back({generation, SetChanged<V>{SetId{set}, next_hops(sets.target(set))}});
    for (const Work& item : work) {
      const Entry& entry = prefixes[item.prefix];
      if (!item.is_changed) continue;
      if (entry.has_route()) {
        changes.push_back({generation, PrefixChanged<V>{route_of(entry)}});
      } else {
        changes.push_back({generation, PrefixGone<V>{entry.prefix()}});
      }
    }
    for (const std::uint32_t set : gone_sets) changes.push_back({generation, SetGone{SetId{set}}});
  }
  prefixes.clear_dirty();
  if (work.capacity() > 4096 && work.size() < work.capacity() / 4) work.shrink_to_fit();
  work.clear();
}

// ---- Next hops ----

template <class V>
std::uint32_t RouteCalculator<V>::Impl::member(const NextHop<V>& next_hop) {
  const auto hash_of = [](const NextHop<V>& n) {
    return hash_mix(((std::uint64_t{n.link.value} << 32) | n.router.value) ^
                    (n.gateway ? hash_value(*n.gateway) : 0));
  };
  const std::uint32_t known =
      member_index.find(hash_of(next_hop), [&](std::uint32_t number) { return members[number] == next_hop; });
  if (known != kNoSlot) return known;
  const auto number = static_cast<std::uint32_t>(members.size());
  members.push_back(next_hop);
  member_index.insert(hash_of(next_hop), number,
                      [&](std::uint32_t other) { return hash_of(members[other]); });
  return number;
}

template <class V>
std::vector<NextHop<V>> RouteCalculator<V>::Impl::next_hops(ListId list) const {
  std::vector<NextHop<V>> result;
  for (const std::uint32_t number : lists.members(list))
    if ((number & NextHopLists::kDirectBit) == 0) result.push_back(members[number]);
  std::sort(result.begin(), result.end());
  return result;
}

// Lists and members are made as they come up, and forgotten here when most are of the past.
template <class V>
void RouteCalculator<V>::Impl::collect_garbage() {
  if (lists.size() < 1024 + 2 * lists_after_collection) return;
  std::vector<bool> marked(lists.size(), false);
  const auto mark = [&](ListId list) { marked[list] = true; };
  for (const auto& area : areas) {
    if (!area) continue;
    area->paths.for_each_list(mark);
    for (const RootEdge& edge : area->root_edges) mark(edge.list);
  }
  for (std::uint32_t slot = 0; slot < boundaries.end(); ++slot) mark(boundaries[slot].way.list);
  for (std::uint32_t slot = 0; slot < forwardings.end(); ++slot) mark(forwardings[slot].way.list);
  for (std::uint32_t set = 1; set < sets.end(); ++set)
    if (sets.in_use(set)) mark(sets.target(set));

  std::vector<std::uint32_t> member_numbers(members.size(), 0);
  for (ListId list = 0; list < marked.size(); ++list)
    if (marked[list])
      for (const std::uint32_t number : lists.members(list))
        member_numbers[number & ~NextHopLists::kDirectBit] = 1;
  const std::vector<NextHop<V>> old_members = std::exchange(members, {});
  member_index.clear();
  for (std::size_t number = 0; number < old_members.size(); ++number)
    if (member_numbers[number] != 0) member_numbers[number] = member(old_members[number]);

  const std::vector<ListId> numbers = lists.retain_only(marked, member_numbers);
  for (const auto& area : areas) {
    if (!area) continue;
    area->paths.renumber(numbers);
    for (RootEdge& edge : area->root_edges) edge.list = numbers[edge.list];
  }
  for (std::uint32_t slot = 0; slot < boundaries.end(); ++slot)
    boundaries[slot].way.list = numbers[boundaries[slot].way.list];
  for (std::uint32_t slot = 0; slot < forwardings.end(); ++slot)
    forwardings[slot].way.list = numbers[forwardings[slot].way.list];
  sets.renumber(numbers);
  lists_after_collection = lists.size();
}

}  // namespace wgospf::ospf
