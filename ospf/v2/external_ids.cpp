#include "ospf/v2/external_ids.h"

namespace wgospf::ospf::v2 {

ExternalIds::Assigned ExternalIds::assign(const Ipv4Prefix& prefix) {
  if (const auto it = ids_.find(prefix); it != ids_.end()) return {it->second, std::nullopt};
  Assigned result{LinkStateId{prefix.address.value}, std::nullopt};
  if (const auto it = holders_.find(result.id); it != holders_.end()) {
    const Ipv4Prefix holder = it->second;
    if (holder.length < prefix.length) {
      ids_.erase(holder);
      result.displaced = holder;
    } else {  // host bits: all of them, or the next lower combination that is free
      result.id = LinkStateId{prefix.address.value | ~netmask(prefix.length)};
      while (holders_.contains(result.id)) result.id = LinkStateId{result.id.value - 1};
    }
  }
  ids_[prefix] = result.id;
  holders_.insert_or_assign(result.id, prefix);
  return result;
}

std::optional<LinkStateId> ExternalIds::release(const Ipv4Prefix& prefix) {
  const auto it = ids_.find(prefix);
  if (it == ids_.end()) return std::nullopt;
  const LinkStateId id = it->second;
  ids_.erase(it);
  holders_.erase(id);
  return id;
}

}  // namespace wgospf::ospf::v2
