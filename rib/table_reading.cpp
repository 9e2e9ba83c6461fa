// What is read of the kernel for a table, and when.
#include <algorithm>
#include <utility>

#include "rib/table_reconciler.h"

namespace wgospf::rib {

namespace {
/// While a route is hidden by another it is looked this often whether that one is still used.
constexpr std::chrono::seconds kWhileHidden{10};
/// The reading of a whole table, which others may have filled, takes at most this part of the time.
constexpr int kShareOfReadings = 10;
}  // namespace

void TableReconciler::plan_readings() {
  if (reconciler_.wants_resync()) readings_.want(ours_, ours_read_ + kBetweenResyncs);
  if (reconciler_.sizes().hidden != 0) {
    readings_.want(rivals_reading_, std::max(rivals_read_ + kWhileHidden, rivals_earliest_));
  }
  if (setup_.audit_interval.count() == 0) return;
  readings_.want(ours_, ours_read_ + setup_.audit_interval);
  readings_.want(rivals_reading_, std::max(rivals_read_ + setup_.audit_interval, rivals_earliest_));
}

void TableReconciler::read_everything_again() {
  for (const auto reading : {ours_, rivals_reading_, rules_}) readings_.want(reading, kernel_.now);
}

bool TableReconciler::read_one() {
  if (blocked_due_ && *blocked_due_ <= kernel_.now) {
    blocked_due_.reset();
    reconciler_.retry_blocked();
  }
  return !stop_ && readings_.read_one(kernel_.now, reports_);
}

std::optional<Instant> TableReconciler::wake_time() const {
  std::optional<Instant> earliest = reconciler_.deadline();
  if (blocked_due_) sooner(earliest, *blocked_due_);
  if (const auto reading = readings_.next(); reading && !stop_) sooner(earliest, *reading);
  return earliest;
}

std::optional<Error> TableReconciler::read_ours() {
  KernelState state;
  state.has_more = !former_runs_.empty();
  auto nexthops = kernel_.requests.dump(encode_nexthop_dump);
  if (!nexthops) return nexthops.error();
  for (Message& message : nexthops.value()) {
    auto* nexthop = std::get_if<NexthopMessage>(&message);
    if (nexthop == nullptr || !is_ours(*nexthop, context_)) continue;
    if (nexthop->is_group) {
      state.groups.push_back({nexthop->id, std::move(nexthop->members)});
    } else {
      state.nexthops.push_back({nexthop->id, nexthop->key});
    }
  }
  for (const Family family : setup_.config.families) {
    auto routes = kernel_.requests.dump(
        [&](MessageBuffer& buffer) { encode_route_dump(buffer, family, context_.table, kProtocol); });
    if (!routes) return routes.error();
    for (const Message& message : routes.value()) {
      const auto* route = std::get_if<RouteMessage>(&message);
      if (route == nullptr || !is_ours(*route, context_)) continue;
      state.routes.push_back({route->prefix, route->nexthop_id, route->source});
    }
  }
  reconciler_.load(state, kernel_.now);
  ours_read_ = kernel_.now;
  readings_.done(ours_);
  kernel_.take_older_notifications();
  return std::nullopt;
}

// The kernel lists the routes of a prefix in its order.
std::optional<Error> TableReconciler::read_rivals() {
  const Instant begin = std::chrono::steady_clock::now();
  for (const Family family : setup_.config.families) {
    const RouteSocket::Reader reader{[this, family] { rivals_.begin_reading(family); },
                                     [this](Message&& message) {
                                       const auto* route = std::get_if<RouteMessage>(&message);
                                       if (route != nullptr) rivals_.read(*route);
                                     }};
    auto error = kernel_.requests.read(
        [&](MessageBuffer& buffer) { encode_route_dump(buffer, family, context_.table, 0); }, reader);
    if (error) return error;
  }
  rivals_.end_reading();
  apply_rivals();
  rivals_read_ = kernel_.now;
  const Instant end = std::chrono::steady_clock::now();
  rivals_earliest_ = end + std::max<Instant::duration>(kBetweenResyncs, kShareOfReadings * (end - begin));
  kernel_.take_older_notifications();
  return std::nullopt;
}

std::optional<Error> TableReconciler::read_rules() {
  bool reachable = true;
  for (const Family family : setup_.config.families) {
    auto rules = kernel_.requests.dump([family](MessageBuffer& buffer) { encode_rule_dump(buffer, family); });
    if (!rules) return rules.error();
    reachable = reachable && lookup_.by_any_of(rules.value());
  }
  if (std::exchange(table_reachable_, reachable) != reachable) {
    reports_.emplace_back(TableReachable{reachable});
  }
  return std::nullopt;
}

}  // namespace wgospf::rib
