// Link state requests of several neighbours at a time (RFC 2328 section 10.9): each LSA is asked for once, and
// whoever does not give what it described holds nobody up.

#include <algorithm>
#include <map>
#include <optional>

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

Lsa external(std::uint32_t number, std::int32_t sequence_number = kInitialSequenceNumber) {
  LsaHeader header;
  header.age = 5;
  header.options = {Options::kExternal};
  header.key = {LsaType::as_external, LinkStateId{0xcb000000 + (number << 8)}, RouterId{0x01010155}};
  header.sequence_number = sequence_number;
  v2::ExternalLsa body;
  body.mask = 0xffffff00;
  body.metric = 20;
  return V2::encode_lsa(header, body);
}

Lsa with_broken_checksum(const Lsa& lsa) {
  std::vector<std::byte> bytes(lsa.bytes().begin(), lsa.bytes().end());
  bytes.back() ^= std::byte{1};
  return Lsa::copy(bytes);
}

class RequestsTest : public Scenario {
 protected:
  static constexpr std::uint32_t kLsas = 30;  ///< fewer than a request, or the answer to it, holds
  /// A router, and two neighbours that hold the same LSAs.
  void two_peers(std::optional<std::size_t> max_lsa = {}) {
    router = add_router(1);
    if (max_lsa) network.routers[router].max_lsa = *max_lsa;
    first = add_peer(router, 8);
    second = add_peer(router, 9);
    for (std::uint32_t i = 0; i < kLsas; ++i) {
      first->hold(external(i));
      second->hold(external(i));
    }
    start_all();
  }
  /// All is asked of the first, whose descriptions come before the second's.
  void start_both() {
    first->start();
    second->start();
    ASSERT_TRUE(network.run_until(
        [&] {
          return state_of(router, *first) == NeighborState::loading &&
                 state_of(router, *second) == NeighborState::loading;
        },
        seconds{2}));
    network.run_for(kDelay);
    ASSERT_FALSE(first->requests.empty());
    ASSERT_TRUE(second->requests.empty());
  }
  [[nodiscard]] bool knows_all() {
    for (std::uint32_t i = 0; i < kLsas; ++i)
      if (!stored(router, V2::header(external(i)).key)) return false;
    return true;
  }
  [[nodiscard]] static std::size_t asked(const ScriptedPeer& peer, const LsaKey& key) {
    std::size_t count = 0;
    for (const auto& request : peer.requests)
      count += static_cast<std::size_t>(std::count(request.keys.begin(), request.keys.end(), key));
    return count;
  }
  RouterIndex router = 0;
  std::unique_ptr<ScriptedPeer> first, second;
};

// In: a hub with 40 neighbours, all of which know 1,000 LSAs, starts again. Out: it asks for each LSA once,
// not of every neighbour, and is Full with all of them.
TEST_F(RequestsTest, Section10_9_ManyNeighborsAreAskedForEachLsaOnce) {
  const RouterIndex hub = add_router(1);
  for (std::uint32_t i = 0; i < 40; ++i) connect(hub, add_router(10 + i));
  std::vector<ExternalRoute> routes(1000);
  for (std::uint32_t i = 0; i < routes.size(); ++i)
    routes[i].prefix = Ipv4Prefix::make({0x64000000 + (i << 8)}, 24);
  start_all();
  network.change_externals(1, std::move(routes), {});
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{10}));
  network.run_for(seconds{10});
  network.crash(hub);
  network.run_for(seconds{10});
  std::map<LsaKey, std::size_t> asked;
  network.packet_observers.push_back([&](RouterIndex from, LinkId, const Packet& packet) {
    const auto* request = std::get_if<LinkStateRequest>(&packet.body);
    if (from != hub || request == nullptr) return;
    for (const LsaKey& key : request->keys)
      if (key.type == LsaType::as_external) ++asked[key];
  });
  network.start(hub);
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{10}));
  EXPECT_GE(instance(hub).statistics().lsdb_size, 1041U);
  EXPECT_EQ(asked.size(), 1000U);
  for (const auto& [key, times] : asked) ASSERT_EQ(times, 1U) << key.id.to_string();
}

// In: the first does not answer. Out: the second is asked in its place as soon as that shows, and both become
// Full.
TEST_F(RequestsTest, Section10_9_WhatOneDoesNotAnswerAnotherIsAskedFor) {
  two_peers();
  first->answers_requests = false;
  start_both();
  EXPECT_TRUE(network.run_until([&] { return full_count(router) == 2; }, seconds{2}));
  EXPECT_TRUE(knows_all());
}

// In: the first two of three never answer. Out: what they are asked for does not go back and forth between
// them; the third is asked, and all become Full.
TEST_F(RequestsTest, Section10_9_TwoThatDoNotAnswerKeepNothingFromAThird) {
  router = add_router(1);
  const auto silent = add_peer(router, 8), silent_too = add_peer(router, 9), third = add_peer(router, 10);
  for (const auto& peer : {silent.get(), silent_too.get(), third.get()})
    for (std::uint32_t i = 0; i < kLsas; ++i) peer->hold(external(i));
  silent->answers_requests = silent_too->answers_requests = false;
  start_all();
  silent->start();
  silent_too->start();
  network.run_for(kDelay);
  third->start();
  EXPECT_TRUE(network.run_until([&] { return full_count(router) == 3; }, seconds{30}));
  EXPECT_TRUE(knows_all());
}

// In: the first is lost while it is asked for everything. Out: the second is asked at once.
TEST_F(RequestsTest, Section10_9_WhatALostNeighborWasAskedForAnotherIsAskedForAtOnce) {
  two_peers();
  first->answers_requests = false;
  start_both();
  network.set_up(router, link_of(*first), false);
  EXPECT_TRUE(network.run_until([&] { return full_count(router) == 1; }, 3 * kRoundTrip));
  EXPECT_TRUE(knows_all());
}

// In: the first begins its exchange anew instead. Out: the same.
TEST_F(RequestsTest, Section10_9_WhatARestartedExchangeLeavesAnotherIsAskedForAtOnce) {
  two_peers();
  first->answers_requests = false;
  start_both();
  first->send_request({V2::header(external(1000)).key});  // BadLSReq
  EXPECT_TRUE(
      network.run_until([&] { return state_of(router, *second) == NeighborState::full; }, 3 * kRoundTrip));
  EXPECT_TRUE(knows_all());
}

// In: what the first sends is spoilt, always. Out: it is taken from the second, and the first, which has
// nothing else that is wanted, becomes Full too.
TEST_F(RequestsTest, Section10_9_WhatOneSendsSpoiltIsTakenFromAnother) {
  two_peers();
  const auto key = V2::header(external(7)).key;
  first->answers[key] = with_broken_checksum(external(7));
  first->start();
  second->start();
  EXPECT_TRUE(network.run_until([&] { return full_count(router) == 2; }, seconds{5}));
  EXPECT_TRUE(knows_all());
  EXPECT_LE(asked(*first, key), kRequestTries);
}

// In: the second has a newer instance of one LSA than the first, which is asked for it. Out: both become Full
// in the usual time, with the newer one.
TEST_F(RequestsTest, Section10_9_ANewerInstanceIsAskedForOfWhoHasIt) {
  two_peers();
  const auto newer = external(7, kInitialSequenceNumber + 1);
  second->hold(newer);
  first->answers_requests = false;
  start_both();
  first->answers_requests = true;
  std::vector<OutgoingLsa> all;
  for (std::uint32_t i = 0; i < kLsas; ++i) all.push_back({external(i), 5});
  first->send_update(all);
  EXPECT_TRUE(network.run_until([&] { return full_count(router) == 2; }, 5 * kRoundTrip));
  EXPECT_EQ(stored(router, V2::header(newer).key)->lsa.sequence_number(), newer.sequence_number());
}

// In: a full database has no room for what both describe. Out: both are asked and given up on, and become
// Full.
TEST_F(RequestsTest, Section10_9_WhatThereIsNoRoomForHoldsNobodyUp) {
  two_peers(15);
  first->start();
  second->start();
  EXPECT_TRUE(network.run_until([&] { return full_count(router) == 2; }, seconds{5}));
  EXPECT_EQ(instance(router).statistics().requested, 0U);
}

}  // namespace
}  // namespace wgospf::sim
