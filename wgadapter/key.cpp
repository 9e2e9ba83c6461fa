#include "wgadapter/key.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace wgospf::wg {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kBase64Length = 44;
using Bytes = std::array<std::uint8_t, kKeyBytes>;

std::optional<std::uint32_t> base64_digit(char c) {
  const std::size_t at = kBase64.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint32_t>(at);
}

/// 32 bytes are ten groups of four digits, then three digits and "=" whose last two bits must be clear.
bool decode_base64(std::string_view text, Bytes& out) {
  if (text.size() != kBase64Length || text.back() != '=') return false;
  for (std::size_t group = 0; group < 11; ++group) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t at = group * 4 + i;
      const auto digit = at == kBase64Length - 1 ? std::optional<std::uint32_t>(0) : base64_digit(text[at]);
      if (!digit) return false;
      bits = (bits << 6) | *digit;
    }
    if (group == 10 && (bits & 0xff) != 0) return false;
    for (std::size_t i = 0; i < 3 && group * 3 + i < kKeyBytes; ++i)
      out[group * 3 + i] = static_cast<std::uint8_t>(bits >> (16 - 8 * i));
  }
  return true;
}

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

bool decode_hex(std::string_view text, Bytes& out) {
  if (text.size() != 2 * kKeyBytes) return false;
  for (std::size_t i = 0; i < kKeyBytes; ++i) {
    const auto high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
    if (!high || !low) return false;
    out[i] = static_cast<std::uint8_t>((*high << 4) | *low);
  }
  return true;
}

template <class Decoder>
std::optional<SecretKey> decode_secret(std::string_view text, Decoder decode) {
  Bytes bytes{};
  std::optional<SecretKey> key;
  if (decode(text, bytes)) key.emplace(bytes);
  explicit_bzero(bytes.data(), bytes.size());
  return key;
}

}  // namespace

std::string Key::to_base64() const {
  std::string text;
  text.reserve(kBase64Length);
  for (std::size_t at = 0; at < kKeyBytes; at += 3) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) bits = (bits << 8) | (at + i < kKeyBytes ? bytes[at + i] : 0U);
    for (int shift = 18; shift >= 0; shift -= 6) text += kBase64[(bits >> shift) & 63];
  }
  text.back() = '=';
  return text;
}

std::string Key::to_hex() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * kKeyBytes);
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::optional<Key> Key::from_base64(std::string_view text) {
  Key key;
  return decode_base64(text, key.bytes) ? std::optional(key) : std::nullopt;
}

std::optional<Key> Key::from_hex(std::string_view text) {
  Key key;
  return decode_hex(text, key.bytes) ? std::optional(key) : std::nullopt;
}

SecretKey::SecretKey(std::span<const std::uint8_t, kKeyBytes> bytes) {
  std::copy(bytes.begin(), bytes.end(), bytes_.begin());
}

SecretKey::~SecretKey() {
  explicit_bzero(bytes_.data(), bytes_.size());
}

SecretKey SecretKey::generate() {
  SecretKey key;
  std::size_t have = 0;
  while (have < kKeyBytes) {  // at most 256 bytes are never short, but a signal may come before the first
    const ssize_t got = ::getrandom(key.bytes_.data() + have, kKeyBytes - have, 0);
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  key.bytes_[0] = static_cast<std::uint8_t>(key.bytes_[0] & 0xf8);
  key.bytes_[31] = static_cast<std::uint8_t>((key.bytes_[31] & 0x7f) | 0x40);
  return key;
}

std::optional<SecretKey> SecretKey::from_base64(std::string_view text) {
  return decode_secret(text, decode_base64);
}

std::optional<SecretKey> SecretKey::from_hex(std::string_view text) {
  return decode_secret(text, decode_hex);
}

Key SecretKey::public_key() const {
  Key key;
  if (is_zero()) return key;
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, bytes_.data(), bytes_.size()), &EVP_PKEY_free);
  std::size_t length = key.bytes.size();
  if (pair == nullptr || EVP_PKEY_get_raw_public_key(pair.get(), key.bytes.data(), &length) != 1)
    return Key{};
  return key;
}

bool SecretKey::is_zero() const {
  return std::all_of(bytes_.begin(), bytes_.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace wgospf::wg
