// Allowed-ips that follow the routes: what goes to which peer, and in which order device and kernel are told.

#include "daemon/routes/allowed_ips_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wgospf::daemon {
namespace {

using V2 = ospf::V2;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr ospf::LinkId kWg0{1}, kWg1{2}, kEth0{3}, kShared{4};
/// Behind the two peers of wg9.
constexpr ospf::LinkId kThird{10}, kFourth{11};
constexpr ospf::SetId kOne{1}, kTwo{2};

wg::Key key(std::uint8_t number) {
  wg::Key key;
  key.bytes.fill(number);
  return key;
}
Ipv4Prefix v4(const char* text) {
  return *Ipv4Prefix::parse(text);
}

/// wg0 and wg1 with one peer each, and wg9 with two.
class AllowedIpsPlanTest : public ::testing::Test {
 protected:
  AllowedIpsPlanTest() {
    tables["wg0"][key(1)] = {v4("224.0.0.5/32"), v4("10.1.0.2/32")};
    tables["wg1"][key(2)] = {v4("224.0.0.5/32"), v4("10.2.0.2/32")};
    tables["wg9"][key(3)] = {v4("10.9.0.3/32")};
    tables["wg9"][key(4)] = {v4("10.9.0.4/32")};
    for (const auto& [name, table] : tables) read(name);
    AllowedIpsPlan::Links links;
    links.managed = {{kWg0, {"wg0", {}}}, {kWg1, {"wg1", {}}}, {kShared, {"wg9", {}}}};
    links.manual = {"eth0"};
    plan.set_links(links);
  }
  void read(const std::string& name) {
    auto device = std::make_shared<wg::Device>();
    device->name = name;
    for (const auto& [peer, prefixes] : tables[name]) {
      wg::Peer entry;
      entry.public_key = peer;
      for (const auto& prefix : prefixes) entry.allowed_ips.emplace_back(prefix);
      device->peers.push_back(std::move(entry));
    }
    plan.read(name, device);
  }
  /// wg9 has a link for each of its peers; wg1 remains.
  void share() {
    tables["wg9"] = {{key(3), {}}, {key(4), {}}};
    read("wg9");
    plan.set_links({{{kWg1, {"wg1", {}, {}}},
                     {kThird, {"wg9", *Ipv4Address::parse("10.9.0.3"), key(3)}},
                     {kFourth, {"wg9", *Ipv4Address::parse("10.9.0.4"), key(4)}}},
                    {"wg9"}});
  }
  static ospf::NextHop hop(ospf::LinkId link, const char* gateway, std::uint32_t router) {
    return {link, *Ipv4Address::parse(gateway), ospf::RouterId{router}};
  }
  void change(const ospf::RouteChange<V2>& change) {
    desired.apply(change);
    plan.apply(change);
  }
  void set(ospf::SetId id, std::vector<ospf::NextHop> hops) {
    change({ospf::Generation{1}, ospf::SetChanged{id, std::move(hops)}});
  }
  void route(const Ipv4Prefix& prefix, ospf::SetId id) {
    ospf::Route<V2> route;
    route.prefix = prefix;
    route.set = id;
    change({ospf::Generation{1}, ospf::PrefixChanged<V2>{route}});
  }
  void drop(const Ipv4Prefix& prefix) { change({ospf::Generation{1}, ospf::PrefixGone<V2>{prefix}}); }

  /// The end of a turn; the sets that wait from now on.
  std::vector<ospf::SetId> turn() {
    plan.decide([this](const Ipv4Prefix& prefix) { return prefix == held; });
    for (auto& [name, device] : plan.devices())
      if (auto delta = device.next()) deltas[name] = std::move(*delta);
    const auto closed = plan.take_closed();
    submit();
    opened = plan.take_open();
    submit();
    return closed;
  }
  void submit() {
    if (plan.wants_ticket()) plan.submitted(++ticket);
  }
  /// The device does what it was given last.
  void apply(std::string name) {
    for (const auto& peer : deltas[name].peers) {
      for (const auto& prefix : peer.add_allowed_ips) {
        for (auto& [holder, prefixes] : tables[name]) std::erase(prefixes, std::get<Ipv4Prefix>(prefix));
        tables[name][peer.public_key].push_back(std::get<Ipv4Prefix>(prefix));
      }
      for (const auto& prefix : peer.remove_allowed_ips)
        std::erase(tables[name][peer.public_key], std::get<Ipv4Prefix>(prefix));
    }
    deltas.erase(name);
    read(name);
    plan.devices().at(name).applied();
  }
  void apply_all() {
    while (!deltas.empty()) apply(deltas.begin()->first);
  }
  void settle() {
    rib::Ticket before = 0;
    do {
      apply_all();
      before = ticket;
      plan.acknowledged(ticket);
      (void)turn();
    } while (!deltas.empty() || plan.wants_ticket() || ticket != before);
  }
  using Prefixes = std::vector<Ipv4Prefix>;

  std::map<std::string, std::map<wg::Key, Prefixes>> tables;
  DesiredRoutes desired;
  AllowedIpsPlan plan{desired};
  std::map<std::string, wg::DeviceDelta> deltas;
  std::vector<rib::Gate> opened;
  rib::Ticket ticket = 0;
  Ipv4Prefix held{};
  const Ipv4Prefix lan = v4("192.168.1.0/24"), other = v4("192.168.2.0/24");
  const Prefixes only_own0 = {v4("224.0.0.5/32"), v4("10.1.0.2/32")};
  const Prefixes only_own1 = {v4("224.0.0.5/32"), v4("10.2.0.2/32")};
};

TEST_F(AllowedIpsPlanTest, ARouteWaitsForTheAllowedIpsAndNoOtherDoes) {
  set(kOne, {hop(kWg0, "10.1.0.2", 7)});
  set(kTwo, {hop(kEth0, "10.3.0.2", 8)});
  route(lan, kOne);
  route(other, kTwo);
  (void)turn();
  const auto gate = plan.gate_of(lan);
  ASSERT_TRUE(gate);
  EXPECT_FALSE(plan.gate_of(other));
  EXPECT_FALSE(plan.gate_of(kOne)) << "its other prefixes, should there be any, do not wait";
  (void)turn();
  EXPECT_THAT(opened, IsEmpty());
  apply("wg0");
  (void)turn();
  EXPECT_THAT(opened, ElementsAre(*gate));
  EXPECT_FALSE(plan.gate_of(lan));
  EXPECT_EQ(tables["wg0"][key(1)], (Prefixes{v4("224.0.0.5/32"), v4("10.1.0.2/32"), lan}));
}

TEST_F(AllowedIpsPlanTest, WhatIsNotNeededGoesAfterTheRoute) {
  set(kOne, {hop(kWg0, "10.1.0.2", 7)});
  route(lan, kOne);
  (void)turn();
  settle();
  drop(lan);
  (void)turn();
  EXPECT_TRUE(deltas.empty());
  plan.acknowledged(ticket - 1);
  (void)turn();
  EXPECT_TRUE(deltas.empty()) << "the kernel may still have the route";
  plan.acknowledged(ticket);
  (void)turn();
  apply("wg0");
  EXPECT_EQ(tables["wg0"][key(1)], only_own0);
}

// wg0 to wg1: first wg1's peer, then the group, then wg0's.
TEST_F(AllowedIpsPlanTest, MulticastThatIsWrittenToASecondPeerIsNotTakenBack) {
  const auto group = v4("224.0.0.5/32");
  tables["wg0"] = {{key(1), {v4("10.1.0.2/32")}}};
  read("wg0");
  settle();
  ASSERT_THAT(tables["wg0"][key(1)], UnorderedElementsAre(v4("10.1.0.2/32"), group)) << "the only peer's";
  tables["wg0"] = {{key(1), {v4("10.1.0.2/32")}}, {key(7), {group}}};
  read("wg0");
  settle();
  EXPECT_THAT(tables["wg0"][key(1)], ElementsAre(v4("10.1.0.2/32")));
  EXPECT_THAT(tables["wg0"][key(7)], ElementsAre(group));
}

TEST_F(AllowedIpsPlanTest, ASetThatMovesGivesBeforeItTakes) {
  set(kOne, {hop(kWg0, "10.1.0.2", 7)});
  for (const auto& prefix : {lan, other}) route(prefix, kOne);
  (void)turn();
  settle();
  set(kOne, {hop(kWg1, "10.2.0.2", 8)});
  EXPECT_THAT(turn(), ElementsAre(kOne));
  EXPECT_FALSE(plan.wants_ticket()) << "the kernel still leads over wg0";
  plan.acknowledged(ticket + 100);  // what waits at a gate owes nothing to its ticket
  (void)turn();
  EXPECT_THAT(deltas, SizeIs(1));
  apply("wg1");
  const rib::Ticket before = ticket;
  (void)turn();
  EXPECT_THAT(opened, SizeIs(1));
  EXPECT_EQ(ticket, before + 1);
  EXPECT_THAT(tables["wg0"][key(1)], UnorderedElementsAre(only_own0[0], only_own0[1], lan, other));
  plan.acknowledged(ticket);
  (void)turn();
  apply("wg0");
  EXPECT_EQ(tables["wg0"][key(1)], only_own0);
  EXPECT_THAT(tables["wg1"][key(2)], UnorderedElementsAre(only_own1[0], only_own1[1], lan, other));
}

TEST_F(AllowedIpsPlanTest, ASetWaitsForAllItsDevices) {
  set(kOne, {hop(kWg0, "10.1.0.2", 7)});
  route(lan, kOne);
  (void)turn();
  set(kOne, {hop(kWg0, "10.1.0.2", 7), hop(kWg1, "10.2.0.2", 8)});
  EXPECT_THAT(turn(), ElementsAre(kOne));
  apply("wg1");
  (void)turn();
  EXPECT_THAT(opened, IsEmpty()) << "wg0 is slow";
  apply("wg0");
  (void)turn();
  EXPECT_FALSE(plan.gate_of(kOne));
  EXPECT_FALSE(plan.gate_of(lan));
}

// In: a prefix more in each turn, and a device that is always behind. Out: each waits for its own alone.
TEST_F(AllowedIpsPlanTest, WhatComesLaterDoesNotKeepAGateClosed) {
  const auto prefix = [](std::uint32_t i) { return Ipv4Prefix::make({0x0a000000U + (i << 8)}, 24); };
  set(kOne, {hop(kWg0, "10.1.0.2", 7)});
  route(prefix(0), kOne);
  (void)turn();
  for (std::uint32_t i = 1; i < 20; ++i) {
    route(prefix(i), kOne);
    (void)turn();  // while the difference with the one before is being written
    ASSERT_TRUE(plan.gate_of(prefix(i - 1)));
    apply("wg0");
    (void)turn();
    ASSERT_FALSE(plan.gate_of(prefix(i - 1))) << i;
    ASSERT_TRUE(plan.gate_of(prefix(i)));
  }
}

// The same with a set whose members change while it waits.
TEST_F(AllowedIpsPlanTest, ASetThatChangesOnWaitsForWhatItNeedsLast) {
  set(kOne, {hop(kWg0, "10.1.0.2", 7)});
  route(lan, kOne);
  (void)turn();
  settle();
  set(kOne, {hop(kWg1, "10.2.0.2", 8)});
  EXPECT_THAT(turn(), ElementsAre(kOne));
  const auto gate = plan.gate_of(kOne);
  set(kOne, {hop(kWg0, "10.1.0.2", 7)});
  (void)turn();
  EXPECT_THAT(opened, ElementsAre(*gate)) << "it is there already, though wg1 is slow";
  settle();
  EXPECT_THAT(tables["wg0"][key(1)], UnorderedElementsAre(only_own0[0], only_own0[1], lan));
  EXPECT_EQ(tables["wg1"][key(2)], only_own1);
}

TEST_F(AllowedIpsPlanTest, WhatIsThereAlreadyWaitsForNothing) {
  set(kOne, {hop(kWg0, "10.1.0.2", 7), hop(kWg1, "10.2.0.2", 8)});
  route(lan, kOne);
  (void)turn();
  settle();
  set(kTwo, {hop(kWg1, "10.2.0.2", 8)});
  route(other, kTwo);
  (void)turn();
  ASSERT_FALSE(deltas.empty());  // wg1 is busy
  set(kOne, {hop(kWg1, "10.2.0.2", 8)});
  route(lan, kOne);
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_FALSE(plan.gate_of(kOne));
  EXPECT_FALSE(plan.gate_of(lan));
}

// A release that the kernel acknowledges late is of the time before.
TEST_F(AllowedIpsPlanTest, WhatHasComeBackAndLeavesAgainIsNotTakenTooSoon) {
  set(kOne, {hop(kWg0, "10.1.0.2", 7)});
  set(kTwo, {hop(kEth0, "10.3.0.2", 9)});
  route(lan, kOne);
  (void)turn();
  settle();
  route(lan, kTwo);
  (void)turn();
  const rib::Ticket left = ticket;
  route(lan, kOne);
  (void)turn();
  set(kOne, {hop(kWg1, "10.2.0.2", 8)});
  EXPECT_THAT(turn(), ElementsAre(kOne));
  plan.acknowledged(left);
  (void)turn();
  EXPECT_FALSE(deltas.contains("wg0")) << "the kernel still leads over wg0";
  settle();
  EXPECT_EQ(tables["wg0"][key(1)], only_own0);
}

TEST_F(AllowedIpsPlanTest, ASlowDeviceIsNotWaitedForByASetThatHasLeftIt) {
  set(kOne, {hop(kWg0, "10.1.0.2", 7)});
  route(lan, kOne);
  (void)turn();
  ASSERT_TRUE(plan.gate_of(lan));
  set(kOne, {hop(kEth0, "10.3.0.2", 8)});
  (void)turn();
  EXPECT_THAT(opened, SizeIs(1));
  EXPECT_FALSE(plan.gate_of(lan));
}

TEST_F(AllowedIpsPlanTest, APrefixThatIsHeldBackIsNotGiven) {
  held = lan;
  set(kOne, {hop(kWg0, "10.1.0.2", 7)});
  route(lan, kOne);
  EXPECT_THAT(turn(), IsEmpty());
  settle();
  EXPECT_EQ(tables["wg0"][key(1)], only_own0);
}

TEST_F(AllowedIpsPlanTest, OnADeviceWithSeveralPeersTheNeighbourTells) {
  set(kOne, {hop(kShared, "10.9.0.4", 7)});
  set(kTwo, {hop(kShared, "10.9.0.4", 9), hop(kShared, "10.9.0.3", 8)});
  route(lan, kOne);
  route(other, kTwo);
  (void)turn();
  settle();
  EXPECT_EQ(tables["wg9"][key(4)], (Prefixes{v4("10.9.0.4/32"), lan}));
  EXPECT_EQ(tables["wg9"][key(3)], (Prefixes{v4("10.9.0.3/32"), other})) << "the lowest router id";
}

// Neither by the neighbour's address, nor by multicast, which would reach one of the peers only.
TEST_F(AllowedIpsPlanTest, EachLinkOfASharedDeviceHasItsPeer) {
  share();
  set(kOne, {hop(kThird, "10.9.0.3", 8)});
  set(kTwo, {hop(kFourth, "10.9.0.4", 7)});
  route(lan, kOne);
  route(other, kTwo);
  (void)turn();
  settle();
  EXPECT_THAT(tables["wg9"][key(3)], UnorderedElementsAre(v4("10.9.0.3/32"), lan));
  EXPECT_THAT(tables["wg9"][key(4)], UnorderedElementsAre(v4("10.9.0.4/32"), other));
  tables["wg9"].erase(key(4));  // the only peer that is left
  read("wg9");
  (void)turn();
  settle();
  EXPECT_THAT(tables["wg9"][key(3)], UnorderedElementsAre(v4("10.9.0.3/32"), lan));
}

TEST_F(AllowedIpsPlanTest, FromPeerToPeerOfOneDeviceItMovesInOneWriteBeforeTheRoutes) {
  share();
  set(kOne, {hop(kThird, "10.9.0.3", 8)});
  for (const auto& prefix : {lan, other}) route(prefix, kOne);
  (void)turn();
  settle();
  set(kOne, {hop(kFourth, "10.9.0.4", 7)});
  EXPECT_THAT(turn(), ElementsAre(kOne));
  EXPECT_FALSE(plan.wants_ticket()) << "there is nothing to take back";
  ASSERT_THAT(deltas, SizeIs(1));
  ASSERT_THAT(deltas["wg9"].peers, SizeIs(1));
  EXPECT_EQ(deltas["wg9"].peers[0].public_key, key(4));
  EXPECT_THAT(deltas["wg9"].peers[0].add_allowed_ips, SizeIs(2));
  EXPECT_THAT(deltas["wg9"].peers[0].remove_allowed_ips, IsEmpty());
  apply("wg9");
  (void)turn();
  EXPECT_THAT(opened, SizeIs(1));
  EXPECT_THAT(deltas, IsEmpty());
  EXPECT_THAT(tables["wg9"][key(3)], ElementsAre(v4("10.9.0.3/32")));
}

TEST_F(AllowedIpsPlanTest, APeersOwnAddressStaysWhereverTheRouteToItLeads) {
  share();
  const auto address = v4("10.9.0.3/32");
  (void)turn();
  settle();
  set(kOne, {hop(kFourth, "10.9.0.4", 7)});
  route(address, kOne);
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_FALSE(plan.gate_of(address));
  settle();
  EXPECT_THAT(tables["wg9"][key(3)], ElementsAre(address));
  set(kOne, {hop(kEth0, "10.3.0.2", 9)});
  (void)turn();
  settle();
  EXPECT_THAT(tables["wg9"][key(3)], ElementsAre(address));
}

TEST_F(AllowedIpsPlanTest, APeerThatIsRemovedIsLetGoOfAndWaitedForWhenItComesBack) {
  share();
  set(kOne, {hop(kThird, "10.9.0.3", 8)});
  route(lan, kOne);
  (void)turn();
  settle();
  tables["wg9"].erase(key(3));
  read("wg9");
  EXPECT_THAT(turn(), IsEmpty());
  settle();
  tables["wg9"][key(3)] = {};
  read("wg9");
  EXPECT_THAT(turn(), ElementsAre(kOne));
  settle();
  EXPECT_FALSE(plan.gate_of(kOne));
  EXPECT_THAT(tables["wg9"][key(3)], UnorderedElementsAre(v4("10.9.0.3/32"), lan));
}

TEST_F(AllowedIpsPlanTest, ADeviceThatComesLaterAndAgain) {
  plan.read("wg0", nullptr);
  set(kOne, {hop(kWg0, "10.1.0.2", 7)});
  route(lan, kOne);
  EXPECT_THAT(turn(), IsEmpty());
  read("wg0");
  EXPECT_THAT(turn(), ElementsAre(kOne));
  plan.read("wg0", nullptr);
  (void)turn();
  EXPECT_THAT(opened, SizeIs(1)) << "nothing is waited for on a device that is gone";
  plan.devices().at("wg0").applied();
  deltas.clear();
  read("wg0");
  (void)turn();
  settle();
  EXPECT_EQ(tables["wg0"][key(1)], (Prefixes{v4("224.0.0.5/32"), v4("10.1.0.2/32"), lan}));
}

TEST_F(AllowedIpsPlanTest, WhatAFormerRunLeftStaysUntilItIsClaimed) {
  AllowedIpsPlan next(desired);
  next.adopt({"boot", {{"wg0", 0}}, {{"wg0", {{key(1), {lan, other}}}}}});
  tables["wg0"][key(1)] = {v4("10.1.0.2/32"), lan, other};
  auto& device = next.devices().at("wg0");
  const auto reading = [&] {
    auto read = std::make_shared<wg::Device>();
    read->name = "wg0";
    read->peers.push_back({.public_key = key(1), .allowed_ips = {v4("224.0.0.5/32"), lan, other}});
    return read;
  };
  next.read("wg0", reading());
  next.set_links({{{kWg0, {"wg0", {}}}}, {}});
  const ospf::RouteChange<V2> set{ospf::Generation{1}, ospf::SetChanged{kOne, {hop(kWg0, "10.1.0.2", 7)}}};
  ospf::Route<V2> wanted;
  wanted.prefix = lan;
  wanted.set = kOne;
  const ospf::RouteChange<V2> route{ospf::Generation{1}, ospf::PrefixChanged<V2>{wanted}};
  for (const auto& each : {set, route}) {
    desired.apply(each);
    next.apply(each);
  }
  next.decide([](const Ipv4Prefix&) { return false; });
  EXPECT_FALSE(device.next());
  EXPECT_FALSE(next.gate_of(lan)) << "it is there already";
  next.claim();
  next.submitted(5);
  next.acknowledged(5);
  const auto delta = device.next();
  ASSERT_TRUE(delta);
  EXPECT_THAT(delta->peers.at(0).remove_allowed_ips, ElementsAre(wg::AllowedIp{other}));
}

// In: a former run's route over wg0, which this run wants over wg1. Out: wg0's peer has it until the kernel has
// let go of that route, though all is claimed meanwhile.
TEST_F(AllowedIpsPlanTest, WhatAFormerRunsRouteNeedsIsClaimedWithIt) {
  AllowedIpsPlan next(desired);
  next.adopt({"boot", {{"wg0", 0}}, {{"wg0", {{key(1), {lan}}}}}});
  tables["wg0"][key(1)].push_back(lan);
  const auto reading = [&](const char* name, const wg::Key& peer) {
    auto read = std::make_shared<wg::Device>();
    read->name = name;
    read->peers.push_back({.public_key = peer});
    for (const auto& prefix : tables[name][peer]) read->peers[0].allowed_ips.emplace_back(prefix);
    next.read(name, read);
  };
  reading("wg0", key(1));
  reading("wg1", key(2));
  next.set_links({{{kWg0, {"wg0", {}, {}}}, {kWg1, {"wg1", {}, {}}}}, {}});
  ospf::Route<V2> wanted;
  wanted.prefix = lan;
  wanted.set = kOne;
  for (const ospf::RouteChange<V2>& each :
       {ospf::RouteChange<V2>{ospf::Generation{1}, ospf::SetChanged{kOne, {hop(kWg1, "10.2.0.2", 8)}}},
        ospf::RouteChange<V2>{ospf::Generation{1}, ospf::PrefixChanged<V2>{wanted}}}) {
    desired.apply(each);
    next.apply(each);
  }
  next.decide([](const Ipv4Prefix&) { return false; });
  ASSERT_TRUE(next.devices().at("wg1").next());
  ASSERT_TRUE(next.gate_of(lan));
  next.claim();
  EXPECT_FALSE(next.wants_ticket());
  EXPECT_FALSE(next.devices().at("wg0").next());
  tables["wg1"][key(2)].push_back(lan);
  reading("wg1", key(2));
  next.devices().at("wg1").applied();
  EXPECT_THAT(next.take_open(), SizeIs(1));
  ASSERT_TRUE(next.wants_ticket());
  next.submitted(1);
  EXPECT_FALSE(next.devices().at("wg0").next());
  next.acknowledged(1);
  const auto delta = next.devices().at("wg0").next();
  ASSERT_TRUE(delta);
  EXPECT_THAT(delta->peers.at(0).remove_allowed_ips, ElementsAre(wg::AllowedIp{lan}));
}

// In: a former run's route that this run has, too, and loses before the claim: the kernel keeps it until then.
TEST_F(AllowedIpsPlanTest, WhatAFormerRunsRouteNeedsStaysThoughThisRunsIsGone) {
  AllowedIpsPlan next(desired);
  next.adopt({"boot", {{"wg0", 0}}, {{"wg0", {{key(1), {lan}}}}}});
  auto read = std::make_shared<wg::Device>();
  read->name = "wg0";
  read->peers.push_back({.public_key = key(1), .allowed_ips = {v4("224.0.0.5/32"), lan}});
  next.read("wg0", read);
  next.set_links({{{kWg0, {"wg0", {}, {}}}}, {}});
  ospf::Route<V2> wanted;
  wanted.prefix = lan;
  wanted.set = kOne;
  const auto none_held = [](const Ipv4Prefix&) { return false; };
  const auto change = [&](const ospf::RouteChange<V2>& each) {
    desired.apply(each);
    next.apply(each);
    next.decide(none_held);
  };
  change({ospf::Generation{1}, ospf::SetChanged{kOne, {hop(kWg0, "10.1.0.2", 7)}}});
  change({ospf::Generation{1}, ospf::PrefixChanged<V2>{wanted}});
  change({ospf::Generation{2}, ospf::PrefixGone<V2>{lan}});
  EXPECT_FALSE(next.wants_ticket());
  next.claim();
  ASSERT_TRUE(next.wants_ticket());
  next.submitted(1);
  EXPECT_FALSE(next.devices().at("wg0").next());
  next.acknowledged(1);
  const auto delta = next.devices().at("wg0").next();
  ASSERT_TRUE(delta);
  EXPECT_THAT(delta->peers.at(0).remove_allowed_ips, ElementsAre(wg::AllowedIp{lan}));
}

TEST_F(AllowedIpsPlanTest, WhatIsManagedNoMoreStaysAndIsTheUsers) {
  set(kOne, {hop(kWg0, "10.1.0.2", 7)});
  route(lan, kOne);
  (void)turn();
  settle();
  plan.set_links({{{kWg1, {"wg1", {}}}}, {"wg0"}});
  (void)turn();
  settle();
  EXPECT_EQ(tables["wg0"][key(1)], (Prefixes{v4("224.0.0.5/32"), v4("10.1.0.2/32"), lan}));
  EXPECT_THAT(plan.devices().at("wg0").own_prefixes(), IsEmpty());
}

TEST_F(AllowedIpsPlanTest, AnOnlyPeerGetsWhatOspfNeedsForAsLongAsItsLinkIsManaged) {
  const Ipv4Address neighbor = *Ipv4Address::parse("10.1.0.2");
  tables["wg0"][key(1)] = {};
  tables["wg9"] = {{key(3), {}}, {key(4), {}}};
  for (const char* name : {"wg0", "wg9"}) read(name);
  plan.set_links({{{kWg0, {"wg0", neighbor}}, {kShared, {"wg9", neighbor}}}, {}});
  (void)turn();
  settle();
  EXPECT_THAT(tables["wg0"][key(1)], UnorderedElementsAre(v4("224.0.0.5/32"), Ipv4Prefix::host(neighbor)));
  EXPECT_EQ(tables["wg9"], (std::map<wg::Key, Prefixes>{{key(3), {}}, {key(4), {}}}));

  tables["wg0"] = {{key(5), {}}};  // another peer in its place
  read("wg0");
  (void)turn();
  settle();
  EXPECT_THAT(tables["wg0"][key(5)], UnorderedElementsAre(v4("224.0.0.5/32"), Ipv4Prefix::host(neighbor)));
  EXPECT_THAT(plan.devices().at("wg0").conflicts(), IsEmpty());

  plan.set_links({});
  (void)turn();
  settle();
  EXPECT_THAT(tables["wg0"][key(5)], IsEmpty());
}

TEST_F(AllowedIpsPlanTest, AtTheEndAllThatIsOursIsTakenBack) {
  tables["wg0"][key(1)] = {};  // not even multicast is there by hand
  read("wg0");
  set(kOne, {hop(kWg0, "10.1.0.2", 7), hop(kWg1, "10.2.0.2", 8)});
  route(lan, kOne);
  (void)turn();
  settle();
  EXPECT_THAT(tables["wg0"][key(1)], SizeIs(2));
  EXPECT_EQ(tables["wg1"][key(2)], (Prefixes{v4("224.0.0.5/32"), v4("10.2.0.2/32"), lan}));
  plan.give_back();
  for (auto& [name, device] : plan.devices())
    if (auto delta = device.next()) deltas[name] = std::move(*delta);
  apply_all();
  (void)turn();
  EXPECT_TRUE(deltas.empty()) << "what was taken back is given again";
  EXPECT_THAT(tables["wg0"][key(1)], IsEmpty());
  EXPECT_EQ(tables["wg1"][key(2)], only_own1);
}

}  // namespace
}  // namespace wgospf::daemon
