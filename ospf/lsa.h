#pragma once
// LSAs: the key, the header, and the immutable shared bytes of one instance.
//
// An LSA keeps the bytes it was received or originated with. The age among these bytes is the age at that
// moment; the present age is computed from the time of installation (lsdb.h) and written into copies that are
// sent. Data templates here are unconstrained: V supplies types only.

#include <algorithm>
#include <bit>
#include <cassert>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "ospf/bytes.h"
#include "ospf/constants.h"
#include "ospf/shared_bytes.h"
#include "ospf/types.h"

namespace wgospf::ospf {

enum class FloodingScope : std::uint8_t { link, area, as, unknown };

inline constexpr std::size_t kLsaHeaderSize = 20;

/// What identifies an LSA, whatever its instance (RFC 2328 section 12.1).
template <class V>
struct LsaKey {
  typename V::LsaType type{};
  LinkStateId id;
  RouterId advertising_router;

  constexpr auto operator<=>(const LsaKey&) const = default;
};

template <class V>
[[nodiscard]] constexpr std::uint64_t hash_value(const LsaKey<V>& key) {
  const std::uint64_t ids = (std::uint64_t{key.id.value} << 32) | key.advertising_router.value;
  return hash_mix(ids ^ (std::uint64_t{static_cast<std::uint16_t>(key.type)} * 0x9e3779b97f4a7c15ULL));
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
template <class V>
struct LsaHeader {
  std::uint16_t age = 0;  ///< seconds, at most kMaxAge
  typename V::LsaHeaderOptions options{};
  LsaKey<V> key;
  std::int32_t sequence_number = kInitialSequenceNumber;
  std::uint16_t checksum = 0;
  std::uint16_t length = kLsaHeaderSize;  ///< bytes, header included

  constexpr bool operator==(const LsaHeader&) const = default;
  [[nodiscard]] constexpr bool is_maxage() const { return age >= kMaxAge; }
};

/// RFC 2328 section 13.1: `greater` when `a` is the more recent instance, `equivalent` when they are the same
/// instance. Ages are those at the present moment.
template <class V>
[[nodiscard]] constexpr std::weak_ordering compare_recency(const LsaHeader<V>& a, const LsaHeader<V>& b) {
  if (a.sequence_number != b.sequence_number) return a.sequence_number <=> b.sequence_number;
  if (a.checksum != b.checksum) return a.checksum <=> b.checksum;
  if (a.is_maxage() != b.is_maxage())
    return a.is_maxage() ? std::weak_ordering::greater : std::weak_ordering::less;
  const int difference = int{a.age} - int{b.age};
  if (difference > kMaxAgeDiff) return std::weak_ordering::less;
  if (difference < -int{kMaxAgeDiff}) return std::weak_ordering::greater;
  return std::weak_ordering::equivalent;
}

/// One instance of an LSA: a handle on immutable shared bytes, header first. Invariant: at least a header,
/// and the header's length is the size. Copying costs a reference count.
template <class V>
class Lsa {
 public:
  Lsa() = default;
  /// Copies `bytes`, which must hold exactly one LSA that V::validate_lsa has accepted (or V encoded).
  [[nodiscard]] static Lsa copy(std::span<const std::byte> bytes) {
    assert(bytes.size() >= kLsaHeaderSize);
    Lsa lsa;
    lsa.data_ = SharedBytes::copy(bytes);
    return lsa;
  }
  [[nodiscard]] explicit operator bool() const { return data_.data() != nullptr; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_.data(), length()}; }
  [[nodiscard]] std::span<const std::byte> body() const { return bytes().subspan(kLsaHeaderSize); }
  /// The header as received: `age` is the age at installation.
  [[nodiscard]] LsaHeader<V> header() const { return V::decode_lsa_header(bytes().first(kLsaHeaderSize)); }
  [[nodiscard]] std::uint16_t length() const { return load_u16(data_.data() + 18); }
  [[nodiscard]] std::uint16_t checksum() const { return load_u16(data_.data() + 16); }
  [[nodiscard]] std::int32_t sequence_number() const {
    return std::bit_cast<std::int32_t>(load_u32(data_.data() + 12));
  }
  /// The same instance: same bytes in memory (not equality of contents).
  [[nodiscard]] bool is_same_as(const Lsa& other) const { return data_ == other.data_; }

 private:
  SharedBytes data_;
};

/// An LSA to be sent, with the age to write into the copy.
template <class V>
struct OutgoingLsa {
  Lsa<V> lsa;
  std::uint16_t age = 0;
};

}  // namespace wgospf::ospf
