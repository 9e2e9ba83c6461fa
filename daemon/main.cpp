// wgospfd: options, the order of start and end, signals. What runs in between is router.h's page.
//
// Start: configuration, lock of the table, link inventory, API, router id, router (with the RIB), "ready".
// The lock and the API's socket come before the first packet: each refuses a second daemon, which must not
// have disturbed the first one by then. An API that cannot be opened otherwise is tried again meanwhile. End,
// on SIGTERM or SIGINT: the router leaves the network in order, the API stops, the lock goes with the
// process. A second signal ends at once.
//
// Exit status: 0 after an orderly end; 1 when something failed; 2 for a wrong command line or configuration.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "daemon/api/listener.h"
#include "daemon/config/print.h"
#include "daemon/config/schema.h"
#include "daemon/links/auto_config.h"
#include "daemon/router_place.h"
#include "daemon/service_manager.h"
#include "daemon/telling/describe.h"
#include "daemon/telling/log.h"
#include "rib/leftovers.h"
#include "rib/table_lock.h"

namespace {

using namespace wgospf;
using namespace wgospf::daemon;

constexpr int kFailed = 1;
constexpr int kWrongInput = 2;
/// How long the end waits for who reads the log.
constexpr std::chrono::seconds kLogPatience{1};
/// How long the start waits for the API, which may wait for a name server.
constexpr std::chrono::seconds kApiPatience{2};
/// While a stranger keeps the name of the routing table's lock, it is tried this often whether it is free.
constexpr std::chrono::seconds kBetweenBindings{1};
/// Of a configuration that is wrong, so many errors are logged at a reload.
constexpr std::size_t kErrorsLogged = 20;

struct Options {
  std::string config_file = kDefaultConfigFile;
  bool is_auto = false;  ///< no file: what the machine has
  bool check = false;
  bool print_schema = false;
  bool print_config = false;
  bool cleanup = false;
  bool keep_routes = false;
  std::optional<Severity> log_level{};
};

/// How long an interface that stands earlier in the configuration, and may turn out to be WireGuard, is
/// waited for: the router id should not depend on which of them came first at this boot.
constexpr std::chrono::seconds kEarlierInterfacePatience{10};
constexpr const char* kRouterIdAwaited =
    "a router id: there is no \"router-id\" in the configuration, no address on the loopback, and the first "
    "WireGuard interface with a key is yet to come";

/// What `--auto` makes of the machine as it is now.
Result<AutoConfig> choose_now() {
  const auto routes = read_text_file("/proc/net/route", Pipes::refuse);
  if (routes.problem) return Error{0, "--auto: /proc/net/route cannot be read: " + *routes.problem};
  const auto monitor = LinkMonitor::open();
  if (!monitor) return monitor.error();
  return choose_config(monitor->snapshot(), default_route_interfaces(routes.text));
}

/// What is wrong is told as errors of the file that there is not.
ConfigResult choose_config_now() {
  auto chosen = choose_now();
  if (!chosen) return std::vector<ConfigError>{{"wgospfd", 0, 0, chosen.error().text}};
  for (const auto& reason : chosen->reasons) log(Severity::info, reason);
  return std::move(chosen->config);
}

class Daemon {
 public:
  Daemon(Options options, Config config) : options_(std::move(options)), config_(std::move(config)) {}

  int run() {
    if (const auto error = rib::may_change_routes()) return fail(error->text);
    if (!take_lock(config_)) return kFailed;
    auto monitor = LinkMonitor::open();
    if (!monitor) return fail("cannot watch the system's links: " + monitor.error().text);
    // Signals are ours from here on: before, they simply end the process, which has nothing to clean up.
    take_signals();
    detach_log();  // hellos must not wait for a terminal, and gRPC's threads log too
    if (!open_api()) return kFailed;
    const auto chosen = wait_for_router_id(*monitor);
    if (!chosen) {
      log(Severity::info, "stopped");
      return exit_status_;
    }
    log(Severity::info, fmt::format("wgospfd {} starts as router {} ({})", WGOSPF_VERSION,
                                    chosen->id.to_string(), chosen->reason));
    if (!start(std::move(monitor).value(), chosen->id)) return kFailed;
    notify_service_manager("READY=1\nSTATUS=router id " + chosen->id.to_string());
    log(Severity::info, api_.address().empty() ? "ready" : "ready, clients are served at " + api_.address());
    loop_.restart();
    loop_.run();
    api_.stop(std::chrono::system_clock::now() + std::chrono::milliseconds{300});
    log(Severity::info, "stopped");
    return exit_status_;
  }

 private:
  static int fail(const std::string& text) {
    log(Severity::error, text);
    return kFailed;
  }

  bool take_lock(const Config& config) {
    auto lock = rib::TableLock::acquire(config.rib.lock_directory, config.rib.table);
    if (!lock) return fail(lock.error().text) == 0;
    lock_.emplace(std::move(lock.value()));
    if (!lock_->warning().empty()) {
      log(Severity::warning, lock_->warning());
      wait_for_the_whole_lock();
    }
    return true;
  }

  void wait_for_the_whole_lock() {
    lock_timer_.expires_after(kBetweenBindings);
    lock_timer_.async_wait([this](const boost::system::error_code& error) {
      if (error || lock_->warning().empty()) return;
      if (!lock_->bind_again()) return wait_for_the_whole_lock();
      log(Severity::info,
          "the lock of the routing table is whole: the socket that another process held is bound");
    });
  }

  bool open_api() {
    const auto error = api_.open(config_.api, kApiPatience);
    return !error || fail(error->text) == 0;
  }

  /// The router id, and while there is nothing to make one of, the wait for it: an interface may come later,
  /// and a reload may bring one. nullopt when a signal ended the wait.
  std::optional<ChosenRouterId> wait_for_router_id(LinkMonitor& monitor) {
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

  bool start(LinkMonitor monitor, ospf::RouterId router_id) {
    const auto on_stop = options_.keep_routes ? rib::OnStop::keep_routes : rib::OnStop::remove_routes;
    // Calls wait on the loop, which does not run before the router has started.
    auto& router = place_.take(
        std::make_unique<Router>(loop_, std::move(monitor), RouterOptions{config_, router_id, on_stop}));
    (void)router.subscribe([this](const RouterEvent& event) { log_event(event); });
    if (const auto error = router.start()) return fail(error->text) == 0;
    return true;
  }

  /// Route changes and calculations come by the thousand: they are put in words only if anybody wants them.
  void log_event(const RouterEvent& event) {
    const bool many = std::holds_alternative<ospf::RouteChange<V2>>(event.what) ||
                      std::holds_alternative<KernelReached>(event.what);
    if (event.left_out || (many && level() != Severity::debug)) return;
    log(describe(event, [this](ospf::LinkId link) { return place_.link_name(link); }));
  }

  [[nodiscard]] Severity level() const { return options_.log_level.value_or(config_.log_level); }

  void take_signals() {
    for (const int signal : {SIGHUP, SIGTERM, SIGINT}) signals_.add(signal);
    wait_for_signal();
  }

  void wait_for_signal() {
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

  /// Of reloads: whoever sends signals without end fills no log.
  void tell(Severity severity, std::string text) {
    place_.notice(severity, "configuration", std::move(text));
  }

  void reload() {
    if (stopping_) return;
    if (place_.router() != nullptr)
      notify_reloading();  // else the service manager has not been told of a start yet
    const auto result = options_.is_auto
                            ? choose_config_now()
                            : load_config(options_.config_file, Pipes::refuse);  // without waiting
    if (const auto* errors = std::get_if<1>(&result)) {
      for (std::size_t i = 0; i < std::min(errors->size(), kErrorsLogged); ++i)
        tell(Severity::error, (*errors)[i].to_string());
      if (errors->size() > kErrorsLogged)
        tell(Severity::error, fmt::format("and {} more errors in it", errors->size() - kErrorsLogged));
      tell(Severity::error, "the configuration is not taken over; the former one stays in force");
    } else {
      take_over(std::get<0>(result));
    }
    if (place_.router() != nullptr) notify_service_manager("READY=1");
  }

  /// While the daemon still waits for a router id: nothing runs yet, but the lock is held.
  void take_over_early(const Config& config) {
    const bool same_lock =
        config.rib.table == config_.rib.table && config.rib.lock_directory == config_.rib.lock_directory;
    if (!same_lock && !take_lock(config)) {
      tell(Severity::error, "the configuration is not taken over; the former one stays in force");
      return;
    }
    const bool same_api = config.api == config_.api;
    config_ = config;
    set_log_level(level());
    tell(Severity::info, "the configuration is taken over");
    if (!same_api && !open_api()) {
      exit_status_ = kFailed;
      stopping_ = true;
    }
    loop_.stop();  // ends the wait, which looks at it
  }

  void take_over(const Config& config) {
    Router* router = place_.router();
    if (router == nullptr) return take_over_early(config);
    const auto obstacles =
        needs_restart(config_, config, router->protocol().router_id(), options_.config_file);
    for (const auto& obstacle : obstacles) tell(Severity::error, obstacle);
    if (!obstacles.empty()) {
      tell(Severity::error, "the configuration needs a restart; the former one stays in force until then");
      return;
    }
    config_ = config;
    set_log_level(level());
    router->reconfigure(config);
    tell(Severity::info, "the configuration is taken over");
  }

  void stop(int signal) {
    if (stopping_) {
      log(Severity::warning, "ending at once; routes may be left in the kernel");
      exit_status_ = kFailed;
      loop_.stop();
      return;
    }
    stopping_ = true;
    log(Severity::info, fmt::format("stopping ({})", signal == SIGINT ? "SIGINT" : "SIGTERM"));
    notify_service_manager("STOPPING=1");
    if (place_.router() == nullptr) return loop_.stop();
    place_.router()->shutdown([this](bool in_order) {
      if (!in_order) exit_status_ = fail("the kernel's routes could not be removed in time");
      loop_.stop();
    });
  }

  Options options_;
  Config config_;
  boost::asio::io_context loop_{1};
  boost::asio::signal_set signals_{loop_};
  std::optional<rib::TableLock> lock_;
  boost::asio::steady_timer lock_timer_{loop_};
  RouterPlace place_{loop_};
  ApiListener api_{loop_, place_, [this](const std::string& problem) { place_.set_warning("api", problem); }};
  bool stopping_ = false;
  int exit_status_ = 0;
};

int print_choice() {
  const auto chosen = choose_now();
  if (chosen)
    std::cout << print_auto_config(*chosen);
  else
    std::cerr << chosen.error().text << '\n';
  return chosen ? 0 : kFailed;
}

std::optional<Config> read_config(const Options& options) {
  auto result = options.is_auto ? choose_config_now() : load_config(options.config_file);
  if (const auto* errors = std::get_if<1>(&result)) {
    for (const auto& error : *errors) std::cerr << error.to_string() << '\n';
    return std::nullopt;
  }
  return std::get<0>(std::move(result));
}

int parse_options(int argc, char** argv, Options& options) {
  CLI::App app("wgospfd: OSPF over WireGuard tunnels and ordinary links", "wgospfd");
  std::string level;
  auto* config = app.add_option("--config", options.config_file, "Configuration file, see wgospfd.yaml(5)")
                     ->capture_default_str()
                     ->type_name("FILE");
  app.add_flag("--auto", options.is_auto,
               "Without a configuration: run every WireGuard interface, announce every LAN, and say so")
      ->excludes(config);
  app.add_flag("--check", options.check, "Check the configuration, say what is wrong with it, and exit");
  app.add_flag("--print-config", options.print_config,
               "Print the configuration that is in force with every leaf's value, and exit");
  app.add_flag("--print-schema", options.print_schema,
               "Print a JSON Schema of the configuration, for editors, and exit");
  app.add_flag(
      "--cleanup", options.cleanup,
      "Remove what a daemon that was killed left in the kernel, whatever its table, say what, and exit");
  app.add_flag("--keep-routes", options.keep_routes, "Leave the routes in the kernel at the end");
  app.add_option("--log-level", level, "Overrides the configuration's log.level")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->type_name("LEVEL");
  app.set_version_flag("--version", std::string("wgospfd ") + WGOSPF_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongInput;
  }
  if (!level.empty()) options.log_level = parse_severity(level);
  return -1;
}

// Needs no configuration: what is ours is known by its protocol and ids. If there is one it says where a
// daemon has its lock.
int clean_up(const Options& options) {
  const auto loaded = load_config(options.config_file);
  const auto* config = std::get_if<0>(&loaded);
  const auto result = rib::clean_up((config != nullptr ? config->rib : Config{}.rib).lock_directory);
  if (!result) {
    std::cerr << result.error().text << '\n';
    return kFailed;
  }
  for (const auto& line : result.value().lines) std::cout << line << '\n';
  return result.value().complete ? 0 : kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  // Who reads the log may end before us ("wgospfd | tee" and Ctrl-C): that must not prevent an orderly end.
  std::signal(SIGPIPE, SIG_IGN);
  Options options;
  if (const int status = parse_options(argc, argv, options); status >= 0) return status;
  if (options.cleanup) return clean_up(options);
  if (options.print_schema) {
    std::cout << config_schema();
    return 0;
  }
  if (options.is_auto && options.print_config) return print_choice();
  if (options.is_auto) start_log(options.log_level.value_or(Config{}.log_level));
  auto config = read_config(options);
  if (!config) return kWrongInput;
  if (options.print_config) {
    std::cout << print_config(*config);
    return 0;
  }
  if (options.check) {
    std::cout << options.config_file << ": the configuration is sound\n";
    return 0;
  }
  if (!options.is_auto) start_log(options.log_level.value_or(config->log_level));
  const int status = Daemon(std::move(options), std::move(*config)).run();
  if (!finish_log(kLogPatience)) std::_Exit(status);  // nothing is left to do but the log
  return status;
}
