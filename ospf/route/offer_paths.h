#pragma once
// The path over what an LSA offers for a prefix (RFC 2328 sections 16.1 step 4, 16.2, 16.4). An offer that
// leads nowhere has none.

#include "ospf/route/areas.h"
#include "ospf/route/boundary_routers.h"
#include "ospf/route/forwarding_addresses.h"
#include "ospf/route/next_hop_lists.h"
#include "ospf/route/offer.h"
#include "ospf/route/path.h"

namespace wgospf::ospf {

class OfferPaths {
 public:
  OfferPaths(const RoutingAreas& areas, const BoundaryRouters& boundaries,
             const ForwardingAddresses& forwardings, const NextHopLists& lists)
      : areas_(areas), boundaries_(boundaries), forwardings_(forwardings), lists_(lists) {}

  [[nodiscard]] Path over(const Offer& offer) const {
    return offer.is_external() ? external(offer) : internal(offer);
  }
  /// Intra- and inter-area.
  [[nodiscard]] Path internal(const Offer& offer) const;

 private:
  [[nodiscard]] Path external(const Offer& offer) const;

  const RoutingAreas& areas_;
  const BoundaryRouters& boundaries_;
  const ForwardingAddresses& forwardings_;
  const NextHopLists& lists_;
};

}  // namespace wgospf::ospf
