#pragma once
// Paths over what AS-external-LSAs say of a prefix (RFC 2328 section 16.4): to the AS boundary router that
// says it (boundary_routers.h), or to its forwarding address (forwarding_addresses.h).

#include "ospf/route/boundary_routers.h"
#include "ospf/route/forwarding_addresses.h"
#include "ospf/route/offer.h"
#include "ospf/route/path.h"

namespace wgospf::ospf {

/// `offer`: an external. None when it leads nowhere.
[[nodiscard]] Path as_external_path(const BoundaryRouters& boundaries, const ForwardingAddresses& forwardings,
                                    const Offer& offer);

}  // namespace wgospf::ospf
