#pragma once
// Tables and paths out of the calculation's state.

#include <algorithm>
#include <limits>

#include "ospf/route/calculator_state.h"

namespace wgospf::ospf {

template <class V>
Route<V> RouteCalculator<V>::Impl::route_of(const Entry& entry) const {
  return {entry.prefix(),  SetId{entry.set}, entry.metric, entry.type2_metric,
          entry.path_type, entry.area,       entry.tag};
}

template <class V>
std::shared_ptr<const RouteTable<V>> RouteCalculator<V>::Impl::build_table() const {
  auto built = std::make_shared<RouteTable<V>>();
  built->generation = generation;
  built->sets.resize(sets.end());
  for (std::uint32_t set = 1; set < sets.end(); ++set)
    if (sets.in_use(set)) built->sets[set] = next_hops(sets.target(set));
  // The order of prefixes outlives a change of routes; it is made anew only when a prefix came or went.
  if (table_order.empty()) {
    for (std::uint32_t slot = 0; slot < prefixes.entry_end(); ++slot)
      if (prefixes[slot].has_route()) table_order.push_back(slot);
    std::sort(table_order.begin(), table_order.end(), [this](std::uint32_t a, std::uint32_t b) {
      return prefixes[a].prefix() < prefixes[b].prefix();
    });
  }
  built->routes.reserve(table_order.size());
  for (const std::uint32_t slot : table_order) built->routes.push_back(route_of(prefixes[slot]));
  return built;
}

// ---- Paths ----

/// Walks the equal-cost paths to a vertex, from its end to the root: the steps back are the links that are
/// tight, that is, whose cost is just the difference of the distances.
template <class V>
class PathWalk {
 public:
  using Impl = typename RouteCalculator<V>::Impl;
  using Area = typename Impl::Area;

  PathWalk(const Impl& impl, const Area& area, std::size_t limit) : impl_(impl), area_(area), limit_(limit) {}

  /// `finish(hops)` with the hops of each path from the root to `vertex`, without the last entry.
  template <class Finish>
  void walk(VertexId vertex, Finish&& finish) {
    std::vector<Frame> stack;
    stack.push_back({vertex, steps_back(vertex)});
    if (vertex == area_.root)
      return void(limit_ > 0 ? (--limit_, finish(std::vector<PathHop<V>>{})) : void());
    std::size_t budget = kMostSteps;
    while (!stack.empty() && limit_ > 0 && budget-- > 0) {
      Frame& top = stack.back();
      if (top.next == top.steps.size()) {
        stack.pop_back();
        continue;
      }
      const Step& step = top.steps[top.next++];
      if (step.from == area_.root) {
        --limit_;
        finish(hops(stack));
      } else if (std::none_of(stack.begin(), stack.end(),
                              [&](const Frame& frame) { return frame.vertex == step.from; })) {
        stack.push_back({step.from, steps_back(step.from)});
      }
    }
  }

 private:
  struct Step {
    VertexId from = 0;
    PathHop<V> hop;
    bool is_hop = true;  // a network is no hop
  };
  struct Frame {
    VertexId vertex = 0;
    std::vector<Step> steps;
    std::size_t next = 0;
  };
  static constexpr std::size_t kMostSteps = 1000000;

  [[nodiscard]] std::vector<Step> steps_back(VertexId vertex) const {
    std::vector<Step> steps = steps_from_root(vertex);
    const VertexState end = area_.paths[vertex];
    const auto edges = area_.graph.edges(vertex);
    for (std::size_t i = 0; i < edges.size(); ++i) {
      const VertexId from = edges[i].target;
      const bool is_repeated = std::any_of(edges.begin(), edges.begin() + static_cast<std::ptrdiff_t>(i),
                                           [from](const Edge& edge) { return edge.target == from; });
      const VertexState start = area_.paths[from];
      if (from == area_.root || is_repeated || start.distance == kUnreachable) continue;
      const Vertex& source = area_.graph[from];
      const auto back = area_.graph.edges(from);
      for (std::size_t j = 0; j < back.size(); ++j) {
        if (back[j].target != vertex || !back[j].is_bidirectional) continue;
        if (std::uint64_t{start.distance} + back[j].cost != end.distance) continue;
        const EdgeData& data = area_.graph.data(from, j);
        steps.push_back(
            {from,
             {source.router, back[j].cost, std::nullopt, data.data, data.is_index, !back[j].target_is_router},
             !source.key.is_network});
        if (source.key.is_network) break;
      }
    }
    return steps;
  }
  [[nodiscard]] std::vector<Step> steps_from_root(VertexId vertex) const {
    std::vector<Step> steps;
    for (const RootEdge& way_out : area_.root_edges) {
      const Edge& edge = way_out.edge;
      if (edge.target != vertex || edge.cost != area_.paths[vertex].distance) continue;
      const std::uint32_t number = impl_.lists.members(way_out.list).front();
      PathHop<V> hop{impl_.root, edge.cost, impl_.members[number & ~NextHopLists::kDirectBit].link};
      hop.via_network = area_.graph[vertex].key.is_network;
      steps.push_back({area_.root, hop, true});
    }
    return steps;
  }
  [[nodiscard]] static std::vector<PathHop<V>> hops(const std::vector<Frame>& stack) {
    std::vector<PathHop<V>> result;
    for (auto frame = stack.rbegin(); frame != stack.rend(); ++frame)
      if (const Step& step = frame->steps[frame->next - 1]; step.is_hop) result.push_back(step.hop);
    return result;
  }

  const Impl& impl_;
  const Area& area_;
  std::size_t limit_;
};

/// Collects the paths to a prefix over each of its candidates that is as good as the best.
template <class V>
class PathCollector {
 public:
  using Impl = typename RouteCalculator<V>::Impl;

  PathCollector(Impl& impl, std::size_t limit) : impl_(impl), limit_(limit) {}

  [[nodiscard]] std::vector<PrefixPath<V>> collect(const PrefixEntry<typename V::Address>& entry) {
    const auto best = impl_.best_internal(entry);
    for (const std::uint32_t slot : candidates(entry)) {
      const Candidate& candidate = impl_.prefixes.candidate(slot);
      if (candidate.is_external() == best.exists()) continue;
      if (best.exists()) {
        internal(candidate, best.type, best.cost, prototype(candidate, best.cost, best.type));
      } else {
        external(entry, candidate);
      }
    }
    return std::move(paths_);
  }

 private:
  /// In order of their LSAs, whatever the order they came in.
  [[nodiscard]] std::vector<std::uint32_t> candidates(const PrefixEntry<typename V::Address>& entry) const {
    std::vector<std::uint32_t> slots;
    for (std::uint32_t slot = entry.first; slot != kNoSlot; slot = impl_.prefixes.candidate(slot).next)
      slots.push_back(slot);
    std::sort(slots.begin(), slots.end(), [this](std::uint32_t a, std::uint32_t b) {
      return key(impl_.prefixes.candidate(a)) < key(impl_.prefixes.candidate(b));
    });
    return slots;
  }
  [[nodiscard]] LsaKey<V> key(const Candidate& candidate) const {
    static constexpr TopologyRole roles[] = {TopologyRole::none,     TopologyRole::router,
                                             TopologyRole::network,  TopologyRole::inter_prefix,
                                             TopologyRole::external, TopologyRole::external};
    return {Topology<V>::type(roles[static_cast<std::size_t>(candidate.kind)]), candidate.id,
            impl_.advertiser(candidate)};
  }
  [[nodiscard]] PrefixPath<V> prototype(const Candidate& candidate, std::uint32_t metric,
                                        PathType type) const {
    PrefixPath<V> path;
    path.metric = metric;
    path.path_type = type;
    path.advertised_by = key(candidate);
    path.advertised_cost = candidate.metric;
    return path;
  }
  [[nodiscard]] std::size_t left() const { return limit_ - std::min(limit_, paths_.size()); }

  /// Paths to a vertex in an area; `path` is complete but for the hops.
  void to_vertex(std::uint32_t number, VertexId vertex, const PrefixPath<V>& path) {
    const auto& area = *impl_.areas[number];
    PathWalk<V>(impl_, area, left()).walk(vertex, [&](std::vector<PathHop<V>> hops) {
      const RouterId last = area.graph[vertex].router;
      if (hops.empty() || hops.back().router != last) hops.push_back({last, 0, std::nullopt});
      paths_.push_back(path);
      paths_.back().hops = std::move(hops);
    });
  }
  /// Section 16.1 step 4: another network-LSA for the prefix, as near, has a larger Link State ID.
  [[nodiscard]] bool loses_to_another(const Candidate& candidate, std::uint32_t cost) const {
    if (candidate.kind != CandidateKind::network) return false;
    for (std::uint32_t slot = impl_.prefixes[candidate.prefix].first; slot != kNoSlot;) {
      const Candidate& other = impl_.prefixes.candidate(slot);
      slot = other.next;
      if (other.kind != CandidateKind::network || !(other.id > candidate.id)) continue;
      const VertexState state = impl_.areas[other.value]->paths[other.source];
      if (state.distance != kUnreachable && std::uint64_t{state.distance} + other.metric == cost) return true;
    }
    return false;
  }
  void internal(const Candidate& candidate, PathType type, std::uint32_t cost, const PrefixPath<V>& path) {
    const bool is_inter = candidate.kind == CandidateKind::inter_prefix;
    if (is_inter != (type == PathType::inter_area) || (is_inter && candidate.metric == kLsInfinity)) return;
    const VertexState state = is_inter ? impl_.border_state(candidate.value, candidate.source)
                                       : impl_.areas[candidate.value]->paths[candidate.source];
    if (state.distance == kUnreachable || std::uint64_t{state.distance} + candidate.metric != cost) return;
    if (loses_to_another(candidate, cost)) return;
    to_vertex(candidate.value, candidate.source, path);
  }
  void external(const PrefixEntry<typename V::Address>& entry, const Candidate& candidate) {
    const auto best = impl_.best_external(entry);
    const auto path = impl_.external_path(candidate);
    if (!path.exists() || path.cost != best.cost || path.type != best.type ||
        path.type2_metric != best.type2_metric || path.is_preferred != best.is_preferred)
      return;
    const PrefixPath<V> result = prototype(candidate, best.cost, best.type);
    if (candidate.link == kNoSlot) return to_boundary(impl_.boundaries[candidate.source], result);
    const auto& forwarding = impl_.forwardings[candidate.link];
    if (forwarding.way.is_attached) return to_attached(forwarding, candidate, result);
    to_forwarding(forwarding, result);
  }
  void to_boundary(const typename Impl::BoundaryRouter& boundary, const PrefixPath<V>& path) {
    const std::uint32_t number = impl_.find_area(boundary.way.area);
    if (number == kNoSlot) return;
    const auto& area = *impl_.areas[number];
    if (boundary.way.type == PathType::intra_area)
      return to_vertex(number, area.graph.find(router_vertex(boundary.router)), path);
    for (const auto& summary : boundary.summaries) {
      const VertexState state = impl_.border_state(number, summary.border_router);
      if (summary.area == number && state.distance != kUnreachable &&
          state.distance + summary.metric == boundary.way.cost)
        to_vertex(number, summary.border_router, path);
    }
  }
  /// The forwarding address is a neighbour on a link of ours.
  void to_attached(const typename Impl::Forwarding& forwarding, const Candidate& candidate,
                   const PrefixPath<V>& path) {
    if (forwarding.way.list == kEmptyList) return to_boundary(impl_.boundaries[candidate.source], path);
    for (const NextHop<V>& next_hop : impl_.next_hops(forwarding.way.list)) {
      if (left() == 0) return;
      paths_.push_back(path);
      paths_.back().hops = {{impl_.root, forwarding.way.cost, next_hop.link}};
    }
  }
  /// To whoever says the longest prefix that covers the address.
  void to_forwarding(const typename Impl::Forwarding& forwarding, const PrefixPath<V>& path) {
    for (unsigned length = V::Address::kBits + 1u; length-- > 0;) {
      const auto prefix =
          Prefix<typename V::Address>::make(forwarding.address, static_cast<std::uint8_t>(length));
      const std::uint32_t slot = impl_.prefixes.find(prefix);
      if (slot == kNoSlot) continue;
      const auto best = impl_.best_internal(impl_.prefixes[slot]);
      if (!best.exists()) continue;
      for (const std::uint32_t other : candidates(impl_.prefixes[slot]))
        if (const Candidate& candidate = impl_.prefixes.candidate(other); !candidate.is_external())
          internal(candidate, best.type, best.cost, path);
      return;
    }
  }

  Impl& impl_;
  std::size_t limit_;
  std::vector<PrefixPath<V>> paths_;
};

template <class V>
std::vector<PrefixPath<V>> RouteCalculator<V>::Impl::paths(const AddressPrefix& prefix, std::size_t limit) {
  const std::uint32_t slot = prefixes.find(prefix);
  if (slot == kNoSlot) return {};
  return PathCollector<V>(*this, limit).collect(prefixes[slot]);
}

// ---- Routers ----

template <class V>
std::vector<RouterRoute<V>> RouteCalculator<V>::Impl::router_routes() {
  std::vector<RouterRoute<V>> result;
  for (std::uint32_t number = 0; number < areas.size(); ++number) {
    if (!areas[number]) continue;
    const Area& area = *areas[number];
    for (VertexId vertex = 0; vertex < area.graph.end(); ++vertex) {
      const Vertex& router = area.graph[vertex];
      const VertexState state = area.paths[vertex];
      const bool counts = router.flags.border || router.flags.as_boundary;
      if (!counts || vertex == area.root || state.list == kEmptyList) continue;
      result.push_back({router.router, area.id, state.distance, PathType::intra_area, router.flags.border,
                        router.flags.as_boundary, next_hops(state.list)});
    }
    for (std::uint32_t slot = 0; slot < boundaries.end(); ++slot) {
      const BoundaryRouter& boundary = boundaries[slot];
      if (boundary.references == 0 || boundary.router == root) continue;
      const VertexId vertex = area.graph.find(router_vertex(boundary.router));
      if (vertex != kNoSlot && area.graph[vertex].flags.as_boundary && area.paths[vertex].list != kEmptyList)
        continue;
      const Way way = way_by_summaries(boundary, number);
      if (way.cost == kUnreachable) continue;
      result.push_back(
          {boundary.router, area.id, way.cost, PathType::inter_area, false, true, next_hops(way.list)});
    }
  }
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
    return std::pair(a.router, a.area) < std::pair(b.router, b.area);
  });
  return result;
}

// ---- The public face ----

template <class V>
void RouteCalculator<V>::Impl::measure(Footprint& footprint) const {
  std::size_t area_count = 0;
  for (const auto& area : areas) {
    if (!area) continue;
    ++area_count;
    area->graph.measure(footprint);
    footprint.held("graph.root-edges", area->root_edges.size());
    footprint.held("graph.networks", area->networks.size());
    footprint.room("graph.paths", area->paths.end());
  }
  footprint.held("calculation.areas", area_count);
  footprint.room("calculation.areas.numbers", areas.size());
  footprint.held("calculation.links", links.size());
  prefixes.measure(footprint);
  footprint.held("prefixes.changed-internal", changed_internal.size());
  footprint.held("boundary-routers", boundaries.size());
  footprint.held("boundary-routers.by-id", boundary_index.size());
  footprint.held("boundary-routers.dirty", dirty_boundaries.size());
  footprint.room("boundary-routers.slots", boundaries.end());
  std::size_t summaries = 0;
  for (std::uint32_t slot = 0; slot < boundaries.end(); ++slot)
    summaries += boundaries[slot].summaries.size();
  footprint.held("boundary-routers.summaries", summaries);
  footprint.held("forwarding-addresses", forwardings.size());
  footprint.held("forwarding-addresses.by-address", forwarding_index.size());
  footprint.room("forwarding-addresses.slots", forwardings.end());
  lists.measure(footprint);
  footprint.room("next-hops", members.size());
  footprint.room("next-hops.by-hop", member_index.size());
  sets.measure(footprint);
  footprint.held("calculation.work", work.size());
  footprint.held("calculation.martians", martians.size());
}

template <class V>
RouteCalculator<V>::RouteCalculator(RouterId root) : impl_(std::make_unique<Impl>(root)) {}
template <class V>
RouteCalculator<V>::~RouteCalculator() = default;
template <class V>
RouteCalculator<V>::RouteCalculator(RouteCalculator&&) noexcept = default;
template <class V>
RouteCalculator<V>& RouteCalculator<V>::operator=(RouteCalculator&&) noexcept = default;

template <class V>
void RouteCalculator<V>::lsa_installed(AreaId area, const Lsa<V>& lsa) {
  impl_->installed(area, lsa);
}
template <class V>
void RouteCalculator<V>::lsa_removed(AreaId area, const LsaKey<V>& key) {
  impl_->removed(area, key);
}
template <class V>
void RouteCalculator<V>::area_removed(AreaId area) {
  impl_->remove_area(area);
}
template <class V>
void RouteCalculator<V>::set_root(RouterId router_id, std::vector<RootLink<V>> links) {
  impl_->set_root(router_id, std::move(links));
}
template <class V>
auto RouteCalculator<V>::pending() const -> Pending {
  return impl_->pending();
}
template <class V>
bool RouteCalculator<V>::take_event() {
  return std::exchange(impl_->has_event, false);
}
template <class V>
CalculationResult RouteCalculator<V>::calculate(std::vector<RouteChange<V>>& changes) {
  return impl_->calculate(changes);
}
template <class V>
std::shared_ptr<const RouteTable<V>> RouteCalculator<V>::table() const {
  if (!impl_->table) impl_->table = impl_->build_table();
  return impl_->table;
}
template <class V>
Generation RouteCalculator<V>::generation() const {
  return impl_->generation;
}
template <class V>
std::size_t RouteCalculator<V>::route_count() const {
  return impl_->route_count;
}
template <class V>
const std::set<Prefix<typename V::Address>>& RouteCalculator<V>::martians() const {
  return impl_->martians;
}
template <class V>
std::vector<PrefixPath<V>> RouteCalculator<V>::paths(const Prefix<typename V::Address>& prefix,
                                                     std::size_t limit) const {
  return impl_->paths(prefix, limit);
}
template <class V>
std::vector<RouterRoute<V>> RouteCalculator<V>::router_routes() const {
  return impl_->router_routes();
}
template <class V>
bool RouteCalculator<V>::reachable(AreaId area, RouterId router) const {
  const std::uint32_t number = impl_->find_area(area);
  if (number == kNoSlot) return false;
  const VertexId vertex = impl_->areas[number]->graph.find(router_vertex(router));
  return vertex != kNoSlot && impl_->areas[number]->paths[vertex].distance != kUnreachable;
}
template <class V>
void RouteCalculator<V>::measure(Footprint& footprint) const {
  impl_->measure(footprint);
}
template <class V>
std::size_t RouteCalculator<V>::prefix_memory() const {
  return impl_->prefixes.memory();
}

}  // namespace wgospf::ospf
