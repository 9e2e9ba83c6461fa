#pragma once
// Flooding (RFC 2328 section 13, with its errata: flooding.cpp) and the life of LSAs in the databases, from
// installation (section 13.2: lsa_installation.cpp) to ageing and removal (section 14: ageing.cpp); received
// acknowledgements stand beside those that are sent (acknowledgments.cpp). What goes out is the outbox's, what
// counts for routes the route calculation's (routing.h); what follows for neighbours and our own LSAs is left
// to them (followup.h).
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
#include "ospf/own_lsas.h"
#include "ospf/routing.h"

namespace wgospf::ospf {

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
  Flooding(Core& core, Outbox& outbox, Routing& routing, OwnLsas& own_lsas)
      : core_(core), outbox_(outbox), routing_(routing), own_lsas_(own_lsas) {}

  void receive_update(Interface& interface, Neighbor& neighbor, const LinkStateUpdate& update);
  void receive_acknowledgment(Interface& interface, Neighbor& neighbor,
                              const LinkStateAcknowledgment& acknowledgment);

  /// Installs an instance of our own (or an aged one) and floods it.
  /// Of the header key and options count.
  LsaRef install_and_flood(std::uint32_t domain, const LsaHeader& header, Lsa lsa, std::uint8_t arrivals,
                           const Neighbor* from);
  /// Section 14.1, premature ageing: the present instance goes out with MaxAge and leaves when acknowledged.
  void flush(LsaRef ref);
  /// Puts an LSA on one neighbour's retransmission list, and sends it (section 10.3, MaxAge LSAs at
  /// NegotiationDone).
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

  /// The neighbours whose request lists became shorter since the last call.
  [[nodiscard]] NeighborSet take_shrunk();
  /// Removes acknowledged MaxAge LSAs.
  void collect_maxage();
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
  void take_off_requests(LsaRef ref);
  void unlist(LsaRef ref);
  std::optional<SentList::Entry> acknowledged(Neighbor& neighbor, LsaRef ref);
  void released(LsaRef ref);
  void remove(LsaRef ref);
  Lsa take_out(LsaRef ref);
  void corrupted(LsaRef ref);
  void drop_stale_maxage();

  Core& core_;
  Outbox& outbox_;
  Routing& routing_;
  OwnLsas& own_lsas_;
  std::vector<LsaRef>
      maxage_;  ///< MaxAge entries that wait for acknowledgements or exchanges; some are stale
  std::size_t maxage_stale_ = 0;  ///< at most as many
  std::vector<LsaRef> ready_;     ///< those that may go now
  FlushMemory flush_memory_;
  AnsweredMemory answered_;
  bool exchanges_were_on_ = false;
  NeighborSet receivers_;  ///< scratch
  NeighborSet shrunk_;     ///< whose request lists got shorter
};

}  // namespace wgospf::ospf
