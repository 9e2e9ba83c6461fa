#pragma once
// Lists of next hops by number. A list is a sorted row of members (small numbers that the owner gives to its
// next hops); equal lists have equal numbers, and the union of two lists is remembered, so that a run of the
// calculation handles sets of next hops as it handles integers.
//
// A member with kDirectBit stands for "directly on this link": a transit network of the root's own. It turns
// into a real next hop at the router behind that network (RFC 2328 section 16.1.1).

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "ospf/base/footprint.h"
#include "ospf/base/slot_index.h"

namespace wgospf::ospf {

using ListId = std::uint32_t;
/// The list without members.
inline constexpr ListId kEmptyList = 0;

class NextHopLists {
 public:
  static constexpr std::uint32_t kDirectBit = 0x80000000;

  NextHopLists();
  /// `members` in any order, repetitions allowed.
  [[nodiscard]] ListId intern(std::span<const std::uint32_t> members);
  [[nodiscard]] ListId single(std::uint32_t member) { return intern({&member, 1}); }
  [[nodiscard]] ListId unite(ListId a, ListId b) {
    if (a == b || b == kEmptyList) return a;
    if (a == kEmptyList) return b;
    const Union& known = unions_[slot_of(a, b)];
    return known.a == a && known.b == b ? known.result : unite_anew(a, b);
  }
  /// Valid until the next list is made.
  [[nodiscard]] std::span<const std::uint32_t> members(ListId list) const {
    return {members_.data() + lists_[list].first, lists_[list].count};
  }
  [[nodiscard]] bool has_direct(ListId list) const { return lists_[list].has_direct; }
  [[nodiscard]] std::size_t size() const { return lists_.size(); }
  void measure(Footprint& footprint) const {
    footprint.room("next-hop-lists", lists_.size());
    footprint.room("next-hop-lists.members", members_.size());
    footprint.room("next-hop-lists.by-members", index_.size());
  }

  /// Forgets all lists but the marked ones (by list number; the empty list stays anyway) and renumbers.
  /// `member_numbers` gives the new number of each member (without kDirectBit) of the marked lists, in the
  /// same order as the old. Returns the new number of each list; kNoSlot for the forgotten.
  [[nodiscard]] std::vector<ListId> retain_only(const std::vector<bool>& marked,
                                                std::span<const std::uint32_t> member_numbers);

 private:
  struct List {
    std::uint32_t first = 0, count = 0;
    bool has_direct = false;
  };
  struct Union {
    ListId a = kEmptyList, b = kEmptyList, result = kEmptyList;
  };
  static constexpr std::size_t kUnionSlots = 1024;
  [[nodiscard]] static std::size_t slot_of(ListId a, ListId b) {
    return (a * std::size_t{0x9e3779b1} + b) % kUnionSlots;
  }
  [[nodiscard]] std::uint64_t hash_of(ListId list) const;
  ListId unite_anew(ListId a, ListId b);
  ListId intern_sorted(std::span<const std::uint32_t> members);

  std::vector<List> lists_;
  std::vector<std::uint32_t> members_;
  SlotIndex index_;
  std::array<Union, kUnionSlots> unions_{};  // the latest unions; an entry is replaced by whatever meets it
  std::vector<std::uint32_t> scratch_;
};

}  // namespace wgospf::ospf
