// Hello packets: sent (RFC 2328 section 9.5), received (section 10.5), refused.

#include <algorithm>
#include <utility>

#include "ospf/adjacency.h"
#include "ospf/packet_admission.h"

namespace wgospf::ospf {

// Section 9.5.
void Adjacency::hello_due(Interface& interface) {
  forget_expired(interface, core_.now);
  send_hello(interface);
  if (interface.says_hello()) arm_hello(interface);
}

void Adjacency::arm_hello(Interface& interface) {
  core_.timers.arm(interface.timer(TimerKind::hello),
                   core_.now + core_.random.jittered(seconds{interface.config.hello_interval}));
}

void Adjacency::peer_woken(Interface& interface) {
  if (!interface.config.peer_address || !interface.is_running()) return;
  const bool was_asleep = !interface.says_hello();
  interface.wake.woken();
  if (was_asleep) return hello_due(interface);
  const Neighbor* neighbor = only_neighbor(interface);
  if (neighbor == nullptr || neighbor->state < NeighborState::two_way) send_triggered_hello(interface);
}

/// A peer that says hello is a router.
void Adjacency::note_peer_hello(Interface& interface) {
  const bool was_asleep = !interface.says_hello();
  interface.wake.heard();
  if (was_asleep) arm_hello(interface);
}

void Adjacency::send_hello(Interface& interface, ListNeighbors list) {
  if (!interface.says_hello()) return;
  interface.wake.said_hello();
  Hello hello = core_.version.hello(core_.area_of(interface), interface.status());
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
  if (const auto reason = core_.version.refuse_hello(interface.config, interface.status(), hello))
    return DecodeError{*reason, 0};
  if ((hello.options.bits & kAreaCapabilities) != core_.area_of(interface).capability().bits)
    return DecodeError{DropReason::options_mismatch, 0};
  if (!interface.config.has_one_neighbor()) return std::nullopt;
  const Neighbor* neighbor = only_neighbor(interface);
  if (neighbor == nullptr || !is_heard(interface, *neighbor, core_.now)) return std::nullopt;
  if (neighbor->router_id != id) return DecodeError{DropReason::another_router, id.value};
  if (neighbor->address != source) return DecodeError{DropReason::another_address, id.value};
  return std::nullopt;
}

void Adjacency::receive_hello(Interface& interface, const PacketHeader& header, const Hello& hello,
                              const IpAddress& source) {
  note_peer_hello(interface);
  if (const auto refusal = refuse_hello(interface, header.router_id, hello, source)) {
    core_.drop(interface, refusal->reason, source, refusal->value);
    return remember_refused(core_, interface, header.router_id, source, *refusal);
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
  if (moved && neighbor.state == NeighborState::full) core_.topology_changed(interface);
  neighbor.options = hello.options;
  neighbor.priority = hello.priority;
  neighbor.last_hello = neighbor.last_heard = core_.now;
  neighbor.elects = interface.config.has_one_neighbor() && hello.designated_router != DesignatedId{};
  const auto masks = core_.version.differing_masks(interface.status(), hello);
  if (std::exchange(neighbor.masks, masks) != masks && masks)
    core_.event(NetworkMaskDiffers{interface.config.link, neighbor.router_id, masks->theirs, masks->ours});
  if (!interface.refused.empty()) forget_refused(interface, neighbor.router_id, source);
}

Neighbor& Adjacency::learn_neighbor(Interface& interface, RouterId id) {
  if (Neighbor* known = interface.find_neighbor(id)) return *known;
  if (interface.config.has_one_neighbor()) {
    while (!interface.neighbors.empty())
      neighbor_event(*interface.neighbors.begin()->second, NeighborEvent::kill_nbr);
  }
  Neighbor& made = core_.neighbors.add(interface, id, core_.requests);
  made.last_state_change = made.phase_since = core_.now;
  // Section 10.3: the first DD sequence number should be unique; a restarted router must not repeat itself.
  made.exchange.dd_sequence = core_.random.next_u32();
  interface.neighbors.emplace(id, &made);
  return made;
}

}  // namespace wgospf::ospf
