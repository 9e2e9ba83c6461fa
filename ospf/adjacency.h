#pragma once
// Interfaces and adjacencies (RFC 2328 sections 9, 10): hellos, the neighbour state machine's actions,
// database exchange and requests. The decisions stand in neighbor_fsm.h; this carries them out, and it is the
// only writer of neighbour and interface states. By section: interfaces.cpp (9.3), hello.cpp (9.5, 10.5),
// neighbors.cpp (10.3), database_description.cpp (10.6, 10.8), link_state_request.cpp (10.7, 10.9).
//
// Deliberate choices: a hello goes out at once when an interface comes up and (rate-limited) to a neighbour
// that is not yet 2-Way; on a point-to-point link a hello from a new router id ends the former neighbour as
// soon as that is not heard any more (packet_admission.h); the Database summary list is a walk over the databases,
// not a copy.

#include "ospf/core.h"
#include "ospf/flooding.h"

namespace wgospf::ospf {

class Adjacency {
 public:
  Adjacency(Core& core, Outbox& outbox, Flooding& flooding)
      : core_(core), outbox_(outbox), flooding_(flooding) {}

  // Section 10.5 to 10.7; the packet has passed section 8.2.
  void receive_hello(Interface& interface, const PacketHeader& header, const Hello& hello,
                     const IpAddress& source);
  void receive_dd(Interface& interface, Neighbor& neighbor, const DatabaseDescription& dd);
  void receive_request(Interface& interface, Neighbor& neighbor, const LinkStateRequest& request);

  /// Begins the exchange anew with those whose LSAs were left out of a full database.
  void exchange_what_was_left_out();

  /// Runs the neighbour state machine. After kill_nbr, ll_down and inactivity_timer the neighbour is gone.
  void neighbor_event(Neighbor& neighbor, NeighborEvent event);
  /// The request lists of these became shorter: asks for more, or LoadingDone.
  void ask_for_more(NeighborSet shrunk);

  /// The device came up, went down or changed, and all its links with it.
  void device_changed(DeviceId id, DeviceStatus status);
  /// What that means for one of its links; the device was as in `former` before. `why_up`: if that is not why
  /// the interface comes up.
  void follow_device(Interface& interface, const DeviceStatus& former,
                     std::optional<InterfaceReason> why_up = std::nullopt);
  /// The peer behind the link is awake.
  void peer_woken(Interface& interface);
  /// Takes the interface down and ends its neighbours.
  void bring_down(Interface& interface, InterfaceReason reason);
  void bring_up(Interface& interface, InterfaceReason reason);

  /// Somebody beside the protocol knows that the neighbour is gone.
  void neighbor_lost(Interface& interface, Neighbor& neighbor, const DownReason& reason);
  /// Somebody beside the protocol knows that the one neighbour of the interface is there.
  void neighbor_heard(Interface& interface);
  /// A neighbour that the configuration does not admit any more.
  void end_neighbor(Interface& interface, Neighbor& neighbor);

  /// Goes on with exchanges that waited for room on the request lists.
  void resume_exchanges();

  // Timers.
  void hello_due(Interface& interface);
  void dd_retransmit_due(Interface& interface, Neighbor& neighbor);
  void own_lsas_due(Interface& interface, Neighbor& neighbor);
  void request_retransmit_due(Interface& interface, Neighbor& neighbor);
  void exchange_patience_due(Interface& interface, Neighbor& neighbor);

  enum class ListNeighbors : bool { no, yes };
  void send_hello(Interface& interface, ListNeighbors list = ListNeighbors::yes);

 private:
  [[nodiscard]] std::optional<DecodeError> refuse_hello(const Interface& interface, RouterId id,
                                                        const Hello& hello, const IpAddress& source) const;
  void note_peer_hello(Interface& interface);
  void arm_hello(Interface& interface);
  void note_hello(Interface& interface, Neighbor& neighbor, const Hello& hello, const IpAddress& source);
  Neighbor& learn_neighbor(Interface& interface, RouterId id);
  void set_neighbor_state(Interface& interface, Neighbor& neighbor, NeighborState next, NeighborEvent reason);
  void set_interface_state(Interface& interface, InterfaceState next, InterfaceReason reason);
  void send_triggered_hello(Interface& interface);
  void start_exchange_start(Interface& interface, Neighbor& neighbor, NeighborEvent reason);
  void start_exchange(Interface& interface, Neighbor& neighbor);
  bool negotiate(Interface& interface, Neighbor& neighbor, const DatabaseDescription& dd);
  void accept_dd(Interface& interface, Neighbor& neighbor, const DatabaseDescription& dd);
  [[nodiscard]] bool has_request_room(const Neighbor& neighbor, std::size_t headers) const;
  bool note_headers(Interface& interface, Neighbor& neighbor, const DatabaseDescription& dd);
  [[nodiscard]] static Exchange::Pause pause_after(NeighborEvent reason, const Interface& interface,
                                                   const Neighbor& neighbor, Instant now);
  [[nodiscard]] static Duration length_of_pause(const Interface& interface, const Neighbor& neighbor);
  [[nodiscard]] static Instant patience_ends(const Interface& interface, const Neighbor& neighbor);
  void arm_dd_retransmit(Interface& interface, Neighbor& neighbor);
  void repeat_last_dd(Interface& interface, Neighbor& neighbor);
  void send_next_dd(Interface& interface, Neighbor& neighbor);
  enum class Send : bool { later, now };
  void send_dd(Interface& interface, Neighbor& neighbor, DatabaseDescription dd, Send when = Send::now);
  void send_opening_dd(Interface& interface, Neighbor& neighbor);
  [[nodiscard]] static std::uint16_t mtu_to_tell(const Interface& interface, const Neighbor& neighbor);
  bool take_mtu(Interface& interface, Neighbor& neighbor, std::uint16_t told);
  static void note_opening(const Interface& interface, Neighbor& neighbor, std::uint32_t sequence_number);
  std::vector<LsaHeader> take_summary(Interface& interface, Neighbor& neighbor, std::size_t limit);
  std::optional<LsaRef> next_summary(Interface& interface, Neighbor& neighbor);
  void requests_shrunk(Interface& interface, Neighbor& neighbor);
  void send_request(Interface& interface, Neighbor& neighbor, Neighbor::SentOnce once);
  void arm_request_retransmit(Interface& interface, Neighbor& neighbor);

  Core& core_;
  Outbox& outbox_;
  Flooding& flooding_;
};

}  // namespace wgospf::ospf
