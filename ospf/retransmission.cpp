// What is sent again (RFC 2328 section 13.6), and when it is taken for lost.

#include <algorithm>
#include <utility>

#include "ospf/outbox.h"

namespace wgospf::ospf {

void Outbox::send_again(Neighbor& neighbor, FloodLog::Record record) {
  neighbor.window.gone(neighbor.sent.wait(record));
  if (core_.flood_log.wait_again(record, neighbor.id)) queue_again(neighbor.interface, record);
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
    if (oldest->sent < neighbor.overtaken_up_to) {
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

/// After so much was sent.
void Outbox::arm_first_lost(Interface& interface) {
  for (auto& [id, neighbor] : interface.neighbors)
    if (const auto lost_at = neighbor->sent.take_first_lost())
      core_.timers.arm_no_later(neighbor->timer(TimerKind::update_retransmit), *lost_at);
}

void Outbox::taken_off(Neighbor& neighbor) {
  if (core_.flood_log.owed(neighbor.id) == 0) {
    core_.timers.cancel(neighbor.timer(TimerKind::update_retransmit));
    neighbor.window.at_rest();
  }
  if (!neighbor.interface.updates.empty()) mark_due(neighbor.interface);
}

}  // namespace wgospf::ospf
