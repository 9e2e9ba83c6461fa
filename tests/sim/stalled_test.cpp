// Neighbours that describe LSAs and never send them, or do not go on to describe: they keep MaxAge LSAs (RFC 2328
// section 14) and room in the database for a while only.

#include <algorithm>

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

constexpr RouterId kThird{0x01010155};
constexpr Duration kPatience = kExchangePatience * Duration{seconds{5}};  ///< of the default RxmtInterval

Lsa external(std::uint32_t network) {
  v2::ExternalLsa body;
  body.mask = 0xffffff00;
  body.metric = 20;
  LsaHeader header;
  header.age = 5;
  header.options = {Options::kExternal};
  header.key = {LsaType::as_external, LinkStateId{network}, kThird};
  return V2::encode_lsa(header, body);
}

class StalledTest : public Scenario {
 protected:
  /// A peer that describes `count` LSAs and answers no request.
  std::unique_ptr<ScriptedPeer> add_stuck_peer(RouterIndex router, std::uint32_t number,
                                               std::uint32_t count) {
    auto peer = add_peer(router, number);
    peer->answers_requests = false;
    for (std::uint32_t i = 0; i < count; ++i) peer->hold(external(0xcb000000 + (number << 16) + (i << 8)));
    return peer;
  }
  /// Has room for `room` LSAs. The one of its peers has described `promised` LSAs and sends none; the other, whose cable
  /// is cut yet, has `held`.
  struct Promised {
    RouterIndex router{};
    std::unique_ptr<ScriptedPeer> stuck{}, peer{};
  };
  [[nodiscard]] Promised promise(std::size_t room, std::uint32_t promised, std::uint32_t held) {
    Promised made{add_router(1)};
    network.routers[made.router].max_lsa = room;
    made.stuck = add_stuck_peer(made.router, 8, promised);
    made.peer = add_peer(made.router, 9);
    for (auto* one : {made.stuck.get(), made.peer.get()}) network.cables[one->cable()].mtu = 65535;
    for (std::uint32_t i = 0; i < held; ++i) made.peer->hold(held_one(i));
    set_cut(*made.peer, true);
    start_all();
    made.stuck->start();
    EXPECT_TRUE(run_until_state(*made.stuck, NeighborState::loading, seconds{5}));
    return made;
  }
  [[nodiscard]] static Lsa held_one(std::uint32_t number) { return external(0xc6000000 + (number << 8)); }
  void set_cut(const ScriptedPeer& peer, bool cut) {
    for (auto& way : network.cables[peer.cable()].into) way.cut = cut;
  }
  [[nodiscard]] bool run_until_state(const ScriptedPeer& peer, NeighborState state, Duration limit) {
    return network.run_until([&] { return state_of(0, peer) == state; }, limit);
  }
  [[nodiscard]] NeighborInfo info_of(const ScriptedPeer& peer) {
    for (const auto& neighbor : instance(0).neighbors())
      if (neighbor.router_id == peer.id()) return neighbor;
    return {};
  }
  /// When an exchange with the peer was broken off because it did not go on.
  [[nodiscard]] std::vector<Instant> stalls_of(const ScriptedPeer& peer) const {
    return changes_of(peer,
                      [](const auto& change) { return change.reason == NeighborEvent::exchange_stalled; });
  }
  [[nodiscard]] std::vector<Instant> attempts_of(const ScriptedPeer& peer) const {
    return changes_of(peer, [](const auto& change) { return change.to == NeighborState::exchange; });
  }

 private:
  template <class Condition>
  [[nodiscard]] std::vector<Instant> changes_of(const ScriptedPeer& peer, Condition&& is_meant) const {
    std::vector<Instant> times;
    for (const auto& told : events)
      if (const auto* change = std::get_if<NeighborStateChanged>(&told.event);
          change != nullptr && change->router == peer.id() && is_meant(*change))
        times.push_back(told.at);
    return times;
  }
};

// In: a neighbour that describes an LSA and never sends it; another neighbour flushes its router-LSA meanwhile. Out:
// the exchange is broken off when nothing has come for twelve RxmtIntervals, counted, and shown with what it is; in the
// pause the MaxAge LSA leaves. Once the neighbour sends what it describes it is Full and nothing is shown.
TEST_F(StalledTest, Section14_ANeighborThatNeverSendsWhatItDescribesKeepsMaxAgeLsasForAWhile) {
  auto full = full_peer(1, 9);
  auto stuck = add_stuck_peer(0, 8, 1);
  network.reload(0);
  stuck->start();
  ASSERT_TRUE(run_until_state(*stuck, NeighborState::loading, seconds{5}));
  const Instant begun = network.now();
  const auto lsa = full->router_lsa(kInitialSequenceNumber + 5);
  const auto key = V2::header(lsa).key;
  full->send_update({{lsa, 1}});
  network.run_for(seconds{2});
  full->send_update({{lsa, kMaxAge}});
  network.run_for(seconds{30});
  ASSERT_TRUE(stored(0, key)) << "section 14: it stays while a neighbour is in Loading";
  ASSERT_TRUE(network.run_until([&] { return !stored(0, key); }, seconds{60}));
  EXPECT_GE(network.now() - begun, kPatience);
  EXPECT_LE(network.now() - begun, kPatience + seconds{6});
  EXPECT_EQ(state_of(0, *stuck), NeighborState::ex_start);
  EXPECT_EQ(drops(0, DropReason::exchange_stalled), 1U);
  EXPECT_EQ(info_of(*stuck).problem, NeighborProblem::stalled);
  ASSERT_TRUE(run_until_state(*stuck, NeighborState::loading, seconds{10}));
  EXPECT_EQ(info_of(*stuck).problem, NeighborProblem::stalled) << "it is not better yet";
  stuck->answers_requests = true;
  ASSERT_TRUE(network.run_until([&] { return full_count(0) == 2; }, seconds{10}));
  EXPECT_EQ(info_of(*stuck).problem, NeighborProblem::none);
}

// In: the same neighbour for two hours, which opens an exchange every second while there is none. Out: the pauses
// become twice as long each time, up to ten minutes, and an exchange that it opens in a pause is not answered; so
// for most of the time MaxAge LSAs may leave.
TEST_F(StalledTest, Section10_9_ThePausesBecomeLonger) {
  const RouterIndex a = add_router(1);
  auto stuck = add_stuck_peer(a, 9, 1);
  start_all();
  stuck->start();
  ASSERT_TRUE(run_until_state(*stuck, NeighborState::loading, seconds{5}));
  for (int second = 0; second < 7200; ++second) {
    network.run_for(seconds{1});
    if (state_of(a, *stuck) == NeighborState::ex_start) stuck->send_dd(stuck->opening_dd());
  }
  const auto stalls = stalls_of(*stuck), attempts = attempts_of(*stuck);
  ASSERT_GE(stalls.size(), 10U);
  for (std::size_t i = 0; i < stalls.size(); ++i) {
    const auto next = std::upper_bound(attempts.begin(), attempts.end(), stalls[i]);
    if (next == attempts.end()) break;
    const Duration pause = *next - stalls[i];
    const Duration meant = std::min<Duration>(seconds{600}, seconds{5} * (1 << std::min<std::size_t>(i, 10)));
    EXPECT_GE(pause, meant * 9 / 10 - kRoundTrip) << i;
    EXPECT_LE(pause, meant + seconds{6}) << i;
  }
  EXPECT_EQ(drops(a, DropReason::exchange_stalled), stalls.size());
}

// In: a neighbour whose exchange was broken off several times, and which is started anew. Out: it is Full at once; the
// pauses were of the former one.
TEST_F(StalledTest, Section10_5_ANeighborThatIsStartedAnewDoesNotWaitForThePause) {
  const RouterIndex a = add_router(1);
  auto stuck = add_stuck_peer(a, 9, 1);
  start_all();
  stuck->start();
  ASSERT_TRUE(network.run_until([&] { return stalls_of(*stuck).size() == 4; }, seconds{600}));
  stuck->say_goodbye();
  stuck->fall_silent();
  network.run_for(seconds{2});
  stuck->answers_requests = true;
  stuck->start();
  EXPECT_TRUE(network.run_until([&] { return full_count(a) == 1; }, seconds{3}));
}

// In: a master that describes nothing after its opening, and a slave that answers one description and no more. Out:
// both exchanges are broken off, and MaxAge LSAs may leave.
TEST_F(StalledTest, Section10_8_AMasterThatDoesNotGoOnIsBrokenOff) {
  const RouterIndex a = add_router(5);
  auto master = add_peer(a, 9);
  master->answers_descriptions = false;
  start_all();
  master->start();
  ASSERT_TRUE(run_until_state(*master, NeighborState::ex_start, seconds{5}));
  network.run_for(kRoundTrip);
  master->send_dd(master->opening_dd());
  network.run_for(kRoundTrip);
  ASSERT_EQ(state_of(a, *master), NeighborState::exchange);
  EXPECT_FALSE(run_until_state(*master, NeighborState::ex_start, kPatience - seconds{1}));
  EXPECT_TRUE(run_until_state(*master, NeighborState::ex_start, seconds{2}));
}
TEST_F(StalledTest, Section10_8_ASlaveThatDoesNotGoOnIsBrokenOff) {
  const RouterIndex a = add_router(5);
  auto slave = add_peer(a, 1);
  slave->answers_descriptions = false;
  start_all();
  slave->start();
  ASSERT_TRUE(run_until_state(*slave, NeighborState::ex_start, seconds{5}));
  network.run_for(kRoundTrip);
  ASSERT_FALSE(slave->descriptions.empty());
  auto answer = slave->opening_dd();
  answer.flags = {.init = false, .more = true, .master = false};
  answer.sequence_number = slave->descriptions.back().dd.sequence_number;
  slave->send_dd(answer);
  network.run_for(kRoundTrip);
  ASSERT_EQ(state_of(a, *slave), NeighborState::exchange);
  EXPECT_FALSE(run_until_state(*slave, NeighborState::ex_start, kPatience - seconds{1}));
  EXPECT_TRUE(run_until_state(*slave, NeighborState::ex_start, seconds{2}));
}

// In: a neighbour that sends one of the LSAs that it described every 50 s. Out: ten of them take their time, and it is
// Full without having been broken off.
TEST_F(StalledTest, Section10_9_ASlowNeighborIsNotBrokenOff) {
  const RouterIndex a = add_router(1);
  auto slow = add_stuck_peer(a, 9, 10);
  start_all();
  slow->start();
  ASSERT_TRUE(run_until_state(*slow, NeighborState::loading, seconds{5}));
  for (std::uint32_t i = 0; i < 10; ++i) {
    network.run_for(seconds{50});
    slow->send_update({{external(0xcb090000 + (i << 8)), 6}});
  }
  EXPECT_TRUE(network.run_until([&] { return full_count(a) == 1; }, seconds{1}));
  EXPECT_TRUE(stalls_of(*slow).empty());
}

// In: the same, with more LSAs than an hour has time for. Out: it is broken off after an hour.
TEST_F(StalledTest, Section14_AnExchangeIsOverAfterAnHourWhateverComes) {
  const RouterIndex a = add_router(1);
  auto slow = add_stuck_peer(a, 9, 100);
  network.cables[slow->cable()].mtu = 65535;
  start_all();
  slow->start();
  ASSERT_TRUE(run_until_state(*slow, NeighborState::loading, seconds{5}));
  const Instant begun = network.now();
  for (std::uint32_t i = 0; i < 100 && stalls_of(*slow).empty(); ++i) {
    network.run_for(seconds{50});
    slow->send_update({{external(0xcb090000 + (i << 8)), 6}});
  }
  ASSERT_EQ(stalls_of(*slow).size(), 1U);
  EXPECT_GE(stalls_of(*slow).front() - begun, kExchangeMost - seconds{1});
  EXPECT_LE(stalls_of(*slow).front() - begun, kExchangeMost + seconds{10});
}

// In: 20 neighbours that describe one LSA and never send it, and one that describes the same LSA and has it. Out: that
// one has its turn after more than twelve RxmtIntervals, and is Full; it is not broken off for what others hold up.
TEST_F(StalledTest, Section10_9_WhoIsNotAskedIsNotToBlame) {
  const RouterIndex a = add_router(1);
  const auto lsa = external(0xcb007100);
  std::vector<std::unique_ptr<ScriptedPeer>> stuck;
  for (std::uint32_t number = 100; number < 120; ++number) {
    stuck.push_back(add_peer(a, number));
    stuck.back()->answers_requests = false;
    stuck.back()->hold(lsa);
  }
  auto honest = add_peer(a, 120);
  honest->hold(lsa);
  start_all();
  for (auto& peer : stuck) peer->start();
  network.run_for(seconds{2});
  honest->start();
  EXPECT_TRUE(network.run_until([&] { return state_of(a, *honest) == NeighborState::full; }, seconds{180}));
  EXPECT_TRUE(stalls_of(*honest).empty());
}

// In: room for 100 LSAs, and a neighbour that describes 150 and sends none. Out: the database is not called full, for
// it is empty; what another neighbour has is stored.
TEST_F(StalledTest, WhatIsPromisedAndDoesNotComeIsNoReasonToCallTheDatabaseFull) {
  const auto made = promise(100, 150, 50);
  const RouterIndex a = made.router;
  ScriptedPeer* const peer = made.peer.get();
  network.run_for(seconds{10});
  EXPECT_FALSE(instance(a).statistics().database_full);
  set_cut(*peer, false);
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return full_count(a) == 1; }, seconds{5}));
  EXPECT_EQ(instance(a).statistics().lsdb_size, 51U);
  network.run_for(seconds{300});
  EXPECT_FALSE(instance(a).statistics().database_full);
  EXPECT_TRUE(events_of<DatabaseLimit>(a).empty());
}

// In: room for 100 LSAs, a neighbour that describes 90 and sends none, and one with 150, 60 of which it flushes. Out:
// in spite of what the first has promised, others of the second come in their place.
TEST_F(StalledTest, WhatIsPromisedAndDoesNotComeKeepsNoRoom) {
  const auto made = promise(100, 90, 150);
  const RouterIndex a = made.router;
  ScriptedPeer* const peer = made.peer.get();
  set_cut(*peer, false);
  peer->start();
  ASSERT_TRUE(run_until_state(*peer, NeighborState::full, seconds{5}));
  ASSERT_TRUE(instance(a).statistics().database_full);
  std::vector<OutgoingLsa> flush;
  for (std::uint32_t i = 0; i < 150 && flush.size() < 60; ++i) {
    const auto lsa = held_one(i);
    if (!stored(a, V2::header(lsa).key)) continue;
    flush.push_back({lsa, kMaxAge});
    peer->drop(V2::header(lsa).key);
  }
  peer->send_update(flush);
  EXPECT_TRUE(network.run_until(
      [&] {
        std::size_t held = 0;
        for (std::uint32_t i = 0; i < 150; ++i) held += stored(a, V2::header(held_one(i)).key) ? 1 : 0;
        return held == 90 && state_of(a, *peer) == NeighborState::full;
      },
      seconds{200}))
      << instance(a).statistics().lsdb_size;
}

// In: room for 1000 LSAs, a neighbour that has described 900 and sends none, and one with 1500; then room for 1700. Out:
// the other 500 of the second come at once.
TEST_F(StalledTest, WhatIsPromisedKeepsNoRoomWhenThereIsMore) {
  const auto made = promise(1000, 900, 1500);
  const RouterIndex a = made.router;
  ScriptedPeer* const peer = made.peer.get();
  set_cut(*peer, false);
  peer->start();
  ASSERT_TRUE(run_until_state(*peer, NeighborState::full, seconds{5}));
  ASSERT_TRUE(instance(a).statistics().database_full);
  network.routers[a].max_lsa = 1700;
  network.reload(a);
  EXPECT_TRUE(network.run_until([&] { return instance(a).statistics().lsdb_size == 1501; }, seconds{5}));
  EXPECT_EQ(state_of(a, *made.stuck), NeighborState::loading);
}

}  // namespace
}  // namespace wgospf::sim
