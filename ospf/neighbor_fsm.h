#pragma once
// The neighbour state machine (RFC 2328 section 10.3) as a pure function: (state, event, facts) -> step.
// It decides; neighbors.cpp carries the actions out. What the RFC's table has no entry for is `expected ==
// false`: counted by the caller, and nothing changes.

#include <cstdint>

#include "ospf/neighbor_state.h"

namespace wgospf::ospf {

/// What a transition depends on besides state and event.
struct NeighborFacts {
  bool adjacency_wanted = true;    ///< section 10.4; always on point-to-point links
  bool request_list_empty = true;  ///< asked at ExchangeDone
};

/// What has to be done on the way. Order of execution: top to bottom.
struct NeighborActions {
  bool restart_inactivity_timer = false;
  bool clear_lists = false;           ///< retransmission, database summary and request lists
  bool start_exchange_start = false;  ///< new DD sequence number, declare ourselves master, send the first DD
  bool start_exchange = false;        ///< the database summary begins
  bool remove = false;                ///< stop all timers; the neighbour is gone
  constexpr bool operator==(const NeighborActions&) const = default;
};

struct NeighborStep {
  NeighborState next{};
  NeighborActions actions{};
  bool expected = true;
  constexpr bool operator==(const NeighborStep&) const = default;
};

[[nodiscard]] constexpr NeighborStep neighbor_step(NeighborState state, NeighborEvent event,
                                                   NeighborFacts facts) {
  using S = NeighborState;
  using E = NeighborEvent;
  constexpr NeighborActions restart_exchange{.clear_lists = true, .start_exchange_start = true};
  const NeighborStep unexpected{state, {}, false};
  switch (event) {
    case E::hello_received:
      if (state == S::down || state == S::attempt) return {S::init, {.restart_inactivity_timer = true}};
      return {state, {.restart_inactivity_timer = true}};
    case E::start:  // NBMA only
      if (state == S::down) return {S::attempt, {.restart_inactivity_timer = true}};
      return unexpected;
    case E::two_way_received:
      if (state == S::init && facts.adjacency_wanted) return {S::ex_start, {.start_exchange_start = true}};
      if (state == S::init) return {S::two_way};
      return state >= S::two_way ? NeighborStep{state} : unexpected;
    case E::negotiation_done:
      if (state == S::ex_start) return {S::exchange, {.start_exchange = true}};
      return unexpected;
    case E::exchange_done:
      if (state == S::exchange) return {facts.request_list_empty ? S::full : S::loading};
      return unexpected;
    case E::loading_done:
      if (state == S::loading) return {S::full};
      return unexpected;
    case E::adj_ok:
      if (state == S::two_way && facts.adjacency_wanted) return {S::ex_start, {.start_exchange_start = true}};
      if (state >= S::ex_start && !facts.adjacency_wanted) return {S::two_way, {.clear_lists = true}};
      return {state};
    case E::seq_number_mismatch:
    case E::bad_ls_request:
    case E::exchange_stalled:
      if (state >= S::exchange) return {S::ex_start, restart_exchange};
      return unexpected;
    case E::one_way_received:
      if (state >= S::two_way) return {S::init, {.clear_lists = true}};
      return state == S::init ? NeighborStep{state} : unexpected;
    case E::kill_nbr:
    case E::ll_down:
    case E::inactivity_timer:
      return {S::down, {.clear_lists = true, .remove = true}};
  }
  return unexpected;
}

}  // namespace wgospf::ospf
