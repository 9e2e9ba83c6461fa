// What it costs to flood an LSA to 1,000 Full neighbours, each on a link of its own, for each of them.
//
// `put_on_the_way` is all that is done before anything is packed and sent: who owes an acknowledgement, and in
// which order links send. Its floor keeps 8 bytes for each neighbour in a queue of its own. `flood_to_hub` is
// the whole way of an LSA through a router: received from one of them, installed, and handed out as a packet for
// each of the others. Its floor hands out as many packets. Nothing is acknowledged while the clock runs.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <deque>
#include <memory>
#include <vector>

#include "ospf/flood_log.h"
#include "tests/bench/line.h"
#include "tests/bench/ratios.h"

namespace wgospf::ospf {
namespace {

using bench::heap;

constexpr std::uint32_t kNeighbors = 1000, kLsas = 2000;

void report(benchmark::State& state, std::uint32_t lsas, std::size_t bytes) {
  const double times = static_cast<double>(lsas) * kNeighbors;
  state.counters["per_neighbor"] =
      benchmark::Counter(times, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["bytes_per_neighbor"] = static_cast<double>(bytes) / times;
}

void put_on_the_way(benchmark::State& state) {
  NeighborSet neighbors;
  for (std::uint32_t n = 0; n < kNeighbors; ++n) neighbors.insert(NeighborId{n});
  std::size_t bytes = 0;
  for (auto unused : state) {
    const std::size_t before = heap();
    FloodLog log;
    for (std::uint32_t slot = 0; slot < kLsas; ++slot) log.flood({0, slot}, 36, neighbors);
    benchmark::DoNotOptimize(log.take_flooded());
    state.PauseTiming();
    if (log.owed(NeighborId{kNeighbors - 1}) != kLsas || !log.waits(log.find({0, kLsas - 1}), NeighborId{0}))
      state.SkipWithError("not everybody owes it");
    bytes = heap() - before;
    log = {};
    state.ResumeTiming();
  }
  report(state, kLsas, bytes);
}
BENCHMARK(put_on_the_way)->Unit(benchmark::kMillisecond);

void queue_for_each(benchmark::State& state) {
  std::size_t bytes = 0;
  for (auto unused : state) {
    const std::size_t before = heap();
    std::vector<std::vector<LsaRef>> queues(kNeighbors);
    for (auto& queue : queues) queue.reserve(kLsas);
    for (std::uint32_t slot = 0; slot < kLsas; ++slot)
      for (auto& queue : queues) queue.push_back({0, slot});
    benchmark::DoNotOptimize(queues.data());
    state.PauseTiming();
    bytes = heap() - before;
    queues = {};
    state.ResumeTiming();
  }
  report(state, kLsas, bytes);
}
BENCHMARK(queue_for_each)->Unit(benchmark::kMillisecond);

/// A router and its neighbours, as far as it hears of them.
class Hub {
 public:
  Hub() : instance_(config(), Seed{1}, now_) {
    for (std::uint32_t link = 1; link <= kNeighbors; ++link) bring_full(link);
    for (int i = 0; i < 100; ++i) rest();
  }
  [[nodiscard]] bool is_all_full() const {
    std::size_t full = 0;
    for (const auto& neighbor : instance_.neighbors())
      full += neighbor.state == NeighborState::full && neighbor.retransmission_list == 0 ? 1 : 0;
    return full == kNeighbors;
  }
  void receive(std::uint32_t link, std::vector<std::byte> bytes) {
    instance_.handle(now_, Received{LinkId{link}, address(link, 2), Ipv4Address{0xe0000005}, bytes});
  }
  /// Takes what is handed out. Gives the number of updates.
  std::size_t drain() {
    std::size_t updates = 0;
    while (auto output = instance_.poll()) {
      auto* packet = std::get_if<Transmit>(&*output);
      if (packet == nullptr || (*packet->bytes)[1] != std::byte{4}) continue;
      ++updates;
      sent_.push_back(std::move(*packet));
    }
    return updates;
  }
  /// Everybody acknowledges what it was sent; time passes, and hellos come.
  void rest() {
    for (const auto& packet : std::exchange(sent_, {})) {
      const auto decoded = V2::decode(*packet.bytes);
      LinkStateAcknowledgment acknowledgment;
      for (const auto& lsa : std::get<LinkStateUpdate>(std::get<Packet>(decoded).body).lsas)
        acknowledgment.headers.push_back(lsa.header);
      receive(packet.link.value, V2::encode(router(packet.link.value), kBackbone, acknowledgment));
    }
    now_ += milliseconds{100};
    if (now_ >= next_hello_)
      for (std::uint32_t link = 1; link <= kNeighbors; ++link) hello(link);
    if (now_ >= next_hello_) next_hello_ = now_ + seconds{10};
    instance_.handle_timeout(now_);
    drain();
  }
  /// An external of the first neighbour's, as an update of it.
  [[nodiscard]] static std::vector<std::byte> external(std::uint32_t number) {
    LsaHeader header;
    header.options = {Options::kExternal};
    header.key = {LsaType::as_external, LinkStateId{0x64000000 + (number << 8)}, router(1)};
    v2::ExternalLsa body;
    body.mask = 0xffffff00;
    body.metric = 20;
    const OutgoingLsa lsa{V2::encode_lsa(header, body), 1};
    return V2::encode(router(1), kBackbone, std::span<const OutgoingLsa>(&lsa, 1));
  }

 private:
  static RouterId router(std::uint32_t link) { return RouterId{0x0b000000 + link}; }
  static Ipv4Address address(std::uint32_t link, std::uint32_t host) {
    return {0x0a000000 + (link << 8) + host};
  }
  static InstanceConfig config() {
    InstanceConfig config;
    config.router_id = RouterId{0x01010101};
    config.areas = {{kBackbone}};
    for (std::uint32_t link = 1; link <= kNeighbors; ++link) {
      InterfaceConfig interface;
      interface.link = LinkId{link};
      interface.device = DeviceId{link};
      interface.name = "l" + std::to_string(link);
      config.interfaces.push_back(interface);
    }
    return config;
  }
  void hello(std::uint32_t link) {
    Hello hello;
    hello.network_mask = netmask(24);
    hello.hello_interval = 10;
    hello.dead_interval = 40;
    hello.options = {Options::kExternal};
    hello.neighbors = {RouterId{0x01010101}};
    receive(link, V2::encode(router(link), kBackbone, hello));
  }
  /// The neighbour is master, and describes nothing.
  void bring_full(std::uint32_t link) {
    DeviceStatus status;
    status.up = true;
    status.ifindex = InterfaceIndex{link};
    status.mtu = 1420;
    status.addresses = {{address(link, 1), 24}};
    instance_.handle(now_, DeviceChanged{DeviceId{link}, status});
    hello(link);
    DatabaseDescription dd;
    dd.interface_mtu = 1420;
    dd.options = {Options::kExternal};
    dd.flags = {.init = true, .more = true, .master = true};
    dd.sequence_number = 77;
    receive(link, V2::encode(router(link), kBackbone, dd));
    dd.flags = {.init = false, .more = false, .master = true};
    dd.sequence_number = 78;
    receive(link, V2::encode(router(link), kBackbone, dd));
    drain();
  }

  Instant now_{seconds{1000}};
  Instant next_hello_ = now_ + seconds{10};
  Instance<V2> instance_;
  std::vector<Transmit> sent_;
};

void flood_to_hub(benchmark::State& state) {
  static Hub hub;
  static std::uint32_t number = 0;
  for (int i = 0; i < 2; ++i) hub.rest();
  if (!hub.is_all_full()) state.SkipWithError("not all neighbours are Full");
  for (auto unused : state) {
    state.PauseTiming();
    hub.rest();
    auto packet = Hub::external(number++);
    state.ResumeTiming();
    hub.receive(1, std::move(packet));
    if (hub.drain() != kNeighbors - 1) {
      state.SkipWithError("not every other neighbour was sent the LSA");
      break;
    }
  }
  report(state, 1, 0);
}
BENCHMARK(flood_to_hub)->Unit(benchmark::kMicrosecond)->Iterations(100);

void hand_out_packets(benchmark::State& state) {
  const auto bytes = std::make_shared<const std::vector<std::byte>>(Hub::external(1));
  for (auto unused : state) {
    std::deque<std::variant<Transmit, Event>> outputs;
    for (std::uint32_t link = 1; link < kNeighbors; ++link)
      outputs.emplace_back(Transmit{LinkId{link}, Group::all_spf_routers, bytes});
    std::vector<Transmit> sent;
    for (; !outputs.empty(); outputs.pop_front())
      sent.push_back(std::move(std::get<Transmit>(outputs.front())));
    benchmark::DoNotOptimize(sent.data());
  }
  report(state, 1, 0);
}
BENCHMARK(hand_out_packets)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace wgospf::ospf

int main(int argc, char** argv) {
  return wgospf::bench::run_with_ratios(argc, argv,
                                        {{"put_on_the_way", "queue_for_each", 1},
                                         {"put_on_the_way", "queue_for_each", 1, "bytes_per_neighbor"},
                                         {"flood_to_hub", "hand_out_packets", 25}});
}
