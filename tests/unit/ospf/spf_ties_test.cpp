// Which of several equal-cost paths count where point-to-multipoint interfaces are on them (tie_rule.h):
// every router of a network calculates, and what they come to together is looked at as WireGuard would.

#include <random>
#include <utility>

#include "ospf/route/tie_rule.h"
#include "tests/unit/ospf/spf_support.h"

namespace wgospf::ospf::spf_test {
namespace {

/// One end of a link: an interface of the router, by the address that it has. Of a point-to-multipoint
/// interface several links are.
struct End {
  std::uint32_t router = 0;
  std::uint32_t interface = 0;
  bool is_multipoint = false;
  [[nodiscard]] Ipv4Address own() const { return Ipv4Address{0x0a630000 + (router << 8) + interface}; }
};
struct Link {
  End a, b;
  std::uint16_t cost = 1;
  [[nodiscard]] const End& at(std::uint32_t router) const { return a.router == router ? a : b; }
  [[nodiscard]] const End& other(std::uint32_t router) const { return a.router == router ? b : a; }
};

/// Routers 1 to `count`, each with a LAN.
struct Net {
  std::uint32_t count = 0;
  std::vector<Link> links;

  using LinkIndex = std::uint32_t;
  using NextHops =
      std::map<std::pair<std::uint32_t, std::uint32_t>, std::set<LinkIndex>>;  // by router, destination

  [[nodiscard]] static std::string lan(std::uint32_t n) { return "10." + std::to_string(n) + ".0.0/24"; }

  [[nodiscard]] Lsa lsa(std::uint32_t n) const {
    std::vector<v2::RouterLink> result;
    std::set<std::uint32_t> hosts;
    for (const Link& link : links) {
      if (link.a.router != n && link.b.router != n) continue;
      const End& end = link.at(n);
      result.push_back(p2p(link.other(n).router, link.cost, end.own().value));
      if (end.is_multipoint && hosts.insert(end.interface).second)
        result.push_back(stub(to_string(end.own()) + "/32", 0));
    }
    result.push_back(stub(lan(n), 1));
    return router_lsa(n, result);
  }
  [[nodiscard]] std::vector<RootLink> root_links(std::uint32_t n) const {
    std::vector<RootLink> result;
    for (LinkIndex i = 0; i < links.size(); ++i) {
      const Link& link = links[i];
      if (link.a.router != n && link.b.router != n) continue;
      result.push_back(root_p2p(i + 1, link.other(n).router, link.cost, link.other(n).own()));
      result.back().source = link.at(n).own();
      result.back().is_multipoint = link.at(n).is_multipoint;
    }
    return result;
  }
  /// What each router has come to, for the LANs of the others.
  [[nodiscard]] NextHops calculate() const {
    std::vector<Lsa> lsas;
    for (std::uint32_t n = 1; n <= count; ++n) lsas.push_back(lsa(n));
    NextHops result;
    for (std::uint32_t n = 1; n <= count; ++n) {
      Calculator calculator(id(n));
      for (std::uint32_t other = 1; other <= count; ++other)
        if (other != n) calculator.lsa_installed(kBackbone, lsas[other - 1]);
      calculator.set_root(id(n), root_links(n));
      std::vector<Change> changes;
      calculator.calculate(changes);
      const auto table = calculator.table();
      for (std::uint32_t to = 1; to <= count; ++to) {
        const auto* route = to == n ? nullptr : table->find(prefix(lan(to)));
        if (route == nullptr) continue;
        for (const Hop& hop : table->next_hops(*route)) result[{n, to}].insert(hop.link.value - 1);
      }
    }
    return result;
  }
};

/// What WireGuard makes of it: "" when every packet arrives, else what is wrong. An interface gives a prefix
/// to one peer, and takes what has its source there from that one alone.
std::string refusal(const Net& net, const Net::NextHops& next_hops) {
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, Net::LinkIndex> owner;
  for (const auto& [pair, links] : next_hops)
    for (const auto link : links) {
      const End& end = net.links[link].at(pair.first);
      if (end.is_multipoint &&
          !owner.emplace(std::tuple(pair.first, end.interface, pair.second), link).second)
        return "two neighbours of an interface of " + std::to_string(pair.first) + " towards " +
               std::to_string(pair.second);
    }
  for (const auto& [pair, first] : next_hops) {
    const auto [source, destination] = pair;
    std::vector<std::uint32_t> at = {source};
    std::set<std::uint32_t> seen = {source};
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (at[i] == destination) continue;
      const auto out = next_hops.find({at[i], destination});
      if (out == next_hops.end()) return "no way";
      for (const auto link : out->second) {
        const End& in = net.links[link].other(at[i]);
        const auto own = owner.find({in.router, in.interface, source});
        if (in.is_multipoint && (own == owner.end() || own->second != link))
          return "from " + std::to_string(source) + " to " + std::to_string(destination) + ": refused at " +
                 std::to_string(in.router);
        if (seen.insert(in.router).second) at.push_back(in.router);
      }
    }
  }
  return {};
}

/// The rule by its text: all shortest paths are written down and compared.
class ByTheText {
 public:
  explicit ByTheText(const Net& net) : net_(net) {
    for (std::uint32_t n = 1; n <= net.count; ++n) distances_.push_back(from(n));
    for (std::uint32_t n = 1; n <= net.count; ++n) find_seconds(n);
  }

  [[nodiscard]] Net::NextHops next_hops() const {
    Net::NextHops result;
    for (std::uint32_t a = 1; a <= net_.count; ++a)
      for (std::uint32_t b = 1; b <= net_.count; ++b) {
        if (a == b || distance(a, b) == kFar) continue;
        std::vector<std::uint32_t> path = {a};
        std::map<Set, std::set<std::uint32_t>> firsts;
        walk(path, b, firsts);
        for (const std::uint32_t neighbor : firsts.begin()->second)
          for (const auto link : parallels(a, neighbor)) result[{a, b}].insert(link);
      }
    return result;
  }

 private:
  static constexpr std::uint32_t kFar = 1000000;
  using Pair = std::pair<std::uint32_t, std::uint32_t>;
  using Set = std::vector<Pair>;  // the greatest first, so that sets compare as vectors

  [[nodiscard]] std::uint32_t cost(std::uint32_t a, std::uint32_t b) const {
    std::uint32_t least = kFar;
    for (const Link& link : net_.links)
      if ((link.a.router == a && link.b.router == b) || (link.a.router == b && link.b.router == a))
        least = std::min<std::uint32_t>(least, link.cost);
    return least;
  }
  [[nodiscard]] std::vector<std::uint32_t> from(std::uint32_t root) const {
    std::vector<std::uint32_t> result(net_.count + 1, kFar);
    result[root] = 0;
    for (std::uint32_t round = 0; round < net_.count; ++round)
      for (const Link& link : net_.links)
        for (const auto& [a, b] : {Pair{link.a.router, link.b.router}, Pair{link.b.router, link.a.router}})
          result[b] = std::min(result[b], result[a] + link.cost);
    return result;
  }
  [[nodiscard]] std::uint32_t distance(std::uint32_t a, std::uint32_t b) const {
    return distances_[a - 1][b];
  }

  void find_seconds(std::uint32_t router) {
    for (const Link& one : net_.links)
      for (const Link& other : net_.links) {
        if (!joins(one, router) || !joins(other, router)) continue;
        if (!one.at(router).is_multipoint || one.at(router).interface != other.at(router).interface) continue;
        const std::uint32_t lower = one.other(router).router, higher = other.other(router).router;
        for (std::uint32_t to = 1; lower < higher && to <= net_.count; ++to)
          if (to != router && one.cost + distance(lower, to) == distance(router, to) &&
              other.cost + distance(higher, to) == distance(router, to))
            seconds_.insert(std::minmax(router, higher));
      }
  }
  static bool joins(const Link& link, std::uint32_t router) {
    return link.a.router == router || link.b.router == router;
  }
  void walk(std::vector<std::uint32_t>& path, std::uint32_t to,
            std::map<Set, std::set<std::uint32_t>>& firsts) const {
    if (path.back() == to) {
      Set set;
      for (std::size_t i = 1; i < path.size(); ++i)
        if (seconds_.contains(std::minmax(path[i - 1], path[i])))
          set.emplace_back(std::max(path[i - 1], path[i]), std::min(path[i - 1], path[i]));
      std::sort(set.begin(), set.end(), std::greater<>{});
      firsts[set].insert(path[1]);
      return;
    }
    const std::uint32_t here = path.back();
    for (std::uint32_t next = 1; next <= net_.count; ++next) {
      if (next == here || cost(here, next) + distance(next, to) != distance(here, to)) continue;
      path.push_back(next);
      walk(path, to, firsts);
      path.pop_back();
    }
  }
  [[nodiscard]] std::set<Net::LinkIndex> parallels(std::uint32_t a, std::uint32_t b) const {
    std::set<Net::LinkIndex> result;
    std::set<Pair> interfaces;
    std::size_t ends = 0;
    for (Net::LinkIndex i = 0; i < net_.links.size(); ++i) {
      const Link& link = net_.links[i];
      if (!joins(link, a) || !joins(link, b) || link.cost != cost(a, b)) continue;
      result.insert(i);
      for (const End& end : {link.a, link.b}) {
        if (!end.is_multipoint) continue;
        interfaces.insert({end.router, end.interface});
        ++ends;
      }
    }
    if (interfaces.size() == ends) return result;
    const auto lower = std::min(a, b);
    return {*std::min_element(result.begin(), result.end(), [&](Net::LinkIndex x, Net::LinkIndex y) {
      const auto key = [&](Net::LinkIndex i) {
        return std::pair(net_.links[i].at(lower).interface, net_.links[i].other(lower).interface);
      };
      return key(x) < key(y);
    })};
  }

  const Net& net_;
  std::vector<std::vector<std::uint32_t>> distances_;
  std::set<Pair> seconds_;
};

/// Links between routers: those of `hubs` are on one point-to-multipoint interface, at the others each has an
/// interface of its own.
Net net_of(std::uint32_t count, const std::set<std::uint32_t>& hubs,
           const std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint16_t>>& links) {
  Net net{count, {}};
  std::uint32_t interface = 10;
  for (const auto& [a, b, cost] : links) {
    const auto end = [&](std::uint32_t router) {
      const bool is_hub = hubs.contains(router);
      return End{router, is_hub ? 1 : ++interface, is_hub};
    };
    const End first = end(a);
    net.links.push_back({first, end(b), cost});
  }
  return net;
}

using Links = std::set<Net::LinkIndex>;

// In: three equal ways from 1 to 5, two of them over neighbours of one interface. Out: of these the lower one,
// and the third beside it; the same at 5, which has an interface for each.
TEST(SpfTies, OneNeighborOfAPointToMultipointInterfaceCountsAndOtherInterfacesBesideIt) {
  Net net = net_of(5, {1}, {{1, 2, 10}, {1, 3, 10}, {1, 4, 10}, {2, 5, 10}, {3, 5, 10}, {4, 5, 10}});
  net.links[2].a = {1, 2, false};
  auto found = net.calculate();
  EXPECT_EQ((found[{1, 5}]), (Links{0, 2}));
  EXPECT_EQ((found[{5, 1}]), (Links{3, 5}));
  EXPECT_EQ((found[{3, 1}]), (Links{1})) << "what is not the shortest for others is for its own";
  EXPECT_EQ(refusal(net, found), "");
}

// In: 1 has an interface for each of two neighbours, which are both on one interface of 4. Out: one way.
TEST(SpfTies, APathThatEntersAPointToMultipointInterfaceCountsAsOneThatLeavesIt) {
  const Net net = net_of(4, {4}, {{1, 2, 10}, {1, 3, 10}, {2, 4, 10}, {3, 4, 10}});
  auto found = net.calculate();
  EXPECT_EQ((found[{1, 4}]), (Links{0}));
  EXPECT_EQ((found[{4, 1}]), (Links{2}));
}

// In: two hubs with a link between them, each with all sites on one interface; a site has one for each hub. Out: no
// interface has a tie: both ways are used.
TEST(SpfTies, InterfacesWithoutATieLeaveMultipathAlone) {
  Net net =
      net_of(5, {1, 2}, {{1, 3, 10}, {1, 4, 10}, {1, 5, 10}, {2, 3, 10}, {2, 4, 10}, {2, 5, 10}, {1, 2, 10}});
  net.links.back().a = {1, 2, false};
  net.links.back().b = {2, 2, false};
  auto found = net.calculate();
  EXPECT_EQ((found[{3, 4}]), (Links{0, 3}));
  EXPECT_EQ((found[{4, 3}]), (Links{1, 4}));
  EXPECT_EQ(refusal(net, found), "");
}

// In: the same with one interface at the sites as well. Out: a hub for each pair, the same in both directions.
TEST(SpfTies, TwoHubsAndSitesWithOneInterfaceEach) {
  const Net net =
      net_of(5, {1, 2, 3, 4, 5}, {{1, 3, 10}, {1, 4, 10}, {1, 5, 10}, {2, 3, 10}, {2, 4, 10}, {2, 5, 10}});
  auto found = net.calculate();
  EXPECT_EQ((found[{3, 4}]), (Links{0}));
  EXPECT_EQ((found[{4, 3}]), (Links{1}));
  EXPECT_EQ(refusal(net, found), "");
}

// In: two tunnels between the same routers. Out: both are used between interfaces of their own; one when they
// share an interface at either end, the same one from both sides.
TEST(SpfTies, ParallelLinksShareNoInterface) {
  for (const int shared : {0, 1, 2}) {
    Net net{2, {{{1, 1, true}, {2, 3, true}, 10}, {{1, 2, true}, {2, 2, true}, 10}}};
    if (shared == 1) net.links[1].a = net.links[0].a;
    if (shared == 2) net.links[1].b = net.links[0].b;
    auto found = net.calculate();
    EXPECT_EQ(found[(std::pair{1u, 2u})], found[(std::pair{2u, 1u})]);
    const Links expected = shared == 0 ? Links{0, 1} : shared == 1 ? Links{1} : Links{0};
    EXPECT_EQ(found[(std::pair{1u, 2u})], expected);
  }
}

// In: links with one address as Link Data, without a host route for it: a common address of several tunnels.
// Out: these are several interfaces.
TEST(SpfTies, Rfc2328Section12_4_1_4_AnAddressWithoutItsHostRouteIsNoPointToMultipointInterface) {
  Bench bench;
  const auto far = [](std::uint16_t host_cost) {
    return router_lsa(4, {p2p(2, 10, 0x0a630101), p2p(3, 10, 0x0a630101), stub("10.99.1.1/32", host_cost),
                          stub("10.4.0.0/24", 1)});
  };
  bench.lsas({router_lsa(2, {p2p(1, 10), p2p(4, 10)}), router_lsa(3, {p2p(1, 10), p2p(4, 10)}), far(10)})
      .root({root_p2p(1, 2, 10), root_p2p(2, 3, 10)})
      .calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "21 intra-area link1 link2");
  bench.lsas({far(0)}).calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "21 intra-area link1");
  bench.lsas({far(10)}).calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "21 intra-area link1 link2");
}

// In: a prefix that two neighbours of one interface advertise, as near. Out: the lower one has it.
TEST(SpfTies, APrefixAtSeveralNeighborsOfAnInterfaceGoesToOne) {
  Bench bench;
  auto first = root_p2p(1, 3, 10), second = root_p2p(2, 2, 10), third = root_p2p(3, 4, 10);
  for (RootLink* link : {&first, &second}) {
    link->source = address("10.99.0.1");
    link->is_multipoint = true;
  }
  for (const std::uint32_t n : {2u, 3u, 4u})
    bench.lsas({router_lsa(n, {p2p(1, 10), stub("10.9.0.0/24", 1)})});
  bench.root({first, second, third}).calculate();
  EXPECT_EQ(bench.route("10.9.0.0/24"), "11 intra-area link2 link3");
  EXPECT_EQ(bench.calculator.paths(prefix("10.9.0.0/24"), 10).size(), 2u) << "what is shown is what is used";
}

// In: 10,000 random networks, from none to all of their interfaces point-to-multipoint, with parallel links and
// many ties. Out: what the text of the rule says; every packet arrives, in both directions, and is refused
// nowhere.
TEST(SpfTies, TenThousandRandomNetworksHaveSymmetricPaths) {
  std::size_t multipaths = 0;
  for (std::uint32_t seed = 0; seed < 10000 && !HasFailure(); ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&random](std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); };
    Net net{3 + pick(5), {}};
    const std::uint32_t costs = 1 + pick(3), density = 15 + pick(50), shared = 25 * pick(5);
    std::uint32_t interface = 10;
    const auto end = [&](std::uint32_t router) {
      return pick(100) < shared ? End{router, 1 + pick(2), true} : End{router, ++interface, false};
    };
    const auto connect = [&](std::uint32_t a, std::uint32_t b) {
      const End first = end(a);
      net.links.push_back({first, end(b), static_cast<std::uint16_t>(1 + pick(costs))});
      // A peer is behind an interface once.
      const auto is_same = [](const End& x, const End& y) {
        return x.router == y.router && x.interface == y.interface;
      };
      const Link& link = net.links.back();
      const auto twin = std::find_if(net.links.begin(), net.links.end(), [&](const Link& other) {
        return (is_same(other.a, link.a) && is_same(other.b, link.b)) ||
               (is_same(other.a, link.b) && is_same(other.b, link.a));
      });
      if (&*twin != &link) net.links.pop_back();
    };
    std::vector<std::uint32_t> names;
    for (std::uint32_t n = 1; n <= net.count; ++n) names.push_back(n);
    std::shuffle(names.begin(), names.end(), random);
    for (std::uint32_t n = 1; n < net.count; ++n) connect(names[n], names[pick(n)]);
    for (std::uint32_t a = 1; a <= net.count; ++a)
      for (std::uint32_t b = a + 1; b <= net.count; ++b)
        for (int twice = 0; twice < 2; ++twice)
          if (pick(100) < density) connect(a, b);
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto found = net.calculate();
    EXPECT_EQ(found, ByTheText(net).next_hops());
    EXPECT_EQ(refusal(net, found), "");
    for (const auto& [pair, links] : found) multipaths += links.size() > 1 && shared > 0 ? 1 : 0;
  }
  EXPECT_GT(multipaths, 10000u) << "where no interface has a tie, equal costs stay multipath";
}

// In: more routers with point-to-multipoint interfaces than are looked at one by one. Out: all neighbours but
// the lowest are second, and packets still arrive.
TEST(SpfTies, AnAreaWithManyHubs) {
  constexpr std::uint32_t kRouters = TieRule::kMostHubs + 8;
  std::set<std::uint32_t> all;
  for (std::uint32_t n = 1; n <= kRouters; ++n) all.insert(n);
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint16_t>> links;
    for (std::uint32_t n = 1; n <= kRouters; ++n)
      for (const std::uint32_t step : {1u, 2u + seed % 5, 9u})
        links.emplace_back(n, 1 + (n - 1 + step) % kRouters, static_cast<std::uint16_t>(1 + random() % 2));
    const Net net = net_of(kRouters, all, links);
    EXPECT_EQ(refusal(net, net.calculate()), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace wgospf::ospf::spf_test
