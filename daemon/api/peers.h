#pragma once
// WireGuard peers, with what OSPF and the routes have to do with each.

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "daemon/api/gather.h"
#include "daemon/router_view.h"
#include "wgospf/v1/peer.pb.h"

namespace wgospf::daemon::api {

/// Read on the strand.
struct PeersRead {
  WireguardViews wireguard{};
  std::vector<ospf::InterfaceInfo> interfaces{};
  std::vector<ospf::NeighborInfo> neighbors{};
  std::shared_ptr<const ospf::RouteTable<V2>> table{};
  std::shared_ptr<const wg::OwnAllowedIps> own_allowed_ips{};
  PeerNotes notes{};
  std::map<ospf::LinkId, LivenessView> liveness{};
  ospf::Instant now{};  ///< of `liveness`
};
[[nodiscard]] PeersRead read_peers(RouterView& router);

enum class WithPrefixes : bool { no, yes };

/// On the worker. One entry a device, however many links lead over it; `peers` in the order of devices and of
/// their readings.
struct PeersAnswer {
  std::vector<v1::WireguardDevice> devices{};
  std::vector<v1::Peer> peers{};
};
[[nodiscard]] PeersAnswer answer(const PeersRead& read, WithPrefixes with_prefixes, SystemTime now);

}  // namespace wgospf::daemon::api
