#pragma once
// Definitions of instance.h: what is read for display.

#include "ospf/instance_impl.h"

namespace wgospf::ospf {

template <class V>
RouterId Instance<V>::router_id() const {
  return impl_->core.config.router_id;
}
template <class V>
const InstanceConfig& Instance<V>::config() const {
  return impl_->core.config;
}
template <class V>
std::shared_ptr<const RouteTable<V>> Instance<V>::routes() const {
  return impl_->calculator.table();
}
template <class V>
std::vector<PrefixPath<V>> Instance<V>::paths(const Prefix<typename V::Address>& prefix,
                                              std::size_t limit) const {
  return impl_->calculator.paths(prefix, limit);
}
template <class V>
const std::set<Prefix<typename V::Address>>& Instance<V>::martians() const {
  return impl_->calculator.martians();
}
template <class V>
std::vector<RouterRoute<V>> Instance<V>::router_routes() const {
  return impl_->calculator.router_routes();
}

template <class V>
std::vector<InterfaceInfo> Instance<V>::interfaces() const {
  std::vector<InterfaceInfo> infos;
  for (const InterfaceConfig& config : impl_->core.config.interfaces) {
    const auto it = impl_->core.interfaces.find(config.link);
    if (it == impl_->core.interfaces.end()) continue;
    const Interface& interface = *it->second;
    InterfaceInfo info;
    info.config = interface.config;
    info.status = interface.status;
    info.state = interface.state;
    info.neighbor_count = static_cast<std::uint32_t>(interface.neighbors.size());
    for (const auto& [id, neighbor] : interface.neighbors)
      if (neighbor->state == NeighborState::full) ++info.full_count;
    info.next_hello = impl_->core.timers.deadline(interface.timer(TimerKind::hello));
    info.packets = interface.packets;
    info.drops = interface.drops;
    for (const RefusedSender& refused : interface.refused)
      if (refused.expires >= impl_->core.now) info.refused.push_back(refused);
    infos.push_back(std::move(info));
  }
  return infos;
}

/// What is left of a neighbour's Database summary list. The list is a walk, so LSAs that come and go
/// meanwhile and those that are not described (MaxAge, opaque ones without the O-bit) make it a little wrong
/// on the way.
[[nodiscard]] inline std::size_t summary_left(const Core& core, const Interface& interface,
                                              const Neighbor& neighbor) {
  const auto domains = core.described_domains(interface);
  if (neighbor.state != NeighborState::exchange || neighbor.summary.domain == std::size(domains)) return 0;
  std::size_t all = 0;
  for (const std::uint32_t domain : domains) all += core.domains[domain]->lsdb.size();
  return all - std::min(all, neighbor.described);
}

/// What keeps the neighbour from Full, or a Full one from being of use. An exchange takes as long as the
/// databases are large; what is not done within a dead interval and three retransmissions is worth a look.
inline void add_problem(const Core& core, const Interface& interface, const Neighbor& neighbor,
                        NeighborInfo& info) {
  using Problem = NeighborProblem;
  const Duration patience =
      seconds{interface.config.dead_interval} + 3 * Duration{seconds{interface.config.retransmit_interval}};
  const bool is_long = core.now - neighbor.phase_since > patience;
  const auto problem = [&] {
    if (neighbor.state <= NeighborState::init) return is_long ? Problem::not_heard_by_it : Problem::none;
    if (neighbor.state == NeighborState::ex_start && neighbor.refused_mtu) return Problem::mtu_mismatch;
    if (neighbor.elects) return Problem::network_type;
    if (is_long && neighbor.state == NeighborState::ex_start) return Problem::long_in_exstart;
    if (is_long && neighbor.state == NeighborState::exchange) return Problem::long_in_exchange;
    if (is_long && neighbor.state == NeighborState::loading) return Problem::long_in_loading;
    return neighbor.masks ? Problem::network_mask : Problem::none;
  };
  info.problem = problem();
  if (info.problem == Problem::mtu_mismatch) {
    info.theirs = *neighbor.refused_mtu;
    info.ours = interface.status.mtu;
  } else if (info.problem == Problem::network_mask) {
    info.theirs = neighbor.masks->theirs;
    info.ours = neighbor.masks->ours;
  }
}

template <class V>
std::vector<NeighborInfo> Instance<V>::neighbors() const {
  std::vector<NeighborInfo> infos;
  for (const InterfaceConfig& config : impl_->core.config.interfaces) {
    const auto it = impl_->core.interfaces.find(config.link);
    if (it == impl_->core.interfaces.end()) continue;
    for (const auto& [id, neighbor] : it->second->neighbors) {
      NeighborInfo info;
      info.link = config.link;
      info.router_id = id;
      info.address = neighbor->address;
      info.state = neighbor->state;
      info.last_event = neighbor->last_event;
      info.last_state_change = neighbor->last_state_change;
      info.state_changes = neighbor->state_changes;
      info.dead_at = impl_->core.timers.deadline(neighbor->timer(TimerKind::inactivity));
      info.options = neighbor->state > NeighborState::ex_start ? neighbor->dd_options : neighbor->options;
      info.priority = neighbor->priority;
      info.mtu = neighbor->mtu;
      info.request_list = neighbor->requests.size();
      info.retransmission_list = neighbor->retransmissions.size();
      info.database_summary = summary_left(impl_->core, *it->second, *neighbor);
      add_problem(impl_->core, *it->second, *neighbor, info);
      infos.push_back(info);
    }
  }
  return infos;
}

template <class V>
std::vector<DatabaseEntry> Instance<V>::database(DatabaseCursor& cursor, std::size_t limit,
                                                 Instant now) const {
  std::vector<DatabaseEntry> entries;
  const auto& domains = impl_->core.domains;
  for (; cursor.domain < domains.size(); ++cursor.domain, cursor.slot = 0) {
    const Domain& domain = *domains[cursor.domain];
    if (!domain.in_use) continue;
    for (auto slot = domain.lsdb.next(cursor.slot); slot != Lsdb::kNone; slot = domain.lsdb.next(slot + 1)) {
      cursor.slot = slot;
      if (entries.size() == limit) return entries;
      const auto& entry = domain.lsdb[slot];
      entries.push_back({domain.scope, domain.area, domain.link, entry.header(now), entry.lsa,
                         entry.key.advertising_router == impl_->core.config.router_id});
    }
  }
  cursor.done = true;
  return entries;
}

template <class V>
std::optional<DatabaseEntry> Instance<V>::find_lsa(AreaId area, const LsaKey& key, Instant now,
                                                   LinkId link) const {
  const FloodingScope scope = scope_of(key.type);
  for (const auto& domain : impl_->core.domains) {
    if (!domain->in_use || domain->scope != scope) continue;
    if (scope != FloodingScope::as && domain->area != area) continue;
    if (scope == FloodingScope::link && domain->link != link) continue;
    const std::uint32_t slot = domain->lsdb.find(key);
    if (slot == Lsdb::kNone) continue;
    const auto& entry = domain->lsdb[slot];
    return DatabaseEntry{domain->scope, domain->area,
                         domain->link,  entry.header(now),
                         entry.lsa,     entry.key.advertising_router == impl_->core.config.router_id};
  }
  return std::nullopt;
}

template <class V>
Statistics Instance<V>::statistics() const {
  Statistics statistics = impl_->core.statistics;
  statistics.timers = impl_->core.timers.size();
  statistics.generation = impl_->calculator.generation();
  statistics.routes = impl_->calculator.route_count();
  return statistics;
}

template <class V>
Footprint Instance<V>::footprint() const {
  Footprint footprint;
  impl_->core.measure(footprint);
  impl_->outbox.measure(footprint);
  impl_->flooding.measure(footprint);
  impl_->origination.measure(footprint);
  footprint.held("outputs.routes", impl_->route_changes.size());
  footprint.held("links", impl_->link_statuses.size());
  footprint.held("externals", impl_->externals.size());
  footprint.held("externals.without-id", impl_->without_id.size());
  impl_->external_ids.measure(footprint);
  footprint.held("origination.stale", impl_->stale.size());
  impl_->calculator.measure(footprint);
  return footprint;
}

template <class V>
bool Instance<V>::converged(Instant now) const {
  bool any = false;
  Instant heard_by;  // whoever is there
  for (const auto& [link, interface] : impl_->core.interfaces) {
    if (interface->up_since)
      heard_by = std::max(heard_by, *interface->up_since + seconds{interface->config.hello_interval});
    for (const auto& [id, neighbor] : interface->neighbors) {
      // A neighbour that does not list us yet would be calculated as unreachable.
      if (neighbor->state != NeighborState::full) return false;
      if (!impl_->calculator.reachable(interface->config.area, id)) return false;
      any = true;
    }
  }
  return (any || now >= heard_by) && impl_->calculated &&
         impl_->calculator.pending() == RouteCalculator<V>::Pending::nothing;
}

}  // namespace wgospf::ospf
