#pragma once
// The rib thread: an inbox that anyone may put into, and one loop that owns the reconciler and the sockets.
//
// Each turn of the loop takes what has come in, then what the kernel has notified, then lets the kernel
// execute at most one batch, then reports. So a lost neighbour waits for one batch, never for a table of
// routes. Between turns the loop sleeps only when the reconciler has nothing to do before its deadline.
//
// When notifications were lost the socket for them is left alone until a new one takes its place, at most one
// a second: what was queued goes with the old one unread, and the new one is there before all is read again.
// Each turn does one reading at most, so the thread's own work goes on between them.

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "rib/foreign_routes.h"
#include "rib/kernel.h"
#include "rib/leftovers.h"
#include "rib/reconciler.h"
#include "rib/rivals.h"
#include "rib/socket.h"
#include "rib/table_lookup.h"

namespace wgospf::rib {

/// Readings of the whole state that errors ask for are at least this far apart.
inline constexpr std::chrono::milliseconds kBetweenResyncs{1000};
/// After an address or link has gone the kernel may still be taking routes with it when its notification is
/// read.
inline constexpr std::chrono::milliseconds kSettleTime{50};

inline void sooner(std::optional<Instant>& due, Instant when) {
  if (!due || when < *due) due = when;
}

class RibThread::Worker {
 public:
  struct Connected {
    std::vector<IpPrefix> prefixes{};
  };
  struct Opened {
    Gate gate = 0;
  };
  struct Usable {
    Tag tag = 0;
    bool usable = true;
  };
  struct Claim {};
  struct Stop {
    OnStop on_stop = OnStop::keep_routes;
  };
  using Command = std::variant<Batch, Opened, Usable, Connected, Claim, RedistributionWatch, Stop>;

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
  void take(Opened& command) { reconciler_.open_gate(command.gate); }
  void take(Usable& command) { reconciler_.set_usable(command.tag, command.usable); }
  void take(Connected& command) { reconciler_.set_connected(command.prefixes); }
  void take(Claim&) { reconciler_.claim(); }
  void take(RedistributionWatch& command);
  void take(Stop& command);

  NetlinkSocket::Drained take_notifications();
  /// All that there are; very many count as lost.
  void take_older_notifications();
  void heard(const RouteMessage& message);
  void heard(const NexthopMessage& message);
  void heard(const LinkMessage& message);
  void heard(const AddressMessage& message);
  void heard(const RuleMessage& message);
  void heard_of_slot(const RouteMessage& message, bool is_ours, bool slot_is_shared);
  void set_link(std::uint32_t ifindex, std::uint32_t flags);
  void forget_link(std::uint32_t ifindex);
  void apply_rivals();
  /// Other programs' routes may have left, or be used otherwise, without a word.
  void want_rivals();
  void notifications_lost();
  [[nodiscard]] static Result<NetlinkSocket> open_events(std::uint32_t requests_port,
                                                         const std::set<std::uint32_t>& tables);
  /// Tables whose routes are of interest.
  [[nodiscard]] std::set<std::uint32_t> tables() const;

  void read_what_is_due();
  void plan_readings();
  [[nodiscard]] std::optional<Error> listen_again();
  [[nodiscard]] std::optional<Error> read_links();
  [[nodiscard]] std::optional<Error> read_ours();
  [[nodiscard]] std::optional<Error> read_rivals();
  /// What former runs left that `read_ours` does not look at: once, at the start.
  [[nodiscard]] std::optional<Error> read_former_runs();
  /// After the claim, a batch at a time; true while there may be more.
  bool remove_former_runs();
  [[nodiscard]] std::optional<Error> read_foreign();
  [[nodiscard]] std::optional<Error> read_rules();
  /// After a failed reading; told once until one succeeds.
  void reading_failed(const Error& error);
  bool work();
  void report();
  void publish();
  [[nodiscard]] bool keeps(Family family) const;

  const Config config_;
  const RouteContext context_;
  const Callback callback_;
  Sockets sockets_;

  std::mutex inbox_mutex_;
  std::vector<Command> inbox_;

  // The thread's own.
  ForeignRoutes foreign_;
  RedistributionWatch watch_;
  RivalRoutes rivals_;
  Reconciler reconciler_;  // asks rivals_
  TableLookup lookup_;
  /// Routes of a former run through ids of ours, in other tables or with other metrics.
  std::map<TableMetric, std::vector<DeleteRoute>> stray_routes_;
  std::size_t stray_removed_ = 0;
  std::map<std::uint32_t, Leftovers> other_ranges_;  // of other tables, by their first id
  std::map<std::uint32_t, bool> links_;              // ifindex -> usable
  std::size_t batch_;                                // operations at a time, fewer after answers were lost
  Reports reports_;
  Counters tally_;
  std::optional<Stop> stop_;
  std::optional<Instant> blocked_due_;  // foreign routes may have left without a word
  std::optional<Instant> listen_due_;   // notifications were lost, and are not heard until then
  std::optional<Instant> links_due_;
  std::optional<Instant> ours_due_;
  std::optional<Instant> rivals_due_;
  std::optional<Instant> foreign_due_;
  std::optional<Instant> rules_due_;
  /// No reading before this time: the last one failed, and what asks for it may lie in the past.
  Instant not_before_{};
  bool announce_complete_ = true;
  Instant listened_{};
  Instant ours_read_{};
  Instant rivals_read_{};
  Instant rivals_earliest_{};  // no reading of the whole table before
  Instant foreign_read_{};
  std::optional<bool> table_reachable_;  // as last told
  Instant now_{};
  std::uint32_t drift_sender_ = 0;  // of the last change that was drift
  std::string reading_error_;

  mutable std::mutex counters_mutex_;
  Counters counters_;
  std::thread thread_;
};

}  // namespace wgospf::rib
