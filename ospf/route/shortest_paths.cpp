#include "ospf/route/shortest_paths.h"

namespace wgospf::ospf {

std::uint32_t ShortestPaths::run(const Graph& graph, VertexId root, std::span<const RootEdge> root_edges,
                                 NextHopLists& lists, const Beyond& beyond) {
  first_.clear();
  for (const RootEdge& edge : root_edges) first_.push_back(edge.edge);
  former_distances_ = distances_.exchange(std::move(former_distances_));
  former_lists_.swap(lists_);
  const std::uint32_t reached = distances_.run(graph, root, first_);
  ties_.decide(graph, root, root_edges, distances_);
  const bool all_count = ties_.all_count();
  former_distances_.resize(graph.end(), kUnreachable);
  former_lists_.resize(graph.end(), kEmptyList);
  lists_.assign(graph.end(), kEmptyList);

  for (const RootEdge& edge : root_edges)
    if (edge.edge.cost == distances_[edge.edge.target] && !edge.is_idle &&
        (all_count || ties_.counts(root, edge.edge.target)))
      lists_[edge.edge.target] = lists.unite(lists_[edge.edge.target], edge.list);
  // In this order the next hops of `from` are complete.
  for (const Arrival& arrival : distances_.arrivals()) {
    if (arrival.from == root || arrival.distance != distances_[arrival.to]) continue;
    if (!all_count && !ties_.counts(arrival.from, arrival.to)) continue;
    ListId list = lists_[arrival.from];
    if (lists.has_direct(list) && graph[arrival.from].key.is_network)
      list = beyond(list, arrival.from, arrival.to);
    lists_[arrival.to] = lists.unite(lists_[arrival.to], list);
  }
  return reached;
}

}  // namespace wgospf::ospf
