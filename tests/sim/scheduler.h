#pragma once
// Virtual time: one heap of things to do. Ties are done in the order of scheduling, so a run repeats exactly.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "ospf/types.h"

namespace wgospf::sim {

using ospf::Duration;
using ospf::Instant;

class Scheduler {
 public:
  explicit Scheduler(Instant start) : now_(start) {}

  [[nodiscard]] Instant now() const { return now_; }
  /// Does `what` at `when`; what is due in the past is done now.
  void at(Instant when, std::function<void()> what) {
    heap_.push_back({std::max(when, now_), order_++, std::move(what)});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  void after(Duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }
  /// Does the next thing due up to `end`; false when there is none, and then it is `end`.
  bool step(Instant end) {
    if (heap_.empty() || heap_.front().at > end) {
      now_ = std::max(now_, end);
      return false;
    }
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Item item = std::move(heap_.back());
    heap_.pop_back();
    now_ = item.at;
    ++steps_;
    item.what();
    return true;
  }
  void run_until(Instant end) {
    while (step(end)) {
    }
  }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 private:
  struct Item {
    Instant at;
    std::uint64_t order;
    std::function<void()> what;
  };
  static bool later(const Item& a, const Item& b) { return a.at != b.at ? a.at > b.at : a.order > b.order; }

  Instant now_;
  std::uint64_t order_ = 0, steps_ = 0;
  std::vector<Item> heap_;
};

}  // namespace wgospf::sim
