#pragma once
// Names of the neighbour and interface state machines (RFC 2328 sections 9.1, 9.2, 10.1, 10.2).

#include <cstdint>
#include <string_view>

namespace wgospf::ospf {

enum class NeighborState : std::uint8_t { down, attempt, init, two_way, ex_start, exchange, loading, full };

enum class NeighborEvent : std::uint8_t {
  hello_received,
  start,
  two_way_received,
  negotiation_done,
  exchange_done,
  bad_ls_request,
  loading_done,
  adj_ok,
  seq_number_mismatch,
  one_way_received,
  kill_nbr,
  inactivity_timer,
  ll_down,
  exchange_stalled,  ///< none of RFC 2328's: what the neighbour described does not come
};

enum class InterfaceState : std::uint8_t { down, loopback, waiting, point_to_point, dr_other, backup, dr };

/// Why an interface changed its state: what stands behind InterfaceUp, LoopInd and InterfaceDown.
enum class InterfaceReason : std::uint8_t {
  link_up,
  link_down,
  address_present,
  no_address,  ///< none of its own to send from, and none to borrow
  socket_open,
  no_socket,  ///< the driver cannot send or receive on it
  configured,
  reconfigured,  ///< its device, area, type, peer or passivity
  removed,       ///< from the configuration
};

/// RFC 9129 names: "down", "attempt", "init", "2-way", "exstart", "exchange", "loading", "full".
[[nodiscard]] std::string_view to_string(NeighborState state);
/// RFC 2328 names: "HelloReceived", "2-WayReceived", ..., and "ExchangeStalled".
[[nodiscard]] std::string_view to_string(NeighborEvent event);
/// RFC 9129 names: "down", "loopback", "waiting", "point-to-point", "dr-other", "bdr", "dr".
[[nodiscard]] std::string_view to_string(InterfaceState state);
/// "link up", "link down", "address present", "no address", "socket open", "no socket", "configured",
/// "configuration changed", "removed from the configuration".
[[nodiscard]] std::string_view to_string(InterfaceReason reason);

}  // namespace wgospf::ospf
