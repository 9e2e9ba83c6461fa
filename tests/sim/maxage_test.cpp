// MaxAge LSAs while some neighbour exchanges databases (RFC 2328 sections 13 step 4, and 14): they are kept
// and flooded, or the exchange would bring the LSA back from a neighbour that was described it before.

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

class MaxAgeTest : public Scenario {
 protected:
  /// A router with a Full neighbour, and one whose exchange the test holds up in Exchange. Both acknowledge.
  void SetUp() override {
    full = full_peer(1, 9);
    exchanging = add_peer(0, 8);
    exchanging->answers_descriptions = false;
    network.reload(0);
    exchanging->start();
    ASSERT_TRUE(
        network.run_until([&] { return state_of(0, *exchanging) == NeighborState::ex_start; }, seconds{5}));
    network.run_for(kRoundTrip);
    auto opening = exchanging->opening_dd();
    opening.sequence_number = 77;
    exchanging->send_dd(opening);
    network.run_for(kRoundTrip);
    ASSERT_EQ(state_of(0, *exchanging), NeighborState::exchange);
  }
  /// The last description of the neighbour, with nothing on it: the exchange is over.
  void end_exchange() {
    auto dd = exchanging->opening_dd();
    dd.flags = {.init = false, .more = false, .master = true};
    dd.sequence_number = 78;
    exchanging->send_dd(dd);
    ASSERT_TRUE(network.run_until([&] { return full_count(0) == 2; }, seconds{1}));
  }
  [[nodiscard]] std::size_t unacknowledged() {
    std::size_t all = 0;
    for (const auto& neighbor : instance(0).neighbors()) all += neighbor.retransmission_list;
    return all;
  }

  std::unique_ptr<ScriptedPeer> full, exchanging;
};

// In: an LSA that is in the database is flushed while a neighbour is in Exchange, and everybody acknowledges.
// Out: it stays, at MaxAge, for as long as the exchange goes on; then it goes.
TEST_F(MaxAgeTest, Section14_StaysWhileANeighborExchanges) {
  const auto lsa = full->router_lsa(kInitialSequenceNumber + 5);
  const auto key = V2::header(lsa).key;
  full->send_update({{lsa, 1}});
  network.run_for(seconds{2});
  full->send_update({{lsa, kMaxAge}});
  network.run_for(seconds{3});
  ASSERT_EQ(state_of(0, *exchanging), NeighborState::exchange);
  ASSERT_EQ(unacknowledged(), 0U);
  ASSERT_TRUE(stored(0, key));
  EXPECT_EQ(stored(0, key)->header.age, kMaxAge);
  end_exchange();
  EXPECT_TRUE(network.run_until([&] { return !stored(0, key); }, seconds{2}));
}

// In: the same, and the neighbour in Exchange is lost. Out: the LSA goes with the exchange.
TEST_F(MaxAgeTest, Section14_GoesWhenTheExchangingNeighborIsLost) {
  const auto lsa = full->router_lsa(kInitialSequenceNumber + 5);
  full->send_update({{lsa, 1}});
  network.run_for(seconds{1});
  full->send_update({{lsa, kMaxAge}});
  network.run_for(milliseconds{500});
  ASSERT_TRUE(stored(0, V2::header(lsa).key));
  network.set_up(0, link_of(*exchanging), false);
  EXPECT_TRUE(network.run_until([&] { return !stored(0, V2::header(lsa).key); }, seconds{2}));
}

// In: a MaxAge LSA that is not in the database, while a neighbour is in Exchange. Out: step 4 does not apply:
// it is stored, flooded to that neighbour and acknowledged, and goes after the exchange.
TEST_F(MaxAgeTest, Section13_Step4_DoesNotApplyWhileANeighborExchanges) {
  const auto lsa = full->router_lsa(kInitialSequenceNumber + 5);
  const auto key = V2::header(lsa).key;
  full->acknowledgments.clear();
  full->send_update({{lsa, kMaxAge}});
  network.run_for(seconds{1});
  ASSERT_EQ(state_of(0, *exchanging), NeighborState::exchange);
  ASSERT_TRUE(stored(0, key));
  EXPECT_EQ(stored(0, key)->header.age, kMaxAge);
  EXPECT_FALSE(exchanging->updates_of(key).empty());
  EXPECT_EQ(full->acknowledgments.size(), 1U);
  EXPECT_EQ(drops(0, DropReason::lsa_not_in_database_maxage), 0U);
  end_exchange();
  EXPECT_TRUE(network.run_until([&] { return !stored(0, key); }, seconds{2}));
}

}  // namespace
}  // namespace wgospf::sim
