#pragma once
// Who is believed (RFC 2328 sections 8.1, 8.2 and 10.5).
//
// The text takes a packet on a point-to-point link from any address, and knows its sender by the router id
// alone. But protocol 89 is routed like any other: whoever can send one datagram to the address of a link,
// from however far away, would own the routes of the router there. So a neighbour on a point-to-point link is
// one router id at one address, learnt from a hello to the group address, which no router forwards; all else
// counts from that pair only. A host elsewhere cannot send as the neighbour: the neighbour, a router that
// does not forward datagrams with a source address of its own, is on its way to us.
//
// While the neighbour is heard, nobody takes its place: a second router on the link would otherwise end the
// adjacency with every hello. Senders of hellos that are refused are remembered for display, a few on a link.

#include <algorithm>
#include <optional>
#include <utility>

#include "ospf/bytes.h"
#include "ospf/interface.h"
#include "ospf/version.h"

namespace wgospf::ospf {

/// The one neighbour of a point-to-point link; nullptr when there is none.
[[nodiscard]] inline Neighbor* only_neighbor(const Interface& interface) {
  return interface.neighbors.empty() ? nullptr : interface.neighbors.begin()->second.get();
}

/// Within one and a half of its intervals, and it has not taken its leave.
[[nodiscard]] inline bool is_heard(const Interface& interface, const Neighbor& neighbor, Instant now) {
  return !neighbor.said_goodbye &&
         2 * (now - neighbor.last_hello) <= 3 * Duration{seconds{interface.config.hello_interval}};
}

/// What stands at the same place in every version's header: a packet's type and its sender.
struct Sender {
  std::uint8_t type = 0;
  RouterId router_id;
};
[[nodiscard]] inline std::optional<Sender> sender_of(std::span<const std::byte> packet) {
  if (packet.size() < 8) return std::nullopt;
  return Sender{load_u8(packet.data() + 1), RouterId{load_u32(packet.data() + 4)}};
}

/// Why a packet does not count whatever it says: from its addresses, its type and its router id alone, before
/// anything of it is decoded.
[[nodiscard]] inline std::optional<DropReason> refuse_sender(const Version& version,
                                                             const Interface& interface,
                                                             const Received& received) {
  if (!version.accepts_source(received.source)) return DropReason::bad_source;
  if (interface.has_address(received.source)) return DropReason::own_packet;
  const bool is_to_group = version.is_all_spf_routers(received.destination);
  if (!is_to_group && !interface.has_address(received.destination)) return DropReason::bad_destination;
  if (interface.config.type != InterfaceType::point_to_point) return std::nullopt;
  const auto sender = sender_of(received.bytes);
  if (!sender) return std::nullopt;  // the decoder says what is wrong
  const Neighbor* neighbor = only_neighbor(interface);
  const bool is_neighbor =
      neighbor != nullptr && neighbor->router_id == sender->router_id && neighbor->address == received.source;
  if (sender->type == static_cast<std::uint8_t>(PacketType::hello)) {
    if (!is_to_group && !is_neighbor) return DropReason::unicast_hello;
    if (!version.is_on_link(interface.status, received.source)) return DropReason::source_not_on_link;
    return std::nullopt;
  }
  if (is_neighbor) return std::nullopt;
  if (neighbor == nullptr) return DropReason::unknown_neighbor;
  return neighbor->router_id == sender->router_id ? DropReason::another_address
                                                  : DropReason::not_the_neighbor;
}

inline void forget_expired(Interface& interface, Instant now) {
  std::erase_if(interface.refused, [now](const RefusedSender& one) { return one.expires < now; });
}

/// Remembers the sender of a hello to the group that was refused. Beyond a few the first ones are kept. It
/// goes on beside the neighbour (`is_beside`) when the neighbour was heard between two of its hellos.
inline void note_refused(Interface& interface, RefusedSender refused) {
  forget_expired(interface, refused.last);
  auto& all = interface.refused;
  const auto known = std::find_if(all.begin(), all.end(), [&](const auto& one) {
    return one.router_id == refused.router_id && one.address == refused.address;
  });
  const bool is_another =
      refused.reason == DropReason::another_router || refused.reason == DropReason::another_address;
  if (known == all.end()) {
    if (all.size() < kRefusedSendersKept) all.push_back(std::move(refused));
    return;
  }
  const Neighbor* neighbor = only_neighbor(interface);
  refused.is_beside =
      is_another && (known->is_beside || (neighbor != nullptr && neighbor->last_hello > known->last));
  refused.since = known->since;
  *known = std::move(refused);
}

inline void forget_refused(Interface& interface, RouterId router_id, const IpAddress& address) {
  std::erase_if(interface.refused, [&](const RefusedSender& one) {
    return one.router_id == router_id && one.address == address;
  });
}

}  // namespace wgospf::ospf
