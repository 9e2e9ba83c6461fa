#pragma once
// The links of this machine as they come and go: the inventory, what changes of it, and its reading anew when
// notifications were lost, which is done on the jobs' thread.

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/kernel_jobs.h"
#include "daemon/links/link_facts.h"
#include "wgadapter/links.h"

namespace wgospf::daemon {

class LinkWatch {
 public:
  struct Callbacks {
    std::function<void(const std::vector<wg::LinkEvent>&)>
        changed;                                      ///< the inventory is as after all of them
    std::function<void()> turn_end;                   ///< after what came at one time
    std::function<void(const std::string&)> trouble;  ///< links cannot be followed; empty: they can again
  };

  LinkWatch(boost::asio::io_context& loop, KernelJobs& jobs, wg::LinkMonitor monitor);
  ~LinkWatch();
  LinkWatch(const LinkWatch&) = delete;
  LinkWatch& operator=(const LinkWatch&) = delete;

  /// Callbacks from now on, on the loop.
  void start(Callbacks callbacks);
  /// No callback follows.
  void stop();

  [[nodiscard]] const Inventory& inventory() const { return monitor_.snapshot(); }
  /// Null when there is none.
  [[nodiscard]] const wg::Link* find(std::uint32_t ifindex) const { return monitor_.find(ifindex); }
  /// By its name or one of its further names.
  [[nodiscard]] const wg::Link* find(const std::string& name) const { return find_link(inventory(), name); }
  /// What the kernel calls an interface that the configuration may know by another of its names.
  [[nodiscard]] std::string system_name(const std::string& name) const;
  [[nodiscard]] bool is_wireguard(const std::string& name) const;

 private:
  void wait();
  void take_events();
  void read_anew();
  void read_anew_later();

  KernelJobs& jobs_;
  wg::LinkMonitor monitor_;
  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer timer_;
  Callbacks callbacks_;
  bool is_waiting_ = false;                                     ///< for the monitor to be readable
  bool is_reading_ = false;                                     ///< everything, on the jobs' thread
  bool is_retrying_ = false;                                    ///< timer_ runs
  std::chrono::steady_clock::time_point read_at_{};             ///< when the last reading of everything began
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< and wanted
};

}  // namespace wgospf::daemon
