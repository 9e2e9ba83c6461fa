#pragma once
// The equal-cost paths to a prefix, hop by hop, for people.

#include <algorithm>

#include "ospf/route/calculator_state.h"

namespace wgospf::ospf {

/// Walks the equal-cost paths to a vertex, from its end to the root: the steps back are the links that are
/// tight, that is, whose cost is just the difference of the distances.
template <class V>
class PathWalk {
 public:
  using Impl = typename RouteCalculator<V>::Impl;

  PathWalk(const Impl& impl, const RoutingArea& area, std::size_t limit)
      : impl_(impl), area_(area), limit_(limit) {}

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
      PathHop<V> hop{impl_.root, edge.cost, impl_.next_hops[number].link};
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
  const RoutingArea& area_;
  std::size_t limit_;
};

/// Collects the paths to a prefix over each of its offers that is as good as the best.
template <class V>
class PathCollector {
 public:
  using Impl = typename RouteCalculator<V>::Impl;
  using Entry = PrefixEntry<typename V::Address>;

  PathCollector(Impl& impl, std::size_t limit) : impl_(impl), limit_(limit) {}

  [[nodiscard]] std::vector<PrefixPath<V>> collect(const Entry& entry) {
    const Path best = impl_.best(entry);
    for (const std::uint32_t slot : offers(entry)) {
      const Offer& offer = impl_.prefixes.offer(slot);
      if (!is_as_good(offer, best)) continue;
      PrefixPath<V> path;
      path.metric = best.cost;
      path.path_type = best.type;
      path.advertised_by = key(offer);
      path.advertised_cost = offer.metric;
      offer.is_external() ? external(offer, path) : to_vertex(offer.area, offer.source, path);
    }
    return std::move(paths_);
  }

 private:
  [[nodiscard]] bool is_as_good(const Offer& offer, const Path& best) const {
    const Path path = impl_.path_over(offer);
    return path.exists() && rank(path) == rank(best) && !loses_as_network(path, best);
  }
  /// In order of their LSAs, whatever the order they came in.
  [[nodiscard]] std::vector<std::uint32_t> offers(const Entry& entry) const {
    std::vector<std::uint32_t> slots;
    for (std::uint32_t slot = entry.first; slot != kNoSlot; slot = impl_.prefixes.offer(slot).next)
      slots.push_back(slot);
    std::sort(slots.begin(), slots.end(), [this](std::uint32_t a, std::uint32_t b) {
      return key(impl_.prefixes.offer(a)) < key(impl_.prefixes.offer(b));
    });
    return slots;
  }
  [[nodiscard]] LsaKey key(const Offer& offer) const {
    static constexpr TopologyRole roles[] = {TopologyRole::none,     TopologyRole::router,
                                             TopologyRole::network,  TopologyRole::inter_prefix,
                                             TopologyRole::external, TopologyRole::external};
    return {Topology<V>::type(roles[static_cast<std::size_t>(offer.kind)]), offer.id,
            impl_.advertiser(offer)};
  }
  [[nodiscard]] std::size_t left() const { return limit_ - std::min(limit_, paths_.size()); }

  /// Paths to a vertex in an area; `path` is complete but for the hops.
  void to_vertex(std::uint32_t number, VertexId vertex, const PrefixPath<V>& path) {
    const RoutingArea& area = impl_.areas[number];
    PathWalk<V>(impl_, area, left()).walk(vertex, [&](std::vector<PathHop<V>> hops) {
      const RouterId last = area.graph[vertex].router;
      if (hops.empty() || hops.back().router != last) hops.push_back({last, 0, std::nullopt});
      paths_.push_back(path);
      paths_.back().hops = std::move(hops);
    });
  }
  void external(const Offer& offer, const PrefixPath<V>& path) {
    const auto& boundary = impl_.boundaries[offer.source];
    if (offer.forwarding == kNoSlot) return to_boundary(boundary, path);
    const auto& forwarding = impl_.forwardings[offer.forwarding];
    if (!forwarding.way.is_attached) return to_forwarding(forwarding.address, path);
    if (forwarding.way.list == kEmptyList) return to_boundary(boundary, path);
    // The forwarding address is a neighbour on a link of ours.
    for (const NextHop<V>& next_hop : impl_.next_hops.of(impl_.lists, forwarding.way.list)) {
      if (left() == 0) return;
      paths_.push_back(path);
      paths_.back().hops = {{impl_.root, forwarding.way.cost, next_hop.link}};
    }
  }
  void to_boundary(const BoundaryRouters::Record& boundary, const PrefixPath<V>& path) {
    const std::uint32_t number = impl_.areas.find(boundary.way.area);
    if (number == kNoSlot) return;
    if (boundary.way.type == PathType::intra_area)
      return to_vertex(number, impl_.areas[number].graph.find(router_vertex(boundary.router)), path);
    for (const auto& summary : boundary.summaries) {
      if (summary.area != number) continue;
      const VertexState state = impl_.areas.border_state(number, summary.border_router);
      if (state.distance != kUnreachable && state.distance + summary.metric == boundary.way.cost)
        to_vertex(number, summary.border_router, path);
    }
  }
  /// To whoever says the longest prefix that covers the address.
  void to_forwarding(const typename V::Address& address, const PrefixPath<V>& path) {
    for (unsigned length = V::Address::kBits + 1u; length-- > 0;) {
      const auto prefix = Prefix<typename V::Address>::make(address, static_cast<std::uint8_t>(length));
      const std::uint32_t slot = impl_.prefixes.find(prefix);
      if (slot == kNoSlot) continue;
      const Path best = impl_.best_internal(impl_.prefixes[slot]);
      if (!best.exists()) continue;
      for (const std::uint32_t other : offers(impl_.prefixes[slot])) {
        const Offer& offer = impl_.prefixes.offer(other);
        if (!offer.is_external() && is_as_good(offer, best)) to_vertex(offer.area, offer.source, path);
      }
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

}  // namespace wgospf::ospf
