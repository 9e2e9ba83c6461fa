#pragma once
// The neighbours of all interfaces, by dense numbers: a number is given out again when its neighbour is gone,
// the lowest first, so that sets of neighbours (neighbor_set.h) stay as short as they can.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <vector>

#include "ospf/interface.h"
#include "ospf/neighbor_set.h"

namespace wgospf::ospf {

class NeighborTable {
 public:
  /// A neighbour with a number of its own, not on its interface's list yet; it stays where it is until
  /// remove().
  Neighbor& add(Interface& interface, RouterId router_id, Requests& requests) {
    auto slot = static_cast<std::uint32_t>(neighbors_.size());
    if (free_.empty()) {
      neighbors_.emplace_back();
    } else {
      slot = free_.top();
      free_.pop();
    }
    neighbors_[slot] =
        std::make_unique<Neighbor>(NeighborId{slot}, interface, interface.config.link, router_id, requests);
    ++size_;
    return *neighbors_[slot];
  }
  void remove(NeighborId id) {
    assert(find(id) != nullptr);
    neighbors_[id.value].reset();
    free_.push(id.value);
    --size_;
  }
  /// nullptr when nobody has the number.
  [[nodiscard]] Neighbor* find(NeighborId id) const {
    return id.value < neighbors_.size() ? neighbors_[id.value].get() : nullptr;
  }
  /// There must be one.
  [[nodiscard]] Neighbor& operator[](NeighborId id) const { return *neighbors_[id.value]; }
  void measure(Footprint& footprint) const {
    footprint.held("neighbors.by-id", size_);
    footprint.room("neighbors.slots", neighbors_.size());
  }

 private:
  std::vector<std::unique_ptr<Neighbor>> neighbors_;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>>
      free_;  ///< the lowest on top
  std::size_t size_ = 0;
};

}  // namespace wgospf::ospf
