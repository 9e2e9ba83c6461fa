#pragma once
// Which of several equal-cost paths count where point-to-multipoint interfaces are on them.
//
// Behind such an interface of WireGuard are peers. A prefix belongs to one of them, and a packet is taken from
// a peer only if its source belongs to it. So of the paths between two routers that differ in the neighbour on
// one interface, one alone can be used: the same in both directions, and the same for all routers on it.
//
// The rule. It asks nothing but the database, so that all routers of an area come to the same:
//   (1) A neighbour on a point-to-multipoint interface of a router R is second when, for some destination, a
//       neighbour of a lower Router ID on the same interface is on a shortest path from R as well as it is. A
//       link is second when one of its ends sees the other as such.
//   (2) Of equal-cost paths those count whose second links are the least. A link is known by the greater, then
//       the smaller of the Router IDs of its ends; of two sets of links the one is less that lacks the greatest
//       of those that are in one of them only.
//
// Why this suffices, with costs that are the same in both directions and not 0. No direction is known to the
// order, so the paths from B to A are those from A to B, backwards. Two paths that end alike compare as their
// beginnings do, since no shortest path has a link twice: so each router on a path goes on as those before it
// assume. And let two paths from R, over its neighbours Y and Z on one interface, Y lower, lead to the same
// router. Then Z is second (1), and the path over Y does not have the link to Z, which would lead back to R.
// So they are not equal, and one remains. Where no such tie is, nothing is second, and all equal-cost paths
// count: over several interfaces, over several hubs, or where no point-to-multipoint interface at all.
//
// Cost: nothing where no equal-cost paths are or no point-to-multipoint interface is. Else a calculation of
// distances for each router that has such an interface and is on paths that have to be compared. In areas with
// more than kMostHubs routers of that kind all neighbours but the lowest are second instead.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "ospf/base/footprint.h"
#include "ospf/route/distances.h"
#include "ospf/route/root_edge.h"

namespace wgospf::ospf {

class TieRule {
 public:
  static constexpr std::size_t kMostHubs = 32;

  /// Decides on the paths that `distances` has found from `root`.
  void decide(const Graph& graph, VertexId root, std::span<const RootEdge> root_edges,
              const Distances& distances);
  /// Do all equal-cost paths count?
  [[nodiscard]] bool all_count() const { return losers_.empty(); }
  /// Does the last link of a shortest path to `to` count as one?
  [[nodiscard]] bool counts(VertexId from, VertexId to) const {
    return losers_.empty() || !is_loser({from, to});
  }
  void measure(Footprint& footprint) const { footprint.held("graph.tie-losers", losers_.size()); }

 private:
  using Step = std::pair<VertexId, VertexId>;  ///< from, to
  [[nodiscard]] bool is_loser(Step step) const;

  std::vector<Step> losers_;  ///< sorted
};

}  // namespace wgospf::ospf
