#pragma once
// What the protocol asks of its version: the codec of packets, and the rules that differ between OSPFv2 and
// OSPFv3. Chosen once for an instance; shared code has no version switch. What an LSA means for the graph is
// asked elsewhere (topology.h).
//
// One call a packet or an LSA, none a neighbour: what depends on the neighbour is asked for as a value
// (required_options).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ospf/config.h"
#include "ospf/external_ids.h"
#include "ospf/neighbor_state.h"
#include "ospf/packet.h"
#include "ospf/types.h"

namespace wgospf::ospf {

struct Area;

/// What origination needs to know of an interface.
struct InterfaceFacts {
  const InterfaceConfig* config = nullptr;
  const DeviceStatus* status = nullptr;  ///< of its device
  InterfaceState state = InterfaceState::down;
  std::uint16_t cost = 0;  ///< of the link, as it is used
  struct FullNeighbor {
    RouterId router_id;
    IpAddress address;
  };
  std::vector<FullNeighbor> full_neighbors;
};

/// Of a type 7 LSA: whether it is to be translated (RFC 3101 section 2.3).
enum class PBit : bool { clear, set };

/// What a router-LSA says of its router in an area (RFC 2328 section 12.4.1, RFC 3101 appendix B).
struct RouterRole {
  bool border = false;       ///< B
  bool as_boundary = false;  ///< E
  bool translator = false;   ///< Nt: of an NSSA, unconditionally
};

/// A router-LSA of ours. It must fit an update, and that a datagram: what is beyond that is left out.
struct OwnRouterLsa {
  OwnLsa own;
  std::size_t links_left_out = 0;
};

/// Of the network masks of both ends of a link.
struct DifferingMasks {
  std::uint32_t theirs = 0, ours = 0;
  constexpr bool operator==(const DifferingMasks&) const = default;
};

/// Of a neighbour that does not tell its cost and has a smaller one than ours in its router-LSA.
struct LowerCost {
  std::uint16_t theirs = 0, ours = 0;
  constexpr bool operator==(const LowerCost&) const = default;
};

class Version {
 public:
  /// Sizes on the wire, in bytes.
  struct Sizes {
    std::uint32_t ip_header = 0;
    std::size_t packet_header = 0;
    std::size_t dd_fixed = 0;  ///< of a Database Description, after the packet header
    std::size_t request = 0;   ///< of one entry of a Link State Request
  };
  const Sizes sizes;
  /// Of the prefixes that it routes.
  const Family family;

  // The codec.
  /// A packet from the OSPF header on. Form only: version, type, length, checksum, lengths within. Each LSA
  /// of an update is checked; one in error does not make the packet an error.
  [[nodiscard]] virtual DecodeResult decode(std::span<const std::byte> bytes) const = 0;
  using Bytes = std::vector<std::byte>;
  [[nodiscard]] virtual Bytes encode(RouterId, AreaId, const Hello&) const = 0;
  [[nodiscard]] virtual Bytes encode(RouterId, AreaId, const DatabaseDescription&) const = 0;
  [[nodiscard]] virtual Bytes encode(RouterId, AreaId, const LinkStateRequest&) const = 0;
  [[nodiscard]] virtual Bytes encode(RouterId, AreaId, const LinkStateAcknowledgment&) const = 0;
  [[nodiscard]] virtual Bytes encode(RouterId, AreaId, std::span<const OutgoingLsa>) const = 0;
  /// A type as it stands on the wire, for people.
  [[nodiscard]] virtual std::uint32_t wire_type(LsaType type) const = 0;

  // Who is heard (RFC 2328 section 8.2).
  /// Authentication as configured, and what else the version's header says.
  [[nodiscard]] virtual std::optional<DropReason> refuse_header(const PacketHeader& header) const = 0;
  /// A usable source of a packet.
  [[nodiscard]] virtual bool accepts_source(const IpAddress& source) const = 0;
  /// May a neighbour on a link of the device have this address (D6)?
  [[nodiscard]] virtual bool is_on_link(const DeviceStatus& status, const IpAddress& source) const = 0;
  [[nodiscard]] virtual bool is_all_spf_routers(const IpAddress& address) const = 0;

  // Hellos and descriptions (RFC 2328 sections 9.5, 10.5, 10.8).
  /// What the version says in a hello beside the intervals and neighbours.
  [[nodiscard]] virtual Hello hello(const Area& area, const DeviceStatus& status) const = 0;
  [[nodiscard]] virtual Options dd_options(const Area& area) const = 0;
  /// Section 10.5 beyond the intervals and what both ends have to say of the area.
  [[nodiscard]] virtual std::optional<DropReason> refuse_hello(const InterfaceConfig& config,
                                                               const DeviceStatus& status,
                                                               const Hello& hello) const = 0;
  /// The neighbour's mask, where both ends have a subnet and not the same (section 10.5).
  [[nodiscard]] virtual std::optional<DifferingMasks> differing_masks(const DeviceStatus& status,
                                                                      const Hello& hello) const = 0;

  // LSAs (RFC 2328 sections 13, 13.3, 13.4, 12.4).
  /// An LSA that must not come from a neighbour of these options, or cannot be by its header. What the area
  /// does not take was refused before (Core::refuse_lsa).
  [[nodiscard]] virtual std::optional<DropReason> refuse_lsa(const LsaHeader& header,
                                                             Options neighbor) const = 0;
  /// An LSA of this type is for neighbours with all these options only.
  [[nodiscard]] virtual Options required_options(LsaType type) const = 0;
  /// Section 13.4: the address by which a network-LSA is ours, whoever is its advertising router.
  [[nodiscard]] virtual std::optional<IpAddress> address_of_originator(const LsaKey& key) const = 0;
  /// Is an address of an interface advertised in the router-LSA?
  [[nodiscard]] virtual bool is_advertised(const IpAddress& address) const = 0;
  [[nodiscard]] virtual LsaKey router_lsa_key(RouterId self) const = 0;
  /// Section 12.4.1, of the area that the interfaces are in.
  [[nodiscard]] virtual OwnRouterLsa router_lsa(RouterId self, const Area& area,
                                                const std::vector<InterfaceFacts>& interfaces,
                                                const RouterRole& role) const = 0;
  /// Section 12.4.3: what a border router says in `area` of a prefix elsewhere, which is of the version's family, and
  /// of an AS boundary router elsewhere.
  [[nodiscard]] virtual OwnLsa inter_area_prefix_lsa(const Area& area, const LsaKey& key,
                                                     const IpPrefix& prefix, std::uint32_t metric) const = 0;
  [[nodiscard]] virtual OwnLsa inter_area_router_lsa(const Area& area, RouterId self, RouterId router,
                                                     std::uint32_t metric) const = 0;
  /// What a neighbour's router-LSA says of the link to us. `address`: of its end; of several links that without
  /// one is as good as any, and the least counts.
  [[nodiscard]] virtual std::optional<std::uint16_t> cost_towards(const Lsa& router_lsa, RouterId self,
                                                                  const IpAddress& address) const = 0;
  /// Section 12.4.4. The prefix is of the version's family.
  [[nodiscard]] virtual OwnLsa external_lsa(const LsaKey& key, const ExternalRoute& route) const = 0;
  /// RFC 3101 section 2.3.
  [[nodiscard]] virtual OwnLsa nssa_external_lsa(const LsaKey& key, const ExternalRoute& route,
                                                 PBit p_bit) const = 0;
  /// RFC 5250. The body is one that a packet has room for. `area`: of link and area scope; nullptr: of the AS.
  [[nodiscard]] virtual OwnLsa opaque_lsa(const Area* area, const LsaKey& key,
                                          std::span<const std::byte> body) const = 0;
  /// Which Link State IDs an instance's AS-external-LSAs have (appendix E); none is given out yet.
  [[nodiscard]] virtual std::unique_ptr<ExternalIds> external_ids() const = 0;

 protected:
  constexpr Version(Sizes s, Family f) : sizes(s), family(f) {}
  ~Version() = default;
};

}  // namespace wgospf::ospf
