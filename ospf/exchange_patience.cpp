// Exchanges that do not go on (a deviation from RFC 2328 sections 10.8 and 10.9, which repeat for ever). While a
// neighbour is in Exchange or Loading no MaxAge LSA leaves the database (section 14), of whatever router. So one
// that never sends what it described, or does not go on to describe, is sent back to ExStart after a while, and
// begins anew after a pause that becomes longer each time.

#include <algorithm>

#include "ospf/adjacency.h"

namespace wgospf::ospf {

Instant Adjacency::patience_ends(const Interface& interface, const Neighbor& neighbor) {
  const Duration patience = kExchangePatience * Duration{seconds{interface.config.retransmit_interval}};
  return std::min(neighbor.exchange.progress_at + patience, neighbor.exchange.since + kExchangeMost);
}

/// What several neighbours described is asked of one at a time: one that was hardly asked is not to blame. Nor is
/// one whose description waits for room on the request lists that others fill.
[[nodiscard]] bool is_to_blame(const Neighbor& neighbor, Instant now) {
  if (now >= neighbor.exchange.since + kExchangeMost) return true;
  const bool is_awaited = neighbor.state == NeighborState::exchange && !neighbor.exchange.waiting_dd;
  return is_awaited || neighbor.exchange.asked_in_vain >= kAskedInVainMost;
}

void Adjacency::exchange_patience_due(Interface& interface, Neighbor& neighbor) {
  if (!neighbor.exchanging()) return;
  const Instant ends = patience_ends(interface, neighbor);
  if (core_.now < ends || !is_to_blame(neighbor, core_.now)) {
    const Instant look_again = core_.now + seconds{interface.config.retransmit_interval};
    return core_.timers.arm(neighbor.timer(TimerKind::exchange_patience), std::max(ends, look_again));
  }
  core_.drop(interface, DropReason::exchange_stalled, neighbor.address,
             static_cast<std::uint32_t>(neighbor.requests.size()));
  ++neighbor.exchange.stalls;
  neighbor_event(neighbor, NeighborEvent::exchange_stalled);
}

/// SeqNumberMismatch and BadLSReq begin the exchange anew, at once. Another within RxmtInterval waits for the
/// retransmission timer: a peer that breaks every exchange would be answered at the speed of the link for
/// ever.
Exchange::Pause Adjacency::pause_after(NeighborEvent reason, const Interface& interface,
                                       const Neighbor& neighbor, Instant now) {
  if (reason == NeighborEvent::exchange_stalled) return Exchange::Pause::stalled;
  const bool is_soon = neighbor.exchange.last_restart &&
                       now < *neighbor.exchange.last_restart + seconds{interface.config.retransmit_interval};
  return is_soon ? Exchange::Pause::restarted : Exchange::Pause::none;
}

Duration Adjacency::length_of_pause(const Interface& interface, const Neighbor& neighbor) {
  const Duration interval = seconds{interface.config.retransmit_interval};
  if (neighbor.exchange.pause != Exchange::Pause::stalled) return interval;
  constexpr unsigned kDoubledMost = 10;
  return std::min(kStallPauseMost, interval * (1 << std::min(neighbor.exchange.stalls - 1, kDoubledMost)));
}

}  // namespace wgospf::ospf
