// The routes that are wanted in the kernel, found by prefix, by address and by set, against a naive twin.

#include "daemon/routes/desired_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace wgospf::daemon {
namespace {

using V2 = ospf::V2;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Route = DesiredRoutes::Route;

Route route(const char* prefix, std::uint32_t set) {
  Route result;
  result.prefix = *Ipv4Prefix::parse(prefix);
  result.set = ospf::SetId{set};
  return result;
}

class DesiredRoutesTest : public ::testing::Test {
 protected:
  void want(const Route& route) { wanted.apply({ospf::Generation{1}, ospf::PrefixChanged<V2>{route}}); }
  void drop(const Ipv4Prefix& prefix) { wanted.apply({ospf::Generation{1}, ospf::PrefixGone<V2>{prefix}}); }
  std::set<std::string> of_set(std::uint32_t set) const {
    std::set<std::string> found;
    wanted.for_each_of(ospf::SetId{set}, [&](const Route& each) {
      EXPECT_TRUE(found.insert(each.prefix.to_string()).second) << "twice";
    });
    return found;
  }

  DesiredRoutes wanted;
};

TEST_F(DesiredRoutesTest, TheLongestPrefixThatHoldsAnAddressComesFirst) {
  want(route("0.0.0.0/0", 1));
  want(route("203.0.113.0/24", 2));
  want(route("203.0.113.5/32", 1));
  want(route("203.0.114.0/24", 1));
  std::vector<std::string> found;
  for (const auto* each : wanted.covering(*Ipv4Address::parse("203.0.113.5")))
    found.push_back(each->prefix.to_string());
  EXPECT_THAT(found, ElementsAre("203.0.113.5/32", "203.0.113.0/24", "0.0.0.0/0"));
}

TEST_F(DesiredRoutesTest, WhatIsDirectlyAttachedIsNotWanted) {
  want(route("192.168.1.0/24", 1));
  want(route("192.168.1.0/24", ospf::kAttachedSet.value));
  EXPECT_EQ(wanted.find(*Ipv4Prefix::parse("192.168.1.0/24")), nullptr);
  EXPECT_THAT(of_set(1), IsEmpty());
  EXPECT_EQ(wanted.size(), 0U);
}

TEST_F(DesiredRoutesTest, IsAsItsTwinThroughTenThousandChanges) {
  std::mt19937 random(7);
  std::map<Ipv4Prefix, Route> twin;
  for (int i = 0; i < 10'000; ++i) {
    Route changed;
    const auto third = static_cast<std::uint32_t>(random() % 300);
    changed.prefix = Ipv4Prefix::make({0x0a000000 + (third << 8)}, 24);
    changed.set = ospf::SetId{1 + static_cast<std::uint32_t>(random() % 5)};
    changed.metric = static_cast<std::uint32_t>(i);
    if (random() % 3 == 0) {
      drop(changed.prefix);
      twin.erase(changed.prefix);
    } else {
      want(changed);
      twin.insert_or_assign(changed.prefix, changed);
    }
    if (i % 100 != 0) continue;
    ASSERT_EQ(wanted.size(), twin.size());
    std::map<std::uint32_t, std::set<std::string>> sets;
    for (const auto& [prefix, expected] : twin) {
      ASSERT_NE(wanted.find(prefix), nullptr);
      EXPECT_EQ(*wanted.find(prefix), expected);
      sets[expected.set.value].insert(prefix.to_string());
    }
    for (std::uint32_t set = 1; set <= 5; ++set) EXPECT_EQ(of_set(set), sets[set]);
  }
}

}  // namespace
}  // namespace wgospf::daemon
