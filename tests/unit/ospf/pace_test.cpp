// How long to wait for an answer, and how much may be under way.

#include <gtest/gtest.h>

#include "ospf/flood_window.h"
#include "ospf/round_trip.h"

namespace wgospf::ospf::pace_test {
namespace {

constexpr Duration kMost = seconds{5};
constexpr Instant kStart = Instant{} + seconds{1000};

TEST(RoundTrip, Rfc6298Section2_1_OneSecondBeforeAnythingIsMeasured) {
  EXPECT_EQ(RoundTrip::of_answers().timeout(kMost), seconds{1});
  EXPECT_EQ(RoundTrip::of_answers().timeout(milliseconds{700}), milliseconds{700})
      << "RxmtInterval is the most";
}
TEST(RoundTrip, Rfc6298Section2_2_TheFirstMeasurementDecides) {
  RoundTrip time = RoundTrip::of_answers();
  time.measured(milliseconds{100});
  EXPECT_EQ(time.timeout(kMost), milliseconds{300});
}
TEST(RoundTrip, Rfc6298Section2_3_ASteadyTimeLeavesTheLeastSlack) {
  RoundTrip time = RoundTrip::of_answers();
  for (int i = 0; i < 100; ++i) time.measured(milliseconds{40});
  EXPECT_NEAR(static_cast<double>(time.timeout(kMost).count()), 90e6, 1e6);
}
TEST(RoundTrip, Rfc6298Section5_5_BacksOffUntilSomethingIsMeasured) {
  RoundTrip time = RoundTrip::of_answers();
  for (int i = 0; i < 100; ++i) time.measured(milliseconds{40});
  const Duration once = time.timeout(kMost);
  time.timed_out();
  EXPECT_EQ(time.timeout(kMost), 2 * once);
  EXPECT_EQ(time.timeout(kMost, 3), 8 * once);
  for (int i = 0; i < 100; ++i) time.timed_out();
  EXPECT_EQ(time.timeout(kMost), kMost);
  time.measured(milliseconds{40});
  EXPECT_NEAR(static_cast<double>(time.timeout(kMost).count()), 90e6, 1e6);
}
TEST(RoundTrip, ASampleOfHoursDoublesNoFurtherThanRxmtInterval) {
  RoundTrip time = RoundTrip::of_answers();
  time.measured(seconds{14 * 3600});
  for (int i = 0; i < 100; ++i) time.timed_out();
  EXPECT_EQ(time.timeout(kMost), kMost);
}
// Acknowledgements may wait for a clock: one that came soon proves little.
TEST(RoundTrip, AcknowledgmentsAreTakenForSlowUntilManyWereFast) {
  RoundTrip time = RoundTrip::of_acknowledgments();
  EXPECT_EQ(time.timeout(kMost), milliseconds{1500});
  time.measured(milliseconds{1});
  EXPECT_GE(time.timeout(kMost), seconds{1});
  for (int i = 0; i < 100; ++i) time.measured(milliseconds{1});
  EXPECT_LE(time.timeout(kMost), milliseconds{250});
}

/// Sends `bytes` in LSAs of 1000 at `now`, as far as there is room; gives how much.
std::size_t fill(FloodWindow& window) {
  std::size_t sent = 0;
  while (window.has_room(1000)) {
    window.sent(1000);
    sent += 1000;
  }
  window.is_full();
  return sent;
}

TEST(FloodWindow, DoublesEachRoundTripAtFirst) {
  FloodWindow window;
  Instant now = kStart;
  std::size_t sent = fill(window);
  EXPECT_LE(sent, kFloodWindowFirst);
  for (int round = 0; round < 3; ++round) {
    const Instant sent_at = now;
    now += milliseconds{10};
    const std::size_t before = window.size();
    for (std::size_t i = 0; i < sent; i += 1000) {
      window.acknowledged(1000, sent_at, now);
      window.is_full();
    }
    EXPECT_NEAR(static_cast<double>(window.size()), 2.0 * static_cast<double>(before), 2000);
    sent = fill(window);
  }
}
TEST(FloodWindow, BecomesWhatGotThroughWhenMuchIsLost) {
  FloodWindow window;
  const std::size_t sent = fill(window);
  Instant now = kStart + milliseconds{10};
  window.acknowledged(1000, kStart, now);
  for (std::size_t i = 1000; i < sent; i += 1000) {
    if (i < sent / 2)
      window.acknowledged(1000, kStart, now);
    else
      window.lost(1000, kStart, now);
  }
  EXPECT_EQ(window.in_flight(), 0U);
  window.sent(1000);
  window.acknowledged(1000, now, now + milliseconds{10});  // the next round has begun
  EXPECT_LE(window.size(), sent / 2);
  EXPECT_GE(window.size(), kFloodWindowLeast);
}
TEST(FloodWindow, AFewLossesAreTheLinks) {
  FloodWindow window;
  const std::size_t sent = fill(window);
  const Instant now = kStart + milliseconds{10};
  window.lost(1000, kStart, now);
  window.lost(1000, kStart, now);
  for (std::size_t i = 2000; i < sent; i += 1000) window.acknowledged(1000, kStart, now);
  window.sent(1000);
  window.acknowledged(1000, now, now + milliseconds{10});
  EXPECT_GE(window.size(), kFloodWindowFirst);
}
TEST(FloodWindow, DoesNotGrowWhileAQueueGrows) {
  FloodWindow window;
  Instant now = kStart;
  std::size_t last = 0;
  for (int round = 0; round < 6; ++round) {
    const std::size_t sent = fill(window);
    const Instant sent_at = now;
    now += milliseconds{20 + 100 * round};
    last = window.size();
    for (std::size_t i = 0; i < sent; i += 1000) {
      window.acknowledged(1000, sent_at, now);
      window.is_full();
    }
    window.took(now - sent_at);
  }
  EXPECT_EQ(window.size(), last);
  EXPECT_LT(window.size(), kFloodWindowMost) << "something else kept it from growing";
}
TEST(FloodWindow, GrowsWithTimeBeforeTheFirstAcknowledgment) {
  FloodWindow window;
  fill(window);
  for (int i = 0; i <= 100; ++i) window.time_passed(kStart + i * milliseconds{5});
  EXPECT_NEAR(static_cast<double>(window.size()),
              static_cast<double>(kFloodWindowFirst) + static_cast<double>(kFloodRateBlind) / 2, 5000);
  window.acknowledged(1000, kStart, kStart + seconds{1});
  EXPECT_FALSE(window.is_blind());
}
TEST(FloodWindow, OneLsaMayAlwaysBeUnderWay) {
  FloodWindow window;
  EXPECT_TRUE(window.has_room(10 * kFloodWindowMost));
  window.sent(1000);
  EXPECT_FALSE(window.has_room(kFloodWindowMost));
}

}  // namespace
}  // namespace wgospf::ospf::pace_test
