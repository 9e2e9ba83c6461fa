#include "ospf/views.h"

#include <algorithm>
#include <utility>

namespace wgospf::ospf::views {

// ---- Interfaces and neighbours ----

namespace {

[[nodiscard]] InterfaceInfo info_of(const Core& core, const Interface& interface) {
  InterfaceInfo info;
  info.config = interface.config;
  info.cost = interface.cost();
  info.status = interface.status();
  info.state = interface.state;
  info.neighbor_count = static_cast<std::uint32_t>(interface.neighbors.size());
  for (const auto& [id, neighbor] : interface.neighbors)
    if (neighbor->state == NeighborState::full) ++info.full_count;
  info.next_hello = core.timers.deadline(interface.timer(TimerKind::hello));
  info.peer_asleep = interface.is_running() && !interface.says_hello();
  info.packets = interface.packets;
  info.drops = interface.drops;
  for (const RefusedSender& refused : interface.refused)
    if (refused.expires >= core.now) info.refused.push_back(refused);
  return info;
}

/// In the order of the configuration.
template <class Visit>
void for_each_interface(const Core& core, Visit&& visit) {
  for (const InterfaceConfig& config : core.config.interfaces)
    if (const auto it = core.interfaces.find(config.link); it != core.interfaces.end()) visit(*it->second);
}

/// What is left of a neighbour's Database summary list. The list is a walk, so LSAs that come and go
/// meanwhile and those that are not described (MaxAge, opaque ones without the O-bit) make it a little wrong
/// on the way.
[[nodiscard]] std::size_t summary_left(const Core& core, const Interface& interface,
                                       const Neighbor& neighbor) {
  const auto domains = core.described_domains(interface);
  if (neighbor.state != NeighborState::exchange || neighbor.exchange.summary.domain == domains.size())
    return 0;
  std::size_t all = 0;
  for (const std::uint32_t domain : domains) all += core.domains[domain]->lsdb.size();
  return all - std::min(all, neighbor.exchange.described);
}

/// What keeps the neighbour from Full, or a Full one from being of use. An exchange takes as long as the
/// databases are large; what is not done within a dead interval and three retransmissions is worth a look.
void add_problem(const Core& core, const Interface& interface, const Neighbor& neighbor, NeighborInfo& info) {
  using Problem = NeighborProblem;
  const Duration patience =
      seconds{interface.config.dead_interval} + 3 * Duration{seconds{interface.config.retransmit_interval}};
  const bool is_long = core.now - neighbor.phase_since > patience;
  const auto problem = [&] {
    if (neighbor.state <= NeighborState::init) return is_long ? Problem::not_heard_by_it : Problem::none;
    if (neighbor.state == NeighborState::ex_start && neighbor.refused_mtu) return Problem::mtu_mismatch;
    if (neighbor.elects) return Problem::network_type;
    if (neighbor.exchange.stalls > 0 && neighbor.state != NeighborState::full) return Problem::stalled;
    if (is_long && neighbor.state == NeighborState::ex_start) return Problem::long_in_exstart;
    if (is_long && neighbor.state == NeighborState::exchange) return Problem::long_in_exchange;
    if (is_long && neighbor.state == NeighborState::loading) return Problem::long_in_loading;
    if (neighbor.mtu != 0 && neighbor.mtu != interface.mtu()) return Problem::mtu_differs;
    if (neighbor.lower_cost) return Problem::lower_cost;
    return neighbor.masks ? Problem::network_mask : Problem::none;
  };
  info.problem = problem();
  if (info.problem == Problem::mtu_mismatch || info.problem == Problem::mtu_differs) {
    info.theirs = info.problem == Problem::mtu_differs ? neighbor.mtu : *neighbor.refused_mtu;
    info.ours = interface.mtu();
  } else if (info.problem == Problem::lower_cost) {
    info.theirs = neighbor.lower_cost->theirs;
    info.ours = neighbor.lower_cost->ours;
  } else if (info.problem == Problem::network_mask) {
    info.theirs = neighbor.masks->theirs;
    info.ours = neighbor.masks->ours;
  }
}

[[nodiscard]] NeighborInfo info_of(const Core& core, const Interface& interface, const Neighbor& neighbor) {
  NeighborInfo info;
  info.link = neighbor.link;
  info.router_id = neighbor.router_id;
  info.address = neighbor.address;
  info.state = neighbor.state;
  info.last_event = neighbor.last_event;
  info.last_state_change = neighbor.last_state_change;
  info.state_changes = neighbor.state_changes;
  info.dead_at = core.timers.deadline(neighbor.timer(TimerKind::inactivity));
  info.options = neighbor.state > NeighborState::ex_start ? neighbor.dd_options : neighbor.options;
  info.priority = neighbor.priority;
  info.mtu = neighbor.mtu;
  info.request_list = neighbor.requests.size();
  info.retransmission_list = core.flood_log.owed(neighbor.id);
  info.database_summary = summary_left(core, interface, neighbor);
  add_problem(core, interface, neighbor, info);
  return info;
}

}  // namespace

std::vector<InterfaceInfo> interfaces(const Core& core) {
  std::vector<InterfaceInfo> infos;
  for_each_interface(core, [&](const Interface& interface) { infos.push_back(info_of(core, interface)); });
  return infos;
}

std::vector<NeighborInfo> neighbors(const Core& core) {
  std::vector<NeighborInfo> infos;
  for_each_interface(core, [&](const Interface& interface) {
    for (const auto& [id, neighbor] : interface.neighbors)
      infos.push_back(info_of(core, interface, *neighbor));
  });
  return infos;
}

std::optional<SoleNeighbor> sole_neighbor(const Core& core, LinkId link) {
  const auto interface = core.interfaces.find(link);
  if (interface == core.interfaces.end() || interface->second->neighbors.size() != 1) return std::nullopt;
  const Neighbor& neighbor = *interface->second->neighbors.begin()->second;
  return SoleNeighbor{neighbor.router_id, neighbor.address, neighbor.state, neighbor.last_heard,
                      core.timers.deadline(neighbor.timer(TimerKind::inactivity))};
}

// ---- The database ----

namespace {

[[nodiscard]] DatabaseEntry entry_of(const Core& core, const Domain& domain, const LsdbEntry& entry,
                                     Instant now) {
  return {domain.scope, domain.area, domain.link, entry.header(now), entry.lsa, core.is_ours(entry.key)};
}

}  // namespace

std::vector<DatabaseEntry> database(const Core& core, DatabaseCursor& cursor, std::size_t limit,
                                    Instant now) {
  std::vector<DatabaseEntry> entries;
  for (; cursor.domain < core.domains.size(); ++cursor.domain, cursor.slot = 0) {
    const Domain& domain = *core.domains[cursor.domain];
    if (!domain.in_use) continue;
    for (auto slot = domain.lsdb.next(cursor.slot); slot != Lsdb::kNone; slot = domain.lsdb.next(slot + 1)) {
      cursor.slot = slot;
      if (entries.size() == limit) return entries;
      entries.push_back(entry_of(core, domain, domain.lsdb[slot], now));
    }
  }
  cursor.done = true;
  return entries;
}

std::optional<DatabaseEntry> find_lsa(const Core& core, const LsaPlace& place, const LsaKey& key,
                                      Instant now) {
  const FloodingScope scope = scope_of(key.type);
  for (const auto& domain : core.domains) {
    if (!domain->in_use || domain->scope != scope) continue;
    if (scope != FloodingScope::as && domain->area != place.area) continue;
    if (scope == FloodingScope::link && domain->link != place.link) continue;
    // There is no other such database.
    const std::uint32_t slot = domain->lsdb.find(key);
    if (slot == Lsdb::kNone) return std::nullopt;
    return entry_of(core, *domain, domain->lsdb[slot], now);
  }
  return std::nullopt;
}

// ---- The whole ----

Statistics statistics(const Core& core, const RouteCalculation& calculation) {
  Statistics statistics = core.statistics;
  statistics.timers = core.timers.size();
  statistics.generation = calculation.generation();
  statistics.routes = calculation.route_count();
  return statistics;
}

bool converged(const Core& core, const Routing& routing, Instant now) {
  bool any = false;
  Instant heard_by;  // whoever is there
  for (const auto& [link, interface] : core.interfaces) {
    if (interface->up_since)
      heard_by = std::max(heard_by, *interface->up_since + seconds{interface->config.hello_interval});
    for (const auto& [id, neighbor] : interface->neighbors) {
      // A neighbour that does not list us yet would be calculated as unreachable.
      if (neighbor->state != NeighborState::full) return false;
      if (!routing.calculation().reachable(interface->config.area, id)) return false;
      any = true;
    }
  }
  return (any || now >= heard_by) && routing.is_up_to_date();
}

}  // namespace wgospf::ospf::views
