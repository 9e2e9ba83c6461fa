#pragma once
// Small networks for scenario tests: routers with a loopback, numbered cables of a fixed delay without
// jitter, and what the routers told.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/network.h"
#include "tests/sim/scripted_peer.h"

namespace wgospf::sim {

class Scenario : public ::testing::Test {
 protected:
  static constexpr Duration kDelay = milliseconds{10};
  static constexpr Duration kRoundTrip = 2 * kDelay;

  Scenario() {
    network.observers.push_back([this](Instant now, RouterIndex router, const ospf::Output<V2>& output) {
      if (const auto* event = std::get_if<ospf::Event>(&output)) events.push_back({now, router, *event});
      if (const auto* packet = std::get_if<ospf::Transmit>(&output)) sent.push_back({now, router, *packet});
    });
  }
  void TearDown() override {
    for (const auto& problem : network.problems) ADD_FAILURE() << problem;
  }

  /// Router id 1.1.1.`number`, which is its loopback address too.
  RouterIndex add_router(std::uint32_t number) {
    const RouterIndex router = network.add_router(RouterId{0x01010100 + number});
    ospf::DeviceStatus status;
    status.up = status.loopback = true;
    status.addresses = {{Ipv4Address{0x01010100 + number}, 32}};
    network.add_port(router, {}, status);
    return router;
  }
  struct Intervals {
    std::uint16_t hello = 1;
    std::uint32_t dead = 4;
    ospf::AreaId area = ospf::kBackbone;
  };
  LinkId add_port(RouterIndex router, Ipv4Address address, Intervals intervals) {
    ospf::InterfaceConfig config;
    config.hello_interval = intervals.hello;
    config.dead_interval = intervals.dead;
    config.area = intervals.area;
    config.mtu_ignore = true;
    ospf::DeviceStatus status;
    status.up = true;
    status.mtu = 1420;
    status.addresses = {{address, 30}};
    return network.add_port(router, config, status);
  }
  CableIndex connect(RouterIndex a, RouterIndex b, Intervals intervals = {1, 4, ospf::kBackbone}) {
    const std::uint32_t subnet = 0x0a000000 + 4 * static_cast<std::uint32_t>(network.cables.size());
    const LinkId link_a = add_port(a, {subnet + 1}, intervals), link_b = add_port(b, {subnet + 2}, intervals);
    const CableIndex cable = network.connect({a, link_a, {}}, {b, link_b, {}});
    for (auto& way : network.cables[cable].into) way.delay = kDelay;
    return cable;
  }
  /// A scripted neighbour of `router` with router id 1.1.1.`number`.
  std::unique_ptr<ScriptedPeer> add_peer(RouterIndex router, std::uint32_t number,
                                         Intervals intervals = {1, 4, ospf::kBackbone}) {
    const std::uint32_t subnet = 0x0a000000 + 4 * static_cast<std::uint32_t>(network.cables.size());
    const LinkId link = add_port(router, {subnet + 1}, intervals);
    auto peer = std::make_unique<ScriptedPeer>(network, router, link, RouterId{0x01010100 + number},
                                               Ipv4Address{subnet + 2});
    for (auto& way : network.cables[peer->cable()].into) way.delay = kDelay;
    return peer;
  }
  void start_all() {
    for (RouterIndex i = 0; i < network.routers.size(); ++i) network.start(i);
  }
  /// One router and a peer that is Full with it, at rest.
  std::unique_ptr<ScriptedPeer> full_peer(std::uint32_t router_number, std::uint32_t peer_number) {
    const RouterIndex router = add_router(router_number);
    auto peer = add_peer(router, peer_number);
    start_all();
    peer->start();
    EXPECT_TRUE(network.run_until([&] { return peer->is_full() && full_count(router) == 1; }, seconds{5}));
    network.run_for(seconds{10});  // throttling is over, everything acknowledged
    return peer;
  }

  [[nodiscard]] ospf::Instance<V2>& instance(RouterIndex router) { return *network.routers[router].instance; }
  [[nodiscard]] std::size_t full_count(RouterIndex router) {
    std::size_t count = 0;
    if (!network.routers[router].instance) return 0;
    for (const auto& neighbor : instance(router).neighbors())
      if (neighbor.state == ospf::NeighborState::full) ++count;
    return count;
  }
  [[nodiscard]] bool all_full() {
    std::size_t expected = 0, found = 0;
    for (const Cable& cable : network.cables)
      for (const auto& end : cable.ends)
        if (!end.tap) ++expected;
    for (RouterIndex i = 0; i < network.routers.size(); ++i) found += full_count(i);
    return expected == found;
  }
  [[nodiscard]] static ospf::LsaKey router_key(RouterId id) {
    return {ospf::LsaType::router, ospf::LinkStateId{id.value}, id};
  }
  /// Of link scope, on any link.
  [[nodiscard]] std::optional<ospf::DatabaseEntry> stored(RouterIndex router, const ospf::LsaKey& key) {
    if (scope_of(key.type) != ospf::FloodingScope::link)
      return instance(router).find_lsa(ospf::kBackbone, key, network.now());
    for (const auto& [link, port] : network.routers[router].ports)
      if (auto found = instance(router).find_lsa(ospf::kBackbone, key, network.now(), link)) return found;
    return std::nullopt;
  }
  /// The router's end of the cable to a peer.
  [[nodiscard]] LinkId link_of(const ScriptedPeer& peer) const {
    return network.cables[peer.cable()].ends[0].link;
  }
  [[nodiscard]] ospf::NeighborState state_of(RouterIndex router, const ScriptedPeer& peer) {
    for (const auto& neighbor : instance(router).neighbors())
      if (neighbor.router_id == peer.id()) return neighbor.state;
    return ospf::NeighborState::down;
  }
  void set_cost(RouterIndex router, LinkId link, std::uint16_t cost) {
    network.routers[router].ports.at(link).config.cost = cost;
    network.reload(router);
  }
  /// How often the router refused something for this reason, on all links.
  [[nodiscard]] std::uint64_t drops(RouterIndex router, ospf::DropReason reason) {
    return instance(router).statistics().drops[reason];
  }
  template <class Kind>
  [[nodiscard]] std::vector<Kind> events_of(RouterIndex router) const {
    std::vector<Kind> found;
    for (const auto& told : events)
      if (const auto* event = std::get_if<Kind>(&told.event); event != nullptr && told.router == router)
        found.push_back(*event);
    return found;
  }

  struct Told {
    Instant at;
    RouterIndex router;
    ospf::Event event;
  };
  struct Sent {
    Instant at;
    RouterIndex router;
    ospf::Transmit packet;
  };
  Trace trace;
  Network network{Instant{} + seconds{1000}, 1, trace};
  std::vector<Told> events;
  std::vector<Sent> sent;
};

}  // namespace wgospf::sim
