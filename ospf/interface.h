#pragma once
// Interfaces and neighbours as data (RFC 2328 sections 9 and 10). State is changed in one place each:
// Adjacency::set_neighbor_state and Adjacency::set_interface_state.

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ospf/config.h"
#include "ospf/footprint.h"
#include "ospf/instance.h"
#include "ospf/lsdb.h"
#include "ospf/neighbor_state.h"
#include "ospf/packet.h"
#include "ospf/timer_queue.h"

namespace wgospf::ospf {

/// The Link state request list (section 10.9): what the neighbour has newer than we do, and what of it is
/// asked for at the moment.
template <class V>
class RequestList {
 public:
  RequestList() = default;
  RequestList(const RequestList&) = delete;
  RequestList& operator=(const RequestList&) = delete;
  ~RequestList() { clear(); }
  /// From now on, while this is empty, `total` counts what is on it together with other lists.
  void count_in(std::size_t& total) { total_ = &total; }

  /// Described twice, the more recent instance is wanted; what is asked for stays so.
  void add(const LsaHeader<V>& header) {
    const auto [it, is_new] = wanted_.try_emplace(header.key, Entry{header, 0, 0});
    if (is_new) {
      if (total_ != nullptr) ++*total_;
      bytes_ += header.length;
    } else if (compare_recency(header, it->second.header) > 0) {
      bytes_ += header.length;
      bytes_ -= it->second.header.length;
      it->second.header = header;
    }
  }
  /// What was asked for came and cannot be used. True when it is worth asking again.
  bool came_spoilt(const LsaKey<V>& key) {
    const auto it = wanted_.find(key);
    if (it == wanted_.end() || ++it->second.spoilt >= kRequestTries) return false;
    if (is_outstanding(it->second)) --outstanding_;
    it->second.round = 0;
    return true;
  }
  [[nodiscard]] const LsaHeader<V>* find(const LsaKey<V>& key) const {
    const auto it = wanted_.find(key);
    return it == wanted_.end() ? nullptr : &it->second.header;
  }
  /// True when it was on the list.
  bool erase(const LsaKey<V>& key) {
    const auto it = wanted_.find(key);
    if (it == wanted_.end()) return false;
    if (is_outstanding(it->second)) --outstanding_;
    if (total_ != nullptr) --*total_;
    bytes_ -= it->second.header.length;
    wanted_.erase(it);
    return true;
  }
  /// Marks the first `limit` entries as asked for and gives their keys. They alone are: what was asked for
  /// before and did not come waits for its turn again, behind what has been described since.
  [[nodiscard]] std::vector<LsaKey<V>> ask(std::size_t limit) {
    std::vector<LsaKey<V>> keys;
    ++round_;
    for (auto it = wanted_.begin(); it != wanted_.end() && keys.size() < limit; ++it) {
      it->second.round = round_;
      keys.push_back(it->first);
    }
    outstanding_ = keys.size();
    return keys;
  }
  void clear() {
    if (total_ != nullptr) *total_ -= wanted_.size();
    wanted_.clear();
    outstanding_ = bytes_ = 0;
  }
  [[nodiscard]] bool empty() const { return wanted_.empty(); }
  [[nodiscard]] std::size_t size() const { return wanted_.size(); }
  [[nodiscard]] std::size_t outstanding() const { return outstanding_; }
  /// The length of what is wanted, as described.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    LsaHeader<V> header;
    std::uint32_t round = 0;  ///< of the request that it was last in
    std::uint8_t spoilt = 0;  ///< so often it came and could not be used
  };
  [[nodiscard]] bool is_outstanding(const Entry& entry) const {
    return entry.round == round_ && outstanding_ > 0;
  }
  std::map<LsaKey<V>, Entry> wanted_;
  std::uint32_t round_ = 0;  ///< requests so far
  std::size_t outstanding_ = 0, bytes_ = 0;
  std::size_t* total_ = nullptr;
};

/// Where an LSA stands: its database and its slot there.
struct LsaRef {
  std::uint32_t domain = 0, slot = 0;
  constexpr auto operator<=>(const LsaRef&) const = default;
};

/// The Link state retransmission list (section 13.3, 13.6). It names database slots: what is on it is always
/// the database's present instance, because installing a newer one takes the older off every list.
class RetransmissionList {
 public:
  /// True when it was not on the list before.
  bool add(LsaRef ref, Instant now) {
    const bool added = sent_.insert_or_assign(ref_key(ref), now).second;
    order_.push_back({now, ref});
    return added;
  }
  bool erase(LsaRef ref) {
    const bool erased = sent_.erase(ref_key(ref)) > 0;
    if (sent_.empty()) order_.clear();
    return erased;
  }
  [[nodiscard]] bool contains(LsaRef ref) const { return sent_.contains(ref_key(ref)); }
  [[nodiscard]] bool empty() const { return sent_.empty(); }
  [[nodiscard]] std::size_t size() const { return sent_.size(); }
  [[nodiscard]] std::size_t order_size() const { return order_.size(); }
  /// When the oldest entry was last sent; drops what was acknowledged meanwhile.
  [[nodiscard]] std::optional<Instant> oldest() {
    while (!order_.empty() && is_stale(order_.front())) order_.pop_front();
    if (order_.empty()) return std::nullopt;
    return order_.front().first;
  }
  /// Takes the oldest entry from the order (it stays on the list until erased or added again). Call oldest()
  /// first.
  [[nodiscard]] LsaRef pop_oldest() {
    const LsaRef ref = order_.front().second;
    order_.pop_front();
    return ref;
  }
  /// Empties the list and gives what was on it.
  [[nodiscard]] std::vector<LsaRef> take_all() {
    std::vector<LsaRef> refs;
    refs.reserve(sent_.size());
    for (const auto& [key, at] : sent_)
      refs.push_back({static_cast<std::uint32_t>(key >> 32), static_cast<std::uint32_t>(key)});
    sent_.clear();
    order_.clear();
    return refs;
  }

 private:
  using Stamp = std::pair<Instant, LsaRef>;
  static std::uint64_t ref_key(LsaRef ref) { return (std::uint64_t{ref.domain} << 32) | ref.slot; }
  [[nodiscard]] bool is_stale(const Stamp& stamp) const {
    const auto it = sent_.find(ref_key(stamp.second));
    return it == sent_.end() || it->second != stamp.first;
  }
  std::unordered_map<std::uint64_t, Instant> sent_;  ///< last time sent
  std::deque<Stamp> order_;                          ///< by time; entries may be stale
};

template <class V>
struct Neighbor {
  LinkId link;
  RouterId router_id;
  typename V::Address address{};
  NeighborState state = NeighborState::down;
  NeighborEvent last_event = NeighborEvent::start;
  Instant last_state_change;
  std::uint32_t state_changes = 0;
  typename V::Options options{};     ///< of its hellos
  typename V::Options dd_options{};  ///< of its database descriptions (the O-bit, RFC 5250 section 4.1)
  std::uint8_t priority = 0;
  std::uint16_t mtu = 0;

  // Database exchange (section 10.8).
  bool is_master = false;  ///< we are
  std::uint32_t dd_sequence = 0;
  struct DdSummary {
    DdFlags flags;
    typename V::Options options{};
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
  RequestList<V> requests;
  /// The next in sequence, while the request lists have no room for what it describes.
  std::optional<DatabaseDescription<V>> waiting_dd;
  RetransmissionList retransmissions;
  /// LSAs of ours that it described or asked for in this exchange, and those that we described and it did
  /// neither: it has them flushed, because such are not described (section 10.3).
  std::set<LsaKey<V>> own_known, own_unknown;

  void note_own_known(const LsaKey<V>& key) {
    own_known.insert(key);
    own_unknown.erase(key);
  }
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

template <class V>
struct Interface {
  InterfaceConfig config;
  LinkStatus<V> status;
  InterfaceState state = InterfaceState::down;
  std::optional<InterfaceReason> ending;  ///< while it goes down and its neighbours with it
  std::uint32_t area_index = 0;           ///< into Core::areas
  std::uint32_t link_domain = 0;          ///< database of link-scope LSAs
  std::map<RouterId, std::unique_ptr<Neighbor<V>>> neighbors;
  PacketCounters packets;
  DropCounters drops;
  std::optional<Instant> last_triggered_hello;

  // Collected during one turn, sent at its end (or paced): by Flooding only.
  std::deque<LsaRef> update_queue;
  std::vector<LsaHeader<V>> direct_acks;
  std::vector<LsaHeader<V>> delayed_acks;
  bool is_due = false;  ///< on Flooding's list of interfaces with something to send

  [[nodiscard]] bool is_running() const {
    return state != InterfaceState::down && state != InterfaceState::loopback && !config.passive;
  }
  [[nodiscard]] TimerKey timer(TimerKind kind) const { return {kind, config.link.value, 0}; }
  /// The address packets are sent from: the first of the link, or the borrowed one.
  [[nodiscard]] std::optional<typename V::Address> source() const {
    if (!status.addresses.empty()) return status.addresses.front().address;
    return status.unnumbered_source;
  }
  [[nodiscard]] bool has_address(typename V::Address address) const {
    for (const auto& own : status.addresses)
      if (own.address == address) return true;
    return status.unnumbered_source == address;
  }
  /// The largest packet to build, from the OSPF header on.
  [[nodiscard]] std::size_t packet_size_max() const {
    const std::uint32_t mtu = std::clamp<std::uint32_t>(status.mtu, kPacketSizeMin, kPacketSizeMax);
    return mtu - V::kIpHeaderSize;
  }
  void measure(Footprint& footprint) const {
    footprint.held("neighbors", neighbors.size());
    footprint.held("interfaces.updates", update_queue.size());
    footprint.held("interfaces.direct-acks", direct_acks.size());
    footprint.held("interfaces.delayed-acks", delayed_acks.size());
    for (const auto& [id, neighbor] : neighbors) neighbor->measure(footprint);
  }
};

}  // namespace wgospf::ospf
