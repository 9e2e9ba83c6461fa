#pragma once
// How much may be under way to a neighbour without its acknowledgement: the window of TCP (RFC 5681) and the
// aim of RFC 4222 recommendation 4. It starts moderate and grows with what is acknowledged.
//
// The judgement is made once a round trip, by what became of all that was sent during the one before. Few
// losses are the link's; when many are lost, the window becomes what got through; and it does not grow while
// what it lets go only makes a queue longer. In the first rounds it doubles (slow start); until the first
// acknowledgement, which may wait for a clock of the neighbour's, it grows with time.
//
// Sizes are bytes of LSAs. Everything is O(1).

#include <algorithm>
#include <cstddef>

#include "ospf/constants.h"

namespace wgospf::ospf {

class FloodWindow {
 public:
  /// May `size` more bytes go? One LSA may always be under way.
  [[nodiscard]] bool has_room(std::size_t size) const {
    return in_flight_ == 0 || in_flight_ + size <= window_;
  }
  /// Something waits for room: the window may grow.
  void is_full() { was_full_ = true; }
  void sent(std::size_t size) { in_flight_ += size; }
  /// It was taken back: superseded, or about to be sent again.
  void gone(std::size_t size) { in_flight_ -= std::min(in_flight_, size); }

  void acknowledged(std::size_t size, Instant sent_at, Instant now) {
    gone(size);
    resolve(sent_at, now);
    is_heard_ = true;
    acknowledged_ += size;
    if (slow_start_ && was_full_) grow(size);
  }
  /// An acknowledgement came so long after the latest LSA in it was sent: what the path and its queues took.
  void took(Duration delay) {
    least_delay_ = std::min(least_delay_, delay);
    round_delay_ = std::min(round_delay_, delay);
  }
  void lost(std::size_t size, Instant sent_at, Instant now) {
    gone(size);
    resolve(sent_at, now);
    lost_ += size;
    if (is_congested()) slow_start_ = false;
  }
  /// For a neighbour that acknowledges by a clock: call while something waits for room and is_blind().
  void time_passed(Instant now) {
    if (is_blind() && now > grown_at_ && now - grown_at_ < seconds{1})
      grow(static_cast<std::size_t>((now - grown_at_) / milliseconds{1}) * kFloodRateBlind / 1000);
    grown_at_ = now;
  }
  /// Nothing is known of this flood yet.
  [[nodiscard]] bool is_blind() const { return slow_start_ && !is_heard_; }
  /// Everything was acknowledged: the next flood finds out anew what the path can bear.
  void at_rest() { *this = FloodWindow{}; }
  [[nodiscard]] std::size_t size() const { return window_; }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

 private:
  void grow(std::size_t by) { window_ = std::min(window_ + by, kFloodWindowMost); }
  [[nodiscard]] bool is_congested() const {
    return lost_ >= 2 * kPacketSizeMax && lost_ * 100 > (lost_ + acknowledged_) * kFloodLossPercentMost;
  }
  /// Of what was sent at `sent_at` it is known what became.
  void resolve(Instant sent_at, Instant now) {
    if (sent_at < next_round_) return;
    if (is_congested()) {
      window_ = std::clamp(acknowledged_ - acknowledged_ / 8, kFloodWindowLeast, window_);
      slow_start_ = false;
    } else if (round_delay_ != Duration::max() && round_delay_ > least_delay_ + kFloodQueueMost) {
      slow_start_ = false;  // the path carries no more than this: the rest stands in a queue
    } else if (!slow_start_ && was_full_) {
      grow(std::clamp<std::size_t>(window_ / 8, kPacketSizeMax, 4 * kPacketSizeMax));
    }
    next_round_ = now;
    acknowledged_ = lost_ = 0;
    round_delay_ = Duration::max();
    was_full_ = false;
  }

  std::size_t window_ = kFloodWindowFirst;
  std::size_t in_flight_ = 0;
  std::size_t acknowledged_ = 0, lost_ = 0;  ///< of the present round
  Instant next_round_;                       ///< what is sent from then on belongs to the next round
  Instant grown_at_;
  Duration least_delay_ = Duration::max(), round_delay_ = Duration::max();  ///< of the flood, of the round
  bool slow_start_ = true;
  bool is_heard_ = false;  ///< something of this flood was acknowledged
  bool was_full_ = false;  ///< in the present round
};

}  // namespace wgospf::ospf
