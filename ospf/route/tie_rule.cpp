#include "ospf/route/tie_rule.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "ospf/route/next_hop_lists.h"

namespace wgospf::ospf {

namespace {

constexpr VertexId kNone = kNoSlot;

/// Which neighbours on its point-to-multipoint interfaces are second at a router: (1) of the rule.
class Seconds {
 public:
  /// `from_root`: the distances that the rule is asked about.
  Seconds(const Graph& graph, const Distances& from_root) : graph_(graph), from_root_(from_root) {}

  [[nodiscard]] bool is_second_at(VertexId router, VertexId neighbor) {
    auto at = of_router_.find(router);
    if (at == of_router_.end()) at = of_router_.emplace(router, find(router)).first;
    return at->second.contains(neighbor);
  }

 private:
  struct Member {
    std::uint32_t interface = 0;
    RouterId id;
    std::uint32_t edge = 0;
    VertexId vertex = 0;
  };
  using Members = std::vector<Member>;

  /// The neighbours on the router's point-to-multipoint interfaces, by interface and Router ID. Those of an
  /// interface with one are left out.
  [[nodiscard]] Members members_of(VertexId router) const {
    Members members;
    const auto edges = graph_.edges(router);
    for (std::uint32_t i = 0; i < edges.size(); ++i) {
      const EdgeData& data = graph_.data(router, i);
      if (data.is_multipoint && edges[i].is_bidirectional)
        members.push_back({data.data, graph_[edges[i].target].router, i, edges[i].target});
    }
    const auto key = [](const Member& member) {
      return std::tuple(member.interface, member.id, member.edge);
    };
    std::sort(members.begin(), members.end(),
              [&](const Member& a, const Member& b) { return key(a) < key(b); });
    for (auto first = members.begin(); first != members.end();) {
      const auto end = std::find_if(first, members.end(),
                                    [&](const Member& other) { return other.interface != first->interface; });
      const bool is_alone =
          std::all_of(first, end, [&](const Member& other) { return other.id == first->id; });
      first = is_alone ? members.erase(first, end) : end;
    }
    return members;
  }

  [[nodiscard]] std::set<VertexId> find(VertexId router) {
    const Members members = members_of(router);
    if (members.empty()) return {};
    return has_many_hubs() ? all_but_the_lowest(members) : tied(router, members);
  }

  [[nodiscard]] bool has_many_hubs() {
    if (!hubs_) {
      hubs_ = 0;
      for (VertexId vertex = 0; vertex < graph_.end(); ++vertex)
        if (from_root_[vertex] != kUnreachable && !members_of(vertex).empty()) ++*hubs_;
    }
    return *hubs_ > TieRule::kMostHubs;
  }

  /// Of `members`, which are in their order, those that come after another router on their interface.
  static void add_later(const Members& members, std::set<VertexId>& seconds) {
    for (std::size_t i = 0, first = 0; i < members.size(); ++i) {
      if (members[i].interface != members[first].interface) first = i;
      if (members[i].id != members[first].id) seconds.insert(members[i].vertex);
    }
  }
  [[nodiscard]] static std::set<VertexId> all_but_the_lowest(const Members& members) {
    std::set<VertexId> seconds;
    add_later(members, seconds);
    return seconds;
  }
  /// Those that have a tie for some destination.
  [[nodiscard]] std::set<VertexId> tied(VertexId router, const Members& members) {
    std::vector<Edge> first;
    for (const Edge& edge : graph_.edges(router))
      if (edge.is_bidirectional) first.push_back(edge);
    distances_.run(graph_, router, first);
    NextHopLists lists;  // of places in `members`
    std::vector<ListId> of_vertex(graph_.end(), kEmptyList);
    for (std::uint32_t i = 0; i < members.size(); ++i) {
      const VertexId vertex = members[i].vertex;
      if (graph_.edges(router)[members[i].edge].cost == distances_[vertex])
        of_vertex[vertex] = lists.unite(of_vertex[vertex], lists.single(i));
    }
    for (const Arrival& arrival : distances_.arrivals())
      if (arrival.from != router && arrival.distance == distances_[arrival.to])
        of_vertex[arrival.to] = lists.unite(of_vertex[arrival.to], of_vertex[arrival.from]);
    std::set<VertexId> seconds;
    // A list that others were united with is part of one of a vertex: its ties are ties.
    for (ListId list = 1; list < lists.size(); ++list) {
      Members tied;
      for (const std::uint32_t member : lists.members(list)) tied.push_back(members[member]);
      add_later(tied, seconds);
    }
    return seconds;
  }

  const Graph& graph_;
  const Distances& from_root_;
  std::map<VertexId, std::set<VertexId>> of_router_;
  std::optional<std::size_t> hubs_;
  Distances distances_;
};

/// The graph with the edges out of the root, which it lacks.
[[nodiscard]] Graph with_root(const Graph& graph, VertexId root, std::span<const RootEdge> root_edges) {
  Graph whole = graph;
  std::vector<TopologyLink> links;
  for (const RootEdge& out : root_edges) {
    TopologyLink link;
    link.target = graph[out.edge.target].key;
    link.cost = out.edge.cost;
    link.data = out.multipoint;
    link.is_multipoint = out.multipoint != 0;
    links.push_back(link);
  }
  (void)whole.set_links(root, links);
  return whole;
}

/// Compares paths: (2) of the rule.
class Decision {
 public:
  Decision(const Graph& graph, VertexId root, std::span<const RootEdge> root_edges,
           const Distances& distances)
      : graph_(with_root(graph, root, root_edges)),
        distances_(distances),
        seconds_(graph_, distances),
        parents_(graph.end(), kNone),
        places_(graph.end(), 0) {}

  /// `lose(from, to)` for the last links of the paths that do not count.
  template <class Lose>
  void decide(Lose&& lose) {
    std::map<VertexId, std::vector<VertexId>> equals;  // of those with several parents: the best so far
    VertexId place = 0;
    for (const auto& [from, to, distance] : distances_.arrivals()) {
      if (places_[from] == 0) places_[from] = ++place;
      if (distance != distances_[to]) continue;
      VertexId& parent = parents_[to];
      if (parent == kNone) parent = from;
      if (parent == from) continue;
      auto& best = equals.try_emplace(to, std::vector{parent}).first->second;
      if (std::find(best.begin(), best.end(), from) != best.end()) continue;
      const auto [mine, others] = differing_links(to, from, parent);
      if (mine == others) {
        best.push_back(from);
      } else if (mine < others) {
        for (const VertexId loser : best) lose(loser, to);
        best = {from};
        parent = from;
      } else {
        lose(from, to);
      }
    }
  }

 private:
  /// The greater, then the smaller Router ID of a link's ends; of a set the greatest first.
  using Link = std::pair<RouterId, RouterId>;
  using Links = std::vector<Link>;

  /// The second links of the path to `to` over `a`, and of that over `b`, as far back as these differ.
  [[nodiscard]] std::pair<Links, Links> differing_links(VertexId to, VertexId a, VertexId b) {
    std::pair<Links, Links> links;
    add(a, to, links.first);
    add(b, to, links.second);
    while (a != b) {
      // Parents come before their children: the later of two cannot be on the other's path.
      const bool is_a = places_[a] > places_[b];
      VertexId& later = is_a ? a : b;
      add(parents_[later], later, is_a ? links.first : links.second);
      later = parents_[later];
    }
    std::sort(links.first.begin(), links.first.end(), std::greater<>{});
    std::sort(links.second.begin(), links.second.end(), std::greater<>{});
    return links;
  }
  void add(VertexId from, VertexId to, Links& links) {
    if (graph_[from].key.is_network || graph_[to].key.is_network) return;
    if (!seconds_.is_second_at(from, to) && !seconds_.is_second_at(to, from)) return;
    links.push_back(std::minmax<RouterId>(graph_[from].router, graph_[to].router, std::greater<>{}));
  }

  Graph graph_;
  const Distances& distances_;
  Seconds seconds_;
  std::vector<VertexId> parents_;  // of each vertex: one of those that count
  std::vector<VertexId> places_;   // in the order in which they came onto the tree; 0: not known yet
};

/// Are there equal-cost paths to some vertex?
[[nodiscard]] bool has_ties(const Graph& graph, const Distances& distances) {
  std::vector<VertexId> parents(graph.end(), kNone);
  for (const auto& [from, to, distance] : distances.arrivals()) {
    if (distance != distances[to]) continue;
    if (parents[to] != kNone && parents[to] != from) return true;
    parents[to] = from;
  }
  return false;
}

}  // namespace

void TieRule::decide(const Graph& graph, VertexId root, std::span<const RootEdge> root_edges,
                     const Distances& distances) {
  losers_.clear();
  const bool is_root_on_one = std::any_of(root_edges.begin(), root_edges.end(),
                                          [](const RootEdge& edge) { return edge.multipoint != 0; });
  if (!graph.has_multipoint() && !is_root_on_one) return;
  if (!has_ties(graph, distances)) return;
  Decision(graph, root, root_edges, distances).decide([this](VertexId from, VertexId to) {
    losers_.emplace_back(from, to);
  });
  std::sort(losers_.begin(), losers_.end());
}

bool TieRule::is_loser(Step step) const {
  return std::binary_search(losers_.begin(), losers_.end(), step);
}

}  // namespace wgospf::ospf
