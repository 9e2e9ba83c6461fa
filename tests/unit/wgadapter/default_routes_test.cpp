// Default routes as the kernel has them, and the interfaces that they go over.
#include "net/default_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include "namespace.h"

namespace wgospf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DefaultRoutesTest : public testing::Test {
 protected:
  void SetUp() override {
    WGOSPF_REQUIRE_NAMESPACES();
    host_ = std::make_unique<wg::test::Namespace>();
    for (const char* name : {"a", "b", "c", "d"})
      host_->sh(std::string("ip link add ") + name + "0 type veth peer name " + name + "1 && ip link set " +
                name + "0 up && ip link set " + name + "1 up");
    host_->sh("ip addr add 192.0.2.2/24 dev a0 && ip addr add 198.51.100.2/24 dev b0");
  }
  std::vector<std::string> interfaces() {
    std::vector<std::string> names;
    host_->run([&] {
      const auto routes = read_default_routes();
      ASSERT_TRUE(routes) << routes.error().text;
      for (const auto ifindex : default_route_interfaces(*routes, 89)) {
        char name[IF_NAMESIZE];
        names.emplace_back(if_indextoname(ifindex, name));
      }
    });
    return names;
  }
  std::unique_ptr<wg::test::Namespace> host_;
};

TEST_F(DefaultRoutesTest, EveryNextHopOfEveryTableCounts) {
  EXPECT_THAT(interfaces(), IsEmpty());
  host_->sh("ip route add default nexthop via 192.0.2.1 nexthop via 198.51.100.1");
  EXPECT_THAT(interfaces(), ElementsAre("a0", "b0"));
  host_->sh("ip route add default dev c0 table 1000 metric 7 && ip route add 203.0.113.0/24 dev d0");
  EXPECT_THAT(interfaces(), ElementsAre("a0", "b0", "c0"));
  host_->sh("ip -6 route add default dev d0");
  EXPECT_THAT(interfaces(), ElementsAre("a0", "b0", "c0", "d0"));
}

TEST_F(DefaultRoutesTest, HalvesCountWhereBothAreThere) {
  host_->sh("ip route add 0.0.0.0/1 dev c0");
  EXPECT_THAT(interfaces(), IsEmpty());
  host_->sh("ip route add 128.0.0.0/1 dev c0 table 99");
  EXPECT_THAT(interfaces(), IsEmpty());
  host_->sh("ip route add 128.0.0.0/1 dev c0");
  EXPECT_THAT(interfaces(), ElementsAre("c0"));
}

TEST_F(DefaultRoutesTest, NextHopObjectsAreLookedUpAndOursDoNotCount) {
  host_->sh(
      "ip nexthop add id 1 dev a0 && ip nexthop add id 2 dev b0 && ip nexthop add id 3 group 1/2 && "
      "sysctl -qw net.ipv4.nexthop_compat_mode=0 && ip route add default nhid 3");
  EXPECT_THAT(interfaces(), ElementsAre("a0", "b0"));
  host_->sh("ip route add default dev c0 metric 110 proto 89 && ip route add blackhole default metric 9999");
  EXPECT_THAT(interfaces(), ElementsAre("a0", "b0"));
}

}  // namespace
}  // namespace wgospf
