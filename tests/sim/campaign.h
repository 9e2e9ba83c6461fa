#pragma once
// One seed: a random network, random faults, rest, and the oracles.

#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ospf/types.h"
#include "tests/sim/digest.h"
#include "tests/sim/outages.h"

namespace wgospf::sim {

/// A hub with spokes, and many externals.
struct LargeSize {
  std::uint32_t spokes = 100, lsas = 5000;
};

struct SeedOptions {
  std::uint64_t seed = 1;
  std::optional<LargeSize> large;        ///< the large campaign: with loss throughout, and hardships.h
  std::optional<std::uint32_t> routers;  ///< unset: drawn from the seed, 3 to 40
  std::optional<double> hours;        ///< unset: two for every tenth seed, else only until everything rests
  std::optional<std::size_t> faults;  ///< only the first so many faults of the schedule
  std::FILE* log = nullptr;           ///< a readable log
  bool shared_devices = false;  ///< most cables are between peers on a device that several of them share
  bool varied = false;          ///< variety.h
  bool areas = false;           ///< area_plan.h
  bool digest = false;          ///< give what each router ends with
};

struct SeedResult {
  std::vector<std::string> problems;  ///< empty: passed
  std::uint64_t trace_hash = 0;
  std::uint32_t routers = 0;
  std::size_t cables = 0, faults = 0;
  std::uint64_t packets = 0;
  ospf::Duration virtual_time{};
  /// From the last fault until the last route or adjacency changed.
  ospf::Duration convergence{};
  /// By when that must be over: dead interval, retransmissions, throttling, route calculation.
  ospf::Duration allowed{};
  std::vector<FaultOutages> outages;
  std::size_t most_packets_in_a_turn = 0;  ///< sent on one link
  std::vector<RouterDigest> digests;       ///< when they were asked for
};

[[nodiscard]] SeedResult run_seed(const SeedOptions& options);

/// Halves the schedule of a failing seed to find a number of faults with which it still fails, while there is
/// time left. (Fewer may do, since a further fault can also hide a failure.)
[[nodiscard]] std::size_t fewer_faults(SeedOptions options, std::size_t faults,
                                       const std::function<bool()>& is_time_left);

}  // namespace wgospf::sim
