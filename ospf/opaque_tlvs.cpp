#include "ospf/opaque_tlvs.h"

#include <algorithm>

#include "ospf/base/bytes.h"

namespace wgospf::ospf {

namespace {

constexpr std::uint32_t kOurs = 0x77676f;  // "wgo"
constexpr std::uint16_t kLinkCostSize = 4;
constexpr std::uint16_t kClientSize = 44;

enum class TlvType : std::uint16_t { link_cost = 1, client = 20 };

constexpr std::uint16_t kMultipoint = 0x0001;
constexpr std::uint16_t kJoined = 0x0001;

[[nodiscard]] constexpr std::size_t padded(std::size_t length) {
  return (length + 3) / 4 * 4;
}

/// The value of one TLV of a known type into its place; the first of a type counts.
[[nodiscard]] std::optional<OpaqueError::Reason> read_link_cost(std::span<const std::byte> value,
                                                                OpaqueTlvs& tlvs) {
  Reader in(value);
  const std::uint16_t cost = in.u16();
  const std::uint16_t flags = in.u16();
  if (!in.ok()) return OpaqueError::Reason::too_short;
  if (cost == 0) return OpaqueError::Reason::bad_cost;
  if (!tlvs.link_cost) tlvs.link_cost = LinkCostTlv{cost, (flags & kMultipoint) != 0};
  return std::nullopt;
}

[[nodiscard]] std::optional<OpaqueError::Reason> read_client(std::span<const std::byte> value,
                                                             OpaqueTlvs& tlvs) {
  Reader in(value);
  ClientTlv client;
  const auto key = in.take(client.public_key.size());
  client.counter = in.u32();
  client.cost = in.u16();
  client.is_joined = (in.u16() & kJoined) != 0;
  client.address = Ipv4Address{in.u32()};
  if (!in.ok()) return OpaqueError::Reason::too_short;
  if (client.cost == 0) return OpaqueError::Reason::bad_cost;
  if (client.counter > kPresenceCounterMost) return OpaqueError::Reason::bad_counter;
  std::transform(key.begin(), key.end(), client.public_key.begin(),
                 [](std::byte octet) { return std::to_integer<std::uint8_t>(octet); });
  tlvs.clients.push_back(client);
  return std::nullopt;
}

/// nullopt: nothing is wrong with it, or it is of a type that is not known.
[[nodiscard]] std::optional<OpaqueError::Reason> read_tlv(std::uint16_t type,
                                                          std::span<const std::byte> value,
                                                          OpaqueTlvs& tlvs) {
  if (static_cast<TlvType>(type) == TlvType::link_cost) return read_link_cost(value, tlvs);
  if (static_cast<TlvType>(type) == TlvType::client) return read_client(value, tlvs);
  return std::nullopt;
}

void write_client(const ClientTlv& client, Writer& out) {
  out.u16(static_cast<std::uint16_t>(TlvType::client));
  out.u16(kClientSize);
  out.append(std::as_bytes(std::span(client.public_key)));
  out.u32(client.counter);
  out.u16(client.cost);
  out.u16(client.is_joined ? kJoined : 0);
  out.u32(client.address.value);
}

}  // namespace

std::variant<OpaqueTlvs, OpaqueError> decode_opaque(std::span<const std::byte> body) {
  using Reason = OpaqueError::Reason;
  Reader in(body);
  const std::uint32_t ours = in.u24();
  const std::uint8_t version = in.u8();
  if (!in.ok() || ours != kOurs) return OpaqueError{Reason::not_ours, 0, ours};
  if (version != kOpaqueVersion) return OpaqueError{Reason::unknown_version, 0, version};
  OpaqueTlvs tlvs;
  while (in.remaining() > 0) {
    const std::size_t offset = in.offset();
    const std::uint16_t type = in.u16();
    const std::uint16_t length = in.u16();
    const auto value = in.take(length);
    if (!in.ok()) return OpaqueError{Reason::truncated, offset, length};
    // The last one's padding may be missing.
    (void)in.take(std::min(padded(length) - length, in.remaining()));
    if (const auto reason = read_tlv(type, value, tlvs)) return OpaqueError{*reason, offset, length};
  }
  return tlvs;
}

std::vector<std::byte> encode_opaque(const OpaqueTlvs& tlvs) {
  Writer out;
  out.u24(kOurs);
  out.u8(kOpaqueVersion);
  if (tlvs.link_cost) {
    out.u16(static_cast<std::uint16_t>(TlvType::link_cost));
    out.u16(kLinkCostSize);
    out.u16(tlvs.link_cost->cost);
    out.u16(tlvs.link_cost->is_multipoint ? kMultipoint : 0);
  }
  for (const ClientTlv& client : tlvs.clients) write_client(client, out);
  return out.take();
}

}  // namespace wgospf::ospf
