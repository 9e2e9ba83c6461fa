// Opaque LSAs of our own, and those of others that the driver is told of (RFC 5250).

#include <algorithm>

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

constexpr AreaId kOtherArea{1};
constexpr std::uint8_t kType = 200;

std::vector<std::byte> bytes(std::uint8_t value, std::size_t count = 8) {
  return std::vector<std::byte>(count, std::byte{value});
}

class OpaqueTest : public Scenario {
 protected:
  OpaqueTest() {
    network.observers.push_back([this](Instant, RouterIndex router, const Output<V2>& output) {
      if (const auto* opaque = std::get_if<OpaqueReceived>(&output)) told.push_back({router, *opaque});
    });
  }
  [[nodiscard]] static OpaqueName area_name(std::uint32_t id, std::uint8_t type = kType) {
    return {FloodingScope::area, kBackbone, {}, type, id};
  }
  [[nodiscard]] static OpaqueName as_name(std::uint32_t id) { return {FloodingScope::as, {}, {}, kType, id}; }
  [[nodiscard]] static OpaqueName link_name(LinkId link, std::uint32_t id) {
    return {FloodingScope::link, {}, link, kType, id};
  }
  [[nodiscard]] LsaKey key_of(const OpaqueName& name, RouterIndex router) const {
    return opaque_key(name, network.routers[router].id);
  }
  void bring_up(std::initializer_list<ScriptedPeer*> peers) {
    start_all();
    for (auto* peer : peers) peer->start();
    ASSERT_TRUE(network.run_until(
        [&] { return std::all_of(peers.begin(), peers.end(), [](auto* peer) { return peer->is_full(); }); },
        seconds{10}));
    network.run_for(seconds{10});
  }
  /// An opaque LSA of a scripted peer.
  [[nodiscard]] static OutgoingLsa by(const ScriptedPeer& peer, LsaType type, std::uint32_t id,
                                      std::int32_t number = 1, std::uint16_t age = 1) {
    LsaHeader header;
    header.options = {Options::kExternal};
    header.key = {type, LinkStateId{(std::uint32_t{kType} << 24) | id}, peer.id()};
    header.sequence_number = kInitialSequenceNumber + number;
    return {V2::encode_lsa(header, v2::OpaqueLsa{bytes(static_cast<std::uint8_t>(number))}), age};
  }
  [[nodiscard]] static OutgoingLsa router_lsa_of(const ScriptedPeer& peer, RouterId neighbor,
                                                 std::int32_t number, std::uint8_t flags = 0) {
    v2::RouterLsa body;
    body.flags = flags;
    body.links.push_back({neighbor.value, peer.address.value, v2::RouterLinkType::point_to_point, 10, {}});
    LsaHeader header;
    header.options = {Options::kExternal};
    header.key = router_key(peer.id());
    header.sequence_number = kInitialSequenceNumber + number;
    return {V2::encode_lsa(header, body), 1};
  }
  /// What the router has been told last, by name; without what has gone.
  [[nodiscard]] std::map<std::pair<OpaqueName, RouterId>, std::vector<std::byte>> known(
      RouterIndex router) const {
    std::map<std::pair<OpaqueName, RouterId>, std::vector<std::byte>> now;
    for (const auto& [who, opaque] : told) {
      if (who != router) continue;
      if (opaque.body)
        now[{opaque.name, opaque.router}] = *opaque.body;
      else
        EXPECT_EQ(now.erase({opaque.name, opaque.router}), 1U) << "gone, and it was not there";
    }
    return now;
  }
  [[nodiscard]] std::size_t originated(const LsaKey& key) const {
    std::size_t count = 0;
    for (const auto& one : events_of<LsaOriginated>(0))
      count += one.header.key == key && !one.flushed ? 1 : 0;
    return count;
  }
  [[nodiscard]] std::uint8_t flags_of(RouterIndex router) {
    return std::get<v2::RouterLsa>(
               V2::decode_body(stored(router, router_key(network.routers[router].id))->lsa))
        .flags;
  }

  struct ToldOpaque {
    RouterIndex router;
    OpaqueReceived opaque;
  };
  std::vector<ToldOpaque> told;
};

// In: opaque LSAs of all three scopes of our own, some set before the instance originates anything; neighbours on the
// link, on another, in another area, and one without the O-bit. Out: each goes as far as its scope, with its bytes,
// and not to the one without the O-bit.
TEST_F(OpaqueTest, Rfc5250Section3_OurOwnGoAsFarAsTheirScope) {
  const RouterIndex a = add_router(1);
  network.routers[a].areas = {{kBackbone}, {kOtherArea}};
  auto beside = add_peer(a, 9), other = add_peer(a, 8), plain = add_peer(a, 7);
  auto elsewhere = add_peer(a, 6, {1, 4, kOtherArea});
  plain->dd_options = {Options::kExternal};
  const auto link = link_name(link_of(*beside), 1);
  network.change_opaque(a, {{link, bytes(9)}, {area_name(2), bytes(10, 12)}}, {});
  bring_up({beside.get(), other.get(), plain.get(), elsewhere.get()});
  network.change_opaque(a, {{as_name(3), bytes(11, 0)}}, {});
  network.run_for(seconds{7});
  const auto reached = [&](const ScriptedPeer& peer) {
    std::vector<std::uint32_t> ids;
    for (const auto& name : {link, area_name(2), as_name(3)}) {
      const auto seen = peer.updates_of(key_of(name, a));
      if (seen.empty()) continue;
      ids.push_back(name.id);
      const auto& body = network.routers[a].opaque_lsas.at(name);
      EXPECT_TRUE(std::ranges::equal(seen.back().lsa.body(), body));
    }
    return ids;
  };
  using Ids = std::vector<std::uint32_t>;
  EXPECT_EQ(reached(*beside), (Ids{1, 2, 3}));
  EXPECT_EQ(reached(*other), (Ids{2, 3}));
  EXPECT_EQ(reached(*elsewhere), (Ids{3}));
  EXPECT_EQ(reached(*plain), (Ids{}));
}

// In: an opaque LSA that is set again with the same bytes, with others, and withdrawn. Out: no instance, one, and a flush.
TEST_F(OpaqueTest, Rfc5250Section3_WhatChangesIsOriginatedAnewAndWhatIsWithdrawnIsFlushed) {
  auto peer = full_peer(1, 9);
  const LsaKey key = key_of(area_name(5), 0), other = key_of(area_name(6), 0);
  network.change_opaque(0, {{area_name(5), bytes(1)}, {area_name(6), bytes(6)}}, {});
  network.run_for(seconds{7});
  network.change_opaque(0, {{area_name(5), bytes(1)}}, {});
  network.run_for(seconds{7});
  EXPECT_EQ(originated(key), 1U);
  network.change_opaque(0, {{area_name(5), bytes(2)}}, {});
  network.run_for(seconds{7});
  EXPECT_EQ(originated(key), 2U);
  EXPECT_TRUE(std::ranges::equal(peer->updates_of(key).back().lsa.body(), bytes(2)));
  network.change_opaque(0, {}, {area_name(5)});
  network.run_for(seconds{2});
  EXPECT_TRUE(peer->updates_of(key).back().header.is_maxage());
  EXPECT_FALSE(stored(0, key));
  EXPECT_EQ(originated(other), 1U) << "it was named once, and stays";
  EXPECT_TRUE(stored(0, other));
}

// In: opaque LSAs of a link and an area that are not configured, and then are; the link is then made anew. Out: they are
// originated when there is where, each time.
TEST_F(OpaqueTest, Rfc5250Section3_OneOfALinkIsOriginatedWheneverItsLinkIsConfigured) {
  auto first = full_peer(1, 9);
  auto peer = add_peer(0, 8);
  const auto link = link_name(link_of(*peer), 1);
  OpaqueName area = area_name(2);
  area.area = kOtherArea;
  network.change_opaque(0, {{link, bytes(1)}, {area, bytes(2)}}, {});
  network.run_for(seconds{1});
  EXPECT_FALSE(stored(0, key_of(link, 0)));
  network.routers[0].areas.push_back({kOtherArea});
  network.reload(0);
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return peer->is_full(); }, seconds{5}));
  network.run_for(seconds{1});
  EXPECT_TRUE(stored(0, key_of(link, 0)));
  EXPECT_TRUE(instance(0).find_lsa(kOtherArea, key_of(area, 0), network.now()));
  auto& port = network.routers[0].ports.at(link_of(*peer));
  port.config.passive = true;
  network.reload(0);
  port.config.passive = false;
  network.reload(0);
  peer->updates.clear();
  ASSERT_TRUE(network.run_until([&] { return peer->is_full() && full_count(0) == 2; }, seconds{10}));
  network.run_for(seconds{3});
  EXPECT_TRUE(stored(0, key_of(link, 0)));
}

// In: an opaque LSA of AS scope, and its withdrawal. Out: the router says that it is an AS boundary router meanwhile.
TEST_F(OpaqueTest, Rfc5250Section5_WhoOriginatesOneOfAsScopeIsAnAsBoundaryRouter) {
  auto peer = full_peer(1, 9);
  EXPECT_EQ(flags_of(0), 0U);
  network.change_opaque(0, {{as_name(1), bytes(1)}}, {});
  network.run_for(seconds{7});
  EXPECT_EQ(flags_of(0), v2::RouterLsa::kExternal);
  network.change_opaque(0, {}, {as_name(1)});
  network.run_for(seconds{7});
  EXPECT_EQ(flags_of(0), 0U);
}

// In: three routers in a line; the last originates opaque LSAs of area and AS scope, the first asks for their type. The
// far link is cut, and heals. Out: the first is told of what is of its type, of what changes, and that they are gone
// while their originator is not reachable, though they stay in the database.
TEST_F(OpaqueTest, Rfc5250Section5_ToldWhileTheOriginatorIsReachable) {
  const RouterIndex a = add_router(1), b = add_router(2), c = add_router(3);
  connect(a, b);
  const CableIndex far = connect(b, c);
  network.routers[a].opaque_types = {kType};
  network.change_opaque(c, {{area_name(1), bytes(1)}, {as_name(2), bytes(2)}, {area_name(3, 201), bytes(3)}},
                        {});
  start_all();
  const RouterId originator = network.routers[c].id;
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
  network.run_for(seconds{5});
  using Known = decltype(known(a));
  const Known both{{{area_name(1), originator}, bytes(1)}, {{as_name(2), originator}, bytes(2)}};
  EXPECT_EQ(known(a), both);
  EXPECT_TRUE(known(b).empty()) << "it did not ask";
  for (auto& way : network.cables[far].into) way.cut = true;
  network.run_for(seconds{10});
  EXPECT_EQ(known(a), Known{});
  EXPECT_TRUE(stored(a, key_of(area_name(1), c)));
  for (auto& way : network.cables[far].into) way.cut = false;
  network.run_for(seconds{10});
  EXPECT_EQ(known(a), both);
  const std::size_t count = told.size();
  network.run_for(seconds{1900});
  EXPECT_EQ(told.size(), count) << "a refresh is no news";
  network.change_opaque(c, {{area_name(1), bytes(7)}}, {as_name(2)});
  network.run_for(seconds{7});
  EXPECT_EQ(known(a), (Known{{{area_name(1), originator}, bytes(7)}}));
}

// In: one of AS scope by a router that does not say that it is an AS boundary router, and then says so. Out: told then.
TEST_F(OpaqueTest, Rfc5250Section5_OneOfAsScopeCountsFromAnAsBoundaryRouter) {
  const RouterIndex a = add_router(1);
  network.routers[a].opaque_types = {kType};
  auto peer = add_peer(a, 9);
  bring_up({peer.get()});
  peer->send_update({router_lsa_of(*peer, network.routers[a].id, 5), by(*peer, LsaType::opaque_as, 1)});
  network.run_for(seconds{3});
  EXPECT_TRUE(known(a).empty());
  peer->send_update({router_lsa_of(*peer, network.routers[a].id, 6, v2::RouterLsa::kExternal)});
  network.run_for(seconds{3});
  EXPECT_EQ(known(a).size(), 1U);
}

// In: one of link scope by a neighbour, which is then lost. Out: told with its link, and that it is gone.
TEST_F(OpaqueTest, Rfc5250Section3_OneOfLinkScopeCountsWhileItsOriginatorIsANeighbor) {
  const RouterIndex a = add_router(1);
  network.routers[a].opaque_types = {kType};
  auto peer = add_peer(a, 9), other = add_peer(a, 8);
  bring_up({peer.get(), other.get()});
  peer->send_update({by(*peer, LsaType::opaque_link, 1)});
  other->send_update({by(*peer, LsaType::opaque_link, 2)});  // not of a neighbour on this link
  network.run_for(seconds{3});
  using Known = decltype(known(a));
  EXPECT_EQ(known(a), (Known{{{link_name(link_of(*peer), 1), peer->id()}, bytes(1)}}));
  peer->fall_silent();
  ASSERT_TRUE(network.run_until([&] { return full_count(a) == 1; }, seconds{10}));
  EXPECT_EQ(known(a), Known{});
}

// In: 20 of a neighbour, the first of which is flushed. Out: the first 16 are told, then the next.
TEST_F(OpaqueTest, OfEachRouterABoundedNumberIsTold) {
  const RouterIndex a = add_router(1);
  network.routers[a].opaque_types = {kType};
  auto peer = add_peer(a, 9);
  bring_up({peer.get()});
  std::vector<OutgoingLsa> lsas{router_lsa_of(*peer, network.routers[a].id, 5)};
  for (std::uint32_t id = kOpaqueToldMost + 4; id > 0; --id) {
    lsas.push_back(by(*peer, LsaType::opaque_area, id));
    if (lsas.size() < 20) continue;
    peer->send_update(std::exchange(lsas, {}));
  }
  peer->send_update(lsas);
  network.run_for(seconds{3});
  const auto ids = [&] {
    std::vector<std::uint32_t> all;
    for (const auto& [name, body] : known(a)) all.push_back(name.first.id);
    return all;
  };
  ASSERT_EQ(ids().size(), kOpaqueToldMost);
  EXPECT_EQ(ids().back(), kOpaqueToldMost);
  peer->send_update({by(*peer, LsaType::opaque_area, 1, 1, kMaxAge)});
  network.run_for(seconds{3});
  ASSERT_EQ(ids().size(), kOpaqueToldMost);
  EXPECT_EQ(ids().front(), 2U);
  EXPECT_EQ(ids().back(), kOpaqueToldMost + 1);
}

// In: a reload that asks for the type, and one that asks no more. Out: told what is there, and that it is gone.
TEST_F(OpaqueTest, AReloadAsksForOtherTypes) {
  const RouterIndex a = add_router(1);
  auto peer = add_peer(a, 9);
  bring_up({peer.get()});
  peer->send_update({router_lsa_of(*peer, network.routers[a].id, 5), by(*peer, LsaType::opaque_area, 1)});
  network.run_for(seconds{3});
  EXPECT_TRUE(known(a).empty());
  network.routers[a].opaque_types = {kType};
  network.reload(a);
  EXPECT_EQ(known(a).size(), 1U);
  network.routers[a].opaque_types = {};
  network.reload(a);
  EXPECT_TRUE(known(a).empty());
}

// In: an id of more than 24 bits, no scope that there is, a body that no packet has room for. Out: refused, and told.
TEST_F(OpaqueTest, AnImpossibleOneIsRefused) {
  auto peer = full_peer(1, 9);
  OpaqueName nowhere = area_name(1);
  nowhere.scope = FloodingScope::unknown;
  network.change_opaque(
      0, {{area_name(0x1000000), bytes(1)}, {nowhere, bytes(1)}, {area_name(1), bytes(1, 65'500)}}, {});
  EXPECT_EQ(events_of<InternalError>(0).size(), 3U);
  network.run_for(seconds{3});
  EXPECT_FALSE(stored(0, key_of(area_name(1), 0)));
  network.change_opaque(0, {{area_name(1), bytes(1, 65'400)}}, {});
  network.run_for(milliseconds{1});
  EXPECT_TRUE(stored(0, key_of(area_name(1), 0)));
  network.problems.clear();
}

}  // namespace
}  // namespace wgospf::sim
