// The way from Exchange to Full against neighbours that hold what is odd or refused: it always comes to its
// end, and it comes there soon.

#include <algorithm>
#include <set>

#include "ospf/checksum.h"
#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

constexpr RouterId kThird{0x01010155};

LsaHeader header_of(LsaType type, std::uint32_t id) {
  LsaHeader header;
  header.age = 5;
  header.options = {Options::kExternal};
  header.key = {type, LinkStateId{id}, kThird};
  return header;
}

Lsa external(std::uint32_t network, std::uint32_t mask) {
  v2::ExternalLsa body;
  body.mask = mask;
  body.metric = 20;
  return V2::encode_lsa(header_of(LsaType::as_external, network), body);
}

/// A router-LSA of the third router, from raw body bytes.
Lsa third_router_lsa(const v2::RouterLsa& body) {
  return V2::encode_lsa(header_of(LsaType::router, kThird.value), body);
}
Lsa third_router_lsa(std::vector<std::byte> body) {
  return V2::encode_lsa(header_of(LsaType::router, kThird.value), v2::OpaqueLsa{std::move(body)});
}

/// With the age among its bytes; the checksum does not cover it.
Lsa with_age(const Lsa& lsa, std::uint16_t age) {
  std::vector<std::byte> bytes(lsa.bytes().begin(), lsa.bytes().end());
  store_u16(bytes.data(), age);
  return Lsa::copy(bytes);
}

Lsa with_broken_checksum(const Lsa& lsa) {
  std::vector<std::byte> bytes(lsa.bytes().begin(), lsa.bytes().end());
  bytes.back() ^= std::byte{1};
  return Lsa::copy(bytes);
}

class LoadingTest : public Scenario {
 protected:
  [[nodiscard]] std::vector<Instant> restarts() const {
    std::vector<Instant> times;
    for (const auto& told : events)
      if (const auto* change = std::get_if<NeighborStateChanged>(&told.event);
          change != nullptr && change->to == NeighborState::ex_start &&
          change->from >= NeighborState::exchange)
        times.push_back(told.at);
    return times;
  }
  /// For a minute; the first restart is answered at once, the others an interval apart.
  void expect_restarts_with_pauses() {
    network.run_for(seconds{60});
    const auto times = restarts();
    ASSERT_GE(times.size(), 5U);
    EXPECT_LE(times.size(), 20U);
    EXPECT_LT(times[1] - times[0], 10 * kRoundTrip);
    for (std::size_t i = 2; i < times.size(); ++i) EXPECT_GT(times[i] - times[i - 1], seconds{3});
  }
  /// The same of a peer that describes an LSA of an unknown type; the higher number is the master.
  void expect_pauses_at_an_unknown_type(std::uint32_t router_number, std::uint32_t peer_number) {
    auto peer = add_peer(add_router(router_number), peer_number);
    peer->hold(V2::encode_lsa(header_of(LsaType::group_membership, 7), v2::OpaqueLsa{}));
    start_all();
    peer->start();
    expect_restarts_with_pauses();
  }
  /// The time from the first hello to Full, at most `limit`.
  [[nodiscard]] Duration time_to_full(ScriptedPeer& peer, Duration limit) {
    const Instant start = network.now();
    peer.start();
    EXPECT_TRUE(network.run_until([&] { return full_count(0) == 1 && peer.is_full(); }, limit));
    return network.now() - start;
  }
};

// In: a neighbour that describes LSAs of a third router whose lengths are right and whose contents are odd: a
// mask with a hole, a link of an unknown type, bytes after the last link. Out: Full in the usual time; they
// are stored and go on to the next neighbour with their bytes; what is sound in them counts for the routes.
TEST_F(LoadingTest, Section13_Step2_OddContentsAreStoredAndFlooded) {
  const RouterIndex a = add_router(1);
  auto peer = add_peer(a, 9), other = add_peer(a, 8);
  v2::RouterLsa odd;
  odd.links.push_back({peer->id().value, 1, v2::RouterLinkType::point_to_point, 10, {}});
  odd.links.push_back({7, 7, v2::RouterLinkType{9}, 10, {}});
  odd.links.push_back({0xc6336400, 0xff00ff00, v2::RouterLinkType::stub, 10, {}});
  odd.links.push_back({0xc6336500, 0xffffff00, v2::RouterLinkType::stub, 10, {}});
  odd.trailing = std::vector<std::byte>(8, std::byte{0x5a});
  v2::NetworkLsa network_body{0xff00ff00, {kThird}};
  v2::SummaryLsa summary_body{0xff00ff00, 10, {}, 0};
  v2::RouterLsa own;
  own.links.push_back({network.routers[a].id.value, 1, v2::RouterLinkType::point_to_point, 10, {}});
  own.links.push_back({kThird.value, 2, v2::RouterLinkType::point_to_point, 10, {}});
  LsaHeader own_header;
  own_header.key = router_key(peer->id());
  const std::vector<Lsa> lsas = {
      third_router_lsa(odd), external(0xcb007100, 0xff00ff00),
      V2::encode_lsa(header_of(LsaType::network, 0x0a010101), network_body),
      V2::encode_lsa(header_of(LsaType::summary_network, 0xcb007100), summary_body)};
  for (const auto& lsa : lsas) peer->hold(lsa);
  peer->hold(V2::encode_lsa(own_header, own));
  start_all();
  other->start();
  ASSERT_TRUE(network.run_until([&] { return full_count(a) == 1; }, seconds{5}));
  peer->start();
  const Instant start = network.now();
  ASSERT_TRUE(network.run_until([&] { return full_count(a) == 2; }, seconds{60}));
  EXPECT_LT(network.now() - start, 10 * kRoundTrip);
  network.run_for(seconds{2});
  for (const auto& lsa : lsas) {
    const auto key = V2::header(lsa).key;
    ASSERT_TRUE(stored(a, key)) << to_string(key.type);
    const auto passed_on = other->updates_of(key);
    ASSERT_FALSE(passed_on.empty()) << to_string(key.type);
    EXPECT_TRUE(std::ranges::equal(passed_on.front().lsa.bytes().subspan(2), lsa.bytes().subspan(2)));
  }
  EXPECT_EQ(instance(a).statistics().drops.total(), 0U);
  const auto table = instance(a).routes();
  EXPECT_NE(table->lookup({0xc6336501}), nullptr) << "the sound stub of the odd router-LSA";
  EXPECT_EQ(table->lookup({0xc6336401}), nullptr);
  EXPECT_EQ(table->lookup({0xcb007101}), nullptr);
}

// In: an external that is sound, and then an instance of it whose mask has a hole. Out: the route goes.
TEST_F(LoadingTest, Section16_4_AnOddInstanceTakesTheRouteOfItsPredecessorAway) {
  auto peer = full_peer(1, 9);
  v2::RouterLsa own;
  own.flags = v2::RouterLsa::kExternal;
  own.links.push_back({network.routers[0].id.value, 1, v2::RouterLinkType::point_to_point, 10, {}});
  LsaHeader header;
  header.key = router_key(peer->id());
  header.sequence_number = kInitialSequenceNumber + 5;
  LsaHeader external_header = header_of(LsaType::as_external, 0xcb007100);
  external_header.key.advertising_router = peer->id();
  v2::ExternalLsa body;
  body.mask = 0xffffff00;
  body.metric = 20;
  peer->send_update({{V2::encode_lsa(header, own), 1}, {V2::encode_lsa(external_header, body), 1}});
  network.run_for(seconds{3});
  ASSERT_NE(instance(0).routes()->lookup({0xcb007101}), nullptr);
  body.mask = 0xff00ff00;
  ++external_header.sequence_number;
  peer->send_update({{V2::encode_lsa(external_header, body), 1}});
  network.run_for(seconds{3});
  EXPECT_EQ(instance(0).routes()->lookup({0xcb007101}), nullptr);
  EXPECT_EQ(stored(0, external_header.key)->lsa.sequence_number(), external_header.sequence_number);
}

// In: a neighbour that holds LSAs that are refused whatever comes: an age above MaxAge, the reserved sequence
// number, a router-LSA under another id, and one whose links are fewer than it says. Out: Full in the usual
// time without them, each counted; those that the header already tells are not even asked for.
TEST_F(LoadingTest, Section10_9_RefusedLsasDoNotHoldUpTheLoading) {
  const RouterIndex a = add_router(1);
  auto peer = add_peer(a, 9);
  const auto sound = external(0xcb007100, 0xffffff00);
  const std::vector<Lsa> by_header = {
      with_age(external(0xcb007200, 0xffffff00), kMaxAge + 1),
      with(external(0xcb007300, 0xffffff00), 5, kInitialSequenceNumber - 1),
      V2::encode_lsa(header_of(LsaType::router, 0x01010177), v2::RouterLsa{})};
  const auto by_body = third_router_lsa({std::byte{0}, std::byte{0}, std::byte{0}, std::byte{3}});
  peer->hold(sound);
  peer->hold(by_body);
  for (const auto& lsa : by_header) peer->hold(lsa);
  start_all();
  EXPECT_LT(time_to_full(*peer, seconds{60}), 10 * kRoundTrip);
  EXPECT_TRUE(stored(a, V2::header(sound).key));
  EXPECT_FALSE(stored(a, V2::header(by_body).key));
  EXPECT_EQ(drops(a, DropReason::lsa_bad_age), 1U);
  EXPECT_EQ(drops(a, DropReason::lsa_bad_sequence), 1U);
  EXPECT_EQ(drops(a, DropReason::lsa_id_mismatch), 1U);
  EXPECT_EQ(drops(a, DropReason::lsa_malformed), 1U);
  for (const auto& request : peer->requests)
    for (const auto& lsa : by_header)
      EXPECT_EQ(std::count(request.keys.begin(), request.keys.end(), V2::header(lsa).key), 0);
}

// In: a neighbour that describes an LSA well and then sends it spoilt, each time. Out: asked for a few times,
// at once, then Full all the same, without it.
TEST_F(LoadingTest, Section10_9_AnLsaThatAlwaysComesSpoiltDoesNotHoldUpTheLoading) {
  const RouterIndex a = add_router(1);
  auto peer = add_peer(a, 9);
  const auto lsa = external(0xcb007100, 0xffffff00), sound = external(0xcb007200, 0xffffff00);
  peer->hold(lsa);
  peer->hold(sound);
  peer->answers[V2::header(lsa).key] = with_broken_checksum(lsa);
  start_all();
  EXPECT_LT(time_to_full(*peer, seconds{60}), (10 + kRequestTries) * kRoundTrip);
  EXPECT_FALSE(stored(a, V2::header(lsa).key));
  EXPECT_TRUE(stored(a, V2::header(sound).key));
  EXPECT_EQ(drops(a, DropReason::lsa_bad_checksum), kRequestTries);
  EXPECT_EQ(instance(a).statistics().requested, 0U);
}

// In: an LSA that comes spoilt the first time that it is asked for: a flipped bit of its body, or of its age,
// which the checksum does not cover. Out: asked for again at once, Full with it.
TEST_F(LoadingTest, Section10_9_AnLsaThatCameSpoiltIsAskedForAgain) {
  const RouterIndex a = add_router(1);
  auto peer = add_peer(a, 9);
  const auto one = external(0xcb007100, 0xffffff00), other = external(0xcb007200, 0xffffff00);
  for (const auto& lsa : {one, other}) peer->hold(lsa);
  peer->answers[V2::header(one).key] = with_broken_checksum(one);
  peer->answers[V2::header(other).key] = with_age(other, kMaxAge + 100);
  network.observers.push_back([&](Instant, RouterIndex, const Output<V2>& output) {
    const auto* event = std::get_if<Event>(&output);
    if (event != nullptr && std::holds_alternative<Dropped>(*event)) peer->answers.clear();
  });
  start_all();
  EXPECT_LT(time_to_full(*peer, seconds{60}), 12 * kRoundTrip);
  EXPECT_TRUE(stored(a, V2::header(one).key));
  EXPECT_TRUE(stored(a, V2::header(other).key));
  EXPECT_EQ(drops(a, DropReason::lsa_bad_checksum) + drops(a, DropReason::lsa_bad_age), 2U);
}

// In: 150 LSAs, a request for the first of them that nobody answers, and 150 more that come before them in
// the order of keys. Out: asked for again after RxmtInterval, all of them come in the usual time; what was
// asked for in vain does not make each further request wait for RxmtInterval.
TEST_F(LoadingTest, Section10_9_WhatWasAskedForInVainDoesNotHoldUpTheRest) {
  const RouterIndex a = add_router(1);
  auto peer = add_peer(a, 9);
  network.cables[peer->cable()].mtu = 65535;
  peer->answers_descriptions = false;
  start_all();
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return state_of(a, *peer) == NeighborState::ex_start; }, seconds{5}));
  network.run_for(kRoundTrip);
  auto dd = peer->opening_dd();
  peer->send_dd(dd);
  network.run_for(kRoundTrip);
  const auto lsa = [](std::uint32_t i) { return external(0xcb000000 + (i << 8), 0xffffff00); };
  const auto describe = [&](std::uint32_t begin, std::uint32_t end) {
    dd.flags = {.init = false, .more = begin > 0, .master = true};
    ++dd.sequence_number;
    dd.headers.clear();
    for (std::uint32_t i = begin; i < end; ++i) dd.headers.push_back(V2::header(lsa(i)));
    peer->send_dd(dd);
    network.run_for(kRoundTrip);
  };
  describe(150, 300);
  ASSERT_EQ(peer->requests.size(), 1U);
  for (std::uint32_t i = 0; i < 300; ++i) peer->hold(lsa(i));
  describe(0, 150);
  ASSERT_EQ(state_of(a, *peer), NeighborState::loading);
  EXPECT_TRUE(network.run_until([&] { return full_count(a) == 1; }, seconds{5} + 10 * kRoundTrip));
  for (std::uint32_t i = 0; i < 300; ++i) EXPECT_TRUE(stored(a, V2::header(lsa(i)).key));
}

// In: one LSA described in two packets, the second while it is asked for. Out: Full in the usual time, and
// it was asked for once.
TEST_F(LoadingTest, Section10_9_AnLsaDescribedTwiceIsAskedForOnce) {
  const RouterIndex a = add_router(1);
  auto peer = add_peer(a, 9);
  const auto lsa = external(0xcb007100, 0xffffff00);
  peer->hold(lsa);
  peer->describes_twice = true;
  start_all();
  EXPECT_LT(time_to_full(*peer, seconds{60}), 10 * kRoundTrip);
  EXPECT_TRUE(stored(a, V2::header(lsa).key));
  std::size_t asked = 0;
  for (const auto& request : peer->requests)
    asked +=
        static_cast<std::size_t>(std::count(request.keys.begin(), request.keys.end(), V2::header(lsa).key));
  EXPECT_EQ(asked, 1U);
}

// In: a neighbour with 20 LSAs, and room for 10. Out: Full in the usual time with ten, the rest counted. What
// comes later is neither stored nor acknowledged; a newer instance of what is there is, and so are our own.
TEST_F(LoadingTest, MaxLsaBoundsWhatIsTakenFromANeighbor) {
  const RouterIndex a = add_router(1);
  network.routers[a].max_lsa = 10;
  auto peer = add_peer(a, 9);
  for (std::uint32_t i = 0; i < 20; ++i) peer->hold(external(0xcb007000 + (i << 8), 0xffffff00));
  start_all();
  EXPECT_LT(time_to_full(*peer, seconds{60}), 10 * kRoundTrip);
  network.run_for(seconds{2});
  EXPECT_EQ(instance(a).statistics().lsdb_size, 11U) << "ten, and our router-LSA that came after them";
  EXPECT_EQ(drops(a, DropReason::lsa_database_full), 10U);
  EXPECT_EQ(instance(a).neighbors().front().request_list, 0U);

  const auto late = external(0xc6336400, 0xffffff00), present = external(0xcb007000, 0xffffff00);
  ASSERT_TRUE(stored(a, V2::header(present).key));
  peer->acknowledgments.clear();
  peer->send_update({{late, 1}, {with(present, 1, present.sequence_number() + 1), 1}});
  ExternalRoute route;
  route.prefix = *Ipv4Prefix::parse("198.51.100.0/24");
  network.change_externals(a, {route}, {});
  network.run_for(seconds{2});
  EXPECT_FALSE(stored(a, V2::header(late).key));
  ASSERT_EQ(peer->acknowledgments.size(), 1U);
  EXPECT_EQ(peer->acknowledgments.front().key, V2::header(present).key);
  EXPECT_EQ(instance(a).statistics().lsdb_size, 12U);
  EXPECT_EQ(full_count(a), 1U);
}

// In: the same twenty, and room for ten. Out: no more is asked for than there is room for; what is left out
// is counted when it is described.
TEST_F(LoadingTest, MaxLsaBoundsWhatIsAskedFor) {
  const RouterIndex a = add_router(1);
  network.routers[a].max_lsa = 10;
  auto peer = add_peer(a, 9);
  for (std::uint32_t i = 0; i < 20; ++i) peer->hold(external(0xcb007000 + (i << 8), 0xffffff00));
  start_all();
  EXPECT_LT(time_to_full(*peer, seconds{60}), 10 * kRoundTrip);
  std::set<LsaKey> asked;
  for (const auto& request : peer->requests) asked.insert(request.keys.begin(), request.keys.end());
  EXPECT_EQ(asked.size(), 10U);
}

// In: room for the bytes of ten externals, and a neighbour with twenty. Out: ten are stored, which is told
// once. An instance that is larger than its predecessor has no room, one of the same size has. When there is
// room again, that is told, and what comes then is stored.
TEST_F(LoadingTest, MaxLsaBytesBoundsWhatIsTakenFromANeighbor) {
  const RouterIndex a = add_router(1);
  const std::size_t length = external(0xcb007000, 0xffffff00).length();
  network.routers[a].max_lsa_bytes = 10 * length;
  auto peer = add_peer(a, 9);
  for (std::uint32_t i = 0; i < 20; ++i) peer->hold(external(0xcb007000 + (i << 8), 0xffffff00));
  start_all();
  EXPECT_LT(time_to_full(*peer, seconds{60}), 10 * kRoundTrip);
  network.run_for(seconds{2});
  const auto own_length = stored(a, router_key(network.routers[a].id))->lsa.length();
  EXPECT_EQ(instance(a).statistics().lsdb_bytes, 10 * length + own_length) << "ours always have room";
  EXPECT_TRUE(instance(a).statistics().database_full);
  ASSERT_EQ(events_of<DatabaseLimit>(a).size(), 1U);
  EXPECT_TRUE(events_of<DatabaseLimit>(a).front().is_full);
  EXPECT_EQ(drops(a, DropReason::lsa_database_full), 10U);

  const auto present = external(0xcb007000, 0xffffff00);
  ASSERT_TRUE(stored(a, V2::header(present).key));
  v2::ExternalLsa larger_body;
  larger_body.mask = 0xffffff00;
  larger_body.metric = 20;
  larger_body.tos = {{}, {}};
  LsaHeader larger = header_of(LsaType::as_external, 0xcb007000);
  larger.sequence_number = present.sequence_number() + 1;
  peer->send_update({{V2::encode_lsa(larger, larger_body), 1}});
  network.run_for(seconds{2});
  EXPECT_EQ(stored(a, V2::header(present).key)->lsa.sequence_number(), present.sequence_number());
  peer->send_update({{with(present, 1, present.sequence_number() + 2), 1}});
  network.run_for(seconds{2});
  EXPECT_EQ(stored(a, V2::header(present).key)->lsa.sequence_number(), present.sequence_number() + 2);

  network.routers[a].max_lsa_bytes = 100 * length;
  network.reload(a);
  peer->send_update({{external(0xcb007000 + (19U << 8), 0xffffff00), 1}});
  network.run_for(seconds{2});
  EXPECT_TRUE(stored(a, V2::header(external(0xcb007000 + (19U << 8), 0xffffff00)).key));
  EXPECT_FALSE(instance(a).statistics().database_full);
  ASSERT_EQ(events_of<DatabaseLimit>(a).size(), 2U);
  EXPECT_FALSE(events_of<DatabaseLimit>(a).back().is_full);
}

// In: two neighbours that describe 150 LSAs each, in two packets, and answer no request, and room for 300 on
// all request lists. Out: the second packet of the second waits; a third neighbour with a few LSAs is Full
// meanwhile; when the first is lost the second goes on.
TEST_F(LoadingTest, RequestListsAreLimitedTogether) {
  const RouterIndex a = add_router(1);
  network.routers[a].max_requests = 300;
  std::vector<std::unique_ptr<ScriptedPeer>> peers;
  for (std::uint32_t number = 7; number <= 9; ++number) peers.push_back(add_peer(a, number));
  for (std::uint32_t p = 0; p < 2; ++p) {
    network.cables[peers[p]->cable()].mtu = 65535;
    peers[p]->answers_requests = false;
    peers[p]->describes_twice = true;
    for (std::uint32_t i = 0; i < 150; ++i)
      peers[p]->hold(external(0xcb000000 + (p << 16) + (i << 8), 0xffffff00));
  }
  for (std::uint32_t i = 0; i < 20; ++i) peers[2]->hold(external(0xc6330000 + (i << 8), 0xffffff00));
  const auto set_cut = [&](std::size_t peer, bool cut) {
    for (auto& way : network.cables[peers[peer]->cable()].into) way.cut = cut;
  };
  for (std::size_t peer = 0; peer < 3; ++peer) set_cut(peer, true);
  start_all();
  const auto state = [&](std::size_t peer) { return state_of(a, *peers[peer]); };
  const auto join = [&](std::size_t peer) {
    set_cut(peer, false);
    peers[peer]->start();
  };
  join(0);
  ASSERT_TRUE(network.run_until([&] { return state(0) == NeighborState::loading; }, seconds{5}));
  join(1);
  network.run_for(seconds{20});
  EXPECT_EQ(state(1), NeighborState::exchange);
  EXPECT_EQ(instance(a).statistics().requested, 300U);
  join(2);
  ASSERT_TRUE(network.run_until([&] { return state(2) == NeighborState::full; }, seconds{5}));
  set_cut(0, true);
  peers[1]->answers_requests = true;
  ASSERT_TRUE(network.run_until([&] { return state(0) == NeighborState::down; }, seconds{10}));
  ASSERT_TRUE(network.run_until([&] { return state(1) == NeighborState::full; }, seconds{10}));
  EXPECT_EQ(instance(a).statistics().requested, 0U);
}

// In: two slaves that describe more than there is room for requests, the first of which does not answer any. Out:
// while what the second described waits, its master does not repeat itself: it has been answered, and a slave
// that has freed its answer would end the exchange. When there is room it goes on.
TEST_F(LoadingTest, Section10_8_AMasterDoesNotRepeatItselfWhileTheAnswerWaitsForRoom) {
  const RouterIndex a = add_router(20);
  network.routers[a].max_requests = 300;
  std::vector<std::unique_ptr<ScriptedPeer>> peers;
  for (std::uint32_t p = 0; p < 2; ++p) {
    peers.push_back(add_peer(a, 7 + p));
    network.cables[peers[p]->cable()].mtu = 65535;
    peers[p]->answers_requests = false;
    peers[p]->describes_twice = true;
    for (std::uint32_t i = 0; i < 150; ++i)
      peers[p]->hold(external(0xcb000000 + (p << 16) + (i << 8), 0xffffff00));
  }
  start_all();
  peers[0]->start();
  ASSERT_TRUE(
      network.run_until([&] { return state_of(a, *peers[0]) == NeighborState::loading; }, seconds{5}));
  peers[1]->start();
  network.run_for(seconds{20});
  ASSERT_EQ(state_of(a, *peers[1]), NeighborState::exchange);
  const std::size_t described = peers[1]->descriptions.size();
  network.run_for(seconds{30});
  EXPECT_EQ(peers[1]->descriptions.size(), described);
  for (auto& way : network.cables[peers[0]->cable()].into) way.cut = true;
  peers[1]->answers_requests = true;
  EXPECT_TRUE(network.run_until([&] { return state_of(a, *peers[1]) == NeighborState::full; }, seconds{20}));
}

// In: a neighbour's last LSA comes, which makes it Full and lets our router-LSA change, which is what another
// neighbour in Loading had described. Out: that is Full in the same moment, and the router-LSA has both
// links.
TEST_F(LoadingTest, ATurnGoesOnUntilNothingIsLeftToDo) {
  const RouterIndex a = add_router(1);
  auto first = add_peer(a, 8), second = add_peer(a, 9), last = add_peer(a, 7);
  const auto set_cut = [&](bool cut) {
    for (const auto* peer : {first.get(), second.get()})
      for (auto& way : network.cables[peer->cable()].into) way.cut = cut;
  };
  set_cut(true);
  start_all();
  last->start();
  ASSERT_TRUE(network.run_until([&] { return full_count(a) == 1; }, seconds{5}));
  network.run_for(seconds{10});
  const auto key = router_key(network.routers[a].id);
  const auto own = stored(a, key)->lsa;
  // The next instance of ours as the second describes it: its checksum is below any that we make.
  std::vector<std::byte> bytes(own.bytes().begin(), own.bytes().end());
  store_u32(bytes.data() + 12, static_cast<std::uint32_t>(own.sequence_number() + 1));
  store_u16(bytes.data() + 16, 1);
  second->hold(Lsa::copy(bytes));
  second->answers_requests = false;
  const auto awaited = external(0xcb007100, 0xffffff00);
  first->hold(awaited);
  first->answers_requests = false;
  set_cut(false);
  first->start();
  second->start();
  ASSERT_TRUE(network.run_until(
      [&] {
        return state_of(a, *first) == NeighborState::loading &&
               state_of(a, *second) == NeighborState::loading;
      },
      seconds{5}))
      << to_string(state_of(a, *first)) << " " << to_string(state_of(a, *second));
  first->send_update({{awaited, 6}});
  ASSERT_TRUE(network.run_until([&] { return state_of(a, *first) == NeighborState::full; }, seconds{1}));
  EXPECT_EQ(state_of(a, *second), NeighborState::full);
  const auto body = std::get<v2::RouterLsa>(V2::decode_body(stored(a, key)->lsa));
  EXPECT_EQ(std::count_if(body.links.begin(), body.links.end(),
                          [](const auto& link) { return link.type == v2::RouterLinkType::point_to_point; }),
            3);
  EXPECT_EQ(instance(a).statistics().turns_cut_short, 0U);
}

// In: the same twenty, and somebody gives room for all. Out: those that were left out come at once, without
// a restart, and are not asked for again later.
TEST_F(LoadingTest, WhatWasLeftOutComesWhenMaxLsaIsRaised) {
  const RouterIndex a = add_router(1);
  network.routers[a].max_lsa = 10;
  auto peer = add_peer(a, 9);
  for (std::uint32_t i = 0; i < 20; ++i) peer->hold(external(0xcb007000 + (i << 8), 0xffffff00));
  start_all();
  (void)time_to_full(*peer, seconds{60});
  network.run_for(seconds{20});
  ASSERT_EQ(instance(a).statistics().lsdb_size, 11U);
  network.routers[a].max_lsa = 100;
  network.reload(a);
  EXPECT_TRUE(network.run_until(
      [&] { return instance(a).statistics().lsdb_size == 21 && full_count(a) == 1; }, seconds{2}));
  const auto changes = instance(a).neighbors().front().state_changes;
  network.run_for(seconds{60});
  EXPECT_EQ(instance(a).neighbors().front().state_changes, changes);
}

// In: the same, beside a neighbour that never sends what it described and was asked for. Out: the same.
TEST_F(LoadingTest, ANeighborStuckInLoadingDoesNotKeepWhatWasLeftOutAway) {
  const RouterIndex a = add_router(1);
  network.routers[a].max_lsa = 12;
  auto stuck = add_peer(a, 8), peer = add_peer(a, 9);
  stuck->answers_requests = false;
  stuck->hold(external(0xc6336400, 0xffffff00));
  for (std::uint32_t i = 0; i < 20; ++i) peer->hold(external(0xcb007000 + (i << 8), 0xffffff00));
  for (auto& way : network.cables[peer->cable()].into) way.cut = true;
  start_all();
  stuck->start();
  ASSERT_TRUE(network.run_until([&] { return state_of(a, *stuck) == NeighborState::loading; }, seconds{5}));
  for (auto& way : network.cables[peer->cable()].into) way.cut = false;
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return full_count(a) == 1; }, seconds{5}));
  network.run_for(seconds{20});
  ASSERT_TRUE(instance(a).statistics().database_full);
  ASSERT_EQ(state_of(a, *stuck), NeighborState::loading);
  network.routers[a].max_lsa = 100;
  network.reload(a);
  EXPECT_TRUE(network.run_until(
      [&] { return instance(a).statistics().lsdb_size == 21 && full_count(a) == 1; }, seconds{2}));
  EXPECT_FALSE(instance(a).statistics().database_full);
}

// In: a neighbour with twenty and room for ten, which sends nothing of what it is asked for until after
// somebody gave room for all. Out: first it sends that, then the others come.
TEST_F(LoadingTest, ANeighborInLoadingSendsFirstWhatItWasAskedFor) {
  const RouterIndex a = add_router(1);
  network.routers[a].max_lsa = 10;
  auto peer = add_peer(a, 9);
  peer->answers_requests = false;
  for (std::uint32_t i = 0; i < 20; ++i) peer->hold(external(0xcb007000 + (i << 8), 0xffffff00));
  start_all();
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return state_of(a, *peer) == NeighborState::loading; }, seconds{5}));
  network.routers[a].max_lsa = 100;
  network.reload(a);
  network.run_for(seconds{2});
  EXPECT_FALSE(instance(a).statistics().database_full);
  EXPECT_EQ(state_of(a, *peer), NeighborState::loading) << "its exchange did not begin anew";
  peer->answers_requests = true;
  EXPECT_TRUE(network.run_until(
      [&] { return instance(a).statistics().lsdb_size == 21 && full_count(a) == 1; }, seconds{10}));
}

// In: the same twenty, and the neighbour flushes five of the ten that were taken. Out: as many others come in
// their place; the exchange does not begin anew time and again.
TEST_F(LoadingTest, WhatWasLeftOutComesWhenTheDatabaseShrinks) {
  const RouterIndex a = add_router(1);
  network.routers[a].max_lsa = 10;
  auto peer = add_peer(a, 9);
  for (std::uint32_t i = 0; i < 20; ++i) peer->hold(external(0xcb007000 + (i << 8), 0xffffff00));
  start_all();
  (void)time_to_full(*peer, seconds{60});
  network.run_for(seconds{20});
  std::vector<OutgoingLsa> flush;
  for (std::uint32_t i = 0; i < 20 && flush.size() < 5; ++i) {
    const auto lsa = external(0xcb007000 + (i << 8), 0xffffff00);
    if (!stored(a, V2::header(lsa).key)) continue;
    flush.push_back({lsa, kMaxAge});
    peer->drop(V2::header(lsa).key);
  }
  peer->send_update(flush);
  network.run_for(seconds{10});
  EXPECT_EQ(instance(a).statistics().lsdb_size, 10U);
  EXPECT_EQ(full_count(a), 1U);
  const auto changes = instance(a).neighbors().front().state_changes;
  network.run_for(seconds{60});
  EXPECT_EQ(instance(a).neighbors().front().state_changes, changes);
}

// In: a neighbour that describes an LSA of an unknown type in every exchange, as master. Out: the exchange
// begins anew, but not at the speed of the link.
TEST_F(LoadingTest, Section10_6_AMasterThatBreaksEveryExchangeIsAnsweredWithPauses) {
  expect_pauses_at_an_unknown_type(1, 9);
}

// The same from a slave.
TEST_F(LoadingTest, Section10_6_ASlaveThatBreaksEveryExchangeIsAnsweredWithPauses) {
  expect_pauses_at_an_unknown_type(9, 1);
}

// In: a neighbour that asks for what is not there whenever the databases are exchanged. Out: the same.
TEST_F(LoadingTest, Section10_7_ANeighborThatAlwaysAsksForTheUnknownIsAnsweredWithPauses) {
  const RouterIndex a = add_router(1);
  auto peer = add_peer(a, 9);
  network.observers.push_back([&](Instant, RouterIndex, const Output<V2>& output) {
    const auto* event = std::get_if<Event>(&output);
    const auto* change = event == nullptr ? nullptr : std::get_if<NeighborStateChanged>(event);
    if (change == nullptr || change->to != NeighborState::exchange) return;
    peer->send_request({{LsaType::router, LinkStateId{kThird.value}, kThird}});
  });
  start_all();
  peer->start();
  expect_restarts_with_pauses();
}

// In: a request that names one LSA five thousand times. Out: it is sent once.
TEST_F(LoadingTest, Section10_7_AKeyThatARequestRepeatsIsAnsweredOnce) {
  auto peer = full_peer(1, 9);
  const auto key = router_key(network.routers[0].id);
  peer->updates.clear();
  network.cables[peer->cable()].mtu = 65535;
  peer->send_request(std::vector<LsaKey>(5000, key));
  network.run_for(kRoundTrip);
  EXPECT_EQ(peer->updates_of(key).size(), 1U);
}

}  // namespace
}  // namespace wgospf::sim
