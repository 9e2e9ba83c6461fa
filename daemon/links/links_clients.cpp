// Which peers of an interface with `peers: auto` are clients.

#include <chrono>

#include "daemon/clients/recognition.h"
#include "daemon/links/links.h"

namespace wgospf::daemon {

bool Links::is_client(const ConfiguredDevice& entry, const PeerLink& peer) const {
  if (peer.hosts.empty()) return false;
  if (peer.settings.role == ConfiguredRole::client) return true;
  return entry.settings.finds_clients && !peer.has_entry && recognized_.contains(peer.key) &&
         !routers_.contains(peer.key);
}

/// Whoever had the time to say hello in a session, and did not. One that says it later is a router.
bool Links::recognize_clients(const ConfiguredDevice& entry, const wg::Device& device) {
  const auto since = entry.port ? entry.port->hears_since() : std::nullopt;
  if (!since) return false;
  const std::size_t before = recognized_.size();
  const auto clock = std::chrono::system_clock::now();
  const auto heard_for = std::chrono::steady_clock::now() - *since;
  for (const auto& peer : device.peers) {
    if (!peer.last_handshake || recognized_.contains(peer.public_key)) continue;
    const auto* known = entry.peers.find(peer.public_key);
    if (known == nullptr || known->peer.has_entry || known->peer.hosts.empty()) continue;
    const std::chrono::seconds dead_interval{known->peer.settings.dead_interval};
    if (is_silent_as_a_client(clock - *peer.last_handshake, heard_for, dead_interval) &&
        !routers_.contains(peer.public_key))
      recognized_.insert(peer.public_key);
  }
  return recognized_.size() != before;
}

ClientPlaces Links::clients() {
  ClientPlaces clients;
  for (const auto& [link, entry] : entries_) {
    if (!entry.settings.has_peers) continue;
    const std::string device = place_.watch.system_name(entry.settings.name);
    for (const auto& peer : entry.peers.entries()) {
      if (!peer.peer.is_there || !is_client(entry, peer.peer)) continue;
      clients.holds[device] = std::chrono::seconds{entry.settings.client_hold};
      clients.places.push_back(
          {device, peer.peer.key, peer.peer.name, peer.peer.hosts, peer.peer.settings.cost});
      client_addresses_.note(device, peer.peer.key, peer.peer.hosts, today());
    }
  }
  client_addresses_.write();
  return clients;
}

}  // namespace wgospf::daemon
