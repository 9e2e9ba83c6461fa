// What must be open, held against a ruleset, and in words.

#include "daemon/firewall/openings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/firewall/firewall.h"

namespace wgospf::daemon::firewall {
namespace {

using testing::HasSubstr;
using testing::Not;
using Kind = Opening::Kind;
using State = Opening::State;
using Way = Packet::Way;

Needs two_tunnels() {
  Needs needs;
  needs.tunnels = {
      {"wg0", 51820, {{"eth0", Ipv4Address{0xc0000201}}}, false, true, {Ipv4Address{0x0a020002}}},
      {"wg1", 51821, {}, true, true, {}}};
  needs.lans = {"lan"};
  return needs;
}

/// A chain that drops by its policy, with these rules in JSON.
Ruleset dropping(const std::string& hook, const std::string& rules = {}) {
  std::string text =
      R"({"nftables": [{"chain": {"family": "inet", "table": "t", "name": "c", "type": "filter", "hook": ")" +
      hook + R"(", "prio": 0, "policy": "drop"}})";
  if (!rules.empty())
    text +=
        R"(, {"rule": {"family": "inet", "table": "t", "chain": "c", "handle": 7, "expr": [)" + rules + "]}}";
  return *parse_ruleset(text + "]}");
}

const Opening* find(const std::vector<Opening>& all, Kind kind, const std::string& in,
                    const std::string& out = {}) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Opening& opening) {
    return opening.kind == kind && opening.in == in && opening.out == out;
  });
  return found == all.end() ? nullptr : &*found;
}

TEST(OpeningsOf, NamesWhatMustPassByTheInterfacesNames) {
  const auto all = openings_of(two_tunnels(), nullptr);
  for (const auto& opening : all) EXPECT_EQ(opening.state, State::unknown);
  ASSERT_NE(find(all, Kind::wireguard, "eth0"), nullptr);
  EXPECT_EQ(find(all, Kind::wireguard, "eth0")->port, 51820);
  ASSERT_NE(find(all, Kind::wireguard, ""), nullptr) << "from where wg1's peers call is not known";
  EXPECT_EQ(find(all, Kind::wireguard, "")->port, 51821);
  for (const std::string tunnel : {"wg0", "wg1"}) {
    EXPECT_NE(find(all, Kind::ospf, tunnel), nullptr);
    EXPECT_NE(find(all, Kind::ospf, "", tunnel), nullptr);
    ASSERT_NE(find(all, Kind::bfd, tunnel), nullptr);
    EXPECT_EQ(find(all, Kind::bfd, tunnel)->port, 3784);
    EXPECT_NE(find(all, Kind::forwarding, "lan", tunnel), nullptr);
    EXPECT_NE(find(all, Kind::forwarding, tunnel, "lan"), nullptr);
  }
  EXPECT_NE(find(all, Kind::forwarding, "wg0", "wg1"), nullptr);
  EXPECT_EQ(problem_of("wg0", all), "") << "what is not known is no alarm";
}

// RFC 5881 4: UDP 3784. Without a session it is shown; with one its absence is a problem.
TEST(OpeningsOf, BfdIsNeededWhereItIsConfigured) {
  const auto rules = dropping("input");
  auto needs = two_tunnels();
  EXPECT_THAT(problem_of("wg0", openings_of(needs, &rules)), Not(HasSubstr("3784")));
  needs.tunnels[0].has_bfd = true;
  const auto all = openings_of(needs, &rules);
  EXPECT_THAT(problem_of("wg0", all), HasSubstr("UDP port 3784 coming in on wg0"));
  EXPECT_THAT(problem_of("wg1", all), Not(HasSubstr("3784")));
}

TEST(OpeningsOf, WhatIsClosedIsToldWithWhoDropsIt) {
  const auto rules = dropping("input");
  const auto all = openings_of(two_tunnels(), &rules);
  EXPECT_EQ(find(all, Kind::ospf, "wg0")->state, State::closed);
  EXPECT_EQ(find(all, Kind::ospf, "", "wg0")->state, State::open);
  EXPECT_EQ(find(all, Kind::forwarding, "lan", "wg0")->state, State::open);
  const auto problem = problem_of("wg0", all);
  EXPECT_THAT(problem, HasSubstr("UDP port 51820 coming in on eth0 by chain c of table inet t (policy)"));
  EXPECT_THAT(problem, HasSubstr("protocol 89 (OSPF) coming in on wg0"));
  EXPECT_THAT(problem, Not(HasSubstr("3784"))) << "nobody needs it now";
  const auto forward = dropping("forward");
  const auto closed = problem_of("wg0", openings_of(two_tunnels(), &forward));
  EXPECT_THAT(closed, HasSubstr("forwarding from lan to wg0"));
  EXPECT_THAT(closed, HasSubstr("forwarding from wg0 to lan"));
  const auto output = dropping("output");
  EXPECT_THAT(problem_of("wg0", openings_of(two_tunnels(), &output)), HasSubstr("going out on wg0"));
}

// In: a filter that forwards TCP alone. Out: that may be meant.
TEST(OpeningsOf, ForwardingOfOneProtocolIsNoAlarm) {
  const auto rules = dropping(
      "forward",
      R"({"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "tcp"}}, {"accept": null})");
  const auto all = openings_of(two_tunnels(), &rules);
  EXPECT_EQ(find(all, Kind::forwarding, "lan", "wg0")->state, State::unknown);
  EXPECT_EQ(problem_of("wg0", all), "");
}

// In: a filter that lets in what this side has begun. Out: that matters where a peer must call first.
TEST(OpeningsOf, WhoCallsNeedsNoOpenPort) {
  const auto rules = dropping(
      "input", R"({"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established"]}},
                           {"accept": null})");
  const auto all = openings_of(two_tunnels(), &rules);
  EXPECT_EQ(find(all, Kind::wireguard, "eth0")->state, State::closed_to_new);
  EXPECT_THAT(problem_of("wg0", all), Not(HasSubstr("UDP port")));
  EXPECT_THAT(problem_of("wg1", all), HasSubstr("UDP port 51821 from a peer that calls first"));
}

// In: a filter that drops one of several peers. Out: closed.
TEST(OpeningsOf, OnePeerThatIsDroppedIsEnough) {
  auto needs = two_tunnels();
  needs.tunnels[0].uplinks.push_back({"eth0", Ipv4Address{0xc0000202}});
  const auto rules = *parse_ruleset(R"({"nftables": [
      {"chain": {"family": "inet", "table": "t", "name": "c", "hook": "input", "prio": 0, "policy": "accept"}},
      {"rule": {"family": "inet", "table": "t", "chain": "c", "handle": 7, "expr": [
        {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "192.0.2.2"}},
        {"drop": null}]}}]})");
  const auto all = openings_of(needs, &rules);
  EXPECT_EQ(find(all, Kind::wireguard, "eth0")->state, State::closed);
  EXPECT_THAT(find(all, Kind::wireguard, "eth0")->by, HasSubstr("rule 7"));
}

TEST(NeedsOf, DevicesOnceAndLansApart) {
  wg::Device device;
  device.name = "wg0";
  device.listen_port = 51820;
  device.peers.resize(1);
  const auto underlay = wg::underlay_of({device});
  Inventory inventory;
  std::uint32_t ifindex = 0;
  for (const std::string name : {"lo", "wg0", "lan", "off"}) {
    Link link;
    link.ifindex = ++ifindex;
    link.name = name;
    link.flags.up = name != "off";
    link.flags.loopback = name == "lo";
    inventory.emplace(link.ifindex, link);
  }
  std::vector<TunnelLink> links(5);
  const std::pair<const char*, bool> devices[] = {
      {"lo", true}, {"wg0", false}, {"wg0", false}, {"lan", true}, {"off", true}};
  std::uint32_t id = 0;
  for (auto& link : links) {
    link.device = devices[id].first;
    link.is_passive = devices[id].second;
    link.link = ospf::LinkId{++id};
  }
  ospf::NeighborInfo neighbor;
  neighbor.link = ospf::LinkId{3};
  neighbor.address = Ipv4Address{0x0a020003};
  const auto needs = needs_of(links, {neighbor}, inventory, underlay);
  ASSERT_EQ(needs.tunnels.size(), 1U);
  EXPECT_EQ(needs.tunnels[0].port, 51820);
  EXPECT_TRUE(needs.tunnels[0].must_be_called) << "a peer without endpoint";
  EXPECT_THAT(needs.tunnels[0].neighbors, testing::ElementsAre(Ipv4Address{0x0a020003}));
  EXPECT_THAT(needs.lans, testing::ElementsAre("lan"));
}

}  // namespace
}  // namespace wgospf::daemon::firewall
