// When links are looked at although nothing says that it is time to.

#include "daemon/links/check_pace.h"

#include <gtest/gtest.h>

namespace wgospf::daemon::check_pace_cases {
namespace {

using std::chrono::seconds;

class CheckPaceTest : public testing::Test {
 protected:
  /// Polls for so long, every two seconds; how often something was looked at.
  int checks_in(seconds time) {
    int checks = 0;
    for (const auto end = now + time; now < end; now += seconds{2}) {
      if (!pace.is_due(refused, now)) continue;
      pace.checked(now);
      ++checks;
    }
    return checks;
  }

  CheckPace pace;
  CheckPace::Time now = CheckPace::Time{} + seconds{10'000};
  std::uint64_t refused = 0;
};

// In: an hour at rest, after a change. Out: each poll at first, then every half minute.
TEST_F(CheckPaceTest, AtRestItIsRare) {
  pace.changed(now);
  EXPECT_EQ(checks_in(seconds{44}), 22);
  (void)checks_in(seconds{60});
  EXPECT_EQ(checks_in(seconds{3600}), 120);
}

// In: packets that are refused, at rest. Out: the next poll looks, and all for a while.
TEST_F(CheckPaceTest, WhatIsRefusedIsLookedAtSoon) {
  (void)checks_in(seconds{100});
  ++refused;
  EXPECT_EQ(checks_in(seconds{20}), 10);
}

}  // namespace
}  // namespace wgospf::daemon::check_pace_cases
