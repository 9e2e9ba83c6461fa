#pragma once
// Who is believed (RFC 2328 sections 8.1, 8.2 and 10.5).
//
// The text takes a packet on a point-to-point link from any address, and knows its sender by the router id
// alone. But protocol 89 is routed like any other: whoever can send one datagram to the address of a link,
// from however far away, would own the routes of the router there. So a neighbour on a point-to-point link is
// one router id at one address, learnt from a hello to the group address, which no router forwards; all else
// counts from that pair only. A host elsewhere cannot send as the neighbour: the neighbour, a router that
// does not forward datagrams with a source address of its own, is on its way to us. Where the configuration
// names the address of the one peer behind a link, what has another source does not count, and hellos to our
// own address do: the lower level vouches for the address (WireGuard's allowed-ips).
//
// Where it is known by other means who is behind a link (a WireGuard key), only the router id that this peer speaks
// for counts there, and on a link whose peer is not known yet no id for which others speak.
//
// While the neighbour is heard, nobody takes its place: a second router on the link would otherwise end the
// adjacency with every hello. Senders of hellos that are refused are remembered for display, a few on a link.

#include <optional>

#include "ospf/core.h"
#include "ospf/input.h"
#include "ospf/packet.h"

namespace wgospf::ospf {

/// The packet, when it counts: its sender is believed, its form is sound, and its header is for this
/// interface (section 8.2). One that does not is counted and told; who sent a refused hello is remembered.
[[nodiscard]] std::optional<Packet> admit(Core& core, const Received& received);

/// Why the router cannot be a neighbour on the link, whatever it sends; nullopt: it can.
[[nodiscard]] std::optional<DropReason> refuse_router(const InstanceConfig& config,
                                                      const InterfaceConfig& interface, RouterId router_id);

/// The one neighbour of a link that has one at most; nullptr when there is none.
[[nodiscard]] Neighbor* only_neighbor(const Interface& interface);
/// Within one and a half of its intervals, and it has not taken its leave.
[[nodiscard]] bool is_heard(const Interface& interface, const Neighbor& neighbor, Instant now);

/// Remembers who sent a hello to the group that was refused. Beyond a few the first ones are kept. It goes on
/// beside the neighbour (`is_beside`) when the neighbour was heard between two of its hellos.
void remember_refused(Core& core, Interface& interface, RouterId router_id, const IpAddress& source,
                      DecodeError refusal);
void forget_refused(Interface& interface, RouterId router_id, const IpAddress& address);
void forget_expired(Interface& interface, Instant now);

}  // namespace wgospf::ospf
