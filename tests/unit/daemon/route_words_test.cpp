// Who holds a prefix in place of our route, in words.

#include "daemon/routes/route_words.h"

#include <gtest/gtest.h>

namespace wgospf::daemon {
namespace {

Link link(std::uint32_t ifindex, const std::string& name, const char* address, std::uint8_t length) {
  Link result;
  result.ifindex = ifindex;
  result.name = name;
  result.flags.up = result.flags.running = result.flags.lower_up = true;
  result.addresses = {{*Ipv4Address::parse(address), length, {}, {}, {}, {}, {}}};
  return result;
}

class RouteWords : public ::testing::Test {
 protected:
  RouteWords() {
    links.emplace(7, link(7, "lan0", "192.168.1.1", 24));
    links.emplace(8, link(8, "eth5.3", "192.168.2.1", 24));
    auto tunnel = link(9, "wg0", "10.0.0.1", 32);
    tunnel.addresses[0].peer = *Ipv4Address::parse("10.0.0.2");
    links.emplace(9, tunnel);
  }
  [[nodiscard]] std::string text(const char* prefix, rib::Standing standing, rib::Holder holder = {}) const {
    return standing_text({*Ipv4Prefix::parse(prefix), standing, holder}, links,
                         [](const std::string& name) { return name != "eth5.3"; });
  }
  Inventory links;
};

TEST_F(RouteWords, AConnectedPrefixNamesItsInterface) {
  using rib::Standing;
  EXPECT_EQ(text("192.168.1.0/24", Standing::connected), "connected on lan0");
  EXPECT_EQ(text("192.168.2.0/24", Standing::connected), "connected on eth5.3, where OSPF does not run");
  EXPECT_EQ(text("10.0.0.2/32", Standing::connected), "the far end of the address on wg0");
  EXPECT_EQ(text("192.168.2.1/32", Standing::connected), "an address of this router on eth5.3");
}

TEST_F(RouteWords, ARouteThatHidesOursNamesItsOwnerAndTheCure) {
  using rib::Standing;
  EXPECT_EQ(text("10.9.0.0/24", Standing::hidden, {50, 8, 16}),
            "by a route on eth5.3 of another program (proto dhcp, metric 50)");
  EXPECT_EQ(text("10.9.0.0/24", Standing::hidden, {20, 0, 77}),
            "by a route of another program (proto 77, metric 20)");
  EXPECT_EQ(text("192.168.1.0/24", Standing::hidden, {0, 7, 2}), "by the kernel's own route on lan0");
  links.at(8).flags.running = links.at(8).flags.lower_up = false;
  EXPECT_EQ(text("192.168.2.0/24", Standing::hidden, {0, 8, 2}),
            "by the kernel's own route on eth5.3, which has no carrier: \"sysctl -w "
            "net.ipv4.conf.eth5/3.ignore_routes_with_linkdown=1\" has the kernel use ours then");
}

TEST_F(RouteWords, WhatIsMissingSaysWhy) {
  using rib::Standing;
  EXPECT_EQ(text("10.9.0.0/24", Standing::missing), "not in the kernel, where it is being put");
  EXPECT_EQ(text("10.9.0.0/24", Standing::no_next_hop),
            "no interface of its next hops is up and has a carrier");
}

}  // namespace
}  // namespace wgospf::daemon
