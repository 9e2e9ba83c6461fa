// The shared database, flooding and neighbour machine, run with OSPFv3's data.
#include "v3_data.h"

#include <gtest/gtest.h>

#include "ospf/parts.h"

namespace wgospf::ospf {

namespace {

class NoRoutes final : public RouteCalculation {
 public:
  void lsa_installed(AreaId, const Lsa&) override {}
  void lsa_removed(AreaId, const LsaKey&) override {}
  void area_removed(AreaId) override {}
  void set_link(RootLink) override {}
  void remove_link(LinkId) override {}
  void set_area_type(AreaId, AreaType) override {}
  void set_rfc1583_compatibility(bool) override {}
  void set_discards(std::set<IpPrefix>) override {}
  [[nodiscard]] bool is_border_router() const override { return false; }
  [[nodiscard]] News take_news() override { return {}; }
  [[nodiscard]] bool has_news() const override { return false; }
  [[nodiscard]] std::vector<BoundaryRoute> boundary_routes() const override { return {}; }
  [[nodiscard]] std::vector<NssaBorderRouter> nssa_border_routers(AreaId) const override { return {}; }
  [[nodiscard]] Pending pending() const override { return Pending::nothing; }
  [[nodiscard]] bool take_event() override { return false; }
  Outcome calculate() override { return {}; }
  [[nodiscard]] Generation generation() const override { return {}; }
  [[nodiscard]] std::size_t route_count() const override { return 0; }
  [[nodiscard]] bool reachable(AreaId, RouterId) const override { return false; }
  [[nodiscard]] bool reaches_boundary_router(RouterId) const override { return false; }
  void measure(Footprint&) const override {}
};

/// What an instance would be, without a life of its own: nothing is originated.
struct Router {
  Router() : parts(version, routes, config(), 1, Instant{seconds{100}}) {
    core.areas.push_back({{kBackbone}, core.add_domain(FloodingScope::area, kBackbone, {})});
    for (const std::uint32_t link : {1u, 2u}) {
      auto interface = std::make_unique<Interface>();
      interface->config.link = LinkId{link};
      interface->link_domain = core.add_domain(FloodingScope::link, kBackbone, LinkId{link});
      interface->config.device = DeviceId{link};
      core.attach(*core.interfaces.emplace(LinkId{link}, std::move(interface)).first->second);
      DeviceStatus status;
      status.up = true;
      status.ifindex = InterfaceIndex{link};
      status.mtu = 1420;
      status.unnumbered_source = Ipv6Address::parse("fe80::1");
      adjacency.device_changed(DeviceId{link}, status);
    }
  }
  static InstanceConfig config() {
    InstanceConfig config;
    config.router_id = RouterId{0x01010101};
    return config;
  }
  Interface& interface(std::uint32_t link) { return *core.interfaces.at(LinkId{link}); }
  /// Of several that with the highest Router ID.
  Neighbor& neighbor(std::uint32_t link) { return *interface(link).neighbors.rbegin()->second; }
  [[nodiscard]] static PacketHeader header_from(RouterId router) {
    PacketHeader header;
    header.router_id = router;
    return header;
  }
  void hello(std::uint32_t link, RouterId from) {
    Hello hello;
    hello.hello_interval = 10;
    hello.dead_interval = 40;
    hello.options = {0x13};
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
    end_round();
  }
  void end_round() {
    adjacency.ask_for_more(parts.flooding.take_shrunk());
    parts.outbox.send_due();
  }
  void bring_full(std::uint32_t link, RouterId from) {
    hello(link, from);
    exchange(link, {});
    ASSERT_EQ(neighbor(link).state, NeighborState::full);
  }
  void update(std::uint32_t link, const Lsa& lsa) {
    LinkStateUpdate packet{{{V3::header(lsa), lsa.bytes(), std::nullopt}}};
    parts.flooding.receive_update(interface(link), neighbor(link), packet);
    end_round();
  }
  std::size_t sent_on(std::uint32_t link, PacketType type) {
    return interface(link).packets.sent[static_cast<std::size_t>(type)];
  }

  V3 version;
  NoRoutes routes;
  Parts parts;
  Core& core = parts.core;
  Adjacency& adjacency = parts.adjacency;
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

// In: an LSA for a link with two neighbours, of which one acknowledges it. Out: one packet for both; for the
// other it is repeated, and nothing is owed when that acknowledges, too.
TEST(V3Data, Rfc2328Section13_3_OneUpdateGoesToAllNeighborsOfALink) {
  Router router;
  router.interface(2).config.type = InterfaceType::broadcast;
  router.bring_full(1, RouterId{0x02020202});
  router.bring_full(2, RouterId{0x04040404});
  router.bring_full(2, RouterId{0x05050505});
  ASSERT_EQ(router.interface(2).neighbors.size(), 2u);
  const auto flooded = lsa(LsaType::router, 7);
  Neighbor& one = *router.interface(2).neighbors.begin()->second;
  Neighbor& other = router.neighbor(2);
  const auto owed = [&](const Neighbor& neighbor) { return router.core.flood_log.owed(neighbor.id); };
  router.update(1, flooded);
  EXPECT_EQ(router.sent_on(2, PacketType::link_state_update), 1u);
  EXPECT_EQ(owed(one), 1u);
  EXPECT_EQ(owed(other), 1u);
  router.parts.flooding.receive_acknowledgment(router.interface(2), one, {{V3::header(flooded)}});
  EXPECT_EQ(owed(one), 0u);
  router.core.now += seconds{10};
  router.parts.outbox.retransmit_due(router.interface(2), other);
  router.end_round();
  EXPECT_EQ(router.sent_on(2, PacketType::link_state_update), 2u);
  EXPECT_EQ(owed(other), 1u);
  router.parts.flooding.receive_acknowledgment(router.interface(2), other, {{V3::header(flooded)}});
  EXPECT_EQ(owed(other), 0u);
  EXPECT_EQ(router.core.statistics.drops.total(), 0u);
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
