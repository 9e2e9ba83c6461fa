// What the rib thread says of routes is what the kernel does with them: foreign deletions, foreign routes,
// lost notifications. Against the real kernel, in a network namespace of its own.
#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <atomic>
#include <set>

#include "rib/leftovers.h"
#include "rib/table_lock.h"
#include "tests/unit/rib/netns.h"

namespace wgospf::rib {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TruthTest : public NetnsTest {
 protected:
  /// Prefixes 1 to `count` by a0, as set 1.
  void install(std::uint32_t count, Config config = {}) {
    start(std::move(config));
    auto changes = routes(1, 1, count);
    changes.insert(changes.begin(), SetChanged{1, Family::ipv4, {via("a0")}});
    submit(std::move(changes));
    settle();
  }
  /// Waits until this is the last that was said of prefix `n`.
  bool stands(std::uint32_t n, Standing standing) {
    return eventually([&] { return last_of(n).standing == standing; });
  }
  [[nodiscard]] RouteStands last_of(std::uint32_t n) const {
    RouteStands last{prefix(n), Standing::in_kernel, {}};
    for (const RouteStands& report : inbox.of<RouteStands>()) {
      if (report.prefix == IpPrefix(prefix(n))) last = report;
    }
    return last;
  }
};

TEST_F(TruthTest, FlushesByOthersAreRepairedEachTime) {
  install(200);
  for (int time = 0; time < 9; ++time) {
    SCOPED_TRACE(time);
    const auto drift = rib->counters().drift;
    shell(time % 3 == 2 ? "for n in $(seq 1 200); do echo route del 10.0.$n.0/24 proto 89; done | ip -batch -"
                        : "ip nexthop flush proto 89");
    ASSERT_TRUE(eventually([&] { return rib->counters().drift > drift && count_routes() == 200; }));
    ASSERT_TRUE(eventually([&] { return rib->counters().missing == 0 && rib->counters().pending == 0; }));
  }
  EXPECT_THAT(inbox.of<Failed>(), IsEmpty());
}

TEST_F(TruthTest, WhileARouteIsAwayItIsSaidSo) {
  install(1);
  shell("ip route del 10.0.1.0/24 proto 89");
  ASSERT_TRUE(eventually([&] { return count_routes() == 1; })) << "at once the first time";
  inbox.clear();
  shell("ip route del 10.0.1.0/24 proto 89");
  ASSERT_TRUE(inbox.wait<RouteStands>([](const RouteStands& r) { return r.standing == Standing::missing; }));
  ASSERT_TRUE(eventually([&] { return count_routes() == 1; }));
  ASSERT_TRUE(stands(1, Standing::in_kernel));
  EXPECT_EQ(rib->counters().missing, 0U);
}

TEST_F(TruthTest, WhoRemovesOurRoutesIsNamedIfItStillRuns) {
  install(1);
  // The shell has no netlink socket: this one stays until it is told to end.
  shell("(sleep 0.2; printf 'route del 10.0.1.0/24 proto 89\n'; sleep 3) | ip -batch - &");
  ASSERT_TRUE(inbox.wait<Drift>());
  EXPECT_THAT(inbox.of<Drift>()[0].who, HasSubstr("(ip)"));
}

TEST_F(TruthTest, RouteOfALowerMetricHidesOursAndItsOwnerIsNamed) {
  shell("ip route add 10.0.2.0/24 dev b0 metric 20 proto bird");
  install(3);
  ASSERT_TRUE(stands(2, Standing::hidden)) << "one that was there before";
  shell("ip route add 10.0.1.0/24 dev b0 metric 50 proto dhcp");
  shell("ip route add 10.0.3.0/24 dev b0 metric 500 proto dhcp");
  ASSERT_TRUE(stands(1, Standing::hidden));
  EXPECT_EQ(last_of(1).holder, (Holder{50, index("b0"), 16}));
  EXPECT_EQ(last_of(2).holder, (Holder{20, index("b0"), 12}));
  EXPECT_EQ(last_of(3).standing, Standing::in_kernel) << "one of a higher metric hides nothing";
  EXPECT_EQ(rib->counters().hidden, 2U);
  EXPECT_EQ(rib->counters().missing, 0U) << "ours are there";
  EXPECT_EQ(count_routes(), 3U);
  shell("ip route add 10.0.1.0/24 dev c0 metric 40 proto static");
  ASSERT_TRUE(eventually([&] { return last_of(1).holder == Holder{40, index("c0"), 4}; }));
  shell("ip route del 10.0.1.0/24 metric 40");
  ASSERT_TRUE(eventually([&] { return last_of(1).holder == Holder{50, index("b0"), 16}; }));
  shell("ip route del 10.0.1.0/24 metric 50");
  ASSERT_TRUE(stands(1, Standing::in_kernel));
  shell("ip link set b0 down");
  ASSERT_TRUE(stands(2, Standing::in_kernel)) << "which took the route without a word";
  EXPECT_EQ(rib->counters().hidden, 0U);
}

TEST_F(TruthTest, SubnetOfAnInterfaceWithoutCarrierHidesOursUnlessTheKernelIsToIgnoreIt) {
  shell("ip addr add 10.0.1.9/24 dev c0 && ip link set c1 down");
  install(1);
  ASSERT_TRUE(stands(1, Standing::hidden));
  EXPECT_EQ(last_of(1).holder, (Holder{0, index("c0"), 2}));
  shell("sysctl -qw net.ipv4.conf.c0.ignore_routes_with_linkdown=1");
  shell("ip link set c1 up && ip link set c1 down");  // the setting itself makes no notification
  ASSERT_TRUE(stands(1, Standing::in_kernel));
  EXPECT_THAT(devices_in("ip -j route get 10.0.1.77"), ElementsAre("a0")) << "the kernel's own answer";
}

TEST_F(TruthTest, PreferredSourceThatIsExchangedIsNoErrorAndNoDrift) {
  shell("ip addr add 192.0.2.1/32 dev lo");
  start();
  const auto by_source = [this](const char* source) {
    std::vector<Change> changes{SetChanged{1, Family::ipv4, {via("a0")}}};
    for (std::uint32_t n = 0; n < 500; ++n) {
      changes.emplace_back(
          PrefixChanged{.prefix = prefix(n), .set_id = 1, .source = *Ipv4Address::parse(source)});
    }
    submit(std::move(changes));
  };
  by_source("192.0.2.1");
  settle();
  for (int time = 0; time < 6; ++time) {
    const std::string now = time % 2 == 0 ? "192.0.2.2" : "192.0.2.1";
    const std::string before = time % 2 == 0 ? "192.0.2.1" : "192.0.2.2";
    shell("ip addr del " + before + "/32 dev lo && ip addr add " + now + "/32 dev lo");
    by_source(now.c_str());
    ASSERT_TRUE(eventually([&] { return json("ip -j route show proto 89 src " + now).size() == 500; }))
        << time;
  }
  settle();
  EXPECT_THAT(inbox.of<Failed>(), IsEmpty());
  EXPECT_THAT(inbox.of<Drift>(), IsEmpty());
}

TEST_F(TruthTest, CarrierThatGoesWhileTheRibWorksIsNoErrorLine) {
  start();
  const Member a = via("a0");
  const Member b = via("b0");
  auto changes = routes(1, 1, 300);
  changes.insert(changes.begin(), SetChanged{1, Family::ipv4, {a, b}});
  submit(std::move(changes));
  settle();
  std::atomic<bool> stop = false;
  std::thread carrier([&stop] {
    while (!stop) shell("ip link set a1 down && ip link set a1 up");
  });
  for (int i = 0; i < 200; ++i) {
    submit({SetChanged{1, Family::ipv4, i % 2 == 0 ? std::vector{a} : std::vector{a, b}},
            SetChanged{2, Family::ipv4, {i % 3 == 0 ? a : b}},
            PrefixChanged{.prefix = prefix(1), .set_id = i % 2 == 0 ? 1U : 2U}});
    std::this_thread::sleep_for(5ms);
  }
  stop = true;
  carrier.join();
  submit({SetChanged{1, Family::ipv4, {a, b}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  ASSERT_TRUE(eventually([&] { return devices("10.0.1.0/24").size() == 2 && count_routes() == 300; }));
  for (const Failed& failed : inbox.of<Failed>()) ADD_FAILURE() << failed.text;
}

TEST_F(TruthTest, LinkMadeAnewIsMissingUntilItsNewNumberIsUsed) {
  install(5);
  shell("ip link del a0");
  ASSERT_TRUE(stands(3, Standing::no_next_hop));
  EXPECT_EQ(rib->counters().missing, 5U);
  shell("ip link add a0 type veth peer name a1 && ip link set a0 up && ip link set a1 up");
  wait_for_carrier("a0");
  submit({SetChanged{1, Family::ipv4, {via("a0")}}});
  ASSERT_TRUE(stands(3, Standing::in_kernel));
  EXPECT_EQ(count_routes(), 5U);
}

// A full feed of another program: the kernel does not even put it into our socket.
TEST_F(TruthTest, RoutesOfOtherTablesAreNotHeardOf) {
  for (const char* own : {"254", "88888"}) {
    for (const char* other : {"77", "99999"}) {
      SCOPED_TRACE(std::string(own) + " " + other);
      install(1, {.table = static_cast<std::uint32_t>(std::stoul(own))});
      const int events = events_descriptor();
      const int least = 0;  // the kernel keeps room for very few notifications
      ASSERT_EQ(setsockopt(events, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
      shell(
          "for n in $(seq 0 255); do for m in $(seq 0 40); do echo route add 172.16.$n.$m/32 dev b0 table " +
          std::string(other) + "; done; done | ip -batch -");
      shell("ip route del 10.0.1.0/24 proto 89 table " + std::string(own));
      ASSERT_TRUE(eventually([&] { return count_routes(own) == 1; })) << "of our own we hear";
      EXPECT_EQ(rib->counters().overruns, 0U);
      shell("ip route flush table " + std::string(other));
      rib->flush_and_stop(OnStop::remove_routes);
      ASSERT_TRUE(inbox.wait<Stopped>());
      rib.reset();
      inbox.clear();
    }
  }
}

// Of our own table nothing can be left out: losses are read again at most once a second, and what is wanted
// is done meanwhile.
TEST_F(TruthTest, LossesOverAndOverAreReadOnceASecondAndDoNotHoldUpTheWork) {
  install(10);
  const int least = 0;
  std::atomic<bool> stop = false;
  std::thread feed([&stop] {
    while (!stop) {
      shell(
          "for n in $(seq 0 250); do for m in $(seq 0 20); do echo route add 172.16.$n.$m/32 dev b0 metric "
          "50; "
          "done; done | ip -batch - && ip route flush metric 50");
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  const auto resyncs = rib->counters().resyncs;
  std::uint32_t n = 100;
  while (rib->counters().resyncs < resyncs + 4) {
    // Each new socket is given as little room as the first.
    setsockopt(events_descriptor(), SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
    submit(routes(1, n++, 1));
    settle();
    if (std::chrono::steady_clock::now() - begin > kPatience) break;
  }
  const auto took = std::chrono::steady_clock::now() - begin;
  const auto readings = rib->counters().resyncs - resyncs;
  stop = true;
  feed.join();
  EXPECT_GE(rib->counters().overruns, 4U);
  EXPECT_GE(readings, 4U);
  EXPECT_LE(readings, 1U + static_cast<std::uint64_t>(took / 1s));
  EXPECT_GT(n, 110U);
  ASSERT_TRUE(eventually([&] { return count_routes() == 10 + n - 100; }));
  EXPECT_THAT(inbox.of<Failed>(), IsEmpty());
}

TEST_F(TruthTest, WhatRunsWithAnotherTableOrMetricLeftGoesAtTheClaimUnlessTheyStillRun) {
  for (const Config& former : {Config{.table = 7}, Config{.table = 8}, Config{.metric = 50}}) {
    install(3, former);
    rib.reset();
    inbox.clear();
  }
  const auto alive = IdsLock::try_acquire(default_id_range(8).first, {});
  ASSERT_TRUE(alive);
  install(3);
  EXPECT_EQ(count_routes(), 6U) << "nothing goes before this run knows as much";
  EXPECT_EQ(count_routes("7"), 3U);
  rib->claim();
  ASSERT_TRUE(eventually([] { return count_routes() == 3 && count_routes("7") == 0; }));
  EXPECT_EQ(json("ip -j route show proto 89 metric 110").size(), 3U) << "those of this run";
  EXPECT_EQ(count_routes("8"), 3U);
  ASSERT_TRUE(stands(1, Standing::in_kernel)) << "the old one does not hide ours any more";
  std::set<std::string> told;
  for (const LeftoversRemoved& report : inbox.of<LeftoversRemoved>()) told.insert(report.what);
  EXPECT_EQ(told, (std::set<std::string>{"3 routes of table 254, metric 50",
                                         "3 routes of table 7, metric 110; 1 group and 1 next hop"}));
  rib->flush_and_stop(OnStop::remove_routes);
  ASSERT_TRUE(inbox.wait<Stopped>());
  const auto cleaned = clean_up({});
  ASSERT_TRUE(cleaned);
  EXPECT_THAT(cleaned.value().lines, ElementsAre(HasSubstr("kept, for a daemon that runs has them")));
}

TEST_F(TruthTest, LinksThatComeAndGoByTheHundredLeaveNothing) {
  install(1);
  for (int n = 0; n < 100; ++n) {
    shell("ip link add d0 type veth peer name d1 && ip link set d0 up && ip link del d0");
  }
  ASSERT_TRUE(eventually([&] { return rib->counters().links <= 8; })) << rib->counters().links;
}

}  // namespace
}  // namespace wgospf::rib
