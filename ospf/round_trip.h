#pragma once
// How long to wait for an answer before what was sent is sent again: RFC 6298, with RxmtInterval as the upper
// bound. Measured are only answers to what was sent once (Karn's algorithm): which of several the answer
// belongs to is not known.

#include <algorithm>

#include "ospf/constants.h"

namespace wgospf::ospf {

class RoundTrip {
 public:
  /// Of descriptions and requests, which every implementation answers at once.
  [[nodiscard]] static constexpr RoundTrip of_answers() {
    return {kAnswerTimeFirst, Duration::zero(), kAnswerSlack, Prior::replaced};
  }
  /// Of updates: RFC 2328 section 13.5 lets acknowledgements wait, and neighbours do, by a clock of a second
  /// or more. It begins as if that had been measured, and comes down as far as the neighbour shows.
  [[nodiscard]] static constexpr RoundTrip of_acknowledgments() {
    return {kAckTimeFirst, kAckTimeFirst / 2, kAckSlack, Prior::kept};
  }

  /// Section 2.2 and 2.3; it ends the back-off.
  constexpr void measured(Duration sample) {
    backoff_ = 0;
    if (prior_ == Prior::replaced) {
      smoothed_ = sample;
      variation_ = sample / 2;
      prior_ = Prior::kept;
      return;
    }
    const Duration error = sample > smoothed_ ? sample - smoothed_ : smoothed_ - sample;
    variation_ += (error - variation_) / 4;
    smoothed_ += (sample - smoothed_) / 8;
  }
  /// Section 5.5: the time doubles until something is measured again.
  constexpr void timed_out() { backoff_ = std::min(backoff_ + 1, kBackoffMost); }
  /// After how long what was sent now is lost, when it was sent `repeats` times before: at most `most`.
  [[nodiscard]] constexpr Duration timeout(Duration most, unsigned repeats = 0) const {
    const Duration once = smoothed_ + std::max(slack_, 4 * variation_);
    Duration time = once;  // doubled no further than `most`: a sample may be hours
    for (unsigned n = std::min(std::max(backoff_, repeats), kBackoffMost); n > 0 && time < most; --n)
      time *= 2;
    return std::min(most, time);
  }
  [[nodiscard]] constexpr Duration smoothed() const { return smoothed_; }
  [[nodiscard]] constexpr Duration variation() const { return variation_; }

 private:
  enum class Prior : std::uint8_t { kept, replaced };
  static constexpr unsigned kBackoffMost = 16;
  constexpr RoundTrip(Duration smoothed, Duration variation, Duration slack, Prior prior)
      : smoothed_(smoothed), variation_(variation), slack_(slack), prior_(prior) {}

  Duration smoothed_, variation_, slack_;
  unsigned backoff_ = 0;
  Prior prior_;
};

}  // namespace wgospf::ospf
