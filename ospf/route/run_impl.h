#pragma once
// calculate(): RFC 2328 section 16, for what is dirty.

#include <algorithm>

#include "ospf/route/calculator_state.h"

namespace wgospf::ospf {

template <class V>
auto RouteCalculator<V>::Impl::pending() const -> Pending {
  if (everything_is_dirty || areas.any_dirty()) return Pending::full;
  const bool any = prefixes.has_dirty() || boundaries.has_dirty() || forwardings.has_dirty();
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
    for (std::uint32_t number = 0; number < areas.end(); ++number)
      if (areas.exists(number) && areas[number].is_dirty) run_area(number, result);
    if (everything_is_dirty) prefixes.mark_all_dirty();
  }
  bool others_depend = areas.any_dirty();
  others_depend |= boundaries.resolve(is_full);
  others_depend |=
      forwardings.resolve(is_full, [this](const Address& address) { return way_to_address(address); });
  if (others_depend) mark_dependent_offers();
  everything_is_dirty = false;
  areas.for_each([](RoutingArea& area) { area.is_dirty = area.flags_changed = false; });

  examine_prefixes(result);
  tell(changes);
  result.generation = generation;
  return result;
}

// ---- Section 16.1: the shortest-path tree of an area ----

template <class V>
void RouteCalculator<V>::Impl::run_area(std::uint32_t number, CalculationResult& result) {
  RoutingArea& area = areas[number];
  make_root_edges(area);
  result.vertices_reached += area.paths.run(
      area.graph, area.root, area.root_edges, lists,
      [&](ListId list, VertexId network, VertexId router) { return beyond(area, list, network, router); });
  for (VertexId vertex = 0; vertex < area.paths.end(); ++vertex) {
    if (!area.paths.changed(vertex)) continue;
    for (const VertexLsa<V>& owner : vertex_lsas[number][vertex])
      for (std::uint32_t slot = owner.first_offer; slot != kNoSlot;) {
        const Offer& offer = prefixes.offer(slot);
        prefixes.mark_dirty(offer.prefix);
        slot = offer.next_of_lsa;
      }
  }
}

// Section 16.1.1, first case: the parent is the root. The way out is the adjacency itself; what Link Data the
// neighbour advertises does not matter, so parallel links and equal addresses are told apart.
template <class V>
void RouteCalculator<V>::Impl::make_root_edges(RoutingArea& area) {
  area.root_edges.clear();
  const auto add = [&](VertexKey key, std::uint16_t cost, const NextHop<V>& next_hop, std::uint32_t bits) {
    const VertexId target = area.graph.find(key);
    // Step 2b: a link back.
    if (target == kNoSlot || !area.graph.links_to(target, area.root)) return;
    area.root_edges.push_back(
        {{target, cost, true, !key.is_network}, lists.single(next_hops.number(next_hop) | bits)});
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
ListId RouteCalculator<V>::Impl::beyond(const RoutingArea& area, ListId list, VertexId network,
                                        VertexId router) {
  std::vector<std::uint32_t> found;
  const auto parents = lists.members(list);
  const std::vector<std::uint32_t> copy(parents.begin(), parents.end());
  const RouterId id = area.graph[router].router;
  for (const std::uint32_t parent : copy) {
    if ((parent & NextHopLists::kDirectBit) == 0) {
      found.push_back(parent);
      continue;
    }
    const LinkId link_id = next_hops[parent].link;
    const auto link =
        std::find_if(links.begin(), links.end(), [&](const auto& l) { return l.link == link_id; });
    if (link == links.end()) continue;
    bool is_heard = false;
    for (const RootNeighbor<V>& neighbor : link->neighbors) {
      if (neighbor.router_id != id) continue;
      is_heard = true;
      found.push_back(next_hops.number({link_id, neighbor.address, id}));
    }
    const auto edges = area.graph.edges(router);
    for (std::size_t i = 0; !is_heard && i < edges.size(); ++i) {
      if (edges[i].target != network) continue;
      if (const auto address = Topology<V>::address_on_network(area.graph.data(router, i).data))
        found.push_back(next_hops.number({link_id, *address, id}));
    }
  }
  return lists.intern(found);
}

// ---- Section 16.4 step 3: ways to forwarding addresses ----

template <class V>
Way RouteCalculator<V>::Impl::way_to_address(const Address& address) {
  // Our own: whoever says it wants the packets here, and to send them on could only bring them back.
  for (const RootLink<V>& link : links)
    if (std::find(link.addresses.begin(), link.addresses.end(), address) != link.addresses.end()) return {};
  for (unsigned length = Address::kBits + 1u; length-- > 0;) {
    if (!prefixes.has_length(static_cast<std::uint8_t>(length))) continue;
    const auto prefix = AddressPrefix::make(address, static_cast<std::uint8_t>(length));
    const std::uint32_t slot = prefixes.find(prefix);
    if (slot == kNoSlot) continue;
    const Path best = best_internal(prefixes[slot]);
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
      return (m & NextHopLists::kDirectBit) != 0 && next_hops[m].link == link.link;
    });
    const bool is_here = std::find(link.subnets.begin(), link.subnets.end(), subnet) != link.subnets.end();
    if (!is_here && !is_transit) continue;
    const std::uint32_t next_hop = next_hops.number({link.link, address, RouterId{}});
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

// Marks the prefixes of summaries and externals whose border or boundary router or forwarding address
// changed. They are not chained by these; one pass over all offers finds them.
template <class V>
void RouteCalculator<V>::Impl::mark_dependent_offers() {
  for (std::uint32_t slot = 0; prefixes.lsa_count() > 0 && slot < prefixes.offer_end(); ++slot) {
    const Offer& offer = prefixes.offer(slot);
    bool is_affected = false;
    if (offer.is_external()) {
      is_affected = boundaries[offer.source].way_changed ||
                    (offer.forwarding != kNoSlot && forwardings[offer.forwarding].way_changed);
    } else if (offer.kind == OfferKind::inter_prefix) {
      const RoutingArea& area = areas[offer.area];
      is_affected = area.is_dirty && (area.flags_changed || area.paths.changed(offer.source));
    }
    if (is_affected) prefixes.mark_dirty(offer.prefix);
  }
  boundaries.clear_changes();
  forwardings.clear_changes();
}

// ---- The paths over offers ----

template <class V>
Path RouteCalculator<V>::Impl::internal_path(const Offer& offer) const {
  const RoutingArea& area = areas[offer.area];
  const bool is_inter = offer.kind == OfferKind::inter_prefix;
  if (is_inter && offer.metric == kLsInfinity) return {};
  const VertexState state =
      is_inter ? areas.border_state(offer.area, offer.source) : area.paths[offer.source];
  const bool is_root = offer.source == area.root;
  if (state.list == kEmptyList && !(is_root && state.distance == 0)) return {};
  Path path;
  path.cost = state.distance + offer.metric;
  if (path.cost < state.distance) return {};  // beyond what can be counted
  path.list = state.list;
  path.type = is_inter ? PathType::inter_area : PathType::intra_area;
  path.area = area.id;
  path.is_attached = !is_inter && (is_root || lists.has_direct(state.list));
  if (offer.kind == OfferKind::network) path.network_id = offer.id;
  return path;
}

template <class V>
Path RouteCalculator<V>::Impl::external_path(const Offer& offer) const {
  const BoundaryRouters::Record& boundary = boundaries[offer.source];
  if (offer.metric == kLsInfinity || !boundary.way.exists()) return {};
  const bool is_forwarded = offer.forwarding != kNoSlot;
  const Way& way = is_forwarded ? forwardings[offer.forwarding].way : boundary.way;
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

template <class V>
Path RouteCalculator<V>::Impl::path_over(const Offer& offer) const {
  return offer.is_external() ? external_path(offer) : internal_path(offer);
}

template <class V>
Path RouteCalculator<V>::Impl::best_internal(const Entry& entry) {
  return best_of(lists, [&](auto&& see) {
    for (std::uint32_t slot = entry.first; slot != kNoSlot; slot = prefixes.offer(slot).next)
      if (!prefixes.offer(slot).is_external()) see(internal_path(prefixes.offer(slot)));
  });
}

template <class V>
Path RouteCalculator<V>::Impl::best(const Entry& entry) {
  return best_of(lists, [&](auto&& see) {
    for (std::uint32_t slot = entry.first; slot != kNoSlot; slot = prefixes.offer(slot).next)
      see(path_over(prefixes.offer(slot)));
  });
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
  Path path = best(entry);
  if (Topology<V>::is_martian(entry.prefix())) {
    const bool is_learnt = path.exists() && !path.is_attached;
    is_learnt ? void(martians.insert(entry.prefix())) : void(martians.erase(entry.prefix()));
    path = {};
  }
  if (!path.exists()) {
    if (!entry.has_route()) return;
    sets.note_move(entry.set, NextHopSets::kGone);
    work.push_back({slot, NextHopSets::kGone, true});
    return;
  }
  const std::uint32_t target = path.is_attached ? NextHopSets::kAttached : path.list;
  const AreaId area = path.type <= PathType::inter_area ? path.area : AreaId{};
  const bool is_same = entry.has_route() && entry.metric == path.cost &&
                       entry.type2_metric == path.type2_metric && entry.path_type == path.type &&
                       entry.area == area && entry.tag == path.tag;
  const bool is_same_target = entry.has_route() && sets.target(entry.set) == target;
  if (is_same && is_same_target) return;
  entry.metric = path.cost;
  entry.type2_metric = path.type2_metric;
  entry.path_type = path.type;
  entry.area = area;
  entry.tag = path.tag;
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
  return !std::all_of(numbers.begin(), numbers.end(),
                      [&](std::uint32_t number) { return is_there(next_hops[number]); });
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
      changes.push_back({generation, SetChanged<V>{SetId{set}, next_hops.of(lists, sets.target(set))}});
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

// Lists and next hops are made as they come up, and forgotten here when most are of the past.
template <class V>
void RouteCalculator<V>::Impl::collect_garbage() {
  if (lists.size() < 1024 + 2 * lists_after_collection) return;
  std::vector<bool> marked(lists.size(), false);
  const auto mark = [&](ListId list) { marked[list] = true; };
  areas.for_each([&](const RoutingArea& area) {
    area.paths.for_each_list(mark);
    for (const RootEdge& edge : area.root_edges) mark(edge.list);
  });
  boundaries.for_each_list(mark);
  forwardings.for_each_list(mark);
  for (std::uint32_t set = 1; set < sets.end(); ++set)
    if (sets.in_use(set)) mark(sets.target(set));

  const std::vector<ListId> numbers = next_hops.retain_only(lists, marked);
  areas.for_each([&](RoutingArea& area) {
    area.paths.renumber(numbers);
    for (RootEdge& edge : area.root_edges) edge.list = numbers[edge.list];
  });
  boundaries.renumber(numbers);
  forwardings.renumber(numbers);
  sets.renumber(numbers);
  lists_after_collection = lists.size();
}

}  // namespace wgospf::ospf
