// What passes from the protocol to the kernel's feed while endpoints, routes and the kernel's ways change.

#include "daemon/routes/underlay_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "daemon/routes/underlay_cure.h"

namespace wgospf::daemon {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using V2 = ospf::V2;

constexpr ospf::LinkId kWg1{1}, kWg2{2}, kEth0{3};
constexpr std::uint32_t kMain = 254, kMetric = 110, kApart = rib::kApartTable;
constexpr std::uint16_t kPort = 51820;

/// wg1 is ifindex 11 and has a peer at 203.0.113.5, wg2 is 12 with a peer at 10.1.0.7, eth0 is 2.
class UnderlayGuardTest : public ::testing::Test {
 protected:
  UnderlayGuardTest() {
    guard.set_place({kMain, kMetric, 89, kApart});
    set_endpoints("203.0.113.5", "10.1.0.7");
  }

  void set_endpoints(const char* first, const char* second) {
    underlay = wg::underlay_of({device("wg1", 11, first), device("wg2", 12, second)});
    underlay.rules = {{.priority = 32766, .table = kMain}};
    for (auto& peer : underlay.peers) peer.way = wg::EndpointWay{wg::RoutePlace{kMain, 0, 200}, false, {2}};
  }
  static wg::Device device(const char* name, std::uint32_t ifindex, const char* endpoint) {
    wg::Device device;
    device.name = name;
    device.ifindex = ifindex;
    device.listen_port = kPort;
    wg::Peer peer;
    peer.endpoint = wg::Endpoint{*parse_address(endpoint), 51820, 0};
    peer.allowed_ips = {*parse_prefix("0.0.0.0/0")};
    device.peers.push_back(peer);
    return device;
  }
  /// The kernel follows our route of this length to the endpoint of wg1.
  void kernel_follows_ours(std::uint8_t length, std::uint32_t ifindex) {
    underlay.peers[0].way = wg::EndpointWay{wg::RoutePlace{kMain, length, kMetric}, true, {ifindex}};
  }
  void read(WaysAnswer answer = WaysAnswer::given) {
    guard.set_underlay(std::make_shared<wg::Underlay>(underlay), answer);
  }

  void set(std::uint32_t id, ospf::LinkId link) {
    apply({ospf::Generation{1}, ospf::SetChanged{ospf::SetId{id}, {{link, {}, ospf::RouterId{2}}}}});
  }
  void route(const char* prefix, std::uint32_t set_id) {
    ospf::Route<V2> added;
    added.prefix = *Ipv4Prefix::parse(prefix);
    added.set = ospf::SetId{set_id};
    apply({ospf::Generation{1}, ospf::PrefixChanged<V2>{added}});
  }
  void withdraw(const char* prefix) {
    apply({ospf::Generation{2}, ospf::PrefixGone<V2>{*Ipv4Prefix::parse(prefix)}});
  }
  /// The end of a turn; what the kernel's feed has after it.
  std::vector<std::string> turn() {
    for (const auto& decided : guard.decide(now, cure)) feed_apply(decided.change, decided.is_apart);
    return {feed.begin(), feed.end()};
  }
  std::vector<std::string> held() const {
    std::vector<std::string> list;
    for (const auto& [prefix, entry] : guard.held()) list.push_back(prefix.to_string());
    return list;
  }

  DesiredRoutes desired;
  UnderlayGuard guard{[](ospf::LinkId link) { return link == kWg1   ? 11U
                                                     : link == kWg2 ? 12U
                                                                    : 2U; },
                      desired};
  wg::Underlay underlay;
  wg::Cure cure;
  std::set<std::string> announced;
  UnderlayGuard::Time now = UnderlayGuard::Time{} + seconds{1000};

 private:
  void apply(const UnderlayGuard::Change& change) {
    desired.apply(change);
    feed_apply(guard.pass(change));
  }
  void feed_apply(const UnderlayGuard::Change& change, bool is_apart = false) {
    if (const auto* changed = std::get_if<ospf::PrefixChanged<V2>>(&change.change)) {
      const auto prefix = changed->route.prefix.to_string();
      feed.erase(prefix + (is_apart ? "" : " apart"));
      feed.insert(prefix + (is_apart ? " apart" : ""));
    } else if (const auto* gone = std::get_if<ospf::PrefixGone<V2>>(&change.change)) {
      feed.erase(gone->prefix.to_string());
      feed.erase(gone->prefix.to_string() + " apart");
    }
  }
  std::set<std::string> feed;
};

TEST_F(UnderlayGuardTest, OtherRoutesPassAtOnce) {
  read();
  set(1, kWg1);
  route("192.168.37.0/24", 1);
  EXPECT_FALSE(guard.needs_ways());
  EXPECT_THAT(turn(), ElementsAre("192.168.37.0/24"));
}

TEST_F(UnderlayGuardTest, ARouteThatCoversTheEndpointOfItsOwnTunnelIsHeldUntilItGoes) {
  read();
  set(1, kWg1);
  route("203.0.113.0/24", 1);
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_THAT(held(), ElementsAre("203.0.113.0/24"));
  ASSERT_NE(guard.find(*Ipv4Prefix::parse("203.0.113.0/24")), nullptr);
  EXPECT_EQ(reason_of(*guard.find(*Ipv4Prefix::parse("203.0.113.0/24"))),
            "it would carry wg1's own packets to 203.0.113.5:51820 into wg1");
  EXPECT_THAT(describe_held(guard.held()), HasSubstr("held back from the kernel: 203.0.113.0/24"));
  withdraw("203.0.113.0/24");
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_THAT(held(), IsEmpty());
  EXPECT_EQ(describe_held(guard.held()), "");
}

TEST_F(UnderlayGuardTest, AnEndpointThatMovesTakesARouteOutAndGivesItBack) {
  read();
  set(1, kWg1);
  route("198.51.100.0/24", 1);
  EXPECT_THAT(turn(), ElementsAre("198.51.100.0/24"));
  set_endpoints("198.51.100.9", "10.1.0.7");
  kernel_follows_ours(24, 11);
  read();
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_TRUE(guard.wants_answer());
  EXPECT_THAT(held(), ElementsAre("198.51.100.0/24"));
  set_endpoints("203.0.113.5", "10.1.0.7");
  read();
  EXPECT_THAT(turn(), ElementsAre("198.51.100.0/24"));
  EXPECT_THAT(held(), IsEmpty());
  EXPECT_FALSE(guard.needs_ways());
}

TEST_F(UnderlayGuardTest, ARouteThatMovesToAnotherLinkIsReleased) {
  read();
  set(1, kWg1);
  route("203.0.113.0/24", 1);
  EXPECT_THAT(turn(), IsEmpty());
  set(1, kEth0);  // the prefix itself is not mentioned
  EXPECT_THAT(turn(), ElementsAre("203.0.113.0/24"));
  set(1, kWg1);
  EXPECT_THAT(turn(), IsEmpty());
}

TEST_F(UnderlayGuardTest, ABetterUnderlayRouteReleasesAtTheNextReading) {
  read();
  set(1, kWg1);
  route("0.0.0.0/0", 1);
  EXPECT_THAT(turn(), IsEmpty());
  for (auto& peer : underlay.peers) peer.way->place->metric = 100;
  read();
  EXPECT_THAT(turn(), ElementsAre("0.0.0.0/0"));
}

TEST_F(UnderlayGuardTest, UntilTheKernelHasBeenAskedNothingIsToldAndNothingPasses) {
  for (auto& peer : underlay.peers) peer.way.reset();
  underlay.rules.clear();
  read();
  set(1, kWg1);
  route("0.0.0.0/0", 1);
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_TRUE(guard.wants_answer());
  EXPECT_EQ(describe_held(guard.held()), "");
  set_endpoints("203.0.113.5", "10.1.0.7");
  for (auto& peer : underlay.peers) peer.way->place->metric = 100;
  read();
  EXPECT_THAT(turn(), ElementsAre("0.0.0.0/0"));
}

// In: a route that waits for the kernel's answer, which cannot be had. Out: it is not asked for again before
// there has been one: each answer would lead to the next question, without a pause.
TEST_F(UnderlayGuardTest, WhenTheKernelCannotBeAskedItIsNotAskedAgainAtOnce) {
  for (auto& peer : underlay.peers) peer.way.reset();
  read();
  set(1, kWg1);
  route("203.0.113.0/24", 1);
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_TRUE(guard.wants_answer());
  guard.asked();
  for (int i = 0; i < 3; ++i) {
    read(WaysAnswer::failed);
    EXPECT_THAT(turn(), IsEmpty());
    EXPECT_FALSE(guard.wants_answer());
  }
  read();
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_TRUE(guard.wants_answer());
}

TEST_F(UnderlayGuardTest, WhenTheKernelCannotBeAskedItsLastAnswersStand) {
  for (auto& peer : underlay.peers) peer.way->place->metric = 100;
  read();
  set(1, kWg1);
  route("0.0.0.0/0", 1);
  EXPECT_THAT(turn(), ElementsAre("0.0.0.0/0"));
  underlay.rules.clear();
  for (auto& peer : underlay.peers) peer.way.reset();
  wg::keep_ways(guard.underlay(), underlay);
  read();
  EXPECT_THAT(turn(), ElementsAre("0.0.0.0/0"));
}

TEST_F(UnderlayGuardTest, ARouteThatStoodInFrontIsWithdrawnAndTheOneBehindIsHeldInTheSameTurn) {
  read();
  set(1, kWg1);
  set(2, kEth0);
  route("203.0.113.0/24", 2);
  EXPECT_THAT(turn(), ElementsAre("203.0.113.0/24"));
  kernel_follows_ours(24, 2);
  read();
  route("203.0.0.0/16", 1);
  EXPECT_THAT(turn(), ElementsAre("203.0.0.0/16", "203.0.113.0/24"));
  withdraw("203.0.113.0/24");
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_THAT(held(), ElementsAre("203.0.0.0/16"));
}

TEST_F(UnderlayGuardTest, ATunnelWithinATunnelPasses) {
  read();
  set(1, kWg1);
  set(2, kWg2);
  route("10.1.0.0/16", 1);  // wg2 runs over wg1
  EXPECT_THAT(turn(), ElementsAre("10.1.0.0/16"));
  underlay.peers[1].way = wg::EndpointWay{wg::RoutePlace{kMain, 16, kMetric}, true, {11}};
  read();
  route("203.0.113.0/24", 2);
  EXPECT_THAT(turn(), ElementsAre("10.1.0.0/16"));
  EXPECT_EQ(reason_of(guard.held().begin()->second),
            "it would carry wg1's own packets to 203.0.113.5:51820 into wg2, which runs over wg1");
}

TEST_F(UnderlayGuardTest, ARouteThatTheKernelFollowsAgainstExpectationStaysOutLongerEachTime) {
  underlay.peers[0].way->place->metric = 100;  // thought to be the better one
  read();
  set(1, kWg1);
  route("0.0.0.0/0", 1);
  EXPECT_THAT(turn(), ElementsAre("0.0.0.0/0"));
  const auto pulled_and_better_again = [&] {
    kernel_follows_ours(0, 11);
    read();
    EXPECT_THAT(turn(), IsEmpty());
    underlay.peers[0].way = wg::EndpointWay{wg::RoutePlace{kMain, 0, 100}, false, {2}};
    read();
    return turn();
  };
  EXPECT_THAT(pulled_and_better_again(), ElementsAre("0.0.0.0/0"));  // once is chance
  EXPECT_THAT(pulled_and_better_again(), IsEmpty());
  now += seconds{11};
  read();
  EXPECT_THAT(turn(), ElementsAre("0.0.0.0/0"));
  EXPECT_THAT(pulled_and_better_again(), IsEmpty());
  now += seconds{11};
  read();
  EXPECT_THAT(turn(), IsEmpty());
  // The endpoint has moved: no reason is left.
  set_endpoints("2001:db8::5", "2001:db8::7");
  read();
  EXPECT_THAT(turn(), ElementsAre("0.0.0.0/0"));
}

/// With `underlay: auto`; the machine has a default route of metric 0.
class ApartTest : public UnderlayGuardTest {
 protected:
  ApartTest() {
    guard.set_standing_apart(true);
    guard.set_announced([this](const Ipv4Prefix& prefix) { return announced.contains(prefix.to_string()); });
    for (auto& peer : underlay.peers) peer.way->place->metric = 0;
    underlay.uplink = underlay.peers[0].way;
    set(1, kWg1);
  }
  /// The rules for these lengths, and for the ports of the devices, are there.
  void in_place(std::set<std::uint8_t> lengths) {
    const auto main = underlay.rules.back();
    underlay.rules.clear();
    for (const auto& rule : cure_rules({.lengths = lengths, .ports = {kPort}}))
      underlay.rules.push_back(as_read(rule));
    underlay.rules.push_back(main);
    cure = {.lengths = std::move(lengths), .is_everything_known = true};
    read();
  }
};

// In: a prefix that covers the endpoint of its own tunnel. Out: it waits until rules are there, and stands
// apart then.
TEST_F(ApartTest, WhatWouldCloseACycleWaitsForTheCureAndStandsApart) {
  read();
  route("203.0.113.0/24", 1);
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_THAT(held(), ElementsAre("203.0.113.0/24"));
  EXPECT_THAT(reason_of(guard.held().begin()->second), HasSubstr("not in place yet"));
  EXPECT_THAT(guard.lengths_apart(), ElementsAre(24));
  EXPECT_THAT(guard.in_need(), ElementsAre("wg1"));
  in_place({24});
  EXPECT_THAT(turn(), ElementsAre("203.0.113.0/24 apart"));
  EXPECT_THAT(held(), IsEmpty());
  withdraw("203.0.113.0/24");
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_THAT(guard.lengths_apart(), IsEmpty());
}

// A device that comes to send from a port that no rule knows, to an endpoint that none knows.
TEST_F(ApartTest, WhenDatagramsAreNotKnownAnyMoreTheRouteIsTakenOutUntilTheyAre) {
  read();
  route("203.0.113.0/24", 1);
  (void)turn();
  in_place({24});
  EXPECT_THAT(turn(), ElementsAre("203.0.113.0/24 apart"));
  underlay.devices[0].listen_port = kPort + 1;
  underlay.peers[0].way = wg::EndpointWay{wg::RoutePlace{kApart, 24, kMetric}, true, {11}};
  read();
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_THAT(held(), ElementsAre("203.0.113.0/24"));
  underlay.devices[0].listen_port = kPort;
  underlay.peers[0].way = underlay.uplink;
  in_place({24});
  EXPECT_THAT(turn(), ElementsAre("203.0.113.0/24 apart"));
}

TEST_F(ApartTest, ADefaultRouteComesBeforeTheMachinesOwnButNotWhereThatIsAnnounced) {
  in_place({0});
  route("0.0.0.0/0", 1);
  EXPECT_THAT(turn(), ElementsAre("0.0.0.0/0 apart"));
  announced = {"0.0.0.0/0"};
  guard.links_changed();
  EXPECT_THAT(turn(), ElementsAre("0.0.0.0/0"));  // where that of metric 0 comes before it
  // With that of the machine behind ours it would carry wg1's packets, and is held back instead.
  for (auto& peer : underlay.peers) peer.way->place->metric = 1024;
  read();
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_THAT(held(), ElementsAre("0.0.0.0/0"));
}

TEST_F(ApartTest, ADefaultRouteThatIsTheOnlyOneStandsInTheCommonTable) {
  set_endpoints("2001:db8::5", "2001:db8::7");
  underlay.uplink = wg::EndpointWay{};
  in_place({0});
  route("0.0.0.0/0", 1);
  EXPECT_THAT(turn(), ElementsAre("0.0.0.0/0"));
}

TEST_F(ApartTest, AnEndpointThatLeavesAndComesBackMovesNothing) {
  read();
  route("203.0.113.0/24", 1);
  (void)turn();
  in_place({24});
  EXPECT_THAT(turn(), ElementsAre("203.0.113.0/24 apart"));
  const auto before = underlay;
  set_endpoints("198.51.100.9", "10.1.0.7");
  underlay.rules = before.rules;
  underlay.uplink = before.uplink;
  read();
  EXPECT_THAT(turn(), ElementsAre("203.0.113.0/24 apart"));
  withdraw("203.0.113.0/24");  // with its neighbour, and learned anew
  EXPECT_THAT(turn(), IsEmpty());
  route("203.0.113.0/24", 1);
  EXPECT_THAT(turn(), ElementsAre("203.0.113.0/24 apart"));
  now += seconds{601};
  guard.time_passed();
  EXPECT_THAT(turn(), ElementsAre("203.0.113.0/24"));
}

// Who announces another's endpoint is not given its packets while these have a way.
TEST_F(ApartTest, AnEndpointThatHasAWayKeepsIt) {
  in_place({16});
  route("10.1.0.0/16", 1);
  EXPECT_THAT(turn(), ElementsAre("10.1.0.0/16 apart"));
}

// In: somebody else's rule that would not be asked any more. Out: nothing is put apart.
TEST_F(ApartTest, ARuleOfOthersThatIsAskedLaterKeepsEverythingAsItIs) {
  in_place({24});
  route("203.0.113.0/24", 1);
  EXPECT_THAT(turn(), ElementsAre("203.0.113.0/24 apart"));
  underlay.rules.insert(underlay.rules.end() - 1,
                        {.priority = 30000, .table = 100, .mark = 1, .mark_mask = 1});
  read();
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_THAT(held(), ElementsAre("203.0.113.0/24"));
  EXPECT_EQ(rule_in_the_way(underlay.rules)->priority, 30000U);
  underlay.rules[underlay.rules.size() - 2].protocol = 89;
  EXPECT_FALSE(rule_in_the_way(underlay.rules));
}

// wg2 runs over wg1 by a route of ours, which its datagrams must find: they have no other way.
TEST_F(ApartTest, ALegalNestStaysInTheCommonTable) {
  underlay.peers[1].way = wg::EndpointWay{};
  in_place({0, 24});
  route("10.1.0.0/16", 1);
  route("203.0.113.0/24", 1);
  EXPECT_THAT(turn(), ElementsAre("10.1.0.0/16", "203.0.113.0/24 apart"));
}

TEST_F(ApartTest, TurnedOffWhatStoodApartIsHeldBack) {
  in_place({24});
  route("203.0.113.0/24", 1);
  EXPECT_THAT(turn(), ElementsAre("203.0.113.0/24 apart"));
  guard.set_standing_apart(false);
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_THAT(held(), ElementsAre("203.0.113.0/24"));
}

TEST_F(UnderlayGuardTest, OfManyTheLineNamesAFew) {
  std::vector<wg::Device> devices;
  for (std::uint32_t i = 0; i < 1000; ++i)
    devices.push_back(device("wg1", 11, Ipv4Address{0x0a000000 + i}.to_string().c_str()));
  underlay = wg::underlay_of({devices[0]});
  for (std::uint32_t i = 1; i < 1000; ++i) underlay.devices[0].peers.push_back(devices[i].peers[0]);
  underlay = wg::underlay_of(underlay.devices);
  underlay.rules = {{.priority = 32766, .table = kMain}};
  for (auto& peer : underlay.peers) peer.way = wg::EndpointWay{wg::RoutePlace{kMain, 0, 200}, false, {2}};
  read();
  set(1, kWg1);
  for (std::uint32_t i = 0; i < 1000; ++i)
    route((Ipv4Address{0x0a000000 + i}.to_string() + "/32").c_str(), 1);
  (void)turn();
  const auto text = describe_held(guard.held());
  EXPECT_THAT(text, Not(HasSubstr("10.0.0.3/32")));
  EXPECT_LT(text.size(), 600U);
}

}  // namespace
}  // namespace wgospf::daemon
