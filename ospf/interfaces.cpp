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
  if (interface.state != InterfaceState::down || !interface.status().up || core_.is_leaving()) return;
  if (interface.status().loopback) {
    set_interface_state(interface, InterfaceState::loopback, reason);
  } else if (interface.config.passive || interface.source()) {
    set_interface_state(interface, InterfaceState::point_to_point, reason);
    interface.wake.woken();
    if (interface.is_running()) hello_due(interface);
  }
  core_.topology_changed(interface);
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
  core_.topology_changed(interface);
}

/// Why an interface comes up whose device was like this before.
[[nodiscard]] InterfaceReason why_up_after(const DeviceStatus& former) {
  if (former.up || former.down_reason == InterfaceReason::no_address) return InterfaceReason::address_present;
  return former.down_reason == InterfaceReason::no_socket ? InterfaceReason::socket_open
                                                          : InterfaceReason::link_up;
}

/// What the route calculation is told of a device, once for all of its links.
[[nodiscard]] std::shared_ptr<const RootDevice> of_root(const Version& version, const DeviceStatus& status) {
  RootDevice device;
  for (const InterfaceAddress& own : status.addresses)
    device.addresses.push_back({own.address, own.prefix(), version.is_advertised(own.address)});
  return std::make_shared<const RootDevice>(std::move(device));
}

void Adjacency::device_changed(DeviceId id, DeviceStatus status) {
  Device& device = core_.devices[id];
  const DeviceStatus former = std::exchange(device.status, std::move(status));
  if (device.status.addresses != former.addresses) device.of_root = of_root(core_.version, device.status);
  for (const auto& [link, interface] : device.links) {
    // What a neighbour has told of its MTU may have been ours, as the smaller one.
    if (device.status.mtu != former.mtu)
      for (const auto& [id, neighbor] : interface->neighbors) {
        neighbor->mtu = 0;
        neighbor->is_told_own_mtu = false;
      }
    follow_device(*interface, former);
  }
  core_.forget_if_gone(id);
}

void Adjacency::follow_device(Interface& interface, const DeviceStatus& former,
                              std::optional<InterfaceReason> why_up) {
  const DeviceStatus& status = interface.status();
  if (status == former) return;
  // Another device under the old name.
  const bool reborn = former.loopback != status.loopback;
  if (!why_up) why_up = reborn ? InterfaceReason::link_up : why_up_after(former);
  const bool usable = interface.config.passive || status.loopback || status.source();
  if (!status.up) {
    bring_down(interface, status.down_reason);
  } else if (reborn || !usable) {
    bring_down(interface, usable ? InterfaceReason::link_down : InterfaceReason::no_address);
  }
  if (interface.state == InterfaceState::down) return bring_up(interface, *why_up);
  if (interface.is_running() && former.source() != status.source()) send_hello(interface);
  core_.topology_changed(interface);
}

}  // namespace wgospf::ospf
