// The fast checksums against naive twins, and against the values of recorded packets.
#include "ospf/checksum.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "ospf/base/bytes.h"

namespace wgospf::ospf {
namespace {

/// RFC 905 annex B.4, to the letter: one byte at a time, reduced at every step.
FletcherSums naive_sums(std::span<const std::byte> bytes) {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  for (const std::byte b : bytes) {
    low = (low + static_cast<std::uint32_t>(b)) % 255;
    high = (high + low) % 255;
  }
  return {low, high};
}

std::uint16_t naive_ip_sum(std::span<const std::byte> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(sum);
}

/// A pair that must be equal; zero and 0xffff are one number in one's complement.
bool same_in_ones_complement(std::uint16_t a, std::uint16_t b) {
  return a % 0xffff == b % 0xffff;
}

std::vector<std::byte> random_bytes(std::mt19937& random, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random() & 0xff);
  return bytes;
}

TEST(Checksum, FletcherSumsEqualTheNaiveTwinAtEveryLength) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 300; ++size) {
    const auto bytes = random_bytes(random, size);
    const FletcherSums fast = fletcher_sums(bytes);
    const FletcherSums naive = naive_sums(bytes);
    ASSERT_EQ(fast.low, naive.low) << size;
    ASSERT_EQ(fast.high, naive.high) << size;
  }
}

TEST(Checksum, FletcherSumsDoNotOverflowOnTheLargestLsaOfOnes) {
  const std::vector<std::byte> bytes(65535, std::byte{0xff});
  EXPECT_EQ(fletcher_sums(bytes).low, naive_sums(bytes).low);
  EXPECT_EQ(fletcher_sums(bytes).high, naive_sums(bytes).high);
  const std::vector<std::byte> other(65535, std::byte{0xfe});
  EXPECT_EQ(fletcher_sums(other).low, naive_sums(other).low);
  EXPECT_EQ(fletcher_sums(other).high, naive_sums(other).high);
}

TEST(Checksum, FletcherCheckBytesMakeTheSumsZeroWhateverStoodThere) {
  std::mt19937 random(2);
  for (int round = 0; round < 2000; ++round) {
    auto bytes = random_bytes(random, 2 + random() % 400);
    const std::size_t offset = random() % (bytes.size() - 1);
    const std::uint16_t first = fletcher_checksum(bytes, offset);
    store_u16(bytes.data() + offset, first);
    ASSERT_EQ(naive_sums(bytes).low, 0U);
    ASSERT_EQ(naive_sums(bytes).high, 0U);
    ASSERT_TRUE(fletcher_holds(bytes));
    ASSERT_EQ(fletcher_checksum(bytes, offset), first);
    ASSERT_NE(first >> 8, 0);
    ASSERT_NE(first & 0xff, 0);
  }
}

// RFC 2328 section 12.1.7: a field of zero is no checksum, though zeros sum to zero.
TEST(Rfc2328Section12_1_7, AnLsaChecksumOfZeroNeverHolds) {
  std::vector<std::byte> lsa(20);
  EXPECT_TRUE(fletcher_holds(std::span(lsa).subspan(2)));
  EXPECT_FALSE(lsa_checksum_holds(lsa));
  store_u16(lsa.data() + 16, lsa_checksum(lsa));
  EXPECT_TRUE(lsa_checksum_holds(lsa));
}

TEST(Rfc2328Section12_1_7, EverySingleBitErrorBreaksTheChecksumExceptInTheAge) {
  std::mt19937 random(3);
  auto lsa = random_bytes(random, 48);
  store_u16(lsa.data() + 16, lsa_checksum(lsa));
  for (std::size_t bit = 0; bit < 8 * lsa.size(); ++bit) {
    lsa[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_EQ(lsa_checksum_holds(lsa), bit < 16) << bit;
    lsa[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

TEST(Checksum, IpSumEqualsTheNaiveTwinAtEveryLength) {
  std::mt19937 random(4);
  for (std::size_t size = 0; size < 300; ++size) {
    const auto bytes = random_bytes(random, size);
    ASSERT_TRUE(same_in_ones_complement(ip_sum(bytes), naive_ip_sum(bytes))) << size;
  }
  const std::vector<std::byte> ones(65535, std::byte{0xff});
  EXPECT_TRUE(same_in_ones_complement(ip_sum(ones), naive_ip_sum(ones)));
}

// RFC 2328 section D.4.1: the authentication field is left out.
TEST(Rfc2328SectionD4, ThePacketChecksumIgnoresTheAuthenticationField) {
  std::mt19937 random(5);
  auto packet = random_bytes(random, 44);
  store_u16(packet.data() + 12, 0);
  store_u16(packet.data() + 12, packet_checksum(packet));
  EXPECT_EQ(packet_checksum(packet), 0);
  packet[17] ^= std::byte{0xff};
  EXPECT_EQ(packet_checksum(packet), 0);
  packet[24] ^= std::byte{0x01};
  EXPECT_NE(packet_checksum(packet), 0);
}

}  // namespace
}  // namespace wgospf::ospf
