// What the neighbour state machine decides (RFC 2328 section 10.3, neighbor_fsm.h) is carried out.

#include <utility>

#include "ospf/adjacency.h"
#include "ospf/neighbor_fsm.h"
#include "ospf/packet_admission.h"

namespace wgospf::ospf {

void Adjacency::set_neighbor_state(Interface& interface, Neighbor& neighbor, NeighborState next,
                                   NeighborEvent reason) {
  const NeighborState former = neighbor.state;
  if (former == next) return;
  const bool was_exchanging = neighbor.exchanging();
  const auto phase = [](NeighborState state) {
    if (state == NeighborState::full) return 2;
    return state >= NeighborState::ex_start ? 1 : 0;
  };
  if (phase(former) != phase(next)) neighbor.phase_since = core_.now;
  const auto is_flooded_to = [](NeighborState state) { return state >= NeighborState::exchange; };
  // The first that is told: our router-LSA is to say what is, not what was when it last went out.
  const std::uint32_t area_domain = core_.areas[interface.area_index].domain;
  if (is_flooded_to(next) && core_.domain(area_domain).neighbors.empty())
    core_.dirty_areas.insert(interface.config.area);
  for (const std::uint32_t domain : core_.described_domains(interface)) {
    NeighborSet& neighbors = core_.domain(domain).neighbors;
    is_flooded_to(next) ? neighbors.insert(neighbor.id) : neighbors.erase(neighbor.id);
  }
  if (is_flooded_to(former) != is_flooded_to(next)) core_.opaque_validity_changed = true;
  neighbor.state = next;
  neighbor.last_event = reason;
  neighbor.last_state_change = core_.now;
  ++neighbor.state_changes;
  if (was_exchanging && !neighbor.exchanging()) {
    core_.exchanging.erase(neighbor.id);
    core_.timers.cancel(neighbor.timer(TimerKind::exchange_patience));
  }
  if (!was_exchanging && neighbor.exchanging()) core_.exchanging.insert(neighbor.id);
  core_.event(NeighborStateChanged{neighbor.link, neighbor.router_id, former, next, reason, interface.ending,
                                   neighbor.down_reason});
  if ((former == NeighborState::full) != (next == NeighborState::full)) core_.topology_changed(interface);
}

void Adjacency::end_neighbor(Interface& interface, Neighbor& neighbor) {
  interface.ending = InterfaceReason::reconfigured;
  neighbor_event(neighbor, NeighborEvent::kill_nbr);
  interface.ending.reset();
}

void Adjacency::neighbor_lost(Interface& interface, Neighbor& neighbor, const DownReason& reason) {
  neighbor.down_reason = reason;
  neighbor_event(neighbor, NeighborEvent::kill_nbr);
  // Where only its packets are lost, it learns of it now (1-Way) and not after its own dead interval.
  send_triggered_hello(interface);
}

// RFC 4222 section 2 (2).
void Adjacency::neighbor_heard(Interface& interface) {
  if (!interface.config.has_one_neighbor()) return;
  const Neighbor* neighbor = only_neighbor(interface);
  if (neighbor == nullptr || neighbor->state < NeighborState::two_way) return;
  core_.timers.arm(neighbor->timer(TimerKind::inactivity),
                   core_.now + seconds{interface.config.dead_interval});
}

void Adjacency::neighbor_event(Neighbor& neighbor, NeighborEvent event) {
  Interface& interface = neighbor.interface;
  const NeighborStep step = neighbor_step(neighbor.state, event, {true, neighbor.requests.empty()});
  if (!step.expected) {
    ++core_.statistics.unexpected_events;
    return;
  }
  if (step.actions.restart_inactivity_timer)
    core_.timers.arm(neighbor.timer(TimerKind::inactivity),
                     core_.now + seconds{interface.config.dead_interval});
  if (step.actions.clear_lists) {
    flooding_.forget(neighbor);
    neighbor.requests.clear();
    neighbor.exchange.reset();
    core_.waiting.erase(neighbor.id);
    core_.timers.cancel(neighbor.timer(TimerKind::own_lsas));
    neighbor.refused_mtu.reset();
    core_.timers.cancel(neighbor.timer(TimerKind::dd_retransmit));
    core_.timers.cancel(neighbor.timer(TimerKind::request_retransmit));
  }
  const bool becomes_full = neighbor.state != NeighborState::full && step.next == NeighborState::full;
  set_neighbor_state(interface, neighbor, step.next, event);
  if (becomes_full) {
    core_.timers.arm(neighbor.timer(TimerKind::own_lsas), core_.now + kOwnLsasDelay);
    if (neighbor.exchange.left_out) core_.note_left_out();
  }
  // It begins anew by itself, or is through.
  if (becomes_full || step.next == NeighborState::init) neighbor.exchange.stalls = 0;
  if (step.actions.start_exchange_start) start_exchange_start(interface, neighbor, event);
  if (step.actions.start_exchange) start_exchange(interface, neighbor);
  if (step.actions.remove) {
    core_.timers.cancel(neighbor.timer(TimerKind::inactivity));
    interface.neighbors.erase(RouterId{neighbor.router_id});
    core_.neighbors.remove(NeighborId{neighbor.id});
  }
}

}  // namespace wgospf::ospf
