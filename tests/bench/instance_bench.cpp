// What an external LSA costs the instance: received in an update, checked, installed, made a route,
// acknowledged; and for a transit router flooded on to a second neighbour, and taken off its list when that
// acknowledges. The floor keeps a copy of each LSA under its key. Memory is what the process's heap grows by
// for each external LSA, with its route, when everything is acknowledged.

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

/// The measured router, one that announces, and another neighbour of the measured one, all Full and at rest.
struct Line {
  static constexpr std::size_t kMeasured = 0, kAnnouncing = 1, kOther = 2;
  static constexpr std::size_t kLsasAtRest =
      4;  ///< router-LSAs, and the external that makes a boundary router
  Wires wires;

  Line() {
    wires.add(Wires::config({1, 2}));
    wires.add(Wires::config({1}));
    wires.add(Wires::config({2}));
    wires.wire(kMeasured, kAnnouncing, 1);
    wires.wire(kMeasured, kOther, 2);
    ExternalsChanged<V2> first;
    first.set.push_back({Ipv4Prefix::make({0xc6336400}, 24), 20, true, 0, std::nullopt});
    wires.input(kAnnouncing, first);
    wires.run_until(seconds{5}, [&] { return wires.all_full(); });
    wires.run_for(seconds{20});
  }
  [[nodiscard]] Statistics statistics(std::size_t router) const {
    return wires.routers[router].instance->statistics();
  }
  [[nodiscard]] std::size_t unacknowledged(std::size_t router) const {
    std::size_t sum = 0;
    for (const auto& neighbor : wires.routers[router].instance->neighbors())
      sum += neighbor.retransmission_list;
    return sum;
  }
  /// To the measured router, as from a neighbour on `link`.
  void deliver(std::uint32_t link, const PacketBytes& packet) {
    Instance<V2>& router = *wires.routers[kMeasured].instance;
    const std::size_t from = link == 1 ? kAnnouncing : kOther;
    router.handle(wires.now,
                  Received<V2>{LinkId{link}, Wires::address(from, link), Ipv4Address{0xe0000005}, *packet});
    drain();
  }
  /// Lets what is delayed go, which would count as memory; for less than the dead interval.
  void settle() {
    const Instant end = wires.now + seconds{2};
    while (wires.now < end) {
      wires.now += kFloodBurstInterval;
      wires.routers[kMeasured].instance->handle_timeout(wires.now);
      drain();
    }
  }
  void lose_other_neighbor() {
    wires.set_link(kMeasured, 2, false);
    wires.run_for(seconds{20});
  }

 private:
  void drain() {
    while (auto output = wires.routers[kMeasured].instance->poll()) benchmark::DoNotOptimize(&output);
  }
};

/// `count` prefixes of the second router's.
ExternalsChanged<V2> announcement(std::uint32_t count) {
  ExternalsChanged<V2> change;
  for (std::uint32_t i = 0; i < count; ++i)
    change.set.push_back({Ipv4Prefix::make({0x64000000 + (i << 8)}, 24), 20, true, 0, std::nullopt});
  return change;
}
ExternalsChanged<V2> withdrawal(const ExternalsChanged<V2>& announcement) {
  ExternalsChanged<V2> change;
  for (const auto& route : announcement.set) change.removed.push_back(route.prefix);
  return change;
}

/// The updates with which the announcing router floods kLsas prefixes, and the other's acknowledgements of
/// them.
struct Feed {
  std::vector<PacketBytes> updates, acknowledgments;
};
const Feed& feed() {
  static const Feed result = [] {
    Line line;
    Feed feed;
    std::size_t lsas = 0, acknowledged = 0;
    line.wires.filter = [&](std::size_t from, const Transmit<V2>& packet) {
      const auto type = static_cast<PacketType>((*packet.bytes)[1]);
      if (from == Line::kAnnouncing && type == PacketType::link_state_update && lsas < kLsas) {
        feed.updates.push_back(packet.bytes);
        lsas += load_u32(packet.bytes->data() + V2::kPacketHeaderSize);
      }
      if (from == Line::kOther && type == PacketType::link_state_acknowledgment) {
        feed.acknowledgments.push_back(packet.bytes);
        acknowledged += (packet.bytes->size() - V2::kPacketHeaderSize) / kLsaHeaderSize;
      }
      return true;
    };
    line.wires.input(Line::kAnnouncing, announcement(kLsas));
    line.wires.run_until(seconds{60}, [&] { return lsas >= kLsas && acknowledged >= kLsas; });
    return feed;
  }();
  return result;
}

/// Bytes of the heap in use, large blocks of their own mapping included.
std::size_t heap() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void install(benchmark::State& state, bool is_transit) {
  const Feed& packets = feed();
  for (auto unused : state) {
    state.PauseTiming();
    auto line = std::make_unique<Line>();
    if (!is_transit) line->lose_other_neighbor();
    const std::size_t before = heap(), lsas = line->statistics(Line::kMeasured).lsdb_size,
                      routes = line->statistics(Line::kMeasured).routes;
    state.ResumeTiming();
    for (const auto& packet : packets.updates) line->deliver(1, packet);
    if (is_transit)
      for (const auto& packet : packets.acknowledgments) line->deliver(2, packet);
    state.PauseTiming();
    line->settle();
    const Statistics after = line->statistics(Line::kMeasured);
    if (after.lsdb_size != lsas + kLsas || after.routes != routes + kLsas ||
        line->unacknowledged(Line::kMeasured) != 0) {
      state.SkipWithError("not every LSA was stored, made a route and acknowledged");
      break;
    }
    state.counters["bytes_per_lsa"] = static_cast<double>(heap() - before) / kLsas;
    line.reset();
    state.ResumeTiming();
  }
  state.counters["per_lsa"] =
      benchmark::Counter(kLsas, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
void install_received_lsas(benchmark::State& state) {
  install(state, false);
}
BENCHMARK(install_received_lsas)->Unit(benchmark::kMillisecond);
void install_and_flood_on(benchmark::State& state) {
  install(state, true);
}
BENCHMARK(install_and_flood_on)->Unit(benchmark::kMillisecond);

void copy_under_key(benchmark::State& state) {
  std::vector<DecodeResult<V2>> decoded;
  for (const auto& packet : feed().updates) decoded.push_back(V2::decode(*packet));
  for (auto unused : state) {
    const std::size_t before = heap();
    std::unordered_map<LsaKey<V2>, std::vector<std::byte>, KeyHash> database;
    for (const auto& packet : decoded)
      for (const auto& received : std::get<LinkStateUpdate<V2>>(std::get<Packet<V2>>(packet).body).lsas)
        database[received.header.key].assign(received.bytes.begin(), received.bytes.end());
    benchmark::DoNotOptimize(database.size());
    state.PauseTiming();
    state.counters["bytes_per_lsa"] =
        static_cast<double>(heap() - before) / static_cast<double>(database.size());
    database = {};
    state.ResumeTiming();
  }
  state.counters["per_lsa"] =
      benchmark::Counter(kLsas, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(copy_under_key)->Unit(benchmark::kMillisecond);

/// Until all hold `expected` externals of the change and nothing is left to acknowledge.
bool change_externals(Line& line, const ExternalsChanged<V2>& change, std::size_t expected) {
  line.wires.input(Line::kAnnouncing, change);
  return line.wires.run_until(seconds{30}, [&] {
    for (const std::size_t router : {Line::kMeasured, Line::kAnnouncing, Line::kOther})
      if (line.statistics(router).lsdb_size != Line::kLsasAtRest + expected ||
          line.unacknowledged(router) != 0)
        return false;
    return true;
  });
}

void announce_externals(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  const auto change = announcement(count);
  for (auto unused : state) {
    state.PauseTiming();
    auto line = std::make_unique<Line>();
    state.ResumeTiming();
    if (!change_externals(*line, change, count)) {
      state.SkipWithError("not all LSAs came");
      break;
    }
    state.PauseTiming();
    line.reset();
    state.ResumeTiming();
  }
  state.counters["per_lsa"] =
      benchmark::Counter(count, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(announce_externals)->Arg(10000)->Arg(100000)->Unit(benchmark::kMillisecond);

void withdraw_externals(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  const auto set = announcement(count), removed = withdrawal(set);
  for (auto unused : state) {
    state.PauseTiming();
    auto line = std::make_unique<Line>();
    if (!change_externals(*line, set, count)) {
      state.SkipWithError("not all LSAs came");
      break;
    }
    line->wires.run_for(seconds{10});
    state.ResumeTiming();
    if (!change_externals(*line, removed, 0)) {
      state.SkipWithError("not all LSAs went");
      break;
    }
    state.PauseTiming();
    line.reset();
    state.ResumeTiming();
  }
  state.counters["per_lsa"] =
      benchmark::Counter(count, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(withdraw_externals)->Arg(10000)->Arg(100000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace wgospf::ospf

int main(int argc, char** argv) {
  // An LSA costs twice as much when 100,000 do not fit the processor's cache as when 10,000 do, announced or
  // withdrawn: so withdrawing is held against announcing, and its growth to no more than that and a margin.
  // The floor needs 126 bytes for an LSA, which makes the limit of what a router may need 252.
  return wgospf::bench::run_with_ratios(
      argc, argv,
      {{"install_received_lsas", "copy_under_key", 4},
       {"install_and_flood_on", "copy_under_key", 6},
       {"install_and_flood_on", "copy_under_key", 2, "bytes_per_lsa"},
       {"withdraw_externals/100000", "announce_externals/100000", 2.5},
       {"withdraw_externals/100000", "withdraw_externals/10000", 3.5 * 10}});
}
