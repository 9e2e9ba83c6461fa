#pragma once
// The two checksums of OSPFv2: Fletcher's over LSAs (RFC 2328 section 12.1.7, RFC 905 annex B) and the
// Internet checksum over packets (RFC 2328 section D.4). Both read eight bytes a step and reduce once, at the
// end; byte-by-byte twins live in the tests.

#include <cstddef>
#include <cstdint>
#include <span>

namespace wgospf::ospf {

/// Fletcher sums of `bytes`: `low` the sum of the bytes, `high` the sum of the running sums, both mod 255.
/// Exact for up to 2^20 bytes.
struct FletcherSums {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
};
[[nodiscard]] FletcherSums fletcher_sums(std::span<const std::byte> bytes);

/// The check bytes for `bytes` whose two bytes at `offset` are to hold them: whatever stands there now counts
/// as zero. Each byte of the result is 1..255, so the result is never 0 (RFC 905 annex B.5).
[[nodiscard]] std::uint16_t fletcher_checksum(std::span<const std::byte> bytes, std::size_t offset);

/// Does `bytes`, check bytes included, sum to zero? (RFC 905 annex B.6)
[[nodiscard]] bool fletcher_holds(std::span<const std::byte> bytes);

/// The checksum of an LSA (age excluded), to be stored at its offset 16.
[[nodiscard]] std::uint16_t lsa_checksum(std::span<const std::byte> lsa);
/// RFC 2328 section 12.1.7: the stored checksum is right, and not the reserved value zero.
[[nodiscard]] bool lsa_checksum_holds(std::span<const std::byte> lsa);

/// One's complement sum of 16-bit big-endian words (an odd last byte is padded with zero), not complemented.
[[nodiscard]] std::uint16_t ip_sum(std::span<const std::byte> bytes);

/// The packet checksum of OSPFv2: all bytes but the 64-bit authentication field at offset 16. `packet` holds
/// zeros in its checksum field to compute, and gives 0 when it holds the right one.
[[nodiscard]] std::uint16_t packet_checksum(std::span<const std::byte> packet);

}  // namespace wgospf::ospf
