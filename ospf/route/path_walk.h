#pragma once
// The equal-cost paths to a vertex, hop by hop, for people.

#include <cstddef>
#include <functional>
#include <vector>

#include "ospf/route/areas.h"
#include "ospf/route/next_hop_lists.h"
#include "ospf/route/next_hops.h"
#include "ospf/route/shown.h"

namespace wgospf::ospf {

/// Walks from the end to the root: the steps back are the links that are tight, that is, whose cost is just
/// the difference of the distances, and that count where equal costs are decided (tie_rule.h).
class PathWalk {
 public:
  PathWalk(RouterId root, const RoutingArea& area, const NextHopLists& lists, const NextHops& next_hops)
      : root_(root), area_(area), lists_(lists), next_hops_(next_hops) {}

  /// `finish(hops)` with the hops of each path from the root to `vertex`, without the last entry; `limit`
  /// times at most.
  using Finish = std::function<void(std::vector<PathHop> hops)>;
  void walk(VertexId vertex, std::size_t limit, const Finish& finish) const;

 private:
  struct Step {
    VertexId from = 0;
    PathHop hop;
    bool is_hop = true;  // a network is no hop
  };
  struct Frame {
    VertexId vertex = 0;
    std::vector<Step> steps;
    std::size_t next = 0;
  };
  static constexpr std::size_t kMostSteps = 1000000;

  [[nodiscard]] std::vector<Step> steps_back(VertexId vertex) const;
  [[nodiscard]] std::vector<Step> steps_from_root(VertexId vertex) const;
  [[nodiscard]] static std::vector<PathHop> hops(const std::vector<Frame>& stack);

  RouterId root_;
  const RoutingArea& area_;
  const NextHopLists& lists_;
  const NextHops& next_hops_;
};

}  // namespace wgospf::ospf
