#pragma once
// The naive twin of the route calculation: RFC 2328 section 16 word by word over a map of LSAs, everything
// anew each time, with searches where the real one has indexes. Point-to-point and transit roots, several
// areas; no forwarding address on attached subnets.

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "tests/unit/ospf/spf_support.h"

namespace wgospf::ospf::spf_test {

class Naive {
 public:
  using Key = LsaKey;
  struct Path {
    std::uint32_t cost = 0;
    std::set<Hop> hops;
    bool attached = false;
    AreaId area;
    PathType type = PathType::intra_area;
    std::uint32_t type2 = 0, tag = 0;
    RouterId tag_from{};
    std::set<LinkId> direct{};  // transit networks of the root's own
    LinkStateId origin{};       // of a transit network's
    [[nodiscard]] bool preferred() const { return type == PathType::intra_area && area != kBackbone; }
  };
  using Table = std::map<Ipv4Prefix, Path>;

  std::map<AreaId, std::map<Key, Lsa>> areas;
  std::map<Key, Lsa> externals;
  std::vector<RootLink> links;
  RouterId root = id(1);

  [[nodiscard]] Table calculate() {
    table_.clear();
    trees_.clear();
    ranks_.clear();
    for (const auto& [area, lsas] : areas) intra(area, lsas);
    flush_intra();
    for (const auto& [area, lsas] : areas)
      if (examines(area)) inter(area, lsas);
    const Table internal = table_;
    for (const auto& [key, lsa] : externals) external(key, lsa, internal);
    return table_;
  }

 private:
  /// Routers and networks in one numbering: a network has the flag.
  using Vertex = std::pair<bool, std::uint32_t>;  // (is router, id): networks sort first
  struct Node {
    std::uint32_t cost = 0;
    std::set<Hop> hops;
    std::set<LinkId> direct;
  };
  using Tree = std::map<Vertex, Node>;
  struct Link {
    Vertex to;
    std::uint32_t cost = 0, data = 0;
  };

  static std::vector<Link> links_of(const std::map<Key, Lsa>& lsas, const Vertex& v) {
    std::vector<Link> result;
    for (const auto& [key, lsa] : lsas) {
      const auto body = V2::decode_body(lsa);
      if (const auto* router = std::get_if<v2::RouterLsa>(&body);
          router != nullptr && v == Vertex{true, key.id.value}) {
        for (const auto& link : router->links)
          if (link.type != RouterLinkType::stub)
            result.push_back(
                {{link.type != RouterLinkType::transit, link.link_id}, link.metric, link.link_data});
      } else if (const auto* net = std::get_if<v2::NetworkLsa>(&body);
                 net != nullptr && v == Vertex{false, key.id.value}) {
        for (const RouterId other : net->attached) result.push_back({{true, other.value}, 0, 0});
      }
    }
    return result;
  }

  /// Section 16.2, RFC 3509 section 2.2: at a border router with a neighbour in the backbone, its summaries only.
  [[nodiscard]] bool examines(AreaId area) const {
    std::set<AreaId> attached;
    bool is_adjacent = false;
    for (const auto& link : links) {
      attached.insert(link.area);
      is_adjacent |= link.area == kBackbone && link.kind != RootLink::Kind::stub;
    }
    return area == kBackbone || attached.size() <= 1 || !is_adjacent;
  }
  void intra(AreaId area, const std::map<Key, Lsa>& lsas) {
    std::map<Vertex, std::vector<Link>> adjacency;
    for (const auto& [key, lsa] : lsas)
      if (key.type == LsaType::router || key.type == LsaType::network) {
        const Vertex v{key.type == LsaType::router, key.id.value};
        adjacency[v] = links_of(lsas, v);
      }
    const auto links_back = [&](const Vertex& from, const Vertex& to) {
      for (const Link& link : adjacency[from])
        if (link.to == to) return true;
      return false;
    };
    const Vertex root_vertex{true, root.value};
    Tree candidates, tree;
    const auto offer = [&](const Vertex& v, const Node& node) {
      const auto at = candidates.find(v);
      if (at == candidates.end() || node.cost < at->second.cost) {
        candidates[v] = node;
      } else if (node.cost == at->second.cost) {
        at->second.hops.insert(node.hops.begin(), node.hops.end());
        at->second.direct.insert(node.direct.begin(), node.direct.end());
      }
    };
    tree[root_vertex] = {};
    for (const auto& link : links) {
      if (link.area != area) continue;
      if (link.kind == RootLink::Kind::point_to_point) {
        for (const auto& n : link.neighbors)
          if (links_back({true, n.router_id.value}, root_vertex))
            offer({true, n.router_id.value}, {link.cost, {{link.link, n.address, n.router_id}}, {}});
      } else if (link.kind == RootLink::Kind::transit &&
                 links_back({false, link.network_id.value}, root_vertex)) {
        offer({false, link.network_id.value}, {link.cost, {}, {link.link}});
      }
    }
    while (!candidates.empty()) {
      // The nearest; std::map's order puts networks first.
      auto best = candidates.begin();
      for (auto it = candidates.begin(); it != candidates.end(); ++it)
        if (it->second.cost < best->second.cost) best = it;
      const auto [v, node] = *best;
      candidates.erase(best);
      tree[v] = node;
      for (const Link& link : adjacency[v]) {
        if (tree.count(link.to) != 0 || !links_back(link.to, v)) continue;
        Node next{node.cost + link.cost, node.hops, {}};
        for (const LinkId direct : node.direct) {
          const Hop hop = hop_behind(direct, v, link.to, adjacency);
          next.hops.insert(hop);
        }
        offer(link.to, next);
      }
    }
    for (const auto& [v, node] : tree) prefixes_at(area, lsas, v, node);
    trees_[area] = tree;
  }

  Hop hop_behind(LinkId direct, const Vertex& network, const Vertex& router,
                 std::map<Vertex, std::vector<Link>>& adjacency) const {
    for (const auto& link : links)
      if (link.link == direct)
        for (const auto& n : link.neighbors)
          if (n.router_id.value == router.second) return {direct, n.address, n.router_id};
    for (const Link& back : adjacency[router])
      if (back.to == network) return {direct, Ipv4Address{back.data}, RouterId{router.second}};
    return {};
  }

  void prefixes_at(AreaId area, const std::map<Key, Lsa>& lsas, const Vertex& v, const Node& node) {
    const bool is_root = v == Vertex{true, root.value};
    Path path{node.cost, node.hops, !node.direct.empty() || is_root, area};
    path.direct = node.direct;
    if (is_root) own_hosts(area, path);
    for (const auto& [key, lsa] : lsas) {
      const auto body = V2::decode_body(lsa);
      if (const auto* net = std::get_if<v2::NetworkLsa>(&body);
          net != nullptr && v == Vertex{false, key.id.value}) {
        const auto prefix = Ipv4Prefix::make(Ipv4Address{key.id.value}, *mask_length(net->mask));
        path.origin = key.id;
        // Networks come before all stubs: those of one prefix replace each other.
        auto& best = networks_[prefix];
        if (!best || path.cost < best->cost || (path.cost == best->cost && path.origin > best->origin)) {
          best = path;
        } else if (path.cost == best->cost && path.origin == best->origin) {  // in another area
          unite(*best, path);
        }
      } else if (const auto* router = std::get_if<v2::RouterLsa>(&body);
                 router != nullptr && v == Vertex{true, key.id.value}) {
        for (const auto& link : router->links) {
          if (link.type != RouterLinkType::stub) continue;
          Path stub_path = path;
          stub_path.cost += link.metric;
          stubs_.push_back(
              {Ipv4Prefix::make(Ipv4Address{link.link_id}, *mask_length(link.link_data)), stub_path});
        }
      }
    }
  }

  /// What the root's links of the area advertise: here, host routes without cost.
  void own_hosts(AreaId area, const Path& path) {
    for (const auto& link : links)
      if (link.area == area && link.prefixes == RootLink::Prefixes::hosts)
        for (const auto& own : link.device->addresses)
          stubs_.push_back({Ipv4Prefix::host(as<Ipv4Address>(own.address)), path});
  }

  void add(const Ipv4Prefix& prefix, const Path& path) {
    const auto at = table_.find(prefix);
    if (at == table_.end() || path.cost < at->second.cost) {
      table_[prefix] = path;
    } else if (path.cost == at->second.cost) {
      unite(at->second, path);
    }
  }
  static void unite(Path& best, const Path& path) {
    best.hops.insert(path.hops.begin(), path.hops.end());
    best.direct.insert(path.direct.begin(), path.direct.end());
    best.attached |= path.attached;
    best.area = std::max(best.area, path.area);
    if (path.tag_from > best.tag_from) {
      best.tag = path.tag;
      best.tag_from = path.tag_from;
    }
  }

  void inter(AreaId area, const std::map<Key, Lsa>& lsas) {
    Table found;
    std::swap(found, table_);
    for (const auto& [key, lsa] : lsas) {
      if (key.type != LsaType::summary_network) continue;
      const auto body = std::get<v2::SummaryLsa>(V2::decode_body(lsa));
      const Node* border = reached(area, lsas, key.advertising_router, v2::RouterLsa::kBorder);
      const auto prefix = Ipv4Prefix::make(Ipv4Address{key.id.value}, *mask_length(body.mask));
      if (border == nullptr || body.metric == kLsInfinity || found.count(prefix) != 0) continue;
      add(prefix, {border->cost + body.metric, border->hops, false, area, PathType::inter_area});
    }
    found.insert(table_.begin(), table_.end());
    table_ = std::move(found);
  }
  void flush_intra() {
    for (const auto& [prefix, path] : networks_) table_[prefix] = *path;
    for (const auto& [prefix, path] : stubs_) add(prefix, path);
    networks_.clear();
    stubs_.clear();
  }

  /// A router other than the root with the flag, when it is on the area's tree.
  const Node* reached(AreaId area, const std::map<Key, Lsa>& lsas, RouterId router, std::uint8_t flag) const {
    const auto& tree = trees_.at(area);
    const auto at = tree.find({true, router.value});
    const auto lsa = lsas.find({LsaType::router, LinkStateId{router.value}, router});
    if (router == root || at == tree.end() || lsa == lsas.end()) return nullptr;
    return (std::get<v2::RouterLsa>(V2::decode_body(lsa->second)).flags & flag) != 0 ? &at->second : nullptr;
  }

  std::optional<Path> boundary(RouterId router) const {
    std::optional<Path> best;
    if (router == root) return best;
    for (const auto& [area, lsas] : areas) {
      std::optional<Path> path;
      if (const Node* node = reached(area, lsas, router, v2::RouterLsa::kExternal)) {
        path = Path{node->cost, node->hops, false, area};
      } else if (examines(area)) {
        for (const auto& [key, lsa] : lsas) {
          if (key.type != LsaType::summary_asbr || key.id.value != router.value) continue;
          const auto body = std::get<v2::SummaryLsa>(V2::decode_body(lsa));
          const Node* border = reached(area, lsas, key.advertising_router, v2::RouterLsa::kBorder);
          if (border == nullptr || body.metric == kLsInfinity) continue;
          const std::uint32_t cost = border->cost + body.metric;
          if (!path || cost < path->cost) path = Path{cost, {}, false, area, PathType::inter_area};
          if (cost == path->cost) path->hops.insert(border->hops.begin(), border->hops.end());
        }
      }
      if (!path) continue;
      const auto rank = [](const Path& p) { return std::tuple(!p.preferred(), p.cost, ~p.area.value); };
      if (!best || rank(*path) < rank(*best)) best = path;
    }
    return best;
  }

  void external(const Key& key, const Lsa& lsa, const Table& internal) {
    const auto body = std::get<v2::ExternalLsa>(V2::decode_body(lsa));
    auto way = boundary(key.advertising_router);
    if (!way || body.metric == kLsInfinity) return;
    if (!body.forwarding_address.is_zero()) {
      const std::set<Hop> to_boundary = way->hops;
      way.reset();
      int longest = -1;
      for (const auto& [prefix, path] : internal)
        if (prefix.contains(body.forwarding_address) && int{prefix.length} > longest) {
          longest = prefix.length;
          way = path;
        }
      if (!way) return;
      if (way->attached) {
        way->hops.clear();
        for (const LinkId link : way->direct) way->hops.insert({link, body.forwarding_address, RouterId{}});
        if (way->hops.empty()) way->hops = to_boundary;
      }
    }
    Path path = *way;
    path.attached = false;
    path.tag = body.tag;
    path.tag_from = key.advertising_router;
    path.type = body.type2 ? PathType::external_2 : PathType::external_1;
    if (body.type2) {
      path.type2 = body.metric;
    } else {
      path.cost += body.metric;
    }
    const bool preferred = way->preferred();
    const auto prefix = Ipv4Prefix::make(Ipv4Address{key.id.value}, *mask_length(body.mask));
    if (internal.count(prefix) != 0) return;
    const auto rank = std::tuple(path.type, path.type2, !preferred);
    path.area = {};
    const auto at = table_.find(prefix);
    if (at != table_.end() && rank > ranks_[prefix]) return;
    if (at != table_.end() && rank < ranks_[prefix]) table_.erase(at);
    ranks_[prefix] = rank;
    add(prefix, path);
  }

  Table table_;
  std::map<AreaId, Tree> trees_;
  std::map<Ipv4Prefix, std::optional<Path>> networks_;
  std::vector<std::pair<Ipv4Prefix, Path>> stubs_;
  std::map<Ipv4Prefix, std::tuple<PathType, std::uint32_t, bool>> ranks_;
};

}  // namespace wgospf::ospf::spf_test
