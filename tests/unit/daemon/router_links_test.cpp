// What a router tells of its interfaces and WireGuard devices as these come, change and go.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "running_router.h"

namespace wgospf::daemon {
namespace {

using ::testing::Contains;
using wg::test::eventually;

class RouterLinks : public ::testing::Test {
 protected:
  void SetUp() override {
    WGOSPF_REQUIRE_NAMESPACES();
    space.sh("ip link set lo up");
    if (!space.start_wireguard_go("wg0")) GTEST_SKIP() << "there is no wireguard-go";
    space.sh("ip addr add 10.5.0.1/30 dev wg0 && ip link set wg0 up");
  }
  static std::string areas(const std::string& interfaces) {
    return "areas: [{area-id: 0, interfaces: [" + interfaces + "]}]\n";
  }
  static bool has(const std::vector<std::string>& texts, const std::string& part) {
    return std::any_of(texts.begin(), texts.end(),
                       [&](const auto& text) { return text.find(part) != std::string::npos; });
  }

  Namespace space;
};

TEST_F(RouterLinks, WarningsOfAWireguardDeviceEndWithIt) {
  RunningRouter router(space, areas("{name: wg0}, {name: lan, passive: true}"), "10.0.0.1");
  const auto warnings = [&] { return router.ask([&] { return router->warnings(); }); };
  ASSERT_TRUE(eventually([&] { return has(warnings(), "interface wg0: "); }, kPatience));
  space.sh("ip link del wg0");
  EXPECT_TRUE(eventually([&] { return !has(warnings(), "interface wg0: "); }, kPatience));
  EXPECT_THAT(warnings(),
              Contains("interface wg0 does not exist any more: it was deleted, renamed, or moved to "
                       "another network namespace; it is used when it appears"));
}

TEST_F(RouterLinks, WhatKeepsOspfFromPassingIsNoMatterOfAPassiveInterface) {
  RunningRouter router(space, areas("{name: wg0}"), "10.0.0.1");
  const auto warnings = [&] { return router.ask([&] { return router->warnings(); }); };
  const auto findings = [&] {
    const auto views = router.ask([&] { return router->wireguard(); });
    return views->size() == 1 ? views->front().findings.size() : 0;
  };
  ASSERT_TRUE(eventually([&] { return has(warnings(), "interface wg0: ") && findings() > 0; }, kPatience));
  router.ask([&] {
    router->reconfigure(config_of(areas("{name: wg0, passive: true}")));
    return 0;
  });
  EXPECT_TRUE(eventually([&] { return findings() == 0; }, kPatience));
  EXPECT_FALSE(has(warnings(), "interface wg0"));
}

TEST_F(RouterLinks, WarningsOfAnInterfaceEndWithItsPlaceInTheConfiguration) {
  std::vector<std::string> told;  // on the strand
  RunningRouter router(space, areas("{name: wg0}, {name: lan, passive: true}"), "10.0.0.1");
  const auto warnings = [&] { return router.ask([&] { return router->warnings(); }); };
  ASSERT_TRUE(eventually([&] { return has(warnings(), "interface wg0: "); }, kPatience));
  router.ask([&] {
    (void)router->subscribe([&](const RouterEvent& event) {
      if (const auto* notice = std::get_if<Notice>(&event.what)) told.push_back(notice->text);
    });
    router->reconfigure(config_of(areas("{name: lan, passive: true}")));
    return 0;
  });
  EXPECT_FALSE(has(warnings(), "wg0"));
  EXPECT_TRUE(router.ask([&] { return has(told, "no longer: interface wg0: "); }));
}

TEST_F(RouterLinks, TellsWhatHappensToPeers) {
  std::vector<std::string> told;  // on the strand
  RunningRouter router(space, areas("{name: wg0}"), "10.0.0.1");
  router.ask([&] {
    return router->subscribe([&](const RouterEvent& event) {
      if (const auto* notice = std::get_if<Notice>(&event.what)) told.push_back(notice->text);
    });
  });
  const auto hears = [&](const std::string& text) {
    return eventually([&] { return router.ask([&] { return has(told, text); }); }, kPatience);
  };
  const std::string peer = "peer AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= on wg0: ";
  const std::string set = "wg set wg0 peer AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= ";
  space.sh(set + "endpoint 192.0.2.1:51820");
  EXPECT_TRUE(hears(peer + "added, endpoint 192.0.2.1:51820"));
  space.sh(set + "endpoint 192.0.2.2:51820");
  EXPECT_TRUE(hears(peer + "endpoint 192.0.2.1:51820 -> 192.0.2.2:51820"));
  space.sh(set + "remove");
  EXPECT_TRUE(hears(peer + "removed"));
  space.sh(set + "endpoint 192.0.2.3:51820");
  EXPECT_TRUE(hears(peer + "added, endpoint 192.0.2.3:51820"));
  router.ask([&] { return told.clear(), 0; });
  space.sh("ip link del wg0");
  EXPECT_TRUE(hears(peer + "removed"));
}

// In: a plain LAN interface that names no interface-type, then names one, then goes. Out: passive with a
// warning that names the leaf; an interface for adjacencies; no warning of it any more.
TEST_F(RouterLinks, APlainLanIsPassiveUnlessItsInterfaceTypeSaysOtherwise) {
  space.sh("ip link add lan type veth peer name end && ip link set lan up && ip link set end up");
  space.sh("ip addr add 10.8.0.1/24 dev lan");
  RunningRouter router(space, areas("{name: lan}"), "10.0.0.1");
  const auto warnings = [&] { return router.ask([&] { return router->warnings(); }); };
  const auto lan = [&] {
    const auto all = router.ask([&] { return router->protocol().interfaces(); });
    return all.at(0);
  };
  const std::string leaf = "write \"interface-type: point-to-point\"";
  ASSERT_TRUE(eventually([&] { return has(warnings(), leaf); }, kPatience));
  EXPECT_TRUE(lan().config.passive);
  EXPECT_EQ(lan().packets.sent[1], 0U) << "not one hello";
  router.ask([&] {
    router->reconfigure(config_of(areas("{name: lan, interface-type: point-to-point}")));
    return 0;
  });
  EXPECT_TRUE(eventually([&] { return lan().packets.sent[1] > 0; }, kPatience));
  EXPECT_FALSE(has(warnings(), leaf));
  router.ask([&] {
    router->reconfigure(config_of(areas("{name: lan}")));
    return 0;
  });
  EXPECT_TRUE(eventually([&] { return has(warnings(), leaf) && lan().config.passive; }, kPatience));
  space.sh("ip link del lan");
  EXPECT_TRUE(eventually([&] { return has(warnings(), "interface lan does not exist"); }, kPatience));
  EXPECT_FALSE(has(warnings(), leaf));
}

// In: a pattern, and interfaces whose names match it that come and go. Out: each is run while it is there,
// and nothing is said of it afterwards; a pattern that nothing goes by is told.
TEST_F(RouterLinks, InterfacesOfAPatternAreUsedWhenTheyAppearAndLetGoWhenTheyGo) {
  RunningRouter router(space, areas("{name: wg-*, kind: wireguard}, {name: lan-*, passive: true, cost: 3}"),
                       "10.0.0.1");
  const auto warnings = [&] { return router.ask([&] { return router->warnings(); }); };
  const auto names = [&] {
    std::vector<std::string> result;
    for (const auto& interface : router.ask([&] { return router->protocol().interfaces(); }))
      if (interface.status.up) result.push_back(interface.config.name);
    return result;
  };
  const auto runs = [&](const std::vector<std::string>& wanted) {
    return eventually([&] { return names() == wanted; }, kPatience);
  };
  ASSERT_TRUE(
      eventually([&] { return has(warnings(), "no interface goes by the pattern wg-*"); }, kPatience));
  ASSERT_TRUE(space.start_wireguard_go("wg-a"));
  space.sh("ip addr add 10.6.0.1/30 dev wg-a && ip link set wg-a up");
  EXPECT_TRUE(runs({"wg-a"}));
  space.sh(
      "ip link add lan-1 type veth peer name end && ip link set end up && ip addr add 10.7.0.1/24 dev lan-1 "
      "&& ip link set lan-1 up");
  EXPECT_TRUE(runs({"wg-a", "lan-1"}));
  EXPECT_FALSE(has(warnings(), "goes by the pattern"));
  space.sh("ip link del wg-a && ip link set lan-1 down && ip link set lan-1 name other");
  EXPECT_TRUE(runs({}));
  EXPECT_FALSE(has(warnings(), "interface wg-a"));
  EXPECT_TRUE(has(warnings(), "no interface goes by the pattern wg-*"));
}

}  // namespace
}  // namespace wgospf::daemon
