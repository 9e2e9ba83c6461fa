#include "daemon/events/hook_worker.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "daemon/config/printable.h"
#include "daemon/events/command.h"
#include "daemon/events/post.h"

namespace wgospf::daemon::events {
namespace {

/// What is wrong with the end, for a warning that stays the same while it lasts; empty when nothing is.
std::string problem_of(const EventHook& hook, const CommandEnd& end) {
  using Kind = CommandEnd::Kind;
  const auto name = shortened(hook.command.front());
  if (end.kind == Kind::not_run)
    return fmt::format(
        "on-event: {} cannot be run, so that nothing is done about events (it cannot {}: {}); make it an "
        "executable file that begins with #! and its interpreter, or correct \"command\"",
        name, end.step, std::strerror(end.value));
  if (end.kind == Kind::timed_out)
    return fmt::format(
        "on-event: {} had not ended after {} s and was killed; have it do less, or raise \"time-limit\"",
        name, hook.time_limit);
  if (end.kind == Kind::signalled)
    return fmt::format("on-event: {} was ended by signal {}; what it has printed is in the log", name,
                       end.value);
  if (end.kind == Kind::exited && end.value != 0)
    return fmt::format("on-event: {} fails with status {}; what it has printed is in the log", name,
                       end.value);
  return {};
}

}  // namespace

struct HookWorker::Impl {
  Impl(EventHook of, Done then) : hook(std::move(of)), done(std::move(then)) {}

  void run();
  [[nodiscard]] HandedOn hand_on(std::string text);

  const EventHook hook;
  const Done done;
  const int stop = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  boost::asio::io_context io{1};
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Make> waiting;
  bool is_busy = false, is_stopping = false;
  std::thread thread;
};

HandedOn HookWorker::Impl::hand_on(std::string text) {
  const std::chrono::seconds time{hook.time_limit};
  if (!hook.url.empty()) {
    io.restart();
    {
      // A stop before the restart would be lost.
      const std::scoped_lock lock(mutex);
      if (is_stopping) return {};
    }
    auto problem = post_event(io, hook.url, std::move(text), time);
    if (problem.empty()) return {};
    return {fmt::format("on-event: {} {}; events are lost meanwhile", shortened(hook.url), problem), {}};
  }
  text += '\n';
  auto end = run_command(hook.command, text, {time}, stop);
  HandedOn result{problem_of(hook, end), std::move(end.output)};
  if (end.is_cut) result.output += "\n(and more)";
  return result;
}

void HookWorker::Impl::run() {
  std::unique_lock lock(mutex);
  while (true) {
    changed.wait(lock, [this] { return is_stopping || !waiting.empty(); });
    if (is_stopping) return;
    const auto make = std::move(waiting.front());
    waiting.pop_front();
    is_busy = true;
    lock.unlock();
    auto result = hand_on(make());
    done(std::move(result));
    lock.lock();
    is_busy = false;
    changed.notify_all();
  }
}

HookWorker::HookWorker(EventHook hook, Done done)
    : impl_(std::make_unique<Impl>(std::move(hook), std::move(done))) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

HookWorker::~HookWorker() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->is_stopping = true;
    impl_->waiting.clear();
    impl_->io.stop();
  }
  impl_->changed.notify_all();
  const std::uint64_t one = 1;
  (void)!::write(impl_->stop, &one, sizeof one);
  impl_->thread.join();
  ::close(impl_->stop);
}

bool HookWorker::add(Make make) {
  {
    const std::scoped_lock lock(impl_->mutex);
    if (impl_->waiting.size() >= kWaiting) return false;
    impl_->waiting.push_back(std::move(make));
  }
  impl_->changed.notify_all();
  return true;
}

void HookWorker::finish(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(impl_->mutex);
  (void)impl_->changed.wait_until(lock, deadline,
                                  [this] { return impl_->waiting.empty() && !impl_->is_busy; });
}

}  // namespace wgospf::daemon::events
