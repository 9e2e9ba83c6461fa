#include "ospf/route/root_links.h"

#include <algorithm>
#include <utility>

namespace wgospf::ospf {

const RootLink* RootLinks::find(LinkId id) const {
  const auto at = links_.find(id);
  return at == links_.end() ? nullptr : &at->second;
}

std::optional<RootLink> RootLinks::put(RootLink link) {
  count(link);
  const auto at = links_.find(link.link);
  if (at == links_.end()) {
    links_.emplace(link.link, std::move(link));
    return std::nullopt;
  }
  RootLink former = std::exchange(at->second, std::move(link));
  discount(former);
  return former;
}

std::optional<RootLink> RootLinks::remove(LinkId id) {
  const auto at = links_.find(id);
  if (at == links_.end()) return std::nullopt;
  RootLink former = std::move(at->second);
  links_.erase(at);
  discount(former);
  return former;
}

[[nodiscard]] static bool is_adjacent_in_backbone(const RootLink& link) {
  return link.area == kBackbone && link.kind != RootLink::Kind::stub;
}

void RootLinks::count(const RootLink& link) {
  ++areas_[link.area];
  multipoint_links_ += link.is_multipoint ? 1 : 0;
  backbone_adjacencies_ += is_adjacent_in_backbone(link) ? 1 : 0;
  if (!link.device) return;
  for (const auto& own : link.device->addresses) ++addresses_[own.address];
}

void RootLinks::discount(const RootLink& link) {
  if (--areas_[link.area] == 0) areas_.erase(link.area);
  multipoint_links_ -= link.is_multipoint ? 1 : 0;
  backbone_adjacencies_ -= is_adjacent_in_backbone(link) ? 1 : 0;
  if (!link.device) return;
  for (const auto& own : link.device->addresses)
    if (--addresses_[own.address] == 0) addresses_.erase(own.address);
}

// Section 16.1.1, first case: the parent is the root. The way out is the adjacency itself; what Link Data the
// neighbour advertises does not matter, so parallel links and equal addresses are told apart.
std::vector<RootEdge> RootLinks::edges(const RoutingArea& area) {
  std::vector<WayOut> ways;
  std::vector<IpAddress> multipoint;  // by what point-to-multipoint interfaces go, in order of their numbers
  const auto number_of = [&multipoint](const RootLink& link) -> std::uint32_t {
    if (!link.is_multipoint || !link.source) return 0;
    const auto at = std::find(multipoint.begin(), multipoint.end(), *link.source);
    const auto number = static_cast<std::uint32_t>(at - multipoint.begin()) + 1;
    if (at == multipoint.end()) multipoint.push_back(*link.source);
    return number;
  };
  const auto add = [&](VertexKey key, const RootLink& link, const NextHop& next_hop, std::uint32_t bits) {
    const VertexId target = area.graph.find(key);
    // Step 2b: a link back.
    if (target == kNoSlot || !area.graph.links_to(target, area.root)) return;
    const ListId list = lists_.single(next_hops_.number(next_hop) | bits);
    ways.push_back(
        {{{target, link.cost, true, !key.is_network}, list, number_of(link)}, link.source, next_hop.gateway});
  };
  for (const auto& [id, link] : links_) {
    if (link.area != area.id) continue;
    if (link.kind == RootLink::Kind::point_to_point) {
      for (const RootNeighbor& neighbor : link.neighbors)
        add(router_vertex(neighbor.router_id), link, {link.link, neighbor.address, neighbor.router_id}, 0);
    } else if (link.kind == RootLink::Kind::transit) {
      add(version_.network_vertex(link.network_id, link.designated_router), link,
          {link.link, std::nullopt, RouterId{}}, NextHopLists::kDirectBit);
    }
  }
  if (!multipoint.empty() || area.graph.has_multipoint()) choose_among_parallels(area, ways);
  std::vector<RootEdge> edges;
  for (const WayOut& way : ways) edges.push_back(way.edge);
  return edges;
}

// Of several links to one neighbour that cost the same, several may be used only when no two are on one
// point-to-multipoint interface at either end. Else the one counts whose address at the lower router is the
// lowest, then at the higher: the neighbour comes to the same.
void RootLinks::choose_among_parallels(const RoutingArea& area, std::vector<WayOut>& ways) const {
  std::map<VertexId, std::vector<std::size_t>> cheapest;  // by target
  for (std::size_t i = 0; i < ways.size(); ++i) {
    auto& best = cheapest[ways[i].edge.edge.target];
    if (!best.empty() && ways[i].edge.edge.cost > ways[best.front()].edge.edge.cost) continue;
    if (!best.empty() && ways[i].edge.edge.cost < ways[best.front()].edge.edge.cost) best.clear();
    best.push_back(i);
  }
  for (const auto& [target, best] : cheapest) {
    if (best.size() < 2) continue;
    std::vector<std::uint32_t> here, there;
    for (const std::size_t i : best)
      if (ways[i].edge.multipoint != 0) here.push_back(ways[i].edge.multipoint);
    const auto edges = area.graph.edges(target);
    std::uint16_t least = 0xffff;  // as the neighbour has it
    for (const Edge& edge : edges)
      if (edge.target == area.root) least = std::min(least, edge.cost);
    for (std::size_t i = 0; i < edges.size(); ++i) {
      const EdgeData& data = area.graph.data(target, i);
      const bool is_best = edges[i].target == area.root && edges[i].cost == least;
      if (is_best && data.is_multipoint) there.push_back(data.data);
    }
    const auto has_twice = [](std::vector<std::uint32_t>& interfaces) {
      std::sort(interfaces.begin(), interfaces.end());
      return std::adjacent_find(interfaces.begin(), interfaces.end()) != interfaces.end();
    };
    if (!has_twice(here) && !has_twice(there)) continue;
    const bool is_lower = area.graph[area.root].router < area.graph[target].router;
    const auto addresses = [&ways, is_lower](std::size_t i) {
      return is_lower ? std::pair(ways[i].own, ways[i].other) : std::pair(ways[i].other, ways[i].own);
    };
    const std::size_t kept = *std::min_element(
        best.begin(), best.end(), [&](std::size_t a, std::size_t b) { return addresses(a) < addresses(b); });
    for (const std::size_t i : best) ways[i].edge.is_idle = i != kept;
  }
}

ListId RootLinks::lowest_of_each_interface(ListId list) {
  if (lists_.members(list).size() < 2) return list;
  std::map<IpAddress, std::uint32_t> lowest;  // of each interface
  std::vector<std::uint32_t> kept;
  for (const std::uint32_t member : lists_.members(list)) {
    const RootLink* link = find(next_hops_[member].link);
    if (link == nullptr || !link->is_multipoint || !link->source) {
      kept.push_back(member);
      continue;
    }
    const auto [at, is_first] = lowest.try_emplace(*link->source, member);
    const auto key = [this](std::uint32_t of) { return std::pair(next_hops_[of].router, next_hops_[of]); };
    if (!is_first && key(member) < key(at->second)) at->second = member;
  }
  if (kept.size() + lowest.size() == lists_.members(list).size()) return list;
  for (const auto& [interface, member] : lowest) kept.push_back(member);
  return lists_.intern(kept);
}

// Section 16.1.1, second case: the parent is a network of the root's own.
ListId RootLinks::beyond(const RoutingArea& area, ListId list, VertexId network, VertexId router) {
  std::vector<std::uint32_t> found;
  const auto parents = lists_.members(list);
  const std::vector<std::uint32_t> copy(parents.begin(), parents.end());
  for (const std::uint32_t parent : copy) {
    if ((parent & NextHopLists::kDirectBit) == 0) {
      found.push_back(parent);
    } else {
      add_beyond(area, next_hops_[parent].link, {network, router}, found);
    }
  }
  return lists_.intern(found);
}

/// The next hop is the router's address on the network: the one its hellos come from or, when we hear none,
/// the Link Data of its link to the network.
void RootLinks::add_beyond(const RoutingArea& area, LinkId over,
                           std::pair<VertexId, VertexId> network_and_router,
                           std::vector<std::uint32_t>& found) {
  const auto [network, router] = network_and_router;
  const RouterId id = area.graph[router].router;
  const RootLink* link = find(over);
  if (link == nullptr) return;
  bool is_heard = false;
  for (const RootNeighbor& neighbor : link->neighbors) {
    if (neighbor.router_id != id) continue;
    is_heard = true;
    found.push_back(next_hops_.number({over, neighbor.address, id}));
  }
  const auto edges = area.graph.edges(router);
  for (std::size_t i = 0; !is_heard && i < edges.size(); ++i) {
    if (edges[i].target != network) continue;
    if (const auto address = version_.address_on_network(area.graph.data(router, i).data))
      found.push_back(next_hops_.number({over, *address, id}));
  }
}

/// Links that share the subnet without being one network do not lead to the same neighbours: the one counts
/// whose neighbour has the address, else the first that is passive, where a host may have it. When none is, the list is
/// empty, and the way is that to the AS boundary router.
ListId RootLinks::way_to(const IpAddress& address, const IpPrefix& subnet, ListId direct) {
  std::vector<std::uint32_t> having, transit, passive, present;
  const auto parents = lists_.members(direct);
  const auto is_here = [&subnet](const RootLink& link) {
    if (link.prefixes != RootLink::Prefixes::subnets || !link.device) return false;
    const auto& own = link.device->addresses;
    return std::any_of(own.begin(), own.end(), [&](const auto& one) { return one.subnet == subnet; });
  };
  for (const auto& [id, link] : links_) {
    const LinkId over = id;
    const bool is_transit = std::any_of(parents.begin(), parents.end(), [&](std::uint32_t m) {
      return (m & NextHopLists::kDirectBit) != 0 && next_hops_[m].link == over;
    });
    if (!is_here(link) && !is_transit) continue;
    const std::uint32_t next_hop = next_hops_.number({over, address, RouterId{}});
    present.push_back(next_hop);
    if (is_transit) transit.push_back(next_hop);
    if (link.is_passive) passive.push_back(next_hop);
    const bool has_it = std::any_of(link.neighbors.begin(), link.neighbors.end(),
                                    [&](const auto& neighbor) { return neighbor.address == address; });
    if (has_it) having.push_back(next_hop);
  }
  if (!having.empty()) return lists_.intern(having);
  if (!transit.empty()) return lists_.intern(transit);
  if (!passive.empty()) return lists_.single(passive.front());
  return present.size() == 1 ? lists_.intern(present) : kEmptyList;
}

bool RootLinks::is_there(const NextHop& hop) const {
  const RootLink* link = find(hop.link);
  if (link == nullptr) return false;
  const auto is_it = [&hop](const RootNeighbor& neighbor) {
    return neighbor.router_id == hop.router && neighbor.address == hop.gateway;
  };
  return hop.router == RouterId{} || std::any_of(link->neighbors.begin(), link->neighbors.end(), is_it);
}

bool RootLinks::has_lost_member(ListId list) const {
  const auto numbers = lists_.members(list);
  return !std::all_of(numbers.begin(), numbers.end(),
                      [&](std::uint32_t number) { return is_there(next_hops_[number]); });
}

}  // namespace wgospf::ospf
