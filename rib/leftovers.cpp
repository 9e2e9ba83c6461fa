#include "rib/leftovers.h"

#include <algorithm>
#include <cerrno>
#include <span>

#include "rib/message.h"
#include "rib/policy_rule.h"
#include "rib/table_lock.h"

namespace wgospf::rib {

namespace {

constexpr std::size_t kBatch = 256;
constexpr std::uint32_t kRangeSize = default_id_range(0).count;

/// The first id of the range of some table, or nothing if the id is of none.
std::optional<std::uint32_t> range_of(std::uint32_t id) {
  constexpr std::uint32_t kFirst = default_id_range(0).first;
  constexpr std::uint32_t kLast = default_id_range(kTablesWithOwnIds - 1).first + (kRangeSize - 1);
  if (id < kFirst || id > kLast) return std::nullopt;
  return id - id % kRangeSize;
}

std::string count_of(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

/// How many were refused.
std::size_t execute_all(RouteSocket& socket, const std::vector<Operation>& operations) {
  std::size_t refused = 0;
  for (std::size_t i = 0; i < operations.size(); i += kBatch) {
    const auto part = std::span(operations).subspan(i, std::min(kBatch, operations.size() - i));
    for (const Outcome& outcome : socket.execute(part, {}).outcomes) {
      refused += outcome.error != 0 && outcome.error != ENOENT && outcome.error != ESRCH ? 1 : 0;
    }
  }
  return refused;
}

}  // namespace

std::string Leftovers::to_string() const {
  std::string text;
  for (const auto& [of, prefixes] : routes) {
    text += (text.empty() ? "" : ", ") + count_of(prefixes.size(), "route") + " of table " +
            std::to_string(of.table) + ", metric " + std::to_string(of.metric);
  }
  return text + (text.empty() ? "" : "; ") + count_of(groups.size(), "group") + " and " +
         count_of(nexthops.size(), "next hop");
}

Result<std::map<std::uint32_t, Leftovers>> read_leftovers(RouteSocket& socket) {
  std::map<std::uint32_t, Leftovers> ranges;
  auto objects = socket.dump(encode_nexthop_dump);
  if (!objects) return objects.error();
  for (const Message& message : objects.value()) {
    const auto* object = std::get_if<NexthopMessage>(&message);
    if (object == nullptr || object->protocol != kProtocol) continue;
    const auto range = range_of(object->id);
    if (!range) continue;
    Leftovers& leftovers = ranges[*range];
    (object->is_group ? leftovers.groups : leftovers.nexthops).push_back(object->id);
  }
  if (ranges.empty()) return ranges;
  constexpr std::uint32_t kAllTables = 0;
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    auto routes = socket.dump(
        [family](MessageBuffer& buffer) { encode_route_dump(buffer, family, kAllTables, kProtocol); });
    if (!routes) return routes.error();
    for (const Message& message : routes.value()) {
      const auto* route = std::get_if<RouteMessage>(&message);
      if (route == nullptr || route->protocol != kProtocol || route->cloned) continue;
      const auto range = range_of(route->nexthop_id);
      if (!range || !ranges.contains(*range)) continue;
      ranges[*range].routes[{route->table, route->metric}].push_back({route->prefix, route->nexthop_id});
    }
  }
  return ranges;
}

std::size_t remove(RouteSocket& socket, const Leftovers& leftovers) {
  std::vector<Operation> operations;
  for (const std::uint32_t id : leftovers.groups) operations.emplace_back(DeleteGroup{id});
  for (const std::uint32_t id : leftovers.nexthops) operations.emplace_back(DeleteNexthop{id});
  return execute_all(socket, operations);
}

// There is no next hop 0, so nothing can come of it but the answer to whether one may ask.
std::optional<Error> may_change_routes(RouteSocket& socket) {
  const Operation harmless = DeleteNexthop{0};
  const auto batch = socket.execute(std::span(&harmless, 1), {});
  if (batch.outcomes.front().error != EPERM) return std::nullopt;
  return Error{
      EPERM,
      "the kernel's routes cannot be changed, for CAP_NET_ADMIN is missing in this network namespace: "
      "run this program as root, or give its service AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW"};
}

std::optional<Error> may_change_routes() {
  auto socket = RouteSocket::open();
  if (!socket) return socket.error();
  return may_change_routes(socket.value());
}

namespace {

/// Nothing looks the table of routes that stand apart up before they are gone.
std::optional<Error> remove_rules(RouteSocket& socket, const std::string& lock_directory, Cleanup& result) {
  const auto lock = IdsLock::try_acquire(default_id_range(kApartTable).first, lock_directory);
  result.has_no_daemon = lock.has_value();
  auto found = socket.dump([](MessageBuffer& buffer) { encode_rule_dump(buffer, Family::ipv4); });
  if (!found) return found.error();
  std::size_t count = 0, refused = 0;
  for (const Message& message : found.value()) {
    const auto* rule = std::get_if<RuleMessage>(&message);
    if (rule == nullptr || rule->protocol != kProtocol) continue;
    ++count;
    if (lock && socket.change(rule->rule, RuleChange::remove)) ++refused;
  }
  if (count == 0) return std::nullopt;
  result.complete = result.complete && refused == 0;
  result.lines.push_back((lock ? "removed " : "kept, for a daemon that runs has them: ") +
                         count_of(count - refused, "routing rule"));
  if (refused != 0)
    result.lines.push_back("the kernel refused to remove " + count_of(refused, "routing rule"));
  return std::nullopt;
}

}  // namespace

Result<Cleanup> clean_up(const std::string& lock_directory) {
  auto socket = RouteSocket::open();
  if (!socket) return socket.error();
  if (auto error = may_change_routes(socket.value())) return *error;
  auto ranges = read_leftovers(socket.value());
  if (!ranges) return ranges.error();
  Cleanup result;
  for (const auto& [first, leftovers] : ranges.value()) {
    auto lock = IdsLock::try_acquire(first, lock_directory);
    if (!lock) {
      result.lines.push_back("kept, for a daemon that runs has them: " + leftovers.to_string());
      continue;
    }
    const std::size_t left = remove(socket.value(), leftovers);
    result.complete = result.complete && left == 0;
    result.lines.push_back("removed " + leftovers.to_string());
    if (left != 0) result.lines.push_back("the kernel refused to remove " + count_of(left, "object"));
  }
  if (auto error = remove_rules(socket.value(), lock_directory, result)) return *error;
  return result;
}

}  // namespace wgospf::rib
