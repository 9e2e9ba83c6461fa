#include "rib/kernel_worker.h"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace wgospf::rib {

Result<std::shared_ptr<KernelWorker>> KernelWorker::create(KernelConfig config, Callback callback,
                                                           LinkListener links) {
  config.batch = std::clamp<std::size_t>(config.batch, 1, 1024);
  auto requests = RouteSocket::open();
  if (!requests) return requests.error();
  auto events = open_events(requests.value().port(), {});
  if (!events) return events.error();
  if (auto error = may_change_routes(requests.value())) return *error;
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) return failure("cannot make an event descriptor", errno);
  std::shared_ptr<KernelWorker> worker(
      new KernelWorker(std::move(config), std::move(callback), std::move(links),
                       {std::move(requests.value()), std::move(events.value()), wake}));
  // Notifications are already being collected, so nothing can fall between the readings and them.
  worker->kernel_.now = std::chrono::steady_clock::now();
  if (auto error = worker->filter_events()) return *error;
  for (const auto& [ifindex, link] : worker->listener_.monitor.snapshot())
    worker->heard_of_link({LinkEvent::Kind::added, link});
  if (worker->listener_.monitor.is_stale()) worker->readings_.want(worker->links_, worker->kernel_.now);
  if (auto error = worker->read_foreign()) return *error;
  return worker;
}

KernelWorker::KernelWorker(KernelConfig config, Callback callback, LinkListener links, Sockets sockets)
    : config_(std::move(config)),
      callback_(std::move(callback)),
      wake_(sockets.wake),
      kernel_(std::move(sockets.requests)),
      events_(std::move(sockets.events)),
      listener_(std::move(links)),
      foreign_(config_.watch),
      watch_(config_.watch) {
  kernel_.take_older_notifications = [this] { take_older_notifications(); };
  kernel_.take_range = [this](std::uint32_t first_id) { return take_range(first_id); };
  listen_ = readings_.add([this] { return listen_again(); });
  links_ = readings_.add([this] { return read_links(); });
  foreign_reading_ = foreign_readings_.add([this] { return read_foreign(); });
}

KernelWorker::~KernelWorker() {
  close(wake_);
}

void KernelWorker::start() {
  thread_ = std::thread([this] { run(); });
}

void KernelWorker::join() {
  if (thread_.joinable()) thread_.join();
}

std::uint32_t KernelWorker::new_id() {
  const std::lock_guard lock(inbox_mutex_);
  return ++last_id_;
}

void KernelWorker::post(Command command) {
  {
    const std::lock_guard lock(inbox_mutex_);
    if (has_ended_) return;
    inbox_.push_back(std::move(command));
  }
  const std::uint64_t one = 1;
  // It can only fail when the counter is full, and then the thread is awake anyway.
  [[maybe_unused]] const auto written = write(wake_, &one, sizeof(one));
}

void KernelWorker::run() {
  pthread_setname_np(pthread_self(), "rib");
  bool busy = true;
  while (true) {
    if (!busy) {
      plan_readings();
      report();
      sleep();
    }
    kernel_.now = std::chrono::steady_clock::now();
    take_commands();
    take_notifications();
    plan_readings();
    read_one();
    rules_.work(kernel_.requests, kernel_.now, reports_);
    busy = work();
    std::erase_if(tables_, [](const auto& table) { return table->is_let_go(); });
    if (ends_ && tables_.empty()) break;
    if (busy) report();
  }
  report();
  std::vector<Command> left;
  const std::lock_guard lock(inbox_mutex_);
  has_ended_ = true;
  left.swap(inbox_);
}

bool KernelWorker::work() {
  bool busy = false;
  for (const auto& table : tables_) {
    if (!table->has_ended() && table->work()) busy = true;
  }
  return busy;
}

void KernelWorker::report() {
  for (const auto& table : tables_) {
    if (!table->has_ended()) table->report();
  }
  if (!reports_.empty() && callback_) callback_(std::exchange(reports_, {}));
}

std::optional<Instant> KernelWorker::wake_time() const {
  std::optional<Instant> earliest = readings_.next();
  if (const auto foreign = foreign_readings_.next()) sooner(earliest, *foreign);
  if (const auto rules = rules_.wake_time()) sooner(earliest, *rules);
  for (const auto& table : tables_) {
    if (table->has_ended()) continue;
    if (const auto wakes = table->wake_time()) sooner(earliest, *wakes);
  }
  return earliest;
}

void KernelWorker::sleep() {
  int timeout = -1;
  if (const auto until = wake_time()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - std::chrono::steady_clock::now());
    timeout = static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, 3'600'000));
  }
  const auto has_more = [](const auto& table) { return !table->has_ended() && table->has_more_reports(); };
  if (std::any_of(tables_.begin(), tables_.end(), has_more)) timeout = 0;
  // A descriptor below 0 is passed over: what is queued there goes unread.
  std::array<pollfd, 3> waiting{{{wake_, POLLIN, 0},
                                 {is_deaf_ ? -1 : events_.fd(), POLLIN, 0},
                                 {listener_.monitor.is_stale() ? -1 : listener_.monitor.fd(), POLLIN, 0}}};
  poll(waiting.data(), waiting.size(), timeout);
}

void KernelWorker::take_commands() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(wake_, &count, sizeof(count));
  std::vector<Command> commands;
  {
    const std::lock_guard lock(inbox_mutex_);
    commands.swap(inbox_);
  }
  for (Command& command : commands) {
    std::visit([this](auto& c) { take(c); }, command);
  }
}

void KernelWorker::take(Attach& command) {
  auto table = std::make_unique<TableReconciler>(kernel_, std::move(command.setup));
  TableReconciler& attached = *table;
  tables_.push_back(std::move(table));
  auto error = filter_events();
  if (!error) error = attached.begin();
  if (error) tables_.pop_back();
  command.done.set_value(std::move(error));
}

void KernelWorker::take(ForTable& command) {
  const auto found = std::find_if(tables_.begin(), tables_.end(),
                                  [&](const auto& table) { return table->id() == command.id; });
  if (found != tables_.end()) (*found)->take(command.command);
}

void KernelWorker::take(RedistributionWatch& command) {
  watch_ = command;
  foreign_.watch(std::move(command));
  if (auto error = filter_events()) readings_.failed(*error, reports_);
  foreign_readings_.want(foreign_reading_, kernel_.now);
  announce_complete_ = true;
}

void KernelWorker::take(End&) {
  ends_ = true;
  for (const auto& table : tables_) {
    TableCommand let_go{LetGo{}};
    table->take(let_go);
  }
}

RouteSocket::Drained KernelWorker::take_notifications() {
  std::vector<Message> messages;
  const auto drained =
      is_deaf_ ? RouteSocket::Drained::lost
               : events_.drain([&messages](Message message) { messages.push_back(std::move(message)); });
  take_link_notifications();
  if (is_deaf_) return drained;
  for (const Message& message : messages) heard(message);
  for (const auto& table : tables_) table->apply_rivals();
  if (foreign_.wants_reading()) want_foreign(foreign_read_ + kSettleTime);
  if (drained == RouteSocket::Drained::lost) notifications_lost();
  return drained;
}

void KernelWorker::take_older_notifications() {
  constexpr int kRounds = 8;
  for (int round = 0; round < kRounds; ++round) {
    if (take_notifications() != RouteSocket::Drained::more) return;
  }
  notifications_lost();
}

void KernelWorker::note_overrun() {
  ++kernel_.overruns;
  reports_.emplace_back(Overrun{"notifications of the kernel were lost; its state is read again"});
}

void KernelWorker::notifications_lost() {
  note_overrun();
  is_deaf_ = true;
  readings_.want(listen_, std::max(kernel_.now, listened_ + kBetweenResyncs));
}

void KernelWorker::want_foreign(Instant earliest) {
  if (!foreign_.idle()) foreign_readings_.want(foreign_reading_, std::max(kernel_.now, earliest));
}

void KernelWorker::heard(const Message& message) {
  if (const auto* route = std::get_if<RouteMessage>(&message)) {
    foreign_.seen(*route, reports_);
  } else if (const auto* nexthop = std::get_if<NexthopMessage>(&message)) {
    // The kernel takes a next hop's routes with it, and leads them elsewhere when it is replaced, without a
    // word.
    const bool is_of_a_table = std::any_of(tables_.begin(), tables_.end(), [nexthop](const auto& table) {
      return table->context().ids.contains(nexthop->id);
    });
    if ((nexthop->removed || nexthop->replaces) && !is_of_a_table) want_foreign(foreign_read_ + kSettleTime);
  } else if (const auto* rule = std::get_if<RuleMessage>(&message)) {
    rules_.heard(*rule, kernel_.now);
  }
  for (const auto& table : tables_) {
    if (!table->has_ended()) table->heard(message);
  }
}

void KernelWorker::take_link_notifications() {
  LinkMonitor& monitor = listener_.monitor;
  if (monitor.is_stale()) return;
  tell_links(monitor.take_notifications());
  if (!monitor.is_stale()) return;
  note_overrun();
  readings_.want(links_, std::max(kernel_.now, links_read_ + kBetweenResyncs));
}

void KernelWorker::tell_links(Result<LinkEvents> events) {
  LinkNews news;
  const std::string trouble = events ? std::string() : events.error().text;
  if (std::exchange(link_trouble_, trouble) != trouble) news.trouble = trouble;
  if (events) news.events = *std::move(events);
  for (const LinkEvent& event : news.events) heard_of_link(event);
  if (listener_.heard && (news.trouble || !news.events.empty())) listener_.heard(std::move(news));
}

void KernelWorker::heard_of_link(const LinkEvent& event) {
  const Link& link = event.link;
  if (!event.came.empty() || !event.went.empty()) want_foreign(kernel_.now + kSettleTime);
  for (const auto& table : tables_) {
    if (!table->has_ended()) table->heard(event);
  }
  if (event.kind == LinkEvent::Kind::removed) {
    if (!event.is_renamed) forget_link(link.ifindex);
    return;
  }
  if (link.vrf_table != 0) {
    kernel_.vrfs[link.ifindex] = link.vrf_table;
  } else {
    kernel_.vrfs.erase(link.ifindex);
  }
  set_link(link.ifindex, link.flags);
}

// The kernel takes the next hops of a device that is down, or that neither has a carrier nor is running; it
// makes new ones as soon as there is a carrier. In between, what was true stays true.
void KernelWorker::set_link(std::uint32_t ifindex, const LinkFlags& flags) {
  const bool usable = flags.up && flags.lower_up;
  const bool lost = !flags.up || !(flags.lower_up || flags.running);
  if (!usable && !lost) return;
  const auto [entry, fresh] = kernel_.links.try_emplace(ifindex, usable);
  if (!fresh && entry->second == usable) return;
  entry->second = usable;
  for (const auto& table : tables_) table->set_link(ifindex, usable);
  want_foreign(foreign_read_ + kSettleTime);
}

void KernelWorker::forget_link(std::uint32_t ifindex) {
  kernel_.links.erase(ifindex);
  kernel_.vrfs.erase(ifindex);
  for (const auto& table : tables_) table->forget_link(ifindex);
  want_foreign(foreign_read_ + kSettleTime);
}

void KernelWorker::plan_readings() {
  if (config_.audit_interval.count() != 0) want_foreign(foreign_read_ + config_.audit_interval);
  for (const auto& table : tables_) table->plan_readings();
}

// One at a time; the others stay due for the next turn.
void KernelWorker::read_one() {
  if (readings_.read_one(kernel_.now, reports_)) return;
  for (const auto& table : tables_) {
    if (!table->has_ended() && table->read_one()) return;
  }
  (void)foreign_readings_.read_one(kernel_.now, reports_);
}

// A new socket, so that what the old one still holds, which is older than all that is read now, goes unread.
std::optional<Error> KernelWorker::listen_again() {
  auto events = open_events(kernel_.requests.port(), tables());
  if (!events) return events.error();
  events_ = std::move(events.value());
  is_deaf_ = false;
  listened_ = kernel_.now;
  foreign_readings_.want(foreign_reading_, kernel_.now);
  rules_.look_again(kernel_.now);
  for (const auto& table : tables_) table->read_everything_again();
  return std::nullopt;
}

std::optional<Error> KernelWorker::read_links() {
  links_read_ = kernel_.now;
  auto events = listener_.monitor.read_anew();
  const auto error = events ? std::nullopt : std::optional(events.error());
  tell_links(std::move(events));
  return error;
}

std::optional<Error> KernelWorker::read_foreign() {
  std::vector<RouteMessage> routes;
  for (const auto& [table, protocol] : foreign_.readings()) {
    for (const Family family : watch_.families) {
      auto dump = kernel_.requests.dump([&, table = table, protocol = protocol](MessageBuffer& buffer) {
        encode_route_dump(buffer, family, table, protocol);
      });
      if (!dump) return dump.error();
      for (Message& message : dump.value()) {
        if (auto* route = std::get_if<RouteMessage>(&message)) routes.push_back(std::move(*route));
      }
    }
  }
  foreign_.loaded(routes, reports_);
  foreign_read_ = kernel_.now;
  if (std::exchange(announce_complete_, false)) reports_.emplace_back(ForeignRoutesComplete{});
  return std::nullopt;
}

Result<RouteSocket> KernelWorker::open_events(std::uint32_t requests_port,
                                              const std::set<std::uint32_t>& tables) {
  constexpr std::array<int, 5> groups{RTNLGRP_NEXTHOP, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
                                      RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE};
  auto events = RouteSocket::open();
  if (!events) return events;
  if (auto error = events.value().filter(requests_port, tables)) return *error;
  if (auto error = events.value().subscribe(groups)) return *error;
  return events;
}

std::set<std::uint32_t> KernelWorker::tables() const {
  std::set<std::uint32_t> tables(watch_.tables.begin(), watch_.tables.end());
  if (watch_.connected || watch_.static_routes) tables.insert(RT_TABLE_MAIN);
  for (const auto& table : tables_) tables.insert(table->context().table);
  return tables;
}

std::optional<Error> KernelWorker::filter_events() {
  return events_.filter(kernel_.requests.port(), tables());
}

std::optional<IdsLock> KernelWorker::take_range(std::uint32_t first_id) const {
  const bool is_of_a_table = std::any_of(tables_.begin(), tables_.end(), [first_id](const auto& table) {
    return table->context().ids.first == first_id;
  });
  if (is_of_a_table) return std::nullopt;
  return IdsLock::try_acquire(first_id, config_.lock_directory);
}

}  // namespace wgospf::rib
