#include "wgadapter/managed_ips.h"

#include <algorithm>
#include <utility>

namespace wgospf::wg {

namespace {
/// Room for what most peers are given at once.
constexpr std::size_t kFewPrefixes = 16;

bool contains(const std::vector<Ipv4Address>& addresses, const Ipv4Address& address) {
  return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
}
}  // namespace

ManagedIps::ManagedIps(std::string device, const OwnPrefixes& own, std::uint32_t ifindex)
    : device_(std::move(device)), ifindex_(ifindex) {
  for (const auto& [key, prefixes] : own) {
    const PeerIndex peer = index_of(key);
    for (const Ipv4Prefix& prefix : prefixes) {
      Node& node = node_of(prefix);
      node.second.own.push_back(peer);
      node.second.is_kept = true;
      touch(node);
    }
  }
}

bool ManagedIps::Entry::is_own(PeerIndex peer) const {
  return std::find(own.begin(), own.end(), peer) != own.end();
}

ManagedIps::PeerIndex ManagedIps::index_of(const Key& key) {
  // Most prefixes follow one that belongs to the same peer.
  if (last_peer_ < peers_.size() && peers_[last_peer_].key == key) return last_peer_;
  const auto [found, is_new] = peer_indexes_.try_emplace(key, static_cast<PeerIndex>(peers_.size()));
  if (is_new) peers_.push_back({.key = key});
  return last_peer_ = found->second;
}

void ManagedIps::touch(Node& node) {
  if (!std::exchange(node.second.is_dirty, true)) dirty_.push_back(&node);
}

void ManagedIps::touch_all() {
  for (Node& node : entries_) touch(node);
}

// What is to be
// ------------------------------------------------------------------------------------------------

bool ManagedIps::want(const Ipv4Prefix& prefix, PeerIndex index) {
  Node& node = node_of(prefix);
  Entry& entry = node.second;
  if (entry.wanted != index) {
    entry.wanted = index;
    entry.is_kept = false;
    entry.was_given = entry.was_given && entry.pinned != kNobody;
    forget_taking(prefix);
    touch(node);
  }
  return is_waited(entry);
}

ManagedIps::Generation ManagedIps::unwant(const Ipv4Prefix& prefix) {
  const auto found = entries_.find(prefix);
  if (found == entries_.end()) return 0;
  Entry& entry = found->second;
  if (entry.wanted == kNobody) return entry.generation;
  entry.wanted = kNobody;
  entry.is_kept = true;
  entry.generation = ++generation_;
  forget_taking(prefix);
  touch(*found);
  return entry.generation;
}

void ManagedIps::release(const Ipv4Prefix& prefix, Generation generation) {
  const auto found = entries_.find(prefix);
  if (found == entries_.end() || found->second.generation != generation) return;
  if (std::exchange(found->second.is_kept, false)) touch(*found);
}

void ManagedIps::release_all() {
  for (Node& node : entries_)
    if (std::exchange(node.second.is_kept, false)) touch(node);
}

void ManagedIps::hand_over() {
  disown_all(Lent::comes_back);
  takings_.clear();
  link_locals_.hand_over();
}

void ManagedIps::pin(const Key& peer, std::vector<Ipv4Address> addresses) {
  const PeerIndex index = index_of(peer);
  if (peers_[index].pinned == addresses) return;
  const auto former = std::exchange(peers_[index].pinned, std::move(addresses));
  const auto& now = peers_[index].pinned;
  for (const Ipv4Address& address : former) {
    if (contains(now, address)) continue;
    std::erase_if(pins_, [&](const auto& pin) { return pin.first == address && pin.second == index; });
    set_pinned(address);
  }
  for (const Ipv4Address& address : now) {
    if (contains(former, address)) continue;
    pins_.emplace(address, index);
    set_pinned(address);
  }
}

void ManagedIps::lend(const Key& peer, std::vector<Ipv4Address> addresses) {
  const PeerIndex index = index_of(peer);
  if (peers_[index].lent == addresses) return;
  const auto former = std::exchange(peers_[index].lent, std::move(addresses));
  const auto& now = peers_[index].lent;
  for (const Ipv4Address& address : former)
    if (!contains(now, address)) end_loan(address, index);
  for (const Ipv4Address& address : now) {
    if (contains(former, address)) continue;
    Node& node = node_of(Ipv4Prefix::host(address));
    if (node.second.lender == kNobody) node.second.lender = index;
    touch(node);
  }
}

/// While another peer has it it is to come back first: plan_target() ends the loan then.
void ManagedIps::end_loan(const Ipv4Address& address, PeerIndex lender) {
  Node& node = node_of(Ipv4Prefix::host(address));
  if (node.second.lender == lender && (node.second.own.empty() || !is_there(lender)))
    node.second.lender = kNobody;
  touch(node);
}

std::vector<ManagedIps::PeerIndex> ManagedIps::pinning(const Ipv4Address& address) const {
  std::vector<PeerIndex> peers;
  const auto [first, last] = pins_.equal_range(address);
  for (auto pin = first; pin != last; ++pin) peers.push_back(pin->second);
  return peers;
}

void ManagedIps::set_pinned(const Ipv4Address& address) {
  const auto peers = pinning(address);
  Node& node = node_of(Ipv4Prefix::host(address));
  node.second.pinned = peers.empty() ? kNobody : peers.front();
  node.second.was_given = false;
  forget_taking(node.first);
  touch(node);
}

// What is
// ------------------------------------------------------------------------------------------------------

void ManagedIps::read(const Device* device) {
  const bool was_present = std::exchange(is_present_, device != nullptr);
  if (device == nullptr) return forget_reading();
  link_locals_.read(*device);
  if (std::exchange(ifindex_, device->ifindex) != device->ifindex) disown_all(Lent::is_forgotten);
  ++reading_;
  bool is_any_new = !was_present;
  std::vector<std::pair<Node*, PeerIndex>> moved;  // with whom it was
  for (const Peer& peer : device->peers) {
    const PeerIndex index = index_of(peer.public_key);
    const bool is_new = std::exchange(peers_[index].reading, reading_) != reading_ - 1;
    is_any_new = is_any_new || is_new;
    for (const AllowedIp& allowed : peer.allowed_ips) {
      const auto* prefix = std::get_if<Ipv4Prefix>(&allowed);
      if (prefix == nullptr) continue;
      Node& node = node_of(*prefix);
      node.second.reading = reading_;
      const PeerIndex former = std::exchange(node.second.held, index);
      if (former == index) continue;
      if (is_taken(node.second) && is_own_address(node, index, is_new)) node.second.was_given = false;
      touch(node);
      if (former != kNobody) moved.emplace_back(&node, former);
    }
  }
  for (Node& node : entries_) {
    if (node.second.held == kNobody || node.second.reading == reading_) continue;
    node.second.held = kNobody;
    touch(node);
  }
  for (const auto& [node, former] : moved) note_claims(*node, former);
  if (is_any_new) touch_all();
}

/// Whoever gives a host route to a peer says which address it has. What routers announce comes after that: else the
/// one that has announced a free address first would keep it from the peer that gets it. The pin is another's own.
bool ManagedIps::is_own_address(const Node& node, PeerIndex holder, bool is_new) const {
  const auto& [prefix, entry] = node;
  if (prefix.length != Ipv4Address::kBits) return false;
  if (entry.target() == holder || entry.pinned != kNobody || entry.is_own(holder)) return false;
  return is_new || std::any_of(subnets_.begin(), subnets_.end(),
                               [&host = prefix](const Ipv4Prefix& subnet) { return subnet.covers(host); });
}

/// Nothing is waited for of a device that is not there; what it has when it comes back nobody has taken.
void ManagedIps::forget_reading() {
  for (Node& node : entries_) {
    node.second.was_given = false;
    node.second.held = kNobody;
  }
  are_conflicts_changed_ = are_conflicts_changed_ || !conflicts_.empty();
  conflicts_.clear();
}

void ManagedIps::note_claims(const Node& node, PeerIndex former) {
  const Entry& entry = node.second;
  if (!is_there(former) || entry.is_own(former) || entry.is_own(entry.held)) return;
  claimed_twice_.push_back({node.first, peers_[former].key, peers_[entry.held].key});
}

bool ManagedIps::has_peer(const Key& key) const {
  const auto found = peer_indexes_.find(key);
  return is_present_ && found != peer_indexes_.end() && is_there(found->second);
}

OwnPrefixes ManagedIps::own_prefixes() const {
  OwnPrefixes own;
  for (const auto& [prefix, entry] : entries_)
    for (const PeerIndex peer : entry.own) own[peers_[peer].key].push_back(prefix);
  for (auto& [key, prefixes] : own) std::sort(prefixes.begin(), prefixes.end());
  return own;
}

// The difference
// -----------------------------------------------------------------------------------------------

bool ManagedIps::is_waited(const Ipv4Prefix& prefix) const {
  const auto found = entries_.find(prefix);
  return found != entries_.end() && is_waited(found->second);
}

bool ManagedIps::is_waited(const Entry& entry) const {
  const PeerIndex target = entry.target();
  if (!is_present_ || target == kNobody) return false;
  return entry.is_under_way || (entry.held != target && is_there(target) && !is_refused(entry));
}

std::optional<DeviceDelta> ManagedIps::next() {
  if (!has_work()) return std::nullopt;
  DeviceDelta delta;
  planned_.swap(dirty_);
  written_.reserve(written_.size() + planned_.size());
  own_changes_.reserve(own_changes_.size() + planned_.size());
  for (Node* node : planned_) {
    Entry& entry = node->second;
    entry.is_dirty = false;
    plan(*node, delta);
    const bool is_over =
        entry.target() == kNobody && entry.lender == kNobody && entry.held == kNobody && entry.own.empty();
    if (is_over) entries_.erase(entries_.find(node->first));
  }
  planned_.clear();
  plan_link_locals(delta);
  for (const PeerDelta& part : delta.peers) peers_[index_of(part.public_key)].part = 0;
  delta.takes_nothing_unseen = std::exchange(is_any_new_, false);
  is_writing_ = !delta.peers.empty();
  return is_writing_ ? std::optional(std::move(delta)) : std::nullopt;
}

void ManagedIps::plan_link_locals(DeviceDelta& delta) {
  for (const auto& change : link_locals_.take_changes()) {
    PeerDelta& part = part_of(index_of(change.peer), delta);
    (change.is_added ? part.add_allowed_ips : part.remove_allowed_ips).emplace_back(change.prefix);
    is_any_new_ = is_any_new_ || change.is_added;
  }
}

void ManagedIps::applied() {
  is_writing_ = false;
  link_locals_.look_again();
  for (Node* node : std::exchange(written_, {})) {
    node->second.is_under_way = false;
    touch(*node);
  }
}

PeerDelta& ManagedIps::part_of(PeerIndex peer, DeviceDelta& delta) {
  KnownPeer& known = peers_[peer];
  if (known.part == 0) {
    delta.peers.push_back({.public_key = known.key});
    delta.peers.back().add_allowed_ips.reserve(kFewPrefixes);
    known.part = static_cast<std::uint32_t>(delta.peers.size());
  }
  return delta.peers[known.part - 1];
}

void ManagedIps::own(Node& node, PeerIndex peer) {
  if (node.second.is_own(peer)) return;
  node.second.own.push_back(peer);
  own_changes_.push_back({node.first, peers_[peer].key, true});
}

/// It is not ours with anybody else any more.
void ManagedIps::keep_own(Node& node, PeerIndex one, PeerIndex other) {
  auto& own = node.second.own;
  const auto kept = std::remove_if(own.begin(), own.end(), [&](PeerIndex peer) {
    if (peer == one || peer == other) return false;
    own_changes_.push_back({node.first, peers_[peer].key, false});
    return true;
  });
  own.erase(kept, own.end());
}

void ManagedIps::disown_all(Lent lent) {
  for (Node& node : entries_) {
    node.second.was_given = false;
    if (node.second.own.empty() || (lent == Lent::comes_back && node.second.lender != kNobody)) continue;
    keep_own(node, kNobody, kNobody);
    touch(node);
  }
}

void ManagedIps::set_conflict(const Ipv4Prefix& prefix, AllowedIpConflict conflict) {
  conflicts_[prefix] = conflict;
  are_conflicts_changed_ = true;
}

void ManagedIps::plan(Node& node, DeviceDelta& delta) {
  if (!conflicts_.empty() && conflicts_.erase(node.first) != 0) are_conflicts_changed_ = true;
  if (node.second.target() == kNobody)
    plan_rest(node, delta);
  else
    plan_target(node, delta);
}

void ManagedIps::plan_target(Node& node, DeviceDelta& delta) {
  using Kind = AllowedIpConflict::Kind;
  auto& [prefix, entry] = node;
  const PeerIndex target = entry.target();
  if (entry.pinned != kNobody)
    if (const auto peers = pinning(prefix.address); peers.size() > 1)
      set_conflict(prefix, {Kind::pinned, peers_[peers[0]].key, peers_[peers[1]].key});
  if (entry.held == target) {
    keep_own(node, target, kNobody);
    entry.was_given = entry.is_own(target);
    if (target == entry.lender && !contains(peers_[target].lent, prefix.address)) entry.lender = kNobody;
    return;
  }
  // A reading that has the peer brings this back.
  if (!is_there(target)) return keep_own(node, entry.held, target);
  if (is_refused(entry)) {
    set_conflict(prefix, {Kind::by_hand, peers_[entry.held].key, peers_[target].key});
    return keep_own(node, kNobody, kNobody);
  }
  if (is_taken(entry)) note_taken(prefix, entry);
  keep_own(node, entry.held, target);
  if (target != entry.lender) own(node, target);
  is_any_new_ = is_any_new_ || entry.held == kNobody;
  part_of(target, delta).add_allowed_ips.emplace_back(prefix);
  entry.is_under_way = true;
  written_.push_back(&node);
}

void ManagedIps::note_taken(const Ipv4Prefix& prefix, const Entry& entry) {
  const bool is_removed = entry.held == kNobody;
  TakenAllowedIp& taking = takings_[prefix];
  taking = {prefix, peers_[entry.target()].key,
            is_removed ? std::nullopt : std::optional(peers_[entry.held].key), taking.times + 1};
  taken_.push_back(taking);
}

void ManagedIps::forget_taking(const Ipv4Prefix& prefix) {
  if (!takings_.empty()) takings_.erase(prefix);
}

void ManagedIps::plan_rest(Node& node, DeviceDelta& delta) {
  auto& [prefix, entry] = node;
  if (entry.is_kept) return;
  entry.was_given = false;
  keep_own(node, entry.held, kNobody);
  if (entry.held == kNobody || !entry.is_own(entry.held)) return;
  part_of(entry.held, delta).remove_allowed_ips.emplace_back(prefix);
  entry.is_under_way = true;
  written_.push_back(&node);
}

}  // namespace wgospf::wg
