#pragma once
// What does the work of one entry of `on-event`, on a thread of its own: one event after the other, in their order.
// What comes faster than it is done waits, up to a limit; more than that is for the caller to count.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "daemon/config/event_hook.h"

namespace wgospf::daemon::events {

/// What became of an event.
struct HandedOn {
  std::string problem{};  ///< why it did not get there, with the cure; empty when it did
  std::string output{};   ///< what the command has printed
};

class HookWorker {
 public:
  /// Makes the text of an event; on the thread.
  using Make = std::function<std::string()>;
  /// Called on the thread.
  using Done = std::function<void(HandedOn)>;
  static constexpr std::size_t kWaiting = 64;

  HookWorker(EventHook hook, Done done);
  /// What is under way is ended, and what waits is dropped.
  ~HookWorker();
  HookWorker(const HookWorker&) = delete;
  HookWorker& operator=(const HookWorker&) = delete;

  /// False: kWaiting are waiting already.
  [[nodiscard]] bool add(Make make);
  /// Waits until all is done, but not beyond the deadline.
  void finish(std::chrono::steady_clock::time_point deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wgospf::daemon::events
