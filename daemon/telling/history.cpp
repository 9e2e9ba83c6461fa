#include "daemon/telling/history.h"

#include <algorithm>
#include <utility>

namespace wgospf::daemon {

namespace {

bool is_of_routes(const RouterEvent& event) {
  return std::holds_alternative<ospf::RouteChange<V2>>(event.what) ||
         std::holds_alternative<KernelReached>(event.what);
}

/// The first with a greater number.
auto after(const std::deque<RouterEvent>& events, std::uint64_t number) {
  return std::upper_bound(
      events.begin(), events.end(), number,
      [](std::uint64_t wanted, const RouterEvent& event) { return wanted < event.number; });
}

}  // namespace

void History::apply(const RouterEvent& event, Sets& sets) {
  const auto* change = std::get_if<ospf::RouteChange<V2>>(&event.what);
  if (change == nullptr) return;
  if (const auto* changed = std::get_if<ospf::SetChanged>(&change->change))
    sets[changed->set] = changed->members;
  else if (const auto* gone = std::get_if<ospf::SetGone>(&change->change))
    sets.erase(gone->set);
}

void History::add(RouterEvent& event) {
  event.number = ++last_;
  const bool is_route = is_of_routes(event);
  Kept& kept = is_route ? routes_ : others_;
  kept.events.push_back(event);
  if (kept.events.size() <= (is_route ? kRoutesKept : kOthersKept)) return;
  apply(kept.events.front(), sets_before_);
  kept.lost = kept.events.front().number;
  kept.events.pop_front();
}

PastEvents History::since(std::uint64_t number, PastWanted wanted) const {
  PastEvents past;
  past.is_whole = number <= last_ && (!wanted.routes || routes_.lost <= number) &&
                  (!wanted.others || others_.lost <= number);
  if (!past.is_whole) return past;
  const auto route = after(routes_.events, number), other = after(others_.events, number);
  if (wanted.routes) {
    past.sets = sets_before_;
    for (auto it = routes_.events.begin(); it != route; ++it) apply(*it, past.sets);
    past.events.assign(route, routes_.events.end());
  }
  if (wanted.others) {
    const auto middle = static_cast<std::ptrdiff_t>(past.events.size());
    past.events.insert(past.events.end(), other, others_.events.end());
    std::inplace_merge(past.events.begin(), past.events.begin() + middle, past.events.end(),
                       [](const RouterEvent& a, const RouterEvent& b) { return a.number < b.number; });
  }
  return past;
}

}  // namespace wgospf::daemon
