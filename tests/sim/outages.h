#pragma once
// What a fault costs those who send packets: how long some router cannot reach another though a way exists (a
// black hole), or its packets go round (a loop). Told for each fault, so that a change that makes outages
// longer is seen though everything converges in the end.
//
// Every router has the routes that it told last, at once; the way of a packet is followed along all its
// branches. The addresses are those of the running routers' loopbacks. Looked at within kOutageGrain of each
// change, so shorter ones may be missed.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/network.h"

namespace wgospf::sim {

inline constexpr Duration kOutageGrain = milliseconds{10};

/// The longest outages that began after a fault and before the next.
struct FaultOutages {
  std::string what;       ///< the fault
  std::string_view kind;  ///< its kind
  Instant at{};
  Duration black_hole{}, loop{};
};

class OutageWatch {
 public:
  explicit OutageWatch(Network& network);
  OutageWatch(const OutageWatch&) = delete;
  OutageWatch& operator=(const OutageWatch&) = delete;

  /// Something happened that may change ways without a route changing.
  void fault(const std::string& what, std::string_view kind);
  /// What goes on is counted up to now.
  [[nodiscard]] std::vector<FaultOutages> end();
  /// The longest outages while no fault happened and no cable lost anything: they must not be longer than
  /// convergence takes, and a loop no longer than routers may differ in what they know and have calculated.
  [[nodiscard]] Duration longest_in_calm() const { return longest_in_calm_; }
  [[nodiscard]] Duration longest_loop_in_calm() const { return longest_loop_in_calm_; }

 private:
  enum class Fate : std::uint8_t { unknown, walking, arrives, lost, loops };
  struct Outage {
    std::size_t fault = 0;
    Instant since{};
  };
  struct Pair {
    std::optional<Outage> black_hole, loop;
  };

  void changed();
  void look();
  void refresh_ways(RouterIndex router);
  void look_at(RouterIndex target, const std::vector<RouterIndex>& component);
  Fate fate_from(RouterIndex router, RouterIndex target);
  /// Where a packet comes to that leaves by this hop; nullopt: nowhere.
  [[nodiscard]] std::optional<RouterIndex> over(RouterIndex router, const ospf::NextHop& hop) const;
  [[nodiscard]] bool is_calm() const;
  [[nodiscard]] bool is_alone_with_its_id(RouterIndex router) const;
  void note(std::optional<Outage>& outage, bool goes_on, Duration FaultOutages::*longest);

  Network& network_;
  bool is_scheduled_ = false;
  Duration longest_in_calm_{}, longest_loop_in_calm_{};
  std::vector<FaultOutages> faults_;
  struct Ways {
    std::uint64_t life = 0;
    bool is_stale = false;
    std::vector<std::vector<ospf::NextHop>> to;  ///< by target; empty: no route
  };
  std::vector<Ways> ways_;                                   ///< by router
  std::vector<Fate> fates_;                                  ///< of one target, by router
  std::map<std::pair<RouterIndex, RouterIndex>, Pair> out_;  ///< what is cut off now
};

}  // namespace wgospf::sim
