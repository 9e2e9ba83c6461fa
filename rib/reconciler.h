#pragma once
// The reconciler: what is wanted and what the kernel is known to hold go in, the next operations come out.
//
// It is pure: no netlink, no clock, no thread. It compares levels, it does not replay events: each object
// (next hop, set, route) that may differ from the kernel stands in a queue, and when its turn comes what is
// wanted *now* is compared with what is known *now*. So changes made while the kernel was busy merge, and the
// last one wins.
//
// Operations come in phases, and a phase starts only when those before it have nothing left:
//   1. next hop objects added      2. groups added or replaced      3. routes added or replaced
//   4. routes removed              5. groups removed                6. next hop objects removed
// The queue is worked off from demand: a route asks for its set's group, a group for its members' objects;
// what becomes available wakes those that wait. A failed object leaves the queue until its retry, so it
// blocks nobody: a group is built of the members that exist, and a route whose set has failed keeps the path
// it has.
//
// Invariants
//   - every route goes through a group, even of one member, since the kernel cannot turn one into the other;
//   - a lost neighbour is one SetChanged: one group replaced and one object deleted, whatever the prefixes;
//   - an id is never used twice in a row, and one that turns out to be foreign is not tried again;
//   - nothing is removed that is not known to be ours: a route that another program's of the same metric
//     stands before is not replaced, which would hit that one, but deleted by its id and added if the other
//     one is gone.
//
// When a link goes down the kernel deletes the link's next hops without a word, takes them out of groups, and
// deletes groups that became empty together with all their routes. `link_down` repeats that on what is known.
//
// What others undo is done again at once, and the same object at most once in `repair_interval`. An operation
// that finds its object gone (ENOENT) is no failure: the object is made anew in the same turn. One that is
// refused because of an object it builds on (EINVAL: an id that is not there any more) is tried once more
// after the kernel's state has been read, before anything is told of it.
//
// A set behind a gate keeps the group that it has, and each of its routes the path that it has, as does a route
// behind a gate of its own; none is removed for it and none is added. What waits there owes nothing to its
// ticket: it is named by its standing.
//
// Standing: each wanted route is in the kernel as wanted, or is named with the reason why not. It follows
// from what the kernel is known to hold (`standing_of`), never from what was once acknowledged.
//
// Adoption: routes of a former run that the first `load` finds stay as they are until `claim`. Prefixes
// without such a route are installed at once, through new groups, so that no group under an adopted route is
// changed. After `claim` a set whose members equal a former run's group takes that group over, and its routes
// need no message at all.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "rib/desired.h"
#include "rib/operation.h"
#include "rib/report.h"

namespace wgospf::rib {

using Instant = std::chrono::steady_clock::time_point;

/// Who comes before our route of a prefix.
struct Rivals {
  std::optional<Holder> used{};  ///< The route that the kernel uses in place of ours.
  bool in_slot = false;          ///< One of the same metric stands before ours, and would be replaced for it.
  bool operator==(const Rivals&) const = default;
};

struct ReconcilerConfig {
  IdRange ids{};
  /// Who comes before a route of ours now, whether ours is there or not; nullopt: nobody.
  std::function<std::optional<Rivals>(const IpPrefix&)> rivals{[](const IpPrefix&) { return std::nullopt; }};
  std::chrono::milliseconds retry_first{250};
  std::chrono::milliseconds retry_last{30'000};
  /// What others undo is repaired at once, the same object not more often than this.
  std::chrono::milliseconds repair_interval{1'000};
};

/// Calling contract: after any number of inputs call `next`; execute what it returns in order; give each
/// outcome to `completed`; repeat until `next` returns nothing. Call `next` again at `deadline`, earlier
/// calls do nothing. Between `next` and the last `completed` no other input may be given. After an outcome
/// that is unknown `next` returns nothing until the next `load`.
class Reconciler {
 public:
  explicit Reconciler(ReconcilerConfig config) : config_(std::move(config)) {}
  Reconciler(const Reconciler&) = delete;
  Reconciler& operator=(const Reconciler&) = delete;

  // What is wanted.
  void apply(const Batch& batch);
  void open_gate(Gate gate);
  void set_usable(Tag tag, bool usable);
  void set_connected(const std::vector<IpPrefix>& prefixes);
  void claim();
  /// From now on nothing at all is wanted, adopted routes included.
  void abandon();

  // What is known of the kernel.
  /// All of ours that the kernel holds: the former run's at the first call, the truth at later ones.
  /// Differences found by later calls count as drift, but for missing routes that prefer a source: the kernel
  /// takes them without a word when that address goes.
  void load(const KernelState& state, Instant now);
  /// What the kernel did of itself, and no drift.
  void link_down(std::uint32_t ifindex);
  void link_up(std::uint32_t ifindex);
  /// The link does not exist any more; another one may get its number.
  void link_removed(std::uint32_t ifindex);
  /// A next hop or a group of ours was deleted by somebody else.
  void id_removed(std::uint32_t id, Instant now);
  /// An object with an id in our range and our protocol was made or changed by somebody else.
  void nexthop_seen(const KernelNexthop& nexthop, Instant now);
  void group_seen(const KernelGroup& group, Instant now);
  /// A route in our table with our metric was made or put in the place of another by somebody else;
  /// `nexthop_id` is 0 if the new one is foreign.
  void route_seen(const KernelRoute& route, Instant now);
  /// Such a route is gone. `nexthop_id` is 0 if it was foreign.
  void route_removed(const IpPrefix& prefix, std::uint32_t nexthop_id, Instant now);
  /// The answer of ReconcilerConfig::rivals is another one now.
  void rivals_changed(const IpPrefix& prefix);
  /// Whether a route of ours is known to be there.
  [[nodiscard]] bool has_route(const IpPrefix& prefix) const;
  /// A local address came: routes that failed for want of their preferred source are tried at once.
  void address_added();
  /// Other programs' routes may have left without a word: those of ours that one stood in the way of are
  /// tried at once.
  void retry_blocked();
  [[nodiscard]] bool uses_source(const IpAddress& address) const;

  // Work.
  [[nodiscard]] std::vector<Operation> next(Instant now, std::size_t limit);
  void completed(const Operation& operation, const Outcome& outcome, Instant now);
  /// When `next` has something to do again because of a retry; none if nothing waits for time.
  [[nodiscard]] std::optional<Instant> deadline() const;
  /// An outcome contradicted what is known: read the kernel's state and `load` it. Cleared by `load`.
  [[nodiscard]] bool wants_resync() const { return wants_resync_; }
  /// Reports since the last call: Failed, Recovered, RouteStands, Acknowledged, Drift. There may be more at
  /// once (`has_more_reports`): of very many routes some are told each time, so that nobody has to take all.
  [[nodiscard]] Reports take_reports();
  [[nodiscard]] bool has_more_reports() const { return !touched_.empty(); }
  /// Objects that others changed since the last take_reports().
  [[nodiscard]] std::size_t drifts() const { return drifts_; }

  [[nodiscard]] bool claimed() const { return claimed_; }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] Sizes sizes() const;

 private:
  using Ids = std::unordered_set<std::uint32_t>;
  struct Trouble;
  /// What next hops, sets and routes have in common: a place in a queue, a debt to a ticket, a failure.
  struct Tracked {
    bool queued = false;
    bool pending = false;     // counted in outstanding_[ticket]
    std::uint8_t doubts = 0;  // so often in a row refused for what it builds on
    std::uint64_t ticket = 0;
    std::optional<Instant> repaired{};  // after somebody else's change, or when it will be
    std::unique_ptr<Trouble> trouble{};
    Tracked();
    ~Tracked();
  };
  struct Trouble {
    std::uint32_t attempts = 0;
    bool held = false;  // a repair that waits for its time, counted in held_
    std::optional<Instant> retry_at{};
    int error = 0;           // errno of the last failure
    std::string reported{};  // text of the last Failed; empty if none is open
  };
  struct Set;
  struct Route;
  struct Nexthop : Tracked {
    NexthopKey key{};
    std::uint32_t id = 0;  // 0: not in the kernel
    std::vector<Set*> users{};
  };
  /// idle: no route has asked for the group yet. working: being decided, routes wait. empty: no member is
  /// usable. failed: the kernel refuses; what is there stays.
  enum class SetState : std::uint8_t { idle, working, ready, empty, failed };
  struct Set : Tracked {
    SetKey key{};
    bool wanted = false;
    SetState state = SetState::idle;
    SetState settled = SetState::idle;  // the last state that routes have heard of
    bool routes_wait = false;           // for the set's settlement
    bool routes_held = false;           // by the gate
    std::vector<Member> told{};         // of which `members` are those that can be used
    std::optional<Gate> gate{};
    std::vector<Member> coming{};                               // told when the gate is opened
    std::uint32_t group_id = 0;                                 // 0: none in the kernel
    std::vector<std::pair<Nexthop*, std::uint32_t>> members{};  // with weights, ordered by key
    std::vector<Route*> routes{};                               // those that want it
  };
  enum class Counted : std::uint8_t { not_at_all, missing, hidden };
  struct Route : Tracked {
    IpPrefix prefix{};
    Set* set = nullptr;  // null: not wanted
    std::uint32_t slot = 0;
    std::optional<IpAddress> source{};
    std::uint32_t known_id = 0;  // 0: not in the kernel
    std::optional<Gate> gate{};
    bool adopted = false;
    bool touched = false;  // in touched_: its standing may have changed
    Counted counted = Counted::not_at_all;
    Standing told = Standing::in_kernel;
    std::optional<IpAddress> known_source{};
  };
  struct Group {
    std::vector<GroupMember> members{};
    Set* owner = nullptr;
  };

  // Desired state (reconciler.cpp).
  void apply(const SetChanged& change);
  void apply(const SetGone& change);
  void apply(const PrefixChanged& change);
  void apply(const PrefixGone& change);
  using Members = std::vector<std::pair<Nexthop*, std::uint32_t>>;
  Set& set_at(SetKey key);
  Route& route_at(const IpPrefix& prefix);
  Nexthop& nexthop_at(const NexthopKey& key);
  [[nodiscard]] bool wait_at(Route& route, const std::optional<Gate>& gate);
  void attach(Route& route, Set& set);
  void detach(Route& route);
  [[nodiscard]] Members resolve(const Set& set);
  void take_members(Set& set);
  void release_routes(Set& set);
  void assign_members(Set& set, Members members);
  [[nodiscard]] bool installable(const Route& route) const;
  [[nodiscard]] static bool leads_nowhere(const Route& route) {
    return route.set->state == SetState::empty && !route.set->gate && !route.gate;
  }

  // Queues and tickets.
  void enqueue(Route& route, std::uint64_t ticket);
  void enqueue(Set& set, std::uint64_t ticket);
  void enqueue(Nexthop& nexthop, std::uint64_t ticket);
  void open(Tracked& node, std::uint64_t ticket);
  void close(Tracked& node);
  void close(Route& route);
  void rework(Set& set);
  void rework_users(Nexthop& nexthop);
  void acknowledge();
  void drop_if_idle(Route& route);
  void prune();

  // Standing (reconciler_standing.cpp).
  void touch(Route& route);
  [[nodiscard]] RouteStands standing_of(const Route& route) const;
  [[nodiscard]] bool slot_is_shared(const Route& route) const;
  void tell_standings();

  // The phases of `next` (reconciler_work.cpp).
  void release_retries(Instant now);
  void plan_nexthops(std::vector<Operation>& operations, std::size_t limit);
  void plan_groups(std::vector<Operation>& operations, std::size_t limit);
  void plan_routes(std::vector<Operation>& operations, std::size_t limit);
  void plan_removals(std::vector<Operation>& operations, std::size_t limit);
  void plan_sweep(std::vector<Operation>& operations, std::size_t limit);
  void recover_swept();
  [[nodiscard]] std::optional<Operation> plan(Nexthop& nexthop);
  [[nodiscard]] std::optional<Operation> plan(Set& set);
  [[nodiscard]] std::optional<Operation> plan(Route& route);
  [[nodiscard]] std::optional<Operation> plan_group(Set& set, std::vector<GroupMember> members);
  void want_removed(Route& route);
  [[nodiscard]] bool unused(std::uint32_t id, const Group& group) const;
  [[nodiscard]] bool unused(std::uint32_t id, const NexthopKey& key) const;
  void settle(Set& set, SetState state);
  [[nodiscard]] std::uint32_t adopt_group(Set& set, const std::vector<GroupMember>& members);
  [[nodiscard]] std::uint32_t allocate_id();

  // Outcomes (reconciler_outcome.cpp).
  void unsettle(const Operation& operation);
  void done(const AddNexthop& operation, const Outcome& outcome);
  void done(const AddGroup& operation, const Outcome& outcome);
  void done(const ReplaceGroup& operation, const Outcome& outcome);
  void done(const AddRoute& operation, const Outcome& outcome);
  void done(const ReplaceRoute& operation, const Outcome& outcome);
  void done(const DeleteRoute& operation, const Outcome& outcome);
  void done(const DeleteGroup& operation, const Outcome& outcome);
  void done(const DeleteNexthop& operation, const Outcome& outcome);
  [[nodiscard]] bool refused(Set& set, const Operation& operation, const Outcome& outcome);
  void installed(const IpPrefix& prefix, std::uint32_t group_id, const std::optional<IpAddress>& source);
  void sweep_refused(std::uint32_t id, const Operation& operation, const Outcome& outcome);
  void fail(Tracked& node, const Subject& subject, int error, std::string text);
  void fail_quietly(Tracked& node, const Subject& subject);
  [[nodiscard]] bool doubt(Tracked& node, const Subject& subject, const Outcome& outcome);
  void recover(Tracked& node, const Subject& subject);

  // Knowledge (reconciler_kernel.cpp).
  void load_nexthops(const KernelState& state);
  void load_groups(const KernelState& state);
  void load_routes(const KernelState& state);
  void resolve_doubts();
  void forget_nexthops(const Ids& ids);
  void forget_groups(const Ids& ids);
  void know_group(std::uint32_t id, const std::vector<GroupMember>& members);
  void set_known(Route& route, std::uint32_t id, const std::optional<IpAddress>& source);
  void know_nexthop(const KernelNexthop& nexthop);
  void unadopt(Route& route);
  /// Enqueues after somebody else's change, at once unless the last repair was a moment ago. `what` starts
  /// the report.
  void drift(Nexthop& nexthop, std::string_view what);
  void drift(Set& set, std::string_view what);
  void drift(Route& route, std::string_view what);
  void note_drift(std::string_view what, const std::string& subject);
  /// When to repair; nullopt: now.
  [[nodiscard]] std::optional<Instant> repair_time(Tracked& node) const;
  void hold(Tracked& node, const Subject& subject, Instant until);
  void release(Tracked& node);
  void clear_trouble(Tracked& node);
  /// Queued, but put off since then: it is left to its retry.
  [[nodiscard]] static bool deferred(const Tracked& node);
  void retry(Tracked& node, const Subject& subject, Instant when);
  [[nodiscard]] std::chrono::milliseconds backoff(std::uint32_t times) const;

  ReconcilerConfig config_;
  std::map<NexthopKey, Nexthop> nexthops_;
  std::map<SetKey, Set> sets_;
  std::unordered_map<IpPrefix, Route> routes_;
  std::map<Gate, std::vector<IpPrefix>> waiting_;  // for a gate of their own, or not any more
  std::unordered_set<IpPrefix> connected_;
  std::unordered_set<Tag> unusable_;
  std::unordered_set<std::uint32_t> down_;
  Ids removed_;                  // of these, those that do not exist any more
  std::vector<Subject> doubts_;  // to be tried again after the next load
  std::deque<Route*> touched_;

  // The kernel's objects by id. A next hop whose key has another id, or none, here is a stray: swept when
  // unused.
  std::unordered_map<std::uint32_t, NexthopKey> known_nexthops_;
  std::unordered_map<std::uint32_t, Group> groups_;
  std::unordered_map<std::uint32_t, std::uint32_t> routes_through_;  // id -> known routes
  std::unordered_map<std::uint32_t, std::uint32_t> groups_through_;  // next hop id -> known groups
  Ids foreign_;
  std::uint32_t next_id_ = 0;

  std::deque<Nexthop*> nexthop_queue_;
  std::deque<Set*> set_queue_;
  std::deque<Route*> route_queue_;
  std::deque<Route*> removal_queue_;
  bool sweep_ = false;
  std::optional<Instant> sweep_after_{};
  Ids sweep_failed_;                                           // not tried again before sweep_after_
  std::unordered_map<std::uint32_t, std::string> sweep_told_;  // id -> text of the last Failed
  Instant now_{};                                              // of the call that is being served

  std::multimap<Instant, Subject> retries_;
  std::map<std::uint64_t, std::size_t> outstanding_;  // ticket -> objects not settled
  std::deque<std::uint64_t> applied_;                 // tickets not acknowledged yet
  std::uint64_t ticket_ = 0;
  std::uint64_t acknowledged_ = 0;

  bool loaded_ = false;
  bool claimed_ = true;
  bool abandoned_ = false;
  bool wants_resync_ = false;
  bool blind_ = false;  // outcomes are unknown: until the next load a difference may be our own doing
  std::size_t wanted_ = 0;
  std::size_t known_ = 0;
  std::size_t adopted_ = 0;
  std::size_t failing_ = 0;
  std::size_t held_ = 0;
  std::size_t missing_ = 0;
  std::size_t hidden_ = 0;
  std::size_t drifts_ = 0;
  std::string first_drift_;
  Reports reports_;
};

}  // namespace wgospf::rib
