#include "ospf/base/slot_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "net/ip.h"
#include "ospf/base/slot_pool.h"

namespace wgospf::ospf {
namespace {

/// An owner as the core has them: records in a vector, the key within the record.
struct Records {
  std::vector<std::uint64_t> keys;
  SlotIndex index;
  std::uint64_t (*hash)(std::uint64_t) = [](std::uint64_t key) { return hash_mix(key); };

  [[nodiscard]] std::uint32_t find(std::uint64_t key) const {
    return index.find(hash(key), [&](std::uint32_t slot) { return keys[slot] == key; });
  }
  void insert(std::uint64_t key) {
    keys.push_back(key);
    index.insert(hash(key), static_cast<std::uint32_t>(keys.size() - 1),
                 [&](std::uint32_t slot) { return hash(keys[slot]); });
  }
  bool erase(std::uint64_t key, std::uint32_t slot) {
    return index.erase(hash(key), slot, [&](std::uint32_t other) { return hash(keys[other]); });
  }
};

TEST(SlotIndex, FindsWhatWasInsertedAndNothingElse) {
  Records records;
  EXPECT_EQ(records.find(1), kNoSlot);
  for (std::uint64_t key = 0; key < 1000; ++key) records.insert(key);
  EXPECT_EQ(records.index.size(), 1000u);
  for (std::uint64_t key = 0; key < 1000; ++key) EXPECT_EQ(records.find(key), key);
  EXPECT_EQ(records.find(1000), kNoSlot);
  EXPECT_FALSE(records.erase(1000, 3));
}

// A hash that sends many keys to few cells, at the end of the table so that clusters wrap around.
TEST(SlotIndex, CollidingKeysSurviveEachOthersErasure) {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    Records records;
    records.hash = [](std::uint64_t key) { return ~std::uint64_t{0} - key % 3; };
    for (std::uint64_t key = 0; key < 40; ++key) records.insert(key);
    std::vector<std::uint64_t> left = records.keys;
    std::mt19937_64 random(seed);
    while (!left.empty()) {
      const std::size_t victim = random() % left.size();
      EXPECT_TRUE(records.erase(left[victim], static_cast<std::uint32_t>(left[victim])));
      EXPECT_EQ(records.find(left[victim]), kNoSlot);
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(victim));
      for (const std::uint64_t key : left) ASSERT_EQ(records.find(key), key);
    }
    EXPECT_TRUE(records.index.empty());
  }
}

TEST(SlotIndex, AgreesWithAMapThroughRandomWork) {
  std::mt19937_64 random(7);
  Records records;
  std::map<std::uint64_t, std::uint32_t> model;
  for (int step = 0; step < 200000; ++step) {
    const std::uint64_t key = random() % 4096;
    const auto known = model.find(key);
    ASSERT_EQ(records.find(key), known == model.end() ? kNoSlot : known->second);
    if (known == model.end() && random() % 2 == 0) {
      model[key] = static_cast<std::uint32_t>(records.keys.size());
      records.insert(key);
    } else if (known != model.end() && random() % 2 == 0) {
      ASSERT_TRUE(records.erase(key, known->second));
      model.erase(known);
    }
    ASSERT_EQ(records.index.size(), model.size());
  }
}

TEST(SlotIndex, RenumberFollowsAMovedRecord) {
  Records records;
  for (std::uint64_t key = 0; key < 10; ++key) records.insert(key);
  records.keys.push_back(4);
  EXPECT_TRUE(records.index.renumber(records.hash(4), 4, 10));
  EXPECT_EQ(records.find(4), 10u);
  EXPECT_FALSE(records.index.renumber(records.hash(4), 4, 10));
}

TEST(SlotIndex, CostsAtMostThirteenBytesARecordAndShrinksWhenAsked) {
  Records records;
  for (std::uint64_t key = 0; key < 100000; ++key) records.insert(key);
  EXPECT_LE(records.index.memory(), 13u * 100000);
  for (std::uint64_t key = 100; key < 100000; ++key) records.erase(key, static_cast<std::uint32_t>(key));
  records.index.rehash_for(0, [&](std::uint32_t slot) { return records.hash(records.keys[slot]); });
  EXPECT_LE(records.index.memory(), 13u * 100);
  for (std::uint64_t key = 0; key < 100; ++key) EXPECT_EQ(records.find(key), key);
}

TEST(SlotPool, ReusesReleasedSlotsAndResetsTheirRecords) {
  SlotPool<std::shared_ptr<int>, 2> pool;
  std::vector<std::uint32_t> slots;
  const auto shared = std::make_shared<int>(3);
  for (int i = 0; i < 10; ++i) slots.push_back(pool.allocate());
  for (const std::uint32_t slot : slots) pool[slot] = shared;
  EXPECT_EQ(shared.use_count(), 11);
  pool.release(slots[4]);
  EXPECT_EQ(shared.use_count(), 10);
  EXPECT_EQ(pool.size(), 9u);
  EXPECT_EQ(pool.end(), 10u);
  EXPECT_EQ(pool.allocate(), slots[4]);
  EXPECT_EQ(pool[slots[4]], nullptr);
}

}  // namespace
}  // namespace wgospf::ospf
