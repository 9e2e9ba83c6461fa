#include "rib/table_lookup.h"

#include <algorithm>

namespace wgospf::rib {

bool TableLookup::heard_of_vrf(std::uint32_t ifindex, std::uint32_t table) {
  return table == table_ ? vrfs_.insert(ifindex).second : vrfs_.erase(ifindex) != 0;
}

bool TableLookup::by(const RuleMessage& rule) const {
  if (!rule.looks_up) return false;
  return rule.by_l3mdev ? !vrfs_.empty() : rule.table == table_;
}

bool TableLookup::by_any_of(const std::vector<Message>& rules) const {
  return std::any_of(rules.begin(), rules.end(), [this](const Message& message) {
    const auto* rule = std::get_if<RuleMessage>(&message);
    return rule != nullptr && by(*rule);
  });
}

}  // namespace wgospf::rib
