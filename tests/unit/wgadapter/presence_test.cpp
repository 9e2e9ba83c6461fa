// Who is present, by readings of counters and handshakes on a virtual clock.

#include "wgadapter/presence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/unit/wgadapter/allowed_ip_model.h"

namespace wgospf::wg::presence_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::key_of;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = PresenceChange::Kind;

class PresenceTest : public testing::Test {
 protected:
  PresenceTest() { peer.public_key = key_of(1); }
  void pass(Presence::Duration time) { elapsed += time; }
  void shake_hands() {
    peer.last_handshake = kStart + elapsed;
    peer.rx_bytes += 148;
  }
  void receive() { peer.rx_bytes += 32; }
  std::vector<PresenceChange> read() {
    return presence.take({Presence::Time{} + seconds{10'000} + elapsed, kStart + elapsed, {&peer, 1}});
  }
  PresenceChange is(Kind kind) const { return {kind, peer.public_key}; }

  static constexpr SystemTime kStart{std::chrono::sys_days{std::chrono::year{2026} / 11 / 30}};
  Presence::Duration elapsed{};
  Peer peer;
  Presence presence{seconds{180}};
};

TEST_F(PresenceTest, AHandshakeIsAnArrival) {
  EXPECT_THAT(read(), IsEmpty()) << "never seen";
  pass(milliseconds{200});
  shake_hands();
  EXPECT_THAT(read(), ElementsAre(is(Kind::arrived)));
  EXPECT_THAT(read(), IsEmpty());
}

// In: a session that is used, and renewed every 120 s for an hour. Out: no arrival.
TEST_F(PresenceTest, ARenewalIsNone) {
  (void)read();
  shake_hands();
  EXPECT_THAT(read(), ElementsAre(is(Kind::arrived)));
  for (int i = 1; i < 3600; ++i) {
    pass(seconds{1});
    if (i % 25 == 0) receive();
    if (i % 120 == 0) shake_hands();
    const auto changes = read();
    if (i % 120 == 0)
      EXPECT_THAT(changes, ElementsAre(is(Kind::renewed))) << i;
    else
      EXPECT_THAT(changes, IsEmpty()) << i;
  }
}

// In: a client that goes elsewhere and comes back within the session, at once and late. Out: an arrival each time.
TEST_F(PresenceTest, WhoComesBackArrives) {
  (void)read();
  shake_hands();
  (void)read();
  for (const auto away : {seconds{5}, seconds{100}, seconds{119}, seconds{150}, seconds{179}}) {
    pass(away);
    shake_hands();
    EXPECT_THAT(read(), ElementsAre(is(Kind::arrived))) << away.count();
  }
}

// In: idle for 170 s, then a keepalive, then silence. Out: present all the time, gone 180 s after the keepalive.
TEST_F(PresenceTest, WhoIsIdleStaysForTheHoldTime) {
  (void)read();
  shake_hands();
  (void)read();
  pass(seconds{170});
  receive();
  EXPECT_THAT(read(), IsEmpty());
  pass(seconds{180});
  EXPECT_THAT(read(), IsEmpty());
  EXPECT_TRUE(presence.find(peer.public_key)->is_present);
  pass(milliseconds{1});
  EXPECT_THAT(presence.time_passed(Presence::Time{} + seconds{10'000} + elapsed), ElementsAre(is(Kind::left)))
      << "without a reading, for nothing differs";
  EXPECT_THAT(read(), IsEmpty()) << "once";
  receive();
  EXPECT_THAT(read(), ElementsAre(is(Kind::arrived)));
}

// In: what is sent to it, and an endpoint that moves. Out: no sign of life.
TEST_F(PresenceTest, WhatIsSentToItTellsNothing) {
  (void)read();
  peer.tx_bytes += 1000;
  peer.endpoint = Endpoint{Ipv4Address{0x0a000001}, 5};
  EXPECT_THAT(read(), IsEmpty());
}

// In: the first reading finds sessions of all ages. Out: who was within the hold time is found, not arrived.
TEST_F(PresenceTest, WhoIsThereAtTheStartIsFound) {
  shake_hands();
  pass(seconds{100});
  EXPECT_THAT(read(), ElementsAre(is(Kind::found)));
  pass(seconds{80});
  EXPECT_THAT(read(), IsEmpty());
  pass(seconds{1});
  EXPECT_THAT(read(), ElementsAre(is(Kind::left)));

  Presence other{seconds{180}};
  EXPECT_THAT(other.take({Presence::Time{} + elapsed, kStart + elapsed, {&peer, 1}}), IsEmpty());
}

TEST_F(PresenceTest, APeerOrADeviceThatIsRemovedLeaves) {
  (void)read();
  shake_hands();
  (void)read();
  EXPECT_THAT(presence.take({}), ElementsAre(is(Kind::left)));
  EXPECT_EQ(presence.find(peer.public_key), nullptr);
  (void)read();
  EXPECT_THAT(presence.clear(), ElementsAre(is(Kind::left)));
  EXPECT_THAT(presence.clear(), IsEmpty());
}

}  // namespace
}  // namespace wgospf::wg::presence_test
