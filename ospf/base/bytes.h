#pragma once
// Network byte order, in one place. Unchecked loads and stores for the codecs; Reader is the checked cursor
// that makes decoders total, Writer the growing buffer of encoders.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace wgospf::ospf {

[[nodiscard]] constexpr std::uint8_t load_u8(const std::byte* p) {
  return static_cast<std::uint8_t>(*p);
}
[[nodiscard]] constexpr std::uint16_t load_u16(const std::byte* p) {
  return static_cast<std::uint16_t>((static_cast<unsigned>(p[0]) << 8) | static_cast<unsigned>(p[1]));
}
[[nodiscard]] constexpr std::uint32_t load_u32(const std::byte* p) {
  return (std::uint32_t{load_u16(p)} << 16) | load_u16(p + 2);
}
constexpr void store_u16(std::byte* p, std::uint16_t v) {
  p[0] = static_cast<std::byte>(v >> 8);
  p[1] = static_cast<std::byte>(v & 0xff);
}
constexpr void store_u32(std::byte* p, std::uint32_t v) {
  store_u16(p, static_cast<std::uint16_t>(v >> 16));
  store_u16(p + 2, static_cast<std::uint16_t>(v & 0xffff));
}

/// A cursor over received bytes. Reading past the end yields zeros and makes ok() false for good: a decoder
/// reads its whole fixed part and asks once.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t remaining() const { return bytes_.size() - offset_; }
  [[nodiscard]] std::size_t offset() const { return offset_; }
  std::uint8_t u8() { return has(1) ? load_u8(advance(1)) : std::uint8_t{0}; }
  std::uint16_t u16() { return has(2) ? load_u16(advance(2)) : std::uint16_t{0}; }
  std::uint32_t u24() {
    if (!has(3)) return 0;
    const std::byte* p = advance(3);
    return (std::uint32_t{load_u8(p)} << 16) | load_u16(p + 1);
  }
  std::uint32_t u32() { return has(4) ? load_u32(advance(4)) : 0; }
  std::span<const std::byte> take(std::size_t count) {
    if (!has(count)) return {};
    const std::span<const std::byte> part = bytes_.subspan(offset_, count);
    offset_ += count;
    return part;
  }

 private:
  bool has(std::size_t count) { return ok_ = ok_ && remaining() >= count; }
  const std::byte* advance(std::size_t count) {
    const std::byte* p = bytes_.data() + offset_;
    offset_ += count;
    return p;
  }
  std::span<const std::byte> bytes_;
  std::size_t offset_ = 0;
  bool ok_ = true;
};

/// A growing buffer in network byte order.
class Writer {
 public:
  Writer() = default;
  explicit Writer(std::size_t reserve) { bytes_.reserve(reserve); }
  void u8(std::uint8_t v) { bytes_.push_back(static_cast<std::byte>(v)); }
  void u16(std::uint16_t v) { store_u16(grow(2), v); }
  void u24(std::uint32_t v) {
    u8(static_cast<std::uint8_t>(v >> 16));
    u16(static_cast<std::uint16_t>(v & 0xffff));
  }
  void u32(std::uint32_t v) { store_u32(grow(4), v); }
  void append(std::span<const std::byte> part) { bytes_.insert(bytes_.end(), part.begin(), part.end()); }
  /// Appends `count` zeros, and gives where they begin: valid until something is appended.
  std::byte* grow(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return bytes_.data() + bytes_.size() - count;
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  /// For fields known only at the end (lengths, checksums).
  [[nodiscard]] std::byte* at(std::size_t offset) { return bytes_.data() + offset; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
  [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace wgospf::ospf
