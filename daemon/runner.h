#pragma once
// One instance of the protocol: its core, the links that it runs on, and its routes' way into the kernel.
//
// A turn is: inputs to the core, each followed by draining its outputs; then finish_turn() hands what came
// together to the RIB and arms the timer. All on the loop.

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/clients/clients.h"
#include "daemon/config/config.h"
#include "daemon/firewall/firewall.h"
#include "daemon/host.h"
#include "daemon/hostnames.h"
#include "daemon/links/bfd_sessions.h"
#include "daemon/links/check_pace.h"
#include "daemon/links/key_guard.h"
#include "daemon/links/link_locals.h"
#include "daemon/links/links.h"
#include "daemon/links/liveness_watch.h"
#include "daemon/links/peer_endpoints.h"
#include "daemon/links/tunnel_mtus.h"
#include "daemon/links/tunnels.h"
#include "daemon/router_view.h"
#include "daemon/routes/claim.h"
#include "daemon/routes/kernel_reports.h"
#include "daemon/routes/preview.h"
#include "daemon/routes/redistribution.h"
#include "daemon/routes/route_pipeline.h"

namespace wgospf::daemon {

struct RunnerOptions {
  Config config{};
  ospf::RouterId router_id{};
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
  /// Leaves in order: own LSAs flushed, a hello without neighbours, routes as `on_stop` says. `done` is called once, with false when the kernel's routes could not be brought in order in time.
  void shutdown(rib::OnStop on_stop, std::function<void(bool)> done);

  /// Somebody beside the protocol knows that the neighbour is gone: everything that finds this out says it here. The
  /// next hops over the link leave the kernel before routes are calculated, until it is Full anew. Nothing where there
  /// is no such neighbour.
  void neighbor_lost(ospf::LinkId link, ospf::RouterId router, const ospf::DownReason& reason);

  /// What preview() of a configuration needs; `done` follows on the loop.
  void gather(const Config& wanted, std::function<void(PreviewFacts)> done);

  // From the host.
  void on_links_changed(const LinkEvents& events);
  void on_rib_report(const rib::Report& report, TableOf table);
  void on_device_reports(const wg::DeviceReports& reports);
  void on_turn_end();

  [[nodiscard]] const Config& config() const { return config_; }
  /// Once started.
  [[nodiscard]] const ProtocolView& protocol() const { return *protocol_; }
  [[nodiscard]] ospf::Instant now() const;
  [[nodiscard]] const Tunnels& tunnels() const { return tunnels_; }
  [[nodiscard]] const Links& links() const { return links_; }
  [[nodiscard]] const TunnelMtus& mtus() const { return mtus_; }
  [[nodiscard]] const LinkLocals& link_locals() const { return link_locals_; }
  [[nodiscard]] const Firewall& firewall() const { return firewall_; }
  [[nodiscard]] std::map<ospf::LinkId, LivenessView> liveness() const { return liveness_.views(); }
  [[nodiscard]] KernelView kernel() const;
  [[nodiscard]] std::uint64_t acknowledged_generation() const {
    return pipeline_.feeds().acknowledged_generation();
  }
  /// What is held back for the sake of this device's packets, in words; empty when nothing is.
  [[nodiscard]] std::string held_for(const std::string& device) const { return pipeline_.held_for(device); }
  [[nodiscard]] BfdView bfd() const { return bfd_.view(); }
  [[nodiscard]] UnderlayView underlay() const { return pipeline_.underlay_view(); }
  [[nodiscard]] RouteKernelState kernel_state(const ospf::Route<V2>& route) const;
  [[nodiscard]] std::shared_ptr<const wg::OwnAllowedIps> own_allowed_ips() const {
    return pipeline_.own_allowed_ips();
  }
  [[nodiscard]] PeerNotes peer_notes() const;
  [[nodiscard]] std::vector<ClientView> clients() const { return clients_.views(); }
  [[nodiscard]] std::shared_ptr<const HostnameMap> hostnames() const { return hostnames_.names(); }
  [[nodiscard]] const CalculationTimes& calculation_times() const { return calculation_times_; }
  /// See KeyGuard.
  [[nodiscard]] Result<ForgottenKey> forget_key(const std::string& key_or_name);

 private:
  enum class Phase : std::uint8_t { running, flushing, stopping, stopped };

  struct Gathering;
  void gather_more(const std::shared_ptr<Gathering>& gathering);

  // The core.
  void feed(const ospf::Input& input);
  void drain();
  void finish_turn();
  void arm_timer();
  void on_timer();
  void catch_up(unsigned turns_left);
  [[nodiscard]] LivenessWatch::Sources liveness_sources();
  void on_output(ospf::Transmit& packet);
  void on_output(ospf::RouteChange<V2>& change);
  void on_output(ospf::OpaqueReceived& received) {
    clients_.take(received);
    hostnames_.take(received);
  }
  void on_output(ospf::Event& event);
  void tell_database_limit(bool is_full);
  void tell_endpoints(const ospf::NeighborStateChanged& change);

  [[nodiscard]] Clients::Callbacks client_callbacks();
  [[nodiscard]] bool may_announce(ospf::RouterId router, const Ipv4Prefix& prefix,
                                  std::uint32_t metric) const;
  [[nodiscard]] bool announces_client(ospf::RouterId router, const Ipv4Prefix& prefix) const;
  [[nodiscard]] std::vector<ospf::LinkId> ways_to(ospf::RouterId router) const;
  void tell_clients(const ospf::RouteChange<V2>& change);
  void pass_on_clients();
  /// BFD sessions as links and neighbours are now.
  void follow_bfd();
  void redistribute();
  /// Links against devices and neighbours: what follows from all three. When any of them has changed.
  void check();
  void check_soon();
  /// What there are no events of, and again every few seconds.
  void poll();
  void check_martians();

  // What a former run left in the kernel.
  [[nodiscard]] ClaimFacts claim_facts() const;
  void check_claim();
  void claim_at_last();

  void stop_rib();
  void on_table_stopped(bool in_order) {
    is_stopped_in_order_ = is_stopped_in_order_ && in_order;
    if (tables_to_stop_ > 0 && --tables_to_stop_ == 0) on_rib_stopped(is_stopped_in_order_);
  }
  void on_rib_stopped(bool in_order);
  /// `work` after `time`, unless the timer is set again or the runner has ended by then.
  void after(boost::asio::steady_timer& timer, std::chrono::steady_clock::duration time,
             std::function<void()> work);

  Host& host_;
  Config config_;
  const ospf::RouterId router_id_;
  rib::OnStop on_stop_ = rib::OnStop::remove_routes;
  Phase phase_ = Phase::running;
  std::function<void(bool)> done_;

  std::unique_ptr<ospf::Instance<V2>> instance_;
  std::optional<InstanceView> protocol_;
  Links links_;
  Tunnels tunnels_;
  TunnelMtus mtus_;
  LinkLocals link_locals_;
  Firewall firewall_;
  PeerEndpoints endpoints_;
  LivenessWatch liveness_;
  BfdSessions bfd_;
  KeyGuard keys_;
  RoutePipeline pipeline_;
  KernelReports reports_;
  Redistribution redistribution_;
  Clients clients_;
  Hostnames hostnames_;
  std::chrono::nanoseconds turn_time_{};  ///< of the core's last turn
  CalculationTimes calculation_times_;

  boost::asio::steady_timer core_timer_, claim_timer_, poll_timer_, check_timer_, stop_timer_;
  std::optional<ospf::Instant> armed_;  ///< core_timer_
  bool catching_up_ = false;            ///< the core's timers wait for what the sockets hold
  bool redistributing_ = false;         ///< a further batch is posted already
  bool claimed_ = false;
  bool claim_due_ = false;    ///< something happened that may complete the convergence
  bool beliefs_due_ = false;  ///< ways to others have changed that may not lead everywhere
  /// The links that lead to AS boundary routers; while routes are as they are.
  mutable std::optional<std::map<ospf::RouterId, std::vector<ospf::LinkId>>> ways_to_routers_;
  bool bfd_due_ = false;                    ///< links or neighbours have changed
  bool check_due_ = false;                  ///< check_timer_ runs
  CheckPace pace_;                          ///< of check()
  std::set<std::string> devices_to_check_;  ///< are asked, once until then
  unsigned tables_to_stop_ = 0;
  bool is_stopped_in_order_ = true;  ///< as far as tables have stopped
  bool flushed_ = false;             ///< the core has said ShutdownComplete
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
