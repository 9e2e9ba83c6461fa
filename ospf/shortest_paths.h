#pragma once
// Dijkstra's algorithm over the graph of an area (RFC 2328 section 16.1, first stage), with equal-cost paths.
//
// The root's own edges do not come from its LSA but from its adjacencies, handed in as RootEdge. The queue
// holds 64-bit numbers: the distance above, then a bit for routers (at equal distance networks come first,
// step 3, or equal-cost paths over a network would be missed), then the vertex. Nothing is removed from it;
// entries that a shorter path has overtaken are skipped when they come up.
//
// The result of the former run is kept, so that the vertices that changed are known.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "ospf/graph.h"
#include "ospf/next_hop_lists.h"

namespace wgospf::ospf {

inline constexpr std::uint32_t kUnreachable = 0xffffffff;

struct VertexState {
  std::uint32_t distance = kUnreachable;
  ListId list = kEmptyList;  ///< next hops from the root
  bool operator==(const VertexState&) const = default;
};

/// An edge out of the root: its target links back, `list` is the next hop it means.
struct RootEdge {
  VertexId target = 0;
  std::uint32_t cost = 0;
  ListId list = kEmptyList;
};

/// A priority queue of 64-bit numbers, smallest first: a heap with four children to a node, which halves the
/// depth and keeps siblings in one cache line.
class MinQueue {
 public:
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  void clear() { heap_.clear(); }
  void push(std::uint64_t value) {
    std::size_t hole = heap_.size();
    heap_.push_back(value);
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / 4;
      if (heap_[parent] <= value) break;
      heap_[hole] = heap_[parent];
      hole = parent;
    }
    heap_[hole] = value;
  }
  std::uint64_t pop() {
    const std::uint64_t top = heap_.front();
    const std::uint64_t last = heap_.back();
    heap_.pop_back();
    const std::size_t size = heap_.size();
    if (size == 0) return top;
    std::size_t hole = 0;
    for (std::size_t child = 1; child < size; child = 4 * hole + 1) {
      std::size_t best = child;
      const std::size_t end = std::min(child + 4, size);
      for (std::size_t other = child + 1; other < end; ++other)
        if (heap_[other] < heap_[best]) best = other;
      if (heap_[best] >= last) break;
      heap_[hole] = heap_[best];
      hole = best;
    }
    heap_[hole] = last;
    return top;
  }

 private:
  std::vector<std::uint64_t> heap_;
};

class ShortestPaths {
 public:
  /// Calculates from `root` anew. `beyond(list, network, router)` gives the next hops of a router behind a
  /// network of the root's own. Returns how many vertices are reached, the root included.
  template <class Beyond>
  std::uint32_t run(const Graph& graph, VertexId root, std::span<const RootEdge> root_edges,
                    NextHopLists& lists, Beyond&& beyond);

  [[nodiscard]] VertexState operator[](VertexId vertex) const {
    return vertex < now_.size() ? now_[vertex] : VertexState{};
  }
  /// Did the latest run give something else than the one before it?
  [[nodiscard]] bool changed(VertexId vertex) const {
    return now_[vertex] != (vertex < before_.size() ? before_[vertex] : VertexState{});
  }
  [[nodiscard]] VertexId end() const { return static_cast<VertexId>(now_.size()); }
  /// Nothing is reachable any more; what was counts as changed.
  void reset(VertexId end) {
    before_.swap(now_);
    now_.assign(std::max<std::size_t>(end, before_.size()), VertexState{});
  }
  /// Lists have been renumbered.
  void renumber(const std::vector<ListId>& numbers) {
    for (VertexState& state : now_) state.list = numbers[state.list];
  }
  template <class Mark>
  void for_each_list(Mark&& mark) const {
    for (const VertexState& state : now_) mark(state.list);
  }

 private:
  static constexpr std::uint64_t kRouterBit = std::uint64_t{1} << 31;
  static constexpr std::uint64_t kVertexMask = kRouterBit - 1;
  [[nodiscard]] static std::uint64_t entry(std::uint32_t distance, bool is_router, VertexId vertex) {
    return (std::uint64_t{distance} << 32) | (is_router ? kRouterBit : 0) | vertex;
  }
  void relax(const Edge& edge, std::uint64_t from, ListId list, NextHopLists& lists);

  std::vector<VertexState> now_, before_;
  MinQueue queue_;
};

// Step 2d: a path to the edge's target over the vertex of queue entry `from`.
inline void ShortestPaths::relax(const Edge& edge, std::uint64_t from, ListId list, NextHopLists& lists) {
  const std::uint64_t sum = (from >> 32) + edge.cost;
  const auto distance = static_cast<std::uint32_t>(std::min<std::uint64_t>(sum, kUnreachable));
  VertexState& target = now_[edge.target];
  if (distance > target.distance) return;
  if (distance < target.distance) {
    target = {distance, list};
    queue_.push(entry(distance, edge.target_is_router, edge.target));
  } else if (list != target.list && distance != kUnreachable) {
    // Step 2c: not when it is on the tree already, which a link that costs nothing may lead back to.
    if (edge.cost == 0 && entry(distance, edge.target_is_router, edge.target) < from) return;
    target.list = lists.unite(target.list, list);
  }
}

template <class Beyond>
std::uint32_t ShortestPaths::run(const Graph& graph, VertexId root, std::span<const RootEdge> root_edges,
                                 NextHopLists& lists, Beyond&& beyond) {
  reset(graph.end());
  queue_.clear();
  for (const RootEdge& edge : root_edges) {
    const bool is_router = !graph[edge.target].key.is_network;
    relax({edge.target, static_cast<std::uint16_t>(edge.cost), true, is_router}, 0, edge.list, lists);
  }
  // Nothing is shorter than the root itself; set last, so that no path leads back to it.
  now_[root] = {0, kEmptyList};
  std::uint32_t reached = 1;
  while (!queue_.empty()) {
    const std::uint64_t top = queue_.pop();
    const auto vertex = static_cast<VertexId>(top & kVertexMask);
    const VertexState state = now_[vertex];
    if (state.distance != (top >> 32) || vertex == root) continue;
    ++reached;
    const bool is_direct = lists.has_direct(state.list) && (top & kRouterBit) == 0;
    for (const Edge& edge : graph.edges(vertex)) {
      if (!edge.is_bidirectional || edge.target == root) continue;
      relax(edge, top, is_direct ? beyond(state.list, vertex, edge.target) : state.list, lists);
    }
  }
  return reached;
}

}  // namespace wgospf::ospf
