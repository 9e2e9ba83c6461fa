// The link-local address of a WireGuard interface: when it is added, what it replaces, and what is left alone.

#include "daemon/links/link_local_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/link_change.h"
#include "wgadapter/link_local.h"

namespace wgospf::daemon::link_local_plan_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint8_t kRandom = 3;  // IN6_ADDR_GEN_MODE_RANDOM

class LinkLocalPlanTest : public testing::Test {
 protected:
  static LinkAddress address(const Ipv6Address& value) {
    return {value, 64, std::nullopt, AddressScope::link};
  }
  auto changes() const { return link_local_changes(device, link); }

  wg::Key key{{1, 2, 3}};
  Ipv6Address own = wg::link_local_of(key);
  Ipv6Address other = *Ipv6Address::parse("fe80::1");
  LinkLocalDevice device{"wg0", 7, key, true};
  Link link = [] {
    Link up;
    up.ifindex = 7;
    up.name = "wg0";
    up.mtu = 1420;
    up.flags.up = true;
    return up;
  }();
};

TEST_F(LinkLocalPlanTest, AnInterfaceWithoutOneIsGivenTheKeys) {
  EXPECT_EQ(changes(), (LinkLocalChanges{"wg0", 7, std::nullopt, {}, own}));
  link.addresses = {address(own)};
  EXPECT_TRUE(changes().empty());
  EXPECT_EQ(own_link_local(link, key), own);
  link.addresses = {};  // down and up again
  EXPECT_EQ(changes().add, own);
  device.key.reset();
  EXPECT_TRUE(changes().empty());
}

TEST_F(LinkLocalPlanTest, WhatTheKernelChoosesIsReplacedAndDoesNotComeAgain) {
  link.address_generation = kRandom;
  link.addresses = {address(other)};
  link.addresses[0].is_generated = true;
  EXPECT_EQ(changes(), (LinkLocalChanges{"wg0", 7, kGeneratesNoAddress, {other}, own}));
  link.flags.up = false;
  link.addresses = {};
  EXPECT_EQ(changes(), (LinkLocalChanges{"wg0", 7, kGeneratesNoAddress, {}, std::nullopt}));
}

TEST_F(LinkLocalPlanTest, OneByHandStaysAlone) {
  link.address_generation = kRandom;
  link.addresses = {address(other)};
  EXPECT_TRUE(changes().empty());
  link.addresses.push_back(address(own));  // it came before the other
  EXPECT_EQ(changes(), (LinkLocalChanges{"wg0", 7, std::nullopt, {own}, std::nullopt}));
  EXPECT_TRUE(has_ipv6_by_hand(link, key));
  link.addresses = {address(own)};
  EXPECT_FALSE(has_ipv6_by_hand(link, key));
}

TEST_F(LinkLocalPlanTest, AFormerKeysGoesAndWhatIsNotWantedIsTakenBack) {
  link.addresses = {address(other)};
  link.addresses[0].protocol = kAddressProtocol;
  EXPECT_EQ(changes(), (LinkLocalChanges{"wg0", 7, std::nullopt, {other}, own}));
  device.is_wanted = false;
  EXPECT_THAT(changes().remove, ElementsAre(other));
  link.addresses = {address(own), address(*Ipv6Address::parse("fd00::1"))};
  EXPECT_THAT(changes().remove, ElementsAre(own));
  EXPECT_TRUE(has_ipv6_by_hand(link, key));
}

// In: the interface leaves the configuration while its address is being set, or has been and the kernel has not told. Out:
// it is taken back behind that, once, and its generation with it.
TEST_F(LinkLocalPlanTest, WhatIsBeingSetIsTakenBackBehindIt) {
  for (const bool is_set_before : {false, true}) {
    LinkLocalPlan plan;
    link.address_generation = kRandom;
    device.is_wanted = true;
    const auto setting = plan.next(device, link);
    EXPECT_EQ(setting.add, own);
    EXPECT_TRUE(plan.next(device, link).empty()) << "it is under way";
    if (is_set_before) plan.done(setting, true);
    device.is_wanted = false;
    const auto undoing = plan.next(device, link);
    EXPECT_EQ(undoing, (LinkLocalChanges{"wg0", 7, kRandom, {own}, std::nullopt}));
    if (!is_set_before) plan.done(setting, true);
    plan.done(undoing, true);
    link.address_generation.reset();
    EXPECT_TRUE(plan.next(device, link).empty()) << "once is enough";
  }
}

// In: the address could not be set, or the kernel tells that it is there. Out: it is tried again, or removed once.
TEST_F(LinkLocalPlanTest, WhatFailedIsTriedAgainAndWhatIsThereIsRemovedOnce) {
  LinkLocalPlan plan;
  plan.done(plan.next(device, link), false);
  const auto again = plan.next(device, link);
  EXPECT_EQ(again.add, own);
  plan.done(again, true);
  link.addresses = {address(own)};
  EXPECT_TRUE(plan.next(device, link).empty());
  device.is_wanted = false;
  EXPECT_THAT(plan.next(device, link).remove, ElementsAre(own));
}

TEST_F(LinkLocalPlanTest, Rfc8200Section5_NoneWithASmallerMtu) {
  link.mtu = 1279;
  EXPECT_TRUE(changes().empty());
  link.mtu = 1280;
  EXPECT_EQ(changes().add, own);
}

}  // namespace
}  // namespace wgospf::daemon::link_local_plan_test
