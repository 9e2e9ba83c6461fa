#include "wgadapter/presence.h"

#include <algorithm>

#include "wgadapter/peer_changes.h"

namespace wgospf::wg {

namespace {

/// A handshake that the reading before did not have was not long ago, whatever the clock that it bears has done.
constexpr std::chrono::seconds kNewMost{1};

std::chrono::nanoseconds since_handshake(const Peer& peer, SystemTime clock) {
  return std::clamp<std::chrono::nanoseconds>(clock - *peer.last_handshake, std::chrono::nanoseconds::zero(),
                                              kNewMost);
}

}  // namespace

std::vector<PresenceChange> Presence::take(const Reading& reading) {
  std::vector<PresenceChange> changes;
  ++reading_;
  for (const auto& peer : reading.peers) take(peer, reading, changes);
  for (auto it = peers_.begin(); it != peers_.end();) {
    if (it->second.reading == reading_) {
      ++it;
      continue;
    }
    if (it->second.is_present) changes.push_back({PresenceChange::Kind::left, it->first});
    it = peers_.erase(it);
  }
  return changes;
}

void Presence::take(const wg::Peer& peer, const Reading& reading, std::vector<PresenceChange>& changes) {
  State& state = peers_[peer.public_key];
  state.reading = reading_;
  if (!state.is_read) return begin(peer, reading, state, changes);
  const bool is_new_handshake = peer.last_handshake && peer.last_handshake != state.handshake;
  const bool has_received = peer.rx_bytes > state.rx_bytes;
  const bool arrives = is_new_handshake && is_arrival(state, reading.now);
  state.rx_bytes = peer.rx_bytes;
  state.handshake = peer.last_handshake;
  if (is_new_handshake) state.handshake_at = reading.now - since_handshake(peer, reading.clock);
  // Counters grow by what is authenticated alone. A handshake that this end began and nobody answered moves neither.
  if (is_new_handshake || has_received) {
    state.last_seen = reading.now;
    const bool was_present = state.is_present;
    state.is_present = state.was_seen = true;
    if (!was_present) state.since = reading.now;
    if (arrives || !was_present) {
      state.since = reading.now;
      changes.push_back({PresenceChange::Kind::arrived, peer.public_key});
    } else if (is_new_handshake) {
      changes.push_back({PresenceChange::Kind::renewed, peer.public_key});
    }
  }
  check_hold(peer.public_key, state, reading.now, changes);
}

/// What it has received before is not known to be of now.
void Presence::begin(const wg::Peer& peer, const Reading& reading, State& state,
                     std::vector<PresenceChange>& changes) const {
  state.is_read = true;
  state.rx_bytes = peer.rx_bytes;
  state.handshake = peer.last_handshake;
  if (!peer.last_handshake) return;
  const auto age = std::max(reading.clock - *peer.last_handshake, std::chrono::nanoseconds::zero());
  if (age > std::max<Duration>(hold_, kSessionLife)) return;
  state.handshake_at = state.last_seen = state.since = reading.now - age;
  state.was_seen = true;
  if (age > hold_) return;
  state.is_present = true;
  changes.push_back({PresenceChange::Kind::found, peer.public_key});
}

bool Presence::is_arrival(const State& state, Time now) const {
  if (!state.was_seen || !state.is_present) return true;
  const auto age = now - state.handshake_at;
  return age > kSessionLife || age < kSoonestRenewal || now - state.last_seen > kSilence;
}

void Presence::check_hold(const Key& key, State& state, Time now,
                          std::vector<PresenceChange>& changes) const {
  if (!state.is_present || now - state.last_seen <= hold_) return;
  state.is_present = false;
  changes.push_back({PresenceChange::Kind::left, key});
}

std::vector<PresenceChange> Presence::time_passed(Time now) {
  std::vector<PresenceChange> changes;
  for (auto& [key, state] : peers_) check_hold(key, state, now, changes);
  return changes;
}

std::vector<PresenceChange> Presence::clear() {
  std::vector<PresenceChange> changes;
  for (const auto& [key, state] : peers_)
    if (state.is_present) changes.push_back({PresenceChange::Kind::left, key});
  peers_.clear();
  return changes;
}

const Presence::Peer* Presence::find(const Key& key) const {
  const auto found = peers_.find(key);
  return found == peers_.end() ? nullptr : &found->second;
}

}  // namespace wgospf::wg
