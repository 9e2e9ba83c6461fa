#pragma once
// What has happened lately, for who was away for a while. Events are numbered in the order in which they are told;
// the last of them are kept: routes and the kernel's generation apart from everything else, so that a table that
// changes by the ten thousand leaves the neighbours' past as it is.
//
// A change of a route names a set of next hops. So that a past change can be read, the sets are kept as they were
// before the oldest change of routes that is kept.
//
// Pure, and of the router's thread.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "daemon/router_view.h"

namespace wgospf::daemon {

class History {
 public:
  static constexpr std::size_t kRoutesKept = 8192;  ///< changes of routes, sets and the kernel's generation
  static constexpr std::size_t kOthersKept = 4096;

  /// Numbers the event, one above the one before.
  void add(RouterEvent& event);
  /// Of the last event; 0 before the first.
  [[nodiscard]] std::uint64_t last() const { return last_; }
  [[nodiscard]] PastEvents since(std::uint64_t number, PastWanted wanted) const;

 private:
  using Sets = std::unordered_map<ospf::SetId, std::vector<ospf::NextHop>>;
  struct Kept {
    std::deque<RouterEvent> events{};
    std::uint64_t lost = 0;  ///< the last one that is not kept any more
  };
  static void apply(const RouterEvent& event, Sets& sets);

  std::uint64_t last_ = 0;
  Kept routes_, others_;
  Sets sets_before_;  ///< before the first of routes_
};

}  // namespace wgospf::daemon
