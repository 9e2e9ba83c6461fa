// What waits for the kernel does so off the loop: the jobs, and the ports that have theirs done there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include <algorithm>
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
    });
  }
  std::unique_ptr<OspfPort> open(const char* name = "v0") {
    OspfPort::Callbacks callbacks;
    callbacks.datagram = [this](const wg::Datagram& datagram) { heard_.push_back(datagram.source); };
    callbacks.turn_end = [] {};
    callbacks.trouble = [](const std::string& text) { ADD_FAILURE() << text; };
    callbacks.joined = [this](const Result<void>& result) { joined_ = static_cast<bool>(result); };
    std::unique_ptr<OspfPort> port;
    space_->run([&] {
      auto opened = OspfPort::open({loop_, *jobs_}, name, ::if_nametoindex(name), std::move(callbacks));
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
  std::vector<Ipv4Address> heard_;  ///< sources, in the order of what was handed out
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

wg::OspfSocket open_socket(Namespace& space, const char* name) {
  Result<wg::OspfSocket> socket = Error{};
  space.run([&] { socket = wg::OspfSocket::open(name, ::if_nametoindex(name)); });
  EXPECT_TRUE(socket) << socket.error().text;
  return *std::move(socket);
}

// In: 300 packets of one neighbor wait, then one of another. Out: that one is handed out with the first few.
TEST_F(OspfPorts, WhoFloodsKeepsNobodyElseFromBeingHeard) {
  constexpr Ipv4Address kFloods{0x0a010002}, kOther{0x0a010003};
  constexpr int kFlood = 300;
  Namespace neighbors;
  space_->sh("ip link add f0 type veth peer name f1 netns " + neighbors.path() +
             " && ip addr add 10.1.0.1/24 dev f0 && ip link set f0 up");
  neighbors.sh("ip addr add 10.1.0.2/24 dev f1 && ip addr add 10.1.0.3/24 dev f1 && ip link set f1 up");
  const auto port = open("f0");
  ASSERT_NE(port, nullptr);
  auto sender = open_socket(neighbors, "f1");
  auto witness = open_socket(*space_, "f0");
  const std::array<std::uint8_t, 44> packet{};
  ASSERT_TRUE(eventually([&] {
    (void)sender.send(wg::kAllSpfRouters, packet, kFloods);
    return turn(), joined_ && !heard_.empty();
  }));
  heard_.clear();
  for (int i = 0; i < kFlood; ++i) ASSERT_TRUE(sender.send(wg::kAllSpfRouters, packet, kFloods)) << i;
  ASSERT_TRUE(sender.send(wg::kAllSpfRouters, packet, kOther));
  // All of it is here: another socket has had the last.
  std::vector<std::uint8_t> buffer(wg::kMaxIpDatagram);
  ASSERT_TRUE(eventually([&] {
    for (;;) {
      const auto datagram = witness.receive(buffer);
      if (!datagram || !*datagram) return false;
      if ((*datagram)->source == kOther) return true;
    }
  }));
  EXPECT_TRUE(eventually([&] {
    loop_.restart();
    (void)loop_.poll_one();
    return std::find(heard_.begin(), heard_.end(), kOther) != heard_.end();
  }));
  EXPECT_LT(heard_.size(), 100U);
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
