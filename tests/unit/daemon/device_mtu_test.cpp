// The MTU of tunnels' devices: made smaller, set back, remembered.

#include "daemon/links/device_mtu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wgospf::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DeviceMtusTest : public testing::Test {
 protected:
  auto follow() { return mtus.follow({device}); }
  /// A limit is known, and the device gets its MTU.
  void lower(std::uint32_t limit) {
    device.limits[ospf::LinkId{1}] = limit;
    for (const auto& change : follow()) device.mtu = change.mtu;
    device.limits.clear();  // what is as large as the MTU passes
    EXPECT_THAT(follow(), IsEmpty());
    ASSERT_EQ(device.mtu, limit);
  }

  auto give_back() {
    return mtus.give_back([this](std::uint32_t) { return device.mtu; });
  }

  DeviceMtus mtus;
  DeviceMtu device{"wg0", 7, 1420, DeviceMtus::kLeastIpv4, true, {}, {{ospf::LinkId{1}, {"192.0.2.1", {3}}}}};
};

TEST_F(DeviceMtusTest, ALimitIsFollowedOnceAndGivenBackAtTheEnd) {
  EXPECT_THAT(follow(), IsEmpty());
  EXPECT_THAT(give_back(), IsEmpty());
  device.limits[ospf::LinkId{1}] = 1312;
  EXPECT_THAT(follow(), ElementsAre(MtuChange{"wg0", 7, 1312, false}));
  EXPECT_THAT(follow(), IsEmpty()) << "the device has not got it yet";
  device.mtu = 1312;
  device.limits.clear();
  EXPECT_THAT(follow(), IsEmpty());
  EXPECT_THAT(give_back(), ElementsAre(MtuChange{"wg0", 7, 1420, true}));
}

TEST_F(DeviceMtusTest, NothingIsSetWhereItIsNotWanted) {
  device.is_auto = false;
  device.limits[ospf::LinkId{1}] = 1312;
  EXPECT_THAT(follow(), IsEmpty());
  device.is_auto = true;
  lower(1312);
  device.is_auto = false;
  EXPECT_THAT(follow(), ElementsAre(MtuChange{"wg0", 7, 1420, true}));
}

TEST_F(DeviceMtusTest, Rfc8200Section5_NeverTooSmallForIpv6) {
  device.least = DeviceMtus::kLeastIpv6;
  device.limits[ospf::LinkId{1}] = 1232;
  EXPECT_THAT(follow(), ElementsAre(MtuChange{"wg0", 7, 1280, false}));
  DeviceMtus others;
  device.least = DeviceMtus::kLeastIpv4;
  EXPECT_THAT(others.follow({device}), ElementsAre(MtuChange{"wg0", 7, 1232, false}));
  DeviceMtus least;
  device.limits[ospf::LinkId{1}] = 96;
  EXPECT_THAT(least.follow({device}), ElementsAre(MtuChange{"wg0", 7, 576, false}));
}

TEST_F(DeviceMtusTest, OnAnotherWayItIsAsTheUserHadIt) {
  (void)follow();
  lower(1312);
  device.ways[ospf::LinkId{1}] = {};  // not known for a while
  EXPECT_THAT(follow(), IsEmpty());
  device.ways[ospf::LinkId{1}] = {"192.0.2.1", {}};
  EXPECT_THAT(follow(), IsEmpty());
  device.ways[ospf::LinkId{1}] = {"192.0.2.1", {4}};
  EXPECT_THAT(follow(), ElementsAre(MtuChange{"wg0", 7, 1420, true}));
  device.mtu = 1420;
  lower(1376);
  device.ways[ospf::LinkId{1}] = {"198.51.100.1", {}};
  EXPECT_THAT(follow(), ElementsAre(MtuChange{"wg0", 7, 1420, true}));
}

// In: a device with two neighbours, of which one limits it; that one goes. Out: it is as large as the other takes.
TEST_F(DeviceMtusTest, WhenTheOneThatLimitsItIsGoneItIsLargerAgain) {
  device.ways[ospf::LinkId{2}] = {"192.0.2.2", {3}};
  device.limits[ospf::LinkId{2}] = 1376;
  EXPECT_EQ(follow(), (std::vector{MtuChange{"wg0", 7, 1376, false}}));
  device.mtu = 1376;
  device.limits.clear();
  lower(1312);
  device.ways.erase(ospf::LinkId{1});
  EXPECT_THAT(follow(), ElementsAre(MtuChange{"wg0", 7, 1376, false}));
  device.mtu = 1376;
  device.ways[ospf::LinkId{2}] = {"198.51.100.2", {3}};
  EXPECT_THAT(follow(), ElementsAre(MtuChange{"wg0", 7, 1420, true}));
}

TEST_F(DeviceMtusTest, WhoChangesItHasTheLastWord) {
  (void)follow();
  lower(1312);
  device.mtu = 1350;
  EXPECT_THAT(follow(), IsEmpty());
  EXPECT_THAT(give_back(), IsEmpty());
  device.limits[ospf::LinkId{1}] = 1400;
  EXPECT_THAT(follow(), IsEmpty()) << "never more than that";
  lower(1312);
  EXPECT_THAT(give_back(), ElementsAre(MtuChange{"wg0", 7, 1350, true}));
}

// In: somebody sets it in the moment of the end. Out: it is theirs.
TEST_F(DeviceMtusTest, WhatIsNotKnownToBeOursAnyMoreIsNotGivenBack) {
  (void)follow();
  lower(1312);
  device.mtu = 1300;
  EXPECT_THAT(give_back(), IsEmpty());
}

TEST_F(DeviceMtusTest, WhatCouldNotBeSetIsTriedAgain) {
  device.limits[ospf::LinkId{1}] = 1312;
  EXPECT_EQ(follow().size(), 1U);
  mtus.failed("wg0");
  EXPECT_THAT(give_back(), IsEmpty());
  EXPECT_THAT(follow(), ElementsAre(MtuChange{"wg0", 7, 1312, false}));
}

TEST_F(DeviceMtusTest, WhatAKilledRunLeftIsOursWhileTheDeviceHasIt) {
  device.limits[ospf::LinkId{1}] = 1312;
  (void)follow();
  const auto text = mtus.to_text();  // as it is written before the change
  device.limits.clear();
  device.mtu = 1312;

  DeviceMtus next;
  ASSERT_TRUE(next.adopt(text));
  EXPECT_EQ(next.to_text(), text);
  EXPECT_THAT(next.follow({device}), IsEmpty());
  EXPECT_EQ(next.to_text(), text);
  EXPECT_THAT(next.give_back([this](std::uint32_t) { return device.mtu; }),
              ElementsAre(MtuChange{"wg0", 7, 1420, true}));
  EXPECT_EQ(next.to_text(), DeviceMtus().to_text());

  DeviceMtus other;
  ASSERT_TRUE(other.adopt(text));
  device.mtu = 1400;  // the tunnel was taken down and set up again
  EXPECT_THAT(other.follow({device}), IsEmpty());
  EXPECT_THAT(other.give_back([this](std::uint32_t) { return device.mtu; }), IsEmpty());
}

TEST_F(DeviceMtusTest, ATextThatIsSpoiledChangesNothing) {
  device.limits[ospf::LinkId{1}] = 1312;
  (void)follow();
  const auto text = mtus.to_text();
  DeviceMtus next;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto spoiled = text;
    spoiled[i] = static_cast<char>(spoiled[i] ^ 1);
    EXPECT_FALSE(next.adopt(spoiled)) << i;
    EXPECT_FALSE(next.adopt(text.substr(0, i))) << i;
  }
  EXPECT_EQ(next.to_text(), DeviceMtus().to_text());
}

}  // namespace
}  // namespace wgospf::daemon
