#pragma once
// The next hops by the small numbers that lists of them are made of (next_hop_lists.h).

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "ospf/route/next_hop_lists.h"
#include "ospf/route/route.h"
#include "ospf/slot_index.h"

namespace wgospf::ospf {

template <class V>
class NextHops {
 public:
  /// Finds or makes it.
  [[nodiscard]] std::uint32_t number(const NextHop<V>& next_hop) {
    const std::uint32_t known =
        index_.find(hash_of(next_hop), [&](std::uint32_t number) { return next_hops_[number] == next_hop; });
    if (known != kNoSlot) return known;
    const auto number = static_cast<std::uint32_t>(next_hops_.size());
    next_hops_.push_back(next_hop);
    index_.insert(hash_of(next_hop), number,
                  [this](std::uint32_t other) { return hash_of(next_hops_[other]); });
    return number;
  }
  /// Of a member of a list, with or without kDirectBit.
  [[nodiscard]] const NextHop<V>& operator[](std::uint32_t member) const {
    return next_hops_[member & ~NextHopLists::kDirectBit];
  }
  /// Those of a list, in order; a member with kDirectBit is none.
  [[nodiscard]] std::vector<NextHop<V>> of(const NextHopLists& lists, ListId list) const {
    std::vector<NextHop<V>> result;
    for (const std::uint32_t member : lists.members(list))
      if ((member & NextHopLists::kDirectBit) == 0) result.push_back(next_hops_[member]);
    std::sort(result.begin(), result.end());
    return result;
  }
  /// Forgets all that no marked list has, of the lists too. Returns the new number of each list.
  [[nodiscard]] std::vector<ListId> retain_only(NextHopLists& lists, const std::vector<bool>& marked) {
    std::vector<std::uint32_t> numbers(next_hops_.size(), 0);
    for (ListId list = 0; list < marked.size(); ++list)
      if (marked[list])
        for (const std::uint32_t member : lists.members(list))
          numbers[member & ~NextHopLists::kDirectBit] = 1;
    const std::vector<NextHop<V>> old = std::exchange(next_hops_, {});
    index_.clear();
    for (std::size_t i = 0; i < old.size(); ++i)
      if (numbers[i] != 0) numbers[i] = number(old[i]);
    return lists.retain_only(marked, numbers);
  }
  void measure(Footprint& footprint) const {
    footprint.room("next-hops", next_hops_.size());
    footprint.room("next-hops.by-hop", index_.size());
  }

 private:
  [[nodiscard]] static std::uint64_t hash_of(const NextHop<V>& next_hop) {
    return hash_mix(((std::uint64_t{next_hop.link.value} << 32) | next_hop.router.value) ^
                    (next_hop.gateway ? hash_value(*next_hop.gateway) : 0));
  }

  std::vector<NextHop<V>> next_hops_;
  SlotIndex index_;
};

}  // namespace wgospf::ospf
