#pragma once
// The router: what the process runs once it has a router id, and what the API sees of it. All its wiring:
//
//   Host    KernelThread ─ links, addresses ──> Links ── DeviceChanged ───────┐            ┌─ Transmit ─> Links
//             │            foreign routes ────> Redistribution ── Externals ──┤            │
//             │            acknowledged, failed ──> RoutePipeline             │            ├─ RouteChange
//             └─ drift, refusals ─> KernelReports ─> Teller                   ├─ Instance ─┤    └> RoutePipeline
//           DeviceThread ─ devices, their peers ──> Tunnels: shown, told      │            │         └> rib::Table
//             └─ endpoints, the kernel's ways to them ──> RoutePipeline       │            │
//             <─ allowed-ips to add and remove ────────── RoutePipeline       │            │
//   Runner  Links ──────── datagrams of their sockets ── Received ────────────┤            └─ Event
//           core_timer_ ── poll_timeout is due ── handle_timeout ─────────────┤                 └> Teller
//   main    SIGHUP ─────── a new Config ──> reconfigure ── Reconfigure ───────┤                     ├> log
//           SIGTERM ────── shutdown ── Shutdown ──────────────────────────────┘                     └> Watch
//
// Host is what all instances of the protocol share, Runner one instance. One thread runs the loop, and
// everything here is called on it unless it says "any thread" (router_view.h).

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/host.h"
#include "daemon/router_view.h"
#include "daemon/runner.h"
#include "net/link_monitor.h"
#include "rib/kernel_thread.h"

namespace wgospf::daemon {

using RouterOptions = RunnerOptions;

class Router final : public RouterView {
 public:
  /// Nothing happens before start(): listeners that subscribe now hear everything. `loop` must outlive the
  /// router and be run by one thread only.
  Router(boost::asio::io_context& loop, LinkMonitor monitor, RouterOptions options);
  /// Starts the RIB (which reads what a former run left) and opens the sockets of what interfaces there are.
  /// Hold the table's lock before. An error leaves a router that can only be destroyed.
  [[nodiscard]] std::optional<Error> start();

  /// See Runner.
  void reconfigure(Config config) { runner_.reconfigure(std::move(config)); }
  void shutdown(rib::OnStop on_stop, std::function<void(bool)> done) {
    runner_.shutdown(on_stop, std::move(done));
  }
  void gather(const Config& wanted, std::function<void(PreviewFacts)> done) {
    runner_.gather(wanted, std::move(done));
  }
  [[nodiscard]] const Config& config() const { return runner_.config(); }

  // RouterView.
  void post(std::function<void()> closure) override;
  [[nodiscard]] const RouterFacts& facts() const override { return facts_; }
  [[nodiscard]] Subscription subscribe(Listener listener) override {
    return host_.teller().subscribe(std::move(listener));
  }
  void unsubscribe(Subscription subscription) override { host_.teller().unsubscribe(subscription); }
  [[nodiscard]] PastEvents events_since(std::uint64_t number, PastWanted wanted) const override {
    return host_.teller().history().since(number, wanted);
  }
  [[nodiscard]] std::uint64_t last_event() const override { return host_.teller().history().last(); }
  [[nodiscard]] EventCounts event_counts() const override { return host_.teller().counts(); }
  [[nodiscard]] CalculationTimes calculation_times() const override { return runner_.calculation_times(); }
  [[nodiscard]] std::shared_ptr<const HostnameMap> hostnames() const override { return runner_.hostnames(); }
  [[nodiscard]] const ProtocolView& protocol() const override { return runner_.protocol(); }
  [[nodiscard]] ospf::Instant now() const override { return runner_.now(); }
  [[nodiscard]] std::string link_name(ospf::LinkId link) const override { return host_.link_name(link); }
  [[nodiscard]] KernelView kernel() const override { return runner_.kernel(); }
  [[nodiscard]] std::uint64_t acknowledged_generation() const override {
    return runner_.acknowledged_generation();
  }
  [[nodiscard]] RouteKernelState kernel_state(const ospf::Route<V2>& route) const override {
    return runner_.kernel_state(route);
  }
  [[nodiscard]] std::vector<std::string> route_findings(
      const ospf::Route<V2>& route, const std::vector<ospf::NextHop>& next_hops) const override {
    return runner_.tunnels().route_findings(route, next_hops);
  }
  [[nodiscard]] std::shared_ptr<const std::vector<WireguardView>> wireguard() const override {
    auto views = runner_.tunnels().views();
    runner_.mtus().add_to(views);
    runner_.link_locals().add_to(views);
    return std::make_shared<const std::vector<WireguardView>>(std::move(views));
  }
  [[nodiscard]] std::shared_ptr<const wg::OwnAllowedIps> own_allowed_ips() const override {
    return runner_.own_allowed_ips();
  }
  [[nodiscard]] PeerNotes peer_notes() const override { return runner_.peer_notes(); }
  [[nodiscard]] std::vector<ClientView> clients() const override { return runner_.clients(); }
  [[nodiscard]] Result<ForgottenKey> forget_key(const std::string& key_or_name) override {
    return runner_.forget_key(key_or_name);
  }
  [[nodiscard]] std::vector<std::string> warnings() const override { return host_.teller().warnings(); }
  [[nodiscard]] std::shared_ptr<const firewall::View> firewall() const override {
    return runner_.firewall().view();
  }
  [[nodiscard]] std::vector<std::string> interface_problems(ospf::LinkId link) const override;
  [[nodiscard]] std::map<ospf::LinkId, LivenessView> liveness() const override { return runner_.liveness(); }
  [[nodiscard]] BfdView bfd() const override { return runner_.bfd(); }
  [[nodiscard]] UnderlayView underlay() const override { return runner_.underlay(); }

 private:
  RouterFacts facts_;
  Host host_;
  Runner runner_;  ///< uses host_
};

}  // namespace wgospf::daemon
