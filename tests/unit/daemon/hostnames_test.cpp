// What routers call themselves: announced, heard, and told where two are called the same.
#include "daemon/hostnames.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "ospf/router_information.h"

namespace wgospf::daemon {
namespace {

constexpr ospf::RouterId kOwn{0x0a000001}, kOther{0x0a000002}, kThird{0x0a000003};

class HostnamesTest : public ::testing::Test {
 protected:
  static ospf::OpaqueReceived heard(ospf::RouterId router, std::optional<std::string> name,
                                    std::uint32_t id = 0) {
    ospf::OpaqueReceived received{
        {ospf::FloodingScope::area, {}, {}, ospf::kRouterInformationType, id}, router, std::nullopt};
    if (name) received.body = ospf::encode_router_information({*std::move(name)});
    return received;
  }
  static Config areas(std::vector<std::uint32_t> ids, const std::string& hostname = {}) {
    Config config;
    config.hostname = hostname;
    for (const auto id : ids) config.areas.emplace_back().id = ospf::AreaId{id};
    return config;
  }

  boost::asio::io_context loop_;
  Teller teller_{loop_, [](ospf::LinkId) { return std::string(); }};
  std::vector<ospf::OpaqueChanged> announced_;
  Hostnames hostnames_{teller_, kOwn,
                       [this](const ospf::OpaqueChanged& change) { announced_.push_back(change); }};
};

TEST_F(HostnamesTest, OursIsAnnouncedInEachAreaAndTakenBackWhereItIsNotAnyMore) {
  hostnames_.configure(areas({0, 1}), "gw");
  ASSERT_EQ(announced_.size(), 1U);
  ASSERT_EQ(announced_[0].set.size(), 2U);
  EXPECT_EQ(announced_[0].set[1].name.area, ospf::AreaId{1});
  EXPECT_EQ(announced_[0].set[1].name.type, 4);
  EXPECT_EQ(announced_[0].set[0].body, ospf::encode_router_information({"gw"}));
  EXPECT_EQ(hostnames_.names()->at(kOwn), "gw");
  hostnames_.configure(areas({0, 1}), "gw");
  EXPECT_EQ(announced_.size(), 1U);
  hostnames_.configure(areas({0}, "site-a"), "gw");
  ASSERT_EQ(announced_.size(), 2U);
  EXPECT_EQ(announced_[1].removed, std::vector{announced_[0].set[1].name});
  EXPECT_EQ(announced_[1].set[0].body, ospf::encode_router_information({"site-a"}));
}

TEST_F(HostnamesTest, WhatNobodyHasNamedIsNotAnnounced) {
  for (const auto* name : {"", "localhost", "LOCALHOST.localdomain", "(none)", "two words"})
    hostnames_.configure(areas({0}), name);
  for (const auto& change : announced_) EXPECT_TRUE(change.set.empty());
  EXPECT_TRUE(hostnames_.names()->empty());
}

TEST_F(HostnamesTest, ThoseOfOthersComeChangeAndGo) {
  hostnames_.take(heard(kOther, "op2"));
  EXPECT_EQ(hostnames_.names()->at(kOther), "op2");
  hostnames_.take(heard(kOther, "elsewhere", 5));  // the first by opaque id counts
  EXPECT_EQ(hostnames_.names()->at(kOther), "op2");
  const auto before = hostnames_.names();
  hostnames_.take(heard(kOther, "op2"));
  EXPECT_EQ(hostnames_.names(), before);
  hostnames_.take(heard(kOther, std::nullopt));
  EXPECT_EQ(hostnames_.names()->at(kOther), "elsewhere");
  hostnames_.take(heard(kOther, std::nullopt, 5));
  EXPECT_FALSE(hostnames_.names()->contains(kOther));
}

TEST_F(HostnamesTest, WhatIsNoHostnameTakesAwayTheOneBeforeAndIsTold) {
  std::vector<std::string> told;
  (void)teller_.subscribe([&](const RouterEvent& event) {
    if (const auto* notice = std::get_if<Notice>(&event.what))
      told.push_back(notice->name + ": " + notice->text);
  });
  hostnames_.take(heard(kOther, "op2"));
  auto bad = heard(kOther, "x");
  bad.body->at(4) = std::byte{0x1b};
  hostnames_.take(bad);
  EXPECT_FALSE(hostnames_.names()->contains(kOther));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].find("hostname_invalid: router 10.0.0.2 announces a hostname that is none"), 0U)
      << told[0];
}

TEST_F(HostnamesTest, TwoOfTheSameNameAreAWarningWhileTheyAre) {
  hostnames_.configure(areas({0}), "gw");
  hostnames_.take(heard(kOther, "op2"));
  EXPECT_EQ(teller_.warning("hostname_conflict"), "");
  hostnames_.take(heard(kThird, "GW"));
  EXPECT_EQ(teller_.warning("hostname_conflict"),
            "routers 10.0.0.1 and 10.0.0.3 both call themselves \"GW\"; give each a name of its own "
            "(\"hostname\")");
  hostnames_.take(heard(kThird, "op3"));
  EXPECT_EQ(teller_.warning("hostname_conflict"), "");
}

}  // namespace
}  // namespace wgospf::daemon
