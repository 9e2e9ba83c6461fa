#include "ospf/timer_queue.h"

#include <gtest/gtest.h>

#include <map>

#include "ospf/base/random.h"
#include "ospf/constants.h"

namespace wgospf::ospf {
namespace {

Instant at(int ms) {
  return Instant{milliseconds{ms}};
}

TEST(TimerQueue, ArmingAgainMovesTheTimer) {
  TimerQueue queue;
  queue.arm({TimerKind::hello, 1}, at(10));
  queue.arm({TimerKind::hello, 1}, at(30));
  queue.arm({TimerKind::hello, 2}, at(20));
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_FALSE(queue.pop_due(at(19)));
  EXPECT_EQ(queue.pop_due(at(40)), (TimerKey{TimerKind::hello, 2}));
  EXPECT_EQ(queue.pop_due(at(40)), (TimerKey{TimerKind::hello, 1}));
  EXPECT_FALSE(queue.pop_due(at(40)));
}

TEST(TimerQueue, ArmNoLaterKeepsTheEarlierDeadline) {
  TimerQueue queue;
  queue.arm_no_later({TimerKind::spf}, at(10));
  queue.arm_no_later({TimerKind::spf}, at(20));
  EXPECT_EQ(queue.deadline({TimerKind::spf}), at(10));
  queue.arm_no_later({TimerKind::spf}, at(5));
  EXPECT_EQ(queue.deadline({TimerKind::spf}), at(5));
}

TEST(TimerQueue, TiesFireInTheOrderOfArming) {
  TimerQueue queue;
  for (std::uint32_t i = 0; i < 50; ++i) queue.arm({TimerKind::lsa_age, 0, i}, at(7));
  for (std::uint32_t i = 0; i < 50; ++i) EXPECT_EQ(queue.pop_due(at(7))->b, i);
}

// Any sequence of arm and cancel gives what a plain map gives.
TEST(TimerQueue, AgreesWithANaiveTwin) {
  TimerQueue queue;
  std::map<std::uint32_t, Instant> twin;
  Random random(7);
  for (int step = 0; step < 20000; ++step) {
    const std::uint32_t id = random.next_u32() % 200;
    const Instant when = at(static_cast<int>(random.next_u32() % 1000));
    switch (random.next_u32() % 4) {
      case 0:
        queue.cancel({TimerKind::originate, id});
        twin.erase(id);
        break;
      case 1:
        if (const auto next = queue.next()) {
          const auto key = queue.pop_due(next->first);
          ASSERT_TRUE(key);
          for (const auto& [other, instant] : twin) ASSERT_LE(twin.at(key->a), instant);
          twin.erase(key->a);
        }
        break;
      default:
        queue.arm({TimerKind::originate, id}, when);
        twin[id] = when;
    }
    ASSERT_EQ(queue.size(), twin.size());
  }
}

}  // namespace
}  // namespace wgospf::ospf
