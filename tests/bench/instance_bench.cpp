// What an LSA costs the whole instance: received in an update, checked, installed, put on the flooding path,
// fed to the route calculation, acknowledged. The floor is the least a router could do: copy the LSA and keep
// it under its key. Memory is what the process's heap grows by for each external LSA stored, all told.

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdio>
#include <unordered_map>

#include "ospf/lsdb.h"
#include "tests/bench/ratios.h"
#include "tests/unit/ospf/two_routers.h"

namespace wgospf::ospf {
namespace {

using testing::Wires;

constexpr std::uint32_t kLsas = 100000;

struct KeyHash {
  std::size_t operator()(const LsaKey<V2>& key) const { return static_cast<std::size_t>(hash_value(key)); }
};

/// Two routers that are Full; every update the second sends from now on is kept, not delivered.
struct Feed {
  Wires wires;
  std::vector<PacketBytes> updates;

  Feed() {
    wires.add(Wires::config({1}));
    wires.add(Wires::config({1}));
    wires.wire(0, 1, 1);
    wires.run_until(seconds{5}, [&] { return wires.all_full(); });
    wires.run_for(seconds{2});
    std::size_t lsas = 0;
    wires.filter = [&](std::size_t from, const Transmit<V2>& packet) {
      const bool update = static_cast<PacketType>((*packet.bytes)[1]) == PacketType::link_state_update;
      if (from == 0 || !update || lsas > kLsas) return false;
      updates.push_back(packet.bytes);
      lsas += load_u32(packet.bytes->data() + V2::kPacketHeaderSize);
      return false;
    };
    ExternalsChanged<V2> change;
    for (std::uint32_t i = 0; i < kLsas; ++i)
      change.set.push_back({Ipv4Prefix::make({0x64000000 + (i << 8)}, 24), 20, true, 0, std::nullopt});
    wires.input(1, change);
    wires.run_until(seconds{3}, [&] { return lsas > kLsas; });
  }
  void deliver(const PacketBytes& packet) {
    Instance<V2>& router = *wires.routers[0].instance;
    router.handle(wires.now, Received<V2>{LinkId{1}, Wires::address(1, 1), Ipv4Address{0xe0000005}, *packet});
    while (auto output = router.poll()) benchmark::DoNotOptimize(&output);
  }
};

void install_received_lsas(benchmark::State& state) {
  for (auto unused : state) {
    state.PauseTiming();
    auto feed = std::make_unique<Feed>();
    const std::size_t before = mallinfo2().uordblks;
    state.ResumeTiming();
    for (const auto& packet : feed->updates) feed->deliver(packet);
    state.PauseTiming();
    const std::size_t stored = feed->wires.routers[0].instance->statistics().lsdb_size;
    if (stored < kLsas) state.SkipWithError("not all LSAs were stored");
    state.counters["bytes_per_lsa"] =
        static_cast<double>(mallinfo2().uordblks - before) / static_cast<double>(stored);
    feed.reset();
    state.ResumeTiming();
  }
  state.counters["per_lsa"] =
      benchmark::Counter(kLsas, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(install_received_lsas)->Unit(benchmark::kMillisecond);

void copy_under_key(benchmark::State& state) {
  const Feed feed;
  for (auto unused : state) {
    std::unordered_map<LsaKey<V2>, Lsa<V2>, KeyHash> database;
    for (const auto& packet : feed.updates) {
      const auto decoded = V2::decode(*packet);
      for (const auto& received : std::get<LinkStateUpdate<V2>>(std::get<Packet<V2>>(decoded).body).lsas)
        database.insert_or_assign(received.header.key, Lsa<V2>::copy(received.bytes));
    }
    benchmark::DoNotOptimize(database.size());
    state.PauseTiming();
    database = {};
    state.ResumeTiming();
  }
  state.counters["per_lsa"] =
      benchmark::Counter(kLsas, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(copy_under_key)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace wgospf::ospf

int main(int argc, char** argv) {
  return wgospf::bench::run_with_ratios(argc, argv, {{"install_received_lsas", "copy_under_key", 1.5}});
}
