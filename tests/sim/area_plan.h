#pragma once
// Networks with several areas (wgospf_sim --areas): a backbone, and areas of all types around it, as often as not by
// several border routers. Some routers are in two areas beside the backbone, and some border routers lose all of their
// links in it. Drawn when all else has been.

#include <set>

#include "tests/sim/network.h"
#include "tests/sim/random.h"

namespace wgospf::sim {

class AreaPlan {
 public:
  /// `network` must outlive it.
  AreaPlan(Network& network, Random random) : network_(network), random_(random) {}

  /// Before anything is started.
  void draw();

 private:
  void draw_areas(std::uint32_t count);
  void draw_nssa(ospf::AreaConfig& area);
  void draw_ranges(ospf::AreaConfig& area);
  void draw_homes(std::uint32_t in_backbone);
  void settle(RouterIndex router);

  Network& network_;
  Random random_;
  std::set<Ipv4Prefix> ranges_;  ///< of all areas
};

}  // namespace wgospf::sim
