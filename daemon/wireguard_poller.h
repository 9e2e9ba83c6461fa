#pragma once
// WireGuard has no events, and asking it may wait behind a kernel that is busy with routes. So a thread of
// its own asks, and hands what it found to the loop.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wgadapter/device_backend.h"

namespace wgospf::daemon {

/// What one reading of one device gave.
struct WireguardReading {
  std::string name{};
  std::optional<wg::Device> device{};
  std::string error{};  ///< why there is no device
};

class WireguardPoller {
 public:
  using Callback = std::function<void(std::vector<WireguardReading>)>;

  /// `callback` is called on the loop, never after the poller is destroyed.
  WireguardPoller(boost::asio::io_context& loop, Callback callback);
  /// Waits for the device that is being read: at most its timeout.
  ~WireguardPoller();
  WireguardPoller(const WireguardPoller&) = delete;
  WireguardPoller& operator=(const WireguardPoller&) = delete;

  /// On the loop. Reads those of the interfaces that are WireGuard devices, one answer for all. Does nothing
  /// while the last reading is under way.
  void request(std::vector<std::string> names);
  [[nodiscard]] bool busy() const { return *busy_; }

 private:
  boost::asio::io_context& loop_;
  std::shared_ptr<Callback> callback_;  ///< emptied at the end, so that nothing late gets through
  std::shared_ptr<bool> busy_ = std::make_shared<bool>(false);
  std::atomic<bool> stop_ = false;
  boost::asio::thread_pool thread_{1};
  std::unique_ptr<wg::Devices> devices_;  ///< used on the thread only
};

}  // namespace wgospf::daemon
