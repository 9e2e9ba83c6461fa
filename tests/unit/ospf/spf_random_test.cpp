// Random networks through random changes: after each, the incremental calculation must say what the naive
// twin says, what one fed from scratch says, and the changes told must turn the former table into the new
// one.

#include <random>

#include "tests/unit/ospf/spf_naive.h"

namespace wgospf::ospf::spf_test {
namespace {

constexpr std::uint8_t kB = v2::RouterLsa::kBorder, kE = v2::RouterLsa::kExternal;

class World {
 public:
  World(std::uint64_t seed, std::uint32_t routers, std::uint32_t areas)
      : random_(seed), routers_(routers), area_count_(areas) {
    for (std::uint32_t a = 0; a < area_count_; ++a)
      for (std::uint32_t n = 1; n <= routers_; ++n) change_router(AreaId{a}, n);
    for (int i = 0; i < 5; ++i) change_root();
  }

  void step() {
    const AreaId area{pick(area_count_)};
    const std::uint32_t what = pick(100);
    if (what < 35) {
      change_router(area, 1 + pick(routers_));
    } else if (what < 45) {
      change_network(area);
    } else if (what < 60) {
      change_root();
    } else if (what < 75) {
      change_external();
    } else if (what < 85) {
      change_summary(area);
    } else if (what < 95) {
      repeat_something(area);
    } else if (naive.areas[area].size() > routers_) {
      const auto victim =
          std::next(naive.areas[area].begin(), pick(static_cast<std::uint32_t>(naive.areas[area].size())));
      remove(area, victim->second);
    }
  }
  void check() {
    bench.calculate();
    expect_same(*bench.calculator.table());
    if (pick(8) != 0) return;
    Calculator fresh(id(1));
    fresh.set_root(id(1), naive.links);
    for (const auto& [area, lsas] : naive.areas)
      for (const auto& [key, lsa] : lsas) fresh.lsa_installed(area, lsa);
    for (const auto& [key, lsa] : naive.externals) fresh.lsa_installed(kBackbone, lsa);
    std::vector<Change> changes;
    fresh.calculate(changes);
    expect_same(*fresh.table());
  }

  Bench bench;
  Naive naive;

 private:
  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  std::uint16_t cost() { return static_cast<std::uint16_t>(pick(4)); }
  std::string some_prefix() {
    return "10." + std::to_string(pick(3)) + "." + std::to_string(8 * pick(6)) + ".0/" +
           std::to_string(21 + pick(4));
  }
  static std::string lan(std::uint32_t n) { return "10.200." + std::to_string(n); }

  void install(AreaId area, const Lsa& lsa) {
    naive.areas[area].insert_or_assign(V2::header(lsa).key, lsa);
    bench.area(area, {lsa});
  }
  void remove(AreaId area, const Lsa& lsa) {
    bench.remove(lsa, area);
    naive.areas[area].erase(V2::header(lsa).key);
  }
  /// Links to a few neighbours in a fixed neighbourhood, so that most are mutual; sometimes to LANs 1 to 3.
  void change_router(AreaId area, std::uint32_t n) {
    std::vector<v2::RouterLink> links;
    for (std::uint32_t d = 1; d <= 3; ++d) {
      const std::uint32_t after = 1 + (n - 1 + d) % routers_, before = 1 + (n - 1 + routers_ - d) % routers_;
      for (const std::uint32_t other : {after, before})
        if (other != n && pick(10) < 7) links.push_back(p2p(other, cost(), 1 + pick(9)));
    }
    for (std::uint32_t l = 1; l <= 3; ++l)
      if (pick(3) == 0)
        links.push_back(transit((lan(l) + ".1").c_str(), (lan(l) + "." + std::to_string(n)).c_str(), cost()));
    if (pick(6) == 0) links.push_back(stub(shared_device(pick(3)) + "/32", cost()));
    for (std::uint32_t i = pick(4); i > 0; --i)
      links.push_back(stub(some_prefix(), static_cast<std::uint16_t>(pick(5))));
    std::shuffle(links.begin(), links.end(), random_);
    install(area, router_lsa(n, links, static_cast<std::uint8_t>(pick(4))));
  }
  void change_network(AreaId area) {
    const std::uint32_t l = 1 + pick(3);
    std::vector<std::uint32_t> on;
    for (std::uint32_t n = 1; n <= routers_; ++n)
      if (pick(3) != 0) on.push_back(n);
    install(area, network_lsa((lan(l) + ".1").c_str(), 2, on, static_cast<std::uint8_t>(16 + 8 * pick(2))));
  }
  /// The address of a device that several links of the root may have, all on a point-to-multipoint network.
  static std::string shared_device(std::uint32_t n) { return "10.201." + std::to_string(n) + ".1"; }
  void change_root() {
    auto links = naive.links;
    const bool is_one_by_one = pick(2) == 0;
    if (links.size() > 6 || (!links.empty() && pick(4) == 0)) {
      const auto gone = links.begin() + pick(static_cast<std::uint32_t>(links.size()));
      if (is_one_by_one) bench.calculator.remove_link(gone->link);
      links.erase(gone);
    } else {
      const AreaId area{pick(area_count_)};
      if (pick(4) != 0) {
        const std::uint32_t neighbor = 2 + pick(std::min(4u, routers_ - 1));
        const auto gateway = pick(2) == 0 ? std::nullopt : std::optional(Ipv4Address{0xc0000200 + pick(3)});
        links.push_back(root_p2p(++next_link_, neighbor, cost(), gateway, area));
      } else {
        const std::uint32_t l = 1 + pick(3);
        links.push_back(root_transit(++next_link_, (lan(l) + ".1").c_str(),
                                     {{2, "10.200.0.2"}, {3, "10.200.0.3"}}, cost()));
        links.back().area = area;
      }
      if (pick(2) == 0) {
        links.back().prefixes = RootLink::Prefixes::hosts;
        links.back().device = device({(shared_device(pick(3)) + "/24").c_str()});
      }
      if (is_one_by_one) bench.calculator.set_link(links.back());
    }
    naive.links = links;
    if (is_one_by_one) return;
    std::shuffle(links.begin(), links.end(), random_);
    bench.root(links);
  }
  void change_external() {
    static const char* const forwarding[] = {"0.0.0.0", "0.0.0.0", "10.0.8.9", "10.1.16.1", "10.200.1.77"};
    const auto lsa = external(1 + pick(routers_), {some_prefix(), pick(10) == 0 ? kLsInfinity : pick(5),
                                                   pick(2) == 0, forwarding[pick(5)], pick(3)});
    if (pick(3) == 0) {
      bench.remove(lsa);
      naive.externals.erase(V2::header(lsa).key);
    } else {
      naive.externals.insert_or_assign(V2::header(lsa).key, lsa);
      bench.lsas({lsa});
    }
  }
  void change_summary(AreaId area) {
    const std::uint32_t by = 1 + pick(routers_);
    const std::uint32_t metric = pick(10) == 0 ? kLsInfinity : pick(6);
    const auto lsa =
        pick(2) == 0 ? summary(by, some_prefix(), metric) : asbr_summary(by, 1 + pick(routers_ + 2), metric);
    if (pick(3) == 0) {
      remove(area, lsa);
    } else {
      install(area, lsa);
    }
  }
  /// A refresh: the same contents once more change nothing.
  void repeat_something(AreaId area) {
    bench.calculate();
    for (const auto& [key, lsa] : naive.areas[area]) bench.area(area, {Lsa::copy(lsa.bytes())});
    for (const auto& [key, lsa] : naive.externals) bench.lsas({lsa});
    EXPECT_EQ(bench.calculator.pending(), Calculator::Pending::nothing);
  }

  void expect_same(const RouteTable<V2>& table) {
    const auto expected = naive.calculate();
    std::vector<Ipv4Prefix> a, b;
    for (const auto& [prefix, path] : expected)
      if (path.attached || !path.hops.empty()) a.push_back(prefix);
    for (const auto& route : table.routes) b.push_back(route.prefix);
    ASSERT_EQ(a.size(), b.size());
    for (const auto& route : table.routes) {
      const auto at = expected.find(route.prefix);
      ASSERT_NE(at, expected.end()) << route.prefix.to_string();
      const Naive::Path& path = at->second;
      EXPECT_EQ(route.metric, path.cost) << route.prefix.to_string();
      EXPECT_EQ(route.path_type, path.type) << route.prefix.to_string();
      EXPECT_EQ(route.type2_metric, path.type2);
      EXPECT_EQ(route.tag, path.tag);
      EXPECT_EQ(route.area, path.area) << route.prefix.to_string();
      EXPECT_EQ(route.set == kAttachedSet, path.attached);
      if (path.attached) continue;
      const auto& hops = table.next_hops(route);
      EXPECT_EQ(std::set<Hop>(hops.begin(), hops.end()), path.hops) << route.prefix.to_string();
    }
  }

  std::mt19937_64 random_;
  std::uint32_t routers_, area_count_, next_link_ = 0;
};

class SpfRandom : public testing::TestWithParam<int> {};

TEST_P(SpfRandom, IncrementalNaiveAndFromScratchAgreeThroughRandomChanges) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  World world(seed, 4 + GetParam() % 7, 1 + GetParam() % 3);
  for (int step = 0; step < 120 && !testing::Test::HasFailure(); ++step) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(step));
    for (std::uint64_t many = seed % 3; many > 0; --many) world.step();
    world.step();
    world.check();
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, SpfRandom, testing::Range(0, 60));

}  // namespace
}  // namespace wgospf::ospf::spf_test
