// The pace of flooding.h: what leaves a link's update queue, what is lost and goes into it again.

#include <algorithm>
#include <utility>

#include "ospf/flooding.h"
#include "ospf/update_packer.h"

namespace wgospf::ospf {

/// What was sent before something that is acknowledged is lost, unless its acknowledgement is about to come.
void Flooding::watch_overtaken(Neighbor& neighbor) {
  const auto oldest = neighbor.retransmissions.oldest();
  if (!oldest || oldest->at >= neighbor.acked_up_to || neighbor.overtaken_up_to > oldest->at) return;
  neighbor.overtaken_up_to = neighbor.acked_up_to;
  core_.timers.arm_no_later(neighbor.timer(TimerKind::update_retransmit),
                            core_.now + std::max(kOvertakenDelay, 2 * neighbor.ack_time.variation()));
}

// Section 13.6: what was not acknowledged for a few round trips, at most RxmtInterval, is sent again, and
// later each time.
void Flooding::retransmit_due(Interface& interface, Neighbor& neighbor) {
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
void Flooding::requeue(Interface& interface, RetransmissionList& list, const std::vector<LsaRef>& lost) {
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
bool Flooding::declare_lost(Neighbor& neighbor, LsaRef ref) {
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

void Flooding::arm_retransmit(Interface& interface, Neighbor& neighbor) {
  const TimerKey timer = neighbor.timer(TimerKind::update_retransmit);
  std::optional<Instant> next;
  if (const auto oldest = neighbor.retransmissions.oldest())  // what was sent again is late no sooner
    next = oldest->at + neighbor.ack_time.timeout(seconds{interface.config.retransmit_interval});
  if (const auto again = neighbor.retransmissions.next_again())
    next = std::min(next.value_or(again->at), again->at);
  if (next) core_.timers.arm(timer, std::max(*next, core_.now));
}

/// What becomes of the next LSA of a link's queue.
auto Flooding::turn_of(Interface& interface, LsaRef ref) -> Turn {
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
void Flooding::note_sent(Interface& interface, LsaRef ref) {
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

void Flooding::send_updates(Interface& interface) {
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
void Flooding::wait_for_slow(Interface& interface) {
  for (auto& [id, neighbor] : interface.neighbors) {
    if (neighbor->retransmissions.empty() || !neighbor->window.is_blind()) continue;
    neighbor->window.time_passed(core_.now);
    core_.timers.arm(interface.timer(TimerKind::flood_pace), core_.now + kFloodBurstInterval);
  }
}

}  // namespace wgospf::ospf
