#pragma once
// The life of an instance (Phase), from its first LSA to its last. It is the only writer of Core::phase.
//
//   waiting   nothing is originated before a neighbour is Full, or kFirstOriginationDelay has passed: what
//             a former run has said comes back with the first exchange, and is outdone by one instance and
//             not by two
//   running   what our producers want is in the database (origination.h)
//   leaving   all of it is withdrawn; every flush is to be acknowledged, or kShutdownWait ends the wait
//   ended     neighbours have been told by a hello that lists none, the driver by ShutdownComplete

#include <utility>
#include <vector>

#include "ospf/parts.h"

namespace wgospf::ospf {

class Lifecycle {
 public:
  explicit Lifecycle(Parts& parts) : parts_(parts), core_(parts.core) {}

  /// Begins to wait.
  void start();
  /// Timer first_origination.
  void waited_enough() { run(); }
  /// Originates the router-LSAs that changed, when they may be.
  void originate();
  [[nodiscard]] bool has_more_to_do() const {
    return (!core_.dirty_areas.empty() || !core_.new_domains.empty()) && may_originate();
  }
  /// Section 13.4; see OwnLsaCame. `ref` is its present instance.
  void own_lsa_came(LsaRef ref);

  void leave();
  /// Call at the end of a turn: ends when all is acknowledged.
  void end_if_acknowledged();
  /// Timer shutdown.
  void left_long_enough() { end(false); }

  void measure(Footprint& footprint) const { footprint.held("origination.stale", stale_.size()); }

 private:
  [[nodiscard]] bool may_originate() const;
  void run();
  void end(bool acknowledged);
  [[nodiscard]] std::vector<LsaRef> take_stale();

  Parts& parts_;
  Core& core_;
  /// LSAs of ours from before a restart, until we originate.
  std::vector<std::pair<LsaRef, Lsa>> stale_;
};

}  // namespace wgospf::ospf
