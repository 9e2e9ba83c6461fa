// What allowed-ips let pass, against a naive twin, and the command that mends them.

#include "wgadapter/allowed_ips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace wgospf::wg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Ipv4Prefix v4(const char* text) {
  return *Ipv4Prefix::parse(text);
}

Ipv4Address address(const char* text) {
  return *Ipv4Address::parse(text);
}

Device device_with(const std::vector<std::vector<const char*>>& peers) {
  Device device;
  device.name = "wg0";
  std::uint8_t number = 0;
  for (const auto& allowed : peers) {
    Peer peer;
    peer.public_key.bytes.fill(++number);
    for (const char* text : allowed) peer.allowed_ips.push_back(*parse_prefix(text));
    device.peers.push_back(std::move(peer));
  }
  return device;
}

TEST(AllowedIpMap, APrefixPassesWhenAllOfItDoes) {
  const AllowedIpMap map(device_with({{"10.0.0.0/25", "10.0.0.128/25", "10.0.1.0/24", "192.0.2.1/32"}}));
  EXPECT_TRUE(map.passes(0, v4("10.0.0.0/23")));  // by three together
  EXPECT_TRUE(map.passes(0, v4("10.0.0.64/26")));
  EXPECT_FALSE(map.passes(0, v4("10.0.0.0/22")));
  EXPECT_FALSE(map.passes(0, v4("192.0.2.0/31")));
  EXPECT_FALSE(map.passes(0, v4("0.0.0.0/0")));
  EXPECT_FALSE(map.passes_all(0));
  EXPECT_EQ(map.owner(address("192.0.2.1")), 0U);
  EXPECT_EQ(map.owner(address("192.0.2.2")), std::nullopt);
}

TEST(AllowedIpMap, TwoHalvesAreEverything) {
  const AllowedIpMap map(device_with({{"0.0.0.0/1", "128.0.0.0/1", "::/0", "10.0.0.0/8"}}));
  EXPECT_TRUE(map.passes_all(0));
  EXPECT_TRUE(map.passes(0, v4("0.0.0.0/0")));
  EXPECT_TRUE(map.passes(0, v4("255.255.255.255/32")));
}

TEST(AllowedIpMap, WhatAnotherPeerOwnsDoesNotPass) {
  const AllowedIpMap map(device_with({{"10.0.0.0/8"}, {"10.1.0.0/16"}, {}}));
  EXPECT_FALSE(map.passes(0, v4("10.0.0.0/8")));
  EXPECT_TRUE(map.passes(0, v4("10.0.0.0/16")));
  EXPECT_TRUE(map.passes(0, v4("10.2.0.0/15")));
  EXPECT_TRUE(map.passes(1, v4("10.1.4.0/24")));
  EXPECT_FALSE(map.passes(0, v4("10.1.4.0/24")));
  EXPECT_FALSE(map.passes_all(0));
}

/// The device's own rule, address by address.
TEST(AllowedIpMap, AgreesWithTheLongestMatchOfEveryAddress) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Device device = device_with({{}, {}, {}});
    std::vector<Ipv4Prefix> taken;
    for (int i = 0; i < 12; ++i) {
      const auto prefix =
          Ipv4Prefix::make(Ipv4Address{0x0a000000 + static_cast<std::uint32_t>(random() % 256)},
                           static_cast<std::uint8_t>(24 + random() % 9));
      if (std::find(taken.begin(), taken.end(), prefix) != taken.end()) continue;
      taken.push_back(prefix);
      device.peers[random() % 3].allowed_ips.push_back(prefix);
    }
    const AllowedIpMap map(device);
    for (std::uint32_t i = 0; i < 260; ++i) {
      const Ipv4Address asked{0x0a000000 + i};
      const auto covering = peers_covering(device, asked);
      const auto owner = map.owner(asked);
      ASSERT_EQ(covering.empty() ? nullptr : covering.front(), owner ? &device.peers[*owner] : nullptr);
    }
    for (std::uint8_t length = 24; length <= 32; ++length) {
      const auto prefix =
          Ipv4Prefix::make(Ipv4Address{0x0a000000 + static_cast<std::uint32_t>(random() % 256)}, length);
      bool all = true;
      for (std::uint32_t i = 0; i < (1U << (32 - length)); ++i)
        all = all && map.owner(Ipv4Address{prefix.address.value + i}) == 1U;
      ASSERT_EQ(map.passes(1, prefix), all) << prefix.to_string();
    }
  }
}

TEST(OspfPeer, IsTheOnlyOneOrTheNeighboursOwn) {
  const Device one = device_with({{}});
  EXPECT_EQ(ospf_peer(one, AllowedIpMap(one), {}), 0U);
  const Device two = device_with({{"10.0.0.2/32"}, {"10.0.0.3/32"}});
  const AllowedIpMap map(two);
  EXPECT_EQ(ospf_peer(two, map, address("10.0.0.3")), 1U);
  EXPECT_EQ(ospf_peer(two, map, address("10.0.0.4")), std::nullopt);
  EXPECT_EQ(ospf_peer(two, map, std::nullopt), std::nullopt);
}

TEST(Aggregated, HalvesBecomeTheWhole) {
  EXPECT_THAT(aggregated({v4("10.0.1.0/24"), v4("10.0.0.0/24"), v4("10.0.2.0/23"), v4("10.0.3.7/32")}),
              ElementsAre(v4("10.0.0.0/22")));
  EXPECT_THAT(aggregated({v4("10.0.1.0/24"), v4("10.0.2.0/24")}),
              ElementsAre(v4("10.0.1.0/24"), v4("10.0.2.0/24")));
  EXPECT_THAT(aggregated({v4("128.0.0.0/1"), v4("0.0.0.0/1"), v4("10.0.0.0/8")}),
              ElementsAre(v4("0.0.0.0/0")));
  EXPECT_THAT(aggregated({}), IsEmpty());
}

const std::string kCommand = "wg set wg0 peer AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE= allowed-ips ";

TEST(AllowedIpsCommand, ListsAllThatResultsBecauseItReplaces) {
  const Device device = device_with({{"224.0.0.5/32", "10.0.0.2/32", "fd00::/8"}});
  EXPECT_EQ(allowed_ips_command(device, 0, {v4("192.168.36.0/24"), v4("192.168.37.0/24")}),
            kCommand + "224.0.0.5/32,10.0.0.2/32,192.168.36.0/23,fd00::/8");
  EXPECT_EQ(allowed_ips_command(device, 0, {v4("0.0.0.0/0")}), kCommand + "0.0.0.0/0,fd00::/8");
}

TEST(AllowedIpsCommand, BesideOtherPeersNothingIsLeftOut) {
  const Device device = device_with({{"10.1.2.0/24"}, {"10.1.0.0/16"}});
  EXPECT_EQ(allowed_ips_command(device, 0, {v4("10.0.0.0/8")}), kCommand + "10.1.2.0/24,10.0.0.0/8");
}

TEST(AllowedIpsCommand, ThousandsOfPrefixesAreOneLineThatCanBeRead) {
  std::vector<Ipv4Prefix> many;
  for (std::uint32_t i = 0; i < 10'000; ++i) many.push_back(Ipv4Prefix::host({0x0a000000 + 2 * i}));
  EXPECT_EQ(allowed_ips_command(device_with({{"10.0.0.2/32"}}), 0, many), kCommand + "0.0.0.0/0");
  EXPECT_EQ(allowed_ips_command(device_with({{"fd00::/8"}}), 0, many), kCommand + "0.0.0.0/0,::/0");
  EXPECT_EQ(allowed_ips_command(device_with({{}, {}}), 0, many), "");
}

TEST(PeerCoverage, ThePeerOwnsTheAddressThatItSpeaksFrom) {
  const Device device = device_with({{"10.99.0.2/32"}, {"10.99.0.0/24", "192.168.37.0/24"}});
  const AllowedIpMap map(device);
  const Key first = device.peers[0].public_key, second = device.peers[1].public_key;
  EXPECT_EQ(check_peer_coverage(device, map, first, address("10.99.0.2")), std::nullopt);
  EXPECT_EQ(check_peer_coverage(device, map, second, address("10.99.0.3")), std::nullopt);
  const auto nobodys = check_peer_coverage(device, map, first, address("10.98.0.2"));
  ASSERT_TRUE(nobodys);
  EXPECT_EQ(nobodys->kind, CoverageFinding::Kind::not_covered);
  EXPECT_THAT(nobodys->text, testing::HasSubstr("its address 10.98.0.2"));
  EXPECT_THAT(nobodys->text, testing::HasSubstr(kCommand + "10.99.0.2/32,10.98.0.2/32"));
  const auto others = check_peer_coverage(device, map, second, address("10.99.0.2"));
  ASSERT_TRUE(others);
  EXPECT_EQ(others->kind, CoverageFinding::Kind::other_peer);
  EXPECT_THAT(others->text, testing::HasSubstr("belongs to the allowed-ips of peer " + first.to_base64()));
  EXPECT_EQ(check_peer_coverage(device, map, Key{}, address("10.99.0.9")), std::nullopt)
      << "a peer that the device does not have";
}

}  // namespace
}  // namespace wgospf::wg
