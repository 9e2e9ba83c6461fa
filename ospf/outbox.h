#pragma once
// What is sent for the database: updates (RFC 2328 section 13.3 step 5), acknowledgements (13.5), and what is
// sent again (13.6). Within one turn of the instance everything for a link is collected; send_due() packs it.
// Floods go at the pace of what is acknowledged (flood_window.h), and what is lost is repeated after a few
// round trips (round_trip.h): recorded deviations (docs/rfc-compliance.md).
//
// It writes the queues of interfaces and the windows of neighbours, and never a database.

#include <cstdint>
#include <vector>

#include "ospf/core.h"

namespace wgospf::ospf {

class Outbox {
 public:
  explicit Outbox(Core& core) : core_(core) {}

  /// Sends LSAs at once and outside the retransmission lists (answers to requests, section 13 step 8).
  void send_directly(Interface& interface, const std::vector<LsaRef>& refs);
  /// Sends an LSA with the turn's updates, if somebody on the link has not acknowledged it by then.
  void queue_update(Interface& interface, LsaRef ref);
  /// A direct acknowledgement, at the end of the turn.
  void queue_ack(Interface& interface, const LsaHeader& header);
  /// A delayed acknowledgement: it waits for company, for a while.
  void delay_ack(Interface& interface, const LsaHeader& header);

  /// The neighbour's retransmission list became shorter: others may go.
  void taken_off(Interface& interface, Neighbor& neighbor);
  /// The neighbour acknowledged something: what was sent before that is looked after.
  void watch_overtaken(Neighbor& neighbor);

  // Timers.
  void retransmit_due(Interface& interface, Neighbor& neighbor);
  void delayed_acks_due(Interface& interface);
  void flood_pace_due(Interface& interface) { mark_due(interface); }

  /// Sends what was collected.
  void send_due();
  [[nodiscard]] bool has_due() const { return !due_.empty(); }
  void measure(Footprint& footprint) const { footprint.held("flooding.interfaces-due", due_.size()); }

 private:
  void mark_due(Interface& interface);
  void compact_queue(Interface& interface);
  void requeue(Interface& interface, RetransmissionList& list, const std::vector<LsaRef>& lost);
  bool declare_lost(Neighbor& neighbor, LsaRef ref);
  void arm_retransmit(Interface& interface, Neighbor& neighbor);
  enum class Turn : std::uint8_t { nobody_waits, no_room, goes };
  [[nodiscard]] Turn turn_of(Interface& interface, LsaRef ref);
  void note_sent(Interface& interface, LsaRef ref);
  void wait_for_slow(Interface& interface);
  void send_updates(Interface& interface);
  [[nodiscard]] std::size_t acks_per_packet(const Interface& interface) const;
  void send_full_acks(Interface& interface);
  void send_acks(Interface& interface, std::vector<LsaHeader>& headers);

  Core& core_;
  std::vector<LinkId> due_;  ///< interfaces with something to send at the end of the turn
};

}  // namespace wgospf::ospf
