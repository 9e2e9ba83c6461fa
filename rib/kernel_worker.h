#pragma once
// What runs on the kernel thread: an inbox that anyone may put into, and one loop that owns the sockets, the
// links, other programs' routes, and the reconciler of each table.
//
// Each turn of the loop takes what has come in, then what the kernel has notified, then does at most one
// reading, then lets the kernel execute at most one batch of each table, then reports. So a lost neighbour
// waits for a few batches, never for a table of routes. Between turns the loop sleeps only when no table has
// anything to do before its time.
//
// When notifications were lost the socket for them is left alone until a new one takes its place, at most one
// a second: what was queued goes with the old one unread, and the new one is there before all is read again.
//
// Links have a socket of their own (net/link_monitor.h), so that no burst of routes can drown what is said of
// them. It is read after the other one and acted upon first: the kernel tells of a link that goes down before it
// tells of the next hops that went with it.

#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <variant>
#include <vector>

#include "rib/foreign_routes.h"
#include "rib/kernel_thread.h"
#include "rib/readings.h"
#include "rib/rule_keeper.h"
#include "rib/socket.h"
#include "rib/table_reconciler.h"

namespace wgospf::rib {

class KernelWorker {
 public:
  struct Attach {
    TableReconciler::Setup setup{};
    std::promise<std::optional<Error>> done{};
  };
  struct ForTable {
    std::uint32_t id = 0;
    TableCommand command{};
  };
  struct End {};
  using Command = std::variant<Attach, ForTable, RedistributionWatch, WantedRules, End>;

  /// Sockets open, links read, thread not started.
  [[nodiscard]] static Result<std::shared_ptr<KernelWorker>> create(KernelConfig config, Callback callback,
                                                                    LinkListener links);
  ~KernelWorker();
  KernelWorker(const KernelWorker&) = delete;
  KernelWorker& operator=(const KernelWorker&) = delete;

  void start();
  /// Nobody takes it after the end: promises in it are broken then.
  void post(Command command);
  /// Waits for the thread; an End must have been posted.
  void join();
  [[nodiscard]] const KernelConfig& config() const { return config_; }
  /// Of a table to be attached.
  [[nodiscard]] std::uint32_t new_id();

 private:
  struct Sockets {
    RouteSocket requests, events;
    int wake = -1;
  };
  KernelWorker(KernelConfig config, Callback callback, LinkListener links, Sockets sockets);
  void run();
  void sleep();
  [[nodiscard]] std::optional<Instant> wake_time() const;
  [[nodiscard]] bool work();
  void report();

  void take_commands();
  void take(Attach& command);
  void take(ForTable& command);
  void take(RedistributionWatch& command);
  void take(WantedRules& command) { rules_.want(std::move(command), kernel_.now); }
  void take(End&);

  RouteSocket::Drained take_notifications();
  /// All that there are; very many count as lost.
  void take_older_notifications();
  void notifications_lost();
  void note_overrun();
  void heard(const Message& message);
  void take_link_notifications();
  void tell_links(Result<LinkEvents> events);
  void heard_of_link(const LinkEvent& event);
  void set_link(std::uint32_t ifindex, const LinkFlags& flags);
  void forget_link(std::uint32_t ifindex);
  void want_foreign(Instant earliest);

  void plan_readings();
  void read_one();
  [[nodiscard]] std::optional<Error> listen_again();
  [[nodiscard]] std::optional<Error> read_links();
  [[nodiscard]] std::optional<Error> read_foreign();

  [[nodiscard]] static Result<RouteSocket> open_events(std::uint32_t requests_port,
                                                       const std::set<std::uint32_t>& tables);
  /// Tables whose routes are of interest.
  [[nodiscard]] std::set<std::uint32_t> tables() const;
  [[nodiscard]] std::optional<Error> filter_events();
  [[nodiscard]] std::optional<IdsLock> take_range(std::uint32_t first_id) const;

  const KernelConfig config_;
  const Callback callback_;
  const int wake_;

  std::mutex inbox_mutex_;
  std::vector<Command> inbox_;
  bool has_ended_ = false;  // under the same mutex
  std::uint32_t last_id_ = 0;

  // The thread's own.
  Kernel kernel_;
  RouteSocket events_;
  LinkListener listener_;
  std::string link_trouble_;  // as told last
  Instant links_read_{};
  std::vector<std::unique_ptr<TableReconciler>> tables_;
  ForeignRoutes foreign_;
  RuleKeeper rules_;
  RedistributionWatch watch_;
  Reports reports_;
  bool ends_ = false;
  Readings readings_;  // of links and their like; those of foreign routes, which may be many, come last
  Readings::Index listen_;
  Readings::Index links_;
  Readings foreign_readings_;
  Readings::Index foreign_reading_;
  bool is_deaf_ = false;  // notifications were lost, and are not heard until they are listened to again
  bool announce_complete_ = true;
  Instant listened_{};
  Instant foreign_read_{};
  std::thread thread_;
};

}  // namespace wgospf::rib
