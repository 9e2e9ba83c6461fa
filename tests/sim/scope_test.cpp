// How far LSAs go: flooding scopes of opaque LSAs (RFC 5250 section 3), and what is not taken at all.

#include <algorithm>

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

constexpr AreaId kOtherArea{1};
constexpr LsaType kOpaque[] = {LsaType::opaque_link, LsaType::opaque_area, LsaType::opaque_as};

class ScopeTest : public Scenario {
 protected:
  /// An LSA by `peer`, of a type whose body may be anything.
  [[nodiscard]] static Lsa opaque(LsaType type, const ScriptedPeer& peer) {
    LsaHeader header;
    header.options = {Options::kExternal};
    header.key = {type, LinkStateId{0xc8000001}, peer.id()};
    return V2::encode_lsa(header, v2::OpaqueLsa{std::vector<std::byte>(8, std::byte{7})});
  }
  void bring_up(std::initializer_list<ScriptedPeer*> peers) {
    start_all();
    for (auto* peer : peers) peer->start();
    ASSERT_TRUE(network.run_until(
        [&] { return std::all_of(peers.begin(), peers.end(), [](auto* peer) { return peer->is_full(); }); },
        seconds{10}));
    network.run_for(seconds{10});
  }
};

// In: opaque LSAs of all three scopes from a neighbour; neighbours on another link of the area, in another
// area, and beyond another router. Out: type 9 stays, type 10 goes through the area, type 11 everywhere.
TEST_F(ScopeTest, Rfc5250Section3_OpaqueLsasGoAsFarAsTheirScope) {
  const RouterIndex a = add_router(1), b = add_router(2);
  network.routers[a].areas = {{kBackbone}, {kOtherArea}};
  connect(a, b);
  auto sender = add_peer(a, 9), beside = add_peer(a, 8), beyond = add_peer(b, 7);
  auto elsewhere = add_peer(a, 6, {1, 4, kOtherArea});
  bring_up({sender.get(), beside.get(), beyond.get(), elsewhere.get()});
  for (const auto type : kOpaque) sender->send_update({{opaque(type, *sender), 1}});
  network.run_for(seconds{2});
  const auto reached = [&](const ScriptedPeer& peer) {
    std::vector<LsaType> types;
    for (const auto type : kOpaque)
      if (!peer.updates_of(V2::header(opaque(type, *sender)).key).empty()) types.push_back(type);
    return types;
  };
  using Types = std::vector<LsaType>;
  EXPECT_EQ(reached(*sender), Types{});
  EXPECT_EQ(reached(*beside), (Types{LsaType::opaque_area, LsaType::opaque_as}));
  EXPECT_EQ(reached(*beyond), (Types{LsaType::opaque_area, LsaType::opaque_as}));
  EXPECT_EQ(reached(*elsewhere), Types{LsaType::opaque_as});
  for (const auto type : kOpaque)
    EXPECT_TRUE(stored(a, V2::header(opaque(type, *sender)).key)) << to_string(type);
  EXPECT_FALSE(stored(b, V2::header(opaque(LsaType::opaque_link, *sender)).key));
}

// In: a link-local LSA in the database when a neighbour on another link, and then one on the same link,
// exchanges databases. Out: only the one on the same link is described it.
TEST_F(ScopeTest, Rfc5250Section3_LinkLocalLsasAreDescribedOnTheirLinkOnly) {
  auto sender = full_peer(1, 9);
  const auto key = V2::header(opaque(LsaType::opaque_link, *sender)).key;
  sender->send_update({{opaque(LsaType::opaque_link, *sender), 1}});
  auto other = add_peer(0, 8);
  network.reload(0);
  other->start();
  ASSERT_TRUE(network.run_until([&] { return other->is_full(); }, seconds{10}));
  const auto described = [&](const ScriptedPeer& peer) {
    return std::any_of(peer.descriptions.begin(), peer.descriptions.end(), [&](const auto& seen) {
      return std::any_of(seen.dd.headers.begin(), seen.dd.headers.end(),
                         [&](const auto& header) { return header.key == key; });
    });
  };
  EXPECT_FALSE(described(*other));
  EXPECT_TRUE(instance(0).find_lsa(kBackbone, key, network.now(), link_of(*sender)));
  EXPECT_FALSE(instance(0).find_lsa(kBackbone, key, network.now(), link_of(*other)));
  sender->say_goodbye();
  sender->become(RouterId{0x01010107});
  ASSERT_TRUE(network.run_until([&] { return sender->is_full(); }, seconds{10}));
  EXPECT_TRUE(described(*sender));
}

// In: a neighbour whose database descriptions do not have the O-bit. Out: it is neither described nor sent an
// opaque LSA, and one from it is not taken; other LSAs are, both ways.
TEST_F(ScopeTest, Rfc5250Section3_ANeighborWithoutTheOBitGetsNoOpaqueLsas) {
  const RouterIndex a = add_router(1);
  auto sender = add_peer(a, 9);
  for (const auto type : kOpaque) sender->hold(opaque(type, *sender));
  bring_up({sender.get()});
  for (const auto type : kOpaque) ASSERT_TRUE(stored(a, V2::header(opaque(type, *sender)).key));
  auto plain = add_peer(a, 8);
  plain->dd_options = {Options::kExternal};
  network.reload(a);
  plain->start();
  ASSERT_TRUE(network.run_until([&] { return plain->is_full(); }, seconds{10}));
  for (const auto type : kOpaque) {
    const auto lsa = opaque(type, *sender);
    sender->send_update({{with(lsa, 1, lsa.sequence_number() + 1), 1}});
    plain->send_update({{opaque(type, *plain), 1}});
  }
  plain->send_update({{plain->router_lsa(kInitialSequenceNumber + 5), 1}});
  sender->send_update({{sender->router_lsa(kInitialSequenceNumber + 5), 1}});
  network.run_for(seconds{7});
  for (const auto& seen : plain->updates) EXPECT_FALSE(is_opaque(seen.header.key.type));
  for (const auto& seen : plain->descriptions)
    for (const auto& header : seen.dd.headers) EXPECT_FALSE(is_opaque(header.key.type));
  EXPECT_FALSE(plain->updates_of(router_key(sender->id())).empty());
  for (const auto type : kOpaque) EXPECT_FALSE(stored(a, V2::header(opaque(type, *plain)).key));
  EXPECT_EQ(drops(a, DropReason::lsa_wrong_scope), 3U);
  EXPECT_TRUE(stored(a, router_key(plain->id())));
  EXPECT_EQ(full_count(a), 2U);
}

// In: a type 7 LSA by flooding. Out: this area is no NSSA: it is discarded, not acknowledged, not flooded.
TEST_F(ScopeTest, Rfc3101Section2_3_Type7OutsideAnNssaIsDiscarded) {
  const RouterIndex a = add_router(1);
  auto sender = add_peer(a, 9), other = add_peer(a, 8);
  bring_up({sender.get(), other.get()});
  LsaHeader header;
  header.key = {LsaType::nssa_external, LinkStateId{0xcb007100}, sender->id()};
  v2::ExternalLsa body;
  body.mask = 0xffffff00;
  sender->acknowledgments.clear();
  sender->send_update({{V2::encode_lsa(header, body), 1}});
  network.run_for(seconds{2});
  EXPECT_FALSE(stored(a, header.key));
  EXPECT_TRUE(sender->acknowledgments.empty());
  EXPECT_TRUE(other->updates_of(header.key).empty());
  EXPECT_EQ(drops(a, DropReason::lsa_wrong_scope), 1U);
  EXPECT_EQ(full_count(a), 2U);
}

}  // namespace
}  // namespace wgospf::sim
