// What a router says of addresses, names and failing destinations, on real interfaces.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/links/ospf_port.h"
#include "running_router.h"

namespace wgospf::daemon {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using wg::test::eventually;

std::string areas(const std::string& interfaces) {
  return "areas: [{area-id: 0, interfaces: [" + interfaces + "]}]\n";
}
std::string active(const std::string& name) {
  return "{name: \"" + name + "\", interface-type: point-to-point, hello-interval: 1}";
}

class RouterWords : public ::testing::Test {
 protected:
  void SetUp() override {
    WGOSPF_REQUIRE_NAMESPACES();
    a.sh("ip link add v0 type veth peer name v0 netns " + b.path());
    for (auto* space : {&a, &b}) space->sh("ip link set lo up && ip link set v0 up");
    b.sh("ip addr add 192.0.2.2/32 dev lo");
  }
  static std::vector<std::string> warnings(RunningRouter& router) {
    return router.ask([&] { return router->warnings(); });
  }

  Namespace a, b;
};

// In: a link whose only addresses are of 169.254/16. Out: an adjacency, a route over it, and no word of the
// link's own prefix.
TEST_F(RouterWords, LinkLocalAddressesCarryAnAdjacencyAndAreNotAdvertised) {
  a.sh("ip addr add 169.254.1.1/30 dev v0");
  b.sh("ip addr add 169.254.1.2/30 dev v0");
  RunningRouter first(a, areas(active("v0")), "10.0.0.1");
  RunningRouter second(b, areas(active("v0") + ", {name: lo}"), "10.0.0.2");
  ASSERT_TRUE(eventually([&] { return first.has_route("192.0.2.2/32"); }, kPatience));
  EXPECT_TRUE(
      eventually([&] { return first.ask([&] { return first->protocol().converged(); }); }, kPatience));
  EXPECT_FALSE(first.has_route("169.254.1.0/30"));
  EXPECT_THAT(warnings(first), Not(Contains(HasSubstr("no IPv4 address"))));
}

// In: names as the kernel allows them: bytes that are not UTF-8, a long further name, and two names of one
// interface. Out: each is found; what is told is printable; the second name is not used and told.
TEST_F(RouterWords, InterfacesAreFoundByAnyOfTheirNamesAndToldPrintable) {
  a.sh(
      "ip link add \"$(printf 'w\\377g')\" type veth peer name end && ip link set end up && "
      "ip link set \"$(printf 'w\\377g')\" up && ip addr add 10.9.0.1/30 dev \"$(printf 'w\\377g')\"");
  a.sh("ip link property add dev v0 altname to-the-office-in-the-north && ip addr add 10.1.0.1/30 dev v0");
  b.sh("ip addr add 10.1.0.2/30 dev v0");
  RunningRouter first(a,
                      areas(active("to-the-office-in-the-north") + ", " +
                            active("w\xff"
                                   "g") +
                            ", " + active("v0")),
                      "10.0.0.1");
  RunningRouter second(b, areas(active("v0") + ", {name: lo}"), "10.0.0.2");
  ASSERT_TRUE(eventually([&] { return first.has_route("192.0.2.2/32"); }, kPatience));
  const auto is_up = [&](std::size_t index) {
    return first.ask([&] { return first->protocol().interfaces()[index].status.up; });
  };
  EXPECT_TRUE(is_up(0));
  EXPECT_TRUE(is_up(1));
  EXPECT_FALSE(is_up(2));
  EXPECT_EQ(first.ask([&] { return first->link_name(ospf::LinkId{2}); }), "w\\xffg");
  EXPECT_THAT(warnings(first),
              Contains(HasSubstr("to-the-office-in-the-north and v0 are names of one interface")));
}

TEST_F(RouterWords, ChangesOfAddressesAndMtuAreTold) {
  a.sh("ip addr add 10.1.0.1/30 dev v0");
  RunningRouter router(a, areas(active("v0")), "10.0.0.1");
  std::vector<std::string> told;
  const auto subscription = router.ask([&] {
    return router->subscribe([&](const RouterEvent& event) {
      if (const auto* notice = std::get_if<Notice>(&event.what)) told.push_back(notice->text);
    });
  });
  const auto hears = [&](const std::string& text) {
    return eventually(
        [&] { return router.ask([&] { return std::find(told.begin(), told.end(), text) != told.end(); }); },
        kPatience);
  };
  a.sh("ip link set v0 mtu 1380");
  EXPECT_TRUE(hears("interface v0: MTU 1500 -> 1380"));
  a.sh("ip addr add 10.2.0.1/24 dev v0");
  EXPECT_TRUE(hears("interface v0: address 10.1.0.1/30 -> 10.1.0.1/30, 10.2.0.1/24"));
  a.sh("ip addr del 10.1.0.1/30 dev v0");
  EXPECT_TRUE(hears("interface v0: address 10.1.0.1/30, 10.2.0.1/24 -> 10.2.0.1/24"));
  router.ask([&] { return router->unsubscribe(subscription), 0; });
}

// In: two numbered links under the strict filter; then one of them is gone. Out: the warning with its cure,
// and its end.
TEST_F(RouterWords, TheStrictReversePathFilterIsToldWhereItBites) {
  a.sh(
      "ip addr add 10.1.0.1/30 dev v0 && ip link add v1 type veth peer name end && ip link set v1 up && "
      "ip link set end up && ip addr add 10.2.0.1/30 dev v1");
  a.sh("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.v0.rp_filter=1 net.ipv4.conf.v1.rp_filter=1");
  RunningRouter router(a, areas(active("v0") + ", " + active("v1")), "10.0.0.1");
  const auto told = HasSubstr("with rp_filter 1 (strict) on v0, v1 the kernel drops");
  EXPECT_TRUE(eventually([&] { return ::testing::Matches(Contains(told))(warnings(router)); }, kPatience));
  a.sh("ip link del v1");
  EXPECT_TRUE(eventually(
      [&] { return ::testing::Matches(Not(Contains(HasSubstr("strict"))))(warnings(router)); }, kPatience));
}

// In: an interface that becomes a bridge's, and later its own again. Out: it is down at once, and says why in
// the warnings and where interfaces are shown.
TEST_F(RouterWords, AnInterfaceThatABridgeTakesIsToldDeaf) {
  a.sh("ip addr add 10.1.0.1/30 dev v0 && ip link add br0 type bridge && ip link set br0 up");
  b.sh("ip addr add 10.1.0.2/30 dev v0");
  RunningRouter first(a, areas(active("v0")), "10.0.0.1");
  RunningRouter second(b, areas(active("v0") + ", {name: lo}"), "10.0.0.2");
  ASSERT_TRUE(eventually([&] { return first.has_route("192.0.2.2/32"); }, kPatience));
  const auto problems = [&] { return first.ask([&] { return first->interface_problems(ospf::LinkId{1}); }); };
  EXPECT_THAT(problems(), IsEmpty());
  a.sh("ip link set v0 master br0");
  const auto told = HasSubstr("interface v0 belongs to the bridge br0, which takes every packet");
  EXPECT_TRUE(eventually([&] { return !first.has_route("192.0.2.2/32"); }, kPatience));
  EXPECT_THAT(warnings(first), Contains(told));
  EXPECT_THAT(problems(), Contains(told));
  a.sh("ip link set v0 promisc on && ip link set v0 nomaster");
  EXPECT_TRUE(eventually([&] { return first.has_route("192.0.2.2/32"); }, kPatience));
  EXPECT_THAT(warnings(first), Not(Contains(HasSubstr("v0"))));
  a.sh("ip link set v0 netns " + b.path() + " name other");
  EXPECT_TRUE(eventually(
      [&] {
        return ::testing::Matches(
            Contains(HasSubstr("interface v0 does not exist any more: it was deleted, renamed, "
                               "or moved to another network namespace")))(problems());
      },
      kPatience));
}

// In: both ends have one address; then one gets another, from where its hellos do not pass the reverse path
// filter; then the filter is off. Out: each is told, and ends.
TEST_F(RouterWords, HellosThatTheKernelDropsAreTold) {
  a.sh(
      "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.v0.rp_filter=0 && ip addr add 10.1.0.1/24 dev "
      "v0");
  b.sh("ip addr add 10.1.0.1/24 dev v0");
  RunningRouter first(a, areas(active("v0")), "10.0.0.1");
  RunningRouter second(b, areas(active("v0") + ", {name: lo}"), "10.0.0.2");
  const auto is_told = [&](const std::string& text) {
    return eventually([&] { return ::testing::Matches(Contains(HasSubstr(text)))(warnings(first)); },
                      kPatience);
  };
  EXPECT_TRUE(
      is_told("router 10.0.0.2 says hello on v0 from 10.1.0.1, which is an address of this router too"));
  a.sh("ip link add v1 type veth peer name end && ip link set v1 up && ip link set end up");
  a.sh("ip route add 10.1.0.2/32 dev v1 && sysctl -qw net.ipv4.conf.v0.rp_filter=1");
  b.sh("ip addr flush dev v0 && ip addr add 10.1.0.2/24 dev v0");
  EXPECT_TRUE(
      is_told("router 10.0.0.2 says hello on v0 from 10.1.0.2, and the kernel drops that in silence"));
  EXPECT_FALSE(first.has_route("192.0.2.2/32"));
  a.sh("ip route del 10.1.0.2/32 dev v1");
  EXPECT_TRUE(eventually([&] { return first.has_route("192.0.2.2/32"); }, kPatience));
  EXPECT_TRUE(
      eventually([&] { return ::testing::Matches(Not(Contains(HasSubstr("says hello"))))(warnings(first)); },
                 kPatience));
}

// In: hellos to the group pass while everything to one address is refused (it is the subnet's broadcast
// address), many times. Out: one trouble, which ends when that address takes packets.
TEST_F(RouterWords, AFailingDestinationIsToldOnceHoweverTheOthersFare) {
  a.sh("ip addr add 10.1.0.1/30 dev v0");
  a.run([&] {
    boost::asio::io_context loop;
    KernelJobs jobs(loop);
    std::vector<std::string> troubles;
    OspfPort::Callbacks callbacks;
    callbacks.datagram = [](const wg::Datagram&) {};
    callbacks.turn_end = [] {};
    callbacks.trouble = [&](const std::string& text) { troubles.push_back(text); };
    callbacks.joined = [](const Result<void>&) {};
    auto monitor = LinkMonitor::open();
    ASSERT_TRUE(monitor);
    auto port = OspfPort::open({loop, jobs}, "v0", monitor->find("v0")->ifindex, std::move(callbacks));
    ASSERT_TRUE(port) << port.error().text;
    const std::array<std::byte, 24> packet{};
    const Ipv4Address neighbor{0x0a010003};
    const auto send_all = [&] {
      for (int i = 0; i < 100; ++i)
        for (const auto destination : {wg::kAllSpfRouters, neighbor})
          (*port)->send(destination, packet, std::nullopt);
    };
    send_all();
    ASSERT_EQ(troubles.size(), 1U);
    EXPECT_THAT(troubles[0], HasSubstr("10.1.0.3"));
    ASSERT_EQ(std::system("ip addr flush dev v0 && ip addr add 10.1.0.1/24 dev v0"), 0);
    send_all();
    ASSERT_EQ(troubles.size(), 2U);
    EXPECT_THAT(troubles[1], IsEmpty());
  });
}

}  // namespace
}  // namespace wgospf::daemon
