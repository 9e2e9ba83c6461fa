#pragma once
// OSPFv2's rules for the shared algorithms: what is refused, what is flooded to whom, what is originated.

#include <optional>
#include <vector>

#include "ospf/rules.h"
#include "ospf/v2/external_ids.h"
#include "ospf/v2/v2.h"

namespace wgospf::ospf {

template <>
struct Rules<V2> {
  /// E: this implementation's areas take AS-external LSAs (RFC 2328 A.2).
  [[nodiscard]] static v2::Options hello_options() { return {v2::Options::kExternal}; }
  /// The O-bit is set in database descriptions only (RFC 5250 section 4.1).
  [[nodiscard]] static v2::Options dd_options() { return {v2::Options::kExternal | v2::Options::kOpaque}; }
  [[nodiscard]] static v2::HelloFields hello_fields(const LinkStatus<V2>& status) {
    return {status.addresses.empty() ? 0 : netmask(status.addresses.front().prefix_length)};
  }
  /// RFC 2328 section 10.5 beyond the intervals.
  [[nodiscard]] static std::optional<DropReason> refuse_hello(const InterfaceConfig& config,
                                                              const LinkStatus<V2>& status,
                                                              const Hello<V2>& hello);
  /// Section 8.2, authentication: AuType as configured (null).
  [[nodiscard]] static std::optional<DropReason> refuse_header(const v2::PacketHeader& header) {
    if (header.authentication_type != v2::AuthenticationType::null)
      return DropReason::authentication_type_mismatch;
    return std::nullopt;
  }
  /// A usable unicast address: not of 0/8, 127/8, 224/4 or 240/4.
  [[nodiscard]] static bool accepts_source(Ipv4Address source) {
    return (source.value >> 24) != 0 && !source.is_loopback() && source.value < 0xe0000000;
  }
  /// May a neighbour have this address (D6)? One on a subnet of the link or named as the far end of it; any
  /// where the link is unnumbered or has an address that is alone in its subnet.
  [[nodiscard]] static bool is_on_link(const LinkStatus<V2>& status, Ipv4Address source);
  /// The neighbour's mask, where both ends have a subnet and not the same (section 10.5).
  [[nodiscard]] static std::optional<DifferingMasks> differing_masks(const LinkStatus<V2>& status,
                                                                     const Hello<V2>& hello);
  [[nodiscard]] static bool is_all_spf_routers(Ipv4Address address) { return address.value == 0xe0000005; }
  /// Section 13 step 3 and RFC 5250 section 3: an LSA that must not come from this neighbour, and what
  /// V2::validate_lsa finds in the header: asked of the headers of database descriptions too.
  [[nodiscard]] static std::optional<DropReason> refuse_lsa(const LsaHeader<V2>& header,
                                                            v2::Options neighbor);
  [[nodiscard]] static bool floods_to(v2::LsaType type, v2::Options neighbor) {
    return !V2::is_opaque(type) || neighbor.has(v2::Options::kOpaque);
  }
  /// Section 13.4: by our router id, or a network-LSA about an address of ours.
  template <class HasAddress>
  [[nodiscard]] static bool is_self_originated(const LsaHeader<V2>& header, RouterId self,
                                               HasAddress&& has_address) {
    return header.key.advertising_router == self ||
           (header.key.type == v2::LsaType::network && has_address(Ipv4Address{header.key.id.value}));
  }
  /// Section 12.4.1.
  [[nodiscard]] static OwnRouterLsa<V2> router_lsa(RouterId self,
                                                   const std::vector<InterfaceFacts<V2>>& interfaces,
                                                   bool as_boundary_router);
  /// Section 12.4.4.
  [[nodiscard]] static Lsa<V2> external_lsa(RouterId self, LinkStateId id, const ExternalRoute<V2>& route);
  [[nodiscard]] static LsaKey<V2> external_key(RouterId self, LinkStateId id) {
    return {v2::LsaType::as_external, id, self};
  }
  using ExternalIds = v2::ExternalIds;
};

}  // namespace wgospf::ospf
