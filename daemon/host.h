#pragma once
// What all instances of the protocol share on this machine: its links, the threads that talk to the kernel and
// to WireGuard, and what is told. Everything arrives on the loop.

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/kernel_jobs.h"
#include "daemon/links/link_facts.h"
#include "daemon/links/link_watch.h"
#include "daemon/telling/teller.h"
#include "net/link_monitor.h"
#include "rib/kernel_thread.h"
#include "wgadapter/device_thread.h"

namespace wgospf::daemon {

class Host {
 public:
  /// Where it goes. turn_end follows each of the others, once for several of one kind.
  struct Callbacks {
    std::function<void(const LinkEvents&)> links_changed;
    std::function<void(const rib::Report&)> rib_reported;
    std::function<void(const wg::DeviceReports&)> devices_reported;
    std::function<void()> turn_end;
  };

  /// `loop` must outlive it and be run by one thread only.
  /// `monitor`: as the links are now; from start_rib() on the kernel thread hears of them with it.
  Host(boost::asio::io_context& loop, LinkMonitor monitor);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Starts the kernel thread, which tells of links from now on, and attaches our table, for which it reads what a
  /// former run left.
  [[nodiscard]] std::optional<Error> start_rib(rib::KernelConfig config, rib::TableConfig table,
                                               Callbacks callbacks);
  /// Follows devices from now on.
  void start();
  /// Links are not followed any more.
  void stop() { follows_links_ = false; }

  [[nodiscard]] boost::asio::io_context& loop() { return loop_; }
  [[nodiscard]] const LinkWatch& links() const { return links_; }
  [[nodiscard]] LinkNames& names() { return names_; }
  /// Printable; "link N" for one that is unknown.
  [[nodiscard]] std::string link_name(ospf::LinkId link) const;
  [[nodiscard]] Teller& teller() { return teller_; }
  [[nodiscard]] const Teller& teller() const { return teller_; }
  [[nodiscard]] KernelJobs& jobs() { return jobs_; }
  [[nodiscard]] rib::KernelThread& kernel() { return *kernel_; }
  [[nodiscard]] rib::Table& rib() { return *rib_; }
  [[nodiscard]] const rib::Table& rib() const { return *rib_; }
  [[nodiscard]] wg::DeviceThread& devices() { return *devices_; }

 private:
  void on_link_news(const rib::LinkNews& news);
  void on_links_changed(const LinkEvents& events);
  void take_rib_reports();

  boost::asio::io_context& loop_;
  Callbacks callbacks_;
  LinkNames names_;
  Teller teller_;
  KernelJobs jobs_;
  std::optional<LinkMonitor> monitor_;  ///< the kernel thread's, once that runs
  LinkWatch links_;
  bool follows_links_ = true;
  std::vector<IpPrefix> connected_;
  std::deque<rib::Report> reports_;

  // Ended first: their threads post to the loop and must not outlive what they call.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<wg::DeviceThread> devices_;
  std::unique_ptr<rib::KernelThread> kernel_;
  std::unique_ptr<rib::Table> rib_;
};

}  // namespace wgospf::daemon
