#include "wgadapter/renewal.h"

#include <algorithm>

namespace wgospf::wg {

std::optional<Endpoint> outer_endpoint(const Peer& peer, const Renewal& renewal) {
  // Made again and without a session since: what has come may be an old packet that was kept, and moved the endpoint.
  // Where nothing has come it was set by hand.
  if (!peer.last_handshake && peer.rx_bytes != 0 && renewal.outside) return renewal.outside;
  const bool is_inside = peer.endpoint && std::ranges::any_of(renewal.inside, [&](const IpPrefix& network) {
                           return contains(network, peer.endpoint->address);
                         });
  return is_inside ? renewal.outside : peer.endpoint;
}

std::optional<DeviceDelta> made_again(const Device& device, const Renewal& renewal,
                                      const std::optional<SecretKey>& preshared_key) {
  const Peer* peer = device.find_peer(renewal.peer);
  if (peer == nullptr || peer->rx_bytes != renewal.rx_bytes) return std::nullopt;
  const auto endpoint = renewal.aim ? renewal.aim : outer_endpoint(*peer, renewal);
  if (!endpoint) return std::nullopt;
  PeerDelta made;
  made.public_key = peer->public_key;
  made.action = PeerAction::create;
  made.endpoint = endpoint;
  made.persistent_keepalive = peer->persistent_keepalive;
  if (preshared_key && !preshared_key->is_zero()) made.preshared_key = preshared_key;
  made.add_allowed_ips = peer->allowed_ips;
  DeviceDelta delta;
  delta.peers.push_back(std::move(made));
  return delta;
}

std::optional<SecretKey> preshared_key_in(std::string_view answer, const Key& peer) {
  constexpr std::string_view kPublic = "public_key=", kPreshared = "preshared_key=";
  bool is_its = false;
  while (!answer.empty()) {
    const std::size_t end = answer.find('\n');
    const std::string_view line = answer.substr(0, end);
    answer = end == std::string_view::npos ? std::string_view{} : answer.substr(end + 1);
    if (line.starts_with(kPublic)) is_its = Key::from_hex(line.substr(kPublic.size())) == peer;
    if (is_its && line.starts_with(kPreshared)) return SecretKey::from_hex(line.substr(kPreshared.size()));
  }
  return std::nullopt;
}

}  // namespace wgospf::wg
