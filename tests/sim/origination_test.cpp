// Self-originated LSAs in time: refresh, flushing, sequence numbers, and what comes back from the network.

#include <initializer_list>
#include <set>

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

class OriginationTest : public Scenario {
 protected:
  /// When the router said that it originated its router-LSA.
  [[nodiscard]] std::vector<Instant> originations(RouterIndex router) const {
    std::vector<Instant> times;
    for (const auto& told : events)
      if (const auto* event = std::get_if<LsaOriginated>(&told.event);
          event != nullptr && told.router == router && event->header.key.type == LsaType::router)
        times.push_back(told.at);
    return times;
  }
  /// The router's own router-LSA as it might come back from the network with another sequence number.
  [[nodiscard]] Lsa own_with_sequence(std::int32_t sequence_number) {
    return with(stored(0, router_key(network.routers[0].id))->lsa, 0, sequence_number);
  }
};

// In: a router without neighbours. Out: its first router-LSA after 200 ms.
TEST_F(OriginationTest, Section12_4_TheFirstRouterLsaWaitsForANeighbor) {
  const RouterIndex router = add_router(1);
  const Instant start = network.now();
  start_all();
  network.run_for(seconds{1});
  ASSERT_EQ(originations(router).size(), 1U);
  EXPECT_EQ(originations(router).front() - start, milliseconds{200});
}

// In: a neighbour that is Full before that. Out: the first router-LSA in the same moment, with the link.
TEST_F(OriginationTest, Section12_4_TheFirstRouterLsaComesWithTheFirstFull) {
  const RouterIndex router = add_router(1);
  auto peer = add_peer(router, 9);
  const Instant start = network.now();
  start_all();
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return full_count(router) == 1; }, seconds{1}));
  ASSERT_LT(network.now() - start, milliseconds{200});
  ASSERT_EQ(originations(router).size(), 1U);
  EXPECT_EQ(originations(router).front(), network.now());
  const auto own = stored(router, router_key(network.routers[router].id));
  EXPECT_EQ(std::get<v2::RouterLsa>(V2::decode_body(own->lsa)).links.size(), 3U);
}

// In: 50 links that come up one after the other while there is no neighbour, and then one. Out: no router-LSA for each
// of them; the neighbour gets one that has them all as soon as it is Full.
TEST_F(OriginationTest, Section12_4_LinksThatComeUpWhileNobodyIsThereNeedNoRouterLsaEach) {
  const RouterIndex router = add_router(1);
  auto peer = add_peer(router, 9);
  std::vector<LinkId> links;
  for (std::uint32_t i = 0; i < 50; ++i) {
    links.push_back(add_port(router, {0x0b000001 + (i << 2)}, {1, 4, kBackbone}));
    network.set_up(router, links.back(), false);
  }
  const auto set_cut = [&](bool cut) {
    for (auto& way : network.cables[peer->cable()].into) way.cut = cut;
  };
  set_cut(true);
  start_all();
  network.run_for(seconds{3});
  ASSERT_EQ(originations(router).size(), 1U);
  for (const LinkId link : links) {
    network.set_up(router, link, true);
    network.run_for(milliseconds{10});
  }
  EXPECT_LE(originations(router).size(), 3U);
  set_cut(false);
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return full_count(router) == 1; }, seconds{1}));
  network.run_for(kRoundTrip);
  const auto seen = peer->updates_of(router_key(network.routers[router].id));
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(std::get<v2::RouterLsa>(V2::decode_body(seen.back().lsa)).links.size(), 53U);
}

// In: the same links, and no neighbour. Out: the router-LSA has them soon all the same, for who looks at it.
TEST_F(OriginationTest, Section12_4_WhatNobodyIsToldIsSaidAllTheSame) {
  const RouterIndex router = add_router(1);
  const LinkId one = add_port(router, {0x0b000001}, {1, 4, kBackbone});
  const LinkId other = add_port(router, {0x0b000005}, {1, 4, kBackbone});
  for (const LinkId link : {one, other}) network.set_up(router, link, false);
  start_all();
  network.run_for(seconds{3});
  const auto links = [&] {
    const auto own = stored(router, router_key(network.routers[router].id));
    return std::get<v2::RouterLsa>(V2::decode_body(own->lsa)).links.size();
  };
  network.set_up(router, one, true);
  EXPECT_EQ(links(), 2U) << "the first at once";
  network.set_up(router, other, true);
  network.run_for(kOriginationSpacing);
  EXPECT_EQ(links(), 3U);
}

// In: a neighbour in Loading sends what a former run has said, before this run says anything. Out: no flush of
// it, but one instance above it when the wait is over.
TEST_F(OriginationTest, Section13_4_WhatAFormerRunHasSaidIsOutdoneAndNotFlushed) {
  const RouterIndex router = add_router(1);
  auto peer = add_peer(router, 9);
  peer->answers_requests = false;
  LsaHeader header;
  header.age = 5;
  header.key = router_key(network.routers[router].id);
  header.sequence_number = kInitialSequenceNumber + 30;
  const Lsa former = V2::encode_lsa(header, v2::RouterLsa{});
  peer->hold(former);
  peer->hold(peer->router_lsa(kInitialSequenceNumber));
  start_all();
  peer->start();
  ASSERT_TRUE(
      network.run_until([&] { return state_of(router, *peer) == NeighborState::loading; }, seconds{1}));
  ASSERT_TRUE(originations(router).empty());
  peer->send_update({{former, 5}});
  network.run_for(seconds{2});
  EXPECT_EQ(originations(router).size(), 1U);
  EXPECT_EQ(stored(router, header.key)->header.sequence_number, header.sequence_number + 1);
  EXPECT_EQ(instance(router).statistics().lsas_flushed, 0U);
}

// In: a cost changes twice, which goes out at once, then once more, which is held back, and before that may
// go either back or to something else. Out: what goes out is what is then: nothing new, or one instance with
// the last cost.
TEST_F(OriginationTest, Section12_4_WhatIsHeldBackIsMadeWhenItMayGo) {
  auto peer = full_peer(1, 9);
  const LinkId link = link_of(*peer);
  const auto said_cost = [&] {
    const auto own = stored(0, router_key(network.routers[0].id));
    return std::get<v2::RouterLsa>(V2::decode_body(own->lsa)).links[1].metric;
  };
  for (const std::uint16_t last : std::initializer_list<std::uint16_t>{30, 50}) {
    const std::size_t before = originations(0).size();
    set_cost(0, link, 20);
    set_cost(0, link, 30);
    ASSERT_EQ(originations(0).size(), before + 2);
    set_cost(0, link, 40);
    set_cost(0, link, last);
    EXPECT_EQ(originations(0).size(), before + 2) << "it is held back";
    network.run_for(seconds{20});
    EXPECT_EQ(originations(0).size(), before + (last == 30 ? 2 : 3));
    EXPECT_EQ(said_cost(), last);
  }
}

// In: nothing happens for half an hour. Out: a new instance at LSRefreshTime.
TEST_F(OriginationTest, Section12_4_RefreshedAtLsRefreshTime) {
  const RouterIndex a = add_router(1), b = add_router(2);
  connect(a, b);
  start_all();
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
  network.run_for(seconds{10});
  const auto key = router_key(network.routers[a].id);
  const auto before = stored(b, key);
  const Instant originated = network.now() - seconds{before->header.age};
  ASSERT_TRUE(network.run_until(
      [&] { return stored(b, key)->lsa.sequence_number() == before->lsa.sequence_number() + 1; },
      seconds{2000}));
  EXPECT_GE(network.now() - originated, seconds{1798});
  EXPECT_LE(network.now() - originated, seconds{1802});
}

// In: a configured LSRefreshTime of 20 s. Out: that is kept.
TEST_F(OriginationTest, Section12_4_RefreshTimeIsConfigurable) {
  const RouterIndex a = add_router(1), b = add_router(2);
  connect(a, b);
  network.routers[a].ls_refresh_time = seconds{20};
  start_all();
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
  network.run_for(seconds{1});
  const auto key = router_key(network.routers[a].id);
  const auto before = stored(b, key)->lsa.sequence_number();
  network.run_for(seconds{60});
  EXPECT_EQ(stored(b, key)->lsa.sequence_number(), before + 3);
}

// In: an orderly shutdown at the end of a chain. Out: its LSAs are gone everywhere within a second, and it
// knew that they were acknowledged.
TEST_F(OriginationTest, Section14_1_ShutdownFlushesEverywhere) {
  const RouterIndex a = add_router(1), b = add_router(2), c = add_router(3);
  connect(a, b);
  connect(b, c);
  start_all();
  ExternalRoute route;
  route.prefix = *Ipv4Prefix::parse("198.51.100.0/24");
  network.change_externals(a, {route}, {});
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
  network.run_for(seconds{10});
  ASSERT_TRUE(stored(c, router_key(network.routers[a].id)));
  network.shut_down(a);
  ASSERT_TRUE(network.run_until([&] { return network.routers[a].life == Life::absent; }, seconds{2}));
  EXPECT_TRUE(network.routers[a].left_acknowledged);
  network.run_for(seconds{1});
  for (const RouterIndex router : {b, c}) {
    EXPECT_EQ(instance(router).statistics().lsdb_size, 2U);
    EXPECT_FALSE(stored(router, router_key(network.routers[a].id)));
  }
  EXPECT_EQ(full_count(b), 1U);  // its last hello listed nobody
}

// In: a shutdown whose flush nobody acknowledges. Out: over after one second all the same.
TEST_F(OriginationTest, Section14_1_ShutdownDoesNotWaitForever) {
  auto peer = full_peer(1, 9);
  peer->acknowledges = false;
  network.shut_down(0);
  network.run_for(milliseconds{900});
  EXPECT_EQ(network.routers[0].life, Life::leaving);
  network.run_for(milliseconds{200});
  EXPECT_EQ(network.routers[0].life, Life::absent);
  EXPECT_FALSE(network.routers[0].left_acknowledged);
}

// In: two newer instances of our router-LSA in one update. Out: one instance, above both.
TEST_F(OriginationTest, Section13_4_TwoNewerInstancesInOneUpdateAreSupersededOnce) {
  auto peer = full_peer(1, 9);
  const auto key = router_key(network.routers[0].id);
  network.run_for(seconds{20});
  const auto before = originations(0).size();
  const std::int32_t number = stored(0, key)->header.sequence_number;
  peer->send_update({{own_with_sequence(number + 10), 5}, {own_with_sequence(number + 20), 5}});
  network.run_for(seconds{3});
  EXPECT_EQ(originations(0).size(), before + 1);
  EXPECT_EQ(stored(0, key)->header.sequence_number, number + 21);
}

// In: our own router-LSA with a higher sequence number (of a former life). Out: an instance above it, and an
// event.
TEST_F(OriginationTest, Section13_4_OwnLsaReceivedNewerIsSuperseded) {
  auto peer = full_peer(1, 9);
  const auto key = router_key(network.routers[0].id);
  const auto before = stored(0, key)->lsa.sequence_number();
  peer->send_update({{own_with_sequence(before + 100), 5}});
  ASSERT_TRUE(network.run_until(
      [&] { return peer->held(key) && peer->held(key)->sequence_number == before + 101; }, seconds{1}));
  ASSERT_EQ(events_of<SelfOriginatedReceived>(0).size(), 1U);
  EXPECT_EQ(events_of<SelfOriginatedReceived>(0).front().sequence_number, before + 100);
}

// In: an external of ours that we do not advertise (any more). Out: flushed.
TEST_F(OriginationTest, Section13_4_OwnLsaThatIsNotWantedIsFlushed) {
  auto peer = full_peer(1, 9);
  v2::ExternalLsa body;
  body.mask = netmask(24);
  body.metric = 20;
  LsaHeader header;
  header.options = {Options::kExternal};
  header.key = {LsaType::as_external, LinkStateId{0xc6336400}, network.routers[0].id};
  header.sequence_number = kInitialSequenceNumber + 3;
  peer->send_update({{V2::encode_lsa(header, body), 10}});
  network.run_for(seconds{1});
  const auto seen = peer->updates_of(header.key);
  ASSERT_FALSE(seen.empty());
  EXPECT_TRUE(seen.back().header.is_maxage());
  EXPECT_EQ(seen.back().header.sequence_number, header.sequence_number);
  EXPECT_FALSE(stored(0, header.key));
}

// In: a network-LSA of another router about an address of ours, as a former run with another router id left
// it. Out: flushed; one about the peer's address stays.
TEST_F(OriginationTest, Section13_4_ANetworkLsaAboutAnAddressOfOursIsFlushed) {
  auto peer = full_peer(1, 9);
  const auto send = [&](Ipv4Address about) {
    v2::NetworkLsa body;
    body.mask = netmask(30);
    body.attached = {peer->id()};
    LsaHeader header;
    header.options = {Options::kExternal};
    header.key = {LsaType::network, LinkStateId{about.value}, peer->id()};
    header.sequence_number = kInitialSequenceNumber;
    peer->send_update({{V2::encode_lsa(header, body), 10}});
    network.run_for(seconds{1});
    return header.key;
  };
  const auto ours = send(network.routers[0].ports.rbegin()->second.source());
  const auto seen = peer->updates_of(ours);
  ASSERT_FALSE(seen.empty());
  EXPECT_TRUE(seen.back().header.is_maxage());
  EXPECT_FALSE(stored(0, ours));
  const auto theirs = send(peer->address);
  EXPECT_TRUE(peer->updates_of(theirs).empty());
  EXPECT_TRUE(stored(0, theirs));
}

// In: our own LSA with the largest sequence number comes back. Out: it is flushed first, then the next
// instance bears the initial sequence number.
TEST_F(OriginationTest, Section12_1_6_SequenceNumberWraps) {
  auto peer = full_peer(1, 9);
  const auto key = router_key(network.routers[0].id);
  peer->updates.clear();
  peer->send_update({{own_with_sequence(kMaxSequenceNumber), 5}});
  ASSERT_TRUE(network.run_until(
      [&] { return stored(0, key) && stored(0, key)->lsa.sequence_number() == kInitialSequenceNumber; },
      seconds{12}));
  network.run_for(seconds{1});
  const auto seen = peer->updates_of(key);
  ASSERT_GE(seen.size(), 2U);
  EXPECT_EQ(seen.front().header.sequence_number, kMaxSequenceNumber);
  EXPECT_TRUE(seen.front().header.is_maxage());
  EXPECT_EQ(seen.back().header.sequence_number, kInitialSequenceNumber);
  EXPECT_EQ(peer->held(key)->sequence_number, kInitialSequenceNumber);
}

// In: one below the largest. Out: the next instance has the largest; a change after it wraps.
TEST_F(OriginationTest, Section12_1_6_LargestSequenceNumberIsUsedOnce) {
  auto peer = full_peer(1, 9);
  const auto key = router_key(network.routers[0].id);
  peer->send_update({{own_with_sequence(kMaxSequenceNumber - 1), 5}});
  network.run_for(seconds{8});
  ASSERT_EQ(peer->held(key)->sequence_number, kMaxSequenceNumber);
  set_cost(0, network.cables[peer->cable()].ends[0].link, 77);
  ASSERT_TRUE(network.run_until(
      [&] { return peer->held(key) && peer->held(key)->sequence_number == kInitialSequenceNumber; },
      seconds{12}));
  EXPECT_EQ(peer->held(key)->checksum, stored(0, key)->lsa.checksum());
}

// In: a /31 and both of its addresses as externals. Out: the hosts are advertised and the /31 is not, which
// is told once; when one of the hosts goes, the /31 is advertised.
TEST_F(OriginationTest, AppendixE_APrefixWithoutAFreeLinkStateIdIsTold) {
  auto peer = full_peer(1, 9);
  std::vector<ExternalRoute> routes(3);
  routes[0].prefix = *Ipv4Prefix::parse("192.0.2.0/31");
  routes[1].prefix = *Ipv4Prefix::parse("192.0.2.0/32");
  routes[2].prefix = *Ipv4Prefix::parse("192.0.2.1/32");
  const auto advertised = [&] {
    std::set<IpPrefix> prefixes;
    DatabaseCursor cursor;
    while (!cursor.done)
      for (const auto& entry : instance(0).database(cursor, 100, network.now())) {
        const auto key = V2::header(entry.lsa).key;
        if (key.type != LsaType::as_external || entry.header.age >= kMaxAge) continue;
        const auto body = std::get<v2::ExternalLsa>(V2::decode_body(entry.lsa));
        prefixes.insert(Ipv4Prefix::make(Ipv4Address{key.id.value}, *mask_length(body.mask)));
      }
    return prefixes;
  };
  for (const auto& route : routes) network.change_externals(0, {route}, {});
  network.run_for(seconds{8});
  EXPECT_EQ(advertised(), (std::set{routes[1].prefix, routes[2].prefix}));
  network.change_externals(0, {routes[0]}, {});
  const auto told = events_of<NoLinkStateId>(0);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told.front().prefix, routes[0].prefix);
  network.change_externals(0, {}, {routes[2].prefix});
  network.run_for(seconds{8});
  EXPECT_EQ(advertised(), (std::set{routes[0].prefix, routes[1].prefix}));
}

// In: more subnets than the router-LSA has room for. Out: it is as large as a datagram carries, which is told
// once; the neighbour has it.
TEST_F(OriginationTest, AppendixA4_2_ARouterLsaNeverOutgrowsItsDatagram) {
  const RouterIndex router = add_router(1);
  auto peer = add_peer(router, 9);
  network.cables[peer->cable()].mtu = 65535;
  DeviceStatus status;
  status.up = true;
  status.mtu = 1500;
  for (std::uint32_t i = 0; i < 6000; ++i)
    status.addresses.push_back({Ipv4Address{0xac100001 + (i << 4)}, 28});
  InterfaceConfig config;
  config.passive = true;
  const LinkId lan = network.add_port(router, config, status);
  start_all();
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return full_count(router) == 1; }, seconds{5}));
  network.run_for(seconds{10});
  const auto key = router_key(network.routers[router].id);
  const auto own = stored(router, key);
  ASSERT_TRUE(own);
  EXPECT_EQ(V2::validate_lsa(own->lsa.bytes()), std::nullopt);
  EXPECT_LE(own->lsa.length() + V2::kPacketHeaderSize + 4 + V2::kIpHeaderSize, 65535U);
  EXPECT_GT(own->lsa.length(), 65000U);
  set_cost(router, lan, 77);
  network.run_for(seconds{10});
  EXPECT_EQ(peer->held(key)->sequence_number, stored(router, key)->lsa.sequence_number());
  ASSERT_EQ(events_of<RouterLsaFull>(router).size(), 1U);
  EXPECT_GT(events_of<RouterLsaFull>(router).front().links_left_out, 500U);
}

// In: a router that crashed for good. Out: its LSA is gone everywhere an hour after its origination, flushed
// by those who hold it.
TEST_F(OriginationTest, Section14_CrashedRoutersLsaAgesOut) {
  const RouterIndex a = add_router(1), b = add_router(2), c = add_router(3);
  connect(a, b, {10, 40});
  connect(b, c, {10, 40});
  start_all();
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
  network.crash(a);
  const auto key = router_key(network.routers[a].id);
  network.run_for(seconds{3580});
  ASSERT_TRUE(stored(c, key));
  network.run_for(seconds{30});
  EXPECT_FALSE(stored(b, key));
  EXPECT_FALSE(stored(c, key));
  EXPECT_EQ(instance(c).statistics().lsdb_size, 2U);
}

// In: two routers of one router id that are not neighbours, with one between them. Out: both are told of each
// other by what comes back in place of their router-LSA; the one between is not.
TEST_F(OriginationTest, Section13_4_ARouterIdThatIsTakenElsewhereIsTold) {
  const RouterIndex a = add_router(1), between = add_router(2), b = add_router(1);
  connect(a, between);
  connect(between, b);
  start_all();
  ASSERT_TRUE(network.run_until(
      [&] {
        return !events_of<DuplicateRouterIdInArea>(a).empty() &&
               !events_of<DuplicateRouterIdInArea>(b).empty();
      },
      seconds{60}));
  EXPECT_TRUE(events_of<DuplicateRouterIdInArea>(between).empty());
  network.run_for(kForeignRouterLsaWindow / 2);
  EXPECT_EQ(events_of<DuplicateRouterIdInArea>(a).size(), 1U);
}

// In: router-LSAs of ours, newer than what we have: three that flush it at once, then three a minute and more
// apart, as former runs and other parts of a network leave them. Out: none is another router's; three within
// a minute are.
TEST_F(OriginationTest, Section13_4_WhatFormerRunsLeaveIsNoOtherRouter) {
  auto peer = full_peer(1, 9);
  const auto key = router_key(network.routers[0].id);
  const auto send_newer = [&](std::uint16_t age, Duration wait) {
    peer->send_update({{own_with_sequence(stored(0, key)->lsa.sequence_number() + 1), age}});
    network.run_for(wait);
  };
  const auto told = [&] { return events_of<DuplicateRouterIdInArea>(0).size(); };
  for (int i = 0; i < 3; ++i) send_newer(kMaxAge, seconds{10});
  for (int i = 0; i < 3; ++i) send_newer(5, kForeignRouterLsaWindow + seconds{1});
  EXPECT_EQ(told(), 0U);
  for (int i = 0; i < 3; ++i) send_newer(5, seconds{10});
  EXPECT_EQ(told(), 1U);
  ASSERT_EQ(network.problems.size(), 1U) << "the simulator knows that there is no other";
  network.problems.clear();
}

}  // namespace
}  // namespace wgospf::sim
