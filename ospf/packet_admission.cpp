#include "ospf/packet_admission.h"

#include <algorithm>
#include <utility>

#include "ospf/base/bytes.h"

namespace wgospf::ospf {

Neighbor* only_neighbor(const Interface& interface) {
  return interface.neighbors.empty() ? nullptr : interface.neighbors.begin()->second;
}

bool is_heard(const Interface& interface, const Neighbor& neighbor, Instant now) {
  return !neighbor.said_goodbye &&
         2 * (now - neighbor.last_hello) <= 3 * Duration{seconds{interface.config.hello_interval}};
}

// ---- Senders of hellos that are refused ----

void forget_expired(Interface& interface, Instant now) {
  std::erase_if(interface.refused, [now](const RefusedSender& one) { return one.expires < now; });
}

void forget_refused(Interface& interface, RouterId router_id, const IpAddress& address) {
  std::erase_if(interface.refused, [&](const RefusedSender& one) {
    return one.router_id == router_id && one.address == address;
  });
}

namespace {

void note_refused(Interface& interface, RefusedSender refused) {
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

}  // namespace

void remember_refused(Core& core, Interface& interface, RouterId router_id, const IpAddress& source,
                      DecodeError refusal) {
  std::uint32_t remembered = interface.config.dead_interval;
  if (refusal.reason == DropReason::hello_interval_mismatch)
    remembered = std::max(remembered, 3 * refusal.value);
  note_refused(interface, RefusedSender{router_id, source, refusal.reason, refusal.value, core.now, core.now,
                                        core.now + seconds{remembered}});
}

// ---- Section 8.2 ----

std::optional<DropReason> refuse_router(const InstanceConfig& config, const InterfaceConfig& interface,
                                        RouterId router_id) {
  const AdmittedRouters& admitted = interface.admitted;
  switch (admitted.kind) {
    case AdmittedRouters::Kind::any:
      break;
    case AdmittedRouters::Kind::unclaimed: {
      const auto& claimed = config.claimed_router_ids;
      if (std::binary_search(claimed.begin(), claimed.end(), router_id)) return DropReason::claimed_router_id;
      break;
    }
    case AdmittedRouters::Kind::one:
      if (admitted.router_id != router_id) return DropReason::other_router_id;
      break;
    case AdmittedRouters::Kind::none:
      return DropReason::peer_is_client;
  }
  return std::nullopt;
}

namespace {

/// What stands at the same place in every version's header: a packet's type and its sender.
struct Sender {
  std::uint8_t type = 0;
  RouterId router_id;
};
[[nodiscard]] std::optional<Sender> sender_of(std::span<const std::byte> packet) {
  if (packet.size() < 8) return std::nullopt;
  return Sender{load_u8(packet.data() + 1), RouterId{load_u32(packet.data() + 4)}};
}

/// Why a packet does not count whatever it says: from its addresses, its type and its router id alone, before
/// anything of it is decoded.
[[nodiscard]] std::optional<DropReason> refuse_sender(const Version& version, const Interface& interface,
                                                      const Received& received) {
  if (!version.accepts_source(received.source)) return DropReason::bad_source;
  if (interface.has_address(received.source)) return DropReason::own_packet;
  const bool is_to_group = version.is_all_spf_routers(received.destination);
  if (!is_to_group && !interface.has_address(received.destination)) return DropReason::bad_destination;
  const auto& peer = interface.config.peer_address;
  if (peer && received.source != *peer) return DropReason::not_the_peer;
  if (!interface.config.has_one_neighbor()) return std::nullopt;
  const auto sender = sender_of(received.bytes);
  if (!sender) return std::nullopt;  // the decoder says what is wrong
  const Neighbor* neighbor = only_neighbor(interface);
  const bool is_neighbor =
      neighbor != nullptr && neighbor->router_id == sender->router_id && neighbor->address == received.source;
  if (sender->type == static_cast<std::uint8_t>(PacketType::hello)) {
    if (peer) return std::nullopt;
    if (!is_to_group && !is_neighbor) return DropReason::unicast_hello;
    if (!version.is_on_link(interface.status(), received.source)) return DropReason::source_not_on_link;
    return std::nullopt;
  }
  if (is_neighbor) return std::nullopt;
  if (neighbor == nullptr) return DropReason::unknown_neighbor;
  return neighbor->router_id == sender->router_id ? DropReason::another_address
                                                  : DropReason::not_the_neighbor;
}

/// What is wrong with the packet itself was found by the decoder.
[[nodiscard]] std::optional<DecodeError> refuse_header(const Core& core, const Interface& interface,
                                                       const PacketHeader& header) {
  const auto refuse = [](DropReason reason, std::uint32_t value = 0) { return DecodeError{reason, value}; };
  if (const auto reason = core.version.refuse_header(header)) return refuse(*reason);
  if (header.area_id != interface.config.area) return refuse(DropReason::area_mismatch, header.area_id.value);
  if (header.router_id.value == 0) return refuse(DropReason::invalid_router_id);
  if (header.router_id == core.config.router_id) return refuse(DropReason::duplicate_router_id);
  if (const auto reason = refuse_router(core.config, interface.config, header.router_id))
    return refuse(*reason, header.router_id.value);
  return std::nullopt;
}

void refuse(Core& core, Interface& interface, const Received& received, const Packet& packet,
            DecodeError refusal) {
  const bool told = core.tell_drop(interface, refusal.reason, received.source, refusal.value);
  if (told && refusal.reason == DropReason::duplicate_router_id)
    core.event(DuplicateRouterId{received.link, received.source});
  if (std::holds_alternative<Hello>(packet.body))
    remember_refused(core, interface, packet.header.router_id, received.source, refusal);
}

[[nodiscard]] std::optional<Packet> admit_on(Core& core, Interface& interface, const Received& received) {
  const auto drop = [&](DropReason reason, std::uint32_t value) {
    core.drop(interface, reason, received.source, value);
    return std::nullopt;
  };
  if (!interface.is_running()) return drop(DropReason::interface_not_running, 0);
  if (const auto reason = refuse_sender(core.version, interface, received)) {
    const auto sender = sender_of(received.bytes);
    return drop(*reason, sender ? sender->router_id.value : 0);
  }
  DecodeResult decoded = core.version.decode(received.bytes);
  if (const auto* error = std::get_if<DecodeError>(&decoded)) return drop(error->reason, error->value);
  auto& packet = std::get<Packet>(decoded);
  if (const auto refusal = refuse_header(core, interface, packet.header)) {
    refuse(core, interface, received, packet, *refusal);
    return std::nullopt;
  }
  ++interface.packets.received[static_cast<std::size_t>(packet.header.type)];
  ++core.statistics.packets.received[static_cast<std::size_t>(packet.header.type)];
  return std::move(packet);
}

}  // namespace

std::optional<Packet> admit(Core& core, const Received& received) {
  const auto it = core.interfaces.find(received.link);
  if (it != core.interfaces.end()) return admit_on(core, *it->second, received);
  ++core.statistics.drops[DropReason::interface_not_running];
  return std::nullopt;
}

}  // namespace wgospf::ospf
