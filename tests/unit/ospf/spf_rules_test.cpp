// The rules of RFC 2328 section 16, one by one. Routers are numbered; the root is router 1. A route reads
// "metric type next-hops", a next hop "linkN@gateway".

#include "tests/unit/ospf/spf_support.h"

namespace wgospf::ospf::spf_test {
namespace {

constexpr std::uint8_t kB = v2::RouterLsa::kBorder, kE = v2::RouterLsa::kExternal;

// 1 --10-- 2 --5-- 3, a LAN at each.
Bench chain() {
  Bench bench;
  bench.lsas({router_lsa(1, {p2p(2, 10), stub("10.1.0.0/24", 1)}),
              router_lsa(2, {p2p(1, 10), p2p(3, 5), stub("10.2.0.0/24", 1)}),
              router_lsa(3, {p2p(2, 5), stub("10.3.0.0/24", 1)})});
  bench.root({root_p2p(7, 2, 10, address("192.0.2.2"))});
  return bench;
}

TEST(Spf, Rfc2328Section16_1_Step2d_DistancesAddUpAlongThePath) {
  Bench bench = chain().calculate();
  EXPECT_EQ(bench.route("10.2.0.0/24"), "11 intra-area link7@192.0.2.2");
  EXPECT_EQ(bench.route("10.3.0.0/24"), "16 intra-area link7@192.0.2.2");
  EXPECT_EQ(bench.result.vertices_reached, 3u);
  EXPECT_EQ(bench.result.generation.value, 1u);
  EXPECT_TRUE(bench.calculator.reachable(kBackbone, id(3)));
  EXPECT_FALSE(bench.calculator.reachable(kBackbone, id(4)));
}

TEST(Spf, Rfc2328Section16_1_Stage2_StubsOfTheRootAreAttached) {
  EXPECT_EQ(chain().calculate().route("10.1.0.0/24"), "1 intra-area attached");
}

TEST(Spf, Rfc2328Section16_1_Step2b_ALinkWithoutALinkBackIsNotUsed) {
  Bench bench = chain();
  bench.lsas({router_lsa(3, {stub("10.3.0.0/24", 1)})}).calculate();
  EXPECT_EQ(bench.route("10.3.0.0/24"), "unreachable");
  EXPECT_EQ(bench.route("10.2.0.0/24"), "11 intra-area link7@192.0.2.2");
  // The link back comes: used at once, with the cost of the direction away from the root.
  bench.lsas({router_lsa(3, {p2p(2, 99), stub("10.3.0.0/24", 1)})}).calculate();
  EXPECT_EQ(bench.route("10.3.0.0/24"), "16 intra-area link7@192.0.2.2");
}

TEST(Spf, Rfc2328Section16_1_Step2b_TheRootsOwnLinkNeedsALinkBackToo) {
  Bench bench = chain();
  bench.lsas({router_lsa(2, {p2p(3, 5), stub("10.2.0.0/24", 1)})}).calculate();
  EXPECT_EQ(bench.route("10.2.0.0/24"), "unreachable");
}

TEST(Spf, Rfc2328Section16_1_Step2b_ALinkToAVertexWithoutAnLsaLeadsNowhere) {
  Bench bench = chain();
  bench.remove(router_lsa(2, {})).calculate();
  EXPECT_EQ(bench.route("10.3.0.0/24"), "unreachable");
  EXPECT_EQ(bench.route("10.1.0.0/24"), "1 intra-area attached");
}

// 1 to 2 over two links at different costs, 2's LSA lists only one of them: any link back will do (note 23).
TEST(Spf, Rfc2328Section16_1_Step2b_AnyLinkBackIsSufficient) {
  Bench bench = chain();
  bench.root({root_p2p(7, 2, 10), root_p2p(8, 2, 4)}).calculate();
  EXPECT_EQ(bench.route("10.2.0.0/24"), "5 intra-area link8");
}

TEST(Spf, Rfc2328Section16_1_Step2d_EqualPathsAreAllKept) {
  Bench bench;
  bench.lsas({router_lsa(1, {}), router_lsa(2, {p2p(1, 1), p2p(4, 20)}),
              router_lsa(3, {p2p(1, 1), p2p(4, 10)}),
              router_lsa(4, {p2p(2, 1), p2p(3, 1), stub("10.4.0.0/24", 0)})});
  bench.root({root_p2p(1, 2, 10), root_p2p(2, 3, 20)}).calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "30 intra-area link1 link2");
}

// Two links between the same routers bear the same Link Data: the adjacencies tell them apart.
// Two routers at distance 1 and a link without cost between them: which of the two is on the tree first
// decides what the other's ways are. Router ids decide it, whatever the order in which the LSAs came.
TEST(Spf, Rfc2328Section16_1_Step2d_EqualPathsOverLinksWithoutCostDoNotDependOnTheOrderOfArrival) {
  std::vector<Lsa> lsas = {router_lsa(1, {p2p(2, 1), p2p(3, 1)}),
                           router_lsa(2, {p2p(1, 1), p2p(3, 0), p2p(4, 1), stub("10.2.0.0/24", 1)}),
                           router_lsa(3, {p2p(1, 1), p2p(2, 0), p2p(4, 1), stub("10.3.0.0/24", 1)}),
                           router_lsa(4, {p2p(2, 1), p2p(3, 1), p2p(5, 0), stub("10.4.0.0/24", 1)}),
                           router_lsa(5, {p2p(4, 0), stub("10.5.0.0/24", 1)})};
  std::vector<std::size_t> order = {0, 1, 2, 3, 4};
  do {
    Bench bench;
    for (const std::size_t i : order) bench.lsas({lsas[i]});
    bench.root({root_p2p(2, 2, 1), root_p2p(3, 3, 1)}).calculate();
    ASSERT_EQ(bench.route("10.2.0.0/24"), "2 intra-area link2");
    ASSERT_EQ(bench.route("10.3.0.0/24"), "2 intra-area link2 link3");
    ASSERT_EQ(bench.route("10.5.0.0/24"), "3 intra-area link2 link3");
  } while (std::next_permutation(order.begin(), order.end()));
}
TEST(Spf, Rfc2328Section16_1_1_ParallelLinksWithEqualAddressesAreTwoNextHops) {
  Bench bench = chain();
  bench.root({root_p2p(7, 2, 10, address("192.0.2.2")), root_p2p(8, 2, 10, address("192.0.2.2"))})
      .calculate();
  EXPECT_EQ(bench.route("10.3.0.0/24"), "16 intra-area link7@192.0.2.2 link8@192.0.2.2");
}

// One link shared by two neighbours: each is a next hop with its own address.
TEST(Spf, Rfc2328Section16_1_1_NeighboursOnOneLinkAreToldApartByTheirAddress) {
  Bench bench;
  bench.lsas({router_lsa(2, {p2p(1, 1), stub("10.2.0.0/24", 0)}),
              router_lsa(3, {p2p(1, 1), stub("10.3.0.0/24", 0)})});
  auto link = root_p2p(5, 2, 10, address("192.0.2.2"));
  link.neighbors.push_back({id(3), address("192.0.2.3"), std::nullopt});
  bench.root({link}).calculate();
  EXPECT_EQ(bench.route("10.2.0.0/24"), "10 intra-area link5@192.0.2.2");
  EXPECT_EQ(bench.route("10.3.0.0/24"), "10 intra-area link5@192.0.2.3");
}

// 1, 2 and 3 on a LAN (2 is its DR); 4 behind 3.
Bench lan() {
  Bench bench;
  bench.lsas({router_lsa(1, {transit("10.0.0.2", "10.0.0.1", 10)}),
              router_lsa(2, {transit("10.0.0.2", "10.0.0.2", 10), stub("10.2.0.0/24", 1)}),
              router_lsa(3, {transit("10.0.0.2", "10.0.0.3", 10), p2p(4, 5)}),
              router_lsa(4, {p2p(3, 5), stub("10.4.0.0/24", 1)}), network_lsa("10.0.0.2", 2, {1, 2, 3})});
  bench.root({root_transit(3, "10.0.0.2", {{2, "10.0.0.2"}, {3, "10.0.0.3"}}, 10)});
  return bench;
}

TEST(Spf, Rfc2328Section16_1_1_ARouterBehindTheRootsNetworkIsReachedAtItsAddressThere) {
  Bench bench = lan().calculate();
  EXPECT_EQ(bench.route("10.0.0.0/24"), "10 intra-area attached");
  EXPECT_EQ(bench.route("10.2.0.0/24"), "11 intra-area link3@10.0.0.2");
  EXPECT_EQ(bench.route("10.4.0.0/24"), "16 intra-area link3@10.0.0.3");
}

TEST(Spf, Rfc2328Section16_1_1_WithoutANeighbourTheLinkDataGivesTheAddress) {
  Bench bench = lan();
  bench.root({root_transit(3, "10.0.0.2", {{2, "10.0.0.2"}}, 10)}).calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "16 intra-area link3@10.0.0.3");
}

TEST(Spf, Rfc2328Section16_1_Step2b_ARouterThatTheNetworkLsaDoesNotListIsNotOnIt) {
  Bench bench = lan();
  bench.lsas({network_lsa("10.0.0.2", 2, {1, 2})}).calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "unreachable");
  bench.lsas({network_lsa("10.0.0.2", 2, {2, 3})}).calculate();  // nor is the root
  EXPECT_EQ(bench.route("10.2.0.0/24"), "unreachable");
}

// Network N and router 3 are both at distance 10, and N leads to 3 at no cost: N must come first, or the path
// over it is missed.
TEST(Spf, Rfc2328Section16_1_Step3_NetworksComeBeforeRoutersAtEqualDistance) {
  Bench bench = lan();
  bench.lsas({router_lsa(3, {transit("10.0.0.2", "10.0.0.3", 10), p2p(4, 5), p2p(1, 10)})});
  bench.root({root_transit(3, "10.0.0.2", {{2, "10.0.0.2"}, {3, "10.0.0.3"}}, 10), root_p2p(9, 3, 10)});
  bench.calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "16 intra-area link3@10.0.0.3 link9");
}

// Two network-LSAs say the same prefix at the same distance: the larger Link State ID's path stands alone.
TEST(Spf, Rfc2328Section16_1_Step4_OfTwoNetworksWithOnePrefixTheLargerLinkStateIdCounts) {
  Bench bench;
  bench.lsas({router_lsa(2, {p2p(1, 1), transit("10.9.0.2", "10.9.0.2", 5)}),
              router_lsa(3, {p2p(1, 1), transit("10.9.0.3", "10.9.0.3", 5)}), network_lsa("10.9.0.2", 2, {2}),
              network_lsa("10.9.0.3", 3, {3})});
  bench.root({root_p2p(2, 2, 10), root_p2p(3, 3, 10)}).calculate();
  EXPECT_EQ(bench.route("10.9.0.0/24"), "15 intra-area link3");
  const auto paths = bench.calculator.paths(prefix("10.9.0.0/24"), 4);
  ASSERT_EQ(paths.size(), 1u);
  EXPECT_EQ(paths[0].advertised_by.advertising_router, id(3));
}

// The former DR's network-LSA with the same Link State ID is still about: the one counts whose originator
// says that it is on the network.
TEST(Spf, Rfc2328Section16_1_ANetworkLsaOfARouterNoLongerThereDoesNotCount) {
  Bench bench = lan();
  bench.lsas({network_lsa("10.0.0.2", 9, {1, 9}), router_lsa(9, {p2p(8, 1)})}).calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "16 intra-area link3@10.0.0.3");
  // The right one goes: what is left is all there is; and back again.
  bench.remove(network_lsa("10.0.0.2", 2, {})).calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "unreachable");
  bench.lsas({network_lsa("10.0.0.2", 2, {1, 2, 3})}).calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "16 intra-area link3@10.0.0.3");
}

// In: routers 2 and 3 both say a network-LSA of one Link State ID, and by turns one of them says that it is
// on the network; then the one that is leaves altogether. Out: it is each time the one that is there whose
// word counts, though no network-LSA changed.
TEST(Spf, Rfc2328Section16_1_ContestedNetworkLsasAreSelectedAnewWhenARouterChanges) {
  const auto on = [](std::uint32_t n) {
    return router_lsa(n, {p2p(1, 1), transit("10.0.0.9", n == 2 ? "10.0.0.2" : "10.0.0.3", 5)});
  };
  const auto off = [](std::uint32_t n) { return router_lsa(n, {p2p(1, 1)}); };
  Bench bench;
  bench.lsas({on(2), off(3), router_lsa(4, {transit("10.0.0.9", "10.0.0.4", 5), stub("10.4.0.0/24", 1)}),
              network_lsa("10.0.0.9", 2, {2, 4}), network_lsa("10.0.0.9", 3, {3, 4})});
  bench.root({root_p2p(2, 2, 10), root_p2p(3, 3, 10)}).calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "16 intra-area link2");
  bench.lsas({off(2), on(3)}).calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "16 intra-area link3");
  bench.lsas({off(3), on(2)}).calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "16 intra-area link2");
  bench.lsas({on(3)}).calculate();  // both: the higher router id's
  EXPECT_EQ(bench.route("10.4.0.0/24"), "16 intra-area link3");
  bench.remove(on(3)).calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "16 intra-area link2");
}

TEST(Spf, Rfc2328Section16_1_Stage2_EqualStubsOfTwoRoutersAreUnited) {
  Bench bench;
  bench.lsas({router_lsa(2, {p2p(1, 1), stub("10.9.0.0/24", 5)}),
              router_lsa(3, {p2p(1, 1), stub("10.9.0.0/24", 5)})});
  bench.root({root_p2p(2, 2, 10), root_p2p(3, 3, 10)}).calculate();
  EXPECT_EQ(bench.route("10.9.0.0/24"), "15 intra-area link2 link3");
}

TEST(Spf, Rfc6987Section2_LinksAtMaxLinkMetricAreTheLastResort) {
  Bench bench = chain();
  bench.lsas({router_lsa(2, {p2p(1, 0xffff), p2p(3, 0xffff), stub("10.2.0.0/24", 1)})}).calculate();
  EXPECT_EQ(bench.route("10.3.0.0/24"), "65546 intra-area link7@192.0.2.2");
}

// Section 16.2. Router 2 is the border router of area 1; the root is inside.
Bench inside() {
  Bench bench;
  const AreaId area{1};
  bench.area(area, {router_lsa(2, {p2p(1, 1), p2p(3, 1)}, kB), router_lsa(3, {p2p(1, 1), p2p(2, 1)}, kB),
                    summary(2, "10.50.0.0/16", 7)});
  bench.root({root_p2p(2, 2, 10, std::nullopt, area), root_p2p(3, 3, 20, std::nullopt, area)});
  return bench;
}

TEST(Spf, Rfc2328Section16_2_Step4_TheDistanceOfASummaryIsThatToItsBorderRouterAndItsMetric) {
  Bench bench = inside().calculate();
  EXPECT_EQ(bench.route("10.50.0.0/16"), "17 inter-area link2");
  EXPECT_EQ(bench.calculator.table()->routes.front().area, AreaId{1});
}
TEST(Spf, Rfc2328Section16_2_Step1_ASummaryAtLsInfinityIsNoRoute) {
  EXPECT_EQ(
      inside().area(AreaId{1}, {summary(2, "10.50.0.0/16", kLsInfinity)}).calculate().route("10.50.0.0/16"),
      "unreachable");
}
TEST(Spf, Rfc2328Section16_2_Step2_OurOwnSummariesAreNoRoutes) {
  EXPECT_EQ(inside().area(AreaId{1}, {summary(1, "10.51.0.0/16", 1)}).calculate().route("10.51.0.0/16"),
            "unreachable");
}
TEST(Spf, Rfc2328Section16_2_Step4_ASummaryOfARouterThatIsNoBorderRouterIsNoRoute) {
  Bench bench = inside();
  bench.area(AreaId{1}, {router_lsa(2, {p2p(1, 1), p2p(3, 1)}, 0)}).calculate();
  EXPECT_EQ(bench.route("10.50.0.0/16"), "unreachable");
  bench.area(AreaId{1}, {router_lsa(2, {p2p(1, 1), p2p(3, 1)}, kB)}).calculate();
  EXPECT_EQ(bench.route("10.50.0.0/16"), "17 inter-area link2");
}
TEST(Spf, Rfc2328Section16_2_Step6_IntraAreaPathsArePreferredWhateverTheirCost) {
  Bench bench = inside();
  bench.area(AreaId{1}, {router_lsa(3, {p2p(1, 1), p2p(2, 1), stub("10.50.0.0/16", 5000)}, kB)}).calculate();
  EXPECT_EQ(bench.route("10.50.0.0/16"), "5011 intra-area link2");
}
TEST(Spf, Rfc2328Section16_2_Step7_EqualSummariesAreUnitedCheaperOnesReplace) {
  Bench bench = inside();
  bench.area(AreaId{1}, {router_lsa(2, {p2p(1, 1), p2p(3, 50)}, kB), summary(3, "10.50.0.0/16", 0)});
  bench.root({root_p2p(2, 2, 10, std::nullopt, AreaId{1}), root_p2p(3, 3, 17, std::nullopt, AreaId{1})});
  EXPECT_EQ(bench.calculate().route("10.50.0.0/16"), "17 inter-area link2 link3");
  bench.remove(summary(2, "10.50.0.0/16", 0), AreaId{1}).calculate();
  EXPECT_EQ(bench.route("10.50.0.0/16"), "17 inter-area link3");
}
// A border router of an NSSA may say a prefix in a summary and in a type 7 LSA, with one Link State ID.
TEST(Spf, Rfc3101Section2_5_ASummaryAndAType7OfOneIdAreTwo) {
  Bench bench = inside();
  v2::ExternalLsa body;
  body.mask = netmask(16);
  body.type2 = true;
  body.metric = 3;
  const Lsa type7 = make_lsa(LsaType::nssa_external, prefix("10.50.0.0/16").address.value, id(2), body);
  bench.area(AreaId{1}, {router_lsa(2, {p2p(1, 1), p2p(3, 1)}, kB | kE), type7}).calculate();
  EXPECT_EQ(bench.route("10.50.0.0/16"), "17 inter-area link2");
  bench.remove(summary(2, "10.50.0.0/16", 0), AreaId{1}).calculate();
  EXPECT_EQ(bench.route("10.50.0.0/16"), "10 external-2 3 link2");
  bench.remove(type7, AreaId{1}).calculate();
  EXPECT_EQ(bench.route("10.50.0.0/16"), "unreachable");
}
TEST(Spf, Rfc2328Section16_2_AtABorderRouterOnlySummariesOfTheBackboneCount) {
  Bench bench = inside();
  bench.lsas({router_lsa(4, {p2p(1, 1)}, kB), summary(4, "10.60.0.0/16", 1)});
  bench.root({root_p2p(2, 2, 10, std::nullopt, AreaId{1}), root_p2p(4, 4, 10)}).calculate();
  EXPECT_EQ(bench.route("10.50.0.0/16"), "unreachable");
  EXPECT_EQ(bench.route("10.60.0.0/16"), "11 inter-area link4");
}

// Section 16.4. Routers 2 and 3 are AS boundary routers at 10 and 20.
Bench boundary(std::uint8_t flags = kE) {
  Bench bench;
  bench.lsas({router_lsa(1, {stub("10.1.0.0/24", 3)}),
              router_lsa(2, {p2p(1, 1), p2p(3, 100), stub("10.2.0.0/24", 1)}, flags),
              router_lsa(3, {p2p(1, 1), p2p(2, 100)}, flags)});
  bench.root({root_p2p(2, 2, 10), root_p2p(3, 3, 20)});
  return bench;
}

TEST(Spf, Rfc2328Section16_4_Step5_Type1AddsTheDistanceType2DoesNot) {
  Bench bench =
      boundary().lsas({external(2, {"198.51.100.0/24", 5, false}), external(3, {"203.0.113.0/24", 5, true})});
  bench.calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "15 external-1 link2");
  EXPECT_EQ(bench.route("203.0.113.0/24"), "20 external-2 5 link3");
}
TEST(Spf, Rfc2328Section16_4_Step1_LsInfinityIsNoRoute) {
  EXPECT_EQ(
      boundary().lsas({external(2, {"198.51.100.0/24", kLsInfinity})}).calculate().route("198.51.100.0/24"),
      "unreachable");
}
TEST(Spf, Rfc2328Section16_4_Step2_OurOwnExternalsAreNoRoutes) {
  EXPECT_EQ(boundary().lsas({external(1, {"198.51.100.0/24", 1})}).calculate().route("198.51.100.0/24"),
            "unreachable");
}
TEST(Spf, Rfc2328Section16_4_Step3_TheOriginatorMustBeAReachableBoundaryRouter) {
  Bench bench = boundary(0).lsas({external(2, {"198.51.100.0/24", 1}), external(8, {"203.0.113.0/24", 1})});
  EXPECT_EQ(bench.calculate().route("198.51.100.0/24"), "unreachable");
  EXPECT_EQ(bench.route("203.0.113.0/24"), "unreachable");
  bench.lsas({router_lsa(2, {p2p(1, 1), p2p(3, 100)}, kE)}).calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "10 external-2 1 link2");
}
TEST(Spf, Rfc2328Section16_4_Step6a_IntraAreaIsPreferredOverExternal) {
  EXPECT_EQ(boundary().lsas({external(3, {"10.2.0.0/24", 1, false})}).calculate().route("10.2.0.0/24"),
            "11 intra-area link2");
}
TEST(Spf, Rfc2328Section16_4_Step6b_Type1IsPreferredOverType2) {
  Bench bench = boundary().lsas(
      {external(2, {"198.51.100.0/24", 1, true}), external(3, {"198.51.100.0/24", 500, false})});
  EXPECT_EQ(bench.calculate().route("198.51.100.0/24"), "520 external-1 link3");
  bench.remove(external(3, {"198.51.100.0/24"})).calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "10 external-2 1 link2");
}
TEST(Spf, Rfc2328Section16_4_Step6b_TheSmallerType2MetricWinsWhateverTheDistance) {
  EXPECT_EQ(boundary()
                .lsas({external(2, {"198.51.100.0/24", 2}), external(3, {"198.51.100.0/24", 1})})
                .calculate()
                .route("198.51.100.0/24"),
            "20 external-2 1 link3");
}
TEST(Spf, Rfc2328Section16_4_Step6d_OfEqualType2MetricsTheNearerWinsAndEqualOnesAreUnited) {
  Bench bench = boundary().lsas({external(2, {"198.51.100.0/24", 2}), external(3, {"198.51.100.0/24", 2})});
  EXPECT_EQ(bench.calculate().route("198.51.100.0/24"), "10 external-2 2 link2");
  bench.root({root_p2p(2, 2, 20), root_p2p(3, 3, 20)}).calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "20 external-2 2 link2 link3");
}
TEST(Spf, Rfc2328Section16_4_Step6d_Type1ComparesTheSum) {
  EXPECT_EQ(
      boundary()
          .lsas({external(2, {"198.51.100.0/24", 12, false}), external(3, {"198.51.100.0/24", 1, false})})
          .calculate()
          .route("198.51.100.0/24"),
      "21 external-1 link3");
}
TEST(Spf, Rfc2328Section16_4_TheTagComesWithTheRoute) {
  Bench bench = boundary().lsas({external(2, {"198.51.100.0/24", 12, false, "0.0.0.0", 77})}).calculate();
  EXPECT_EQ(bench.calculator.table()->find(prefix("198.51.100.0/24"))->tag, 77u);
}

// The forwarding address lies on 2's LAN: 3 says the route, 2 is the way, and its distance counts.
TEST(Spf, Rfc2328Section16_4_Step3_AForwardingAddressIsTheWay) {
  Bench bench = boundary().lsas({external(3, {"198.51.100.0/24", 5, false, "10.2.0.9"})});
  EXPECT_EQ(bench.calculate().route("198.51.100.0/24"), "16 external-1 link2");
  // A more specific prefix for it appears at 3: only prefixes changed, and the external follows.
  bench.lsas({router_lsa(3, {p2p(1, 1), p2p(2, 100), stub("10.2.0.8/29", 2)}, kE)});
  EXPECT_EQ(bench.calculator.pending(), Calculator::Pending::prefixes_only);
  EXPECT_EQ(bench.calculate().route("198.51.100.0/24"), "27 external-1 link3");
  bench.lsas({router_lsa(3, {p2p(1, 1), p2p(2, 100)}, kE)}).calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "16 external-1 link2");
}
TEST(Spf, Rfc2328Section16_4_Step3_AForwardingAddressWithoutAnInternalRouteIsUnreachable) {
  Bench bench = boundary().lsas(
      {external(3, {"198.51.100.0/24", 5, false, "10.77.0.9"}), external(2, {"10.77.0.0/16", 5, false})});
  EXPECT_EQ(bench.calculate().route("198.51.100.0/24"), "unreachable");
}
TEST(Spf, Rfc2328Section16_4_AForwardingAddressOnAnAttachedSubnetIsItsOwnNextHop) {
  Bench bench = boundary().lsas({external(3, {"198.51.100.0/24", 5, false, "10.1.0.9"})});
  bench.calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "8 external-1 link3") << "the link is not known: to the ASBR";
  bench.root({root_p2p(2, 2, 10), root_p2p(3, 3, 20), root_lan(9, {"10.1.0.1/24"}, 3)}).calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "8 external-1 link9@10.1.0.9");
}
// The address is in two subnets of ours: the more specific one's link leads to it, and no other.
TEST(Spf, Rfc2328Section16_4_AForwardingAddressInNestedAttachedSubnetsIsOnTheMostSpecificOne) {
  Bench bench = boundary().lsas({router_lsa(1, {stub("10.1.0.0/16", 3), stub("10.1.0.0/24", 3)}),
                                 external(3, {"198.51.100.0/24", 5, false, "10.1.0.9"})});
  const auto outer = root_lan(9, {"10.1.255.1/16"}, 3), inner = root_lan(10, {"10.1.0.1/24"}, 3);
  bench.root({root_p2p(2, 2, 10), root_p2p(3, 3, 20), outer, inner}).calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "8 external-1 link10@10.1.0.9");
}
// Two links of ours on one subnet (an address range lent to several tunnels): the forwarding address is
// behind one of them only, that of the neighbour that has it. When none has, the AS boundary router knows
// more.
TEST(Spf, Rfc2328Section16_4_Step3_AForwardingAddressOnASharedSubnetIsAtTheNeighborThatHasIt) {
  const auto to = [](const char* forwarding) {
    Bench bench = boundary().lsas({external(3, {"198.51.100.0/24", 5, false, forwarding})});
    auto second = root_p2p(2, 2, 10, address("10.1.0.2")), third = root_p2p(3, 3, 20, address("10.1.0.3"));
    second.device = third.device = device({"10.1.0.1/24"});
    second.prefixes = third.prefixes = RootLink::Prefixes::subnets;
    return bench.root({second, third}).calculate().route("198.51.100.0/24");
  };
  EXPECT_EQ(to("10.1.0.2"), "8 external-1 link2@10.1.0.2");
  EXPECT_EQ(to("10.1.0.3"), "8 external-1 link3@10.1.0.3");
  EXPECT_EQ(to("10.1.0.9"), "8 external-1 link3@10.1.0.3") << "nobody's: to router 3, which says the route";
}
// A LAN beside it: who has the address there says no hellos. Others send packets for it to us, as we are attached; sent
// on to the AS boundary router they might come back.
TEST(Spf, Rfc2328Section16_4_Step3_AForwardingAddressOnASharedSubnetIsOnTheLanWhenNoNeighborHasIt) {
  const auto to = [](const char* forwarding, bool second_lan) {
    Bench bench = boundary().lsas({external(3, {"198.51.100.0/24", 5, false, forwarding})});
    auto second = root_p2p(2, 2, 10, address("10.1.0.2")), third = root_p2p(3, 3, 20, address("10.1.0.3"));
    auto lan = root_lan(9, {"10.1.0.1/24"}, 3), other = root_lan(10, {"10.1.0.1/24"}, 3);
    second.device = third.device = device({"10.1.0.1/24"});
    second.prefixes = third.prefixes = RootLink::Prefixes::subnets;
    lan.is_passive = other.is_passive = true;
    bench.root(second_lan ? std::vector{second, third, lan, other} : std::vector{second, third, lan});
    return bench.calculate().route("198.51.100.0/24");
  };
  EXPECT_EQ(to("10.1.0.9", false), "8 external-1 link9@10.1.0.9");
  EXPECT_EQ(to("10.1.0.2", false), "8 external-1 link2@10.1.0.2");
  EXPECT_EQ(to("10.1.0.9", true), "8 external-1 link9@10.1.0.9")
      << "the first of two: to one of them at most";
}
// The forwarding address is our own: what others send us for it must not be sent on to ourselves, nor to the
// AS boundary router, which may send it back.
TEST(Spf, Rfc2328Section16_4_Step3_AForwardingAddressOfOurOwnGivesNoRoute) {
  Bench bench = boundary().lsas({external(3, {"198.51.100.0/24", 5, false, "10.1.0.1"})});
  bench.root({root_p2p(2, 2, 10), root_p2p(3, 3, 20), root_lan(9, {"10.1.0.1/24"}, 3)}).calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "unreachable");
  // It moves to a host on the LAN.
  bench.root({root_p2p(2, 2, 10), root_p2p(3, 3, 20), root_lan(9, {"10.1.0.2/24"}, 3)}).calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "8 external-1 link9@10.1.0.1");
}

// An AS boundary router of another area is known by type 4 summaries.
TEST(Spf, Rfc2328Section16_4_Step3_ABoundaryRouterOfAnotherAreaIsFoundByItsSummary) {
  Bench bench = inside();
  bench.lsas({external(40, {"198.51.100.0/24", 5, false})});
  EXPECT_EQ(bench.calculate().route("198.51.100.0/24"), "unreachable");
  bench.area(AreaId{1}, {asbr_summary(2, 40, 100)});
  EXPECT_EQ(bench.calculator.pending(), Calculator::Pending::prefixes_only);
  EXPECT_EQ(bench.calculate().route("198.51.100.0/24"), "115 external-1 link2");
  const auto routers = bench.calculator.router_routes();
  EXPECT_EQ(routers.back().router, id(40));
  EXPECT_EQ(routers.back().cost, 110u);
  bench.area(AreaId{1}, {asbr_summary(2, 40, kLsInfinity)}).calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "unreachable");
  bench.area(AreaId{1}, {asbr_summary(3, 40, 10)}).calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "26 external-1 link2");  // 3 is at 11, over 2
  bench.remove(asbr_summary(3, 40, 0), AreaId{1}).calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "unreachable");
}

// Boundary router 2 is reached over the backbone at 10 and within area 1 at 30: the latter is preferred.
TEST(Spf, Rfc2328Section16_4_1_IntraAreaPathsOverNonBackboneAreasArePreferred) {
  Bench bench;
  bench.lsas({router_lsa(2, {p2p(1, 1)}, kB | kE), external(2, {"198.51.100.0/24", 5, false})});
  bench.area(AreaId{1}, {router_lsa(2, {p2p(1, 1)}, kB | kE)});
  bench.root({root_p2p(1, 2, 10), root_p2p(2, 2, 30, std::nullopt, AreaId{1})}).calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "35 external-1 link2");
}
// In two other areas at the same cost: the larger area id.
TEST(Spf, Rfc2328Section16_4_Step3_OfEqualPathsToABoundaryRouterTheLargestAreaIdCounts) {
  Bench bench;
  bench.lsas({external(2, {"198.51.100.0/24", 5, false})});
  for (const std::uint32_t area : {2u, 1u}) bench.area(AreaId{area}, {router_lsa(2, {p2p(1, 1)}, kB | kE)});
  bench.root({root_p2p(1, 2, 10, std::nullopt, AreaId{1}), root_p2p(2, 2, 10, std::nullopt, AreaId{2})})
      .calculate();
  EXPECT_EQ(bench.route("198.51.100.0/24"), "15 external-1 link2");
}

// In: the root takes another router id, its links stay. Out: the tree grows from the new vertex.
TEST(Spf, ANewRouterIdCalculatesFromItsOwnVertex) {
  Bench bench = chain().calculate();
  ASSERT_EQ(bench.route("10.1.0.0/24"), "1 intra-area attached");
  bench.calculator.set_root(id(9), {root_p2p(7, 2, 10, address("192.0.2.2"))});
  bench.lsas({router_lsa(9, {stub("10.9.0.0/24", 1)})}).calculate();
  EXPECT_EQ(bench.route("10.9.0.0/24"), "1 intra-area attached");
  EXPECT_EQ(bench.route("10.1.0.0/24"), "unreachable");
  EXPECT_EQ(bench.route("10.2.0.0/24"), "unreachable") << "router 2 has no link back to router 9";
}
// As above with nothing else changed at all.
TEST(Spf, ANewRouterIdAloneMakesEveryAreaAnew) {
  Bench bench = chain().calculate();
  bench.calculator.set_root(id(9), {root_p2p(7, 2, 10, address("192.0.2.2"))});
  bench.calculate();
  EXPECT_EQ(bench.route("10.1.0.0/24"), "unreachable");
  EXPECT_EQ(bench.route("10.2.0.0/24"), "unreachable");
}
// In: router 3, which we do not hear, has another address on our network. Out: that is its next hop.
TEST(Spf, Rfc2328Section16_1_1_ALinkDataThatChangesIsFollowed) {
  Bench bench = lan();
  bench.root({root_transit(3, "10.0.0.2", {{2, "10.0.0.2"}}, 10)}).calculate();
  bench.lsas({router_lsa(3, {transit("10.0.0.2", "10.0.0.33", 10), p2p(4, 5)})}).calculate();
  EXPECT_EQ(bench.route("10.4.0.0/24"), "16 intra-area link3@10.0.0.33");
}
// In: so many lists in the backbone that numbers are given anew, and an area that has no change. Out: its
// paths still name the right link.
TEST(Spf, PathsOfAnAreaWithoutChangesOutliveNewNumbersOfLists) {
  Bench bench;
  const AreaId quiet{1};
  bench.area(quiet, {router_lsa(2, {p2p(1, 1), stub("10.2.0.0/24", 1)})});
  bench.lsas({router_lsa(3, {p2p(1, 1), stub("10.3.0.0/24", 1)})});
  for (std::uint32_t n = 0; n < 3000; ++n)
    bench.root({root_p2p(5000, 2, 10, std::nullopt, quiet), root_p2p(n, 3, 10, Ipv4Address{n + 1})})
        .calculate();
  const auto paths = bench.calculator.paths(prefix("10.2.0.0/24"), 4);
  ASSERT_EQ(paths.size(), 1u);
  EXPECT_EQ(paths[0].hops.front().link, LinkId{5000});
}

TEST(Spf, ARemovedAreaTakesItsRoutesAlong) {
  Bench bench = inside().calculate();
  bench.calculator.area_removed(AreaId{1});
  EXPECT_EQ(bench.calculate().route("10.50.0.0/16"), "unreachable");
  EXPECT_TRUE(bench.calculator.table()->routes.empty());
}

}  // namespace
}  // namespace wgospf::ospf::spf_test
