#pragma once
// What random networks have beside the common (wgospf_sim --varied): an area of another type, opaque LSAs of the routers'
// own, links whose neighbour is known beforehand. Drawn when all else has been, so that a seed's network is the same
// without it.

#include "tests/sim/faults.h"
#include "tests/sim/network.h"
#include "tests/sim/random.h"

namespace wgospf::sim {

class Variety {
 public:
  /// `network` must outlive it.
  Variety(Network& network, Random random) : network_(network), random_(random) {}

  /// Before anything is started.
  void draw();
  /// Opaque LSAs that change and go. Call sort() afterwards.
  void add_to(FaultPlan& plan, Duration begin, Duration length);

 private:
  void draw_area();
  void draw_opaque(RouterIndex router);
  void draw_admitted(CableIndex cable);
  [[nodiscard]] ospf::OpaqueContents opaque();
  [[nodiscard]] bool is_neighbor(RouterIndex router, RouterIndex other) const;

  Network& network_;
  Random random_;
};

}  // namespace wgospf::sim
