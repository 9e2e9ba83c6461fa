#pragma once
// What is read of an instance for display: interfaces, neighbours, LSAs, counters, as plain values.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ospf/config.h"
#include "ospf/drop_reason.h"
#include "ospf/lsa.h"
#include "ospf/neighbor_state.h"
#include "ospf/types.h"

namespace wgospf::ospf {

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
  DeviceStatus status;  ///< of its device
  InterfaceState state = InterfaceState::down;
  std::uint16_t cost = 0;  ///< as it is used: with a peer, both ends' is one (docs/opaque-lsas.md)
  std::uint32_t neighbor_count = 0, full_count = 0;
  std::optional<Instant> next_hello;
  bool peer_asleep = false;  ///< no hello goes to the peer until it wakes
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
  stalled,          ///< its exchange was broken off for that, and is tried again
  network_type,     ///< it has elected a designated router: its end is no point-to-point link
  mtu_differs,      ///< it is used all the same
  network_mask,     ///< its mask differs, which does no harm
  lower_cost,       ///< the link costs less in its direction, where both must cost the same
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
  std::uint16_t mtu = 0;  ///< from its database descriptions since our own is as it is; 0 before
  std::size_t request_list = 0, retransmission_list = 0, database_summary = 0;
  NeighborProblem problem = NeighborProblem::none;
  /// Of mtu_mismatch, mtu_differs, network_mask and lower_cost: the values that differ.
  std::uint32_t theirs = 0, ours = 0;
};
/// The neighbour of a link that has one, for who has to know at each packet.
struct SoleNeighbor {
  RouterId router_id;
  IpAddress address;
  NeighborState state = NeighborState::down;
  Instant last_heard;  ///< a packet of any type was taken from it
  std::optional<Instant> dead_at;
};
struct DatabaseEntry {
  FloodingScope scope = FloodingScope::area;
  AreaId area;       ///< of area scope, and of the link of link scope
  LinkId link;       ///< of link scope
  LsaHeader header;  ///< with the age of now
  Lsa lsa;
  bool self_originated = false;
};
/// Where an LSA is looked for. One of AS scope is everywhere; `link` is for link scope only.
struct LsaPlace {
  AreaId area;
  LinkId link;
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

}  // namespace wgospf::ospf
