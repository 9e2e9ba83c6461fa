// Routes in time: how soon they follow what happens to the network.

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

class RoutesTest : public Scenario {
 protected:
  LinkId add_lan(RouterIndex router, Ipv4Address address) {
    InterfaceConfig config;
    config.passive = true;
    DeviceStatus status;
    status.up = true;
    status.mtu = 1500;
    status.addresses = {{address, 24}};
    return network.add_port(router, config, status);
  }
  [[nodiscard]] std::vector<NextHop> ways(RouterIndex router, Ipv4Address target) {
    const auto table = instance(router).routes();
    const auto* route = table->lookup(target);
    return route == nullptr ? std::vector<NextHop>{} : table->next_hops(*route);
  }
  [[nodiscard]] bool leads_to(RouterIndex router, Ipv4Address target, RouterIndex next) {
    const auto hops = ways(router, target);
    return hops.size() == 1 && hops.front().router == network.routers[next].id;
  }
  void settle() {
    start_all();
    ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
    network.run_for(seconds{15});
  }
};

// In: a triangle with LANs, one side cut silently. Out: both ends send the other way within the dead interval
// plus a tenth of a second.
TEST_F(RoutesTest, SilentCutIsHealedWithinTheDeadInterval) {
  const RouterIndex a = add_router(1), b = add_router(2), c = add_router(3);
  const CableIndex side = connect(a, b);
  connect(b, c);
  connect(c, a);
  const Ipv4Address at_a{0xc0a82301}, at_b{0xc0a82401};
  add_lan(a, at_a);
  add_lan(b, at_b);
  settle();
  ASSERT_TRUE(leads_to(a, at_b, b));
  ASSERT_TRUE(leads_to(b, at_a, a));
  for (auto& way : network.cables[side].into) way.cut = true;
  const Instant cut = network.now();
  ASSERT_TRUE(network.run_until([&] { return leads_to(a, at_b, c) && leads_to(b, at_a, c); }, seconds{15}));
  EXPECT_LE(network.now() - cut, seconds{4} + milliseconds{100});
  for (auto& way : network.cables[side].into) way.cut = false;
  ASSERT_TRUE(network.run_until([&] { return leads_to(a, at_b, b) && leads_to(b, at_a, a); }, seconds{15}));
}

// In: a LAN that two routers are on, lost at one of them while its router-LSA is throttled. Out: that one
// sends to the other at once, and when the LAN is back it is attached at once.
TEST_F(RoutesTest, Section16_1_OwnLansAreFactsNotWhatTheThrottledRouterLsaSays) {
  const RouterIndex a = add_router(1), b = add_router(2);
  connect(a, b);
  const LinkId lan = add_lan(a, {0xc0a82301}), other = add_lan(a, {0xc0a82401});
  add_lan(b, {0xc0a82302});
  settle();
  ASSERT_TRUE(ways(a, {0xc0a82305}).empty()) << "attached";
  for (int change = 0; change < 6; ++change) network.set_up(a, other, change % 2 == 1);
  network.set_up(a, lan, false);
  const Instant lost = network.now();
  ASSERT_TRUE(network.run_until([&] { return leads_to(a, {0xc0a82305}, b); }, seconds{15}));
  EXPECT_LE(network.now() - lost, milliseconds{100});
  network.set_up(a, lan, true);
  const Instant back = network.now();
  ASSERT_TRUE(network.run_until([&] { return ways(a, {0xc0a82305}).empty(); }, seconds{15}));
  EXPECT_LE(network.now() - back, milliseconds{100});
}

// In: the same side goes down and both systems tell. Out: within two round trips.
TEST_F(RoutesTest, ToldLinkLossIsHealedAtOnce) {
  const RouterIndex a = add_router(1), b = add_router(2), c = add_router(3);
  const CableIndex side = connect(a, b);
  connect(b, c);
  connect(c, a);
  const Ipv4Address at_b{0xc0a82401};
  add_lan(b, at_b);
  settle();
  const Instant down = network.now();
  for (const auto& end : network.cables[side].ends) network.set_up(end.router, end.link, false);
  ASSERT_TRUE(network.run_until([&] { return leads_to(a, at_b, c); }, seconds{15}));
  EXPECT_LE(network.now() - down, 2 * kRoundTrip);
}

// In: a LAN appears at the far end of a chain. Out: routed at the near end as soon as the LSA arrives.
TEST_F(RoutesTest, NewLanIsRoutedAsSoonAsItsLsaArrives) {
  const RouterIndex a = add_router(1), b = add_router(2), c = add_router(3);
  connect(a, b);
  connect(b, c);
  settle();
  const Ipv4Address at_c{0xc0a82501};
  add_lan(c, at_c);
  const Instant added = network.now();
  network.reload(c);
  ASSERT_TRUE(network.run_until([&] { return leads_to(a, at_c, b); }, seconds{5}));
  EXPECT_EQ(network.now() - added, 2 * kDelay);
}

// In: two cables of one cost between two routers. Out: both are ways, told apart by their links.
TEST_F(RoutesTest, Section16_1_ParallelLinksAreEqualCostPaths) {
  const RouterIndex a = add_router(1), b = add_router(2);
  connect(a, b);
  connect(a, b);
  const Ipv4Address at_b{0xc0a82401};
  add_lan(b, at_b);
  settle();
  const auto hops = ways(a, at_b);
  ASSERT_EQ(hops.size(), 2U);
  EXPECT_NE(hops[0].link, hops[1].link);
  EXPECT_NE(hops[0].gateway, hops[1].gateway);
}

// In: the far end of a cable gets another address of the subnet while the adjacency stays. Out: the next hop
// follows with the first hello from there after one and a half hello intervals without one from the former
// address.
TEST_F(RoutesTest, Section10_5_NextHopsFollowTheNeighborsAddress) {
  const RouterIndex a = add_router(1), b = add_router(2);
  const CableIndex cable = connect(a, b);
  const Ipv4Address at_b{0xc0a82401}, moved{0x0a000102};
  add_lan(b, at_b);
  settle();
  const auto end = network.cables[cable].ends[1];
  const auto set_address = [&](std::size_t side, Ipv4Address address) {
    const auto& at = network.cables[cable].ends[side];
    auto status = network.routers[at.router].ports.at(at.link).status();
    status.addresses = {{address, 16}};
    network.set_status(at.router, at.link, status);
  };
  const IpAddress former = network.routers[b].ports.at(end.link).source();
  set_address(0, network.routers[a].ports.at(network.cables[cable].ends[0].link).source());
  network.run_for(seconds{15});  // the calculation's back-off is over
  ASSERT_EQ(ways(a, at_b).front().gateway, IpAddress{former});
  set_address(1, moved);
  const auto follows = [&] {
    return ways(a, at_b).size() == 1 && ways(a, at_b).front().gateway == IpAddress{moved};
  };
  ASSERT_TRUE(network.run_until(follows, milliseconds{2500} + 2 * kDelay));
  EXPECT_TRUE(all_full());
}

// In: an external with a forwarding address on a LAN that the calculating router shares. Out: straight to
// that address on the LAN, and a third router goes to whichever is nearer to the LAN: no loop.
TEST_F(RoutesTest, Section16_4_ForwardingAddressOnASharedLanIsReachedDirectly) {
  const RouterIndex a = add_router(1), b = add_router(2), c = add_router(3);
  connect(a, b);
  connect(b, c);
  const LinkId lan_a = add_lan(a, {0xc0a82401}), lan_b = add_lan(b, {0xc0a82402});
  network.routers[a].ports.at(lan_a).config.cost = 1;
  network.routers[b].ports.at(lan_b).config.cost = 1;
  ExternalRoute route;
  route.prefix = *Ipv4Prefix::parse("198.51.100.0/24");
  route.forwarding_address = Ipv4Address{0xc0a824fe};
  network.change_externals(a, {route}, {});
  settle();
  const auto hops = ways(b, {0xc6336401});
  ASSERT_EQ(hops.size(), 1U);
  EXPECT_EQ(hops.front().link, lan_b);
  EXPECT_EQ(hops.front().gateway, route.forwarding_address);
  EXPECT_TRUE(leads_to(c, {0xc6336401}, b));
}

// In: a neighbour restarts within the dead interval. Out: what was beyond it is routed again; the stream of
// changes leaves no stale route (checked after every change).
TEST_F(RoutesTest, RestartedNeighborsRoutesComeBack) {
  const RouterIndex a = add_router(1), b = add_router(2), c = add_router(3);
  connect(a, b);
  connect(b, c);
  const Ipv4Address at_c{0xc0a82501};
  add_lan(c, at_c);
  settle();
  ASSERT_TRUE(leads_to(a, at_c, b));
  network.crash(b);
  network.run_for(seconds{1});
  network.start(b);
  const Instant start = network.now();
  ASSERT_TRUE(network.run_until([&] { return ways(a, at_c).empty(); }, seconds{5}));
  ASSERT_TRUE(network.run_until([&] { return leads_to(a, at_c, b); }, seconds{10}));
  EXPECT_LE(network.now() - start, seconds{2});
}

}  // namespace
}  // namespace wgospf::sim
