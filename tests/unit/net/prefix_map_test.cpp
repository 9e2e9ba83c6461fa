// The hash map of prefixes against std::map, its naive twin.

#include "net/prefix_map.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>
#include <utility>

namespace wgospf {
namespace {

using Map = PrefixMap<Ipv4Prefix, int>;

Ipv4Prefix prefix(std::uint32_t number) {
  return Ipv4Prefix::make({0x0a000000U + (number << 8)}, static_cast<std::uint8_t>(24 + number % 3));
}

TEST(PrefixMap, AnEmptyOneHasNothing) {
  Map map;
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.find(prefix(1)), map.end());
  EXPECT_FALSE(map.contains(prefix(1)));
  EXPECT_EQ(map.begin(), map.end());
}

TEST(PrefixMap, ThePrefixLengthCounts) {
  Map map;
  map.try_emplace(Ipv4Prefix{{0x0a000000}, 8}, 8);
  map.try_emplace(Ipv4Prefix{{0x0a000000}, 9}, 9);
  EXPECT_EQ(map.find(Ipv4Prefix{{0x0a000000}, 8})->second, 8);
  EXPECT_EQ(map.find(Ipv4Prefix{{0x0a000000}, 9})->second, 9);
  EXPECT_FALSE(map.contains(Ipv4Prefix{{0x0a000000}, 10}));
}

TEST(PrefixMap, WhatIsThereIsNotMadeAnew) {
  Map map;
  EXPECT_TRUE(map.try_emplace(prefix(1), 5).second);
  const auto [at, is_new] = map.try_emplace(prefix(1), 6);
  EXPECT_FALSE(is_new);
  EXPECT_EQ(at->second, 5);
  EXPECT_EQ(map.size(), 1U);
}

TEST(PrefixMap, WhatWasMovedFromIsEmptyAndCanBeUsed) {
  Map map;
  map.try_emplace(prefix(1), 5);
  Map other = std::exchange(map, {});
  EXPECT_EQ(other.find(prefix(1))->second, 5);
  EXPECT_TRUE(map.empty());
  EXPECT_FALSE(map.contains(prefix(1)));
  map.try_emplace(prefix(2), 6);
  EXPECT_EQ(map.size(), 1U);
}

/// Each entry where it was, whatever came and went since, and found by its key and by walking.
void expect_same(const Map& map, const std::map<Ipv4Prefix, std::pair<int, const int*>>& twin) {
  ASSERT_EQ(map.size(), twin.size());
  std::size_t walked = 0;
  for (const auto& [prefix, value] : map) {
    ++walked;
    const auto known = twin.find(prefix);
    ASSERT_NE(known, twin.end()) << prefix.to_string();
    ASSERT_EQ(value, known->second.first);
    ASSERT_EQ(&value, known->second.second) << "it has moved";
  }
  ASSERT_EQ(walked, twin.size());
  for (const auto& [prefix, value] : twin) ASSERT_TRUE(map.contains(prefix)) << prefix.to_string();
}

TEST(PrefixMap, IsWhatAMapIsWhateverComesAndGoes) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937 engine(seed);
    const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
    Map map;
    std::map<Ipv4Prefix, std::pair<int, const int*>> twin;
    const std::uint32_t prefixes = 1 + random() % 300;
    for (int step = 0; step < 2000; ++step) {
      const auto key = prefix(random() % prefixes);
      if (random() % 2 == 0) {
        const auto [at, is_new] = map.try_emplace(key, step);
        ASSERT_EQ(is_new, twin.try_emplace(key, step, &at->second).second);
      } else if (const auto at = map.find(key); at != map.end()) {
        map.erase(at);
        ASSERT_EQ(twin.erase(key), 1U);
      } else {
        ASSERT_FALSE(twin.contains(key));
      }
      if (step % 100 == 0) expect_same(map, twin);
    }
    expect_same(map, twin);
  }
}

}  // namespace
}  // namespace wgospf
