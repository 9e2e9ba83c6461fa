// What another configuration would make of the links, as the system is now.

#include "daemon/links/links.h"

namespace wgospf::daemon {

namespace {

/// A router id that is written down admits nobody else.
void admit_written(const std::optional<ospf::RouterId>& router_id, ospf::InterfaceConfig& interface) {
  if (!router_id || interface.admitted.kind == ospf::AdmittedRouters::Kind::none) return;
  interface.admitted = {ospf::AdmittedRouters::Kind::one, *router_id};
}

}  // namespace

ospf::InstanceConfig Links::core_config_of(Config config) const {
  config.areas = resolve_names(config.areas, system_interfaces(place_.watch.inventory())).areas;
  std::map<std::string, InterfaceSettings> settings;
  for (const auto& area : config.areas)
    for (const auto& interface : area.interfaces) settings[interface.name] = interface;
  auto core = instance_config(config, router_id_, place_.names,
                              [this](const std::string& name) { return place_.watch.is_wireguard(name); });
  std::vector<ospf::InterfaceConfig> interfaces;
  for (auto& interface : core.interfaces) {
    ConfiguredDevice device;
    device.configured = settings.at(interface.name);
    device.settings = settings_in_force(device.configured, place_.watch.inventory());
    interface.passive = device.settings.passive;
    read_peers(interface.link, device);
    const std::size_t first = interfaces.size();
    add_peers(interface, device, interfaces);
    for (const auto& peer : device.peers.entries())
      for (std::size_t i = first; i < interfaces.size(); ++i)
        if (interfaces[i].link == peer.link) admit_written(peer.peer.settings.router_id, interfaces[i]);
    if (device.settings.has_peers) continue;
    admit_written(device.settings.peer_router_id, interface);
    interfaces.push_back(std::move(interface));
  }
  core.interfaces = std::move(interfaces);
  return core;
}

void Links::read_peers(ospf::LinkId link, ConfiguredDevice& device) const {
  const auto& name = device.settings.name;
  const auto read = devices_.find(place_.watch.system_name(name));
  const auto entry = entries_.find(link);
  if (!device.settings.has_peers || read == devices_.end() || entry == entries_.end()) return;
  const auto own = callbacks_.own_allowed_ips();
  const auto of_device = own->find(read->first);
  const PeerKnowledge known{of_device == own->end() ? nullptr : &of_device->second, &routers_.addresses(),
                            client_addresses_.of(read->first)};
  (void)device.peers.take(peer_links(device.settings, *read->second, entry->second.status.addresses, known),
                          read->second, name, place_.names);
}

}  // namespace wgospf::daemon
