// What the kernel thread, who is the only one that hears of links, tells of them.
#include <condition_variable>

#include "tests/unit/rib/netns.h"

namespace wgospf::rib {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LinkListenerTest : public NetnsTest {
 protected:
  void start_listening(LinkMonitorOptions options = {}) {
    auto monitor = LinkMonitor::open(options);
    ASSERT_TRUE(monitor) << monitor.error().text;
    followed_ = monitor->snapshot();
    auto heard = [this](LinkNews news) {
      const std::lock_guard lock(mutex_);
      follow(news.events, followed_);
      for (const LinkEvent& event : news.events) events_.push_back(event);
      changed_.notify_all();
    };
    auto started =
        KernelThread::start(Config{}.kernel(), inbox.callback(), {*std::move(monitor), std::move(heard)});
    ASSERT_TRUE(started) << started.error().text;
    kernel = std::move(started.value());
    auto attached = kernel->attach(Config{}.of_table(), inbox.callback());
    ASSERT_TRUE(attached) << attached.error().text;
    rib = std::move(attached.value());
  }
  /// Waits until what was told makes `holds` true of the inventory.
  bool follows(const std::function<bool(const Inventory&)>& holds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return holds(followed_); });
  }
  std::vector<LinkEvent::Kind> comings_and_goings_of(const std::string& name) {
    const std::lock_guard lock(mutex_);
    std::vector<LinkEvent::Kind> kinds;
    for (const LinkEvent& event : events_)
      if (event.link.name == name && event.kind != LinkEvent::Kind::changed) kinds.push_back(event.kind);
    return kinds;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Inventory followed_;
  LinkEvents events_;
};

TEST_F(LinkListenerTest, TellsOfLinksAndAddressesInOrder) {
  start_listening();
  shell("ip addr add 192.0.2.1/24 dev a0 && ip link set a0 mtu 1400");
  EXPECT_TRUE(follows([](const Inventory& links) {
    const Link* link = find_link(links, "a0");
    return link != nullptr && link->mtu == 1400 && !link->addresses.empty();
  }));
  const std::uint32_t before = index("a0");
  shell("ip link del a0 && ip link add a0 type veth peer name a1");
  ASSERT_TRUE(follows([before](const Inventory& links) {
    const Link* link = find_link(links, "a0");
    return link != nullptr && link->ifindex != before && link->addresses.empty();
  }));
  EXPECT_THAT(comings_and_goings_of("a0"), ElementsAre(LinkEvent::Kind::removed, LinkEvent::Kind::added));
}

TEST_F(LinkListenerTest, WhatWasLostIsToldAfterAReading) {
  start_listening({.receive_buffer = 4096});
  std::string commands = "ip link del b0; ";
  for (int i = 1; i <= 200; ++i) commands += "echo addr add 10.1." + std::to_string(i) + ".1/24 dev a0; ";
  {
    const std::lock_guard lock(mutex_);  // it waits to tell of the first, and the buffer overflows meanwhile
    shell("(" + commands + ") | ip -batch -");
  }
  EXPECT_TRUE(follows([](const Inventory& links) {
    const Link* link = find_link(links, "a0");
    return link != nullptr && link->addresses.size() >= 200 && find_link(links, "b0") == nullptr;
  }));
  EXPECT_TRUE(eventually([this] { return rib->counters().overruns >= 1; }));
  shell("ip link set a0 mtu 1333");
  EXPECT_TRUE(follows([](const Inventory& links) { return find_link(links, "a0")->mtu == 1333; }));
}

// To the kernel it is the same interface, and what leads there stays.
TEST_F(LinkListenerTest, ARenamedLinkIsAnotherToPeopleAndTheSameToRoutes) {
  start_listening();
  submit({SetChanged{1, Family::ipv4, {via("c0")}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  settle();
  const auto messages = rib->counters().messages;
  // While it is up, which Linux allows from 6.2 on.
  const bool is_live = shell("ip link set c0 name e0 || echo no").empty();
  if (!is_live) shell("ip link set c0 down && ip link set c0 name e0 && ip link set e0 up");
  ASSERT_TRUE(follows([](const Inventory& links) { return find_link(links, "e0") != nullptr; }));
  shell("ip link set e0 mtu 1333");
  ASSERT_TRUE(follows([](const Inventory& links) { return find_link(links, "e0")->mtu == 1333; }));
  EXPECT_TRUE(eventually([] { return devices("10.0.1.0/24") == std::vector<std::string>{"e0"}; }));
  EXPECT_THAT(comings_and_goings_of("c0"), ElementsAre(LinkEvent::Kind::removed));
  EXPECT_THAT(comings_and_goings_of("e0"), ElementsAre(LinkEvent::Kind::added));
  if (is_live) {
    EXPECT_EQ(rib->counters().messages, messages) << "there was nothing to do";
  }
  EXPECT_THAT(inbox.of<Drift>(), IsEmpty());
  EXPECT_THAT(inbox.of<Failed>(), IsEmpty());
}

}  // namespace
}  // namespace wgospf::rib
