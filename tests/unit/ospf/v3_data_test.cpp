// The shared database, flooding and neighbour machine, run with OSPFv3's data.
#include "v3_data.h"

#include <gtest/gtest.h>

#include "ospf/adjacency.h"
#include "ospf/flooding.h"

namespace wgospf::ospf {

namespace {

/// What an instance would be, without origination and routes.
struct Router final : FloodingHooks {
  Router() : core(version, config(), 1, Instant{seconds{100}}) {
    core.areas.push_back({kBackbone, core.add_domain(FloodingScope::area, kBackbone, {})});
    for (const std::uint32_t link : {1u, 2u}) {
      auto interface = std::make_unique<Interface>();
      interface->config.link = LinkId{link};
      interface->link_domain = core.add_domain(FloodingScope::link, kBackbone, LinkId{link});
      auto& made = *core.interfaces.emplace(LinkId{link}, std::move(interface)).first->second;
      LinkStatus status;
      status.up = true;
      status.ifindex = InterfaceIndex{link};
      status.mtu = 1420;
      status.unnumbered_source = Ipv6Address::parse("fe80::1");
      adjacency.link_changed(made, status);
    }
  }
  static InstanceConfig config() {
    InstanceConfig config;
    config.router_id = RouterId{0x01010101};
    return config;
  }
  void lsa_installed(LsaRef, const Lsa&) override {}
  void lsa_removed(std::uint32_t, const LsaKey&, const Lsa&) override {}
  void own_number_seen(std::uint32_t, const LsaHeader&) override {}
  void self_originated_received(LsaRef) override { ++own_received; }
  void refresh_due(LsaRef) override {}
  void neighbor_event(Neighbor& neighbor, NeighborEvent event) override {
    adjacency.neighbor_event(neighbor, event);
  }
  void requests_shrunk(Interface& interface, Neighbor& neighbor) override {
    adjacency.requests_shrunk(interface, neighbor);
  }

  Interface& interface(std::uint32_t link) { return *core.interfaces.at(LinkId{link}); }
  Neighbor& neighbor(std::uint32_t link) { return *interface(link).neighbors.begin()->second; }
  [[nodiscard]] static PacketHeader header_from(RouterId router) {
    PacketHeader header;
    header.router_id = router;
    return header;
  }
  void hello(std::uint32_t link, RouterId from) {
    Hello hello;
    hello.hello_interval = 10;
    hello.dead_interval = 40;
    hello.neighbors = {RouterId{0x01010101}};
    adjacency.receive_hello(interface(link), header_from(from), hello, *Ipv6Address::parse("fe80::2"));
  }
  /// The neighbour is master and describes `headers` in one packet.
  void exchange(std::uint32_t link, std::vector<LsaHeader> headers) {
    DatabaseDescription dd;
    dd.interface_mtu = 1420;
    dd.options = {0x13};
    dd.flags = {.init = true, .more = true, .master = true};
    dd.sequence_number = 77;
    adjacency.receive_dd(interface(link), neighbor(link), dd);
    dd.flags = {.init = false, .more = false, .master = true};
    dd.sequence_number = 78;
    dd.headers = std::move(headers);
    adjacency.receive_dd(interface(link), neighbor(link), dd);
    flooding.end_round();
  }
  void bring_full(std::uint32_t link, RouterId from) {
    hello(link, from);
    exchange(link, {});
    ASSERT_EQ(neighbor(link).state, NeighborState::full);
  }
  void update(std::uint32_t link, const Lsa& lsa) {
    LinkStateUpdate packet{{{V3::header(lsa), lsa.bytes(), std::nullopt}}};
    flooding.receive_update(interface(link), neighbor(link), packet);
    flooding.end_round();
  }
  std::size_t sent_on(std::uint32_t link, PacketType type) {
    return interface(link).packets.sent[static_cast<std::size_t>(type)];
  }

  V3 version;
  Core core;
  Outbox outbox{core};
  Flooding flooding{core, outbox, *this};
  Adjacency adjacency{core, outbox, flooding};
  int own_received = 0;
};

/// RFC 5340 A.4.2.1: link scope.
constexpr auto kLinkLsa = static_cast<LsaType>(0x0008);

Lsa lsa(LsaType type, std::uint32_t id, std::uint32_t router = 0x03030303) {
  LsaHeader header;
  header.key = {type, LinkStateId{id}, RouterId{router}};
  const std::byte body[4] = {std::byte{1}};
  return V3::make_lsa(header, body);
}

TEST(V3Data, Rfc5340Section4_2_TheNeighborMachineReachesFullByRequests) {
  Router router;
  router.hello(1, RouterId{0x02020202});
  EXPECT_EQ(router.neighbor(1).state, NeighborState::ex_start);
  const auto wanted = lsa(LsaType::router, 7, 0x02020202);
  router.exchange(1, {V3::header(wanted)});
  EXPECT_EQ(router.neighbor(1).state, NeighborState::loading);
  EXPECT_EQ(router.sent_on(1, PacketType::link_state_request), 1u);
  router.update(1, wanted);
  EXPECT_EQ(router.neighbor(1).state, NeighborState::full);
}

TEST(V3Data, Rfc5340Section4_5_ScopeInTheTypeDecidesWhereAnLsaGoes) {
  Router router;
  router.bring_full(1, RouterId{0x02020202});
  router.bring_full(2, RouterId{0x04040404});
  router.update(1, lsa(LsaType::router, 0x12345678));
  EXPECT_EQ(router.sent_on(2, PacketType::link_state_update), 1u);
  router.update(1, lsa(LsaType::as_external, 1));
  EXPECT_EQ(router.sent_on(2, PacketType::link_state_update), 2u);
  router.update(1, lsa(kLinkLsa, 1));
  EXPECT_EQ(router.sent_on(2, PacketType::link_state_update), 2u) << "link scope stays on its link";
  EXPECT_EQ(router.core.domain(router.interface(1).link_domain).lsdb.size(), 1u);
  EXPECT_EQ(router.core.domain(router.interface(2).link_domain).lsdb.size(), 0u);
  EXPECT_EQ(router.sent_on(1, PacketType::link_state_update), 0u) << "nothing goes back to the sender";
}

TEST(V3Data, SeveralLsasOfOneRouterAreToldApartByTheirLinkStateId) {
  Router router;
  router.bring_full(1, RouterId{0x02020202});
  router.update(1, lsa(LsaType::router, 0));
  router.update(1, lsa(LsaType::router, 1));
  EXPECT_EQ(router.core.domain(router.core.areas[0].domain).lsdb.size(), 2u);
  EXPECT_EQ(router.core.statistics.drops.total(), 0u);
}

}  // namespace
}  // namespace wgospf::ospf
