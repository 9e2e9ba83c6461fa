#pragma once
// WireGuard has no events, and asking it may wait behind a kernel that is busy with routes. So a thread of
// its own asks, and hands what it found to the loop. What follows from the answers and may take long, walking
// a long table of routes, is done there too.

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/route_coverage.h"
#include "wgadapter/device_backend.h"
#include "wgadapter/underlay_reader.h"

namespace wgospf::daemon {

/// What one reading of one device gave.
struct WireguardReading {
  std::string name{};
  std::optional<wg::Device> device{};
  std::string error{};  ///< why there is no device
};

/// What is to be read, and what is to be found out with it.
struct WireguardQuestion {
  std::vector<std::string> names{};     ///< interfaces; those that are no WireGuard devices are left out
  std::optional<wg::OwnRoutes> ways{};  ///< the kernel's ways to all endpoints are wanted
  /// Routes, and the links that they lead over, to be held against the allowed-ips.
  std::vector<Passage> passages{};
  std::shared_ptr<const ospf::RouteTable<ospf::V2>> table{};  ///< null: routes are not looked at
};

struct WireguardAnswer {
  /// None of them failed: there is no device whose peers are not known as they are now.
  [[nodiscard]] bool is_complete() const {
    return std::all_of(readings.begin(), readings.end(),
                       [](const auto& reading) { return reading.error.empty(); });
  }

  std::vector<WireguardReading> readings{};
  /// All devices, the last successful reading of each.
  wg::Underlay underlay{};
  std::string ways_error{};  ///< why the kernel's ways are not in it
  /// Some passage does not take every prefix: the next question should bring the routes.
  bool is_any_narrow = false;
  std::map<ospf::LinkId, wg::CoverageFinding> findings{};  ///< of routes
};

class WireguardPoller {
 public:
  using Callback = std::function<void(WireguardAnswer)>;

  /// `callback` is called on the loop, never after the poller is destroyed.
  WireguardPoller(boost::asio::io_context& loop, Callback callback);
  /// Waits for the device that is being read: at most its timeout.
  ~WireguardPoller();
  WireguardPoller(const WireguardPoller&) = delete;
  WireguardPoller& operator=(const WireguardPoller&) = delete;

  /// On the loop. One answer for all. Does nothing while the last question is under way.
  void request(WireguardQuestion question);
  [[nodiscard]] bool busy() const { return *busy_; }

 private:
  /// What the thread keeps between questions.
  struct Thread;

  boost::asio::io_context& loop_;
  std::shared_ptr<Callback> callback_;  ///< emptied at the end, so that nothing late gets through
  std::shared_ptr<bool> busy_ = std::make_shared<bool>(false);
  std::atomic<bool> stop_ = false;
  boost::asio::thread_pool thread_{1};
  std::unique_ptr<Thread> state_;  ///< used on the thread only
};

}  // namespace wgospf::daemon
