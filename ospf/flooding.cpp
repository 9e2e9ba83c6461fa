// The flooding procedure (RFC 2328 section 13), and sending new instances out (13.3).

#include "ospf/flooding.h"

#include <algorithm>
#include <utility>

#include "ospf/recency.h"

namespace wgospf::ospf {

/// Refused for what may be otherwise when it comes again: a bit was flipped. What is refused although its
/// checksum holds will be refused again, unless that does not cover it (the age).
[[nodiscard]] constexpr bool is_transient(DropReason reason) {
  return reason == DropReason::lsa_bad_checksum || reason == DropReason::lsa_bad_length ||
         reason == DropReason::lsa_bad_age;
}

// Section 13: the next step in flooding, LSA by LSA.
void Flooding::receive_update(Interface& interface, Neighbor& neighbor, const LinkStateUpdate& update) {
  for (const auto& received : update.lsas) {
    ++core_.statistics.lsas_received;
    if (receive_lsa(interface, neighbor, received) == Proceed::no) return;
  }
}

auto Flooding::receive_lsa(Interface& interface, Neighbor& neighbor, const ReceivedLsa& received) -> Proceed {
  const LsaHeader& header = received.header;
  // Steps 1 and 2 were checked when the packet was decoded; step 3 and what else the version refuses:
  auto refused = received.error;
  if (!refused) refused = core_.refuse_lsa(interface, neighbor, header);
  if (refused) {
    core_.drop(interface, *refused, neighbor.address, core_.version.wire_type(header.key.type));
    if (is_transient(*refused))
      requested_came_spoilt(neighbor, header.key);
    else
      give_up_request(neighbor, header.key);
    return Proceed::yes;
  }
  const LsaRef ref = core_.find_lsa(header.key, interface);
  if (core_.is_ours(header.key)) own_lsas_.number_seen(ref.domain, header);
  const bool present = ref.slot != Lsdb::kNone;
  // Step 4: a MaxAge LSA that nobody needs to hear of.
  if (header.is_maxage() && !present && core_.exchanging.empty()) {
    outbox_.queue_ack(interface, header);
    core_.drop(interface, DropReason::lsa_not_in_database_maxage, neighbor.address);
    flush_memory_.remember(ref.domain, header.key, Lsa::copy(received.bytes), core_.now);
    return Proceed::yes;
  }
  if (!present && was_overtaken(interface, neighbor, header, ref.domain)) return Proceed::yes;
  const bool has_room = present ? core_.has_room_to_grow(core_.entry(ref).lsa.length(), header.length)
                                : core_.has_room(header.length);
  if (!has_room) {
    // What was flooded comes again until it is taken; what was asked for does not.
    if (neighbor.requests.find(header.key) != nullptr) neighbor.exchange.left_out = true;
    core_.database_full(interface, neighbor.address);
    give_up_request(neighbor, header.key);
    return Proceed::yes;
  }
  const auto order =
      present ? compare_recency(header, core_.entry(ref).instance(core_.now)) : std::weak_ordering::greater;
  if (order > 0) {  // step 5
    receive_newer(interface, neighbor, received, ref);
  } else if (neighbor.requests.find(header.key) != nullptr) {  // step 6
    core_.drop(interface, DropReason::neighbor_state, neighbor.address);
    core_.followups.emplace_back(
        ExchangeBroken{neighbor.link, neighbor.router_id, NeighborEvent::bad_ls_request});
    return Proceed::no;
  } else if (order == 0) {  // step 7
    receive_same(interface, neighbor, received, ref);
  } else {  // step 8
    receive_older(interface, neighbor, received, ref);
  }
  return Proceed::yes;
}

/// What was asked for and came was spoilt on the way, or in the neighbour's memory: it is asked for again, a
/// few times.
void Flooding::requested_came_spoilt(Neighbor& neighbor, const LsaKey& key) {
  if (!neighbor.requests.came_spoilt(key)) return give_up_request(neighbor, key);
  shrunk_.insert(neighbor.id);
}

/// What was asked for and came is not taken: asking again would bring the same, and the exchange would never
/// end. One LSA is missing then, and not a neighbour.
void Flooding::give_up_request(Neighbor& neighbor, const LsaKey& key) {
  if (!neighbor.requests.give_up(key)) return;
  neighbor.exchange.note_progress(core_.now);
  shrunk_.insert(neighbor.id);
}

/// An LSA whose flush came first: the flush is the newer instance, and the sender hears of it (step 8). What
/// we asked for is taken all the same, or the exchange would not end.
bool Flooding::was_overtaken(Interface& interface, Neighbor& neighbor, const LsaHeader& header,
                             std::uint32_t domain) {
  auto* flushed = flush_memory_.find(domain, header.key, core_.now);
  if (flushed == nullptr || neighbor.requests.find(header.key) != nullptr) return false;
  if (compare_recency(header, flushed->lsa.instance()) >= 0) return false;
  core_.drop(interface, DropReason::lsa_older_than_ours, neighbor.address);
  if (std::exchange(flushed->answered, true)) return true;
  const OutgoingLsa answer{flushed->lsa, kMaxAge};
  core_.transmit_body(interface, PacketType::link_state_update, std::span<const OutgoingLsa>(&answer, 1));
  return true;
}

// Step 5. `present.slot` is kNone when the LSA is new.
void Flooding::receive_newer(Interface& interface, Neighbor& neighbor, const ReceivedLsa& received,
                             LsaRef present) {
  std::uint8_t arrivals = 1;
  if (present.slot != Lsdb::kNone) {  // 5a
    const auto& entry = core_.entry(present);
    if (entry.arrivals > 0 && core_.now - entry.installed < kMinLsArrival) {
      if (entry.arrivals >= kArrivalBurst) {
        core_.drop(interface, DropReason::lsa_min_arrival, neighbor.address);
        return;
      }
      arrivals = static_cast<std::uint8_t>(entry.arrivals + 1);
    }
  }
  // 5b to 5d: off the lists, into the database, out on the other links.
  const LsaRef ref =
      install_and_flood(present.domain, received.header, Lsa::copy(received.bytes), arrivals, &neighbor);
  // 5e, table 19: not flooded back out of the link it came by.
  outbox_.delay_ack(interface, received.header);
  if (is_self_originated(received.header))  // 5f
    core_.followups.emplace_back(OwnLsaCame{ref, core_.entry(ref).lsa});
}

// Step 7: the same instance; an implied acknowledgement when we wait for one (table 19).
void Flooding::receive_same(Interface& interface, Neighbor& neighbor, const ReceivedLsa& received,
                            LsaRef present) {
  if (acknowledged(neighbor, present)) return;
  outbox_.queue_ack(interface, received.header);
}

// Step 8: ours is newer; send it back unless it is being wrapped (section 12.1.6) or went back a moment ago.
void Flooding::receive_older(Interface& interface, Neighbor& neighbor, const ReceivedLsa&, LsaRef present) {
  core_.drop(interface, DropReason::lsa_older_than_ours, neighbor.address);
  const auto& entry = core_.entry(present);
  if (entry.age(core_.now) >= kMaxAge && entry.lsa.sequence_number() == kMaxSequenceNumber) return;
  if (!answered_.add(present, core_.now)) return;
  outbox_.send_directly(interface, {present});
}

// Section 13.3: sending an LSA to the neighbours of its scope. `from` is the one it was received from.
void Flooding::flood(LsaRef ref, const Neighbor* from) {
  const auto& entry = core_.entry(ref);
  receivers_ = core_.domain(ref.domain).neighbors;  // 1a
  if (!core_.exchanging.empty()) take_off_requests(ref);
  if (from != nullptr) receivers_.erase(from->id);  // 1c
  const Options required = core_.version.required_options(entry.key.type);
  if (required != Options{}) {  // RFC 5250 section 3
    receivers_.for_each([&](NeighborId id) {
      if (!core_.neighbors[id].dd_options.has_all(required)) receivers_.erase(id);
    });
  }
  if (!receivers_.empty()) core_.flood_log.flood(ref, entry.lsa.length(), receivers_);  // 1d to 5
}

// Step 1b: those that exchange databases may have been to send it to us, or have one that is as new.
void Flooding::take_off_requests(LsaRef ref) {
  const auto& entry = core_.entry(ref);
  core_.exchanging.for_each([&](NeighborId id) {
    if (!receivers_.contains(id)) return;  // of another scope
    Neighbor& neighbor = core_.neighbors[id];
    const LsaHeader* wanted = neighbor.requests.find(entry.key);
    if (wanted == nullptr) return;
    const auto order = compare_recency(entry.instance(core_.now), *wanted);
    if (order <= 0) receivers_.erase(id);
    if (order < 0) return core_.requests.freed();  // whoever was asked for it has an older one
    neighbor.requests.came(entry.key);
    neighbor.exchange.note_progress(core_.now);
    shrunk_.insert(id);
  });
}

void Flooding::add_retransmission(Neighbor& neighbor, LsaRef ref) {
  if (core_.flood_log.add(ref, core_.entry(ref).lsa.length(), neighbor.id))
    outbox_.queue_again(neighbor.interface, core_.flood_log.find(ref));
}

void Flooding::forget(Neighbor& neighbor) {
  neighbor.sent.clear();
  for (const LsaRef ref : core_.flood_log.forget(neighbor.id)) released(ref);
  outbox_.taken_off(neighbor);
}

void Flooding::repeat_due(LsaRef ref) {
  const FloodLog::Record record = core_.flood_log.find(ref);
  if (record == FloodLog::kNone) return;
  core_.flood_log.for_each_owing(record,
                                 [&](NeighborId id) { outbox_.send_again(core_.neighbors[id], record); });
  // Of several predecessors it may have been the last that a strict neighbour took.
  const Instant again = core_.entry(ref).installed + kOriginationSpacing;
  if (core_.now < again) core_.timers.arm({TimerKind::lsa_repeat, ref.domain, ref.slot}, again);
}

bool Flooding::has_unacknowledged() const {
  for (const auto& [link, interface] : core_.interfaces)
    for (const auto& [id, neighbor] : interface->neighbors)
      if (neighbor->state == NeighborState::full && core_.flood_log.owed(neighbor->id) > 0) return true;
  return false;
}

NeighborSet Flooding::take_shrunk() {
  return std::exchange(shrunk_, {});
}

bool Flooding::has_more_to_do() const {
  const bool may_remove = core_.exchanging.empty() && (!ready_.empty() || exchanges_were_on_);
  return may_remove || !shrunk_.empty() || core_.requests.has_freed() || outbox_.has_due();
}

void Flooding::end_turn() {
  flush_memory_.purge(core_.now);
  answered_.purge(core_.now);
}

}  // namespace wgospf::ospf
