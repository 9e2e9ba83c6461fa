// What instructions.py counts instructions of: one piece of work, named on the command line, done once within
// measured_part(). It prints how many times the piece was done there. Without a simulator of a processor
// around it, `bytes-per-lsa` prints what the heap grows by.

#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "tests/bench/grid.h"
#include "tests/bench/line.h"

/// Callgrind counts between entering this and leaving it.
extern "C" [[gnu::noinline]] void measured_part(const std::function<void()>& work) {
  work();
  asm volatile("" ::: "memory");  // no tail call
}

namespace wgospf::ospf::bench {
namespace {

/// How many pieces were done; 0: not what was meant.
using Count = std::size_t;

constexpr std::uint32_t kLsas = 4000;

struct Installed {
  Count lsas = 0;
  std::size_t bytes = 0;
};
Installed install_externals(std::uint32_t count, bool is_transit) {
  const Feed feed(count);
  Line line;
  if (!is_transit) line.lose_other_neighbor();
  const std::size_t before = heap();
  const Statistics at_first = line.statistics(Line::kMeasured);
  measured_part([&] {
    for (const auto& packet : feed.updates) line.deliver(1, packet);
    if (is_transit)
      for (const auto& packet : feed.acknowledgments) line.deliver(2, packet);
  });
  line.settle();
  const Statistics after = line.statistics(Line::kMeasured);
  const bool is_done = after.lsdb_size == at_first.lsdb_size + count &&
                       after.routes == at_first.routes + count && line.unacknowledged(Line::kMeasured) == 0;
  return {is_done ? count : 0, heap() - before};
}

/// Received in updates, checked, stored, made a route.
Count install() {
  return install_externals(kLsas, false).lsas;
}
/// The same, flooded on to a neighbour, and acknowledged by it.
Count install_and_flood() {
  return install_externals(kLsas, true).lsas;
}

/// An update of 50 router-LSAs of four links.
Count encode() {
  constexpr Count kTimes = 100;
  std::vector<OutgoingLsa> lsas;
  for (std::uint32_t i = 1; i <= 50; ++i) {
    v2::RouterLsa body;
    for (std::uint32_t j = 0; j < 4; ++j)
      body.links.push_back({i + j, j, v2::RouterLinkType::point_to_point, 10, {}});
    LsaHeader header;
    header.key = {LsaType::router, LinkStateId{i}, RouterId{i}};
    lsas.push_back({V2::encode_lsa(header, body), static_cast<std::uint16_t>(i)});
  }
  std::size_t bytes = 0;
  measured_part([&] {
    for (Count i = 0; i < kTimes; ++i) bytes += V2::encode(router(1), kBackbone, lsas).size();
  });
  return bytes > kTimes * lsas.size() * 72 ? kTimes : 0;
}

/// A full run; in a grid of 900 routers the root's links change their cost, so that every route does.
Count full_spf() {
  constexpr Count kTimes = 20;
  const Grid grid(30);
  RouteCalculator<V2> calculator = grid_calculator(grid);
  std::vector<RouteChange<V2>> changes;
  Count done = 0;
  measured_part([&] {
    for (Count i = 0; i < kTimes; ++i) {
      changes.clear();
      calculator.set_root(router(0), root_links(grid, i % 2 == 0 ? 1 : 0));
      const auto result = calculator.calculate(changes);
      if (result.kind == CalculationResult::Kind::full && changes.size() > grid.size()) ++done;
    }
  });
  return done == kTimes ? kTimes : 0;
}

/// A full run that ends with nearly everything as it was: one router becomes dearer.
Count full_spf_far_away() {
  constexpr Count kTimes = 20;
  const Grid grid(30);
  RouteCalculator<V2> calculator = grid_calculator(grid);
  const Lsa lsas[] = {grid_lsa(grid, grid.size() - 2, 20), grid_lsa(grid, grid.size() - 2)};
  std::vector<RouteChange<V2>> changes;
  Count done = 0;
  measured_part([&] {
    for (Count i = 0; i < kTimes; ++i) {
      calculator.lsa_installed(kBackbone, lsas[i % 2]);
      changes.clear();
      if (calculator.calculate(changes).kind == CalculationResult::Kind::full) ++done;
    }
  });
  return done == kTimes ? kTimes : 0;
}

/// An external of many changes its metric.
Count prefix_change() {
  constexpr std::uint32_t kPrefixes = 5000;
  Externals externals(kPrefixes);
  std::vector<Lsa> lsas;
  for (std::uint32_t n = 0; n < kPrefixes; ++n) lsas.push_back(external_lsa(n * 7 % kPrefixes, 21));
  std::vector<RouteChange<V2>> changes;
  Count done = 0;
  measured_part([&] {
    for (const auto& lsa : lsas) {
      externals.calculator.lsa_installed(kBackbone, lsa);
      changes.clear();
      const auto result = externals.calculator.calculate(changes);
      if (result.kind == CalculationResult::Kind::prefixes_only && changes.size() == 1) ++done;
    }
  });
  return done == kPrefixes ? kPrefixes : 0;
}

int print_bytes_per_lsa() {
  constexpr std::uint32_t kMany = 50000;
  const Installed installed = install_externals(kMany, true);
  std::printf("%.1f\n", static_cast<double>(installed.bytes) / kMany);
  return installed.lsas == kMany ? 0 : 1;
}

int run(std::string_view name) {
  if (name == "compiler") {
#ifdef __clang__
    std::printf("clang %s\n", __clang_version__);
#else
    std::printf("GCC %s\n", __VERSION__);
#endif
    return 0;
  }
  if (name == "bytes-per-lsa") return print_bytes_per_lsa();
  static const std::map<std::string_view, Count (*)()> kPieces = {
      {"install", install},   {"install-and-flood", install_and_flood}, {"encode", encode},
      {"full-spf", full_spf}, {"full-spf-far-away", full_spf_far_away}, {"prefix-change", prefix_change},
  };
  const auto piece = kPieces.find(name);
  if (piece == kPieces.end()) {
    std::fprintf(stderr, "usage: instructions compiler|bytes-per-lsa");
    for (const auto& [known, unused] : kPieces) std::fprintf(stderr, "|%s", std::string(known).c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  const Count count = piece->second();
  std::printf("%zu\n", count);
  return count > 0 ? 0 : 1;
}

}  // namespace
}  // namespace wgospf::ospf::bench

int main(int argc, char** argv) {
  return wgospf::ospf::bench::run(argc == 2 ? argv[1] : "");
}
