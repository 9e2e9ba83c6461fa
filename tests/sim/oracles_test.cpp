// The oracles can say no.

#include "tests/sim/oracles.h"

#include "tests/sim/rest.h"
#include "tests/sim/scenario.h"

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

}  // namespace
}  // namespace wgospf::sim
