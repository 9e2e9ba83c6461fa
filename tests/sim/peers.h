#pragma once
// Scenarios with several peers on one device: what is a link to each of them is a port of its own.

#include <map>
#include <memory>

#include "tests/sim/scenario.h"

namespace wgospf::sim {

class PeersScenario : public Scenario {
 protected:
  /// The address of a router's device for peers, 10.99.0.0/24.
  [[nodiscard]] static Ipv4Address address_of(RouterIndex router) { return {0x0a630001 + router}; }

  /// A port on the router's device for peers, which its first port brings along.
  LinkId add_peer_port(RouterIndex router) {
    ospf::InterfaceConfig config;
    config.hello_interval = 1;
    config.dead_interval = 4;
    config.mtu_ignore = true;
    ospf::DeviceStatus status;
    status.up = true;
    status.mtu = 1420;
    status.addresses = {{address_of(router), 24}};
    const LinkId link = network.add_port(router, config, status);
    const auto [first, is_new] = first_ports.try_emplace(router, link);
    if (!is_new) network.share_device(router, link, first->second);
    return link;
  }
  CableIndex connect_peers(RouterIndex a, RouterIndex b) {
    const LinkId link_a = add_peer_port(a), link_b = add_peer_port(b);
    const CableIndex cable = network.connect({a, link_a, {}}, {b, link_b, {}});
    for (auto& way : network.cables[cable].into) way.delay = kDelay;
    network.make_peers(cable);
    return cable;
  }
  /// A scripted neighbour as a peer: router id 1.1.1.`number`, address 10.99.0.`number`.
  std::unique_ptr<ScriptedPeer> add_scripted_peer(RouterIndex router, std::uint32_t number) {
    const LinkId link = add_peer_port(router);
    const Ipv4Address address{0x0a630000 + number};
    auto& config = network.routers[router].ports.at(link).config;
    config.type = ospf::InterfaceType::point_to_multipoint;
    config.peer_address = address;
    auto peer = std::make_unique<ScriptedPeer>(network, router, link, RouterId{0x01010100 + number}, address);
    peer->destination = address_of(router);
    peer->network_mask = netmask(24);
    for (auto& way : network.cables[peer->cable()].into) way.delay = kDelay;
    return peer;
  }
  [[nodiscard]] Port& port_of(CableIndex cable, std::size_t end) {
    const auto& there = network.cables[cable].ends[end];
    return network.routers[there.router].ports.at(there.link);
  }
  /// The links of the router's own router-LSA, as far as it has said one.
  [[nodiscard]] std::vector<ospf::v2::RouterLink> own_links(RouterIndex router) {
    const auto own = stored(router, router_key(network.routers[router].id));
    if (!own) return {};
    return std::get<ospf::v2::RouterLsa>(V2::decode_body(own->lsa)).links;
  }
  [[nodiscard]] std::vector<ospf::NextHop> ways(RouterIndex router, Ipv4Address target) {
    const auto table = instance(router).routes();
    const auto* route = table->lookup(target);
    return route == nullptr ? std::vector<ospf::NextHop>{} : table->next_hops(*route);
  }
  [[nodiscard]] ospf::InterfaceInfo info_of(RouterIndex router, LinkId link) {
    for (const auto& info : instance(router).interfaces())
      if (info.config.link == link) return info;
    ADD_FAILURE() << "no link " << link.value;
    return {};
  }
  /// Hellos that the router has sent on a link, so far.
  [[nodiscard]] std::uint64_t hellos_on(RouterIndex router, LinkId link) {
    return info_of(router, link).packets.sent[static_cast<std::size_t>(ospf::PacketType::hello)];
  }

  std::map<RouterIndex, LinkId> first_ports;
};

}  // namespace wgospf::sim
