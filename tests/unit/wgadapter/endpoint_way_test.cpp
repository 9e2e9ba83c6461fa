#include "wgadapter/endpoint_way.h"

#include <gtest/gtest.h>

#include <map>

namespace wgospf::wg::endpoint_way_test {
namespace {

constexpr std::uint32_t kUplink = 2;

Key key(std::uint8_t number) {
  Key result;
  result.bytes[0] = number;
  return result;
}

Peer peer(std::uint8_t number, const char* endpoint, const char* allowed) {
  Peer result;
  result.public_key = key(number);
  if (endpoint != nullptr) result.endpoint = Endpoint{*parse_address(endpoint), 51820};
  result.allowed_ips = {*parse_prefix(allowed)};
  return result;
}

/// wg0 (ifindex 10) with peers 1 and 2, wg1 (ifindex 11) with peer 3.
struct EndpointWayTest : ::testing::Test {
  Device wg0, wg1;
  std::map<std::string, std::uint32_t> ways;  ///< by address; 0: none
  EndpointWayTest() {
    wg0.name = "wg0";
    wg0.ifindex = 10;
    wg0.peers = {peer(1, "203.0.113.1", "10.1.0.0/16"), peer(2, "203.0.113.2", "10.2.0.0/16")};
    wg1.name = "wg1";
    wg1.ifindex = 11;
    wg1.peers = {peer(3, "203.0.113.3", "0.0.0.0/0")};
  }
  Result<void> check(const char* address) {
    const std::vector<const Device*> devices{&wg0, &wg1};
    return check_way(devices, "wg0", key(1), {*parse_address(address), 51820},
                     [this](const IpAddress& to, const Outer&) -> Result<EndpointWay> {
                       const auto found = ways.find(to_string(to));
                       const auto ifindex = found == ways.end() ? kUplink : found->second;
                       EndpointWay way;
                       if (ifindex == 0) return way;
                       way.place = RoutePlace{254, 0, 0};
                       way.ifindexes = {ifindex};
                       return way;
                     });
  }
};

TEST_F(EndpointWayTest, AWayByAnUplinkIsOne) {
  EXPECT_TRUE(check("198.51.100.1"));
  EXPECT_TRUE(check("2001:db8::1"));
}

TEST_F(EndpointWayTest, WithoutAWayItIsNone) {
  ways["198.51.100.1"] = 0;
  const auto checked = check("198.51.100.1");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().text, "the kernel knows no way to 198.51.100.1");
}

// Also of a peer that has no endpoint yet.
TEST_F(EndpointWayTest, TheTunnelItselfIsNone) {
  wg0.peers[0].endpoint.reset();
  ways["10.1.0.9"] = 10;
  const auto checked = check("10.1.0.9");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().text, "the way to 10.1.0.9 leads into the tunnel itself (wg0)");
}

// In: the address is behind another peer. Out: a tunnel within a tunnel.
TEST_F(EndpointWayTest, AnotherPeersTunnelIsAWay) {
  ways["10.2.0.9"] = 10;
  EXPECT_TRUE(check("10.2.0.9"));
}

// In: the other peer's own datagrams go through ours. Out: a loop.
TEST_F(EndpointWayTest, ACircleOfTunnelsIsNone) {
  ways["198.51.100.1"] = 11;
  wg1.peers[0].endpoint = Endpoint{*parse_address("10.1.0.9"), 51820};
  ways["10.1.0.9"] = 10;
  EXPECT_FALSE(check("198.51.100.1"));
}

TEST_F(EndpointWayTest, WhatNobodyTakesIsNone) {
  ways["10.9.0.9"] = 10;
  const auto checked = check("10.9.0.9");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().text, "the way to 10.9.0.9 leads into wg0, where nobody takes it");
}

}  // namespace
}  // namespace wgospf::wg::endpoint_way_test
