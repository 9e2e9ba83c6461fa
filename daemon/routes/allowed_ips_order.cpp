// What waits for which allowed-ips, and what may be taken back when.

#include <algorithm>

#include "daemon/routes/allowed_ips_plan.h"

namespace wgospf::daemon {

// Gates
// ------------------------------------------------------------------------------------------------------

std::optional<rib::Gate> AllowedIpsPlan::gate_of(ospf::SetId set) const {
  const auto found = sets_.find(set);
  return found == sets_.end() ? std::nullopt : found->second.gate;
}

std::optional<rib::Gate> AllowedIpsPlan::gate_of(const Ipv4Prefix& prefix) const {
  const auto found = placed_.find(prefix);
  const bool waits = found != placed_.end() && gates_.contains(found->second.gate);
  return waits ? std::optional(found->second.gate) : std::nullopt;
}

rib::Gate AllowedIpsPlan::close(std::optional<ospf::SetId> set) {
  gates_.emplace(++last_gate_, Closed{set, {}, {}});
  return last_gate_;
}

// A gate that is closed is not closed anew by what comes later, which would keep it closed for as long as
// something does: prefixes that come to a set have gates of their own, one a device for those of a turn. A set
// whose members change once more waits for what these need.
void AllowedIpsPlan::wait_for(const Waited& waited, Placed& placed, Sets::value_type& set, Cause cause) {
  auto& [id, known] = set;
  if (cause == Cause::set) {
    if (!known.gate) {
      known.gate = close(id);
      closed_.push_back(id);
    }
    gates_.at(*known.gate).waited.push_back(waited);
    return;
  }
  if (!gates_.contains(placed.gate)) {
    // What waits for one device alone waits for the same difference, whatever its set.
    const bool is_alone = placed.places->size() == 1;
    const auto [gate, is_new] =
        turn_gates_.try_emplace({is_alone ? waited.device : nullptr, is_alone ? ospf::SetId{} : id});
    if (is_new) gate->second = close({});
    placed.gate = gate->second;
  }
  gates_.at(placed.gate).waited.push_back(waited);
}

bool AllowedIpsPlan::is_waited(rib::Gate number, const Closed& gate, const Waited& waited) const {
  const auto found = placed_.find(waited.prefix);
  if (found == placed_.end()) return false;
  const Placed& placed = found->second;
  if (gate.set ? placed.set != *gate.set : placed.gate != number) return false;
  const bool leads_there = std::any_of(placed.places->begin(), placed.places->end(),
                                       [&](const Place& place) { return place.device == waited.device; });
  return leads_there && waited.device->is_waited(waited.prefix);
}

// Whatever is found waited for spares looking at the rest.
std::vector<rib::Gate> AllowedIpsPlan::take_open() {
  std::vector<rib::Gate> open;
  for (auto& [number, gate] : gates_) {
    while (!gate.waited.empty() && !is_waited(number, gate, gate.waited.back())) gate.waited.pop_back();
    if (gate.waited.empty()) open.push_back(number);
  }
  Releases releases;
  for (const rib::Gate number : open) {
    const Releases of_gate = end(number);
    releases.insert(releases.end(), of_gate.begin(), of_gate.end());
  }
  release_in_turn(std::move(releases));
  return open;
}

AllowedIpsPlan::Releases AllowedIpsPlan::end(rib::Gate number) {
  const auto gate = gates_.find(number);
  if (gate->second.set) sets_.at(*gate->second.set).gate.reset();
  Releases releases = std::move(gate->second.releases);
  gates_.erase(gate);
  return releases;
}

// Releases
// -----------------------------------------------------------------------------------------------------

/// A gate that keeps the kernel's route for the prefix as it was.
std::optional<rib::Gate> AllowedIpsPlan::waits_at(const Ipv4Prefix& prefix) const {
  if (gates_.empty()) return std::nullopt;
  if (const auto own = gate_of(prefix)) return own;
  const auto* route = desired_.find(prefix);
  return route == nullptr ? std::nullopt : gate_of(route->set);
}

void AllowedIpsPlan::release_in_turn(Releases releases) {
  for (Release& release : releases) {
    if (const auto former = former_.find({release.device, release.prefix}); former != former_.end()) {
      former->second = release.generation;
      continue;
    }
    const auto gate = waits_at(release.prefix);
    (gate ? gates_.at(*gate).releases : released_).push_back(release);
  }
}

void AllowedIpsPlan::submitted(rib::Ticket ticket) {
  if (!released_.empty()) waiting_.emplace_back(ticket, std::exchange(released_, {}));
}

void AllowedIpsPlan::acknowledged(rib::Ticket ticket) {
  for (; !waiting_.empty() && waiting_.front().first <= ticket; waiting_.pop_front())
    for (const Release& release : waiting_.front().second)
      release.device->release(release.prefix, release.generation);
}

void AllowedIpsPlan::claim() {
  Releases releases;
  for (const auto& [place, generation] : std::exchange(former_, {}))
    releases.push_back({place.first, place.second, generation});
  release_in_turn(std::move(releases));
}

void AllowedIpsPlan::give_back() {
  for (const auto& [prefix, placed] : std::exchange(placed_, {}))
    for (const Place& place : *placed.places) (void)place.device->unwant(prefix);
  links_ = {};
  carry_hellos();
  for (auto& [name, device] : devices_) device.release_all();
}

}  // namespace wgospf::daemon
