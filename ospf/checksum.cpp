#include "ospf/checksum.h"

#include <bit>
#include <cassert>
#include <cstring>

#include "ospf/base/bytes.h"

namespace wgospf::ospf {

namespace {

constexpr std::size_t kLsaAgeSize = 2;
constexpr std::size_t kLsaChecksumOffset = 16;
constexpr std::size_t kAuthenticationOffset = 16;
constexpr std::size_t kAuthenticationSize = 8;

constexpr std::uint64_t kEvenBytes = 0x00ff00ff00ff00ffULL;
constexpr std::uint64_t kOnes = 0x0001000100010001ULL;
constexpr bool kLittle = std::endian::native == std::endian::little;

// The weights 8..1 of eight bytes in memory order, as multipliers of the 16-bit lanes that hold the bytes at
// even and odd shifts of a word. The product's top lane is the weighted sum: lane i of the word meets lane
// 3 - i of the multiplier, and no lane overflows (255 * 20 < 2^16).
//   little endian: lane i of `even` is byte 2i (weight 8 - 2i), of `odd` byte 2i + 1 (weight 7 - 2i)
//   big endian:    lane i of `even` is byte 7 - 2i (weight 1 + 2i), of `odd` byte 6 - 2i (weight 2 + 2i)
constexpr std::uint64_t kEvenWeights = kLittle ? 0x0008000600040002ULL : 0x0001000300050007ULL;
constexpr std::uint64_t kOddWeights = kLittle ? 0x0007000500030001ULL : 0x0002000400060008ULL;

}  // namespace

FletcherSums fletcher_sums(std::span<const std::byte> bytes) {
  assert(bytes.size() <= (std::size_t{1} << 20));
  // Unreduced: for n bytes, low <= 255 n and high <= 255 n^2, far below 2^64.
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  const std::byte* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, p += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, sizeof word);
    const std::uint64_t even = word & kEvenBytes;
    const std::uint64_t odd = (word >> 8) & kEvenBytes;
    high += 8 * low + ((even * kEvenWeights) >> 48) + ((odd * kOddWeights) >> 48);
    low += ((even + odd) * kOnes) >> 48;
  }
  for (; left > 0; --left, ++p) {
    low += load_u8(p);
    high += low;
  }
  return {static_cast<std::uint32_t>(low % 255), static_cast<std::uint32_t>(high % 255)};
}

std::uint16_t fletcher_checksum(std::span<const std::byte> bytes, std::size_t offset) {
  assert(offset + 2 <= bytes.size());
  const FletcherSums sums = fletcher_sums(bytes);
  // Take out what the two check bytes contribute now, as if they were zero.
  const std::uint32_t x0 = load_u8(bytes.data() + offset);
  const std::uint32_t y0 = load_u8(bytes.data() + offset + 1);
  const auto weight = static_cast<std::uint32_t>((bytes.size() - offset) % 255);  // of the first check byte
  const std::uint32_t low = (sums.low + 510 - x0 - y0) % 255;
  const std::uint32_t high = (sums.high + 255 * 255 * 2 - weight * x0 - ((weight + 254) % 255) * y0) % 255;
  // Solve x + y = -low and weight x + (weight - 1) y = -high.
  std::uint32_t x = ((weight + 254) % 255 * low + 255 - high) % 255;
  std::uint32_t y = (510 - low - x) % 255;
  if (x == 0) x = 255;
  if (y == 0) y = 255;
  return static_cast<std::uint16_t>((x << 8) | y);
}

bool fletcher_holds(std::span<const std::byte> bytes) {
  const FletcherSums sums = fletcher_sums(bytes);
  return sums.low == 0 && sums.high == 0;
}

std::uint16_t lsa_checksum(std::span<const std::byte> lsa) {
  return fletcher_checksum(lsa.subspan(kLsaAgeSize), kLsaChecksumOffset - kLsaAgeSize);
}

bool lsa_checksum_holds(std::span<const std::byte> lsa) {
  return load_u16(lsa.data() + kLsaChecksumOffset) != 0 && fletcher_holds(lsa.subspan(kLsaAgeSize));
}

std::uint16_t ip_sum(std::span<const std::byte> bytes) {
  // The one's complement sum does not depend on byte order (RFC 1071 section 2B): add native words, swap
  // once.
  std::uint64_t sum = 0;
  const std::byte* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, p += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, sizeof word);
    sum += (word & 0xffffffff) + (word >> 32);
  }
  if (left > 0) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, left);
    sum += (word & 0xffffffff) + (word >> 32);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  const auto folded = static_cast<std::uint16_t>(sum);
  if constexpr (!kLittle) return folded;
  return static_cast<std::uint16_t>((folded << 8) | (folded >> 8));
}

std::uint16_t packet_checksum(std::span<const std::byte> packet) {
  assert(packet.size() >= kAuthenticationOffset + kAuthenticationSize);
  const std::uint32_t sum = std::uint32_t{ip_sum(packet.first(kAuthenticationOffset))} +
                            ip_sum(packet.subspan(kAuthenticationOffset + kAuthenticationSize));
  return static_cast<std::uint16_t>(~((sum & 0xffff) + (sum >> 16)) & 0xffff);
}

}  // namespace wgospf::ospf
