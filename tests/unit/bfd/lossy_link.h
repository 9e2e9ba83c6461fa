#pragma once
// Two tables over a virtual link that delays, loses, duplicates, reorders and cuts, on one virtual clock, all drawn
// from a seed. What must always hold is asked at every step; what is wrong is said in words, empty when nothing is.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bfd/table.h"

namespace wgospf::bfd {

class LossyLink {
 public:
  explicit LossyLink(std::uint64_t seed);
  /// Trouble, then quiet; the first thing that did not hold.
  [[nodiscard]] std::string run();
  [[nodiscard]] std::uint64_t packets() const { return packets_; }
  [[nodiscard]] unsigned losses() const { return losses_; }

 private:
  struct End {
    Table table;
    Wanted wanted{};
    State state = State::down;
    std::optional<Instant> heard{};       ///< the last packet that was handed to it
    Instant configured{};                 ///< or wanted again
    std::optional<Duration> detection{};  ///< before timers were looked at
  };

  void act();
  void want(End& end);
  void deliver();
  void drain(std::size_t from);
  void check_packet(const ControlPacket& packet);
  void check_change(End& end, const Transition& transition);
  void check_rest();
  void fail(std::string what) {
    if (wrong_.empty()) wrong_ = std::move(what);
  }
  [[nodiscard]] bool chance(unsigned percent) { return random_.next() % 100 < percent; }
  [[nodiscard]] Timers timers();

  Random random_;
  Instant now_{std::chrono::seconds{1}};
  Instant quiet_at_{};
  std::array<End, 2> ends_;
  std::array<bool, 2> cut_{};  ///< what leaves this end is lost
  unsigned loss_ = 0;          ///< percent
  Duration delay_{};
  std::multimap<Instant, std::pair<std::size_t, std::array<std::byte, kControlPacketSize>>> in_flight_;
  std::uint64_t packets_ = 0;
  unsigned losses_ = 0;
  std::string wrong_;
};

}  // namespace wgospf::bfd
