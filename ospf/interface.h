#pragma once
// Interfaces and neighbours as data (RFC 2328 sections 9 and 10). State is changed in one place each:
// Adjacency::set_neighbor_state and Adjacency::set_interface_state.

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "ospf/base/footprint.h"
#include "ospf/config.h"
#include "ospf/down_reason.h"
#include "ospf/flood_log.h"
#include "ospf/flood_window.h"
#include "ospf/info.h"
#include "ospf/lsdb.h"
#include "ospf/neighbor_set.h"
#include "ospf/neighbor_state.h"
#include "ospf/output.h"
#include "ospf/packet.h"
#include "ospf/peer_wake.h"
#include "ospf/request_list.h"
#include "ospf/round_trip.h"
#include "ospf/route/calculation.h"
#include "ospf/sent_list.h"
#include "ospf/timer_queue.h"
#include "ospf/version.h"

namespace wgospf::ospf {

struct Interface;

/// The exchange of databases with a neighbour (sections 10.6 and 10.8).
struct Exchange {
  bool is_master = false;  ///< we are
  std::uint32_t dd_sequence = 0;
  struct DdSummary {
    DdFlags flags;
    Options options;
    std::uint32_t sequence_number = 0;
    bool operator==(const DdSummary&) const = default;
  };
  std::optional<DdSummary> last_dd_received;
  PacketBytes last_dd_sent;
  bool last_dd_sent_more = false;
  std::optional<Instant> last_dd_expires;  ///< the slave frees its last DD after the dead interval
  DatabaseCursor summary;                  ///< the Database summary list, as a walk over the databases
  std::size_t described = 0;               ///< of it
  bool left_out = false;  ///< what it described was not asked for or not kept, for want of room
  /// The next in sequence, while the request lists have no room for what it describes.
  std::optional<DatabaseDescription> waiting_dd;
  /// LSAs of ours that it described or asked for in this exchange, and those that we described and it did
  /// neither: it has them flushed, because such are not described (section 10.3).
  std::set<LsaKey> own_known, own_unknown;

  // How long it may stand still, and when it begins anew.
  std::optional<Instant> last_restart;  ///< when it last began anew, or will after a pause
  enum class Pause : std::uint8_t { none, restarted, stalled };
  Pause pause = Pause::none;      ///< in ExStart, why our opening waits for the retransmission timer
  bool may_answer_claim = false;  ///< in ExStart, our opening went out after a restart; until done once
  Instant since;                  ///< NegotiationDone
  Instant progress_at;            ///< the last time that a description in sequence came, or a wanted LSA
  unsigned asked_in_vain = 0;     ///< so many requests went without an answer since then
  unsigned stalls = 0;            ///< so many were broken off, without a Full in between

  /// The neighbour falls back below Exchange: what was described is forgotten (section 10.3).
  void reset() {
    last_dd_received.reset();
    last_dd_sent.reset();
    summary = {};
    waiting_dd.reset();
    own_known.clear();
    own_unknown.clear();
  }
  void note_progress(Instant now) {
    progress_at = now;
    asked_in_vain = 0;
  }
  void note_own_known(const LsaKey& key) {
    own_known.insert(key);
    own_unknown.erase(key);
  }
  void measure(Footprint& footprint) const {
    footprint.held("neighbors.own-lsas", own_known.size() + own_unknown.size());
  }
};

struct Neighbor {
  Neighbor(NeighborId number, Interface& on, LinkId its_link, RouterId router, Requests& all)
      : id(number), interface(on), link(its_link), router_id(router), requests(all, number) {}

  NeighborId id;
  Interface& interface;
  LinkId link;
  RouterId router_id;
  IpAddress address;
  NeighborState state = NeighborState::down;
  NeighborEvent last_event = NeighborEvent::start;
  Instant last_state_change;
  std::uint32_t state_changes = 0;
  Options options;     ///< of its hellos
  Options dd_options;  ///< of its database descriptions (the O-bit, RFC 5250 section 4.1)
  std::uint8_t priority = 0;
  std::uint16_t mtu = 0;      ///< see take_mtu(); 0: not known since ours is as it is
  bool has_told_mtu = false;  ///< in this exchange
  /// It refuses every MTU but its own, larger one, as it seems from openings that it repeats; see mtu_to_tell().
  bool is_told_own_mtu = false;
  std::optional<std::uint32_t> last_opening;  ///< sequence number of the last that it has sent
  std::uint8_t openings_again = 0;            ///< how often it has come again
  Instant last_hello;
  Instant last_heard;                        ///< a packet of any type, that was taken
  bool said_goodbye = false;                 ///< its last hello listed us no more
  bool elects = false;                       ///< its hellos name a designated router
  std::optional<std::uint16_t> refused_mtu;  ///< of a description that was refused for it
  std::optional<DifferingMasks> masks;
  std::optional<LowerCost> lower_cost;
  std::optional<DownReason> down_reason;  ///< while somebody beside the protocol ends it
  Instant phase_since;                    ///< how long it is below ExStart, from there to Loading, or Full

  Exchange exchange;
  RequestList requests;
  SentList sent;  ///< of the retransmission list, which is the flood log's

  // Pace.
  enum class SentOnce : bool { no, yes };
  RoundTrip answer_time = RoundTrip::of_answers();       ///< of descriptions and requests
  RoundTrip ack_time = RoundTrip::of_acknowledgments();  ///< of updates
  FloodWindow window;
  Instant dd_sent_at, request_sent_at;
  SentOnce dd_sent_once = SentOnce::no, request_sent_once = SentOnce::no;  ///< the answer can be measured
  Instant ack_measured_at;  ///< what was sent before is not measured
  Instant acked_up_to;      ///< the latest time at which an LSA was sent, once, that is acknowledged
  Instant overtaken_up_to;  ///< what was sent before is lost when the timer of retransmissions fires

  [[nodiscard]] TimerKey timer(TimerKind kind) const { return {kind, id.value, 0}; }
  [[nodiscard]] bool exchanging() const {
    return state == NeighborState::exchange || state == NeighborState::loading;
  }
  void measure(Footprint& footprint) const {
    exchange.measure(footprint);
    requests.measure(footprint);
    sent.measure(footprint);
  }
};

/// What waits to be sent in updates, in this order. Records are the flood log's, and may be stale.
struct UpdateQueue {
  std::deque<FloodLog::Record> again;  ///< what was lost, and what some neighbours of the link only get
  FloodLog::Position next = 0;         ///< the log from there on, while `is_behind`
  bool is_behind = false;
  std::deque<FloodLog::Record> stubborn;  ///< what was lost again and again
  [[nodiscard]] bool empty() const { return again.empty() && !is_behind && stubborn.empty(); }
};

struct Interface;

/// A device of the host. What it has it has once, however many links are on it.
struct Device {
  DeviceStatus status;                        ///< written by Adjacency::device_changed
  std::shared_ptr<const RootDevice> of_root;  ///< what the route calculation is told of it
  std::map<LinkId, Interface*> links;         ///< the configured ones; see Core::attach
  void measure(Footprint& footprint) const { footprint.held("devices.links", links.size()); }
};

struct Interface {
  InterfaceConfig config;
  std::optional<std::uint16_t> agreed_cost;  ///< with the other end; written by LinkCosts
  const Device* device = nullptr;            ///< where it is configured; set by Core::attach
  InterfaceState state = InterfaceState::down;
  std::optional<InterfaceReason> ending;    ///< while it goes down and its neighbours with it
  std::uint32_t area_index = 0;             ///< into Core::areas
  std::uint32_t link_domain = 0;            ///< database of link-scope LSAs
  std::map<RouterId, Neighbor*> neighbors;  ///< they live in Core::neighbors; see find_neighbor()
  PacketCounters packets;
  DropCounters drops;
  std::vector<RefusedSender> refused;  ///< senders of hellos; see packet_admission.h
  std::optional<Instant> up_since;     ///< while it runs
  std::optional<Instant> last_triggered_hello;
  PeerWake wake;  ///< of the peer, on a link for one

  // Collected during one turn, sent at its end (or paced): by Outbox only.
  UpdateQueue updates;
  Instant last_update;  ///< when the last of the queue's packets left
  unsigned burst = 0;   ///< how many left, each within kFloodBurstInterval of the one before
  std::vector<LsaHeader> direct_acks;
  std::vector<LsaHeader> delayed_acks;
  bool is_due = false;  ///< on the outbox's list of interfaces with something to send

  /// nullptr when there is none. An interface of the types that exist so far knows its neighbours by their
  /// Router ID (section 10); everything else knows them by their number.
  [[nodiscard]] Neighbor* find_neighbor(RouterId router_id) const {
    const auto it = neighbors.find(router_id);
    return it == neighbors.end() ? nullptr : it->second;
  }
  [[nodiscard]] bool is_running() const {
    return state != InterfaceState::down && state != InterfaceState::loopback && !config.passive;
  }
  /// Do hellos go out while it runs?
  [[nodiscard]] bool says_hello() const {
    if (config.admitted.kind == AdmittedRouters::Kind::none) return false;
    return !config.peer_address || config.peer_is_router || wake.is_awake();
  }
  /// Where everything goes: the one peer, or the group.
  [[nodiscard]] std::variant<Group, IpAddress> destination() const {
    if (config.peer_address) return *config.peer_address;
    return Group::all_spf_routers;
  }
  [[nodiscard]] TimerKey timer(TimerKind kind) const { return {kind, config.link.value, 0}; }
  [[nodiscard]] const DeviceStatus& status() const { return device->status; }
  /// As a Database Description can tell it (A.3.3).
  [[nodiscard]] std::uint16_t mtu() const {
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(status().mtu, 0xffff));
  }
  /// What the link costs: as configured, or as both ends have it.
  [[nodiscard]] std::uint16_t cost() const { return agreed_cost.value_or(config.cost); }
  /// The address packets are sent from.
  [[nodiscard]] std::optional<IpAddress> source() const { return status().source(); }
  [[nodiscard]] bool has_address(const IpAddress& address) const { return status().has_address(address); }
  void measure(Footprint& footprint) const {
    footprint.held("neighbors", neighbors.size());
    footprint.held("interfaces.refused", refused.size());
    footprint.held("interfaces.updates", updates.again.size() + updates.stubborn.size());
    footprint.held("interfaces.direct-acks", direct_acks.size());
    footprint.held("interfaces.delayed-acks", delayed_acks.size());
    for (const auto& [id, neighbor] : neighbors) neighbor->measure(footprint);
  }
};

}  // namespace wgospf::ospf
