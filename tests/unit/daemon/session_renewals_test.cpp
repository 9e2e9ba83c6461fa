#include "daemon/links/session_renewals.h"

#include <gtest/gtest.h>

namespace wgospf::daemon::session_renewals_test {
namespace {

using std::chrono::seconds;

struct SessionRenewalsTest : ::testing::Test {
  SessionRenewals renewals;
  ospf::Instant now{seconds{1000}};
  const ospf::LinkId link{7};
  wg::Key key{};
  void SetUp() override {
    key.bytes[0] = 9;
    renewals.begin(link, "wg0", {key, 5000}, now);
  }
  void read(std::uint64_t rx_bytes) {
    auto device = std::make_shared<wg::Device>();
    device->name = "wg0";
    device->peers.resize(1);
    device->peers[0].public_key = key;
    device->peers[0].rx_bytes = rx_bytes;
    renewals.take(wg::DeviceRead{"wg0", device});
  }
};

// In: nothing is ever heard. Out: fifteen trials, a second apart, then no more; the counter is as it was read last.
TEST_F(SessionRenewalsTest, EverySecondForAsLongAsWireGuardWouldWait) {
  unsigned trials = 0;
  for (; renewals.next() && trials < 100; ++trials) {
    EXPECT_EQ(*renewals.next(), now);
    const auto due = renewals.take_due(now);
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].is_first, trials == 0);
    EXPECT_EQ(due[0].renewal.rx_bytes, trials == 0 ? 5000U : 0U);
    EXPECT_TRUE(renewals.take_due(now).empty());
    renewals.take(wg::Renewed{"wg0", key, {}});
    read(0);
    now += seconds{1};
  }
  EXPECT_EQ(trials, 15U);
}

// In: something comes before the first one, or after the peer was made again, be it less than before. Out: no trial more.
TEST_F(SessionRenewalsTest, WhatHasComeIsOfASessionThatWorks) {
  (void)renewals.take_due(now);
  renewals.take(wg::Renewed{"wg0", key, {}});
  read(92);
  EXPECT_FALSE(renewals.next());
  renewals.begin(link, "wg0", {key, 5000}, now);
  read(5000);
  EXPECT_TRUE(renewals.next());
  read(5032);
  EXPECT_FALSE(renewals.next());
}

// In: a hello on the link; or the peer, or the device, is gone. Out: no trial more.
TEST_F(SessionRenewalsTest, EndsWithWhatItIsFor) {
  renewals.end(link);
  EXPECT_FALSE(renewals.next());
  renewals.begin(link, "wg0", {key, 0}, now);
  renewals.take(wg::DeviceRead{"wg0", nullptr});
  EXPECT_FALSE(renewals.next());
}

}  // namespace
}  // namespace wgospf::daemon::session_renewals_test
