#pragma once
// What happens to WireGuard peers, found by comparing two readings of a device: WireGuard has no events.
// Pure.

#include <span>
#include <string>
#include <vector>

#include "daemon/router_view.h"
#include "wgadapter/device.h"

namespace wgospf::daemon {

/// The peers of one device as they were at one moment; none when there is no device.
struct PeerReading {
  std::span<const wg::Peer> peers{};
  wg::SystemTime time{};
};

/// peer_added, peer_removed, peer_endpoint_changed, peer_session_established and peer_session_lost, in the
/// order of keys; not what counters do, nor a handshake that renews a session. A session is lost when the
/// last handshake is more than 180 s ago: WireGuard takes no packet of it any more (REJECT_AFTER_TIME).
[[nodiscard]] std::vector<Notice> peer_changes(ospf::LinkId link, const std::string& interface,
                                               const PeerReading& before, const PeerReading& after);

}  // namespace wgospf::daemon
