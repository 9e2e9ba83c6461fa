#include "ospf/lifecycle.h"

namespace wgospf::ospf {

// ---- Waiting, and the first LSAs ----

void Lifecycle::start() {
  core_.timers.arm({TimerKind::first_origination}, core_.now + kFirstOriginationDelay);
}

bool Lifecycle::may_originate() const {
  return core_.phase == Phase::running || (core_.phase == Phase::waiting && core_.is_any_full());
}

void Lifecycle::run() {
  core_.timers.cancel({TimerKind::first_origination});
  core_.phase = Phase::running;
  for (const Area& area : core_.areas) core_.dirty_areas.insert(area.id());
  parts_.externals.originate_all();
  for (std::uint32_t domain = 0; domain < core_.domains.size(); ++domain)
    if (core_.domain(domain).in_use) core_.new_domains.insert(domain);
}

void Lifecycle::originate() {
  if ((core_.dirty_areas.empty() && core_.new_domains.empty()) || !may_originate()) return;
  if (core_.phase == Phase::waiting) run();
  if (!core_.dirty_areas.empty()) parts_.externals.refresh();
  parts_.router_lsas.originate();
  for (const std::uint32_t domain : std::exchange(core_.new_domains, {})) {
    parts_.opaque_lsas.originate(domain);
    parts_.link_costs.originate(domain);
  }
  for (const LsaRef ref : take_stale()) parts_.origination.settle(ref);
}

void Lifecycle::own_lsa_came(LsaRef ref) {
  const auto& entry = core_.entry(ref);
  if (entry.age(core_.now) < kMaxAge)
    core_.event(SelfOriginatedReceived{entry.key, entry.lsa.sequence_number()});
  if (core_.phase == Phase::waiting) {
    stale_.emplace_back(ref, entry.lsa);
  } else {
    parts_.origination.came(ref);
  }
}

/// Those that are still in the database, not superseded by what we originated meanwhile.
std::vector<LsaRef> Lifecycle::take_stale() {
  std::vector<LsaRef> refs;
  for (const auto& [ref, lsa] : std::exchange(stale_, {}))
    if (core_.is_present(ref, lsa)) refs.push_back(ref);
  return refs;
}

// ---- Leaving ----

void Lifecycle::leave() {
  if (core_.is_leaving()) return;
  core_.phase = Phase::leaving;
  core_.timers.cancel({TimerKind::first_origination});
  parts_.origination.unwant_all();
  for (const LsaRef ref : take_stale()) parts_.flooding.flush(ref);
  core_.timers.arm({TimerKind::shutdown}, core_.now + kShutdownWait);
}

void Lifecycle::end_if_acknowledged() {
  if (core_.phase == Phase::leaving && !parts_.flooding.has_unacknowledged()) end(true);
}

void Lifecycle::end(bool acknowledged) {
  core_.phase = Phase::ended;
  core_.timers.cancel({TimerKind::shutdown});
  for (auto& [link, interface] : core_.interfaces)
    if (interface->is_running()) parts_.adjacency.send_hello(*interface, Adjacency::ListNeighbors::no);
  core_.event(ShutdownComplete{acknowledged});
}

}  // namespace wgospf::ospf
