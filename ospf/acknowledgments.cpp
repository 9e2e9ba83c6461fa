// Acknowledgements: sent (RFC 2328 section 13.5), and received (section 13.7).

#include <algorithm>
#include <optional>
#include <utility>

#include "ospf/flooding.h"
#include "ospf/recency.h"

namespace wgospf::ospf {

// ---- Section 13.5: sent ----

void Outbox::queue_ack(Interface& interface, const LsaHeader& header) {
  interface.direct_acks.push_back(header);
  mark_due(interface);
}

void Outbox::delay_ack(Interface& interface, const LsaHeader& header) {
  interface.delayed_acks.push_back(header);
  if (interface.delayed_acks.size() >= acks_per_packet(interface)) mark_due(interface);
  if (interface.delayed_acks.size() == 1)  // those that follow go with it
    core_.timers.arm_no_later(interface.timer(TimerKind::delayed_ack), core_.now + kDelayedAckInterval);
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

// ---- Section 13.7: received ----

// Section 13.7. What was sent once and is acknowledged now tells how long that takes, and that what was sent
// before it should have come too.
void Flooding::receive_acknowledgment(Interface& interface, Neighbor& neighbor,
                                      const LinkStateAcknowledgment& acknowledgment) {
  std::optional<Instant> first, last;
  for (const auto& header : acknowledgment.headers) {
    const LsaRef ref = core_.find_lsa(header.key, interface);
    const bool is_awaited = ref.slot != Lsdb::kNone &&
                            core_.flood_log.owes(core_.flood_log.find(ref), neighbor.id) &&
                            compare_recency(header, core_.entry(ref).instance(core_.now)) == 0;
    if (!is_awaited) {
      core_.drop(interface, DropReason::lsa_not_awaited, neighbor.address,
                 core_.version.wire_type(header.key.type));
      continue;
    }
    const auto entry = acknowledged(neighbor, ref);
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

/// The neighbour has the present instance. What it was sent of it; nothing when it did not owe it.
std::optional<SentList::Entry> Flooding::acknowledged(Neighbor& neighbor, LsaRef ref) {
  const FloodLog::Record record = core_.flood_log.find(ref);
  if (!core_.flood_log.owes(record, neighbor.id)) return std::nullopt;
  const SentList::Entry entry = neighbor.sent.erase(record);
  if (entry.in_flight > 0) neighbor.window.acknowledged(entry.in_flight, entry.sent, core_.now);
  const bool is_last = core_.flood_log.acknowledged(record, neighbor.id);
  outbox_.taken_off(neighbor);
  if (is_last) released(ref);
  return entry;
}

}  // namespace wgospf::ospf
