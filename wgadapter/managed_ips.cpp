#include "wgadapter/managed_ips.h"

#include <algorithm>
#include <utility>

namespace wgospf::wg {

ManagedIps::ManagedIps(std::string device, const OwnPrefixes& own) : device_(std::move(device)), reading_(1) {
  for (const auto& [key, prefixes] : own) {
    const PeerIndex peer = index_of(key);
    for (const Ipv4Prefix& prefix : prefixes) {
      Entry& entry = touch(prefix);
      entry.own.push_back(peer);
      entry.is_kept = true;
    }
  }
}

bool ManagedIps::Entry::is_own(PeerIndex peer) const {
  return std::find(own.begin(), own.end(), peer) != own.end();
}

ManagedIps::PeerIndex ManagedIps::index_of(const Key& key) {
  const auto [found, is_new] = peer_indexes_.try_emplace(key, static_cast<PeerIndex>(peers_.size()));
  if (is_new) peers_.push_back({key, 0, std::nullopt});
  return found->second;
}

ManagedIps::Entry& ManagedIps::touch(const Ipv4Prefix& prefix) {
  Entry& entry = entries_[prefix];
  touch(prefix, entry);
  return entry;
}

void ManagedIps::touch(const Ipv4Prefix& prefix, Entry& entry) {
  if (!std::exchange(entry.is_dirty, true)) dirty_.push_back(prefix);
}

void ManagedIps::touch_all() {
  for (auto& [prefix, entry] : entries_) touch(prefix, entry);
}

// What is to be
// ------------------------------------------------------------------------------------------------

void ManagedIps::want(const Ipv4Prefix& prefix, const Key& peer) {
  const PeerIndex index = index_of(peer);
  Entry& entry = entries_[prefix];
  if (entry.wanted == index) return;
  entry.wanted = index;
  entry.is_kept = false;
  entry.was_given = entry.was_given && entry.pinned != kNobody;
  touch(prefix, entry);
}

void ManagedIps::unwant(const Ipv4Prefix& prefix) {
  const auto found = entries_.find(prefix);
  if (found == entries_.end() || found->second.wanted == kNobody) return;
  found->second.wanted = kNobody;
  found->second.is_kept = true;
  touch(prefix, found->second);
}

void ManagedIps::release(const Ipv4Prefix& prefix) {
  const auto found = entries_.find(prefix);
  if (found == entries_.end() || !std::exchange(found->second.is_kept, false)) return;
  touch(prefix, found->second);
}

void ManagedIps::release_all() {
  for (auto& [prefix, entry] : entries_)
    if (std::exchange(entry.is_kept, false)) touch(prefix, entry);
}

void ManagedIps::hand_over() {
  for (auto& [prefix, entry] : entries_) {
    if (entry.own.empty()) continue;
    keep_own(entry, kNobody, kNobody);
    entry.was_given = false;
    touch(prefix, entry);
  }
}

void ManagedIps::pin(const Key& peer, const std::optional<Ipv4Address>& address) {
  const PeerIndex index = index_of(peer);
  const auto former = std::exchange(peers_[index].pinned, address);
  if (former == address) return;
  if (former) {
    std::erase_if(pins_, [&](const auto& pin) { return pin.first == *former && pin.second == index; });
    set_pinned(*former);
  }
  if (address) {
    pins_.emplace(*address, index);
    set_pinned(*address);
  }
}

std::vector<ManagedIps::PeerIndex> ManagedIps::pinning(const Ipv4Address& address) const {
  std::vector<PeerIndex> peers;
  const auto [first, last] = pins_.equal_range(address);
  for (auto pin = first; pin != last; ++pin) peers.push_back(pin->second);
  return peers;
}

void ManagedIps::set_pinned(const Ipv4Address& address) {
  const auto peers = pinning(address);
  Entry& entry = touch(Ipv4Prefix::host(address));
  entry.pinned = peers.empty() ? kNobody : peers.front();
  entry.was_given = false;
}

// What is
// ------------------------------------------------------------------------------------------------------

void ManagedIps::read(const Device* device) {
  const bool was_present = std::exchange(is_present_, device != nullptr);
  if (device == nullptr) {
    // Nothing is waited for of a device that is not there; what it has when it comes back nobody has taken.
    for (auto& [prefix, entry] : entries_) entry.was_given = false;
    if (was_present) done_ = ++asked_;
    return;
  }
  ++reading_;
  bool is_any_new = !was_present;
  for (const Peer& peer : device->peers) {
    const PeerIndex index = index_of(peer.public_key);
    is_any_new = std::exchange(peers_[index].reading, reading_) != reading_ - 1 || is_any_new;
    for (const AllowedIp& allowed : peer.allowed_ips) {
      const auto* prefix = std::get_if<Ipv4Prefix>(&allowed);
      if (prefix == nullptr) continue;
      Entry& entry = entries_[*prefix];
      entry.reading = reading_;
      if (std::exchange(entry.held, index) != index) touch(*prefix, entry);
    }
  }
  for (auto& [prefix, entry] : entries_) {
    if (entry.held == kNobody || entry.reading == reading_) continue;
    entry.held = kNobody;
    touch(prefix, entry);
  }
  if (is_any_new) touch_all();
}

OwnPrefixes ManagedIps::own_prefixes() {
  is_own_changed_ = false;
  OwnPrefixes own;
  for (const auto& [prefix, entry] : entries_)
    for (const PeerIndex peer : entry.own) own[peers_[peer].key].push_back(prefix);
  for (auto& [key, prefixes] : own) std::sort(prefixes.begin(), prefixes.end());
  return own;
}

// The difference
// -----------------------------------------------------------------------------------------------

std::uint64_t ManagedIps::mark() const {
  if (is_present_ && !dirty_.empty()) return asked_ + 1;
  return is_writing_ ? asked_ : done_;
}

std::optional<DeviceDelta> ManagedIps::next() {
  if (is_writing_ || !is_present_ || dirty_.empty()) return std::nullopt;
  ++asked_;
  Additions deltas;
  for (const Ipv4Prefix& prefix : std::exchange(dirty_, {})) {
    const auto found = entries_.find(prefix);
    Entry& entry = found->second;
    entry.is_dirty = false;
    plan(prefix, entry, deltas);
    if (entry.target() == kNobody && entry.held == kNobody && entry.own.empty()) entries_.erase(found);
  }
  is_writing_ = !deltas.empty();
  if (!is_writing_) {
    done_ = asked_;
    return std::nullopt;
  }
  DeviceDelta delta;
  delta.takes_nothing_unseen = std::exchange(is_any_new_, false);
  for (auto& [peer, change] : deltas) delta.peers.push_back(std::move(change));
  return delta;
}

void ManagedIps::applied(bool is_in_force) {
  if (!std::exchange(is_writing_, false)) return;
  if (is_in_force) done_ = std::max(done_, asked_);
  for (const Ipv4Prefix& prefix : std::exchange(written_, {}))
    if (const auto found = entries_.find(prefix); found != entries_.end()) touch(prefix, found->second);
}

PeerDelta& ManagedIps::delta_of(PeerIndex peer, Additions& deltas) {
  PeerDelta& delta = deltas[peer];
  delta.public_key = peers_[peer].key;
  return delta;
}

/// It is not ours with anybody else any more.
void ManagedIps::keep_own(Entry& entry, PeerIndex one, PeerIndex other) {
  if (std::erase_if(entry.own, [&](PeerIndex peer) { return peer != one && peer != other; }) != 0)
    is_own_changed_ = true;
}

void ManagedIps::plan(const Ipv4Prefix& prefix, Entry& entry, Additions& deltas) {
  if (!conflicts_.empty()) conflicts_.erase(prefix);
  if (entry.target() == kNobody)
    plan_rest(prefix, entry, deltas);
  else
    plan_target(prefix, entry, deltas);
}

void ManagedIps::plan_target(const Ipv4Prefix& prefix, Entry& entry, Additions& deltas) {
  using Kind = AllowedIpConflict::Kind;
  const PeerIndex target = entry.target();
  if (entry.pinned != kNobody)
    if (const auto peers = pinning(prefix.address); peers.size() > 1)
      conflicts_[prefix] = {Kind::pinned, peers_[peers[0]].key, peers_[peers[1]].key};
  if (entry.held == target) {
    keep_own(entry, target, kNobody);
    entry.was_given = entry.is_own(target);
    return;
  }
  // A reading that has the peer brings this back.
  if (!is_there(target)) return keep_own(entry, entry.held, target);
  const bool is_taken = entry.was_given && entry.is_own(target);
  if (entry.held != kNobody && !entry.is_own(entry.held) && !is_taken) {
    conflicts_[prefix] = {Kind::by_hand, peers_[entry.held].key, peers_[target].key};
    return keep_own(entry, kNobody, kNobody);
  }
  if (is_taken) {
    const bool is_removed = entry.held == kNobody;
    taken_.push_back(
        {prefix, peers_[target].key, is_removed ? std::nullopt : std::optional(peers_[entry.held].key)});
  }
  keep_own(entry, entry.held, target);
  if (!entry.is_own(target)) {
    entry.own.push_back(target);
    is_own_changed_ = true;
  }
  is_any_new_ = is_any_new_ || entry.held == kNobody;
  delta_of(target, deltas).add_allowed_ips.emplace_back(prefix);
  written_.push_back(prefix);
}

void ManagedIps::plan_rest(const Ipv4Prefix& prefix, Entry& entry, Additions& deltas) {
  if (entry.is_kept) return;
  entry.was_given = false;
  keep_own(entry, entry.held, kNobody);
  if (entry.held == kNobody || !entry.is_own(entry.held)) return;
  delta_of(entry.held, deltas).remove_allowed_ips.emplace_back(prefix);
  written_.push_back(prefix);
}

}  // namespace wgospf::wg
