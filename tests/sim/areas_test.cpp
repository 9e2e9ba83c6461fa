// Several areas in one network: what area border routers say in each area of the others, and what their routers make of
// it (RFC 2328 sections 12.4.3, 16.2 and 16.4, RFC 3509).

#include "tests/sim/area_scenario.h"

namespace wgospf::sim {
namespace {

// In: area 1, the backbone, area 2, one behind the other. Out: each border router says in each area what is in the others,
// inter-area prefixes only beside the backbone; bit B is its alone; far loopbacks are inter-area routes.
TEST_F(AreasTest, Section12_4_3_EachAreaHearsOfTheOthers) {
  line({kOne, kBackbone, kTwo});
  converge();
  EXPECT_EQ(said(0, kOne, 1),
            (Said{{"10.0.0.4/30", 10}, {"10.0.0.8/30", 20}, {"1.1.1.3/32", 10}, {"1.1.1.4/32", 20}}));
  EXPECT_EQ(said(1, kBackbone, 1), (Said{{"10.0.0.0/30", 10}, {"1.1.1.1/32", 10}, {"1.1.1.2/32", 0}}));
  EXPECT_EQ(said(1, kBackbone, 2), (Said{{"10.0.0.8/30", 10}, {"1.1.1.4/32", 10}}));
  EXPECT_EQ(text(0, loopback(4)), "inter-area 30");
  EXPECT_EQ(text(3, loopback(1)), "inter-area 30");
  EXPECT_EQ(text(1, loopback(4)), "inter-area 20");
  for (const auto& [router, area, is_border] : {std::tuple(0U, kOne, false), std::tuple(1U, kOne, true),
                                                std::tuple(1U, kBackbone, true), std::tuple(3U, kTwo, false)})
    EXPECT_EQ((flags(router, area) & v2::RouterLsa::kBorder) != 0, is_border) << router;
}

// In: a prefix of an area costs more, then is gone; a second later nothing changes for a minute. Out: the summary follows,
// then is flushed, and nothing else is originated.
TEST_F(AreasTest, Section12_4_3_SummariesFollowTheRoutesAndNothingElse) {
  line({kOne, kBackbone});
  converge();
  const LinkId link = network.cables[0].ends[0].link;
  set_cost(0, link, 30);
  set_cost(1, network.cables[0].ends[1].link, 30);
  network.run_for(seconds{10});
  EXPECT_EQ(said(2, kBackbone, 1)["1.1.1.1/32"], 30U);
  network.set_up(0, network.routers[0].ports.begin()->first, false);
  network.run_for(seconds{10});
  EXPECT_EQ(said(2, kBackbone, 1).count("1.1.1.1/32"), 0U);
  EXPECT_EQ(text(2, loopback(1)), "none");
  const std::size_t before = events_of<LsaOriginated>(1).size();
  network.run_for(seconds{60});
  EXPECT_EQ(events_of<LsaOriginated>(1).size(), before);
}

// In: two border routers of area 1, one of them nearer by way of the area, a prefix behind the farther one. Out: the border
// routers' routes go by the backbone, whatever is said in the area.
TEST_F(AreasTest, Section16_2_ABorderRouterExaminesSummariesOfTheBackboneOnly) {
  // 0 and 1 are border routers, joined in area 1 at cost 1 and in the backbone at cost 10; 2 is behind 1 in area 2.
  for (const std::uint32_t number : {1U, 2U, 3U}) add_router(number);
  const CableIndex inside = connect(0, 1, {1, 4, kOne});
  (void)connect(0, 1, {1, 4, kBackbone});
  (void)connect(1, 2, {1, 4, kTwo});
  for (const auto& end : network.cables[inside].ends)
    network.routers[end.router].ports.at(end.link).config.cost = 1;
  network.routers[0].areas = {{kBackbone}, {kOne}};
  network.routers[1].areas = {{kBackbone}, {kOne}, {kTwo}};
  network.routers[2].areas = {{kTwo}};
  network.routers[2].ports.begin()->second.config.area = kTwo;
  converge();
  EXPECT_EQ(said(0, kOne, 1)["1.1.1.3/32"], 10U);
  EXPECT_EQ(text(0, loopback(3)), "inter-area 20");
  EXPECT_EQ(route(0, loopback(3))->area, kBackbone);
}

// In: a router between areas 1 and 2, without the backbone. Out: it is no border router, says nothing of the one in the
// other, and has routes into both.
TEST_F(AreasTest, Rfc3509Section2_1_WithoutTheBackboneItIsNoBorderRouter) {
  line({kOne, kTwo});
  converge();
  EXPECT_TRUE(said(1, kOne, 1).empty());
  EXPECT_EQ(flags(1, kOne) & v2::RouterLsa::kBorder, 0);
  EXPECT_EQ(text(0, loopback(3)), "none");
  EXPECT_EQ(text(1, loopback(1)), "intra-area 10");
  EXPECT_EQ(text(1, loopback(3)), "intra-area 10");
}

// In: a border router of areas 1 and 2 whose neighbour in the backbone goes away. Out: it goes on by what others say in its
// areas, and does not pass that on; when the neighbour is back, the backbone counts alone.
TEST_F(AreasTest, Rfc3509Section2_2_WithoutANeighborInTheBackboneOtherAreasCount) {
  line({kBackbone, kOne, kBackbone});  // 0 - 1 in the backbone, 1 - 2 in area 1, 2 - 3 in the backbone
  join(1, kTwo);
  const LinkId lan = add_port(1, {0xc0a80001}, {1, 4, kTwo});
  network.routers[1].ports.at(lan).config.passive = true;
  converge();
  EXPECT_EQ(text(1, loopback(4)), "none");  // the backbone is in two parts
  network.crash(0);
  network.run_for(seconds{20});
  EXPECT_EQ(text(1, loopback(4)), "inter-area 20");
  EXPECT_EQ(said(1, kTwo, 1).count("1.1.1.4/32"), 0U);
  network.start(0);
  network.run_for(seconds{20});
  EXPECT_EQ(text(1, loopback(4)), "none");
}

// In: an AS boundary router in area 1, and a stub area 2. Out: border routers say it in the backbone, not in the stub area;
// routers of the backbone reach the external, those of the stub area by the default route alone.
TEST_F(AreasTest, Section12_4_3_BoundaryRoutersAreSaidWhereExternalsGo) {
  line({kOne, kBackbone, kTwo});
  configure(kTwo, [](AreaConfig& area) {
    area.type = AreaType::stub;
    area.default_cost = 7;
  });
  converge();
  announce(0, "198.51.100.0/24");
  network.run_for(seconds{10});
  EXPECT_EQ(said(2, kBackbone, 1)["router 1.1.1.1"], 10U);
  EXPECT_EQ(said(2, kTwo, 2).count("router 1.1.1.1"), 0U);
  EXPECT_EQ(text(2, prefix("198.51.100.0/24")), "external-2 20");
  EXPECT_EQ(text(3, prefix("198.51.100.0/24")), "none");
  EXPECT_EQ(text(3, prefix("0.0.0.0/0")), "inter-area 17");
  network.change_externals(0, {}, {prefix("198.51.100.0/24")});
  network.run_for(seconds{10});
  EXPECT_EQ(said(2, kBackbone, 1).count("router 1.1.1.1"), 0U);
}

// In: an AS boundary router in area 1 has its externals withdrawn, so that it is none any more. Out: who heard of it over
// the backbone takes back in area 2 what it said of it, though no external is left that speaks of it.
TEST_F(AreasTest, Section12_4_3_ABoundaryRouterThatIsNoneAnyMoreIsTakenBackEverywhere) {
  line({kOne, kBackbone, kTwo});
  converge();
  announce(0, "198.51.100.0/24");
  network.run_for(seconds{10});
  ASSERT_EQ(said(3, kTwo, 2)["router 1.1.1.1"], 20U);
  network.change_externals(0, {}, {prefix("198.51.100.0/24")});
  network.run_for(seconds{10});
  EXPECT_EQ(said(3, kTwo, 2).count("router 1.1.1.1"), 0U);
}

// In: a border router of three areas starts again at once, and its former router-LSAs come back in each, one after the
// other, each with a higher number than the one before. Out: no other router has its id.
TEST_F(AreasTest, Section13_4_WhatAFormerRunLeftInEachAreaIsNoOtherRouter) {
  const std::vector<AreaId> areas{kOne, kBackbone, kTwo};
  for (std::uint32_t i = 0; i <= areas.size(); ++i) add_router(i + 1);
  for (RouterIndex i = 0; i < areas.size(); ++i) {
    const CableIndex cable = connect(0, i + 1, {1, 4, areas[i]});
    for (Direction& way : network.cables[cable].into) way.delay = milliseconds{200 + 200 * i};
    join(0, areas[i]);
    join(i + 1, areas[i]);
    network.routers[i + 1].ports.begin()->second.config.area = areas[i];
  }
  network.routers[0].ports.begin()->second.config.area = kOne;
  converge();
  for (std::uint16_t i = 0; i < 6; ++i) {
    for (RouterIndex cable = 0; cable < areas.size(); ++cable)
      if (i < 2 * (cable + 1))
        set_cost(0, network.cables[cable].ends[0].link, static_cast<std::uint16_t>(20 + i));
    network.run_for(seconds{12});
  }
  network.crash(0);
  network.run_for(milliseconds{100});
  network.start(0);
  network.run_for(seconds{30});
  EXPECT_TRUE(all_full());
  EXPECT_TRUE(events_of<DuplicateRouterIdInArea>(0).empty());
}

// In: a stub area, made totally stubby and back, with another default-cost. Out: the default is there throughout, with its
// cost; the others' prefixes go and come. The border router itself has no default route.
TEST_F(AreasTest, Section12_4_3_1_TheDefaultGoesIntoStubAreas) {
  line({kBackbone, kOne});
  configure(kOne, [](AreaConfig& area) { area.type = AreaType::stub; });
  converge();
  EXPECT_EQ(said(2, kOne, 1),
            (Said{{"0.0.0.0/0", 1}, {"10.0.0.0/30", 10}, {"1.1.1.1/32", 10}, {"1.1.1.2/32", 0}}));
  EXPECT_EQ(text(1, prefix("0.0.0.0/0")), "none");
  configure(kOne, [](AreaConfig& area) {
    area.summary = false;
    area.default_cost = 9;
  });
  network.reload(1);
  network.run_for(seconds{10});
  EXPECT_EQ(said(2, kOne, 1), (Said{{"0.0.0.0/0", 9}}));
  EXPECT_EQ(text(2, loopback(1)), "none");
  configure(kOne, [](AreaConfig& area) { area.summary = true; });
  network.reload(1);
  network.run_for(seconds{10});
  EXPECT_EQ(text(2, loopback(1)), "inter-area 20");
  EXPECT_EQ(text(2, prefix("0.0.0.0/0")), "inter-area 19");
}

// In: an area is taken from a border router, so that it is none any more, and given back. Out: all that it said is flushed
// where it still is, and said again.
TEST_F(AreasTest, Section12_4_3_WhoIsNoBorderRouterAnyMoreTakesBackWhatItSaid) {
  line({kBackbone, kOne});
  converge();
  ASSERT_EQ(said(0, kBackbone, 1).size(), 2U);
  const auto ports = network.routers[1].ports;
  const auto areas = network.routers[1].areas;
  network.routers[1].ports.erase(network.cables[1].ends[0].link);
  network.routers[1].areas = {{kBackbone}};
  network.reload(1);
  network.run_for(seconds{3});
  EXPECT_TRUE(said(0, kBackbone, 1).empty());
  EXPECT_EQ(flags(1, kBackbone) & v2::RouterLsa::kBorder, 0);
  network.routers[1].ports = ports;
  network.routers[1].areas = areas;
  network.reload(1);
  network.run_for(seconds{20});
  EXPECT_EQ(said(0, kBackbone, 1).size(), 2U);
  EXPECT_EQ(text(0, loopback(3)), "inter-area 20");
}

// In: ranges of area 1: one with two prefixes in it, one without cost, one that is hidden, one with nothing in it. Out: in
// the backbone the first two are said in place of what is in them, at the farthest one's cost or the configured one, and
// nothing of the others; what is in an advertised range and has no route goes nowhere at the border router.
TEST_F(AreasTest, SectionC2_RangesCondenseAndHide) {
  line({kBackbone, kOne});
  const auto lan = [this](const char* address, std::uint16_t cost) {
    InterfaceConfig config;
    config.passive = true;
    config.area = kOne;
    config.cost = cost;
    DeviceStatus status;
    status.up = true;
    status.addresses = {{*Ipv4Address::parse(address), 24}};
    return network.add_port(2, config, status);
  };
  const LinkId far = lan("172.16.1.1", 40);
  (void)lan("172.16.2.1", 5);
  (void)lan("172.17.1.1", 5);
  (void)lan("172.18.1.1", 5);
  configure(kOne, [](AreaConfig& area) {
    area.ranges = {{prefix("172.16.0.0/16")},
                   {prefix("172.17.0.0/16"), true, 3},
                   {prefix("172.18.0.0/16"), false},
                   {prefix("172.19.0.0/16")}};
  });
  converge();
  const Said without_lans{{"10.0.0.4/30", 10}, {"1.1.1.3/32", 10}};
  auto expected = without_lans;
  expected["172.16.0.0/16"] = 50;
  expected["172.17.0.0/16"] = 3;
  EXPECT_EQ(said(0, kBackbone, 1), expected);
  EXPECT_EQ(text(0, prefix("172.16.0.0/16")), "inter-area 60");
  const auto* discard = route(1, prefix("172.16.0.0/16"));
  ASSERT_NE(discard, nullptr);
  EXPECT_TRUE(discard->is_discard());
  EXPECT_EQ(route(1, prefix("172.18.0.0/16")), nullptr);
  EXPECT_EQ(route(1, prefix("172.19.0.0/16")), nullptr);
  // The farthest goes, then the ranges.
  network.set_up(2, far, false);
  network.run_for(seconds{5});
  expected["172.16.0.0/16"] = 15;
  EXPECT_EQ(said(0, kBackbone, 1), expected);
  configure(kOne, [](AreaConfig& area) { area.ranges.clear(); });
  network.reload(1);
  network.run_for(seconds{10});
  expected = without_lans;
  for (const char* one : {"172.16.2.0/24", "172.17.1.0/24", "172.18.1.0/24"}) expected[one] = 15;
  EXPECT_EQ(said(0, kBackbone, 1), expected);
  EXPECT_EQ(route(1, prefix("172.16.0.0/16")), nullptr);
}

// In: two border routers of area 1 with the same range. Out: neither goes by the other's word for it (step 3), both discard
// what is in the range and not in the area.
TEST_F(AreasTest, Section16_2_Step3_WhatOthersSayOfAnActiveRangeDoesNotCount) {
  line({kOne, kBackbone, kOne});
  configure(kOne, [](AreaConfig& area) { area.ranges = {{prefix("1.1.1.0/24")}}; });
  converge();
  for (const RouterIndex border : {1U, 2U}) {
    const auto* discard = route(border, prefix("1.1.1.0/24"));
    ASSERT_NE(discard, nullptr);
    EXPECT_TRUE(discard->is_discard()) << border;
  }
  EXPECT_EQ(text(0, prefix("1.1.1.0/24")), "none") << "it is the area's own";
}

// In: prefixes of one address and two lengths in an area. Out: both are said, each by an id of its own.
TEST_F(AreasTest, AppendixE_SummariesThatShareAnAddressHaveDifferentIds) {
  line({kBackbone, kOne});
  for (const std::uint8_t length : {std::uint8_t{16}, std::uint8_t{24}}) {
    InterfaceConfig config;
    config.passive = true;
    config.area = kOne;
    DeviceStatus status;
    status.up = true;
    status.addresses = {{Ipv4Address{0xac100000U + length}, length}};
    network.add_port(2, config, status);
  }
  converge();
  EXPECT_EQ(text(0, prefix("172.16.0.0/16")), "inter-area 30");
  EXPECT_EQ(text(0, prefix("172.16.0.0/24")), "inter-area 30");
}

}  // namespace
}  // namespace wgospf::sim
