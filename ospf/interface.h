#pragma once
// Interfaces and neighbours as data (RFC 2328 sections 9 and 10). State is changed in one place each:
// Adjacency::set_neighbor_state and Adjacency::set_interface_state.

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ospf/base/footprint.h"
#include "ospf/config.h"
#include "ospf/flood_window.h"
#include "ospf/info.h"
#include "ospf/lsdb.h"
#include "ospf/neighbor_state.h"
#include "ospf/packet.h"
#include "ospf/round_trip.h"
#include "ospf/timer_queue.h"
#include "ospf/version.h"

namespace wgospf::ospf {

/// The Link state request list (section 10.9): what the neighbour has newer than we do, and what of it is
/// asked for at the moment.
class RequestList {
 public:
  RequestList() = default;
  RequestList(const RequestList&) = delete;
  RequestList& operator=(const RequestList&) = delete;
  ~RequestList() { clear(); }
  /// From now on, while this is empty, `total` and `bytes` count what is on it together with other lists.
  void count_in(std::size_t& total, std::size_t& bytes) {
    total_ = &total;
    total_bytes_ = &bytes;
  }

  /// Described twice, the more recent instance is wanted; what is asked for stays so.
  void add(const LsaHeader& header) {
    const auto [it, is_new] = wanted_.try_emplace(header.key, Entry{header, 0, 0});
    if (is_new) {
      if (total_ != nullptr) ++*total_;
      count_bytes(header.length, 0);
    } else if (compare_recency(header, it->second.header) > 0) {
      count_bytes(header.length, it->second.header.length);
      it->second.header = header;
    }
  }
  /// What was asked for came and cannot be used. True when it is worth asking again.
  bool came_spoilt(const LsaKey& key) {
    const auto it = wanted_.find(key);
    if (it == wanted_.end() || ++it->second.spoilt >= kRequestTries) return false;
    if (is_outstanding(it->second)) --outstanding_;
    it->second.round = 0;
    return true;
  }
  [[nodiscard]] const LsaHeader* find(const LsaKey& key) const {
    const auto it = wanted_.find(key);
    return it == wanted_.end() ? nullptr : &it->second.header;
  }
  /// True when it was on the list.
  bool erase(const LsaKey& key) {
    const auto it = wanted_.find(key);
    if (it == wanted_.end()) return false;
    if (is_outstanding(it->second)) {
      --outstanding_;
      last_came_ |= key == last_;
    }
    if (total_ != nullptr) --*total_;
    count_bytes(0, it->second.header.length);
    wanted_.erase(it);
    return true;
  }
  /// Marks the first `limit` entries as asked for and gives their keys. They alone are: what was asked for
  /// before and did not come waits for its turn again, behind what has been described since.
  [[nodiscard]] std::vector<LsaKey> ask(std::size_t limit) {
    std::vector<LsaKey> keys;
    ++round_;
    last_came_ = false;
    for (auto it = wanted_.begin(); it != wanted_.end() && keys.size() < limit; ++it) {
      it->second.round = round_;
      keys.push_back(it->first);
    }
    outstanding_ = asked_ = keys.size();
    if (!keys.empty()) last_ = keys.back();
    return keys;
  }
  void clear() {
    if (total_ != nullptr) *total_ -= wanted_.size();
    count_bytes(0, bytes_);
    wanted_.clear();
    outstanding_ = asked_ = 0;
    last_came_ = false;
  }
  /// Has any of what was asked for come?
  [[nodiscard]] bool is_answered() const { return outstanding_ < asked_; }
  /// The last of what was asked for has come and others have not: they were lost, because neighbours answer
  /// in the order in which they are asked. When many are missing, this one may not.
  [[nodiscard]] bool has_gaps() const { return last_came_ && outstanding_ > 0 && 2 * outstanding_ <= asked_; }
  [[nodiscard]] bool empty() const { return wanted_.empty(); }
  [[nodiscard]] std::size_t size() const { return wanted_.size(); }
  [[nodiscard]] std::size_t outstanding() const { return outstanding_; }
  /// The length of what is wanted, as described.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    LsaHeader header;
    std::uint32_t round = 0;  ///< of the request that it was last in
    std::uint8_t spoilt = 0;  ///< so often it came and could not be used
  };
  [[nodiscard]] bool is_outstanding(const Entry& entry) const {
    return entry.round == round_ && outstanding_ > 0;
  }
  void count_bytes(std::size_t more, std::size_t less) {
    bytes_ += more;
    bytes_ -= less;
    if (total_bytes_ == nullptr) return;
    *total_bytes_ += more;
    *total_bytes_ -= less;
  }
  std::map<LsaKey, Entry> wanted_;
  std::uint32_t round_ = 0;  ///< requests so far
  std::size_t outstanding_ = 0, bytes_ = 0;
  std::size_t* total_ = nullptr;
  std::size_t* total_bytes_ = nullptr;
  std::size_t asked_ = 0;  ///< in the last packet
  LsaKey last_;            ///< of them, the last
  bool last_came_ = false;
};

/// The Link state retransmission list (section 13.3, 13.6). It names database slots: what is on it is always
/// the database's present instance, because installing a newer one takes the older off every list. An entry
/// either waits in the link's update queue or is under way.
class RetransmissionList {
 public:
  struct Entry {
    Instant sent;                 ///< the last time
    std::uint32_t in_flight = 0;  ///< bytes under way; 0: it waits to be sent
    std::uint32_t times_sent = 0;
    /// Lost so often that it has a back-off of its own, up to RxmtInterval.
    [[nodiscard]] bool is_stubborn() const { return times_sent > kOvertakenMost; }
    /// What it takes of the window when it is sent: next to nothing when it is stubborn, or LSAs that are
    /// never acknowledged would fill it for good.
    [[nodiscard]] std::uint32_t weight(std::size_t length) const {
      return is_stubborn() ? 1 : static_cast<std::uint32_t>(length);
    }
  };
  /// True when it was not on the list before. It waits to be sent.
  bool add(LsaRef ref) { return entries_.try_emplace(ref_key(ref)).second; }
  /// What it was, if it was on the list.
  std::optional<Entry> erase(LsaRef ref) {
    const auto it = entries_.find(ref_key(ref));
    if (it == entries_.end()) return std::nullopt;
    const Entry entry = it->second;
    entries_.erase(it);
    if (entries_.empty()) forget_order();
    return entry;
  }
  [[nodiscard]] Entry* find(LsaRef ref) {
    const auto it = entries_.find(ref_key(ref));
    return it == entries_.end() ? nullptr : &it->second;
  }
  [[nodiscard]] bool contains(LsaRef ref) const { return entries_.contains(ref_key(ref)); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  /// The LSA goes out now, for the first time.
  void sent_first(LsaRef ref, Entry& entry, std::uint32_t bytes, Instant now) {
    entry = {now, bytes, 1};
    order_.push_back({now, ref});
  }
  /// It goes out once more; it is lost when it was not acknowledged by `lost_at`.
  void sent_again(LsaRef ref, Entry& entry, std::uint32_t bytes, Instant now, Instant lost_at) {
    entry = {now, bytes, entry.times_sent + 1};
    order_.push_back({now, ref});
    again_.push_back({lost_at, ref, now});
    std::push_heap(again_.begin(), again_.end(), std::greater<>{});
  }
  [[nodiscard]] std::size_t order_size() const { return order_.size() + again_.size(); }
  struct Stamp {
    Instant at;
    LsaRef ref;
  };
  /// The oldest of what is under way, with the time when it was sent.
  [[nodiscard]] std::optional<Stamp> oldest() {
    const auto is_stale = [this](const Stamp& stamp) {
      const Entry* entry = find(stamp.ref);
      return entry == nullptr || entry->in_flight == 0 || entry->sent != stamp.at;
    };
    while (!order_.empty() && is_stale(order_.front())) order_.pop_front();
    return order_.empty() ? std::nullopt : std::optional(order_.front());
  }
  /// Leaves it out of oldest() until it is sent again.
  void pop_oldest() { order_.pop_front(); }
  /// Of what was sent more than once, the first to be lost, and when.
  [[nodiscard]] std::optional<Stamp> next_again() {
    const auto is_stale = [this](const Again& again) {
      const Entry* entry = find(again.ref);
      return entry == nullptr || entry->in_flight == 0 || entry->times_sent < 2 || entry->sent != again.sent;
    };
    while (!again_.empty() && is_stale(again_.front())) {
      std::pop_heap(again_.begin(), again_.end(), std::greater<>{});
      again_.pop_back();
    }
    if (again_.empty()) return std::nullopt;
    return Stamp{again_.front().lost_at, again_.front().ref};
  }
  /// Empties the list and gives what was on it.
  [[nodiscard]] std::vector<LsaRef> take_all() {
    std::vector<LsaRef> refs;
    refs.reserve(entries_.size());
    for (const auto& [key, entry] : entries_)
      refs.push_back({static_cast<std::uint32_t>(key >> 32), static_cast<std::uint32_t>(key)});
    entries_.clear();
    forget_order();
    return refs;
  }

 private:
  static std::uint64_t ref_key(LsaRef ref) { return (std::uint64_t{ref.domain} << 32) | ref.slot; }
  struct Again {
    Instant lost_at;
    LsaRef ref;
    Instant sent;
    constexpr auto operator<=>(const Again&) const = default;
  };
  void forget_order() {
    order_.clear();
    again_ = {};
  }
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::deque<Stamp> order_;   ///< by time; entries may be stale
  std::vector<Again> again_;  ///< a heap, the earliest on top; entries may be stale
};

struct Neighbor {
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
  std::uint16_t mtu = 0;
  Instant last_hello;
  bool said_goodbye = false;                 ///< its last hello listed us no more
  bool elects = false;                       ///< its hellos name a designated router
  std::optional<std::uint16_t> refused_mtu;  ///< of a description that was refused for it
  std::optional<DifferingMasks> masks;
  Instant phase_since;  ///< how long it is below ExStart, from there to Loading, or Full

  // Database exchange (section 10.8).
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
  std::optional<Instant> last_restart;  ///< when the exchange last began anew, or will after a pause
  bool pauses = false;                  ///< in ExStart, our opening waits for the retransmission timer
  bool may_answer_claim = false;        ///< in ExStart, our opening went out after a restart; until done once
  std::optional<Instant> last_dd_expires;  ///< the slave frees its last DD after the dead interval
  DatabaseCursor summary;                  ///< the Database summary list, as a walk over the databases
  std::size_t described = 0;               ///< of it
  bool left_out = false;  ///< what it described was not asked for or not kept, for want of room
  RequestList requests;
  /// The next in sequence, while the request lists have no room for what it describes.
  std::optional<DatabaseDescription> waiting_dd;
  RetransmissionList retransmissions;
  /// LSAs of ours that it described or asked for in this exchange, and those that we described and it did
  /// neither: it has them flushed, because such are not described (section 10.3).
  std::set<LsaKey> own_known, own_unknown;

  void note_own_known(const LsaKey& key) {
    own_known.insert(key);
    own_unknown.erase(key);
  }
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

  [[nodiscard]] TimerKey timer(TimerKind kind) const { return {kind, link.value, router_id.value}; }
  [[nodiscard]] bool exchanging() const {
    return state == NeighborState::exchange || state == NeighborState::loading;
  }
  void measure(Footprint& footprint) const {
    footprint.held("neighbors.requests", requests.size());
    footprint.held("neighbors.retransmissions", retransmissions.size());
    footprint.held("neighbors.own-lsas", own_known.size() + own_unknown.size());
    footprint.held("neighbors.retransmissions.order", retransmissions.order_size());
  }
};

struct Interface {
  InterfaceConfig config;
  LinkStatus status;
  InterfaceState state = InterfaceState::down;
  std::optional<InterfaceReason> ending;  ///< while it goes down and its neighbours with it
  std::uint32_t area_index = 0;           ///< into Core::areas
  std::uint32_t link_domain = 0;          ///< database of link-scope LSAs
  std::map<RouterId, std::unique_ptr<Neighbor>> neighbors;
  PacketCounters packets;
  DropCounters drops;
  std::vector<RefusedSender> refused;  ///< senders of hellos; see admission.h
  std::optional<Instant> up_since;     ///< while it runs
  std::optional<Instant> last_triggered_hello;

  // Collected during one turn, sent at its end (or paced): by Flooding only.
  std::deque<LsaRef> update_queue;
  Instant last_update;  ///< when the last of the queue's packets left
  unsigned burst = 0;   ///< how many left, each within kFloodBurstInterval of the one before
  std::vector<LsaHeader> direct_acks;
  std::vector<LsaHeader> delayed_acks;
  bool is_due = false;  ///< on Flooding's list of interfaces with something to send

  [[nodiscard]] bool is_running() const {
    return state != InterfaceState::down && state != InterfaceState::loopback && !config.passive;
  }
  [[nodiscard]] TimerKey timer(TimerKind kind) const { return {kind, config.link.value, 0}; }
  /// The address packets are sent from: the first of the link, or the borrowed one.
  [[nodiscard]] std::optional<IpAddress> source() const {
    if (!status.addresses.empty()) return status.addresses.front().address;
    return status.unnumbered_source;
  }
  [[nodiscard]] bool has_address(const IpAddress& address) const {
    for (const auto& own : status.addresses)
      if (own.address == address) return true;
    return status.unnumbered_source == address;
  }
  void measure(Footprint& footprint) const {
    footprint.held("neighbors", neighbors.size());
    footprint.held("interfaces.refused", refused.size());
    footprint.held("interfaces.updates", update_queue.size());
    footprint.held("interfaces.direct-acks", direct_acks.size());
    footprint.held("interfaces.delayed-acks", delayed_acks.size());
    for (const auto& [id, neighbor] : neighbors) neighbor->measure(footprint);
  }
};

}  // namespace wgospf::ospf
