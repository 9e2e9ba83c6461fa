#include "rib/former_runs.h"

#include <algorithm>
#include <utility>

namespace wgospf::rib {

std::optional<Error> FormerRuns::read(RouteSocket& socket, const RouteContext& context) {
  auto ranges = read_leftovers(socket);
  if (!ranges) return ranges.error();
  ids_ = context.ids;
  other_ranges_ = std::move(ranges.value());
  const auto own = other_ranges_.find(ids_.first);
  if (own == other_ranges_.end()) return std::nullopt;
  stray_routes_ = std::move(own->second.routes);
  stray_routes_.erase({context.table, context.metric});
  other_ranges_.erase(own);
  return std::nullopt;
}

bool FormerRuns::remove_some(RouteSocket& socket, std::size_t limit, const TakeRange& take_range,
                             Reports& reports) {
  if (!stray_routes_.empty()) {
    remove_strays(socket, limit, reports);
    return true;
  }
  const auto range = other_ranges_.begin();
  if (range == other_ranges_.end()) return false;
  if (const auto lock = take_range(range->first)) {
    (void)remove(socket, range->second);
    reports.emplace_back(LeftoversRemoved{range->second.to_string()});
  }
  other_ranges_.erase(range);
  return true;
}

void FormerRuns::remove_strays(RouteSocket& socket, std::size_t limit, Reports& reports) {
  const auto strays = stray_routes_.begin();
  auto& [of, routes] = *strays;
  const std::size_t count = std::min(routes.size(), limit);
  const std::vector<Operation> operations(routes.end() - static_cast<std::ptrdiff_t>(count), routes.end());
  (void)socket.execute(operations, {of.table, of.metric, ids_});
  routes.resize(routes.size() - count);
  strays_removed_ += count;
  if (!routes.empty()) return;
  reports.emplace_back(LeftoversRemoved{std::to_string(std::exchange(strays_removed_, 0)) +
                                        " routes of table " + std::to_string(of.table) + ", metric " +
                                        std::to_string(of.metric)});
  stray_routes_.erase(strays);
}

}  // namespace wgospf::rib
