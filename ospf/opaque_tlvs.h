#pragma once
// What our opaque LSAs say (docs/opaque-lsas.md): a version and TLVs, as in RFC 3630 section 2.3.2. They are of one
// opaque type, out of those for private use (RFC 5250 section 9), which others may use as well: what is not ours is
// told by its first bytes.
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |      'w'      |      'g'      |      'o'      |    Version    |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |              Type             |             Length            |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                     Value, padded to 32 bits                  |

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "net/ip.h"

namespace wgospf::ospf {

/// Of all our opaque LSAs.
inline constexpr std::uint8_t kOpaqueType = 228;
inline constexpr std::uint8_t kOpaqueVersion = 1;
/// The opaque id of the one of link scope that tells of the link.
inline constexpr std::uint32_t kOpaqueIdOfLink = 0;

/// TLV 1, of link scope: what the originator's end of the link has been configured with.
struct LinkCostTlv {
  std::uint16_t cost = 0;      ///< not 0
  bool is_multipoint = false;  ///< its interface is a point-to-multipoint one: both directions cost the same
  bool operator==(const LinkCostTlv&) const = default;
};

/// Of AS scope: clients whose keys have the same first octet share the one with this opaque id and the octet added.
inline constexpr std::uint32_t kOpaqueIdOfClients = 0x10000;
/// A greater counter than a router comes to by counting.
inline constexpr std::uint32_t kPresenceCounterMost = 0x7fffffff;

/// TLV 20, of AS scope, any number of them: the originator is where this WireGuard peer is.
struct ClientTlv {
  std::array<std::uint8_t, 32> public_key{};
  std::uint32_t counter = 0;  ///< of arrivals, at most kPresenceCounterMost
  std::uint16_t cost = 0;     ///< from the originator to the client; not 0
  bool is_joined = false;     ///< the counter was another's: the client is at both
  Ipv4Address address{};      ///< the client's first
  bool operator==(const ClientTlv&) const = default;
};
/// The tag of the AS-external-LSAs of clients: "wgc" in the last three octets.
inline constexpr std::uint32_t kClientTag = 0x00776763;

struct OpaqueTlvs {
  std::optional<LinkCostTlv> link_cost;
  std::vector<ClientTlv> clients{};  ///< in their order
  bool operator==(const OpaqueTlvs&) const = default;
};

/// Why nothing is taken from an LSA. `offset`: of the header or TLV, from the end of the LSA header.
struct OpaqueError {
  enum class Reason : std::uint8_t {
    not_ours,         ///< another application's, by its first bytes
    unknown_version,  ///< `value`: the version
    truncated,        ///< a TLV ends beyond the LSA; `value`: its length
    too_short,        ///< a TLV of a known type has less than its fields; `value`: its length
    bad_cost,         ///< a cost of 0
    bad_counter,      ///< a counter above kPresenceCounterMost
  };
  Reason reason{};
  std::size_t offset = 0;
  std::uint32_t value = 0;
  bool operator==(const OpaqueError&) const = default;
};

/// `body`: what follows the LSA header. Types that are not known, what is beyond the fields of a known one, a type
/// that comes once more (but for clients), and padding are passed over.
[[nodiscard]] std::variant<OpaqueTlvs, OpaqueError> decode_opaque(std::span<const std::byte> body);
[[nodiscard]] std::vector<std::byte> encode_opaque(const OpaqueTlvs& tlvs);

}  // namespace wgospf::ospf
