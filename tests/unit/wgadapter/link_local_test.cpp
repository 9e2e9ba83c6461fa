// Link-local addresses of public keys, and their place among a device's allowed-ips.

#include "wgadapter/link_local.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/wgadapter/allowed_ip_model.h"
#include "wgadapter/managed_ips.h"

namespace wgospf::wg::link_local_test {
namespace {

using test::key_of;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// Of another implementation: `echo KEY | base64 -d | sha256sum | cut -c-16`. Two routers that derive different ones
// never hear each other.
TEST(LinkLocalOf, Rfc4291Section256_IsTheKeysAloneAndStays) {
  const auto key = Key::from_base64("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=");
  ASSERT_TRUE(key);
  EXPECT_EQ(link_local_of(*key).to_string(), "fe80::ae21:6c2e:f524:7a37");
  EXPECT_NE(link_local_of(key_of(1)), link_local_of(key_of(2)));
}

const Key kA = key_of(1), kB = key_of(2);

AllowedIp own_of(const Key& key) {
  return Ipv6Prefix::host(link_local_of(key));
}

class LinkLocalIpsTest : public testing::Test {
 protected:
  LinkLocalIpsTest() {
    device.name = "wg0";
    device.peers = {{.public_key = kA}, {.public_key = kB}};
    plan.read(&device);
  }
  std::vector<AllowedIp>& at(const Key& key) { return device.peers[key == kA ? 0 : 1].allowed_ips; }
  /// After a reading, writes what is to be written; whether anything was.
  bool settle() {
    plan.read(&device);
    const auto delta = plan.next();
    if (!delta) return false;
    for (const auto& part : delta->peers) {
      for (const auto& added : part.add_allowed_ips) {
        for (auto& peer : device.peers) std::erase(peer.allowed_ips, added);
        at(part.public_key).push_back(added);
      }
      for (const auto& removed : part.remove_allowed_ips) std::erase(at(part.public_key), removed);
    }
    plan.read(&device);
    plan.applied();
    EXPECT_FALSE(plan.next());
    return true;
  }
  Device device;
  ManagedIps plan{"wg0"};
};

TEST_F(LinkLocalIpsTest, EachPeerIsGivenItsOwnAndThatIsTakenBack) {
  EXPECT_FALSE(plan.has_work());
  plan.link_locals().want(kA, true);
  plan.link_locals().want(kB, true);
  EXPECT_TRUE(settle());
  EXPECT_THAT(at(kA), ElementsAre(own_of(kA)));
  EXPECT_THAT(at(kB), ElementsAre(own_of(kB)));
  plan.read(&device);
  EXPECT_FALSE(plan.has_work()) << "nothing to do";
  EXPECT_EQ(plan.link_locals().held().size(), 2U);

  at(kA).clear();  // somebody's `wg set`
  plan.read(&device);
  EXPECT_TRUE(settle());
  EXPECT_THAT(at(kA), ElementsAre(own_of(kA)));

  plan.link_locals().want(kA, false);
  EXPECT_TRUE(settle());
  EXPECT_THAT(at(kA), IsEmpty());
  EXPECT_THAT(at(kB), ElementsAre(own_of(kB)));
}

TEST_F(LinkLocalIpsTest, WhatAHandGaveToAnotherStaysAndIsTold) {
  at(kB) = {own_of(kA), Ipv6Prefix{}};
  plan.read(&device);
  plan.link_locals().want(kA, true);
  EXPECT_FALSE(settle());
  EXPECT_THAT(at(kB), ElementsAre(own_of(kA), AllowedIp{Ipv6Prefix{}}));
  EXPECT_TRUE(plan.link_locals().take_conflicts_changed());
  EXPECT_THAT(plan.link_locals().conflicts(), ElementsAre(Pair(kA, kB)));

  at(kB) = {Ipv6Prefix{}};
  plan.read(&device);
  EXPECT_TRUE(settle());
  EXPECT_THAT(at(kA), ElementsAre(own_of(kA)));
  EXPECT_THAT(at(kB), ElementsAre(AllowedIp{Ipv6Prefix{}})) << "a wider prefix is nobody's loss";
  EXPECT_TRUE(plan.link_locals().take_conflicts_changed());
  EXPECT_THAT(plan.link_locals().conflicts(), IsEmpty());
}

TEST_F(LinkLocalIpsTest, WhatAKilledRunLeftIsFoundByItsForm) {
  const AllowedIp by_hand = Ipv6Prefix::host(*Ipv6Address::parse("fe80::1"));
  at(kA) = {own_of(kA), by_hand};
  at(kB) = {own_of(kB)};
  plan.link_locals().want(kB, true);
  plan.read(&device);
  EXPECT_TRUE(settle());
  EXPECT_THAT(at(kA), ElementsAre(by_hand));
  EXPECT_THAT(at(kB), ElementsAre(own_of(kB)));
}

TEST_F(LinkLocalIpsTest, WhatWasNotWrittenIsTriedAgainAndWhatIsHandedOverStays) {
  plan.link_locals().want(kA, true);
  plan.read(&device);
  ASSERT_TRUE(plan.next());
  plan.applied();  // and nothing of it is in force
  EXPECT_TRUE(settle());
  plan.hand_over();
  plan.link_locals().want(kA, false);
  EXPECT_FALSE(settle());
  EXPECT_THAT(at(kA), ElementsAre(own_of(kA)));
}

}  // namespace
}  // namespace wgospf::wg::link_local_test
