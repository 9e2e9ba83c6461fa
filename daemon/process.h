#pragma once
// The process: what runs around the router, from the lock of the routing table to the last line of the log. What runs
// in between is router.h's page.
//
// Start: lock of the table, link inventory, API, router id, router (with the RIB), "ready". The lock and the API's
// socket come before the first packet: each refuses a second daemon, which must not have disturbed the first one by
// then. An API that cannot be opened otherwise is tried again meanwhile. End, on SIGTERM, SIGINT or SIGUSR1 (after which
// the routes are still in the kernel): the router leaves the network in order, the API stops, the lock goes with the
// process. A second signal ends at once.

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/api/listener.h"
#include "daemon/config/config.h"
#include "daemon/events/hooks.h"
#include "daemon/kernel_jobs.h"
#include "daemon/metrics/listener.h"
#include "daemon/reloader.h"
#include "daemon/router_place.h"
#include "daemon/telling/journal.h"
#include "net/link_monitor.h"
#include "rib/table_lock.h"

namespace wgospf::daemon {

/// Exit status.
inline constexpr int kFailed = 1;
inline constexpr int kWrongInput = 2;

struct ProcessOptions {
  std::string config_file = kDefaultConfigFile;
  bool is_auto = false;  ///< no file: what the machine has
  bool keep_routes = false;
  std::optional<Severity> log_level{};  ///< instead of the configuration's
  bool is_former = false;               ///< the file was not confirmed: what was in force before it runs
};

/// What the machine has, chosen as `--auto` does; the reasons are logged. What is wrong is told as errors of the file
/// that there is not.
[[nodiscard]] ConfigResult choose_config_now();

class Process {
 public:
  Process(ProcessOptions options, Config config) : options_(std::move(options)), config_(std::move(config)) {}

  /// The exit status.
  [[nodiscard]] int run();

 private:
  static int fail(const std::string& text);
  bool take_lock(const Config& config);
  /// Of the table for routes that stand apart, which goes with table main.
  bool take_lock_apart(const Config& config);
  void wait_for_the_whole_lock();
  bool open_api();
  /// The router id, and while there is nothing to make one of, the wait for it: an interface may come later,
  /// and a reload may bring one. nullopt when a signal ended the wait.
  std::optional<ChosenRouterId> wait_for_router_id(LinkMonitor& monitor);
  bool start(LinkMonitor monitor, ospf::RouterId router_id);
  /// Route changes and calculations come by the thousand: they are put in words only if anybody wants them.
  void log_event(const RouterEvent& event);
  /// What the journal is told beside the text.
  [[nodiscard]] JournalFields fields_of(const RouterEvent& event, const Notice& notice) const;
  [[nodiscard]] Severity level() const {
    return asked_level_.value_or(options_.log_level.value_or(config_.log_level));
  }
  /// By a client of the API.
  Severity change_level(std::optional<Severity> level);
  void take_signals();
  /// On the loop: when that hangs, the service manager hears nothing and starts another process.
  void feed_watchdog();
  void wait_for_signal();
  /// Of reloads: whoever sends signals without end fills no log.
  void tell(Severity severity, std::string text);
  /// A signal tells nobody but the log.
  void reload();
  [[nodiscard]] Reloader::Hooks reload_hooks();
  /// Before the router runs, the service manager has not been told of a start yet.
  void notify_of_reload(bool is_busy);
  /// LANs and uplinks come and go without anybody who would reload.
  void choose_again_later();
  /// While the daemon still waits for a router id: nothing runs yet, but the lock is held.
  std::vector<std::string> take_over_early(const Config& config);
  /// What in it can only be set at the start.
  [[nodiscard]] std::vector<std::string> obstacles(const Config& config) const;
  /// Why it is not taken over; empty when it is.
  std::vector<std::string> take_over(const Config& config);
  void stop(int signal);

  ProcessOptions options_;
  Config config_;
  boost::asio::io_context loop_{1};
  boost::asio::signal_set signals_{loop_};
  std::optional<rib::TableLock> lock_, lock_apart_;
  boost::asio::steady_timer lock_timer_{loop_}, choice_timer_{loop_};
  boost::asio::steady_timer watchdog_timer_{loop_};
  KernelJobs jobs_{loop_};
  RouterPlace place_{loop_};
  ApiListener api_{loop_, place_, [this](const std::string& problem) { place_.set_warning("api", problem); }};
  metrics::Listener metrics_{loop_, place_,
                             [this](const std::string& problem) { place_.set_warning("metrics", problem); }};
  events::Hooks hooks_{
      loop_,
      place_,
      {[this](const std::string& key, const std::string& text) { place_.set_warning(key, text); },
       [this](Severity severity, std::string text) {
         place_.notice(severity, "on_event", std::move(text));
       }}};
  Reloader reloader_{loop_, jobs_, reload_hooks()};
  std::optional<Severity> asked_level_{};  ///< by a client, instead of the options' and the configuration's
  bool stopping_ = false;
  bool is_api_to_open_ = false;  ///< a reload has moved it
  int exit_status_ = 0;
};

}  // namespace wgospf::daemon
