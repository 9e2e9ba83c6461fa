#pragma once
// One table of a KernelThread: a reconciler, the routes of others that come before ours, whether rules look
// the table up, and what is read of the kernel for them. It lives on the kernel thread.

#include <cstddef>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/links.h"
#include "rib/former_runs.h"
#include "rib/kernel_thread.h"
#include "rib/readings.h"
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

/// Where whoever asks from another thread finds a table's counters.
struct Table::Published {
  mutable std::mutex mutex;
  Counters counters;
};

/// What the tables of a thread have in common.
struct Kernel {
  explicit Kernel(RouteSocket socket) : requests(std::move(socket)) {}
  RouteSocket requests;
  Instant now{};
  std::uint64_t overruns = 0;
  std::map<std::uint32_t, bool> links{};          ///< ifindex -> usable
  std::map<std::uint32_t, std::uint32_t> vrfs{};  ///< ifindex -> table
  /// What was notified during a reading is older than any work that follows from it, and is taken first: read
  /// later it would undo what is known of that work.
  std::function<void()> take_older_notifications{};
  FormerRuns::TakeRange take_range{};
};

// What may be asked of a table.
struct Opened {
  Gate gate = 0;
};
struct Usable {
  Tag tag = 0;
  bool usable = true;
};
struct Connected {
  std::vector<IpPrefix> prefixes{};
};
struct Claim {};
struct Stop {
  OnStop on_stop = OnStop::keep_routes;
};
/// Its owner waits until there are no reports any more.
struct LetGo {
  std::promise<void> done{};
};
using TableCommand = std::variant<Batch, Opened, Usable, Connected, Claim, Stop, LetGo>;

class TableReconciler {
 public:
  struct Setup {
    std::uint32_t id = 0;
    TableConfig config{};
    Callback callback{};
    std::shared_ptr<Table::Published> published{};
    std::size_t batch = 256;
    std::chrono::seconds audit_interval{};
  };
  TableReconciler(Kernel& kernel, Setup setup);
  TableReconciler(const TableReconciler&) = delete;
  TableReconciler& operator=(const TableReconciler&) = delete;

  /// Reads everything for the first time; notifications are being collected already.
  [[nodiscard]] std::optional<Error> begin();
  void take(TableCommand& command);

  [[nodiscard]] std::uint32_t id() const { return setup_.id; }
  [[nodiscard]] const RouteContext& context() const { return context_; }
  /// Nothing is done, heard or told any more.
  [[nodiscard]] bool has_ended() const { return ended_; }
  [[nodiscard]] bool is_let_go() const { return ended_ && let_go_; }

  void heard(const Message& message);
  void heard(const LinkEvent& event);
  /// What was heard of links, as the thread understands it.
  void set_link(std::uint32_t ifindex, bool usable);
  void forget_link(std::uint32_t ifindex);
  /// After some have been heard.
  void apply_rivals();
  /// Notifications were lost.
  void read_everything_again();

  /// Before `read_one` and before sleeping: what has come to want a reading.
  void plan_readings();
  /// One reading that is due, if any; false when none was.
  [[nodiscard]] bool read_one();
  /// At most one batch; false when there is nothing to do now.
  [[nodiscard]] bool work();
  void report();
  /// When there is something to do without being asked.
  [[nodiscard]] std::optional<Instant> wake_time() const;
  [[nodiscard]] bool has_more_reports() const { return reconciler_.has_more_reports(); }

 private:
  void take_as(Batch& command) { reconciler_.apply(command); }
  void take_as(Opened& command) { reconciler_.open_gate(command.gate); }
  void take_as(Usable& command) { reconciler_.set_usable(command.tag, command.usable); }
  void take_as(Connected& command) { reconciler_.set_connected(command.prefixes); }
  void take_as(Claim&) { reconciler_.claim(); }
  void take_as(Stop& command);
  void take_as(LetGo& command);
  void end();

  void heard_as(const RouteMessage& message);
  void heard_as(const NexthopMessage& message);
  void heard_as(const RuleMessage& message);
  void heard_of_lost_address(const IpAddress& address);
  void heard_of_slot(const RouteMessage& message, bool is_ours, bool slot_is_shared);
  /// Other programs' routes may have left, or be used otherwise, without a word.
  void want_rivals();
  [[nodiscard]] bool keeps(Family family) const;

  // table_reading.cpp
  [[nodiscard]] std::optional<Error> read_ours();
  [[nodiscard]] std::optional<Error> read_rivals();
  [[nodiscard]] std::optional<Error> read_rules();

  void execute(const std::vector<Operation>& operations);
  [[nodiscard]] bool remove_former_runs();
  void publish();

  Kernel& kernel_;
  const Setup setup_;
  const RouteContext context_;
  RivalRoutes rivals_;
  Reconciler reconciler_;  // asks rivals_
  TableLookup lookup_;
  FormerRuns former_runs_;
  std::size_t batch_;  // operations at a time, fewer after answers were lost
  Reports reports_;
  Counters tally_;
  std::optional<Stop> stop_;
  bool ended_ = false;
  std::optional<std::promise<void>> let_go_;

  Readings readings_;
  Readings::Index ours_;
  Readings::Index rivals_reading_;
  Readings::Index rules_;
  std::optional<Instant> blocked_due_;  // foreign routes may have left without a word
  Instant ours_read_{};
  Instant rivals_read_{};
  Instant rivals_earliest_{};            // no reading of the whole table before
  std::optional<bool> table_reachable_;  // as last told
  std::uint32_t drift_sender_ = 0;       // of the last change that was drift
};

}  // namespace wgospf::rib
