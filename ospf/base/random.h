#pragma once
// The core's randomness: a seeded generator (splitmix64). Same seed, same choices.

#include <cstdint>

#include "net/ip.h"
#include "ospf/base/clock.h"

namespace wgospf::ospf {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  /// Of a seed, for hashes; it tells nothing of the numbers.
  [[nodiscard]] static std::uint64_t salt(std::uint64_t seed) {
    return hash_mix(hash_mix(seed) ^ 0x73616c74);
  }
  [[nodiscard]] std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    return hash_mix(state_);
  }
  [[nodiscard]] std::uint32_t next_u32() { return static_cast<std::uint32_t>(next() >> 32); }
  /// `base` shortened by up to a tenth, so that routers started together do not stay in step.
  [[nodiscard]] Duration jittered(Duration base) {
    const auto tenth = static_cast<std::uint64_t>(base.count() / 10);
    return tenth == 0 ? base : base - Duration{static_cast<Duration::rep>(next() % tenth)};
  }

 private:
  std::uint64_t state_;
};

}  // namespace wgospf::ospf
