#include "daemon/links/carried_tunnels.h"

#include <algorithm>

namespace wgospf::daemon {

namespace {

constexpr std::size_t kShortKey = 8;  // characters

std::string tunnel_name(const wg::Device& device, const wg::Peer& peer) {
  if (device.peers.size() == 1) return device.name;
  return device.name + "/" + peer.public_key.to_base64().substr(0, kShortKey);
}

}  // namespace

void add_carried(const wg::Underlay& underlay, PeerNotes& notes) {
  for (const auto& tunnel : underlay.peers) {
    const auto* endpoint = std::get_if<Ipv4Address>(&tunnel.endpoint.address);
    if (endpoint == nullptr || !tunnel.way) continue;
    const wg::Device& device = underlay.devices[tunnel.device];
    for (std::size_t under = 0; under < underlay.devices.size(); ++under) {
      const auto& ways = tunnel.way->ifindexes;
      if (std::find(ways.begin(), ways.end(), underlay.devices[under].ifindex) == ways.end()) continue;
      const auto owner = underlay.maps[under].owner(*endpoint);
      if (!owner) continue;
      const wg::Device& carrier = underlay.devices[under];
      notes[{carrier.name, carrier.peers[*owner].public_key}].carries.push_back(
          tunnel_name(device, device.peers[tunnel.peer]));
    }
  }
}

}  // namespace wgospf::daemon
