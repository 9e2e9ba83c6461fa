#pragma once
// The routes that the protocol wants in the kernel, by prefix and by set of next hops. What stands between
// protocol and kernel asks it, so that a filter that changes its mind looks at the routes that it concerns and
// not at all of them. Pure.

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "net/prefix_map.h"
#include "ospf/route/route.h"
#include "ospf/v2/v2.h"

namespace wgospf::daemon {

class DesiredRoutes {
 public:
  using V2 = ospf::V2;
  using Route = ospf::Route<V2>;

  /// Prefixes that are directly attached are not wanted in the kernel and count as gone.
  void apply(const ospf::RouteChange<V2>& change);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// Null when it is not wanted.
  [[nodiscard]] const Route* find(const Ipv4Prefix& prefix) const;
  /// Those whose prefix holds the address, the longest first. At the cost of one search a length.
  [[nodiscard]] std::vector<const Route*> covering(Ipv4Address address) const;
  /// Those that lead over the set, in no order. At the cost of their number.
  template <class Use>
  void for_each_of(ospf::SetId set, Use use) const {
    const auto first = first_of_set_.find(set);
    if (first == first_of_set_.end()) return;
    for (const Entry* entry = first->second; entry != nullptr; entry = entry->next) use(entry->route);
  }

 private:
  struct Entry {
    Route route{};
    Entry *previous = nullptr, *next = nullptr;  ///< of the same set
  };
  void set(const Route& route);
  void remove(const Ipv4Prefix& prefix);
  void link(Entry& entry);
  void unlink(const Entry& entry);

  PrefixMap<Ipv4Prefix, Entry> entries_;
  std::unordered_map<ospf::SetId, Entry*> first_of_set_;
};

}  // namespace wgospf::daemon
