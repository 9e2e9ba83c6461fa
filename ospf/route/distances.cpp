#include "ospf/route/distances.h"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "ospf/base/heap.h"

namespace wgospf::ospf {

inline void Distances::push(std::uint64_t entry) {
  queue_.push_back(entry);
  heap_sift_up(queue_, queue_.size() - 1, entry, std::less<>{},
               [this](std::size_t at, std::uint64_t moved) { queue_[at] = moved; });
}

inline std::uint64_t Distances::pop() {
  const std::uint64_t top = queue_.front();
  const std::uint64_t last = queue_.back();
  queue_.pop_back();
  if (!queue_.empty())
    heap_sift_down(queue_, 0, last, std::less<>{},
                   [this](std::size_t at, std::uint64_t moved) { queue_[at] = moved; });
  return top;
}

// Numbers the vertices of the graph in order of rank. Vertices come and go a few at a time: what is sorted
// stays so, and new ones are merged in.
void Distances::rank(const Graph& graph) {
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

// Step 2d: a path to the edge's target over a vertex that is `from` away from the root. False when it is
// longer than another.
inline bool Distances::relax(const Edge& edge, std::uint32_t from) {
  const std::uint64_t distance = std::uint64_t{from} + edge.cost;
  std::uint32_t& known = distances_[edge.target];
  if (distance > known) return false;
  if (distance < known) {
    known = static_cast<std::uint32_t>(distance);
    push((distance << 32) | ranks_[edge.target]);
    return true;
  }
  // Step 2c: not when it is on the tree already, which a link that costs nothing may lead back to.
  return distance != kUnreachable && (edge.cost > 0 || on_tree_[edge.target] == 0);
}

std::uint32_t Distances::run(const Graph& graph, VertexId root, std::span<const Edge> first) {
  rank(graph);
  distances_.assign(graph.end(), kUnreachable);
  on_tree_.assign(graph.end(), 0);
  arrivals_.clear();
  queue_.clear();
  // Nothing is shorter than the root itself, and no path leads back to it.
  distances_[root] = 0;
  on_tree_[root] = 1;
  for (const Edge& edge : first)
    if (relax(edge, 0)) arrivals_.push_back({root, edge.target, edge.cost});
  std::uint32_t reached = 1;
  while (!queue_.empty()) {
    const std::uint64_t top = pop();
    const auto distance = static_cast<std::uint32_t>(top >> 32);
    const VertexId vertex = ranked_[static_cast<std::uint32_t>(top)].vertex;
    if (distances_[vertex] != distance) continue;
    on_tree_[vertex] = 1;
    ++reached;
    for (const Edge& edge : graph.edges(vertex))
      if (edge.is_bidirectional && relax(edge, distance))
        arrivals_.push_back({vertex, edge.target, distance + edge.cost});
  }
  return reached;
}

}  // namespace wgospf::ospf
