// Nobody speaks for others: which router ids count on a link whose peer is known by other means than its packets.

#include "tests/sim/scenario.h"

namespace wgospf::sim::admitted_routers_test {
namespace {

using namespace ospf;
using Kind = AdmittedRouters::Kind;

class AdmittedRoutersTest : public Scenario {
 protected:
  void SetUp() override {
    add_router(1);
    honest = add_peer(0, 2);
    other = add_peer(0, 3);
    for (auto* peer : {honest.get(), other.get()}) peer->fall_silent();  // until it is started
  }
  void admit(const ScriptedPeer& peer, AdmittedRouters admitted) {
    network.routers[0].ports.at(link_of(peer)).config.admitted = admitted;
  }
  void claim(std::vector<RouterId> ids) { network.routers[0].claimed_router_ids = std::move(ids); }
  [[nodiscard]] bool become_full(ScriptedPeer& peer) {
    peer.start();
    return network.run_until([&] { return state_of(0, peer) == NeighborState::full; }, seconds{10});
  }
  [[nodiscard]] std::vector<RefusedSender> refused_on(const ScriptedPeer& peer) {
    for (const auto& info : instance(0).interfaces())
      if (info.config.link == link_of(peer)) return info.refused;
    return {};
  }
  /// What a router sends that is a neighbour: hello, description, request, update.
  void send_all(ScriptedPeer& peer, RouterId router) {
    const OutgoingLsa update[] = {{peer.router_lsa(kInitialSequenceNumber + 20, 3), 1}};
    const RouterId own = network.routers[0].id;
    peer.transmit(V2::encode(router, kBackbone, peer.hello()), peer.address, Network::kAllSpfRouters);
    const Ipv4Address to = network.routers[0].ports.at(link_of(peer)).source();
    peer.transmit(V2::encode(router, kBackbone, peer.opening_dd()), peer.address, to);
    peer.transmit(V2::encode(router, kBackbone, LinkStateRequest{{router_key(own)}}), peer.address, to);
    peer.transmit(V2::encode(router, kBackbone, std::span<const OutgoingLsa>(update)), peer.address, to);
  }

  std::unique_ptr<ScriptedPeer> honest, other;
};

// In: two links, each for one router id; on the second one the first one's id, in every kind of packet. Out: none
// counts, each hello is told and remembered; the neighbour on the first link and the routes do not move.
TEST_F(AdmittedRoutersTest, APeerThatSpeaksForAnotherIdFormsNoAdjacency) {
  admit(*honest, {Kind::one, honest->id()});
  admit(*other, {Kind::one, other->id()});
  start_all();
  ASSERT_TRUE(become_full(*honest));
  const OutgoingLsa lsa[] = {{honest->router_lsa(kInitialSequenceNumber, 2), 1}};
  honest->send_update({lsa[0]});
  network.run_for(seconds{3});
  const auto before = instance(0).routes();
  events.clear();
  other->become(honest->id());
  other->start();
  for (int i = 0; i < 20; ++i) {
    send_all(*other, honest->id());
    network.run_for(milliseconds{500});
  }
  EXPECT_TRUE(events_of<NeighborStateChanged>(0).empty());
  EXPECT_EQ(instance(0).neighbors().size(), 1U);
  EXPECT_EQ(state_of(0, *honest), NeighborState::full);
  EXPECT_EQ(instance(0).routes()->generation, before->generation);
  EXPECT_GT(drops(0, DropReason::other_router_id), 0U);
  const auto refused = refused_on(*other);
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].router_id, honest->id());
  EXPECT_EQ(refused[0].reason, DropReason::other_router_id);
  const auto told = events_of<Dropped>(0);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told[0].reason, DropReason::other_router_id);
  EXPECT_EQ(told[0].value, honest->id().value);
}

// In: a link whose peer is not known, and ids that others speak for. Out: those do not count there, any other does.
TEST_F(AdmittedRoutersTest, APeerThatIsNotKnownSpeaksForNoIdThatOthersSpeakFor) {
  admit(*other, {Kind::unclaimed, {}});
  claim({honest->id(), RouterId{0x01010109}});
  const RouterId own = other->id();
  start_all();
  other->become(RouterId{0x01010109});
  other->start();
  network.run_for(seconds{5});
  EXPECT_TRUE(instance(0).neighbors().empty());
  EXPECT_GT(drops(0, DropReason::claimed_router_id), 0U);
  other->become(own);
  EXPECT_TRUE(become_full(*other));
  EXPECT_TRUE(become_full(*honest)) << "on a link without a rule the claimed id counts";
}

// In: the configuration comes to say that the neighbour on a link is another router, or that others speak for its id.
// Out: that neighbour ends at once, the other one is not disturbed; and comes back with the former configuration.
TEST_F(AdmittedRoutersTest, ANeighborThatIsNotAdmittedAnyMoreIsEnded) {
  admit(*honest, {Kind::unclaimed, {}});
  admit(*other, {Kind::unclaimed, {}});
  start_all();
  ASSERT_TRUE(become_full(*honest));
  ASSERT_TRUE(become_full(*other));
  events.clear();
  claim({other->id()});
  admit(*honest, {Kind::one, honest->id()});
  network.reload(0);
  EXPECT_EQ(state_of(0, *other), NeighborState::down);
  auto changes = events_of<NeighborStateChanged>(0);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].router, other->id());
  EXPECT_EQ(changes[0].interface_reason, InterfaceReason::reconfigured);
  admit(*other, {Kind::one, other->id()});
  network.reload(0);
  EXPECT_TRUE(network.run_until([&] { return full_count(0) == 2; }, seconds{15}));
  admit(*other, {Kind::one, honest->id()});
  network.reload(0);
  EXPECT_EQ(full_count(0), 1U);
}

// In: a link to a client, from which a router speaks. Out: no hello goes out, nothing that comes counts.
TEST_F(AdmittedRoutersTest, AClientFormsNoAdjacency) {
  admit(*other, {Kind::none, {}});
  start_all();
  other->start();
  network.run_for(seconds{10});
  EXPECT_TRUE(instance(0).neighbors().empty());
  EXPECT_TRUE(other->hellos.empty());
  EXPECT_GT(drops(0, DropReason::peer_is_client), 0U);
  EXPECT_EQ(refused_on(*other).size(), 1U);
  admit(*other, {Kind::any, {}});
  network.reload(0);
  EXPECT_TRUE(network.run_until([&] { return full_count(0) == 1; }, seconds{10}))
      << "it is a router after all";
}

}  // namespace
}  // namespace wgospf::sim::admitted_routers_test
