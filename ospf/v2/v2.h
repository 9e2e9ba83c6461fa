#pragma once
// OSPFv2 (RFC 2328, RFC 5250): its codec, and its LSAs as values.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "ospf/config.h"
#include "ospf/lsa.h"
#include "ospf/packet.h"
#include "ospf/types.h"

namespace wgospf::ospf {

class Version;

namespace v2 {

/// The type of an LSA on the wire, 8 bits, in the core's space and back. Types that we do not know keep apart
/// from each other and from all others.
[[nodiscard]] constexpr LsaType lsa_type(std::uint8_t wire) {
  constexpr std::array<std::uint16_t, 12> kScopes{0x6000, 0x2000, 0x2000, 0x2000, 0x2000, 0x4000,
                                                  0x6000, 0x2000, 0x6000, 0x0000, 0x2000, 0x4000};
  return static_cast<LsaType>((wire < kScopes.size() ? kScopes[wire] : 0x6000) | wire);
}
[[nodiscard]] constexpr std::uint8_t wire_type(LsaType type) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(type) & 0xff);
}

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
  static constexpr std::uint8_t kBorder = 0x01, kExternal = 0x02, kVirtual = 0x04, kTranslator = 0x10;
  std::uint8_t flags = 0;  ///< the whole octet: B, E, V, Nt (RFC 3101 appendix B) and whatever else was there
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

/// The codec of OSPFv2, and what the route calculation takes from a version.
struct V2 {
  using Address = Ipv4Address;
  using LsaBody = v2::LsaBody;
  /// The rules, for the shared algorithms.
  [[nodiscard]] static const Version& version();

  // Decoders are total: any bytes give a value or an error (v2/codec.cpp, v2/lsa_codec.cpp).
  static constexpr std::size_t kPacketHeaderSize = 24;
  static constexpr std::uint32_t kIpHeaderSize = 20;
  static constexpr std::size_t kDdFixedSize = 8;   ///< of a Database Description, after the packet header
  static constexpr std::size_t kRequestSize = 12;  ///< of one entry of a Link State Request
  [[nodiscard]] static LsaHeader decode_lsa_header(std::span<const std::byte> bytes);  // exactly 20 bytes
  static void encode_lsa_header(const LsaHeader& header, Writer& out);
  /// The header of an LSA as received or originated: `age` is the age at that time.
  [[nodiscard]] static LsaHeader header(const Lsa& lsa) {
    return decode_lsa_header(lsa.bytes().first(kLsaHeaderSize));
  }

  /// A packet from the OSPF header on. Form only: version, type, length, checksum (for null and simple
  /// authentication), lengths within. Context (area, neighbour, intervals) is the caller's. Each LSA of an
  /// update is checked by validate_lsa; one in error does not make the packet an error.
  [[nodiscard]] static DecodeResult decode(std::span<const std::byte> bytes);

  /// The LSA at the beginning of `bytes` in form: length, checksum, type-specific structure (RFC 2328 section
  /// 13 steps 1 and 2 and A.4). nullopt when it is sound. `bytes` is exactly the header's length.
  [[nodiscard]] static std::optional<DropReason> validate_lsa(std::span<const std::byte> bytes);
  /// As much of it as the header alone tells (age, sequence number, Link State ID).
  [[nodiscard]] static std::optional<DropReason> validate_lsa_header(const LsaHeader& header);

  /// Encode with null authentication; the header's type, length and checksum are computed.
  [[nodiscard]] static std::vector<std::byte> encode(RouterId, AreaId, const Hello&);
  [[nodiscard]] static std::vector<std::byte> encode(RouterId, AreaId, const DatabaseDescription&);
  [[nodiscard]] static std::vector<std::byte> encode(RouterId, AreaId, const LinkStateRequest&);
  [[nodiscard]] static std::vector<std::byte> encode(RouterId, AreaId, const LinkStateAcknowledgment&);
  [[nodiscard]] static std::vector<std::byte> encode(RouterId, AreaId, std::span<const OutgoingLsa>);

  /// The body of an LSA that validate_lsa has accepted.
  [[nodiscard]] static LsaBody decode_body(const Lsa& lsa);
  /// A whole LSA: header fields from `header` (its length and checksum are computed), body from `body`.
  [[nodiscard]] static Lsa encode_lsa(LsaHeader header, const LsaBody& body);
};

}  // namespace wgospf::ospf
