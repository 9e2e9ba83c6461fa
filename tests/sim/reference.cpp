#include "tests/sim/reference.h"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "ospf/route/tie_rule.h"

namespace wgospf::sim {

using namespace ospf;

namespace {

/// May what comes from `source` be the neighbour's? A port for one peer takes it from that one. On a port
/// with subnets one of these must have it, unless the port's address names its far end or is alone.
bool takes_for_a_neighbor(const Port& port, Ipv4Address source) {
  if (port.config.peer_address) return *port.config.peer_address == IpAddress{source};
  if (port.is_unnumbered()) return true;
  for (const auto& own : port.status().addresses) {
    if (own.peer ? *own.peer == IpAddress{source} : own.prefix_length == 32) return true;
    if (!own.peer && own.prefix<Ipv4Address>() == Ipv4Prefix::make(source, own.prefix_length)) return true;
  }
  return false;
}

/// On a point-to-multipoint network the masks of both ends must be the same, but for addresses alone in
/// theirs.
bool has_differing_masks(const Port& a, const Port& b) {
  if (a.is_unnumbered() || b.is_unnumbered()) return false;
  const auto length_a = a.status().addresses.front().prefix_length;
  const auto length_b = b.status().addresses.front().prefix_length;
  return length_a != length_b && length_a != 32 && length_b != 32;
}

/// Both ends of a cable are in one area, and take it for one of the same type.
bool agree_on_the_area(const Network& network, const Cable& cable) {
  const AreaConfig* areas[2];
  for (std::size_t end = 0; end < 2; ++end) {
    const Router& router = network.routers[cable.ends[end].router];
    areas[end] = router.find_area(router.ports.at(cable.ends[end].link).config.area);
  }
  return areas[0] != nullptr && areas[1] != nullptr && areas[0]->id == areas[1]->id &&
         areas[0]->type == areas[1]->type;
}

}  // namespace

bool has_host_routes(const Port& port) {
  return port.status().loopback || port.config.type == InterfaceType::point_to_multipoint;
}

bool adjacency_exists(const Network& network, CableIndex index) {
  const Cable& cable = network.cables[index];
  if (cable.into[0].cut || cable.into[1].cut) return false;
  const Port* ports[2];
  for (std::size_t end = 0; end < 2; ++end) {
    const Router& router = network.routers[cable.ends[end].router];
    const auto port = router.ports.find(cable.ends[end].link);
    if (!router.is_running() || port == router.ports.end() || !port->second.status().up) return false;
    ports[end] = &port->second;
  }
  if (!agree_on_the_area(network, cable)) return false;
  for (std::size_t end = 0; end < 2; ++end)
    if (!takes_for_a_neighbor(*ports[end], ports[1 - end]->source())) return false;
  // What a port for one peer sends to its address alone the other takes from its own peer only.
  if (ports[0]->config.peer_address.has_value() != ports[1]->config.peer_address.has_value()) return false;
  if (ports[0]->config.peer_address && has_differing_masks(*ports[0], *ports[1])) return false;
  return ports[0]->config.hello_interval == ports[1]->config.hello_interval &&
         ports[0]->config.dead_interval == ports[1]->config.dead_interval;
}

namespace {

/// The ports at both ends are in one area, when there is an adjacency.
AreaId area_of(const Network& network, CableIndex index) {
  const auto& end = network.cables[index].ends[0];
  return network.routers[end.router].ports.at(end.link).config.area;
}

template <class Counts>
std::vector<RouterIndex> components_over(const Network& network, Counts&& counts) {
  std::vector<RouterIndex> lowest(network.routers.size());
  for (RouterIndex i = 0; i < lowest.size(); ++i) lowest[i] = i;
  for (bool changed = true; changed;) {
    changed = false;
    for (CableIndex i = 0; i < network.cables.size(); ++i) {
      if (!adjacency_exists(network, i) || !counts(area_of(network, i))) continue;
      RouterIndex& a = lowest[network.cables[i].ends[0].router];
      RouterIndex& b = lowest[network.cables[i].ends[1].router];
      if (a == b) continue;
      a = b = std::min(a, b);
      changed = true;
    }
  }
  return lowest;
}

}  // namespace

std::vector<RouterIndex> components(const Network& network) {
  return components_over(network, [](AreaId) { return true; });
}

std::vector<RouterIndex> components(const Network& network, AreaId area) {
  return components_over(network, [area](AreaId other) { return other == area; });
}

std::vector<RouterIndex> as_components(const Network& network) {
  std::set<AreaId> taking;
  for (const Router& router : network.routers)
    for (const AreaConfig& area : router.areas)
      if (area.type == AreaType::normal) taking.insert(area.id);
  return components_over(network, [&taking](AreaId area) { return taking.contains(area); });
}

std::map<Ipv4Prefix, std::uint32_t> own_prefixes(const Router& router, std::optional<AreaId> area) {
  std::map<Ipv4Prefix, std::uint32_t> prefixes;
  for (const auto& [link, port] : router.ports) {
    if (!port.status().up || (area && port.config.area != *area)) continue;
    for (const auto& address : port.status().addresses) {
      const bool are_hosts = has_host_routes(port);
      const auto prefix =
          are_hosts ? Ipv4Prefix::host(as<Ipv4Address>(address.address)) : address.prefix<Ipv4Address>();
      const std::uint32_t cost = are_hosts ? 0 : port.config.cost;
      const auto [it, is_new] = prefixes.try_emplace(prefix, cost);
      it->second = std::min(it->second, cost);
    }
    if (port.config.type == InterfaceType::point_to_multipoint && port.is_unnumbered() &&
        port.status().source())
      prefixes[Ipv4Prefix::host(port.source())] = 0;
  }
  return prefixes;
}

bool owns(const Router& router, Ipv4Address address) {
  return std::any_of(router.ports.begin(), router.ports.end(), [address](const auto& entry) {
    const auto& status = entry.second.status();
    return status.up && std::any_of(status.addresses.begin(), status.addresses.end(),
                                    [address](const auto& own) { return own.address == IpAddress{address}; });
  });
}

namespace {

/// On a point-to-multipoint interface both directions cost the same.
bool is_of_peers(const Port& port) {
  return port.config.type == InterfaceType::point_to_multipoint;
}

struct Edge {
  RouterIndex to;
  LinkId link;
  std::uint32_t cost;
  std::optional<DeviceId> multipoint;  ///< the interface, when it is a point-to-multipoint one
};
using Edges = std::vector<std::vector<Edge>>;

Edges graph(const Network& network, AreaId area) {
  Edges edges(network.routers.size());
  for (CableIndex i = 0; i < network.cables.size(); ++i) {
    if (!adjacency_exists(network, i) || area_of(network, i) != area) continue;
    const auto& ends = network.cables[i].ends;
    for (std::size_t end = 0; end < 2; ++end) {
      const Port& port = network.routers[ends[end].router].ports.at(ends[end].link);
      const Port& far = network.routers[ends[1 - end].router].ports.at(ends[1 - end].link);
      const auto cost = is_of_peers(port) || is_of_peers(far) ? std::max(port.config.cost, far.config.cost)
                                                              : port.config.cost;
      edges[ends[end].router].push_back({ends[1 - end].router, ends[end].link, cost, {}});
      if (port.config.type == InterfaceType::point_to_multipoint)
        edges[ends[end].router].back().multipoint = port.config.device;
    }
  }
  return edges;
}

using Costs = std::vector<std::optional<std::uint32_t>>;

Costs costs_from(const Edges& edges, RouterIndex root) {
  Costs cost(edges.size());
  std::vector<bool> done(edges.size(), false);
  cost[root] = 0;
  for (;;) {
    std::optional<RouterIndex> nearest;
    for (RouterIndex i = 0; i < edges.size(); ++i)
      if (!done[i] && cost[i] && (!nearest || *cost[i] < *cost[*nearest])) nearest = i;
    if (!nearest) return cost;
    done[*nearest] = true;
    for (const Edge& edge : edges[*nearest])
      if (!cost[edge.to] || *cost[edge.to] > *cost[*nearest] + edge.cost)
        cost[edge.to] = *cost[*nearest] + edge.cost;
  }
}

/// The second links of the tie rule (ospf/route/tie_rule.h), by its text.
class SecondLinks {
 public:
  using Link = std::pair<RouterId, RouterId>;  ///< the greater Router ID first

  SecondLinks(const Network& network, const Edges& edges, const Costs& from_root)
      : network_(network), edges_(edges) {
    std::size_t hubs = 0;
    for (RouterIndex i = 0; i < edges.size(); ++i) hubs += from_root[i] && is_hub(i) ? 1 : 0;
    if (hubs == 0) return;
    for (RouterIndex i = 0; i < edges.size(); ++i) costs_.push_back(costs_from(edges, i));
    for (RouterIndex i = 0; i < edges.size(); ++i)
      if (from_root[i] && is_hub(i)) find(i, hubs > ospf::TieRule::kMostHubs);
  }
  [[nodiscard]] Link link(RouterIndex a, RouterIndex b) const {
    return std::minmax(network_.routers[a].id, network_.routers[b].id, std::greater<>{});
  }
  [[nodiscard]] bool contains(const Link& link) const { return links_.contains(link); }

 private:
  template <class Visit>
  void for_each_pair(RouterIndex router, Visit&& visit) const {
    for (const Edge& lower : edges_[router])
      for (const Edge& higher : edges_[router])
        if (lower.multipoint && lower.multipoint == higher.multipoint &&
            network_.routers[lower.to].id < network_.routers[higher.to].id)
          visit(lower, higher);
  }
  [[nodiscard]] bool is_hub(RouterIndex router) const {
    bool found = false;
    for_each_pair(router, [&found](const Edge&, const Edge&) { found = true; });
    return found;
  }
  [[nodiscard]] bool leads_to(RouterIndex router, const Edge& edge, RouterIndex to) const {
    const auto whole = costs_[router][to], rest = costs_[edge.to][to];
    return whole && rest && edge.cost + *rest == *whole;
  }
  void find(RouterIndex router, bool without_looking) {
    for_each_pair(router, [&](const Edge& lower, const Edge& higher) {
      bool is_second = without_looking;
      for (RouterIndex to = 0; to < edges_.size(); ++to)
        is_second |= to != router && leads_to(router, lower, to) && leads_to(router, higher, to);
      if (is_second) links_.insert(link(router, higher.to));
    });
  }

  const Network& network_;
  const Edges& edges_;
  std::vector<Costs> costs_;
  std::set<Link> links_;
};

}  // namespace

Distances shortest_paths(const Network& network, RouterIndex root, AreaId area) {
  const auto edges = graph(network, area);
  const std::size_t count = network.routers.size();
  Distances found{costs_from(edges, root), std::vector<std::set<Hop>>(count)};
  const SecondLinks seconds(network, edges, found.cost);
  std::vector<std::optional<std::vector<SecondLinks::Link>>> links(
      count);  // of the best path: the greatest first
  std::vector<RouterIndex> order;
  for (RouterIndex i = 0; i < count; ++i)
    if (found.cost[i]) order.push_back(i);
  std::sort(order.begin(), order.end(),
            [&](RouterIndex a, RouterIndex b) { return *found.cost[a] < *found.cost[b]; });
  links[root].emplace();
  for (const RouterIndex from : order)
    for (const Edge& edge : edges[from]) {
      if (*found.cost[from] + edge.cost != *found.cost[edge.to]) continue;
      auto path = *links[from];
      if (const auto link = seconds.link(from, edge.to); seconds.contains(link)) path.push_back(link);
      std::sort(path.begin(), path.end(), std::greater<>{});
      auto& best = links[edge.to];
      if (best && *best < path) continue;
      if (best && path < *best) found.hops[edge.to].clear();
      best = std::move(path);
      if (from == root)
        found.hops[edge.to].insert({edge.link, network.routers[edge.to].id});
      else
        found.hops[edge.to].insert(found.hops[from].begin(), found.hops[from].end());
    }
  return found;
}

}  // namespace wgospf::sim
