#pragma once
// What of a neighbour's Link state retransmission list has been sent (RFC 2328 section 13.6): when, how
// often, and whether it is under way still. What was sent is under way until it is acknowledged or taken for
// lost; then it waits to be sent once more (flood_log.h).
//
// Records are the flood log's. Everything is O(1) but for what was sent more than once: O(log n).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "ospf/base/slot_index.h"
#include "ospf/base/slot_pool.h"
#include "ospf/constants.h"
#include "ospf/flood_log.h"

namespace wgospf::ospf {

class SentList {
 public:
  struct Entry {
    FloodLog::Record record = FloodLog::kNone;
    std::uint32_t before = kNoSlot,
                  after = kNoSlot;  ///< in the order of sending
    std::uint16_t in_flight = 0;    ///< bytes under way; 0: it waits to be sent
    std::uint16_t times_sent = 0;   ///< at most kTimesMost
    Instant sent;                   ///< the last time
    /// Lost so often that it has a back-off of its own, up to RxmtInterval.
    [[nodiscard]] bool is_stubborn() const { return times_sent > kOvertakenMost; }
    /// What it takes of the window when it is sent: next to nothing when it is stubborn, or LSAs that are
    /// never acknowledged would fill it for good.
    [[nodiscard]] std::uint16_t weight(std::uint16_t length) const { return is_stubborn() ? 1 : length; }
  };

  /// nullptr when it was not sent yet.
  [[nodiscard]] const Entry* find(FloodLog::Record record) const {
    const std::uint32_t slot = slot_of(record);
    return slot == kNoSlot ? nullptr : &entries_[slot];
  }
  /// It goes out now and takes `bytes` of the window. When it did before, it is lost when it is not
  /// acknowledged by `lost_at`.
  void send(FloodLog::Record record, std::uint16_t bytes, Instant now, Instant lost_at);
  /// It waits to be sent once more. Gives the bytes that were under way.
  std::uint16_t wait(FloodLog::Record record);
  /// What it was; all zero when it was not sent yet.
  Entry erase(FloodLog::Record record);
  void clear() { *this = SentList{}; }

  /// The oldest of what is under way, but for what is stubborn; nullptr when there is none.
  [[nodiscard]] const Entry* oldest() const { return first_ == kNoSlot ? nullptr : &entries_[first_]; }
  /// Leaves it out of oldest() until it is sent again.
  void pop_oldest() { unlink(first_); }
  struct Loss {
    Instant at;
    FloodLog::Record record;
  };
  /// Of what was sent more than once, the first to be lost, and when.
  [[nodiscard]] std::optional<Loss> next_again();
  /// When the first is lost of what was sent since the last call.
  [[nodiscard]] std::optional<Instant> take_first_lost() { return std::exchange(first_lost_, std::nullopt); }

  /// Records have other numbers, in the same order: `moved(record)`, kNone when it is gone.
  void renumber(const std::function<FloodLog::Record(FloodLog::Record)>& moved);

  void measure(Footprint& footprint) const {
    footprint.held("neighbors.retransmissions.order", entries_.size() + again_.size());
  }

 private:
  static constexpr std::uint16_t kTimesMost = 0xffff;
  static constexpr std::size_t kBlockBits = 5;
  struct Again {
    Instant lost_at;
    FloodLog::Record record;
    Instant sent;
    constexpr auto operator<=>(const Again&) const = default;
  };
  [[nodiscard]] static std::uint64_t hash_of(FloodLog::Record record) { return hash_mix(record); }
  [[nodiscard]] std::uint32_t slot_of(FloodLog::Record record) const {
    return index_.find(hash_of(record), [&](std::uint32_t slot) { return entries_[slot].record == record; });
  }
  std::uint32_t make(FloodLog::Record record);
  void link_last(std::uint32_t slot);
  void unlink(std::uint32_t slot);

  SlotPool<Entry, kBlockBits> entries_;
  SlotIndex index_;                                 ///< of slots, by record
  std::uint32_t first_ = kNoSlot, last_ = kNoSlot;  ///< in the order of sending
  std::vector<Again> again_;                        ///< a heap, the earliest on top; entries may be stale
  std::optional<Instant> first_lost_;
};

}  // namespace wgospf::ospf
