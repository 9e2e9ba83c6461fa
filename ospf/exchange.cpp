// The database exchange (RFC 2328 sections 10.6 to 10.9): descriptions, master and slave,
// requests.

#include <algorithm>
#include <set>
#include <utility>

#include "ospf/adjacency.h"

namespace wgospf::ospf {

/// SeqNumberMismatch and BadLSReq begin the exchange anew, at once. Another within RxmtInterval waits for the
/// retransmission timer: a peer that breaks every exchange would be answered at the speed of the link for
/// ever.
void Adjacency::start_exchange_start(Interface& interface, Neighbor& neighbor, NeighborEvent reason) {
  const bool is_restart =
      reason == NeighborEvent::seq_number_mismatch || reason == NeighborEvent::bad_ls_request;
  neighbor.pauses = is_restart && neighbor.last_restart &&
                    core_.now < *neighbor.last_restart + seconds{interface.config.retransmit_interval};
  neighbor.may_answer_claim = is_restart && !neighbor.pauses;
  ++neighbor.dd_sequence;
  neighbor.is_master = true;
  neighbor.last_dd_received.reset();
  DatabaseDescription dd;
  dd.flags = {.init = true, .more = true, .master = true};
  send_dd(interface, neighbor, std::move(dd), neighbor.pauses ? Send::later : Send::now);
  if (is_restart)
    neighbor.last_restart =
        neighbor.pauses ? core_.timers.deadline(neighbor.timer(TimerKind::dd_retransmit)) : core_.now;
}

/// NegotiationDone: the summary begins. MaxAge LSAs are not described but retransmitted (section 10.3).
void Adjacency::start_exchange(Interface&, Neighbor& neighbor) {
  neighbor.left_out = false;
  neighbor.summary = {};
  neighbor.described = 0;
}

/// There is room again for what neighbours described in vain: they describe it once more. Nothing else would
/// bring it before its next refresh. One that is yet to send what it was asked for does so first.
void Adjacency::exchange_what_was_left_out() {
  if (!std::exchange(core_.left_out, false) || core_.statistics.database_full) return;
  for (auto& [link, interface] : core_.interfaces)
    for (auto& [id, neighbor] : interface->neighbors) {
      if (!neighbor->left_out || neighbor->state < NeighborState::exchange) continue;
      if (neighbor->state == NeighborState::full) {
        neighbor_event(*neighbor, NeighborEvent::seq_number_mismatch);
      } else {
        core_.left_out = true;
      }
    }
}

void Adjacency::send_dd(Interface& interface, Neighbor& neighbor, DatabaseDescription dd, Send when) {
  dd.interface_mtu = static_cast<std::uint16_t>(std::min<std::uint32_t>(interface.status().mtu, 0xffff));
  dd.options = core_.version.dd_options();
  dd.sequence_number = neighbor.dd_sequence;
  neighbor.last_dd_sent = std::make_shared<const std::vector<std::byte>>(
      core_.version.encode(core_.config.router_id, interface.config.area, dd));
  neighbor.last_dd_sent_more = dd.flags.more;
  neighbor.dd_sent_at = core_.now;
  neighbor.dd_sent_once = Neighbor::SentOnce{when == Send::now};
  if (when == Send::now) core_.transmit(interface, PacketType::database_description, neighbor.last_dd_sent);
  if (neighbor.is_master) arm_dd_retransmit(interface, neighbor);
}

/// After a few round trips, or RxmtInterval where a pause is meant. Jittered: both ends enter ExStart
/// together after SeqNumberMismatch, and retransmissions in step that overtake each other on the way would
/// break the next exchange again and again.
void Adjacency::arm_dd_retransmit(Interface& interface, Neighbor& neighbor) {
  const Duration most = seconds{interface.config.retransmit_interval};
  core_.timers.arm(
      neighbor.timer(TimerKind::dd_retransmit),
      core_.now + core_.random.jittered(neighbor.pauses ? most : neighbor.answer_time.timeout(most)));
}

void Adjacency::repeat_last_dd(Interface& interface, Neighbor& neighbor) {
  if (neighbor.last_dd_sent == nullptr) return;
  ++core_.statistics.retransmissions;
  neighbor.dd_sent_once = Neighbor::SentOnce::no;
  core_.transmit(interface, PacketType::database_description, neighbor.last_dd_sent);
}

// Section 10.8: the master repeats until it is answered.
void Adjacency::dd_retransmit_due(Interface& interface, Neighbor& neighbor) {
  if (!neighbor.is_master) return;
  if (neighbor.state != NeighborState::ex_start && neighbor.state != NeighborState::exchange) return;
  if (std::exchange(neighbor.pauses, false)) {
    neighbor.may_answer_claim = true;
  } else {
    neighbor.answer_time.timed_out();
  }
  repeat_last_dd(interface, neighbor);
  arm_dd_retransmit(interface, neighbor);
}

// Section 10.6.
void Adjacency::receive_dd(Interface& interface, Neighbor& neighbor, const DatabaseDescription& dd) {
  if (dd.interface_mtu != interface.status().mtu) {
    if (dd.interface_mtu > interface.status().mtu && !interface.config.mtu_ignore) {
      neighbor.refused_mtu = dd.interface_mtu;
      return core_.drop(interface, DropReason::mtu_mismatch, neighbor.address, dd.interface_mtu);
    }
    if (neighbor.mtu != dd.interface_mtu)
      core_.event(
          MtuDiffers{interface.config.link, neighbor.router_id, dd.interface_mtu,
                     static_cast<std::uint16_t>(std::min<std::uint32_t>(interface.status().mtu, 0xffff))});
  }
  neighbor.mtu = dd.interface_mtu;
  neighbor.refused_mtu.reset();
  if (neighbor.state == NeighborState::init) neighbor_event(neighbor, NeighborEvent::two_way_received);
  if (neighbor.state < NeighborState::ex_start)
    return core_.drop(interface, DropReason::neighbor_state, neighbor.address);
  if (neighbor.state == NeighborState::ex_start) {
    if (negotiate(interface, neighbor, dd)) accept_dd(interface, neighbor, dd);
    return;
  }
  if (neighbor.waiting_dd == dd) return;
  const Neighbor::DdSummary summary{dd.flags, dd.options, dd.sequence_number};
  if (neighbor.last_dd_received == summary) {  // a duplicate: the slave repeats itself, the master ignores it
    if (neighbor.is_master) return;
    if (neighbor.state == NeighborState::exchange || core_.now < neighbor.last_dd_expires)
      return repeat_last_dd(interface, neighbor);
  }
  const std::uint32_t expected = neighbor.dd_sequence + (neighbor.is_master ? 0 : 1);
  const bool in_sequence = neighbor.state == NeighborState::exchange && !dd.flags.init &&
                           dd.flags.master != neighbor.is_master && dd.options == neighbor.dd_options &&
                           dd.sequence_number == expected;
  if (!in_sequence) {
    core_.drop(interface, DropReason::dd_sequence_mismatch, neighbor.address, dd.sequence_number);
    return neighbor_event(neighbor, NeighborEvent::seq_number_mismatch);
  }
  accept_dd(interface, neighbor, dd);
}

/// ExStart: who is master. True when settled and the packet is the first of the exchange.
bool Adjacency::negotiate(Interface& interface, Neighbor& neighbor, const DatabaseDescription& dd) {
  const bool claims = dd.flags.init && dd.flags.more && dd.flags.master && dd.headers.empty();
  if (claims && neighbor.router_id > core_.config.router_id) {
    neighbor.is_master = false;
    neighbor.dd_sequence = dd.sequence_number;
    core_.timers.cancel(neighbor.timer(TimerKind::dd_retransmit));
  } else if (!dd.flags.init && !dd.flags.master && dd.sequence_number == neighbor.dd_sequence &&
             neighbor.router_id < core_.config.router_id) {
    neighbor.is_master = true;
  } else {
    if (!claims) core_.drop(interface, DropReason::neighbor_state, neighbor.address, dd.sequence_number);
    // Our opening told the slave of the restart, and was spent on that (section 10.6). Now it waits for
    // another, which need not come with the retransmission timer only.
    if (claims && std::exchange(neighbor.may_answer_claim, false)) dd_retransmit_due(interface, neighbor);
    return false;
  }
  neighbor.dd_options = dd.options;
  neighbor_event(neighbor, NeighborEvent::negotiation_done);
  return true;
}

/// The packet is the next in sequence.
void Adjacency::accept_dd(Interface& interface, Neighbor& neighbor, const DatabaseDescription& dd) {
  // The slave's first description answers nothing that was measured.
  if (neighbor.dd_sent_once == Neighbor::SentOnce::yes && (neighbor.is_master || neighbor.last_dd_received))
    neighbor.answer_time.measured(core_.now - neighbor.dd_sent_at);
  neighbor.dd_sent_once = Neighbor::SentOnce::no;
  if (!has_request_room(neighbor, dd.headers.size())) {
    neighbor.waiting_dd = dd;
    // It answers ours: to repeat that would break the exchange when the slave has freed its description.
    if (neighbor.is_master) core_.timers.cancel(neighbor.timer(TimerKind::dd_retransmit));
    core_.waiting.insert(neighbor.id);
    return;
  }
  neighbor.last_dd_received = {dd.flags, dd.options, dd.sequence_number};
  if (!note_headers(interface, neighbor, dd)) return;
  if (neighbor.is_master) {
    core_.timers.cancel(neighbor.timer(TimerKind::dd_retransmit));
    ++neighbor.dd_sequence;
    // The first answer of the slave answers our opening packet, which had more to come.
    if (!neighbor.last_dd_sent_more && !dd.flags.more) {
      neighbor_event(neighbor, NeighborEvent::exchange_done);
    } else {
      send_next_dd(interface, neighbor);
    }
  } else {
    neighbor.dd_sequence = dd.sequence_number;
    send_next_dd(interface, neighbor);
    // Section 10.8 says RouterDeadInterval; the master must be able to repeat itself within it.
    neighbor.last_dd_expires =
        core_.now + seconds{std::max<std::uint32_t>(interface.config.dead_interval,
                                                    2u * interface.config.retransmit_interval)};
    if (!neighbor.last_dd_sent_more && !dd.flags.more) neighbor_event(neighbor, NeighborEvent::exchange_done);
  }
  if (neighbor.exchanging() && neighbor.requests.outstanding() == 0)
    send_request(interface, neighbor, Neighbor::SentOnce::yes);
}

/// What waits for an answer is limited over all neighbours together; one that does not answer must not hold
/// up the others.
bool Adjacency::has_request_room(const Neighbor& neighbor, std::size_t headers) const {
  return headers == 0 || core_.statistics.requested + headers <= core_.config.max_requests ||
         neighbor.requests.size() < kRequestShare;
}

void Adjacency::resume_exchanges() {
  if (core_.waiting.empty()) return;
  std::exchange(core_.waiting, {}).for_each([this](NeighborId id) {
    Neighbor* neighbor = core_.neighbors.find(id);
    if (neighbor == nullptr || !neighbor->waiting_dd) return;
    const auto dd = *std::exchange(neighbor->waiting_dd, std::nullopt);
    accept_dd(neighbor->interface, *neighbor, dd);
  });
}

/// Puts what the neighbour has newer on the request list; false when the packet breaks the exchange.
bool Adjacency::note_headers(Interface& interface, Neighbor& neighbor, const DatabaseDescription& dd) {
  for (const auto& header : dd.headers) {
    if (const auto reason = core_.version.refuse_lsa(header, neighbor.dd_options)) {
      core_.drop(interface, *reason, neighbor.address, core_.version.wire_type(header.key.type));
      // What the section calls fatal starts the exchange again. One odd LSA of a third router must not: it
      // is not asked for, because it would not be taken.
      if (*reason != DropReason::lsa_unknown_type && *reason != DropReason::lsa_wrong_scope) continue;
      neighbor_event(neighbor, NeighborEvent::seq_number_mismatch);
      return false;
    }
    const std::uint32_t domain = core_.domain_of(scope_of(header.key.type), interface);
    const std::uint32_t slot = core_.domain(domain).lsdb.find(header.key);
    const bool present = slot != Lsdb::kNone;
    if (present && header.key.advertising_router == core_.config.router_id)
      neighbor.note_own_known(header.key);
    if (!present && !core_.has_room(header.length, neighbor.requests.size(), neighbor.requests.bytes())) {
      neighbor.left_out = true;
      core_.database_full(interface, neighbor.address);
      continue;
    }
    if (!present || compare_recency(header, core_.entry({domain, slot}).instance(core_.now)) > 0)
      neighbor.requests.add(domain, header);
  }
  return true;
}

void Adjacency::send_next_dd(Interface& interface, Neighbor& neighbor) {
  const std::size_t most =
      (core_.packet_size_max(interface) - core_.version.sizes.packet_header - core_.version.sizes.dd_fixed) /
      kLsaHeaderSize;
  DatabaseDescription dd;
  dd.headers = take_summary(interface, neighbor, most);
  dd.flags = {
      .init = false, .more = next_summary(interface, neighbor).has_value(), .master = neighbor.is_master};
  send_dd(interface, neighbor, std::move(dd));
}

/// The next LSA of the Database summary list; moves the cursor to it.
std::optional<LsaRef> Adjacency::next_summary(Interface& interface, Neighbor& neighbor) {
  const auto domains = core_.described_domains(interface);
  auto& cursor = neighbor.summary;
  for (; cursor.domain < std::size(domains); ++cursor.domain, cursor.slot = 0) {
    const std::uint32_t domain = domains[cursor.domain];
    const auto& lsdb = core_.domain(domain).lsdb;
    for (cursor.slot = lsdb.next(cursor.slot); cursor.slot != Lsdb::kNone;
         cursor.slot = lsdb.next(cursor.slot + 1)) {
      const LsaRef ref{domain, cursor.slot};
      if (!neighbor.dd_options.has_all(core_.version.required_options(lsdb[cursor.slot].key.type))) continue;
      if (lsdb[cursor.slot].age(core_.now) < kMaxAge) return ref;
      flooding_.add_retransmission(neighbor, ref);
    }
  }
  return std::nullopt;
}

std::vector<LsaHeader> Adjacency::take_summary(Interface& interface, Neighbor& neighbor, std::size_t limit) {
  std::vector<LsaHeader> headers;
  while (headers.size() < limit) {
    const auto ref = next_summary(interface, neighbor);
    if (!ref) break;
    headers.push_back(core_.entry(*ref).header(core_.now));
    const auto& key = headers.back().key;
    if (key.advertising_router == core_.config.router_id && !neighbor.own_known.contains(key))
      neighbor.own_unknown.insert(key);
    ++neighbor.summary.slot;
    ++neighbor.described;
  }
  return headers;
}

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
  neighbor.own_known.clear();
  std::vector<LsaRef> refs;
  auto& unknown = neighbor.own_unknown;
  for (std::size_t i = 0; i < kOwnLsasBurst && !unknown.empty(); ++i) {
    const LsaKey key = *unknown.begin();
    unknown.erase(unknown.begin());
    const std::uint32_t domain = core_.domain_of(scope_of(key.type), interface);
    const LsaRef ref{domain, core_.domain(domain).lsdb.find(key)};
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
    const auto scope = scope_of(key.type);
    const std::uint32_t domain = core_.domain_of(scope, interface);
    const std::uint32_t slot =
        scope == FloodingScope::unknown ? Lsdb::kNone : core_.domain(domain).lsdb.find(key);
    if (slot == Lsdb::kNone) {
      core_.drop(interface, DropReason::bad_ls_request, neighbor.address, core_.version.wire_type(key.type));
      return neighbor_event(neighbor, NeighborEvent::bad_ls_request);
    }
    if (is_early && key.advertising_router == core_.config.router_id) neighbor.note_own_known(key);
    if (seen.insert({domain, slot}).second) refs.push_back({domain, slot});
  }
  outbox_.send_directly(interface, refs);
}

}  // namespace wgospf::ospf
