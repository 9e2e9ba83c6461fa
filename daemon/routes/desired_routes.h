#pragma once
// The routes that the protocol wants in the kernel, by prefix and by set of next hops. What stands between
// protocol and kernel asks it, so that a filter that changes its mind looks at the routes that it concerns and
// not at all of them. Pure.

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "ospf/route/route.h"
#include "ospf/v2/v2.h"

namespace wgospf::daemon {

class DesiredRoutes {
 public:
  using V2 = ospf::V2;
  using Route = ospf::Route<V2>;

  /// Prefixes that are directly attached are not wanted in the kernel and count as gone.
  void apply(const ospf::RouteChange<V2>& change);

  [[nodiscard]] std::size_t size() const { return slots_by_prefix_.size(); }
  /// Null when it is not wanted.
  [[nodiscard]] const Route* find(const Ipv4Prefix& prefix) const;
  /// Those whose prefix holds the address, the longest first. At the cost of one search a length.
  [[nodiscard]] std::vector<const Route*> covering(Ipv4Address address) const;
  /// Those that lead over the set, in no order. At the cost of their number.
  template <class Use>
  void for_each_of(ospf::SetId set, Use use) const {
    const auto first = first_of_set_.find(set);
    if (first == first_of_set_.end()) return;
    for (std::uint32_t slot = first->second; slot != kNone; slot = slots_[slot].next) use(slots_[slot].route);
  }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Slot {
    Route route{};
    std::uint32_t previous = kNone, next = kNone;  ///< of the same set; `next` of a free one
  };
  void set(const Route& route);
  void remove(const Ipv4Prefix& prefix);
  void link(std::uint32_t slot);
  void unlink(std::uint32_t slot);

  std::vector<Slot> slots_;
  std::uint32_t free_ = kNone;
  std::unordered_map<Ipv4Prefix, std::uint32_t> slots_by_prefix_;
  std::unordered_map<ospf::SetId, std::uint32_t> first_of_set_;
};

}  // namespace wgospf::daemon
