#include "daemon/routes/desired_routes.h"

#include <variant>

namespace wgospf::daemon {

void DesiredRoutes::apply(const ospf::RouteChange<V2>& change) {
  if (const auto* changed = std::get_if<ospf::PrefixChanged<V2>>(&change.change)) {
    if (changed->route.set == ospf::kAttachedSet)
      remove(changed->route.prefix);
    else
      set(changed->route);
  } else if (const auto* gone = std::get_if<ospf::PrefixGone<V2>>(&change.change)) {
    remove(gone->prefix);
  }
}

const DesiredRoutes::Route* DesiredRoutes::find(const Ipv4Prefix& prefix) const {
  const auto found = entries_.find(prefix);
  return found == entries_.end() ? nullptr : &found->second.route;
}

std::vector<const DesiredRoutes::Route*> DesiredRoutes::covering(Ipv4Address address) const {
  std::vector<const Route*> routes;
  for (std::uint8_t length = Ipv4Address::kBits + 1; length-- > 0;)
    if (const Route* route = find(Ipv4Prefix::make(address, length))) routes.push_back(route);
  return routes;
}

void DesiredRoutes::set(const Route& route) {
  const auto [found, is_new] = entries_.try_emplace(route.prefix);
  Entry& entry = found->second;
  if (!is_new) unlink(entry);
  entry.route = route;
  link(entry);
}

void DesiredRoutes::remove(const Ipv4Prefix& prefix) {
  const auto found = entries_.find(prefix);
  if (found == entries_.end()) return;
  unlink(found->second);
  entries_.erase(found);
}

void DesiredRoutes::link(Entry& entry) {
  Entry*& first = first_of_set_[entry.route.set];
  entry.previous = nullptr;
  entry.next = first;
  if (first != nullptr) first->previous = &entry;
  first = &entry;
}

void DesiredRoutes::unlink(const Entry& entry) {
  if (entry.next != nullptr) entry.next->previous = entry.previous;
  if (entry.previous != nullptr) {
    entry.previous->next = entry.next;
  } else if (entry.next != nullptr) {
    first_of_set_[entry.route.set] = entry.next;
  } else {
    first_of_set_.erase(entry.route.set);
  }
}

}  // namespace wgospf::daemon
