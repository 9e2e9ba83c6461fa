#include "ospf/route/path_walk.h"

#include <algorithm>

namespace wgospf::ospf {

void PathWalk::walk(VertexId vertex, std::size_t limit, const Finish& finish) const {
  if (limit == 0) return;
  if (vertex == area_.root) return finish({});
  std::vector<Frame> stack;
  stack.push_back({vertex, steps_back(vertex)});
  std::size_t budget = kMostSteps;
  while (!stack.empty() && limit > 0 && budget-- > 0) {
    Frame& top = stack.back();
    if (top.next == top.steps.size()) {
      stack.pop_back();
      continue;
    }
    const Step& step = top.steps[top.next++];
    if (step.from == area_.root) {
      --limit;
      finish(hops(stack));
    } else if (std::none_of(stack.begin(), stack.end(),
                            [&](const Frame& frame) { return frame.vertex == step.from; })) {
      stack.push_back({step.from, steps_back(step.from)});
    }
  }
}

auto PathWalk::steps_back(VertexId vertex) const -> std::vector<Step> {
  std::vector<Step> steps = steps_from_root(vertex);
  const VertexState end = area_.paths[vertex];
  const auto edges = area_.graph.edges(vertex);
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const VertexId from = edges[i].target;
    const bool is_repeated = std::any_of(edges.begin(), edges.begin() + static_cast<std::ptrdiff_t>(i),
                                         [from](const Edge& edge) { return edge.target == from; });
    const VertexState start = area_.paths[from];
    if (from == area_.root || is_repeated || start.distance == kUnreachable) continue;
    if (!area_.paths.counts(from, vertex)) continue;
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

auto PathWalk::steps_from_root(VertexId vertex) const -> std::vector<Step> {
  std::vector<Step> steps;
  if (!area_.paths.counts(area_.root, vertex)) return steps;
  for (const RootEdge& way_out : area_.root_edges) {
    const Edge& edge = way_out.edge;
    if (way_out.is_idle || edge.target != vertex || edge.cost != area_.paths[vertex].distance) continue;
    const std::uint32_t number = lists_.members(way_out.list).front();
    PathHop hop{root_, edge.cost, next_hops_[number].link};
    hop.via_network = area_.graph[vertex].key.is_network;
    steps.push_back({area_.root, hop, true});
  }
  return steps;
}

std::vector<PathHop> PathWalk::hops(const std::vector<Frame>& stack) {
  std::vector<PathHop> result;
  for (auto frame = stack.rbegin(); frame != stack.rend(); ++frame)
    if (const Step& step = frame->steps[frame->next - 1]; step.is_hop) result.push_back(step.hop);
  return result;
}

}  // namespace wgospf::ospf
