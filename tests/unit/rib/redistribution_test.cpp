// Routes that others made: what is reported, when, and never ours.
#include <algorithm>
#include <mutex>

#include "tests/unit/rib/netns.h"

namespace wgospf::rib {
namespace {

using testing::UnorderedElementsAre;

class RedistributionTest : public NetnsTest {
 protected:
  /// Prefixes reported as there and not reported as gone since.
  std::vector<std::string> present() const {
    std::vector<ForeignRoute> routes;
    for (const Report& report : inbox.all()) {
      if (const auto* added = std::get_if<ForeignRouteAdded>(&report)) routes.push_back(added->route);
      if (const auto* removed = std::get_if<ForeignRouteRemoved>(&report)) {
        const auto found = std::find(routes.begin(), routes.end(), removed->route);
        if (found == routes.end()) {
          ADD_FAILURE() << to_string(removed->route.prefix) << " removed but never added";
        } else {
          routes.erase(found);
        }
      }
    }
    std::vector<std::string> texts;
    for (const ForeignRoute& route : routes) texts.push_back(to_string(route.prefix));
    std::sort(texts.begin(), texts.end());
    return texts;
  }
  bool becomes(std::vector<std::string> wanted) const {
    return eventually([&] { return present() == wanted; });
  }
  using Texts = std::vector<std::string>;
};

TEST_F(RedistributionTest, ConnectedRoutesComeAndGoWithAddressAndLink) {
  shell("ip addr add 192.0.2.1/24 dev a0 && ip addr add 127.0.0.5/8 dev lo");
  start({.watch = {.connected = true}});
  ASSERT_TRUE(inbox.wait<ForeignRoutesComplete>());
  EXPECT_EQ(present(), Texts{"192.0.2.0/24"}) << "the first reading is complete before it says so";
  const ForeignRoute route = inbox.of<ForeignRouteAdded>()[0].route;
  EXPECT_TRUE(route.is_connected());
  EXPECT_TRUE(route.is_of(RouteOrigin::connected, 0));
  EXPECT_EQ(route.ifindex, index("a0"));
  shell("ip addr add 198.51.100.1/24 dev b0");
  EXPECT_TRUE(becomes({"192.0.2.0/24", "198.51.100.0/24"}));
  shell("ip link set a0 down");
  EXPECT_TRUE(becomes({"198.51.100.0/24"})) << "IPv4 routes leave with their link silently";
  shell("ip link set a0 up");
  EXPECT_TRUE(becomes({"192.0.2.0/24", "198.51.100.0/24"}));
  shell("ip link set a1 down");
  EXPECT_TRUE(becomes({"198.51.100.0/24"})) << "no carrier";
  shell("ip link set a1 up");
  EXPECT_TRUE(becomes({"192.0.2.0/24", "198.51.100.0/24"}));
  shell("ip addr del 198.51.100.1/24 dev b0");
  EXPECT_TRUE(becomes({"192.0.2.0/24"}));
}

TEST_F(RedistributionTest, StaticRoutesAreThoseOfProtocolsStaticAndBoot) {
  shell("ip addr add 192.0.2.1/24 dev c0");
  shell("ip route add 203.0.113.0/24 via 192.0.2.2 proto static");
  start({.watch = {.static_routes = true}});
  ASSERT_TRUE(inbox.wait<ForeignRoutesComplete>());
  EXPECT_EQ(present(), Texts{"203.0.113.0/24"});
  EXPECT_EQ(inbox.of<ForeignRouteAdded>()[0].route.gateway, IpAddress(*Ipv4Address::parse("192.0.2.2")));
  shell("ip route add 198.51.100.0/25 dev b0");
  shell("ip route add blackhole 10.0.0.0/8 proto static");
  shell("ip route add 198.51.100.128/25 dev b0 proto 188");
  submit({SetChanged{1, Family::ipv4, {via("a0")}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  settle();
  EXPECT_TRUE(becomes({"10.0.0.0/8", "198.51.100.0/25", "203.0.113.0/24"}));
  shell("ip addr del 192.0.2.1/24 dev c0");
  EXPECT_TRUE(becomes({"10.0.0.0/8", "198.51.100.0/25"})) << "left with its gateway's subnet";
  shell("ip route del 198.51.100.0/25 && ip route del blackhole 10.0.0.0/8");
  EXPECT_TRUE(becomes({}));
}

TEST_F(RedistributionTest, NamedTableButNeverOurs) {
  shell("ip route add 198.51.100.0/24 dev b0 table 777 proto 188");
  start({.table = 777, .watch = {.tables = {777}}});
  submit({SetChanged{1, Family::ipv4, {via("a0")}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  settle();
  shell("ip route add 203.0.113.0/24 dev b0 table 777");
  EXPECT_TRUE(becomes({"198.51.100.0/24", "203.0.113.0/24"}));
  shell("ip route add 203.0.113.0/24 dev c0 table 777 metric 9");
  EXPECT_TRUE(becomes({"198.51.100.0/24", "203.0.113.0/24", "203.0.113.0/24"}));
  shell("ip route append 203.0.113.0/24 dev c0 table 777");
  shell("ip route del 203.0.113.0/24 dev b0 table 777");
  EXPECT_TRUE(eventually([&] {
    const auto added = inbox.of<ForeignRouteAdded>();
    return std::count_if(added.begin(), added.end(), [](const ForeignRouteAdded& a) {
             return a.route.metric == 0 && a.route.ifindex == index("c0");
           }) == 1;
  })) << "of two routes in one slot the other is left";
  EXPECT_TRUE(becomes({"198.51.100.0/24", "203.0.113.0/24", "203.0.113.0/24"}));
  shell("ip route replace 198.51.100.0/24 dev c0 table 777 proto 188");
  EXPECT_TRUE(eventually([&] { return inbox.of<ForeignRouteRemoved>().size() == 2; }));
  EXPECT_TRUE(becomes({"198.51.100.0/24", "203.0.113.0/24", "203.0.113.0/24"}));
}

// The kernel says that the next hop is gone or another, and nothing of its routes.
TEST_F(RedistributionTest, RoutesThroughAForeignNextHopChangeWithIt) {
  // Addresses that become usable later would ask for a reading of their own.
  shell("for device in a0 a1 b0 b1 c0 c1; do ip -6 addr flush dev $device; done");
  shell("ip addr add 192.0.2.1/24 dev c0");
  shell("ip nexthop add id 7 dev b0 && ip nexthop add id 8 via 192.0.2.2 dev c0");
  shell(
      "ip route add 203.0.113.0/24 nhid 7 proto static && ip route add 198.51.100.0/24 nhid 8 proto static");
  start({.watch = {.static_routes = true}});
  ASSERT_TRUE(inbox.wait<ForeignRoutesComplete>());
  EXPECT_EQ(present(), (Texts{"198.51.100.0/24", "203.0.113.0/24"}));
  shell("ip nexthop del id 7");
  EXPECT_TRUE(becomes({"198.51.100.0/24"}));
  shell("ip nexthop replace id 8 via 192.0.2.3 dev c0");
  EXPECT_TRUE(inbox.wait<ForeignRouteAdded>([](const ForeignRouteAdded& added) {
    return added.route.gateway == IpAddress(*Ipv4Address::parse("192.0.2.3"));
  }));
  EXPECT_TRUE(becomes({"198.51.100.0/24"}));
}

TEST_F(RedistributionTest, WhatIsWatchedMayChange) {
  shell("ip addr add 192.0.2.1/24 dev a0 && ip route add 203.0.113.0/24 dev b0");
  start({.watch = {.connected = true}});
  ASSERT_TRUE(inbox.wait<ForeignRoutesComplete>());
  kernel->watch({.static_routes = true});
  EXPECT_TRUE(becomes({"203.0.113.0/24"}));
  kernel->watch({});
  EXPECT_TRUE(becomes({}));
  EXPECT_TRUE(eventually([this] { return inbox.of<ForeignRoutesComplete>().size() == 3; }));
}

TEST_F(RedistributionTest, ARouteOfTheMainTableKeepsItsFactsWhateverIsWatchedBesideTheTable) {
  shell("ip addr add 192.0.2.1/24 dev a0 && ip route add 203.0.113.0/24 dev b0 proto static");
  start({.watch = {.tables = {254}}});
  ASSERT_TRUE(inbox.wait<ForeignRoutesComplete>());
  const Texts both{"192.0.2.0/24", "203.0.113.0/24"};
  EXPECT_EQ(present(), both);
  for (const auto& added : inbox.of<ForeignRouteAdded>()) {
    const bool connected = to_string(added.route.prefix) == both[0];
    EXPECT_EQ(added.route.is_connected(), connected);
    EXPECT_EQ(added.route.is_of(RouteOrigin::connected, 0), connected);
    EXPECT_EQ(added.route.is_of(RouteOrigin::static_route, 0), !connected);
    EXPECT_TRUE(added.route.is_of(RouteOrigin::table, 254));
    EXPECT_FALSE(added.route.is_of(RouteOrigin::table, 777));
  }
  kernel->watch({.connected = true, .static_routes = true, .tables = {254}});
  ASSERT_TRUE(eventually([this] { return inbox.of<ForeignRoutesComplete>().size() == 2; }));
  EXPECT_EQ(inbox.of<ForeignRouteAdded>().size(), 2U) << "the same routes, so nothing to report";
  EXPECT_TRUE(inbox.of<ForeignRouteRemoved>().empty());
  kernel->watch({.static_routes = true});
  EXPECT_TRUE(becomes({"203.0.113.0/24"}));
}

// The rib thread is held up in its callback while far more notifications come than its socket can hold.
TEST_F(RedistributionTest, LostNotificationsAreMadeUpForByReading) {
  const auto gate = std::make_shared<std::mutex>();
  std::unique_lock closed(*gate, std::defer_lock);
  start({.watch = {.static_routes = true}}, [this, gate](Reports reports) {
    const std::lock_guard pass(*gate);
    inbox.callback()(std::move(reports));
  });
  submit({SetChanged{1, Family::ipv4, {via("a0")}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  settle();
  closed.lock();
  shell("ip route add 198.51.100.0/24 dev b0");
  shell(
      "awk 'BEGIN { for (i = 0; i < 40000; ++i) print \"route add 172.\" 16 + int(i / 65536) \".\" "
      "int(i / 256) % 256 \".\" i % 256 \"/32 dev b0 proto static\" }' | ip -batch -");
  shell("ip route del 10.0.1.0/24 proto 89");
  closed.unlock();
  ASSERT_TRUE(inbox.wait<Overrun>());
  EXPECT_TRUE(eventually([] { return devices("10.0.1.0/24").size() == 1; })) << "our route is back";
  EXPECT_TRUE(eventually([this] { return inbox.of<ForeignRouteAdded>().size() == 40'001; }));
  EXPECT_GE(rib->counters().overruns, 1U);
}

}  // namespace
}  // namespace wgospf::rib
