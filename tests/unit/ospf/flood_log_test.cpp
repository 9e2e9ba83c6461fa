// Who owes an acknowledgement of what, and what has been sent, against naive twins.

#include "ospf/flood_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "ospf/sent_list.h"

namespace wgospf::ospf {
namespace {

/// The retransmission lists as RFC 2328 has them: one for each neighbour.
struct NaiveLists {
  enum class Standing : bool { waits, sent };
  std::map<LsaRef, std::map<std::uint32_t, Standing>> owing;

  [[nodiscard]] std::size_t owed(std::uint32_t neighbor) const {
    std::size_t count = 0;
    for (const auto& [ref, neighbors] : owing) count += neighbors.count(neighbor);
    return count;
  }
  void erase(LsaRef ref, std::uint32_t neighbor) {
    owing[ref].erase(neighbor);
    if (owing[ref].empty()) owing.erase(ref);
  }
};

class FloodLogRandom : public ::testing::TestWithParam<unsigned> {
 protected:
  static constexpr std::uint32_t kNeighbors = 200, kLsas = 40;

  void expect_same() {
    for (std::uint32_t slot = 0; slot < kLsas; ++slot) {
      const LsaRef ref{slot % 3, slot};
      const auto twin = naive.owing.find(ref);
      ASSERT_EQ(log.contains(ref), twin != naive.owing.end());
      const auto record = log.find(ref);
      for (std::uint32_t n = 0; n < kNeighbors; ++n) {
        const bool owes = twin != naive.owing.end() && twin->second.contains(n);
        ASSERT_EQ(log.owes(record, NeighborId{n}), owes);
        ASSERT_EQ(log.waits(record, NeighborId{n}),
                  owes && twin->second.at(n) == NaiveLists::Standing::waits);
      }
    }
    for (std::uint32_t n = 0; n < kNeighbors; ++n) ASSERT_EQ(log.owed(NeighborId{n}), naive.owed(n));
  }
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random() % limit); }
  void flood(LsaRef ref) {
    if (const auto record = log.find(ref); record != FloodLog::kNone) {
      log.drop(record);
      naive.owing.erase(ref);
    }
    NeighborSet neighbors;
    for (std::uint32_t i = 0, count = 1 + below(most_neighbors); i < count; ++i) {
      const std::uint32_t n = below(most_neighbors);
      neighbors.insert(NeighborId{n});
      naive.owing[ref][n] = NaiveLists::Standing::waits;
    }
    log.flood(ref, 36, neighbors);
    EXPECT_EQ(log.ref(log.at(log.end() - 1)), ref) << "it is the last of the log";
  }
  void change(LsaRef ref, std::uint32_t n) {
    const auto record = log.find(ref);
    const bool owes = log.owes(record, NeighborId{n});
    switch (below(5)) {
      case 0:
        EXPECT_EQ(log.add(ref, 36, NeighborId{n}), !owes);
        if (!owes) naive.owing[ref][n] = NaiveLists::Standing::waits;
        return;
      case 1:
        if (!owes) return;
        log.sent(record, NeighborId{n});
        naive.owing[ref][n] = NaiveLists::Standing::sent;
        return;
      case 2:
        if (!owes) return;
        EXPECT_EQ(log.wait_again(record, NeighborId{n}), naive.owing[ref][n] == NaiveLists::Standing::sent);
        naive.owing[ref][n] = NaiveLists::Standing::waits;
        return;
      default:
        if (!owes) return;
        naive.erase(ref, n);
        EXPECT_EQ(log.acknowledged(record, NeighborId{n}), !naive.owing.contains(ref));
    }
  }
  void forget(std::uint32_t n) {
    std::set<LsaRef> expected;
    for (const auto& [ref, neighbors] : naive.owing)
      if (neighbors.size() == 1 && neighbors.contains(n)) expected.insert(ref);
    const auto released = log.forget(NeighborId{n});
    EXPECT_EQ(std::set(released.begin(), released.end()), expected);
    for (std::uint32_t slot = 0; slot < kLsas; ++slot)
      if (naive.owing.contains({slot % 3, slot})) naive.erase({slot % 3, slot}, n);
  }

  std::mt19937 random{GetParam()};
  std::uint32_t most_neighbors = 5;  ///< grows
  FloodLog log;
  NaiveLists naive;
};

TEST_P(FloodLogRandom, OwesWhatListsOfEachNeighborWouldHold) {
  for (int step = 0; step < 3000; ++step) {
    most_neighbors = 5 + static_cast<std::uint32_t>(step) * (kNeighbors - 5) / 3000;
    const std::uint32_t slot = below(kLsas);
    const LsaRef ref{slot % 3, slot};
    const std::uint32_t kind = below(100);
    if (kind < 5) flood(ref);
    if (kind >= 5 && kind < 97) change(ref, below(most_neighbors));
    if (kind == 97) forget(below(most_neighbors));
    if (kind == 98) (void)log.compact();
    if (kind == 99) {
      log.all_sent();
      (void)log.shrink();
    }
    if (step % 50 == 0) expect_same();
  }
  expect_same();
}
INSTANTIATE_TEST_SUITE_P(Seeds, FloodLogRandom, ::testing::Range(1u, 9u));

NeighborSet neighbors(std::initializer_list<std::uint32_t> numbers) {
  NeighborSet set;
  for (const std::uint32_t number : numbers) set.insert(NeighborId{number});
  return set;
}

// What a link has yet to send stays in the log, in its order; former instances and what nobody waits for go.
TEST(FloodLog, CompactKeepsWhatSomebodyWaitsForInOrder) {
  FloodLog log;
  for (std::uint32_t slot = 0; slot < 100; ++slot) log.flood({0, slot}, 36, neighbors({1, 70}));
  for (int again = 0; again < 5; ++again) {
    log.drop(log.find({0, 3}));
    log.flood({0, 3}, 36, neighbors({1, 70}));
  }
  for (std::uint32_t slot = 0; slot < 100; slot += 2)
    for (const std::uint32_t n : {1u, 70u}) log.sent(log.find({0, slot}), NeighborId{n});
  const auto kept = log.compact();
  ASSERT_EQ(kept.size(), 50U);
  ASSERT_EQ(log.end() - log.begin(), 50U);
  for (std::size_t i = 0; i < 49; ++i)
    EXPECT_EQ(log.ref(log.at(log.begin() + i)).slot, i == 0 ? 1U : 2 * i + 3) << "3 is the last";
  EXPECT_EQ(log.ref(log.at(log.begin() + 49)).slot, 3U);
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
}

TEST(FloodLog, TheMemoryOfALargeFloodGoesWithIt) {
  FloodLog log;
  for (std::uint32_t slot = 0; slot < 5000; ++slot) log.flood({0, slot}, 36, neighbors({1, 900}));
  for (std::uint32_t slot = 0; slot < 5000; ++slot)
    for (const std::uint32_t n : {1u, 900u}) log.acknowledged(log.find({0, slot}), NeighborId{n});
  log.all_sent();
  Footprint footprint;
  log.measure(footprint);
  EXPECT_EQ(footprint["flood-log.records"], 0U);
  EXPECT_EQ(footprint["flood-log.words"], 0U);
  EXPECT_EQ(footprint["flood-log"], 0U);
}

// In: a large flood of which one LSA is never acknowledged. Out: the room of the others is given back.
TEST(FloodLog, TheMemoryOfALargeFloodGoesButForWhatIsOwed) {
  FloodLog log;
  for (std::uint32_t slot = 0; slot < 5000; ++slot) log.flood({0, slot}, 36, neighbors({1, 900}));
  for (std::uint32_t slot = 0; slot < 5000; ++slot)
    for (const std::uint32_t n : {1u, 900u})
      if (slot != 4000 || n == 1) log.acknowledged(log.find({0, slot}), NeighborId{n});
  EXPECT_FALSE(log.is_shrinkable()) << "links send along it";
  log.all_sent();
  ASSERT_TRUE(log.is_shrinkable());
  const auto former = log.find({0, 4000});
  EXPECT_EQ(log.shrink(), std::vector{former});
  EXPECT_EQ(log.find({0, 4000}), 0U);
  EXPECT_TRUE(log.owes(0, NeighborId{900}) && log.waits(0, NeighborId{900}));
  EXPECT_FALSE(log.owes(0, NeighborId{1}));
  EXPECT_FALSE(log.is_shrinkable());
  Footprint footprint;
  log.measure(footprint);
  EXPECT_EQ(footprint["flood-log.records"], 1U);
  EXPECT_EQ(footprint["flood-log.words"], 2 * (900 / 64 + 1));
}

constexpr Instant kStart = Instant{} + seconds{1000};

TEST(SentList, Section13_6_TheOldestUnderWayIsTheFirstThatWasSent) {
  SentList list;
  for (FloodLog::Record record = 0; record < 5; ++record)
    list.send(record, 100, kStart + record * seconds{1}, kStart + seconds{20});
  EXPECT_EQ(list.oldest()->record, 0U);
  EXPECT_EQ(list.wait(0), 100U);
  EXPECT_EQ(list.oldest()->record, 1U);
  EXPECT_EQ(list.erase(2).sent, kStart + seconds{2});
  list.send(1, 100, kStart + seconds{9}, kStart + seconds{20});
  EXPECT_EQ(list.oldest()->record, 3U);
  list.pop_oldest();
  EXPECT_EQ(list.oldest()->record, 4U);
  EXPECT_NE(list.find(3), nullptr) << "still under way";
  list.erase(4);
  EXPECT_EQ(list.oldest()->record, 1U);
  EXPECT_EQ(list.erase(7).times_sent, 0U) << "was never sent";
}

TEST(SentList, Section13_6_WhatWasSentAgainIsLostAtItsOwnTime) {
  SentList list;
  for (FloodLog::Record record = 0; record < 3; ++record) list.send(record, 100, kStart, kStart + seconds{1});
  EXPECT_EQ(list.take_first_lost(), kStart + seconds{1});
  EXPECT_EQ(list.take_first_lost(), std::nullopt);
  EXPECT_FALSE(list.next_again()) << "once is not again";
  list.send(2, 100, kStart + seconds{1}, kStart + seconds{9});
  list.send(0, 100, kStart + seconds{2}, kStart + seconds{5});
  EXPECT_EQ(list.next_again()->record, 0U);
  list.erase(0);
  EXPECT_EQ(list.next_again()->at, kStart + seconds{9});
  list.wait(2);
  EXPECT_FALSE(list.next_again()) << "it waits";
}

TEST(SentList, IsStubbornAfterManyLosses) {
  SentList list;
  for (unsigned i = 0; i <= kOvertakenMost; ++i) {
    EXPECT_EQ(list.find(1) != nullptr && list.find(1)->is_stubborn(), false);
    list.send(1, 100, kStart, kStart);
  }
  EXPECT_TRUE(list.find(1)->is_stubborn());
  EXPECT_EQ(list.find(1)->weight(100), 1U);
  // It has a time of its own, and is not taken for the oldest: what was sent later is looked after.
  EXPECT_EQ(list.oldest(), nullptr);
  list.send(2, 100, kStart + seconds{1}, kStart + seconds{2});
  ASSERT_NE(list.oldest(), nullptr);
  EXPECT_EQ(list.oldest()->record, 2U);
  EXPECT_EQ(list.next_again()->record, 1U);
  EXPECT_EQ(list.wait(1), 100U);
  EXPECT_EQ(list.oldest()->record, 2U);
}

TEST(SentList, FollowsRecordsThatAreNumberedAnew) {
  SentList list;
  for (const FloodLog::Record record : {10U, 20U, 30U}) {
    list.send(record, 100, kStart, kStart + seconds{1});
    list.send(record, 100, kStart + seconds{1}, kStart + seconds{record});
  }
  list.erase(10);
  list.renumber([](FloodLog::Record record) { return record == 10 ? FloodLog::kNone : record / 10 - 2; });
  EXPECT_EQ(list.find(20), nullptr);
  ASSERT_NE(list.find(0), nullptr);
  EXPECT_EQ(list.find(0)->times_sent, 2U);
  EXPECT_EQ(list.oldest()->record, 0U);
  EXPECT_EQ(list.next_again()->record, 0U);
  EXPECT_EQ(list.next_again()->at, kStart + seconds{20});
  list.erase(0);
  EXPECT_EQ(list.next_again()->record, 1U);
}

}  // namespace
}  // namespace wgospf::ospf
