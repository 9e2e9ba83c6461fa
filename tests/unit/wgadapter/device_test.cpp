#include "wgadapter/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wgadapter/plan.h"

namespace wgospf::wg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Key key_of(std::uint8_t number) {
  Key key;
  key.bytes.fill(number);
  return key;
}

AllowedIp prefix(const char* text) {
  return parse_prefix(text).value();
}

Peer peer_with(std::uint8_t number, std::vector<const char*> allowed_ips) {
  Peer peer;
  peer.public_key = key_of(number);
  for (const char* text : allowed_ips) peer.allowed_ips.push_back(prefix(text));
  return peer;
}

Device device_with(std::vector<Peer> peers) {
  Device device;
  device.name = "wg0";
  device.peers = std::move(peers);
  return device;
}

std::vector<CoverageFinding::Kind> kinds(const std::vector<CoverageFinding>& findings) {
  std::vector<CoverageFinding::Kind> list;
  for (const CoverageFinding& finding : findings) list.push_back(finding.kind);
  return list;
}

TEST(Endpoint, TextTellsPortAndScope) {
  EXPECT_EQ(to_string(Endpoint{*parse_address("192.0.2.1"), 51820, 0}), "192.0.2.1:51820");
  EXPECT_EQ(to_string(Endpoint{*parse_address("fe80::1"), 1, 7}), "[fe80::1%7]:1");
}

TEST(PeersCovering, LongestMatchFirst) {
  const Device device = device_with({peer_with(1, {"0.0.0.0/0"}), peer_with(2, {"10.0.0.0/8", "10.1.0.0/16"}),
                                     peer_with(3, {"10.0.0.0/12", "::/0"})});
  const auto covering = peers_covering(device, *parse_address("10.1.2.3"));
  EXPECT_THAT(covering, ElementsAre(&device.peers[1], &device.peers[2], &device.peers[0]));
  EXPECT_THAT(peers_covering(device, *parse_address("2001:db8::1")), ElementsAre(&device.peers[2]));
  EXPECT_THAT(peers_covering(device_with({peer_with(1, {"::/0"})}), *parse_address("10.1.2.3")), IsEmpty());
}

TEST(OspfCoverage, NothingToSayWhenEverythingPasses) {
  const Device device = device_with({peer_with(1, {"0.0.0.0/0", "::/0"})});
  EXPECT_THAT(check_ospf_coverage(device, {*parse_address("10.255.0.2")}), IsEmpty());
  const Device narrow = device_with({peer_with(1, {"224.0.0.5/32", "10.255.0.2/32"})});
  EXPECT_THAT(check_ospf_coverage(narrow, {*parse_address("10.255.0.2")}), IsEmpty());
}

TEST(OspfCoverage, NamesWhatIsMissingAndTheCure) {
  using Kind = CoverageFinding::Kind;
  const Device device = device_with({peer_with(1, {"10.255.0.0/30"})});
  const auto findings = check_ospf_coverage(device, {*parse_address("10.9.9.9")});
  ASSERT_THAT(kinds(findings), ElementsAre(Kind::not_covered, Kind::not_covered));
  EXPECT_THAT(findings[0].text, HasSubstr("add 224.0.0.5/32"));
  EXPECT_THAT(findings[1].text, HasSubstr("add 10.9.9.9/32"));
  EXPECT_EQ(findings[1].address, parse_address("10.9.9.9"));
}

TEST(OspfCoverage, TellsOfNoPeerOfSeveralAndOfTheWrongOne) {
  using Kind = CoverageFinding::Kind;
  EXPECT_THAT(kinds(check_ospf_coverage(device_with({}), {})), ElementsAre(Kind::no_peer));
  const Device two = device_with({peer_with(1, {"224.0.0.5/32"}), peer_with(2, {"10.0.0.2/32"})});
  EXPECT_THAT(kinds(check_ospf_coverage(two, {*parse_address("10.0.0.2")})),
              ElementsAre(Kind::several_peers, Kind::other_peer));
}

TEST(OspfCoverage, ANeighborThatIsNotKnownMustBeHeardFromSomewhere) {
  const std::vector<Ipv4Prefix> subnets{*Ipv4Prefix::parse("10.2.0.0/24")};
  const auto finding = check_unknown_neighbor(
      device_with({peer_with(1, {"224.0.0.5/32", "192.168.2.0/24", "::/0"})}), subnets);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->text,
            "the neighbour's address is not known, and no allowed-ips on wg0 cover any of 10.2.0.0/24: its "
            "hellos are "
            "dropped before they are heard; add the address that it speaks from to its allowed-ips");
  for (const char* heard : {"0.0.0.0/0", "10.2.0.0/24", "10.2.0.7/32"})
    EXPECT_FALSE(check_unknown_neighbor(device_with({peer_with(1, {heard})}), subnets)) << heard;
  // Over an unnumbered interface it may speak from any.
  EXPECT_FALSE(check_unknown_neighbor(device_with({peer_with(1, {"10.255.0.2/32"})}), {}));
  EXPECT_TRUE(check_unknown_neighbor(device_with({peer_with(1, {"224.0.0.5/32"})}), {}));
}

TEST(Plan, RefusesAPeerThatIsNotThere) {
  DeviceDelta delta;
  delta.peers.push_back({.public_key = key_of(9), .persistent_keepalive = 5});
  const auto plan = make_plan(device_with({peer_with(1, {})}), delta);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::not_found);
  EXPECT_THAT(plan.error().text, HasSubstr(key_of(9).to_base64()));
  EXPECT_THAT(plan.error().text, HasSubstr("wg0"));
}

TEST(Plan, MovesAPrefixInOneStepAndLeavesForeignOnesAlone) {
  const Device now =
      device_with({peer_with(1, {"10.1.0.0/16", "10.2.0.0/16"}), peer_with(2, {"10.3.0.0/16"})});
  DeviceDelta delta;
  delta.peers.push_back(
      {.public_key = key_of(1),
       .remove_allowed_ips = {prefix("10.1.0.0/16"), prefix("10.2.0.0/16"), prefix("10.3.0.0/16")}});
  delta.peers.push_back(
      {.public_key = key_of(2), .add_allowed_ips = {prefix("10.1.0.0/16"), prefix("10.3.0.0/16")}});
  const auto plan = make_plan(now, delta);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->settings.peers.size(), 1U);
  EXPECT_THAT(plan->settings.peers[0].add_allowed_ips,
              ElementsAre(prefix("10.1.0.0/16")));  // it has the other
  ASSERT_EQ(plan->removals.size(), 1U);
  EXPECT_THAT(plan->removals[0].prefixes, ElementsAre(prefix("10.2.0.0/16")));  // the first moves by itself
}

TEST(Plan, SaysNothingWhenAllHoldsAlready) {
  DeviceDelta delta;
  delta.peers.push_back({.public_key = key_of(1),
                         .add_allowed_ips = {prefix("10.1.0.0/16")},
                         .remove_allowed_ips = {prefix("10.9.0.0/16")}});
  const auto plan = make_plan(device_with({peer_with(1, {"10.1.0.0/16"})}), delta);
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->empty());
}

TEST(Plan, RefusesAPrefixBothAddedAndRemoved) {
  DeviceDelta delta;
  delta.peers.push_back({.public_key = key_of(1),
                         .add_allowed_ips = {prefix("10.1.0.0/16")},
                         .remove_allowed_ips = {prefix("10.1.0.0/16")}});
  const auto plan = make_plan(device_with({peer_with(1, {})}), delta);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::invalid);
}

TEST(Plan, WhatItMakesOfTheDeviceIsKnown) {
  const Device now = device_with({peer_with(1, {"10.1.0.0/16", "10.2.0.0/16", "fd00::/64"}),
                                  peer_with(2, {"10.3.0.0/16", "10.5.0.0/16"})});
  DeviceDelta delta;
  delta.peers.push_back({.public_key = key_of(1), .remove_allowed_ips = {prefix("10.2.0.0/16")}});
  delta.peers.push_back(
      {.public_key = key_of(2),
       .add_allowed_ips = {prefix("10.1.0.0/16"), prefix("10.3.0.0/16"), prefix("10.4.0.0/16")}});
  ASSERT_TRUE(is_allowed_ips_alone(delta));
  const auto plan = make_plan(now, delta);
  ASSERT_TRUE(plan);
  const Device after = carried_out(now, *plan);
  EXPECT_TRUE(verify(after, delta));
  EXPECT_THAT(after.peers[0].allowed_ips, ElementsAre(prefix("fd00::/64")));
  EXPECT_THAT(after.peers[1].allowed_ips, ElementsAre(prefix("10.3.0.0/16"), prefix("10.5.0.0/16"),
                                                      prefix("10.1.0.0/16"), prefix("10.4.0.0/16")));
  delta.fwmark = 1;
  EXPECT_FALSE(is_allowed_ips_alone(delta));
}

TEST(Verify, FindsWhatSomeoneElseUndid) {
  DeviceDelta delta;
  delta.peers.push_back({.public_key = key_of(1), .add_allowed_ips = {prefix("10.1.0.0/16")}});
  EXPECT_TRUE(verify(device_with({peer_with(1, {"10.1.0.0/16"})}), delta));
  const auto stolen = verify(device_with({peer_with(1, {}), peer_with(2, {"10.1.0.0/16"})}), delta);
  ASSERT_FALSE(stolen);
  EXPECT_THAT(stolen.error().text, HasSubstr("lacks 10.1.0.0/16"));
  EXPECT_FALSE(verify(device_with({}), delta));
}

}  // namespace
}  // namespace wgospf::wg
