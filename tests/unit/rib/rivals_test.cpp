// Which routes of others come before ours.
#include "rib/rivals.h"

#include <gtest/gtest.h>

namespace wgospf::rib {
namespace {

class RivalRoutesTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kMetric = 110;
  static constexpr std::uint32_t kOurGroup = 1000;

  static RouteMessage route(std::uint32_t metric, std::uint32_t ifindex) {
    RouteMessage message;
    message.prefix = kPrefix;
    message.table = 254;
    message.metric = metric;
    message.protocol = 4;
    message.ifindex = ifindex;
    return message;
  }
  static RouteMessage ours() {
    RouteMessage message = route(kMetric, 3);
    message.protocol = kProtocol;
    message.nexthop_id = kOurGroup;
    return message;
  }
  void hear(RouteMessage message, bool has_ours = true) { rivals.heard(message, has_ours); }
  void remove(RouteMessage message) {
    message.removed = true;
    rivals.heard(message, true);
  }
  [[nodiscard]] std::uint32_t used() const {
    const auto found = rivals.of(kPrefix);
    return found && found->used ? found->used->ifindex : 0;
  }
  [[nodiscard]] bool in_slot() const {
    const auto found = rivals.of(kPrefix);
    return found && found->in_slot;
  }

  static inline const IpPrefix kPrefix = *Ipv4Prefix::parse("10.0.1.0/24");
  RivalRoutes rivals{{254, kMetric, {kOurGroup, 100}}};
};

TEST_F(RivalRoutesTest, TheLowestMetricIsUsed) {
  hear(route(200, 9));
  EXPECT_EQ(used(), 0U) << "one of a higher metric is no rival";
  hear(route(50, 5));
  hear(route(40, 4));
  hear(route(60, 6));
  EXPECT_EQ(used(), 4U);
  EXPECT_FALSE(in_slot());
  remove(route(40, 4));
  EXPECT_EQ(used(), 5U);
  remove(route(60, 6));
  remove(route(50, 5));
  EXPECT_FALSE(rivals.of(kPrefix));
  EXPECT_TRUE(rivals.empty());
}

TEST_F(RivalRoutesTest, OneOfOurMetricIsARivalIfItStandsFirst) {
  auto behind = route(kMetric, 4);
  behind.appended = true;
  hear(behind);
  EXPECT_FALSE(rivals.of(kPrefix));
  hear(route(kMetric, 5));
  EXPECT_EQ(used(), 5U);
  EXPECT_TRUE(in_slot());
  hear(route(50, 6));
  EXPECT_EQ(used(), 6U);
  EXPECT_TRUE(in_slot()) << "ours must not be replaced for all that";
  remove(route(kMetric, 5));
  EXPECT_FALSE(in_slot());
  EXPECT_TRUE(rivals.wants_reading() || used() == 6U);
}

TEST_F(RivalRoutesTest, AReplacementTakesTheOthersPlace) {
  hear(route(50, 5));
  auto other = route(50, 7);
  other.replaces = true;
  hear(other);
  EXPECT_EQ(used(), 7U);
  remove(route(50, 7));
  EXPECT_FALSE(rivals.of(kPrefix));
  hear(route(50, 5));
  hear(route(50, 6));
  hear(other);
  EXPECT_TRUE(rivals.wants_reading()) << "which of two it replaced is not told";
}

TEST_F(RivalRoutesTest, AReadingIsTheTruth) {
  hear(route(50, 5));
  rivals.begin_reading(Family::ipv4);
  rivals.read(route(40, 4));
  rivals.begin_reading(Family::ipv4);  // the kernel had it begun anew
  rivals.read(route(60, 6));
  rivals.read(ours());
  auto behind = route(kMetric, 8);
  rivals.read(behind);
  auto dead = route(10, 9);
  dead.dead = true;
  rivals.read(dead);
  (void)rivals.take_changed();
  rivals.end_reading();
  EXPECT_EQ(used(), 6U);
  EXPECT_FALSE(in_slot()) << "that one stands behind ours";
  EXPECT_EQ(rivals.take_changed(), std::set<IpPrefix>{kPrefix});
  for (int again = 0; again < 2; ++again) {
    rivals.begin_reading(Family::ipv4);
    rivals.read(route(kMetric, 8));
    rivals.read(ours());
    rivals.read(route(60, 6));
    rivals.end_reading();
    EXPECT_TRUE(in_slot());
    EXPECT_EQ(rivals.take_changed().size(), again == 0 ? 1U : 0U) << "only differences";
  }
}

TEST_F(RivalRoutesTest, OtherTablesAndTypesOfServiceDoNotMatter) {
  auto elsewhere = route(10, 4);
  elsewhere.table = 7;
  hear(elsewhere);
  auto service = route(10, 4);
  service.tos = 8;
  hear(service);
  EXPECT_TRUE(rivals.empty());
}

}  // namespace
}  // namespace wgospf::rib
