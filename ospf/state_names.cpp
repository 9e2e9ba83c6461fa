#include "ospf/neighbor_state.h"

namespace wgospf::ospf {

std::string_view to_string(NeighborState state) {
  switch (state) {
    case NeighborState::down:
      return "down";
    case NeighborState::attempt:
      return "attempt";
    case NeighborState::init:
      return "init";
    case NeighborState::two_way:
      return "2-way";
    case NeighborState::ex_start:
      return "exstart";
    case NeighborState::exchange:
      return "exchange";
    case NeighborState::loading:
      return "loading";
    case NeighborState::full:
      return "full";
  }
  return "unknown";
}

std::string_view to_string(NeighborEvent event) {
  switch (event) {
    case NeighborEvent::hello_received:
      return "HelloReceived";
    case NeighborEvent::start:
      return "Start";
    case NeighborEvent::two_way_received:
      return "2-WayReceived";
    case NeighborEvent::negotiation_done:
      return "NegotiationDone";
    case NeighborEvent::exchange_done:
      return "ExchangeDone";
    case NeighborEvent::bad_ls_request:
      return "BadLSReq";
    case NeighborEvent::loading_done:
      return "LoadingDone";
    case NeighborEvent::adj_ok:
      return "AdjOK?";
    case NeighborEvent::seq_number_mismatch:
      return "SeqNumberMismatch";
    case NeighborEvent::one_way_received:
      return "1-WayReceived";
    case NeighborEvent::kill_nbr:
      return "KillNbr";
    case NeighborEvent::inactivity_timer:
      return "InactivityTimer";
    case NeighborEvent::ll_down:
      return "LLDown";
    case NeighborEvent::exchange_stalled:
      return "ExchangeStalled";
  }
  return "unknown";
}

std::string_view to_string(InterfaceState state) {
  switch (state) {
    case InterfaceState::down:
      return "down";
    case InterfaceState::loopback:
      return "loopback";
    case InterfaceState::waiting:
      return "waiting";
    case InterfaceState::point_to_point:
      return "point-to-point";
    case InterfaceState::dr_other:
      return "dr-other";
    case InterfaceState::backup:
      return "bdr";
    case InterfaceState::dr:
      return "dr";
  }
  return "unknown";
}

std::string_view to_string(InterfaceReason reason) {
  switch (reason) {
    case InterfaceReason::link_up:
      return "link up";
    case InterfaceReason::link_down:
      return "link down";
    case InterfaceReason::address_present:
      return "address present";
    case InterfaceReason::no_address:
      return "no address";
    case InterfaceReason::socket_open:
      return "socket open";
    case InterfaceReason::no_socket:
      return "no socket";
    case InterfaceReason::configured:
      return "configured";
    case InterfaceReason::reconfigured:
      return "configuration changed";
    case InterfaceReason::removed:
      return "removed from the configuration";
  }
  return "unknown";
}

}  // namespace wgospf::ospf
