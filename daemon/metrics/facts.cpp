#include "daemon/metrics/facts.h"

namespace wgospf::daemon::metrics {

Facts gather(const RouterView& router) {
  Facts facts;
  facts.version = router.facts().version;
  facts.uptime = std::chrono::steady_clock::now() - router.facts().start;
  facts.warning_count = router.warnings().size();
  facts.api = router.api_use();
  facts.is_running = !router.waits_for();
  if (!facts.is_running) return facts;
  const auto& protocol = router.protocol();
  facts.router_id = protocol.router_id();
  facts.statistics = protocol.statistics();
  facts.events = router.event_counts();
  facts.calculations = router.calculation_times();
  facts.kernel = router.kernel();
  facts.is_converged = protocol.converged() && facts.kernel.is_settled;
  facts.interfaces = protocol.interfaces();
  for (auto& neighbor : protocol.neighbors())
    facts.neighbors.push_back({router.link_name(neighbor.link), std::move(neighbor)});
  facts.wireguard = router.wireguard();
  return facts;
}

}  // namespace wgospf::daemon::metrics
