#include "ospf/routing.h"

#include <utility>

namespace wgospf::ospf {

namespace {

[[nodiscard]] RootLink root_link(const Version& version, const Interface& interface) {
  RootLink link;
  link.link = interface.config.link;
  link.area = interface.config.area;
  link.cost = interface.cost();
  link.device = interface.device->of_root;
  link.source = interface.source();
  link.is_source_advertised = link.source && version.is_advertised(*link.source);
  link.is_multipoint = interface.config.type == InterfaceType::point_to_multipoint;
  link.is_passive = interface.config.passive;
  const bool are_hosts = interface.state == InterfaceState::loopback ||
                         interface.config.type == InterfaceType::point_to_multipoint;
  link.prefixes = are_hosts ? RootLink::Prefixes::hosts : RootLink::Prefixes::subnets;
  for (const auto& [router, neighbor] : interface.neighbors)
    if (neighbor->state == NeighborState::full)
      link.neighbors.push_back({router, neighbor->address, std::nullopt});
  link.kind = link.neighbors.empty() ? RootLink::Kind::stub : RootLink::Kind::point_to_point;
  return link;
}

}  // namespace

/// What our own router-LSAs say the calculation has from publish_links, what our summaries say is its own result.
bool Routing::counts(const Domain& domain, const LsaKey& key) const {
  return domain.scope != FloodingScope::link && !core_.is_own_router_lsa(key) && !core_.is_own_summary(key);
}

void Routing::lsa_installed(LsaRef ref, const Lsa& former) {
  const auto& domain = core_.domain(ref.domain);
  const auto& entry = core_.entry(ref);
  if (!counts(domain, entry.key)) return;
  // A received newer instance of our own LSA does not count until we supersede it (section 13.4).
  const bool is_ours = core_.is_ours(entry.key);
  if (is_ours && entry.arrivals > 0) return;
  const bool was_counted = former && !is_ours && former.first_age() < kMaxAge;
  if (entry.age(core_.now) >= kMaxAge) {
    calculation_.lsa_removed(domain.area, entry.key);
  } else if (!was_counted || !same_contents(former, entry.lsa)) {
    calculation_.lsa_installed(domain.area, entry.lsa);
    // That it is an AS boundary router now changes no path, if nothing depended on it.
    if (entry.key.type == LsaType::router) core_.opaque_validity_changed = true;
  }
}

void Routing::lsa_removed(std::uint32_t domain, const LsaKey& key) {
  if (counts(core_.domain(domain), key)) calculation_.lsa_removed(core_.domain(domain).area, key);
}

void Routing::publish_links() {
  for (const LinkId id : std::exchange(core_.dirty_links, {})) {
    const auto it = core_.interfaces.find(id);
    if (it == core_.interfaces.end() || it->second->state == InterfaceState::down)
      calculation_.remove_link(id);
    else
      calculation_.set_link(root_link(core_.version, *it->second));
  }
  const bool is_border = calculation_.is_border_router();
  if (std::exchange(core_.is_border_router, is_border) == is_border) return;
  for (const Area& area : core_.areas) core_.dirty_areas.insert(area.id());  // bit B
}

void Routing::area_configured(const Area& area) {
  calculation_.set_area_type(area.id(), area.config.type);
}

// RFC 8405 for the whole calculation: each change is an IGP event that restarts the hold-down (section 5.4),
// even while a run is scheduled; a turn without one is none. A change of prefixes only costs microseconds and
// runs at the end of the turn.
void Routing::schedule() {
  const auto pending = calculation_.pending();
  if (pending == RouteCalculation::Pending::nothing) return;
  if (pending == RouteCalculation::Pending::prefixes_only) return calculate();
  if (!calculation_.take_event()) return;
  const auto step = scheduler_.igp_event(core_.config.spf_delay);
  core_.timers.arm({TimerKind::spf_hold_down}, core_.now + core_.config.spf_delay.hold_down);
  if (step.start_learning)
    core_.timers.arm({TimerKind::spf_learn}, core_.now + core_.config.spf_delay.time_to_learn);
  if (step.run_after) core_.timers.arm({TimerKind::spf}, core_.now + *step.run_after);
}

void Routing::hold_down_due() {
  core_.timers.cancel({TimerKind::spf_learn});
  scheduler_.hold_down_over();
}

void Routing::calculate() {
  scheduler_.ran();
  const auto outcome = calculation_.calculate();
  if (outcome.result.kind == CalculationResult::Kind::nothing) return;
  core_.opaque_validity_changed = true;
  if (outcome.result.kind == CalculationResult::Kind::full) {
    ++core_.statistics.spf_full;
    has_calculated_ = true;
  } else {
    ++core_.statistics.spf_prefixes_only;
  }
  core_.outputs.insert(core_.outputs.end(), outcome.changes, RouteChangeNext{});
  core_.event(RoutesCalculated{outcome.result});
}

bool Routing::is_up_to_date() const {
  return has_calculated_ && calculation_.pending() == RouteCalculation::Pending::nothing;
}

}  // namespace wgospf::ospf
