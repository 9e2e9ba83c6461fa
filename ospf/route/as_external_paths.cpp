#include "ospf/route/as_external_paths.h"

#include "ospf/constants.h"

namespace wgospf::ospf {

Path as_external_path(const BoundaryRouters& boundaries, const ForwardingAddresses& forwardings,
                      const Offer& offer) {
  const BoundaryRouters::Record& boundary = boundaries[offer.source];
  if (offer.metric == kLsInfinity || !boundary.way.exists()) return {};
  const bool is_forwarded = offer.forwarding != kNoSlot;
  const Way& way = is_forwarded ? forwardings[offer.forwarding].way : boundary.way;
  if (!way.exists()) return {};
  Path path;
  path.list = way.list == kEmptyList ? boundary.way.list : way.list;
  path.is_preferred = boundaries.is_preferred(way);
  path.standing = !offer.is_of_nssa() ? Path::Standing::external
                  : offer.is_local()  ? Path::Standing::local_nssa
                                      : Path::Standing::nssa;
  path.tag = offer.tag;
  path.tag_from = boundary.router;
  path.cost = way.cost;
  path.type = PathType::external_2;
  if (offer.is_type2()) {
    path.type2_metric = offer.metric;
  } else {
    path.type = PathType::external_1;
    path.cost += offer.metric;
    if (path.cost < way.cost) return {};  // beyond what can be counted
  }
  return path;
}

}  // namespace wgospf::ospf
