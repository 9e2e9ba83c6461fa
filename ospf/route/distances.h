#pragma once
// Dijkstra's algorithm over the graph of an area (RFC 2328 section 16.1, first stage): distances from one
// vertex, and the links over which they are reached. No next hops, no history (shortest_paths.h).
//
// The edges out of the root are handed in: of this router they come from its adjacencies and not from its
// LSA.
//
// The queue (the RFC's candidate list) holds 64-bit numbers: the distance above, then the vertex's rank.
// Ranks put networks first (at equal distance they come first, step 3, or equal-cost paths over a network
// would be missed), then go by id: over links that cost nothing the order of equals decides, and it must not
// be the order in which LSAs came. Nothing is removed from the queue; entries that a shorter path has
// overtaken are skipped when they come up.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "ospf/route/graph.h"

namespace wgospf::ospf {

inline constexpr std::uint32_t kUnreachable = 0xffffffff;

/// A path that reached a vertex and was no longer than those before it.
struct Arrival {
  VertexId from = 0, to = 0;
  std::uint32_t distance = 0;  ///< of `to`, this way
};

class Distances {
 public:
  /// Calculates from `root` anew; `first` are its edges, to vertices that link back (step 2b). Returns how
  /// many vertices are reached, the root included.
  std::uint32_t run(const Graph& graph, VertexId root, std::span<const Edge> first);

  /// kUnreachable: there is no path.
  [[nodiscard]] std::uint32_t operator[](VertexId vertex) const { return distances_[vertex]; }
  [[nodiscard]] VertexId end() const { return static_cast<VertexId>(distances_.size()); }
  /// Over a vertex that is on the tree, in the order in which these came onto it. Those whose distance is the
  /// vertex's are the last links of its shortest paths, all of them.
  [[nodiscard]] std::span<const Arrival> arrivals() const { return arrivals_; }
  /// Gives the distances away, and takes memory for the next run.
  [[nodiscard]] std::vector<std::uint32_t> exchange(std::vector<std::uint32_t> memory) {
    return std::exchange(distances_, std::move(memory));
  }

 private:
  struct Ranked {
    VertexKey key;
    VertexId vertex = 0;
  };
  void rank(const Graph& graph);
  [[nodiscard]] bool relax(const Edge& edge, std::uint32_t from);
  void push(std::uint64_t entry);
  [[nodiscard]] std::uint64_t pop();

  std::vector<std::uint32_t> distances_;
  std::vector<Arrival> arrivals_;
  std::vector<std::uint8_t> on_tree_;  // by vertex, during a run
  std::vector<std::uint64_t> queue_;
  std::vector<Ranked> ranked_;        // vertices by rank
  std::vector<std::uint32_t> ranks_;  // by vertex
  std::uint64_t ranked_at_ = 0;       // the graph's vertex_changes() then
};

}  // namespace wgospf::ospf
