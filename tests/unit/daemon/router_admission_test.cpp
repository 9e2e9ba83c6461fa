// What a router tells of who is on its links, and of what it learns there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "running_router.h"
#include "wgadapter/ospf_socket.h"

namespace wgospf::daemon {
namespace {

using wg::test::eventually;

class RouterAdmission : public ::testing::Test {
 protected:
  void SetUp() override {
    WGOSPF_REQUIRE_NAMESPACES();
    near.sh("ip link add v0 type veth peer name end netns " + far.path());
    near.sh("ip link set lo up && ip addr add 10.1.0.1/24 dev v0 && ip link set v0 up");
    far.sh("ip link set lo up && ip addr add 10.1.0.2/24 dev end && ip addr add 10.1.0.3/24 dev end");
    far.sh("ip link set end up");
  }
  static std::string config_on(const std::string& interface, const std::string& more = {}) {
    return "areas: [{area-id: 0, interfaces: [{name: " + interface +
           ", interface-type: point-to-point, hello-interval: 1}]}]\n" + more;
  }
  /// A hello out of the far end, in the name of a router that is not there.
  void say(ospf::RouterId router, Ipv4Address source) {
    ospf::Hello hello;
    hello.network_mask = netmask(24);
    hello.hello_interval = 1;
    hello.dead_interval = 4;
    hello.options = {ospf::Options::kExternal};
    hello.neighbors = {ospf::RouterId{0x0a000001}};
    const auto bytes = V2::encode(router, ospf::kBackbone, hello);
    far.run([&] {
      if (!socket) {
        auto opened = wg::OspfSocket::open("end", ::if_nametoindex("end"));
        ASSERT_TRUE(opened) << opened.error().text;
        socket.emplace(std::move(opened).value());
      }
      const std::span<const std::uint8_t> octets(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                 bytes.size());
      EXPECT_TRUE(socket->send(wg::kAllSpfRouters, octets, source));
    });
  }
  static bool warns(RunningRouter& router, const std::string& part) {
    const auto all = router.ask([&] { return router->warnings(); });
    return std::any_of(all.begin(), all.end(),
                       [&](const auto& text) { return text.find(part) != std::string::npos; });
  }

  Namespace near, far;
  std::optional<wg::OspfSocket> socket;
};

// In: hellos of two routers in turn. Out: a warning with both ids and addresses, as long as both go on.
TEST_F(RouterAdmission, MoreThanOneRouterOnALinkIsALastingWarning) {
  constexpr ospf::RouterId kFirst{0x0a000002}, kSecond{0x0a000003};
  constexpr Ipv4Address kFirstAddress{0x0a010002}, kSecondAddress{0x0a010003};
  RunningRouter router(near, config_on("v0"), "10.0.0.1");
  const auto warned = [&] {
    return warns(router,
                 "more than one router on a point-to-point link: 10.0.0.2 (10.1.0.2) and 10.0.0.3 (10.1.0.3) "
                 "both say hello on v0; the first is kept");
  };
  const auto heard = [&] {
    say(kFirst, kFirstAddress);
    return !router.ask([&] { return router->protocol().neighbors(); }).empty();
  };
  ASSERT_TRUE(eventually(heard, kPatience));
  const auto both = [&] {
    say(kFirst, kFirstAddress);
    say(kSecond, kSecondAddress);
    return warned();
  };
  EXPECT_TRUE(eventually(both, kPatience));
  const auto one = [&] {
    say(kFirst, kFirstAddress);
    return !warned();
  };
  EXPECT_TRUE(eventually(one, kPatience));
}

// In: a neighbour that announces a prefix of 240/4. Out: no route, and a warning that names it, until it is
// gone.
TEST_F(RouterAdmission, PrefixesThatNoRouterForwardsToAreAWarning) {
  far.sh("ip route add blackhole 240.1.0.0/16 proto static");
  far.sh("ip route add blackhole 198.51.100.0/24 proto static");
  RunningRouter a(near, config_on("v0"), "10.0.0.1");
  RunningRouter b(far, config_on("end", "redistribute: [{source: static}]\n"), "10.0.0.2");
  ASSERT_TRUE(eventually([&] { return a.has_route("198.51.100.0/24"); }, kPatience));
  EXPECT_TRUE(eventually([&] { return warns(a, "learned and not installed: 240.1.0.0/16; "); }, kPatience));
  EXPECT_FALSE(a.has_route("240.1.0.0/16"));
  far.sh("ip route del blackhole 240.1.0.0/16 proto static");
  EXPECT_TRUE(eventually([&] { return !warns(a, "240.1.0.0/16"); }, kPatience));
}

}  // namespace
}  // namespace wgospf::daemon
