#pragma once
// Paths over what border routers say in summary-LSAs (RFC 2328 section 16.2): a prefix of another area (type
// 3). What they say of AS boundary routers (type 4) is collected by boundary_routers.h.

#include "ospf/route/areas.h"
#include "ospf/route/offer.h"
#include "ospf/route/path.h"

namespace wgospf::ospf {

/// Section 16.2: how far a border router is whose summaries count: a reachable one other than ourselves, and
/// at an area border router in the backbone only, while it is adjacent to some router there (RFC 3509 section
/// 2.2).
[[nodiscard]] VertexState border_router_state(const RoutingAreas& areas, std::uint32_t number,
                                              VertexId vertex);

/// `offer`: a prefix that a border router says. None when it is said to be unreachable, or the router is.
[[nodiscard]] Path inter_area_path(const RoutingAreas& areas, const Offer& offer);

/// Section 11.1: what is in an active address range and goes nowhere else goes nowhere. It is worse than a path
/// within an area, and better than one out of the AS. It has no next hops, as what is attached.
[[nodiscard]] inline Path discard_path() {
  Path path;
  path.cost = 0;
  path.type = PathType::inter_area;
  path.is_attached = true;
  return path;
}

}  // namespace wgospf::ospf
