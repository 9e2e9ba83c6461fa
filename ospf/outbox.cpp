// Updates and their pace (RFC 2328 section 13.3 step 5, RFC 4222).

#include "ospf/outbox.h"

#include <algorithm>
#include <utility>

namespace wgospf::ospf {

void Outbox::queue_again(Interface& interface, FloodLog::Record record) {
  interface.updates.again.push_back(record);
  mark_due(interface);
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
  if (behind_ == 0) {
    core_.flood_log.all_sent();
    if (core_.flood_log.is_shrinkable()) shrink_log();
    return;
  }
  if (!core_.flood_log.is_compactible()) return;
  const auto kept = core_.flood_log.compact();
  const auto moved = [&](FloodLog::Position position) {
    const auto at = std::lower_bound(kept.begin(), kept.end(), position);
    return core_.flood_log.begin() + static_cast<FloodLog::Position>(at - kept.begin());
  };
  for (auto& [link, interface] : core_.interfaces) interface->updates.next = moved(interface->updates.next);
  flooded_up_to_ = core_.flood_log.end();
}

/// Whoever knows records by their numbers has the new ones. What stands in a queue and is gone is gone from it.
void Outbox::shrink_log() {
  const std::vector<FloodLog::Record> kept = core_.flood_log.shrink();
  const auto moved = [&kept](FloodLog::Record record) {
    const auto at = std::lower_bound(kept.begin(), kept.end(), record);
    const bool is_kept = at != kept.end() && *at == record;
    return is_kept ? static_cast<FloodLog::Record>(at - kept.begin()) : FloodLog::kNone;
  };
  for (auto& [link, interface] : core_.interfaces) {
    for (auto* queue : {&interface->updates.again, &interface->updates.stubborn}) {
      for (FloodLog::Record& record : *queue) record = moved(record);
      std::erase(*queue, FloodLog::kNone);
    }
    for (auto& [id, neighbor] : interface->neighbors) neighbor->sent.renumber(moved);
  }
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

}  // namespace wgospf::ospf
