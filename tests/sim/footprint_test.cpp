// What an instance holds goes with what it stands for, and numbers are given out again: each container is
// back at its baseline after rest, however often it was filled (Instance::footprint).

#include <functional>

#include "tests/sim/scenario.h"
#include "tests/sim/scratch.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

constexpr AreaId kOtherArea{1};

class FootprintTest : public Scenario {
 protected:
  [[nodiscard]] std::size_t held(std::string_view name) { return instance(0).footprint()[name]; }
  /// Runs `cycle` once, so that all room is made, and then time and again: nothing has grown. (Edges and
  /// lists of next hops are closed up when most of their room is of the past, beyond some thousand.)
  void expect_no_growth(int times, const std::function<void()>& cycle) {
    cycle();
    const Footprint before = instance(0).footprint();
    for (int i = 0; i < times; ++i) cycle();
    const Footprint after = instance(0).footprint();
    ASSERT_EQ(before.items.size(), after.items.size());
    for (std::size_t i = 0; i < before.items.size(); ++i) {
      const auto& [name, kind, size] = before.items[i];
      const bool is_closed_up = name == "graph.edges.slots" || name.starts_with("next-hop");
      if (is_closed_up && kind == Footprint::Kind::room) continue;
      EXPECT_EQ(after.items[i].size, size) << name;
    }
  }
  [[nodiscard]] static std::vector<ExternalRoute> routes(std::uint32_t count) {
    std::vector<ExternalRoute> all(count);
    for (std::uint32_t i = 0; i < count; ++i) all[i].prefix = Ipv4Prefix::make({0xcb000000 + (i << 8)}, 24);
    return all;
  }
  [[nodiscard]] static std::vector<IpPrefix> prefixes(std::uint32_t count) {
    std::vector<IpPrefix> all;
    for (const auto& route : routes(count)) all.push_back(route.prefix);
    return all;
  }
  [[nodiscard]] static Lsa external_of(RouterId originator, std::uint32_t number) {
    v2::ExternalLsa body;
    body.mask = netmask(24);
    body.metric = 20;
    LsaHeader header;
    header.options = {Options::kExternal};
    header.key = {LsaType::as_external, LinkStateId{0xc6000000 + (number << 8)}, originator};
    header.sequence_number = kInitialSequenceNumber + 5;
    return V2::encode_lsa(header, body);
  }
  /// More than an hour: whatever is remembered of a flush until MaxAge is forgotten.
  void rest_until_all_is_forgotten() { network.run_for(seconds{kMaxAge} + 3 * kMinLsInterval); }
};

// In: a neighbour describes 500 LSAs in our name which nobody has. Out: of what is known to it of our LSAs no
// more is kept than there are LSAs of ours.
TEST_F(FootprintTest, Section10_6_WhatIsDescribedInOurNameAndIsNotThereIsNotKept) {
  const RouterIndex router = add_router(1);
  auto peer = add_peer(router, 9);
  network.cables[peer->cable()].mtu = 65535;
  peer->answers_requests = false;
  for (std::uint32_t i = 0; i < 500; ++i) peer->hold(external_of(network.routers[router].id, i));
  start_all();
  peer->start();
  ASSERT_TRUE(
      network.run_until([&] { return state_of(router, *peer) == NeighborState::loading; }, seconds{5}));
  ASSERT_GT(held("neighbors.requests"), 400U);
  EXPECT_LE(held("neighbors.own-lsas"), 1U);
}

// In: a neighbour that is Full, has just told what it knows of our LSAs, and lists us no more. Out: nothing of that
// exchange is kept, for in the next one it may know less.
TEST_F(FootprintTest, Section10_3_WhatAnExchangeHasToldGoesWithIt) {
  constexpr RouterIndex router = 0;
  auto peer = full_peer(1, 9);
  peer->become(peer->id());  // it begins anew, now that there is an LSA of ours
  ASSERT_TRUE(network.run_until([&] { return full_count(router) == 0; }, seconds{1}));
  ASSERT_TRUE(network.run_until([&] { return full_count(router) == 1; }, seconds{5}));
  ASSERT_GT(held("neighbors.own-lsas"), 0U);
  peer->say_goodbye();
  network.run_for(kRoundTrip);
  ASSERT_EQ(state_of(router, *peer), NeighborState::init);
  EXPECT_EQ(held("neighbors.own-lsas"), 0U);
}

// In: 1,000 LSAs of ours change every five seconds, and the neighbour acknowledges nothing. Out: what waits to be
// sent to it stays in proportion to the LSAs, not to the changes.
TEST_F(FootprintTest, Section13_3_WhatWaitsForASlowNeighborIsBoundedByTheLsas) {
  constexpr std::uint32_t kCount = 1000;
  auto peer = full_peer(1, 9);
  peer->acknowledges = false;
  std::size_t most = 0;
  for (std::uint32_t round = 0; round < 40; ++round) {
    auto changed = routes(kCount);
    for (auto& route : changed) route.metric = 100 + round;
    network.change_externals(0, changed, {});
    network.run_for(kMinLsInterval);
    most = std::max(most, held("interfaces.updates") + held("flood-log"));
  }
  EXPECT_GT(most, kCount);
  EXPECT_LE(most, 3 * kCount);
}

// In: a neighbour's 50 LSAs come, older instances of them come late, and they are flushed. Out: MinLSArrival
// later nothing is remembered of it.
TEST_F(FootprintTest, Section13_Step8_FlushedAndAnsweredAreForgottenAfterMinLsArrival) {
  auto peer = full_peer(1, 9);
  expect_no_growth(3, [&] {
    std::vector<OutgoingLsa> present, older, flush;
    for (std::uint32_t i = 0; i < 50; ++i) {
      const auto lsa = external_of(peer->id(), i);
      present.push_back({lsa, 1});
      older.push_back({with(lsa, 1, lsa.sequence_number() - 1), 1});
      flush.push_back({lsa, kMaxAge});
    }
    network.cables[peer->cable()].mtu = 65535;
    peer->send_update(present);
    network.run_for(seconds{2});
    peer->send_update(older);
    network.run_for(kRoundTrip);
    ASSERT_EQ(held("answered-memory"), 50U);
    network.run_for(seconds{2});
    EXPECT_EQ(held("answered-memory"), 0U);
    EXPECT_EQ(held("answered-memory.order"), 0U);
    peer->send_update(flush);
    network.run_for(kRoundTrip);
    ASSERT_EQ(held("flush-memory"), 50U);
    network.run_for(seconds{3});
    for (const char* name : kEmptyAtRest) EXPECT_EQ(held(name), 0U) << name;
  });
}

// In: externals set, left alone and withdrawn, and set and withdrawn within a burst. Out: their records, ids,
// LSAs and prefixes are as before when it is forgotten.
TEST_F(FootprintTest, RecordsOfOriginationGoWithWhatIsWithdrawn) {
  auto peer = full_peer(1, 9);
  const std::size_t records = held("origination.records");
  expect_no_growth(3, [&] {
    network.change_externals(0, routes(40), {});
    ASSERT_EQ(held("origination.records"), records + 40);
    network.run_for(seconds{30});
    network.change_externals(0, {}, prefixes(40));
    rest_until_all_is_forgotten();
    EXPECT_EQ(held("origination.records"), records) << "rested when they were withdrawn";
    network.change_externals(0, routes(40), {});
    network.run_for(milliseconds{300});
    network.change_externals(0, {}, prefixes(40));
    rest_until_all_is_forgotten();
    EXPECT_EQ(held("origination.records"), records);
    EXPECT_EQ(held("origination.by-key"), records);
  });
}

// In: routes that come and go: externals and stubs of a neighbour. Out: prefixes, offers, boundary
// routers, vertices and sets go with them.
TEST_F(FootprintTest, PrefixesGoWithTheLastLsaThatNamesThem) {
  auto peer = full_peer(1, 9);
  std::int32_t number = kInitialSequenceNumber + 10;
  const std::size_t prefixes_before = held("prefixes"), offers_before = held("offers");
  expect_no_growth(5, [&] {
    v2::RouterLsa with_routes = std::get<v2::RouterLsa>(V2::decode_body(peer->router_lsa(0, 20)));
    with_routes.flags = v2::RouterLsa::kExternal;
    LsaHeader header = V2::header(peer->router_lsa(number++));
    peer->send_update({{V2::encode_lsa(header, with_routes), 1}});
    for (std::uint32_t i = 0; i < 20; ++i) {
      const auto lsa = external_of(peer->id(), i);
      peer->send_update({{with(lsa, 1, number), 1}});
    }
    network.run_for(seconds{15});
    ASSERT_EQ(held("prefixes"), prefixes_before + 40);
    for (std::uint32_t i = 0; i < 20; ++i) {
      const auto lsa = external_of(peer->id(), i);
      peer->send_update({{with(lsa, kMaxAge, number), kMaxAge}});
    }
    peer->send_update({{peer->router_lsa(number++), 1}});
    network.run_for(seconds{15});
    EXPECT_EQ(held("prefixes"), prefixes_before);
    EXPECT_EQ(held("prefixes.by-prefix"), prefixes_before);
    EXPECT_EQ(held("offers"), offers_before);
  });
}

// In: an area with an interface, and an interface, configured and taken out again, time and again. Out: the
// numbers of their databases are given out again, and what was said there is forgotten.
TEST_F(FootprintTest, NumbersOfDatabasesAreGivenOutAgain) {
  auto peer = full_peer(1, 9);
  const LinkId moving = add_port(0, {0x0a090001}, {1, 4, kOtherArea});
  const Port port = network.routers[0].ports.at(moving);
  // With the second area it is a border router: the number of the summary of that in the backbone outlives its flush.
  const std::size_t records = held("origination.records") + 1;
  expect_no_growth(10, [&] {
    for (const Duration stay : {milliseconds{10000}, milliseconds{1000}}) {  // also within a burst
      network.routers[0].ports[moving] = port;
      network.routers[0].areas = {{kBackbone}, {kOtherArea}};
      network.reload(0);
      network.run_for(stay);
      ASSERT_EQ(held("domains"), 1 + 2 + network.routers[0].ports.size());
      network.routers[0].ports.erase(moving);
      network.routers[0].areas = {{kBackbone}};
      network.reload(0);
      network.run_for(seconds{20});
      EXPECT_EQ(held("domains"), 1 + 1 + network.routers[0].ports.size());
      EXPECT_EQ(held("origination.records"), records);
    }
  });
}

// In: a neighbour whose hellos are refused, and its interface is taken out of the configuration. Out: when it
// was last told is forgotten.
TEST_F(FootprintTest, WhatWasRefusedIsForgottenWithItsInterface) {
  auto peer = full_peer(1, 9);
  auto refused = add_peer(0, 8);
  const std::size_t before = held("drop-events");
  network.reload(0);
  refused->set_dead_interval(77);
  refused->start();
  network.run_for(seconds{3});
  ASSERT_EQ(held("drop-events"), before + 1);
  network.routers[0].ports.erase(link_of(*refused));
  network.reload(0);
  EXPECT_EQ(held("drop-events"), before);
}

// In: refreshes and changes for an hour, each acknowledged. Out: the order of retransmission holds nothing of
// them.
TEST_F(FootprintTest, TheOrderOfRetransmissionsIsFreedWithTheList) {
  auto peer = full_peer(1, 9);
  network.routers[0].ls_refresh_time = seconds{20};
  network.reload(0);
  network.change_externals(0, routes(20), {});
  network.run_for(seconds{610});
  EXPECT_EQ(held("neighbors.retransmissions"), 0U);
  EXPECT_EQ(held("neighbors.retransmissions.order"), 0U);
}

// In: one LSA that is never acknowledged, and changes of others that are. Out: the order stays a small
// multiple of the list.
TEST_F(FootprintTest, TheOrderOfRetransmissionsIsBoundedByTheList) {
  auto peer = full_peer(1, 9);
  peer->never_acknowledges = LsaKey{LsaType::as_external, LinkStateId{0xcb000000}, network.routers[0].id};
  network.routers[0].ls_refresh_time = seconds{20};
  network.reload(0);
  network.change_externals(0, routes(20), {});
  network.run_for(seconds{1210});
  ASSERT_EQ(held("neighbors.retransmissions"), 1U);
  EXPECT_LE(held("neighbors.retransmissions.order"), 64U);
}

// In: a neighbour comes and goes, by its dead interval and by its link. Out: nothing of it is left.
TEST_F(FootprintTest, NothingIsLeftOfALostNeighbor) {
  const RouterIndex a = add_router(1), b = add_router(2);
  const CableIndex cable = connect(a, b);
  start_all();
  expect_no_growth(3, [&] {
    network.start(b);
    ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{30}));
    network.run_for(seconds{10});
    network.crash(b);
    network.run_for(seconds{10});
    network.start(b);
    ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{30}));
    network.run_for(seconds{10});
    const LinkId link = network.cables[cable].ends[0].link;
    network.set_up(a, link, false);
    network.run_for(seconds{10});
    network.set_up(a, link, true);
    network.crash(b);
    rest_until_all_is_forgotten();
    for (const char* name : kEmptyAtRest) EXPECT_EQ(held(name), 0U) << name;
    EXPECT_EQ(held("neighbors"), 0U);
    EXPECT_EQ(held("database"), 1U);
  });
}

// In: 3,000 externals, one of which the neighbour never acknowledges. Out: the room of the flood goes all the same, and
// the one is sent again and again.
TEST_F(FootprintTest, Section13_6_OneLsaThatIsOwedDoesNotKeepTheRoomOfAFlood) {
  auto peer = full_peer(1, 9);
  const LsaKey key{LsaType::as_external, LinkStateId{0xcb000000 + (1500U << 8)}, network.routers[0].id};
  peer->never_acknowledges = key;
  network.change_externals(0, routes(3000), {});
  network.run_for(milliseconds{1});
  ASSERT_GE(held("flood-log.records"), 3000U);
  network.run_for(seconds{30});
  ASSERT_EQ(held("neighbors.retransmissions"), 1U);
  EXPECT_LT(held("flood-log.records"), 1024U);
  const std::size_t seen = peer->updates_of(key).size();
  network.run_for(seconds{15});
  EXPECT_GT(peer->updates_of(key).size(), seen);
  peer->never_acknowledges.reset();
  EXPECT_TRUE(network.run_until([&] { return held("neighbors.retransmissions") == 0; }, seconds{6}));
}

}  // namespace
}  // namespace wgospf::sim
