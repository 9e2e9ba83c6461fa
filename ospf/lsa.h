#pragma once
// LSAs: the key, the header, and the immutable shared bytes of one instance.
//
// An LSA keeps the bytes it was received or originated with. The age among these bytes is the age at that
// moment; the present age is computed from the time of installation (lsdb.h) and written into copies that are
// sent. Only bytes 2 and 3 differ between the versions, and only the codecs look at them: what they say is
// kept beside the bytes (LsaHeader, LsdbEntry). Length, sequence number and checksum stand at the same
// offsets.

#include <algorithm>
#include <bit>
#include <cassert>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "ospf/base/bytes.h"
#include "ospf/base/shared_bytes.h"
#include "ospf/constants.h"
#include "ospf/types.h"

namespace wgospf::ospf {

enum class FloodingScope : std::uint8_t { link, area, as, unknown };

/// LSA types in the space of OSPFv3 (RFC 5340 A.4.2.1): the U-bit, two bits of flooding scope, a function
/// code. OSPFv2's types of 8 bits are put there by its codec, with the scope that they have (RFC 2328 section
/// 13, RFC 5250 section 3): the low byte is the type on the wire. One without a scope that we know stands in
/// the reserved scope, where it meets no other.
enum class LsaType : std::uint16_t {
  router = 0x2001,
  network = 0x2002,
  summary_network = 0x2003,  ///< v3: inter-area-prefix
  summary_asbr = 0x2004,     ///< v3: inter-area-router
  as_external = 0x4005,
  group_membership = 0x6006,     ///< v2 only, not supported
  nssa_external = 0x2007,        ///< v3: NSSA
  external_attributes = 0x6008,  ///< v2 only, not supported
  opaque_link = 0x0009,          ///< v2 only, and so are the next two
  opaque_area = 0x200a,
  opaque_as = 0x400b,
};
/// Of the two scope bits.
[[nodiscard]] constexpr FloodingScope scope_of(LsaType type) {
  return static_cast<FloodingScope>((static_cast<unsigned>(type) >> 13) & 3);
}
[[nodiscard]] constexpr bool is_opaque(LsaType type) {
  return type == LsaType::opaque_link || type == LsaType::opaque_area || type == LsaType::opaque_as;
}
/// The names of RFC 9129's identities, shortened.
[[nodiscard]] std::string_view to_string(LsaType type);

/// The options of packets (RFC 2328 A.2, RFC 5250 section 4.1, RFC 5340 A.2: 24 bits). E, N and DC are the
/// same bits in both versions; the others here are OSPFv2's.
struct Options {
  std::uint32_t bits = 0;
  static constexpr std::uint8_t kExternal = 0x02;   ///< E: AS-external LSAs are taken
  static constexpr std::uint8_t kMulticast = 0x04;  ///< MC
  static constexpr std::uint8_t kNssa = 0x08;       ///< N/P
  static constexpr std::uint8_t kLls = 0x10;        ///< L (RFC 5613)
  static constexpr std::uint8_t kDemand = 0x20;     ///< DC
  static constexpr std::uint8_t kOpaque = 0x40;     ///< O: opaque LSAs are taken
  constexpr bool operator==(const Options&) const = default;
  [[nodiscard]] constexpr bool has(std::uint32_t bit) const { return (bits & bit) != 0; }
  [[nodiscard]] constexpr bool has_all(Options wanted) const { return (bits & wanted.bits) == wanted.bits; }
};
/// The options of an LSA: an octet of its header in OSPFv2, nothing there in OSPFv3.
struct LsaOptions {
  std::uint8_t bits = 0;
  constexpr bool operator==(const LsaOptions&) const = default;
  [[nodiscard]] constexpr bool has(std::uint8_t bit) const { return (bits & bit) != 0; }
};

inline constexpr std::size_t kLsaHeaderSize = 20;

/// What identifies an LSA, whatever its instance (RFC 2328 section 12.1).
struct LsaKey {
  LsaType type{};
  LinkStateId id;
  RouterId advertising_router;

  constexpr auto operator<=>(const LsaKey&) const = default;
};

/// `salt`: neighbours choose keys, and could choose such that meet in a table, if they knew it.
[[nodiscard]] constexpr std::uint64_t hash_value(const LsaKey& key, std::uint64_t salt) {
  const std::uint64_t ids = (std::uint64_t{key.id.value} << 32) | key.advertising_router.value;
  return hash_mix(salt ^ ids ^ (std::uint64_t{static_cast<std::uint16_t>(key.type)} * 0x9e3779b97f4a7c15ULL));
}

/// The 20 bytes every LSA begins with (RFC 2328 A.4.1, RFC 5340 A.4.2). `options` is empty in v3.
///
///      0                   1                   2                   3
///     +-------------------------------+---------------+---------------+
///     |            LS age             |    Options    |    LS type    |   v3: LS type, 16 bits
///     +-------------------------------+---------------+---------------+
///     |                        Link State ID                          |
///     |                     Advertising Router                        |
///     |                     LS sequence number                        |
///     |         LS checksum           |             length            |
///     +-------------------------------+-------------------------------+
struct LsaHeader {
  std::uint16_t age = 0;  ///< seconds, at most kMaxAge
  LsaOptions options;
  LsaKey key;
  std::int32_t sequence_number = kInitialSequenceNumber;
  std::uint16_t checksum = 0;
  std::uint16_t length = kLsaHeaderSize;  ///< bytes, header included

  constexpr bool operator==(const LsaHeader&) const = default;
  [[nodiscard]] constexpr bool is_maxage() const { return age >= kMaxAge; }
};

/// What tells instances of an LSA apart.
struct LsaInstance {
  std::int32_t sequence_number = 0;
  std::uint16_t checksum = 0;
  std::uint16_t age = 0;
  constexpr LsaInstance(std::int32_t sequence, std::uint16_t check, std::uint16_t now)
      : sequence_number(sequence), checksum(check), age(now) {}
  constexpr LsaInstance(const LsaHeader& header)  // NOLINT(google-explicit-constructor)
      : LsaInstance(header.sequence_number, header.checksum, header.age) {}
  [[nodiscard]] constexpr bool is_maxage() const { return age >= kMaxAge; }
};

/// One instance of an LSA: a handle on immutable shared bytes, header first. Invariant: at least a header,
/// and the header's length is the size. Copying costs a reference count.
class Lsa {
 public:
  Lsa() = default;
  /// Copies `bytes`, which must hold exactly one LSA that the codec has accepted or encoded.
  [[nodiscard]] static Lsa copy(std::span<const std::byte> bytes) {
    assert(bytes.size() >= kLsaHeaderSize);
    Lsa lsa;
    lsa.data_ = SharedBytes::copy(bytes);
    return lsa;
  }
  [[nodiscard]] explicit operator bool() const { return data_.data() != nullptr; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_.data(), length()}; }
  [[nodiscard]] std::span<const std::byte> body() const { return bytes().subspan(kLsaHeaderSize); }
  /// The age as received or originated.
  [[nodiscard]] std::uint16_t first_age() const { return load_u16(data_.data()); }
  [[nodiscard]] std::uint16_t length() const { return load_u16(data_.data() + 18); }
  [[nodiscard]] std::uint16_t checksum() const { return load_u16(data_.data() + 16); }
  [[nodiscard]] std::int32_t sequence_number() const {
    return std::bit_cast<std::int32_t>(load_u32(data_.data() + 12));
  }
  [[nodiscard]] LsaInstance instance() const { return {sequence_number(), checksum(), first_age()}; }
  /// The same instance: same bytes in memory (not equality of contents).
  [[nodiscard]] bool is_same_as(const Lsa& other) const { return data_ == other.data_; }

 private:
  SharedBytes data_;
};

/// The same contents with another age (the same instance: the checksum stays) or sequence number (another
/// instance: the checksum is recomputed).
[[nodiscard]] Lsa with(const Lsa& lsa, std::uint16_t age, std::int32_t sequence_number);
/// Of two instances of one LSA: the same contents, that is options and body, whatever age, sequence number
/// and checksum. False when one is none.
[[nodiscard]] bool same_contents(const Lsa& a, const Lsa& b);

/// An LSA of our own as it is wanted, with its header.
struct OwnLsa {
  LsaHeader header;
  Lsa lsa;
};

/// An LSA to be sent, with the age to write into the copy.
struct OutgoingLsa {
  Lsa lsa;
  std::uint16_t age = 0;
};

}  // namespace wgospf::ospf
