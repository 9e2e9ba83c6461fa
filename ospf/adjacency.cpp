// Interfaces (RFC 2328 section 9), hellos (9.5, 10.5) and the actions of the neighbour state machine (10.3).

#include <algorithm>
#include <utility>

#include "ospf/adjacency.h"
#include "ospf/admission.h"
#include "ospf/neighbor_fsm.h"

namespace wgospf::ospf {

// Section 9.3 for the interface types that exist so far.
void Adjacency::set_interface_state(Interface& interface, InterfaceState next, InterfaceReason reason) {
  if (interface.state == next) return;
  core_.event(InterfaceStateChanged{interface.config.link, interface.state, next, reason});
  interface.state = next;
  interface.up_since = interface.is_running() ? std::optional(core_.now) : std::nullopt;
}

void Adjacency::bring_up(Interface& interface, InterfaceReason reason) {
  if (interface.state != InterfaceState::down || !interface.status.up || core_.shutting_down) return;
  if (interface.status.loopback) {
    set_interface_state(interface, InterfaceState::loopback, reason);
  } else if (interface.config.passive || interface.source()) {
    set_interface_state(interface, InterfaceState::point_to_point, reason);
    if (interface.is_running()) hello_due(interface);
  }
  hooks_.topology_changed(interface.config.area);
}

/// Section 9.3, InterfaceDown. What the lower level says is LLDown to the neighbours, what an administrator
/// does is KillNbr.
constexpr NeighborEvent neighbor_event_of(InterfaceReason reason) {
  const bool is_command = reason == InterfaceReason::reconfigured || reason == InterfaceReason::removed;
  return is_command ? NeighborEvent::kill_nbr : NeighborEvent::ll_down;
}

void Adjacency::bring_down(Interface& interface, InterfaceReason reason) {
  if (interface.state == InterfaceState::down) return;
  interface.ending = reason;
  while (!interface.neighbors.empty())
    neighbor_event(*interface.neighbors.begin()->second, neighbor_event_of(reason));
  interface.ending.reset();
  for (const TimerKind kind : {TimerKind::hello, TimerKind::delayed_ack, TimerKind::flood_pace})
    core_.timers.cancel(interface.timer(kind));
  interface.update_queue.clear();
  interface.direct_acks.clear();
  interface.delayed_acks.clear();
  interface.refused.clear();
  set_interface_state(interface, InterfaceState::down, reason);
  hooks_.topology_changed(interface.config.area);
}

/// Why an interface comes up whose link was like this before.
[[nodiscard]] InterfaceReason why_up_after(const LinkStatus& former) {
  if (former.up || former.down_reason == InterfaceReason::no_address) return InterfaceReason::address_present;
  return former.down_reason == InterfaceReason::no_socket ? InterfaceReason::socket_open
                                                          : InterfaceReason::link_up;
}

void Adjacency::link_changed(Interface& interface, LinkStatus status, std::optional<InterfaceReason> why_up) {
  if (interface.status == status) return;
  const auto former_source = interface.source();
  // Another link under the old name.
  const bool reborn = interface.status.loopback != status.loopback;
  if (!why_up) why_up = reborn ? InterfaceReason::link_up : why_up_after(interface.status);
  interface.status = std::move(status);
  const bool usable = interface.config.passive || interface.status.loopback || interface.source();
  if (!interface.status.up) {
    bring_down(interface, interface.status.down_reason);
  } else if (reborn || !usable) {
    bring_down(interface, usable ? InterfaceReason::link_down : InterfaceReason::no_address);
  }
  if (interface.state == InterfaceState::down) return bring_up(interface, *why_up);
  if (interface.is_running() && former_source != interface.source()) send_hello(interface);
  hooks_.topology_changed(interface.config.area);
}

// Section 9.5.
void Adjacency::hello_due(Interface& interface) {
  forget_expired(interface, core_.now);
  send_hello(interface);
  core_.timers.arm(interface.timer(TimerKind::hello),
                   core_.now + core_.random.jittered(seconds{interface.config.hello_interval}));
}

void Adjacency::send_hello(Interface& interface, ListNeighbors list) {
  Hello hello = core_.version.hello(interface.status);
  hello.hello_interval = interface.config.hello_interval;
  hello.dead_interval = interface.config.dead_interval;
  if (list == ListNeighbors::yes) {
    for (const auto& [id, neighbor] : interface.neighbors)
      if (neighbor->state >= NeighborState::init) hello.neighbors.push_back(id);
  }
  core_.transmit_body(interface, PacketType::hello, hello);
}

void Adjacency::send_triggered_hello(Interface& interface) {
  auto& last = interface.last_triggered_hello;
  if (!last || core_.now - *last >= kTriggeredHelloInterval) {
    last = core_.now;
    return send_hello(interface);
  }
  const TimerKey timer = interface.timer(TimerKind::hello);
  core_.timers.arm_no_later(timer, *last + kTriggeredHelloInterval);
  last = core_.timers.deadline(timer);
}

// Section 10.5, and D9.
std::optional<DecodeError> Adjacency::refuse_hello(const Interface& interface, RouterId id,
                                                   const Hello& hello, const IpAddress& source) const {
  if (hello.hello_interval != interface.config.hello_interval)
    return DecodeError{DropReason::hello_interval_mismatch, hello.hello_interval};
  if (hello.dead_interval != interface.config.dead_interval)
    return DecodeError{DropReason::dead_interval_mismatch, hello.dead_interval};
  if (const auto reason = core_.version.refuse_hello(interface.config, interface.status, hello))
    return DecodeError{*reason, 0};
  if (interface.config.type != InterfaceType::point_to_point) return std::nullopt;
  const Neighbor* neighbor = only_neighbor(interface);
  if (neighbor == nullptr || !is_heard(interface, *neighbor, core_.now)) return std::nullopt;
  if (neighbor->router_id != id) return DecodeError{DropReason::another_router, id.value};
  if (neighbor->address != source) return DecodeError{DropReason::another_address, id.value};
  return std::nullopt;
}

void Adjacency::remember_refused(Interface& interface, RouterId router_id, const IpAddress& source,
                                 DecodeError refusal) {
  std::uint32_t remembered = interface.config.dead_interval;
  if (refusal.reason == DropReason::hello_interval_mismatch)
    remembered = std::max(remembered, 3 * refusal.value);
  note_refused(interface, RefusedSender{router_id, source, refusal.reason, refusal.value, core_.now,
                                        core_.now, core_.now + seconds{remembered}});
}

void Adjacency::receive_hello(Interface& interface, const PacketHeader& header, const Hello& hello,
                              const IpAddress& source) {
  if (const auto refusal = refuse_hello(interface, header.router_id, hello, source)) {
    core_.drop(interface, refusal->reason, source, refusal->value);
    return remember_refused(interface, header.router_id, source, *refusal);
  }
  Neighbor& neighbor = learn_neighbor(interface, header.router_id);
  const bool was_two_way = neighbor.state >= NeighborState::two_way;
  note_hello(interface, neighbor, hello, source);
  neighbor_event(neighbor, NeighborEvent::hello_received);
  const bool two_way = std::find(hello.neighbors.begin(), hello.neighbors.end(), core_.config.router_id) !=
                       hello.neighbors.end();
  neighbor.said_goodbye = was_two_way && !two_way;
  // The triggered hello precedes what 2-Way sends, so that the neighbour knows us when the first DD comes.
  if (!was_two_way || !two_way) send_triggered_hello(interface);
  neighbor_event(neighbor, two_way ? NeighborEvent::two_way_received : NeighborEvent::one_way_received);
}

void Adjacency::note_hello(Interface& interface, Neighbor& neighbor, const Hello& hello,
                           const IpAddress& source) {
  const bool moved = std::exchange(neighbor.address, source) != source;
  if (moved && neighbor.state == NeighborState::full) hooks_.topology_changed(interface.config.area);
  neighbor.options = hello.options;
  neighbor.priority = hello.priority;
  neighbor.last_hello = core_.now;
  neighbor.elects =
      interface.config.type == InterfaceType::point_to_point && hello.designated_router != DesignatedId{};
  const auto masks = core_.version.differing_masks(interface.status, hello);
  if (std::exchange(neighbor.masks, masks) != masks && masks)
    core_.event(NetworkMaskDiffers{interface.config.link, neighbor.router_id, masks->theirs, masks->ours});
  if (!interface.refused.empty()) forget_refused(interface, neighbor.router_id, source);
}

Neighbor& Adjacency::learn_neighbor(Interface& interface, RouterId id) {
  if (const auto it = interface.neighbors.find(id); it != interface.neighbors.end()) return *it->second;
  if (interface.config.type == InterfaceType::point_to_point) {
    while (!interface.neighbors.empty())
      neighbor_event(*interface.neighbors.begin()->second, NeighborEvent::kill_nbr);
  }
  auto made = std::make_unique<Neighbor>();
  made->link = interface.config.link;
  made->router_id = id;
  made->last_state_change = made->phase_since = core_.now;
  made->requests.count_in(core_.statistics.requested, core_.statistics.requested_bytes);
  // Section 10.3: the first DD sequence number should be unique; a restarted router must not repeat itself.
  made->dd_sequence = core_.random.next_u32();
  return *interface.neighbors.emplace(id, std::move(made)).first->second;
}

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
  neighbor.state = next;
  neighbor.last_event = reason;
  neighbor.last_state_change = core_.now;
  ++neighbor.state_changes;
  if (was_exchanging && !neighbor.exchanging()) --core_.exchanging;
  if (!was_exchanging && neighbor.exchanging()) ++core_.exchanging;
  core_.event(
      NeighborStateChanged{neighbor.link, neighbor.router_id, former, next, reason, interface.ending});
  if ((former == NeighborState::full) != (next == NeighborState::full))
    hooks_.topology_changed(interface.config.area);
}

void Adjacency::neighbor_event(Neighbor& neighbor, NeighborEvent event) {
  Interface& interface = *core_.interfaces.at(neighbor.link);
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
    neighbor.waiting_dd.reset();
    neighbor.own_known.clear();
    neighbor.own_unknown.clear();
    core_.timers.cancel(neighbor.timer(TimerKind::own_lsas));
    neighbor.summary = {};
    neighbor.last_dd_received.reset();
    neighbor.last_dd_sent.reset();
    neighbor.refused_mtu.reset();
    core_.timers.cancel(neighbor.timer(TimerKind::dd_retransmit));
    core_.timers.cancel(neighbor.timer(TimerKind::request_retransmit));
  }
  const bool becomes_full = neighbor.state != NeighborState::full && step.next == NeighborState::full;
  set_neighbor_state(interface, neighbor, step.next, event);
  if (becomes_full) core_.timers.arm(neighbor.timer(TimerKind::own_lsas), core_.now + kOwnLsasDelay);
  if (step.actions.start_exchange_start) start_exchange_start(interface, neighbor, event);
  if (step.actions.start_exchange) start_exchange(interface, neighbor);
  if (step.actions.remove) {
    core_.timers.cancel(neighbor.timer(TimerKind::inactivity));
    interface.neighbors.erase(RouterId{neighbor.router_id});
  }
}

}  // namespace wgospf::ospf
