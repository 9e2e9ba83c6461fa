#pragma once
// One instance of the protocol: its core, the links that it runs on, and its routes' way into the kernel.
//
// A turn is: inputs to the core, each followed by draining its outputs; then finish_turn() hands what came
// together to the RIB and arms the timer. All on the loop.

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/host.h"
#include "daemon/links/links.h"
#include "daemon/links/tunnels.h"
#include "daemon/router_view.h"
#include "daemon/routes/claim.h"
#include "daemon/routes/kernel_reports.h"
#include "daemon/routes/redistribution.h"
#include "daemon/routes/route_pipeline.h"

namespace wgospf::daemon {

struct RunnerOptions {
  Config config{};
  ospf::RouterId router_id{};
  rib::OnStop on_stop = rib::OnStop::remove_routes;
};

class Runner {
 public:
  /// `host` must outlive it.
  Runner(Host& host, RunnerOptions options);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Once, when the host's RIB runs: the core, and the sockets of what interfaces there are.
  void start();
  /// Takes over a configuration for which needs_restart() is empty. What it leaves alone goes on undisturbed.
  void reconfigure(Config config);
  /// Leaves in order: own LSAs flushed, a hello without neighbours, routes removed unless they are to be
  /// kept. `done` is called once, with false when the kernel's routes could not be brought in order in time.
  void shutdown(std::function<void(bool)> done);

  // From the host.
  void on_links_changed(const LinkEvents& events);
  void on_rib_report(const rib::Report& report);
  void on_device_reports(const wg::DeviceReports& reports);
  void on_turn_end();

  [[nodiscard]] const Config& config() const { return config_; }
  /// Once started.
  [[nodiscard]] const ProtocolView& protocol() const { return *protocol_; }
  [[nodiscard]] ospf::Instant now() const;
  [[nodiscard]] const Tunnels& tunnels() const { return tunnels_; }
  [[nodiscard]] const Links& links() const { return links_; }
  [[nodiscard]] KernelView kernel() const;
  [[nodiscard]] std::uint64_t acknowledged_generation() const {
    return pipeline_.feed().acknowledged_generation();
  }
  [[nodiscard]] RouteKernelState kernel_state(const ospf::Route<V2>& route) const;

 private:
  enum class Phase : std::uint8_t { running, flushing, stopping, stopped };

  // The core.
  void feed(const ospf::Input& input);
  void drain();
  void finish_turn();
  void arm_timer();
  void on_timer();
  void catch_up(unsigned turns_left);
  void on_output(ospf::Transmit& packet);
  void on_output(ospf::RouteChange<V2>& change);
  void on_output(ospf::Event& event);
  void tell_database_limit(bool is_full);

  void redistribute();
  void check_tunnels();
  void check_tunnels_soon();
  /// What there are no events of, and again every few seconds.
  void poll();
  void check_martians();

  // What a former run left in the kernel.
  [[nodiscard]] ClaimFacts claim_facts() const;
  void check_claim();
  void claim_at_last();

  void stop_rib();
  void on_rib_stopped(bool in_order);
  /// `work` after `time`, unless the timer is set again or the runner has ended by then.
  void after(boost::asio::steady_timer& timer, std::chrono::steady_clock::duration time,
             std::function<void()> work);

  Host& host_;
  Config config_;
  const ospf::RouterId router_id_;
  const rib::OnStop on_stop_;
  Phase phase_ = Phase::running;
  std::function<void(bool)> done_;

  std::unique_ptr<ospf::Instance<V2>> instance_;
  std::optional<InstanceView> protocol_;
  Links links_;
  Tunnels tunnels_;
  RoutePipeline pipeline_;
  KernelReports reports_;
  Redistribution redistribution_;

  boost::asio::steady_timer core_timer_, claim_timer_, poll_timer_, tunnels_timer_, stop_timer_;
  std::optional<ospf::Instant> armed_;  ///< core_timer_
  bool catching_up_ = false;            ///< the core's timers wait for what the sockets hold
  bool redistributing_ = false;         ///< a further batch is posted already
  bool claimed_ = false;
  bool claim_due_ = false;                 ///< something happened that may complete the convergence
  bool tunnels_due_ = false;               ///< tunnels_timer_ runs
  std::set<ospf::LinkId> links_to_check_;  ///< their devices are asked, once until then
  bool flushed_ = false;                   ///< the core has said ShutdownComplete
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
