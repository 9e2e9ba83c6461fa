#include "wgadapter/mtu_search.h"

#include <gtest/gtest.h>

#include <random>

namespace wgospf::wg {
namespace {

struct SearchOutcome {
  std::uint32_t largest = 0;
  bool is_certain = false;
  unsigned packets = 0;
};

/// A search over a path on which packets of up to `limit` bytes pass, but for `loss` percent of them.
SearchOutcome search(std::uint32_t mtu, std::uint32_t limit, unsigned loss = 0, unsigned seed = 1) {
  std::mt19937 random(seed);
  MtuSearch search(mtu);
  unsigned packets = 0;
  while (const auto size = search.next()) {
    ++packets;
    if (*size <= limit && random() % 100 >= loss)
      search.passed(*size);
    else
      search.lost();
  }
  return {search.largest(), search.is_certain(), packets};
}

// In: a path that takes the interface's MTU. Out: one packet says so.
TEST(MtuSearch, OnePacketIsEnoughWhereEverythingPasses) {
  const auto outcome = search(1420, 1500);
  EXPECT_EQ(outcome.largest, 1420U);
  EXPECT_TRUE(outcome.is_certain);
  EXPECT_EQ(outcome.packets, 1U);
}

// In: every limit below the MTU. Out: the multiple of 16 below it, with the packets of the promise.
TEST(MtuSearch, FindsTheMultipleOfSixteenBelowEveryLimit) {
  for (std::uint32_t limit = MtuSearch::kSmallest; limit < 1420; ++limit) {
    const auto outcome = search(1420, limit);
    ASSERT_EQ(outcome.largest, limit / 16 * 16) << limit;
    ASSERT_TRUE(outcome.is_certain) << limit;
    ASSERT_LE(outcome.packets, MtuSearch::kPacketsMost) << limit;
  }
}

// In: somebody who answers nothing. Out: nothing is known; two sizes were tried.
TEST(MtuSearch, WhoDoesNotAnswerIsNotSaidToLosePackets) {
  const auto outcome = search(1420, 0);
  EXPECT_EQ(outcome.largest, 0U);
  EXPECT_FALSE(outcome.is_certain);
  EXPECT_EQ(outcome.packets, 2 * MtuSearch::kTries);
}

// In: a path of the full MTU that loses every fifth packet and answer, a thousand times. Out: never more packets than
// promised, and hardly ever a verdict that it takes less.
TEST(MtuSearch, LossByChanceIsHardlyEverTakenForALimit) {
  unsigned wrong = 0;
  for (unsigned seed = 0; seed < 1000; ++seed) {
    const auto outcome = search(1420, 1420, 20, seed);
    EXPECT_LE(outcome.packets, MtuSearch::kPacketsMost);
    if (outcome.is_certain && outcome.largest != 1420) ++wrong;
  }
  EXPECT_LE(wrong, 10U);
}

// In: an answer that comes after its size was given up. Out: it counts.
TEST(MtuSearch, ALateAnswerCounts) {
  MtuSearch search(1420);
  for (unsigned i = 0; i < MtuSearch::kTries; ++i) {
    EXPECT_EQ(search.next(), 1420U);
    search.lost();
  }
  EXPECT_EQ(search.next(), MtuSearch::kSmallest);
  search.passed(1420);
  EXPECT_EQ(search.next(), std::nullopt);
  EXPECT_EQ(search.largest(), 1420U);
  EXPECT_TRUE(search.is_certain());
}

}  // namespace
}  // namespace wgospf::wg
