#pragma once
// The core's time: an argument, never read.

#include <chrono>
#include <cstdint>
#include <ratio>

namespace wgospf::ospf {

/// The core's clock type. It has no now(): time comes in as an argument, and reading a clock in the core does
/// not compile.
struct Clock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;
};
using Instant = Clock::time_point;
using Duration = Clock::duration;

}  // namespace wgospf::ospf
