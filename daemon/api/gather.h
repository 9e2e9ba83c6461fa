#pragma once
// What is read of the router on the strand for more than one kind of answer.

#include <map>
#include <memory>
#include <vector>

#include "daemon/api/convert.h"
#include "daemon/router_view.h"
#include "wgospf/v1/peer.pb.h"

namespace wgospf::daemon::api {

using WireguardViews = std::shared_ptr<const std::vector<WireguardView>>;

/// On the strand: the names of all configured links.
[[nodiscard]] NameMap link_names(RouterView& router, const std::vector<ospf::InterfaceInfo>& interfaces);

/// What the interface is as a WireGuard device; null when it is none.
[[nodiscard]] const WireguardView* find(const WireguardViews& views, ospf::LinkId link);

/// The peers of all devices. A neighbor is told where a device has one peer and the link one neighbor: then
/// they are the same router.
[[nodiscard]] std::vector<v1::Peer> peers_of(const WireguardViews& views,
                                             const std::vector<ospf::NeighborInfo>& neighbors,
                                             SystemTime now);

}  // namespace wgospf::daemon::api
