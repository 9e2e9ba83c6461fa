// Which foreign routes are announced, and how that changes with routes and rules.

#include "daemon/routes/redistribution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

namespace wgospf::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Ipv4Prefix prefix(const char* text) {
  return *Ipv4Prefix::parse(text);
}

/// A route as the kernel has it: its own if `origin` is connected, else one of protocol static.
rib::ForeignRoute route(const char* text, rib::RouteOrigin origin, std::uint32_t table = 254,
                        std::uint32_t metric = 0, std::uint32_t ifindex = 2) {
  rib::ForeignRoute result;
  result.prefix = prefix(text);
  result.table = table;
  result.type = RTN_UNICAST;
  const bool connected = origin == rib::RouteOrigin::connected;
  result.scope = connected ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  result.protocol = connected ? RTPROT_KERNEL : RTPROT_STATIC;
  result.metric = metric;
  result.ifindex = ifindex;
  return result;
}

RedistributeRule rule(rib::RouteOrigin source, std::uint32_t metric = 20) {
  RedistributeRule result;
  result.source = source;
  result.metric = metric;
  return result;
}

/// All changes as text: "+PREFIX METRIC" and "-PREFIX".
std::vector<std::string> changes(Redistribution& redistribution) {
  std::vector<std::string> result;
  while (const auto step = redistribution.take_changes(1)) {
    for (const auto& external : step->set)
      result.push_back("+" + to_string(external.prefix) + " " + std::to_string(external.metric));
    for (const auto& gone : step->removed) result.push_back("-" + to_string(gone));
  }
  return result;
}

constexpr auto kStatic = rib::RouteOrigin::static_route;
constexpr auto kConnected = rib::RouteOrigin::connected;
constexpr auto kTable = rib::RouteOrigin::table;

TEST(Redistribution, AnnouncesWhatARuleNamesAndWithdrawsIt) {
  Redistribution redistribution;
  redistribution.set_rules({rule(kStatic, 30)});
  redistribution.added(route("198.51.100.0/24", kStatic));
  redistribution.added(route("203.0.113.0/24", kConnected));
  EXPECT_THAT(changes(redistribution), ElementsAre("+198.51.100.0/24 30"));
  redistribution.removed(route("198.51.100.0/24", kStatic));
  EXPECT_THAT(changes(redistribution), ElementsAre("-198.51.100.0/24"));
  EXPECT_EQ(redistribution.announced(), 0U);
}

TEST(Redistribution, PassesMetricAndTypeOn) {
  Redistribution redistribution;
  auto first_type = rule(kStatic, 7);
  first_type.type2 = false;
  redistribution.set_rules({first_type});
  redistribution.added(route("198.51.100.0/24", kStatic));
  const auto step = redistribution.take_changes(10);
  ASSERT_TRUE(step);
  EXPECT_THAT(step->set, ElementsAre(ospf::ExternalRoute{prefix("198.51.100.0/24"), 7, false, 0, {}}));
}

TEST(Redistribution, FiltersByPrefix) {
  Redistribution redistribution;
  auto filtered = rule(kStatic);
  filtered.prefixes = {{prefix("10.0.0.0/8"), 16, 24}};
  redistribution.set_rules({filtered});
  for (const char* text : {"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.1.1.1/32", "11.1.0.0/16"})
    redistribution.added(route(text, kStatic));
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.1.0.0/16 20", "+10.1.1.0/24 20"));
}

TEST(Redistribution, TheFirstRuleWinsAndTheNextStepsIn) {
  Redistribution redistribution;
  redistribution.set_rules({rule(kStatic, 10), rule(kConnected, 20)});
  redistribution.added(route("10.1.0.0/16", kConnected));
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.1.0.0/16 20"));
  redistribution.added(route("10.1.0.0/16", kStatic, 254, 100));
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.1.0.0/16 10"));
  redistribution.removed(route("10.1.0.0/16", kStatic, 254, 100));
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.1.0.0/16 20"));
}

TEST(Redistribution, ASecondRouteKeepsThePrefixAnnounced) {
  Redistribution redistribution;
  redistribution.set_rules({rule(kStatic)});
  redistribution.added(route("10.1.0.0/16", kStatic, 254, 100));
  redistribution.added(route("10.1.0.0/16", kStatic, 254, 200));
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.1.0.0/16 20"));
  redistribution.removed(route("10.1.0.0/16", kStatic, 254, 100));
  EXPECT_THAT(changes(redistribution), IsEmpty());
}

TEST(Redistribution, TakesOnlyTheTableNamed) {
  Redistribution redistribution;
  auto from_100 = rule(kTable);
  from_100.table = 100;
  redistribution.set_rules({from_100});
  redistribution.added(route("10.1.0.0/16", kTable, 100));
  redistribution.added(route("10.2.0.0/16", kTable, 101));
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.1.0.0/16 20"));
}

TEST(Redistribution, LeavesOutWhatOspfAnnouncesItself) {
  Redistribution redistribution;
  redistribution.set_rules({rule(kConnected)});
  redistribution.set_ospf_interfaces({5});
  redistribution.added(route("10.1.0.0/16", kConnected, 254, 0, 5));
  redistribution.added(route("10.2.0.0/16", kConnected, 254, 0, 6));
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.2.0.0/16 20"));
  redistribution.set_ospf_interfaces({6});
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.1.0.0/16 20", "-10.2.0.0/16"));
}

RedistributeRule table_rule(std::uint32_t table, std::uint32_t metric = 20) {
  auto result = rule(kTable, metric);
  result.table = table;
  return result;
}

TEST(Redistribution, LeavesOutConnectedRoutesOfOspfInterfacesInANamedTableToo) {
  Redistribution redistribution;
  redistribution.set_rules({table_rule(254), table_rule(10)});
  redistribution.set_ospf_interfaces({5});
  redistribution.added(route("10.1.0.0/16", kConnected, 254, 0, 5));
  redistribution.added(route("10.2.0.0/16", kConnected, 254, 0, 6));
  redistribution.added(route("10.3.0.0/16", kConnected, 10, 0, 5));  // the interface is in a VRF
  redistribution.added(route("10.4.0.0/16", kStatic, 254, 0, 5));    // static over an OSPF interface
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.2.0.0/16 20", "+10.4.0.0/16 20"));
}

TEST(Redistribution, ARouteOfTheMainTableMatchesEveryRuleThatNamesIt) {
  Redistribution redistribution;
  redistribution.set_rules({table_rule(254, 10)});
  redistribution.added(route("10.1.0.0/16", kStatic));
  redistribution.added(route("10.2.0.0/16", kConnected));
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.1.0.0/16 10", "+10.2.0.0/16 10"));
  redistribution.set_rules({rule(kStatic, 30), table_rule(254, 10)});
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.1.0.0/16 30"));
  auto narrow = rule(kStatic, 40);
  narrow.prefixes = {{prefix("192.0.2.0/24"), 24, 24}};
  redistribution.set_rules({narrow, table_rule(254, 10)});
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.1.0.0/16 10")) << "not what the static rule names";
}

TEST(Redistribution, NeverAnnouncesWhatNobodyMayRoute) {
  Redistribution redistribution;
  redistribution.set_rules({rule(kStatic)});
  for (const char* text : {"127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"})
    redistribution.added(route(text, kStatic));
  redistribution.added(route("0.0.0.0/0", kStatic));
  EXPECT_THAT(changes(redistribution), ElementsAre("+0.0.0.0/0 20"));
}

TEST(Redistribution, NewRulesChangeOnlyWhatDiffers) {
  Redistribution redistribution;
  redistribution.set_rules({rule(kStatic), rule(kConnected)});
  redistribution.added(route("10.1.0.0/16", kStatic));
  redistribution.added(route("10.2.0.0/16", kConnected));
  EXPECT_EQ(changes(redistribution).size(), 2U);
  redistribution.set_rules({rule(kStatic)});
  EXPECT_THAT(changes(redistribution), ElementsAre("-10.2.0.0/16"));
  redistribution.set_rules({rule(kStatic, 99)});
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.1.0.0/16 99"));
}

TEST(Redistribution, ComesInBatches) {
  Redistribution redistribution;
  redistribution.set_rules({rule(kStatic)});
  for (std::uint32_t i = 0; i < 10; ++i) {
    rib::ForeignRoute item = route("10.0.0.0/24", kStatic);
    item.prefix = Ipv4Prefix{Ipv4Address{0x0a000000 + (i << 8)}, 24};
    redistribution.added(item);
  }
  EXPECT_EQ(redistribution.take_changes(4)->set.size(), 4U);
  EXPECT_EQ(redistribution.take_changes(4)->set.size(), 4U);
  EXPECT_EQ(redistribution.take_changes(4)->set.size(), 2U);
  EXPECT_FALSE(redistribution.take_changes(4));
}

TEST(Redistribution, WatchesWhatItsRulesName) {
  auto from_100 = rule(kTable);
  from_100.table = 100;
  const auto watch = Redistribution::watch_for({rule(kStatic), from_100, from_100});
  EXPECT_TRUE(watch.static_routes);
  EXPECT_FALSE(watch.connected);
  EXPECT_THAT(watch.tables, ElementsAre(100U));
  EXPECT_TRUE(Redistribution::watch_for({}).empty());
}

// Hellos wait for it: a full table in which a rule takes little must not be gone through in one go.
TEST(Redistribution, NewRulesAreAppliedWithinABudgetOfWhatIsExamined) {
  Redistribution redistribution;
  auto few = rule(kStatic);
  few.prefixes = {{prefix("10.0.0.0/24"), 24, 24}};
  redistribution.set_rules({rule(kConnected)});
  for (std::uint32_t n = 0; n < 1000; ++n) {
    auto foreign = route("10.0.0.0/24", kStatic);
    foreign.prefix = Ipv4Prefix::make({0x0a000000U + (n << 8)}, 24);
    redistribution.added(foreign);
  }
  while (redistribution.take_changes(100)) {
  }
  redistribution.set_rules({few});
  std::size_t calls = 0;
  std::size_t announced = 0;
  while (const auto step = redistribution.take_changes(100)) {
    ++calls;
    announced += step->set.size();
  }
  EXPECT_EQ(calls, 10U);
  EXPECT_EQ(announced, 1U);
  redistribution.set_rules({});
  EXPECT_EQ(changes(redistribution), (std::vector<std::string>{"-10.0.0.0/24"}));
  EXPECT_EQ(redistribution.announced(), 0U);
}

// In: a client whose prefix a rule announces, too. Out: announced as the client is, and as the rule says when it is gone.
TEST(Redistribution, AClientComesBeforeRules) {
  Redistribution redistribution;
  redistribution.set_rules({rule(kStatic, 30)});
  redistribution.set_client({prefix("10.99.0.50/32"), 10, false, 7, std::nullopt});
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.99.0.50/32 10"));
  redistribution.added(route("10.99.0.50/32", kStatic));
  EXPECT_THAT(changes(redistribution), IsEmpty());
  redistribution.remove_client(prefix("10.99.0.50/32"));
  EXPECT_THAT(changes(redistribution), ElementsAre("+10.99.0.50/32 30"));
}

}  // namespace
}  // namespace wgospf::daemon
