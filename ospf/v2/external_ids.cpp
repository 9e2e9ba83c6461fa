#include "ospf/v2/external_ids.h"

#include <iterator>
#include <variant>

namespace wgospf::ospf::v2 {

ExternalIds::Assigned ExternalIds::assign(const IpPrefix& of) {
  const auto& prefix = std::get<Ipv4Prefix>(of);
  if (const auto it = ids_.find(prefix); it != ids_.end()) return {it->second, std::nullopt};
  Assigned result{LinkStateId{prefix.address.value}, std::nullopt};
  if (const auto it = holders_.find(*result.id); it != holders_.end()) {
    const Ipv4Prefix holder = it->second;
    if (holder.length < prefix.length) {
      ids_.erase(holder);
      result.displaced = holder;
    } else {
      result.id = free_id(prefix);
      if (!result.id) return result;
    }
  }
  ids_[prefix] = *result.id;
  holders_.insert_or_assign(*result.id, prefix);
  return result;
}

/// All host bits set, or the next lower combination that is free.
std::optional<LinkStateId> ExternalIds::free_id(const Ipv4Prefix& prefix) const {
  LinkStateId id{prefix.address.value | ~netmask(prefix.length)};
  for (auto it = holders_.upper_bound(id); it != holders_.begin() && std::prev(it)->first == id; --it) {
    if (id.value == prefix.address.value) return std::nullopt;
    id = LinkStateId{id.value - 1};
  }
  return id;
}

std::optional<LinkStateId> ExternalIds::release(const IpPrefix& of) {
  const auto& prefix = std::get<Ipv4Prefix>(of);
  const auto it = ids_.find(prefix);
  if (it == ids_.end()) return std::nullopt;
  const LinkStateId id = it->second;
  ids_.erase(it);
  holders_.erase(id);
  return id;
}

}  // namespace wgospf::ospf::v2
