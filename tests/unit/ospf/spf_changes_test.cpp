// What the consumers are told: sets where everybody moves the same way, prefixes where only some do.

#include "tests/unit/ospf/spf_support.h"

namespace wgospf::ospf::spf_test {
namespace {

// 1 is linked to 2, 3 and 4, and each of these to 5. 5 has the prefixes of the far end, 2 its own.
Bench fan(std::uint16_t cost_of_2_to_5 = 1) {
  Bench bench;
  bench.lsas(
      {router_lsa(2, {p2p(1, 1), p2p(5, cost_of_2_to_5), stub("10.2.0.0/24", 1), stub("10.2.1.0/24", 1)}),
       router_lsa(3, {p2p(1, 1), p2p(5, 1)}), router_lsa(4, {p2p(1, 1), p2p(5, 1)}),
       router_lsa(5, {p2p(2, 1), p2p(3, 1), p2p(4, 1), stub("10.5.0.0/24", 1), stub("10.5.1.0/24", 1),
                      stub("10.5.2.0/24", 1)})});
  return bench;
}
std::vector<RootLink> fan_links(std::uint16_t to_2, std::uint16_t to_3, std::uint16_t to_4) {
  return {root_p2p(2, 2, to_2), root_p2p(3, 3, to_3), root_p2p(4, 4, to_4)};
}
bool tells_of(const Bench& bench, const std::string& text) {
  return std::any_of(bench.changes.begin(), bench.changes.end(), [&](const Change& change) {
    const auto* changed = std::get_if<PrefixChanged<V2>>(&change.change);
    return changed != nullptr && changed->route.prefix == prefix(text);
  });
}

// In: 3 of the 5 prefixes behind router 2 move to router 3. Out: the set of all 5 keeps its members, since
// the other two still follow it; those that move are told one by one.
TEST(SpfChanges, ASetThatSomeStayWithKeepsItsMembers) {
  Bench bench = fan();
  bench.root(fan_links(10, 20, 30)).calculate();
  const SetId set = bench.calculator.table()->find(prefix("10.2.0.0/24"))->set;
  ASSERT_EQ(bench.calculator.table()->find(prefix("10.5.0.0/24"))->set, set);
  bench.lsas({router_lsa(2, {p2p(1, 1), p2p(5, 50), stub("10.2.0.0/24", 1), stub("10.2.1.0/24", 1)})})
      .calculate();
  EXPECT_EQ(bench.route("10.5.2.0/24"), "22 intra-area link3");
  EXPECT_EQ(bench.route("10.2.1.0/24"), "11 intra-area link2");
  for (const Change& change : bench.changes) {
    const auto* changed = std::get_if<SetChanged>(&change.change);
    EXPECT_FALSE(changed != nullptr && changed->set == set);
  }
  EXPECT_FALSE(tells_of(bench, "10.2.0.0/24"));
  EXPECT_FALSE(tells_of(bench, "10.2.1.0/24"));
  EXPECT_EQ(count(bench.changes), (Count{1, 0, 3, 0}));
}

// In: two links of equal cost to what is far away, and one is lost. Out: a word for each set, none for any
// prefix: their metrics stay.
TEST(SpfChanges, ALostNeighbourChangesSetsNotPrefixes) {
  Bench bench = fan();
  bench.root(fan_links(100, 10, 10)).calculate();
  ASSERT_EQ(bench.route("10.5.0.0/24"), "12 intra-area link3 link4");
  bench.root({root_p2p(2, 2, 100), root_p2p(3, 3, 10)}).calculate();
  EXPECT_EQ(bench.route("10.5.0.0/24"), "12 intra-area link3");
  EXPECT_EQ(count(bench.changes).prefixes_changed, 0u);
  EXPECT_EQ(count(bench.changes).sets_changed, 1u);
}

/// The fan with all prefixes in one set over router 2; without that way those of router 2 go over 4, the
/// others over 3.
Bench fan_that_parts() {
  Bench bench = fan();
  bench.lsas(
      {router_lsa(2, {p2p(1, 1), p2p(5, 1), p2p(4, 1), stub("10.2.0.0/24", 1), stub("10.2.1.0/24", 1)}),
       router_lsa(4, {p2p(1, 1), p2p(2, 1), p2p(5, 60)})});
  bench.root(fan_links(10, 20, 20)).calculate();
  return bench;
}

// In: the neighbour that everything goes over is lost; 3 prefixes go one way then, 2 another. Out: the set
// leads the 3 on at once, and 2 are told.
TEST(SpfChanges, ASetWithALostMemberFollowsMostOfItsPrefixes) {
  Bench bench = fan_that_parts();
  const SetId set = bench.calculator.table()->find(prefix("10.2.0.0/24"))->set;
  ASSERT_EQ(bench.calculator.table()->find(prefix("10.5.0.0/24"))->set, set);
  bench.root({root_p2p(3, 3, 20), root_p2p(4, 4, 20)}).calculate();
  EXPECT_EQ(bench.route("10.5.0.0/24"), "22 intra-area link3");
  EXPECT_EQ(bench.route("10.2.0.0/24"), "22 intra-area link4");
  EXPECT_EQ(bench.calculator.table()->find(prefix("10.5.0.0/24"))->set, set);
  EXPECT_NE(bench.calculator.table()->find(prefix("10.2.0.0/24"))->set, set);
}

// In: as above, but the neighbour is still there: its links became dear. Out: nothing follows another's way,
// not even until it is told its own.
TEST(SpfChanges, ASetWhoseMembersStillLeadOnFollowsOnlyWhenAllGoTheSameWay) {
  Bench bench = fan_that_parts();
  const SetId set = bench.calculator.table()->find(prefix("10.2.0.0/24"))->set;
  bench.root(fan_links(90, 20, 20)).calculate();
  EXPECT_EQ(bench.route("10.5.0.0/24"), "22 intra-area link3");
  EXPECT_EQ(bench.route("10.2.0.0/24"), "22 intra-area link4");
  for (const Change& change : bench.changes) {
    const auto* changed = std::get_if<SetChanged>(&change.change);
    EXPECT_FALSE(changed != nullptr && changed->set == set);
  }
  bench.root(fan_links(90, 20, 120)).calculate();  // the two join the three: all of one set, one way
  EXPECT_EQ(bench.route("10.2.0.0/24"), "23 intra-area link3");
}

}  // namespace
}  // namespace wgospf::ospf::spf_test
