// Sequence numbers of our own LSAs outlive their flush (RFC 2328 sections 12.1.6, 13, 13.4, 14): beside
// neighbours that keep a flushed instance for long, because one of their own neighbours exchanges databases.

#include <iostream>

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

double in_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

class NumbersTest : public Scenario {
 protected:
  static constexpr Ipv4Address kPrefix{0xc6336400};  // 198.51.100.0

  [[nodiscard]] static ExternalRoute route(std::uint32_t number = 0) {
    ExternalRoute route;
    route.prefix = Ipv4Prefix::make({kPrefix.value + (number << 8)}, 24);
    return route;
  }
  [[nodiscard]] LsaKey external_key(RouterIndex router, std::uint32_t number = 0) const {
    return {LsaType::as_external, LinkStateId{kPrefix.value + (number << 8)}, network.routers[router].id};
  }
  void set(RouterIndex router) { network.change_externals(router, {route()}, {}); }
  void withdraw(RouterIndex router) { network.change_externals(router, {}, {route().prefix}); }

  /// An instance of an external of ours, as some neighbour might send it.
  [[nodiscard]] Lsa external(RouterIndex router, std::int32_t sequence_number, std::uint16_t age,
                             std::uint32_t number = 0) const {
    v2::ExternalLsa body;
    body.mask = netmask(24);
    body.metric = 20;
    LsaHeader header;
    header.age = age;
    header.options = {Options::kExternal};
    header.key = external_key(router, number);
    header.sequence_number = sequence_number;
    return V2::encode_lsa(header, body);
  }

  /// Router 0 beside router 1, whose other neighbour described an LSA that never comes: it is in Loading for
  /// good, so router 1 keeps every flushed LSA.
  struct Stuck {
    RouterIndex a = 0, b = 0;
    std::unique_ptr<ScriptedPeer> third;
  };
  [[nodiscard]] Stuck beside_one_in_loading() {
    Stuck made;
    made.a = add_router(1);
    made.b = add_router(2);
    connect(made.a, made.b);
    made.third = add_peer(made.b, 9);
    for (auto& router : network.routers)  // as the daemon has it: no calculation waits for long
      router.spf_delay.long_delay = router.spf_delay.short_delay;
    LsaHeader header;
    header.key = router_key(RouterId{0x01010155});
    header.age = 5;
    made.third->hold(V2::encode_lsa(header, v2::RouterLsa{}));
    made.third->answers_requests = false;
    start_all();
    made.third->start();
    EXPECT_TRUE(network.run_until(
        [&] { return state_of(made.b, *made.third) == NeighborState::loading && full_count(made.a) == 1; },
        seconds{10}));
    network.run_for(seconds{10});
    return made;
  }
  /// Does router 1 use what router 0 says?
  [[nodiscard]] bool is_reached(RouterIndex b, Ipv4Address address) {
    return instance(b).routes()->lookup(address) != nullptr;
  }
  void flap_eight_times(Duration half_period) {
    auto net = beside_one_in_loading();
    set(net.a);
    ASSERT_TRUE(network.run_until([&] { return is_reached(net.b, kPrefix); }, seconds{3}));
    network.run_for(seconds{20});
    for (int i = 0; i < 8; ++i) {
      withdraw(net.a);
      network.run_for(half_period);
      set(net.a);
      network.run_for(half_period);
    }
    const Instant last = network.now() - half_period;
    const auto is_back = [&] {
      const auto held = stored(net.b, external_key(net.a)), own = stored(net.a, external_key(net.a));
      return held && own && held->header.age < kMaxAge && held->lsa.checksum() == own->lsa.checksum() &&
             is_reached(net.b, kPrefix);
    };
    ASSERT_TRUE(network.run_until(is_back, seconds{60}));
    std::cout << "flaps every " << in_seconds(2 * half_period) << " s: back "
              << in_seconds(network.now() - last) << " s after the last\n";
    EXPECT_LE(network.now() - last, seconds{3});
    EXPECT_EQ(state_of(net.b, *net.third), NeighborState::loading);
  }
  void restart_after(Duration pause) {
    auto net = beside_one_in_loading();
    set(net.a);
    ASSERT_TRUE(network.run_until([&] { return is_reached(net.b, kPrefix); }, seconds{3}));
    network.run_for(seconds{10});
    network.shut_down(net.a);
    ASSERT_TRUE(network.run_until([&] { return network.routers[net.a].life == Life::absent; }, seconds{2}));
    const auto left = stored(net.b, external_key(net.a));
    ASSERT_TRUE(left) << "kept, because a neighbour of its is in Loading";
    ASSERT_EQ(left->header.age, kMaxAge);
    network.run_for(pause);
    // The routes of other programs are heard of after the start.
    network.routers[net.a].externals.clear();
    network.start(net.a);
    ASSERT_TRUE(network.run_until([&] { return full_count(net.a) == 1; }, seconds{10}));
    const Instant full = network.now();
    network.run_for(milliseconds{300});
    set(net.a);
    const auto is_back = [&] {
      return is_reached(net.b, kPrefix) && is_reached(net.b, Ipv4Address{network.routers[net.a].id.value});
    };
    ASSERT_TRUE(network.run_until(is_back, seconds{60}));
    std::cout << "started again after " << in_seconds(pause) << " s: back "
              << in_seconds(network.now() - full) << " s after Full\n";
    EXPECT_LE(network.now() - full, seconds{2});
  }
};

// In: an external that is flapped eight times, beside a router that keeps each flushed instance. Out: it is
// there within 3 s of the last.
TEST_F(NumbersTest, Section14_EightFastFlapsBesideANeighborThatKeepsTheFlush) {
  flap_eight_times(milliseconds{100});
}
TEST_F(NumbersTest, Section14_EightFlapsBesideANeighborThatKeepsTheFlush) {
  flap_eight_times(milliseconds{600});
}
TEST_F(NumbersTest, Section14_EightSlowFlapsBesideANeighborThatKeepsTheFlush) {
  flap_eight_times(seconds{2});
}

// In: an orderly shutdown and a start, beside a router that keeps what was flushed. Out: everything is back
// within 2 s of Full.
TEST_F(NumbersTest, Section14_AStartAtOnceBesideANeighborThatKeepsTheFlush) {
  restart_after(milliseconds{100});
}
TEST_F(NumbersTest, Section14_AStartAfterTwoSecondsBesideANeighborThatKeepsTheFlush) {
  restart_after(seconds{2});
}
TEST_F(NumbersTest, Section14_AStartAfterTenSecondsBesideANeighborThatKeepsTheFlush) {
  restart_after(seconds{10});
}

// In: an orderly shutdown and a start with the same externals, beside a neighbour that keeps what was
// flushed, has the same number as ours, and tells nothing of it for RxmtInterval (FRR). Out: everything is
// back within 2 s of Full, and what the neighbour asked for is not sent again.
TEST_F(NumbersTest, Section10_3_WhatANeighborKeepsInSilenceIsFoundSoonAfterFull) {
  auto peer = full_peer(1, 9);
  peer->keeps_flushed = true;
  const auto key = router_key(network.routers[0].id);
  const auto is_held = [&](const LsaKey& of) { return peer->held(of) && !peer->held(of)->is_maxage(); };
  set(0);
  network.run_for(seconds{10});
  ASSERT_TRUE(is_held(external_key(0)));
  network.shut_down(0);
  ASSERT_TRUE(network.run_until([&] { return network.routers[0].life == Life::absent; }, seconds{2}));
  ASSERT_FALSE(is_held(external_key(0)));
  ASSERT_FALSE(is_held(key));
  network.run_for(seconds{2});
  network.change_externals(0, {route(1)}, {});  // the neighbour does not know this one
  for (auto& way : network.cables[peer->cable()].into) way.cut = true;
  network.start(0);
  network.run_for(seconds{1});  // originated already when the neighbour comes
  for (auto& way : network.cables[peer->cable()].into) way.cut = false;
  peer->updates.clear();
  ASSERT_TRUE(network.run_until([&] { return full_count(0) == 1; }, seconds{10}));
  const Instant full = network.now();
  ASSERT_TRUE(network.run_until([&] { return is_held(key) && is_held(external_key(0)); }, seconds{20}));
  EXPECT_LE(network.now() - full, seconds{2});
  network.run_for(seconds{10});
  EXPECT_TRUE(is_held(external_key(0, 1)));
  EXPECT_EQ(peer->updates_of(external_key(0, 1)).size(), 1U);
  EXPECT_EQ(instance(0).footprint()["neighbors.own-lsas"], 0U);
}

// In: an external that is withdrawn and set again after most of an hour; then the same after more than an
// hour. Out: its number goes on; then, when every copy has aged out, it starts anew and nothing is kept.
TEST_F(NumbersTest, Section12_1_6_TheNumberOutlivesTheFlushByMaxAge) {
  auto peer = full_peer(1, 9);
  const auto number = [&] { return stored(0, external_key(0))->lsa.sequence_number(); };
  set(0);
  network.run_for(seconds{20});
  EXPECT_EQ(number(), kInitialSequenceNumber);
  withdraw(0);
  network.run_for(seconds{kMaxAge - 60});
  EXPECT_EQ(instance(0).footprint()["origination.kept"], 1U);
  set(0);
  EXPECT_EQ(number(), kInitialSequenceNumber + 1);
  EXPECT_EQ(instance(0).footprint()["origination.kept"], 0U);
  network.run_for(seconds{20});
  withdraw(0);
  network.run_for(seconds{kMaxAge + 60});
  EXPECT_EQ(instance(0).footprint()["origination.kept"], 0U);
  set(0);
  EXPECT_EQ(number(), kInitialSequenceNumber);
}

// In: a flushed instance of an external that we do not have, by our router id; nobody exchanges databases.
// Out: acknowledged and discarded, and its number counts when we originate the LSA.
TEST_F(NumbersTest, Section13_Step4_TheNumberOfADiscardedInstanceCounts) {
  auto peer = full_peer(1, 9);
  peer->acknowledgments.clear();
  peer->send_update({{external(0, kInitialSequenceNumber + 50, kMaxAge), kMaxAge}});
  network.run_for(seconds{5});
  ASSERT_EQ(peer->acknowledgments.size(), 1U);
  EXPECT_FALSE(stored(0, external_key(0)));
  set(0);
  EXPECT_EQ(stored(0, external_key(0))->lsa.sequence_number(), kInitialSequenceNumber + 51);
  EXPECT_TRUE(events_of<OwnLsaFlushedElsewhere>(0).empty()) << "it was not ours yet";
}

// In: instances of our router-LSA that come faster than MinLSArrival lets them in. Out: the next of ours is
// above them all.
TEST_F(NumbersTest, Section13_Step5a_TheNumberOfAnInstanceThatCameTooSoonCounts) {
  auto peer = full_peer(1, 9);
  const auto key = router_key(network.routers[0].id);
  const auto own = stored(0, key)->lsa;
  std::int32_t sent = own.sequence_number();
  for (int i = 0; i < 12; ++i) {
    sent += 10;
    peer->send_update({{with(own, 5, sent), 5}});
  }
  network.run_for(seconds{1});
  EXPECT_GT(drops(0, DropReason::lsa_min_arrival), 0U);
  network.run_for(seconds{10});
  EXPECT_GT(stored(0, key)->lsa.sequence_number(), sent);
  EXPECT_EQ(peer->held(key)->sequence_number, stored(0, key)->lsa.sequence_number());
  network.problems.clear();  // the simulator knows that there is no other router of this id
}

// In: a neighbour that flushes our router-LSA, once. Out: it is outdone, and nothing is told: nobody missed
// it for longer than a moment, which every quick restart takes.
TEST_F(NumbersTest, Section13_4_AFlushThatIsOutdoneForGoodIsNotTold) {
  auto peer = full_peer(1, 9);
  const auto key = router_key(network.routers[0].id);
  const auto own = stored(0, key)->lsa;
  for (const std::int32_t above : {1, 3}) {  // the second, too, within the moment
    peer->send_update({{with(own, kMaxAge, own.sequence_number() + above), kMaxAge}});
    network.run_for(kFightLasts / 3);
  }
  network.run_for(seconds{15});
  ASSERT_TRUE(peer->held(key));
  EXPECT_GT(peer->held(key)->sequence_number, own.sequence_number() + 3);
  EXPECT_TRUE(events_of<OwnLsaFlushedElsewhere>(0).empty());
}

// In: a neighbour that flushes our router-LSA and ten externals, three times. Out: all are outdone each time;
// that nobody has them is told once, when it has gone on for a while, and once more when it does so again
// after a minute of peace.
TEST_F(NumbersTest, Section13_4_ThatOthersFlushWhatIsOursIsToldOnce) {
  auto peer = full_peer(1, 9);
  std::vector<ExternalRoute> routes;
  for (std::uint32_t i = 0; i < 10; ++i) routes.push_back(route(i));
  network.change_externals(0, routes, {});
  network.run_for(seconds{20});
  const auto key = router_key(network.routers[0].id);
  const auto flush_all = [&] {
    std::vector<OutgoingLsa> lsas;
    const auto add = [&](const LsaKey& of) {
      const auto own = stored(0, of)->lsa;
      lsas.push_back({with(own, kMaxAge, own.sequence_number() + 1), kMaxAge});
    };
    add(key);
    for (std::uint32_t i = 0; i < 10; ++i) add(external_key(0, i));
    peer->send_update(lsas);
    network.run_for(seconds{15});
    for (const auto& lsa : lsas) {
      const auto of = V2::header(lsa.lsa).key;
      ASSERT_TRUE(peer->held(of));
      EXPECT_EQ(peer->held(of)->sequence_number, lsa.lsa.sequence_number() + 1);
    }
  };
  const auto told = [&] { return events_of<OwnLsaFlushedElsewhere>(0).size(); };
  for (int i = 0; i < 3; ++i) flush_all();
  EXPECT_EQ(told(), 1U);
  EXPECT_TRUE(events_of<SelfOriginatedReceived>(0).empty());
  network.run_for(kFightQuiet);
  flush_all();
  EXPECT_EQ(told(), 1U) << "not before it goes on";
  flush_all();
  EXPECT_EQ(told(), 2U);
}

// In: the largest sequence number of an external that we do not have, flushed by a neighbour. Out: when we
// originate it, the largest number is flushed first; the initial one follows when that is acknowledged, not
// before.
TEST_F(NumbersTest, Section12_1_6_AWrapStartsAnewOnlyWhenItIsAcknowledged) {
  auto peer = full_peer(1, 9);
  peer->send_update({{external(0, kMaxSequenceNumber, kMaxAge), kMaxAge}});
  network.run_for(seconds{5});
  peer->updates.clear();
  peer->acknowledges = false;
  set(0);
  network.run_for(seconds{12});
  for (const auto& seen : peer->updates_of(external_key(0))) {
    EXPECT_TRUE(seen.header.is_maxage());
    EXPECT_EQ(seen.header.sequence_number, kMaxSequenceNumber);
  }
  EXPECT_GE(peer->updates_of(external_key(0)).size(), 2U);
  peer->acknowledges = true;
  ASSERT_TRUE(network.run_until(
      [&] {
        const auto held = peer->held(external_key(0));
        return held && held->sequence_number == kInitialSequenceNumber;
      },
      seconds{12}));
  EXPECT_EQ(stored(0, external_key(0))->lsa.sequence_number(), kInitialSequenceNumber);
}

// In: 65,536 externals of ours, withdrawn; and as many that a neighbour says are flushed ones of ours. Out:
// the numbers that are kept are bounded, the latest among them, and none after an hour.
TEST_F(NumbersTest, NumbersKeptAreBounded) {
  auto peer = full_peer(1, 9);
  network.cables[peer->cable()].mtu = 65535;
  constexpr std::uint32_t kMany = 65536;
  std::vector<ExternalRoute> routes;
  std::vector<IpPrefix> prefixes;
  for (std::uint32_t i = 0; i < kMany; ++i) {
    routes.push_back({Ipv4Prefix::make({0x0b000000 + (i << 8)}, 24), 20, true, 0, {}});
    prefixes.push_back(routes.back().prefix);
  }
  network.change_externals(0, routes, {});
  network.run_for(seconds{10});
  network.change_externals(0, {}, prefixes);
  network.run_for(seconds{60});
  EXPECT_EQ(instance(0).footprint()["origination.kept"], kKeptNumbers);
  EXPECT_EQ(instance(0).statistics().lsdb_size, 1U);
  for (std::uint32_t i = 0; i < kMany; i += 1024) {
    std::vector<OutgoingLsa> lsas;
    for (std::uint32_t j = i; j < i + 1024; ++j)
      lsas.push_back({external(0, kInitialSequenceNumber + 7, kMaxAge, j), kMaxAge});
    peer->send_update(lsas);
    network.run_for(milliseconds{50});
  }
  EXPECT_EQ(instance(0).footprint()["origination.kept"], kKeptNumbers);
  network.change_externals(0, {route(kMany - 1)}, {});
  EXPECT_EQ(stored(0, external_key(0, kMany - 1))->lsa.sequence_number(), kInitialSequenceNumber + 8);
  network.change_externals(0, {route(1)}, {});
  EXPECT_EQ(stored(0, external_key(0, 1))->lsa.sequence_number(), kInitialSequenceNumber) << "too long ago";
  network.run_for(seconds{kMaxAge + 10});
  EXPECT_EQ(instance(0).footprint()["origination.kept"], 0U);
}

}  // namespace
}  // namespace wgospf::sim
