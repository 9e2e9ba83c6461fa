#pragma once
// Why something a peer sent was not used. One enumeration for packets and LSAs, because it is what an
// operator reads: every rejected packet or LSA counts in exactly one of these.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace wgospf::ospf {

enum class DropReason : std::uint8_t {
  // The packet's form (the whole packet is dropped).
  packet_too_short,     ///< shorter than its fixed part
  bad_version,          ///< not this protocol version
  bad_packet_type,      ///< not 1..5
  bad_packet_length,    ///< the header's length is shorter than its type needs or longer than what arrived
  bad_packet_checksum,  ///< RFC 2328 section 8.2, D.4
  authentication_type_mismatch,
  authentication_failed,
  malformed_body,  ///< the body contradicts its own lengths or counts
  // The packet's context (RFC 2328 section 8.2 and 10).
  own_packet,       ///< our own router id, or our own address, as the sender
  bad_destination,  ///< neither our address nor a group this interface listens to
  bad_source,       ///< not usable as an address
  area_mismatch,
  interface_not_running,  ///< passive, down, or not configured
  network_mask_mismatch,
  hello_interval_mismatch,
  dead_interval_mismatch,
  options_mismatch,     ///< the E or N bit differs from the area's
  invalid_router_id,    ///< 0.0.0.0 as a router id
  duplicate_router_id,  ///< our own router id, from another router
  unicast_hello,        ///< a hello to our own address, from who is not the neighbour
  source_not_on_link,   ///< a hello from an address that is on no subnet of the link and no far end of it
  not_the_peer,         ///< from another address than the one that the link is for
  other_router_id,      ///< the peer behind the link speaks for another router id
  claimed_router_id,  ///< the router id is spoken for by others, and the peer behind the link not known for it
  peer_is_client,     ///< the peer behind the link is no router, as the configuration has it
  another_router,     ///< a hello of another router id while the neighbour of a point-to-point link is heard
  another_address,    ///< the neighbour's router id from another address than the neighbour's
  not_the_neighbor,   ///< not a hello, and not from the router id and address of the link's neighbour
  unknown_neighbor,   ///< not a hello, and no hello came before
  neighbor_state,     ///< not acceptable in the neighbour's present state
  mtu_mismatch,       ///< database description larger than our MTU, without mtu-ignore
  dd_sequence_mismatch,  ///< led to SeqNumberMismatch
  bad_ls_request,        ///< asked for an LSA we do not have
  exchange_stalled,      ///< led to ExchangeStalled: no description, or nothing that it described, came
  // An LSA (only that LSA is dropped; the rest of the packet is used).
  lsa_bad_length,
  lsa_bad_checksum,
  lsa_unknown_type,
  lsa_malformed,    ///< the body contradicts its own lengths or counts
  lsa_wrong_scope,  ///< AS scope in a stub area, type 7 outside an NSSA, opaque to a router without the O-bit
  lsa_bad_age,      ///< larger than MaxAge
  lsa_bad_sequence,            ///< the reserved number 0x80000000
  lsa_id_mismatch,             ///< a router-LSA whose Link State ID is not its advertising router
  lsa_min_arrival,             ///< RFC 2328 section 13 step 5a
  lsa_not_in_database_maxage,  ///< MaxAge, not in the database, nobody exchanging: acknowledged and dropped
                               ///< (13 step 4)
  lsa_older_than_ours,         ///< section 13 step 8, we answer with ours
  lsa_database_full,           ///< an implementation limit was reached
  lsa_not_awaited,             ///< an acknowledgement of what the neighbour has not to acknowledge
  count_,
};

/// Is it about who sent a packet, not about what is in it? Anybody may send as much as he likes of such.
[[nodiscard]] constexpr bool is_about_sender(DropReason reason) {
  switch (reason) {
    case DropReason::own_packet:
    case DropReason::bad_destination:
    case DropReason::bad_source:
    case DropReason::unicast_hello:
    case DropReason::source_not_on_link:
    case DropReason::not_the_peer:
    case DropReason::other_router_id:
    case DropReason::claimed_router_id:
    case DropReason::peer_is_client:
    case DropReason::another_router:
    case DropReason::another_address:
    case DropReason::not_the_neighbor:
    case DropReason::unknown_neighbor:
      return true;
    default:
      return false;
  }
}

/// The stable snake_case name used in logs, metrics and JSON.
[[nodiscard]] std::string_view to_string(DropReason reason);

/// A counter for each reason.
struct DropCounters {
  std::array<std::uint64_t, static_cast<std::size_t>(DropReason::count_)> values{};
  std::uint64_t& operator[](DropReason reason) { return values[static_cast<std::size_t>(reason)]; }
  std::uint64_t operator[](DropReason reason) const { return values[static_cast<std::size_t>(reason)]; }
  [[nodiscard]] std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const auto value : values) sum += value;
    return sum;
  }
};

}  // namespace wgospf::ospf
