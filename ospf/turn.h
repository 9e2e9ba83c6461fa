#pragma once
// A turn: one input, or the timers that are due, with all that follows, up to the moment that the next may
// come. What a turn collects (router-LSAs, updates, routes) is done once at its end.

#include "ospf/configuration.h"
#include "ospf/input.h"
#include "ospf/lifecycle.h"
#include "ospf/parts.h"

namespace wgospf::ospf {

class Turn {
 public:
  /// So many LSAs are refreshed, verified or flushed for their age in a turn: some 6 ms. What was originated together
  /// is due together, a hundred thousand LSAs at once.
  static constexpr std::size_t kLsasAged = 1024;

  explicit Turn(Parts& parts) : parts_(parts), core_(parts.core), lifecycle_(parts), configuration_(parts) {}

  /// The first one.
  void start();
  void handle(const Input& input);
  /// Of LSAs that age at most kLsasAged: where more are due, the next deadline has passed already, and the driver
  /// reads its sockets before it meets it.
  void timers_due();
  void send_due_hellos();
  void measure(Footprint& footprint) const { lifecycle_.measure(footprint); }

 private:
  // Inputs.
  void input(const Received& received);
  void input(const DeviceChanged& changed) {
    parts_.adjacency.device_changed(changed.device, changed.status);
  }
  void input(const PeerWoken& woken);
  void input(const NeighborDown& down);
  void input(const NeighborHeard& heard);
  void input(const Reconfigure& command) { configuration_.reconfigure(command); }
  void input(const ExternalsChanged& changed) { parts_.externals.change(changed); }
  void input(const OpaqueChanged& changed) { parts_.opaque_lsas.change(changed); }
  void input(const Shutdown&) { lifecycle_.leave(); }
  void dispatch(Interface& interface, const Received& received, const Packet& packet);

  // Timers.
  void due(const TimerKey& key);
  void due(const TimerKey& key, Interface& interface);
  void due(const TimerKey& key, Neighbor& neighbor);

  // What follows.
  void follow_up();
  void follow(const OwnLsaCame& came);
  void follow(const OwnLsaLeft& left) { parts_.origination.left(left.domain, left.key, left.last); }
  void follow(const RefreshDue& due) { parts_.origination.refresh(due.ref); }
  void follow(const RouterLsaDue& due) { parts_.router_lsas.originate(due.domain); }
  void follow(const ExchangeBroken& broken);

  // The end.
  void end();
  void rounds();
  void round();
  [[nodiscard]] bool has_more_to_do() const;

  Parts& parts_;
  Core& core_;
  Lifecycle lifecycle_;
  Configuration configuration_;
};

}  // namespace wgospf::ospf
