// What `wgospfd --auto` makes of a machine.

#include "daemon/links/auto_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wgospf::daemon {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

Link link_of(std::uint32_t ifindex, const std::string& name, const std::string& address,
             std::uint8_t length) {
  Link link;
  link.ifindex = ifindex;
  link.name = name;
  link.flags.up = link.flags.lower_up = link.flags.broadcast = true;
  if (const auto parsed = Ipv4Address::parse(address)) {
    LinkAddress own;
    own.address = *parsed;
    own.prefix_length = length;
    link.addresses.push_back(own);
  }
  return link;
}

std::vector<std::string> names_of(const AutoConfig& chosen) {
  std::vector<std::string> names;
  for (const auto& settings : chosen.config.areas.at(0).interfaces)
    names.push_back(settings.name + (settings.passive ? " passive" : ""));
  return names;
}

/// A router of a site: an uplink, a LAN, two tunnels, Docker, and ports without addresses.
Inventory site() {
  Inventory inventory;
  inventory[1] = link_of(1, "lo", "127.0.0.1", 8);
  inventory[1].flags.loopback = true;
  inventory[2] = link_of(2, "eth0", "203.0.113.5", 24);
  inventory[3] = link_of(3, "br-lan", "192.168.37.1", 24);
  inventory[4] = link_of(4, "wg-north", "10.0.0.1", 30);
  inventory[5] = link_of(5, "office", "", 0);
  inventory[4].kind = inventory[5].kind = "wireguard";
  inventory[6] = link_of(6, "docker0", "172.17.0.1", 16);
  inventory[7] = link_of(7, "eth1", "", 0);
  inventory[8] = link_of(8, "eth2", "192.168.38.1", 24);
  inventory[8].flags.up = false;
  inventory[9] = link_of(9, "eth3", "169.254.7.7", 16);
  return inventory;
}

TEST(AutoConfigTest, RunsTunnelsAndAnnouncesLans) {
  const auto chosen = choose_config(site(), {{2}, {}});
  EXPECT_THAT(names_of(chosen), ElementsAre("*", "br-lan passive"));
  EXPECT_EQ(chosen.config.areas[0].interfaces[0].kind, InterfaceKind::wireguard);
  EXPECT_THAT(chosen.reasons,
              ElementsAre("OSPF runs on every WireGuard interface, now wg-north, office",
                          "eth0 (203.0.113.0/24) is not announced: a default route goes over it",
                          "br-lan (192.168.37.0/24) is announced",
                          "docker0 (172.17.0.0/16) is not announced: it looks like a network of this "
                          "machine's containers"));
}

TEST(AutoConfigTest, AnnouncesTheLoopbacksAddresses) {
  auto inventory = site();
  inventory[1].addresses.push_back(link_of(0, "", "10.0.32.1", 32).addresses[0]);
  EXPECT_THAT(names_of(choose_config(inventory, {{2}, {}})),
              ElementsAre("*", "lo passive", "br-lan passive"));
}

TEST(AutoConfigTest, AMachineWithoutAnythingWaitsForTunnels) {
  const auto chosen = choose_config({}, {});
  EXPECT_THAT(names_of(chosen), ElementsAre("*"));
  EXPECT_THAT(chosen.reasons, ElementsAre("OSPF runs on every WireGuard interface; there is none yet"));
}

TEST(AutoConfigTest, IsPrintedAsAFileThatGivesTheSame) {
  const auto chosen = choose_config(site(), {{2}, {}});
  const auto text = print_auto_config(chosen);
  EXPECT_EQ(text.substr(0, text.find('\n')),
            "# OSPF runs on every WireGuard interface, now wg-north, office");
  auto again = parse_config(text, "printed");
  ASSERT_TRUE(std::holds_alternative<Config>(again)) << std::get<1>(again).front().to_string();
  std::get<0>(again).places.clear();
  EXPECT_EQ(std::get<0>(again), chosen.config);
}

// An interface that carries a tunnel would be announced into the tunnel; another program's tunnel is no LAN.
TEST(AutoConfigTest, WhatLeadsOutIsNotAnnounced) {
  auto inventory = site();
  inventory[10] = link_of(10, "eth4", "198.51.100.5", 24);
  inventory[11] = link_of(11, "tailscale0", "100.64.1.2", 32);
  inventory[11].kind = "tun";
  inventory[11].flags.point_to_point = true;
  const auto chosen = choose_config(inventory, {{2}, {10}});
  EXPECT_THAT(names_of(chosen), ElementsAre("*", "br-lan passive"));
  EXPECT_THAT(chosen.reasons,
              Contains("eth4 (198.51.100.0/24) is not announced: packets of WireGuard tunnels go over it"));
  EXPECT_THAT(
      chosen.reasons,
      Contains("tailscale0 (100.64.1.2/32) is not announced: it looks like another program's tunnel"));
}

}  // namespace
}  // namespace wgospf::daemon
