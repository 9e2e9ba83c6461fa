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
#include <unordered_set>

namespace wgospf::rib {

namespace {

using namespace std::chrono_literals;

/// Readings of the whole state that errors ask for are at least this far apart.
constexpr auto kBetweenResyncs = 1s;
/// After an address or link has gone the kernel may still be taking routes with it when its notification is
/// read.
constexpr auto kSettleTime = 50ms;
constexpr auto kReadAgain = 1s;

void sooner(std::optional<Instant>& due, Instant when) {
  if (!due || when < *due) due = when;
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
  auto events = NetlinkSocket::open();
  if (!events) return events.error();
  constexpr std::array groups{RTNLGRP_LINK,       RTNLGRP_NEXTHOP,     RTNLGRP_IPV4_ROUTE,
                              RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                              RTNLGRP_IPV4_RULE,  RTNLGRP_IPV6_RULE};
  std::vector<int> wanted(groups.begin(), groups.end());
  if (auto error = events.value().subscribe(wanted, requests.value().port())) return *error;
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) return Error{errno, std::string("cannot make an event descriptor: ") + std::strerror(errno)};

  std::unique_ptr<Worker> worker(new Worker(std::move(config), std::move(callback),
                                            {std::move(requests.value()), std::move(events.value()), wake}));
  // Notifications are already being collected, so nothing can fall between the readings and them.
  worker->now_ = std::chrono::steady_clock::now();
  for (const auto read :
       {&Worker::read_links, &Worker::read_ours, &Worker::read_foreign, &Worker::read_rules}) {
    if (auto error = (worker.get()->*read)()) return *error;
  }
  worker->publish();
  return worker;
}

RibThread::Worker::Worker(Config config, Callback callback, Sockets sockets)
    : config_(std::move(config)),
      context_{config_.table, config_.metric, *config_.ids},
      callback_(std::move(callback)),
      sockets_(std::move(sockets)),
      reconciler_(ReconcilerConfig{.ids = *config_.ids}),
      foreign_(config_.watch),
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
  for (const auto& due : {links_due_, ours_due_, foreign_due_, rules_due_}) {
    if (due) sooner(reading, *due);
  }
  if (reconciler_.wants_resync()) sooner(reading, ours_read_ + kBetweenResyncs);
  if (foreign_.wants_reading()) sooner(reading, foreign_read_ + kSettleTime);
  if (config_.audit_interval.count() > 0) {
    sooner(reading, ours_read_ + config_.audit_interval);
    if (!foreign_.idle()) sooner(reading, foreign_read_ + config_.audit_interval);
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
  std::array<pollfd, 2> waiting{{{sockets_.wake, POLLIN, 0}, {sockets_.events.descriptor(), POLLIN, 0}}};
  poll(waiting.data(), waiting.size(), timeout);
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
  foreign_.watch(std::move(command));
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

void RibThread::Worker::take_notifications() {
  const bool lost = sockets_.events.drain(
      [this](Message message) { std::visit([this](const auto& m) { heard(m); }, message); });
  if (!lost) return;
  ++tally_.overruns;
  reports_.emplace_back(Overrun{"notifications of the kernel were lost; its state is read again"});
  links_due_ = ours_due_ = foreign_due_ = rules_due_ = now_;
  slots_wanted_ = true;
}

bool RibThread::Worker::keeps(Family family) const {
  return std::find(config_.families.begin(), config_.families.end(), family) != config_.families.end();
}

bool RibThread::Worker::in_our_slot(const RouteMessage& message) const {
  return message.table == context_.table && message.metric == context_.metric && message.tos == 0 &&
         !message.cloned && keeps(family_of(message.prefix));
}

void RibThread::Worker::heard(const RouteMessage& message) {
  foreign_.seen(message, reports_);
  if (in_our_slot(message)) heard_of_slot(message);
}

void RibThread::Worker::heard_of_slot(const RouteMessage& message) {
  const std::uint32_t id = is_ours(message, context_) ? message.nexthop_id : 0;
  if (message.removed && id != 0 && message.by_kernel) {
    // IPv6 routes that leave with their link: the link's own notification explains it in a moment.
    sooner(ours_due_, now_ + kSettleTime);
  } else if (message.removed) {
    reconciler_.route_removed(message.prefix, id, now_);
    if (id == 0 && reconciler_.is_behind(message.prefix)) want_slots();
  } else if (id != 0) {
    reconciler_.route_seen({message.prefix, id, message.source}, now_);
  } else if (message.replaces && reconciler_.is_behind(message.prefix)) {
    want_slots();
  } else if (message.replaces) {
    reconciler_.route_seen({message.prefix, 0, std::nullopt}, now_);
  } else if (!message.appended && family_of(message.prefix) == Family::ipv4) {
    // `ip route prepend`. IPv6 has no such thing.
    reconciler_.foreign_before(message.prefix);
  }
}

// Another route may have become the first in its slot.
void RibThread::Worker::want_slots() {
  slots_wanted_ = true;
  sooner(ours_due_, std::max(now_ + kSettleTime, ours_read_ + kBetweenResyncs));
}

void RibThread::Worker::heard(const NexthopMessage& message) {
  // The kernel takes a next hop's routes with it, and leads them elsewhere when it is replaced, without a
  // word.
  if ((message.removed || message.replaces) && !foreign_.idle() && !context_.ids.contains(message.id)) {
    sooner(foreign_due_, std::max(now_, foreign_read_ + kSettleTime));
  }
  if (message.removed && !is_ours(message, context_)) sooner(blocked_due_, now_ + kSettleTime);
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
  const std::uint32_t flags = message.removed ? 0 : message.flags;
  if ((flags & IFF_UP) == 0) sooner(blocked_due_, now_ + kSettleTime);
  set_link(message.ifindex, flags);
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
  if (!foreign_.idle()) sooner(foreign_due_, std::max(now_, foreign_read_ + kSettleTime));
}

void RibThread::Worker::heard(const AddressMessage& message) {
  if (!foreign_.idle()) sooner(foreign_due_, now_ + kSettleTime);
  if (!message.removed) return reconciler_.address_added();
  sooner(blocked_due_, now_ + kSettleTime);
  if (reconciler_.uses_source(message.address)) sooner(ours_due_, now_ + kSettleTime);
}

void RibThread::Worker::read_what_is_due() {
  const auto due = [this](std::optional<Instant>& when) {
    if (!when || *when > now_) return false;
    when.reset();
    return true;
  };
  if (due(blocked_due_)) reconciler_.retry_blocked();
  if (reconciler_.wants_resync()) sooner(ours_due_, ours_read_ + kBetweenResyncs);
  if (foreign_.wants_reading()) sooner(foreign_due_, foreign_read_ + kSettleTime);
  if (config_.audit_interval.count() > 0) {
    sooner(ours_due_, ours_read_ + config_.audit_interval);
    if (!foreign_.idle()) sooner(foreign_due_, foreign_read_ + config_.audit_interval);
  }
  if (stop_ || now_ < not_before_) return;
  std::optional<Error> error;
  if (due(links_due_)) {
    error = read_links();
    if (error) links_due_ = now_;
  }
  if (!error && due(ours_due_)) {
    ++tally_.resyncs;
    error = read_ours();
    if (error) ours_due_ = now_;
  }
  if (!error && due(foreign_due_)) {
    error = read_foreign();
    if (error) foreign_due_ = now_;
  }
  if (!error && due(rules_due_)) {
    error = read_rules();
    if (error) rules_due_ = now_;
  }
  if (error) {
    not_before_ = now_ + kReadAgain;
    reading_failed(*error);
  } else {
    reading_error_.clear();
  }
}

void RibThread::Worker::reading_failed(const Error& error) {
  if (reading_error_ == error.message) return;
  reading_error_ = error.message;
  reports_.emplace_back(Overrun{error.message});
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

std::optional<Error> RibThread::Worker::read_ours() {
  KernelState state;
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
  if (slots_wanted_ && !state.routes.empty()) {
    if (auto error = read_slots(state)) return error;
  }
  slots_wanted_ = false;
  reconciler_.load(state, now_);
  ours_read_ = now_;
  ours_due_.reset();
  // What was notified during the reading is older than any work that follows from it, and is taken first:
  // read later it would undo what is known of that work.
  take_notifications();
  return std::nullopt;
}

// The whole table, which others may have filled: not each time. The kernel lists a slot's routes in its
// order.
std::optional<Error> RibThread::Worker::read_slots(KernelState& state) {
  if (!keeps(Family::ipv4)) return std::nullopt;
  auto routes = sockets_.requests.dump(
      [this](MessageBuffer& buffer) { encode_route_dump(buffer, Family::ipv4, context_.table, 0); },
      [this](const Message& message) {
        const auto* route = std::get_if<RouteMessage>(&message);
        return route != nullptr && in_our_slot(*route);
      });
  if (!routes) return routes.error();
  std::unordered_set<IpPrefix> foreign;
  for (const Message& message : routes.value()) {
    const auto& route = std::get<RouteMessage>(message);
    if (!is_ours(route, context_)) {
      foreign.insert(route.prefix);
    } else if (foreign.contains(route.prefix)) {
      state.behind.push_back(route.prefix);
    }
  }
  state.slots_read = true;
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

bool RibThread::Worker::work() {
  const std::vector<Operation> operations = reconciler_.next(now_, batch_);
  if (operations.empty()) return false;
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
    if (const auto* drift = std::get_if<Drift>(&fresh)) tally_.drift += drift->count;
    reports_.push_back(std::move(fresh));
  }
  publish();
  if (!reports_.empty() && callback_) callback_(std::exchange(reports_, {}));
}

void RibThread::Worker::publish() {
  const ReconcilerSizes sizes = reconciler_.sizes();
  tally_.generation = reconciler_.acknowledged();
  tally_.wanted_prefixes = sizes.wanted_prefixes;
  tally_.routes = sizes.routes;
  tally_.adopted = sizes.adopted;
  tally_.groups = sizes.groups;
  tally_.nexthops = sizes.nexthops;
  tally_.pending = sizes.pending;
  tally_.failing = sizes.failing;
  tally_.claimed = reconciler_.claimed();
  const std::lock_guard lock(counters_mutex_);
  counters_ = tally_;
}

}  // namespace wgospf::rib
