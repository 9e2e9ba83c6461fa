// Acknowledgements (RFC 2328 section 13.5), updates and their pace (13.3 step 5, RFC 4222), and what is sent again
// (13.6).

#include "ospf/outbox.h"

#include <algorithm>
#include <utility>

namespace wgospf::ospf {

void Outbox::queue_again(Interface& interface, FloodLog::Record record) {
  interface.updates.again.push_back(record);
  mark_due(interface);
}

void Outbox::send_again(Neighbor& neighbor, FloodLog::Record record) {
  neighbor.window.gone(neighbor.sent.wait(record));
  if (core_.flood_log.wait_again(record, neighbor.id)) queue_again(neighbor.interface, record);
}

void Outbox::clear_updates(Interface& interface) {
  if (interface.updates.is_behind) --behind_;
  interface.updates = {};
}

void Outbox::send_directly(Interface& interface, const std::vector<LsaRef>& refs) {
  EncodedUpdates encoded;
  UpdatePacker packer(core_, interface, encoded);
  for (const LsaRef ref : refs) packer.add(ref);
  packer.send();
}

void Outbox::queue_ack(Interface& interface, const LsaHeader& header) {
  interface.direct_acks.push_back(header);
  mark_due(interface);
}

void Outbox::mark_due(Interface& interface) {
  if (!std::exchange(interface.is_due, true)) due_.push_back(interface.config.link);
}

/// Links of neighbours to which LSAs were flooded since the last call send the log from there on.
void Outbox::mark_flooded() {
  core_.flood_log.take_flooded().for_each([this](NeighborId id) {
    Interface& interface = core_.neighbors[id].interface;
    if (!std::exchange(interface.updates.is_behind, true)) {
      interface.updates.next = flooded_up_to_;
      ++behind_;
    }
    mark_due(interface);
  });
  flooded_up_to_ = core_.flood_log.end();
}

/// While windows are full each further instance of an LSA is one more entry of the log: what stands twice, or
/// is awaited by nobody, goes when half of the log may be such.
void Outbox::compact_log() {
  if (behind_ == 0) return core_.flood_log.all_sent();
  if (!core_.flood_log.is_compactible()) return;
  const auto kept = core_.flood_log.compact();
  const auto moved = [&](FloodLog::Position position) {
    const auto at = std::lower_bound(kept.begin(), kept.end(), position);
    return core_.flood_log.begin() + static_cast<FloodLog::Position>(at - kept.begin());
  };
  for (auto& [link, interface] : core_.interfaces) interface->updates.next = moved(interface->updates.next);
  flooded_up_to_ = core_.flood_log.end();
}

void Outbox::send_due() {
  mark_flooded();
  auto due = std::exchange(due_, {});
  std::sort(due.begin(), due.end());
  for (const LinkId link : due) {
    const auto it = core_.interfaces.find(link);
    if (it == core_.interfaces.end()) continue;
    Interface& interface = *it->second;
    interface.is_due = false;
    if (!interface.direct_acks.empty()) send_acks(interface, interface.direct_acks);
    if (interface.delayed_acks.size() >= acks_per_packet(interface)) send_full_acks(interface);
    if (!interface.updates.empty() && !core_.timers.is_armed(interface.timer(TimerKind::flood_pace)))
      send_updates(interface);
  }
  encoded_.clear();
  compact_log();
}

void Outbox::delayed_acks_due(Interface& interface) {
  send_acks(interface, interface.delayed_acks);
}

std::size_t Outbox::acks_per_packet(const Interface& interface) const {
  return (core_.packet_size_max(interface) - core_.version.sizes.packet_header) / kLsaHeaderSize;
}

/// Acknowledgements wait for company (section 13.5): those of full packets have it. The sender's pace is that
/// of what we acknowledge.
void Outbox::send_full_acks(Interface& interface) {
  auto& waiting = interface.delayed_acks;
  const std::size_t rest = waiting.size() % acks_per_packet(interface);
  std::vector<LsaHeader> later(waiting.end() - static_cast<std::ptrdiff_t>(rest), waiting.end());
  waiting.resize(waiting.size() - rest);
  send_acks(interface, waiting);
  waiting = std::move(later);
  if (waiting.empty()) core_.timers.cancel(interface.timer(TimerKind::delayed_ack));
}

void Outbox::send_acks(Interface& interface, std::vector<LsaHeader>& headers) {
  const std::size_t most = acks_per_packet(interface);
  for (std::size_t begin = 0; begin < headers.size(); begin += most) {
    const std::size_t end = std::min(headers.size(), begin + most);
    core_.transmit_body(interface, PacketType::link_state_acknowledgment,
                        LinkStateAcknowledgment{{headers.begin() + static_cast<std::ptrdiff_t>(begin),
                                                 headers.begin() + static_cast<std::ptrdiff_t>(end)}});
  }
  if (headers.capacity() > most)  // a burst's memory is not kept
    headers = std::vector<LsaHeader>{};
  else
    headers.clear();
}

/// What was sent before something that is acknowledged is lost, unless its acknowledgement is about to come.
void Outbox::watch_overtaken(Neighbor& neighbor) {
  const auto* oldest = neighbor.sent.oldest();
  if (oldest == nullptr || oldest->sent >= neighbor.acked_up_to || neighbor.overtaken_up_to > oldest->sent)
    return;
  neighbor.overtaken_up_to = neighbor.acked_up_to;
  core_.timers.arm_no_later(neighbor.timer(TimerKind::update_retransmit),
                            core_.now + std::max(kOvertakenDelay, 2 * neighbor.ack_time.variation()));
}

// Section 13.6: what was not acknowledged for a few round trips, at most RxmtInterval, is sent again, and
// later each time.
void Outbox::retransmit_due(Interface& interface, Neighbor& neighbor) {
  auto& list = neighbor.sent;
  const Duration most = seconds{interface.config.retransmit_interval};
  const Duration timeout = neighbor.ack_time.timeout(most);
  std::vector<FloodLog::Record> lost;
  bool any_late = false;
  while (const auto* oldest = list.oldest()) {
    const FloodLog::Record record = oldest->record;
    const bool is_late = oldest->sent + timeout <= core_.now;
    if (oldest->sent < neighbor.overtaken_up_to && oldest->times_sent <= kOvertakenMost) {
      if (declare_lost(neighbor, record)) lost.push_back(record);
    } else if (!is_late) {
      break;
    } else if (oldest->times_sent > 1) {
      list.pop_oldest();  // it has its own time
    } else {
      any_late = true;
      if (declare_lost(neighbor, record)) lost.push_back(record);
    }
  }
  while (const auto next = list.next_again()) {
    if (next->at > core_.now) break;
    if (declare_lost(neighbor, next->record)) lost.push_back(next->record);
  }
  if (any_late) neighbor.ack_time.timed_out();
  core_.statistics.retransmissions += lost.size();
  requeue(interface, list, lost);
  arm_retransmit(interface, neighbor);
  watch_overtaken(neighbor);
}

/// First what was lost once; what was lost again and again, because the neighbour refuses it or because it
/// does not get through, must not stand before what does.
void Outbox::requeue(Interface& interface, const SentList& list, const std::vector<FloodLog::Record>& lost) {
  auto& queue = interface.updates;
  const auto is_stubborn = [&](FloodLog::Record record) { return list.find(record)->is_stubborn(); };
  for (auto it = lost.rbegin(); it != lost.rend(); ++it)
    if (!is_stubborn(*it)) queue.again.push_front(*it);
  for (const FloodLog::Record record : lost)
    if (is_stubborn(record)) queue.stubborn.push_back(record);
  if (!queue.empty()) mark_due(interface);
}

/// True when it is to be sent again now. An instance that a strict neighbour does not take yet (MinLSArrival)
/// has its own time.
bool Outbox::declare_lost(Neighbor& neighbor, FloodLog::Record record) {
  const auto entry = *neighbor.sent.find(record);
  const LsaRef ref = core_.flood_log.ref(record);
  if (const auto repeat = core_.timers.deadline({TimerKind::lsa_repeat, ref.domain, ref.slot})) {
    // With a time of its own, or the former deadline would still be this one's.
    neighbor.sent.send(record, entry.in_flight, core_.now,
                       std::max(*repeat, core_.now) + kOriginationSpacing);
    return false;
  }
  neighbor.window.lost(neighbor.sent.wait(record), entry.sent, core_.now);
  return core_.flood_log.wait_again(record, neighbor.id);
}

void Outbox::arm_retransmit(Interface& interface, Neighbor& neighbor) {
  (void)neighbor.sent.take_first_lost();  // all that is under way is looked at
  std::optional<Instant> next;
  if (const auto* oldest = neighbor.sent.oldest())  // what was sent again is late no sooner
    next = oldest->sent + neighbor.ack_time.timeout(seconds{interface.config.retransmit_interval});
  if (const auto again = neighbor.sent.next_again()) next = std::min(next.value_or(again->at), again->at);
  if (next) core_.timers.arm(neighbor.timer(TimerKind::update_retransmit), std::max(*next, core_.now));
}

/// The next of a link's queue; kNone at its end.
FloodLog::Record Outbox::front(UpdateQueue& queue) {
  if (!queue.again.empty()) return queue.again.front();
  if (queue.is_behind) {
    queue.next = std::max(queue.next, core_.flood_log.begin());
    if (queue.next < core_.flood_log.end()) return core_.flood_log.at(queue.next);
    queue.is_behind = false;
    --behind_;
  }
  return queue.stubborn.empty() ? FloodLog::kNone : queue.stubborn.front();
}

void Outbox::pop(UpdateQueue& queue) {
  if (!queue.again.empty()) return queue.again.pop_front();
  if (!queue.is_behind) return queue.stubborn.pop_front();
  ++queue.next;
}

/// What becomes of the next LSA of a link's queue.
auto Outbox::turn_of(Interface& interface, FloodLog::Record record) -> Turn {
  Turn turn = Turn::nobody_waits;
  for (auto& [id, neighbor] : interface.neighbors) {
    if (!core_.flood_log.waits(record, neighbor->id)) continue;
    const auto* former = neighbor->sent.find(record);
    const std::uint16_t length = core_.flood_log.length(record);
    if (neighbor->window.has_room(former == nullptr ? length : former->weight(length))) return Turn::goes;
    turn = Turn::no_room;
    neighbor->window.is_full();
  }
  return turn;
}

/// The LSA goes out of the link: to all who have not acknowledged it.
void Outbox::note_sent(Interface& interface, FloodLog::Record record) {
  const Duration most = seconds{interface.config.retransmit_interval};
  const std::uint16_t length = core_.flood_log.length(record);
  for (auto& [id, neighbor] : interface.neighbors) {
    if (!core_.flood_log.owes(record, neighbor->id)) continue;
    const auto* found = neighbor->sent.find(record);
    const SentList::Entry former = found == nullptr ? SentList::Entry{} : *found;
    const std::uint16_t bytes = former.weight(length);
    neighbor->window.gone(former.in_flight);
    neighbor->window.sent(bytes);
    neighbor->sent.send(record, bytes, core_.now,
                        core_.now + neighbor->ack_time.timeout(most, former.times_sent));
    core_.flood_log.sent(record, neighbor->id);
  }
}

/// After so much was sent.
void Outbox::arm_first_lost(Interface& interface) {
  for (auto& [id, neighbor] : interface.neighbors)
    if (const auto lost_at = neighbor->sent.take_first_lost())
      core_.timers.arm_no_later(neighbor->timer(TimerKind::update_retransmit), *lost_at);
}

void Outbox::send_updates(Interface& interface) {
  UpdatePacker packer(core_, interface, encoded_);
  auto& queue = interface.updates;
  if (core_.now - interface.last_update >= kFloodBurstInterval) interface.burst = 0;
  while (interface.burst + packer.packets() < kFloodBurstPackets) {
    const FloodLog::Record record = front(queue);
    if (record == FloodLog::kNone) break;
    const Turn turn = turn_of(interface, record);
    if (turn == Turn::no_room) {
      wait_for_slow(interface);
      break;
    }
    pop(queue);
    if (turn == Turn::nobody_waits) continue;
    packer.add(core_.flood_log.ref(record));
    note_sent(interface, record);
  }
  packer.send();
  arm_first_lost(interface);
  interface.burst += packer.packets();
  if (packer.packets() > 0) interface.last_update = core_.now;
  if (interface.burst >= kFloodBurstPackets && !queue.empty())
    core_.timers.arm(interface.timer(TimerKind::flood_pace), interface.last_update + kFloodBurstInterval);
}

/// The windows are full. Neighbours that acknowledge by a slow clock do not make the flood wait for it.
void Outbox::wait_for_slow(Interface& interface) {
  for (auto& [id, neighbor] : interface.neighbors) {
    if (core_.flood_log.owed(neighbor->id) == 0 || !neighbor->window.is_blind()) continue;
    neighbor->window.time_passed(core_.now);
    core_.timers.arm(interface.timer(TimerKind::flood_pace), core_.now + kFloodBurstInterval);
  }
}

void Outbox::taken_off(Neighbor& neighbor) {
  if (core_.flood_log.owed(neighbor.id) == 0) {
    core_.timers.cancel(neighbor.timer(TimerKind::update_retransmit));
    neighbor.window.at_rest();
  }
  if (!neighbor.interface.updates.empty()) mark_due(neighbor.interface);
}

void Outbox::delay_ack(Interface& interface, const LsaHeader& header) {
  interface.delayed_acks.push_back(header);
  if (interface.delayed_acks.size() >= acks_per_packet(interface)) mark_due(interface);
  core_.timers.arm_no_later(interface.timer(TimerKind::delayed_ack), core_.now + kDelayedAckInterval);
}

}  // namespace wgospf::ospf
