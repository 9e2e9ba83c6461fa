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
  const bool ways_changed = boundaries.resolve(is_full);
  others_depend |= ways_changed;
  if (forwardings.has_dirty() || (is_full && !forwardings.empty())) {
    others_depend |= forwardings.resolve(is_full, [this](const IpAddress& address, std::uint32_t scope) {
      return way_to_address(address, scope);
    });
  }
  news.boundary_routers |= areas.is_border_router && (is_full || ways_changed);
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
  area.root_edges = links.edges(area);
  result.vertices_reached += area.paths.run(area.graph, area.root, area.root_edges, lists,
                                            [&](ListId list, VertexId network, VertexId router) {
                                              return links.beyond(area, list, network, router);
                                            });
  if (area.paths.changed(area.root)) mark_own_stubs_dirty(area.id);
  for (VertexId vertex = 0; vertex < area.paths.end(); ++vertex) {
    if (!area.paths.changed(vertex)) continue;
    for (const VertexLsa& owner : vertex_lsas[number][vertex])
      for (std::uint32_t slot = owner.first_offer; slot != kNoSlot;) {
        const Offer& offer = prefixes.offer(slot);
        prefixes.mark_dirty(offer.prefix);
        slot = offer.next_of_lsa;
      }
  }
}

// ---- What depends on border and boundary routers ----

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
  if (offer.kind == OfferKind::inter_prefix) return inter_area_path(areas, offer);
  if (offer.kind == OfferKind::discard) return discard_path();
  return intra_area_path(areas, lists, offer);
}

template <class V>
Path RouteCalculator<V>::Impl::path_over(const Offer& offer) const {
  return offer.is_external() ? as_external_path(boundaries, forwardings, offer) : internal_path(offer);
}

// Section 16.2 step 3: what others say of an active range of ours does not count. RFC 3101 section 2.5 step 3:
// nor does, at a border router, the default that another one says for the NSSA alone.
template <class V>
bool RouteCalculator<V>::Impl::counts(const Entry& entry, const Offer& offer) const {
  if (offer.kind == OfferKind::inter_prefix) return !is_active_range(entry);
  return !(offer.is_local() && entry.length == 0 && areas.is_border_router);
}

template <class V>
Path RouteCalculator<V>::Impl::best_internal(const Entry& entry, std::uint32_t scope) {
  return best_of(lists, [&](auto&& see) {
    for (std::uint32_t slot = entry.first; slot != kNoSlot; slot = prefixes.offer(slot).next) {
      const Offer& offer = prefixes.offer(slot);
      if (offer.kind >= OfferKind::discard || !counts(entry, offer)) continue;
      if (scope != kAsScope && (offer.area != scope || offer.kind == OfferKind::inter_prefix)) continue;
      see(internal_path(offer));
    }
  });
}

template <class V>
Path RouteCalculator<V>::Impl::best(const Entry& entry) {
  return best_of(lists, [&](auto&& see) {
    for (std::uint32_t slot = entry.first; slot != kNoSlot; slot = prefixes.offer(slot).next) {
      const Offer& offer = prefixes.offer(slot);
      if (!counts(entry, offer)) continue;
      Path path = path_over(offer);
      path.offer = slot;
      see(path);
    }
  });
}

// ---- The difference ----

template <class V>
void RouteCalculator<V>::Impl::examine_prefixes(CalculationResult& result) {
  work.clear();
  for (const std::uint32_t slot : prefixes.dirty()) examine(slot);
  result.prefixes_examined = static_cast<std::uint32_t>(prefixes.dirty().size());
  sets.decide([this](ListId list) { return links.has_lost_member(list); });
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
  if (areas.is_border_router) news.routes.push_back(news_of(entry, path));
  if (!path.exists()) {
    if (!entry.has_route()) return;
    sets.note_move(entry.set, NextHopSets::kGone);
    work.push_back({slot, NextHopSets::kGone, true});
    return;
  }
  const std::uint32_t target =
      path.is_attached ? NextHopSets::kAttached : links.one_of_each_interface(path.list);
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
      changes.push_back({generation, SetChanged{SetId{set}, next_hops.of(lists, sets.target(set))}});
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
