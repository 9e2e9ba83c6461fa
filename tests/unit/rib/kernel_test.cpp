// The rib thread against the real kernel, in a network namespace of its own, with `ip` as the witness.
#include "rib/kernel_thread.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <csignal>
#include <utility>

#include "tests/unit/rib/netns.h"

namespace wgospf::rib {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using KernelThreadTest = NetnsTest;

std::function<bool(const RouteStands&)> stands(std::uint32_t n, Standing standing) {
  const IpPrefix wanted = Ipv4Prefix::make({0x0a000000U + (n << 8)}, 24);
  return [wanted, standing](const RouteStands& r) { return r.prefix == wanted && r.standing == standing; };
}

TEST_F(KernelThreadTest, InstallsTenThousandRoutesThroughOneGroupAndRemovesThem) {
  start();
  auto changes = routes(1, 0, 10'000);
  changes.insert(changes.begin(), SetChanged{1, Family::ipv4, {via("a0"), via("b0")}});
  submit(std::move(changes));
  settle();
  EXPECT_EQ(count_routes(), 10'000U);
  const Json route = json("ip -j route show exact 10.0.77.0/24").at(0);
  EXPECT_EQ(route.at("metric"), 110);
  EXPECT_EQ(route.at("protocol"), "89");
  EXPECT_THAT(devices("10.0.77.0/24"), UnorderedElementsAre("a0", "b0"));
  const Json objects = json("ip -j nexthop");
  ASSERT_EQ(objects.size(), 3U) << objects;
  for (const Json& object : objects) EXPECT_EQ(object.at("protocol"), "89");

  const auto before = rib->counters().messages;
  submit({SetChanged{1, Family::ipv4, {via("b0")}}});
  settle();
  EXPECT_THAT(devices("10.0.77.0/24"), ElementsAre("b0"));
  ASSERT_TRUE(eventually([] { return json("ip -j nexthop").size() == 2; }));
  EXPECT_EQ(rib->counters().messages - before, 2U) << "however many prefixes";

  rib->flush_and_stop(OnStop::remove_routes);
  ASSERT_TRUE(inbox.wait<Stopped>());
  EXPECT_EQ(inbox.of<Stopped>()[0].routes_left, 0U);
  EXPECT_EQ(count_routes(), 0U);
  EXPECT_THAT(json("ip -j nexthop"), IsEmpty());
  EXPECT_THAT(inbox.of<Failed>(), IsEmpty());
  EXPECT_THAT(inbox.of<Drift>(), IsEmpty()) << "own echoes are no drift";
}

TEST_F(KernelThreadTest, ReplacingGroupsAndRoutesUnderTrafficLosesNothing) {
  shell("ip addr add 192.0.2.1/32 dev lo");
  start();
  auto changes = routes(1, 0, 100);
  changes.insert(changes.begin(), SetChanged{1, Family::ipv4, {via("a0")}});
  changes.insert(changes.begin(), SetChanged{2, Family::ipv4, {via("c0")}});
  submit(std::move(changes));
  settle();
  const int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> sent = 0;
  std::atomic<std::uint64_t> refused = 0;
  std::thread traffic([&] {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(9);
    to.sin_addr.s_addr = htonl(0x0a002a07);
    while (!stop) {
      // A full queue of the device is not a missing route.
      const bool ok = sendto(udp, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 1;
      ++(ok || errno == ENOBUFS ? sent : refused);
    }
  });
  const Member a = via("a0");
  const Member b = via("b0");
  for (int i = 0; i < 300; ++i) {
    submit({SetChanged{1, Family::ipv4,
                       i % 3 == 0   ? std::vector{a}
                       : i % 3 == 1 ? std::vector{a, b}
                                    : std::vector{b}},
            PrefixChanged{.prefix = prefix(42), .set_id = i % 2 == 0 ? 1U : 2U}});
    settle();
  }
  stop = true;
  traffic.join();
  close(udp);
  EXPECT_EQ(refused, 0U) << "of " << sent;
  EXPECT_GT(sent, 300U);
  EXPECT_THAT(inbox.of<Failed>(), IsEmpty());
}

TEST_F(KernelThreadTest, LinkDownAndUpRestoresNexthopGroupAndRoutes) {
  start();
  auto changes = routes(1, 0, 500);
  for (Change& change : routes(2, 500, 500)) changes.push_back(std::move(change));
  changes.insert(changes.begin(), SetChanged{1, Family::ipv4, {via("a0")}});
  changes.insert(changes.begin(), SetChanged{2, Family::ipv4, {via("a0"), via("b0")}});
  submit(std::move(changes));
  settle();
  shell("ip link set a0 down");
  ASSERT_TRUE(eventually([this] { return rib->counters().routes == 500; }));
  EXPECT_EQ(count_routes(), 500U) << "the kernel has taken the others away in silence";
  EXPECT_THAT(devices("10.2.0.0/24"), ElementsAre("b0"));
  shell("ip link set a0 up");
  ASSERT_TRUE(eventually([] { return count_routes() == 1000; }));
  EXPECT_THAT(devices("10.0.7.0/24"), ElementsAre("a0"));
  ASSERT_TRUE(eventually([] { return devices("10.2.0.0/24").size() == 2; }));
  EXPECT_EQ(rib->counters().drift, 0U);
  EXPECT_EQ(rib->counters().missing, 0U);
  // The far end going down takes the carrier, which the kernel treats alike.
  shell("ip link set a1 down");
  ASSERT_TRUE(eventually([this] { return rib->counters().routes == 500; }));
  EXPECT_EQ(rib->counters().missing, 500U);
  ASSERT_TRUE(inbox.wait<RouteStands>(stands(7, Standing::no_next_hop)));
  shell("ip link set a1 up");
  ASSERT_TRUE(eventually([] { return count_routes() == 1000; }));
  EXPECT_THAT(inbox.of<Failed>(), IsEmpty()) << "whichever was first, the kernel or its word of it";
}

TEST_F(KernelThreadTest, LinkThatIsRecreatedUnderAnotherIndexIsUsedAgain) {
  start();
  submit({SetChanged{1, Family::ipv4, {via("a0")}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  settle();
  shell("ip link del a0");
  ASSERT_TRUE(eventually([this] { return rib->counters().nexthops == 0; }));
  shell("ip link add a0 type veth peer name a1 && ip link set a0 up && ip link set a1 up");
  wait_for_carrier("a0");
  submit({SetChanged{1, Family::ipv4, {via("a0")}}});
  settle();
  EXPECT_THAT(devices("10.0.1.0/24"), ElementsAre("a0"));
}

TEST_F(KernelThreadTest, MemberWhoseLinkIsNotThereYetIsInstalledWhenItComes) {
  start();
  submit({SetChanged{1, Family::ipv4, {{.ifindex = 4711}}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  settle();
  ASSERT_TRUE(inbox.wait<Failed>());
  shell("ip link add d0 index 4711 type veth peer name d1 && ip link set d0 up && ip link set d1 up");
  ASSERT_TRUE(eventually([] { return devices("10.0.1.0/24") == std::vector<std::string>{"d0"}; }));
  ASSERT_TRUE(inbox.wait<Recovered>());
}

TEST_F(KernelThreadTest, ForeignRouteOfTheSamePrefixIsNotTouched) {
  shell("ip route add 10.0.1.0/24 dev b0 metric 50");
  shell("ip route add 10.0.1.0/24 dev b0 metric 200 proto 188");
  shell("ip route add 10.0.2.0/24 dev b0 metric 110 proto static");
  const std::string before = shell("ip route show dev b0");
  start();
  submit({SetChanged{1, Family::ipv4, {via("a0")}}, PrefixChanged{.prefix = prefix(1), .set_id = 1},
          PrefixChanged{.prefix = prefix(2), .set_id = 1}, PrefixChanged{.prefix = prefix(3), .set_id = 1}});
  settle();
  EXPECT_EQ(shell("ip route show dev b0"), before);
  EXPECT_THAT(devices("10.0.1.0/24"), ElementsAre("a0"));
  EXPECT_THAT(devices("10.0.3.0/24"), ElementsAre("a0"));
  ASSERT_TRUE(inbox.wait<Failed>());
  EXPECT_THAT(inbox.of<Failed>()[0].text, HasSubstr("another program"));
  shell("ip route del 10.0.2.0/24 metric 110");
  ASSERT_TRUE(eventually([] { return devices("10.0.2.0/24") == std::vector<std::string>{"a0"}; }));
  rib->flush_and_stop(OnStop::remove_routes);
  ASSERT_TRUE(inbox.wait<Stopped>());
  EXPECT_EQ(json("ip -j route show dev b0").size(), 2U);
}

// The kernel takes routes with a link, a next hop or an address without a word. By then ours have been
// refused so often that the next attempt of itself is seconds away.
TEST_F(KernelThreadTest, ForeignRouteThatLeavesWithoutAWordDelaysOursNoLonger) {
  shell("ip addr add 192.0.2.1/32 dev lo && ip nexthop add id 7 dev a1");
  const std::array<std::pair<std::string, std::string>, 4> ways{{
      {"dev b0", "ip link set b0 down"},
      {"dev c0", "ip link del c0"},
      {"nhid 7", "ip nexthop del id 7"},
      {"dev a1 src 192.0.2.1", "ip addr del 192.0.2.1/32 dev lo"},
  }};
  for (std::uint32_t n = 0; n < ways.size(); ++n) {
    shell("ip route add " + to_string(IpPrefix(prefix(n))) + " metric 110 " + ways[n].first);
  }
  shell("ip link set b1 down");  // a carrier that is lost takes no such route yet
  start();
  auto changes = routes(1, 0, ways.size());
  changes.insert(changes.begin(), SetChanged{1, Family::ipv4, {via("a0")}});
  submit(std::move(changes));
  ASSERT_TRUE(eventually([&] { return rib->counters().failures >= 5 * ways.size(); }));
  for (std::uint32_t n = 0; n < ways.size(); ++n) {
    SCOPED_TRACE(ways[n].second);
    const auto begin = std::chrono::steady_clock::now();
    shell(ways[n].second);
    const std::string text = to_string(IpPrefix(prefix(n)));
    ASSERT_TRUE(eventually([&] { return devices(text) == std::vector<std::string>{"a0"}; }));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s) << "of itself after four at the earliest";
  }
}

class SlotTest : public KernelThreadTest {
 protected:
  /// Prefixes 1 to 3 go by a0 (set 1), and a test leads them by c0 (set 2), whose group is there for
  /// prefix 4.
  void start_with_two_ways() {
    start();
    submit({SetChanged{1, Family::ipv4, {via("a0")}}, SetChanged{2, Family::ipv4, {via("c0")}}});
    submit(routes(1, 1, 3));
    submit(routes(2, 4, 1));
    settle();
  }
};

TEST_F(SlotTest, RouteThatAnotherProgramPutsBeforeOursIsNeverReplaced) {
  const auto foreign = [] { return json("ip -j route show proto static"); };
  start_with_two_ways();
  shell("ip route prepend 10.0.1.0/24 dev b0 metric 110 proto static");
  shell("ip route append 10.0.2.0/24 dev b0 metric 110 proto static");
  shell("ip route prepend 10.0.3.0/24 tos 8 dev b0 metric 110 proto static");
  const Json before = foreign();
  ASSERT_EQ(before.size(), 3U);
  submit(routes(2, 1, 3));
  settle();
  EXPECT_EQ(foreign(), before);
  EXPECT_THAT(devices("10.0.1.0/24"), IsEmpty());
  EXPECT_THAT(devices("10.0.2.0/24"), ElementsAre("c0")) << "ours is the first there";
  EXPECT_THAT(devices("10.0.3.0/24"), ElementsAre("c0")) << "another type of service is another slot";
  ASSERT_TRUE(inbox.wait<Failed>([](const Failed& failed) { return failed.error == EEXIST; }));
  for (const Failed& failed : inbox.of<Failed>()) {
    EXPECT_EQ(failed.subject, Subject(IpPrefix(prefix(1))));
    EXPECT_THAT(failed.text, HasSubstr("another program"));
  }
  EXPECT_EQ(inbox.of<Failed>().size(), 1U);
  shell("ip route del 10.0.1.0/24 dev b0 proto static");
  ASSERT_TRUE(eventually([] { return devices("10.0.1.0/24") == std::vector<std::string>{"c0"}; }));
}

TEST_F(SlotTest, RouteThatIsAloneInItsSlotAgainIsReplacedInPlace) {
  start_with_two_ways();
  shell("ip route prepend 10.0.1.0/24 dev b0 metric 110 proto static");
  ASSERT_TRUE(inbox.wait<RouteStands>(stands(1, Standing::hidden)));
  EXPECT_EQ(inbox.of<RouteStands>().back().holder, (Holder{110, index("b0"), 4}));
  EXPECT_THAT(devices("10.0.1.0/24"), ElementsAre("a0")) << "ours stays, behind that one";
  shell("ip route del 10.0.1.0/24 dev b0 proto static");
  ASSERT_TRUE(inbox.wait<RouteStands>(stands(1, Standing::in_kernel)));
  const auto before = rib->counters().messages;
  submit(routes(2, 1, 1));
  settle();
  EXPECT_THAT(devices("10.0.1.0/24"), ElementsAre("c0"));
  EXPECT_EQ(rib->counters().messages - before, 1U) << "not deleted and added";
}

TEST_F(KernelThreadTest, RouteThatWasPutBeforeOneOfAFormerRunIsNeverReplaced) {
  start();
  submit({SetChanged{1, Family::ipv4, {via("a0")}}, PrefixChanged{.prefix = prefix(1), .set_id = 1},
          PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  settle();
  rib.reset();
  shell("ip route prepend 10.0.1.0/24 dev b0 metric 110 proto static");
  inbox.clear();
  start();
  submit({SetChanged{1, Family::ipv4, {via("c0")}}, PrefixChanged{.prefix = prefix(1), .set_id = 1},
          PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  rib->claim();
  ASSERT_TRUE(eventually([] { return devices("10.0.2.0/24") == std::vector<std::string>{"c0"}; }));
  ASSERT_TRUE(inbox.wait<Failed>());
  EXPECT_THAT(devices_in("ip -j route show exact 10.0.1.0/24"), ElementsAre("b0"));
  EXPECT_EQ(rib->counters().missing, 1U);
}

TEST_F(KernelThreadTest, DriftIsRepaired) {
  start();
  submit({SetChanged{1, Family::ipv4, {via("a0"), via("b0")}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1}, PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  settle();
  const auto whole = [] { return devices("10.0.1.0/24").size() == 2 && devices("10.0.2.0/24").size() == 2; };
  shell("ip route del 10.0.1.0/24");
  ASSERT_TRUE(eventually(whole)) << "a route deleted";
  ASSERT_TRUE(inbox.wait<Drift>([](const Drift& d) { return d.what == "deleted route 10.0.1.0/24"; }));
  const auto first_id = [](bool group) {
    for (const Json& object : json("ip -j nexthop")) {
      if (object.contains("group") == group) return object.at("id").get<std::uint32_t>();
    }
    return 0U;
  };
  shell("ip nexthop del id " + std::to_string(first_id(false)));
  ASSERT_TRUE(eventually(whole)) << "a next hop deleted";
  shell("ip nexthop del id " + std::to_string(first_id(true)));
  ASSERT_TRUE(eventually(whole)) << "the group deleted, and both routes with it";
  shell("ip nexthop flush proto 89");
  ASSERT_TRUE(eventually(whole)) << "everything deleted";
  EXPECT_GE(rib->counters().drift, 4U);
  EXPECT_EQ(rib->counters().overruns, 0U);
}

// While the thread reads again and again what it has installed, routes vanish one after the other.
TEST_F(KernelThreadTest, RouteDeletedWhileTheStateIsReadCountsOnce) {
  constexpr std::uint32_t kRoutes = 20'000;
  shell("ip addr add 192.0.2.1/32 dev lo");
  start();
  auto changes = routes(1, 0, kRoutes);
  changes.emplace_back(
      PrefixChanged{.prefix = prefix(kRoutes), .set_id = 1, .source = *Ipv4Address::parse("192.0.2.1")});
  changes.insert(changes.begin(), SetChanged{1, Family::ipv4, {via("a0")}});
  submit(std::move(changes));
  settle();
  std::atomic<bool> stop = false;
  // The address stays on lo, but whoever hears of one that goes must look which routes went with it.
  std::thread readings([&stop] {
    while (!stop) shell("ip addr add 192.0.2.1/32 dev c0 && ip addr del 192.0.2.1/32 dev c0");
  });
  const auto before = rib->counters().resyncs;
  std::uint32_t deleted = 0;
  while (rib->counters().resyncs < before + 30 && deleted < kRoutes) {
    std::string batch;
    for (const std::uint32_t end = deleted + 50; deleted < end; ++deleted) {
      batch += "route del " + to_string(IpPrefix(prefix(deleted))) + " proto 89\\n";
    }
    shell("printf '" + batch + "' | ip -batch -");
  }
  stop = true;
  readings.join();
  ASSERT_TRUE(eventually([] { return count_routes() == kRoutes + 1; })) << deleted << " were deleted";
  EXPECT_EQ(rib->counters().drift, deleted) << "a notification older than the reading is no second deletion";
  EXPECT_THAT(inbox.of<Failed>(), IsEmpty());
}

TEST_F(KernelThreadTest, FightWithAnotherProgramDoesNotSpin) {
  start();
  submit({SetChanged{1, Family::ipv4, {via("a0")}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  settle();
  const auto before = rib->counters().messages;
  // Deletes as fast as it can for two seconds, and while the route is away it is said so.
  shell(
      "end=$(( $(date +%s) + 2 )); while [ $(date +%s) -lt $end ]; do "
      "ip route del 10.0.1.0/24 proto 89 2>/dev/null; done; true");
  EXPECT_LE(rib->counters().messages - before, 6U);
  EXPECT_TRUE(inbox.wait<RouteStands>(stands(1, Standing::missing)));
  ASSERT_TRUE(eventually([] { return devices("10.0.1.0/24").size() == 1; })) << "and yet it comes back";
}

TEST_F(KernelThreadTest, RoutesOfAKilledRunAreAdoptedAndReplacedInPlaceAfterTheClaim) {
  const Member a = via("a0");
  const Member b = via("b0");
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    start({}, [&ready](Reports reports) {
      for (const Report& report : reports) {
        if (std::holds_alternative<Acknowledged>(report) && write(ready[1], "x", 1) != 1) _exit(2);
      }
    });
    if (!rib) _exit(1);
    auto changes = routes(1, 0, 1000);
    changes.insert(changes.begin(), SetChanged{1, Family::ipv4, {a}});
    rib->submit({1, std::move(changes)});
    while (true) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  close(ready[0]);
  close(ready[1]);
  ASSERT_EQ(count_routes(), 1000U);

  start();
  EXPECT_EQ(rib->counters().adopted, 1000U);
  EXPECT_FALSE(rib->counters().claimed);
  // 0..499 as before, 500..899 another way, 900..999 nobody wants any more, 1000..1009 new.
  auto changes = routes(7, 0, 500);
  for (Change& change : routes(8, 500, 400)) changes.push_back(std::move(change));
  for (Change& change : routes(8, 1000, 10)) changes.push_back(std::move(change));
  changes.insert(changes.begin(), SetChanged{7, Family::ipv4, {a}});
  changes.insert(changes.begin(), SetChanged{8, Family::ipv4, {b}});
  submit(std::move(changes));
  settle();
  EXPECT_EQ(count_routes(), 1010U);
  EXPECT_THAT(devices("10.2.0.0/24"), ElementsAre("a0")) << "untouched";
  EXPECT_THAT(devices("10.3.232.0/24"), ElementsAre("b0")) << "new prefixes do not wait";
  const auto before = rib->counters().messages;
  rib->claim();
  ASSERT_TRUE(eventually([this] { return rib->counters().claimed && rib->counters().routes == 910; }));
  EXPECT_EQ(count_routes(), 910U);
  EXPECT_THAT(devices("10.0.0.0/24"), ElementsAre("a0"));
  EXPECT_THAT(devices("10.2.0.0/24"), ElementsAre("b0"));
  EXPECT_EQ(rib->counters().messages - before, 500U) << "400 replaced, 100 deleted, 500 as they are";
  EXPECT_EQ(json("ip -j nexthop").size(), 4U);
  EXPECT_EQ(rib->counters().drift, 0U);
}

TEST_F(KernelThreadTest, ForeignNexthopIdsAreSteppedOver) {
  const std::uint32_t first = default_id_range(254).first;
  shell("ip nexthop add id " + std::to_string(first) + " dev b0");
  shell("ip nexthop add id " + std::to_string(first + 1) + " dev c0 proto 188");
  start();
  submit({SetChanged{1, Family::ipv4, {via("a0")}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  settle();
  EXPECT_THAT(devices("10.0.1.0/24"), ElementsAre("a0"));
  EXPECT_THAT(inbox.of<Failed>(), IsEmpty());
  rib->flush_and_stop(OnStop::remove_routes);
  ASSERT_TRUE(inbox.wait<Stopped>());
  const Json left = json("ip -j nexthop");
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left.at(0).at("dev"), "b0");
  EXPECT_EQ(left.at(1).at("dev"), "c0");
}

TEST_F(KernelThreadTest, AnotherTableAndMetric) {
  start({.table = 88'888, .metric = 7});
  submit({SetChanged{1, Family::ipv4, {via("a0")}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  settle();
  EXPECT_THAT(devices("10.0.1.0/24", "88888"), ElementsAre("a0"));
  EXPECT_EQ(count_routes(), 0U);
}

TEST_F(KernelThreadTest, TablesOfOneThreadAreKeptApart) {
  start();
  submit({SetChanged{1, Family::ipv4, {via("a0")}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  settle();
  Inbox of_other;
  auto attached = kernel->attach({.table = 7, .metric = 20}, of_other.callback());
  ASSERT_TRUE(attached) << attached.error().text;
  Table& other = *attached.value();
  other.submit(
      {1, {SetChanged{1, Family::ipv4, {via("b0")}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}}});
  ASSERT_TRUE(of_other.wait<Acknowledged>());
  EXPECT_THAT(devices("10.0.1.0/24"), ElementsAre("a0"));
  EXPECT_THAT(devices("10.0.1.0/24", "7"), ElementsAre("b0"));
  shell("ip route del 10.0.1.0/24 table 7 metric 20");
  ASSERT_TRUE(eventually([] { return devices("10.0.1.0/24", "7") == std::vector<std::string>{"b0"}; }));
  EXPECT_EQ(rib->counters().drift, 0U) << "it was not of this table";
  rib->claim();
  other.flush_and_stop(OnStop::remove_routes);
  ASSERT_TRUE(of_other.wait<Stopped>());
  EXPECT_EQ(count_routes("7"), 0U);
  attached.value().reset();
  submit({SetChanged{1, Family::ipv4, {via("c0")}}});
  settle();
  EXPECT_THAT(devices("10.0.1.0/24"), ElementsAre("c0")) << "the other table goes on";
  rib.reset();
  EXPECT_THAT(devices("10.0.1.0/24"), ElementsAre("c0")) << "let go, its routes stay";
}

TEST_F(KernelThreadTest, ATableThatCannotBeAttachedLeavesTheOthersAlone) {
  start();
  const auto refused = kernel->attach({.table = 7, .ids = IdRange{0, 16}}, {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, testing::HasSubstr("must not begin with 0"));
  submit({SetChanged{1, Family::ipv4, {via("a0")}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  settle();
}

TEST_F(KernelThreadTest, WhatCannotBeUsedLeavesItsGroupAtOnce) {
  start();
  Member a = via("a0");
  Member b = via("b0");
  a.tag = 70;
  b.tag = 80;
  submit({SetChanged{1, Family::ipv4, {a, b}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  settle();
  rib->set_usable(70, false);
  ASSERT_TRUE(eventually([] { return devices("10.0.1.0/24") == std::vector<std::string>{"b0"}; }));
  submit({SetChanged{2, Family::ipv4, {a}, 5}, PrefixChanged{.prefix = prefix(2), .set_id = 2}});
  settle();
  EXPECT_EQ(count_routes(), 1U) << "the gate is closed";
  rib->open(5);
  ASSERT_TRUE(eventually([] { return count_routes() == 2; }));
}

TEST_F(KernelThreadTest, TellsWhetherRulesLookUpTheTable) {
  const auto told = [this](bool reachable) {
    const bool seen =
        inbox.wait<TableReachable>([=](const TableReachable& t) { return t.reachable == reachable; });
    inbox.clear();
    return seen;
  };
  start();
  EXPECT_TRUE(told(true)) << "there are rules for table main";
  start({.table = 88'888, .families = {Family::ipv4, Family::ipv6}});
  EXPECT_TRUE(told(false));
  shell("ip -6 rule add pref 5210 lookup 88888");
  shell("ip rule add pref 5210 lookup 88888");
  EXPECT_TRUE(told(true)) << "both families have a rule";
  shell("ip rule del pref 5210");
  EXPECT_TRUE(told(false));
}

TEST_F(KernelThreadTest, TheKernelsOwnWordsAreReported) {
  shell("ip addr add 192.0.2.1/30 dev c0");
  start();
  const Member off_subnet{.ifindex = index("c0"), .gateway = Ipv4Address{0xc6336401}, .onlink = false};
  submit({SetChanged{1, Family::ipv4, {off_subnet}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  ASSERT_TRUE(inbox.wait<Failed>());
  EXPECT_THAT(inbox.of<Failed>()[0].text, HasSubstr("Nexthop has invalid gateway"));
  Member onlink = off_subnet;
  onlink.onlink = true;
  submit({SetChanged{1, Family::ipv4, {onlink}}});
  settle();
  const Json route = json("ip -j route show exact 10.0.1.0/24").at(0);
  EXPECT_EQ(route.at("gateway"), "198.51.100.1");
  EXPECT_THAT(route.at("flags"), testing::Contains("onlink"));
}

TEST_F(KernelThreadTest, PreferredSourceThatComesAndGoes) {
  start();
  submit({SetChanged{1, Family::ipv4, {via("a0")}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1, .source = *Ipv4Address::parse("192.0.2.9")}});
  ASSERT_TRUE(inbox.wait<Failed>()) << "the address is not there yet";
  const auto installed = [] {
    const Json found = json("ip -j route show exact 10.0.1.0/24");
    return found.size() == 1 && found.at(0).value("prefsrc", "") == "192.0.2.9";
  };
  for (int round = 0; round < 2; ++round) {
    shell("ip addr add 192.0.2.9/32 dev lo");
    ASSERT_TRUE(eventually(installed)) << "round " << round;
    shell("ip addr del 192.0.2.9/32 dev lo");
    ASSERT_TRUE(eventually([this] { return rib->counters().failing == 1; }))
        << "the kernel drops such routes silently";
  }
}

TEST_F(KernelThreadTest, BothFamilies) {
  start({.families = {Family::ipv4, Family::ipv6}});
  const auto v6 = *Ipv6Prefix::parse("2001:db8:7::/48");
  submit({SetChanged{1, Family::ipv4, {via("a0")}}, SetChanged{1, Family::ipv6, {via("b0")}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1}, PrefixChanged{.prefix = v6, .set_id = 1}});
  settle();
  const auto v6_devices = [] { return devices_in("ip -6 -j route show proto 89"); };
  EXPECT_THAT(devices("10.0.1.0/24"), ElementsAre("a0"));
  EXPECT_THAT(v6_devices(), ElementsAre("b0"));
  shell("ip link set b0 down");
  ASSERT_TRUE(eventually([this] { return rib->counters().routes == 1; }));
  shell("ip link set b0 up");
  ASSERT_TRUE(eventually([&] { return v6_devices() == std::vector<std::string>{"b0"}; }));
  submit({SetChanged{1, Family::ipv6, {via("c0")}}});
  settle();
  EXPECT_THAT(v6_devices(), ElementsAre("c0"));
  rib->flush_and_stop(OnStop::remove_routes);
  ASSERT_TRUE(inbox.wait<Stopped>());
  EXPECT_THAT(v6_devices(), IsEmpty());
}

/// The lowest descriptors that are free are those of the thread's sockets: two for links, then the one for requests.
int descriptor_of_requests() {
  std::array<int, 3> free{};
  for (int& descriptor : free) descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  for (const int descriptor : free) close(descriptor);
  return free.back();
}
bool is_route_socket(int descriptor) {
  int protocol = -1;
  socklen_t length = sizeof(protocol);
  return getsockopt(descriptor, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 &&
         protocol == NETLINK_ROUTE;
}

TEST_F(KernelThreadTest, AcknowledgementsThatAreLostAreFoundOutAndNotToldAsRefusals) {
  constexpr std::uint32_t kBlocked = 40;
  shell("for n in $(seq 0 " + std::to_string(kBlocked - 1) +
        "); do ip route add 10.0.$n.0/24 dev b0 metric 110; done");
  const int requests = descriptor_of_requests();
  start();
  ASSERT_TRUE(is_route_socket(requests));
  const int least = 0;  // the kernel keeps room for very few answers
  ASSERT_EQ(setsockopt(requests, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
  auto changes = routes(1, 0, 1000);
  changes.insert(changes.begin(), SetChanged{1, Family::ipv4, {via("a0")}});
  submit(std::move(changes));
  settle();
  EXPECT_GE(rib->counters().overruns, 1U);
  EXPECT_EQ(count_routes(), 1000U - kBlocked);
  const auto failed = inbox.of<Failed>();
  EXPECT_EQ(failed.size(), kBlocked);
  for (const Failed& failure : failed) EXPECT_EQ(failure.error, EEXIST) << failure.text;
  EXPECT_THAT(inbox.of<Drift>(), IsEmpty()) << "what was done unheard is no drift";
}

// The socket is made unreadable under the thread: every reading fails from then on.
TEST_F(KernelThreadTest, AReadingThatKeepsFailingIsNotTriedWithoutPause) {
  const int free = descriptor_of_requests();
  start({.audit_interval = 1s});
  ASSERT_TRUE(is_route_socket(free));
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  ASSERT_EQ(dup3(nothing, free, O_CLOEXEC), free);
  close(nothing);
  const auto begin = std::chrono::steady_clock::now();
  const auto before = rib->counters().resyncs;
  ASSERT_TRUE(inbox.wait<Overrun>());
  ASSERT_TRUE(eventually([&] { return rib->counters().resyncs >= before + 3; }));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 2s) << "a second between two attempts";
  EXPECT_EQ(inbox.of<Overrun>().size(), 1U) << "told once";
}

TEST_F(KernelThreadTest, ManyThreadsMaySubmitAndLookOn) {
  start();
  const Member a = via("a0");
  std::atomic<std::uint64_t> number = 0;
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    while (!stop) EXPECT_LE(rib->counters().routes, 400U);
  });
  std::vector<std::thread> writers;
  for (std::uint32_t writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (std::uint32_t n = 0; n < 100; ++n) {
        rib->submit({++number,
                     {SetChanged{writer, Family::ipv4, {a}},
                      PrefixChanged{.prefix = prefix(100 * writer + n), .set_id = writer}}});
        rib->set_connected({});
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  ASSERT_TRUE(eventually([this] { return rib->counters().ticket == 400 && rib->counters().routes == 400; }));
  stop = true;
  reader.join();
  EXPECT_EQ(count_routes(), 400U);
}

}  // namespace
}  // namespace wgospf::rib
