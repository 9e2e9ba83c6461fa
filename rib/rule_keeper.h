#pragma once
// Our routing policy rules, kept in the kernel as they are wanted: what is missing is added, what is ours and not
// wanted is removed, what others change is put back. It lives on the kernel thread.
//
// Additions come first, in an order in which nothing is looked up before what keeps datagrams from it: what is
// jumped to, then by priority; removals are in the opposite order.

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "rib/message.h"
#include "rib/policy_rule.h"
#include "rib/readings.h"
#include "rib/report.h"
#include "rib/socket.h"

namespace wgospf::rib {

class RuleKeeper {
 public:
  void want(WantedRules wanted, Instant now);
  /// Somebody has added or removed a rule.
  void heard(const RuleMessage& message, Instant now);
  /// Notifications were lost.
  void look_again(Instant now);

  /// Brings the kernel's rules in order, where that is due.
  void work(RouteSocket& socket, Instant now, Reports& reports);
  [[nodiscard]] std::optional<Instant> wake_time() const { return due_; }

 private:
  [[nodiscard]] std::optional<Error> bring_in_order(RouteSocket& socket, Reports& reports);

  WantedRules wanted_;
  bool is_anything_wanted_ = false;  ///< else what is there is a former run's, and stays
  std::set<PolicyRule> known_;       ///< in the kernel, by our own doing or as read
  std::optional<Instant> due_;
  Instant repaired_{};
  std::uint64_t told_ticket_ = 0;
  std::string told_error_;
};

}  // namespace wgospf::rib
