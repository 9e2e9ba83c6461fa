#pragma once
// What runs that were killed left in the kernel, in whatever table and with whatever metric: next hops and
// groups of protocol 89 with ids of any table's range (default_id_range), and the routes through them. Whose
// daemon still runs holds the lock of its range (IdsLock), and what is its is left alone.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/result.h"
#include "rib/operation.h"
#include "rib/socket.h"

namespace wgospf::rib {

struct TableMetric {
  std::uint32_t table = 0;
  std::uint32_t metric = 0;
  auto operator<=>(const TableMetric&) const = default;
};

/// The objects of one range of ids.
struct Leftovers {
  std::vector<std::uint32_t> groups{};
  std::vector<std::uint32_t> nexthops{};
  std::map<TableMetric, std::vector<DeleteRoute>> routes{};
  /// "3 routes of table 7, metric 50; 1 group and 2 next hops".
  [[nodiscard]] std::string to_string() const;
};

/// Of all ranges, by their first id.
[[nodiscard]] Result<std::map<std::uint32_t, Leftovers>> read_leftovers(RouteSocket& socket);

/// Removes groups, whose routes the kernel takes with them, then next hops. How many objects are left.
[[nodiscard]] std::size_t remove(RouteSocket& socket, const Leftovers& leftovers);

/// Whether this process may change routes in its network namespace; the error names the cure.
[[nodiscard]] std::optional<Error> may_change_routes();
[[nodiscard]] std::optional<Error> may_change_routes(RouteSocket& socket);

/// Removes all that is ours but for what belongs to a daemon that runs: what was done, a line each.
struct Cleanup {
  std::vector<std::string> lines{};
  bool complete = true;        ///< nothing is left but what a running daemon keeps
  bool has_no_daemon = false;  ///< no running daemon keeps rules
};
[[nodiscard]] Result<Cleanup> clean_up(const std::string& lock_directory);

}  // namespace wgospf::rib
