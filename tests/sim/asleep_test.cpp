// A peer that is no router is left asleep (D37): three hellos each time that it wakes, then silence until a
// hello comes from it.

#include <algorithm>

#include "tests/sim/peers.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

constexpr Duration kLong = seconds{600};

class AsleepTest : public PeersScenario {
 protected:
  void SetUp() override {
    router = add_router(1);
    peer = add_scripted_peer(router, 9);
    peer->fall_silent();
    start_all();
  }
  void wake() { network.wake_peer(network.cables[peer->cable()].ends[0]); }
  [[nodiscard]] std::uint64_t hellos() { return hellos_on(router, link_of(*peer)); }

  RouterIndex router = 0;
  std::unique_ptr<ScriptedPeer> peer;
};

// In: a peer that never says anything. Out: three hellos an interval apart when the link comes up, and
// nothing more; it is shown as asleep, and no timer runs for it.
TEST_F(AsleepTest, ThreeHellosThenSilence) {
  network.run_for(seconds{5});
  EXPECT_EQ(hellos(), 3U);
  const auto timers = instance(router).statistics().timers;
  network.run_for(kLong);
  EXPECT_EQ(hellos(), 3U);
  EXPECT_TRUE(info_of(router, link_of(*peer)).peer_asleep);
  EXPECT_FALSE(info_of(router, link_of(*peer)).next_hello);
  EXPECT_LE(instance(router).statistics().timers, timers);
}

// In: it wakes, twice at some distance and twice at once. Out: three more hellos each time, the first of them
// at once.
TEST_F(AsleepTest, ThreeMoreAfterEachWake) {
  network.run_for(kLong);
  wake();
  EXPECT_EQ(hellos(), 4U);
  network.run_for(kLong);
  EXPECT_EQ(hellos(), 6U);
  wake();
  wake();
  network.run_for(kLong);
  EXPECT_GE(hellos(), 9U);
  EXPECT_LE(hellos(), 10U);
  EXPECT_TRUE(info_of(router, link_of(*peer)).peer_asleep);
}

// In: a hello from it while it is taken to be asleep. Out: it is answered at once, becomes Full, and hellos
// go on.
TEST_F(AsleepTest, AHelloFromItMakesItARouter) {
  network.run_for(kLong);
  peer->start();
  EXPECT_TRUE(network.run_until([&] { return full_count(router) == 1; }, 20 * kRoundTrip));
  EXPECT_FALSE(info_of(router, link_of(*peer)).peer_asleep);
}

// In: a router behind a path that is cut for long. Out: hellos to it go on, so that it is back when the path
// is.
TEST_F(AsleepTest, ARouterIsNotTakenToBeAsleep) {
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return full_count(router) == 1; }, seconds{5}));
  peer->fall_silent();
  network.run_for(seconds{30});
  ASSERT_EQ(full_count(router), 0U);
  const auto before = hellos();
  network.run_for(kLong);
  EXPECT_GT(hellos(), before + 500);
}

// In: hellos of it that are refused, for its interval. Out: hellos go to it, so that it can tell too.
TEST_F(AsleepTest, ARouterThatIsRefusedIsOneAllTheSame) {
  network.run_for(kLong);
  peer->set_dead_interval(17);
  peer->start();
  network.run_for(seconds{10});
  EXPECT_EQ(full_count(router), 0U);
  EXPECT_GT(hellos(), 8U);
}

// In: what others say on its link. Out: that does not make it a router.
TEST_F(AsleepTest, WhatOthersSayDoesNotCount) {
  network.run_for(kLong);
  peer->transmit(V2::encode(RouterId{0x01010107}, kBackbone, peer->hello()), {0x0a630007},
                 address_of(router));
  network.run_for(kLong);
  EXPECT_EQ(hellos(), 3U);
}

// In: its device goes down and up. Out: three hellos more; at an orderly end none goes to a peer that is
// asleep.
TEST_F(AsleepTest, ADeviceThatComesUpWakesAndTheEndDoesNot) {
  network.run_for(kLong);
  network.set_up(router, link_of(*peer), false);
  wake();
  network.run_for(seconds{5});
  EXPECT_EQ(hellos(), 3U);
  network.set_up(router, link_of(*peer), true);
  network.run_for(kLong);
  EXPECT_EQ(hellos(), 6U);
  const auto count_sent = [&] {
    return std::count_if(sent.begin(), sent.end(),
                         [&](const auto& one) { return one.packet.link == link_of(*peer); });
  };
  const auto before = count_sent();
  network.shut_down(router);
  network.run_for(seconds{3});
  EXPECT_EQ(count_sent(), before);
}

// In: the configuration says that it is a router. Out: hellos go to it whether it says anything or not; and
// when the configuration says so no more they end.
TEST_F(AsleepTest, AKnownRouterIsAlwaysSpokenTo) {
  network.run_for(kLong);
  network.routers[router].ports.at(link_of(*peer)).config.peer_is_router = true;
  network.reload(router);
  EXPECT_EQ(hellos(), 4U);
  network.run_for(seconds{100});
  EXPECT_GT(hellos(), 90U);
  network.routers[router].ports.at(link_of(*peer)).config.peer_is_router = false;
  network.reload(router);
  const auto before = hellos();
  network.run_for(kLong);
  EXPECT_EQ(hellos(), before);
}

// In: two routers, each asleep to the other, of which one wakes. Out: both are Full.
TEST_F(AsleepTest, OneWakeIsEnoughForTwoRouters) {
  const RouterIndex other = add_router(2);
  const CableIndex cable = connect_peers(router, other);
  network.reload(router);
  network.run_for(seconds{8});
  EXPECT_EQ(full_count(router), 0U) << "the other is not there yet";
  for (auto& way : network.cables[cable].into) way.loss = 1000;
  network.start(other);
  network.run_for(seconds{8});
  for (auto& way : network.cables[cable].into) way.loss = 0;
  const auto ends = network.cables[cable].ends;
  network.wake_peer(ends[0]);
  EXPECT_TRUE(
      network.run_until([&] { return full_count(router) == 1 && full_count(other) == 1; }, 20 * kRoundTrip));
}

}  // namespace
}  // namespace wgospf::sim
