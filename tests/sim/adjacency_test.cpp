// Adjacencies in time: how they come up, how they end, and what a neighbour must be able to count on.

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

class AdjacencyTest : public Scenario {
 protected:
  /// 20 ms apart.
  void send_hellos_that_list_nobody(ScriptedPeer& peer, int count) {
    auto hello = peer.hello();
    hello.neighbors.clear();
    for (int i = 0; i < count; ++i) {
      peer.transmit(V2::encode(peer.id(), kBackbone, hello));
      network.run_for(milliseconds{20});
    }
  }
};

// In: an interface that comes up. Out: a hello in the same moment, not after HelloInterval.
TEST_F(AdjacencyTest, Section9_5_HelloGoesOutWhenTheInterfaceComesUp) {
  const RouterIndex a = add_router(1), b = add_router(2);
  connect(a, b, {10, 40});
  network.start(a);
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent.front().at, network.now());
  EXPECT_EQ(load_u8(sent.front().packet.bytes->data() + 1), 1);
}

// In: two routers started together on an ordinary hello interval of 10 s. Out: Full in under ten round trips.
TEST_F(AdjacencyTest, Section10_8_FullWithinTenRoundTrips) {
  const RouterIndex a = add_router(1), b = add_router(2);
  connect(a, b, {10, 40});
  const Instant start = network.now();
  start_all();
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{60}));
  EXPECT_LT(network.now() - start, 10 * kRoundTrip);
}

// In: one of them starts 3 s later. Out: the same, counted from its start.
TEST_F(AdjacencyTest, Section9_5_LateStarterIsFullWithinTenRoundTrips) {
  const RouterIndex a = add_router(1), b = add_router(2);
  connect(a, b, {10, 40});
  network.start(b);
  network.run_for(seconds{3});
  const Instant start = network.now();
  network.start(a);
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{60}));
  EXPECT_LT(network.now() - start, 10 * kRoundTrip);
}

// In: hellos that do not list the router, 20 ms apart for a second. Out: it answers out of turn, at most
// every 200 ms.
TEST_F(AdjacencyTest, Section9_5_HellosOutOfTurnAreRateLimited) {
  const RouterIndex a = add_router(1);
  auto peer = add_peer(a, 9, {10, 40});
  start_all();
  network.run_for(seconds{1});
  peer->hellos.clear();
  send_hellos_that_list_nobody(*peer, 50);
  ASSERT_GE(peer->hellos.size(), 2U);
  EXPECT_EQ(peer->hellos.size(), 5U);
  for (std::size_t i = 1; i < peer->hellos.size(); ++i)
    EXPECT_GE(peer->hellos[i] - peer->hellos[i - 1], kTriggeredHelloInterval);
}

// In: a hello that does not list the router, and another 20 ms after it. Out: the second is answered, too, as
// soon as the rate allows, not at the next hello interval.
TEST_F(AdjacencyTest, Section9_5_AHelloOutOfTurnThatIsTooEarlyIsPutOff) {
  const RouterIndex a = add_router(1);
  auto peer = add_peer(a, 9, {10, 40});
  start_all();
  network.run_for(milliseconds{500});
  peer->hellos.clear();
  send_hellos_that_list_nobody(*peer, 2);
  ASSERT_EQ(peer->hellos.size(), 1U);
  network.run_for(kTriggeredHelloInterval);
  ASSERT_EQ(peer->hellos.size(), 2U);
  EXPECT_EQ(peer->hellos[1] - peer->hellos[0], kTriggeredHelloInterval);
}

// In: a master whose first description is never answered audibly, and who repeats it after more than the dead
// interval. Out: the slave, still in Exchange, answers again with the same packet.
TEST_F(AdjacencyTest, Section10_8_SlaveInExchangeAnswersARepeatedDescriptionForever) {
  const RouterIndex a = add_router(1);
  auto peer = add_peer(a, 9);
  peer->answers_descriptions = false;
  start_all();
  peer->start();
  network.run_for(seconds{1});
  DatabaseDescription first;
  first.interface_mtu = 1420;
  first.options = {Options::kExternal | Options::kOpaque};
  first.flags = {.init = true, .more = true, .master = true};
  first.sequence_number = 77;
  peer->send_dd(first);
  network.run_for(kRoundTrip);
  ASSERT_EQ(peer->descriptions.back().dd.sequence_number, 77U);
  ASSERT_FALSE(peer->descriptions.back().dd.flags.init);
  const auto answer = peer->descriptions.back().dd;
  peer->descriptions.clear();
  network.run_for(seconds{7});
  peer->send_dd(first);
  network.run_for(kRoundTrip);
  ASSERT_EQ(peer->descriptions.size(), 1U);
  EXPECT_EQ(peer->descriptions.back().dd.headers.size(), answer.headers.size());
  EXPECT_EQ(peer->descriptions.back().dd.sequence_number, 77U);
}

// In: the slave's last description is lost, so the master repeats after RxmtInterval (5 s), which is longer
// than a dead interval of 4 s. Out: it is answered; nobody falls back to ExStart.
TEST_F(AdjacencyTest, Section10_8_SlaveAnswersAfterTheExchangeAsLongAsTheMasterMayRepeat) {
  const RouterIndex a = add_router(1), b = add_router(2);  // b is the master
  const CableIndex cable = connect(a, b);
  network.observers.push_back([&, done = false](Instant, RouterIndex, const Output<V2>& output) mutable {
    // The moment that the slave has nothing more to come, its packet is lost.
    const auto* event = std::get_if<Event>(&output);
    const auto* state = event == nullptr ? nullptr : std::get_if<NeighborStateChanged>(event);
    if (state == nullptr || state->to != NeighborState::exchange || done) return;
    done = true;
    network.cables[cable].into[1].cut = true;
    network.scheduler.after(milliseconds{300}, [&] { network.cables[cable].into[1].cut = false; });
  });
  start_all();
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{20}));
  for (RouterIndex router : {a, b})
    for (const auto& change : events_of<NeighborStateChanged>(router))
      EXPECT_NE(change.reason, NeighborEvent::seq_number_mismatch);
}

// In: a silent cut of the only cable. Out: both ends drop the neighbour within the dead interval after the
// last hello, and not before the dead interval less one hello.
TEST_F(AdjacencyTest, Section10_5_SilentCutIsNoticedAtTheDeadInterval) {
  const RouterIndex a = add_router(1), b = add_router(2);
  const CableIndex cable = connect(a, b);
  start_all();
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
  network.run_for(seconds{5});
  for (auto& way : network.cables[cable].into) way.cut = true;
  const Instant cut = network.now();
  ASSERT_TRUE(network.run_until([&] { return full_count(a) + full_count(b) == 0; }, seconds{10}));
  EXPECT_LE(network.now() - cut, seconds{4} + kDelay);
  EXPECT_GE(network.now() - cut, seconds{3} - kDelay);
}

// In: only one direction dies. Out: the hearing end learns it from the other's hellos (1-Way), without
// waiting for its own timer.
TEST_F(AdjacencyTest, Section10_5_OneWayCutEndsTheAdjacencyAtBothEnds) {
  const RouterIndex a = add_router(1), b = add_router(2);
  const CableIndex cable = connect(a, b);
  start_all();
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
  network.cables[cable].into[0].cut = true;  // a hears nothing any more
  ASSERT_TRUE(network.run_until([&] { return full_count(a) + full_count(b) == 0; }, seconds{10}));
  const auto changes = events_of<NeighborStateChanged>(b);
  EXPECT_EQ(changes.back().reason, NeighborEvent::one_way_received);
  EXPECT_EQ(changes.back().to, NeighborState::init);
}

// In: a crash, and a restart within the dead interval. Out: Full again in under ten round trips after the
// restart, and the old LSAs of the former life are replaced by newer instances everywhere.
TEST_F(AdjacencyTest, Section10_5_RestartWithinTheDeadInterval) {
  const RouterIndex a = add_router(1), b = add_router(2), c = add_router(3);
  connect(a, b);
  connect(b, c);
  start_all();
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
  network.run_for(seconds{10});
  const auto before = stored(c, router_key(network.routers[a].id));
  network.crash(a);
  network.run_for(milliseconds{1500});
  network.start(a);
  const Instant start = network.now();
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{10}));
  EXPECT_LT(network.now() - start, 10 * kRoundTrip);
  // One instance supersedes that of the former life; no more than one for each adjacency.
  EXPECT_EQ(events_of<SelfOriginatedReceived>(a).size(), 1U);
  network.run_for(seconds{2});
  const auto after = stored(c, router_key(network.routers[a].id));
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->lsa.sequence_number(), before->lsa.sequence_number() + 1);
  EXPECT_EQ(after->lsa.checksum(), stored(a, router_key(network.routers[a].id))->lsa.checksum());
}

// In: another router at the other end of a point-to-point link, after the former took its leave. Out: the
// former neighbour ends at once, and the new one becomes Full.
TEST_F(AdjacencyTest, NewRouterIdOnThePointToPointLinkEndsTheFormerNeighbor) {
  auto peer = full_peer(1, 9);
  peer->say_goodbye();
  peer->become(RouterId{0x01010108});
  network.run_for(kDelay);
  const auto neighbors = instance(0).neighbors();
  ASSERT_EQ(neighbors.size(), 1U);
  EXPECT_EQ(neighbors.front().router_id, RouterId{0x01010108});
  ASSERT_TRUE(network.run_until([&] { return full_count(0) == 1; }, seconds{3}));
  const auto changes = events_of<NeighborStateChanged>(0);
  EXPECT_TRUE(std::any_of(changes.begin(), changes.end(), [](const NeighborStateChanged& change) {
    return change.router == RouterId{0x01010109} && change.to == NeighborState::down &&
           change.reason == NeighborEvent::kill_nbr;
  }));
}

// In: two routers that were given the same router id. Out: no adjacency, and an event at both, now and again.
TEST_F(AdjacencyTest, Section8_2_DuplicateRouterIdIsTold) {
  const RouterIndex a = add_router(1), b = add_router(1);
  connect(a, b);
  start_all();
  network.run_for(seconds{3});
  EXPECT_TRUE(instance(a).neighbors().empty());
  EXPECT_TRUE(instance(b).neighbors().empty());
  EXPECT_EQ(events_of<DuplicateRouterId>(a).size(), 1U);
  EXPECT_EQ(events_of<DuplicateRouterId>(b).size(), 1U);
  network.run_for(seconds{30});
  EXPECT_GE(events_of<DuplicateRouterId>(a).size(), 3U);
  EXPECT_LE(events_of<DuplicateRouterId>(a).size(), 4U);
  EXPECT_GT(instance(a).statistics().drops[DropReason::duplicate_router_id], 30U);
}

}  // namespace
}  // namespace wgospf::sim
