#include "rib/worker.h"

#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace wgospf::rib {

namespace {

using namespace std::chrono_literals;

/// The name of the process with this netlink port, which mostly is its number; empty when there is none now.
std::string process_at(std::uint32_t port) {
  std::ifstream file("/proc/" + std::to_string(port) + "/comm");
  std::string name;
  if (port == 0 || !std::getline(file, name)) return {};
  return "process " + std::to_string(port) + " (" + name + ")";
}

/// Tables whose routes are of interest.
std::set<std::uint32_t> tables_of(std::uint32_t own, const RedistributionWatch& watch) {
  std::set<std::uint32_t> tables(watch.tables.begin(), watch.tables.end());
  tables.insert(own);
  if (watch.connected || watch.static_routes) tables.insert(RT_TABLE_MAIN);
  return tables;
}

}  // namespace

Result<std::unique_ptr<RibThread::Worker>> RibThread::Worker::create(Config config, Callback callback) {
  if (!config.ids) config.ids = default_id_range(config.table);
  if (config.ids->first == 0 || config.ids->count < 16) {
    return Error{EINVAL, "the range of next hop ids must not begin with 0 and must hold at least 16"};
  }
  config.batch = std::clamp<std::size_t>(config.batch, 1, 1024);
  auto requests = NetlinkSocket::open();
  if (!requests) return requests.error();
  auto events = open_events(requests.value().port(), tables_of(config.table, config.watch));
  if (!events) return events.error();
  if (auto error = may_change_routes(requests.value())) return *error;
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) return failure("cannot make an event descriptor", errno);

  std::unique_ptr<Worker> worker(new Worker(std::move(config), std::move(callback),
                                            {std::move(requests.value()), std::move(events.value()), wake}));
  // Notifications are already being collected, so nothing can fall between the readings and them.
  worker->now_ = std::chrono::steady_clock::now();
  for (const auto read : {&Worker::read_links, &Worker::read_former_runs, &Worker::read_ours,
                          &Worker::read_rivals, &Worker::read_foreign, &Worker::read_rules}) {
    if (auto error = (worker.get()->*read)()) return *error;
  }
  worker->publish();
  return worker;
}

Result<NetlinkSocket> RibThread::Worker::open_events(std::uint32_t requests_port,
                                                     const std::set<std::uint32_t>& tables) {
  constexpr std::array groups{RTNLGRP_LINK,       RTNLGRP_NEXTHOP,     RTNLGRP_IPV4_ROUTE,
                              RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                              RTNLGRP_IPV4_RULE,  RTNLGRP_IPV6_RULE};
  const std::vector<int> wanted(groups.begin(), groups.end());
  auto events = NetlinkSocket::open();
  if (!events) return events;
  if (auto error = events.value().filter(requests_port, tables)) return *error;
  if (auto error = events.value().subscribe(wanted)) return *error;
  return events;
}

std::set<std::uint32_t> RibThread::Worker::tables() const {
  return tables_of(config_.table, watch_);
}

RibThread::Worker::Worker(Config config, Callback callback, Sockets sockets)
    : config_(std::move(config)),
      context_{config_.table, config_.metric, *config_.ids},
      callback_(std::move(callback)),
      sockets_(std::move(sockets)),
      foreign_(config_.watch),
      watch_(config_.watch),
      rivals_(context_),
      reconciler_(ReconcilerConfig{.ids = *config_.ids,
                                   .rivals = [this](const IpPrefix& prefix) { return rivals_.of(prefix); }}),
      lookup_(config_.table),
      batch_(config_.batch) {}

RibThread::Worker::~Worker() {
  close(sockets_.wake);
}

void RibThread::Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void RibThread::Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void RibThread::Worker::post(Command command) {
  {
    const std::lock_guard lock(inbox_mutex_);
    inbox_.push_back(std::move(command));
  }
  const std::uint64_t one = 1;
  // It can only fail when the counter is full, and then the thread is awake anyway.
  [[maybe_unused]] const auto written = write(sockets_.wake, &one, sizeof(one));
}

Counters RibThread::Worker::counters() const {
  const std::lock_guard lock(counters_mutex_);
  return counters_;
}

void RibThread::Worker::run() {
  pthread_setname_np(pthread_self(), "rib");
  bool busy = true;
  while (true) {
    if (!busy) {
      plan_readings();
      report();
      sleep();
    }
    now_ = std::chrono::steady_clock::now();
    take_commands();
    take_notifications();
    read_what_is_due();
    busy = work();
    if (stop_ && (!busy || stop_->on_stop == OnStop::keep_routes)) break;
    if (busy) report();
  }
  for (Report& last : reconciler_.take_reports()) reports_.push_back(std::move(last));
  reports_.emplace_back(Stopped{reconciler_.sizes().routes});
  report();
}

std::optional<Instant> RibThread::Worker::wake_time() const {
  std::optional<Instant> reading;
  for (const auto& due : {listen_due_, links_due_, ours_due_, rivals_due_, foreign_due_, rules_due_}) {
    if (due) sooner(reading, *due);
  }
  std::optional<Instant> earliest = reconciler_.deadline();
  if (blocked_due_) sooner(earliest, *blocked_due_);
  if (reading) sooner(earliest, std::max(*reading, not_before_));
  return earliest;
}

void RibThread::Worker::sleep() {
  int timeout = -1;
  if (const auto until = wake_time()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - std::chrono::steady_clock::now());
    timeout = static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, 3'600'000));
  }
  if (reconciler_.has_more_reports()) timeout = 0;
  std::array<pollfd, 2> waiting{{{sockets_.wake, POLLIN, 0}, {sockets_.events.descriptor(), POLLIN, 0}}};
  poll(waiting.data(), listen_due_ ? 1 : waiting.size(), timeout);
}

void RibThread::Worker::take_commands() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(sockets_.wake, &count, sizeof(count));
  std::vector<Command> commands;
  {
    const std::lock_guard lock(inbox_mutex_);
    commands.swap(inbox_);
  }
  for (Command& command : commands) {
    std::visit([this](auto& c) { take(c); }, command);
  }
}

void RibThread::Worker::take(RedistributionWatch& command) {
  watch_ = command;
  foreign_.watch(std::move(command));
  if (auto error = sockets_.events.filter(sockets_.requests.port(), tables())) reading_failed(*error);
  foreign_due_ = now_;
  announce_complete_ = true;
}

void RibThread::Worker::take(Stop& command) {
  if (stop_) return;
  stop_ = command;
  if (command.on_stop == OnStop::keep_routes) return;
  // What went unnoticed so far would otherwise stay behind for good.
  if (auto error = read_ours()) reading_failed(*error);
  reconciler_.abandon();
}

NetlinkSocket::Drained RibThread::Worker::take_notifications() {
  if (listen_due_) return NetlinkSocket::Drained::lost;
  const auto drained = sockets_.events.drain([this](Message message) {
    const std::size_t before = reconciler_.drifts();
    std::visit([this](const auto& m) { heard(m); }, message);
    if (reconciler_.drifts() == before) return;
    if (const auto* route = std::get_if<RouteMessage>(&message)) drift_sender_ = route->sender;
    if (const auto* nexthop = std::get_if<NexthopMessage>(&message)) drift_sender_ = nexthop->sender;
  });
  apply_rivals();
  if (drained == NetlinkSocket::Drained::lost) notifications_lost();
  return drained;
}

// What was notified during a reading is older than any work that follows from it, and is taken first: read
// later it would undo what is known of that work.
void RibThread::Worker::take_older_notifications() {
  constexpr int kRounds = 8;
  for (int round = 0; round < kRounds; ++round) {
    if (take_notifications() != NetlinkSocket::Drained::more) return;
  }
  notifications_lost();
}

void RibThread::Worker::notifications_lost() {
  ++tally_.overruns;
  reports_.emplace_back(Overrun{"notifications of the kernel were lost; its state is read again"});
  listen_due_ = std::max(now_, listened_ + kBetweenResyncs);
}

void RibThread::Worker::apply_rivals() {
  for (const IpPrefix& prefix : rivals_.take_changed()) reconciler_.rivals_changed(prefix);
  if (rivals_.wants_reading()) want_rivals();
}

void RibThread::Worker::want_rivals() {
  sooner(rivals_due_, std::max(now_ + kSettleTime, rivals_earliest_));
}

bool RibThread::Worker::keeps(Family family) const {
  return std::find(config_.families.begin(), config_.families.end(), family) != config_.families.end();
}

void RibThread::Worker::heard(const RouteMessage& message) {
  foreign_.seen(message, reports_);
  if (message.table != context_.table || message.tos != 0 || message.cloned) return;
  if (!keeps(family_of(message.prefix))) return;
  const bool ours = is_ours(message, context_);
  const auto before = rivals_.of(message.prefix);
  if (!ours) rivals_.heard(message, reconciler_.has_route(message.prefix));
  if (message.metric == context_.metric) heard_of_slot(message, ours, before && before->in_slot);
}

void RibThread::Worker::heard_of_slot(const RouteMessage& message, bool is_ours, bool slot_is_shared) {
  if (message.removed && is_ours && message.by_kernel) {
    // IPv6 routes that leave with their link: the link's own notification explains it in a moment.
    sooner(ours_due_, now_ + kSettleTime);
  } else if (message.removed) {
    reconciler_.route_removed(message.prefix, is_ours ? message.nexthop_id : 0, now_);
  } else if (is_ours) {
    reconciler_.route_seen({message.prefix, message.nexthop_id, message.source}, now_);
  } else if (message.replaces && !slot_is_shared) {
    reconciler_.route_seen({message.prefix, 0, std::nullopt}, now_);
  }
}

void RibThread::Worker::heard(const NexthopMessage& message) {
  // The kernel takes a next hop's routes with it, and leads them elsewhere when it is replaced, without a
  // word.
  if ((message.removed || message.replaces) && !foreign_.idle() && !context_.ids.contains(message.id)) {
    sooner(foreign_due_, std::max(now_, foreign_read_ + kSettleTime));
  }
  if (message.removed && !is_ours(message, context_)) {
    sooner(blocked_due_, now_ + kSettleTime);
    if (!rivals_.empty()) want_rivals();
  }
  if (message.removed && context_.ids.contains(message.id)) {
    reconciler_.id_removed(message.id, now_);
  } else if (!is_ours(message, context_)) {
    return;
  } else if (message.is_group) {
    reconciler_.group_seen({message.id, message.members}, now_);
  } else {
    reconciler_.nexthop_seen({message.id, message.key}, now_);
  }
}

void RibThread::Worker::heard(const RuleMessage& message) {
  if (lookup_.heard(message)) sooner(rules_due_, now_);
}

void RibThread::Worker::heard(const LinkMessage& message) {
  if (lookup_.heard(message)) sooner(rules_due_, now_);
  if ((message.flags & IFF_UP) == 0 || message.removed) sooner(blocked_due_, now_ + kSettleTime);
  if (message.removed) return forget_link(message.ifindex);
  set_link(message.ifindex, message.flags);
}

// The kernel takes the next hops of a device that is down, or that neither has a carrier nor is running; it
// makes new ones as soon as there is a carrier. In between, what was true stays true.
void RibThread::Worker::set_link(std::uint32_t ifindex, std::uint32_t flags) {
  const bool usable = (flags & IFF_UP) != 0 && (flags & IFF_LOWER_UP) != 0;
  const bool lost = (flags & IFF_UP) == 0 || (flags & (IFF_LOWER_UP | IFF_RUNNING)) == 0;
  if (!usable && !lost) return;
  const auto [entry, fresh] = links_.try_emplace(ifindex, usable);
  if (!fresh && entry->second == usable) return;
  entry->second = usable;
  if (usable) {
    reconciler_.link_up(ifindex);
  } else {
    reconciler_.link_down(ifindex);
  }
  if (rivals_.uses_link(ifindex)) want_rivals();
  if (!foreign_.idle()) sooner(foreign_due_, std::max(now_, foreign_read_ + kSettleTime));
}

void RibThread::Worker::forget_link(std::uint32_t ifindex) {
  links_.erase(ifindex);
  reconciler_.link_removed(ifindex);
  if (rivals_.uses_link(ifindex)) want_rivals();
  if (!foreign_.idle()) sooner(foreign_due_, std::max(now_, foreign_read_ + kSettleTime));
}

void RibThread::Worker::heard(const AddressMessage& message) {
  if (!foreign_.idle()) sooner(foreign_due_, now_ + kSettleTime);
  if (!message.removed) return reconciler_.address_added();
  sooner(blocked_due_, now_ + kSettleTime);
  if (!rivals_.empty()) want_rivals();
  if (!reconciler_.uses_source(message.address)) return;
  reconciler_.address_removed(message.address);
  sooner(ours_due_, now_ + kSettleTime);
}

bool RibThread::Worker::work() {
  const std::vector<Operation> operations = reconciler_.next(now_, batch_);
  if (operations.empty()) return remove_former_runs();
  const NetlinkSocket::Batch batch = sockets_.requests.execute(operations, context_);
  now_ = std::chrono::steady_clock::now();
  ++tally_.system_calls;
  tally_.messages += operations.size();
  if (batch.lost) {
    ++tally_.overruns;
    reports_.emplace_back(Overrun{"acknowledgements of the kernel were lost; its state is read again"});
  }
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (batch.outcomes[i].error != 0) ++tally_.failures;
    reconciler_.completed(operations[i], batch.outcomes[i], now_);
  }
  // A batch whose answers are too many for the buffer would lose them each time.
  batch_ = batch.lost ? std::max<std::size_t>(batch_ / 2, 1) : std::min(batch_ * 2, config_.batch);
  if (!batch.lost) return true;
  // At once, also while stopping: the reconciler does nothing until then.
  if (auto error = read_ours()) {
    ours_due_ = now_;
    reading_failed(*error);
  }
  return true;
}

void RibThread::Worker::report() {
  for (Report& fresh : reconciler_.take_reports()) {
    if (auto* drift = std::get_if<Drift>(&fresh)) {
      tally_.drift += drift->count;
      drift->who = process_at(std::exchange(drift_sender_, 0));
    }
    reports_.push_back(std::move(fresh));
  }
  publish();
  if (!reports_.empty() && callback_) callback_(std::exchange(reports_, {}));
}

void RibThread::Worker::publish() {
  const ReconcilerSizes sizes = reconciler_.sizes();
  tally_.ticket = reconciler_.acknowledged();
  tally_.wanted_prefixes = sizes.wanted_prefixes;
  tally_.routes = sizes.routes;
  tally_.adopted = sizes.adopted;
  tally_.groups = sizes.groups;
  tally_.nexthops = sizes.nexthops;
  tally_.pending = sizes.pending;
  tally_.failing = sizes.failing;
  tally_.missing = sizes.missing;
  tally_.hidden = sizes.hidden;
  tally_.links = links_.size();
  tally_.claimed = reconciler_.claimed();
  const std::lock_guard lock(counters_mutex_);
  counters_ = tally_;
}

}  // namespace wgospf::rib
