#pragma once
// What happens to WireGuard peers, in words.

#include <string>

#include "daemon/router_view.h"
#include "wgadapter/peer_changes.h"

namespace wgospf::daemon {

/// peer_added, peer_removed, peer_endpoint_changed, peer_session_established or peer_session_lost.
[[nodiscard]] Notice describe(const wg::PeerChange& change, ospf::LinkId link, const std::string& interface);

}  // namespace wgospf::daemon
