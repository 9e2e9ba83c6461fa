// The route calculation against its floors.
//
// The grid: 100 by 100 routers on unnumbered links of random cost, a /32 and a /24 each; the root sits in a
// corner. Each iteration changes a link cost, so that the whole calculation runs, and collects the
// difference. The floor is Dijkstra with std::priority_queue over an adjacency array of the same graph:
// distances only. Three changes are measured: at the root (every distance changes), and half way and at
// the end of the shortest path to the far corner.
//
// Prefixes: 100,000 externals of one AS boundary router; each iteration changes the metric of one, or takes
// it away and brings it back.
//
// An iteration without a difference is an error: it would measure how fast nothing is done.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <numeric>
#include <queue>
#include <random>
#include <vector>

#include "ospf/route/calculator.h"
#include "ospf/v2/v2.h"
#include "tests/bench/grid.h"
#include "tests/bench/ratios.h"

namespace wgospf::ospf {
namespace {

using bench::Arc;
using bench::external_lsa;
using bench::Externals;
using bench::Grid;
using bench::grid_calculator;
using bench::grid_lsa;
using bench::root_links;
using bench::router;

constexpr std::uint32_t kSide = 100;
constexpr std::uint32_t kRouters = kSide * kSide;

/// Distances from the root, and nothing else: the floor.
void dijkstra(const Grid& grid, std::vector<std::uint32_t>& distance) {
  distance.assign(kRouters, std::numeric_limits<std::uint32_t>::max());
  using Item = std::pair<std::uint32_t, std::uint32_t>;
  std::priority_queue<Item, std::vector<Item>, std::greater<>> queue;
  distance[0] = 0;
  queue.push({0, 0});
  while (!queue.empty()) {
    const auto [d, node] = queue.top();
    queue.pop();
    if (d != distance[node]) continue;
    for (std::uint32_t i = grid.first[node]; i < grid.first[node + 1]; ++i) {
      const Arc& arc = grid.arcs[i];
      if (d + arc.cost >= distance[arc.to]) continue;
      distance[arc.to] = d + arc.cost;
      queue.push({distance[arc.to], arc.to});
    }
  }
}

/// The shortest path to the far corner, from there back to the root.
std::vector<std::uint32_t> path_to_far_corner(const Grid& grid) {
  std::vector<std::uint32_t> distance;
  dijkstra(grid, distance);
  std::vector<std::uint32_t> path{kRouters - 1};
  while (path.back() != 0) {
    const std::uint32_t last = path.back();
    for (std::uint32_t node = 0; node < kRouters && path.back() == last; ++node)
      for (std::uint32_t i = grid.first[node]; i < grid.first[node + 1]; ++i)
        if (grid.arcs[i].to == last && distance[node] + grid.arcs[i].cost == distance[last]) {
          path.push_back(node);
          break;
        }
  }
  return path;
}

void floor_dijkstra(benchmark::State& state) {
  const Grid grid(kSide);
  std::vector<std::uint32_t> distance;
  for (auto _ : state) {
    dijkstra(grid, distance);
    benchmark::DoNotOptimize(distance.data());
  }
}
BENCHMARK(floor_dijkstra)->Unit(benchmark::kMicrosecond);

using Kind = CalculationResult::Kind;

/// One calculation, which must be of this kind and change something; false when it was not.
bool calculate(benchmark::State& state, RouteCalculator<V2>& calculator, Kind kind,
               std::vector<RouteChange<V2>>& changes) {
  changes.clear();
  const CalculationResult result = calculator.calculate(changes);
  benchmark::DoNotOptimize(changes.data());
  if (result.kind == kind && !changes.empty()) return true;
  state.SkipWithError(changes.empty() ? "an iteration changes nothing" : "another kind of calculation ran");
  return false;
}

void count_changes(benchmark::State& state, const std::vector<RouteChange<V2>>& changes) {
  state.counters["changes"] = static_cast<double>(changes.size());
}

/// Both links of the root change their cost: every route does.
void spf_change_at_root(benchmark::State& state) {
  const Grid grid(kSide);
  RouteCalculator<V2> calculator = grid_calculator(grid);
  std::vector<RouteChange<V2>> changes;
  std::uint16_t more = 0;
  for (auto _ : state) {
    calculator.set_root(router(0), root_links(grid, more ^= 1));
    if (!calculate(state, calculator, Kind::full, changes)) break;
  }
  count_changes(state, changes);
}
BENCHMARK(spf_change_at_root)->Unit(benchmark::kMicrosecond);

/// All links of one router on the path to the far corner become dearer, and what they were.
void change_at(benchmark::State& state, const Grid& grid, std::uint32_t node) {
  RouteCalculator<V2> calculator = grid_calculator(grid);
  const Lsa lsas[] = {grid_lsa(grid, node, 5), grid_lsa(grid, node)};
  std::vector<RouteChange<V2>> changes;
  unsigned i = 0;
  for (auto _ : state) {
    calculator.lsa_installed(kBackbone, lsas[i++ % 2]);
    if (!calculate(state, calculator, Kind::full, changes)) break;
  }
  count_changes(state, changes);
}
void spf_change_half_way(benchmark::State& state) {
  const Grid grid(kSide);
  const auto path = path_to_far_corner(grid);
  change_at(state, grid, path[path.size() / 2]);
}
BENCHMARK(spf_change_half_way)->Unit(benchmark::kMicrosecond);
void spf_change_far_away(benchmark::State& state) {
  const Grid grid(kSide);
  change_at(state, grid, path_to_far_corner(grid)[1]);
}
BENCHMARK(spf_change_far_away)->Unit(benchmark::kMicrosecond);

/// The root's links become dear in turn: most prefixes change their way, though not all, and are told one by
/// one.
void spf_most_change_their_way(benchmark::State& state) {
  const Grid grid(kSide);
  RouteCalculator<V2> calculator = grid_calculator(grid);
  std::vector<RouteChange<V2>> changes;
  std::size_t which = 0;
  for (auto _ : state) {
    changes.clear();
    auto links = root_links(grid);
    links[which].cost = static_cast<std::uint16_t>(links[which].cost + 20);
    which = 1 - which;
    calculator.set_root(router(0), std::move(links));
    calculator.calculate(changes);
    benchmark::DoNotOptimize(changes.data());
  }
  count_changes(state, changes);
}
BENCHMARK(spf_most_change_their_way)->Unit(benchmark::kMicrosecond);

/// One of the root's two links is lost, that which nearly everything goes over, and comes back.
void spf_neighbor_lost(benchmark::State& state) {
  const Grid grid(kSide);
  RouteCalculator<V2> calculator = grid_calculator(grid);
  std::vector<RouteChange<V2>> changes;
  bool is_lost = false;
  for (auto _ : state) {
    auto links = root_links(grid);
    if (is_lost = !is_lost; is_lost) links.erase(links.begin());
    calculator.set_root(router(0), std::move(links));
    if (!calculate(state, calculator, Kind::full, changes)) break;
  }
  count_changes(state, changes);
}
BENCHMARK(spf_neighbor_lost)->Unit(benchmark::kMicrosecond);

// ---- Prefixes ----

constexpr std::uint32_t kExternals = 100000;

/// All prefixes in random order, so that neither a benchmark nor its floor lives in a cache.
std::vector<std::uint32_t> shuffled_externals(std::uint32_t seed) {
  std::vector<std::uint32_t> all(kExternals);
  std::iota(all.begin(), all.end(), 0U);
  std::mt19937 random(seed);
  for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random() % i]);
  return all;
}

void prefix_metric_change(benchmark::State& state) {
  Externals externals(kExternals);
  std::array<std::vector<Lsa>, 2> passes;  // each prefix is dearer in one pass and as it was in the next
  for (const std::uint32_t n : shuffled_externals(2)) {
    passes[0].push_back(external_lsa(n, 21 + n % 50));
    passes[1].push_back(external_lsa(n, 20));
  }
  std::vector<RouteChange<V2>> changes;
  std::size_t i = 0;
  for (auto _ : state) {
    const auto& lsas = passes[i / passes[0].size() % 2];
    externals.calculator.lsa_installed(kBackbone, lsas[i++ % lsas.size()]);
    if (!calculate(state, externals.calculator, Kind::prefixes_only, changes)) break;
  }
  state.counters["bytes_per_external"] =
      static_cast<double>(externals.calculator.prefix_memory()) / kExternals;
}
BENCHMARK(prefix_metric_change)->Unit(benchmark::kMicrosecond);

void prefix_gone_and_back(benchmark::State& state) {
  Externals externals(kExternals);
  std::vector<Lsa> lsas;
  for (const std::uint32_t n : shuffled_externals(3)) lsas.push_back(external_lsa(n, 20));
  std::vector<RouteChange<V2>> changes;
  std::size_t i = 0;
  for (auto _ : state) {
    const Lsa& lsa = lsas[i / 2 % lsas.size()];
    if (i++ % 2 == 0) {
      externals.calculator.lsa_removed(kBackbone, V2::header(lsa).key);
    } else {
      externals.calculator.lsa_installed(kBackbone, lsa);
    }
    if (!calculate(state, externals.calculator, Kind::prefixes_only, changes)) break;
  }
}
BENCHMARK(prefix_gone_and_back)->Unit(benchmark::kMicrosecond);

/// A link without a neighbour comes and goes at a router that knows so many forwarding addresses, none of them
/// on its subnet.
void link_beside_forwarding_addresses(benchmark::State& state) {
  Externals externals(0);
  for (std::uint32_t n = 0; n < static_cast<std::uint32_t>(state.range(0)); ++n) {
    v2::ExternalLsa body;
    body.mask = 0xffffff00;
    body.forwarding_address = Ipv4Address{0x40000001 + n};
    LsaHeader header;
    header.key = {LsaType::as_external, LinkStateId{0x60000000 + (n << 8)}, router(1)};
    externals.calculator.lsa_installed(kBackbone, V2::encode_lsa(header, body));
  }
  RootDevice device;
  device.addresses = {{Ipv4Address{0x0b000001}, Ipv4Prefix::make(Ipv4Address{0x0b000000}, 24), true}};
  RootLink link;
  link.link = LinkId{2};
  link.prefixes = RootLink::Prefixes::subnets;
  link.device = std::make_shared<const RootDevice>(std::move(device));
  std::vector<RouteChange<V2>> changes;
  externals.calculator.calculate(changes);
  bool is_there = false;
  for (auto _ : state) {
    is_there ? externals.calculator.remove_link(link.link) : externals.calculator.set_link(link);
    is_there = !is_there;
    if (!calculate(state, externals.calculator, Kind::prefixes_only, changes)) break;
  }
}
BENCHMARK(link_beside_forwarding_addresses)->Arg(100)->Arg(10000)->Unit(benchmark::kMicrosecond);

/// The floor of a change of one prefix: find it among as many and look at what is there.
void floor_binary_search(benchmark::State& state) {
  std::vector<std::pair<Ipv4Prefix, std::uint32_t>> sorted;
  for (std::uint32_t n = 0; n < kExternals; ++n)
    sorted.push_back({Ipv4Prefix::make(Ipv4Address{0x60000000 + (n << 8)}, 24), n});
  std::vector<Ipv4Prefix> wanted;
  for (const std::uint32_t n : shuffled_externals(4)) wanted.push_back(sorted[n].first);
  std::size_t i = 0;
  for (auto _ : state) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), wanted[i++ % wanted.size()],
                                     [](const auto& entry, const Ipv4Prefix& p) { return entry.first < p; });
    benchmark::DoNotOptimize(at->second);
  }
}
BENCHMARK(floor_binary_search)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace wgospf::ospf

int main(int argc, char** argv) {
  return wgospf::bench::run_with_ratios(
      argc, argv,
      {{"spf_change_at_root", "floor_dijkstra", 4},
       {"spf_change_half_way", "floor_dijkstra", 4},
       {"spf_change_far_away", "floor_dijkstra", 4},
       {"spf_most_change_their_way", "floor_dijkstra", 4},
       {"spf_neighbor_lost", "floor_dijkstra", 4},
       {"prefix_metric_change", "floor_binary_search", 12},
       {"prefix_gone_and_back", "floor_binary_search", 12},
       // Whatever the number of forwarding addresses.
       {"link_beside_forwarding_addresses/10000", "link_beside_forwarding_addresses/100", 3},
       // A full run is what a change of prefixes must never cost.
       {"prefix_metric_change", "spf_change_far_away", 0.02}});
}
