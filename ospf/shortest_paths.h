#pragma once
// Dijkstra's algorithm over the graph of an area (RFC 2328 section 16.1, first stage), with equal-cost paths.
//
// The root's own edges do not come from its LSA but from its adjacencies, handed in as RootEdge. The queue
// holds 64-bit numbers: the distance above, then the vertex's rank. Ranks put networks first (at equal
// distance they come first, step 3, or equal-cost paths over a network would be missed), then go by id: over
// links that cost nothing the order of equals decides, and it must not be the order in which LSAs came.
// Nothing is removed from the queue; entries that a shorter path has overtaken are skipped when they come up.
//
// The result of the former run is kept, so that the vertices that changed are known.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
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
  struct Ranked {
    VertexKey key;
    VertexId vertex = 0;
  };
  [[nodiscard]] std::uint64_t entry(std::uint32_t distance, VertexId vertex) const {
    return (std::uint64_t{distance} << 32) | ranks_[vertex];
  }
  void rank(const Graph& graph);
  void relax(const Edge& edge, std::uint64_t from, ListId list, NextHopLists& lists);

  std::vector<VertexState> now_, before_;
  MinQueue queue_;
  std::vector<std::uint8_t> on_tree_;  // by vertex, during a run
  std::vector<Ranked> ranked_;         // vertices by rank
  std::vector<std::uint32_t> ranks_;   // by vertex
  std::uint64_t ranked_at_ = 0;        // the graph's vertex_changes() then
};

// Numbers the vertices of the graph in order of rank. Vertices come and go a few at a time: what is sorted
// stays so, and new ones are merged in.
inline void ShortestPaths::rank(const Graph& graph) {
  if (std::exchange(ranked_at_, graph.vertex_changes()) == graph.vertex_changes()) return;
  const auto before = [](const Ranked& a, const Ranked& b) {
    return std::tuple(!a.key.is_network, a.key.id) < std::tuple(!b.key.is_network, b.key.id);
  };
  std::erase_if(ranked_, [&](const Ranked& ranked) {
    return ranked.vertex >= graph.end() || graph.find(ranked.key) != ranked.vertex;
  });
  std::vector<bool> is_known(graph.end());
  for (const Ranked& ranked : ranked_) is_known[ranked.vertex] = true;
  const auto known = static_cast<std::ptrdiff_t>(ranked_.size());
  for (VertexId vertex = 0; vertex < graph.end(); ++vertex)
    if (!is_known[vertex]) ranked_.push_back({graph[vertex].key, vertex});
  std::sort(ranked_.begin() + known, ranked_.end(), before);
  std::inplace_merge(ranked_.begin(), ranked_.begin() + known, ranked_.end(), before);
  ranks_.resize(graph.end());
  for (std::size_t i = 0; i < ranked_.size(); ++i) ranks_[ranked_[i].vertex] = static_cast<std::uint32_t>(i);
}

// Step 2d: a path to the edge's target over the vertex of queue entry `from`.
inline void ShortestPaths::relax(const Edge& edge, std::uint64_t from, ListId list, NextHopLists& lists) {
  const std::uint64_t sum = (from >> 32) + edge.cost;
  const auto distance = static_cast<std::uint32_t>(std::min<std::uint64_t>(sum, kUnreachable));
  VertexState& target = now_[edge.target];
  if (distance > target.distance) return;
  if (distance < target.distance) {
    target = {distance, list};
    queue_.push(entry(distance, edge.target));
  } else if (list != target.list && distance != kUnreachable) {
    // Step 2c: not when it is on the tree already, which a link that costs nothing may lead back to.
    if (edge.cost == 0 && on_tree_[edge.target]) return;
    target.list = lists.unite(target.list, list);
  }
}

template <class Beyond>
std::uint32_t ShortestPaths::run(const Graph& graph, VertexId root, std::span<const RootEdge> root_edges,
                                 NextHopLists& lists, Beyond&& beyond) {
  reset(graph.end());
  queue_.clear();
  rank(graph);
  on_tree_.assign(now_.size(), 0);
  for (const RootEdge& edge : root_edges) {
    const bool is_router = !graph[edge.target].key.is_network;
    relax({edge.target, static_cast<std::uint16_t>(edge.cost), true, is_router}, 0, edge.list, lists);
  }
  // Nothing is shorter than the root itself; set last, so that no path leads back to it.
  now_[root] = {0, kEmptyList};
  std::uint32_t reached = 1;
  while (!queue_.empty()) {
    const std::uint64_t top = queue_.pop();
    const VertexId vertex = ranked_[static_cast<std::uint32_t>(top)].vertex;
    const VertexState state = now_[vertex];
    if (state.distance != (top >> 32) || vertex == root) continue;
    on_tree_[vertex] = 1;
    ++reached;
    const bool is_direct = lists.has_direct(state.list) && graph[vertex].key.is_network;
    for (const Edge& edge : graph.edges(vertex)) {
      if (!edge.is_bidirectional || edge.target == root) continue;
      relax(edge, top, is_direct ? beyond(state.list, vertex, edge.target) : state.list, lists);
    }
  }
  return reached;
}

}  // namespace wgospf::ospf
