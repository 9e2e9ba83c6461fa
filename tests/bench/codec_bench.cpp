// The codec at an update of 50 LSAs, the most that fits one large packet: encoding, decoding, validating.
// The floor of encoding is a copy of the same bytes and the packet checksum over them; the floor of decoding
// is the packet checksum and the LSAs' Fletcher checksums, which RFC 2328 asks for whatever else is done.

#include <benchmark/benchmark.h>

#include <cstring>

#include "ospf/checksum.h"
#include "ospf/v2/v2.h"
#include "tests/bench/ratios.h"

namespace wgospf::ospf {
namespace {

constexpr std::size_t kLsaCount = 50;
constexpr RouterId kRouter{0x01010101};

/// Router-LSAs of four links: 72 bytes each.
std::vector<OutgoingLsa> lsas() {
  std::vector<OutgoingLsa> all;
  for (std::uint32_t i = 1; i <= kLsaCount; ++i) {
    v2::RouterLsa router;
    for (std::uint32_t j = 0; j < 4; ++j) {
      router.links.push_back({i + j, j, v2::RouterLinkType::point_to_point, 10, {}});
    }
    LsaHeader header;
    header.key = {LsaType::router, LinkStateId{i}, RouterId{i}};
    all.push_back({V2::encode_lsa(header, router), static_cast<std::uint16_t>(i)});
  }
  return all;
}

void copy_and_checksum(benchmark::State& state) {
  const auto packet = V2::encode(kRouter, kBackbone, lsas());
  for (auto unused : state) {
    std::vector<std::byte> copy(packet.begin(), packet.end());
    benchmark::DoNotOptimize(packet_checksum(copy));
    benchmark::DoNotOptimize(copy.data());
  }
}
BENCHMARK(copy_and_checksum);

void encode_update(benchmark::State& state) {
  const auto all = lsas();
  for (auto unused : state) {
    auto packet = V2::encode(kRouter, kBackbone, all);
    benchmark::DoNotOptimize(packet.data());
  }
}
BENCHMARK(encode_update);

void checksums_only(benchmark::State& state) {
  const auto all = lsas();
  const auto packet = V2::encode(kRouter, kBackbone, all);
  for (auto unused : state) {
    benchmark::DoNotOptimize(packet_checksum(packet));
    for (const auto& outgoing : all) benchmark::DoNotOptimize(lsa_checksum_holds(outgoing.lsa.bytes()));
  }
}
BENCHMARK(checksums_only);

void decode_update(benchmark::State& state) {
  const auto packet = V2::encode(kRouter, kBackbone, lsas());
  for (auto unused : state) {
    auto result = V2::decode(packet);
    benchmark::DoNotOptimize(&result);
    if (std::holds_alternative<DecodeError>(result)) state.SkipWithError("the packet does not decode");
  }
}
BENCHMARK(decode_update);

}  // namespace
}  // namespace wgospf::ospf

int main(int argc, char** argv) {
  return wgospf::bench::run_with_ratios(
      argc, argv, {{"encode_update", "copy_and_checksum", 3.0}, {"decode_update", "checksums_only", 3.0}});
}
