#pragma once
// The next hops by the small numbers that lists of them are made of (next_hop_lists.h).

#include <cstdint>
#include <vector>

#include "ospf/base/slot_index.h"
#include "ospf/route/next_hop_lists.h"
#include "ospf/route/route.h"

namespace wgospf::ospf {

class NextHops {
 public:
  /// Finds or makes it.
  [[nodiscard]] std::uint32_t number(const NextHop& next_hop);
  /// Of a member of a list, with or without kDirectBit.
  [[nodiscard]] const NextHop& operator[](std::uint32_t member) const {
    return next_hops_[member & ~NextHopLists::kDirectBit];
  }
  /// Those of a list, in order; a member with kDirectBit is none.
  [[nodiscard]] std::vector<NextHop> of(const NextHopLists& lists, ListId list) const;
  /// Forgets all that no marked list has, of the lists too. Returns the new number of each list.
  [[nodiscard]] std::vector<ListId> retain_only(NextHopLists& lists, const std::vector<bool>& marked);
  void measure(Footprint& footprint) const {
    footprint.room("next-hops", next_hops_.size());
    footprint.room("next-hops.by-hop", index_.size());
  }

 private:
  std::vector<NextHop> next_hops_;
  SlotIndex index_;
};

}  // namespace wgospf::ospf
