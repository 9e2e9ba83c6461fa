// What an external LSA costs the instance: received in an update, checked, installed, made a route,
// acknowledged; and for a transit router flooded on to a second neighbour, and taken off its list when that
// acknowledges. The floor keeps a copy of each LSA under its key. Memory is what the process's heap grows by
// for each external LSA, with its route, when everything is acknowledged.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <unordered_map>

#include "ospf/lsdb.h"
#include "tests/bench/line.h"
#include "tests/bench/ratios.h"

namespace wgospf::ospf {
namespace {

using bench::announcement;
using bench::Feed;
using bench::heap;
using bench::Line;

constexpr std::uint32_t kLsas = 100000;

struct KeyHash {
  std::size_t operator()(const LsaKey& key) const { return static_cast<std::size_t>(hash_value(key, 0)); }
};

ExternalsChanged withdrawal(const ExternalsChanged& announcement) {
  ExternalsChanged change;
  for (const auto& route : announcement.set) change.removed.push_back(route.prefix);
  return change;
}

const Feed& feed() {
  static const Feed result(kLsas);
  return result;
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
  std::vector<DecodeResult> decoded;
  for (const auto& packet : feed().updates) decoded.push_back(V2::decode(*packet));
  for (auto unused : state) {
    const std::size_t before = heap();
    std::unordered_map<LsaKey, std::vector<std::byte>, KeyHash> database;
    for (const auto& packet : decoded)
      for (const auto& received : std::get<LinkStateUpdate>(std::get<Packet>(packet).body).lsas)
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
bool change_externals(Line& line, const ExternalsChanged& change, std::size_t expected) {
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
