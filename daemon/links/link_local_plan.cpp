#include "daemon/links/link_local_plan.h"

#include <algorithm>
#include <utility>

#include "net/link_change.h"
#include "wgadapter/link_local.h"

namespace wgospf::daemon {

namespace {

enum class Origin : std::uint8_t { ours, kernel, by_hand };

Origin origin_of(const LinkAddress& address, const std::optional<Ipv6Address>& own) {
  const auto& ipv6 = std::get<Ipv6Address>(address.address);
  if ((own && ipv6 == *own) || (ipv6.is_link_local() && address.protocol == kAddressProtocol))
    return Origin::ours;
  return address.is_generated ? Origin::kernel : Origin::by_hand;
}

std::optional<Ipv6Address> derived(const std::optional<wg::Key>& key) {
  return key ? std::optional(wg::link_local_of(*key)) : std::nullopt;
}

}  // namespace

LinkLocalChanges link_local_changes(const LinkLocalDevice& device, const Link& link) {
  LinkLocalChanges changes{device.name, link.ifindex};
  const auto own = derived(device.key);
  std::vector<Ipv6Address> ours, kernels;
  bool is_any_by_hand = false, has_own = false;
  for (const auto& address : link.addresses) {
    const auto* ipv6 = std::get_if<Ipv6Address>(&address.address);
    if (ipv6 == nullptr || !ipv6->is_link_local()) continue;
    const Origin origin = origin_of(address, own);
    if (origin == Origin::ours) ours.push_back(*ipv6);
    if (origin == Origin::kernel) kernels.push_back(*ipv6);
    is_any_by_hand = is_any_by_hand || origin == Origin::by_hand;
    has_own = has_own || *ipv6 == own;
  }
  if (!device.is_wanted || is_any_by_hand || !own) {
    changes.remove = std::move(ours);
    return changes;
  }
  // Before it comes up, or the kernel has chosen already.
  if (link.address_generation && *link.address_generation != kGeneratesNoAddress)
    changes.generation = kGeneratesNoAddress;
  // Of a former key.
  std::copy_if(ours.begin(), ours.end(), std::back_inserter(changes.remove),
               [&](const Ipv6Address& address) { return address != *own; });
  if (!link.flags.up || link.mtu < kLeastIpv6Mtu) return changes;
  changes.remove.insert(changes.remove.end(), kernels.begin(), kernels.end());
  if (!has_own) changes.add = own;
  return changes;
}

// The kernel tells of the generation only when the interface is up: it is what was set.
LinkLocalChanges LinkLocalPlan::next(const LinkLocalDevice& device, const Link& link) {
  State& state = states_[link.ifindex];
  LinkLocalChanges changes;
  if (!device.is_wanted || state.under_way == 0) {
    changes = link_local_changes(device, link);
    const auto set = std::exchange(changes.generation, std::nullopt);
    if (!device.is_wanted) {
      changes.generation = std::exchange(state.generation, std::nullopt);
    } else if (set && !state.generation) {
      changes.generation = set;
      state.generation = link.address_generation;
    }
    const bool is_seen =
        std::any_of(link.addresses.begin(), link.addresses.end(), [&](const LinkAddress& address) {
          return state.adding && address.address == IpAddress{*state.adding};
        });
    const auto adding =
        is_seen || !device.is_wanted ? std::exchange(state.adding, std::nullopt) : std::nullopt;
    if (!is_seen && adding) changes.remove.push_back(*adding);
    if (changes.add) state.adding = changes.add;
    if (!changes.empty()) ++state.under_way;
  }
  if (state.is_idle()) states_.erase(link.ifindex);
  return changes;
}

void LinkLocalPlan::done(const LinkLocalChanges& changes, bool is_all_done) {
  const auto found = states_.find(changes.ifindex);
  if (found == states_.end()) return;
  State& state = found->second;
  --state.under_way;
  if (!is_all_done && state.adding == changes.add) state.adding.reset();
  if (state.is_idle()) states_.erase(found);
}

std::optional<Ipv6Address> own_link_local(const Link& link, const wg::Key& key) {
  const auto own = wg::link_local_of(key);
  const bool has_it = std::any_of(
      link.addresses.begin(), link.addresses.end(),
      [&](const LinkAddress& address) { return address.address == IpAddress{own} && !address.tentative; });
  return has_it ? std::optional(own) : std::nullopt;
}

bool has_ipv6_by_hand(const Link& link, const std::optional<wg::Key>& key) {
  const auto own = derived(key);
  return std::any_of(link.addresses.begin(), link.addresses.end(), [&](const LinkAddress& address) {
    return family_of(address.address) == Family::ipv6 && origin_of(address, own) == Origin::by_hand;
  });
}

}  // namespace wgospf::daemon
