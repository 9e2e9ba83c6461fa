// The hand-over between the loop and the threads around it: API threads that post, the RIB's thread, the
// WireGuard poller. Two whole routers in one process, each in a network namespace of its own, over a veth
// pair; meant for ThreadSanitizer, and true without it.

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <future>
#include <thread>

#include "running_router.h"

namespace wgospf::daemon {
namespace {

using wg::test::eventually;
using wg::test::Namespace;

const std::string kAreas =
    "areas: [{area-id: 0, interfaces: [{name: v0, interface-type: point-to-point, hello-interval: 1}, "
    "{name: lan, passive: true}]}]\n";

class RouterThreads : public ::testing::Test {
 protected:
  void SetUp() override {
    WGOSPF_REQUIRE_NAMESPACES();
    a.sh("ip link add v0 type veth peer name v0 netns " + b.path());
    a.sh("ip addr add 10.1.0.1/30 dev v0 && ip link set v0 up && ip link set lo up");
    b.sh("ip addr add 10.1.0.2/30 dev v0 && ip link set v0 up && ip link set lo up");
    for (auto* space : {&a, &b})
      space->sh("ip link add lan type veth peer name end && ip link set lan up && ip link set end up");
    a.sh("ip addr add 192.168.1.1/24 dev lan");
    b.sh("ip addr add 192.168.2.1/24 dev lan");
  }

  Namespace a, b;
};

TEST_F(RouterThreads, ClientsReadAndReconfigureWhileRoutesComeAndGo) {
  RunningRouter first(a, kAreas, "10.0.0.1");
  RunningRouter second(b, kAreas + "redistribute: [{source: static}]\n", "10.0.0.2");
  ASSERT_TRUE(eventually([&] { return first.has_route("192.168.2.0/24"); }, kPatience));

  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> told = 0;
  const auto subscription = first.ask([&] {
    return first->subscribe([&](const RouterEvent&) { told.fetch_add(1, std::memory_order_relaxed); });
  });
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      while (!stop) {
        const auto table = first.ask([&] { return first->protocol().routes(); });
        for (const auto& route : table->routes) (void)first.ask([&] { return first->kernel_state(route); });
        (void)first.ask([&] { return first->kernel(); });
        (void)first.ask([&] { return first->wireguard(); });
        (void)first.ask([&] { return first->warnings(); });
        EXPECT_FALSE(first->facts().version.empty());
      }
    });
  }
  for (int round = 0; round < 3; ++round) {
    b.sh("ip route add blackhole 198.51.100.0/24 proto static");
    EXPECT_TRUE(eventually([&] { return first.has_route("198.51.100.0/24"); }, kPatience));
    first->post([&] {
      Config changed = first->config();
      ++changed.areas[0].interfaces[1].cost;
      first->reconfigure(std::move(changed));
    });
    b.sh("ip route del 198.51.100.0/24");
    EXPECT_TRUE(eventually([&] { return !first.has_route("198.51.100.0/24"); }, kPatience));
  }
  EXPECT_TRUE(eventually(
      [&] {
        const auto table = first.ask([&] { return first->protocol().routes(); });
        const auto* route = table->find(*Ipv4Prefix::parse("192.168.2.0/24"));
        return route != nullptr && first.ask([&] { return first->kernel_state(*route); }).kind ==
                                       RouteKernelState::Kind::installed;
      },
      kPatience));
  stop = true;
  for (auto& client : clients) client.join();
  first.ask([&] {
    first->unsubscribe(subscription);
    return 0;
  });
  EXPECT_GT(told.load(), 0U);
}

TEST_F(RouterThreads, AClosureThatNeverRunsIsDestroyed) {
  auto promise = std::make_shared<std::promise<void>>();
  auto broken = promise->get_future();
  {
    boost::asio::io_context loop{1};
    std::unique_ptr<Router> router;
    a.run([&] {
      router = std::make_unique<Router>(loop, std::move(LinkMonitor::open()).value(),
                                        RouterOptions{config_of(kAreas), ospf::RouterId{1}});
    });
    router->post([promise = std::move(promise)] { promise->set_value(); });
    router.reset();
  }
  EXPECT_THROW(broken.get(), std::future_error);
}

}  // namespace
}  // namespace wgospf::daemon
