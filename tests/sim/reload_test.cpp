// Reconfiguration: what differs is touched, and nothing else.

#include <algorithm>

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

constexpr AreaId kOtherArea{1};

class ReloadTest : public Scenario {
 protected:
  /// A router with one neighbour that stays and one whose interface is about to change, both Full and at
  /// rest.
  void SetUp() override {
    add_router(1);
    stays = add_peer(0, 9);
    changes = add_peer(0, 8);
    start_all();
    stays->start();
    changes->start();
    ASSERT_TRUE(network.run_until([&] { return full_count(0) == 2; }, seconds{5}));
    network.run_for(seconds{10});
    events.clear();
  }
  [[nodiscard]] Port& changing_port() { return network.routers[0].ports.at(link_of(*changes)); }
  void expect_the_other_untouched() {
    EXPECT_EQ(state_of(0, *stays), NeighborState::full);
    for (const auto& event : events_of<NeighborStateChanged>(0)) EXPECT_NE(event.link, link_of(*stays));
    for (const auto& event : events_of<InterfaceStateChanged>(0)) EXPECT_NE(event.link, link_of(*stays));
  }
  /// The links of the router's own router-LSA in an area.
  [[nodiscard]] std::vector<v2::RouterLink> links(AreaId area = kBackbone) {
    const auto entry = instance(0).find_lsa(area, router_key(network.routers[0].id), network.now());
    if (!entry) return {};
    return std::get<v2::RouterLsa>(V2::decode_body(entry->lsa)).links;
  }
  [[nodiscard]] bool has_link(RouterId router) {
    const auto all = links();
    return std::any_of(all.begin(), all.end(), [&](const auto& link) {
      return link.type == v2::RouterLinkType::point_to_point && link.link_id == router.value;
    });
  }
  [[nodiscard]] bool has_stub(Ipv4Prefix prefix) {
    const auto all = links();
    return std::any_of(all.begin(), all.end(), [&](const auto& link) {
      return link.type == v2::RouterLinkType::stub && link.link_id == prefix.address.value;
    });
  }

  std::unique_ptr<ScriptedPeer> stays, changes;
};

// In: an interface becomes passive, and active again. Out: its neighbour is let go with a last hello that
// lists nobody, its subnet stays advertised; then the neighbour is Full again.
TEST_F(ReloadTest, AnInterfaceBecomesPassiveAndActiveAgain) {
  const auto subnet = changing_port().status().addresses.front().prefix<Ipv4Address>();
  changes->answers_descriptions = false;
  changing_port().config.passive = true;
  network.reload(0);
  network.run_for(seconds{5});
  EXPECT_EQ(state_of(0, *changes), NeighborState::down);
  EXPECT_FALSE(has_link(changes->id()));
  EXPECT_TRUE(has_link(stays->id()));
  EXPECT_TRUE(has_stub(subnet));
  const auto hellos = changes->hellos.size();
  network.run_for(seconds{5});
  EXPECT_EQ(changes->hellos.size(), hellos) << "nothing is sent on a passive interface";
  changes->answers_descriptions = true;
  changing_port().config.passive = false;
  network.reload(0);
  EXPECT_TRUE(network.run_until([&] { return full_count(0) == 2; }, seconds{10}));
  expect_the_other_untouched();
}

// In: an interface is taken out of the configuration. Out: neighbour, link and subnet are gone.
TEST_F(ReloadTest, AnInterfaceIsRemoved) {
  const auto subnet = changing_port().status().addresses.front().prefix<Ipv4Address>();
  const LinkId link = link_of(*changes);
  const auto hellos = changes->hellos.size();
  network.routers[0].ports.erase(link);
  network.reload(0);
  network.run_for(seconds{6});
  EXPECT_EQ(instance(0).neighbors().size(), 1U);
  EXPECT_EQ(instance(0).interfaces().size(), 2U);
  EXPECT_FALSE(has_link(changes->id()));
  EXPECT_FALSE(has_stub(subnet));
  EXPECT_EQ(changes->hellos.size(), hellos);
  expect_the_other_untouched();
}

// In: an interface moves to another area, whose neighbour follows. Out: Full there; each area's router-LSA
// has its own links.
TEST_F(ReloadTest, AnInterfaceMovesToAnotherArea) {
  network.routers[0].areas = {{kBackbone}, {kOtherArea}};
  changing_port().config.area = kOtherArea;
  network.reload(0);
  network.run_for(seconds{1});
  EXPECT_EQ(state_of(0, *changes), NeighborState::down);
  EXPECT_GT(drops(0, DropReason::area_mismatch), 0U);
  changes->move_to(kOtherArea);
  EXPECT_TRUE(network.run_until([&] { return full_count(0) == 2; }, seconds{10}));
  network.run_for(seconds{6});
  EXPECT_FALSE(has_link(changes->id()));
  EXPECT_TRUE(has_link(stays->id()));
  const auto there = links(kOtherArea);
  ASSERT_EQ(there.size(), 2U);
  EXPECT_EQ(there.front().link_id, changes->id().value);
  expect_the_other_untouched();
}

// In: an area is taken out of the configuration, its interface goes to another. Out: what the router said
// there is flushed on the way out.
TEST_F(ReloadTest, Section14_1_WhatWasSaidInARemovedAreaIsFlushed) {
  network.routers[0].areas = {{kBackbone}, {kOtherArea}};
  changing_port().config.area = kOtherArea;
  changes->move_to(kOtherArea);
  network.reload(0);
  const auto key = router_key(network.routers[0].id);
  ASSERT_TRUE(network.run_until([&] { return full_count(0) == 2 && changes->held(key); }, seconds{10}));
  network.run_for(seconds{6});
  changes->updates.clear();
  stays->updates.clear();
  network.routers[0].areas = {{kBackbone}};
  changing_port().config.area = kBackbone;
  network.reload(0);
  network.run_for(seconds{1});
  const auto seen = changes->updates_of(key);
  ASSERT_FALSE(seen.empty());
  EXPECT_TRUE(seen.back().header.is_maxage());
  for (const auto& update : stays->updates_of(key)) EXPECT_FALSE(update.header.is_maxage());
  expect_the_other_untouched();
}

// In: other timers, and with them at the neighbour. Out: the adjacency stays.
TEST_F(ReloadTest, Section10_5_ChangedTimersKeepTheAdjacency) {
  changing_port().config.dead_interval = 8;
  network.reload(0);
  changes->set_dead_interval(8);
  network.run_for(seconds{20});
  EXPECT_EQ(state_of(0, *changes), NeighborState::full);
  EXPECT_TRUE(events_of<NeighborStateChanged>(0).empty());
}

}  // namespace
}  // namespace wgospf::sim
