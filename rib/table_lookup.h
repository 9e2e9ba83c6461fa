#pragma once
// Whether routing policy rules look up a table: by its number, or by the l3mdev rule, which looks up the
// tables of VRF devices.

#include <cstdint>
#include <set>
#include <vector>

#include "rib/message.h"

namespace wgospf::rib {

class TableLookup {
 public:
  explicit TableLookup(std::uint32_t table) : table_(table) {}

  /// Whether what was heard may change the answer.
  [[nodiscard]] bool heard(const RuleMessage& rule) const { return rule.by_l3mdev || rule.table == table_; }
  /// The table of a VRF device, 0 of any other and of one that is gone.
  [[nodiscard]] bool heard_of_vrf(std::uint32_t ifindex, std::uint32_t table);
  /// The answer, from all rules of a family.
  [[nodiscard]] bool by_any_of(const std::vector<Message>& rules) const;

 private:
  [[nodiscard]] bool by(const RuleMessage& rule) const;
  std::uint32_t table_;
  std::set<std::uint32_t> vrfs_;  // ifindex of those with this table
};

}  // namespace wgospf::rib
