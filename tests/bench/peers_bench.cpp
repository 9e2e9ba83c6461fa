// What many peers of one device cost the daemon: each reading is made into links, each packet finds its link. Each is
// held against half as many peers: what grows with their square would take four times as long.

#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "daemon/links/peer_table.h"
#include "tests/bench/ratios.h"

namespace wgospf::daemon {
namespace {

constexpr std::uint32_t kOwn = 0x0a800001;
constexpr std::uint32_t kPrefixes = 10;  ///< behind each peer

Ipv4Address address_of(std::uint32_t peer) {
  return {kOwn + 1 + peer};
}

std::shared_ptr<const wg::Device> device_with(std::uint32_t peers) {
  auto device = std::make_shared<wg::Device>();
  device->name = "wg0";
  for (std::uint32_t i = 0; i < peers; ++i) {
    auto& peer = device->peers.emplace_back();
    for (std::size_t byte = 0; byte < wg::kKeyBytes; ++byte)
      peer.public_key.bytes[byte] = static_cast<std::uint8_t>(hash_mix(i * wg::kKeyBytes + byte));
    peer.last_handshake = wg::SystemTime{std::chrono::seconds{1000}};
    peer.allowed_ips.emplace_back(Ipv4Prefix::host(address_of(i)));
    for (std::uint32_t prefix = 0; prefix < kPrefixes; ++prefix)
      peer.allowed_ips.emplace_back(Ipv4Prefix::make({0x0b000000U + ((i * kPrefixes + prefix) << 8)}, 24));
  }
  return device;
}

InterfaceSettings settings_of_wg0() {
  InterfaceSettings settings;
  settings.name = "wg0";
  settings.has_peers = true;
  return settings;
}
const std::vector<ospf::InterfaceAddress> kAddresses{{Ipv4Address{kOwn}, 9}};

void take(PeerTable& table, LinkNames& names, const std::shared_ptr<const wg::Device>& device) {
  const PeerKnowledge nothing;
  benchmark::DoNotOptimize(
      table.take(peer_links(settings_of_wg0(), *device, kAddresses, nothing), device, "wg0", names));
  benchmark::DoNotOptimize(table.take_woken(*device));
}

void a_device_is_read(benchmark::State& state) {
  const auto device = device_with(static_cast<std::uint32_t>(state.range(0)));
  PeerTable table;
  LinkNames names;
  for (auto unused : state) take(table, names, device);
  if (table.entries().size() != device->peers.size()) state.SkipWithError("not every peer is known");
}
BENCHMARK(a_device_is_read)->Arg(1000)->Arg(2000)->Unit(benchmark::kMicrosecond);

void a_packet_finds_its_link(benchmark::State& state) {
  const auto peers = static_cast<std::uint32_t>(state.range(0));
  PeerTable table;
  LinkNames names;
  take(table, names, device_with(peers));
  std::uint32_t at = 0;
  for (auto unused : state) {
    at = (at + 7919) % peers;
    const auto* owner = table.owner(address_of(at));
    if (owner == nullptr || owner->peer.address != address_of(at)) state.SkipWithError("it is another's");
  }
}
BENCHMARK(a_packet_finds_its_link)->Arg(1000)->Arg(2000)->Unit(benchmark::kNanosecond);

}  // namespace
}  // namespace wgospf::daemon

int main(int argc, char** argv) {
  return wgospf::bench::run_with_ratios(
      argc, argv,
      {{"a_device_is_read/2000", "a_device_is_read/1000", 3.4},
       {"a_packet_finds_its_link/2000", "a_packet_finds_its_link/1000", 3}});
}
