// What waits for the kernel does so off the loop: the jobs, and the ports that have theirs done there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/kernel_jobs.h"
#include "daemon/links/ospf_port.h"
#include "tests/unit/wgadapter/namespace.h"
#include "wgadapter/device.h"

namespace wgospf::daemon {
namespace {

using wg::test::eventually;
using wg::test::Namespace;

/// The kernel's lock, as far as jobs are concerned: nothing behind it is done before release().
class Blocked {
 public:
  explicit Blocked(KernelJobs& jobs) {
    jobs.run([waiting = released_.get_future().share()] { waiting.wait(); });
  }
  void release() {
    if (!std::exchange(is_released_, true)) released_.set_value();
  }
  ~Blocked() { release(); }

 private:
  std::promise<void> released_;
  bool is_released_ = false;
};

TEST(KernelJobs, AreDoneInOrderAndNeverHoldUpTheLoop) {
  boost::asio::io_context loop{1};
  KernelJobs jobs(loop);
  std::vector<std::string> order;
  Blocked blocked(jobs);
  bool is_done = false;  // told on the loop, so that what the job wrote may be read from then on
  jobs.run([&] { order.emplace_back("first"); },
           [&] {
             order.emplace_back("first done");
             is_done = true;
           });
  loop.poll();
  EXPECT_TRUE(order.empty());
  blocked.release();
  EXPECT_TRUE(eventually([&] {
    loop.restart();
    loop.poll();
    return is_done;
  }));
  EXPECT_THAT(order, ::testing::ElementsAre("first", "first done"));
}

TEST(KernelJobs, WhatIsQueuedAtTheEndIsDoneWithoutAWord) {
  boost::asio::io_context loop{1};
  bool worked = false, told = false;
  {
    KernelJobs jobs(loop);
    jobs.run([&] { worked = true; }, [&] { told = true; });
  }
  loop.poll();
  EXPECT_TRUE(worked);
  EXPECT_FALSE(told);
}

class OspfPorts : public ::testing::Test {
 protected:
  void SetUp() override {
    WGOSPF_REQUIRE_NAMESPACES();
    space_ = std::make_unique<Namespace>();
    space_->sh(
        "ip link add v0 type veth peer name v1 && ip addr add 10.0.0.1/24 dev v0 && "
        "ip addr add 10.0.0.2/24 dev v1 && ip link set v0 up && ip link set v1 up");
    space_->run([this] {
      jobs_.emplace(loop_);  // its thread inherits the namespace
      ifindex_ = ::if_nametoindex("v0");
    });
  }
  std::unique_ptr<OspfPort> open() {
    OspfPort::Callbacks callbacks;
    callbacks.datagram = [this](const wg::Datagram&) { ++received_; };
    callbacks.turn_end = [] {};
    callbacks.trouble = [](const std::string& text) { ADD_FAILURE() << text; };
    callbacks.joined = [this](const Result<void>& result) { joined_ = static_cast<bool>(result); };
    std::unique_ptr<OspfPort> port;
    space_->run([&] {
      auto opened = OspfPort::open({loop_, *jobs_}, "v0", ifindex_, std::move(callbacks));
      ASSERT_TRUE(opened) << opened.error().text;
      port = std::move(opened).value();
    });
    return port;
  }
  void turn() {
    loop_.restart();
    loop_.poll();
  }
  bool is_member() {
    bool found = false;
    space_->run([&] { found = std::system("grep -q 050000E0 /proc/thread-self/net/igmp") == 0; });
    return found;
  }

  std::unique_ptr<Namespace> space_;
  boost::asio::io_context loop_{1};
  std::optional<KernelJobs> jobs_;
  std::uint32_t ifindex_ = 0;
  int received_ = 0;
  bool joined_ = false;
};

TEST_F(OspfPorts, OpenAndCloseWithoutWaitingForTheirGroups) {
  auto blocked = std::make_unique<Blocked>(*jobs_);
  auto port = open();
  ASSERT_NE(port, nullptr);
  turn();
  EXPECT_FALSE(port->is_joined());
  EXPECT_FALSE(is_member());
  const std::array<std::byte, 24> packet{};
  port->send(wg::kAllSpfRouters, packet, std::nullopt);  // does not need the membership
  blocked.reset();
  EXPECT_TRUE(eventually([&] { return turn(), joined_; }));
  EXPECT_TRUE(port->is_joined());
  EXPECT_TRUE(is_member());
  blocked = std::make_unique<Blocked>(*jobs_);
  port.reset();
  EXPECT_TRUE(is_member());
  // The next one joins after the last one has left, although it is opened before.
  joined_ = false;
  port = open();
  blocked.reset();
  EXPECT_TRUE(eventually([&] { return turn(), joined_; }));
  EXPECT_TRUE(is_member());
  port.reset();
  EXPECT_TRUE(eventually([&] { return !is_member(); }));
}

TEST_F(OspfPorts, ClosedBeforeTheyHaveJoinedTheyTellNothing) {
  {
    const Blocked blocked(*jobs_);
    auto port = open();
    port.reset();
  }
  EXPECT_TRUE(eventually([&] { return turn(), !is_member(); }));
  EXPECT_FALSE(joined_);
}

}  // namespace
}  // namespace wgospf::daemon
