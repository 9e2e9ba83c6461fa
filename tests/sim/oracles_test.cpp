// The oracles can say no.

#include "tests/sim/oracles.h"

#include "tests/sim/comeback.h"
#include "tests/sim/outages.h"
#include "tests/sim/rest.h"
#include "tests/sim/scenario.h"
#include "tests/sim/scratch.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

class OraclesTest : public Scenario {
 protected:
  /// Routers 1, 0 and 2 in a chain, converged.
  void chain() {
    for (std::uint32_t number = 1; number <= 3; ++number) add_router(number);
    connect(1, 0);
    connect(0, 2);
    start_all();
    ASSERT_TRUE(network.run_until([this] { return all_full(); }, seconds{30}));
    network.run_for(seconds{30});
  }
};

/// The router in the middle, which the walk visits first, loses its table; the others forward to it still.
TEST_F(OraclesTest, ABlackHoleIsSeenWhateverTheOrder) {
  chain();
  Problems problems;
  check_forwarding(network, problems);
  EXPECT_EQ(problems, Problems{});
  network.routers[0].instance.emplace(network.routers[0].config(), Seed{1}, network.now());
  check_forwarding(network, problems);
  ASSERT_FALSE(problems.empty());
  EXPECT_NE(problems.front().find("has no route onwards"), std::string::npos) << problems.front();
}

/// Two hours: three refreshes of each LSA, and nothing else.
TEST_F(OraclesTest, Section12_4_RefreshesAreRest) {
  RestOracle rest(network);
  chain();
  rest.begin();
  network.run_for(seconds{7200});
  EXPECT_EQ(rest.end(), Problems{});
}

TEST_F(OraclesTest, AnOriginationThatIsNotDueIsNoRest) {
  RestOracle rest(network);
  chain();
  rest.begin();
  set_cost(0, LinkId{2}, 77);
  network.run_for(seconds{12});
  const Problems problems = rest.end();
  ASSERT_EQ(problems.size(), 1U) << problems.back();
  EXPECT_NE(problems.front().find("before it is due"), std::string::npos) << problems.front();
}

/// A refresh that is never acknowledged goes out again and again.
TEST_F(OraclesTest, RetransmissionsWithoutEndAreNoRest) {
  RestOracle rest(network);
  chain();
  rest.begin();
  network.run_for(seconds{1700});
  EXPECT_EQ(rest.end(), Problems{});
  // From now on only hellos pass, as over a link that fragments and loses fragments.
  for (auto& cable : network.cables) cable.mtu = 80;
  rest.begin();
  network.run_for(seconds{200});
  bool is_told = false;
  for (const auto& problem : rest.end()) is_told |= problem.find("more than") != std::string::npos;
  EXPECT_TRUE(is_told);
}

/// Has some problem this text?
bool tells(const Problems& problems, const std::string& text) {
  for (const auto& problem : problems)
    if (problem.find(text) != std::string::npos) return true;
  return false;
}

/// A router whose calculation is held up for ten seconds has not yet the routes that a fresh one makes.
TEST_F(OraclesTest, ATableThatIsBehindItsDatabaseIsNotThatOfAFreshCalculation) {
  add_router(1);
  network.routers[0].spf_delay.initial_delay = seconds{10};
  add_router(2);
  connect(0, 1);
  start_all();
  network.run_for(seconds{40});
  Problems problems;
  check_calculations(network, problems);
  EXPECT_EQ(problems, Problems{});
  set_cost(0, LinkId{2}, 77);
  network.run_for(seconds{1});
  check_calculations(network, problems);
  EXPECT_TRUE(tells(problems, "for what a fresh calculation makes"));
}

/// What is remembered of a flush is no baseline; soon it is forgotten.
TEST_F(OraclesTest, AMemoryThatIsNotEmptyIsNoBaseline) {
  chain();
  ExternalRoute route;
  route.prefix = *Ipv4Prefix::parse("198.51.100.0/24");
  network.change_externals(1, {route}, {});
  network.run_for(seconds{10});
  Problems problems;
  check_footprints(network, Remembered::maybe, problems);
  EXPECT_EQ(problems, Problems{});
  network.change_externals(1, {}, {route.prefix});
  network.run_for(milliseconds{500});
  check_footprints(network, Remembered::maybe, problems);
  EXPECT_TRUE(tells(problems, "flush-memory instead of 0"));
  problems.clear();
  network.run_for(seconds{10});
  check_footprints(network, Remembered::maybe, problems);
  EXPECT_EQ(problems, Problems{});
}

/// An LSA of a peer that was flushed, and that somebody says again later.
TEST_F(OraclesTest, AnLsaThatComesBackIsSeen) {
  ComebackOracle comeback(network);
  auto peer = full_peer(1, 9);
  add_router(2);
  connect(0, 1);
  network.reload(0);
  network.start(1);
  network.run_for(seconds{10});
  const auto lsa = peer->router_lsa(kInitialSequenceNumber + 5);
  peer->send_update({{lsa, 1}});
  network.run_for(seconds{3});
  peer->send_update({{lsa, kMaxAge}});
  network.run_for(seconds{10});
  EXPECT_EQ(comeback.problems(), Problems{});
  peer->send_update({{lsa, 1}});
  network.run_for(seconds{1});
  EXPECT_TRUE(tells(comeback.problems(), "flushed and gone everywhere"));
}

/// An instance a thousand seconds old that somebody says with age 1 is the newer one (section 13.1), and
/// goes on: it would live for ever.
TEST_F(OraclesTest, AnLsaThatLooksYoungerThanItIsIsSeen) {
  ComebackOracle comeback(network);
  auto peer = full_peer(1, 9);
  add_router(2);
  add_router(3);
  connect(0, 1);
  connect(1, 2);
  network.reload(0);
  network.start(1);
  network.start(2);
  network.run_for(seconds{1000});
  EXPECT_EQ(comeback.problems(), Problems{});
  const auto old = stored(0, router_key(network.routers[2].id));
  ASSERT_TRUE(old);
  ASSERT_GT(old->header.age, kMaxAgeDiff);
  peer->send_update({{old->lsa, 1}});
  network.run_for(seconds{1});
  EXPECT_TRUE(tells(comeback.problems(), "s old"));
}

/// A silent cut costs a dead interval: four seconds, one less at most for the hello before it.
TEST_F(OraclesTest, ABlackHoleIsMeasured) {
  OutageWatch outages(network);
  chain();
  connect(1, 2);
  network.reload(1);
  network.reload(2);
  network.run_for(seconds{20});
  outages.fault("cable 0 cut", "cut");
  for (auto& way : network.cables[0].into) way.cut = true;
  network.run_for(seconds{20});
  const auto found = outages.end();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found.back().kind, "cut");
  EXPECT_GE(found.back().black_hole, seconds{3});
  EXPECT_LE(found.back().black_hole, seconds{4} + milliseconds{100});
  EXPECT_EQ(outages.longest_in_calm(), found.back().black_hole);
}

/// A router that calculates two seconds late sends back what comes to it, for so long.
TEST_F(OraclesTest, ALoopIsMeasured) {
  const RouterIndex a = add_router(1), b = add_router(2), c = add_router(3);
  network.routers[b].spf_delay.initial_delay = seconds{2};
  OutageWatch outages(network);
  const CableIndex direct = connect(a, c);
  connect(a, b);
  const CableIndex dear = connect(b, c);
  for (const auto& end : network.cables[dear].ends)
    network.routers[end.router].ports.at(end.link).config.cost = 100;
  start_all();
  network.run_for(seconds{30});
  outages.fault("cable 0 down", "link down");
  for (const auto& end : network.cables[direct].ends) network.set_up(end.router, end.link, false);
  network.run_for(seconds{30});
  const auto found = outages.end();
  EXPECT_GE(found.back().loop, milliseconds{1900});
  EXPECT_LE(found.back().loop, milliseconds{2100});
  EXPECT_LE(found.back().black_hole, milliseconds{100});
}

/// The routers' own LSAs are flooded, and so on: only what the network asks of an instance is asked.
TEST_F(OraclesTest, AProcessThatStandsStillGoesOnWithWhatItsSocketHolds) {
  chain();
  network.pause(0);
  network.run_for(seconds{2});
  EXPECT_FALSE(network.routers[0].socket.empty());
  network.resume(0);
  EXPECT_TRUE(network.routers[0].socket.empty());
  network.run_for(seconds{1});
  EXPECT_TRUE(all_full()) << "shorter than the dead interval";
  network.pause(0);
  network.run_for(seconds{10});
  EXPECT_EQ(full_count(1), 0U);
  network.resume(0);
  ASSERT_TRUE(network.run_until([this] { return all_full(); }, seconds{30}));
}

}  // namespace
}  // namespace wgospf::sim
