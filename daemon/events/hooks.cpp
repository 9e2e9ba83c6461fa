#include "daemon/events/hooks.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "daemon/api/watch_items.h"
#include "daemon/config/printable.h"
#include "daemon/telling/describe.h"
#include "daemon/telling/words.h"
#include "proto/json.h"

namespace wgospf::daemon::events {
namespace {

using Clock = std::chrono::steady_clock;

/// nullopt: of a kind that is not handed on, for it comes by the thousand.
std::optional<EventKind> event_kind(const RouterEvent& event) {
  const auto topic = api::topic_of(event);
  if (topic == v1::WATCH_TOPIC_NEIGHBORS) return EventKind::neighbor_state_change;
  if (topic == v1::WATCH_TOPIC_INTERFACES) return EventKind::interface_state_change;
  if (topic == v1::WATCH_TOPIC_NOTICES) return EventKind::notice;
  return std::nullopt;
}

struct Sender {
  std::string router_id, hostname, run;
};

std::string to_text(const Sender& sender, std::uint64_t left_out, const RouterEvent& event,
                    const api::NameMap& names) {
  v1::WatchItem item;
  api::ItemMaker(sender.run).make(event, names, item);
  json::Json line;
  line["router_id"] = sender.router_id;
  line["hostname"] = sender.hostname;
  line["left_out"] = left_out;
  line.update(json::watch_item(item));
  // What is no UTF-8 has been made printable; if anything is left of it, it does not end the thread.
  return line.dump(-1, ' ', false, json::Json::error_handler_t::replace);
}

}  // namespace

bool Allowance::take(Instant now) {
  constexpr std::chrono::nanoseconds kMost = std::chrono::minutes{1};
  if (filled_) left_ = std::min(kMost, left_ + (now - *filled_));
  filled_ = now;
  if (left_ < each_) return false;
  left_ -= each_;
  return true;
}

struct Hooks::Hook {
  Hook(const EventHook& of, std::string name, boost::asio::io_context& loop, HookWorker::Done done)
      : settings(of),
        key(std::move(name)),
        allowance(of.max_per_minute),
        timer(loop),
        worker(of, std::move(done)) {}

  const EventHook settings;
  const std::string key;  ///< of its warning
  Allowance allowance;
  std::uint64_t left_out = 0;   ///< since the last event that was handed on
  std::uint64_t uncounted = 0;  ///< left out, and not told yet
  boost::asio::steady_timer timer;
  bool is_counting = false;  ///< timer runs
  HookWorker worker;
};

Hooks::Hooks(boost::asio::io_context& loop, RouterView& router, Telling telling)
    : loop_(loop), router_(router), telling_(std::move(telling)) {}

Hooks::~Hooks() {
  *alive_ = false;
}

std::shared_ptr<Hooks::Hook> Hooks::make(const EventHook& settings) {
  const std::string key = fmt::format("on_event/{}", ++made_);
  return std::make_shared<Hook>(
      settings, key, loop_,
      [this, key, name = shortened(settings.target()), alive = alive_](HandedOn result) {
        boost::asio::post(loop_, [this, key, name, alive, result = std::move(result)] {
          if (!*alive) return;
          const auto is_there =
              std::any_of(hooks_.begin(), hooks_.end(), [&](const auto& hook) { return hook->key == key; });
          if (is_there) telling_.warn(key, result.problem);
          if (!result.output.empty())
            telling_.tell(Severity::info, fmt::format("on-event: {} says: {}", name, result.output));
        });
      });
}

void Hooks::configure(const std::vector<EventHook>& wanted) {
  std::vector<std::shared_ptr<Hook>> former = std::move(hooks_);
  hooks_.clear();
  for (const auto& settings : wanted) {
    const auto same = std::find_if(former.begin(), former.end(),
                                   [&](const auto& hook) { return hook && hook->settings == settings; });
    hooks_.push_back(same != former.end() ? std::move(*same) : make(settings));
  }
  for (const auto& hook : former)
    if (hook) telling_.warn(hook->key, {});
}

void Hooks::attach() {
  (void)router_.subscribe([this, alive = alive_](const RouterEvent& event) {
    if (*alive) take(event);
  });
}

void Hooks::take(const RouterEvent& event) {
  if (hooks_.empty()) return;
  const auto kind = event_kind(event);
  if (!kind) return;
  for (const auto& hook : hooks_) {
    const auto& settings = hook->settings;
    if (!settings.has(*kind)) continue;
    if (*kind == EventKind::notice && kind_of(event).severity < settings.min_severity) continue;
    hand_on(hook, event);
  }
}

void Hooks::hand_on(const std::shared_ptr<Hook>& hook, const RouterEvent& event) {
  if (!hook->allowance.take(Clock::now())) return leave_out(hook);
  const auto own = router_.protocol().router_id();
  const auto names = api::names_in(router_, event, {});
  auto hostname = api::hostname_in(names, own);
  const Sender sender{own.to_string(), hostname.empty() ? printable(router_.facts().hostname) : hostname,
                      router_.facts().run};
  const bool is_taken = hook->worker.add(
      [sender, left_out = hook->left_out, event, names] { return to_text(sender, left_out, event, names); });
  if (!is_taken) return leave_out(hook);
  hook->left_out = 0;
}

void Hooks::leave_out(const std::shared_ptr<Hook>& hook) {
  ++hook->left_out;
  ++hook->uncounted;
  if (std::exchange(hook->is_counting, true)) return;
  hook->timer.expires_after(kCount);
  hook->timer.async_wait(
      [this, weak = std::weak_ptr<Hook>(hook), alive = alive_](const boost::system::error_code& error) {
        const auto still = weak.lock();
        if (!error && *alive && still) count_left_out(*still);
      });
}

void Hooks::count_left_out(Hook& hook) {
  hook.is_counting = false;
  telling_.tell(
      Severity::warning,
      fmt::format(
          "on-event: {} events were not handed to {} within {} s: more than \"max-per-minute\" ({}), or "
          "than it does in time",
          std::exchange(hook.uncounted, 0), shortened(hook.settings.target()), kCount.count(),
          hook.settings.max_per_minute));
}

void Hooks::finish(std::chrono::steady_clock::time_point deadline) {
  for (const auto& hook : hooks_) hook->worker.finish(deadline);
  hooks_.clear();
}

}  // namespace wgospf::daemon::events
