#pragma once
// What is sent for the database: updates (RFC 2328 section 13.3 step 5: outbox.cpp), acknowledgements (13.5:
// acknowledgments.cpp), and what is sent again (13.6: retransmission.cpp). Within one turn of the instance
// everything for a link is collected; send_due() packs it. Floods go at the pace of what is acknowledged
// (flood_window.h), and what is lost is repeated after a few round trips (round_trip.h): recorded deviations
// (docs/rfc-compliance.md).
//
// It writes the queues of interfaces; beside flooding, which takes off what is acknowledged or superseded, what
// was sent to neighbours and their windows; and never a database.

#include <cstdint>
#include <vector>

#include "ospf/core.h"
#include "ospf/update_packer.h"

namespace wgospf::ospf {

class Outbox {
 public:
  explicit Outbox(Core& core) : core_(core) {}

  /// Sends LSAs at once and outside the retransmission lists (answers to requests, section 13 step 8).
  void send_directly(Interface& interface, const std::vector<LsaRef>& refs);
  /// Sends what waits for some neighbour of the link with the turn's updates, before what is flooded.
  void queue_again(Interface& interface, FloodLog::Record record);
  /// The neighbour, which owes it, is sent it once more.
  void send_again(Neighbor& neighbor, FloodLog::Record record);
  /// The link is gone, and its neighbours.
  void clear_updates(Interface& interface);
  /// A direct acknowledgement, at the end of the turn.
  void queue_ack(Interface& interface, const LsaHeader& header);
  /// A delayed acknowledgement: it waits for company, for a while.
  void delay_ack(Interface& interface, const LsaHeader& header);

  /// The neighbour's retransmission list became shorter: others may go.
  void taken_off(Neighbor& neighbor);
  /// The neighbour acknowledged something: what was sent before that is looked after.
  void watch_overtaken(Neighbor& neighbor);

  // Timers.
  void retransmit_due(Interface& interface, Neighbor& neighbor);
  void delayed_acks_due(Interface& interface);
  void flood_pace_due(Interface& interface) { mark_due(interface); }

  /// Sends what was collected.
  void send_due();
  [[nodiscard]] bool has_due() const { return !due_.empty() || core_.flood_log.has_flooded(); }
  void measure(Footprint& footprint) const {
    footprint.held("flooding.interfaces-due", due_.size());
    encoded_.measure(footprint);
  }

 private:
  void mark_due(Interface& interface);
  void mark_flooded();
  void compact_log();
  void shrink_log();
  void requeue(Interface& interface, const SentList& list, const std::vector<FloodLog::Record>& lost);
  bool declare_lost(Neighbor& neighbor, FloodLog::Record record);
  void arm_retransmit(Interface& interface, Neighbor& neighbor);
  [[nodiscard]] FloodLog::Record front(UpdateQueue& queue);
  static void pop(UpdateQueue& queue);
  enum class Turn : std::uint8_t { nobody_waits, no_room, goes };
  [[nodiscard]] Turn turn_of(Interface& interface, FloodLog::Record record);
  void note_sent(Interface& interface, FloodLog::Record record);
  void arm_first_lost(Interface& interface);
  void wait_for_slow(Interface& interface);
  void send_updates(Interface& interface);
  [[nodiscard]] std::size_t acks_per_packet(const Interface& interface) const;
  void send_full_acks(Interface& interface);
  void send_acks(Interface& interface, std::vector<LsaHeader>& headers);

  Core& core_;
  std::vector<LinkId> due_;               ///< interfaces with something to send at the end of the turn
  FloodLog::Position flooded_up_to_ = 0;  ///< of the log, so much was marked as due
  std::size_t behind_ = 0;                ///< links that have not sent all of the log
  EncodedUpdates encoded_;
};

}  // namespace wgospf::ospf
