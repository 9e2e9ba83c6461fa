#pragma once
// The thread that drives the table of sessions: sockets, a timer, and nothing else, so that no route change, API call
// or log can hold up a packet or a detection time. It asks the kernel for real-time scheduling and goes on without
// where that is refused. What is to be done comes by a mailbox, what has happened goes out by a callback.
//
// Sockets belong to the network namespace of the thread that calls start(). Of the descriptors that the process may have
// it leaves some to everybody else, however many sessions are wanted; a session without a socket says why, and gets one
// as soon as there is one.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bfd/table.h"
#include "net/result.h"

namespace wgospf::bfd {

struct EngineWanted {
  Wanted session{};
  std::string device{};  ///< what the kernel calls the interface of the session's place
  bool operator==(const EngineWanted&) const = default;
};

struct EngineSession {
  SessionView session{};
  std::string device{};
  std::string trouble{};  ///< why it cannot send or hear; empty when it can
};

/// Of so many descriptors that a process may have, those that BFD's sockets may be.
[[nodiscard]] std::size_t sockets_most(std::uint64_t descriptors);

/// All that there is to see, of one moment.
struct EngineView {
  std::vector<EngineSession> sessions{};
  std::array<std::uint64_t, kDiscards> discards{};
  bool is_real_time = false;
  std::string scheduling{};  ///< why it is not; empty when it is
};

struct EngineReport {
  std::vector<Change> changes{};  ///< in the order in which they happened
  std::shared_ptr<const EngineView> view{};
};

class Engine {
 public:
  /// Called on its thread: after each change, and every second while there are sessions.
  using Callback = std::function<void(EngineReport)>;

  /// Errors: the kernel gives no descriptors for the thread's own use.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> start(Callback callback);
  /// Sessions say that they are administratively down.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// The sessions that are wanted from now on. Any thread; returns at once.
  void follow(std::vector<EngineWanted> wanted);

 private:
  class Worker;
  explicit Engine(std::unique_ptr<Worker> worker);
  std::unique_ptr<Worker> worker_;
};

}  // namespace wgospf::bfd
