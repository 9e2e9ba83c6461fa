// From route changes to batches for the kernel, and where a route stands.

#include "daemon/routes/rib_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace wgospf::daemon::rib_feed_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = RouteKernelState::Kind;

constexpr ospf::LinkId kWg0{1};
constexpr ospf::LinkId kEth0{2};
constexpr ospf::LinkId kUnnumbered{3};
const Ipv4Address kNeighbor = *Ipv4Address::parse("10.1.0.2");
const Ipv4Address kLoopback = *Ipv4Address::parse("10.0.0.1");

class RibFeedTest : public ::testing::Test {
 protected:
  RibFeedTest() {
    links[kWg0] = {{7, true, true}, {}};
    links[kEth0] = {{8, false, false}, {}};
    links[kUnnumbered] = {{9, true, true}, kLoopback};
  }

  static ospf::NextHop hop(ospf::LinkId link) { return {link, kNeighbor, ospf::RouterId{2}}; }
  static ospf::Route<V2> route(const char* text, std::uint32_t set) {
    ospf::Route<V2> result;
    result.prefix = *Ipv4Prefix::parse(text);
    result.set = ospf::SetId{set};
    result.metric = 10;
    return result;
  }
  void set(std::uint64_t generation, std::uint32_t id, std::vector<ospf::NextHop> members) {
    feed.apply({ospf::Generation{generation}, ospf::SetChanged{ospf::SetId{id}, std::move(members)}});
  }
  void prefix(std::uint64_t generation, const ospf::Route<V2>& changed) {
    const ospf::RouteChange<V2> change{ospf::Generation{generation}, ospf::PrefixChanged<V2>{changed}};
    desired.apply(change);
    feed.apply(change);
  }
  /// The batch in words.
  std::vector<std::string> take() {
    std::vector<std::string> result;
    const auto batch = feed.take([this](const Ipv4Prefix& prefix) { return held.contains(prefix); });
    if (!batch) return result;
    generation = batch->ticket;
    for (const auto& change : batch->changes) {
      if (const auto* changed = std::get_if<rib::SetChanged>(&change)) {
        std::string text = "set " + std::to_string(changed->set_id) + ":";
        for (const auto& member : changed->members) {
          text += " " + std::to_string(member.ifindex);
          if (member.gateway) text += "/" + to_string(*member.gateway);
          if (member.onlink) text += "/onlink";
        }
        result.push_back(text);
      } else if (const auto* gone = std::get_if<rib::SetGone>(&change)) {
        result.push_back("set gone " + std::to_string(gone->set_id));
      } else if (const auto* prefix = std::get_if<rib::PrefixChanged>(&change)) {
        result.push_back(to_string(prefix->prefix) + " set " + std::to_string(prefix->set_id) +
                         (prefix->source ? " src " + to_string(*prefix->source) : ""));
      } else {
        result.push_back("gone " + to_string(std::get<rib::PrefixGone>(change).prefix));
      }
    }
    return result;
  }

  void acknowledge() {
    (void)take();
    (void)feed.acknowledged(generation);
  }

  std::map<ospf::LinkId, RibLink> links;
  DesiredRoutes desired;
  std::uint64_t generation = 0;
  std::set<Ipv4Prefix> held;
  RibFeed feed{[this](ospf::LinkId link) {
                 const auto found = links.find(link);
                 return found == links.end() ? std::nullopt : std::optional(found->second);
               },
               desired};
};

TEST_F(RibFeedTest, DeviceOnlyOnPointToPointAndByAddressElsewhere) {
  set(3, 1, {hop(kWg0), hop(kEth0)});
  prefix(3, route("192.168.37.0/24", 1));
  EXPECT_THAT(take(), ElementsAre("set 1: 7 8/10.1.0.2/onlink", "192.168.37.0/24 set 1"));
  EXPECT_EQ(generation, 1U) << "a ticket";
  EXPECT_THAT(take(), IsEmpty());
}

// The kernel cannot tell peers of one device apart, and takes no group with one way out twice.
TEST_F(RibFeedTest, LinksBehindPeersOfOneDeviceAreOneWayOut) {
  const ospf::LinkId other{4};
  links[other] = links[kWg0];
  set(1, 1, {hop(kWg0), {other, *Ipv4Address::parse("10.1.0.3"), ospf::RouterId{3}}, hop(kEth0)});
  EXPECT_THAT(take(), ElementsAre("set 1: 7 8/10.1.0.2/onlink"));
  links[kWg0].facts.ifindex = links[other].facts.ifindex = 70;
  feed.links_changed({kWg0, other});
  EXPECT_THAT(take(), ElementsAre("set 1: 70 8/10.1.0.2/onlink"));
}

TEST_F(RibFeedTest, UnnumberedLinksGiveThePreferredSource) {
  set(1, 1, {hop(kUnnumbered)});
  prefix(1, route("192.168.37.0/24", 1));
  EXPECT_THAT(take(), ElementsAre("set 1: 9", "192.168.37.0/24 set 1 src 10.0.0.1"));
}

TEST_F(RibFeedTest, WhatIsHeldBackStaysOutWhenItsSetIsSubmittedAgain) {
  set(1, 1, {hop(kWg0)});
  prefix(1, route("192.168.37.0/24", 1));
  prefix(1, route("192.168.38.0/24", 1));
  (void)take();
  held.insert(*Ipv4Prefix::parse("192.168.38.0/24"));
  set(2, 1, {hop(kUnnumbered)});
  EXPECT_THAT(take(), ElementsAre("set 1: 9", "192.168.37.0/24 set 1 src 10.0.0.1"));
}

TEST_F(RibFeedTest, ASetWhoseSourceChangesHasItsPrefixesSubmittedAgain) {
  set(1, 1, {hop(kWg0)});
  prefix(1, route("192.168.37.0/24", 1));
  prefix(1, route("192.168.38.0/24", 2));
  (void)take();
  set(2, 1, {hop(kUnnumbered)});
  EXPECT_THAT(take(), ElementsAre("set 1: 9", "192.168.37.0/24 set 1 src 10.0.0.1"));
}

TEST_F(RibFeedTest, ALinkCreatedAnewIsResolvedAgain) {
  set(1, 1, {hop(kWg0)});
  set(1, 2, {hop(kEth0)});
  (void)take();
  links[kWg0].facts.ifindex = 70;
  feed.links_changed({kWg0});
  EXPECT_THAT(take(), ElementsAre("set 1: 70"));
  links.erase(kWg0);
  feed.links_changed({kWg0});
  EXPECT_THAT(take(), ElementsAre("set 1:"));
}

TEST_F(RibFeedTest, AttachedPrefixesAreNotForTheKernel) {
  prefix(1, route("192.168.35.0/24", 0));
  EXPECT_THAT(take(), ElementsAre("gone 192.168.35.0/24"));
  EXPECT_EQ(feed.state(route("192.168.35.0/24", 0)).state.kind, Kind::attached);
}

TEST_F(RibFeedTest, SetsAndPrefixesGo) {
  set(1, 1, {hop(kWg0)});
  prefix(1, route("192.168.37.0/24", 1));
  (void)take();
  feed.apply({ospf::Generation{2}, ospf::PrefixGone<V2>{*Ipv4Prefix::parse("192.168.37.0/24")}});
  feed.apply({ospf::Generation{2}, ospf::SetGone{ospf::SetId{1}}});
  EXPECT_THAT(take(), ElementsAre("gone 192.168.37.0/24", "set gone 1"));
}

TEST_F(RibFeedTest, ARouteIsPendingUntilItsBatchIsAcknowledged) {
  const auto first = route("192.168.37.0/24", 1);
  set(7, 1, {hop(kWg0)});
  prefix(7, first);
  EXPECT_EQ(feed.state(first).state.kind, Kind::pending);
  EXPECT_FALSE(feed.is_acknowledged()) << "it is not even handed over";
  acknowledge();
  EXPECT_EQ(feed.state(first).state.kind, Kind::installed);
  EXPECT_TRUE(feed.is_acknowledged());
  const auto second = route("192.168.38.0/24", 1);
  prefix(8, second);
  EXPECT_EQ(feed.state(second).state.kind, Kind::pending);
  EXPECT_EQ(feed.state(first).state.kind, Kind::installed);
  acknowledge();
  EXPECT_EQ(feed.state(second).state.kind, Kind::installed);
  set(9, 1, {hop(kEth0)});
  EXPECT_EQ(feed.state(first).state.kind, Kind::pending);
  EXPECT_EQ(feed.acknowledged_generation(), 8U);
}

// No calculation has been made since, so that no generation tells.
TEST_F(RibFeedTest, ARouteOverALinkCreatedAnewIsPendingUntilThatIsAcknowledged) {
  const auto changed = route("192.168.37.0/24", 1);
  set(7, 1, {hop(kWg0)});
  prefix(7, changed);
  acknowledge();
  links[kWg0].facts.ifindex = 70;
  feed.links_changed({kWg0});
  EXPECT_EQ(feed.state(changed).state.kind, Kind::pending);
  (void)take();
  EXPECT_EQ(feed.state(changed).state.kind, Kind::pending);
  EXPECT_FALSE(feed.is_acknowledged());
  EXPECT_EQ(feed.acknowledged(generation), std::nullopt) << "of the calculations this is no news";
  EXPECT_EQ(feed.state(changed).state.kind, Kind::installed);
}

TEST_F(RibFeedTest, WhatTheKernelDoesNotHoldOrUseIsNeverInstalled) {
  const auto changed = route("192.168.37.0/24", 1);
  set(1, 1, {hop(kWg0)});
  prefix(1, changed);
  acknowledge();
  const rib::Holder dhcp{50, 9, 16};
  const auto stands = [&](rib::Standing standing) {
    feed.stands({IpPrefix{changed.prefix}, standing, dhcp});
    return feed.state(changed).state.kind;
  };
  EXPECT_EQ(stands(rib::Standing::missing), Kind::missing);
  EXPECT_EQ(stands(rib::Standing::elsewhere), Kind::missing);
  EXPECT_EQ(stands(rib::Standing::no_next_hop), Kind::missing);
  EXPECT_EQ(stands(rib::Standing::connected), Kind::hidden);
  EXPECT_EQ(stands(rib::Standing::hidden), Kind::hidden);
  ASSERT_TRUE(feed.state(changed).stands);
  EXPECT_EQ(feed.state(changed).stands->holder, dhcp);
  feed.failed({IpPrefix{changed.prefix}, 101, "no"});
  EXPECT_EQ(feed.state(changed).state.kind, Kind::failed);
  feed.recovered({IpPrefix{changed.prefix}});
  EXPECT_EQ(stands(rib::Standing::in_kernel), Kind::installed);
  EXPECT_FALSE(feed.state(changed).stands);
}

TEST_F(RibFeedTest, AFailureOfThePrefixItsSetOrItsOnlyNexthopIsTheRoutes) {
  const auto changed = route("192.168.37.0/24", 1);
  set(1, 1, {hop(kWg0)});
  prefix(1, changed);
  acknowledge();
  const std::vector<rib::Subject> subjects{IpPrefix{changed.prefix}, rib::SetKey{Family::ipv4, 1},
                                           rib::NexthopKey{Family::ipv4, 7, {}, false}};
  for (const auto& subject : subjects) {
    feed.failed({subject, 101, "the kernel says no"});
    EXPECT_EQ(feed.state(changed).state.kind, Kind::failed);
    EXPECT_EQ(feed.state(changed).state.error, "the kernel says no");
    EXPECT_EQ(feed.failures(100).size(), 1U);
    feed.recovered({subject});
    EXPECT_EQ(feed.state(changed).state.kind, Kind::installed);
  }
  feed.failed({IpPrefix{*Ipv4Prefix::parse("192.168.99.0/24")}, 101, "no"});
  EXPECT_EQ(feed.state(changed).state.kind, Kind::installed);
}

TEST_F(RibFeedTest, ASetThatWaitsNamesItsGateWheneverItIsSubmitted) {
  const auto none_held = [](const Ipv4Prefix&) { return false; };
  const auto gate_of = [](ospf::SetId id) {
    return id == ospf::SetId{1} ? std::optional<rib::Gate>(9) : std::nullopt;
  };
  const auto gates = [&](const std::optional<rib::Batch>& batch) {
    std::map<rib::SetId, std::optional<rib::Gate>> found;
    for (const auto& change : batch->changes)
      if (const auto* changed = std::get_if<rib::SetChanged>(&change)) found[changed->set_id] = changed->gate;
    return found;
  };
  using ::testing::Pair;
  set(1, 1, {hop(kWg0)});
  set(1, 2, {hop(kEth0)});
  EXPECT_THAT(gates(feed.take(none_held, {gate_of, {}})), ElementsAre(Pair(1U, 9U), Pair(2U, std::nullopt)));
  feed.links_changed({kWg0});
  EXPECT_THAT(gates(feed.take(none_held, {gate_of, {}})), ElementsAre(Pair(1U, 9U)));
  feed.submit_set(ospf::SetId{1});
  feed.submit_set(ospf::SetId{7});
  const auto again = feed.take(none_held, {gate_of, {}});
  EXPECT_THAT(gates(again), ElementsAre(Pair(1U, 9U)));
  EXPECT_FALSE(feed.take(none_held, {gate_of, {}}));
  const auto empty = feed.take(none_held, {gate_of, {}}, true);
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->changes.empty());
  EXPECT_GT(empty->ticket, again->ticket);
}

TEST_F(RibFeedTest, APrefixThatWaitsForItselfNamesItsGate) {
  const Ipv4Prefix waits = *Ipv4Prefix::parse("192.168.37.0/24"),
                   goes = *Ipv4Prefix::parse("192.168.38.0/24");
  set(1, 1, {hop(kWg0)});
  for (const auto& each : {waits, goes}) prefix(1, route(each.to_string().c_str(), 1));
  const auto batch = feed.take([](const Ipv4Prefix&) { return false; },
                               {{}, [&](const Ipv4Prefix& prefix) {
                                  return prefix == waits ? std::optional<rib::Gate>(9) : std::nullopt;
                                }});
  std::map<IpPrefix, std::optional<rib::Gate>> found;
  for (const auto& change : batch->changes)
    if (const auto* changed = std::get_if<rib::PrefixChanged>(&change))
      found[changed->prefix] = changed->gate;
  EXPECT_EQ(found, (std::map<IpPrefix, std::optional<rib::Gate>>{{waits, 9}, {goes, std::nullopt}}));
}

TEST_F(RibFeedTest, OfManyFailuresTheFirstAreTold) {
  for (std::uint32_t i = 0; i < 1000; ++i)
    feed.failed({IpPrefix{Ipv4Prefix::host({0xc0a80000 + i})}, 101, "no"});
  EXPECT_EQ(feed.failure_count(), 1000U);
  const auto told = feed.failures(3);
  EXPECT_THAT(told, ElementsAre(::testing::Pair("route 192.168.0.0/32", "no"),
                                ::testing::Pair("route 192.168.0.1/32", "no"),
                                ::testing::Pair("route 192.168.0.2/32", "no")));
}

}  // namespace
}  // namespace wgospf::daemon::rib_feed_test
