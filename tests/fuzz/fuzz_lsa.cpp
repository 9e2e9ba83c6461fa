// Any bytes are a sound LSA or not; a sound one is taken apart and put together to the same bytes.

#include <algorithm>

#include "ospf/recency.h"
#include "ospf/v2/v2.h"
#include "tests/fuzz/fuzz.h"

namespace wgospf::fuzz {
namespace {

using namespace wgospf::ospf;

/// The bytes but for the checksum: a check byte of 0 and of 255 are one number, and encoders write 255.
bool equal_but_checksum(std::span<const std::byte> a, std::span<const std::byte> b) {
  return std::ranges::equal(a.first(16), b.first(16)) && std::ranges::equal(a.subspan(18), b.subspan(18));
}

void check(std::span<const std::byte> bytes) {
  if (V2::validate_lsa(bytes)) return;
  const auto lsa = Lsa::copy(bytes);
  const auto header = V2::header(lsa);
  require(header.length == bytes.size(), "a sound LSA fills its bytes");
  require(compare_recency(header, header) == 0, "an instance is as recent as itself");
  const auto again = V2::encode_lsa(header, V2::decode_body(lsa));
  require(V2::validate_lsa(again.bytes()) == std::nullopt, "what was encoded is sound");
  require(equal_but_checksum(again.bytes(), bytes), "encoding gives the same bytes");
  const auto aged = with(lsa, kMaxAge, header.sequence_number);
  require(aged.checksum() == header.checksum, "ageing keeps the checksum");
  require(compare_recency(V2::header(aged), header) >= 0, "MaxAge is never older than the same instance");
  if (header.sequence_number == kMaxSequenceNumber) return;
  const auto next = with(lsa, 0, header.sequence_number + 1);
  require(V2::validate_lsa(next.bytes()) == std::nullopt, "the next instance is sound");
  require(compare_recency(V2::header(next), header) > 0, "the next instance is more recent");
}

}  // namespace
}  // namespace wgospf::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = wgospf::fuzz::as_bytes(data, size);
  wgospf::fuzz::check(bytes);
  wgospf::fuzz::Bytes repaired(bytes.begin(), bytes.end());
  wgospf::fuzz::repair_lsa(repaired);
  wgospf::fuzz::check(repaired);
  return 0;
}
