// Where clients are: what one router makes of its own readings and of what others claim.

#include "daemon/clients/client_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string_view>

namespace wgospf::daemon::client_table_cases {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr ospf::RouterId kSelf{0x0a000001}, kOther{0x0a000002}, kThird{0x0a000003};
constexpr Ipv4Address kAddress{0x0a630032};
constexpr std::uint16_t kCost = 10;

class ClientTableTest : public testing::Test {
 protected:
  ClientTableTest() {
    key.bytes[0] = 7;
    key.bytes[31] = 1;
    peer.public_key = key;
    set_cost(kCost);
    read();
    (void)table.take_changes();
  }
  void set_cost(std::uint16_t cost) {
    table.set_places({{{"wg0", key, "phone", {kAddress}, cost}}, {{"wg0", seconds{180}}}}, now());
  }
  [[nodiscard]] ClientTable::Time now() const { return ClientTable::Time{} + seconds{10'000} + elapsed; }
  void pass(ClientTable::Duration time) {
    elapsed += time;
    table.time_passed(now());
  }
  void read() { table.read("wg0", {now(), wg::SystemTime{} + elapsed, {&peer, 1}}); }
  void shake_hands() {
    peer.last_handshake = wg::SystemTime{} + elapsed;
    peer.rx_bytes += 148;
    read();
  }
  void receive() {
    peer.rx_bytes += 32;
    read();
  }
  void claim(ospf::RouterId router, std::uint32_t counter, std::uint16_t cost = kCost,
             bool is_joined = false) {
    table.claimed(router, kId, std::vector{ospf::ClientTlv{key.bytes, counter, cost, is_joined, kAddress}},
                  now());
  }
  void withdraw(ospf::RouterId router) { table.claimed(router, kId, std::nullopt, now()); }
  /// What our claim says now; nullopt: nothing has changed.
  std::optional<std::vector<ospf::ClientTlv>> claimed(const ClientChanges& changes) const {
    if (!changes.claims.removed.empty()) return std::vector<ospf::ClientTlv>{};
    if (changes.claims.set.empty()) return std::nullopt;
    EXPECT_EQ(changes.claims.set.front().name.id, kId);
    return std::get<ospf::OpaqueTlvs>(ospf::decode_opaque(changes.claims.set.front().body)).clients;
  }
  /// That it is here, and nothing else.
  void expect_here(std::uint32_t counter, bool is_joined = false) {
    const auto changes = table.take_changes();
    ASSERT_THAT(changes.announced, SizeIs(1));
    EXPECT_EQ(changes.announced.front(), (ospf::ExternalRoute{prefix, kCost, false, ospf::kClientTag, {}}));
    EXPECT_THAT(changes.withdrawn, IsEmpty());
    const auto claims = claimed(changes);
    ASSERT_TRUE(claims);
    EXPECT_THAT(*claims, ElementsAre(ospf::ClientTlv{key.bytes, counter, kCost, is_joined, kAddress}));
    EXPECT_NE(table.served(key), nullptr);
  }
  void expect_withdrawn() {
    const auto changes = table.take_changes();
    EXPECT_THAT(changes.announced, IsEmpty());
    EXPECT_THAT(changes.withdrawn, ElementsAre(prefix));
    const auto claims = claimed(changes);
    ASSERT_TRUE(claims);
    EXPECT_THAT(*claims, IsEmpty());
  }
  void expect_nothing() { EXPECT_TRUE(table.take_changes().empty()); }
  ClientView view() const { return table.views().front(); }

  static constexpr std::uint32_t kId = ospf::kOpaqueIdOfClients + 7;
  wg::Key key{};
  wg::Peer peer{};
  ClientTable::Duration elapsed{};
  const Ipv4Prefix prefix = Ipv4Prefix::host(kAddress);
  ClientTable table{kSelf};
};

TEST_F(ClientTableTest, WhoShakesHandsIsAnnouncedAndWhoGoesIsWithdrawn) {
  EXPECT_EQ(view().where, ClientWhere::nowhere);
  shake_hands();
  expect_here(1);
  EXPECT_EQ(view().where, ClientWhere::here);
  EXPECT_EQ(view().last_seen, now());
  pass(seconds{180});
  expect_nothing();
  pass(milliseconds{1});
  expect_withdrawn();
  EXPECT_EQ(table.served(key), nullptr);
  EXPECT_EQ(view().where, ClientWhere::nowhere);
}

// In: another router's claim with a greater counter, then a new handshake here. Out: we withdraw as we hear of the
// first, and count above it for the second.
TEST_F(ClientTableTest, TheNewerPresenceWins) {
  shake_hands();
  expect_here(1);
  pass(seconds{20});
  claim(kOther, 2);
  expect_withdrawn();
  EXPECT_EQ(view().where, ClientWhere::elsewhere);
  EXPECT_EQ(view().router, kOther);
  EXPECT_EQ(table.served(key), nullptr);
  pass(seconds{20});
  shake_hands();
  expect_here(3);
  withdraw(kOther);
  expect_nothing();
}

// In: a claim that is older, and the one before it is withdrawn. Out: nothing changes for it; a client that is present
// and claimed by nobody else is ours again.
TEST_F(ClientTableTest, AnOlderClaimIsNotHeededAndALostOneComesBack) {
  claim(kOther, 4);
  shake_hands();
  expect_here(5);
  claim(kOther, 4, 1);
  expect_nothing();
  claim(kOther, 6);
  expect_withdrawn();
  withdraw(kOther);
  expect_here(5);
}

// In: the client is heard here for minutes although another has it, at the same cost. Out: we join, serve it directly,
// and do not announce it.
TEST_F(ClientTableTest, AtBothTheNewerHasItAtEqualCost) {
  shake_hands();
  expect_here(1);
  claim(kOther, 2);
  expect_withdrawn();
  for (int i = 0; i < 300; ++i) {
    pass(seconds{1});
    if (i % 25 == 24) receive();
    if (i % 120 == 119) shake_hands();
    const auto changes = table.take_changes();
    EXPECT_THAT(changes.announced, IsEmpty()) << i;
  }
  EXPECT_NE(table.served(key), nullptr);
  EXPECT_EQ(view().where, ClientWhere::elsewhere);
  EXPECT_TRUE(view().is_connected);
}

// The same where our cost is the better, and where it is the worse.
TEST_F(ClientTableTest, AtBothTheBetterCostHasIt) {
  shake_hands();
  expect_here(1);
  claim(kOther, 2, kCost + 1);
  expect_withdrawn();
  receive();
  expect_nothing();
  pass(seconds{25});
  receive();
  expect_here(2, true);
  withdraw(kOther);
  claim(kOther, 2, kCost - 1, true);
  EXPECT_THAT(table.take_changes().withdrawn, ElementsAre(prefix));
  for (int i = 0; i < 12; ++i) {
    pass(seconds{25});
    receive();
    const auto changes = table.take_changes();
    EXPECT_THAT(changes.announced, IsEmpty()) << "it stays there";
    EXPECT_THAT(changes.withdrawn, IsEmpty());
  }
}

// In: a client that was here for 110 s, was elsewhere for 15, and shakes hands here again, as who renews a session. Out: it
// is back; and where it is at both, that is no move.
TEST_F(ClientTableTest, AHandshakeThatMayBeARenewalIsOfWhoHasComeBack) {
  shake_hands();
  expect_here(1);
  for (int i = 0; i < 11; ++i) {
    pass(seconds{10});
    receive();
  }
  claim(kOther, 2);
  expect_withdrawn();
  pass(seconds{15});
  shake_hands();
  expect_here(3);
}

// In: both have counted alike, for the client shook hands here and there before either heard of the other. Out: the lower
// router id has it; when the other alone goes on hearing it, that one.
TEST_F(ClientTableTest, OfTwoThatCameAtOnceTheOneThatGoesOnHearingItHasIt) {
  constexpr ospf::RouterId kLower{0x09000001};
  shake_hands();
  expect_here(1);
  claim(kLower, 1);
  expect_withdrawn();
  pass(seconds{25});
  receive();
  expect_here(2);
}

// In: what was on its way when the client moved. Out: nobody joins for that.
TEST_F(ClientTableTest, WhatWasOnItsWayIsNoSignOfLife) {
  shake_hands();
  claim(kOther, 2, kCost + 1);
  (void)table.take_changes();
  pass(seconds{2});
  receive();
  pass(seconds{60});
  read();
  expect_nothing();
}

// In: we have it and hear nothing, another joins. Out: we yield after half a minute; not while we hear it.
TEST_F(ClientTableTest, WhoHearsItYieldsToNobody) {
  shake_hands();
  expect_here(1);
  claim(kOther, 1, kCost, true);
  for (int i = 0; i < 10; ++i) {
    pass(seconds{25});
    receive();
    expect_nothing();
  }
  withdraw(kOther);
  pass(seconds{1});
  claim(kOther, 1, kCost, true);
  pass(seconds{31});
  read();
  expect_withdrawn();
}

// In: a router's AS-external-LSA with our tag, without a claim, and with one that comes after it. Out: it counts as newer
// in half a second; with a claim only the claim counts.
TEST_F(ClientTableTest, WithoutOpaqueLsasTheLaterAnnouncementIsTheNewer) {
  shake_hands();
  expect_here(1);
  table.external(prefix, true, now());
  pass(milliseconds{499});
  expect_nothing();
  pass(milliseconds{1});
  expect_withdrawn();
  EXPECT_EQ(view().where, ClientWhere::elsewhere);
  EXPECT_FALSE(view().router);
  pass(seconds{10});
  shake_hands();
  expect_here(3);
  table.external(prefix, false, now());
  expect_nothing();
  table.external(prefix, true, now());
  claim(kOther, 3, kCost + 1);
  pass(seconds{1});
  expect_nothing();
}

// In: claims of a router whose policy does not let it announce the address. Out: as if there were none.
TEST_F(ClientTableTest, WhoMayNotAnnounceMayNotClaim) {
  table.set_beliefs({[](ospf::RouterId router, const Ipv4Prefix& of, std::uint32_t metric) {
                       return router != kThird || of != Ipv4Prefix::host(kAddress) || metric < kCost;
                     },
                     {}});
  shake_hands();
  expect_here(1);
  claim(kThird, 1000);
  expect_nothing();
  claim(kOther, 1001);
  expect_withdrawn();
}

// In: a claim, and only later the AS-external-LSA of the same router that makes it good. Out: until then the client is where
// it was. Without the LSA a router that joins is heeded, for it announces nothing; and what is announced by somebody who
// claims nothing counts beside a claim that is not believed.
TEST_F(ClientTableTest, AClaimCountsTogetherWithTheLsaThatMakesItGood) {
  std::set<ospf::RouterId> announcing;
  table.set_beliefs({{}, [&](ospf::RouterId router, const Ipv4Prefix& of) {
                       return of == prefix && announcing.contains(router);
                     }});
  shake_hands();
  expect_here(1);
  claim(kOther, 2);
  pass(seconds{5});
  expect_nothing();
  EXPECT_EQ(view().where, ClientWhere::here);
  announcing.insert(kOther);
  pass(milliseconds{250});
  expect_withdrawn();
  EXPECT_EQ(view().router, kOther);
  announcing.clear();
  table.decide_all(now());
  expect_here(1);
  claim(kOther, 1, kCost, true);
  pass(seconds{31});
  read();
  expect_withdrawn();
  withdraw(kOther);
  (void)table.take_changes();
  shake_hands();
  (void)table.take_changes();
  claim(kThird, 1000);
  table.external(prefix, true, now());
  pass(milliseconds{500});
  EXPECT_THAT(table.take_changes().withdrawn, ElementsAre(prefix));
  EXPECT_FALSE(view().router) << "who announces it claims nothing, and who claims it is not believed";
}

// In: the greatest counter that there is. Out: whoever comes later stands beside it; nothing runs over.
TEST_F(ClientTableTest, NobodyCountsFurtherThanThereIsToCount) {
  claim(kOther, ospf::kPresenceCounterMost, kCost + 1);
  shake_hands();
  expect_here(ospf::kPresenceCounterMost);
}

// In: a claim in an LSA that is not its key's, and of a key that is no peer. Out: the first is passed over, the second shown.
TEST_F(ClientTableTest, ClaimsStandWhereTheyBelong) {
  shake_hands();
  expect_here(1);
  table.claimed(kOther, kId + 1, std::vector{ospf::ClientTlv{key.bytes, 9, 1, false, kAddress}}, now());
  expect_nothing();
  wg::Key stranger{};
  stranger.bytes[0] = 8;
  table.claimed(kOther, kId + 1, std::vector{ospf::ClientTlv{stranger.bytes, 1, 1, false, Ipv4Address{9}}},
                now());
  ASSERT_THAT(table.views(), SizeIs(2));
  EXPECT_EQ(table.views().back().router, kOther);
  EXPECT_FALSE(table.is_known(stranger));
  table.claimed(kOther, kId + 1, std::nullopt, now());
  EXPECT_THAT(table.views(), SizeIs(1));
}

// In: another cost, then the peer is no client any more. Out: announced at that cost, then not at all.
TEST_F(ClientTableTest, TheConfigurationIsFollowed) {
  shake_hands();
  expect_here(1);
  set_cost(20);
  const auto changes = table.take_changes();
  ASSERT_THAT(changes.announced, SizeIs(1));
  EXPECT_EQ(changes.announced.front().metric, 20U);
  table.set_places({}, now());
  expect_withdrawn();
  EXPECT_TRUE(table.empty());
}

}  // namespace
}  // namespace wgospf::daemon::client_table_cases
