#pragma once
// OSPFv2's rules for the shared algorithms: what is refused, what is flooded to whom, what is originated.

#include <memory>
#include <optional>
#include <vector>

#include "ospf/v2/external_ids.h"
#include "ospf/v2/opaque_flooding.h"
#include "ospf/v2/v2.h"
#include "ospf/version.h"

namespace wgospf::ospf::v2 {

class Rules final : public Version {
 public:
  Rules()
      : Version({V2::kIpHeaderSize, V2::kPacketHeaderSize, V2::kDdFixedSize, V2::kRequestSize},
                Family::ipv4) {}

  [[nodiscard]] DecodeResult decode(std::span<const std::byte> bytes) const override {
    return V2::decode(bytes);
  }
  [[nodiscard]] Bytes encode(RouterId router, AreaId area, const Hello& hello) const override {
    return V2::encode(router, area, hello);
  }
  [[nodiscard]] Bytes encode(RouterId router, AreaId area, const DatabaseDescription& dd) const override {
    return V2::encode(router, area, dd);
  }
  [[nodiscard]] Bytes encode(RouterId router, AreaId area, const LinkStateRequest& request) const override {
    return V2::encode(router, area, request);
  }
  [[nodiscard]] Bytes encode(RouterId router, AreaId area,
                             const LinkStateAcknowledgment& acknowledgment) const override {
    return V2::encode(router, area, acknowledgment);
  }
  [[nodiscard]] Bytes encode(RouterId router, AreaId area, std::span<const OutgoingLsa> lsas) const override {
    return V2::encode(router, area, lsas);
  }
  [[nodiscard]] std::uint32_t wire_type(LsaType type) const override { return v2::wire_type(type); }

  /// Section 8.2, authentication: AuType as configured (null).
  [[nodiscard]] std::optional<DropReason> refuse_header(const PacketHeader& header) const override;
  /// A usable unicast address: not of 0/8, 127/8, 224/4 or 240/4.
  [[nodiscard]] bool accepts_source(const IpAddress& source) const override;
  /// One on a subnet of the link or named as the far end of it; any where the link is unnumbered or has an
  /// address that is alone in its subnet.
  [[nodiscard]] bool is_on_link(const DeviceStatus& status, const IpAddress& source) const override;
  [[nodiscard]] bool is_all_spf_routers(const IpAddress& address) const override {
    return address == IpAddress{Ipv4Address{0xe0000005}};
  }
  [[nodiscard]] Hello hello(const Area& area, const DeviceStatus& status) const override;
  /// The O-bit is set in database descriptions only (RFC 5250 section 4.1), the N-bit in hellos only (RFC
  /// 3101 appendix A).
  [[nodiscard]] Options dd_options(const Area& area) const override;
  [[nodiscard]] std::optional<DropReason> refuse_hello(const InterfaceConfig& config,
                                                       const DeviceStatus& status,
                                                       const Hello& hello) const override;
  [[nodiscard]] std::optional<DifferingMasks> differing_masks(const DeviceStatus& status,
                                                              const Hello& hello) const override;
  /// RFC 5250 section 3, and what V2::validate_lsa finds in the header.
  [[nodiscard]] std::optional<DropReason> refuse_lsa(const LsaHeader& header,
                                                     Options neighbor) const override;
  [[nodiscard]] Options required_options(LsaType type) const override { return opaque_capability(type); }
  [[nodiscard]] std::optional<IpAddress> address_of_originator(const LsaKey& key) const override {
    if (key.type != LsaType::network) return std::nullopt;
    return Ipv4Address{key.id.value};
  }
  /// Nothing is that is of no use beyond this machine, or beyond this link (RFC 3927 section 7).
  [[nodiscard]] bool is_advertised(const IpAddress& address) const override;
  [[nodiscard]] LsaKey router_lsa_key(RouterId self) const override {
    return {LsaType::router, LinkStateId{self.value}, self};
  }
  [[nodiscard]] OwnRouterLsa router_lsa(RouterId self, const Area& area,
                                        const std::vector<InterfaceFacts>& interfaces,
                                        const RouterRole& role) const override;
  [[nodiscard]] OwnLsa inter_area_prefix_lsa(const Area& area, const LsaKey& key, const IpPrefix& prefix,
                                             std::uint32_t metric) const override;
  [[nodiscard]] OwnLsa inter_area_router_lsa(const Area& area, RouterId self, RouterId router,
                                             std::uint32_t metric) const override;
  [[nodiscard]] std::optional<std::uint16_t> cost_towards(const Lsa& router_lsa, RouterId self,
                                                          const IpAddress& address) const override;
  [[nodiscard]] OwnLsa external_lsa(const LsaKey& key, const ExternalRoute& route) const override;
  [[nodiscard]] OwnLsa nssa_external_lsa(const LsaKey& key, const ExternalRoute& route,
                                         PBit p_bit) const override;
  [[nodiscard]] OwnLsa opaque_lsa(const Area* area, const LsaKey& key,
                                  std::span<const std::byte> body) const override;
  [[nodiscard]] std::unique_ptr<ospf::ExternalIds> external_ids() const override {
    return std::make_unique<ExternalIds>();
  }
};

}  // namespace wgospf::ospf::v2
