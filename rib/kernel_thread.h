#pragma once
// The thread that keeps the kernel's routes as routing protocols want them: any number of tables, each with
// its own metric, families and next hop ids.
//
// It has netlink sockets of its own, since one message may block for tens of milliseconds and hellos must not
// wait for that. Calls return at once, but for `attach`; results arrive as reports on the kernel thread,
// which the daemon posts to its own. The sockets belong to the network namespace of the thread that calls
// `start`.
//
// It is the one that hears of links, for a link that goes takes routes with it, and must be known to have gone
// before these are repaired. Whoever else wants to know of links is told by it.
//
//   KernelThread::start     opens the sockets and reads which links there are
//   attach                  reads what a former run left in a table (adopted: it stays untouched until
//   `claim`) submit, set_connected   what is wanted; merged while the kernel is busy, the last word wins
//   open, set_usable        what waited may go; what cannot be used goes at once
//   claim                   adopted routes are replaced in place, those that nobody wants are deleted
//   flush_and_stop          ends with the report Stopped; the destructor waits for it

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/link_monitor.h"
#include "net/result.h"
#include "rib/desired.h"
#include "rib/operation.h"
#include "rib/policy_rule.h"
#include "rib/report.h"

namespace wgospf::rib {

/// What all tables share.
struct KernelConfig {
  RedistributionWatch watch{};
  std::string lock_directory{};              ///< Where other tables' daemons have their locks (TableLock)
  std::size_t batch = 256;                   ///< Messages for one system call, 1 to 1024
  std::chrono::seconds audit_interval{300};  ///< The kernel's state is read again this often; 0 never
};

struct TableConfig {
  std::uint32_t table = 254;
  std::uint32_t metric = 110;                  ///< RTA_PRIORITY of all our routes
  std::optional<IdRange> ids{};                ///< default_id_range(table) if not given
  std::vector<Family> families{Family::ipv4};  ///< Families whose routes are read, kept and watched
};

enum class OnStop : std::uint8_t { remove_routes, keep_routes };

/// Called on the kernel thread, with at least one report; must not call back into a destructor.
using Callback = std::function<void(Reports)>;

/// What is heard of links.
struct LinkNews {
  LinkEvents events{};
  /// Why links cannot be followed at present, or "" when they can again; nullopt: as before.
  std::optional<std::string> trouble{};
};
/// The monitor is the thread's from now on. `heard` has everything that it does not know yet, in order, called on the
/// kernel thread after the tables have been told.
struct LinkListener {
  LinkMonitor monitor;
  std::function<void(LinkNews)> heard{};
};

class KernelWorker;

/// A table that a KernelThread keeps.
class Table {
 public:
  struct Published;
  Table(std::shared_ptr<KernelWorker> worker, std::uint32_t id, std::shared_ptr<Published> published);
  /// Lets the table go, keeping its routes unless flush_and_stop was called before. There are no reports
  /// after it.
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  void submit(Batch batch);
  /// Sets that wait for this gate need not wait any more. Submit first what names it.
  void open(Gate gate);
  /// Members with this tag are left out of their sets, or take part again: at once, whatever the sets'
  /// prefixes. A set none of whose members can be used stays as it is. The tag is remembered until it is
  /// usable again.
  void set_usable(Tag tag, bool usable);
  /// All prefixes that are locally connected: none of them is installed.
  void set_connected(std::vector<IpPrefix> prefixes);
  /// Call when every interface with a neighbour has reached Full and routes have been calculated, or the dead
  /// interval plus one second has passed. Harmless when nothing was adopted or when repeated.
  void claim();
  /// Removes everything of ours (or leaves it for a next run), then reports Stopped.
  void flush_and_stop(OnStop on_stop);

  [[nodiscard]] Counters counters() const;

 private:
  std::shared_ptr<KernelWorker> worker_;
  std::uint32_t id_;
  std::shared_ptr<Published> published_;
};

class KernelThread {
 public:
  /// `callback` has the reports that are of no table: Overrun, those about foreign routes, and those about rules.
  [[nodiscard]] static Result<std::unique_ptr<KernelThread>> start(KernelConfig config, Callback callback,
                                                                   LinkListener links);
  /// For who wants to hear of no link.
  [[nodiscard]] static Result<std::unique_ptr<KernelThread>> start(KernelConfig config, Callback callback);
  /// Ends the thread, as if all tables had been let go.
  ~KernelThread();
  KernelThread(const KernelThread&) = delete;
  KernelThread& operator=(const KernelThread&) = delete;

  /// Reads the table's state before it returns, so an error is known at once. `callback` has its reports.
  [[nodiscard]] Result<std::unique_ptr<Table>> attach(TableConfig config, Callback callback);
  /// Other foreign routes are wanted from now on; differences are reported, then ForeignRoutesComplete.
  void watch(RedistributionWatch watch);
  /// Our routing policy rules are to be these; until the first call what a former run left stays. Answered by
  /// RulesStand, to the callback of `start`.
  void set_rules(WantedRules rules);

 private:
  explicit KernelThread(std::shared_ptr<KernelWorker> worker) : worker_(std::move(worker)) {}
  std::shared_ptr<KernelWorker> worker_;
};

}  // namespace wgospf::rib
