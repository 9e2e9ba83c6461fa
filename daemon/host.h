#pragma once
// What all instances of the protocol share on this machine: its links, the threads that talk to the kernel and
// to WireGuard, and what is told. Everything arrives on the loop.

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/kernel_jobs.h"
#include "daemon/links/link_facts.h"
#include "daemon/links/link_watch.h"
#include "daemon/telling/teller.h"
#include "net/link_monitor.h"
#include "rib/kernel_thread.h"
#include "wgadapter/device_thread.h"
#include "wgadapter/icmp_prober.h"

namespace wgospf::daemon {

/// Whose report it is: of the common table or of no table, or of the table apart (rib::kApartTable).
enum class TableOf : std::uint8_t { common, apart };

class Host {
 public:
  /// Where it goes. turn_end follows each of the others, once for several of one kind.
  struct Callbacks {
    std::function<void(const LinkEvents&)> links_changed;
    std::function<void(const rib::Report&, TableOf)> rib_reported;
    std::function<void(const wg::DeviceReports&)> devices_reported;
    std::function<void()> turn_end;
  };

  /// `loop` must outlive it and be run by one thread only.
  /// `monitor`: as the links are now; from start_rib() on the kernel thread hears of them with it.
  Host(boost::asio::io_context& loop, LinkMonitor monitor);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Starts the kernel thread, which tells of links from now on, and attaches our table, and the one apart if ours is
  /// main, for which it reads what a former run left.
  [[nodiscard]] std::optional<Error> start_rib(rib::KernelConfig config, rib::TableConfig table,
                                               Callbacks callbacks);
  /// Follows devices from now on.
  void start();
  /// Links are not followed any more.
  void stop() { follows_links_ = false; }

  [[nodiscard]] boost::asio::io_context& loop() { return loop_; }
  [[nodiscard]] const LinkWatch& links() const { return links_; }
  /// The prefixes that are locally connected, in order.
  [[nodiscard]] const std::vector<IpPrefix>& connected() const { return connected_; }
  [[nodiscard]] LinkNames& names() { return names_; }
  [[nodiscard]] const LinkNames& names() const { return names_; }
  /// Printable; "link N" for one that is unknown.
  [[nodiscard]] std::string link_name(ospf::LinkId link) const;
  [[nodiscard]] Teller& teller() { return teller_; }
  [[nodiscard]] const Teller& teller() const { return teller_; }
  [[nodiscard]] KernelJobs& jobs() { return jobs_; }
  [[nodiscard]] rib::KernelThread& kernel() { return *kernel_; }
  [[nodiscard]] rib::Table& rib() { return *rib_; }
  [[nodiscard]] const rib::Table& rib() const { return *rib_; }
  /// For routes that tunnels' own datagrams must not follow; null unless our table is main.
  [[nodiscard]] rib::Table* rib_apart() { return rib_apart_.get(); }
  [[nodiscard]] const rib::Table* rib_apart() const { return rib_apart_.get(); }
  [[nodiscard]] wg::DeviceThread& devices() { return *devices_; }
  /// From the first call on there is a thread for it.
  [[nodiscard]] wg::IcmpProber& icmp();

 private:
  void on_link_news(const rib::LinkNews& news);
  void on_links_changed(const LinkEvents& events);
  void tell_connected();
  [[nodiscard]] rib::Callback hand_over(TableOf table);
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
  std::deque<std::pair<rib::Report, TableOf>> reports_;

  // Ended first: their threads post to the loop and must not outlive what they call.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<wg::IcmpProber> icmp_;
  std::unique_ptr<wg::DeviceThread> devices_;
  std::unique_ptr<rib::KernelThread> kernel_;
  std::unique_ptr<rib::Table> rib_;
  std::unique_ptr<rib::Table> rib_apart_;
};

}  // namespace wgospf::daemon
