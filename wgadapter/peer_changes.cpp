#include "wgadapter/peer_changes.h"

#include <algorithm>
#include <map>
#include <utility>

namespace wgospf::wg {
namespace {

using Kind = PeerChange::Kind;

bool has_session(const Peer& peer, SystemTime at) {
  return peer.last_handshake && at - *peer.last_handshake <= kSessionLife;
}

void compare_sessions(const Peer& now, bool before, bool after, bool is_first,
                      std::vector<PeerChange>& changes) {
  if (before == after) return;
  PeerChange change{after ? Kind::session_established : Kind::session_lost, now.public_key, {}, {}, false};
  change.is_first_session = after && is_first;
  changes.push_back(std::move(change));
}

bool is_same_peer(const Peer& one, const Peer& other) {
  return one.public_key == other.public_key && one.endpoint == other.endpoint &&
         one.persistent_keepalive == other.persistent_keepalive && one.allowed_ips == other.allowed_ips &&
         one.protocol_version == other.protocol_version;
}

}  // namespace

std::vector<PeerChange> peer_changes(const PeerReading& before, const PeerReading& after) {
  std::map<Key, std::pair<const Peer*, const Peer*>> pairs;
  for (const Peer& peer : before.peers) pairs[peer.public_key].first = &peer;
  for (const Peer& peer : after.peers) pairs[peer.public_key].second = &peer;
  std::vector<PeerChange> changes;
  for (const auto& [key, pair] : pairs) {
    const auto& [old, now] = pair;
    if (now == nullptr) {
      changes.push_back({Kind::removed, key, {}, {}, false});
      continue;
    }
    if (old == nullptr) {
      changes.push_back({Kind::added, key, {}, now->endpoint, false});
      compare_sessions(*now, false, has_session(*now, after.time), true, changes);
      continue;
    }
    if (old->endpoint != now->endpoint)
      changes.push_back({Kind::endpoint_changed, key, old->endpoint, now->endpoint, false});
    compare_sessions(*now, has_session(*old, before.time), has_session(*now, after.time),
                     !old->last_handshake, changes);
  }
  return changes;
}

bool is_same_but_for_traffic(const Device& one, const Device& other) {
  return one.name == other.name && one.ifindex == other.ifindex && one.public_key == other.public_key &&
         one.listen_port == other.listen_port && one.fwmark == other.fwmark && one.backend == other.backend &&
         std::equal(one.peers.begin(), one.peers.end(), other.peers.begin(), other.peers.end(), is_same_peer);
}

}  // namespace wgospf::wg
