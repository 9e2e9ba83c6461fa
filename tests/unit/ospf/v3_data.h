#pragma once
// OSPFv3's data (RFC 5340): 16-bit LSA types that carry their flooding scope, Link State IDs that are plain
// numbers, 24-bit options, interface ids in hellos. Enough of the version's traits to compile and run the
// shared database, flooding and neighbour machine with them, so that a v2 habit in shared code does not
// compile.

#include "ospf/bytes.h"
#include "ospf/checksum.h"
#include "ospf/lsa.h"
#include "ospf/packet.h"
#include "ospf/rules.h"

namespace wgospf::ospf {

namespace v3 {

/// RFC 5340 A.4.2.1: U-bit, two scope bits, function code.
enum class LsaType : std::uint16_t { router = 0x2001, network = 0x2002, as_external = 0x4005, link = 0x0008 };
struct NoOptions {
  constexpr bool operator==(const NoOptions&) const = default;
};
struct Options {
  std::uint32_t bits = 0;
  constexpr bool operator==(const Options&) const = default;
};
struct PacketHeader {
  PacketType type = PacketType::hello;
  RouterId router_id;
  AreaId area_id;
  std::uint8_t instance_id = 0;
};
struct HelloFields {
  InterfaceIndex interface_id;
  constexpr bool operator==(const HelloFields&) const = default;
};

}  // namespace v3

struct V3 {
  using Address = Ipv6Address;
  using LsaType = v3::LsaType;
  using LsaHeaderOptions = v3::NoOptions;
  using Options = v3::Options;
  using PacketHeader = v3::PacketHeader;
  using HelloFields = v3::HelloFields;
  using DrId = RouterId;
  static constexpr std::size_t kPacketHeaderSize = 16;
  static constexpr std::uint32_t kIpHeaderSize = 40;
  static constexpr std::size_t kDdFixedSize = 12;
  static constexpr std::size_t kRequestSize = 12;

  static FloodingScope scope(LsaType type) {
    switch ((static_cast<unsigned>(type) >> 13) & 3) {
      case 0:
        return FloodingScope::link;
      case 1:
        return FloodingScope::area;
      case 2:
        return FloodingScope::as;
      default:
        return FloodingScope::unknown;
    }
  }
  static LsaHeader<V3> decode_lsa_header(std::span<const std::byte> bytes) {
    Reader in(bytes);
    LsaHeader<V3> header;
    header.age = in.u16();
    header.key.type = static_cast<LsaType>(in.u16());
    header.key.id = LinkStateId{in.u32()};
    header.key.advertising_router = RouterId{in.u32()};
    header.sequence_number = std::bit_cast<std::int32_t>(in.u32());
    header.checksum = in.u16();
    header.length = in.u16();
    return header;
  }
  static void encode_lsa_header(const LsaHeader<V3>& header, Writer& out) {
    out.u16(header.age);
    out.u16(static_cast<std::uint16_t>(header.key.type));
    out.u32(header.key.id.value);
    out.u32(header.key.advertising_router.value);
    out.u32(std::bit_cast<std::uint32_t>(header.sequence_number));
    out.u16(header.checksum);
    out.u16(header.length);
  }
  static bool checksum_holds(std::span<const std::byte> lsa) { return lsa_checksum_holds(lsa); }
  static Lsa<V3> make_lsa(LsaHeader<V3> header, std::span<const std::byte> body) {
    Writer out;
    header.length = static_cast<std::uint16_t>(kLsaHeaderSize + body.size());
    encode_lsa_header(header, out);
    out.append(body);
    store_u16(out.at(16), lsa_checksum(out.bytes()));
    return Lsa<V3>::copy(out.bytes());
  }
  static Lsa<V3> with(const Lsa<V3>& lsa, std::uint16_t age, std::int32_t sequence_number) {
    auto header = lsa.header();
    header.age = age;
    header.sequence_number = sequence_number;
    return make_lsa(header, lsa.body());
  }
  static std::vector<std::byte> encode(RouterId router, AreaId area, const Hello<V3>& hello) {
    Writer out = begin(PacketType::hello, router, area);
    out.u32(hello.fields.interface_id.value);
    out.u8(hello.priority);
    out.u24(hello.options.bits);
    out.u16(hello.hello_interval);
    out.u16(static_cast<std::uint16_t>(hello.dead_interval));
    out.u32(hello.designated_router.value);
    out.u32(hello.backup_designated_router.value);
    for (const auto neighbor : hello.neighbors) out.u32(neighbor.value);
    return out.take();
  }
  static std::vector<std::byte> encode(RouterId router, AreaId area, const DatabaseDescription<V3>& dd) {
    Writer out = begin(PacketType::database_description, router, area);
    out.u32(dd.options.bits);
    out.u16(dd.interface_mtu);
    out.u16(static_cast<std::uint16_t>((dd.flags.init ? 4 : 0) | (dd.flags.more ? 2 : 0) |
                                       (dd.flags.master ? 1 : 0)));
    out.u32(dd.sequence_number);
    for (const auto& header : dd.headers) encode_lsa_header(header, out);
    return out.take();
  }
  static std::vector<std::byte> encode(RouterId router, AreaId area, const LinkStateRequest<V3>& request) {
    Writer out = begin(PacketType::link_state_request, router, area);
    for (const auto& key : request.keys) {
      out.u32(static_cast<std::uint32_t>(key.type));
      out.u32(key.id.value);
      out.u32(key.advertising_router.value);
    }
    return out.take();
  }
  static std::vector<std::byte> encode(RouterId router, AreaId area, const LinkStateAcknowledgment<V3>& ack) {
    Writer out = begin(PacketType::link_state_acknowledgment, router, area);
    for (const auto& header : ack.headers) encode_lsa_header(header, out);
    return out.take();
  }
  static std::vector<std::byte> encode(RouterId router, AreaId area, std::span<const OutgoingLsa<V3>> lsas) {
    Writer out = begin(PacketType::link_state_update, router, area);
    out.u32(static_cast<std::uint32_t>(lsas.size()));
    for (const auto& item : lsas) {
      const std::size_t at = out.size();
      out.append(item.lsa.bytes());
      store_u16(out.at(at), item.age);
    }
    return out.take();
  }

 private:
  static Writer begin(PacketType type, RouterId router, AreaId area) {
    Writer out;
    out.u8(3);
    out.u8(static_cast<std::uint8_t>(type));
    out.u16(0);
    out.u32(router.value);
    out.u32(area.value);
    out.u32(0);
    return out;
  }
};

template <>
struct Rules<V3> {
  static v3::Options hello_options() { return {0x13}; }
  static v3::Options dd_options() { return {0x13}; }
  static v3::HelloFields hello_fields(const LinkStatus<V3>& status) { return {status.ifindex}; }
  static std::optional<DropReason> refuse_hello(const InterfaceConfig&, const LinkStatus<V3>&,
                                                const Hello<V3>&) {
    return std::nullopt;
  }
  static std::optional<DifferingMasks> differing_masks(const LinkStatus<V3>&, const Hello<V3>&) {
    return std::nullopt;
  }
  static std::optional<DropReason> refuse_lsa(const LsaHeader<V3>& header, v3::Options) {
    if (V3::scope(header.key.type) == FloodingScope::unknown) return DropReason::lsa_unknown_type;
    return std::nullopt;
  }
  static bool floods_to(v3::LsaType, v3::Options) { return true; }
  template <class HasAddress>
  static bool is_self_originated(const LsaHeader<V3>& header, RouterId self, HasAddress&&) {
    return header.key.advertising_router == self;
  }
};

}  // namespace wgospf::ospf
