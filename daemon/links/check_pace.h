#pragma once
// How often links are held against their devices and neighbours where nothing says that it is time to. Pure.
//
// Whatever changes says so, and is looked at at once. What follows from a change within some time (a key is learned when
// its neighbour has been Full for a while, a peer is silent when it has had the time to call) follows soon after it. So
// after a change everything is looked at with each poll for a while, and then rarely: with a thousand peers at rest nothing
// is computed that was computed before. Packets that are refused say nothing, and are counted.

#include <chrono>
#include <cstdint>
#include <utility>

namespace wgospf::daemon {

class CheckPace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// Longer than anything follows from a change (KeyGuard, SilentPeers).
  static constexpr std::chrono::seconds kSettling{45};
  static constexpr std::chrono::seconds kAtRest{30};

  void changed(Time now) { changed_at_ = now; }
  void checked(Time now) { checked_at_ = now; }
  /// At each poll. `refused`: packets that were, ever.
  [[nodiscard]] bool is_due(std::uint64_t refused, Time now) {
    if (std::exchange(refused_, refused) != refused) changed_at_ = now;
    return now - changed_at_ < kSettling || now - checked_at_ >= kAtRest;
  }

 private:
  Time changed_at_{}, checked_at_{};
  std::uint64_t refused_ = 0;
};

}  // namespace wgospf::daemon
