// One cost for both directions of a link of a point-to-multipoint interface (docs/opaque-lsas.md).

#include <algorithm>

#include "ospf/opaque.h"
#include "ospf/opaque_tlvs.h"
#include "tests/sim/peers.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

class LinkCosts : public PeersScenario {
 protected:
  /// Two routers, peers of each other.
  void build_pair(std::uint16_t first, std::uint16_t second) {
    add_router(1);
    add_router(2);
    cable = connect_peers(0, 1);
    port_of(cable, 0).config.cost = first;
    port_of(cable, 1).config.cost = second;
    start_all();
    settle();
  }
  void settle() {
    ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{30}));
    network.run_for(seconds{15});
  }
  void set(std::size_t end, std::uint16_t cost) {
    const auto& there = network.cables[cable].ends[end];
    set_cost(there.router, there.link, cost);
  }
  /// What the router says of its links to others, in its router-LSA.
  [[nodiscard]] std::vector<std::uint16_t> said(RouterIndex router) {
    std::vector<std::uint16_t> costs;
    for (const auto& link : own_links(router))
      if (link.type == v2::RouterLinkType::point_to_point) costs.push_back(link.metric);
    return costs;
  }
  [[nodiscard]] std::uint32_t metric(RouterIndex from, RouterIndex to) {
    const auto table = instance(from).routes();
    const auto* route = table->lookup(Ipv4Address{network.routers[to].id.value});
    return route == nullptr ? 0 : route->metric;
  }
  void expect_both(std::uint16_t cost) {
    for (const RouterIndex router : {0U, 1U}) {
      EXPECT_EQ(said(router), std::vector{cost}) << "router " << router;
      EXPECT_EQ(metric(router, 1 - router), cost) << "router " << router;
    }
  }

  /// A router and a scripted peer that knows no opaque LSAs of ours, with such a link to the router.
  std::unique_ptr<ScriptedPeer> build_with_stranger(std::uint16_t ours, std::uint16_t theirs) {
    add_router(1);
    auto peer = add_scripted_peer(0, 7);
    network.routers[0].ports.at(link_of(*peer)).config.cost = ours;
    peer->hold(router_lsa_of(*peer, theirs, 1));
    start_all();
    network.wake_peer(network.cables[peer->cable()].ends[0]);
    peer->start();
    EXPECT_TRUE(network.run_until([&] { return peer->is_full() && full_count(0) == 1; }, seconds{30}));
    network.run_for(seconds{15});
    return peer;
  }
  [[nodiscard]] Lsa router_lsa_of(const ScriptedPeer& peer, std::uint16_t cost, std::int32_t number) const {
    v2::RouterLsa body;
    body.links = {
        {network.routers[0].id.value, peer.address.value, v2::RouterLinkType::point_to_point, cost, {}}};
    LsaHeader header;
    header.options = {Options::kExternal};
    header.key = router_key(peer.id());
    header.sequence_number = kInitialSequenceNumber + number;
    return V2::encode_lsa(header, body);
  }
  [[nodiscard]] static Lsa opaque_of(const ScriptedPeer& peer, std::vector<std::byte> bytes,
                                     std::int32_t number) {
    v2::OpaqueLsa body;
    body.data = std::move(bytes);
    OpaqueName name;
    name.scope = FloodingScope::link;
    name.type = kOpaqueType;
    LsaHeader header;
    header.options = {Options::kExternal | Options::kOpaque};
    header.key = opaque_key(name, peer.id());
    header.sequence_number = kInitialSequenceNumber + number;
    return V2::encode_lsa(header, body);
  }
  void say(ScriptedPeer& peer, const Lsa& lsa) {
    network.run_for(seconds{6});
    peer.hold(lsa);
    peer.send_update({{lsa, 1}});
    network.run_for(seconds{15});
  }

  CableIndex cable = 0;
};

// In: ends that have been configured with 10 and 30. Out: both use 30, in their router-LSAs and routes.
TEST_F(LinkCosts, BothEndsUseTheGreaterOfTheirConfiguredCosts) {
  build_pair(10, 30);
  expect_both(30);
  EXPECT_EQ(info_of(0, network.cables[cable].ends[0].link).cost, 30);
  EXPECT_EQ(info_of(0, network.cables[cable].ends[0].link).config.cost, 10) << "what is configured stays";
}

// In: the greater cost is lowered, and raised at the other end. Out: the cost falls and rises with them.
TEST_F(LinkCosts, TheCostFallsWithTheGreaterOne) {
  build_pair(10, 30);
  set(1, 5);
  network.run_for(seconds{15});
  expect_both(10);
  set(0, 65535);
  network.run_for(seconds{15});
  expect_both(65535);
  set(0, 1);
  network.run_for(seconds{15});
  expect_both(5);
}

// In: costs of both ends change at random, ten times each, faster than router-LSAs may be told. Out: both ends agree
// in the end.
TEST_F(LinkCosts, CostsThatChangeAtRandomComeToAgree) {
  build_pair(10, 10);
  Random random(7);
  for (int round = 0; round < 10; ++round) {
    for (const std::size_t end : {0U, 1U}) {
      set(end, static_cast<std::uint16_t>(random.between(1, 100)));
      network.run_for(random.duration({}, seconds{2}));
    }
  }
  const auto greater = std::max(port_of(cable, 0).config.cost, port_of(cable, 1).config.cost);
  network.run_for(seconds{20});
  expect_both(greater);
}

// In: the end with the greater cost crashes, and comes back with a smaller one. Out: what it said before is forgotten.
TEST_F(LinkCosts, ANeighborThatStartsAgainMayHaveAnotherCost) {
  build_pair(10, 30);
  network.crash(1);
  network.run_for(seconds{8});
  port_of(cable, 1).config.cost = 4;
  network.start(1);
  settle();
  network.run_for(seconds{15});
  expect_both(10);
}

// In: an end whose interface has one peer, as a point-to-point link. Out: the other end's is what counts.
TEST_F(LinkCosts, OneEndOnAPointToMultipointInterfaceIsEnough) {
  add_router(1);
  add_router(2);
  cable = connect_peers(0, 1);
  port_of(cable, 0).config.cost = 10;
  port_of(cable, 1).config.cost = 3;
  port_of(cable, 1).config.type = InterfaceType::point_to_point;
  start_all();
  settle();
  EXPECT_EQ(said(0), std::vector<std::uint16_t>{10});
  EXPECT_EQ(said(1), std::vector<std::uint16_t>{10});
}

// In: a link that is spoken to by the group. Out: each end its own cost, and no opaque LSA.
TEST_F(LinkCosts, LinksThatAreNotSharedKeepACostForEachDirection) {
  add_router(1);
  add_router(2);
  cable = connect(0, 1);
  port_of(cable, 0).config.cost = 10;
  port_of(cable, 1).config.cost = 30;
  start_all();
  settle();
  EXPECT_EQ(metric(0, 1), 10U);
  EXPECT_EQ(metric(1, 0), 30U);
  EXPECT_EQ(instance(0).statistics().lsdb_size, 2U);
}

// In: a neighbour of another implementation with a greater cost in its router-LSA, which then falls. Out: we take it,
// and fall with it to our own.
TEST_F(LinkCosts, OfANeighborThatTellsNothingTheGreaterCostInItsRouterLsaCounts) {
  const auto peer = build_with_stranger(10, 40);
  EXPECT_EQ(said(0), std::vector<std::uint16_t>{40});
  say(*peer, router_lsa_of(*peer, 25, 2));
  EXPECT_EQ(said(0), std::vector<std::uint16_t>{25});
  say(*peer, router_lsa_of(*peer, 10, 3));
  EXPECT_EQ(said(0), std::vector<std::uint16_t>{10});
  EXPECT_TRUE(events_of<LinkCostDiffers>(0).empty());
}

// In: one with a smaller cost, which is mended. Out: ours stays; it is told once and shown until it is mended.
TEST_F(LinkCosts, OfANeighborThatTellsNothingASmallerCostIsShown) {
  const auto peer = build_with_stranger(20, 5);
  EXPECT_EQ(said(0), std::vector<std::uint16_t>{20});
  const auto told = events_of<LinkCostDiffers>(0);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told.front().router, peer->id());
  EXPECT_EQ(told.front().theirs, 5);
  EXPECT_EQ(told.front().ours, 20);
  auto shown = instance(0).neighbors().front();
  EXPECT_EQ(shown.problem, NeighborProblem::lower_cost);
  EXPECT_EQ(shown.theirs, 5U);
  EXPECT_EQ(shown.ours, 20U);
  say(*peer, router_lsa_of(*peer, 20, 2));
  EXPECT_EQ(instance(0).neighbors().front().problem, NeighborProblem::none);
  EXPECT_EQ(events_of<LinkCostDiffers>(0).size(), 1U);
}

// In: a neighbour that tells its cost in its opaque LSA of the link, and has a greater one in its router-LSA, as both
// ends' agreement makes it; then one of a version to come; then none. Out: what it tells counts; what is not understood
// leaves ours alone, for the router-LSA could only raise it for good; without one the router-LSA counts.
TEST_F(LinkCosts, WhatIsToldCountsBeforeTheRouterLsa) {
  const auto peer = build_with_stranger(10, 50);
  ASSERT_EQ(said(0), std::vector<std::uint16_t>{50});
  say(*peer, opaque_of(*peer, encode_opaque({LinkCostTlv{12, true}}), 1));
  EXPECT_EQ(said(0), std::vector<std::uint16_t>{12});
  auto other = encode_opaque({LinkCostTlv{30, true}});
  other[3] = std::byte{kOpaqueVersion + 1};
  say(*peer, opaque_of(*peer, other, 2));
  EXPECT_EQ(said(0), std::vector<std::uint16_t>{10});
  say(*peer, opaque_of(*peer, {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}}, 3));
  EXPECT_EQ(said(0), std::vector<std::uint16_t>{50}) << "another application's is none of ours";
}

// In: two routers of ours with a neighbour of another implementation. Out: what one tells the other is of their link
// alone: the stranger gets the router's word on its own link, and nothing of the other.
TEST_F(LinkCosts, Rfc5250Section3_WhatIsToldStaysOnItsLink) {
  add_router(1);
  add_router(2);
  cable = connect_peers(0, 1);
  auto peer = add_scripted_peer(0, 7);
  start_all();
  network.wake_peer(network.cables[peer->cable()].ends[0]);
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return peer->is_full() && full_count(0) == 2; }, seconds{30}));
  network.run_for(seconds{15});
  std::size_t of_router = 0;
  for (const auto& seen : peer->updates) {
    if (seen.header.key.type != LsaType::opaque_link) continue;
    EXPECT_EQ(seen.header.key.advertising_router, network.routers[0].id);
    ++of_router;
  }
  EXPECT_GE(of_router, 1U);
}

}  // namespace
}  // namespace wgospf::sim
