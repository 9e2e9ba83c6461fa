// Link State Requests, received and sent (RFC 2328 sections 10.7, 10.9).

#include <algorithm>
#include <set>
#include <utility>

#include "ospf/adjacency.h"

namespace wgospf::ospf {

// Section 10.9: at most one packet of requests is under way, and none when all that is wanted is asked of
// others: their answer, or their timer, goes on from there.
void Adjacency::send_request(Interface& interface, Neighbor& neighbor, Neighbor::SentOnce once) {
  const std::size_t most =
      (core_.packet_size_max(interface) - core_.version.sizes.packet_header) / core_.version.sizes.request;
  auto keys = neighbor.requests.ask(most);
  if (keys.empty()) return core_.timers.cancel(neighbor.timer(TimerKind::request_retransmit));
  core_.transmit_body(interface, PacketType::link_state_request, LinkStateRequest{std::move(keys)});
  neighbor.request_sent_at = core_.now;
  neighbor.request_sent_once = once;
  arm_request_retransmit(interface, neighbor);
}

/// A few round trips after the request, or after the latest part of its answer; RxmtInterval after the request
/// at the latest, or a neighbour could keep what it is asked for from others for as long as it sends anything.
void Adjacency::arm_request_retransmit(Interface& interface, Neighbor& neighbor) {
  const Duration interval = seconds{interface.config.retransmit_interval};
  core_.timers.arm(
      neighbor.timer(TimerKind::request_retransmit),
      std::min(core_.now + neighbor.answer_time.timeout(interval), neighbor.request_sent_at + interval));
}

/// Others that have nothing else to be asked for are asked first, those that follow in the table before those
/// that it began with: so each has its turn, and what two do not answer does not go back and forth.
void Adjacency::request_retransmit_due(Interface& interface, Neighbor& neighbor) {
  if (!neighbor.exchanging()) return;
  if (neighbor.requests.empty()) return requests_shrunk(interface, neighbor);
  ++core_.statistics.retransmissions;
  ++neighbor.exchange.asked_in_vain;
  neighbor.answer_time.timed_out();
  neighbor.requests.take_back();
  const auto ask_idle = [&](NeighborId id) {
    Neighbor& other = core_.neighbors[id];
    if (other.requests.is_idle()) send_request(other.interface, other, Neighbor::SentOnce::no);
  };
  core_.exchanging.for_each([&](NeighborId id) {
    if (id > neighbor.id) ask_idle(id);
  });
  core_.exchanging.for_each([&](NeighborId id) {
    if (id < neighbor.id) ask_idle(id);
  });
  send_request(interface, neighbor, Neighbor::SentOnce::no);
}

/// What was asked for in vain may be asked of those that have nothing else to be asked for.
void Adjacency::ask_for_more(NeighborSet shrunk) {
  if (core_.requests.take_freed())
    core_.exchanging.for_each([&](NeighborId id) {
      if (core_.neighbors[id].requests.is_idle()) shrunk.insert(id);
    });
  shrunk.for_each([this](NeighborId id) {
    if (Neighbor* neighbor = core_.neighbors.find(id)) requests_shrunk(neighbor->interface, *neighbor);
  });
}

void Adjacency::requests_shrunk(Interface& interface, Neighbor& neighbor) {
  if (!neighbor.exchanging()) return;
  const auto& requests = neighbor.requests;
  if (requests.is_answered() &&
      std::exchange(neighbor.request_sent_once, Neighbor::SentOnce::no) == Neighbor::SentOnce::yes)
    neighbor.answer_time.measured(core_.now - neighbor.request_sent_at);
  if (!requests.empty()) {
    if (requests.outstanding() == 0) return send_request(interface, neighbor, Neighbor::SentOnce::yes);
    if (requests.has_gaps()) return send_request(interface, neighbor, Neighbor::SentOnce::no);
    if (requests.is_answered()) arm_request_retransmit(interface, neighbor);
    return;
  }
  core_.timers.cancel(neighbor.timer(TimerKind::request_retransmit));
  if (neighbor.state == NeighborState::loading) neighbor_event(neighbor, NeighborEvent::loading_done);
}

/// An LSA of ours that we described, and the neighbour neither described nor asked for, is there in an
/// instance that it does not describe, because it was flushed: by a former run of ours, of which this one
/// knows nothing. Sent to it, ours is answered with that one (section 13 (8)) and goes on from its number.
/// Otherwise the neighbour would tell after RxmtInterval only. Sent once, a burst at a time: one whose
/// database is full has not asked for it either, and would not acknowledge it.
void Adjacency::own_lsas_due(Interface& interface, Neighbor& neighbor) {
  if (neighbor.state != NeighborState::full) return;
  neighbor.exchange.own_known.clear();
  std::vector<LsaRef> refs;
  auto& unknown = neighbor.exchange.own_unknown;
  for (std::size_t i = 0; i < kOwnLsasBurst && !unknown.empty(); ++i) {
    const LsaKey key = *unknown.begin();
    unknown.erase(unknown.begin());
    const LsaRef ref = core_.find_lsa(key, interface);
    if (ref.slot != Lsdb::kNone && core_.entry(ref).age(core_.now) < kMaxAge) refs.push_back(ref);
  }
  outbox_.send_directly(interface, refs);
  if (!unknown.empty())
    core_.timers.arm(neighbor.timer(TimerKind::own_lsas), core_.now + kFloodBurstInterval);
}

// Section 10.7.
void Adjacency::receive_request(Interface& interface, Neighbor& neighbor, const LinkStateRequest& request) {
  if (neighbor.state < NeighborState::exchange)
    return core_.drop(interface, DropReason::neighbor_state, neighbor.address);
  const TimerKey own_lsas = neighbor.timer(TimerKind::own_lsas);
  const bool is_early = neighbor.state != NeighborState::full || core_.timers.is_armed(own_lsas);
  if (core_.timers.is_armed(own_lsas)) core_.timers.arm(own_lsas, core_.now + kOwnLsasDelay);
  std::vector<LsaRef> refs;
  std::set<LsaRef> seen;  // a key that is repeated is answered once, or 64 kB would ask for gigabytes
  for (const auto& key : request.keys) {
    const LsaRef ref = core_.find_lsa(key, interface);
    if (ref.slot == Lsdb::kNone) {
      core_.drop(interface, DropReason::bad_ls_request, neighbor.address, core_.version.wire_type(key.type));
      return neighbor_event(neighbor, NeighborEvent::bad_ls_request);
    }
    if (is_early && key.advertising_router == core_.config.router_id) neighbor.exchange.note_own_known(key);
    if (seen.insert(ref).second) refs.push_back(ref);
  }
  outbox_.send_directly(interface, refs);
}

}  // namespace wgospf::ospf
