// Acknowledgements (RFC 2328 section 13.5), updates and their pace (13.3 step 5, RFC 4222), and what is sent again
// (13.6).

#include "ospf/outbox.h"

#include <algorithm>
#include <set>
#include <utility>

#include "ospf/update_packer.h"

namespace wgospf::ospf {

void Outbox::queue_update(Interface& interface, LsaRef ref) {
  compact_queue(interface);
  interface.update_queue.push_back(ref);
  mark_due(interface);
}

void Outbox::send_directly(Interface& interface, const std::vector<LsaRef>& refs) {
  UpdatePacker packer(core_, interface);
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

/// While windows are full each further instance of an LSA is queued once more: what stands twice, or is
/// awaited by nobody, goes when half of the queue may be such.
void Outbox::compact_queue(Interface& interface) {
  constexpr std::size_t kSmall = 64;
  auto& queue = interface.update_queue;
  if (queue.size() < kSmall) return;
  std::size_t awaited = 0;
  for (const auto& [id, neighbor] : interface.neighbors) awaited += neighbor->retransmissions.size();
  if (queue.size() < kSmall + 2 * awaited) return;
  const auto waits = [&](LsaRef ref) {
    return std::any_of(interface.neighbors.begin(), interface.neighbors.end(), [&](const auto& item) {
      const auto* entry = item.second->retransmissions.find(ref);
      return entry != nullptr && entry->in_flight == 0;
    });
  };
  std::set<LsaRef> seen;
  std::erase_if(queue, [&](LsaRef ref) { return !waits(ref) || !seen.insert(ref).second; });
}

void Outbox::send_due() {
  auto due = std::exchange(due_, {});
  std::sort(due.begin(), due.end());
  for (const LinkId link : due) {
    const auto it = core_.interfaces.find(link);
    if (it == core_.interfaces.end()) continue;
    Interface& interface = *it->second;
    interface.is_due = false;
    if (!interface.direct_acks.empty()) send_acks(interface, interface.direct_acks);
    if (interface.delayed_acks.size() >= acks_per_packet(interface)) send_full_acks(interface);
    if (!interface.update_queue.empty() && !core_.timers.is_armed(interface.timer(TimerKind::flood_pace)))
      send_updates(interface);
  }
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
    headers = {};
  else
    headers.clear();
}

/// What was sent before something that is acknowledged is lost, unless its acknowledgement is about to come.
void Outbox::watch_overtaken(Neighbor& neighbor) {
  const auto oldest = neighbor.retransmissions.oldest();
  if (!oldest || oldest->at >= neighbor.acked_up_to || neighbor.overtaken_up_to > oldest->at) return;
  neighbor.overtaken_up_to = neighbor.acked_up_to;
  core_.timers.arm_no_later(neighbor.timer(TimerKind::update_retransmit),
                            core_.now + std::max(kOvertakenDelay, 2 * neighbor.ack_time.variation()));
}

// Section 13.6: what was not acknowledged for a few round trips, at most RxmtInterval, is sent again, and
// later each time.
void Outbox::retransmit_due(Interface& interface, Neighbor& neighbor) {
  auto& list = neighbor.retransmissions;
  const Duration most = seconds{interface.config.retransmit_interval};
  const Duration timeout = neighbor.ack_time.timeout(most);
  std::vector<LsaRef> lost;
  bool any_late = false;
  while (const auto oldest = list.oldest()) {
    const bool is_late = oldest->at + timeout <= core_.now;
    const auto times_sent = list.find(oldest->ref)->times_sent;
    if (oldest->at < neighbor.overtaken_up_to && times_sent <= kOvertakenMost) {
      if (declare_lost(neighbor, oldest->ref)) lost.push_back(oldest->ref);
    } else if (!is_late) {
      break;
    } else if (times_sent > 1) {
      list.pop_oldest();  // it has its own time
    } else {
      any_late = true;
      if (declare_lost(neighbor, oldest->ref)) lost.push_back(oldest->ref);
    }
  }
  while (const auto next = list.next_again()) {
    if (next->at > core_.now) break;
    if (declare_lost(neighbor, next->ref)) lost.push_back(next->ref);
  }
  if (any_late) neighbor.ack_time.timed_out();
  core_.statistics.retransmissions += lost.size();
  requeue(interface, list, lost);
  arm_retransmit(interface, neighbor);
  watch_overtaken(neighbor);
}

/// First what was lost once; what was lost again and again, because the neighbour refuses it or because it
/// does not get through, must not stand before what does.
void Outbox::requeue(Interface& interface, RetransmissionList& list, const std::vector<LsaRef>& lost) {
  auto& queue = interface.update_queue;
  const auto is_stubborn = [&](LsaRef ref) { return list.find(ref)->is_stubborn(); };
  for (auto it = lost.rbegin(); it != lost.rend(); ++it)
    if (!is_stubborn(*it)) queue.push_front(*it);
  for (const LsaRef ref : lost)
    if (is_stubborn(ref)) queue.push_back(ref);
  if (!queue.empty()) mark_due(interface);
}

/// True when it is to be sent again now. An instance that a strict neighbour does not take yet (MinLSArrival)
/// has its own time.
bool Outbox::declare_lost(Neighbor& neighbor, LsaRef ref) {
  auto& list = neighbor.retransmissions;
  auto& entry = *list.find(ref);
  if (const auto repeat = core_.timers.deadline({TimerKind::lsa_repeat, ref.domain, ref.slot})) {
    // With a time of its own, or the former deadline would still be this one's.
    list.sent_again(ref, entry, entry.in_flight, core_.now,
                    std::max(*repeat, core_.now) + kOriginationSpacing);
    return false;
  }
  neighbor.window.lost(std::exchange(entry.in_flight, 0), entry.sent, core_.now);
  return true;
}

void Outbox::arm_retransmit(Interface& interface, Neighbor& neighbor) {
  const TimerKey timer = neighbor.timer(TimerKind::update_retransmit);
  std::optional<Instant> next;
  if (const auto oldest = neighbor.retransmissions.oldest())  // what was sent again is late no sooner
    next = oldest->at + neighbor.ack_time.timeout(seconds{interface.config.retransmit_interval});
  if (const auto again = neighbor.retransmissions.next_again())
    next = std::min(next.value_or(again->at), again->at);
  if (next) core_.timers.arm(timer, std::max(*next, core_.now));
}

/// What becomes of the next LSA of a link's queue.
auto Outbox::turn_of(Interface& interface, LsaRef ref) -> Turn {
  Turn turn = Turn::nobody_waits;
  for (auto& [id, neighbor] : interface.neighbors) {
    const auto* entry = neighbor->retransmissions.find(ref);
    if (entry == nullptr || entry->in_flight > 0) continue;
    if (neighbor->window.has_room(entry->weight(core_.entry(ref).lsa.length()))) return Turn::goes;
    turn = Turn::no_room;
    neighbor->window.is_full();
  }
  return turn;
}

/// The LSA goes out of the link: to all who have not acknowledged it.
void Outbox::note_sent(Interface& interface, LsaRef ref) {
  const std::size_t length = core_.entry(ref).lsa.length();
  const Duration most = seconds{interface.config.retransmit_interval};
  for (auto& [id, neighbor] : interface.neighbors) {
    auto* entry = neighbor->retransmissions.find(ref);
    if (entry == nullptr) continue;
    const std::uint32_t bytes = entry->weight(length);
    neighbor->window.gone(entry->in_flight);
    neighbor->window.sent(bytes);
    const Instant lost_at = core_.now + neighbor->ack_time.timeout(most, entry->times_sent);
    if (entry->times_sent == 0) {
      neighbor->retransmissions.sent_first(ref, *entry, bytes, core_.now);
    } else {
      neighbor->retransmissions.sent_again(ref, *entry, bytes, core_.now, lost_at);
    }
    core_.timers.arm_no_later(neighbor->timer(TimerKind::update_retransmit), lost_at);
  }
}

void Outbox::send_updates(Interface& interface) {
  UpdatePacker packer(core_, interface);
  auto& queue = interface.update_queue;
  const TimerKey pace = interface.timer(TimerKind::flood_pace);
  if (core_.now - interface.last_update >= kFloodBurstInterval) interface.burst = 0;
  while (!queue.empty() && interface.burst + packer.packets() < kFloodBurstPackets) {
    const LsaRef ref = queue.front();
    const Turn turn = turn_of(interface, ref);
    if (turn == Turn::no_room) {
      wait_for_slow(interface);
      break;
    }
    queue.pop_front();
    if (turn == Turn::nobody_waits) continue;
    packer.add(ref);
    note_sent(interface, ref);
  }
  packer.send();
  interface.burst += packer.packets();
  if (packer.packets() > 0) interface.last_update = core_.now;
  if (interface.burst >= kFloodBurstPackets && !queue.empty())
    core_.timers.arm(pace, interface.last_update + kFloodBurstInterval);
}

/// The windows are full. Neighbours that acknowledge by a slow clock do not make the flood wait for it.
void Outbox::wait_for_slow(Interface& interface) {
  for (auto& [id, neighbor] : interface.neighbors) {
    if (neighbor->retransmissions.empty() || !neighbor->window.is_blind()) continue;
    neighbor->window.time_passed(core_.now);
    core_.timers.arm(interface.timer(TimerKind::flood_pace), core_.now + kFloodBurstInterval);
  }
}

void Outbox::taken_off(Interface& interface, Neighbor& neighbor) {
  if (neighbor.retransmissions.empty()) {
    core_.timers.cancel(neighbor.timer(TimerKind::update_retransmit));
    neighbor.window.at_rest();
  }
  if (!interface.update_queue.empty()) mark_due(interface);
}

void Outbox::delay_ack(Interface& interface, const LsaHeader& header) {
  interface.delayed_acks.push_back(header);
  if (interface.delayed_acks.size() >= acks_per_packet(interface)) mark_due(interface);
  core_.timers.arm_no_later(interface.timer(TimerKind::delayed_ack), core_.now + kDelayedAckInterval);
}

}  // namespace wgospf::ospf
