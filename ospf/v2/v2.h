#pragma once
// OSPFv2 (RFC 2328, RFC 5250): the data axis and the rules axis of the version concept, as one traits type.
// Everything that differs between v2 and v3 is reached through V2; shared code has no version switch.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "ospf/lsa.h"
#include "ospf/packet.h"
#include "ospf/types.h"

namespace wgospf::ospf {

namespace v2 {

enum class LsaType : std::uint8_t {
  router = 1,
  network = 2,
  summary_network = 3,
  summary_asbr = 4,
  as_external = 5,
  group_membership = 6,
  nssa_external = 7,
  external_attributes = 8,
  opaque_link = 9,
  opaque_area = 10,
  opaque_as = 11,
};

/// The Options octet (RFC 2328 A.2, RFC 5250 section 4.1).
struct Options {
  std::uint8_t bits = 0;
  static constexpr std::uint8_t kExternal = 0x02;   ///< E: AS-external LSAs are taken
  static constexpr std::uint8_t kMulticast = 0x04;  ///< MC
  static constexpr std::uint8_t kNssa = 0x08;       ///< N/P
  static constexpr std::uint8_t kLls = 0x10;        ///< L (RFC 5613)
  static constexpr std::uint8_t kDemand = 0x20;     ///< DC
  static constexpr std::uint8_t kOpaque = 0x40;     ///< O: opaque LSAs are taken
  constexpr bool operator==(const Options&) const = default;
  [[nodiscard]] constexpr bool has(std::uint8_t bit) const { return (bits & bit) != 0; }
};

enum class AuthenticationType : std::uint16_t { null = 0, simple_password = 1, cryptographic = 2 };

/// RFC 2328 A.3.1. `checksum` and `length` are as received; an encoder computes its own.
struct PacketHeader {
  PacketType type = PacketType::hello;
  std::uint16_t length = 0;
  RouterId router_id;
  AreaId area_id;
  std::uint16_t checksum = 0;
  AuthenticationType authentication_type = AuthenticationType::null;
  std::array<std::byte, 8> authentication{};
};

struct HelloFields {
  std::uint32_t network_mask = 0;
  constexpr bool operator==(const HelloFields&) const = default;
};

// Bodies of the LSAs (RFC 2328 A.4.2 to A.4.5). Decoding then encoding gives the same bytes.

enum class RouterLinkType : std::uint8_t { point_to_point = 1, transit = 2, stub = 3, virtual_link = 4 };

struct TosMetric {
  std::uint8_t tos = 0;
  std::uint8_t reserved = 0;
  std::uint16_t metric = 0;
  constexpr bool operator==(const TosMetric&) const = default;
};

struct RouterLink {
  std::uint32_t link_id = 0;
  std::uint32_t link_data = 0;
  RouterLinkType type = RouterLinkType::point_to_point;
  std::uint16_t metric = 0;
  std::vector<TosMetric> tos;
  bool operator==(const RouterLink&) const = default;
};

struct RouterLsa {
  static constexpr std::uint8_t kBorder = 0x01, kExternal = 0x02, kVirtual = 0x04;
  std::uint8_t flags = 0;  ///< the whole octet: B, E, V and whatever else was there
  std::vector<RouterLink> links;
  std::uint8_t reserved = 0;        ///< as it stood, so that the bytes come back
  std::vector<std::byte> trailing;  ///< after the last link, too short to be one, as they stood
  bool operator==(const RouterLsa&) const = default;
};

struct NetworkLsa {
  std::uint32_t mask = 0;
  std::vector<RouterId> attached;
  bool operator==(const NetworkLsa&) const = default;
};

/// Types 3 and 4.
struct SummaryLsa {
  std::uint32_t mask = 0;
  std::uint32_t metric = 0;                ///< 24 bits
  std::vector<std::uint32_t> tos_entries;  ///< raw, as they stood
  std::uint8_t reserved = 0;               ///< the octet before the metric, as it stood
  bool operator==(const SummaryLsa&) const = default;
};

/// Types 5 and 7.
struct ExternalLsa {
  struct Tos {
    std::uint32_t metric_word = 0, forwarding_address = 0, tag = 0;
    constexpr bool operator==(const Tos&) const = default;
  };
  std::uint32_t mask = 0;
  bool type2 = false;        ///< the E bit: type 2 metric
  std::uint32_t metric = 0;  ///< 24 bits
  Ipv4Address forwarding_address;
  std::uint32_t tag = 0;
  std::vector<Tos> tos;       ///< raw, as they stood
  std::uint8_t reserved = 0;  ///< the seven bits beside E, as they stood
  bool operator==(const ExternalLsa&) const = default;
};

/// Types 9 to 11, and any body kept as it is.
struct OpaqueLsa {
  std::vector<std::byte> data;
  bool operator==(const OpaqueLsa&) const = default;
};

using LsaBody = std::variant<RouterLsa, NetworkLsa, SummaryLsa, ExternalLsa, OpaqueLsa>;

}  // namespace v2

/// The traits of OSPFv2.
struct V2 {
  // Data.
  using Address = Ipv4Address;
  using LsaType = v2::LsaType;
  using LsaHeaderOptions = v2::Options;
  using Options = v2::Options;
  using PacketHeader = v2::PacketHeader;
  using HelloFields = v2::HelloFields;
  using DrId = Ipv4Address;
  using LsaBody = v2::LsaBody;

  // Rules: codec (v2/codec.cpp). Decoders are total: any bytes give a value or an error.
  static constexpr std::size_t kPacketHeaderSize = 24;
  static constexpr std::uint32_t kIpHeaderSize = 20;
  static constexpr std::size_t kDdFixedSize = 8;   ///< of a Database Description, after the packet header
  static constexpr std::size_t kRequestSize = 12;  ///< of one entry of a Link State Request
  [[nodiscard]] static LsaHeader<V2> decode_lsa_header(std::span<const std::byte> bytes);  // exactly 20 bytes
  static void encode_lsa_header(const LsaHeader<V2>& header, Writer& out);

  /// A packet from the OSPF header on. Form only: version, type, length, checksum (for null and simple
  /// authentication), lengths within. Context (area, neighbour, intervals) is the caller's. Each LSA of an
  /// update is checked by validate_lsa; one in error does not make the packet an error.
  [[nodiscard]] static DecodeResult<V2> decode(std::span<const std::byte> bytes);

  /// The LSA at the beginning of `bytes` in form: length, checksum, type-specific structure (RFC 2328 section
  /// 13 steps 1 and 2 and A.4). nullopt when it is sound. `bytes` is exactly the header's length.
  [[nodiscard]] static std::optional<DropReason> validate_lsa(std::span<const std::byte> bytes);
  /// As much of it as the header alone tells (age, sequence number, Link State ID).
  [[nodiscard]] static std::optional<DropReason> validate_lsa_header(const LsaHeader<V2>& header);

  /// Encode with null authentication; the header's type, length and checksum are computed.
  [[nodiscard]] static std::vector<std::byte> encode(RouterId, AreaId, const Hello<V2>&);
  [[nodiscard]] static std::vector<std::byte> encode(RouterId, AreaId, const DatabaseDescription<V2>&);
  [[nodiscard]] static std::vector<std::byte> encode(RouterId, AreaId, const LinkStateRequest<V2>&);
  [[nodiscard]] static std::vector<std::byte> encode(RouterId, AreaId, const LinkStateAcknowledgment<V2>&);
  [[nodiscard]] static std::vector<std::byte> encode(RouterId, AreaId, std::span<const OutgoingLsa<V2>>);

  /// The body of an LSA that validate_lsa has accepted.
  [[nodiscard]] static LsaBody decode_body(const Lsa<V2>& lsa);
  /// A whole LSA: header fields from `header` (its length and checksum are computed), body from `body`.
  [[nodiscard]] static Lsa<V2> encode_lsa(LsaHeader<V2> header, const LsaBody& body);
  /// The same contents with another age (the same instance: the checksum stays) or sequence number (another
  /// instance: the checksum is recomputed).
  [[nodiscard]] static Lsa<V2> with(const Lsa<V2>& lsa, std::uint16_t age, std::int32_t sequence_number);
  /// The Fletcher checksum of an LSA as stored still holds (RFC 2328 section 14: checked every kCheckAge).
  [[nodiscard]] static bool checksum_holds(std::span<const std::byte> lsa);

  // Rules: types and scopes.
  /// RFC 2328 section 13 and RFC 5250 section 3. Unknown types give `unknown`.
  [[nodiscard]] static constexpr FloodingScope scope(LsaType type) {
    switch (type) {
      case LsaType::router:
      case LsaType::network:
      case LsaType::summary_network:
      case LsaType::summary_asbr:
      case LsaType::nssa_external:
      case LsaType::opaque_area:
        return FloodingScope::area;
      case LsaType::as_external:
      case LsaType::opaque_as:
        return FloodingScope::as;
      case LsaType::opaque_link:
        return FloodingScope::link;
      default:
        return FloodingScope::unknown;
    }
  }
  [[nodiscard]] static constexpr bool is_opaque(LsaType type) {
    return type >= LsaType::opaque_link && type <= LsaType::opaque_as;
  }
  [[nodiscard]] static constexpr std::string_view name(LsaType type) {
    switch (type) {  // the names of RFC 9129's identities, shortened
      case LsaType::router:
        return "router";
      case LsaType::network:
        return "network";
      case LsaType::summary_network:
        return "summary-network";
      case LsaType::summary_asbr:
        return "summary-asbr";
      case LsaType::as_external:
        return "as-external";
      case LsaType::nssa_external:
        return "nssa-external";
      case LsaType::opaque_link:
        return "opaque-link";
      case LsaType::opaque_area:
        return "opaque-area";
      case LsaType::opaque_as:
        return "opaque-as";
      default:
        return "unknown";
    }
  }
};

}  // namespace wgospf::ospf
