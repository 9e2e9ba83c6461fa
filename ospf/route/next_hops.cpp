#include "ospf/route/next_hops.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace wgospf::ospf {

namespace {

[[nodiscard]] std::uint64_t hash_of(const NextHop& next_hop) {
  const auto hash = [](const auto& address) { return hash_value(address); };
  return hash_mix(((std::uint64_t{next_hop.link.value} << 32) | next_hop.router.value) ^
                  (next_hop.gateway ? std::visit(hash, *next_hop.gateway) : 0));
}

}  // namespace

std::uint32_t NextHops::number(const NextHop& next_hop) {
  const std::uint32_t known =
      index_.find(hash_of(next_hop), [&](std::uint32_t number) { return next_hops_[number] == next_hop; });
  if (known != kNoSlot) return known;
  const auto number = static_cast<std::uint32_t>(next_hops_.size());
  next_hops_.push_back(next_hop);
  index_.insert(hash_of(next_hop), number,
                [this](std::uint32_t other) { return hash_of(next_hops_[other]); });
  return number;
}

std::vector<NextHop> NextHops::of(const NextHopLists& lists, ListId list) const {
  std::vector<NextHop> result;
  for (const std::uint32_t member : lists.members(list))
    if ((member & NextHopLists::kDirectBit) == 0) result.push_back(next_hops_[member]);
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<ListId> NextHops::retain_only(NextHopLists& lists, const std::vector<bool>& marked) {
  std::vector<std::uint32_t> numbers(next_hops_.size(), 0);
  for (ListId list = 0; list < marked.size(); ++list)
    if (marked[list])
      for (const std::uint32_t member : lists.members(list)) numbers[member & ~NextHopLists::kDirectBit] = 1;
  const std::vector<NextHop> old = std::exchange(next_hops_, {});
  index_.clear();
  for (std::size_t i = 0; i < old.size(); ++i)
    if (numbers[i] != 0) numbers[i] = number(old[i]);
  return lists.retain_only(marked, numbers);
}

}  // namespace wgospf::ospf
