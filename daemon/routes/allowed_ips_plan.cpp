#include "daemon/routes/allowed_ips_plan.h"

#include <algorithm>

namespace wgospf::daemon {

namespace {

template <class List>
void append(List& to, List&& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

void AllowedIpsPlan::adopt(const wg::OwnAllowedIps& own) {
  for (const auto& [name, peers] : own) {
    wg::ManagedIps& device = devices_.try_emplace(name, name, peers).first->second;
    for (const auto& [key, prefixes] : peers)
      for (const Ipv4Prefix& prefix : prefixes) former_.push_back({&device, prefix});
  }
}

// Devices, links and their peers
// --------------------------------------------------------------------------------

wg::ManagedIps& AllowedIpsPlan::device_at(const std::string& name) {
  const auto [found, is_new] = devices_.try_emplace(name, name);
  if (is_new)
    if (const auto reading = readings_.find(name); reading != readings_.end())
      found->second.read(reading->second.get());
  return found->second;
}

void AllowedIpsPlan::set_links(Links links) {
  if (links == links_) return;
  links_ = std::move(links);
  for (const std::string& device : links_.manual) hand_over(device);
  carry_hellos();
  resolve_again();
}

/// What waits for it has nothing to wait for any more: prefixes that are released are none of its.
void AllowedIpsPlan::hand_over(const std::string& device) {
  const auto found = devices_.find(device);
  if (found == devices_.end()) return;
  found->second.hand_over();
}

void AllowedIpsPlan::read(const std::string& name, std::shared_ptr<const wg::Device> device) {
  const auto planned = devices_.find(name);
  if (planned != devices_.end()) planned->second.read(device.get());
  if (device == nullptr)
    readings_.erase(name);
  else
    readings_[name] = std::move(device);
  carry_hellos();
  resolve_again();
}

// A device's only peer gets what OSPF itself needs: multicast, and the neighbour's address. Where there are
// several, multicast reaches one of them only, and which is not for us to say.
void AllowedIpsPlan::carry_hellos() {
  std::erase_if(hellos_, [this](const auto& entry) {
    const bool is_over = !links_.managed.contains(entry.first);
    if (is_over) end_hellos(entry.second);
    return is_over;
  });
  for (const auto& [id, link] : links_.managed) {
    const auto reading = readings_.find(link.device);
    if (reading == readings_.end()) continue;
    if (reading->second->peers.size() != 1) {
      leave_multicast(id, *reading->second);
      continue;
    }
    const Place place{&device_at(link.device), reading->second->peers.front().public_key};
    const auto [known, is_new] = hellos_.try_emplace(id, place);
    if (!is_new && known->second != place) end_hellos(std::exchange(known->second, place));
    place.device->want(Ipv4Prefix::host(wg::kAllSpfRouters), place.peer);
    place.device->pin(place.peer, link.neighbor);
  }
}

/// What the only peer had been given stays with it until it is written to another by hand.
void AllowedIpsPlan::leave_multicast(ospf::LinkId link, const wg::Device& device) {
  const auto given = hellos_.find(link);
  if (given == hellos_.end()) return;
  const auto group = Ipv4Prefix::host(wg::kAllSpfRouters);
  const bool is_elsewhere = std::any_of(device.peers.begin(), device.peers.end(), [&](const wg::Peer& peer) {
    const auto& held = peer.allowed_ips;
    return peer.public_key != given->second.peer &&
           std::find(held.begin(), held.end(), wg::AllowedIp{group}) != held.end();
  });
  if (is_elsewhere) given->second.device->unwant(group);
}

void AllowedIpsPlan::end_hellos(const Place& place) {
  const auto group = Ipv4Prefix::host(wg::kAllSpfRouters);
  place.device->unwant(group);
  place.device->release(group);
  place.device->pin(place.peer, std::nullopt);
}

// The peer that OSPF speaks to: the device's only one, else the one that has the neighbour's address.
std::optional<wg::Key> AllowedIpsPlan::peer_of(const std::string& device,
                                               const std::optional<IpAddress>& neighbor) const {
  const auto reading = readings_.find(device);
  if (reading == readings_.end()) return std::nullopt;
  const auto& peers = reading->second->peers;
  if (peers.size() == 1) return peers.front().public_key;
  if (!neighbor) return std::nullopt;
  const auto owners = wg::peers_covering(*reading->second, *neighbor);
  return owners.empty() ? std::nullopt : std::optional(owners.front()->public_key);
}

// Of several neighbours on one device the one with the lowest router id has a prefix: all routers choose so.
AllowedIpsPlan::SharedPlaces AllowedIpsPlan::resolve(const std::vector<ospf::NextHop>& hops) {
  std::map<wg::ManagedIps*, std::pair<ospf::RouterId, wg::Key>> chosen;
  for (const auto& hop : hops) {
    const auto link = links_.managed.find(hop.link);
    if (link == links_.managed.end()) continue;
    const auto peer = peer_of(link->second.device, hop.gateway);
    if (!peer) continue;
    const auto [found, is_new] = chosen.try_emplace(&device_at(link->second.device), hop.router, *peer);
    if (!is_new && hop.router < found->second.first) found->second = {hop.router, *peer};
  }
  if (chosen.empty()) return nullptr;
  Places places;
  for (const auto& [device, neighbor] : chosen) places.push_back({device, neighbor.second});
  return std::make_shared<const Places>(std::move(places));
}

namespace {

template <class Shared>
bool is_same(const Shared& one, const Shared& other) {
  if (one == nullptr || other == nullptr) return one == other;
  return one == other || *one == *other;
}

}  // namespace

void AllowedIpsPlan::resolve_again() {
  for (auto& [id, set] : sets_) {
    auto places = resolve(set.hops);
    if (is_same(places, set.places)) continue;
    set.places = std::move(places);
    dirty_sets_.insert(id);
  }
}

// What routes want
// ----------------------------------------------------------------------------------------------

void AllowedIpsPlan::apply(const Change& change) {
  if (const auto* set = std::get_if<ospf::SetChanged>(&change.change)) {
    if (set->set == ospf::kAttachedSet) return;
    Set& known = sets_[set->set];
    known.hops = set->members;
    auto places = resolve(known.hops);
    if (!is_same(places, known.places)) dirty_sets_.insert(set->set);
    known.places = std::move(places);
  } else if (const auto* gone = std::get_if<ospf::SetGone>(&change.change)) {
    const auto known = sets_.find(gone->set);
    if (known == sets_.end()) return;
    end_gate(known->second.gate);
    sets_.erase(known);
  } else if (const auto* changed = std::get_if<ospf::PrefixChanged<V2>>(&change.change)) {
    note(changed->route.prefix);
  } else {
    note(std::get<ospf::PrefixGone<V2>>(change.change).prefix);
  }
}

void AllowedIpsPlan::note(const Ipv4Prefix& prefix) {
  if (!links_.managed.empty() || !placed_.empty()) dirty_.push_back(prefix);
}

void AllowedIpsPlan::decide(const IsHeld& is_held) {
  for (const auto set : std::exchange(dirty_sets_, {}))
    desired_.for_each_of(set, [this](const ospf::Route<V2>& route) { dirty_.push_back(route.prefix); });
  for (const Ipv4Prefix& prefix : std::exchange(dirty_, {})) place(prefix, is_held);
}

void AllowedIpsPlan::place(const Ipv4Prefix& prefix, const IsHeld& is_held) {
  const auto* route = desired_.find(prefix);
  const auto set = route == nullptr || is_held(prefix) ? sets_.end() : sets_.find(route->set);
  const auto at = placed_.find(prefix);
  const bool is_somewhere = set != sets_.end() && set->second.places != nullptr;
  if (!is_somewhere && at == placed_.end()) return;
  const SharedPlaces before = at == placed_.end() ? nullptr : at->second;
  const SharedPlaces now = is_somewhere ? set->second.places : nullptr;
  static const Places nowhere;
  if (before != nullptr)
    unplace(prefix, *before, now == nullptr ? nowhere : *now,
            set == sets_.end() ? std::nullopt : std::optional(set->first));
  if (now == nullptr) {
    placed_.erase(at);
    return;
  }
  placed_[prefix] = now;
  for (const Place& place : *now) {
    place.device->want(prefix, place.peer);
    touched_[set->first].insert(place.device);
  }
}

void AllowedIpsPlan::unplace(const Ipv4Prefix& prefix, const Places& before, const Places& now,
                             const std::optional<ospf::SetId>& set) {
  for (const Place& place : before) {
    const bool stays =
        std::any_of(now.begin(), now.end(), [&](const Place& other) { return other.device == place.device; });
    if (stays) continue;
    place.device->unwant(prefix);
    unplaced_.push_back({{place.device, prefix}, set});
  }
}

// The order
// ----------------------------------------------------------------------------------------------------

std::optional<rib::Gate> AllowedIpsPlan::gate_of(ospf::SetId set) const {
  const auto found = sets_.find(set);
  return found == sets_.end() ? std::nullopt : found->second.gate;
}

std::vector<ospf::SetId> AllowedIpsPlan::close_gates() {
  std::vector<ospf::SetId> closed;
  for (const auto& [set, devices] : std::exchange(touched_, {})) close_gate(set, devices, closed);
  for (Unplaced& entry : std::exchange(unplaced_, {})) {
    const auto gate = entry.now_over ? gate_of(*entry.now_over) : std::nullopt;
    (gate ? gates_.at(*gate).releases : released_).push_back(entry.release);
  }
  return closed;
}

// All devices that the set leads over are asked, so that a gate that takes another's place waits for no less;
// until it is opened the kernel has what it had.
void AllowedIpsPlan::close_gate(ospf::SetId id, const std::set<wg::ManagedIps*>& devices,
                                std::vector<ospf::SetId>& closed) {
  const auto set = sets_.find(id);
  if (set == sets_.end()) return;
  Gate gate{id, {}, {}};
  for (wg::ManagedIps* device : devices)
    if (device->mark() > device->done()) gate.marks[device] = device->mark();
  if (gate.marks.empty()) return;
  if (set->second.gate) {
    gate.releases = std::move(gates_.at(*set->second.gate).releases);
    gates_.erase(*set->second.gate);
  }
  set->second.gate = ++last_gate_;
  gates_.emplace(last_gate_, std::move(gate));
  closed.push_back(id);
}

void AllowedIpsPlan::end_gate(std::optional<rib::Gate>& gate) {
  if (!gate) return;
  append(released_, std::move(gates_.at(*gate).releases));
  gates_.erase(*gate);
  gate.reset();
}

bool AllowedIpsPlan::leads_over(const Set& set, const wg::ManagedIps& device) {
  return set.places != nullptr && std::any_of(set.places->begin(), set.places->end(),
                                              [&](const Place& place) { return place.device == &device; });
}

std::vector<rib::Gate> AllowedIpsPlan::take_open() {
  std::vector<rib::Gate> open;
  for (const auto& [number, gate] : gates_) {
    const Set& set = sets_.at(gate.set);
    const bool is_done = std::all_of(gate.marks.begin(), gate.marks.end(), [&](const auto& mark) {
      return mark.first->done() >= mark.second || !leads_over(set, *mark.first);
    });
    if (is_done) open.push_back(number);
  }
  for (const rib::Gate number : open) end_gate(sets_.at(gates_.at(number).set).gate);
  return open;
}

void AllowedIpsPlan::submitted(rib::Ticket ticket) {
  if (!released_.empty()) waiting_.emplace_back(ticket, std::exchange(released_, {}));
}

void AllowedIpsPlan::acknowledged(rib::Ticket ticket) {
  for (; !waiting_.empty() && waiting_.front().first <= ticket; waiting_.pop_front())
    for (const Release& release : waiting_.front().second) release.device->release(release.prefix);
}

void AllowedIpsPlan::claim() {
  append(released_, std::exchange(former_, {}));
}

void AllowedIpsPlan::give_back() {
  for (const auto& [prefix, places] : std::exchange(placed_, {}))
    for (const Place& place : *places) place.device->unwant(prefix);
  links_ = {};
  carry_hellos();
  for (auto& [name, device] : devices_) device.release_all();
}

}  // namespace wgospf::daemon
