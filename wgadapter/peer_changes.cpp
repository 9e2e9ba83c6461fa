#include "wgadapter/peer_changes.h"

#include <algorithm>
#include <map>
#include <span>
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

/// Of a peer that was there before, and is.
void compare(const Peer& old, SystemTime before, const Peer& now, SystemTime after,
             std::vector<PeerChange>& changes) {
  if (old.endpoint != now.endpoint)
    changes.push_back({Kind::endpoint_changed, now.public_key, old.endpoint, now.endpoint, false});
  compare_sessions(now, has_session(old, before), has_session(now, after), !old.last_handshake, changes);
}

bool are_same_peers(std::span<const Peer> before, std::span<const Peer> after) {
  return std::equal(before.begin(), before.end(), after.begin(), after.end(),
                    [](const Peer& one, const Peer& other) { return one.public_key == other.public_key; });
}

}  // namespace

std::vector<PeerChange> peer_changes(const PeerReading& before, const PeerReading& after) {
  std::vector<PeerChange> changes;
  if (are_same_peers(before.peers, after.peers)) {
    for (std::size_t i = 0; i < after.peers.size(); ++i)
      compare(before.peers[i], before.time, after.peers[i], after.time, changes);
    std::stable_sort(changes.begin(), changes.end(),
                     [](const auto& one, const auto& other) { return one.peer < other.peer; });
    return changes;
  }
  std::map<Key, std::pair<const Peer*, const Peer*>> pairs;
  for (const Peer& peer : before.peers) pairs[peer.public_key].first = &peer;
  for (const Peer& peer : after.peers) pairs[peer.public_key].second = &peer;
  for (const auto& [key, pair] : pairs) {
    const auto& [old, now] = pair;
    if (now == nullptr) {
      changes.push_back({Kind::removed, key, {}, {}, false});
    } else if (old == nullptr) {
      changes.push_back({Kind::added, key, {}, now->endpoint, false});
      compare_sessions(*now, false, has_session(*now, after.time), true, changes);
    } else {
      compare(*old, before.time, *now, after.time, changes);
    }
  }
  return changes;
}

bool is_same_but_for_traffic(const Device& one, const Device& other) {
  return one.name == other.name && one.ifindex == other.ifindex && one.public_key == other.public_key &&
         one.listen_port == other.listen_port && one.fwmark == other.fwmark && one.backend == other.backend &&
         std::equal(one.peers.begin(), one.peers.end(), other.peers.begin(), other.peers.end(), is_same_peer);
}

}  // namespace wgospf::wg
