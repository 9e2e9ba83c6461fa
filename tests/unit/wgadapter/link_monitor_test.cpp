// The link inventory on real interfaces, in namespaces of its own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "namespace.h"
#include "net/link_monitor.h"

namespace wgospf::wg {
namespace {

using test::Namespace;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = LinkEvent::Kind;

class LinkMonitorTest : public testing::Test {
 protected:
  void SetUp() override {
    WGOSPF_REQUIRE_NAMESPACES();
    host_ = std::make_unique<Namespace>();
  }

  LinkMonitor open(LinkMonitorOptions options = {}) {
    Result<LinkMonitor> monitor = Error{};
    host_->run([&] { monitor = LinkMonitor::open(options); });
    EXPECT_TRUE(monitor) << monitor.error().text;
    return *std::move(monitor);
  }

  /// All events until `done` holds of the inventory.
  static std::vector<LinkEvent> collect(LinkMonitor& monitor, const std::function<bool()>& done) {
    std::vector<LinkEvent> all;
    EXPECT_TRUE(test::eventually([&] {
      (void)test::readable(monitor.fd(), std::chrono::milliseconds(50));
      auto events = monitor.on_readable();
      EXPECT_TRUE(events) << events.error().text;
      if (events) all.insert(all.end(), events->begin(), events->end());
      return done();
    }));
    return all;
  }

  static std::vector<std::pair<Kind, std::uint32_t>> without_changes(const std::vector<LinkEvent>& events,
                                                                     const std::string& name) {
    std::vector<std::pair<Kind, std::uint32_t>> list;
    for (const LinkEvent& event : events)
      if (event.link.name == name && event.kind != Kind::changed)
        list.emplace_back(event.kind, event.link.ifindex);
    return list;
  }

  static bool has(const Link* link, const char* address) {
    if (link == nullptr) return false;
    for (const LinkAddress& known : link->addresses)
      if (known.address == parse_address(address)) return true;
    return false;
  }

  std::unique_ptr<Namespace> host_;
};

TEST_F(LinkMonitorTest, StartsWithAllThatIsThere) {
  host_->sh("ip link add va mtu 1420 type veth peer name vb && ip link set va up && ip link set vb up");
  host_->sh("ip addr add 10.0.0.1 peer 10.0.0.2/32 dev va && ip addr add 192.0.2.1/32 dev lo");
  const LinkMonitor monitor = open();
  const Link* lo = monitor.find("lo");
  ASSERT_NE(lo, nullptr);
  EXPECT_TRUE(lo->flags.loopback);
  EXPECT_TRUE(lo->usable());
  EXPECT_TRUE(has(lo, "192.0.2.1"));
  const Link* a = monitor.find("va");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(monitor.find(a->ifindex), a);
  EXPECT_EQ(a->kind, "veth");
  EXPECT_EQ(a->mtu, 1420U);
  EXPECT_TRUE(a->flags.broadcast);
  EXPECT_FALSE(a->flags.point_to_point);
  ASSERT_TRUE(has(a, "10.0.0.1"));
  EXPECT_EQ(a->addresses[0].peer, parse_address("10.0.0.2"));
  EXPECT_EQ(a->addresses[0].prefix_length, 32);
  EXPECT_EQ(monitor.find("nosuch"), nullptr);
}

TEST_F(LinkMonitorTest, QuietWhenNothingChanges) {
  LinkMonitor monitor = open();
  const auto events = monitor.on_readable();
  ASSERT_TRUE(events);
  EXPECT_THAT(*events, IsEmpty());
}

TEST_F(LinkMonitorTest, HearsOfAddressesUpDownAndMtu) {
  host_->sh("ip link add va type veth peer name vb && ip link set vb up");
  LinkMonitor monitor = open();
  host_->sh("ip addr add 10.0.0.1/24 dev va && ip link set va up");
  (void)collect(monitor, [&] { return has(monitor.find("va"), "10.0.0.1") && monitor.find("va")->usable(); });
  host_->sh("ip addr add 2001:db8::1/64 dev va nodad && ip link set va mtu 1400");
  (void)collect(monitor,
                [&] { return has(monitor.find("va"), "2001:db8::1") && monitor.find("va")->mtu == 1400; });
  host_->sh("ip link set vb down");  // carrier goes, "up" stays
  (void)collect(monitor, [&] { return !monitor.find("va")->usable() && monitor.find("va")->flags.up; });
  host_->sh("ip link set va down");  // takes the IPv6 address, leaves the other
  const auto events = collect(
      monitor, [&] { return !monitor.find("va")->flags.up && !has(monitor.find("va"), "2001:db8::1"); });
  EXPECT_TRUE(has(monitor.find("va"), "10.0.0.1"));
  EXPECT_THAT(without_changes(events, "va"), IsEmpty());
}

TEST_F(LinkMonitorTest, DeletedAndCreatedAgainIsRemovedThenAdded) {
  host_->sh("ip link add va type veth peer name vb && ip addr add 10.0.0.1/24 dev va");
  LinkMonitor monitor = open();
  const std::uint32_t before = monitor.find("va")->ifindex;
  host_->sh("ip link del va");
  host_->sh("ip link add va type veth peer name vb && ip addr add 10.0.0.9/24 dev va");
  const auto events = collect(monitor, [&] { return has(monitor.find("va"), "10.0.0.9"); });
  const std::uint32_t after = monitor.find("va")->ifindex;
  EXPECT_NE(before, after);
  EXPECT_THAT(without_changes(events, "va"),
              ElementsAre(std::pair(Kind::removed, before), std::pair(Kind::added, after)));
  EXPECT_FALSE(has(monitor.find("va"), "10.0.0.1"));
}

TEST_F(LinkMonitorTest, LeavesAndReturnsByNamespace) {
  host_->sh("ip link add va type veth peer name vb");
  LinkMonitor monitor = open();
  Namespace other;
  host_->sh("ip link set va netns " + other.path());
  (void)collect(monitor, [&] { return monitor.find("va") == nullptr; });
  other.sh("ip link set va netns " + host_->path());
  const auto events = collect(monitor, [&] { return monitor.find("va") != nullptr; });
  ASSERT_EQ(without_changes(events, "va").size(), 1U);
  EXPECT_EQ(without_changes(events, "va")[0].first, Kind::added);
}

TEST_F(LinkMonitorTest, PortOfABridgeThatLeavesItStays) {
  host_->sh(
      "ip link add bridge0 type bridge && ip link add va type veth peer name vb && ip link set va master "
      "bridge0");
  LinkMonitor monitor = open();
  ASSERT_NE(monitor.find("va"), nullptr);
  ASSERT_NE(monitor.find("bridge0"), nullptr);
  EXPECT_EQ(monitor.find("va")->master, monitor.find("bridge0")->ifindex);
  host_->sh("ip link set va nomaster");
  const auto events =
      collect(monitor, [&] { return monitor.find("va") == nullptr || monitor.find("va")->master == 0; });
  ASSERT_NE(monitor.find("va"), nullptr);
  EXPECT_THAT(without_changes(events, "va"), IsEmpty());
}

TEST_F(LinkMonitorTest, LossOfNotificationsIsMadeGood) {
  host_->sh("ip link add va type veth peer name vb && ip link add gone type veth peer name gone2");
  LinkMonitor monitor = open({.receive_buffer = 4096});
  std::string commands = "ip link del gone; ";
  for (int i = 1; i <= 200; ++i) commands += "echo addr add 10.1." + std::to_string(i) + ".1/24 dev va; ";
  host_->sh("(" + commands + ") | ip -batch -");
  const auto events = monitor.on_readable();
  ASSERT_TRUE(events) << events.error().text;
  EXPECT_GE(monitor.counters().overruns, 1U);
  EXPECT_EQ(monitor.find("gone"), nullptr);
  EXPECT_EQ(without_changes(*events, "gone").size(), 1U);
  std::size_t v4 = 0;
  for (const LinkAddress& address : monitor.find("va")->addresses)
    v4 += std::holds_alternative<Ipv4Address>(address.address) ? 1U : 0U;
  EXPECT_EQ(v4, 200U);
  // The monitor works on after that.
  host_->sh("ip link set va mtu 1333");
  (void)collect(monitor, [&] { return monitor.find("va")->mtu == 1333; });
}

TEST_F(LinkMonitorTest, AfterALossNothingIsToldBeforeEverythingIsReadAndTheKernelIsNotAskedUnbidden) {
  host_->sh("ip link add va type veth peer name vb && ip link add gone type veth peer name gone2");
  LinkMonitor monitor = open({.receive_buffer = 4096});
  const auto readings = monitor.counters().readings;
  std::string commands = "ip link del gone; ";
  for (int i = 1; i <= 200; ++i) commands += "echo addr add 10.1." + std::to_string(i) + ".1/24 dev va; ";
  host_->sh("(" + commands + ") | ip -batch -");
  ASSERT_TRUE(test::eventually([&] {
    EXPECT_TRUE(monitor.take_notifications());
    return monitor.is_stale();
  }));
  EXPECT_EQ(monitor.counters().readings, readings);  // nothing was asked of the kernel here
  const auto none = monitor.take_notifications();
  ASSERT_TRUE(none);
  EXPECT_THAT(*none, IsEmpty());
  const auto events = monitor.read_anew();
  ASSERT_TRUE(events);
  EXPECT_FALSE(monitor.is_stale());
  EXPECT_EQ(monitor.find("gone"), nullptr);
  EXPECT_GE(monitor.find("va")->addresses.size(), 200U);
  host_->sh("ip link set va mtu 1333");
  EXPECT_TRUE(test::eventually([&] {
    EXPECT_TRUE(monitor.take_notifications());
    return monitor.find("va")->mtu == 1333;
  }));
}

TEST_F(LinkMonitorTest, ResyncOnDemandReportsTheDifference) {
  LinkMonitor monitor = open();
  host_->sh("ip link add va type veth peer name vb");
  const auto events = monitor.read_anew();
  ASSERT_TRUE(events);
  EXPECT_EQ(events->size(), 2U);
  const auto again = monitor.read_anew();
  ASSERT_TRUE(again);
  EXPECT_THAT(*again, IsEmpty());
}

}  // namespace
}  // namespace wgospf::wg
