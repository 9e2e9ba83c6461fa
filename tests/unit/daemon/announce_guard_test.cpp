// What a router may announce, held against whose word a route is.

#include "daemon/routes/announce_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace wgospf::daemon::announce_guard_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using V2 = ospf::V2;
using Change = AnnounceGuard::Change;

constexpr ospf::RouterId kTwo{0x0a000002}, kThree{0x0a000003}, kInvented{0x0a090909};
constexpr ospf::SetId kSet{1}, kOverThree{3};
constexpr ospf::LinkId kLinkOfTwo{2}, kLinkOfThree{3};

Ipv4Prefix prefix(const char* text) {
  return *Ipv4Prefix::parse(text);
}
ospf::PrefixOrigin stub_of(ospf::RouterId router, std::uint32_t metric) {
  return {{ospf::LsaType::router, ospf::LinkStateId{router.value}, router}, metric};
}
ospf::PrefixOrigin external_of(ospf::RouterId router, std::uint32_t metric) {
  return {{ospf::LsaType::as_external, ospf::LinkStateId{1}, router}, metric};
}
ospf::PrefixOrigin summary_of(ospf::RouterId router, std::uint32_t metric) {
  return {{ospf::LsaType::summary_network, ospf::LinkStateId{1}, router}, metric};
}
PrefixFilter filter(const char* text, std::uint8_t le) {
  return {prefix(text), prefix(text).length, le};
}

/// The guard, what it asks, and what those behind have.
class AnnounceGuardTest : public ::testing::Test {
 protected:
  void hand_on(const Change& change) { desired.apply(change); }
  /// A route comes or changes, by the word of these.
  void announce(const char* text, std::vector<ospf::PrefixOrigin> by, std::uint32_t metric = 20,
                ospf::SetId set = kSet) {
    says[prefix(text)] = std::move(by);
    ospf::Route<V2> route;
    route.prefix = prefix(text);
    route.set = set;
    route.metric = metric;
    routes[route.prefix] = route;
    hand_on(guard.pass({{}, ospf::PrefixChanged<V2>{route}}));
  }
  void withdraw(const char* text) {
    says.erase(prefix(text));
    routes.erase(prefix(text));
    hand_on(guard.pass({{}, ospf::PrefixGone<V2>{prefix(text)}}));
  }
  [[nodiscard]] AnnounceGuard::Table table() const {
    auto built = std::make_shared<ospf::RouteTable<V2>>();
    for (const auto& [key, route] : routes) built->routes.push_back(route);
    return built;
  }
  void set_policies(AnnounceRules::Policies policies) { set_rules({std::move(policies), {}, {}}); }
  void set_rules(AnnounceRules rules) {
    guard.set_rules(std::move(rules), table());
    settle();
    sweep();
  }
  void set_networks(ConnectedNetworks networks) {
    guard.set_networks(std::move(networks), table());
    sweep();
  }
  /// A set leads over these links from now on.
  void lead(ospf::SetId set, std::vector<ospf::LinkId> over) {
    std::vector<ospf::NextHop> hops;
    for (const auto link : over) hops.push_back({link, std::nullopt, {}});
    hand_on(guard.pass({{}, ospf::SetChanged{set, hops}}));
  }
  void settle() {
    for (const auto& change : guard.settle()) hand_on(change);
  }
  void sweep() {
    guard.begin_sweep(table());
    while (guard.is_sweeping())
      for (const auto& change : guard.sweep(2)) hand_on(change);
  }
  [[nodiscard]] bool is_desired(const char* text) const { return desired.find(prefix(text)) != nullptr; }
  [[nodiscard]] std::string reason(const char* text) const {
    const auto* withheld = guard.find(prefix(text));
    return withheld == nullptr ? std::string() : reason_of(*withheld);
  }

  std::map<Ipv4Prefix, std::vector<ospf::PrefixOrigin>> says;
  std::map<Ipv4Prefix, ospf::Route<V2>> routes;
  DesiredRoutes desired;
  AnnounceGuard guard{[this](const Ipv4Prefix& asked) { return says[asked]; }, desired};
  const AnnouncePolicy site_of_two{{filter("192.168.36.0/24", 24), filter("10.36.0.0/16", 32)}, 0, 100};
  const AnnounceRules::Policies lan_of_two{{kTwo, {"wg-op2", site_of_two}}};
  /// The same, and nobody behind it is believed.
  const AnnounceRules closed_two{
      {{kTwo, {"wg-op2", site_of_two, false}}}, {{kLinkOfTwo, {{"wg-op2", site_of_two, false}, kTwo}}}, {}};
};

TEST_F(AnnounceGuardTest, WithoutAPolicyEverythingPasses) {
  announce("0.0.0.0/0", {external_of(kTwo, 1)});
  EXPECT_TRUE(is_desired("0.0.0.0/0"));
  EXPECT_FALSE(guard.needs_sweeps());
}

// In: a router's LAN, something within it, a longer prefix of its range, somebody else's LAN and a default route, as
// stub networks and as externals. Out: what the policy names passes, the rest is withheld and says who.
TEST_F(AnnounceGuardTest, OnlyWhatThePolicyNamesPasses) {
  set_policies(lan_of_two);
  announce("192.168.36.0/24", {stub_of(kTwo, 10)});
  announce("192.168.36.128/25", {stub_of(kTwo, 10)});
  announce("10.36.7.0/24", {external_of(kTwo, 20)});
  announce("192.168.37.0/24", {stub_of(kTwo, 10)});
  announce("0.0.0.0/0", {external_of(kTwo, 1)});
  announce("192.168.38.0/24", {stub_of(kThree, 10)});
  EXPECT_TRUE(is_desired("192.168.36.0/24"));
  EXPECT_FALSE(is_desired("192.168.36.128/25"));
  EXPECT_TRUE(is_desired("10.36.7.0/24"));
  EXPECT_FALSE(is_desired("192.168.37.0/24"));
  EXPECT_FALSE(is_desired("0.0.0.0/0"));
  EXPECT_TRUE(is_desired("192.168.38.0/24")) << "its router has no policy";
  EXPECT_EQ(reason("0.0.0.0/0"), "router 10.0.0.2 (wg-op2) may not announce it");
  EXPECT_EQ(guard.withheld_count(), 3U);
  const auto texts = guard.describe();
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_THAT(texts.at("10.0.0.2"),
              HasSubstr("router 10.0.0.2 announces what its policy (wg-op2) does not allow: "
                        "0.0.0.0/0, 192.168.36.128/25, 192.168.37.0/24"));
}

TEST_F(AnnounceGuardTest, MetricsAreHeldToBothEnds) {
  set_policies({{kTwo, {"wg-op2", {{}, 10, 100}}}});
  announce("192.168.1.0/24", {stub_of(kTwo, 10)});
  announce("192.168.2.0/24", {stub_of(kTwo, 9)});
  announce("192.168.3.0/24", {stub_of(kTwo, 100)});
  announce("192.168.4.0/24", {external_of(kTwo, 101)});
  EXPECT_TRUE(is_desired("192.168.1.0/24"));
  EXPECT_FALSE(is_desired("192.168.2.0/24"));
  EXPECT_TRUE(is_desired("192.168.3.0/24"));
  EXPECT_FALSE(is_desired("192.168.4.0/24"));
  EXPECT_EQ(reason("192.168.4.0/24"),
            "router 10.0.0.2 (wg-op2) may not announce it at metric 101, but from 10 to 100");
}

// In: what is withheld changes, is withdrawn, comes back at another metric, and is said by somebody else instead.
TEST_F(AnnounceGuardTest, EachChangeIsJudgedAnew) {
  set_policies(lan_of_two);
  announce("192.168.36.0/24", {stub_of(kTwo, 200)});
  EXPECT_FALSE(is_desired("192.168.36.0/24"));
  announce("192.168.36.0/24", {stub_of(kTwo, 100)}, 40);
  ASSERT_TRUE(is_desired("192.168.36.0/24"));
  EXPECT_EQ(desired.find(prefix("192.168.36.0/24"))->metric, 40U);
  announce("192.168.37.0/24", {stub_of(kTwo, 10)});
  EXPECT_FALSE(is_desired("192.168.37.0/24"));
  withdraw("192.168.37.0/24");
  EXPECT_EQ(reason("192.168.37.0/24"), "");
  announce("192.168.37.0/24", {stub_of(kThree, 10)});
  EXPECT_TRUE(is_desired("192.168.37.0/24"));
}

// In: a second router comes to say a prefix at the same cost, and leaves, without any change of the route. Out: it is
// withheld, and released, when all routes have been looked at again.
TEST_F(AnnounceGuardTest, WhoseWordItIsMayChangeWithoutTheRoute) {
  set_policies(lan_of_two);
  announce("192.168.37.0/24", {stub_of(kThree, 10)}, 30);
  says[prefix("192.168.37.0/24")] = {stub_of(kTwo, 10), stub_of(kThree, 10)};
  EXPECT_TRUE(is_desired("192.168.37.0/24"));
  sweep();
  EXPECT_FALSE(is_desired("192.168.37.0/24"));
  EXPECT_TRUE(guard.take_changed());
  sweep();
  EXPECT_FALSE(guard.take_changed()) << "the same again";
  announce("192.168.37.0/24", {stub_of(kTwo, 10), stub_of(kThree, 10)}, 31);
  says[prefix("192.168.37.0/24")] = {stub_of(kThree, 10)};
  sweep();
  ASSERT_TRUE(is_desired("192.168.37.0/24"));
  EXPECT_EQ(desired.find(prefix("192.168.37.0/24"))->metric, 31U) << "as it is, not as it was withheld";
}

// In: routes are there; a policy comes, is widened, and goes; a route changes and another goes while all are looked at.
// Out: they follow, without a change of their own.
TEST_F(AnnounceGuardTest, APolicyThatChangesIsHeldAgainstAllThatIsThere) {
  for (const char* text : {"192.168.36.0/24", "192.168.37.0/24", "192.168.38.0/24", "192.168.39.0/24"})
    announce(text, {stub_of(kTwo, 10)});
  set_policies(lan_of_two);
  EXPECT_TRUE(is_desired("192.168.36.0/24"));
  EXPECT_FALSE(is_desired("192.168.37.0/24"));
  set_policies({{kTwo, {"wg-op2", {{filter("192.168.36.0/23", 24)}, 0, 100}}}});
  EXPECT_TRUE(is_desired("192.168.37.0/24"));
  EXPECT_FALSE(is_desired("192.168.39.0/24"));
  guard.set_rules({}, table());
  EXPECT_TRUE(guard.is_urgent());
  withdraw("192.168.38.0/24");
  announce("192.168.39.0/24", {stub_of(kTwo, 10)}, 77);
  sweep();
  EXPECT_FALSE(is_desired("192.168.38.0/24")) << "it is gone";
  ASSERT_TRUE(is_desired("192.168.39.0/24"));
  EXPECT_EQ(desired.find(prefix("192.168.39.0/24"))->metric, 77U);
  EXPECT_EQ(guard.withheld_count(), 0U);
  EXPECT_THAT(guard.describe(), IsEmpty());
}

TEST_F(AnnounceGuardTest, WhatIsAttachedAndWhatIsPassedOnByOthersIsNotHeldAgainstIt) {
  set_policies(lan_of_two);
  announce("10.9.0.0/30", {stub_of(kTwo, 10)}, 10, ospf::kAttachedSet);
  announce("172.16.0.0/16", {{{ospf::LsaType::summary_network, ospf::LinkStateId{1}, kTwo}, 10}});
  EXPECT_EQ(guard.withheld_count(), 0U);
  EXPECT_TRUE(is_desired("172.16.0.0/16")) << "a summary is not its own word";
}

TEST_F(AnnounceGuardTest, AllPoliciesOfARouterBindIt) {
  auto both = lan_of_two;
  both.insert({kTwo, {"wg-op2b", {{filter("192.168.36.0/22", 24)}, 0, 50}}});
  set_policies(both);
  announce("192.168.36.0/24", {stub_of(kTwo, 50)});
  EXPECT_TRUE(is_desired("192.168.36.0/24"));
  announce("192.168.36.0/24", {stub_of(kTwo, 51)});
  EXPECT_FALSE(is_desired("192.168.36.0/24"));
}

// What comes through a key
// ------------------------------------------------------------------------------------

// In: prefixes over the link of a router that may announce its site: by itself, by a router of its site, by one that it
// has invented, in a summary of its own and in one of the invented. Out: what its policy names is a route whoever says
// it, nothing else.
TEST_F(AnnounceGuardTest, AnInventedRouterBehindAKeyGivesNothing) {
  set_rules(closed_two);
  lead(kSet, {kLinkOfTwo});
  announce("192.168.36.0/24", {stub_of(kTwo, 10)});
  announce("10.36.7.0/24", {stub_of(kInvented, 10)});
  EXPECT_TRUE(is_desired("192.168.36.0/24"));
  EXPECT_TRUE(is_desired("10.36.7.0/24")) << "a further router of the site";
  announce("10.36.8.0/24", {stub_of(kInvented, 101)});
  EXPECT_FALSE(is_desired("10.36.8.0/24")) << "not at that metric";
  announce("192.168.37.0/24", {stub_of(kInvented, 10)});
  announce("0.0.0.0/0", {external_of(kInvented, 1)});
  announce("172.16.0.0/16", {summary_of(kTwo, 10)});
  announce("172.17.0.0/16", {summary_of(kInvented, 10)});
  for (const char* text : {"192.168.37.0/24", "0.0.0.0/0", "172.16.0.0/16", "172.17.0.0/16"})
    EXPECT_FALSE(is_desired(text)) << text;
  EXPECT_EQ(reason("192.168.37.0/24"), "router 10.9.9.9 announces it, and wg-op2 may not lead to it");
  EXPECT_THAT(guard.describe().at("behind/wg-op2"), HasSubstr("0.0.0.0/0, 10.36.8.0/24, 172.17.0.0/16"));
  EXPECT_THAT(guard.describe().at("behind/wg-op2"), HasSubstr("\"transit: true\""));
}

// In: routers that would announce a client's address. Out: believed is who may, over the way that leads to it: an invented
// one behind a key is not, nor the key's own router where its policy does not have the address.
TEST_F(AnnounceGuardTest, WhoIsBelievedBeforeItSaysAnything) {
  set_rules(closed_two);
  EXPECT_TRUE(guard.has_doors());
  const auto believes = [&](const char* text, ospf::RouterId router, ospf::LinkId over) {
    return guard.believes(prefix(text), external_of(router, 10), {over});
  };
  EXPECT_FALSE(believes("10.99.0.50/32", kInvented, kLinkOfTwo));
  EXPECT_FALSE(believes("10.99.0.50/32", kTwo, kLinkOfTwo));
  EXPECT_FALSE(believes("10.99.0.50/32", kTwo, kLinkOfThree)) << "a policy binds by whatever way";
  EXPECT_TRUE(believes("10.36.0.50/32", kTwo, kLinkOfTwo));
  EXPECT_TRUE(believes("10.99.0.50/32", kThree, kLinkOfThree));
  EXPECT_FALSE(guard.believes(prefix("10.99.0.50/32"), external_of(kThree, 10), {kLinkOfThree, kLinkOfTwo}));
}

// In: the LAN of a third router, over the link of the second. Out: the second may lead to it where the third's own key
// has a policy that names it, and to nothing else in the third's name.
TEST_F(AnnounceGuardTest, ARouterThatIsKnownByAnotherKeyIsReachedForWhatThatKeyMayAnnounce) {
  auto rules = closed_two;
  rules.of_routers.insert({kThree, {"wg-op3", {{filter("192.168.37.0/24", 24)}, 0, 100}, false}});
  set_rules(rules);
  lead(kSet, {kLinkOfTwo});
  announce("192.168.37.0/24", {stub_of(kThree, 10)});
  announce("192.168.38.0/24", {stub_of(kThree, 10)});
  EXPECT_TRUE(is_desired("192.168.37.0/24"));
  EXPECT_FALSE(is_desired("192.168.38.0/24"));
  rules.of_routers.erase(kThree);
  rules.of_routers.insert({kThree, {"wg-op3", {{}, 0, 100}, false}});
  set_rules(rules);
  EXPECT_FALSE(is_desired("192.168.37.0/24")) << "a policy without prefixes vouches for none";
}

// In: the policy of a hub that says transit, and one that has no list of prefixes.
TEST_F(AnnounceGuardTest, AHubLeadsToItsSpokesWhereItIsSaidSo) {
  auto rules = closed_two;
  rules.of_links.at(kLinkOfTwo).policy.is_transit = true;
  rules.of_routers.begin()->second.is_transit = true;
  set_rules(rules);
  lead(kSet, {kLinkOfTwo});
  announce("192.168.37.0/24", {stub_of(kThree, 10)});
  announce("172.16.0.0/16", {summary_of(kTwo, 10)});
  EXPECT_TRUE(is_desired("192.168.37.0/24"));
  EXPECT_TRUE(is_desired("172.16.0.0/16"));
  announce("192.168.38.0/24", {stub_of(kTwo, 10)});
  EXPECT_FALSE(is_desired("192.168.38.0/24")) << "its own words are bound all the same";
  const AnnounceRules::Policy any{"wg-op2", {}, false};
  set_rules({{{kTwo, any}}, {{kLinkOfTwo, {any, kTwo}}}, {}});
  EXPECT_TRUE(is_desired("192.168.38.0/24")) << "without a list it may say all of itself";
  EXPECT_FALSE(is_desired("192.168.37.0/24")) << "and nothing of others";
}

// In: a set comes to lead over the link, and leaves it, without a change of its prefixes. Out: they follow at the end
// of the turn.
TEST_F(AnnounceGuardTest, ASetThatComesToLeadOverALinkIsHeldAgainstItsPolicy) {
  set_rules(closed_two);
  lead(kOverThree, {kLinkOfThree});
  announce("192.168.37.0/24", {stub_of(kThree, 10)}, 20, kOverThree);
  announce("10.36.1.0/24", {stub_of(kThree, 10)}, 20, kOverThree);
  ASSERT_TRUE(is_desired("192.168.37.0/24"));
  EXPECT_FALSE(guard.is_due());
  lead(kOverThree, {kLinkOfTwo, kLinkOfThree});
  EXPECT_TRUE(guard.is_due());
  settle();
  EXPECT_FALSE(is_desired("192.168.37.0/24"));
  EXPECT_TRUE(is_desired("10.36.1.0/24"));
  lead(kOverThree, {kLinkOfThree});
  settle();
  EXPECT_TRUE(is_desired("192.168.37.0/24"));
  EXPECT_FALSE(guard.is_due());
}

// What nobody may announce
// ----------------------------------------------------------------------------------

// In: hosts and parts of a connected LAN, the LAN itself, what it is a part of, a loopback; then policies. Out: parts
// are withheld, unless a policy names them; one that only covers them does not.
TEST_F(AnnounceGuardTest, APartOfAConnectedLanIsNobodysToAnnounce) {
  set_networks({{prefix("192.168.1.0/24"), "lan0"}});
  announce("192.168.1.10/32", {stub_of(kTwo, 10)});
  announce("192.168.1.128/25", {external_of(kTwo, 10)});
  announce("192.168.1.0/24", {stub_of(kTwo, 10)});
  announce("192.168.0.0/16", {stub_of(kTwo, 10)});
  announce("0.0.0.0/0", {external_of(kTwo, 10)});
  announce("192.168.2.10/32", {stub_of(kTwo, 10)});
  EXPECT_FALSE(is_desired("192.168.1.10/32"));
  EXPECT_FALSE(is_desired("192.168.1.128/25"));
  for (const char* text : {"192.168.1.0/24", "192.168.0.0/16", "0.0.0.0/0", "192.168.2.10/32"})
    EXPECT_TRUE(is_desired(text)) << text;
  EXPECT_EQ(reason("192.168.1.10/32"),
            "router 10.0.0.2 announces it, and it is a part of 192.168.1.0/24, which is connected at lan0");
  EXPECT_THAT(guard.describe().at("network/192.168.1.0/24"), HasSubstr("192.168.1.10/32, 192.168.1.128/25"));

  set_policies({{kTwo, {"wg-op2", {{filter("0.0.0.0/0", 32)}, 0, 100}}}});
  EXPECT_FALSE(is_desired("192.168.1.10/32")) << "everything names nothing";
  set_policies({{kTwo, {"wg-op2", {{filter("0.0.0.0/0", 24), filter("192.168.1.10/32", 32)}, 0, 100}}}});
  EXPECT_TRUE(is_desired("192.168.1.10/32"));
  EXPECT_FALSE(is_desired("192.168.1.128/25"));
  set_policies({});
  set_networks({});
  EXPECT_TRUE(is_desired("192.168.1.128/25")) << "the LAN has no carrier: another router may have its hosts";
  set_networks({{prefix("192.168.1.0/24"), "lan0"}});
  EXPECT_FALSE(is_desired("192.168.1.128/25"));
}

// In: a router of a site of several says a part of the LAN, and the site's link may announce it.
TEST_F(AnnounceGuardTest, ThePolicyOfTheLinkNamesAPartOfALanForAllBehindIt) {
  const AnnounceRules::Policy policy{"wg-op2", {{filter("192.168.1.64/26", 32)}, 0, 100}, false};
  set_networks({{prefix("192.168.1.0/24"), "lan0"}});
  set_rules({{{kTwo, policy}}, {{kLinkOfTwo, {policy, kTwo}}}, {}});
  lead(kSet, {kLinkOfTwo});
  announce("192.168.1.65/32", {stub_of(kInvented, 10)});
  announce("192.168.1.10/32", {stub_of(kInvented, 10)});
  EXPECT_TRUE(is_desired("192.168.1.65/32"));
  EXPECT_FALSE(is_desired("192.168.1.10/32"));
}

// In: the address of one peer, announced by itself, by another, by both, and within a part of the subnet; routers come
// to be known. Out: it is that router's alone; what covers the whole subnet leads nobody away.
TEST_F(AnnounceGuardTest, TheAddressOfAPeerIsItsRoutersToAnnounce) {
  const Ipv4Prefix subnet = prefix("10.99.0.0/24");
  announce("10.99.0.3/32", {stub_of(kTwo, 0)});
  ASSERT_TRUE(is_desired("10.99.0.3/32")) << "nobody is known to have it";
  AnnounceRules rules;
  rules.of_addresses = {{prefix("10.99.0.3/32").address, {kThree, "wg0/op3", subnet}}};
  guard.set_rules(rules, table());
  EXPECT_TRUE(guard.is_due());
  settle();
  EXPECT_FALSE(is_desired("10.99.0.3/32"));
  EXPECT_EQ(reason("10.99.0.3/32"), "router 10.0.0.2 announces it, and the address is that of wg0/op3");
  announce("10.99.0.3/32", {stub_of(kThree, 0)});
  EXPECT_TRUE(is_desired("10.99.0.3/32"));
  announce("10.99.0.3/32", {stub_of(kTwo, 0), stub_of(kThree, 0)});
  EXPECT_FALSE(is_desired("10.99.0.3/32"));
  announce("10.99.0.4/32", {stub_of(kTwo, 0)});
  announce("10.99.0.2/31", {stub_of(kTwo, 0)});
  announce("10.99.0.0/16", {stub_of(kTwo, 0)});
  EXPECT_TRUE(is_desired("10.99.0.4/32")) << "a client's";
  EXPECT_FALSE(is_desired("10.99.0.2/31"));
  EXPECT_TRUE(is_desired("10.99.0.0/16"));
  // The key is forgotten, and the address written down again.
  guard.set_rules({}, table());
  settle();
  EXPECT_TRUE(is_desired("10.99.0.2/31"));
  EXPECT_TRUE(is_desired("10.99.0.3/32"));
  guard.set_rules(rules, table());
  settle();
  EXPECT_FALSE(is_desired("10.99.0.2/31"));
  EXPECT_TRUE(is_desired("10.99.0.0/16"));
}

}  // namespace
}  // namespace wgospf::daemon::announce_guard_test
