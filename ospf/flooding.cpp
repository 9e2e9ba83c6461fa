// The flooding procedure (RFC 2328 section 13), sending new instances out (13.3), and received acknowledgements
// (13.7).

#include "ospf/flooding.h"

#include <algorithm>
#include <utility>

namespace wgospf::ospf {

bool Flooding::is_self_originated(const LsaHeader& header) const {
  if (header.key.advertising_router == core_.config.router_id) return true;
  const auto address = core_.version.address_of_originator(header.key);
  return address && std::any_of(core_.interfaces.begin(), core_.interfaces.end(),
                                [&](const auto& item) { return item.second->has_address(*address); });
}

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
  if (!refused) refused = core_.version.refuse_lsa(header, neighbor.dd_options);
  if (refused) {
    core_.drop(interface, *refused, neighbor.address, core_.version.wire_type(header.key.type));
    if (is_transient(*refused))
      requested_came_spoilt(neighbor, header.key);
    else
      give_up_request(neighbor, header.key);
    return Proceed::yes;
  }
  const std::uint32_t domain = core_.domain_of(scope_of(header.key.type), interface);
  if (core_.is_ours(header.key)) own_lsas_.number_seen(domain, header);
  const std::uint32_t slot = core_.domain(domain).lsdb.find(header.key);
  const bool present = slot != Lsdb::kNone;
  // Step 4: a MaxAge LSA that nobody needs to hear of.
  if (header.is_maxage() && !present && core_.exchanging == 0) {
    outbox_.queue_ack(interface, header);
    core_.drop(interface, DropReason::lsa_not_in_database_maxage, neighbor.address);
    flush_memory_.remember(domain, header.key, Lsa::copy(received.bytes), core_.now);
    return Proceed::yes;
  }
  if (!present && was_overtaken(interface, neighbor, header, domain)) return Proceed::yes;
  const bool has_room = present
                            ? core_.has_room_to_grow(core_.entry({domain, slot}).lsa.length(), header.length)
                            : core_.has_room(header.length);
  if (!has_room) {
    // What was flooded comes again until it is taken; what was asked for does not.
    if (neighbor.requests.find(header.key) != nullptr) neighbor.left_out = true;
    core_.database_full(interface, neighbor.address);
    give_up_request(neighbor, header.key);
    return Proceed::yes;
  }
  const LsaRef ref{domain, slot};
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
  shrunk_.emplace_back(neighbor.link, neighbor.router_id);
}

/// What was asked for and came is not taken: asking again would bring the same, and the exchange would never
/// end. One LSA is missing then, and not a neighbour.
void Flooding::give_up_request(Neighbor& neighbor, const LsaKey& key) {
  if (neighbor.requests.erase(key)) shrunk_.emplace_back(neighbor.link, neighbor.router_id);
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
  if (acknowledged(interface, neighbor, present)) return;
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

LsaRef Flooding::install_and_flood(std::uint32_t domain, const LsaHeader& header, Lsa lsa,
                                   std::uint8_t arrivals, const Neighbor* from) {
  auto& lsdb = core_.domain(domain).lsdb;
  const LsaKey& key = header.key;
  Lsa former;
  std::optional<Instant> former_installed;
  if (const std::uint32_t slot = lsdb.find(key); slot != Lsdb::kNone) {
    former = lsdb[slot].lsa;
    former_installed = lsdb[slot].installed;
    if (lsdb[slot].age(core_.now) >= kMaxAge) ++maxage_stale_;
    unlist({domain, slot});
  }
  const LsaRef ref{domain, lsdb.install(header, std::move(lsa), core_.now)};
  if (!former) ++core_.statistics.lsdb_size;
  core_.statistics.lsdb_bytes += lsdb[ref.slot].lsa.length();
  if (former) core_.statistics.lsdb_bytes -= former.length();
  auto& entry = lsdb[ref.slot];
  entry.arrivals = arrivals;
  answered_.forget(ref);
  arm_age_timer(ref);
  routing_.lsa_installed(ref, former);
  flood(ref, from);
  if (former_installed && core_.now - *former_installed < kMinLsArrival && entry.retransmitters > 0)
    core_.timers.arm_no_later({TimerKind::lsa_repeat, ref.domain, ref.slot},
                              *former_installed + kOriginationSpacing);
  if (entry.age(core_.now) >= kMaxAge) {
    maxage_.push_back(ref);
    released(ref);
  }
  return ref;
}

// Section 13.3: sending an LSA out of all links of its scope. `from` is the neighbour it was received from.
void Flooding::flood(LsaRef ref, const Neighbor* from) {
  const auto& entry = core_.entry(ref);
  const Flooded flooded{ref, entry.key, entry.instance(core_.now),
                        core_.version.required_options(entry.key.type), from};
  for (auto& [link, interface] : core_.interfaces) {
    if (interface->neighbors.empty() || !interface->is_running() || !core_.floods_on(ref.domain, *interface))
      continue;
    bool listed = false;
    for (auto& [id, neighbor] : interface->neighbors) listed |= flood_to(*interface, *neighbor, flooded);
    if (listed) outbox_.queue_update(*interface, ref);  // steps 2 to 5
  }
}

// Section 13.3 step 1 for one neighbour: true when the LSA went on its retransmission list.
bool Flooding::flood_to(Interface& interface, Neighbor& neighbor, const Flooded& flooded) {
  if (neighbor.state < NeighborState::exchange) return false;  // 1a
  if (neighbor.state != NeighborState::full) {                 // 1b
    if (const LsaHeader* wanted = neighbor.requests.find(flooded.key)) {
      const auto order = compare_recency(flooded.instance, *wanted);
      if (order < 0) return false;
      neighbor.requests.erase(flooded.key);
      shrunk_.emplace_back(interface.config.link, neighbor.router_id);
      if (order == 0) return false;
    }
  }
  if (&neighbor == flooded.from) return false;                       // 1c
  if (!neighbor.dd_options.has_all(flooded.required)) return false;  // RFC 5250 section 3
  add_retransmission(neighbor, flooded.ref);                         // 1d
  return true;
}

void Flooding::add_retransmission(Neighbor& neighbor, LsaRef ref) {
  if (neighbor.retransmissions.add(ref)) ++core_.entry(ref).retransmitters;
}

// Section 13.7. What was sent once and is acknowledged now tells how long that takes, and that what was sent
// before it should have come too.
void Flooding::receive_acknowledgment(Interface& interface, Neighbor& neighbor,
                                      const LinkStateAcknowledgment& acknowledgment) {
  std::optional<Instant> first, last;
  for (const auto& header : acknowledgment.headers) {
    const auto scope = scope_of(header.key.type);
    LsaRef ref{0, Lsdb::kNone};
    if (scope != FloodingScope::unknown) {
      ref.domain = core_.domain_of(scope, interface);
      ref.slot = core_.domain(ref.domain).lsdb.find(header.key);
    }
    const bool is_awaited = ref.slot != Lsdb::kNone && neighbor.retransmissions.contains(ref) &&
                            compare_recency(header, core_.entry(ref).instance(core_.now)) == 0;
    if (!is_awaited) {
      core_.drop(interface, DropReason::lsa_not_awaited, neighbor.address,
                 core_.version.wire_type(header.key.type));
      continue;
    }
    const auto entry = acknowledged(interface, neighbor, ref);
    // A flush that is news to nobody is acknowledged at once, before what came earlier.
    if (entry->times_sent != 1 || entry->in_flight == 0 || header.is_maxage()) continue;
    first = std::min(first.value_or(entry->sent), entry->sent);
    last = std::max(last.value_or(entry->sent), entry->sent);
  }
  if (!first) return;
  // One at a time: the packets that a neighbour's clock sends together are one measurement.
  if (*first >= neighbor.ack_measured_at) {
    neighbor.ack_time.measured(core_.now - *first);
    neighbor.ack_measured_at = core_.now;
  }
  neighbor.window.took(core_.now - *last);
  neighbor.acked_up_to = std::max(neighbor.acked_up_to, *last);
  outbox_.watch_overtaken(neighbor);
}

auto Flooding::acknowledged(Interface& interface, Neighbor& neighbor, LsaRef ref)
    -> std::optional<RetransmissionList::Entry> {
  const auto entry = neighbor.retransmissions.erase(ref);
  if (!entry) return entry;
  if (entry->in_flight > 0) neighbor.window.acknowledged(entry->in_flight, entry->sent, core_.now);
  outbox_.taken_off(interface, neighbor);
  --core_.entry(ref).retransmitters;
  released(ref);
  return entry;
}

void Flooding::forget(Neighbor& neighbor) {
  for (const LsaRef ref : neighbor.retransmissions.take_all()) {
    --core_.entry(ref).retransmitters;
    released(ref);
  }
  outbox_.taken_off(*core_.interfaces.at(neighbor.link), neighbor);
}

/// Takes an instance off every retransmission list (section 13 step 5c).
void Flooding::unlist(LsaRef ref) {
  auto& entry = core_.entry(ref);
  if (entry.retransmitters == 0) return;
  for (auto& [link, interface] : core_.interfaces) {
    for (auto& [id, neighbor] : interface->neighbors) {
      const auto listed = neighbor->retransmissions.erase(ref);
      if (!listed) continue;
      neighbor->window.gone(listed->in_flight);
      outbox_.taken_off(*interface, *neighbor);
    }
  }
  entry.retransmitters = 0;
}

void Flooding::repeat_due(LsaRef ref) {
  bool any = false;
  for (auto& [link, interface] : core_.interfaces) {
    bool awaited = false;
    for (auto& [id, neighbor] : interface->neighbors) {
      auto* entry = neighbor->retransmissions.find(ref);
      if (entry == nullptr) continue;
      neighbor->window.gone(std::exchange(entry->in_flight, 0));
      awaited = true;
    }
    if (awaited) outbox_.queue_update(*interface, ref);
    any |= awaited;
  }
  // Of several predecessors it may have been the last that a strict neighbour took.
  const Instant again = core_.entry(ref).installed + kOriginationSpacing;
  if (any && core_.now < again) core_.timers.arm({TimerKind::lsa_repeat, ref.domain, ref.slot}, again);
}

bool Flooding::has_unacknowledged() const {
  for (const auto& [link, interface] : core_.interfaces)
    for (const auto& [id, neighbor] : interface->neighbors)
      if (neighbor->state == NeighborState::full && !neighbor->retransmissions.empty()) return true;
  return false;
}

std::vector<std::pair<LinkId, RouterId>> Flooding::take_shrunk() {
  auto shrunk = std::exchange(shrunk_, {});
  shrunk.erase(std::unique(shrunk.begin(), shrunk.end()), shrunk.end());
  return shrunk;
}

bool Flooding::has_more_to_do() const {
  const bool may_remove = core_.exchanging == 0 && (!ready_.empty() || exchanges_were_on_);
  return may_remove || !shrunk_.empty() || outbox_.has_due();
}

void Flooding::end_turn() {
  flush_memory_.purge(core_.now);
  answered_.purge(core_.now);
}

}  // namespace wgospf::ospf
