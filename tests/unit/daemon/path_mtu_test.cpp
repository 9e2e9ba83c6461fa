// What passes over the tunnels: when it is asked for, and what is made of the answers.

#include "daemon/links/path_mtu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wgospf::daemon {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

class PathMtusTest : public testing::Test {
 protected:
  void follow() {
    mtus.follow(paths, now, [this](const wg::MtuProbe& probe) { asked.push_back(probe); });
  }
  /// Answers what was asked last.
  bool answer(std::uint32_t largest, bool is_certain = true) {
    return mtus.take({asked.back().ticket, largest, is_certain, {}}, now);
  }

  PathMtus mtus;
  PathMtus::Time now{};
  std::vector<TunnelPath> paths{{ospf::LinkId{1},
                                 "wg0",
                                 "wg0",
                                 7,
                                 1420,
                                 false,
                                 false,
                                 false,
                                 Ipv4Address{0x0a020001},
                                 Ipv4Address{0x0a020002},
                                 {"192.0.2.1", {3}}}};
  std::vector<wg::MtuProbe> asked;
};

TEST_F(PathMtusTest, ANeighborIsAskedAboutOnceAndHourly) {
  follow();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].target.device, "wg0");
  EXPECT_EQ(asked[0].target.ifindex, 7U);
  EXPECT_EQ(asked[0].target.destination, paths[0].neighbor);
  EXPECT_EQ(asked[0].target.source, paths[0].source);
  EXPECT_EQ(asked[0].most, 1420U);
  follow();
  EXPECT_EQ(asked.size(), 1U);
  EXPECT_TRUE(answer(1420));
  EXPECT_EQ(mtus.known(ospf::LinkId{1})->largest, 1420U);
  EXPECT_EQ(mtus.problem_of(ospf::LinkId{1}), "");
  now += minutes{59};
  follow();
  EXPECT_EQ(asked.size(), 1U);
  now += minutes{1};
  follow();
  EXPECT_EQ(asked.size(), 2U);
}

TEST_F(PathMtusTest, WhoDoesNotAnswerIsAskedAgainSoonAndHasNoLimit) {
  follow();
  answer(0, false);
  EXPECT_EQ(mtus.known(ospf::LinkId{1}), std::nullopt);
  EXPECT_EQ(mtus.problem_of(ospf::LinkId{1}), "");
  now += PathMtus::kAgainSoon;
  follow();
  ASSERT_EQ(asked.size(), 2U);
  answer(1312, false);  // too much was lost by chance
  EXPECT_EQ(mtus.known(ospf::LinkId{1})->largest, 1312U);
  EXPECT_EQ(mtus.problem_of(ospf::LinkId{1}), "");
}

TEST_F(PathMtusTest, WhatVanishesIsToldWithTheMtuToSet) {
  follow();
  answer(1312);
  const auto problem = mtus.problem_of(ospf::LinkId{1});
  EXPECT_THAT(problem,
              HasSubstr("more than 1312 bytes do not get to 10.2.0.2 and back, and its MTU is 1420"));
  EXPECT_THAT(problem, HasSubstr("\"ip link set wg0 mtu 1312\""));
  paths[0].sets_mtu = true;  // it is being set
  follow();
  EXPECT_EQ(mtus.problem_of(ospf::LinkId{1}), "");
  now += PathMtus::kAgain;
  follow();
  EXPECT_TRUE(answer(1232));
  EXPECT_EQ(mtus.problem_of(ospf::LinkId{1}), "");
  paths[0].has_ipv6 = true;
  follow();
  EXPECT_THAT(mtus.problem_of(ospf::LinkId{1}), HasSubstr("cannot be less than 1280, which IPv6 needs"));
}

// In: the MTU made smaller; then larger. Out: what passed passes; then nothing is known until it is asked.
TEST_F(PathMtusTest, AnotherMtuIsAskedAbout) {
  follow();
  answer(1312);
  paths[0].mtu = 1300;
  follow();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[1].most, 1300U);
  EXPECT_EQ(mtus.known(ospf::LinkId{1})->largest, 1300U);
  EXPECT_EQ(mtus.problem_of(ospf::LinkId{1}), "");
  paths[0].mtu = 1500;
  follow();
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(mtus.known(ospf::LinkId{1}), std::nullopt);
  EXPECT_FALSE(mtus.take({asked[1].ticket, 1300, true, {}}, now)) << "the answer to a question of before";
}

TEST_F(PathMtusTest, AnotherPathIsAskedAboutAndWhatWasKnownIsOfTheFormer) {
  follow();
  answer(1312);
  paths[0].way = {"192.0.2.1", {}};  // nobody has asked for the way lately
  follow();
  EXPECT_EQ(asked.size(), 1U);
  paths[0].way = {"192.0.2.1", {4}};
  follow();
  EXPECT_EQ(asked.size(), 2U);
  EXPECT_EQ(mtus.known(ospf::LinkId{1}), std::nullopt);
  answer(1420);
  paths.clear();
  follow();
  EXPECT_EQ(mtus.known(ospf::LinkId{1}), std::nullopt);
  EXPECT_FALSE(answer(1312));
}

// In: two neighbours behind one device, one with a limit. Out: the device has that one.
TEST_F(PathMtusTest, ADeviceHasTheLimitsOfItsNeighbors) {
  paths.push_back(paths[0]);
  paths[1].link = ospf::LinkId{2};
  paths[1].way.endpoint = "198.51.100.7";
  follow();
  ASSERT_EQ(asked.size(), 2U);
  mtus.take({asked[0].ticket, 1420, true, {}}, now);
  ASSERT_EQ(mtus.devices().size(), 1U);
  EXPECT_TRUE(mtus.devices()[0].limits.empty());
  mtus.take({asked[1].ticket, 1312, true, {}}, now);
  EXPECT_EQ(mtus.devices()[0].limits.at(ospf::LinkId{2}), 1312U);
  EXPECT_EQ(mtus.devices()[0].ways.size(), 2U);
}

TEST(WayOfPath, IsThePeersEndpointWithoutItsPortAndTheWayToIt) {
  wg::Device device;
  device.name = "wg0";
  for (const std::uint32_t number : {1U, 2U}) {
    wg::Peer peer;
    peer.public_key.bytes.fill(static_cast<std::uint8_t>(number));
    peer.endpoint = wg::Endpoint{Ipv4Address{0xc0000200 + number}, 51820};
    peer.allowed_ips = {Ipv4Prefix{Ipv4Address{0x0a020000 + number}, 32}};
    device.peers.push_back(peer);
  }
  auto underlay = wg::underlay_of({device});
  const Ipv4Address second{0x0a020002};
  EXPECT_EQ(way_of_path(underlay, "wg0", second), (UnderlayWay{"192.0.2.2", {}}));
  for (auto& peer : underlay.peers) peer.way = wg::EndpointWay{std::nullopt, false, {4}};
  EXPECT_EQ(way_of_path(underlay, "wg0", second), (UnderlayWay{"192.0.2.2", {4}}));
  EXPECT_EQ(way_of_path(underlay, "wg0", Ipv4Address{0x0a020003}), UnderlayWay{});
  EXPECT_EQ(way_of_path(underlay, "wg1", second), UnderlayWay{});
}

}  // namespace
}  // namespace wgospf::daemon
