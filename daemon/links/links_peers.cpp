// Links behind the peers of an interface with `peers: auto`.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/links/links.h"
#include "daemon/telling/words.h"

namespace wgospf::daemon {

namespace {
/// A device is read for the sake of a source that is not known so often at most.
constexpr std::chrono::seconds kAskAgain{1};
/// Which of the known routers are there is noted so often.
constexpr std::chrono::hours kSeeAgain{1};
}  // namespace

bool Links::take(const wg::DeviceRead& reading) {
  // A device that is gone may come back with the same peers; its links are down meanwhile.
  if (is_frozen_ || reading.device == nullptr) return false;
  devices_[reading.name] = reading.device;
  // Once an hour is often enough for days.
  const bool is_due =
      last_seen_.try_emplace(reading.name).first->second + kSeeAgain < std::chrono::steady_clock::now();
  if (reading.is_reshaped || is_due) {
    last_seen_[reading.name] = std::chrono::steady_clock::now();
    routers_.saw(*reading.device, today());
    client_addresses_.saw(*reading.device, today());
  }
  bool is_any_recognized = false;
  for (auto& [link, entry] : entries_) {
    if (!entry.settings.has_peers || place_.watch.system_name(entry.settings.name) != reading.name) continue;
    if (reading.is_reshaped) {
      refresh_peers(link, entry);
      refresh_core_config();
    }
    wake_peers(entry, *reading.device);
    if (entry.settings.finds_clients)
      is_any_recognized = recognize_clients(entry, *reading.device) || is_any_recognized;
  }
  return is_any_recognized;
}

void Links::refresh_due_peers() {
  for (auto& [link, entry] : entries_)
    if (entry.are_peers_due) refresh_peers(link, entry);
}

void Links::refresh_peers(ospf::LinkId link, ConfiguredDevice& entry) {
  const std::string& name = entry.settings.name;
  entry.are_peers_due = false;
  std::vector<PeerTable::Former> former;
  if (!entry.settings.has_peers) {
    former = entry.peers.clear();
  } else if (entry.status.ifindex.value == 0) {
    return;  // its peers are those that it had, and will be read again when it is back
  } else if (const auto device = devices_.find(place_.watch.system_name(name)); device != devices_.end()) {
    const auto own = callbacks_.own_allowed_ips();
    const auto of_device = own->find(device->first);
    const PeerKnowledge known{of_device == own->end() ? nullptr : &of_device->second, &routers_.addresses(),
                              client_addresses_.of(device->first)};
    former = entry.peers.take(peer_links(entry.settings, *device->second, entry.status.addresses, known),
                              device->second, name, place_.names);
    for (const auto& peer : entry.peers.entries()) interface_of_.emplace(peer.link, link);
  }
  for (const auto& gone : former) forget_warnings(gone.link, gone.name);
  tell_peers(link, entry);
}

void Links::tell_peers(ospf::LinkId link, const ConfiguredDevice& entry) {
  std::vector<std::string> problems;
  for (const auto& entry_of_peer : entry.peers.entries()) {
    const PeerLink& peer = entry_of_peer.peer;
    if (!peer.problem.empty())
      problems.push_back(
          fmt::format("peer {} ({}): {}", printable(peer.name), peer.key.to_base64(), peer.problem));
  }
  place_.teller.set_warning("peers/" + entry.settings.name,
                            problems.empty() ? std::string()
                                             : fmt::format("OSPF cannot run to peers of {}: {}",
                                                           entry.settings.name, join_few(problems, "; ")),
                            link);
}

/// What hellos go to at once, and always, is what a former run or this one knows as a router.
void Links::add_peers(const ospf::InterfaceConfig& interface, const ConfiguredDevice& entry,
                      std::vector<ospf::InterfaceConfig>& to) const {
  if (!entry.settings.has_peers) return;
  ospf::InterfaceConfig config = interface;
  config.type = ospf::InterfaceType::point_to_multipoint;
  config.passive = true;
  to.push_back(config);
  config.passive = false;
  for (const auto& peer : entry.peers.entries()) {
    if (!peer.peer.is_link()) continue;
    const LinkSettings& settings = peer.peer.settings;
    config.link = peer.link;
    config.name = place_.names.name_of(peer.link);
    config.peer_address = *peer.peer.address;
    config.peer_is_router = routers_.contains(peer.peer.key);
    config.admitted = interface.admitted;
    if (peer.peer.settings.role == ConfiguredRole::client)
      config.admitted.kind = ospf::AdmittedRouters::Kind::none;
    config.cost = settings.cost;
    config.hello_interval = settings.hello_interval;
    config.dead_interval = settings.dead_interval;
    config.retransmit_interval = settings.retransmit_interval;
    config.transmit_delay = settings.transmit_delay;
    config.mtu_ignore = settings.mtu_ignore.value_or(true);
    to.push_back(config);
  }
}

std::vector<ospf::LinkId> Links::links_over(ospf::LinkId link, const ConfiguredDevice& entry) const {
  std::vector<ospf::LinkId> links{link};
  for (const auto& peer : entry.peers.entries()) links.push_back(peer.link);
  return links;
}

ospf::LinkId Links::interface_link(ospf::LinkId link) const {
  const auto behind_peer = interface_of_.find(link);
  return behind_peer == interface_of_.end() ? link : behind_peer->second;
}

/// What is of no peer that OSPF runs to is the interface's own, where it is counted as refused.
ospf::LinkId Links::link_of(ospf::LinkId link, ConfiguredDevice& entry, Ipv4Address source) {
  if (!entry.settings.has_peers) return link;
  const auto* owner = entry.peers.owner(source);
  if (owner != nullptr) return owner->peer.is_link() ? owner->link : link;
  // WireGuard took it from a peer all the same: what was read is not what is.
  const auto now = std::chrono::steady_clock::now();
  if (now - entry.asked_at >= kAskAgain) {
    entry.asked_at = now;
    callbacks_.read_device(place_.watch.system_name(entry.settings.name));
  }
  return link;
}

void Links::wake_peers(ConfiguredDevice& entry, const wg::Device& device) {
  for (const auto link : entry.peers.take_woken(device)) callbacks_.feed(ospf::PeerWoken{link});
}

void Links::note_router(ospf::LinkId link, const IpAddress& address) {
  const auto found = over(link);
  const auto* peer = found == entries_.end() ? nullptr : found->second.peers.find(link);
  if (peer != nullptr) (void)routers_.note(peer->peer.key, as<Ipv4Address>(address), today());
}

void Links::add_tunnels_of_peers(const ConfiguredDevice& entry, TunnelLink of_interface,
                                 std::vector<TunnelLink>& to) {
  if (!entry.settings.has_peers) return;
  const std::string interface = of_interface.name;
  for (const auto& peer : entry.peers.entries()) {
    if (!peer.peer.is_link()) continue;
    of_interface.link = peer.link;
    of_interface.name = shown_name(interface, peer.peer);
    of_interface.is_expected = peer.peer.has_entry && peer.peer.settings.role == ConfiguredRole::router;
    of_interface.peer = peer.peer.key;
    of_interface.has_bfd = peer.peer.settings.bfd.enabled;
    of_interface.neighbors = {*peer.peer.address};
    to.push_back(of_interface);
  }
}

std::vector<PeerLinkView> Links::peer_views() const {
  std::vector<PeerLinkView> views;
  for (const auto& area : config_.areas) {
    for (const auto& settings : area.interfaces) {
      const auto link = place_.names.find(settings.name);
      const auto found = link ? entries_.find(*link) : entries_.end();
      if (found == entries_.end()) continue;
      const auto device = place_.watch.system_name(settings.name);
      for (const auto& peer : found->second.peers.entries())
        views.push_back({settings.name, device, peer.peer,
                         peer.peer.is_link() ? std::optional(peer.link) : std::nullopt,
                         routers_.contains(peer.peer.key)});
    }
  }
  return views;
}

}  // namespace wgospf::daemon
