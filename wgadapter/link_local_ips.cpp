#include "wgadapter/link_local_ips.h"

#include <algorithm>

#include "wgadapter/link_local.h"

namespace wgospf::wg {

LinkLocalIps::Entry& LinkLocalIps::entry_of(const Key& peer) {
  const auto [found, is_new] = entries_.try_emplace(peer);
  if (is_new) {
    found->second.address = link_local_of(peer);
    peers_.emplace(found->second.address, peer);
  }
  return found->second;
}

void LinkLocalIps::want(const Key& peer, bool is_wanted) {
  if (is_wanted) is_handed_over_ = false;
  if (!is_wanted && !entries_.contains(peer)) return;
  Entry& entry = entry_of(peer);
  if (std::exchange(entry.is_wanted, is_wanted) != is_wanted) is_due_ = true;
}

void LinkLocalIps::hand_over() {
  is_handed_over_ = true;
  entries_.clear();
  peers_.clear();
  are_conflicts_changed_ = are_conflicts_changed_ || !conflicts_.empty();
  conflicts_.clear();
  is_due_ = false;
}

void LinkLocalIps::read(const Device& device) {
  if (is_handed_over_) return;
  for (auto& [peer, entry] : entries_) {
    entry.is_there = false;
    entry.holder.reset();
  }
  for (const Peer& peer : device.peers) {
    if (const auto known = entries_.find(peer.public_key); known != entries_.end())
      known->second.is_there = true;
    for (const AllowedIp& allowed : peer.allowed_ips) {
      const auto* prefix = std::get_if<Ipv6Prefix>(&allowed);
      if (prefix != nullptr && prefix->length == Ipv6Address::kBits && prefix->address.is_link_local())
        note(peer.public_key, prefix->address);
    }
  }
  is_due_ =
      is_due_ || !conflicts_.empty() || std::any_of(entries_.begin(), entries_.end(), [](const auto& named) {
        const Entry& entry = named.second;
        return entry.is_there && entry.is_wanted != (entry.holder == named.first);
      });
}

/// What a former run gave a peer that this one knows nothing of is found here.
void LinkLocalIps::note(const Key& holder, const Ipv6Address& address) {
  const auto known = peers_.find(address);
  if (known != peers_.end()) {
    entries_.at(known->second).holder = holder;
  } else if (link_local_of(holder) == address) {
    Entry& entry = entry_of(holder);
    entry.is_there = true;
    entry.holder = holder;
  }
}

std::vector<std::pair<Key, Ipv6Address>> LinkLocalIps::held() const {
  std::vector<std::pair<Key, Ipv6Address>> result;
  for (const auto& [peer, entry] : entries_)
    if (entry.is_wanted && entry.holder == peer) result.emplace_back(peer, entry.address);
  return result;
}

std::vector<LinkLocalIps::Change> LinkLocalIps::take_changes() {
  std::vector<Change> changes;
  if (!std::exchange(is_due_, false)) return changes;
  std::map<Key, Key> conflicts;
  for (const auto& [peer, entry] : entries_) {
    if (!entry.is_there) continue;
    if (entry.is_wanted && entry.holder && *entry.holder != peer) conflicts.emplace(peer, *entry.holder);
    const bool is_held = entry.holder == peer;
    const bool is_lacking = entry.is_wanted && !entry.holder;
    if (is_lacking || (!entry.is_wanted && is_held))
      changes.push_back({peer, Ipv6Prefix::host(entry.address), is_lacking});
  }
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.peer < b.peer; });
  are_conflicts_changed_ = are_conflicts_changed_ || conflicts != conflicts_;
  conflicts_ = std::move(conflicts);
  std::erase_if(entries_, [this](const auto& named) {
    const Entry& entry = named.second;
    return !entry.is_wanted && entry.holder != named.first && peers_.erase(entry.address) != 0;
  });
  return changes;
}

}  // namespace wgospf::wg
