#pragma once
// `on-event`: what happens is handed to the operator's commands and URLs, each event as a line of JSON as `wgospfctl
// watch --json` has it, with the router's id and name before it and how many were left out since the last one. Here, on
// the strand, it is chosen what is handed on, and how much; the work is the workers'.
//
// Nothing that is told about a hook is handed to a hook: those messages are the process's own, which the router's
// listeners do not hear.

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/event_hook.h"
#include "daemon/events/hook_worker.h"
#include "daemon/router_view.h"

namespace wgospf::daemon::events {

/// So many events a minute, as many at once. Pure: the time is an argument.
class Allowance {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  explicit Allowance(std::uint32_t per_minute)
      : each_(std::chrono::nanoseconds{std::chrono::minutes{1}} / per_minute) {}
  [[nodiscard]] bool take(Instant now);

 private:
  const std::chrono::nanoseconds each_;                      ///< that one costs
  std::chrono::nanoseconds left_ = std::chrono::minutes{1};  ///< at most a minute
  std::optional<Instant> filled_;
};

class Hooks {
 public:
  /// A condition that lasts, by its key; empty when it is over. On the loop.
  using Warn = std::function<void(const std::string& key, const std::string& text)>;
  using Tell = std::function<void(Severity severity, std::string text)>;
  struct Telling {
    Warn warn;
    Tell tell;
  };
  /// What is left out is told so long after the first of it.
  static constexpr std::chrono::seconds kCount{60};

  /// On `loop`, which runs the strand; all must outlive it.
  Hooks(boost::asio::io_context& loop, RouterView& router, Telling telling);
  ~Hooks();
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  /// These from now on. One that is the same as before goes on undisturbed.
  void configure(const std::vector<EventHook>& hooks);
  /// The router is there: its events are heard.
  void attach();
  /// The end: what is under way may end itself, until the deadline.
  void finish(std::chrono::steady_clock::time_point deadline);

 private:
  struct Hook;
  void take(const RouterEvent& event);
  void hand_on(const std::shared_ptr<Hook>& hook, const RouterEvent& event);
  void leave_out(const std::shared_ptr<Hook>& hook);
  void count_left_out(Hook& hook);
  [[nodiscard]] std::shared_ptr<Hook> make(const EventHook& settings);

  boost::asio::io_context& loop_;
  RouterView& router_;
  const Telling telling_;
  std::vector<std::shared_ptr<Hook>> hooks_;
  std::uint64_t made_ = 0;  ///< hooks so far
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon::events
