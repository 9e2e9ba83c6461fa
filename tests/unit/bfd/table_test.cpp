// Whose packet it is (RFC 5880 6.3, RFC 5881 3 and 5), and what becomes of sessions that are not wanted any more.

#include "bfd/table.h"

#include <gmock/gmock.h>

namespace wgospf::bfd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const IpAddress kOurs = Ipv4Address{0x0a000001}, kNeighbor = Ipv4Address{0x0a000002},
                kStranger = Ipv4Address{0x0a000003};
const Place kPlace{7, kNeighbor};

class TableTest : public testing::Test {
 protected:
  TableTest() { table.follow(now, {{kPlace, kOurs, {}}}); }

  void arrive(const ControlPacket& packet, Place from = kPlace, std::uint8_t ttl = 255) {
    const auto bytes = encode(packet);
    table.receive(now, {from, ttl, bytes});
  }
  /// Our discriminator, as the session has said it.
  [[nodiscard]] Discriminator ours() const { return table.views().at(0).discriminator; }
  [[nodiscard]] State state() const { return table.views().at(0).state; }
  [[nodiscard]] ControlPacket says(State state, bool names_us = true) const {
    ControlPacket packet;
    packet.state = state;
    packet.detect_mult = 3;
    packet.my_discriminator = Discriminator{22};
    packet.your_discriminator = names_us ? ours() : Discriminator{};
    packet.desired_min_tx_interval = packet.required_min_rx_interval = Microseconds{50'000};
    return packet;
  }
  void up() {
    arrive(says(State::init));
    ASSERT_EQ(state(), State::up);
    (void)sent();
    (void)changes();
  }
  std::vector<ControlPacket> sent() {
    std::vector<ControlPacket> packets;
    while (const auto departure = table.poll_transmit()) packets.push_back(departure->packet);
    return packets;
  }
  std::vector<Transition> changes() {
    std::vector<Transition> all;
    while (const auto change = table.poll_change()) all.push_back(change->transition);
    return all;
  }
  std::vector<ControlPacket> run(Duration time) {
    const Instant end = now + time;
    while (now < end) {
      now = std::min(end, table.poll_timeout());
      table.handle_timeout(now);
    }
    return sent();
  }

  Instant now{seconds{1000}};
  Table table{42};
};

// Without a discriminator of ours: by link and address.
TEST_F(TableTest, Rfc5880Section6_3_InitialDemultiplexing) {
  arrive(says(State::down, false));
  EXPECT_EQ(state(), State::init);
}

TEST_F(TableTest, Rfc5880Section6_3_NobodyIsExpectedThere) {
  arrive(says(State::down, false), {7, kStranger});
  arrive(says(State::down, false), {8, kNeighbor});
  EXPECT_EQ(table.discards(Discard::no_session), 2U);
  EXPECT_EQ(state(), State::down);
}

TEST_F(TableTest, Rfc5880Section6_8_6_UnknownDiscriminator) {
  auto packet = says(State::up);
  packet.your_discriminator = Discriminator{static_cast<std::uint32_t>(ours()) + 1};
  arrive(packet);
  EXPECT_EQ(table.discards(Discard::unknown_discriminator), 1U);
}

// Who has learned our discriminator, but has another address or is on another link, changes nothing.
TEST_F(TableTest, Rfc5881Section5_OnlyTheNeighborSpeaksForItself) {
  up();
  arrive(says(State::down), {7, kStranger});
  arrive(says(State::down), {8, kNeighbor});
  EXPECT_EQ(table.discards(Discard::source), 2U);
  EXPECT_EQ(state(), State::up);
}

TEST_F(TableTest, Rfc5881Section5_GeneralizedTtlSecurity) {
  up();
  arrive(says(State::down), kPlace, 254);
  arrive(says(State::down), kPlace, 0);
  EXPECT_EQ(table.discards(Discard::ttl), 2U);
  EXPECT_EQ(state(), State::up);
}

TEST_F(TableTest, Rfc5880Section6_8_6_AuthenticatedPacketsAreRefused) {
  const auto encoded = encode(says(State::down));
  std::vector<std::byte> bytes(encoded.begin(), encoded.end());
  bytes.resize(28);
  bytes[1] |= std::byte{0x04};
  bytes[3] = std::byte{28};
  table.receive(now, {kPlace, 255, bytes});
  EXPECT_EQ(table.discards(Discard::authentication), 1U);
  EXPECT_EQ(state(), State::down);
}

// A discarded packet does not keep a session alive.
TEST_F(TableTest, Rfc5880Section6_8_6_DiscardedPacketsAreNoSignOfLife) {
  up();
  for (int i = 0; i < 20; ++i) {
    now += milliseconds{10};
    arrive(says(State::up), kPlace, 254);
    table.handle_timeout(now);
  }
  EXPECT_EQ(state(), State::down);
}

// It says AdminDown for a while, and is gone.
TEST_F(TableTest, Rfc5880Section6_8_16_NotWantedAnyMore) {
  up();
  table.follow(now, {});
  EXPECT_TRUE(table.views().empty());
  const auto packets = run(seconds{5});
  ASSERT_GE(packets.size(), 3U);
  for (const auto& packet : packets) EXPECT_EQ(packet.state, State::admin_down);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.poll_timeout(), Instant::max());
}

// A failure is what the neighbour is told, not that we want no session now that it has failed.
TEST_F(TableTest, Rfc5882Section4_2_AFailureIsToldAfterItsSessionIsGone) {
  up();
  (void)run(milliseconds{160});
  ASSERT_EQ(state(), State::down);
  table.follow(now, {});
  const auto packets = run(seconds{2});
  ASSERT_FALSE(packets.empty());
  for (const auto& packet : packets) {
    EXPECT_EQ(packet.state, State::down);
    EXPECT_EQ(packet.diagnostic, Diagnostic::control_detection_time_expired);
  }
  const auto rest = run(seconds{8});
  ASSERT_FALSE(rest.empty());
  EXPECT_EQ(rest.back().state, State::admin_down);
  EXPECT_EQ(table.size(), 0U);
}

// Wanted again before it was gone: the same session.
TEST_F(TableTest, WantedAgain) {
  up();
  const auto discriminator = ours();
  table.follow(now, {});
  table.follow(now, {{kPlace, kOurs, {}}});
  EXPECT_EQ(ours(), discriminator);
  EXPECT_EQ(state(), State::down);
  arrive(says(State::init));
  EXPECT_EQ(state(), State::up);
}

// What came Up while it was not wanted is told when it is.
TEST_F(TableTest, UpWhenWantedAgain) {
  up();
  (void)run(milliseconds{160});
  const auto packet = says(State::init);
  table.follow(now, {});
  (void)changes();
  arrive(packet);
  EXPECT_TRUE(changes().empty());
  table.follow(now, {{kPlace, kOurs, {}}});
  const auto told = changes();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].to, State::up);
}

TEST_F(TableTest, AnotherSourceIsAnotherSession) {
  up();
  const auto discriminator = ours();
  table.follow(now, {{kPlace, kStranger, {}}});
  EXPECT_NE(ours(), discriminator);
  EXPECT_EQ(state(), State::down);
}

// The same again and again: nothing happens.
TEST_F(TableTest, FollowIsALevel) {
  up();
  for (int i = 0; i < 3; ++i) table.follow(now, {{kPlace, kOurs, {}}});
  EXPECT_EQ(state(), State::up);
  EXPECT_TRUE(sent().empty());
  EXPECT_TRUE(changes().empty());
}

}  // namespace
}  // namespace wgospf::bfd
