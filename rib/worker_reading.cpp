// What the thread reads of the kernel, and when.
#include <algorithm>
#include <array>
#include <utility>

#include "rib/table_lock.h"
#include "rib/worker.h"

namespace wgospf::rib {

using namespace std::chrono_literals;

namespace {
constexpr auto kReadAgain = 1s;
/// While a route is hidden by another it is looked this often whether that one is still used.
constexpr auto kWhileHidden = 10s;
/// The reading of a whole table, which others may have filled, takes at most this part of the time.
constexpr int kShareOfReadings = 10;
}  // namespace

void RibThread::Worker::plan_readings() {
  if (reconciler_.wants_resync()) sooner(ours_due_, ours_read_ + kBetweenResyncs);
  if (foreign_.wants_reading()) sooner(foreign_due_, foreign_read_ + kSettleTime);
  if (reconciler_.sizes().hidden != 0) {
    sooner(rivals_due_, std::max(rivals_read_ + kWhileHidden, rivals_earliest_));
  }
  if (config_.audit_interval.count() == 0) return;
  sooner(ours_due_, ours_read_ + config_.audit_interval);
  sooner(rivals_due_, std::max(rivals_read_ + config_.audit_interval, rivals_earliest_));
  if (!foreign_.idle()) sooner(foreign_due_, foreign_read_ + config_.audit_interval);
}

// One at a time; the others stay due for the next turn.
void RibThread::Worker::read_what_is_due() {
  if (blocked_due_ && *blocked_due_ <= now_) {
    blocked_due_.reset();
    reconciler_.retry_blocked();
  }
  plan_readings();
  if (stop_ || now_ < not_before_) return;
  struct Reading {
    std::optional<Instant>& due;
    std::optional<Error> (Worker::*read)();
  };
  const std::array<Reading, 6> readings{{{listen_due_, &Worker::listen_again},
                                         {links_due_, &Worker::read_links},
                                         {ours_due_, &Worker::read_ours},
                                         {rivals_due_, &Worker::read_rivals},
                                         {foreign_due_, &Worker::read_foreign},
                                         {rules_due_, &Worker::read_rules}}};
  for (const Reading& reading : readings) {
    if (!reading.due || *reading.due > now_) continue;
    if (&reading.due == &ours_due_) ++tally_.resyncs;
    if (const auto error = (this->*reading.read)()) {
      reading.due = now_;
      not_before_ = now_ + kReadAgain;
      reading_failed(*error);
      return;
    }
    reading.due.reset();
    reading_error_.clear();
    return;
  }
}

// A new socket, so that what the old one still holds, which is older than all that is read now, goes unread.
std::optional<Error> RibThread::Worker::listen_again() {
  auto events = open_events(sockets_.requests.port(), tables());
  if (!events) return events.error();
  sockets_.events = std::move(events.value());
  listened_ = now_;
  links_due_ = ours_due_ = rivals_due_ = foreign_due_ = rules_due_ = now_;
  return std::nullopt;
}

void RibThread::Worker::reading_failed(const Error& error) {
  if (reading_error_ == error.text) return;
  reading_error_ = error.text;
  reports_.emplace_back(Overrun{error.text});
}

std::optional<Error> RibThread::Worker::read_links() {
  auto dump = sockets_.requests.dump(encode_link_dump);
  if (!dump) return dump.error();
  std::map<std::uint32_t, bool> missing = links_;
  for (const Message& message : dump.value()) {
    const auto* link = std::get_if<LinkMessage>(&message);
    if (link == nullptr) continue;
    missing.erase(link->ifindex);
    heard(*link);
  }
  for (const auto& [ifindex, usable] : missing) heard(LinkMessage{.removed = true, .ifindex = ifindex});
  return std::nullopt;
}

std::optional<Error> RibThread::Worker::read_former_runs() {
  auto ranges = read_leftovers(sockets_.requests);
  if (!ranges) return ranges.error();
  other_ranges_ = std::move(ranges.value());
  const auto own = other_ranges_.find(context_.ids.first);
  if (own == other_ranges_.end()) return std::nullopt;
  stray_routes_ = std::move(own->second.routes);
  stray_routes_.erase({context_.table, context_.metric});
  other_ranges_.erase(own);
  return std::nullopt;
}

// New routes are there by now. Whoever still runs holds the lock of its ids, and keeps what it has.
bool RibThread::Worker::remove_former_runs() {
  if (stop_ || !reconciler_.claimed()) return false;
  if (const auto strays = stray_routes_.begin(); strays != stray_routes_.end()) {
    auto& [of, routes] = *strays;
    const std::size_t count = std::min(routes.size(), batch_);
    const std::vector<Operation> operations(routes.end() - static_cast<std::ptrdiff_t>(count), routes.end());
    (void)sockets_.requests.execute(operations, {of.table, of.metric, context_.ids});
    routes.resize(routes.size() - count);
    stray_removed_ += count;
    if (!routes.empty()) return true;
    reports_.emplace_back(LeftoversRemoved{std::to_string(std::exchange(stray_removed_, 0)) +
                                           " routes of table " + std::to_string(of.table) + ", metric " +
                                           std::to_string(of.metric)});
    stray_routes_.erase(strays);
    sooner(rivals_due_, now_);  // they may have hidden ours
    return true;
  }
  const auto range = other_ranges_.begin();
  if (range == other_ranges_.end()) return false;
  if (const auto lock = IdsLock::try_acquire(range->first, config_.lock_directory)) {
    (void)remove(sockets_.requests, range->second);
    reports_.emplace_back(LeftoversRemoved{range->second.to_string()});
  }
  other_ranges_.erase(range);
  return true;
}

std::optional<Error> RibThread::Worker::read_ours() {
  KernelState state;
  state.has_more = !stray_routes_.empty() || !other_ranges_.empty();
  auto nexthops = sockets_.requests.dump(encode_nexthop_dump);
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
  for (const Family family : config_.families) {
    auto routes = sockets_.requests.dump(
        [&](MessageBuffer& buffer) { encode_route_dump(buffer, family, context_.table, kProtocol); });
    if (!routes) return routes.error();
    for (const Message& message : routes.value()) {
      const auto* route = std::get_if<RouteMessage>(&message);
      if (route == nullptr || !is_ours(*route, context_)) continue;
      state.routes.push_back({route->prefix, route->nexthop_id, route->source});
    }
  }
  reconciler_.load(state, now_);
  ours_read_ = now_;
  ours_due_.reset();
  take_older_notifications();
  return std::nullopt;
}

// The kernel lists the routes of a prefix in its order.
std::optional<Error> RibThread::Worker::read_rivals() {
  const Instant begin = std::chrono::steady_clock::now();
  for (const Family family : config_.families) {
    const NetlinkSocket::Reader reader{[this, family] { rivals_.begin_reading(family); },
                                       [this](Message&& message) {
                                         const auto* route = std::get_if<RouteMessage>(&message);
                                         if (route != nullptr) rivals_.read(*route);
                                       }};
    auto error = sockets_.requests.read(
        [&](MessageBuffer& buffer) { encode_route_dump(buffer, family, context_.table, 0); }, reader);
    if (error) return error;
  }
  rivals_.end_reading();
  apply_rivals();
  rivals_read_ = now_;
  const Instant end = std::chrono::steady_clock::now();
  rivals_earliest_ = end + std::max<Instant::duration>(kBetweenResyncs, kShareOfReadings * (end - begin));
  take_older_notifications();
  return std::nullopt;
}

std::optional<Error> RibThread::Worker::read_foreign() {
  std::vector<RouteMessage> routes;
  for (const auto& [table, protocol] : foreign_.readings()) {
    for (const Family family : config_.families) {
      auto dump = sockets_.requests.dump([&, table = table, protocol = protocol](MessageBuffer& buffer) {
        encode_route_dump(buffer, family, table, protocol);
      });
      if (!dump) return dump.error();
      for (Message& message : dump.value()) {
        if (auto* route = std::get_if<RouteMessage>(&message)) routes.push_back(std::move(*route));
      }
    }
  }
  foreign_.loaded(routes, reports_);
  foreign_read_ = now_;
  if (std::exchange(announce_complete_, false)) reports_.emplace_back(ForeignRoutesComplete{});
  return std::nullopt;
}

std::optional<Error> RibThread::Worker::read_rules() {
  bool reachable = true;
  for (const Family family : config_.families) {
    auto rules =
        sockets_.requests.dump([family](MessageBuffer& buffer) { encode_rule_dump(buffer, family); });
    if (!rules) return rules.error();
    reachable = reachable && lookup_.by_any_of(rules.value());
  }
  if (std::exchange(table_reachable_, reachable) != reachable) {
    reports_.emplace_back(TableReachable{reachable});
  }
  return std::nullopt;
}

}  // namespace wgospf::rib
