#pragma once
// IP addresses and prefixes as values: the one vocabulary for them in the whole project.
// Addresses hold host-order integers or plain bytes; byte order on the wire belongs to the codecs.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace wgospf {

/// An IPv4 address; `value` is in host byte order (10.0.0.1 is 0x0a000001).
struct Ipv4Address {
  std::uint32_t value = 0;
  static constexpr std::uint8_t kBits = 32;

  constexpr auto operator<=>(const Ipv4Address&) const = default;
  [[nodiscard]] constexpr bool is_zero() const { return value == 0; }
  [[nodiscard]] constexpr bool is_loopback() const { return (value >> 24) == 127; }
  [[nodiscard]] constexpr bool is_multicast() const { return (value >> 28) == 0xe; }
  [[nodiscard]] constexpr bool is_link_local() const { return (value >> 16) == 0xa9fe; }
  [[nodiscard]] std::string to_string() const;
  /// Strict dotted quad; nullopt for anything else.
  [[nodiscard]] static std::optional<Ipv4Address> parse(std::string_view text);
};

/// An IPv6 address, its 16 bytes in network order.
struct Ipv6Address {
  std::array<std::uint8_t, 16> bytes{};
  static constexpr std::uint8_t kBits = 128;

  constexpr auto operator<=>(const Ipv6Address&) const = default;
  [[nodiscard]] constexpr bool is_zero() const { return bytes == std::array<std::uint8_t, 16>{}; }
  [[nodiscard]] constexpr bool is_link_local() const { return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80; }
  /// RFC 5952 text.
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] static std::optional<Ipv6Address> parse(std::string_view text);
};

/// `address` with all bits past `length` cleared.
[[nodiscard]] constexpr Ipv4Address masked(Ipv4Address address, std::uint8_t length) {
  if (length == 0) return {};
  return {length >= 32 ? address.value : address.value & ~((std::uint32_t{1} << (32 - length)) - 1)};
}
[[nodiscard]] constexpr Ipv6Address masked(Ipv6Address address, std::uint8_t length) {
  for (std::size_t i = 0; i < 16; ++i) {
    const int keep = static_cast<int>(length) - static_cast<int>(8 * i);
    if (keep >= 8) continue;
    address.bytes[i] =
        keep <= 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(address.bytes[i] & (0xff << (8 - keep)));
  }
  return address;
}

/// A prefix. Invariant of `make` and `parse`: no bit is set past `length`.
template <class Address>
struct Prefix {
  Address address{};
  std::uint8_t length = 0;

  constexpr auto operator<=>(const Prefix&) const = default;
  [[nodiscard]] static constexpr Prefix make(Address address, std::uint8_t length) {
    return {masked(address, length), length};
  }
  [[nodiscard]] static constexpr Prefix host(Address address) { return {address, Address::kBits}; }
  [[nodiscard]] constexpr bool contains(Address other) const { return masked(other, length) == address; }
  [[nodiscard]] constexpr bool covers(const Prefix& other) const {
    return other.length >= length && contains(other.address);
  }
  [[nodiscard]] std::string to_string() const;
  /// "10.0.0.0/24"; nullopt when malformed, too long, or with bits set past the length.
  [[nodiscard]] static std::optional<Prefix> parse(std::string_view text);
};
using Ipv4Prefix = Prefix<Ipv4Address>;
using Ipv6Prefix = Prefix<Ipv6Address>;

enum class Family : std::uint8_t { ipv4, ipv6 };
[[nodiscard]] std::string to_string(Family family);

/// An address or a prefix of either family.
using IpAddress = std::variant<Ipv4Address, Ipv6Address>;
using IpPrefix = std::variant<Ipv4Prefix, Ipv6Prefix>;

[[nodiscard]] constexpr Family family_of(const IpAddress& address) {
  return address.index() == 0 ? Family::ipv4 : Family::ipv6;
}
[[nodiscard]] constexpr Family family_of(const IpPrefix& prefix) {
  return prefix.index() == 0 ? Family::ipv4 : Family::ipv6;
}
[[nodiscard]] std::string to_string(const IpAddress& address);
[[nodiscard]] std::string to_string(const IpPrefix& prefix);
/// "10.0.0.1" or "fe80::1"; nullopt for anything else.
[[nodiscard]] std::optional<IpAddress> parse_address(std::string_view text);
/// "10.0.0.0/24" or "2001:db8::/32"; nullopt when malformed or with bits set past the length.
[[nodiscard]] std::optional<IpPrefix> parse_prefix(std::string_view text);
[[nodiscard]] std::uint8_t length_of(const IpPrefix& prefix);
/// False when the families differ.
[[nodiscard]] bool contains(const IpPrefix& prefix, const IpAddress& address);

/// Mask of `length` leading ones, host byte order.
[[nodiscard]] constexpr std::uint32_t netmask(std::uint8_t length) {
  return length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
}
/// The length of a contiguous mask; nullopt when the mask has a hole.
[[nodiscard]] constexpr std::optional<std::uint8_t> mask_length(std::uint32_t mask) {
  std::uint8_t length = 0;
  while (length < 32 && (mask & (std::uint32_t{0x80000000} >> length)) != 0) ++length;
  if (netmask(length) != mask) return std::nullopt;
  return length;
}

/// A mixing step for hashes over integers (the finaliser of a 64-bit multiply-xorshift).
[[nodiscard]] constexpr std::uint64_t hash_mix(std::uint64_t x) {
  x ^= x >> 32;
  x *= 0x9e3779b97f4a7c15ULL;
  x ^= x >> 29;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 32;
  return x;
}
[[nodiscard]] constexpr std::uint64_t hash_value(Ipv4Address a) {
  return hash_mix(a.value);
}
[[nodiscard]] constexpr std::uint64_t hash_value(const Ipv6Address& a) {
  std::uint64_t h = 0;
  for (std::size_t i = 0; i < 16; i += 8) {
    std::uint64_t word = 0;
    for (std::size_t j = 0; j < 8; ++j) word = (word << 8) | a.bytes[i + j];
    h = hash_mix(h ^ word);
  }
  return h;
}
template <class Address>
[[nodiscard]] constexpr std::uint64_t hash_value(const Prefix<Address>& p) {
  return hash_mix(hash_value(p.address) + p.length);
}

}  // namespace wgospf

template <class Address>
struct std::hash<wgospf::Prefix<Address>> {
  std::size_t operator()(const wgospf::Prefix<Address>& p) const noexcept {
    return static_cast<std::size_t>(wgospf::hash_value(p));
  }
};
template <>
struct std::hash<wgospf::Ipv4Address> {
  std::size_t operator()(wgospf::Ipv4Address a) const noexcept {
    return static_cast<std::size_t>(wgospf::hash_value(a));
  }
};
