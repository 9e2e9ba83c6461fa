// The database exchange: Database Descriptions, sent and received, master and slave (RFC 2328 sections 10.6,
// 10.8). What is then asked for: link_state_request.cpp.

#include <algorithm>
#include <utility>

#include "ospf/adjacency.h"
#include "ospf/recency.h"

namespace wgospf::ospf {

void Adjacency::start_exchange_start(Interface& interface, Neighbor& neighbor, NeighborEvent reason) {
  const bool is_restart = reason == NeighborEvent::seq_number_mismatch ||
                          reason == NeighborEvent::bad_ls_request ||
                          reason == NeighborEvent::exchange_stalled;
  neighbor.exchange.pause =
      is_restart ? pause_after(reason, interface, neighbor, core_.now) : Exchange::Pause::none;
  const bool pauses = neighbor.exchange.pause != Exchange::Pause::none;
  neighbor.exchange.may_answer_claim = is_restart && !pauses;
  ++neighbor.exchange.dd_sequence;
  neighbor.exchange.is_master = true;
  neighbor.exchange.last_dd_received.reset();
  neighbor.has_told_mtu = false;
  send_opening_dd(interface, neighbor);
  if (is_restart)
    neighbor.exchange.last_restart =
        pauses ? core_.timers.deadline(neighbor.timer(TimerKind::dd_retransmit)) : core_.now;
}

void Adjacency::send_opening_dd(Interface& interface, Neighbor& neighbor) {
  DatabaseDescription dd;
  dd.flags = {.init = true, .more = true, .master = true};
  send_dd(interface, neighbor, std::move(dd),
          neighbor.exchange.pause == Exchange::Pause::none ? Send::now : Send::later);
}

/// NegotiationDone: the summary begins. MaxAge LSAs are not described but retransmitted (section 10.3).
void Adjacency::start_exchange(Interface& interface, Neighbor& neighbor) {
  neighbor.exchange.left_out = false;
  neighbor.exchange.summary = {};
  neighbor.exchange.described = 0;
  neighbor.exchange.since = core_.now;
  neighbor.exchange.note_progress(core_.now);
  core_.timers.arm(neighbor.timer(TimerKind::exchange_patience), patience_ends(interface, neighbor));
}

/// There is room again for what neighbours described in vain: they describe it once more. Nothing else would
/// bring it before its next refresh. One that is yet to send what it was asked for does so first.
void Adjacency::exchange_what_was_left_out() {
  if (!std::exchange(core_.left_out, false) || core_.statistics.database_full) return;
  for (auto& [link, interface] : core_.interfaces)
    for (auto& [id, neighbor] : interface->neighbors) {
      if (!neighbor->exchange.left_out || neighbor->state < NeighborState::exchange) continue;
      if (neighbor->state == NeighborState::full) {
        neighbor_event(*neighbor, NeighborEvent::seq_number_mismatch);
      } else {
        core_.left_out = true;
      }
    }
}

void Adjacency::send_dd(Interface& interface, Neighbor& neighbor, DatabaseDescription dd, Send when) {
  dd.interface_mtu = mtu_to_tell(interface, neighbor);
  dd.options = core_.version.dd_options(core_.area_of(interface));
  dd.sequence_number = neighbor.exchange.dd_sequence;
  neighbor.exchange.last_dd_sent = std::make_shared<const std::vector<std::byte>>(
      core_.version.encode(core_.config.router_id, interface.config.area, dd));
  neighbor.exchange.last_dd_sent_more = dd.flags.more;
  neighbor.dd_sent_at = core_.now;
  neighbor.dd_sent_once = Neighbor::SentOnce{when == Send::now};
  if (when == Send::now)
    core_.transmit(interface, PacketType::database_description, neighbor.exchange.last_dd_sent);
  if (neighbor.exchange.is_master) arm_dd_retransmit(interface, neighbor);
}

/// After a few round trips, or a pause. Jittered: both ends enter ExStart
/// together after SeqNumberMismatch, and retransmissions in step that overtake each other on the way would
/// break the next exchange again and again.
void Adjacency::arm_dd_retransmit(Interface& interface, Neighbor& neighbor) {
  const Duration most = seconds{interface.config.retransmit_interval};
  const Duration wait = neighbor.exchange.pause == Exchange::Pause::none
                            ? neighbor.answer_time.timeout(most)
                            : length_of_pause(interface, neighbor);
  core_.timers.arm(neighbor.timer(TimerKind::dd_retransmit), core_.now + core_.random.jittered(wait));
}

void Adjacency::repeat_last_dd(Interface& interface, Neighbor& neighbor) {
  if (neighbor.exchange.last_dd_sent == nullptr) return;
  ++core_.statistics.retransmissions;
  neighbor.dd_sent_once = Neighbor::SentOnce::no;
  core_.transmit(interface, PacketType::database_description, neighbor.exchange.last_dd_sent);
}

// Section 10.8: the master repeats until it is answered.
void Adjacency::dd_retransmit_due(Interface& interface, Neighbor& neighbor) {
  if (!neighbor.exchange.is_master) return;
  if (neighbor.state != NeighborState::ex_start && neighbor.state != NeighborState::exchange) return;
  if (std::exchange(neighbor.exchange.pause, Exchange::Pause::none) != Exchange::Pause::none) {
    neighbor.exchange.may_answer_claim = true;
  } else {
    neighbor.answer_time.timed_out();
  }
  repeat_last_dd(interface, neighbor);
  arm_dd_retransmit(interface, neighbor);
}

/// The Interface MTU of our descriptions: with mtu-ignore the smaller of both ends', once the neighbour's is
/// known, because section 10.6 has it refuse a larger one. There are neighbours that refuse a smaller one, too
/// (BIRD): those are told their own.
std::uint16_t Adjacency::mtu_to_tell(const Interface& interface, const Neighbor& neighbor) {
  const std::uint16_t own = interface.mtu();
  if (!interface.config.mtu_ignore || neighbor.mtu == 0) return own;
  return neighbor.is_told_own_mtu ? neighbor.mtu : std::min(own, neighbor.mtu);
}

/// A neighbour with a larger MTU that opens the exchange with the same description again and again does not take
/// our answers. That one was lost is no reason to think so.
void Adjacency::note_opening(const Interface& interface, Neighbor& neighbor, std::uint32_t sequence_number) {
  constexpr std::uint8_t kRefusesOurs = 2;
  const bool again = std::exchange(neighbor.last_opening, sequence_number) == sequence_number;
  neighbor.openings_again = again ? std::min<std::uint8_t>(neighbor.openings_again + 1, kRefusesOurs) : 0;
  if (neighbor.openings_again == kRefusesOurs && neighbor.mtu > interface.mtu())
    neighbor.is_told_own_mtu = true;
}

/// Section 10.6: the Interface MTU; false when the description is refused for it. A neighbour that goes by the
/// smaller one as we do says its own only until it knows ours, so the largest of an exchange is its own.
bool Adjacency::take_mtu(Interface& interface, Neighbor& neighbor, std::uint16_t told) {
  const std::uint16_t own = interface.mtu();
  if (told > own && !interface.config.mtu_ignore) {
    neighbor.refused_mtu = told;
    core_.drop(interface, DropReason::mtu_mismatch, neighbor.address, told);
    return false;
  }
  neighbor.refused_mtu.reset();
  const std::uint16_t former = neighbor.mtu;
  neighbor.mtu = std::exchange(neighbor.has_told_mtu, true) ? std::max(former, told) : told;
  if (neighbor.mtu != former && neighbor.mtu != own)
    core_.event(MtuDiffers{interface.config.link, neighbor.router_id, neighbor.mtu, own});
  return true;
}

// Section 10.6.
void Adjacency::receive_dd(Interface& interface, Neighbor& neighbor, const DatabaseDescription& dd) {
  const std::uint16_t said = mtu_to_tell(interface, neighbor);
  if (!take_mtu(interface, neighbor, dd.interface_mtu)) return;
  if (neighbor.state == NeighborState::init) neighbor_event(neighbor, NeighborEvent::two_way_received);
  if (neighbor.state < NeighborState::ex_start)
    return core_.drop(interface, DropReason::neighbor_state, neighbor.address);
  if (dd.flags.init) note_opening(interface, neighbor, dd.sequence_number);
  // It has refused what we said, or will.
  const bool says_other = mtu_to_tell(interface, neighbor) != said;
  if (neighbor.state == NeighborState::ex_start) {
    if (negotiate(interface, neighbor, dd)) return accept_dd(interface, neighbor, dd);
    if (says_other) send_opening_dd(interface, neighbor);
    return;
  }
  if (neighbor.exchange.waiting_dd == dd) return;
  const Exchange::DdSummary summary{dd.flags, dd.options, dd.sequence_number};
  if (neighbor.exchange.last_dd_received ==
      summary) {  // a duplicate: the slave repeats itself, the master ignores it
    if (neighbor.exchange.is_master) return;
    if (says_other && dd.flags.init && neighbor.state == NeighborState::exchange) {
      neighbor.exchange.summary = {};
      neighbor.exchange.described = 0;
      return send_next_dd(interface, neighbor);
    }
    if (neighbor.state == NeighborState::exchange || core_.now < neighbor.exchange.last_dd_expires)
      return repeat_last_dd(interface, neighbor);
  }
  const std::uint32_t expected = neighbor.exchange.dd_sequence + (neighbor.exchange.is_master ? 0 : 1);
  const bool in_sequence = neighbor.state == NeighborState::exchange && !dd.flags.init &&
                           dd.flags.master != neighbor.exchange.is_master &&
                           dd.options == neighbor.dd_options && dd.sequence_number == expected;
  if (!in_sequence) {
    core_.drop(interface, DropReason::dd_sequence_mismatch, neighbor.address, dd.sequence_number);
    return neighbor_event(neighbor, NeighborEvent::seq_number_mismatch);
  }
  accept_dd(interface, neighbor, dd);
}

/// ExStart: who is master. True when settled and the packet is the first of the exchange.
bool Adjacency::negotiate(Interface& interface, Neighbor& neighbor, const DatabaseDescription& dd) {
  const bool claims = dd.flags.init && dd.flags.more && dd.flags.master && dd.headers.empty();
  if (neighbor.exchange.pause == Exchange::Pause::stalled) {
    core_.drop(interface, DropReason::neighbor_state, neighbor.address, dd.sequence_number);
    return false;
  }
  if (claims && neighbor.router_id > core_.config.router_id) {
    neighbor.exchange.is_master = false;
    neighbor.exchange.dd_sequence = dd.sequence_number;
    core_.timers.cancel(neighbor.timer(TimerKind::dd_retransmit));
  } else if (!dd.flags.init && !dd.flags.master && dd.sequence_number == neighbor.exchange.dd_sequence &&
             neighbor.router_id < core_.config.router_id) {
    neighbor.exchange.is_master = true;
  } else {
    if (!claims) core_.drop(interface, DropReason::neighbor_state, neighbor.address, dd.sequence_number);
    // Our opening told the slave of the restart, and was spent on that (section 10.6). Now it waits for
    // another, which need not come with the retransmission timer only.
    if (claims && std::exchange(neighbor.exchange.may_answer_claim, false))
      dd_retransmit_due(interface, neighbor);
    return false;
  }
  neighbor.dd_options = dd.options;
  neighbor_event(neighbor, NeighborEvent::negotiation_done);
  return true;
}

/// The packet is the next in sequence.
void Adjacency::accept_dd(Interface& interface, Neighbor& neighbor, const DatabaseDescription& dd) {
  // The slave's first description answers nothing that was measured.
  if (neighbor.dd_sent_once == Neighbor::SentOnce::yes &&
      (neighbor.exchange.is_master || neighbor.exchange.last_dd_received))
    neighbor.answer_time.measured(core_.now - neighbor.dd_sent_at);
  neighbor.dd_sent_once = Neighbor::SentOnce::no;
  if (!has_request_room(neighbor, dd.headers.size())) {
    neighbor.exchange.waiting_dd = dd;
    // It answers ours: to repeat that would break the exchange when the slave has freed its description.
    if (neighbor.exchange.is_master) core_.timers.cancel(neighbor.timer(TimerKind::dd_retransmit));
    core_.waiting.insert(neighbor.id);
    return;
  }
  neighbor.exchange.last_dd_received = {dd.flags, dd.options, dd.sequence_number};
  neighbor.exchange.note_progress(core_.now);
  if (!note_headers(interface, neighbor, dd)) return;
  if (neighbor.exchange.is_master) {
    core_.timers.cancel(neighbor.timer(TimerKind::dd_retransmit));
    ++neighbor.exchange.dd_sequence;
    // The first answer of the slave answers our opening packet, which had more to come.
    if (!neighbor.exchange.last_dd_sent_more && !dd.flags.more) {
      neighbor_event(neighbor, NeighborEvent::exchange_done);
    } else {
      send_next_dd(interface, neighbor);
    }
  } else {
    neighbor.exchange.dd_sequence = dd.sequence_number;
    send_next_dd(interface, neighbor);
    // Section 10.8 says RouterDeadInterval; the master must be able to repeat itself within it.
    neighbor.exchange.last_dd_expires =
        core_.now + seconds{std::max<std::uint32_t>(interface.config.dead_interval,
                                                    2u * interface.config.retransmit_interval)};
    if (!neighbor.exchange.last_dd_sent_more && !dd.flags.more)
      neighbor_event(neighbor, NeighborEvent::exchange_done);
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
    if (neighbor == nullptr || !neighbor->exchange.waiting_dd) return;
    const auto dd = *std::exchange(neighbor->exchange.waiting_dd, std::nullopt);
    accept_dd(neighbor->interface, *neighbor, dd);
  });
}

/// Puts what the neighbour has newer on the request list; false when the packet breaks the exchange.
bool Adjacency::note_headers(Interface& interface, Neighbor& neighbor, const DatabaseDescription& dd) {
  for (const auto& header : dd.headers) {
    if (const auto reason = core_.refuse_lsa(interface, neighbor, header)) {
      core_.drop(interface, *reason, neighbor.address, core_.version.wire_type(header.key.type));
      // What the section calls fatal starts the exchange again. One odd LSA of a third router must not: it
      // is not asked for, because it would not be taken.
      if (*reason != DropReason::lsa_unknown_type && *reason != DropReason::lsa_wrong_scope) continue;
      neighbor_event(neighbor, NeighborEvent::seq_number_mismatch);
      return false;
    }
    const LsaRef ref = core_.find_lsa(header.key, interface);
    const bool present = ref.slot != Lsdb::kNone;
    if (present && header.key.advertising_router == core_.config.router_id)
      neighbor.exchange.note_own_known(header.key);
    if (!present && !core_.has_room(header.length, neighbor.requests.size(), neighbor.requests.bytes())) {
      neighbor.exchange.left_out = true;
      core_.drop(interface, DropReason::lsa_database_full, neighbor.address);
      continue;
    }
    if (!present || compare_recency(header, core_.entry(ref).instance(core_.now)) > 0)
      neighbor.requests.add(ref.domain, header);
  }
  return true;
}

void Adjacency::send_next_dd(Interface& interface, Neighbor& neighbor) {
  const std::size_t most =
      (core_.packet_size_max(interface) - core_.version.sizes.packet_header - core_.version.sizes.dd_fixed) /
      kLsaHeaderSize;
  DatabaseDescription dd;
  dd.headers = take_summary(interface, neighbor, most);
  dd.flags = {.init = false,
              .more = next_summary(interface, neighbor).has_value(),
              .master = neighbor.exchange.is_master};
  send_dd(interface, neighbor, std::move(dd));
}

/// The next LSA of the Database summary list; moves the cursor to it.
std::optional<LsaRef> Adjacency::next_summary(Interface& interface, Neighbor& neighbor) {
  const auto domains = core_.described_domains(interface);
  auto& cursor = neighbor.exchange.summary;
  for (; cursor.domain < domains.size(); ++cursor.domain, cursor.slot = 0) {
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
    if (key.advertising_router == core_.config.router_id && !neighbor.exchange.own_known.contains(key))
      neighbor.exchange.own_unknown.insert(key);
    ++neighbor.exchange.summary.slot;
    ++neighbor.exchange.described;
  }
  return headers;
}

}  // namespace wgospf::ospf
