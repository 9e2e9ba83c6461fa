#pragma once
// All deadlines of an instance in one indexed queue. A timer is known by what it is for (its key), so arming
// it again moves it and no handle can go stale; the key is also the reason that Deadline carries. Cost: O(log
// n). Memory: 34 to 38 bytes a timer, in blocks; there is one for each LSA.

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>

#include "ospf/base/footprint.h"
#include "ospf/base/slot_index.h"
#include "ospf/base/slot_pool.h"
#include "ospf/types.h"

namespace wgospf::ospf {

enum class TimerKind : std::uint8_t {
  hello,               ///< a: link
  inactivity,          ///< a: neighbour
  dd_retransmit,       ///< a: neighbour
  request_retransmit,  ///< a: neighbour
  update_retransmit,   ///< a: neighbour
  exchange_patience,   ///< a: neighbour
  own_lsas,            ///< a: neighbour
  delayed_ack,         ///< a: link
  flood_pace,          ///< a: link
  lsa_age,             ///< a: database domain, b: slot
  lsa_repeat,          ///< a: database domain, b: slot
  originate,           ///< a: index of the self-originated record
  first_origination,
  spf,
  spf_learn,
  spf_hold_down,
  nssa_translator,  ///< a: area id
  shutdown,
};
[[nodiscard]] std::string_view to_string(TimerKind kind);
[[nodiscard]] constexpr bool is_of_neighbor(TimerKind kind) {
  return kind >= TimerKind::inactivity && kind <= TimerKind::own_lsas;
}

struct TimerKey {
  TimerKind kind{};
  std::uint32_t a = 0, b = 0;
  constexpr bool operator==(const TimerKey&) const = default;
};
[[nodiscard]] constexpr std::uint64_t hash_value(const TimerKey& key) {
  return hash_mix(((std::uint64_t{key.a} << 32) | key.b) ^
                  (std::uint64_t{static_cast<std::uint8_t>(key.kind)} << 56));
}

class TimerQueue {
 public:
  /// Arms or moves the timer of `key`.
  void arm(TimerKey key, Instant at);
  /// Arms only if not armed, or armed for later.
  void arm_no_later(TimerKey key, Instant at);
  void cancel(TimerKey key);
  [[nodiscard]] bool is_armed(TimerKey key) const { return find(key) != kNone; }
  [[nodiscard]] std::optional<Instant> deadline(TimerKey key) const;
  /// The earliest deadline; ties fire in the order of arming.
  [[nodiscard]] std::optional<std::pair<Instant, TimerKey>> next() const;
  /// Removes and gives the earliest timer that is due at `now`.
  std::optional<TimerKey> pop_due(Instant now);
  [[nodiscard]] std::size_t size() const { return heap_.size(); }
  void measure(Footprint& footprint) const {
    footprint.held("timers", heap_.size());
    footprint.held("timers.by-key", index_.size());
    footprint.room("timers.slots", slots_.end());
  }

 private:
  static constexpr std::uint32_t kNone = kNoSlot;
  struct Node {
    Instant at;
    std::uint32_t order;  ///< of arming; breaks ties so that runs repeat exactly
    std::uint32_t slot;
  };
  struct Slot {
    std::uint32_t a = 0, b = 0;
    std::uint32_t position : 24 = 0;  ///< in heap_
    TimerKind kind : 8 = TimerKind::hello;
    [[nodiscard]] TimerKey key() const { return {kind, a, b}; }
  };
  static constexpr std::size_t kMost = std::size_t{1} << 24;
  static bool before(const Node& x, const Node& y) {
    return x.at != y.at ? x.at < y.at : static_cast<std::int32_t>(x.order - y.order) < 0;
  }
  [[nodiscard]] std::uint32_t find(TimerKey key) const;
  void place(std::uint32_t position, const Node& node);
  void sift_up(std::uint32_t position, const Node& node);
  void sift_down(std::uint32_t position, const Node& node);
  void restore(std::uint32_t position, const Node& node);
  void remove(std::uint32_t slot);

  std::deque<Node> heap_;
  SlotPool<Slot> slots_;
  SlotIndex index_;
  std::uint32_t order_ = 0;
};

}  // namespace wgospf::ospf
