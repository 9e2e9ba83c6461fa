// wgospf_sim: runs seeds of the simulator, or replays one with a readable log.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/sim/campaign.h"

namespace {

using wgospf::sim::FaultOutages;
using wgospf::sim::fewer_faults;
using wgospf::sim::LargeSize;
using wgospf::sim::run_seed;
using wgospf::sim::SeedOptions;
using wgospf::sim::SeedResult;
using wgospf::sim::summary;

/// For making failures smaller, all of them together.
constexpr std::chrono::seconds kSearchTime{60};

constexpr const char* kUsage =
    "usage: wgospf_sim [--seeds A..B] [--jobs N] [--twice] [--routers N] [--hours H] [--shared] [--varied] "
    "[--areas]\n"
    "       wgospf_sim --large [--seeds A..B] [--jobs N] [--twice] [--spokes N] [--lsas N]\n"
    "       wgospf_sim --seed N [--log FILE] [--routers N] [--hours H] [--faults N]\n"
    "       wgospf_sim --digest [--seed N | --seeds A..B] [...]\n"
    "  --seeds A..B  run these seeds (default 1..200)\n"
    "  --seed N      run one seed and log every packet, event and route change\n"
    "  --log FILE    where that log goes (default: standard output)\n"
    "  --routers N   this many routers instead of a number drawn from the seed\n"
    "  --hours H     run for H virtual hours (default: 2 for every tenth seed)\n"
    "  --faults N    only the first N faults of the schedule\n"
    "  --shared      most cables are between peers that share a device\n"
    "  --varied      stub areas and NSSAs, opaque LSAs of the routers' own, links whose neighbour is known\n"
    "  --areas       several areas, some of them stub areas and NSSAs\n"
    "  --large       a hub with 100 spokes and 5000 LSAs, 5 % loss, processes that stand still, a third\n"
    "                router on a link, opaque LSAs, a full database, a router id that is taken twice\n"
    "  --spokes N    instead of 100\n"
    "  --lsas N      instead of 5000\n"
    "  --jobs N      seeds run at the same time (default: one for each core)\n"
    "  --twice       run each seed twice and compare the traces\n"
    "  --digest      print a hash of the routes and of the LSA bodies each router ends with, and for one\n"
    "                seed these themselves (tests/sim/compare_digests.py compares two builds)\n"
    "Exit status 0 when all passed, 1 when a seed failed, 2 for a mistake on the command line.\n";

struct Arguments {
  std::uint64_t first = 1, last = 200;
  bool is_replay = false, twice = false;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  std::string log;
  SeedOptions options;
};

[[noreturn]] void mistake(const std::string& what) {
  std::fprintf(stderr, "wgospf_sim: %s\n%s", what.c_str(), kUsage);
  std::exit(2);
}

template <class Number>
Number number(std::string_view option, std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    mistake(std::string(option) + " wants a number, not '" + std::string(text) + "'");
  return value;
}

void take_range(Arguments& arguments, std::string_view text) {
  const auto dots = text.find("..");
  if (dots == std::string_view::npos) mistake("--seeds wants A..B, not '" + std::string(text) + "'");
  arguments.first = number<std::uint64_t>("--seeds", text.substr(0, dots));
  arguments.last = number<std::uint64_t>("--seeds", text.substr(dots + 2));
  if (arguments.last < arguments.first) mistake("--seeds wants A..B with A not above B");
}

LargeSize& large(Arguments& arguments) {
  if (!arguments.options.large) arguments.options.large.emplace();
  return *arguments.options.large;
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    const auto value = [&]() -> std::string_view {
      if (i + 1 >= argc) mistake(std::string(option) + " wants a value");
      return argv[++i];
    };
    if (option == "--seeds") {
      take_range(arguments, value());
    } else if (option == "--seed") {
      arguments.first = arguments.last = number<std::uint64_t>(option, value());
      arguments.is_replay = true;
    } else if (option == "--log") {
      arguments.log = value();
    } else if (option == "--routers") {
      arguments.options.routers = std::clamp(number<std::uint32_t>(option, value()), 2U, 10000U);
    } else if (option == "--hours") {
      arguments.options.hours = number<double>(option, value());
    } else if (option == "--faults") {
      arguments.options.faults = number<std::size_t>(option, value());
    } else if (option == "--shared") {
      arguments.options.shared_devices = true;
    } else if (option == "--varied") {
      arguments.options.varied = true;
    } else if (option == "--areas") {
      arguments.options.areas = true;
    } else if (option == "--large") {
      large(arguments);
    } else if (option == "--spokes") {
      large(arguments).spokes = std::clamp(number<std::uint32_t>(option, value()), 4U, 10000U);
    } else if (option == "--lsas") {
      large(arguments).lsas = number<std::uint32_t>(option, value());
    } else if (option == "--jobs") {
      arguments.jobs = std::max(1U, number<unsigned>(option, value()));
    } else if (option == "--twice") {
      arguments.twice = true;
    } else if (option == "--digest") {
      arguments.options.digest = true;
    } else if (option == "--help") {
      std::fputs(kUsage, stdout);
      std::exit(0);
    } else {
      mistake("unknown option '" + std::string(option) + "'");
    }
  }
  if (arguments.options.areas && (arguments.options.varied || arguments.options.large))
    mistake("--areas goes with neither --varied nor --large");
  return arguments;
}

std::string replay_command(const SeedOptions& options) {
  std::string command = "wgospf_sim --seed " + std::to_string(options.seed);
  if (options.large)
    command += " --large --spokes " + std::to_string(options.large->spokes) + " --lsas " +
               std::to_string(options.large->lsas);
  if (options.shared_devices) command += " --shared";
  if (options.varied) command += " --varied";
  if (options.areas) command += " --areas";
  if (options.routers) command += " --routers " + std::to_string(*options.routers);
  if (options.hours) command += " --hours " + std::to_string(*options.hours);
  if (options.faults) command += " --faults " + std::to_string(*options.faults);
  return command;
}

double in_seconds(wgospf::ospf::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double at_percent(const std::vector<double>& sorted, std::size_t percent) {
  return sorted[(sorted.size() - 1) * percent / 100];
}

/// How long the faults of each kind cut somebody off, the longest of each fault.
class OutageTable {
 public:
  void add(const std::vector<FaultOutages>& outages, std::uint64_t seed) {
    for (const FaultOutages& fault : outages) {
      Row& row = rows_[fault.kind];
      row.black_holes.push_back(in_seconds(fault.black_hole));
      row.loops.push_back(in_seconds(fault.loop));
      row.worst_loop = std::max(row.worst_loop, std::pair(row.loops.back(), seed));
    }
  }
  void print() {
    if (rows_.empty()) return;
    std::printf(
        "longest outage after a fault, s   faults | black hole: 50%%    90%%    most | loop: 99%%    most\n");
    for (auto& [kind, row] : rows_) {
      std::sort(row.black_holes.begin(), row.black_holes.end());
      std::sort(row.loops.begin(), row.loops.end());
      std::printf("  %-30s %7zu | %15.2f %6.2f %7.2f | %9.2f %7.2f (seed %llu)\n", std::string(kind).c_str(),
                  row.loops.size(), at_percent(row.black_holes, 50), at_percent(row.black_holes, 90),
                  row.black_holes.back(), at_percent(row.loops, 99), row.loops.back(),
                  static_cast<unsigned long long>(row.worst_loop.second));
    }
  }

 private:
  struct Row {
    std::vector<double> black_holes, loops;
    std::pair<double, std::uint64_t> worst_loop{};
  };
  std::map<std::string_view, Row> rows_;
};

/// All seeds of a range, one thread for each job.
class Range {
 public:
  explicit Range(const Arguments& arguments) : arguments_(arguments), next_(arguments.first) {}

  bool run() {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < arguments_.jobs; ++i) threads.emplace_back([this] { work(); });
    for (auto& thread : threads) thread.join();
    print_distribution();
    std::printf("%zu passed, %zu failed\n", passed_, failed_);
    return failed_ == 0;
  }

 private:
  void work() {
    for (;;) {
      SeedOptions options = arguments_.options;
      {
        const std::lock_guard lock(mutex_);
        if (next_ > arguments_.last) return;
        options.seed = next_++;
      }
      SeedResult result = run_seed(options);
      const bool failed = !result.problems.empty();
      if (arguments_.twice && run_seed(options).trace_hash != result.trace_hash)
        result.problems.push_back("the same seed gave two different traces");
      {
        const std::lock_guard lock(mutex_);
        note(options, result);
      }
      // Hardships begin and end by two faults, so that a part of them proves nothing.
      if (failed && !options.faults && !options.large) look_for_fewer_faults(options, result.faults);
    }
  }

  /// Only once the failure has been told, and not for long: the test may be ended by its timeout.
  void look_for_fewer_faults(SeedOptions options, std::size_t all) {
    const auto start = std::chrono::steady_clock::now();
    const auto is_time_left = [&] {
      const std::lock_guard lock(mutex_);
      return search_time_ + (std::chrono::steady_clock::now() - start) < kSearchTime;
    };
    if (!is_time_left()) return;
    options.faults = fewer_faults(options, all, is_time_left);
    const std::lock_guard lock(mutex_);
    search_time_ += std::chrono::steady_clock::now() - start;
    if (*options.faults == all) return;
    std::printf("seed %llu fails with the first %zu of %zu faults\n  replay: %s\n",
                static_cast<unsigned long long>(options.seed), *options.faults, all,
                replay_command(options).c_str());
    std::fflush(stdout);
  }

  void note(const SeedOptions& options, const SeedResult& result) {
    for (const auto& digest : result.digests)
      std::printf("seed %llu %s\n", static_cast<unsigned long long>(options.seed), summary(digest).c_str());
    packets_ += result.packets;
    virtual_seconds_ += in_seconds(result.virtual_time);
    outages_.add(result.outages, options.seed);
    most_in_a_turn_ = std::max(most_in_a_turn_, result.most_packets_in_a_turn);
    if (result.problems.empty()) {
      ++passed_;
      convergence_.push_back(in_seconds(result.convergence));
      slowest_ = std::max(
          slowest_,
          std::pair(100 * in_seconds(result.convergence) / in_seconds(result.allowed), options.seed));
      return;
    }
    ++failed_;
    std::printf("seed %llu failed: %u routers, %zu cables, %zu faults\n",
                static_cast<unsigned long long>(options.seed), result.routers, result.cables, result.faults);
    for (const auto& problem : result.problems) std::printf("  %s\n", problem.c_str());
    std::printf("  replay: %s\n", replay_command(options).c_str());
    std::fflush(stdout);
  }

  void print_distribution() {
    std::printf("%.0f virtual hours, %.1f million packets\n", virtual_seconds_ / 3600,
                static_cast<double>(packets_) / 1e6);
    if (convergence_.empty()) return;
    std::sort(convergence_.begin(), convergence_.end());
    const auto at = at_percent;
    std::printf(
        "last change after the last fault: median %.2f s, 90%% %.2f s, 99%% %.2f s, most %.2f s; "
        "at most %.0f%% of what is allowed (seed %llu)\n",
        at(convergence_, 50), at(convergence_, 90), at(convergence_, 99), convergence_.back(), slowest_.first,
        static_cast<unsigned long long>(slowest_.second));
    outages_.print();
    std::printf("most packets sent on a link in one turn: %zu\n", most_in_a_turn_);
  }

  const Arguments& arguments_;
  std::mutex mutex_;
  std::uint64_t next_;
  std::size_t passed_ = 0, failed_ = 0;
  std::uint64_t packets_ = 0;
  double virtual_seconds_ = 0;
  std::vector<double> convergence_;
  OutageTable outages_;
  std::size_t most_in_a_turn_ = 0;
  std::chrono::steady_clock::duration search_time_{};
  std::pair<double, std::uint64_t> slowest_{};  ///< share of what was allowed, and the seed
};

int print_digests(const SeedResult& result) {
  for (const auto& digest : result.digests) {
    for (const auto& route : digest.routes)
      std::printf("router %s route %s\n", digest.router.c_str(), route.c_str());
    for (const auto& lsa : digest.lsas) std::printf("router %s LSA %s\n", digest.router.c_str(), lsa.c_str());
  }
  for (const auto& problem : result.problems) std::fprintf(stderr, "  %s\n", problem.c_str());
  return result.problems.empty() ? 0 : 1;
}

int replay(const Arguments& arguments) {
  SeedOptions options = arguments.options;
  options.seed = arguments.first;
  if (options.digest) return print_digests(run_seed(options));
  options.log = stdout;
  if (!arguments.log.empty()) {
    options.log = std::fopen(arguments.log.c_str(), "w");
    if (options.log == nullptr) mistake("cannot write " + arguments.log);
  }
  const SeedResult result = run_seed(options);
  if (options.log != stdout) std::fclose(options.log);
  std::printf("seed %llu: %u routers, %zu cables, %zu faults, %.0f virtual seconds, trace %016llx\n",
              static_cast<unsigned long long>(options.seed), result.routers, result.cables, result.faults,
              in_seconds(result.virtual_time), static_cast<unsigned long long>(result.trace_hash));
  for (const FaultOutages& fault : result.outages)
    if (fault.black_hole + fault.loop > wgospf::ospf::Duration{})
      std::printf("  after '%s': black holes of up to %.2f s, loops of up to %.2f s\n", fault.what.c_str(),
                  in_seconds(fault.black_hole), in_seconds(fault.loop));
  for (const auto& problem : result.problems) std::printf("  %s\n", problem.c_str());
  const bool passed = result.problems.empty();
  std::printf("%d passed, %d failed\n", passed ? 1 : 0, passed ? 0 : 1);
  return passed ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  if (arguments.is_replay) return replay(arguments);
  return Range(arguments).run() ? 0 : 1;
}
