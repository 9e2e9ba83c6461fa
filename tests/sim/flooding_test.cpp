// Flooding and the life of LSAs in time, against a neighbour that writes down what it gets.

#include <map>

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

class FloodingTest : public Scenario {
 protected:
  /// A router between a peer that announces and one that does not acknowledge; what it may retransmit to that
  /// one comes in a minute.
  struct Between {
    std::unique_ptr<ScriptedPeer> announcing, deaf;
    LinkId out;  ///< the router's link to the deaf one
  };
  Between between_peers(std::uint16_t transmit_delay = 1) {
    const RouterIndex router = add_router(1);
    Between peers{add_peer(router, 8), add_peer(router, 9), {}};
    peers.out = link_of(*peers.deaf);
    auto& config = network.routers[router].ports.at(peers.out).config;
    config.transmit_delay = transmit_delay;
    config.retransmit_interval = 60;
    start_all();
    peers.announcing->start();
    peers.deaf->start();
    EXPECT_TRUE(network.run_until(
        [&] { return peers.announcing->is_full() && peers.deaf->is_full() && full_count(router) == 2; },
        seconds{5}));
    network.run_for(seconds{10});
    peers.deaf->acknowledges = false;
    peers.deaf->updates.clear();
    return peers;
  }
  [[nodiscard]] std::size_t unacknowledged(const ScriptedPeer& peer) {
    for (const auto& neighbor : instance(0).neighbors())
      if (neighbor.router_id == peer.id()) return neighbor.retransmission_list;
    return 0;
  }
};

// In: an LSA for three links, one of which has another transmit delay. Out: the two that send the same share the
// bytes of one packet; the third has its own age.
TEST_F(FloodingTest, Section13_3_LinksThatSendTheSameShareOnePacket) {
  const RouterIndex router = add_router(1);
  std::vector<std::unique_ptr<ScriptedPeer>> peers;
  for (const std::uint32_t number : {7u, 8u, 9u}) peers.push_back(add_peer(router, number));
  network.routers[router].ports.at(link_of(*peers[2])).config.transmit_delay = 30;
  start_all();
  for (auto& peer : peers) peer->start();
  ASSERT_TRUE(network.run_until([&] { return full_count(router) == 3; }, seconds{5}));
  network.run_for(seconds{10});
  sent.clear();
  ExternalRoute route;
  route.prefix = *Ipv4Prefix::parse("198.51.100.0/24");
  network.change_externals(router, {route}, {});
  std::map<LinkId, PacketBytes> updates;
  for (const auto& packet : sent)
    if (static_cast<PacketType>((*packet.packet.bytes)[1]) == PacketType::link_state_update)
      updates[packet.packet.link] = packet.packet.bytes;
  ASSERT_EQ(updates.size(), 3U);
  EXPECT_EQ(updates[link_of(*peers[0])], updates[link_of(*peers[1])]);
  EXPECT_NE(*updates[link_of(*peers[0])], *updates[link_of(*peers[2])]);
}

// In: two changes within a second, and a neighbour that silently drops an instance that follows its
// predecessor within MinLSArrival (as FRR and BIRD do). Out: the neighbour has the second change 1.05 s after
// the first, not after a retransmission interval.
TEST_F(FloodingTest, Section13_SecondChangeWithinASecondReachesAStrictNeighbor) {
  auto peer = full_peer(1, 9);
  peer->strict_arrival = true;
  const auto key = router_key(network.routers[0].id);
  const Instant first = network.now();
  set_cost(0, link_of(*peer), 20);
  network.run_for(milliseconds{300});
  set_cost(0, link_of(*peer), 30);
  const auto wanted = stored(0, key)->lsa.sequence_number();
  ASSERT_TRUE(network.run_until([&] { return peer->held(key)->sequence_number == wanted; }, seconds{10}));
  EXPECT_LE(network.now() - first, milliseconds{1050} + kDelay);
}

// In: ten changes in a row, 100 ms apart. Out: the first two instances at once, further ones at least 1.05 s
// apart; the last state is what the strict neighbour ends up with.
TEST_F(FloodingTest, Section12_4_ThirdAndLaterInstancesAreSpaced) {
  auto peer = full_peer(1, 9);
  peer->strict_arrival = true;
  const auto key = router_key(network.routers[0].id);
  peer->updates.clear();
  for (std::uint16_t i = 0; i < 10; ++i) {
    set_cost(0, link_of(*peer), static_cast<std::uint16_t>(100 + i));
    network.run_for(milliseconds{100});
  }
  network.run_for(seconds{15});
  std::vector<ScriptedPeer::Seen> instances;
  for (const auto& seen : peer->updates_of(key))
    if (instances.empty() || seen.header.sequence_number > instances.back().header.sequence_number)
      instances.push_back(seen);
  ASSERT_GE(instances.size(), 3U);
  EXPECT_EQ(instances[1].at - instances[0].at, milliseconds{100});
  for (std::size_t i = 2; i < instances.size(); ++i)
    EXPECT_GE(instances[i].at - instances[i - 1].at, milliseconds{1050});
  EXPECT_EQ(peer->held(key)->sequence_number, stored(0, key)->lsa.sequence_number());
  EXPECT_EQ(peer->held(key)->checksum, stored(0, key)->lsa.checksum());
}

// In: five refreshes 20 s apart, and a change 1 s after the last. Out: the change goes out in the same
// moment.
TEST_F(FloodingTest, Section12_4_AChangeAfterRefreshesGoesOutAtOnce) {
  const RouterIndex router = add_router(1);
  network.routers[router].ls_refresh_time = seconds{20};
  auto peer = add_peer(router, 9);
  start_all();
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return peer->is_full() && full_count(router) == 1; }, seconds{5}));
  network.run_for(seconds{10});
  const auto key = router_key(network.routers[router].id);
  const auto wanted = stored(router, key)->lsa.sequence_number() + 5;
  ASSERT_TRUE(
      network.run_until([&] { return stored(router, key)->lsa.sequence_number() == wanted; }, seconds{120}));
  network.run_for(seconds{1});
  const auto sequence_number = stored(router, key)->lsa.sequence_number();
  set_cost(router, link_of(*peer), 20);
  EXPECT_EQ(stored(router, key)->lsa.sequence_number(), sequence_number + 1);
}

// In: an external withdrawn and set again every 300 ms for 30 s. Out: its instances are spaced like those of
// any other burst; when it is over the last state is what the neighbour holds.
TEST_F(FloodingTest, Section12_4_TogglingAnExternalIsThrottled) {
  auto peer = full_peer(1, 9);
  ExternalRoute route;
  route.prefix = *Ipv4Prefix::parse("198.51.100.0/24");
  const LsaKey key{LsaType::as_external, LinkStateId{0xc6336400}, network.routers[0].id};
  const Instant start = network.now();
  for (int i = 0; i < 50; ++i) {
    network.change_externals(0, {route}, {});
    network.run_for(milliseconds{300});
    network.change_externals(0, {}, {route.prefix});
    network.run_for(milliseconds{300});
  }
  std::vector<Instant> originated;
  for (const auto& told : events)
    if (const auto* event = std::get_if<LsaOriginated>(&told.event);
        event != nullptr && event->header.key == key && !event->flushed)
      originated.push_back(told.at);
  ASSERT_GE(originated.size(), 3U);
  EXPECT_EQ(originated.front(), start);
  for (std::size_t i = 2; i < originated.size(); ++i)
    EXPECT_GE(originated[i] - originated[i - 1], milliseconds{1050});
  EXPECT_LE(originated.size(), 12U);
  network.run_for(seconds{10});
  EXPECT_FALSE(peer->held(key));
  network.change_externals(0, {route}, {});
  network.run_for(kRoundTrip);
  EXPECT_TRUE(peer->held(key)) << "rested: at once again";
}

// In: an LSA of age 10 that goes out of a link with a transmit delay of 7 s. Out: it is 17 s old there.
TEST_F(FloodingTest, Section13_3_TheTransmitDelayIsAddedToTheAge) {
  const auto peers = between_peers(7);
  const auto lsa = peers.announcing->router_lsa(kInitialSequenceNumber + 10, 1);
  peers.announcing->send_update({{lsa, 10}});
  network.run_for(milliseconds{500});
  const auto seen = peers.deaf->updates_of(V2::header(lsa).key);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen.front().header.age, 17);
}

// In: a neighbour that answers an LSA with the same instance. Out: that acknowledges it, and is not answered.
TEST_F(FloodingTest, Section13_Step7a_TheSameInstanceIsAnImpliedAcknowledgment) {
  const auto peers = between_peers();
  const auto lsa = peers.announcing->router_lsa(kInitialSequenceNumber + 10, 1);
  peers.announcing->send_update({{lsa, 10}});
  network.run_for(milliseconds{500});
  ASSERT_EQ(unacknowledged(*peers.deaf), 1U);
  peers.deaf->acknowledgments.clear();
  peers.deaf->send_update({{lsa, 11}});
  network.run_for(seconds{2});
  EXPECT_EQ(unacknowledged(*peers.deaf), 0U);
  EXPECT_TRUE(peers.deaf->acknowledgments.empty());
}

// In: an acknowledgement of the instance before, then of the one that was sent. Out: only the latter counts.
TEST_F(FloodingTest, Section13_7_OnlyThePresentInstanceIsAcknowledged) {
  const auto peers = between_peers();
  const auto former = peers.announcing->router_lsa(kInitialSequenceNumber + 10, 1);
  const auto present = peers.announcing->router_lsa(kInitialSequenceNumber + 11, 2);
  peers.announcing->send_update({{former, 10}});
  network.run_for(milliseconds{500});
  peers.announcing->send_update({{present, 10}});
  network.run_for(milliseconds{500});
  ASSERT_EQ(unacknowledged(*peers.deaf), 1U);
  const auto acknowledge = [&](const Lsa& lsa) {
    LinkStateAcknowledgment body;
    body.headers = {V2::header(lsa)};
    peers.deaf->transmit(V2::encode(peers.deaf->id(), kBackbone, body));
    network.run_for(milliseconds{500});
    return unacknowledged(*peers.deaf);
  };
  EXPECT_EQ(acknowledge(former), 1U);
  EXPECT_EQ(acknowledge(present), 0U);
}

// In: five instances of one LSA, 100 ms apart. Out: three are taken, the others dropped and counted; when the
// last is repeated after MinLSArrival it is taken.
TEST_F(FloodingTest, Section13_Step5a_ThreeInstancesWithinASecondAreTaken) {
  auto peer = full_peer(1, 9);
  const auto key = router_key(peer->id());
  for (std::int32_t i = 0; i < 5; ++i) {
    peer->send_update({{peer->router_lsa(kInitialSequenceNumber + 10 + i), 0}});
    network.run_for(milliseconds{100});
  }
  EXPECT_EQ(stored(0, key)->lsa.sequence_number(), kInitialSequenceNumber + 12);
  EXPECT_EQ(drops(0, DropReason::lsa_min_arrival), 2U);
  network.run_for(seconds{1});
  peer->send_update({{peer->router_lsa(kInitialSequenceNumber + 14), 0}});
  network.run_for(kRoundTrip);
  EXPECT_EQ(stored(0, key)->lsa.sequence_number(), kInitialSequenceNumber + 14);
}

// In: a neighbour that does not acknowledge. Out: the LSA comes again, at the latest after RxmtInterval,
// until it does.
TEST_F(FloodingTest, Section13_6_UnacknowledgedLsaIsRetransmitted) {
  auto peer = full_peer(1, 9);
  const auto key = router_key(network.routers[0].id);
  peer->updates.clear();
  peer->acknowledges = false;
  set_cost(0, link_of(*peer), 20);
  network.run_for(milliseconds{10100});
  const auto seen = peer->updates_of(key);
  ASSERT_GE(seen.size(), 3U);
  for (std::size_t i = 1; i < seen.size(); ++i) EXPECT_LE(seen[i].at - seen[i - 1].at, seconds{5});
  peer->acknowledges = true;
  network.run_for(seconds{6});
  EXPECT_EQ(instance(0).neighbors().front().retransmission_list, 0U);
}

// In: an LSA received. Out: acknowledged with delay, well within RxmtInterval; a duplicate at once.
TEST_F(FloodingTest, Section13_5_AcknowledgmentsDelayedAndDirect) {
  auto peer = full_peer(1, 9);
  const auto lsa = peer->router_lsa(kInitialSequenceNumber + 5);
  peer->acknowledgments.clear();
  peer->send_update({{lsa, 0}});
  network.run_for(kRoundTrip);
  EXPECT_TRUE(peer->acknowledgments.empty());
  network.run_for(seconds{1});
  ASSERT_EQ(peer->acknowledgments.size(), 1U);
  peer->send_update({{lsa, 0}});
  network.run_for(kRoundTrip);
  EXPECT_EQ(peer->acknowledgments.size(), 2U);
}

// In: an update with an older instance than ours. Out: ours comes back at once, once a second.
TEST_F(FloodingTest, Section13_Step8_OlderInstanceIsAnsweredWithOurs) {
  auto peer = full_peer(1, 9);
  peer->send_update({{peer->router_lsa(kInitialSequenceNumber + 5), 0}});
  network.run_for(seconds{2});
  peer->updates.clear();
  for (int i = 0; i < 3; ++i) peer->send_update({{peer->router_lsa(kInitialSequenceNumber + 2), 0}});
  network.run_for(kRoundTrip);
  ASSERT_EQ(peer->updates_of(router_key(peer->id())).size(), 1U);
  EXPECT_EQ(peer->updates.front().header.sequence_number, kInitialSequenceNumber + 5);
}

// In: an LSA, its flush, and then the LSA once more, overtaken on the way. Out: the flush wins: the LSA stays
// away, and the sender gets the flushed instance back.
TEST_F(FloodingTest, Section13_Step8_FlushedLsaThatComesLateIsNotTakenAgain) {
  auto peer = full_peer(1, 9);
  const auto lsa = peer->router_lsa(kInitialSequenceNumber + 5);
  const auto key = router_key(peer->id());
  peer->send_update({{lsa, 1}});
  network.run_for(seconds{2});
  peer->send_update({{lsa, kMaxAge}});
  network.run_for(milliseconds{50});
  ASSERT_FALSE(stored(0, key));
  peer->updates.clear();
  peer->send_update({{lsa, 1}});
  network.run_for(milliseconds{50});
  EXPECT_FALSE(stored(0, key));
  ASSERT_EQ(peer->updates_of(key).size(), 1U);
  EXPECT_TRUE(peer->updates.front().header.is_maxage());
}

// The same when the router had never seen the LSA that the flush is about (step 4).
TEST_F(FloodingTest, Section13_Step4_FlushThatOvertakesItsLsaWins) {
  auto peer = full_peer(1, 9);
  const auto lsa = peer->router_lsa(kInitialSequenceNumber + 5);
  const auto key = router_key(peer->id());
  peer->send_update({{lsa, kMaxAge}});
  network.run_for(milliseconds{50});
  peer->send_update({{lsa, 1}});
  network.run_for(milliseconds{50});
  EXPECT_FALSE(stored(0, key));
  peer->send_update({{peer->router_lsa(kInitialSequenceNumber + 6), 1}});  // a newer one is a new LSA
  network.run_for(milliseconds{50});
  EXPECT_TRUE(stored(0, key));
}

// In: an LSA, the flush of its next instance, late the flush of the instance before that, and later still the
// next instance itself. Out: it is the newer flush that counts, in whatever order they come.
TEST_F(FloodingTest, Section13_Step8_AnOlderFlushDoesNotHideTheNewerOne) {
  auto peer = full_peer(1, 9);
  const auto first = peer->router_lsa(kInitialSequenceNumber + 5);
  const auto second = peer->router_lsa(kInitialSequenceNumber + 6);
  const auto key = router_key(peer->id());
  peer->send_update({{first, 1}});
  network.run_for(seconds{2});
  peer->updates.clear();
  for (const auto& lsa :
       {OutgoingLsa{second, kMaxAge}, OutgoingLsa{first, kMaxAge}, OutgoingLsa{second, 1}}) {
    peer->send_update({lsa});
    network.run_for(milliseconds{50});
    EXPECT_FALSE(stored(0, key));
  }
  const auto answers = peer->updates_of(key);
  ASSERT_FALSE(answers.empty());
  EXPECT_TRUE(answers.back().header.is_maxage());
  EXPECT_EQ(answers.back().header.sequence_number, second.sequence_number());
}

// In: the flush was long ago. Out: an instance however old is a new LSA (a router that starts again at the
// initial sequence number must be heard).
TEST_F(FloodingTest, Section13_Step4_FlushIsForgottenAfterMinLsArrival) {
  auto peer = full_peer(1, 9);
  peer->send_update({{peer->router_lsa(kInitialSequenceNumber + 5), kMaxAge}});
  network.run_for(milliseconds{1100});
  peer->send_update({{peer->router_lsa(kInitialSequenceNumber), 1}});
  network.run_for(milliseconds{50});
  EXPECT_TRUE(stored(0, router_key(peer->id())));
}

// In: an external withdrawn and set again at once. Out: it is everywhere again within a second.
TEST_F(FloodingTest, Section14_1_WithdrawnAndSetAgainAtOnceIsBack) {
  const RouterIndex a = add_router(1), b = add_router(2), c = add_router(3);
  connect(a, b);
  connect(b, c);
  start_all();
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
  network.run_for(seconds{10});
  ExternalRoute route;
  route.prefix = *Ipv4Prefix::parse("198.51.100.0/24");
  const LsaKey key{LsaType::as_external, LinkStateId{0xc6336400}, network.routers[a].id};
  network.change_externals(a, {route}, {});
  network.run_for(seconds{8});
  ASSERT_TRUE(stored(c, key));
  network.change_externals(a, {}, {route.prefix});
  network.run_for(milliseconds{100});
  EXPECT_FALSE(stored(c, key));
  network.change_externals(a, {route}, {});
  EXPECT_TRUE(network.run_until([&] { return stored(c, key).has_value(); }, seconds{1}));
  network.run_for(seconds{8});
  EXPECT_TRUE(stored(c, key));
  EXPECT_TRUE(stored(b, key));
}

}  // namespace
}  // namespace wgospf::sim
