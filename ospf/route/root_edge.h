#pragma once
// An edge out of the root of a calculation.

#include <cstdint>

#include "ospf/route/graph.h"
#include "ospf/route/next_hop_lists.h"

namespace wgospf::ospf {

struct RootEdge {
  Edge edge;                     ///< its target links back
  ListId list = kEmptyList;      ///< the next hop it means
  std::uint32_t multipoint = 0;  ///< which point-to-multipoint interface it is over; 0: none
  bool is_idle = false;          ///< another to the same neighbour is used instead
};

}  // namespace wgospf::ospf
