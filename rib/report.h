#pragma once
// What rib/ tells the daemon. Reports come in the order in which things happened, several at a time.

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "rib/desired.h"

namespace wgospf::rib {

/// A next hop object's identity: one object for each, however many sets contain it. `family` is that of the
/// object, which a device-only next hop must share with its routes.
struct NexthopKey {
  Family family = Family::ipv4;
  std::uint32_t ifindex = 0;
  std::optional<IpAddress> gateway{};
  bool onlink = false;

  auto operator<=>(const NexthopKey&) const = default;
};

struct SetKey {
  Family family = Family::ipv4;
  SetId id = 0;

  auto operator<=>(const SetKey&) const = default;
};

/// A next hop object of ours, or a group of them, that nothing uses any more.
struct UnusedId {
  std::uint32_t id = 0;

  auto operator<=>(const UnusedId&) const = default;
};

/// What a report is about.
using Subject = std::variant<IpPrefix, SetKey, NexthopKey, UnusedId>;
[[nodiscard]] std::string to_string(const Subject& subject);

/// Everything wanted up to this ticket is in the kernel, but for what Failed and RouteStands have named.
struct Acknowledged {
  Ticket ticket = 0;
};

/// The kernel refused, which is tried again at growing intervals. Reported once for each different text.
struct Failed {
  Subject subject{};
  int error = 0;       ///< errno
  std::string text{};  ///< What was tried and what the kernel said, its extended text included; the cure.
};

/// What had failed has now succeeded, or is not wanted any more.
struct Recovered {
  Subject subject{};
};

/// The route that the kernel uses for a prefix in place of ours: another program's, or its own.
struct Holder {
  std::uint32_t metric = 0;
  std::uint32_t ifindex = 0;  ///< Of its first next hop, 0 if it has none (a blackhole).
  std::uint8_t protocol = 0;  ///< rtm_protocol

  auto operator<=>(const Holder&) const = default;
};

/// How a wanted route stands, as the kernel was last known to hold it.
enum class Standing : std::uint8_t {
  in_kernel,    ///< As wanted.
  missing,      ///< Not there; it is put there, or waits for its set's gate, or Failed says why not.
  elsewhere,    ///< There, but by another way or source than is wanted; as `missing`.
  no_next_hop,  ///< Not there, since none of its next hops has an interface that is up and has a carrier.
  connected,    ///< Kept out, since the prefix is one of `set_connected`.
  hidden,       ///< There, but the kernel uses the route of `holder`.
};

/// What is acknowledged stands as wanted but for prefixes that were named with another standing since, and
/// not with `in_kernel` after that. One that is not wanted any more is named so, too.
struct RouteStands {
  IpPrefix prefix{};
  Standing standing = Standing::in_kernel;
  Holder holder{};  ///< Of `hidden`.
};

/// Somebody else removed or changed objects of ours. They are put back, each at most once a second.
struct Drift {
  std::size_t count = 0;  ///< Objects seen changed in this turn.
  std::string what{};     ///< The first of them, in words.
  std::string who{};      ///< The process that did the last of it, if it told and still runs.
};

/// Notifications were lost; the kernel's state has been read again.
struct Overrun {
  std::string what{};
};

/// What former runs left in other tables, or with another metric, is gone now.
struct LeftoversRemoved {
  std::string what{};  ///< In words.
};

/// Whether routing policy rules look up our table: told at the start and when it changes. A table that none
/// does is never used. The l3mdev rule looks up the tables of VRFs.
struct TableReachable {
  bool reachable = false;
};

/// What routes that are not ours may be asked for by. A route may be of several: a static one of table main
/// is also one of table 254.
enum class RouteOrigin : std::uint8_t { connected, static_route, table };

/// A route of the kernel that is not ours.
struct ForeignRoute {
  IpPrefix prefix{};
  std::uint32_t table = 0;
  std::uint8_t type = 0;      ///< rtm_type
  std::uint8_t scope = 0;     ///< rtm_scope
  std::uint8_t protocol = 0;  ///< rtm_protocol
  std::uint32_t metric = 0;   ///< RTA_PRIORITY
  std::uint32_t ifindex = 0;  ///< The first next hop's device, 0 if it has none (a blackhole).
  std::optional<IpAddress> gateway{};

  /// The kernel's own route to an interface's subnet, in whatever table (that of a VRF, for instance).
  [[nodiscard]] bool is_connected() const;
  /// `of_table` matters for RouteOrigin::table only; the others are of table main.
  [[nodiscard]] bool is_of(RouteOrigin origin, std::uint32_t of_table) const;
  auto operator<=>(const ForeignRoute&) const = default;
};
struct ForeignRouteAdded {
  ForeignRoute route{};
};
struct ForeignRouteRemoved {
  ForeignRoute route{};
};
/// Foreign routes that the daemon wants to hear of.
struct RedistributionWatch {
  bool connected = false;               ///< Protocol kernel, scope link, table main.
  bool static_routes = false;           ///< Protocols static and boot, table main.
  std::vector<std::uint32_t> tables{};  ///< Every unicast or blackhole route of these tables but ours.
  std::vector<Family> families{Family::ipv4};
  [[nodiscard]] bool empty() const { return !connected && !static_routes && tables.empty(); }
};
/// The first reading of foreign routes since start, or since what is watched changed, has been reported.
struct ForeignRoutesComplete {};

/// Our routing policy rules are as they were wanted last with this ticket; or they are not, and why, which is
/// tried again.
struct RulesStand {
  std::uint64_t ticket = 0;
  std::string error{};
};

/// The last report. Nothing of ours is left in the kernel unless routes were to be kept.
struct Stopped {
  std::size_t routes_left = 0;
};

using Report = std::variant<Acknowledged, Failed, Recovered, RouteStands, Drift, Overrun, LeftoversRemoved,
                            TableReachable, ForeignRouteAdded, ForeignRouteRemoved, ForeignRoutesComplete,
                            RulesStand, Stopped>;
using Reports = std::vector<Report>;

/// Of one table, now.
struct Sizes {
  std::size_t wanted_prefixes = 0;
  std::size_t routes = 0;   ///< Ours in the kernel, adopted ones included
  std::size_t adopted = 0;  ///< Of these, untouched ones of a former run
  std::size_t groups = 0;
  std::size_t nexthops = 0;
  std::size_t pending = 0;  ///< Objects whose change is not in the kernel yet
  std::size_t failing = 0;  ///< Objects that the kernel refuses at present
  std::size_t missing =
      0;                   ///< Wanted routes that are not in the kernel; to connected prefixes none is wanted
  std::size_t hidden = 0;  ///< Routes in the kernel in place of which it uses another program's
};

/// What has been done, and what is known.
struct Work {
  std::uint64_t messages = 0;      ///< Requests that the kernel has executed, failed ones included
  std::uint64_t system_calls = 0;  ///< Batches sent
  std::uint64_t failures = 0;      ///< Requests that the kernel refused
  std::uint64_t drift = 0;         ///< Objects of ours that others removed or changed
  std::uint64_t overruns = 0;  ///< Losses of notifications or acknowledgements, whatever table they were of
  std::uint64_t resyncs = 0;   ///< Readings of the kernel's whole state after the first
  Ticket ticket = 0;           ///< Acknowledged up to here
  std::size_t links = 0;       ///< That are known
  bool claimed = false;        ///< Nothing is held for a former run's sake
};

/// Counts since start, and sizes now.
struct Counters : Sizes, Work {
  /// Of two tables together. What the tables share counts once; what holds of both holds of the sum.
  Counters& operator+=(const Counters& other);
};

}  // namespace wgospf::rib
