#include "daemon/process.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <csignal>
#include <memory>

#include "daemon/service_manager.h"
#include "daemon/telling/describe.h"
#include "daemon/telling/log.h"
#include "rib/leftovers.h"
#include "rib/policy_rule.h"

namespace wgospf::daemon {

namespace {

/// How long the start waits for the API, which may wait for a name server.
constexpr std::chrono::seconds kApiPatience{2};
/// How long the end waits for what is being done about its events.
constexpr std::chrono::seconds kHookPatience{1};
/// While a stranger keeps the name of the routing table's lock, it is tried this often whether it is free.
constexpr std::chrono::seconds kBetweenBindings{1};
/// How long an interface that stands earlier in the configuration, and may turn out to be WireGuard, is
/// waited for: the router id should not depend on which of them came first at this boot.
constexpr std::chrono::seconds kEarlierInterfacePatience{10};
constexpr const char* kRouterIdAwaited =
    "a router id: there is no \"router-id\" in the configuration, no address on the loopback, and the first "
    "WireGuard interface with a key is yet to come";

/// Sockets of a thousand peers need more than the 1024 that a shell gives.
constexpr rlim_t kFilesWanted = 65536;

/// As systemd does for the service; what it may not have it does without, and whoever lacks files says so.
void raise_limit_of_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kFilesWanted) return;
  limit.rlim_cur = std::min(limit.rlim_max, kFilesWanted);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string_view name_of(int signal) {
  if (signal == SIGUSR1) return "SIGUSR1";
  return signal == SIGINT ? "SIGINT" : "SIGTERM";
}

}  // namespace

int Process::run() {
  raise_limit_of_open_files();
  if (const auto error = rib::may_change_routes()) return fail(error->text);
  if (!take_lock(config_)) return kFailed;
  auto monitor = LinkMonitor::open();
  if (!monitor) return fail("cannot watch the system's links: " + monitor.error().text);
  // Signals are ours from here on: before, they simply end the process, which has nothing to clean up.
  take_signals();
  place_.set_reloader([this](const auto& order, auto done) { reloader_.reload(order, std::move(done)); },
                      [this](auto done) { reloader_.confirm(std::move(done)); });
  place_.set_log_setter([this](std::optional<Severity> level) { return change_level(level); });
  place_.set_api_use([this] { return api_.use(); });
  if (options_.is_former) reloader_.started_with_former();
  feed_watchdog();
  detach_log();  // hellos must not wait for a terminal, and gRPC's threads log too
  if (!open_api()) return kFailed;
  metrics_.open(config_.metrics_listen);
  hooks_.configure(config_.on_event);
  const auto chosen = wait_for_router_id(*monitor);
  if (!chosen) {
    log(Severity::info, "stopped");
    return exit_status_;
  }
  log(Severity::info, fmt::format("wgospfd {} starts as router {} ({})", WGOSPF_VERSION,
                                  chosen->id.to_string(), chosen->reason));
  if (!start(std::move(monitor).value(), chosen->id)) return kFailed;
  notify_service_manager("READY=1\nSTATUS=router id " + chosen->id.to_string());
  if (options_.is_auto) choose_again_later();
  log(Severity::info, api_.address().empty() ? "ready" : "ready, clients are served at " + api_.address());
  loop_.restart();
  loop_.run();
  hooks_.finish(std::chrono::steady_clock::now() + kHookPatience);
  api_.stop(std::chrono::system_clock::now() + std::chrono::milliseconds{300});
  log(Severity::info, "stopped");
  return exit_status_;
}

int Process::fail(const std::string& text) {
  log(Severity::error, text);
  return kFailed;
}

bool Process::take_lock(const Config& config) {
  auto lock = rib::TableLock::acquire(config.rib.lock_directory, config.rib.table);
  if (!lock) return fail(lock.error().text) == 0;
  lock_.emplace(std::move(lock.value()));
  if (!take_lock_apart(config)) return false;
  if (!lock_->warning().empty()) {
    log(Severity::warning, lock_->warning());
    wait_for_the_whole_lock();
  }
  return true;
}

bool Process::take_lock_apart(const Config& config) {
  lock_apart_.reset();
  if (config.rib.table != RibSettings{}.table) return true;
  auto lock = rib::TableLock::acquire(config.rib.lock_directory, rib::kApartTable);
  if (!lock) return fail(lock.error().text) == 0;
  lock_apart_.emplace(std::move(lock.value()));
  return true;
}

void Process::wait_for_the_whole_lock() {
  lock_timer_.expires_after(kBetweenBindings);
  lock_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || lock_->warning().empty()) return;
    if (!lock_->bind_again()) return wait_for_the_whole_lock();
    log(Severity::info,
        "the lock of the routing table is whole: the socket that another process held is bound");
  });
}

bool Process::open_api() {
  const auto error = api_.open(config_.api, kApiPatience);
  return !error || fail(error->text) == 0;
}

std::optional<ChosenRouterId> Process::wait_for_router_id(LinkMonitor& monitor) {
  wg::Devices devices;
  const auto public_key = [&](const std::string& name) -> std::optional<wg::Key> {
    const auto device = devices.read(name);
    return device ? device->public_key : std::nullopt;
  };
  const auto patience_ends = std::chrono::steady_clock::now() + kEarlierInterfacePatience;
  boost::asio::posix::stream_descriptor links(loop_, monitor.fd());
  std::optional<ChosenRouterId> chosen;
  for (bool told = false; !stopping_; told = true) {
    const bool patient = std::chrono::steady_clock::now() < patience_ends;
    chosen = choose_router_id(config_, monitor.snapshot(), public_key,
                              patient ? EarlierInterfaces::wait : EarlierInterfaces::skip);
    if (chosen) break;
    if (!told) {
      place_.set_waits_for(kRouterIdAwaited);
      log(Severity::warning, fmt::format("waiting for {}", kRouterIdAwaited));
      notify_service_manager(fmt::format("STATUS=waiting for {}", kRouterIdAwaited));
    }
    links.cancel();
    links.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (!error && place_.router() == nullptr) loop_.stop();
                     });
    loop_.restart();
    loop_.run_for(std::chrono::seconds{1});  // or until a link changes or a signal comes
    (void)monitor.on_readable();
    if (std::exchange(is_api_to_open_, false) && !stopping_ && !open_api()) {
      exit_status_ = kFailed;
      stopping_ = true;
    }
  }
  links.release();  // the monitor closes it
  if (chosen && !chosen->skipped.empty()) {
    log(Severity::warning,
        fmt::format("{} would have given the router id, but is not there: with it the router id will be "
                    "another one after a restart; write \"router-id\" into the configuration",
                    chosen->skipped));
  }
  return chosen;
}

bool Process::start(LinkMonitor monitor, ospf::RouterId router_id) {
  // Calls wait on the loop, which does not run before the router has started.
  auto& router =
      place_.take(std::make_unique<Router>(loop_, std::move(monitor), RouterOptions{config_, router_id}));
  (void)router.subscribe([this](const RouterEvent& event) { log_event(event); });
  hooks_.attach();
  if (const auto error = router.start()) return fail(error->text) == 0;
  return true;
}

void Process::log_event(const RouterEvent& event) {
  const bool many = std::holds_alternative<ospf::RouteChange<V2>>(event.what) ||
                    std::holds_alternative<KernelReached>(event.what);
  if (event.left_out || (many && level() != Severity::debug)) return;
  const auto notice = describe(event, [this](ospf::LinkId link) { return place_.link_name(link); });
  log(notice, fields_of(event, notice));
}

JournalFields Process::fields_of(const RouterEvent& event, const Notice& notice) const {
  JournalFields fields;
  if (notice.link) fields.emplace_back("WGOSPF_INTERFACE", place_.link_name(*notice.link));
  const auto* core = std::get_if<ospf::Event>(&event.what);
  const auto* neighbor = core == nullptr ? nullptr : std::get_if<ospf::NeighborStateChanged>(core);
  if (neighbor == nullptr) return fields;
  fields.emplace_back("WGOSPF_NEIGHBOR", neighbor->router.to_string());
  const auto names = place_.hostnames();
  if (const auto found = names->find(neighbor->router); found != names->end())
    fields.emplace_back("WGOSPF_NEIGHBOR_NAME", found->second);
  fields.emplace_back("WGOSPF_STATE", to_string(neighbor->to));
  return fields;
}

Severity Process::change_level(std::optional<Severity> level) {
  const auto former = this->level();
  asked_level_ = level;
  const auto now = this->level();
  set_log_level(std::min(former, now));  // one of them tells it
  if (former != now)
    log(Severity::info, fmt::format("the log's level is {} now, as a client asked; it was {}", to_string(now),
                                    to_string(former)));
  set_log_level(now);
  return now;
}

void Process::take_signals() {
  for (const int signal : {SIGHUP, SIGTERM, SIGINT, SIGUSR1}) signals_.add(signal);
  wait_for_signal();
}

void Process::feed_watchdog() {
  const auto interval = watchdog_interval();
  if (!interval) return;
  notify_service_manager("WATCHDOG=1");
  watchdog_timer_.expires_after(*interval / 3);
  watchdog_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) feed_watchdog();
  });
}

void Process::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGHUP) {
      reload();
    } else {
      stop(signal);
    }
    wait_for_signal();
  });
}

void Process::stop(int signal) {
  if (stopping_) {
    log(Severity::warning, "ending at once; routes may be left in the kernel");
    exit_status_ = kFailed;
    loop_.stop();
    return;
  }
  stopping_ = true;
  reloader_.stop();
  const auto on_stop =
      options_.keep_routes || signal == SIGUSR1 ? rib::OnStop::keep_routes : rib::OnStop::remove_routes;
  log(Severity::info,
      fmt::format("stopping ({}){}", name_of(signal),
                  on_stop == rib::OnStop::keep_routes ? "; the routes stay in the kernel" : ""));
  notify_service_manager("STOPPING=1");
  if (place_.router() == nullptr) return loop_.stop();
  place_.router()->shutdown(on_stop, [this](bool in_order) {
    if (!in_order) exit_status_ = fail("the kernel's routes could not be removed in time");
    loop_.stop();
  });
}

}  // namespace wgospf::daemon
