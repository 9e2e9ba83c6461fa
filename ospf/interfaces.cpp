// The interface state machine (RFC 2328 section 9.3).

#include <utility>

#include "ospf/adjacency.h"

namespace wgospf::ospf {

// Section 9.3 for the interface types that exist so far.
void Adjacency::set_interface_state(Interface& interface, InterfaceState next, InterfaceReason reason) {
  if (interface.state == next) return;
  core_.event(InterfaceStateChanged{interface.config.link, interface.state, next, reason});
  interface.state = next;
  interface.up_since = interface.is_running() ? std::optional(core_.now) : std::nullopt;
}

void Adjacency::bring_up(Interface& interface, InterfaceReason reason) {
  if (interface.state != InterfaceState::down || !interface.status.up || core_.is_leaving()) return;
  if (interface.status.loopback) {
    set_interface_state(interface, InterfaceState::loopback, reason);
  } else if (interface.config.passive || interface.source()) {
    set_interface_state(interface, InterfaceState::point_to_point, reason);
    if (interface.is_running()) hello_due(interface);
  }
  core_.topology_changed(interface.config.area);
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
  outbox_.clear_updates(interface);
  interface.direct_acks.clear();
  interface.delayed_acks.clear();
  interface.refused.clear();
  set_interface_state(interface, InterfaceState::down, reason);
  core_.topology_changed(interface.config.area);
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
  core_.topology_changed(interface.config.area);
}

}  // namespace wgospf::ospf
