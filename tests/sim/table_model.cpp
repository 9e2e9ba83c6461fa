#include "tests/sim/table_model.h"

#include "tests/sim/describe.h"

namespace wgospf::sim {

using namespace ospf;

std::optional<std::string> TableModel::check_order(const RouteChange<V2>& change) {
  if (change.generation < generation_) return "generation goes back: " + describe(change);
  if (change.generation > generation_) phase_ = 0;
  generation_ = change.generation;
  const int phase = std::holds_alternative<SetChanged>(change.change) ? 0
                    : std::holds_alternative<SetGone>(change.change)  ? 2
                                                                      : 1;
  if (phase < phase_) return "out of order within its generation: " + describe(change);
  phase_ = phase;
  return std::nullopt;
}

std::optional<std::string> TableModel::prefix_changed(const Route<V2>& route) {
  if (route.set != kAttachedSet && !sets_.contains(route.set)) return "unknown set: " + describe(route);
  if (const auto it = routes_.find(route.prefix); it != routes_.end()) {
    if (it->second == route) return "changed to the same: " + describe(route);
    --users_[it->second.set];
  }
  routes_.insert_or_assign(route.prefix, route);
  ++users_[route.set];
  return std::nullopt;
}

std::optional<std::string> TableModel::prefix_gone(const Ipv4Prefix& prefix) {
  const auto it = routes_.find(prefix);
  if (it == routes_.end()) return "gone without having been there: " + prefix.to_string();
  --users_[it->second.set];
  routes_.erase(it);
  return std::nullopt;
}

std::optional<std::string> TableModel::apply(const RouteChange<V2>& change) {
  if (auto problem = check_order(change)) return problem;
  if (const auto* set = std::get_if<SetChanged>(&change.change)) {
    if (set->set == kAttachedSet) return "the attached set has no members: " + describe(change);
    if (set->members.empty()) return "a set without members: " + describe(change);
    const auto [it, is_new] = sets_.try_emplace(set->set, set->members);
    if (!is_new && it->second == set->members) return "changed to the same: " + describe(change);
    it->second = set->members;
  } else if (const auto* gone = std::get_if<SetGone>(&change.change)) {
    if (users_[gone->set] != 0) return "gone while prefixes use it: " + describe(change);
    if (sets_.erase(gone->set) == 0) return "gone without having been there: " + describe(change);
  } else if (const auto* changed = std::get_if<PrefixChanged<V2>>(&change.change)) {
    return prefix_changed(changed->route);
  } else {
    return prefix_gone(std::get<PrefixGone<V2>>(change.change).prefix);
  }
  return std::nullopt;
}

const std::vector<NextHop>* TableModel::next_hops(const Ipv4Prefix& prefix) const {
  const auto route = routes_.find(prefix);
  if (route == routes_.end()) return nullptr;
  const auto set = sets_.find(route->second.set);
  return set == sets_.end() ? nullptr : &set->second;
}

std::optional<std::string> TableModel::compare(const RouteTable<V2>& table) const {
  if (table.routes.size() != routes_.size())
    return "published " + std::to_string(table.routes.size()) + " routes, told of " +
           std::to_string(routes_.size());
  auto told = routes_.begin();
  for (const auto& route : table.routes) {
    if (!(route == told->second))
      return "published " + describe(route) + ", told of " + describe(told->second);
    if (route.set != kAttachedSet) {
      const auto set = sets_.find(route.set);
      if (set == sets_.end() || set->second != table.next_hops(route))
        return "published " + describe(route) + " " + describe(table.next_hops(route)) + ", told otherwise";
    }
    ++told;
  }
  for (const auto& [set, members] : sets_) {
    const auto it = users_.find(set);
    if (it == users_.end() || it->second == 0)
      return "set " + std::to_string(set.value) + " has no user and stays";
  }
  return std::nullopt;
}

}  // namespace wgospf::sim
