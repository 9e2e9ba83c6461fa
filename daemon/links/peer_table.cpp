#include "daemon/links/peer_table.h"

#include <chrono>
#include <utility>

namespace wgospf::daemon {

namespace {
/// A handshake so soon after a packet of ours is the answer to it (REKEY_TIMEOUT of the WireGuard protocol, and
/// its jitter).
constexpr std::chrono::milliseconds kAsked{5500};
}  // namespace

std::vector<PeerTable::Former> PeerTable::take(std::vector<PeerLink> peers,
                                               std::shared_ptr<const wg::Device> device,
                                               const std::string& interface, LinkNames& names) {
  const auto before = std::exchange(entries_, {});
  const auto before_by_key = std::exchange(by_key_, {});
  by_link_.clear();
  by_address_.clear();
  device_ = std::move(device);
  map_.reset();
  std::unordered_map<ospf::LinkId, std::string> shown;
  entries_.reserve(peers.size());
  for (auto& peer : peers) {
    const std::size_t index = entries_.size();
    auto& entry = entries_.emplace_back();
    const auto known = before_by_key.find(peer.key);
    if (known != before_by_key.end()) {
      entry.is_read = before[known->second].is_read;
      entry.handshake = before[known->second].handshake;
      entry.last_sent = before[known->second].last_sent;
    }
    entry.link = names.id_of(registry_name(interface, peer.key));
    by_key_.emplace(peer.key, index);
    by_link_.emplace(entry.link, index);
    if (peer.is_held) by_address_.emplace(*peer.address, index);
    auto name = shown_name(interface, peer);
    names.show_as(entry.link, name);
    if (peer.is_link()) shown.emplace(entry.link, std::move(name));
    entry.peer = std::move(peer);
  }
  std::vector<Former> former;
  for (auto& [link, name] : std::exchange(shown_, shown)) {
    const auto now = shown.find(link);
    if (now == shown.end() || now->second != name) former.push_back({link, name});
  }
  return former;
}

std::vector<PeerTable::Former> PeerTable::clear() {
  std::vector<Former> former;
  for (auto& [link, name] : shown_) former.push_back({link, name});
  *this = {};
  return former;
}

std::vector<ospf::LinkId> PeerTable::take_woken(const wg::Device& device) {
  std::vector<ospf::LinkId> woken;
  for (const auto& peer : device.peers) {
    const auto known = by_key_.find(peer.public_key);
    if (known == by_key_.end()) continue;
    Entry& entry = entries_[known->second];
    const auto before = std::exchange(entry.handshake, peer.last_handshake);
    // Of a link that is new hellos go out anyway.
    if (!std::exchange(entry.is_read, true) || !peer.last_handshake) continue;
    if (before && *before >= *peer.last_handshake) continue;
    const auto since_sent = *peer.last_handshake - entry.last_sent;
    const bool is_answer = since_sent >= since_sent.zero() && since_sent <= kAsked;
    if (!is_answer && entry.peer.is_link()) woken.push_back(entry.link);
  }
  return woken;
}

void PeerTable::sent(ospf::LinkId link, wg::SystemTime now) {
  if (const auto found = by_link_.find(link); found != by_link_.end())
    entries_[found->second].last_sent = now;
}

const PeerTable::Entry* PeerTable::owner(Ipv4Address source) const {
  if (const auto found = by_address_.find(source); found != by_address_.end())
    return &entries_[found->second];
  if (device_ == nullptr) return nullptr;
  if (!map_) map_.emplace(*device_);
  const auto peer = map_->owner(source);
  return peer ? find(device_->peers[*peer].public_key) : nullptr;
}

const PeerTable::Entry* PeerTable::find(ospf::LinkId link) const {
  const auto found = by_link_.find(link);
  return found == by_link_.end() ? nullptr : &entries_[found->second];
}

const PeerTable::Entry* PeerTable::find(const wg::Key& key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &entries_[found->second];
}

}  // namespace wgospf::daemon
