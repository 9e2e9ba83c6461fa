#include "wgadapter/plan.h"

#include <algorithm>
#include <map>
#include <set>

namespace wgospf::wg {
namespace {

/// Prefixes of large peers are looked up often enough to be worth an index.
std::set<AllowedIp> prefixes_of(const Peer* peer) {
  if (peer == nullptr) return {};
  return {peer->allowed_ips.begin(), peer->allowed_ips.end()};
}

Error no_such_peer(const Device& device, const Key& key) {
  return {ErrorCode::not_found, device.name + " has no peer " + key.to_base64() +
                                    "; it was removed, or never added: read the device again"};
}

}  // namespace

bool Plan::empty() const {
  return !settings.private_key && !settings.listen_port && !settings.fwmark && settings.peers.empty() &&
         removals.empty() && removed_peers.empty();
}

Result<Plan> make_plan(const Device& now, const DeviceDelta& delta) {
  Plan plan;
  plan.settings.private_key = delta.private_key;
  plan.settings.listen_port = delta.listen_port;
  plan.settings.fwmark = delta.fwmark;
  std::map<AllowedIp, Key> given;  // prefix to the peer that gets it
  std::set<Key> created;
  for (const PeerDelta& peer : delta.peers) {
    if (peer.action == PeerAction::create) created.insert(peer.public_key);
    if (peer.action == PeerAction::remove) continue;
    for (const AllowedIp& prefix : peer.add_allowed_ips) given[prefix] = peer.public_key;
  }
  for (const PeerDelta& wanted : delta.peers) {
    const Peer* peer = now.find_peer(wanted.public_key);
    if (peer == nullptr && !created.contains(wanted.public_key)) return no_such_peer(now, wanted.public_key);
    if (wanted.action == PeerAction::remove) {
      plan.removed_peers.push_back(wanted.public_key);
      continue;
    }
    const std::set<AllowedIp> owned = prefixes_of(peer);
    PeerDelta change = wanted;
    change.remove_allowed_ips.clear();
    std::erase_if(change.add_allowed_ips, [&](const AllowedIp& prefix) { return owned.contains(prefix); });
    const bool says_something = peer == nullptr || change.endpoint || change.persistent_keepalive ||
                                change.preshared_key || !change.add_allowed_ips.empty();
    if (says_something) plan.settings.peers.push_back(std::move(change));
    Removal removal{wanted.public_key, {}};
    for (const AllowedIp& prefix : wanted.remove_allowed_ips) {
      const auto to = given.find(prefix);
      if (to != given.end() && to->second == wanted.public_key)
        return Error{ErrorCode::invalid, now.name + ": " + to_string(prefix) +
                                             " is both added to and removed from peer " +
                                             wanted.public_key.to_base64() + "; ask for one of them"};
      if (to == given.end() && owned.contains(prefix)) removal.prefixes.push_back(prefix);
    }
    if (!removal.prefixes.empty()) plan.removals.push_back(std::move(removal));
  }
  return plan;
}

bool is_allowed_ips_alone(const DeviceDelta& delta) {
  return !delta.private_key && !delta.listen_port && !delta.fwmark &&
         std::all_of(delta.peers.begin(), delta.peers.end(), [](const PeerDelta& peer) {
           return peer.action == PeerAction::update && !peer.endpoint && !peer.persistent_keepalive &&
                  !peer.preshared_key;
         });
}

Device carried_out(Device now, const Plan& plan) {
  std::set<AllowedIp> taken;
  std::map<Key, const std::vector<AllowedIp>*> added;
  for (const PeerDelta& peer : plan.settings.peers) {
    added[peer.public_key] = &peer.add_allowed_ips;
    taken.insert(peer.add_allowed_ips.begin(), peer.add_allowed_ips.end());
  }
  for (const Removal& removal : plan.removals) taken.insert(removal.prefixes.begin(), removal.prefixes.end());
  for (Peer& peer : now.peers) {
    std::erase_if(peer.allowed_ips, [&](const AllowedIp& prefix) { return taken.contains(prefix); });
    if (const auto more = added.find(peer.public_key); more != added.end())
      peer.allowed_ips.insert(peer.allowed_ips.end(), more->second->begin(), more->second->end());
  }
  return now;
}

Result<void> check_unseen(const Device& seen, const Device& now, const DeviceDelta& delta) {
  std::map<AllowedIp, Key> added;
  for (const PeerDelta& peer : delta.peers)
    for (const AllowedIp& prefix : peer.add_allowed_ips) added[prefix] = peer.public_key;
  for (const Peer& peer : now.peers) {
    const std::set<AllowedIp> before = prefixes_of(seen.find_peer(peer.public_key));
    for (const AllowedIp& prefix : peer.allowed_ips) {
      const auto found = added.find(prefix);
      if (found == added.end() || found->second == peer.public_key || before.contains(prefix)) continue;
      return Error{ErrorCode::rejected, now.name + ": " + to_string(prefix) + " was given to peer " +
                                            peer.public_key.to_base64() + " meanwhile; read it again"};
    }
  }
  return {};
}

Result<void> verify(const Device& after, const DeviceDelta& delta) {
  const auto differs = [&](const std::string& what) {
    return Error{ErrorCode::rejected,
                 after.name + ": " + what + "; someone else changes the device too: read it and try again"};
  };
  std::map<AllowedIp, Key> given;
  for (const PeerDelta& wanted : delta.peers)
    if (wanted.action != PeerAction::remove)
      for (const AllowedIp& prefix : wanted.add_allowed_ips) given[prefix] = wanted.public_key;
  for (const PeerDelta& wanted : delta.peers) {
    const Peer* peer = after.find_peer(wanted.public_key);
    const std::string name = "peer " + wanted.public_key.to_base64();
    if (wanted.action == PeerAction::remove) {
      if (peer != nullptr) return differs(name + " is still there");
      continue;
    }
    const bool removed_later =
        std::any_of(delta.peers.begin(), delta.peers.end(), [&](const PeerDelta& other) {
          return other.action == PeerAction::remove && other.public_key == wanted.public_key;
        });
    if (removed_later) continue;
    if (peer == nullptr) return differs(name + " is not there");
    if (wanted.persistent_keepalive && peer->persistent_keepalive != *wanted.persistent_keepalive)
      return differs(name + " has another persistent keepalive");
    const std::set<AllowedIp> owned = prefixes_of(peer);
    for (const AllowedIp& prefix : wanted.add_allowed_ips)
      if (given[prefix] == wanted.public_key && !owned.contains(prefix))
        return differs(name + " lacks " + to_string(prefix));
    for (const AllowedIp& prefix : wanted.remove_allowed_ips)
      if (owned.contains(prefix)) return differs(name + " still has " + to_string(prefix));
  }
  if (delta.fwmark && after.fwmark != *delta.fwmark) return differs("the fwmark is another");
  if (delta.listen_port.value_or(0) != 0 && after.listen_port != *delta.listen_port)
    return differs("the listening port is another");
  return {};
}

}  // namespace wgospf::wg
