// The neighbour of one link under a virtual clock: when it is suspect, when it is given up, and when it is not.

#include "daemon/links/liveness.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace wgospf::daemon::liveness_test {
namespace {

using ospf::Duration;
using ospf::Instant;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Step = Liveness::Step;

/// A link with a neighbour, its timer of inactivity, and a train of echoes, in steps of a millisecond.
class Link {
 public:
  explicit Link(Liveness::Settings with = {seconds{1}, seconds{4}, milliseconds{1500}},
                std::uint32_t seed = 1)
      : settings(with), liveness(with, now), random_(seed) {
    dead_at = now + settings.dead_interval;
    next_hello_ = now + settings.hello_interval;
  }

  Instant now{seconds{1000}};
  Liveness::Settings settings;
  Liveness liveness;
  Instant dead_at{};
  // The neighbour and the way to it.
  double loss = 0;               ///< in each direction
  bool is_process_there = true;  ///< says hello
  bool is_machine_there = true;  ///< answers echoes
  bool answers = true;           ///< as long as it is there
  Duration one_way = milliseconds{10};
  // What became of it.
  std::optional<Instant> given_up{}, timed_out{};
  std::optional<ospf::DownReason> reason{};
  unsigned suspicions = 0, echoes = 0, holds = 0;

  [[nodiscard]] bool is_lost() const { return given_up || timed_out; }
  void run_for(Duration time) {
    for (const Instant end = now + time; now < end && !is_lost(); now += milliseconds{1}) step();
  }

 private:
  struct Echo {
    Instant at{};
    std::optional<Instant> answer{};
    bool is_told = false;
  };
  [[nodiscard]] bool is_lost_on_the_way() { return std::uniform_real_distribution<>(0, 1)(random_) < loss; }

  void step() {
    if (now >= next_hello_) {
      // RFC 2328 leaves the jitter open; ours is a tenth.
      next_hello_ =
          now + settings.hello_interval - milliseconds{std::uniform_int_distribution<>(0, 100)(random_)};
      if (is_process_there && is_machine_there && !is_lost_on_the_way()) {
        dead_at = now + settings.dead_interval;
        liveness.heard(SignOfLife::ospf, now);
        liveness.set_dead_at(dead_at);
        is_probing_ = false;
      }
    }
    if ((is_probing_ || learning_ > 0) && now >= next_echo_) send_echo();
    settle_echoes();
    for (auto what = liveness.next(now); what != Step::none; what = liveness.next(now)) {
      act(what);
      if (is_lost()) return;
    }
    if (now >= dead_at) timed_out = now;
  }

  void act(Step what) {
    switch (what) {
      case Step::learn:
        learning_ = Liveness::kLearnedFrom;
        next_echo_ = now;
        return;
      case Step::probe:
        ++suspicions;
        is_probing_ = true;
        next_echo_ = now;
        return;
      case Step::hold:
        ++holds;
        dead_at = now + settings.dead_interval;
        liveness.set_dead_at(dead_at);
        return;
      case Step::lost:
        given_up = now;
        reason = liveness.reason(now);
        return;
      case Step::none:
        return;
    }
  }

  void send_echo() {
    next_echo_ = now + (is_probing_ ? Liveness::kInterval : Liveness::kLearnInterval);
    if (!is_probing_ && --learning_ == 0) is_last_of_learning_ = true;
    ++echoes;
    const bool comes_back = is_machine_there && answers && !is_lost_on_the_way() && !is_lost_on_the_way();
    echoes_.push_back({now, comes_back ? std::optional(now + 2 * one_way) : std::nullopt});
  }

  void settle_echoes() {
    for (auto& echo : echoes_) {
      if (echo.answer && now >= *echo.answer) {
        liveness.answered(*echo.answer - echo.at, now);
        echo.answer.reset();
        echo.is_told = true;
      } else if (!echo.is_told && now - echo.at >= liveness.echo_wait()) {
        echo.is_told = true;
        if (is_probing_ || learning_ > 0 || is_last_of_learning_) liveness.unanswered();
      }
    }
    while (!echoes_.empty() && echoes_.front().is_told && !echoes_.front().answer) echoes_.pop_front();
    if (is_last_of_learning_ && echoes_.empty()) {
      is_last_of_learning_ = false;
      liveness.learned(now);
    }
  }

  std::mt19937 random_;
  Instant next_hello_{}, next_echo_{};
  bool is_probing_ = false, is_last_of_learning_ = false;
  unsigned learning_ = 0;
  std::deque<Echo> echoes_{};
};

// In: a neighbour that is well. Out: it is known to answer, with its round trip; then nothing is sent for an hour.
TEST(Liveness, OutsideOfSuspicionNothingExtraIsSent) {
  Link link;
  link.run_for(seconds{10});
  EXPECT_EQ(link.liveness.answers_echoes(), true);
  ASSERT_TRUE(link.liveness.round_trip());
  EXPECT_EQ(*link.liveness.round_trip(), milliseconds{20});
  EXPECT_EQ(link.echoes, Liveness::kLearnedFrom);
  link.run_for(seconds{3500});
  EXPECT_EQ(link.echoes, Liveness::kLearnedFrom);
  link.run_for(seconds{200});
  EXPECT_EQ(link.echoes, 2 * Liveness::kLearnedFrom) << "whether it still answers";
  EXPECT_EQ(link.suspicions, 0U);
}

// In: the machine is gone from one moment to the next. Out: given up when the patience is over since its last sign.
TEST(Liveness, GivenUpWhenThePatienceIsOver) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    Link link({seconds{1}, seconds{4}, milliseconds{1500}}, seed);
    link.run_for(seconds{20} + milliseconds{seed * 47});
    const Instant last = link.liveness.last_sign_at();
    link.is_machine_there = false;
    link.run_for(seconds{10});
    ASSERT_TRUE(link.given_up);
    EXPECT_GE(*link.given_up - last, milliseconds{1500});
    EXPECT_LE(*link.given_up - last, milliseconds{1530});
    EXPECT_EQ(link.reason->kind, ospf::DownReason::Kind::silent);
    EXPECT_EQ(link.reason->silent_for, *link.given_up - last);
    EXPECT_GE(link.reason->unanswered, 8U);
  }
}

// In: a neighbour that answers no echoes. Out: the dead interval holds, whatever the patience.
TEST(Liveness, WhereNoEchoIsAnsweredTheDeadIntervalHolds) {
  Link link;
  link.answers = false;
  link.run_for(seconds{30});
  EXPECT_EQ(link.liveness.answers_echoes(), false);
  const Instant last = link.liveness.last_sign_at();
  link.is_machine_there = false;
  link.run_for(seconds{10});
  EXPECT_FALSE(link.given_up);
  ASSERT_TRUE(link.timed_out);
  EXPECT_GE(*link.timed_out - last, seconds{4});
  EXPECT_EQ(link.suspicions, 0U);
}

// In: `patience: off`. Out: no echo at all; the dead interval holds.
TEST(Liveness, OffIsTheDeadIntervalAlone) {
  Link link({seconds{1}, seconds{4}, Duration{}});
  link.run_for(seconds{30});
  link.is_machine_there = false;
  link.run_for(seconds{10});
  EXPECT_TRUE(link.timed_out);
  EXPECT_EQ(link.echoes, 0U);
}

// In: a pause of a second of its process, whose machine goes on answering. Out: it stays, suspect meanwhile.
TEST(Liveness, APauseOfTheProcessIsNoDeath) {
  Link link;
  link.run_for(seconds{20});
  for (int i = 0; i < 20; ++i) {
    link.is_process_there = false;
    link.run_for(milliseconds{1000});
    link.is_process_there = true;
    link.run_for(milliseconds{5037});
    ASSERT_FALSE(link.is_lost());
  }
  EXPECT_GT(link.suspicions, 0U);
  EXPECT_EQ(link.holds, 0U);
}

// In: its process has died, its machine answers on a link that loses nothing. Out: the dead interval, not more.
TEST(Liveness, ADeadProcessIsFoundByTheDeadInterval) {
  Link link;
  link.run_for(seconds{20});
  const Instant last = link.liveness.last_sign_at();
  link.is_process_there = false;
  link.run_for(seconds{30});
  ASSERT_TRUE(link.timed_out);
  EXPECT_LE(*link.timed_out - last, milliseconds{4002});
}

// In: the same on a link that loses 30 % each way. Out: it is found, within the stretched dead interval.
TEST(Liveness, ADeadProcessBehindALossyLinkIsFoundLater) {
  Link link;
  link.loss = 0.3;
  link.run_for(seconds{120});
  ASSERT_FALSE(link.is_lost());
  EXPECT_GT(link.liveness.dead_after(), seconds{8});
  link.is_process_there = false;
  const Instant died = link.now;
  link.run_for(seconds{60});
  ASSERT_TRUE(link.timed_out);
  EXPECT_GT(*link.timed_out - died, seconds{4});
  EXPECT_LE(*link.timed_out - died, seconds{30});
}

// In: 30 % of all packets are lost in each direction, for an hour, with ten seeds. Out: never given up, never timed out.
TEST(Liveness, ThirtyPercentOfLossForAnHourIsNoDeath) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    Link link({seconds{1}, seconds{4}, milliseconds{1500}}, seed);
    link.run_for(seconds{20});
    link.loss = 0.3;
    link.run_for(seconds{3600});
    ASSERT_FALSE(link.is_lost()) << "seed " << seed;
    EXPECT_GT(link.suspicions, 700U);
    EXPECT_NEAR(link.liveness.loss().mean(), 0.51, 0.25);
    // A cut is found all the same.
    const Instant last = link.liveness.last_sign_at();
    link.is_machine_there = false;
    link.run_for(seconds{10});
    ASSERT_TRUE(link.is_lost());
    EXPECT_LE(link.now - last, milliseconds{4002});
  }
}

// In: a slow link, whose answers take longer than between two echoes. Out: no flap at rest, found when cut.
TEST(Liveness, ALongRoundTripIsWaitedFor) {
  Link link;
  link.one_way = milliseconds{300};
  link.run_for(seconds{30});
  link.is_process_there = false;
  link.run_for(milliseconds{2500});
  ASSERT_FALSE(link.is_lost());
  link.is_process_there = true;
  link.run_for(seconds{10});
  const Instant last = link.liveness.last_sign_at();
  link.is_machine_there = false;
  link.run_for(seconds{4});
  ASSERT_TRUE(link.given_up);
  EXPECT_LE(*link.given_up - last, milliseconds{2600});
}

// In: what WireGuard has taken from the peer grows while no echo is answered. Out: that is a sign of life, too.
TEST(Liveness, TrafficAndHandshakesAreSignsOfLife) {
  Link link;
  link.run_for(seconds{20});
  link.is_machine_there = false;
  for (int i = 0; i < 5; ++i) {
    link.run_for(milliseconds{600});
    ASSERT_FALSE(link.is_lost());
    link.liveness.heard(i % 2 == 0 ? SignOfLife::traffic : SignOfLife::handshake, link.now);
  }
  link.run_for(milliseconds{1600});
  EXPECT_TRUE(link.is_lost());
}

// In: loss that is never seen. Out: eight echoes are enough; with 60 %, 36; with what loses all, no more than 400.
TEST(LossEstimate, HowManyAreEnough) {
  Liveness liveness({seconds{1}, seconds{4}, milliseconds{1500}}, Instant{seconds{1}});
  EXPECT_EQ(liveness.enough(), 8U);
  EXPECT_EQ(liveness.dead_after(), seconds{4});
  LossEstimate loss;
  for (int i = 0; i < 10000; ++i) loss.note(i % 2 == 0);
  EXPECT_NEAR(loss.mean(), 0.5, 0.02);
  EXPECT_NEAR(loss.high(), 0.59, 0.02);
  for (int i = 0; i < 1000; ++i) loss.note(true);
  EXPECT_NEAR(loss.mean(), 1, 0.001);
  EXPECT_LE(loss.high(), 0.99);
}

}  // namespace
}  // namespace wgospf::daemon::liveness_test
