#pragma once
// The router: one core, the sockets of its interfaces, the kernel's routes, and everything between them.
//
//   LinkMonitor ─ links, addresses ─> refresh_links ─ LinkChanged ──┐            ┌─ Transmit ──> OspfPort
//   OspfPort ──── datagrams ───────────────────────── Received ─────┤            │
//   core_timer_ ─ poll_timeout is due ─────────────── handle_timeout┼─ Instance ─┼─ RouteChange
//   RibThread ─── foreign routes ─> Redistribution ── Externals ────┤            │     └> UnderlayGuard
//   SIGHUP ────── a new Config ────────────────────── Reconfigure ──┤            │          └> RibFeed
//   SIGTERM ───────────────────────────────────────── Shutdown ─────┘            │              └> RibThread
//                                                                                └─ Event ─> Teller: log, Watch
//   RibThread ─── acknowledged, failed ──> RibFeed, Teller
//   DeviceThread  devices, what happened to their peers ──> Tunnels: what is shown, and what does not pass
//                 endpoints, the kernel's ways to them ───> UnderlayGuard
//
// One thread runs the loop, and everything here is called on it unless it says "any thread" (router_view.h).
// A turn is: inputs to the core, each followed by draining its outputs; then finish_turn() hands the batch to
// rib and arms the timer.

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/claim.h"
#include "daemon/config.h"
#include "daemon/kernel_jobs.h"
#include "daemon/kernel_telling.h"
#include "daemon/link_facts.h"
#include "daemon/links/tunnels.h"
#include "daemon/ospf_port.h"
#include "daemon/redistribution.h"
#include "daemon/refusals.h"
#include "daemon/rib_feed.h"
#include "daemon/router_view.h"
#include "daemon/telling/teller.h"
#include "daemon/underlay_guard.h"
#include "daemon/words.h"
#include "rib/kernel.h"
#include "wgadapter/device_thread.h"
#include "wgadapter/links.h"

namespace wgospf::daemon {

struct RouterOptions {
  Config config{};
  ospf::RouterId router_id{};
  rib::OnStop on_stop = rib::OnStop::remove_routes;
};

/// gethostname(2); may hold any bytes.
[[nodiscard]] std::string host_name();

class Router final : public RouterView {
 public:
  /// Nothing happens before start(): listeners that subscribe now hear everything. `loop` must outlive the
  /// router and be run by one thread only.
  Router(boost::asio::io_context& loop, wg::LinkMonitor monitor, RouterOptions options);
  /// Starts the RIB (which reads what a former run left) and opens the sockets of what interfaces there are.
  /// Hold the table's lock before. An error leaves a router that can only be destroyed.
  [[nodiscard]] std::optional<Error> start();
  ~Router() override;

  /// Takes over a configuration for which needs_restart() is empty. What it leaves alone goes on undisturbed.
  void reconfigure(Config config);
  /// Leaves in order: own LSAs flushed, a hello without neighbours, routes removed unless they are to be
  /// kept. `done` is called once, with false when the kernel's routes could not be brought in order in time.
  void shutdown(std::function<void(bool)> done);
  [[nodiscard]] const Config& config() const { return config_; }

  // RouterView.
  void post(std::function<void()> closure) override;
  [[nodiscard]] const RouterFacts& facts() const override { return facts_; }
  [[nodiscard]] Subscription subscribe(Listener listener) override;
  void unsubscribe(Subscription subscription) override;
  [[nodiscard]] const ospf::Instance<V2>& instance() const override { return *instance_; }
  [[nodiscard]] ospf::Instant now() const override;
  [[nodiscard]] std::string link_name(ospf::LinkId link) const override {
    return printable(names_.name_of(link));
  }
  [[nodiscard]] KernelView kernel() const override;
  [[nodiscard]] std::uint64_t acknowledged_generation() const override {
    return feed_.acknowledged_generation();
  }
  [[nodiscard]] RouteKernelState kernel_state(const ospf::Route<V2>& route) const override;
  [[nodiscard]] std::vector<std::string> route_findings(
      const ospf::Route<V2>& route, const std::vector<ospf::NextHop<V2>>& next_hops) const override {
    return tunnels_.route_findings(route, next_hops);
  }
  [[nodiscard]] std::shared_ptr<const std::vector<WireguardView>> wireguard() const override {
    return std::make_shared<const std::vector<WireguardView>>(tunnels_.views());
  }
  [[nodiscard]] std::vector<std::string> warnings() const override { return teller_.warnings(); }

 private:
  /// A configured interface and what it has become.
  struct Interface {
    InterfaceSettings configured{};
    InterfaceSettings settings{};   ///< in force: with the defaults that depend on the link
    ospf::LinkStatus<V2> status{};  ///< as the core was last told
    std::optional<RibLink> rib{};
    std::unique_ptr<OspfPort> port{};
    /// As last heard, for as long as the interface and its addresses are the same: allowed-ips that stop
    /// covering a neighbour make it unheard of, which must not end the complaint about them.
    std::vector<IpAddress> neighbor_addresses{};
  };
  enum class Phase : std::uint8_t { running, flushing, stopping, stopped };

  [[nodiscard]] std::optional<Error> start_rib();
  void start_protocol();

  // The core.
  void feed(const ospf::Input<V2>& input);
  void drain();
  void finish_turn();
  void arm_timer();
  void catch_up(unsigned turns_left);
  void on_output(ospf::Transmit<V2>& packet);
  void on_output(ospf::RouteChange<V2>& change);
  void on_output(ospf::Event<V2>& event);

  // Links.
  void wait_for_links();
  void take_link_events();
  void on_link_events(const std::vector<wg::LinkEvent>& events);
  void forget_interface(const wg::Link& removed);
  void refresh_links();
  void refresh_link(ospf::LinkId link, Interface& interface);
  enum class Port : std::uint8_t { ready, joining, failed };
  Port open_port(ospf::LinkId link, Interface& interface, std::uint32_t ifindex);
  void on_joined(ospf::LinkId link, const Result<void>& result);
  void read_links_anew();
  void refresh_rib_link(ospf::LinkId link, Interface& interface);
  void refresh_settings();
  void refresh_core_config();
  [[nodiscard]] ospf::InstanceConfig wanted_core_config();
  void check_interface_type(const Interface& interface);
  void tell_link(ospf::LinkId link, Interface& interface, const ospf::LinkStatus<V2>& status);
  void retry_links_later();
  [[nodiscard]] bool is_wireguard(const std::string& name) const;
  /// What the kernel calls an interface that the configuration may know by another of its names.
  [[nodiscard]] std::string system_name(const std::string& name) const;

  // The kernel's routes.
  void take_rib_reports();
  void on_report(const rib::Report& report);
  void tell_kernel_rest();
  void tell_refusal(std::optional<Notice> refusal);
  /// What rib tells, with names for the kernel's numbers.
  [[nodiscard]] std::string named(const std::string& text) const;
  void tell_other_refusals();
  void redistribute();
  [[nodiscard]] ClaimFacts claim_facts() const;
  void check_claim();
  void claim_at_last();

  /// Reads what there are no events of, and again every few seconds.
  void poll();
  void check_kernel_settings();
  void check_neighbors();
  void check_martians();

  // WireGuard.
  void start_devices();
  void watch_devices();
  void want_ways();
  void ask_ways();
  void ask_ways_soon();
  void on_device_reports(wg::DeviceReports reports);
  void on_underlay(const wg::UnderlayRead& read);
  /// Not before the devices of this machine are known, or have had the time to be read.
  [[nodiscard]] bool may_submit() const;
  void submit_routes();
  [[nodiscard]] std::vector<TunnelLink> tunnel_links() const;
  [[nodiscard]] std::vector<IpAddress> neighbors_to_cover(const Interface& interface) const;
  void note_neighbors();
  void tell_database_limit(bool is_full);

  void stop_rib();
  void rib_stopped(bool in_order);

  boost::asio::io_context& loop_;
  RouterFacts facts_;
  Config config_;
  ospf::RouterId router_id_;
  rib::OnStop on_stop_;
  Phase phase_ = Phase::running;
  std::function<void(bool)> done_;

  wg::LinkMonitor monitor_;
  boost::asio::posix::stream_descriptor monitor_descriptor_;
  LinkNames names_;
  Teller teller_;
  Tunnels tunnels_;
  KernelJobs jobs_;  ///< of ports and tunnels_
  std::map<ospf::LinkId, Interface> interfaces_;
  ospf::InstanceConfig core_config_;
  std::vector<IpPrefix> connected_;

  std::unique_ptr<ospf::Instance<V2>> instance_;
  boost::asio::steady_timer core_timer_;
  std::optional<ospf::Instant> armed_;
  bool catching_up_ = false;  ///< the core's timers wait for what the sockets hold

  UnderlayGuard guard_;
  RibFeed feed_;
  Redistribution redistribution_;
  bool redistributing_ = false;  ///< a further batch is posted already
  std::deque<rib::Report> reports_;
  Refusals refusals_;
  KernelTelling kernel_telling_;
  bool refusals_burst_ = false;  ///< refusals_timer_ runs
  bool claimed_ = false;
  std::chrono::steady_clock::time_point links_told_;  ///< when the core first heard of the interfaces
  bool claim_due_ = false;  ///< something happened that may complete the convergence
  boost::asio::steady_timer claim_timer_, link_timer_, poll_timer_, stop_timer_, refusals_timer_, ways_timer_;
  bool link_wait_ = false;                              ///< for the monitor to be readable
  bool link_reading_ = false;                           ///< of everything, under way
  std::chrono::steady_clock::time_point links_read_{};  ///< when the last one began
  bool link_retry_ = false;                             ///< link_timer_ runs
  bool coverage_due_ = false;                           ///< neighbours have come or gone
  bool flushed_ = false;                                ///< the core has said ShutdownComplete
  bool ways_wait_ = false;                              ///< ways_timer_ runs
  bool ways_failed_ = false;  ///< the last time that the kernel was asked for the ways to endpoints
  bool devices_known_ = false;
  bool is_holding_ = false;  ///< routes are held back from the kernel

  std::uint64_t drifts_ = 0;

  // Ended first: their threads post to the loop and must not outlive what they call.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<wg::DeviceThread> device_thread_;
  std::unique_ptr<rib::RibThread> rib_;
};

}  // namespace wgospf::daemon
