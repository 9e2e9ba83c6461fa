// The database exchange, packet by packet (RFC 2328 sections 10.6 to 10.9 and what section 13 asks of it).

#include <algorithm>

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

class ExchangeTest : public Scenario {
 protected:
  /// A neighbour that is master and leads the exchange by hand: the router is in Exchange and has answered
  /// sequence number 77.
  std::unique_ptr<ScriptedPeer> exchanging_peer() {
    const RouterIndex router = add_router(1);
    auto peer = add_peer(router, 9);
    peer->answers_descriptions = false;
    start_all();
    peer->start();
    EXPECT_TRUE(network.run_until([&] { return state_of(0, *peer) == NeighborState::ex_start; }, seconds{5}));
    network.run_for(kRoundTrip);
    auto dd = peer->opening_dd();
    dd.sequence_number = 77;
    peer->send_dd(dd);
    network.run_for(kRoundTrip);
    EXPECT_EQ(state_of(0, *peer), NeighborState::exchange);
    peer->descriptions.clear();
    return peer;
  }
  [[nodiscard]] static DatabaseDescription next_dd(const ScriptedPeer& peer) {
    auto dd = peer.opening_dd();
    dd.flags = {.init = false, .more = true, .master = true};
    dd.sequence_number = 78;
    return dd;
  }
  void expect_soon_full_again(ScriptedPeer& peer) {
    auto dd = peer.opening_dd();
    dd.sequence_number += 100;
    const Instant start = network.now();
    peer.send_dd(dd);
    ASSERT_TRUE(network.run_until([&] { return full_count(0) == 0; }, seconds{1}));
    EXPECT_EQ(last_change().reason, NeighborEvent::seq_number_mismatch);
    ASSERT_TRUE(network.run_until([&] { return full_count(0) == 1; }, seconds{20}));
    EXPECT_LT(network.now() - start, 10 * kRoundTrip);
  }
  [[nodiscard]] NeighborStateChanged last_change() const { return events_of<NeighborStateChanged>(0).back(); }
};

// In: interfaces whose MTU is 1420. Out: that is what the descriptions say.
TEST_F(ExchangeTest, Section10_8_DescriptionsTellTheInterfaceMtu) {
  auto peer = full_peer(1, 9);
  ASSERT_FALSE(peer->descriptions.empty());
  for (const auto& seen : peer->descriptions) EXPECT_EQ(seen.dd.interface_mtu, 1420);
}

// In: a neighbour with a larger MTU, mtu-ignore off. Out: its descriptions are refused and counted, and no
// adjacency comes up.
TEST_F(ExchangeTest, Section10_6_ALargerMtuIsRefused) {
  const RouterIndex router = add_router(1);
  auto peer = add_peer(router, 9);
  network.routers[router].ports.at(link_of(*peer)).config.mtu_ignore = false;
  peer->mtu = 1500;
  start_all();
  peer->start();
  network.run_for(seconds{12});
  EXPECT_EQ(state_of(router, *peer), NeighborState::ex_start);
  EXPECT_GE(drops(router, DropReason::mtu_mismatch), 1U);
  EXPECT_TRUE(events_of<MtuDiffers>(router).empty());
}

// In: the same with mtu-ignore, and a smaller one without. Out: Full; the difference is told once.
TEST_F(ExchangeTest, Section10_6_ADifferentMtuIsTold) {
  const RouterIndex router = add_router(1);
  auto larger = add_peer(router, 9), smaller = add_peer(router, 8);
  network.routers[router].ports.at(link_of(*smaller)).config.mtu_ignore = false;
  larger->mtu = 1500;
  smaller->mtu = 1400;
  start_all();
  larger->start();
  smaller->start();
  ASSERT_TRUE(network.run_until([&] { return full_count(router) == 2; }, seconds{5}));
  auto told = events_of<MtuDiffers>(router);
  ASSERT_EQ(told.size(), 2U);
  std::sort(told.begin(), told.end(), [](const auto& x, const auto& y) { return x.theirs < y.theirs; });
  EXPECT_EQ(told[0].router, smaller->id());
  EXPECT_EQ(told[0].theirs, 1400);
  EXPECT_EQ(told[1].router, larger->id());
  EXPECT_EQ(told[1].theirs, 1500);
  EXPECT_EQ(told[1].ours, 1420);
}

// In: neighbours that refuse a larger MTU than their 1380, one of them master and one slave. Out: Full; what we say after
// our opening is the smaller one, and both values are shown.
TEST_F(ExchangeTest, Section10_6_WhoRefusesALargerMtuIsToldTheSmallerOne) {
  const RouterIndex router = add_router(5);
  auto master = add_peer(router, 9), slave = add_peer(router, 1);
  start_all();
  for (const auto* peer : {&master, &slave}) {
    (*peer)->mtu = 1380;
    (*peer)->refuses_larger_mtu = true;
    (*peer)->start();
  }
  ASSERT_TRUE(network.run_until([&] { return full_count(router) == 2; }, seconds{5}));
  for (const auto* peer : {&master, &slave}) {
    EXPECT_EQ((*peer)->descriptions.back().dd.interface_mtu, 1380);
    const auto neighbors = instance(router).neighbors();
    const auto shown = std::find_if(neighbors.begin(), neighbors.end(), [&](const auto& neighbor) {
      return neighbor.router_id == (*peer)->id();
    });
    ASSERT_NE(shown, neighbors.end());
    EXPECT_EQ(shown->problem, NeighborProblem::mtu_differs);
    EXPECT_EQ(shown->theirs, 1380U);
    EXPECT_EQ(shown->ours, 1420U);
  }
}

// In: neighbours that refuse any MTU but their own 1440, as BIRD does, one of them master and one slave, and that repeat
// their opening. Out: after two repetitions we tell them their own; Full, and the difference is shown.
TEST_F(ExchangeTest, Section10_6_WhoRefusesASmallerMtuIsToldItsOwn) {
  const RouterIndex router = add_router(5);
  auto master = add_peer(router, 9), slave = add_peer(router, 1);
  start_all();
  for (const auto* peer : {&master, &slave}) {
    (*peer)->mtu = 1440;
    (*peer)->refuses_larger_mtu = (*peer)->refuses_smaller_mtu = true;
    (*peer)->hold((*peer)->router_lsa(kInitialSequenceNumber));
    (*peer)->start();
  }
  network.run_for(seconds{4});
  for (unsigned repetition = 1; repetition <= 2; ++repetition) {
    EXPECT_EQ(full_count(router), 0U);
    for (const auto* peer : {&master, &slave}) {
      for (const auto& seen : (*peer)->descriptions) EXPECT_EQ(seen.dd.interface_mtu, 1420);
      (*peer)->send_dd((*peer)->opening_dd());
    }
    network.run_for(seconds{1});
  }
  ASSERT_TRUE(network.run_until([&] { return full_count(router) == 2; }, seconds{5}));
  for (const auto* peer : {&master, &slave}) {
    EXPECT_EQ((*peer)->descriptions.back().dd.interface_mtu, 1440);
    EXPECT_TRUE((*peer)->held({LsaType::router, LinkStateId{0x01010105}, RouterId{0x01010105}}));
    const auto neighbors = instance(router).neighbors();
    const auto shown = std::find_if(neighbors.begin(), neighbors.end(), [&](const auto& neighbor) {
      return neighbor.router_id == (*peer)->id();
    });
    ASSERT_NE(shown, neighbors.end());
    EXPECT_EQ(shown->problem, NeighborProblem::mtu_differs);
    EXPECT_EQ(shown->theirs, 1440U);
    EXPECT_EQ(shown->ours, 1420U);
  }
}

// In: a neighbour of a larger MTU that says its opening twice, as when our answer was lost. Out: it is told our MTU.
TEST_F(ExchangeTest, Section10_6_OneLostAnswerIsNoRefusalOfOurMtu) {
  const RouterIndex router = add_router(5);
  auto peer = add_peer(router, 9);
  peer->mtu = 1440;
  peer->answers_descriptions = false;
  start_all();
  peer->start();
  network.run_for(seconds{4});
  for (unsigned time = 0; time < 2; ++time) {
    peer->send_dd(peer->opening_dd());
    network.run_for(seconds{1});
  }
  ASSERT_FALSE(peer->descriptions.empty());
  EXPECT_FALSE(peer->descriptions.back().dd.flags.init);
  for (const auto& seen : peer->descriptions) EXPECT_EQ(seen.dd.interface_mtu, 1420);
}

// In: the same without mtu-ignore. Out: our descriptions say what our MTU is, and it refuses them.
TEST_F(ExchangeTest, Section10_6_WithoutMtuIgnoreOurOwnMtuIsTold) {
  const RouterIndex router = add_router(5);
  auto peer = add_peer(router, 9);
  network.routers[router].ports.at(link_of(*peer)).config.mtu_ignore = false;
  peer->mtu = 1380;
  peer->refuses_larger_mtu = true;
  start_all();
  peer->start();
  network.run_for(seconds{12});
  EXPECT_NE(state_of(router, *peer), NeighborState::full);
  ASSERT_FALSE(peer->descriptions.empty());
  for (const auto& seen : peer->descriptions) EXPECT_EQ(seen.dd.interface_mtu, 1420);
}

// In: two routers with MTUs of 1420 and 1400; then both have 1480, and databases are exchanged again. Out: both
// show the difference; after that none, and what one has said of the other's former MTU does not stay.
TEST_F(ExchangeTest, Section10_6_TheSmallerMtuIsForgottenWithTheMtuItCameFrom) {
  add_router(1);
  add_router(2);
  const CableIndex cable = connect(0, 1);
  const auto set_mtu = [&](RouterIndex router, std::uint32_t mtu) {
    const LinkId link = network.cables[cable].ends[router].link;
    auto status = network.routers[router].ports.at(link).status();
    status.mtu = mtu;
    network.set_status(router, link, status);
  };
  const auto neighbor_of = [&](RouterIndex router) { return instance(router).neighbors().at(0); };
  set_mtu(1, 1400);
  start_all();
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
  for (const RouterIndex router : {0, 1}) {
    EXPECT_EQ(neighbor_of(router).problem, NeighborProblem::mtu_differs);
    EXPECT_EQ(neighbor_of(router).mtu, router == 0 ? 1400 : 1420);
    EXPECT_EQ(events_of<MtuDiffers>(router).size(), 1U);
  }
  set_mtu(0, 1480);
  set_mtu(1, 1480);
  for (const RouterIndex router : {0, 1}) EXPECT_EQ(neighbor_of(router).problem, NeighborProblem::none);
  network.crash(1);
  ASSERT_TRUE(network.run_until([&] { return full_count(0) == 0; }, seconds{10}));
  network.start(1);
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{10}));
  for (const RouterIndex router : {0, 1}) {
    EXPECT_EQ(neighbor_of(router).problem, NeighborProblem::none);
    EXPECT_EQ(neighbor_of(router).mtu, 1480);
  }
}

// In: a description in Exchange that is the next but for one field. Out: SeqNumberMismatch, ExStart.
TEST_F(ExchangeTest, Section10_6_WhatIsNotTheNextDescriptionIsASeqNumberMismatch) {
  auto peer = exchanging_peer();
  using Change = std::pair<const char*, std::function<void(DatabaseDescription&)>>;
  const Change changes[] = {
      {"sequence number", [](auto& dd) { dd.sequence_number = 80; }},
      {"options", [](auto& dd) { dd.options = {Options::kExternal}; }},
      {"init flag", [](auto& dd) { dd.flags.init = true; }},
      {"master flag", [](auto& dd) { dd.flags.master = false; }},
  };
  for (const auto& [what, change] : changes) {
    SCOPED_TRACE(what);
    const auto before = drops(0, DropReason::dd_sequence_mismatch);
    auto dd = next_dd(*peer);
    change(dd);
    peer->send_dd(dd);
    network.run_for(kRoundTrip);
    EXPECT_EQ(state_of(0, *peer), NeighborState::ex_start);
    EXPECT_EQ(last_change().reason, NeighborEvent::seq_number_mismatch);
    EXPECT_EQ(drops(0, DropReason::dd_sequence_mismatch), before + 1);
    auto opening = peer->opening_dd();
    opening.sequence_number = 77;
    peer->send_dd(opening);
    network.run_for(kRoundTrip);
    ASSERT_EQ(state_of(0, *peer), NeighborState::exchange);
  }
  peer->send_dd(next_dd(*peer));
  network.run_for(kRoundTrip);
  EXPECT_EQ(state_of(0, *peer), NeighborState::exchange) << "the next one is taken";
}

// In: the description of a slave with our sequence number, from a router id above ours. Out: we are not the
// master of such a router: the negotiation goes on.
TEST_F(ExchangeTest, Section10_6_ASlaveOfAHigherRouterIdIsNotAccepted) {
  const RouterIndex router = add_router(1);
  auto peer = add_peer(router, 9);
  peer->answers_descriptions = false;
  start_all();
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return !peer->descriptions.empty(); }, seconds{5}));
  auto dd = peer->opening_dd();
  dd.flags = {.init = false, .more = false, .master = false};
  dd.sequence_number = peer->descriptions.back().dd.sequence_number;
  peer->send_dd(dd);
  network.run_for(kRoundTrip);
  EXPECT_EQ(state_of(router, *peer), NeighborState::ex_start);
  EXPECT_EQ(drops(router, DropReason::neighbor_state), 1U);
  peer->send_dd(peer->opening_dd());
  network.run_for(kRoundTrip);
  EXPECT_EQ(state_of(router, *peer), NeighborState::exchange) << "as the master it is";
}

// In: a router id below ours that claims to be the master. Out: neither is that accepted; as our slave it is.
TEST_F(ExchangeTest, Section10_6_AMasterOfALowerRouterIdIsNotAccepted) {
  const RouterIndex router = add_router(9);
  auto peer = add_peer(router, 1);
  peer->answers_descriptions = false;
  start_all();
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return !peer->descriptions.empty(); }, seconds{5}));
  peer->send_dd(peer->opening_dd());
  network.run_for(kRoundTrip);
  EXPECT_EQ(state_of(router, *peer), NeighborState::ex_start);
  auto dd = peer->opening_dd();
  dd.flags = {.init = false, .more = true, .master = false};
  dd.sequence_number = peer->descriptions.back().dd.sequence_number;
  peer->send_dd(dd);
  network.run_for(kRoundTrip);
  EXPECT_EQ(state_of(router, *peer), NeighborState::exchange);
}

// In: the master repeats its last description. Out: the slave repeats its last, and nothing changes.
TEST_F(ExchangeTest, Section10_6_TheSlaveRepeatsItsLastDescription) {
  auto peer = exchanging_peer();
  peer->send_dd(next_dd(*peer));
  network.run_for(kRoundTrip);
  ASSERT_EQ(peer->descriptions.size(), 1U);
  peer->send_dd(next_dd(*peer));
  network.run_for(kRoundTrip);
  ASSERT_EQ(peer->descriptions.size(), 2U);
  EXPECT_EQ(peer->descriptions[0].dd, peer->descriptions[1].dd);
  EXPECT_EQ(state_of(0, *peer), NeighborState::exchange);
}

// In: an opening description when Full, which says that the neighbour begins anew. Out: SeqNumberMismatch,
// and Full again within a few round trips.
TEST_F(ExchangeTest, Section10_6_AnExchangeThatTheMasterBeginsAnewIsSoonOver) {
  auto peer = full_peer(1, 9);
  expect_soon_full_again(*peer);
}
TEST_F(ExchangeTest, Section10_6_AnExchangeThatTheSlaveBeginsAnewIsSoonOver) {
  auto peer = full_peer(9, 1);
  expect_soon_full_again(*peer);
}

// In: a request for an LSA that is not in the database. Out: BadLSReq, and Full again soon.
TEST_F(ExchangeTest, Section10_7_ARequestForTheUnknownIsABadLsReq) {
  auto peer = full_peer(1, 9);
  peer->send_request({{LsaType::router, LinkStateId{0x01010177}, RouterId{0x01010177}}});
  network.run_for(kDelay);
  EXPECT_EQ(state_of(0, *peer), NeighborState::ex_start);
  EXPECT_EQ(last_change().reason, NeighborEvent::bad_ls_request);
  EXPECT_EQ(drops(0, DropReason::bad_ls_request), 1U);
  const Instant start = network.now();
  ASSERT_TRUE(network.run_until([&] { return full_count(0) == 1; }, seconds{20}));
  EXPECT_LT(network.now() - start, 10 * kRoundTrip);
}

// In: a request in ExStart. Out: not acceptable there: dropped, and nothing changes.
TEST_F(ExchangeTest, Section10_7_ARequestBeforeExchangeIsDropped) {
  const RouterIndex router = add_router(1);
  auto peer = add_peer(router, 9);
  peer->answers_descriptions = false;
  start_all();
  peer->start();
  ASSERT_TRUE(
      network.run_until([&] { return state_of(router, *peer) == NeighborState::ex_start; }, seconds{5}));
  peer->send_request({router_key(network.routers[router].id)});
  network.run_for(kRoundTrip);
  EXPECT_EQ(state_of(router, *peer), NeighborState::ex_start);
  EXPECT_EQ(drops(router, DropReason::neighbor_state), 1U);
}

// In: a neighbour that describes a newer instance of what we have and, when asked, sends the very instance
// that we have. Out: BadLSReq: its database is not what it said.
TEST_F(ExchangeTest, Section13_Step6_WhatWasAskedForAndIsNoNewerIsABadLsReq) {
  const RouterIndex router = add_router(1);
  auto source = add_peer(router, 9);
  start_all();
  source->start();
  ASSERT_TRUE(network.run_until([&] { return full_count(router) == 1; }, seconds{5}));
  const auto present = source->router_lsa(kInitialSequenceNumber + 5);
  source->send_update({{present, 1}});
  network.run_for(seconds{2});
  auto liar = add_peer(router, 8);
  liar->hold(source->router_lsa(kInitialSequenceNumber + 9));
  liar->answers[V2::header(present).key] = present;
  network.reload(router);
  liar->start();
  const auto restarted = [&] {
    const auto changes = events_of<NeighborStateChanged>(router);
    return std::any_of(changes.begin(), changes.end(), [&](const auto& change) {
      return change.router == liar->id() && change.reason == NeighborEvent::bad_ls_request &&
             change.to == NeighborState::ex_start;
    });
  };
  EXPECT_TRUE(network.run_until(restarted, seconds{5}));
  EXPECT_EQ(stored(router, V2::header(present).key)->lsa.sequence_number(), present.sequence_number());
  liar->answers.clear();
  EXPECT_TRUE(network.run_until([&] { return full_count(router) == 2; }, seconds{30}))
      << "when it stops lying";
}

// In: 200 LSAs to describe, sixty to a packet. Out: the number that is left is told, and goes down to none.
TEST_F(ExchangeTest, Section10_8_WhatIsLeftToDescribeIsTold) {
  const RouterIndex router = add_router(1);
  auto peer = add_peer(router, 9);
  peer->answers_descriptions = false;
  std::vector<ExternalRoute> routes(200);
  for (std::uint32_t i = 0; i < routes.size(); ++i)
    routes[i].prefix = Ipv4Prefix::make({0xcb000000 + (i << 8)}, 24);
  network.change_externals(router, routes, {});
  start_all();
  network.run_for(seconds{1});
  peer->start();
  ASSERT_TRUE(
      network.run_until([&] { return state_of(router, *peer) == NeighborState::ex_start; }, seconds{5}));
  auto dd = peer->opening_dd();
  const std::size_t all = 201;
  for (std::size_t described = 0; described < all;) {
    peer->send_dd(dd);
    network.run_for(kRoundTrip);
    described += peer->descriptions.back().dd.headers.size();
    const auto neighbors = instance(router).neighbors();
    ASSERT_EQ(neighbors.size(), 1U);
    EXPECT_EQ(neighbors.front().database_summary, all - described);
    dd.flags.init = false;
    ++dd.sequence_number;
    ASSERT_LT(dd.sequence_number, 2000U);
  }
  EXPECT_FALSE(peer->descriptions.back().dd.flags.more);
}

}  // namespace
}  // namespace wgospf::sim
