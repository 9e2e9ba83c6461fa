#pragma once
// The path over a prefix at a vertex of an area: a stub network or a transit network's own (RFC 2328 section
// 16.1 step 4 and stage 2).

#include "ospf/route/areas.h"
#include "ospf/route/next_hop_lists.h"
#include "ospf/route/offer.h"
#include "ospf/route/path.h"

namespace wgospf::ospf {

/// `offer`: a stub or network. None when the vertex is not reached.
[[nodiscard]] Path intra_area_path(const RoutingAreas& areas, const NextHopLists& lists, const Offer& offer);

}  // namespace wgospf::ospf
