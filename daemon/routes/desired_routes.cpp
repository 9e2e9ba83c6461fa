#include "daemon/routes/desired_routes.h"

#include <utility>
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
  const auto found = slots_by_prefix_.find(prefix);
  return found == slots_by_prefix_.end() ? nullptr : &slots_[found->second].route;
}

std::vector<const DesiredRoutes::Route*> DesiredRoutes::covering(Ipv4Address address) const {
  std::vector<const Route*> routes;
  for (std::uint8_t length = Ipv4Address::kBits + 1; length-- > 0;)
    if (const Route* route = find(Ipv4Prefix::make(address, length))) routes.push_back(route);
  return routes;
}

void DesiredRoutes::set(const Route& route) {
  const auto [found, is_new] = slots_by_prefix_.try_emplace(route.prefix, free_);
  std::uint32_t& slot = found->second;
  if (!is_new) {
    unlink(slot);
  } else if (free_ != kNone) {
    free_ = slots_[slot].next;
  } else {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  }
  slots_[slot].route = route;
  link(slot);
}

void DesiredRoutes::remove(const Ipv4Prefix& prefix) {
  const auto found = slots_by_prefix_.find(prefix);
  if (found == slots_by_prefix_.end()) return;
  const std::uint32_t slot = found->second;
  unlink(slot);
  slots_by_prefix_.erase(found);
  slots_[slot].next = std::exchange(free_, slot);
}

void DesiredRoutes::link(std::uint32_t slot) {
  auto& first = first_of_set_.try_emplace(slots_[slot].route.set, kNone).first->second;
  slots_[slot].previous = kNone;
  slots_[slot].next = first;
  if (first != kNone) slots_[first].previous = slot;
  first = slot;
}

void DesiredRoutes::unlink(std::uint32_t slot) {
  const Slot& entry = slots_[slot];
  if (entry.next != kNone) slots_[entry.next].previous = entry.previous;
  if (entry.previous != kNone) {
    slots_[entry.previous].next = entry.next;
  } else if (entry.next != kNone) {
    first_of_set_[entry.route.set] = entry.next;
  } else {
    first_of_set_.erase(entry.route.set);
  }
}

}  // namespace wgospf::daemon
