// Stub areas (RFC 2328 section 3.6) and NSSAs (RFC 3101): who becomes a neighbour there, and which LSAs come
// in, go out and are described. A router stands between a normal area, a stub area and an NSSA.

#include <algorithm>

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

constexpr AreaId kStub{1}, kNssa{2};
constexpr std::uint32_t kE = Options::kExternal, kN = Options::kNssa, kO = Options::kOpaque;

class AreaTypesTest : public Scenario {
 protected:
  AreaTypesTest() {
    add_router(1);
    network.routers[0].areas = {{kBackbone}, {kStub, AreaType::stub}, {kNssa, AreaType::nssa}};
  }

  /// A peer that says what its area is.
  [[nodiscard]] std::unique_ptr<ScriptedPeer> add_peer_in(AreaId area, std::uint32_t number) {
    auto peer = add_peer(0, number, {1, 4, area});
    if (area != kBackbone) {
      peer->hello_options = {area == kNssa ? kN : 0};
      peer->dd_options = {kO};
    }
    return peer;
  }
  void bring_up(std::initializer_list<ScriptedPeer*> peers) {
    if (!network.routers[0].is_running()) start_all();
    network.reload(0);
    for (auto* peer : peers) peer->start();
    ASSERT_TRUE(network.run_until(
        [&] { return std::all_of(peers.begin(), peers.end(), [](auto* peer) { return peer->is_full(); }); },
        seconds{10}));
    network.run_for(seconds{10});
  }
  [[nodiscard]] static Lsa lsa(LsaType type, const ScriptedPeer& by) {
    LsaHeader header;
    header.options = {Options::kExternal};
    header.key = {type, LinkStateId{0xcb007100}, by.id()};
    if (is_opaque(type)) return V2::encode_lsa(header, v2::OpaqueLsa{std::vector<std::byte>(8)});
    if (type == LsaType::summary_network) return V2::encode_lsa(header, v2::SummaryLsa{0xffffff00, 1, {}});
    v2::ExternalLsa body;
    body.mask = 0xffffff00;
    return V2::encode_lsa(header, body);
  }
  /// 198.51.100.0/24
  [[nodiscard]] static ExternalRoute external_route() {
    ExternalRoute route;
    route.prefix = Ipv4Prefix::make({0xc6336400}, 24);
    return route;
  }
  [[nodiscard]] bool is_stored(AreaId area, const Lsa& lsa) {
    return instance(0).find_lsa(area, V2::header(lsa).key, network.now()).has_value();
  }
  [[nodiscard]] static bool is_acknowledged(const ScriptedPeer& peer, const Lsa& lsa) {
    const auto& acks = peer.acknowledgments;
    return std::any_of(acks.begin(), acks.end(),
                       [&](const LsaHeader& ack) { return ack.key == V2::header(lsa).key; });
  }
  [[nodiscard]] static bool is_sent(const ScriptedPeer& peer, const Lsa& lsa) {
    return !peer.updates_of(V2::header(lsa).key).empty();
  }
  [[nodiscard]] static bool is_described(const ScriptedPeer& peer, LsaType type) {
    return std::any_of(peer.descriptions.begin(), peer.descriptions.end(), [&](const auto& seen) {
      return std::any_of(seen.dd.headers.begin(), seen.dd.headers.end(),
                         [&](const auto& header) { return header.key.type == type; });
    });
  }
};

// In: neighbours in areas of all types. Out: hellos say E or N or neither, descriptions E or not, and all
// become Full.
TEST_F(AreaTypesTest, Section9_5_HellosAndDescriptionsSayWhatTheAreaTakes) {
  auto normal = add_peer_in(kBackbone, 9), stub = add_peer_in(kStub, 8), nssa = add_peer_in(kNssa, 7);
  bring_up({normal.get(), stub.get(), nssa.get()});
  if (HasFatalFailure()) return;
  EXPECT_EQ(normal->last_hello->options, Options{kE});
  EXPECT_EQ(stub->last_hello->options, Options{});
  EXPECT_EQ(nssa->last_hello->options, Options{kN});
  EXPECT_EQ(normal->descriptions.back().dd.options, (Options{kE | kO}));
  EXPECT_EQ(stub->descriptions.back().dd.options, Options{kO});
  EXPECT_EQ(nssa->descriptions.back().dd.options, Options{kO});
  EXPECT_EQ(full_count(0), 3U);
}

// In: hellos whose E-bit or N-bit is not the area's. Out: refused, counted, and who says them is shown.
TEST_F(AreaTypesTest, Section10_5_BothEndsAgreeOnWhatTheAreaTakes) {
  const std::pair<AreaId, std::uint32_t> wrong[] = {{kBackbone, 0}, {kBackbone, kN}, {kBackbone, kE | kN},
                                                    {kStub, kE},    {kStub, kN},     {kNssa, 0},
                                                    {kNssa, kE},    {kNssa, kE | kN}};
  std::vector<std::unique_ptr<ScriptedPeer>> peers;
  for (const auto& [area, options] : wrong) {
    peers.push_back(add_peer_in(area, static_cast<std::uint32_t>(9 + peers.size())));
    peers.back()->hello_options = {options};
  }
  start_all();
  for (auto& peer : peers) peer->start();
  network.run_for(seconds{10});
  EXPECT_TRUE(instance(0).neighbors().empty());
  for (const auto& info : instance(0).interfaces()) {
    if (info.status.loopback) continue;
    ASSERT_EQ(info.refused.size(), 1U) << info.config.name;
    EXPECT_EQ(info.refused[0].reason, DropReason::options_mismatch);
    EXPECT_GT(info.drops[DropReason::options_mismatch], 0U);
  }
}

// In: LSAs of AS scope from a neighbour in a stub area and from one in an NSSA; beside them a summary and an
// area's opaque LSA. Out: those are neither stored nor acknowledged nor sent to anybody; these are.
TEST_F(AreaTypesTest, Section13_Step3_LsasOfTheAsAreDiscardedInStubAreasAndNssas) {
  auto normal = add_peer_in(kBackbone, 9), stub = add_peer_in(kStub, 8), nssa = add_peer_in(kNssa, 7);
  bring_up({normal.get(), stub.get(), nssa.get()});
  std::uint64_t refused = 0;
  for (ScriptedPeer* from : {stub.get(), nssa.get()}) {
    for (const LsaType type : {LsaType::as_external, LsaType::opaque_as}) {
      const Lsa wrong = lsa(type, *from);
      from->send_update({{wrong, 1}});
      network.run_for(seconds{2});
      EXPECT_FALSE(is_stored(kBackbone, wrong)) << to_string(type);
      EXPECT_FALSE(is_acknowledged(*from, wrong)) << to_string(type);
      EXPECT_FALSE(is_sent(*normal, wrong)) << to_string(type);
      EXPECT_EQ(drops(0, DropReason::lsa_wrong_scope), ++refused);
    }
    for (const LsaType type : {LsaType::summary_network, LsaType::opaque_area}) {
      const Lsa right = lsa(type, *from);
      from->send_update({{right, 1}});
      network.run_for(seconds{2});
      EXPECT_TRUE(is_stored(from == stub.get() ? kStub : kNssa, right)) << to_string(type);
      EXPECT_TRUE(is_acknowledged(*from, right)) << to_string(type);
    }
  }
  EXPECT_EQ(full_count(0), 3U);
}

// In: a type 7 LSA in a stub area and in an NSSA. Out: discarded there; stored, acknowledged and flooded here,
// as far as the area goes.
TEST_F(AreaTypesTest, Rfc3101Section2_3_Type7IsFloodedWithinItsNssa) {
  auto normal = add_peer_in(kBackbone, 9), stub = add_peer_in(kStub, 8);
  auto nssa = add_peer_in(kNssa, 7), beside = add_peer_in(kNssa, 6);
  bring_up({normal.get(), stub.get(), nssa.get(), beside.get()});
  const Lsa wrong = lsa(LsaType::nssa_external, *stub), right = lsa(LsaType::nssa_external, *nssa);
  stub->send_update({{wrong, 1}});
  nssa->send_update({{right, 1}});
  network.run_for(seconds{2});
  EXPECT_FALSE(is_stored(kStub, wrong));
  EXPECT_FALSE(is_acknowledged(*stub, wrong));
  EXPECT_EQ(drops(0, DropReason::lsa_wrong_scope), 1U);
  EXPECT_TRUE(is_stored(kNssa, right));
  EXPECT_TRUE(is_acknowledged(*nssa, right));
  EXPECT_TRUE(is_sent(*beside, right));
  EXPECT_FALSE(is_sent(*normal, right));
  EXPECT_FALSE(is_sent(*stub, right));
}

// In: LSAs of AS scope from a neighbour in a normal area, and an external of our own. Out: they go to another
// neighbour there, and to nobody in a stub area or an NSSA.
TEST_F(AreaTypesTest, Section13_3_LsasOfTheAsDoNotGoIntoStubAreasAndNssas) {
  auto normal = add_peer_in(kBackbone, 9), beside = add_peer_in(kBackbone, 6);
  auto stub = add_peer_in(kStub, 8), nssa = add_peer_in(kNssa, 7);
  bring_up({normal.get(), beside.get(), stub.get(), nssa.get()});
  network.change_externals(0, {external_route()}, {});
  for (const LsaType type : {LsaType::as_external, LsaType::opaque_as})
    normal->send_update({{lsa(type, *normal), 1}});
  network.run_for(seconds{10});
  const auto of_as = [](const ScriptedPeer& peer) {
    return std::count_if(peer.updates.begin(), peer.updates.end(), [](const auto& seen) {
      return scope_of(seen.header.key.type) == FloodingScope::as;
    });
  };
  EXPECT_EQ(of_as(*beside), 3);
  EXPECT_EQ(of_as(*normal), 1);
  EXPECT_EQ(of_as(*stub), 0);
  EXPECT_EQ(of_as(*nssa), 0);
}

// In: LSAs of AS scope in the database, one of them flushed and not acknowledged yet, when neighbours come up
// in all areas. Out: the one in the normal area is described the one and sent the other, the others neither.
TEST_F(AreaTypesTest, Section10_3_LsasOfTheAsAreNotDescribedInStubAreasAndNssas) {
  auto first = add_peer_in(kBackbone, 5), deaf = add_peer_in(kBackbone, 4),
       normal = add_peer_in(kBackbone, 9);
  auto stub = add_peer_in(kStub, 8), nssa = add_peer_in(kNssa, 7);
  const Lsa external = lsa(LsaType::as_external, *first);
  const LsaKey key = V2::header(external).key;
  for (const Lsa& held : {external, lsa(LsaType::opaque_as, *first)}) first->hold(held);
  bring_up({first.get(), deaf.get()});
  deaf->never_acknowledges = key;
  first->drop(key);
  first->send_update({{with(external, kMaxAge, kInitialSequenceNumber), kMaxAge}});
  network.run_for(seconds{1});
  ASSERT_TRUE(is_stored(kBackbone, external));
  for (auto* peer : {normal.get(), stub.get(), nssa.get()}) peer->start();
  ASSERT_TRUE(network.run_until([&] { return full_count(0) == 5; }, seconds{10}));
  network.run_for(seconds{10});
  EXPECT_TRUE(is_described(*normal, LsaType::opaque_as));
  EXPECT_TRUE(is_sent(*normal, external));
  for (const auto* peer : {stub.get(), nssa.get()}) {
    EXPECT_TRUE(is_described(*peer, LsaType::router));
    EXPECT_FALSE(is_described(*peer, LsaType::opaque_as));
    for (const auto& seen : peer->updates)
      EXPECT_NE(scope_of(seen.header.key.type), FloodingScope::as) << to_string(seen.header.key.type);
  }
}

// In: neighbours in a stub area and in an NSSA describe an AS-external-LSA, one in an NSSA a type 7 LSA. Out:
// SeqNumberMismatch for the former, nothing is asked for; the latter becomes Full.
TEST_F(AreaTypesTest, Section10_6_AnAsExternalLsaInADescriptionRestartsTheExchange) {
  auto stub = add_peer_in(kStub, 8), nssa = add_peer_in(kNssa, 7), right = add_peer_in(kNssa, 6);
  for (ScriptedPeer* peer : {stub.get(), nssa.get()}) peer->hold(lsa(LsaType::as_external, *peer));
  const Lsa type7 = lsa(LsaType::nssa_external, *right);
  right->hold(type7);
  start_all();
  for (auto* peer : {stub.get(), nssa.get(), right.get()}) peer->start();
  network.run_for(seconds{10});
  for (ScriptedPeer* peer : {stub.get(), nssa.get()}) {
    EXPECT_LT(state_of(0, *peer), NeighborState::full);
    EXPECT_TRUE(peer->requests.empty());
  }
  const auto changes = events_of<NeighborStateChanged>(0);
  const auto restarted = [&](const ScriptedPeer& peer) {
    return std::any_of(changes.begin(), changes.end(), [&](const NeighborStateChanged& change) {
      return change.router == peer.id() && change.reason == NeighborEvent::seq_number_mismatch;
    });
  };
  EXPECT_TRUE(restarted(*stub));
  EXPECT_TRUE(restarted(*nssa));
  EXPECT_FALSE(restarted(*right));
  EXPECT_EQ(state_of(0, *right), NeighborState::full);
  EXPECT_TRUE(is_stored(kNssa, type7));
}

// In: a neighbour in a stub area asks for an AS-external-LSA that the router has, and one acknowledges it.
// Out: BadLSReq; an acknowledgement of what is not awaited.
TEST_F(AreaTypesTest, Section10_7_AnAsExternalLsaAskedForInAStubAreaIsABadLsReq) {
  auto normal = add_peer_in(kBackbone, 9), stub = add_peer_in(kStub, 8);
  const Lsa external = lsa(LsaType::as_external, *normal);
  normal->hold(external);
  bring_up({normal.get(), stub.get()});
  ASSERT_TRUE(is_stored(kBackbone, external));
  const std::uint64_t before = drops(0, DropReason::lsa_not_awaited);
  stub->transmit(V2::encode(stub->id(), kStub, LinkStateAcknowledgment{{V2::header(external)}}));
  network.run_for(seconds{1});
  EXPECT_EQ(drops(0, DropReason::lsa_not_awaited), before + 1);
  EXPECT_EQ(full_count(0), 2U);
  stub->send_request({V2::header(external).key});
  network.run_for(kRoundTrip);
  EXPECT_EQ(drops(0, DropReason::bad_ls_request), 1U);
  EXPECT_FALSE(is_sent(*stub, external));
  EXPECT_EQ(state_of(0, *normal), NeighborState::full);
  EXPECT_LT(state_of(0, *stub), NeighborState::full);
}

// In: externals of our own. Out: bit E in the router-LSA of the normal area only; the E option of a router-LSA
// says what its area takes.
TEST_F(AreaTypesTest, Section12_4_1_BitEIsNeverSetInAStubArea) {
  auto normal = add_peer_in(kBackbone, 9), stub = add_peer_in(kStub, 8), nssa = add_peer_in(kNssa, 7);
  network.routers[0].set_external(external_route());
  bring_up({normal.get(), stub.get(), nssa.get()});
  const LsaKey key = router_key(network.routers[0].id);
  for (const AreaId area : {kBackbone, kStub, kNssa}) {
    const auto own = instance(0).find_lsa(area, key, network.now());
    ASSERT_TRUE(own) << area.to_string();
    const bool is_normal = area == kBackbone;
    const auto body = std::get<v2::RouterLsa>(V2::decode_body(own->lsa));
    // In an NSSA it says type 7 LSAs (RFC 3101 section 2.4).
    EXPECT_EQ((body.flags & v2::RouterLsa::kExternal) != 0, area != kStub) << area.to_string();
    EXPECT_EQ(own->header.options.has(Options::kExternal), is_normal) << area.to_string();
  }
}

// In: an area becomes a stub area, and a normal one again, at the router and then at its neighbour. Out: its
// neighbour is taken down, and Full again as soon as it agrees; what the area is described follows its type,
// and the other areas' neighbours are not touched.
TEST_F(AreaTypesTest, SectionC2_AnAreaOfAnotherTypeIsMadeAnew) {
  network.routers[0].areas = {{kBackbone}, {kStub}};
  auto normal = add_peer_in(kBackbone, 9), changes = add_peer(0, 8, {1, 4, kStub});
  const Lsa external = lsa(LsaType::as_external, *normal);
  normal->hold(external);
  bring_up({normal.get()});
  bring_up({changes.get()});
  EXPECT_TRUE(is_described(*changes, LsaType::as_external));
  events.clear();
  const auto become = [&](AreaType type, std::uint32_t options) {
    network.routers[0].areas = {{kBackbone}, {kStub, type}};
    changes->descriptions.clear();
    network.reload(0);
    network.run_for(seconds{3});
    EXPECT_EQ(state_of(0, *changes), NeighborState::down);
    changes->drop(V2::header(external).key);
    changes->hello_options = {options};
    changes->dd_options = {options | kO};
    ASSERT_TRUE(network.run_until([&] { return full_count(0) == 2 && changes->is_full(); }, seconds{10}));
    network.run_for(seconds{6});
    EXPECT_TRUE(is_described(*changes, LsaType::router));
    EXPECT_EQ(is_described(*changes, LsaType::as_external), type == AreaType::normal);
  };
  become(AreaType::stub, 0);
  become(AreaType::normal, kE);
  for (const auto& change : events_of<NeighborStateChanged>(0)) EXPECT_NE(change.router, normal->id());
  EXPECT_TRUE(is_stored(kBackbone, external));
}

// In: an area with an opaque LSA of ours leaves the configuration before anything is originated. Out: what is
// wanted in the other area is originated, and nothing stays where the area was.
TEST_F(AreaTypesTest, SectionC2_NothingIsOriginatedInAnAreaThatIsGone) {
  auto normal = add_peer_in(kBackbone, 9);
  const OpaqueName here{FloodingScope::area, kBackbone, {}, 200, 1},
      there{FloodingScope::area, kStub, {}, 200, 1};
  for (const OpaqueName& name : {here, there}) network.routers[0].opaque_lsas[name].resize(8);
  start_all();
  network.routers[0].areas = {{kBackbone}};
  bring_up({normal.get()});
  EXPECT_TRUE(instance(0).find_lsa(kBackbone, opaque_key(here, network.routers[0].id), network.now()));
  DatabaseCursor cursor;
  EXPECT_EQ(instance(0).database(cursor, 100, network.now()).size(), instance(0).statistics().lsdb_size);
}

// In: three routers in a row, an area border router in the middle, an external at one end; the other end's
// area is a stub area, then a normal one. Out: the external is in every database of the AS but not in the
// stub area's router, until the area takes it.
TEST_F(AreaTypesTest, Section3_6_AStubAreasRouterHoldsNoExternals) {
  const RouterIndex end = add_router(2), inside = add_router(3);
  network.routers[inside].areas = {{kStub, AreaType::stub}};
  network.routers[inside].ports.begin()->second.config.area = kStub;
  connect(0, end);
  connect(0, inside, {1, 4, kStub});
  network.routers[end].set_external(external_route());
  start_all();
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{10}));
  network.run_for(seconds{10});
  const LsaKey external{LsaType::as_external, LinkStateId{0xc6336400}, network.routers[end].id};
  const auto has_it = [&](RouterIndex router) {
    return instance(router).find_lsa(kBackbone, external, network.now()).has_value();
  };
  EXPECT_TRUE(has_it(0));
  EXPECT_FALSE(has_it(inside));
  network.routers[0].areas = {{kBackbone}, {kStub}};
  network.routers[inside].areas = {{kStub}};
  network.reload(0);
  network.reload(inside);
  ASSERT_TRUE(network.run_until([&] { return all_full() && has_it(inside); }, seconds{10}));
}

}  // namespace
}  // namespace wgospf::sim
