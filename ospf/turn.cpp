#include "ospf/turn.h"

#include <utility>

#include "ospf/packet_admission.h"

namespace wgospf::ospf {

void Turn::start() {
  configuration_.apply(core_.config);
  lifecycle_.start();
  end();
}

// ---- Inputs ----

void Turn::handle(const Input& what) {
  std::visit([this](const auto& value) { input(value); }, what);
  follow_up();
  end();
}

void Turn::input(const Received& received) {
  if (const auto packet = admit(core_, received))
    dispatch(*core_.interfaces.at(received.link), received, *packet);
}

void Turn::input(const PeerWoken& woken) {
  const auto it = core_.interfaces.find(woken.link);
  if (it != core_.interfaces.end()) parts_.adjacency.peer_woken(*it->second);
}

void Turn::input(const NeighborDown& down) {
  if (Neighbor* neighbor = core_.find_neighbor(down.link, down.router_id))
    parts_.adjacency.neighbor_lost(neighbor->interface, *neighbor, down.reason);
}

void Turn::input(const NeighborHeard& heard) {
  const auto it = core_.interfaces.find(heard.link);
  if (it != core_.interfaces.end()) parts_.adjacency.neighbor_heard(*it->second);
}

void Turn::dispatch(Interface& interface, const Received& received, const Packet& packet) {
  if (const auto* hello = std::get_if<Hello>(&packet.body))
    return parts_.adjacency.receive_hello(interface, packet.header, *hello, received.source);
  Neighbor* const sender = interface.find_neighbor(packet.header.router_id);
  if (sender == nullptr) return core_.drop(interface, DropReason::unknown_neighbor, received.source);
  Neighbor& neighbor = *sender;
  neighbor.last_heard = core_.now;
  if (const auto* dd = std::get_if<DatabaseDescription>(&packet.body))
    return parts_.adjacency.receive_dd(interface, neighbor, *dd);
  if (neighbor.state < NeighborState::exchange)
    return core_.drop(interface, DropReason::neighbor_state, received.source);
  if (const auto* request = std::get_if<LinkStateRequest>(&packet.body))
    return parts_.adjacency.receive_request(interface, neighbor, *request);
  if (const auto* update = std::get_if<LinkStateUpdate>(&packet.body))
    return parts_.flooding.receive_update(interface, neighbor, *update);
  parts_.flooding.receive_acknowledgment(interface, neighbor, std::get<LinkStateAcknowledgment>(packet.body));
}

// ---- Timers ----

void Turn::timers_due() {
  bool any = false;
  std::size_t lsas = 0;
  while (core_.phase != Phase::ended && lsas < kLsasAged) {
    const auto key = core_.timers.pop_due(core_.now);
    if (!key) break;
    if (key->kind == TimerKind::lsa_age) ++lsas;
    due(*key);
    follow_up();
    any = true;
  }
  // Hellos due while the rest waits for the turns to come do not wait for it.
  if (lsas == kLsasAged) send_due_hellos();
  if (any && core_.phase != Phase::ended) end();
}

void Turn::due(const TimerKey& key) {
  switch (key.kind) {
    case TimerKind::lsa_age:
      return parts_.flooding.age_due({key.a, key.b});
    case TimerKind::lsa_repeat:
      return parts_.flooding.repeat_due({key.a, key.b});
    case TimerKind::originate:
      return parts_.origination.due(key.a);
    case TimerKind::first_origination:
      return lifecycle_.waited_enough();
    case TimerKind::nssa_translator:
      return parts_.nssa_translator.stable(AreaId{key.a});
    case TimerKind::shutdown:
      return lifecycle_.left_long_enough();
    case TimerKind::spf:
      return parts_.routing.spf_due();
    case TimerKind::spf_learn:
      return parts_.routing.learn_due();
    case TimerKind::spf_hold_down:
      return parts_.routing.hold_down_due();
    default:
      break;
  }
  if (is_of_neighbor(key.kind)) {
    if (Neighbor* neighbor = core_.neighbors.find(NeighborId{key.a})) due(key, *neighbor);
    return;
  }
  const auto it = core_.interfaces.find(LinkId{key.a});
  if (it != core_.interfaces.end()) due(key, *it->second);
}

void Turn::due(const TimerKey& key, Interface& interface) {
  switch (key.kind) {
    case TimerKind::hello:
      return parts_.adjacency.hello_due(interface);
    case TimerKind::delayed_ack:
      return parts_.outbox.delayed_acks_due(interface);
    case TimerKind::flood_pace:
      return parts_.outbox.flood_pace_due(interface);
    default:
      return;
  }
}

void Turn::due(const TimerKey& key, Neighbor& neighbor) {
  Interface& interface = neighbor.interface;
  switch (key.kind) {
    case TimerKind::inactivity:
      return parts_.adjacency.neighbor_event(neighbor, NeighborEvent::inactivity_timer);
    case TimerKind::dd_retransmit:
      return parts_.adjacency.dd_retransmit_due(interface, neighbor);
    case TimerKind::request_retransmit:
      return parts_.adjacency.request_retransmit_due(interface, neighbor);
    case TimerKind::own_lsas:
      return parts_.adjacency.own_lsas_due(interface, neighbor);
    case TimerKind::exchange_patience:
      return parts_.adjacency.exchange_patience_due(interface, neighbor);
    case TimerKind::update_retransmit:
      return parts_.outbox.retransmit_due(interface, neighbor);
    default:
      return;
  }
}

void Turn::send_due_hellos() {
  for (auto& [link, interface] : core_.interfaces) {
    const auto at = core_.timers.deadline(interface->timer(TimerKind::hello));
    if (at && *at <= core_.now) parts_.adjacency.hello_due(*interface);
  }
}

// ---- What follows ----

void Turn::follow_up() {
  while (!core_.followups.empty()) {
    const Followup next = std::move(core_.followups.front());
    core_.followups.pop_front();
    std::visit([this](const auto& what) { follow(what); }, next);
  }
}

void Turn::follow(const OwnLsaCame& came) {
  if (core_.is_present(came.ref, came.lsa)) lifecycle_.own_lsa_came(came.ref);
}

void Turn::follow(const ExchangeBroken& broken) {
  if (Neighbor* neighbor = core_.find_neighbor(broken.link, broken.router))
    parts_.adjacency.neighbor_event(*neighbor, broken.event);
}

// ---- The end ----

void Turn::end() {
  core_.check_room();
  parts_.adjacency.exchange_what_was_left_out();
  rounds();
  parts_.routing.schedule();
  // What a border router says follows from its routes, and its active ranges make routes of their own.
  for (unsigned times = 0; parts_.area_border.update() && times < kTurnRoundsMost; ++times) {
    rounds();
    parts_.routing.schedule();
  }
  parts_.flooding.end_turn();
  parts_.own_lsas.purge();
  parts_.received_opaque_lsas.end_turn();
  lifecycle_.end_if_acknowledged();
}

void Turn::rounds() {
  unsigned rounds = 0;
  // LoadingDone at the end of a round changes links once more, a MaxAge LSA that leaves lets its successor
  // go.
  do {
    round();
  } while (has_more_to_do() && ++rounds < kTurnRoundsMost);
  if (rounds == kTurnRoundsMost) {
    ++core_.statistics.turns_cut_short;
    core_.event(InternalError{"a turn does not come to its end"});
  }
}

void Turn::round() {
  parts_.link_costs.update();
  parts_.routing.publish_links();
  lifecycle_.originate();
  parts_.adjacency.ask_for_more(parts_.flooding.take_shrunk());
  parts_.outbox.send_due();
  parts_.flooding.collect_maxage();
  follow_up();
  parts_.adjacency.resume_exchanges();
}

bool Turn::has_more_to_do() const {
  return lifecycle_.has_more_to_do() || !core_.dirty_links.empty() || parts_.flooding.has_more_to_do();
}

}  // namespace wgospf::ospf
