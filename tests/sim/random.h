#pragma once
// The simulator's own randomness: splitmix64 and uniform functions of our own, so that a seed gives the same
// run with every compiler and standard library.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ospf/types.h"

namespace wgospf::sim {

using ospf::Duration;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  [[nodiscard]] std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// 0 .. count-1; `count` is at least 1.
  [[nodiscard]] std::uint32_t below(std::uint64_t count) {
    return static_cast<std::uint32_t>(next() % count);
  }
  /// lowest .. highest, both included.
  [[nodiscard]] std::uint32_t between(std::uint32_t lowest, std::uint32_t highest) {
    return lowest + below(std::uint64_t{highest} - lowest + 1);
  }
  /// True in `percent` of a hundred cases.
  [[nodiscard]] bool chance(std::uint32_t percent) { return below(100) < percent; }
  [[nodiscard]] bool per_mille(std::uint32_t mille) { return mille != 0 && below(1000) < mille; }
  /// Uniform in [lowest, highest].
  [[nodiscard]] Duration duration(Duration lowest, Duration highest) {
    const auto span = static_cast<std::uint64_t>((highest - lowest).count()) + 1;
    return lowest + Duration{static_cast<Duration::rep>(next() % span)};
  }
  /// Every octave between `lowest` (above zero) and `highest` is as likely as any other.
  [[nodiscard]] Duration octave_duration(Duration lowest, Duration highest) {
    std::uint32_t octaves = 0;
    while (lowest * (std::int64_t{2} << octaves) <= highest) ++octaves;
    const Duration base = lowest * (std::int64_t{1} << below(octaves + 1));
    return std::min(highest, duration(base, base * 2));
  }
  template <class T>
  [[nodiscard]] const T& pick(const std::vector<T>& items) {
    return items[below(items.size())];
  }
  /// A generator of its own for one purpose, so that drawing more for one does not shift the others.
  [[nodiscard]] Random fork(std::uint64_t purpose) const {
    Random other(state_ ^ (purpose * 0xd1342543de82ef95ULL));
    return Random(other.next());
  }

 private:
  std::uint64_t state_;
};

}  // namespace wgospf::sim
