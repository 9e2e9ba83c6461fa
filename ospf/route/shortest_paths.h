#pragma once
// The shortest-path tree of an area with equal-cost paths: the distances (distances.h), which of these paths
// count (tie_rule.h), the next hops that go with them (RFC 2328 section 16.1.1), and what the run before gave, so that the vertices that changed are
// known.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "ospf/route/distances.h"
#include "ospf/route/graph.h"
#include "ospf/route/next_hop_lists.h"
#include "ospf/route/root_edge.h"
#include "ospf/route/tie_rule.h"

namespace wgospf::ospf {

struct VertexState {
  std::uint32_t distance = kUnreachable;
  ListId list = kEmptyList;  ///< next hops from the root
  bool operator==(const VertexState&) const = default;
};

class ShortestPaths {
 public:
  /// The next hops of a router behind a network of the root's own, which is reached by `list`.
  using Beyond = std::function<ListId(ListId list, VertexId network, VertexId router)>;

  /// Calculates from `root` anew. Returns how many vertices are reached, the root included.
  std::uint32_t run(const Graph& graph, VertexId root, std::span<const RootEdge> root_edges,
                    NextHopLists& lists, const Beyond& beyond);

  [[nodiscard]] VertexState operator[](VertexId vertex) const {
    return vertex < lists_.size() ? VertexState{distances_[vertex], lists_[vertex]} : VertexState{};
  }
  /// Did the latest run give something else than the one before it?
  [[nodiscard]] bool changed(VertexId vertex) const {
    return distances_[vertex] != former_distances_[vertex] || lists_[vertex] != former_lists_[vertex];
  }
  /// Is the link the last of a shortest path to `to` that counts, given that it is the last of one?
  [[nodiscard]] bool counts(VertexId from, VertexId to) const { return ties_.counts(from, to); }
  [[nodiscard]] VertexId end() const { return static_cast<VertexId>(lists_.size()); }
  /// Lists have been renumbered.
  void renumber(const std::vector<ListId>& numbers) {
    for (ListId& list : lists_) list = numbers[list];
  }
  void measure(Footprint& footprint) const { ties_.measure(footprint); }
  template <class Mark>
  void for_each_list(Mark&& mark) const {
    for (const ListId list : lists_) mark(list);
  }

 private:
  Distances distances_;
  TieRule ties_;
  std::vector<ListId> lists_;  // by vertex
  std::vector<std::uint32_t> former_distances_;
  std::vector<ListId> former_lists_;
  std::vector<Edge> first_;  // scratch of run()
};

}  // namespace wgospf::ospf
