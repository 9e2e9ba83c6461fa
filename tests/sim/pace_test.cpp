// The pace of flooding and of the database exchange: what a slow link carries, what a lossy one loses, and
// how often a neighbour that acknowledges by a slow clock hears the same again. Times are virtual, so they
// repeat.

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

class PaceTest : public Scenario {
 protected:
  [[nodiscard]] static std::vector<ExternalRoute> externals(std::uint32_t count) {
    std::vector<ExternalRoute> routes(count);
    for (std::uint32_t i = 0; i < count; ++i)
      routes[i].prefix = Ipv4Prefix::make({0x64000000 + (i << 8)}, 24);
    return routes;
  }
  /// Two routers, Full, at rest.
  CableIndex two_at_rest() {
    const RouterIndex a = add_router(1), b = add_router(2);
    const CableIndex cable = connect(a, b);
    start_all();
    EXPECT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
    network.run_for(seconds{10});
    network.observers.clear();
    return cable;
  }
  [[nodiscard]] bool knows_all(RouterIndex router, std::size_t count) {
    return instance(router).statistics().lsdb_size >= count;
  }
  [[nodiscard]] std::uint64_t ended_adjacencies() {
    std::uint64_t ended = 0;
    for (const auto& told : events_of<NeighborStateChanged>(0)) ended += told.from == NeighborState::full;
    return ended;
  }
  /// How long until `router` knows so many LSAs.
  [[nodiscard]] double time_until_known(RouterIndex router, std::size_t count, Duration deadline) {
    const Instant start = network.now();
    EXPECT_TRUE(network.run_until([&] { return knows_all(router, count); }, deadline));
    return std::chrono::duration<double>(network.now() - start).count();
  }
  void make(CableIndex cable, Duration delay, std::uint32_t loss_per_mille) {
    for (auto& way : network.cables[cable].into) {
      way.delay = delay;
      way.loss = loss_per_mille;
    }
  }
  [[nodiscard]] std::uint64_t retransmissions(RouterIndex router) {
    return instance(router).statistics().retransmissions;
  }
};

// In: 30,000 externals at once, and a link that needs 4.5 s for them. Out: little more than that, next to
// nothing is dropped by the queue, whether it is short or long, and the adjacency lives.
TEST_F(PaceTest, Section13_3_AFloodKeepsToThePaceOfASlowLink) {
  for (const std::size_t queue : {16u, 64u, 256u}) {
    const CableIndex cable = network.routers.empty() ? two_at_rest() : 0;
    for (auto& way : network.cables[cable].into) {
      way.bits_per_second = 2'000'000;
      way.queue_bytes = queue * 1024;
      way.bytes_sent = way.bytes_dropped = 0;
    }
    const auto before = retransmissions(0);
    network.change_externals(0, externals(30'000), {});
    const double took = time_until_known(1, 30'002, seconds{60});
    const auto& way = network.cables[cable].into[1];
    const double dropped = 100.0 * static_cast<double>(way.bytes_dropped) /
                           static_cast<double>(way.bytes_sent + way.bytes_dropped);
    std::printf("queue of %zu kB: %.2f s, %.1f %% dropped, %llu repeated, %llu bytes\n", queue, took, dropped,
                static_cast<unsigned long long>(retransmissions(0) - before),
                static_cast<unsigned long long>(way.bytes_sent));
    EXPECT_LT(took, 7);
    EXPECT_LT(dropped, queue == 16 ? 30 : 12);
    EXPECT_TRUE(all_full());
    network.run_for(seconds{20});
    EXPECT_EQ(instance(0).neighbors().front().retransmission_list, 0U);
    std::vector<IpPrefix> gone;
    for (const auto& route : externals(30'000)) gone.push_back(route.prefix);
    for (auto& w : network.cables[cable].into) w.bits_per_second = 0;
    network.change_externals(0, {}, gone);
    network.run_for(seconds{20});
  }
}

// In: 20,000 externals, 5 % loss both ways, no delay. Out: 3 s, by flooding and by database exchange (for
// more than 150 s before).
TEST_F(PaceTest, Section13_6_WhatIsLostIsRepeatedAfterAFewRoundTrips) {
  const CableIndex cable = two_at_rest();
  make(cable, Duration{}, 50);
  network.change_externals(0, externals(20'000), {});
  const double flooded = time_until_known(1, 20'002, seconds{60});
  network.crash(1);
  network.run_for(seconds{1});
  network.start(1);
  ASSERT_TRUE(network.run_until(
      [&] {
        const auto neighbors = instance(1).neighbors();
        return !neighbors.empty() && neighbors.front().state == NeighborState::exchange;
      },
      seconds{20}));
  const double learned = time_until_known(1, 20'002, seconds{200});
  std::printf("flooded in %.2f s, learned in %.2f s\n", flooded, learned);
  EXPECT_LT(flooded, 3);
  EXPECT_LT(learned, 3);
  EXPECT_TRUE(network.run_until([&] { return all_full(); }, seconds{2}));
}

// In: a database of 20,000 LSAs, a round trip of 50 ms and 5 % loss. Out: the 328 descriptions, one round
// trip each, decide: about 16 s without loss, 25 with (288 before).
TEST_F(PaceTest, Section10_8_DescriptionsAndRequestsAreRepeatedAfterAFewRoundTrips) {
  const CableIndex cable = two_at_rest();
  network.change_externals(0, externals(20'000), {});
  network.run_for(seconds{5});
  network.crash(1);
  network.run_for(seconds{10});
  make(cable, milliseconds{25}, 50);
  network.start(1);
  const double learned = time_until_known(1, 20'002, seconds{300});
  std::printf("learned in %.2f s\n", learned);
  EXPECT_LT(learned, 27);
  EXPECT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
}

// In: no loss and a fast link. Out: nothing is sent twice, neither in the flood nor in the exchange.
TEST_F(PaceTest, Section13_6_NothingIsRepeatedWithoutLoss) {
  const CableIndex cable = two_at_rest();
  make(cable, milliseconds{1}, 0);
  network.change_externals(0, externals(20'000), {});
  const double flooded = time_until_known(1, 20'002, seconds{60});
  network.run_for(seconds{5});
  network.crash(1);
  network.run_for(seconds{1});
  network.start(1);
  const double learned = time_until_known(1, 20'002, seconds{60});
  network.run_for(seconds{5});
  std::printf("flooded in %.2f s, learned in %.2f s\n", flooded, learned);
  EXPECT_LT(flooded, 0.5);
  EXPECT_LT(learned, 1);
  EXPECT_EQ(retransmissions(0) + retransmissions(1), 0U);
}

// In: neighbours that acknowledge by a clock of 1 s (as FRR does) or 2.5 s (BIRD), and LSAs that change now
// and then. Out: after a few acknowledgements they hear nothing twice; a flood of 20,000 does not wait for
// their clock.
TEST_F(PaceTest, Section13_5_ANeighborThatAcknowledgesByASlowClockIsWaitedFor) {
  std::vector<std::unique_ptr<ScriptedPeer>> peers;
  for (const Duration clock : {Duration{seconds{1}}, Duration{milliseconds{2500}}}) {
    SCOPED_TRACE(clock.count());
    const auto number = static_cast<std::uint32_t>(network.routers.size());
    const RouterIndex router = add_router(10 + number);
    ScriptedPeer* peer = peers.emplace_back(add_peer(router, 100 + number)).get();
    peer->ack_clock = clock;
    network.start(router);
    peer->start();
    ASSERT_TRUE(network.run_until([&] { return peer->is_full() && full_count(router) == 1; }, seconds{10}));
    for (std::uint16_t i = 0; i < 20; ++i) {  // learning
      set_cost(router, link_of(*peer), static_cast<std::uint16_t>(100 + i));
      network.run_for(milliseconds{7300});
    }
    const auto before = retransmissions(router);
    for (std::uint16_t i = 0; i < 20; ++i) {
      set_cost(router, link_of(*peer), static_cast<std::uint16_t>(200 + i));
      network.run_for(milliseconds{7300});
    }
    const auto repeated = retransmissions(router) - before;
    network.change_externals(router, externals(20'000), {});
    const Instant start = network.now();
    ASSERT_TRUE(network.run_until([&] { return peer->held_count() >= 20'001; }, seconds{60}));
    const double took = std::chrono::duration<double>(network.now() - start).count();
    network.run_for(seconds{10});
    const auto repeated_in_flood = retransmissions(router) - before - repeated;
    std::printf("clock %.1f s: learning %llu, then %llu repeated; flood %.2f s, %llu repeated\n",
                std::chrono::duration<double>(clock).count(), static_cast<unsigned long long>(before),
                static_cast<unsigned long long>(repeated), took,
                static_cast<unsigned long long>(repeated_in_flood));
    EXPECT_LE(before, 8U);
    EXPECT_LE(repeated, 2U);
    EXPECT_LT(took, 4);
    EXPECT_LE(repeated_in_flood, 200U);
  }
}

// In: a neighbour that stops acknowledging. Out: the LSA comes again after ever longer times, at last every
// RxmtInterval.
TEST_F(PaceTest, Section13_6_RepetitionsBackOffToRxmtInterval) {
  auto peer = full_peer(1, 9);
  const auto key = router_key(network.routers[0].id);
  peer->updates.clear();
  peer->acknowledges = false;
  set_cost(0, link_of(*peer), 20);
  network.run_for(seconds{40});
  const auto seen = peer->updates_of(key);
  ASSERT_GE(seen.size(), 9U);
  EXPECT_LE(seen.size(), 13U);
  for (std::size_t i = 2; i < seen.size(); ++i)
    EXPECT_GE(seen[i].at - seen[i - 1].at, seen[i - 1].at - seen[i - 2].at);
  EXPECT_GE(seen[1].at - seen[0].at, milliseconds{200});
  EXPECT_EQ(seen.back().at - seen[seen.size() - 2].at, seconds{5});
}

// In: two changes 950 ms apart, the second of which a strict neighbour takes late, and one that acknowledges
// neither. Out: the router goes on, and the neighbour has the second as soon as it hears again.
TEST_F(PaceTest, Section13_6_AnInstanceThatWaitsForMinLsArrivalIsNotLostOverAndOver) {
  auto peer = full_peer(1, 9);
  const auto key = router_key(network.routers[0].id);
  for (std::uint16_t i = 0; i < 30; ++i) {  // its acknowledgements are known to be fast
    set_cost(0, link_of(*peer), static_cast<std::uint16_t>(20 + i));
    network.run_for(seconds{7});
  }
  peer->acknowledges = false;
  set_cost(0, link_of(*peer), 100);
  network.run_for(milliseconds{950});
  set_cost(0, link_of(*peer), 101);
  network.run_for(seconds{3});
  EXPECT_LE(peer->updates_of(key).size(), 50U);
  peer->acknowledges = true;
  network.run_for(seconds{5});
  EXPECT_EQ(peer->held(key)->sequence_number, stored(0, key)->lsa.sequence_number());
}

// In: a neighbour whose database is full takes and acknowledges nothing of a thousand LSAs; then one changes
// that it has. Out: that comes at once, although what waits for acknowledgement is more than the window.
TEST_F(PaceTest, Section13_6_WhatIsNeverAcknowledgedDoesNotHoldUpTheRest) {
  const RouterIndex a = add_router(1), b = add_router(2);
  network.routers[b].max_lsa = 50;
  connect(a, b);
  start_all();
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
  auto routes = externals(1000);
  network.change_externals(a, {routes.front()}, {});
  network.run_for(seconds{5});
  network.change_externals(a, {routes.begin() + 1, routes.end()}, {});
  network.run_for(seconds{600});
  ASSERT_GT(instance(a).neighbors().front().retransmission_list, 900U);
  routes.front().metric = 77;
  network.change_externals(a, {routes.front()}, {});
  const auto is_there = [&] {
    for (const auto& route : instance(b).routes()->routes)
      if (IpPrefix{route.prefix} == routes.front().prefix) return route.type2_metric == 77U;
    return false;
  };
  EXPECT_TRUE(network.run_until(is_there, seconds{3}));
  EXPECT_TRUE(all_full());
}

// In: an LSA that the neighbour never acknowledges, sent again and again and under way once more, and behind it one
// that is lost and overtaken by another. Out: what was overtaken is repeated at once, not when its time is up.
TEST_F(PaceTest, Section13_6_WhatIsNeverAcknowledgedDoesNotHideWhatWasOvertaken) {
  auto peer = full_peer(1, 9);
  const auto routes = externals(60);
  const auto key = [&](std::size_t i) {
    return LsaKey{LsaType::as_external, LinkStateId{std::get<Ipv4Prefix>(routes[i].prefix).address.value},
                  network.routers[0].id};
  };
  for (std::size_t i = 3; i < 60; ++i) {  // the neighbour's time is known
    network.change_externals(0, {routes[i]}, {});
    network.run_for(seconds{1});
  }
  peer->never_acknowledges = key(0);
  network.change_externals(0, {routes[0]}, {});
  network.run_for(seconds{30});
  std::size_t seen = peer->updates_of(key(0)).size();
  ASSERT_GT(seen, kOvertakenMost);
  ASSERT_TRUE(network.run_until([&] { return peer->updates_of(key(0)).size() > seen; }, seconds{6}));
  const Instant start = network.now();
  auto& way = network.cables[peer->cable()].into[1];
  way.cut = true;
  network.change_externals(0, {routes[1]}, {});
  network.run_for(milliseconds{1});
  way.cut = false;
  network.change_externals(0, {routes[2]}, {});
  ASSERT_TRUE(network.run_until([&] { return !peer->updates_of(key(1)).empty(); }, seconds{6}));
  EXPECT_LT(network.now() - start, 2 * kRoundTrip + kOvertakenDelay + milliseconds{40});
}

// In: an LSA that was lost again and again, and one that was lost twice, both due when the router comes back
// from a stall; the first for longer. Out: the second goes first: what does not get through must not stand
// before what does.
TEST_F(PaceTest, Section13_6_WhatIsLostAgainAndAgainComesLast) {
  auto peer = full_peer(1, 9);
  const auto routes = externals(2);
  const auto key = [&](std::size_t i) {
    return LsaKey{LsaType::as_external, LinkStateId{0x64000000 + (static_cast<std::uint32_t>(i) << 8)},
                  network.routers[0].id};
  };
  for (std::uint16_t i = 0; i < 30; ++i) {  // its acknowledgements are known to be fast
    set_cost(0, link_of(*peer), static_cast<std::uint16_t>(20 + i));
    network.run_for(seconds{7});
  }
  peer->never_acknowledges = key(0);
  network.change_externals(0, {routes[0]}, {});
  network.run_for(seconds{60});
  peer->updates.clear();
  ASSERT_TRUE(network.run_until([&] { return !peer->updates.empty(); }, seconds{6}));
  network.run_for(milliseconds{4300});  // it is due in 0.7 s
  peer->acknowledges = false;
  network.change_externals(0, {routes[1]}, {});
  network.run_for(milliseconds{580});
  ASSERT_GE(peer->updates_of(key(1)).size(), 2U);
  ASSERT_EQ(peer->updates_of(key(0)).size(), 1U);
  network.pause(0);
  network.run_for(seconds{4});
  peer->updates.clear();
  network.resume(0);
  network.run_for(kRoundTrip);
  ASSERT_GE(peer->updates.size(), 2U);
  EXPECT_EQ(peer->updates[0].header.key, key(1));
  EXPECT_EQ(peer->updates[1].header.key, key(0));
}

// In: a second change within MinLSArrival of the first, and a strict neighbour that is known to acknowledge
// fast. Out: the second instance is not sent over and over until the neighbour takes it: once, and once more
// when it does.
TEST_F(PaceTest, Section13_6_WhatAStrictNeighborDoesNotTakeYetIsSentAgainWhenItDoes) {
  auto peer = full_peer(1, 9);
  const auto key = router_key(network.routers[0].id);
  for (std::uint16_t i = 0; i < 30; ++i) {  // learning
    set_cost(0, link_of(*peer), static_cast<std::uint16_t>(20 + i));
    network.run_for(seconds{12});
  }
  peer->strict_arrival = true;
  peer->updates.clear();
  const auto before = retransmissions(0);
  set_cost(0, link_of(*peer), 100);
  network.run_for(milliseconds{100});
  set_cost(0, link_of(*peer), 101);
  network.run_for(seconds{3});
  const auto seen = peer->updates_of(key);
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_FALSE(seen[1].taken);
  EXPECT_TRUE(seen[2].taken);
  EXPECT_EQ(seen[2].header.sequence_number, seen[1].header.sequence_number);
  EXPECT_GE(seen[2].at - seen[0].at, seconds{1});
  EXPECT_EQ(retransmissions(0), before);
}

// In: a slave that does not answer. Out: the description comes again, ever later, at last every RxmtInterval.
TEST_F(PaceTest, Section10_8_TheMasterBacksOffToRxmtInterval) {
  const RouterIndex router = add_router(9);
  auto peer = add_peer(router, 1);
  peer->answers_descriptions = false;
  start_all();
  peer->start();
  network.run_for(seconds{60});
  ASSERT_GE(peer->descriptions.size(), 5U);
  EXPECT_LE(peer->descriptions.size(), 16U);
  const auto& seen = peer->descriptions;
  EXPECT_GE(seen[1].at - seen[0].at, milliseconds{900});
  for (std::size_t i = 4; i < seen.size(); ++i) EXPECT_GE(seen[i].at - seen[i - 1].at, milliseconds{4500});
}

// In: a router that is stopped for longer than its dead interval, while its neighbour's hellos and an update
// collect in its socket. Out: it reads them before its timers fire: it keeps the adjacency. The neighbour,
// which heard nothing, may have ended it; here it did not, because it is told to wait longer.
TEST_F(PaceTest, AfterAStallWhatTheSocketsHeldIsReadBeforeTimersFire) {
  const RouterIndex router = add_router(1);
  auto peer = add_peer(router, 9);
  start_all();
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return peer->is_full() && full_count(router) == 1; }, seconds{5}));
  network.run_for(seconds{10});
  events.clear();
  network.pause(router);
  network.run_for(seconds{30});
  peer->hellos.clear();
  network.resume(router);
  EXPECT_EQ(full_count(router), 1U);
  EXPECT_TRUE(events_of<NeighborStateChanged>(router).empty());
  network.run_for(seconds{10});
  EXPECT_EQ(full_count(router), 1U);
  EXPECT_GE(peer->hellos.size(), 9U);
}

// In: the same with thousands of updates in the socket. Out: a hello goes out before they are worked through.
TEST_F(PaceTest, AfterAStallHellosGoOutBetweenBatches) {
  const RouterIndex router = add_router(1);
  auto peer = add_peer(router, 9);
  start_all();
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return peer->is_full() && full_count(router) == 1; }, seconds{5}));
  network.pause(router);
  network.run_for(seconds{3});
  for (std::int32_t i = 0; i < 500; ++i)
    peer->send_update({{peer->router_lsa(kInitialSequenceNumber + i), 0}});
  network.run_for(seconds{1});
  sent.clear();
  network.resume(router);
  ASSERT_FALSE(sent.empty());
  const auto decoded = V2::decode(*sent.front().packet.bytes);
  EXPECT_EQ(std::get<Packet>(decoded).header.type, PacketType::hello);
  EXPECT_EQ(full_count(router), 1U);
}

}  // namespace
}  // namespace wgospf::sim
