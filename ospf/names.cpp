// The stable names of the core's enumerations: what logs, metrics and JSON show.
#include "ospf/drop_reason.h"
#include "ospf/packet.h"
#include "ospf/route/route.h"

namespace wgospf::ospf {

std::string_view to_string(PacketType type) {
  switch (type) {
    case PacketType::hello:
      return "hello";
    case PacketType::database_description:
      return "database_description";
    case PacketType::link_state_request:
      return "link_state_request";
    case PacketType::link_state_update:
      return "link_state_update";
    case PacketType::link_state_acknowledgment:
      return "link_state_acknowledgment";
  }
  return "unknown";
}

std::string_view to_string(PathType type) {
  switch (type) {
    case PathType::intra_area:
      return "intra-area";
    case PathType::inter_area:
      return "inter-area";
    case PathType::external_1:
      return "external-1";
    case PathType::external_2:
      return "external-2";
  }
  return "unknown";
}

std::string_view to_string(DropReason reason) {
  switch (reason) {
    case DropReason::packet_too_short:
      return "packet_too_short";
    case DropReason::bad_version:
      return "bad_version";
    case DropReason::bad_packet_type:
      return "bad_packet_type";
    case DropReason::bad_packet_length:
      return "bad_packet_length";
    case DropReason::bad_packet_checksum:
      return "bad_packet_checksum";
    case DropReason::authentication_type_mismatch:
      return "authentication_type_mismatch";
    case DropReason::authentication_failed:
      return "authentication_failed";
    case DropReason::malformed_body:
      return "malformed_body";
    case DropReason::own_packet:
      return "own_packet";
    case DropReason::bad_destination:
      return "bad_destination";
    case DropReason::bad_source:
      return "bad_source";
    case DropReason::area_mismatch:
      return "area_mismatch";
    case DropReason::interface_not_running:
      return "interface_not_running";
    case DropReason::network_mask_mismatch:
      return "network_mask_mismatch";
    case DropReason::hello_interval_mismatch:
      return "hello_interval_mismatch";
    case DropReason::dead_interval_mismatch:
      return "dead_interval_mismatch";
    case DropReason::options_mismatch:
      return "options_mismatch";
    case DropReason::invalid_router_id:
      return "invalid_router_id";
    case DropReason::duplicate_router_id:
      return "duplicate_router_id";
    case DropReason::unicast_hello:
      return "unicast_hello";
    case DropReason::source_not_on_link:
      return "source_not_on_link";
    case DropReason::not_the_peer:
      return "not_the_peer";
    case DropReason::other_router_id:
      return "other_router_id";
    case DropReason::claimed_router_id:
      return "claimed_router_id";
    case DropReason::peer_is_client:
      return "peer_is_client";
    case DropReason::another_router:
      return "another_router";
    case DropReason::another_address:
      return "another_address";
    case DropReason::not_the_neighbor:
      return "not_the_neighbor";
    case DropReason::unknown_neighbor:
      return "unknown_neighbor";
    case DropReason::neighbor_state:
      return "neighbor_state";
    case DropReason::mtu_mismatch:
      return "mtu_mismatch";
    case DropReason::dd_sequence_mismatch:
      return "dd_sequence_mismatch";
    case DropReason::bad_ls_request:
      return "bad_ls_request";
    case DropReason::exchange_stalled:
      return "exchange_stalled";
    case DropReason::lsa_bad_length:
      return "lsa_bad_length";
    case DropReason::lsa_bad_checksum:
      return "lsa_bad_checksum";
    case DropReason::lsa_unknown_type:
      return "lsa_unknown_type";
    case DropReason::lsa_malformed:
      return "lsa_malformed";
    case DropReason::lsa_wrong_scope:
      return "lsa_wrong_scope";
    case DropReason::lsa_bad_age:
      return "lsa_bad_age";
    case DropReason::lsa_bad_sequence:
      return "lsa_bad_sequence";
    case DropReason::lsa_id_mismatch:
      return "lsa_id_mismatch";
    case DropReason::lsa_min_arrival:
      return "lsa_min_arrival";
    case DropReason::lsa_not_in_database_maxage:
      return "lsa_not_in_database_maxage";
    case DropReason::lsa_older_than_ours:
      return "lsa_older_than_ours";
    case DropReason::lsa_database_full:
      return "lsa_database_full";
    case DropReason::lsa_not_awaited:
      return "lsa_not_awaited";
    case DropReason::count_:
      break;
  }
  return "unknown";
}

}  // namespace wgospf::ospf
