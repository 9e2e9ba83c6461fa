#pragma once
// The rib thread: an inbox that anyone may put into, and one loop that owns the reconciler and the sockets.
//
// Each turn of the loop takes what has come in, then what the kernel has notified, then lets the kernel
// execute at most one batch, then reports. So a lost neighbour waits for one batch, never for a table of
// routes. Between turns the loop sleeps only when the reconciler has nothing to do before its deadline.

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include "rib/foreign_routes.h"
#include "rib/kernel.h"
#include "rib/reconciler.h"
#include "rib/socket.h"
#include "rib/table_lookup.h"

namespace wgospf::rib {

class RibThread::Worker {
 public:
  struct LinkHint {};
  struct Connected {
    std::vector<IpPrefix> prefixes{};
  };
  struct Claim {};
  struct Stop {
    OnStop on_stop = OnStop::keep_routes;
  };
  using Command = std::variant<Batch, LinkHint, Connected, Claim, RedistributionWatch, Stop>;

  /// Sockets open, kernel state read, thread not started.
  [[nodiscard]] static Result<std::unique_ptr<Worker>> create(Config config, Callback callback);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();
  void post(Command command);
  /// Waits for the thread; a Stop must have been posted.
  void join();
  [[nodiscard]] Counters counters() const;

 private:
  struct Sockets {
    NetlinkSocket requests;
    NetlinkSocket events;
    int wake = -1;
  };
  Worker(Config config, Callback callback, Sockets sockets);

  void run();
  [[nodiscard]] bool stopped();
  void sleep();
  [[nodiscard]] std::optional<Instant> wake_time() const;
  void take_commands();
  void take(Batch& command) { reconciler_.apply(command); }
  void take(LinkHint&) { links_due_ = Instant{}; }
  void take(Connected& command) { reconciler_.set_connected(command.prefixes); }
  void take(Claim&) { reconciler_.claim(); }
  void take(RedistributionWatch& command);
  void take(Stop& command);

  void take_notifications();
  void heard(const RouteMessage& message);
  void heard(const NexthopMessage& message);
  void heard(const LinkMessage& message);
  void heard(const AddressMessage& message);
  void heard(const RuleMessage& message);
  void heard_of_slot(const RouteMessage& message);
  void want_slots();
  void set_link(std::uint32_t ifindex, std::uint32_t flags);

  void read_what_is_due();
  [[nodiscard]] std::optional<Error> read_links();
  [[nodiscard]] std::optional<Error> read_ours();
  [[nodiscard]] std::optional<Error> read_slots(KernelState& state);
  [[nodiscard]] std::optional<Error> read_foreign();
  [[nodiscard]] std::optional<Error> read_rules();
  /// After a failed reading; told once until one succeeds.
  void reading_failed(const Error& error);
  bool work();
  void report();
  void publish();
  [[nodiscard]] bool keeps(Family family) const;
  [[nodiscard]] bool in_our_slot(const RouteMessage& message) const;

  const Config config_;
  const RouteContext context_;
  const Callback callback_;
  Sockets sockets_;

  std::mutex inbox_mutex_;
  std::vector<Command> inbox_;

  // The thread's own.
  Reconciler reconciler_;
  ForeignRoutes foreign_;
  TableLookup lookup_;
  std::map<std::uint32_t, bool> links_;  // ifindex -> usable
  std::size_t batch_;                    // operations at a time, fewer after answers were lost
  Reports reports_;
  Counters tally_;
  std::optional<Stop> stop_;
  std::optional<Instant> blocked_due_;  // foreign routes may have left without a word
  std::optional<Instant> links_due_;
  std::optional<Instant> ours_due_;
  std::optional<Instant> foreign_due_;
  std::optional<Instant> rules_due_;
  /// No reading before this time: the last one failed, and what asks for it may lie in the past.
  Instant not_before_{};
  bool slots_wanted_ = true;
  bool announce_complete_ = true;
  Instant ours_read_{};
  Instant foreign_read_{};
  std::optional<bool> table_reachable_;  // as last told
  Instant now_{};
  std::string reading_error_;

  mutable std::mutex counters_mutex_;
  Counters counters_;
  std::thread thread_;
};

}  // namespace wgospf::rib
