// What others do to our objects in the kernel: few lines tell of it, and one warning of who does not stop.

#include "daemon/routes/kernel_telling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wgospf::daemon::kernel_telling_test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const rib::Drift kOne{1, "deleted route 192.168.37.0/24", "process 7 (evil)"};

TEST(KernelTelling, TheFirstChangeIsToldAtOnceAndWhatFollowsAsANumberAMinute) {
  KernelTelling telling;
  KernelTelling::Time now{};
  const auto first = telling.drift({3, kOne.what, kOne.who}, now);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->severity, Severity::warning);
  EXPECT_EQ(
      first->text,
      "process 7 (evil) changed what is ours in the kernel: deleted route 192.168.37.0/24 and 2 more; it is "
      "put back");
  std::size_t lines = 0;
  for (int second = 0; second < 300; ++second) {
    now += 1s;
    lines += telling.drift(kOne, now) ? 1 : 0;
    lines += telling.take_rest(now).size();
  }
  EXPECT_LE(lines, 6U);
  EXPECT_GE(lines, 4U);
}

TEST(KernelTelling, ARivalWhoGoesOnForMoreThanAMinuteIsAWarningUntilHeStops) {
  KernelTelling telling;
  KernelTelling::Time now{};
  (void)telling.drift(kOne, now);
  for (int time = 0; time < 5; ++time) {
    EXPECT_THAT(telling.rival(now), IsEmpty()) << "not of what happens once";
    now += 10s;
    (void)telling.drift(kOne, now);
  }
  now += 10s;
  (void)telling.drift(kOne, now);
  const std::string text = telling.rival(now);
  EXPECT_THAT(text, HasSubstr("process 7 (evil)"));
  EXPECT_THAT(text, HasSubstr("protocol 89"));
  (void)telling.drift({1, "deleted route 192.168.38.0/24", "process 8 (evil)"}, now);
  EXPECT_EQ(telling.rival(now), text) << "one warning, not one for each route";
  now += 61s;
  EXPECT_THAT(telling.rival(now), IsEmpty());
}

TEST(KernelTelling, ReadingsAfterLossesAreNoLineEach) {
  KernelTelling telling;
  KernelTelling::Time now{};
  ASSERT_TRUE(telling.overrun({"lost"}, now));
  std::size_t lines = 0;
  for (int second = 0; second < 59; ++second) {
    now += 1s;
    lines += telling.overrun({"lost"}, now) ? 1 : 0;
    lines += telling.take_rest(now).size();
  }
  EXPECT_EQ(lines, 0U);
  now += 1s;
  ASSERT_EQ(telling.take_rest(now).size(), 1U);
  EXPECT_THAT(telling.take_rest(now), IsEmpty());
}

}  // namespace
}  // namespace wgospf::daemon::kernel_telling_test
