#pragma once
// Flooding (RFC 2328 section 13, with its errata: flooding.cpp) and the life of LSAs in the databases, from
// installation to ageing and removal (section 14: ageing.cpp). What goes out is the outbox's.
//
// Deliberate deviations, all recorded in docs/rfc-compliance.md: kArrivalBurst instances are taken before
// MinLSArrival is enforced; an instance that follows its predecessor within MinLSArrival is repeated to those
// that did not acknowledge it as soon as a strict neighbour will take it; floods go at the pace of what is
// acknowledged (flood_window.h), and what is lost is repeated after a few round trips (round_trip.h).

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "ospf/core.h"
#include "ospf/flush_memory.h"
#include "ospf/outbox.h"

namespace wgospf::ospf {

/// What flooding asks of the other parts.
class FloodingHooks {
 public:
  /// An instance was installed over `former` (empty: the LSA is new). Routes follow from here.
  virtual void lsa_installed(LsaRef ref, const Lsa& former) = 0;
  /// An LSA left the database, where `last` was its instance; the slot is free already.
  virtual void lsa_removed(std::uint32_t domain, const LsaKey& key, const Lsa& last) = 0;
  /// An instance of an LSA by our router id came in, whatever becomes of it.
  virtual void own_number_seen(std::uint32_t domain, const LsaHeader& header) = 0;
  /// Section 13.4: somebody has a newer instance of an LSA of ours; it is installed.
  virtual void self_originated_received(LsaRef ref) = 0;
  /// A self-originated LSA reached the refresh time.
  virtual void refresh_due(LsaRef ref) = 0;
  virtual void neighbor_event(Neighbor& neighbor, NeighborEvent event) = 0;
  /// The neighbour's request list got shorter.
  virtual void requests_shrunk(Interface& interface, Neighbor& neighbor) = 0;

 protected:
  ~FloodingHooks() = default;
};

/// Which LSAs were sent back within MinLSArrival (section 13 step 8); a handful at any time.
class AnsweredMemory {
 public:
  /// False when it was sent back a moment ago.
  bool add(LsaRef ref, Instant now) {
    const auto [it, is_new] = last_.try_emplace(ref, now);
    if (!is_new && now - it->second < kMinLsArrival) return false;
    it->second = now;
    order_.emplace_back(now, ref);
    return true;
  }
  /// Another instance took its place.
  void forget(LsaRef ref) {
    if (!last_.empty()) last_.erase(ref);
  }
  /// Drops what is over. Call now and then; nothing depends on when.
  void purge(Instant now) {
    for (; !order_.empty() && now - order_.front().first >= kMinLsArrival; order_.pop_front()) {
      const auto it = last_.find(order_.front().second);
      if (it != last_.end() && now - it->second >= kMinLsArrival) last_.erase(it);
    }
  }
  void measure(Footprint& footprint) const {
    footprint.held("answered-memory", last_.size());
    footprint.held("answered-memory.order", order_.size());
  }

 private:
  std::map<LsaRef, Instant> last_;
  std::deque<std::pair<Instant, LsaRef>> order_;  ///< by time; entries may be stale
};

class Flooding {
 public:
  Flooding(Core& core, Outbox& outbox, FloodingHooks& hooks) : core_(core), outbox_(outbox), hooks_(hooks) {}

  void receive_update(Interface& interface, Neighbor& neighbor, const LinkStateUpdate& update);
  void receive_acknowledgment(Interface& interface, Neighbor& neighbor,
                              const LinkStateAcknowledgment& acknowledgment);

  /// Installs an instance of our own (or an aged one) and floods it.
  /// Of the header key and options count.
  LsaRef install_and_flood(std::uint32_t domain, const LsaHeader& header, Lsa lsa, std::uint8_t arrivals,
                           const Neighbor* from);
  /// Section 14.1, premature ageing: the present instance goes out with MaxAge and leaves when acknowledged.
  void flush(LsaRef ref);
  /// Puts an LSA on one neighbour's retransmission list (section 10.3, MaxAge LSAs at NegotiationDone).
  void add_retransmission(Neighbor& neighbor, LsaRef ref);
  /// Empties the neighbour's retransmission list.
  void forget(Neighbor& neighbor);
  /// Drops a whole database (its link or area is gone).
  void drop_domain(std::uint32_t domain);
  /// Arms the next deadline of an entry's age; call again when the refresh time was reconfigured.
  void arm_age_timer(LsaRef ref);
  [[nodiscard]] bool is_self_originated(const LsaHeader& header) const;
  /// Some neighbour has not acknowledged something yet.
  [[nodiscard]] bool has_unacknowledged() const;

  // Timers.
  void age_due(LsaRef ref);
  void repeat_due(LsaRef ref);

  /// Sends what was collected, removes acknowledged MaxAge LSAs. What follows from that may leave more to do.
  void end_round();
  [[nodiscard]] bool has_more_to_do() const;
  /// Forgets what is over.
  void end_turn();
  void measure(Footprint& footprint) const {
    footprint.held("flooding.maxage", maxage_.size());
    footprint.held("flooding.maxage-ready", ready_.size());
    footprint.held("flooding.requests-shrunk", shrunk_.size());
    flush_memory_.measure(footprint);
    answered_.measure(footprint);
  }

 private:
  enum class Proceed : bool { no, yes };
  Proceed receive_lsa(Interface& interface, Neighbor& neighbor, const ReceivedLsa& received);
  void receive_newer(Interface& interface, Neighbor& neighbor, const ReceivedLsa& received, LsaRef present);
  void receive_same(Interface& interface, Neighbor& neighbor, const ReceivedLsa& received, LsaRef present);
  void receive_older(Interface& interface, Neighbor& neighbor, const ReceivedLsa& received, LsaRef present);
  void requested_came_spoilt(Neighbor& neighbor, const LsaKey& key);
  void give_up_request(Neighbor& neighbor, const LsaKey& key);
  bool was_overtaken(Interface& interface, Neighbor& neighbor, const LsaHeader& header, std::uint32_t domain);
  void flood(LsaRef ref, const Neighbor* from);
  struct Flooded {
    LsaRef ref;
    const LsaKey& key;
    LsaInstance instance;
    Options required;  ///< of neighbours
    const Neighbor* from = nullptr;
  };
  bool flood_to(Interface& interface, Neighbor& neighbor, const Flooded& flooded);
  void unlist(LsaRef ref);
  std::optional<RetransmissionList::Entry> acknowledged(Interface& interface, Neighbor& neighbor, LsaRef ref);
  void released(LsaRef ref);
  void remove(LsaRef ref);
  void corrupted(LsaRef ref);
  void collect_maxage();
  void drop_stale_maxage();

  Core& core_;
  Outbox& outbox_;
  FloodingHooks& hooks_;
  std::vector<LsaRef>
      maxage_;  ///< MaxAge entries that wait for acknowledgements or exchanges; some are stale
  std::size_t maxage_stale_ = 0;  ///< at most as many
  std::vector<LsaRef> ready_;     ///< those that may go now
  FlushMemory flush_memory_;
  AnsweredMemory answered_;
  bool exchanges_were_on_ = false;
  std::vector<std::pair<LinkId, RouterId>> shrunk_;
};

}  // namespace wgospf::ospf
