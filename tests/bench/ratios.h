#pragma once
// Benchmarks that can fail: each is held against a floor measured in the same run, on the same machine, under
// the same load. Of several repetitions the fastest counts, since whatever else runs only ever adds time. Where a
// ratio is above its limit all are measured again, a few times, and the fastest of all counts: a stretch in which
// something else ran ends, a benchmark that became slower stays slow.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace wgospf::bench {

/// `benchmark` may take at most `limit` times what `floor` takes. Names as Google Benchmark prints them,
/// without the part after the first slash that repetitions add.
struct Ratio {
  std::string benchmark;
  std::string floor;
  double limit = 0;
  std::string counter = {};  ///< compare this counter of both, and not their times
};

/// Prints as usual, and keeps the fastest CPU time of each benchmark and the least of each of its counters.
class FastestReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred || run.iterations == 0) continue;
      const auto time = run.cpu_accumulated_time / static_cast<double>(run.iterations);
      const std::string name = run.run_name.function_name + arguments(run);
      keep_least({name, ""}, time);
      for (const auto& [counter, value] : run.counters) keep_least({name, counter}, value.value);
    }
  }
  /// Seconds an iteration, or the counter's value; infinity when the benchmark did not run.
  [[nodiscard]] double least(const std::string& name, const std::string& counter) const {
    const auto at = least_.find({name, counter});
    return at == least_.end() ? std::numeric_limits<double>::infinity() : at->second;
  }

 private:
  static std::string arguments(const Run& run) {
    return run.run_name.args.empty() ? std::string() : "/" + run.run_name.args;
  }
  using Key = std::pair<std::string, std::string>;  ///< benchmark, and its counter or "" for the time
  void keep_least(const Key& key, double value) {
    const auto [at, fresh] = least_.try_emplace(key, value);
    if (!fresh && value < at->second) at->second = value;
  }
  std::map<Key, double> least_;
};

/// The most rounds of five repetitions.
inline constexpr int kRounds = 4;

/// Whether a ratio holds by what was measured so far.
inline bool holds(const FastestReporter& reporter, const Ratio& ratio) {
  const double time = reporter.least(ratio.benchmark, ratio.counter);
  const double floor = reporter.least(ratio.floor, ratio.counter);
  return time < std::numeric_limits<double>::infinity() && time <= ratio.limit * floor;
}

inline void print(const FastestReporter& reporter, const Ratio& ratio) {
  const double time = reporter.least(ratio.benchmark, ratio.counter);
  const double floor = reporter.least(ratio.floor, ratio.counter);
  const bool is_time = ratio.counter.empty();
  const double scale = is_time ? 1e6 : 1;
  std::printf("%s %s: %.3f %s, floor %s: %.3f, ratio %.2f (at most %.2f)\n",
              holds(reporter, ratio) ? "ok  " : "FAIL", ratio.benchmark.c_str(), time * scale,
              is_time ? "us" : ratio.counter.c_str(), ratio.floor.c_str(), floor * scale, time / floor,
              ratio.limit);
}

/// Runs all registered benchmarks five times, and again while a ratio does not hold, and checks the ratios. Returns
/// the exit status: 1 when a ratio is above its limit or one of its benchmarks did not run (a --benchmark_filter
/// excuses those it left out).
inline int run_with_ratios(int argc, char** argv, std::vector<Ratio> ratios) {
  std::vector<char*> arguments(argv, argv + argc);
  std::string repetitions = "--benchmark_repetitions=5";
  std::string minimum_time = "--benchmark_min_time=0.1";
  arguments.insert(arguments.begin() + 1, {repetitions.data(), minimum_time.data()});
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  FastestReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  if (argc > 1) {
    std::erase_if(ratios, [&](const Ratio& ratio) {
      return reporter.least(ratio.benchmark, ratio.counter) == std::numeric_limits<double>::infinity() ||
             reporter.least(ratio.floor, ratio.counter) == std::numeric_limits<double>::infinity();
    });
  }
  const auto all_hold = [&] {
    return std::ranges::all_of(ratios, [&](const Ratio& ratio) { return holds(reporter, ratio); });
  };
  for (int round = 1; round < kRounds && !all_hold(); ++round) {
    for (const Ratio& ratio : ratios) print(reporter, ratio);
    benchmark::RunSpecifiedBenchmarks(&reporter);
  }
  for (const Ratio& ratio : ratios) print(reporter, ratio);
  return all_hold() ? 0 : 1;
}

}  // namespace wgospf::bench
