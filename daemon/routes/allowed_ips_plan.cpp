#include "daemon/routes/allowed_ips_plan.h"

#include <algorithm>

namespace wgospf::daemon {

void AllowedIpsPlan::adopt(const wg::OwnNote& note) {
  for (const auto& [name, peers] : note.own) {
    wg::ManagedIps& device = devices_.try_emplace(name, name, peers, note.ifindex.at(name)).first->second;
    for (const auto& [key, prefixes] : peers)
      for (const Ipv4Prefix& prefix : prefixes) former_[{&device, prefix}] = 0;
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
  for (const auto& [device, subnets] : links_.subnets) device_at(device).set_subnets(subnets);
  lend_addresses();
  for (const std::string& device : links_.manual)
    if (!is_managed(links_, device)) hand_over(device);
  carry_hellos();
  resolve_again();
}

bool AllowedIpsPlan::is_managed(const Links& links, const std::string& device) {
  return std::any_of(links.managed.begin(), links.managed.end(),
                     [&](const auto& entry) { return entry.second.device == device; });
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
  for (const auto& [id, link] : links_.managed) carry_hellos(id, link);
}

void AllowedIpsPlan::carry_hellos(ospf::LinkId id, const ManagedLink& link) {
  const auto reading = readings_.find(link.device);
  if (reading == readings_.end()) return;
  const auto& peers = reading->second->peers;
  if (!link.peer && peers.size() != 1) return leave_multicast(id, *reading->second);
  const Place place{&device_at(link.device), link.peer ? *link.peer : peers.front().public_key};
  const auto [known, is_new] = hellos_.try_emplace(id, place);
  if (!is_new && known->second != place) end_hellos(std::exchange(known->second, place));
  // Behind one of several peers is a link that speaks by unicast alone.
  if (!link.peer) (void)place.device->want(Ipv4Prefix::host(wg::kAllSpfRouters), place.peer);
  std::vector<Ipv4Address> own;
  if (link.neighbor) own = link.lent.empty() ? std::vector{*link.neighbor} : link.lent;
  place.device->pin(place.peer, std::move(own));
  place.device->link_locals().want(place.peer, link.has_link_local);
}

/// What is lent comes back by itself, also when there are no links any more.
void AllowedIpsPlan::lend_addresses() {
  std::erase_if(lenders_, [this](const auto& entry) {
    const auto link = links_.managed.find(entry.first);
    const bool is_over = link == links_.managed.end() || link->second.lent.empty();
    if (is_over) entry.second.device->lend(entry.second.peer, {});
    return is_over;
  });
  for (const auto& [id, link] : links_.managed) {
    if (link.lent.empty() || !link.peer) continue;
    wg::ManagedIps& device = device_at(link.device);
    device.lend(*link.peer, link.lent);
    lenders_.insert_or_assign(id, Place{&device, *link.peer});
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
  if (is_elsewhere) (void)given->second.device->unwant(group);
}

void AllowedIpsPlan::end_hellos(const Place& place) {
  const auto group = Ipv4Prefix::host(wg::kAllSpfRouters);
  place.device->release(group, place.device->unwant(group));
  place.device->pin(place.peer, {});
  place.device->link_locals().want(place.peer, false);
}

// The peer that OSPF speaks to: the link's, the device's only one, else the one that has the neighbour's address.
std::optional<wg::Key> AllowedIpsPlan::peer_of(const ManagedLink& link,
                                               const std::optional<IpAddress>& neighbor) {
  const auto reading = readings_.find(link.device);
  if (reading == readings_.end()) return std::nullopt;
  if (link.peer) return device_at(link.device).has_peer(*link.peer) ? link.peer : std::nullopt;
  const auto& peers = reading->second->peers;
  if (peers.size() == 1) return peers.front().public_key;
  if (!neighbor) return std::nullopt;
  const auto owners = wg::peers_covering(*reading->second, *neighbor);
  return owners.empty() ? std::nullopt : std::optional(owners.front()->public_key);
}

// That a set leads to one neighbour at most over a device with a link for each peer is the calculation's to see to;
// the first counts. Of several neighbours on another device the one with the lowest router id has a prefix.
AllowedIpsPlan::SharedPlaces AllowedIpsPlan::resolve(const std::vector<ospf::NextHop>& hops) {
  std::map<wg::ManagedIps*, std::pair<ospf::RouterId, wg::Key>> chosen;
  for (const auto& hop : hops) {
    const auto link = links_.managed.find(hop.link);
    if (link == links_.managed.end()) continue;
    const auto peer = peer_of(link->second, hop.gateway);
    if (!peer) continue;
    const auto [found, is_new] = chosen.try_emplace(&device_at(link->second.device), hop.router, *peer);
    const bool is_lower = !link->second.peer && hop.router < found->second.first;
    if (!is_new && is_lower) found->second = {hop.router, *peer};
  }
  if (chosen.empty()) return nullptr;
  Places places;
  for (const auto& [device, neighbor] : chosen)
    places.push_back({device, neighbor.second, device->index_of(neighbor.second)});
  return std::make_shared<const Places>(std::move(places));
}

namespace {

template <class List>
void append(List& to, List&& from) {
  to.insert(to.end(), from.begin(), from.end());
}

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
    const auto [known, is_new] = sets_.try_emplace(set->set);
    known->second.hops = set->members;
    auto places = resolve(known->second.hops);
    // The prefixes of a new set are still to come, each with a change of its own.
    if (!is_new && !is_same(places, known->second.places)) dirty_sets_.insert(set->set);
    known->second.places = std::move(places);
  } else if (const auto* gone = std::get_if<ospf::SetGone>(&change.change)) {
    const auto known = sets_.find(gone->set);
    if (known == sets_.end()) return;
    if (known->second.gate) append(unplaced_, end(*known->second.gate));
    sets_.erase(known);
    dirty_sets_.erase(gone->set);
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
  for (const auto id : std::exchange(dirty_sets_, {})) {
    Sets::value_type& set = *sets_.find(id);
    desired_.for_each_of(id, [&](const ospf::Route<V2>& route) {
      place(route.prefix, is_held(route.prefix) ? nullptr : &set, Cause::set);
    });
  }
  decided_.swap(dirty_);
  for (const Ipv4Prefix& prefix : decided_) {
    const auto* route = desired_.find(prefix);
    const auto set = route == nullptr || is_held(prefix) ? sets_.end() : sets_.find(route->set);
    place(prefix, set == sets_.end() ? nullptr : &*set, Cause::prefix);
  }
  decided_.clear();
  release_in_turn(std::exchange(unplaced_, {}));
  turn_gates_.clear();
}

void AllowedIpsPlan::place(const Ipv4Prefix& prefix, Sets::value_type* set, Cause cause) {
  static const Places nowhere;
  const Places& now = set == nullptr || set->second.places == nullptr ? nowhere : *set->second.places;
  auto at = placed_.find(prefix);
  if (at == placed_.end()) {
    if (now.empty()) return;
    at = placed_.try_emplace(prefix).first;
  } else {
    unplace(prefix, *at->second.places, now);
    if (now.empty()) {
      placed_.erase(at);
      return;
    }
  }
  Placed& placed = at->second;
  if (placed.set != set->first) placed.gate = 0;
  placed.set = set->first;
  placed.places = set->second.places;
  for (const Place& place : now)
    if (place.device->want(prefix, place.index)) wait_for({prefix, place.device}, placed, *set, cause);
}

void AllowedIpsPlan::unplace(const Ipv4Prefix& prefix, const Places& before, const Places& now) {
  for (const Place& place : before) {
    const bool stays =
        std::any_of(now.begin(), now.end(), [&](const Place& other) { return other.device == place.device; });
    if (!stays) unplaced_.push_back({place.device, prefix, place.device->unwant(prefix)});
  }
}

}  // namespace wgospf::daemon
