#pragma once
// OSPFv3's data (RFC 5340): Link State IDs that are plain numbers, 24-bit options, interface ids in hellos,
// other sizes on the wire. Enough of a version to run the shared database, flooding and neighbour machine
// with them, so that a v2 habit in shared code shows.

#include "ospf/area.h"
#include "ospf/base/bytes.h"
#include "ospf/checksum.h"
#include "ospf/lsa.h"
#include "ospf/packet.h"
#include "ospf/version.h"

namespace wgospf::ospf {

/// The protocol with OSPFv3's data: a version beside v2/rules.h.
class V3 final : public Version {
 public:
  V3() : Version({40, 16, 12, 12}, Family::ipv6) {}

  [[nodiscard]] static LsaHeader header(const Lsa& lsa) {
    return decode_lsa_header(lsa.bytes().first(kLsaHeaderSize));
  }
  static LsaHeader decode_lsa_header(std::span<const std::byte> bytes) {
    Reader in(bytes);
    LsaHeader header;
    header.age = in.u16();
    header.key.type = static_cast<LsaType>(in.u16());
    header.key.id = LinkStateId{in.u32()};
    header.key.advertising_router = RouterId{in.u32()};
    header.sequence_number = std::bit_cast<std::int32_t>(in.u32());
    header.checksum = in.u16();
    header.length = in.u16();
    return header;
  }
  static void encode_lsa_header(const LsaHeader& header, Writer& out) {
    out.u16(header.age);
    out.u16(static_cast<std::uint16_t>(header.key.type));
    out.u32(header.key.id.value);
    out.u32(header.key.advertising_router.value);
    out.u32(std::bit_cast<std::uint32_t>(header.sequence_number));
    out.u16(header.checksum);
    out.u16(header.length);
  }
  static Lsa make_lsa(LsaHeader header, std::span<const std::byte> body) {
    Writer out;
    header.length = static_cast<std::uint16_t>(kLsaHeaderSize + body.size());
    encode_lsa_header(header, out);
    out.append(body);
    store_u16(out.at(16), lsa_checksum(out.bytes()));
    return Lsa::copy(out.bytes());
  }
  [[nodiscard]] Bytes encode(RouterId router, AreaId area, const Hello& hello) const override {
    Writer out = begin(PacketType::hello, router, area);
    out.u32(hello.interface_id.value);
    out.u8(hello.priority);
    out.u24(hello.options.bits);
    out.u16(hello.hello_interval);
    out.u16(static_cast<std::uint16_t>(hello.dead_interval));
    out.u32(hello.designated_router.value);
    out.u32(hello.backup_designated_router.value);
    for (const auto neighbor : hello.neighbors) out.u32(neighbor.value);
    return out.take();
  }
  [[nodiscard]] Bytes encode(RouterId router, AreaId area, const DatabaseDescription& dd) const override {
    Writer out = begin(PacketType::database_description, router, area);
    out.u32(dd.options.bits);
    out.u16(dd.interface_mtu);
    out.u16(static_cast<std::uint16_t>((dd.flags.init ? 4 : 0) | (dd.flags.more ? 2 : 0) |
                                       (dd.flags.master ? 1 : 0)));
    out.u32(dd.sequence_number);
    for (const auto& header : dd.headers) encode_lsa_header(header, out);
    return out.take();
  }
  [[nodiscard]] Bytes encode(RouterId router, AreaId area, const LinkStateRequest& request) const override {
    Writer out = begin(PacketType::link_state_request, router, area);
    for (const auto& key : request.keys) {
      out.u32(static_cast<std::uint32_t>(key.type));
      out.u32(key.id.value);
      out.u32(key.advertising_router.value);
    }
    return out.take();
  }
  [[nodiscard]] Bytes encode(RouterId router, AreaId area,
                             const LinkStateAcknowledgment& ack) const override {
    Writer out = begin(PacketType::link_state_acknowledgment, router, area);
    for (const auto& header : ack.headers) encode_lsa_header(header, out);
    return out.take();
  }
  [[nodiscard]] Bytes encode(RouterId router, AreaId area, std::span<const OutgoingLsa> lsas) const override {
    Writer out = begin(PacketType::link_state_update, router, area);
    out.u32(static_cast<std::uint32_t>(lsas.size()));
    for (const auto& item : lsas) {
      const std::size_t at = out.size();
      out.append(item.lsa.bytes());
      store_u16(out.at(at), item.age);
    }
    return out.take();
  }

  [[nodiscard]] DecodeResult decode(std::span<const std::byte>) const override {
    return DecodeError{DropReason::bad_version, 0};
  }
  [[nodiscard]] std::uint32_t wire_type(LsaType type) const override {
    return static_cast<std::uint32_t>(type);
  }
  [[nodiscard]] std::optional<DropReason> refuse_header(const PacketHeader&) const override {
    return std::nullopt;
  }
  [[nodiscard]] bool accepts_source(const IpAddress&) const override { return true; }
  [[nodiscard]] bool is_on_link(const DeviceStatus&, const IpAddress&) const override { return true; }
  [[nodiscard]] bool is_all_spf_routers(const IpAddress& address) const override {
    return address == IpAddress{*Ipv6Address::parse("ff02::5")};
  }
  [[nodiscard]] Hello hello(const Area& area, const DeviceStatus& status) const override {
    Hello hello;
    hello.interface_id = status.ifindex;
    hello.options = {0x11 | area.capability().bits};
    return hello;
  }
  [[nodiscard]] Options dd_options(const Area& area) const override {
    return {0x11 | area.capability().bits};
  }
  [[nodiscard]] std::optional<DropReason> refuse_hello(const InterfaceConfig&, const DeviceStatus&,
                                                       const Hello&) const override {
    return std::nullopt;
  }
  [[nodiscard]] std::optional<DifferingMasks> differing_masks(const DeviceStatus&,
                                                              const Hello&) const override {
    return std::nullopt;
  }
  [[nodiscard]] std::optional<DropReason> refuse_lsa(const LsaHeader& header, Options) const override {
    if (scope_of(header.key.type) == FloodingScope::unknown) return DropReason::lsa_unknown_type;
    return std::nullopt;
  }
  [[nodiscard]] Options required_options(LsaType) const override { return {}; }
  [[nodiscard]] std::optional<IpAddress> address_of_originator(const LsaKey&) const override {
    return std::nullopt;
  }
  [[nodiscard]] bool is_advertised(const IpAddress&) const override { return true; }
  [[nodiscard]] LsaKey router_lsa_key(RouterId self) const override {
    return {LsaType::router, LinkStateId{0}, self};
  }
  [[nodiscard]] OwnRouterLsa router_lsa(RouterId self, const Area&, const std::vector<InterfaceFacts>&,
                                        const RouterRole&) const override {
    LsaHeader header;
    header.key = router_lsa_key(self);
    return {{header, make_lsa(header, {})}, 0};
  }
  [[nodiscard]] std::optional<std::uint16_t> cost_towards(const Lsa&, RouterId,
                                                          const IpAddress&) const override {
    return std::nullopt;
  }
  [[nodiscard]] OwnLsa external_lsa(const LsaKey& key, const ExternalRoute&) const override {
    LsaHeader header;
    header.key = key;
    return {header, make_lsa(header, {})};
  }
  [[nodiscard]] OwnLsa nssa_external_lsa(const LsaKey& key, const ExternalRoute& route, PBit) const override {
    return external_lsa(key, route);
  }
  [[nodiscard]] OwnLsa inter_area_prefix_lsa(const Area&, const LsaKey& key, const IpPrefix&,
                                             std::uint32_t) const override {
    LsaHeader header;
    header.key = key;
    return {header, make_lsa(header, {})};
  }
  [[nodiscard]] OwnLsa inter_area_router_lsa(const Area&, RouterId self, RouterId router,
                                             std::uint32_t) const override {
    LsaHeader header;
    header.key = {LsaType::summary_asbr, LinkStateId{router.value}, self};
    return {header, make_lsa(header, {})};
  }
  [[nodiscard]] OwnLsa opaque_lsa(const Area*, const LsaKey& key, std::span<const std::byte>) const override {
    LsaHeader header;
    header.key = key;
    return {header, make_lsa(header, {})};
  }
  /// RFC 5340 section 4.4.3.5: any number will do.
  class Numbers final : public ExternalIds {
   public:
    Assigned assign(const IpPrefix&) override { return {LinkStateId{++last_}, std::nullopt}; }
    std::optional<LinkStateId> release(const IpPrefix&) override { return std::nullopt; }
    void measure(Footprint&) const override {}

   private:
    std::uint32_t last_ = 0;
  };
  [[nodiscard]] std::unique_ptr<ExternalIds> external_ids() const override {
    return std::make_unique<Numbers>();
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

}  // namespace wgospf::ospf
