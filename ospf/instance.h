#pragma once
// One OSPF router: the whole protocol without I/O, clock, threads or randomness of its own.
//
// Calling contract. After every handle(), handle_timeout() or construction: call poll() until it gives
// nothing, then arm a timer for poll_timeout(). Spurious calls of handle_timeout() do nothing. `now` must
// never go back. Nothing here blocks or throws for anything a peer sends. Not thread-safe: one thread (or
// strand) owns it; what routes() returned may be read from anywhere.
//
// After a stall (the process was stopped, or had no processor) deadlines have passed for which the answer
// lies in a socket: a neighbour's hellos, its acknowledgements. So when a deadline is met late, first hand
// over what the sockets held then, a batch at a time with send_due_hellos() between the batches, and only
// then call handle_timeout(). A bounded number of packets, or a flood of them would keep the timers from
// firing.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "ospf/config.h"
#include "ospf/event.h"
#include "ospf/footprint.h"
#include "ospf/packet.h"
#include "ospf/route/calculator.h"
#include "ospf/route/route.h"
#include "ospf/types.h"

namespace wgospf::ospf {

/// The seed of all random choices (jitter, initial sequence numbers). Same seed and inputs: same outputs.
struct Seed {
  std::uint64_t value = 0;
};

// Inputs.
struct Received {
  LinkId link;
  IpAddress source, destination;
  std::span<const std::byte> bytes;  ///< from the OSPF header on; read during the call only
};
struct LinkChanged {
  LinkId link;
  LinkStatus status;
};
/// Replace the configuration; only what differs is touched. One with another router id is refused as an
/// InternalError: make a new Instance.
struct Reconfigure {
  InstanceConfig config;
};
/// Prefixes to advertise as AS-external from now on, and prefixes to withdraw.
template <class V>
struct ExternalsChanged {
  std::vector<ExternalRoute<V>> set;
  std::vector<Prefix<typename V::Address>> removed;
};
/// Flush what we originated; ShutdownComplete follows when acknowledged or after one second. Then stop
/// calling.
struct Shutdown {};

template <class V>
using Input = std::variant<Received, LinkChanged, Reconfigure, ExternalsChanged<V>, Shutdown>;

// Outputs.
enum class Group : std::uint8_t { all_spf_routers, all_d_routers };
struct Transmit {
  LinkId link;
  std::variant<Group, IpAddress> destination;
  PacketBytes bytes;
};
template <class V>
using Output = std::variant<Transmit, RouteChange<V>, Event>;

/// When to call handle_timeout(), and what for (for people: "hello", "inactivity", "spf", ...).
struct Deadline {
  Instant at;
  std::string_view reason;
};

// What is read for display.
struct PacketCounters {
  std::array<std::uint64_t, 6> received{}, sent{};  ///< by packet type; [0] unused
};
/// A router that says hello on a link, to the group, and is not taken as a neighbour.
struct RefusedSender {
  RouterId router_id;
  IpAddress address;
  DropReason reason{};
  std::uint32_t value = 0;  ///< the offending value, where there is one
  Instant since, last;      ///< its first and its last refused hello
  Instant expires;
  /// Another router, or another address of the neighbour's router, that goes on while the neighbour is heard.
  bool is_beside = false;
};
struct InterfaceInfo {
  InterfaceConfig config;
  LinkStatus status;
  InterfaceState state = InterfaceState::down;
  std::uint32_t neighbor_count = 0, full_count = 0;
  std::optional<Instant> next_hello;
  PacketCounters packets;
  DropCounters drops;
  std::vector<RefusedSender> refused;  ///< heard lately
};
/// What keeps a neighbour from Full, or a Full one from being of use.
enum class NeighborProblem : std::uint8_t {
  none,
  not_heard_by_it,  ///< long in Init: its hellos do not list us
  mtu_mismatch,     ///< its descriptions are refused: its MTU is larger than ours
  long_in_exstart,  ///< no agreement on master and slave
  long_in_exchange,
  long_in_loading,  ///< what it described does not come
  network_type,     ///< it has elected a designated router: its end is no point-to-point link
  network_mask,     ///< its mask differs, which does no harm
};
struct NeighborInfo {
  LinkId link;
  RouterId router_id;
  IpAddress address;
  NeighborState state = NeighborState::down;
  NeighborEvent last_event{};  ///< what the last change of state came from
  Instant last_state_change;
  std::uint32_t state_changes = 0;
  std::optional<Instant> dead_at;
  Options options;
  std::uint8_t priority = 0;
  std::uint16_t mtu = 0;  ///< from its database descriptions; 0 before
  std::size_t request_list = 0, retransmission_list = 0, database_summary = 0;
  NeighborProblem problem = NeighborProblem::none;
  /// Of mtu_mismatch and network_mask: the values that differ.
  std::uint32_t theirs = 0, ours = 0;
};
struct DatabaseEntry {
  FloodingScope scope = FloodingScope::area;
  AreaId area;       ///< of area scope, and of the link of link scope
  LinkId link;       ///< of link scope
  LsaHeader header;  ///< with the age of now
  Lsa lsa;
  bool self_originated = false;
};
/// Where a dump of the database stands. Every entry present throughout the dump is seen exactly once; entries
/// that come or go meanwhile may or may not be.
struct DatabaseCursor {
  std::uint32_t domain = 0, slot = 0;
  bool done = false;
};
struct Statistics {
  DropCounters drops;
  PacketCounters packets;
  std::uint64_t lsas_originated = 0, lsas_received = 0, lsas_flushed = 0, retransmissions = 0;
  std::uint64_t unexpected_events = 0;  ///< state machine events without an entry in RFC 2328's table
  std::uint64_t spf_full = 0, spf_prefixes_only = 0;
  std::uint64_t turns_cut_short = 0;  ///< ended with work left, after kTurnRoundsMost rounds: a defect
  std::size_t lsdb_size = 0;
  std::size_t lsdb_bytes = 0;       ///< of the LSAs in it
  bool database_full = false;       ///< LSAs of neighbours are refused for it
  std::size_t requested = 0;        ///< LSAs on all request lists together
  std::size_t requested_bytes = 0;  ///< their length, as described
  Generation generation;            ///< of the routing table
  std::size_t routes = 0;           ///< in it
  std::size_t timers = 0;
};

template <class V>
class Instance {
 public:
  Instance(InstanceConfig config, Seed seed, Instant now);
  ~Instance();
  Instance(Instance&&) noexcept;
  Instance& operator=(Instance&&) noexcept;

  void handle(Instant now, const Input<V>& input);
  void handle_timeout(Instant now);
  /// Sends the hellos that are due and fires no other timer.
  void send_due_hellos(Instant now);
  /// The next thing to do, oldest first; drain after every handle.
  [[nodiscard]] std::optional<Output<V>> poll();
  [[nodiscard]] std::optional<Deadline> poll_timeout() const;

  [[nodiscard]] RouterId router_id() const;
  [[nodiscard]] const InstanceConfig& config() const;
  [[nodiscard]] std::shared_ptr<const RouteTable<V>> routes() const;
  [[nodiscard]] std::vector<PrefixPath<V>> paths(const Prefix<typename V::Address>& prefix,
                                                 std::size_t limit) const;
  [[nodiscard]] std::vector<RouterRoute<V>> router_routes() const;
  /// Prefixes that others advertise and that get no route, because no router may forward to them.
  [[nodiscard]] const std::set<Prefix<typename V::Address>>& martians() const;
  [[nodiscard]] std::vector<InterfaceInfo> interfaces() const;
  [[nodiscard]] std::vector<NeighborInfo> neighbors() const;
  /// Up to `limit` entries from the cursor on; advances it, sets `done` at the end. A fresh cursor starts.
  [[nodiscard]] std::vector<DatabaseEntry> database(DatabaseCursor& cursor, std::size_t limit,
                                                    Instant now) const;
  /// `link`: where one of link scope is looked for; it has no meaning for the others.
  [[nodiscard]] std::optional<DatabaseEntry> find_lsa(AreaId area, const LsaKey& key, Instant now,
                                                      LinkId link = {}) const;
  [[nodiscard]] Statistics statistics() const;
  /// Has every interface with a neighbour reached Full, and have routes been calculated since? Without any
  /// neighbour: have all interfaces been up for a hello interval, in which one would have been heard?
  [[nodiscard]] bool converged(Instant now) const;
  /// The sizes of all containers, by name.
  [[nodiscard]] Footprint footprint() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wgospf::ospf
