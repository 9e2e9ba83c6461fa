#pragma once
// WireGuard keys. A public key may be shown and compared; a secret one is wiped when it goes out of scope and
// has no text form, no comparison and no stream operator, so that it cannot reach a log by accident.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace wgospf::wg {

inline constexpr std::size_t kKeyBytes = 32;

/// A Curve25519 public key: the identity of a peer.
struct Key {
  std::array<std::uint8_t, kKeyBytes> bytes{};

  constexpr auto operator<=>(const Key&) const = default;
  [[nodiscard]] constexpr bool is_zero() const { return bytes == std::array<std::uint8_t, kKeyBytes>{}; }
  /// 44 characters, as `wg` prints it.
  [[nodiscard]] std::string to_base64() const;
  /// 64 lower-case digits, as the UAPI socket wants it.
  [[nodiscard]] std::string to_hex() const;
  /// Canonical base64 only (44 characters, "=" at the end, no stray bits); nullopt for anything else.
  [[nodiscard]] static std::optional<Key> from_base64(std::string_view text);
  [[nodiscard]] static std::optional<Key> from_hex(std::string_view text);
};

/// A private or preshared key. Every copy wipes itself.
class SecretKey {
 public:
  SecretKey() = default;
  explicit SecretKey(std::span<const std::uint8_t, kKeyBytes> bytes);
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();

  /// From the kernel's random source, clamped as Curve25519 wants it.
  [[nodiscard]] static SecretKey generate();
  [[nodiscard]] static std::optional<SecretKey> from_base64(std::string_view text);
  [[nodiscard]] static std::optional<SecretKey> from_hex(std::string_view text);
  /// The X25519 public key that belongs to it (RFC 7748 section 5); zero for a zero key, which means "none",
  /// and if libcrypto is built without X25519.
  [[nodiscard]] Key public_key() const;
  [[nodiscard]] bool is_zero() const;
  /// For the encoders only.
  [[nodiscard]] std::span<const std::uint8_t, kKeyBytes> bytes() const { return bytes_; }

 private:
  std::array<std::uint8_t, kKeyBytes> bytes_{};
};

}  // namespace wgospf::wg

template <>
struct std::hash<wgospf::wg::Key> {
  /// Public keys are uniform already: eight of their bytes are a hash.
  std::size_t operator()(const wgospf::wg::Key& key) const noexcept {
    std::size_t value = 0;
    for (std::size_t i = 0; i < sizeof(value); ++i) value = (value << 8) | key.bytes[i];
    return value;
  }
};
