#pragma once
// Definitions of instance.h: wires flooding, adjacencies, origination and the route calculation together, and
// runs a turn: one input or the due timers, then what the turn collected (router-LSAs, updates, routes).

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "ospf/adjacency.h"
#include "ospf/admission.h"
#include "ospf/flooding.h"
#include "ospf/instance.h"
#include "ospf/origination.h"
#include "ospf/outbox.h"
#include "ospf/route/spf_scheduler.h"

namespace wgospf::ospf {

template <class V>
struct Instance<V>::Impl final : FloodingHooks {
  using Address = typename V::Address;

  Impl(InstanceConfig config, std::uint64_t seed, Instant now)
      : core(V::version(), std::move(config), seed, now), calculator(core.config.router_id) {
    const InstanceConfig initial = core.config;
    core.config.areas.clear();
    core.config.interfaces.clear();
    reconfigure(initial);
    core.timers.arm({TimerKind::first_origination}, now + kFirstOriginationDelay);
    end_turn();
  }

  // Configuration.
  void reconfigure(const InstanceConfig& next);
  void flush_removed_areas(const InstanceConfig& former, const InstanceConfig& next);
  void add_interface(const InterfaceConfig& config);
  void remove_interface(LinkId link, InterfaceReason reason);
  void change_interface(Interface& interface, const InterfaceConfig& config);
  [[nodiscard]] std::uint32_t area_index(AreaId id) const;
  void rearm_refresh();

  // Inputs.
  void input(const Received& received);
  void input(const LinkChanged& changed);
  void input(const Reconfigure& command) {
    if (command.config.router_id == core.config.router_id) return reconfigure(command.config);
    core.event(InternalError{"a configuration with another router id needs a new instance"});
  }
  void input(const ExternalsChanged<V>& changed);
  void input(const Shutdown&);
  std::optional<DecodeError> refuse_header(const Interface& interface, const PacketHeader& header) const;
  void refuse(Interface& interface, const Received& received, const Packet& packet, DecodeError refusal);
  void dispatch(Interface& interface, const Received& received, const Packet& packet);

  // Timers.
  void timer_due(const TimerKey& key);
  void link_timer_due(const TimerKey& key, Interface& interface);

  // Hooks.
  void lsa_installed(LsaRef ref, const Lsa& former) override;
  void lsa_removed(std::uint32_t domain, const LsaKey& key, const Lsa& last) override;
  void own_number_seen(std::uint32_t domain, const LsaHeader& header) override {
    origination.number_seen(domain, header);
  }
  void self_originated_received(LsaRef ref) override;
  void refresh_due(LsaRef ref) override { origination.refresh(ref); }
  void neighbor_event(Neighbor& neighbor, NeighborEvent event) override {
    adjacency.neighbor_event(neighbor, event);
  }
  void requests_shrunk(Interface& interface, Neighbor& neighbor) override {
    adjacency.requests_shrunk(interface, neighbor);
  }

  // The end of a turn.
  void end_turn();
  [[nodiscard]] bool has_more_to_do() const;
  [[nodiscard]] bool is_any_full() const;
  void originate_router_lsas();
  void publish_root();
  [[nodiscard]] std::vector<InterfaceFacts> facts_of(const Area& area) const;
  void originate_external(const ExternalRoute<V>& route);
  /// The calculation has ours from originate_router_lsas, not from the database.
  [[nodiscard]] bool is_own_router_lsa(const LsaKey& key) const {
    return key.type == LsaType::router && key.advertising_router == core.config.router_id;
  }
  void count_foreign(const Domain& domain, const LsdbEntry& entry);
  void start_originating();
  [[nodiscard]] std::vector<LsaRef> take_stale();
  void schedule_calculation();
  void calculate();
  void finish_shutdown(bool acknowledged);

  Core core;
  Outbox outbox{core};
  Flooding flooding{core, outbox, *this};
  Adjacency adjacency{core, outbox, flooding};
  Origination origination{core, flooding};
  RouteCalculator<V> calculator;
  std::deque<RouteChange<V>> route_changes;  ///< of core.outputs
  SpfScheduler scheduler;
  std::map<LinkId, LinkStatus> link_statuses;  ///< of all links heard of, configured or not
  std::map<Prefix<Address>, ExternalRoute<V>> externals;
  typename V::ExternalIds external_ids;
  std::set<Prefix<Address>> without_id;       ///< of the externals; not advertised
  std::vector<std::pair<LsaRef, Lsa>> stale;  ///< LSAs of ours from before a restart, until we originate
  struct {
    Instant first;
    unsigned count = 0;
    std::int32_t last_number = 0;
  } foreign;  ///< router-LSAs of our router id that we did not originate
  bool originating = false;
  bool finished = false;  ///< ShutdownComplete was said: nothing happens any more
  bool calculated = false;
};

// ---- Configuration ----

template <class V>
std::uint32_t Instance<V>::Impl::area_index(AreaId id) const {
  const auto it =
      std::find_if(core.areas.begin(), core.areas.end(), [&](const Area& area) { return area.id == id; });
  return static_cast<std::uint32_t>(it - core.areas.begin());
}

template <class V>
void Instance<V>::Impl::reconfigure(const InstanceConfig& next) {
  const InstanceConfig former = std::exchange(core.config, next);
  for (const AreaConfig& area : next.areas) {
    if (area_index(area.id) < core.areas.size()) continue;
    core.areas.push_back({area.id, core.add_domain(FloodingScope::area, area.id, {})});
    core.dirty_areas.insert(area.id);
  }
  flush_removed_areas(former, next);
  for (const InterfaceConfig& old : former.interfaces) {
    const bool stays = std::any_of(next.interfaces.begin(), next.interfaces.end(), [&](const auto& now) {
      return now.link == old.link && now.area == old.area && now.type == old.type &&
             now.passive == old.passive;
    });
    if (stays) continue;
    const bool comes_back = std::any_of(next.interfaces.begin(), next.interfaces.end(),
                                        [&](const auto& now) { return now.link == old.link; });
    remove_interface(old.link, comes_back ? InterfaceReason::reconfigured : InterfaceReason::removed);
  }
  for (const InterfaceConfig& config : next.interfaces) {
    const auto it = core.interfaces.find(config.link);
    if (it == core.interfaces.end()) {
      add_interface(config);
    } else if (!(it->second->config == config)) {
      change_interface(*it->second, config);
    }
  }
  for (const AreaConfig& area : former.areas) {
    if (std::find(next.areas.begin(), next.areas.end(), area) != next.areas.end()) continue;
    const std::uint32_t domain = core.areas[area_index(area.id)].domain;
    origination.forget_domain(domain);
    flooding.drop_domain(domain);
    calculator.area_removed(area.id);
    core.areas.erase(core.areas.begin() + area_index(area.id));
    for (auto& [link, interface] : core.interfaces)
      interface->area_index = area_index(interface->config.area);
    core.dirty_areas.erase(area.id);
  }
  if (former.ls_refresh_time != next.ls_refresh_time) rearm_refresh();
}

/// What we said in an area that is removed is flushed while there are neighbours to hear it. They are not
/// waited for: a flush that is lost leaves LSAs of a router without links, which age out.
template <class V>
void Instance<V>::Impl::flush_removed_areas(const InstanceConfig& former, const InstanceConfig& next) {
  for (const AreaConfig& area : former.areas) {
    if (std::find(next.areas.begin(), next.areas.end(), area) != next.areas.end()) continue;
    origination.unwant_all(core.areas[area_index(area.id)].domain);
    flooding.end_round();
  }
}

template <class V>
void Instance<V>::Impl::add_interface(const InterfaceConfig& config) {
  const std::uint32_t index = area_index(config.area);
  if (index >= core.areas.size())
    return core.event(InternalError{"an interface names an area that is not configured"});
  auto made = std::make_unique<Interface>();
  made->config = config;
  made->area_index = index;
  made->link_domain = core.add_domain(FloodingScope::link, config.area, config.link);
  Interface& interface = *core.interfaces.emplace(config.link, std::move(made)).first->second;
  if (const auto status = link_statuses.find(config.link); status != link_statuses.end())
    adjacency.link_changed(interface, status->second, InterfaceReason::configured);
}

template <class V>
void Instance<V>::Impl::remove_interface(LinkId link, InterfaceReason reason) {
  const auto it = core.interfaces.find(link);
  if (it == core.interfaces.end()) return;
  if (it->second->is_running()) adjacency.send_hello(*it->second, Adjacency::ListNeighbors::no);
  adjacency.bring_down(*it->second, reason);
  origination.forget_domain(it->second->link_domain);
  flooding.drop_domain(it->second->link_domain);
  core.forget_drops(link);
  core.interfaces.erase(it);
}

template <class V>
void Instance<V>::Impl::change_interface(Interface& interface, const InterfaceConfig& config) {
  const bool timing = interface.config.hello_interval != config.hello_interval ||
                      interface.config.dead_interval != config.dead_interval;
  interface.config = config;
  if (timing && interface.is_running()) {
    adjacency.hello_due(interface);
    for (auto& [id, neighbor] : interface.neighbors)
      core.timers.arm(neighbor->timer(TimerKind::inactivity), core.now + seconds{config.dead_interval});
  }
  core.topology_changed(config.area);
}

template <class V>
void Instance<V>::Impl::rearm_refresh() {
  for (std::uint32_t d = 0; d < core.domains.size(); ++d) {
    const auto& lsdb = core.domain(d).lsdb;
    for (std::uint32_t slot = lsdb.next(0); slot != Lsdb::kNone; slot = lsdb.next(slot + 1))
      if (lsdb[slot].key.advertising_router == core.config.router_id) flooding.arm_age_timer({d, slot});
  }
}

// ---- Inputs ----

// Section 8.2. Who sent it was looked at before, and what is wrong with the packet itself was found by the
// decoder.
template <class V>
std::optional<DecodeError> Instance<V>::Impl::refuse_header(const Interface& interface,
                                                            const PacketHeader& header) const {
  const auto refuse = [](DropReason reason, std::uint32_t value = 0) { return DecodeError{reason, value}; };
  if (const auto reason = core.version.refuse_header(header)) return refuse(*reason);
  if (header.area_id != interface.config.area) return refuse(DropReason::area_mismatch, header.area_id.value);
  if (header.router_id.value == 0) return refuse(DropReason::invalid_router_id);
  if (header.router_id == core.config.router_id) return refuse(DropReason::duplicate_router_id);
  return std::nullopt;
}

template <class V>
void Instance<V>::Impl::refuse(Interface& interface, const Received& received, const Packet& packet,
                               DecodeError refusal) {
  const bool told = core.tell_drop(interface, refusal.reason, received.source, refusal.value);
  if (told && refusal.reason == DropReason::duplicate_router_id)
    core.event(DuplicateRouterId{received.link, received.source});
  if (std::holds_alternative<Hello>(packet.body))
    adjacency.remember_refused(interface, packet.header.router_id, received.source, refusal);
}

template <class V>
void Instance<V>::Impl::input(const Received& received) {
  const auto it = core.interfaces.find(received.link);
  if (it == core.interfaces.end()) {
    ++core.statistics.drops[DropReason::interface_not_running];
    return;
  }
  Interface& interface = *it->second;
  if (!interface.is_running())
    return core.drop(interface, DropReason::interface_not_running, received.source);
  if (const auto reason = refuse_sender(core.version, interface, received)) {
    const auto sender = sender_of(received.bytes);
    return core.drop(interface, *reason, received.source, sender ? sender->router_id.value : 0);
  }
  const DecodeResult decoded = core.version.decode(received.bytes);
  if (const auto* error = std::get_if<DecodeError>(&decoded))
    return core.drop(interface, error->reason, received.source, error->value);
  const auto& packet = std::get<Packet>(decoded);
  if (const auto refusal = refuse_header(interface, packet.header))
    return refuse(interface, received, packet, *refusal);
  ++interface.packets.received[static_cast<std::size_t>(packet.header.type)];
  ++core.statistics.packets.received[static_cast<std::size_t>(packet.header.type)];
  dispatch(interface, received, packet);
}

template <class V>
void Instance<V>::Impl::dispatch(Interface& interface, const Received& received, const Packet& packet) {
  if (const auto* hello = std::get_if<Hello>(&packet.body))
    return adjacency.receive_hello(interface, packet.header, *hello, received.source);
  const auto it = interface.neighbors.find(packet.header.router_id);
  if (it == interface.neighbors.end())
    return core.drop(interface, DropReason::unknown_neighbor, received.source);
  Neighbor& neighbor = *it->second;
  if (const auto* dd = std::get_if<DatabaseDescription>(&packet.body))
    return adjacency.receive_dd(interface, neighbor, *dd);
  if (neighbor.state < NeighborState::exchange)
    return core.drop(interface, DropReason::neighbor_state, received.source);
  if (const auto* request = std::get_if<LinkStateRequest>(&packet.body))
    return adjacency.receive_request(interface, neighbor, *request);
  if (const auto* update = std::get_if<LinkStateUpdate>(&packet.body))
    return flooding.receive_update(interface, neighbor, *update);
  flooding.receive_acknowledgment(interface, neighbor, std::get<LinkStateAcknowledgment>(packet.body));
}

template <class V>
void Instance<V>::Impl::input(const LinkChanged& changed) {
  link_statuses[changed.link] = changed.status;
  const auto it = core.interfaces.find(changed.link);
  if (it != core.interfaces.end()) adjacency.link_changed(*it->second, changed.status);
}

template <class V>
void Instance<V>::Impl::input(const ExternalsChanged<V>& changed) {
  const bool was_boundary = !externals.empty();
  for (const auto& prefix : changed.removed) {
    if (externals.erase(prefix) == 0) continue;
    without_id.erase(prefix);
    if (const auto id = external_ids.release(prefix))
      origination.unwant(Core::kAsDomain, V::external_key(core.config.router_id, *id));
  }
  for (const auto& route : changed.set) {
    externals.insert_or_assign(route.prefix, route);
    originate_external(route);
  }
  if (!changed.removed.empty())  // an id may be free now
    for (const auto& prefix : std::set(without_id)) originate_external(externals.at(prefix));
  if (was_boundary == externals.empty())
    for (const Area& area : core.areas) core.dirty_areas.insert(area.id);
}

template <class V>
void Instance<V>::Impl::originate_external(const ExternalRoute<V>& route) {
  if (core.shutting_down) return;
  const auto assigned = external_ids.assign(route.prefix);
  if (!assigned.id) {
    if (without_id.insert(route.prefix).second) core.event(NoLinkStateId{IpPrefix{route.prefix}});
    return;
  }
  without_id.erase(route.prefix);
  if (originating)
    origination.want(Core::kAsDomain, V::external_lsa(core.config.router_id, *assigned.id, route));
  if (assigned.displaced) originate_external(externals.at(*assigned.displaced));
}

template <class V>
void Instance<V>::Impl::input(const Shutdown&) {
  if (core.shutting_down) return;
  core.shutting_down = true;
  originating = true;
  core.timers.cancel({TimerKind::first_origination});
  origination.unwant_all();
  for (const LsaRef ref : take_stale()) flooding.flush(ref);
  core.timers.arm({TimerKind::shutdown}, core.now + kShutdownWait);
}

template <class V>
void Instance<V>::Impl::finish_shutdown(bool acknowledged) {
  finished = true;
  core.timers.cancel({TimerKind::shutdown});
  for (auto& [link, interface] : core.interfaces)
    if (interface->is_running()) adjacency.send_hello(*interface, Adjacency::ListNeighbors::no);
  core.event(ShutdownComplete{acknowledged});
}

// ---- Timers ----

template <class V>
void Instance<V>::Impl::timer_due(const TimerKey& key) {
  switch (key.kind) {
    case TimerKind::lsa_age:
      return flooding.age_due({key.a, key.b});
    case TimerKind::lsa_repeat:
      return flooding.repeat_due({key.a, key.b});
    case TimerKind::originate:
      return origination.due(key.a);
    case TimerKind::first_origination:
      return start_originating();
    case TimerKind::spf:
      return calculate();
    case TimerKind::spf_learn:
      return scheduler.learned();
    case TimerKind::spf_hold_down:
      core.timers.cancel({TimerKind::spf_learn});
      return scheduler.hold_down_over();
    case TimerKind::shutdown:
      return finish_shutdown(false);
    default:
      break;
  }
  const auto it = core.interfaces.find(LinkId{key.a});
  if (it != core.interfaces.end()) link_timer_due(key, *it->second);
}

template <class V>
void Instance<V>::Impl::link_timer_due(const TimerKey& key, Interface& interface) {
  if (key.kind == TimerKind::hello) return adjacency.hello_due(interface);
  if (key.kind == TimerKind::delayed_ack) return outbox.delayed_acks_due(interface);
  if (key.kind == TimerKind::flood_pace) return outbox.flood_pace_due(interface);
  const auto it = interface.neighbors.find(RouterId{key.b});
  if (it == interface.neighbors.end()) return;
  Neighbor& neighbor = *it->second;
  switch (key.kind) {
    case TimerKind::inactivity:
      return adjacency.neighbor_event(neighbor, NeighborEvent::inactivity_timer);
    case TimerKind::dd_retransmit:
      return adjacency.dd_retransmit_due(interface, neighbor);
    case TimerKind::request_retransmit:
      return adjacency.request_retransmit_due(interface, neighbor);
    case TimerKind::own_lsas:
      return adjacency.own_lsas_due(interface, neighbor);
    case TimerKind::update_retransmit:
      return outbox.retransmit_due(interface, neighbor);
    default:
      return;
  }
}

// ---- Hooks ----

template <class V>
void Instance<V>::Impl::lsa_installed(LsaRef ref, const Lsa& former) {
  const auto& domain = core.domain(ref.domain);
  const auto& entry = core.entry(ref);
  if (domain.scope == FloodingScope::link || is_own_router_lsa(entry.key)) return;
  // What others say we said is not what we say: our own instance counts, until theirs is superseded (13.4).
  const bool is_ours = entry.key.advertising_router == core.config.router_id;
  if (is_ours && entry.arrivals > 0) return;
  const bool was_counted = former && !is_ours && former.first_age() < kMaxAge;
  if (entry.age(core.now) >= kMaxAge) {
    calculator.lsa_removed(domain.area, entry.key);
  } else if (!was_counted || !same_contents(former, entry.lsa)) {
    calculator.lsa_installed(domain.area, entry.lsa);
  }
}

template <class V>
void Instance<V>::Impl::lsa_removed(std::uint32_t domain, const LsaKey& key, const Lsa& last) {
  const bool is_counted = core.domain(domain).scope != FloodingScope::link && !is_own_router_lsa(key);
  if (is_counted) calculator.lsa_removed(core.domain(domain).area, key);
  origination.removed(domain, key, last);
}

template <class V>
void Instance<V>::Impl::self_originated_received(LsaRef ref) {
  const auto& entry = core.entry(ref);
  if (entry.age(core.now) < kMaxAge)
    core.event(SelfOriginatedReceived{entry.key, entry.lsa.sequence_number()});
  if (originating) {
    count_foreign(core.domain(ref.domain), entry);
    return origination.received(ref);
  }
  stale.emplace_back(ref, entry.lsa);  // of a former run: superseded or flushed when we originate
}

/// Router-LSAs newer than what we originated in this run, each newer than the one before, are another
/// router's.
template <class V>
void Instance<V>::Impl::count_foreign(const Domain& domain, const LsdbEntry& entry) {
  if (!is_own_router_lsa(entry.key) || entry.age(core.now) >= kMaxAge) return;
  const std::int32_t number = entry.lsa.sequence_number();
  if (foreign.count == 0 || core.now - foreign.first > kForeignRouterLsaWindow)
    foreign = {core.now, 0, number - 1};
  if (number <= foreign.last_number) return;
  foreign.last_number = number;
  if (++foreign.count == kForeignRouterLsas) core.event(DuplicateRouterIdInArea{domain.area, entry.lsa});
}

/// Those that are still in the database, not superseded by what we originated meanwhile.
template <class V>
std::vector<LsaRef> Instance<V>::Impl::take_stale() {
  std::vector<LsaRef> refs;
  for (const auto& [ref, lsa] : std::exchange(stale, {}))
    if (core.domain(ref.domain).lsdb.is_occupied(ref.slot) && core.entry(ref).lsa.is_same_as(lsa))
      refs.push_back(ref);
  return refs;
}

// ---- The end of a turn ----

template <class V>
std::vector<InterfaceFacts> Instance<V>::Impl::facts_of(const Area& area) const {
  std::vector<InterfaceFacts> facts;
  for (const InterfaceConfig& config : core.config.interfaces) {
    const auto it = core.interfaces.find(config.link);
    if (it == core.interfaces.end() || config.area != area.id) continue;
    InterfaceFacts fact{&it->second->config, &it->second->status, it->second->state, {}};
    for (const auto& [id, neighbor] : it->second->neighbors)
      if (neighbor->state == NeighborState::full) fact.full_neighbors.push_back({id, neighbor->address});
    facts.push_back(std::move(fact));
  }
  return facts;
}

template <class V>
bool Instance<V>::Impl::is_any_full() const {
  for (const auto& [link, interface] : core.interfaces)
    for (const auto& [id, neighbor] : interface->neighbors)
      if (neighbor->state == NeighborState::full) return true;
  return false;
}

template <class V>
void Instance<V>::Impl::start_originating() {
  core.timers.cancel({TimerKind::first_origination});
  originating = true;
  for (const Area& area : core.areas) core.dirty_areas.insert(area.id);
  for (const auto& [prefix, route] : externals) originate_external(route);
}

template <class V>
void Instance<V>::Impl::originate_router_lsas() {
  if (core.dirty_areas.empty() || core.shutting_down) return;
  if (!originating) {
    if (!is_any_full()) return;
    start_originating();
  }
  for (const AreaId id : std::exchange(core.dirty_areas, {})) {
    const std::uint32_t index = area_index(id);
    if (index >= core.areas.size()) continue;
    Area& area = core.areas[index];
    auto made = core.version.router_lsa(core.config.router_id, facts_of(area), !externals.empty());
    if (made.links_left_out > 0 && !area.router_lsa_full)
      core.event(RouterLsaFull{area.id, made.links_left_out});
    area.router_lsa_full = made.links_left_out > 0;
    // What we are is known before it may be told: the throttle is the others' business.
    calculator.lsa_installed(area.id, made.own.lsa);
    origination.want(area.domain, std::move(made.own));
  }
  for (const LsaRef ref : take_stale()) origination.received(ref);
}

/// The facts about our own links, for the route calculation.
template <class V>
void Instance<V>::Impl::publish_root() {
  if (!std::exchange(core.root_dirty, false)) return;
  std::vector<RootLink<V>> links;
  for (const auto& [id, interface] : core.interfaces) {
    if (interface->state == InterfaceState::down) continue;
    RootLink<V> link;
    link.link = id;
    link.area = interface->config.area;
    link.cost = interface->config.cost;
    if (interface->state != InterfaceState::loopback)
      for (const auto& address : interface->status.addresses)
        link.subnets.push_back(address.template prefix<Address>());
    for (const auto& address : interface->status.addresses)
      link.addresses.push_back(as<Address>(address.address));
    for (const auto& [router, neighbor] : interface->neighbors)
      if (neighbor->state == NeighborState::full)
        link.neighbors.push_back({router, as<Address>(neighbor->address), std::nullopt});
    link.kind = link.neighbors.empty() ? RootLink<V>::Kind::stub : RootLink<V>::Kind::point_to_point;
    links.push_back(std::move(link));
  }
  calculator.set_root(core.config.router_id, std::move(links));
}

// RFC 8405 for the whole calculation: each change is an IGP event that restarts the hold-down (section 5.4),
// even while a run is scheduled; a turn without one is none. A change of prefixes only costs microseconds and
// runs at the end of the turn.
template <class V>
void Instance<V>::Impl::schedule_calculation() {
  const auto pending = calculator.pending();
  if (pending == RouteCalculator<V>::Pending::nothing) return;
  if (pending == RouteCalculator<V>::Pending::prefixes_only) return calculate();
  if (!calculator.take_event()) return;
  const auto step = scheduler.igp_event(core.config.spf_delay);
  core.timers.arm({TimerKind::spf_hold_down}, core.now + core.config.spf_delay.hold_down);
  if (step.start_learning)
    core.timers.arm({TimerKind::spf_learn}, core.now + core.config.spf_delay.time_to_learn);
  if (step.run_after) core.timers.arm({TimerKind::spf}, core.now + *step.run_after);
}

template <class V>
void Instance<V>::Impl::calculate() {
  scheduler.ran();
  std::vector<RouteChange<V>> changes;
  const CalculationResult result = calculator.calculate(changes);
  if (result.kind == CalculationResult::Kind::nothing) return;
  if (result.kind == CalculationResult::Kind::full) {
    ++core.statistics.spf_full;
    calculated = true;
  } else {
    ++core.statistics.spf_prefixes_only;
  }
  for (auto& change : changes) {
    route_changes.push_back(std::move(change));
    core.outputs.emplace_back(RouteChangeNext{});
  }
  core.event(RoutesCalculated{result});
}

template <class V>
void Instance<V>::Impl::end_turn() {
  core.check_room();
  adjacency.exchange_what_was_left_out();
  unsigned rounds = 0;
  // LoadingDone at the end of a round changes links once more, a MaxAge LSA that leaves lets its successor
  // go.
  do {
    originate_router_lsas();
    publish_root();
    flooding.end_round();
    adjacency.resume_exchanges();
  } while (has_more_to_do() && ++rounds < kTurnRoundsMost);
  if (rounds == kTurnRoundsMost) {
    ++core.statistics.turns_cut_short;
    core.event(InternalError{"a turn does not come to its end"});
  }
  flooding.end_turn();
  origination.purge();
  schedule_calculation();
  if (core.shutting_down && !finished && !flooding.has_unacknowledged()) finish_shutdown(true);
}

template <class V>
bool Instance<V>::Impl::has_more_to_do() const {
  const bool originates = !core.dirty_areas.empty() && !core.shutting_down && (originating || is_any_full());
  return originates || core.root_dirty || flooding.has_more_to_do();
}

// ---- The public face ----

template <class V>
Instance<V>::Instance(InstanceConfig config, Seed seed, Instant now)
    : impl_(std::make_unique<Impl>(std::move(config), seed.value, now)) {}
template <class V>
Instance<V>::~Instance() = default;
template <class V>
Instance<V>::Instance(Instance&&) noexcept = default;
template <class V>
Instance<V>& Instance<V>::operator=(Instance&&) noexcept = default;

template <class V>
void Instance<V>::handle(Instant now, const Input<V>& input) {
  if (impl_->finished) return;
  impl_->core.now = std::max(impl_->core.now, now);
  std::visit([this](const auto& value) { impl_->input(value); }, input);
  impl_->end_turn();
}

template <class V>
void Instance<V>::handle_timeout(Instant now) {
  if (impl_->finished) return;
  impl_->core.now = std::max(impl_->core.now, now);
  bool any = false;
  while (!impl_->finished) {
    const auto key = impl_->core.timers.pop_due(impl_->core.now);
    if (!key) break;
    impl_->timer_due(*key);
    any = true;
  }
  if (any && !impl_->finished) impl_->end_turn();
}

template <class V>
void Instance<V>::send_due_hellos(Instant now) {
  if (impl_->finished) return;
  auto& core = impl_->core;
  core.now = std::max(core.now, now);
  for (auto& [link, interface] : core.interfaces) {
    const auto due = core.timers.deadline(interface->timer(TimerKind::hello));
    if (due && *due <= core.now) impl_->adjacency.hello_due(*interface);
  }
}

template <class V>
std::optional<Output<V>> Instance<V>::poll() {
  auto& outputs = impl_->core.outputs;
  if (outputs.empty()) return std::nullopt;
  Pending next = std::move(outputs.front());
  outputs.pop_front();
  if (auto* packet = std::get_if<Transmit>(&next)) return Output<V>{std::move(*packet)};
  if (auto* event = std::get_if<Event>(&next)) return Output<V>{std::move(*event)};
  std::optional<Output<V>> change{std::move(impl_->route_changes.front())};
  impl_->route_changes.pop_front();
  return change;
}

template <class V>
std::optional<Deadline> Instance<V>::poll_timeout() const {
  const auto next = impl_->core.timers.next();
  if (!next || impl_->finished) return std::nullopt;
  return Deadline{next->first, to_string(next->second.kind)};
}

}  // namespace wgospf::ospf
