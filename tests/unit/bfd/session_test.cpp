// RFC 5880 6.8: one session, and what a scripted neighbour says to it.

#include "bfd/session.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

namespace wgospf::bfd {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Discriminator kLocal{11}, kRemote{22};
constexpr Timers kFast{3, Microseconds{50'000}, Microseconds{50'000}};

class SessionTest : public testing::Test {
 protected:
  explicit SessionTest(Timers timers = kFast) : session(kLocal, timers, Random{1}, now) {}

  /// What the neighbour says: it knows us, and has our timers.
  static ControlPacket says(State state, Microseconds interval = Microseconds{50'000}) {
    ControlPacket packet;
    packet.state = state;
    packet.detect_mult = 3;
    packet.my_discriminator = kRemote;
    packet.your_discriminator = kLocal;
    packet.desired_min_tx_interval = interval;
    packet.required_min_rx_interval = interval;
    return packet;
  }
  void hear(const ControlPacket& packet) { session.receive(now, packet); }
  void hear(State state) { hear(says(state)); }
  std::vector<ControlPacket> sent() {
    std::vector<ControlPacket> packets;
    while (const auto packet = session.poll_transmit()) packets.push_back(*packet);
    return packets;
  }
  std::vector<Transition> transitions() {
    std::vector<Transition> all;
    while (const auto transition = session.poll_transition()) all.push_back(*transition);
    return all;
  }
  void in_state(State state) {
    now += milliseconds{1};
    session.handle_timeout(now);
    if (state == State::init) hear(State::down);
    if (state == State::up) hear(State::init);
    if (state == State::admin_down) session.disable(now);
    ASSERT_EQ(session.state(), state);
    (void)sent();
    (void)transitions();
  }
  void up() {
    in_state(State::up);
    ControlPacket final = says(State::up);
    final.final = true;
    hear(final);
    (void)sent();
    ASSERT_FALSE(session.is_polling());
  }
  /// Time goes on; the neighbour says `packet` every 10 ms. What we send.
  std::vector<std::pair<Instant, ControlPacket>> run(Duration time,
                                                     const std::optional<ControlPacket>& packet = {}) {
    std::vector<std::pair<Instant, ControlPacket>> result;
    const Instant end = now + time;
    Instant hears = now;
    while (now < end) {
      if (packet && now >= hears) {
        hear(*packet);
        hears += milliseconds{10};
      }
      session.handle_timeout(now);
      for (const auto& one : sent()) result.emplace_back(now, one);
      now = std::min({end, packet ? hears : end, session.poll_timeout()});
    }
    return result;
  }

  Instant now{seconds{1000}};
  Session session;
};

struct Step {
  State at, hears, becomes;
};

class Rfc5880Section6_2 : public SessionTest, public testing::WithParamInterface<Step> {};

// The state machine: in each state each state that the neighbour may say it is in.
TEST_P(Rfc5880Section6_2, StateMachine) {
  in_state(GetParam().at);
  hear(GetParam().hears);
  EXPECT_EQ(session.state(), GetParam().becomes);
  const auto changes = transitions();
  EXPECT_EQ(changes.size(), GetParam().at == GetParam().becomes ? 0U : 1U);
}

INSTANTIATE_TEST_SUITE_P(
    All, Rfc5880Section6_2,
    testing::Values(Step{State::down, State::admin_down, State::down},
                    Step{State::down, State::down, State::init}, Step{State::down, State::init, State::up},
                    Step{State::down, State::up, State::down},
                    Step{State::init, State::admin_down, State::down},
                    Step{State::init, State::down, State::init}, Step{State::init, State::init, State::up},
                    Step{State::init, State::up, State::up}, Step{State::up, State::admin_down, State::down},
                    Step{State::up, State::down, State::down}, Step{State::up, State::init, State::up},
                    Step{State::up, State::up, State::up},
                    Step{State::admin_down, State::admin_down, State::admin_down},
                    Step{State::admin_down, State::down, State::admin_down},
                    Step{State::admin_down, State::init, State::admin_down},
                    Step{State::admin_down, State::up, State::admin_down}));

using Rfc5880Section6_8_1 = SessionTest;

// Before anything was heard: Down, no discriminator of the neighbour's, and at least a second between packets.
TEST_F(Rfc5880Section6_8_1, InitialState) {
  session.handle_timeout(now);
  const auto packets = sent();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].state, State::down);
  EXPECT_EQ(packets[0].diagnostic, Diagnostic::none);
  EXPECT_EQ(packets[0].my_discriminator, kLocal);
  EXPECT_EQ(packets[0].your_discriminator, Discriminator{});
  EXPECT_EQ(packets[0].desired_min_tx_interval, Microseconds{1'000'000});
  EXPECT_EQ(packets[0].required_min_rx_interval, Microseconds{50'000});
  EXPECT_EQ(packets[0].required_min_echo_rx_interval, Microseconds{0});
  EXPECT_FALSE(packets[0].demand);
}

// bfd.RemoteDiscr is 0 again when a detection time has passed, in Down too.
TEST_F(Rfc5880Section6_8_1, RemoteDiscriminatorIsForgotten) {
  hear(State::up);
  EXPECT_EQ(session.remote_discriminator(), kRemote);
  (void)run(milliseconds{151});
  EXPECT_EQ(session.remote_discriminator(), Discriminator{});
  EXPECT_THAT(transitions(), IsEmpty());
}

using Rfc5880Section6_8_2 = SessionTest;

// The slower of what we want to send and of what the neighbour wants to receive.
TEST_F(Rfc5880Section6_8_2, TransmitIntervalIsNegotiated) {
  up();
  EXPECT_EQ(session.transmit_interval(), milliseconds{50});
  hear(says(State::up, Microseconds{300'000}));
  EXPECT_EQ(session.transmit_interval(), milliseconds{300});
  hear(says(State::up, Microseconds{10'000}));
  EXPECT_EQ(session.transmit_interval(), milliseconds{50});
}

using Rfc5880Section6_8_3 = SessionTest;

// Not Up: no less than a second. Up: as configured, told with a Poll Sequence.
TEST_F(Rfc5880Section6_8_3, SlowUntilUp) {
  in_state(State::init);
  EXPECT_EQ(session.transmit_interval(), seconds{1});
  hear(State::up);
  const auto packets = sent();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].state, State::up);
  EXPECT_EQ(packets[0].desired_min_tx_interval, Microseconds{50'000});
  EXPECT_TRUE(packets[0].poll);
  EXPECT_EQ(session.transmit_interval(), milliseconds{50});
  (void)run(milliseconds{200});
  EXPECT_EQ(session.state(), State::down);
  EXPECT_EQ(session.transmit_interval(), seconds{1});
}

// Slower: said at once, done when the neighbour has acknowledged.
TEST_F(Rfc5880Section6_8_3, SlowerOnlyAfterThePollSequence) {
  up();
  session.configure({3, Microseconds{200'000}, Microseconds{50'000}});
  EXPECT_TRUE(session.is_polling());
  EXPECT_EQ(session.transmit_interval(), milliseconds{50});
  const auto packets = run(milliseconds{60}, says(State::up));
  ASSERT_FALSE(packets.empty());
  EXPECT_TRUE(packets[0].second.poll);
  EXPECT_EQ(packets[0].second.desired_min_tx_interval, Microseconds{200'000});
  ControlPacket final = says(State::up);
  final.final = true;
  hear(final);
  EXPECT_EQ(session.transmit_interval(), milliseconds{200});
}

TEST_F(Rfc5880Section6_8_3, FasterAtOnce) {
  up();
  session.configure({3, Microseconds{20'000}, Microseconds{50'000}});
  EXPECT_EQ(session.transmit_interval(), milliseconds{50}) << "the neighbour wants no more";
  hear(says(State::up, Microseconds{20'000}));
  EXPECT_EQ(session.transmit_interval(), milliseconds{20});
}

// What we require less of is waited for as long as before until the neighbour has acknowledged.
TEST_F(Rfc5880Section6_8_3, ReducedRequiredMinRx) {
  up();
  session.configure({3, Microseconds{50'000}, Microseconds{10'000}});
  hear(says(State::up, Microseconds{10'000}));
  EXPECT_EQ(session.detection_time(), milliseconds{150});
  ControlPacket final = says(State::up, Microseconds{10'000});
  final.final = true;
  hear(final);
  EXPECT_EQ(session.detection_time(), milliseconds{30});
}

TEST_F(Rfc5880Section6_8_3, RaisedRequiredMinRxAtOnce) {
  up();
  session.configure({3, Microseconds{50'000}, Microseconds{100'000}});
  EXPECT_EQ(session.detection_time(), milliseconds{300});
}

using Rfc5880Section6_8_4 = SessionTest;

// The neighbour's multiplier, times the slower of what we require and of what it wants to send.
TEST_F(Rfc5880Section6_8_4, DetectionTime) {
  up();
  EXPECT_EQ(session.detection_time(), milliseconds{150});
  ControlPacket packet = says(State::up, Microseconds{80'000});
  packet.detect_mult = 5;
  hear(packet);
  EXPECT_EQ(session.detection_time(), milliseconds{400});
}

// To the nanosecond, and not before.
TEST_F(Rfc5880Section6_8_4, Expiry) {
  up();
  const Instant last = now;
  (void)run(milliseconds{150} - std::chrono::nanoseconds{1});
  EXPECT_EQ(session.state(), State::up);
  now = last + milliseconds{150};
  session.handle_timeout(now);
  EXPECT_THAT(transitions(),
              ElementsAre(Transition{State::up, State::down, Diagnostic::control_detection_time_expired,
                                     Diagnostic::none, State::up}));
  const auto packets = sent();
  ASSERT_FALSE(packets.empty());
  EXPECT_EQ(packets[0].state, State::down);
  EXPECT_EQ(packets[0].diagnostic, Diagnostic::control_detection_time_expired);
  EXPECT_EQ(packets[0].your_discriminator, Discriminator{});
}

TEST_F(Rfc5880Section6_8_4, ExpiryInInit) {
  in_state(State::init);
  (void)run(milliseconds{151});
  EXPECT_EQ(session.state(), State::down);
  EXPECT_EQ(session.diagnostic(), Diagnostic::control_detection_time_expired);
  EXPECT_FALSE(transitions().at(0).is_loss()) << "it has never been Up";
}

using Rfc5880Section6_5 = SessionTest;

// A Poll is answered at once, whatever else is due, and never together with a Poll of ours.
TEST_F(Rfc5880Section6_5, FinalAnswersPoll) {
  in_state(State::up);
  ASSERT_TRUE(session.is_polling());
  ControlPacket poll = says(State::up);
  poll.poll = true;
  hear(poll);
  const auto packets = sent();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_TRUE(packets[0].final);
  EXPECT_FALSE(packets[0].poll);
}

// Asked for until it is answered, by the packets that are due anyway.
TEST_F(Rfc5880Section6_5, PollUntilFinal) {
  in_state(State::up);
  const auto packets = run(milliseconds{500}, says(State::up));
  EXPECT_LE(packets.size(), 14U);
  EXPECT_TRUE(std::all_of(packets.begin(), packets.end(), [](const auto& sent) { return sent.second.poll; }));
  ControlPacket final = says(State::up);
  final.final = true;
  hear(final);
  for (const auto& [at, packet] : run(milliseconds{500}, says(State::up))) EXPECT_FALSE(packet.poll);
}

// A Final may answer what was said before: what has changed since is asked again.
TEST_F(Rfc5880Section6_5, ChangeDuringPoll) {
  up();
  session.configure({3, Microseconds{100'000}, Microseconds{50'000}});
  (void)run(milliseconds{60}, says(State::up));
  session.configure({3, Microseconds{200'000}, Microseconds{50'000}});
  ControlPacket final = says(State::up);
  final.final = true;
  hear(final);
  EXPECT_TRUE(session.is_polling());
  EXPECT_EQ(session.transmit_interval(), milliseconds{50});
  hear(final);
  EXPECT_FALSE(session.is_polling());
  EXPECT_EQ(session.transmit_interval(), milliseconds{200});
}

using Rfc5880Section6_6 = SessionTest;

// Who asks for demand mode gets nothing periodic, but Finals, and Polls when we have something to say.
TEST_F(Rfc5880Section6_6, DemandModeOfTheNeighbour) {
  up();
  ControlPacket demand = says(State::up);
  demand.demand = true;
  EXPECT_THAT(run(seconds{1}, demand), IsEmpty());
  demand.poll = true;
  hear(demand);
  EXPECT_THAT(sent(), testing::SizeIs(1));
  session.configure({3, Microseconds{60'000}, Microseconds{60'000}});
  demand.poll = false;
  EXPECT_THAT(run(seconds{1}, demand), testing::Not(IsEmpty()));
  EXPECT_EQ(session.state(), State::up);
}

using Rfc5880Section6_8_7 = SessionTest;

// Gaps are 75 to 100 % of the interval, and spread over all of that.
TEST_F(Rfc5880Section6_8_7, Jitter) {
  up();
  const auto packets = run(seconds{60}, says(State::up));
  Duration least = seconds{9}, most{};
  for (std::size_t i = 1; i < packets.size(); ++i) {
    const Duration gap = packets[i].first - packets[i - 1].first;
    least = std::min(least, gap);
    most = std::max(most, gap);
  }
  EXPECT_GE(least, microseconds{37'500});
  EXPECT_LE(least, microseconds{38'000});
  EXPECT_LE(most, milliseconds{50});
  EXPECT_GE(most, microseconds{49'500});
  const auto average = Duration{seconds{60}} / static_cast<int>(packets.size());
  EXPECT_GE(average, microseconds{43'000}) << "what is received does not draw anew";
  EXPECT_LE(average, microseconds{44'500});
}

class Rfc5880Section6_8_7MultiplierOfOne : public SessionTest {
 protected:
  Rfc5880Section6_8_7MultiplierOfOne() : SessionTest({1, Microseconds{50'000}, Microseconds{50'000}}) {}
};

// With a multiplier of 1 no gap is more than 90 %.
TEST_F(Rfc5880Section6_8_7MultiplierOfOne, Jitter) {
  up();
  const auto packets = run(seconds{60}, says(State::up));
  for (std::size_t i = 1; i < packets.size(); ++i) {
    EXPECT_GE(packets[i].first - packets[i - 1].first, microseconds{37'500});
    EXPECT_LE(packets[i].first - packets[i - 1].first, milliseconds{45});
  }
}

// Required Min RX Interval 0: nothing periodic. When it is not 0 any more, at once.
TEST_F(Rfc5880Section6_8_7, NothingToWhoWantsNothing) {
  up();
  ControlPacket nothing = says(State::up);
  nothing.required_min_rx_interval = Microseconds{0};
  EXPECT_THAT(run(seconds{2}, nothing), IsEmpty());
  hear(State::up);
  EXPECT_LE(session.poll_timeout(), now);
}

// What is new goes out at once: a change of state, not the next second.
TEST_F(Rfc5880Section6_8_7, ChangesAtOnce) {
  in_state(State::down);
  hear(State::down);
  const auto packets = sent();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].state, State::init);
  EXPECT_EQ(packets[0].your_discriminator, kRemote);
}

using Rfc5880Section6_8_16 = SessionTest;

// AdminDown with diagnostic 7, said at once; nothing that is heard changes it; then Down.
TEST_F(Rfc5880Section6_8_16, AdministrativeControl) {
  up();
  session.disable(now);
  auto packets = sent();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].state, State::admin_down);
  EXPECT_EQ(packets[0].diagnostic, Diagnostic::administratively_down);
  EXPECT_FALSE(transitions().at(0).is_loss());
  ControlPacket poll = says(State::down);
  poll.poll = true;
  hear(poll);
  EXPECT_THAT(sent(), IsEmpty());
  session.enable(now);
  EXPECT_EQ(session.state(), State::down);
}

using Rfc5882Section4_2 = SessionTest;

// A failure: the detection time, or a neighbour that says Down. None: a neighbour that is administratively down.
TEST_F(Rfc5882Section4_2, WhatIsAFailure) {
  up();
  hear(State::down);
  EXPECT_TRUE(transitions().at(0).is_loss());
  EXPECT_EQ(session.diagnostic(), Diagnostic::neighbor_signaled_session_down);
}

TEST_F(Rfc5882Section4_2, AdminDownIsNone) {
  up();
  hear(State::admin_down);
  EXPECT_EQ(session.state(), State::down);
  EXPECT_FALSE(transitions().at(0).is_loss());
}

}  // namespace
}  // namespace wgospf::bfd
