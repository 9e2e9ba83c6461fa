#include "ospf/route/next_hop_lists.h"

#include <algorithm>
#include <iterator>

#include "net/ip.h"

namespace wgospf::ospf {
namespace {

std::uint64_t hash_members(std::span<const std::uint32_t> members) {
  std::uint64_t hash = members.size();
  for (const std::uint32_t member : members) hash = hash_mix(hash * 31 + member);
  return hash;
}

}  // namespace

NextHopLists::NextHopLists() : lists_(1) {}

std::uint64_t NextHopLists::hash_of(ListId list) const {
  return hash_members(members(list));
}

ListId NextHopLists::intern(std::span<const std::uint32_t> members) {
  scratch_.assign(members.begin(), members.end());
  std::sort(scratch_.begin(), scratch_.end());
  scratch_.erase(std::unique(scratch_.begin(), scratch_.end()), scratch_.end());
  return intern_sorted(scratch_);
}

ListId NextHopLists::intern_sorted(std::span<const std::uint32_t> members) {
  if (members.empty()) return kEmptyList;
  const std::uint64_t hash = hash_members(members);
  const ListId known = index_.find(hash, [&](ListId list) {
    const auto others = this->members(list);
    return std::equal(others.begin(), others.end(), members.begin(), members.end());
  });
  if (known != kNoSlot) return known;
  const auto list = static_cast<ListId>(lists_.size());
  // Sorted, so that members with the bit are at the end.
  lists_.push_back({static_cast<std::uint32_t>(members_.size()), static_cast<std::uint32_t>(members.size()),
                    (members.back() & kDirectBit) != 0});
  members_.insert(members_.end(), members.begin(), members.end());
  index_.insert(hash, list, [this](ListId other) { return hash_of(other); });
  return list;
}

ListId NextHopLists::unite_anew(ListId a, ListId b) {
  scratch_.clear();
  const auto first = members(a), second = members(b);
  std::set_union(first.begin(), first.end(), second.begin(), second.end(), std::back_inserter(scratch_));
  const ListId result = intern_sorted(scratch_);
  unions_[slot_of(a, b)] = {a, b, result};
  return result;
}

std::vector<ListId> NextHopLists::retain_only(const std::vector<bool>& marked,
                                              std::span<const std::uint32_t> member_numbers) {
  std::vector<ListId> renumbered(lists_.size(), kNoSlot);
  renumbered[kEmptyList] = kEmptyList;
  NextHopLists kept;
  for (ListId list = 1; list < lists_.size(); ++list) {
    if (!marked[list]) continue;
    scratch_.clear();
    for (const std::uint32_t member : members(list))
      scratch_.push_back((member & kDirectBit) | member_numbers[member & ~kDirectBit]);
    renumbered[list] = kept.intern_sorted(scratch_);
  }
  *this = std::move(kept);
  return renumbered;
}

}  // namespace wgospf::ospf
