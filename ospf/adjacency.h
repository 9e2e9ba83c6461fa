#pragma once
// Interfaces and adjacencies (RFC 2328 sections 9, 10): hellos, the neighbour state machine's actions,
// database exchange and requests. The decisions stand in neighbor_fsm.h; this carries them out, and it is the
// only writer of neighbour and interface states.
//
// Deliberate choices: a hello goes out at once when an interface comes up and (rate-limited) to a neighbour
// that is not yet 2-Way; on a point-to-point link a hello from a new router id ends the former neighbour as
// soon as that is not heard any more (admission.h); the Database summary list is a walk over the databases,
// not a copy.

#include "ospf/core.h"
#include "ospf/flooding.h"

namespace wgospf::ospf {

/// What adjacencies tell the other parts.
template <class V>
class AdjacencyHooks {
 public:
  /// A neighbour became or ceased to be Full or has another address, or an interface changed: links of the
  /// router-LSA and next hops may differ.
  virtual void topology_changed(AreaId area) = 0;

 protected:
  ~AdjacencyHooks() = default;
};

template <class V>
class Adjacency {
 public:
  Adjacency(Core<V>& core, Flooding<V>& flooding, AdjacencyHooks<V>& hooks)
      : core_(core), flooding_(flooding), hooks_(hooks) {}

  // Section 10.5 to 10.7; the packet has passed section 8.2.
  void receive_hello(Interface<V>& interface, const typename V::PacketHeader& header, const Hello<V>& hello,
                     typename V::Address source);
  void receive_dd(Interface<V>& interface, Neighbor<V>& neighbor, const DatabaseDescription<V>& dd);
  void receive_request(Interface<V>& interface, Neighbor<V>& neighbor, const LinkStateRequest<V>& request);

  /// Begins the exchange anew with those whose LSAs were left out of a full database.
  void exchange_what_was_left_out();

  /// Runs the neighbour state machine. After kill_nbr, ll_down and inactivity_timer the neighbour is gone.
  void neighbor_event(Neighbor<V>& neighbor, NeighborEvent event);
  /// LSAs came in: ask for more, or LoadingDone.
  void requests_shrunk(Interface<V>& interface, Neighbor<V>& neighbor);

  /// The link came up, went down or changed. `why_up`: if that is not why the interface comes up.
  void link_changed(Interface<V>& interface, LinkStatus<V> status,
                    std::optional<InterfaceReason> why_up = std::nullopt);
  /// Takes the interface down and ends its neighbours.
  void bring_down(Interface<V>& interface, InterfaceReason reason);
  void bring_up(Interface<V>& interface, InterfaceReason reason);

  /// Goes on with exchanges that waited for room on the request lists.
  void resume_exchanges();

  // Timers.
  void hello_due(Interface<V>& interface);
  void dd_retransmit_due(Interface<V>& interface, Neighbor<V>& neighbor);
  void own_lsas_due(Interface<V>& interface, Neighbor<V>& neighbor);
  void request_retransmit_due(Interface<V>& interface, Neighbor<V>& neighbor);

  /// Remembers who sent a hello to the group that was refused.
  void remember_refused(Interface<V>& interface, RouterId router_id, typename V::Address source,
                        DecodeError refusal);

  enum class ListNeighbors : bool { no, yes };
  void send_hello(Interface<V>& interface, ListNeighbors list = ListNeighbors::yes);

 private:
  [[nodiscard]] std::optional<DecodeError> refuse_hello(const Interface<V>& interface, RouterId id,
                                                        const Hello<V>& hello,
                                                        typename V::Address source) const;
  void note_hello(Interface<V>& interface, Neighbor<V>& neighbor, const Hello<V>& hello,
                  typename V::Address source);
  Neighbor<V>& learn_neighbor(Interface<V>& interface, RouterId id);
  void set_neighbor_state(Interface<V>& interface, Neighbor<V>& neighbor, NeighborState next,
                          NeighborEvent reason);
  void set_interface_state(Interface<V>& interface, InterfaceState next, InterfaceReason reason);
  void send_triggered_hello(Interface<V>& interface);
  void start_exchange_start(Interface<V>& interface, Neighbor<V>& neighbor, NeighborEvent reason);
  void start_exchange(Interface<V>& interface, Neighbor<V>& neighbor);
  bool negotiate(Interface<V>& interface, Neighbor<V>& neighbor, const DatabaseDescription<V>& dd);
  void accept_dd(Interface<V>& interface, Neighbor<V>& neighbor, const DatabaseDescription<V>& dd);
  [[nodiscard]] bool has_request_room(const Neighbor<V>& neighbor, std::size_t headers) const;
  bool note_headers(Interface<V>& interface, Neighbor<V>& neighbor, const DatabaseDescription<V>& dd);
  void arm_dd_retransmit(Interface<V>& interface, Neighbor<V>& neighbor);
  void repeat_last_dd(Interface<V>& interface, Neighbor<V>& neighbor);
  void send_next_dd(Interface<V>& interface, Neighbor<V>& neighbor);
  enum class Send : bool { later, now };
  void send_dd(Interface<V>& interface, Neighbor<V>& neighbor, DatabaseDescription<V> dd,
               Send when = Send::now);
  std::vector<LsaHeader<V>> take_summary(Interface<V>& interface, Neighbor<V>& neighbor, std::size_t limit);
  std::optional<LsaRef> next_summary(Interface<V>& interface, Neighbor<V>& neighbor);
  void send_request(Interface<V>& interface, Neighbor<V>& neighbor);
  void arm_request_retransmit(Interface<V>& interface, Neighbor<V>& neighbor);

  Core<V>& core_;
  Flooding<V>& flooding_;
  AdjacencyHooks<V>& hooks_;
};

}  // namespace wgospf::ospf
