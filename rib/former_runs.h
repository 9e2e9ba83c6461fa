#pragma once
// What former runs left that a table's reconciler does not look at: routes of its ids in other tables or with
// another metric, and whatever has the ids of other tables. It goes after the claim, when the new routes are
// there. Whoever still runs holds the lock of its ids, and keeps what it has.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rib/leftovers.h"
#include "rib/report.h"
#include "rib/table_lock.h"

namespace wgospf::rib {

class FormerRuns {
 public:
  [[nodiscard]] std::optional<Error> read(RouteSocket& socket, const RouteContext& context);
  [[nodiscard]] bool empty() const { return stray_routes_.empty() && other_ranges_.empty(); }

  /// Whether a range of ids, by its first, is of a daemon that runs, this one included; if not, it holds what
  /// keeps one from starting.
  using TakeRange = std::function<std::optional<IdsLock>(std::uint32_t)>;
  /// Removes at most `limit` routes, or one range; false when nothing is left.
  bool remove_some(RouteSocket& socket, std::size_t limit, const TakeRange& take_range, Reports& reports);

 private:
  void remove_strays(RouteSocket& socket, std::size_t limit, Reports& reports);

  IdRange ids_{};
  std::map<TableMetric, std::vector<DeleteRoute>> stray_routes_;
  std::size_t strays_removed_ = 0;
  std::map<std::uint32_t, Leftovers> other_ranges_;  // by their first id
};

}  // namespace wgospf::rib
