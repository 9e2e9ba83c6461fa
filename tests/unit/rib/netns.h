#pragma once
// A fresh network namespace for each test, the `ip` command as an independent witness, and the rib thread's
// reports.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "rib/kernel_thread.h"
#include "tests/support/eventually.h"

namespace wgospf::rib {

using Json = nlohmann::json;
using namespace std::chrono_literals;

/// Deadlines are generous: they end a broken test, they do not measure.
inline constexpr auto kPatience = 20s;

/// Runs a shell command in this namespace; its output. A status other than 0 fails the test.
inline std::string shell(const std::string& command) {
  std::string output;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run " << command;
    return output;
  }
  char part[4096];
  while (const std::size_t n = fread(part, 1, sizeof(part), pipe)) output.append(part, n);
  EXPECT_EQ(pclose(pipe), 0) << command << "\n" << output;
  return output;
}

inline Json json(const std::string& command) {
  const std::string output = shell(command);
  const Json parsed = Json::parse(output, nullptr, false);
  return parsed.is_discarded() ? Json::array() : parsed;
}

inline bool eventually(const std::function<bool()>& condition) {
  return test::eventually(condition, kPatience);
}

/// Reports as they come, to be waited on.
class Inbox {
 public:
  Callback callback() {
    return [this](Reports reports) {
      const std::lock_guard lock(mutex_);
      for (Report& report : reports) all_.push_back(std::move(report));
      changed_.notify_all();
    };
  }
  [[nodiscard]] Reports all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    all_.clear();
  }
  /// Waits for a report of this kind for which `matches` holds.
  template <class T>
  bool wait(const std::function<bool(const T&)>& matches = [](const T&) { return true; }) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] {
      for (const Report& report : all_) {
        const T* found = std::get_if<T>(&report);
        if (found != nullptr && matches(*found)) return true;
      }
      return false;
    });
  }
  template <class T>
  [[nodiscard]] std::vector<T> of() const {
    std::vector<T> found;
    for (const Report& report : all()) {
      if (const T* r = std::get_if<T>(&report)) found.push_back(*r);
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Reports all_;
};

/// A thread with one table.
struct Config {
  std::uint32_t table = 254;
  std::uint32_t metric = 110;
  std::optional<IdRange> ids{};
  std::vector<Family> families{Family::ipv4};
  RedistributionWatch watch{};
  std::size_t batch = 256;
  std::chrono::seconds audit_interval{300};

  [[nodiscard]] KernelConfig kernel() const {
    KernelConfig config{.watch = watch, .batch = batch, .audit_interval = audit_interval};
    config.watch.families = families;
    return config;
  }
  [[nodiscard]] TableConfig of_table() const { return {table, metric, ids, families}; }
};

class NetnsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "no network namespace can be made here (not root?)";
    shell("ip link set lo up");
    for (const char* pair : {"a", "b", "c"}) {
      const std::string name(pair);
      shell("ip link add " + name + "0 type veth peer name " + name + "1 && ip link set " + name +
            "0 arp off && ip link set " + name + "0 up && ip link set " + name + "1 up");
    }
    for (const char* name : {"a0", "b0", "c0"}) wait_for_carrier(name);
  }
  void TearDown() override {
    rib.reset();
    kernel.reset();
  }

  static void wait_for_carrier(const std::string& device) {
    EXPECT_TRUE(eventually([&device] {
      return json("ip -j link show dev " + device).at(0).at("operstate") == "UP";
    })) << device;
  }
  static std::uint32_t index(const std::string& device) {
    return json("ip -j link show dev " + device).at(0).at("ifindex").get<std::uint32_t>();
  }
  static Member via(const std::string& device) { return {.ifindex = index(device)}; }
  static Ipv4Prefix prefix(std::uint32_t n) { return Ipv4Prefix::make({0x0a000000U + (n << 8)}, 24); }

  void start(const Config& config = {}) { start(config, inbox.callback()); }
  void start(const Config& config, const Callback& callback) {
    rib.reset();
    kernel.reset();
    auto started = KernelThread::start(config.kernel(), callback);
    ASSERT_TRUE(started) << started.error().text;
    kernel = std::move(started.value());
    auto attached = kernel->attach(config.of_table(), callback);
    ASSERT_TRUE(attached) << attached.error().text;
    rib = std::move(attached.value());
  }
  void submit(std::vector<Change> changes) { rib->submit({++ticket, std::move(changes)}); }
  void settle() {
    const std::uint64_t wanted = ticket;
    ASSERT_TRUE(inbox.wait<Acknowledged>([wanted](const Acknowledged& a) { return a.ticket >= wanted; }));
  }
  static std::vector<Change> routes(SetId set, std::uint32_t first, std::uint32_t count) {
    std::vector<Change> changes;
    for (std::uint32_t n = first; n < first + count; ++n) {
      changes.emplace_back(PrefixChanged{.prefix = prefix(n), .set_id = set});
    }
    return changes;
  }
  static std::size_t count_routes(const std::string& table = "main") {
    return json("ip -j route show proto 89 table " + table).size();
  }
  /// The devices of the routes that a command lists.
  static std::vector<std::string> devices_in(const std::string& command) {
    std::vector<std::string> result;
    for (const Json& route : json(command)) {
      if (route.contains("dev")) result.push_back(route.at("dev"));
      if (!route.contains("nexthops")) continue;
      for (const Json& hop : route.at("nexthops")) result.push_back(hop.at("dev"));
    }
    return result;
  }
  /// The devices that the kernel would send to, from its route for the prefix.
  static std::vector<std::string> devices(const std::string& prefix, const std::string& table = "main") {
    return devices_in("ip -j route show proto 89 table " + table + " exact " + prefix);
  }

  /// The rib thread's socket for notifications of routes: the one that listens to next hops.
  static int events_descriptor() {
    for (int descriptor = 3; descriptor < 64; ++descriptor) {
      std::array<std::uint32_t, 4> groups{};
      socklen_t length = sizeof(groups);
      if (getsockopt(descriptor, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, groups.data(), &length) == 0 &&
          (groups[0] & (1U << (RTNLGRP_NEXTHOP - 1))) != 0) {
        return descriptor;
      }
    }
    return -1;
  }

  Inbox inbox;
  std::unique_ptr<KernelThread> kernel;
  std::unique_ptr<Table> rib;
  std::uint64_t ticket = 0;
};

}  // namespace wgospf::rib
