// What others ask of the links.

#include <algorithm>
#include <utility>

#include "daemon/links/links.h"

namespace wgospf::daemon {

std::optional<RibLink> Links::rib_link(ospf::LinkId link) const {
  const auto found = over(link);
  return found == entries_.end() ? std::nullopt : found->second.rib;
}

std::optional<LivenessTarget> Links::liveness_target(ospf::LinkId link) const {
  const auto found = over(link);
  if (found == entries_.end()) return std::nullopt;
  const ConfiguredDevice& entry = found->second;
  if (entry.settings.passive || !entry.status.up || entry.status.loopback) return std::nullopt;
  const auto* peer = entry.settings.has_peers ? entry.peers.find(link) : nullptr;
  if (entry.settings.has_peers && peer == nullptr) return std::nullopt;
  const LinkSettings& of_interface = entry.settings;
  const LinkSettings& settings = peer != nullptr ? peer->peer.settings : of_interface;
  LivenessTarget target;
  target.echo.device = place_.watch.system_name(entry.settings.name);
  target.echo.ifindex = entry.status.ifindex.value;
  if (const auto source = entry.status.source()) target.echo.source = as<Ipv4Address>(*source);
  if (peer != nullptr) target.peer = peer->peer.key;
  target.settings = {std::chrono::seconds{settings.hello_interval},
                     std::chrono::seconds{settings.dead_interval},
                     std::chrono::milliseconds{settings.patience}};
  return target;
}

std::string Links::device_name(ospf::LinkId link) const {
  const auto found = over(link);
  return found == entries_.end() ? std::string() : place_.watch.system_name(found->second.settings.name);
}

bool Links::is_ours(const std::string& system_name) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const auto& named) {
    const Link* link = place_.watch.find(named.second.settings.name);
    return link != nullptr && link->name == system_name;
  });
}

namespace {

std::uint32_t longest_dead_interval_of(const InterfaceSettings& settings) {
  if (!settings.has_peers) return settings.dead_interval;
  std::uint32_t longest = settings.peer_defaults.dead_interval;
  for (const auto& peer : settings.peers) longest = std::max(longest, peer.dead_interval);
  return longest;
}

}  // namespace

std::uint32_t Links::longest_dead_interval() const {
  std::uint32_t longest = 0;
  for (const auto& [link, entry] : entries_)
    if (!entry.settings.passive) longest = std::max(longest, longest_dead_interval_of(entry.settings));
  for (const auto& area : configured_areas_) {
    for (const auto& settings : area.interfaces) {
      const bool may_come = settings.enabled && !settings.passive && is_pattern(settings.name);
      if (may_come) longest = std::max(longest, longest_dead_interval_of(settings));
    }
  }
  return longest;
}

std::vector<TunnelLink> Links::tunnel_links() const {
  std::vector<TunnelLink> result;
  for (const auto& area : config_.areas) {
    for (const auto& configured : area.interfaces) {
      const auto link = place_.names.find(configured.name);
      const auto found = link ? entries_.find(*link) : entries_.end();
      if (found == entries_.end()) continue;
      const ConfiguredDevice& entry = found->second;
      TunnelLink tunnel{*link,
                        configured.name,
                        place_.watch.system_name(configured.name),
                        entry.settings.passive,
                        entry.status.up,
                        entry.settings.manages_allowed_ips,
                        neighbors_to_cover(entry)};
      tunnel.has_peers = entry.settings.has_peers;
      tunnel.sets_mtu = entry.settings.sets_mtu;
      tunnel.has_bfd = entry.settings.bfd.enabled && !entry.settings.has_peers;
      if (const auto source = entry.status.source()) tunnel.source = as<Ipv4Address>(*source);
      for (const auto& own : entry.status.addresses)
        if (std::holds_alternative<Ipv4Address>(own.address))
          tunnel.subnets.push_back(own.prefix<Ipv4Address>());
      result.push_back(tunnel);
      add_tunnels_of_peers(entry, std::move(tunnel), result);
    }
  }
  return result;
}

std::vector<BfdLink> Links::bfd_links() const {
  std::vector<BfdLink> links;
  for (const auto& [link, entry] : entries_) {
    const auto source = entry.status.source();
    if (entry.settings.passive || !entry.status.up || !source) continue;
    const Link* system_link = place_.watch.find(entry.settings.name);
    if (system_link == nullptr) continue;
    BfdLink of_interface{link,    entry.settings.name, system_link->name, entry.status.ifindex.value,
                         *source, entry.settings.bfd};
    of_interface.is_userspace = system_link->kind == "tun";
    if (!entry.settings.has_peers) {
      if (of_interface.settings.enabled) links.push_back(of_interface);
      continue;
    }
    for (const auto& peer : entry.peers.entries()) {
      if (!peer.peer.is_link() || !peer.peer.settings.bfd.enabled) continue;
      of_interface.link = peer.link;
      of_interface.name = shown_name(entry.settings.name, peer.peer);
      of_interface.settings = peer.peer.settings.bfd;
      links.push_back(of_interface);
    }
  }
  return links;
}

std::vector<EndpointPeer> Links::endpoint_peers() const {
  std::vector<EndpointPeer> result;
  for (const auto& [link, entry] : entries_) {
    if (entry.settings.passive || !entry.status.up) continue;
    EndpointPeer of;
    of.device = place_.watch.system_name(entry.settings.name);
    of.inside.device = of.device;
    of.inside.ifindex = entry.status.ifindex.value;
    if (const auto source = entry.status.source()) of.inside.source = as<Ipv4Address>(*source);
    if (!entry.settings.has_peers) {
      if (entry.settings.endpoints.empty()) continue;
      of.link = link;
      of.name = entry.settings.name;
      of.endpoints = entry.settings.endpoints;
      of.patience = std::chrono::milliseconds{entry.settings.patience};
      // Whoever it is, it is given what goes to all OSPF routers.
      of.inside.destination = wg::kAllSpfRouters;
      result.push_back(std::move(of));
      continue;
    }
    for (const auto& peer : entry.peers.entries()) {
      if (peer.peer.settings.endpoints.empty() || !peer.peer.is_there) continue;
      of.link = peer.link;
      of.name = shown_name(entry.settings.name, peer.peer);
      of.key = peer.peer.key;
      of.endpoints = peer.peer.settings.endpoints;
      of.patience = std::chrono::milliseconds{peer.peer.settings.patience};
      of.inside.destination =
          peer.peer.address.value_or(peer.peer.hosts.empty() ? Ipv4Address{} : peer.peer.hosts.front());
      result.push_back(of);
    }
  }
  return result;
}

AllowedIpsPlan::Links Links::allowed_ips_links() const {
  AllowedIpsPlan::Links links;
  for (const auto& [link, entry] : entries_) {
    const std::string device = place_.watch.system_name(entry.settings.name);
    if (!entry.settings.manages_allowed_ips || entry.settings.passive) {
      links.manual.insert(device);
      continue;
    }
    const bool has_link_local = entry.settings.has_link_local;
    for (const auto& own : entry.status.addresses)
      if (std::holds_alternative<Ipv4Address>(own.address))
        links.subnets[device].push_back(own.prefix<Ipv4Address>());
    if (entry.settings.has_peers) {
      for (const auto& peer : entry.peers.entries()) {
        if (!peer.peer.is_link()) continue;
        AllowedIpsPlan::ManagedLink managed{
            device, peer.peer.address, peer.peer.key, {}, has_link_local && !is_client(entry, peer.peer)};
        if (is_client(entry, peer.peer)) {
          managed.lent = peer.peer.hosts;
          if (!callbacks_.is_client_here(peer.peer.key)) managed.neighbor.reset();
        }
        links.managed.emplace(peer.link, std::move(managed));
      }
      continue;
    }
    AllowedIpsPlan::ManagedLink managed{device, std::nullopt, std::nullopt, {}, has_link_local};
    for (const auto& address : neighbors_to_cover(entry)) {
      const auto* ipv4 = std::get_if<Ipv4Address>(&address);
      if (ipv4 != nullptr && !managed.neighbor) managed.neighbor = *ipv4;
    }
    links.managed.emplace(link, std::move(managed));
  }
  return links;
}

std::vector<LinkLocalDevice> Links::link_local_devices() const {
  std::vector<LinkLocalDevice> result;
  for (const auto& [link, entry] : entries_) {
    const auto read = devices_.find(place_.watch.system_name(entry.settings.name));
    if (read == devices_.end()) continue;
    const wg::Device& device = *read->second;
    result.push_back({device.name, device.ifindex, device.public_key,
                      entry.settings.has_link_local && !entry.settings.passive});
  }
  return result;
}

// A neighbour whose address the allowed-ips do not cover is never heard, or not any more. So its address is
// the last that was heard, if it may still be there when the interface has got other addresses, or else the one
// that follows from the interface's own.
std::vector<IpAddress> Links::neighbors_to_cover(const ConfiguredDevice& entry) const {
  if (entry.settings.has_peers) return {};
  std::vector<IpAddress> heard = entry.neighbor_addresses;
  std::erase_if(heard, [&](const IpAddress& address) {
    return !ospf::V2::version().is_on_link(entry.status, address);
  });
  if (!heard.empty()) return heard;
  const Link* system_link = place_.watch.find(entry.settings.name);
  const auto expected = system_link == nullptr ? std::nullopt : expected_neighbor(*system_link);
  return expected ? std::vector<IpAddress>{*expected} : std::vector<IpAddress>{};
}

}  // namespace wgospf::daemon
