#include "daemon/telling/drop_words.h"

#include <fmt/format.h>

#include "daemon/telling/describe.h"
#include "net/ip.h"
#include "ospf/types.h"
#include "ospf/v2/v2.h"

namespace wgospf::daemon {

namespace {

using ospf::DropReason;

constexpr const char* kBothEnds = "both ends need the same";
constexpr const char* kFaultySender =
    "look at the program that sent it: no other router would take it either";
constexpr const char* kSpoiltOnTheWay =
    "it was spoilt on the way or by its sender; where that goes on, look at the network cards and the memory "
    "of "
    "both ends";
constexpr const char* kNothingToDo = "nothing is to be done";
constexpr const char* kDropOnTheWay = "drop its packets of protocol 89 on the way here";

std::string router(std::uint32_t value) {
  return ospf::RouterId{value}.to_string();
}

/// "an LSA of type 1 (router-LSA)".
std::string lsa(std::uint32_t wire_type) {
  const auto name =
      wire_type > 0xff ? "LSA" : type_name(ospf::v2::lsa_type(static_cast<std::uint8_t>(wire_type)));
  return fmt::format("an LSA of type {}{}", wire_type, name == "LSA" ? "" : fmt::format(" ({})", name));
}

/// A packet's form.
DropWords of_form(DropReason reason, std::uint32_t value) {
  switch (reason) {
    case DropReason::packet_too_short:
      return {fmt::format("{} bytes are no OSPF packet", value), kFaultySender};
    case DropReason::bad_version:
      return {fmt::format("it is of OSPF version {}", value),
              "this router speaks version 2 over IPv4; set the sender to that"};
    case DropReason::bad_packet_type:
      return {fmt::format("there is no packet type {}", value), kFaultySender};
    case DropReason::bad_packet_length:
      return {fmt::format("it says to be {} bytes long, which is less than its type needs or more than came",
                          value),
              kSpoiltOnTheWay};
    case DropReason::bad_packet_checksum:
      return {fmt::format("its checksum {:#06x} does not hold", value), kSpoiltOnTheWay};
    case DropReason::authentication_type_mismatch:
      return {"it authenticates its packets, which is not built here",
              "remove it there, WireGuard authenticates them"};
    case DropReason::authentication_failed:
      return {"its authentication does not hold", "give both ends the same key"};
    default:
      return {fmt::format("its body contradicts its own lengths or counts, of which one is {}", value),
              kFaultySender};
  }
}

/// Who sent a packet.
DropWords of_sender(DropReason reason, std::uint32_t value) {
  switch (reason) {
    case DropReason::own_packet:
      return {"it bears an address of this router as its source",
              "where it is not this router's own packet that came back, give one of the two another address"};
    case DropReason::bad_destination:
      return {"it was sent neither to 224.0.0.5 nor to an address of this interface",
              "look whether addresses of both ends are those that the other one knows"};
    case DropReason::bad_source:
      return {"no router has such an address", "drop what comes from it where it is sent"};
    case DropReason::unicast_hello:
      return {
          fmt::format("a hello of router {} to this router's own address", router(value)),
          fmt::format(
              "neighbors are taken from hellos to 224.0.0.5 only. If it is at the other end of this link, "
              "give it interface type point-to-point; if not, {}",
              kDropOnTheWay)};
    case DropReason::source_not_on_link:
      return {fmt::format("router {} is on no subnet of this interface", router(value)),
              "give both ends addresses of one subnet, or this end one with that peer, or none"};
    case DropReason::not_the_peer:
      return {fmt::format("it says to be router {}, and this link is for another address", router(value)),
              "if it is the peer, name that address"};
    case DropReason::other_router_id:
      return {fmt::format("it says to be router {}, and its key speaks for another", router(value)),
              "if that router was given another id, see \"wgospfctl forget-key\"; if not, its key is in the "
              "wrong "
              "hands"};
    case DropReason::claimed_router_id:
      return {fmt::format("it says to be router {}, for which other keys speak", router(value)),
              "if it is that router, write the id down beside its key, too, or see \"wgospfctl forget-key\"; "
              "if not, "
              "give it a router id of its own"};
    case DropReason::peer_is_client:
      return {fmt::format("router {} is a client, as the configuration says", router(value)),
              "take \"role: client\" from it if it is a router"};
    case DropReason::another_router:
      return {fmt::format("router {} says hello while this link has a neighbor that is heard", router(value)),
              "it is followed when that one is not heard any more"};
    case DropReason::another_address:
      return {
          fmt::format("the neighbor's router id {}, from another address than the neighbor's", router(value)),
          fmt::format(
              "it is followed when the neighbor is not heard there any more. If it is not the neighbor, {}",
              kDropOnTheWay)};
    case DropReason::not_the_neighbor:
      return {fmt::format("it says to be router {}, and the neighbor of this link is another", router(value)),
              kDropOnTheWay};
    default:
      return {fmt::format("it says to be router {}, and no hello of it came before", router(value)),
              "it counts after its next hello"};
  }
}

/// What a packet says of the link.
DropWords of_context(DropReason reason, std::uint32_t value) {
  switch (reason) {
    case DropReason::area_mismatch:
      return {fmt::format("it has the link in area {}", ospf::AreaId{value}.to_string()), kBothEnds};
    case DropReason::interface_not_running:
      return {"the interface is passive or down, or none of its links is for the peer that sent it",
              "where one should be, \"wgospfctl show peers\" says why there is none"};
    case DropReason::network_mask_mismatch:
      return {"its network mask differs", kBothEnds};
    case DropReason::hello_interval_mismatch:
      return {fmt::format("its hello-interval is {} s", value), kBothEnds};
    case DropReason::dead_interval_mismatch:
      return {fmt::format("its dead-interval is {} s", value), kBothEnds};
    case DropReason::options_mismatch:
      return {"it has the area as a stub or NSSA", kBothEnds};
    case DropReason::invalid_router_id:
      return {"it says to be router 0.0.0.0", "give it a router-id"};
    case DropReason::duplicate_router_id:
      return {"it uses this router's own router id", "give one of the two another router-id"};
    case DropReason::mtu_mismatch:
      return {fmt::format("its MTU is {}", value), fmt::format("{}, or mtu-ignore: true", kBothEnds)};
    default:
      return {"the neighbor's state does not allow it", "the exchange goes on by itself"};
  }
}

/// An exchange of databases, or an LSA.
DropWords of_database(DropReason reason, std::uint32_t value) {
  switch (reason) {
    case DropReason::dd_sequence_mismatch:
      return {fmt::format("its database description {:#010x} is out of sequence", value),
              "the exchange begins again by itself; where that goes on, look for loss on the link and for "
              "two routers "
              "of one router id"};
    case DropReason::bad_ls_request:
      return {fmt::format("it asked for {} that is not there", lsa(value)),
              "the exchange begins again by itself"};
    case DropReason::exchange_stalled:
      return {value == 0
                  ? std::string("it does not go on to describe its database")
                  : fmt::format("it does not send what it described, of which {} LSAs are missing", value),
              "the exchange begins again by itself, later each time; look for loss on the link, and whether "
              "large "
              "packets pass"};
    case DropReason::lsa_bad_length:
      return {fmt::format("the length of {} is wrong", lsa(value)), kSpoiltOnTheWay};
    case DropReason::lsa_bad_checksum:
      return {fmt::format("the checksum of {} does not hold", lsa(value)), kSpoiltOnTheWay};
    case DropReason::lsa_unknown_type:
      return {fmt::format("{} is not known here", lsa(value)),
              "nothing is lost but what it tells; if this router needs it, it is not built here"};
    case DropReason::lsa_malformed:
      return {fmt::format("the body of {} contradicts its own lengths or counts", lsa(value)),
              "look at the router that originates it: no other router would take it either"};
    case DropReason::lsa_wrong_scope:
      return {fmt::format("{} does not belong in this area, or on this link", lsa(value)),
              "see that both ends have the area as the same kind (normal, stub, NSSA)"};
    case DropReason::lsa_bad_age:
      return {fmt::format("the age of {} is above 3600 s", lsa(value)), kSpoiltOnTheWay};
    case DropReason::lsa_bad_sequence:
      return {fmt::format("the sequence number of {} is 0x80000000, which is reserved", lsa(value)),
              "look at the router that originates it: no other router would take it either"};
    case DropReason::lsa_id_mismatch:
      return {fmt::format("{} is not named after the router that originates it", lsa(value)),
              "look at the router that originates it: no other router would take it either"};
    case DropReason::lsa_min_arrival:
      return {"an LSA came again within a second", "it is taken when it comes the next time"};
    case DropReason::lsa_not_in_database_maxage:
      return {"an LSA is flushed that is not in the database", kNothingToDo};
    case DropReason::lsa_older_than_ours:
      return {"a newer instance of the LSA is in the database", "the sender is given that one"};
    case DropReason::lsa_database_full:
      return {"there are as many LSAs as max-lsa or max-lsa-bytes of database-control allows",
              "raise it if this router has the memory"};
    default:
      return {fmt::format("it acknowledges {} that it was not sent, or not in this instance", lsa(value)),
              kNothingToDo};
  }
}

}  // namespace

DropWords words_of(DropReason reason, std::uint32_t value) {
  switch (reason) {
    case DropReason::packet_too_short:
    case DropReason::bad_version:
    case DropReason::bad_packet_type:
    case DropReason::bad_packet_length:
    case DropReason::bad_packet_checksum:
    case DropReason::authentication_type_mismatch:
    case DropReason::authentication_failed:
    case DropReason::malformed_body:
      return of_form(reason, value);
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
      return of_sender(reason, value);
    case DropReason::area_mismatch:
    case DropReason::interface_not_running:
    case DropReason::network_mask_mismatch:
    case DropReason::hello_interval_mismatch:
    case DropReason::dead_interval_mismatch:
    case DropReason::options_mismatch:
    case DropReason::invalid_router_id:
    case DropReason::duplicate_router_id:
    case DropReason::neighbor_state:
    case DropReason::mtu_mismatch:
      return of_context(reason, value);
    case DropReason::dd_sequence_mismatch:
    case DropReason::bad_ls_request:
    case DropReason::exchange_stalled:
    case DropReason::lsa_bad_length:
    case DropReason::lsa_bad_checksum:
    case DropReason::lsa_unknown_type:
    case DropReason::lsa_malformed:
    case DropReason::lsa_wrong_scope:
    case DropReason::lsa_bad_age:
    case DropReason::lsa_bad_sequence:
    case DropReason::lsa_id_mismatch:
    case DropReason::lsa_min_arrival:
    case DropReason::lsa_not_in_database_maxage:
    case DropReason::lsa_older_than_ours:
    case DropReason::lsa_database_full:
    case DropReason::lsa_not_awaited:
      return of_database(reason, value);
    case DropReason::count_:
      break;
  }
  return {};
}

}  // namespace wgospf::daemon
