// Who is believed on a point-to-point link (RFC 2328 sections 8.1, 8.2, 10.5; D9, D6): one neighbour, one
// address, learnt from a hello to the group.

#include <algorithm>

#include "ospf/base/bytes.h"
#include "ospf/checksum.h"
#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

constexpr Ipv4Address kGroup = Network::kAllSpfRouters;
constexpr RouterId kStranger{0x01010107};
/// A host in a LAN behind the neighbour: what it sends to our address is routed here.
constexpr Ipv4Address kFarHost{0xc6336401};

class AdmissionTest : public Scenario {
 protected:
  void SetUp() override {
    peer = full_peer(1, 9);
    peer->send_update({{peer->router_lsa(kInitialSequenceNumber, 2), 1}});
    network.run_for(seconds{2});
  }

  [[nodiscard]] Port& port() { return network.routers[0].ports.at(link_of(*peer)); }
  [[nodiscard]] Ipv4Address own_address() { return port().source(); }
  /// A hello that lists us, of whatever router.
  [[nodiscard]] std::vector<std::byte> hello_of(RouterId router) const {
    return V2::encode(router, kBackbone, peer->hello());
  }
  [[nodiscard]] static std::vector<std::byte> goodbye_of(RouterId router, Hello hello) {
    hello.neighbors.clear();
    return V2::encode(router, kBackbone, hello);
  }
  /// Another router on the same link: hellos each second, beginning now, until told to stop.
  void start_beside(RouterId router, Ipv4Address address) {
    peer->transmit(hello_of(router), address, kGroup);
    network.scheduler.after(seconds{1}, [this, router, address] {
      if (goes_on) start_beside(router, address);
    });
  }
  [[nodiscard]] NeighborInfo neighbor() {
    const auto all = instance(0).neighbors();
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? NeighborInfo{} : all.front();
  }
  [[nodiscard]] std::vector<RefusedSender> refused() {
    for (const auto& info : instance(0).interfaces())
      if (info.config.link == link_of(*peer)) return info.refused;
    return {};
  }
  [[nodiscard]] std::vector<DropReason> told() const {
    std::vector<DropReason> reasons;
    for (const auto& event : events_of<Dropped>(0)) reasons.push_back(event.reason);
    return reasons;
  }
  void set_addresses(std::vector<InterfaceAddress> addresses) {
    auto status = port().status();
    status.addresses = std::move(addresses);
    status.unnumbered_source =
        status.addresses.empty() ? std::optional(Ipv4Address{0x01010101}) : std::nullopt;
    network.set_status(0, link_of(*peer), status);
  }

  std::unique_ptr<ScriptedPeer> peer;
  bool goes_on = true;
};

// In: from afar, to our own address: hellos, descriptions, requests, updates, flushes and acknowledgements,
// with every combination of the neighbour's, our own and a strange router id and address, over and over. Out:
// nothing changes, and each reason is told once.
TEST_F(AdmissionTest, Section8_2_WhoIsNotTheNeighborChangesNothing) {
  const auto links = instance(0).routes()->routes.size();
  const RouterId own = network.routers[0].id;
  events.clear();
  const auto send = [&](RouterId router, Ipv4Address source, const std::vector<std::byte>& bytes) {
    auto packet = bytes;
    store_u32(packet.data() + 4, router.value);
    store_u16(packet.data() + 12, 0);
    store_u16(packet.data() + 12, packet_checksum(packet));
    peer->transmit(std::move(packet), source, own_address());
  };
  const Lsa forged = peer->router_lsa(0x100, 3);
  const Lsa flush = with(stored(0, router_key(peer->id()))->lsa, kMaxAge, 0x101);
  const auto update = [&](const Lsa& lsa) {
    const std::vector<OutgoingLsa> lsas{{lsa, V2::header(lsa).age}};
    return V2::encode(kStranger, kBackbone, std::span<const OutgoingLsa>(lsas));
  };
  const LinkStateAcknowledgment ack{{V2::header(forged)}};
  const std::vector<std::vector<std::byte>> packets{
      hello_of(kStranger),
      goodbye_of(kStranger, peer->hello()),
      V2::encode(kStranger, kBackbone, peer->opening_dd()),
      V2::encode(kStranger, kBackbone, LinkStateRequest{{router_key(own)}}),
      update(forged),
      update(flush),
      V2::encode(kStranger, kBackbone, ack)};
  for (int round = 0; round < 20; ++round) {
    for (const RouterId router : {kStranger, own, peer->id()})
      for (const Ipv4Address source : {kFarHost, own_address(), peer->address})
        for (const auto& packet : packets)
          if (router != peer->id() || source != peer->address) send(router, source, packet);
    network.run_for(milliseconds{200});
  }
  EXPECT_TRUE(events_of<NeighborStateChanged>(0).empty());
  EXPECT_EQ(instance(0).routes()->routes.size(), links);
  EXPECT_EQ(neighbor().state, NeighborState::full);
  EXPECT_EQ(as<Ipv4Address>(neighbor().address), peer->address);
  EXPECT_TRUE(refused().empty()) << "who is not on the link is not shown as being there";
  auto reasons = told();
  std::sort(reasons.begin(), reasons.end());
  EXPECT_EQ(reasons, (std::vector{DropReason::own_packet, DropReason::unicast_hello,
                                  DropReason::another_address, DropReason::not_the_neighbor}));
  EXPECT_EQ(drops(0, DropReason::duplicate_router_id), 0U);
}

// In: the same to a router that has no neighbour yet. Out: it gets none.
TEST_F(AdmissionTest, Section10_5_AUnicastHelloMakesNoNeighbor) {
  peer->fall_silent();
  network.run_for(seconds{6});
  ASSERT_TRUE(instance(0).neighbors().empty());
  for (const RouterId router : {kStranger, peer->id()})
    for (const Ipv4Address source : {kFarHost, peer->address})
      peer->transmit(hello_of(router), source, own_address());
  peer->transmit(V2::encode(kStranger, kBackbone, peer->opening_dd()), kFarHost, own_address());
  network.run_for(seconds{1});
  EXPECT_TRUE(instance(0).neighbors().empty());
  EXPECT_EQ(drops(0, DropReason::unicast_hello), 4U);
  EXPECT_EQ(drops(0, DropReason::unknown_neighbor), 1U);
}

// In: a hello of the neighbour to our own address, as some implementations send. Out: taken.
TEST_F(AdmissionTest, Section8_1_AUnicastHelloOfTheNeighborIsTaken) {
  peer->transmit(goodbye_of(peer->id(), peer->hello()), peer->address, own_address());
  network.run_for(kDelay);
  EXPECT_EQ(state_of(0, *peer), NeighborState::init);
}

// In: a second router on the link, while the first is heard. Out: the first stays; the second is refused, and
// when both go on remembered as one beside the neighbour, with its id and address. When it ceases, that is
// forgotten.
TEST_F(AdmissionTest, Section10_5_ASecondRouterIsRefusedWhileTheFirstIsHeard) {
  events.clear();
  const Ipv4Address address = peer->address;
  start_beside(kStranger, address);
  network.run_for(milliseconds{500});
  ASSERT_EQ(refused().size(), 1U);
  EXPECT_FALSE(refused().front().is_beside) << "one hello may be the first of a router that takes the place";
  network.run_for(seconds{20});
  EXPECT_TRUE(events_of<NeighborStateChanged>(0).empty());
  EXPECT_EQ(neighbor().router_id, peer->id());
  ASSERT_EQ(refused().size(), 1U);
  EXPECT_TRUE(refused().front().is_beside);
  EXPECT_EQ(refused().front().router_id, kStranger);
  EXPECT_EQ(as<Ipv4Address>(refused().front().address), address);
  EXPECT_EQ(told(), std::vector{DropReason::another_router});
  EXPECT_GE(drops(0, DropReason::another_router), 20U);
  goes_on = false;
  network.run_for(seconds{6});
  EXPECT_TRUE(refused().empty());
}

// In: the neighbour falls silent and another router is there, with another id. Out: not taken within one and
// a half hello intervals of the last hello, and at its first hello after that, long before the dead interval.
TEST_F(AdmissionTest, Section10_5_ANewRouterIsFollowedWhenTheFormerIsNotHeard) {
  peer->fall_silent();
  network.run_for(seconds{1});
  const Instant silent = network.now();
  start_beside(kStranger, peer->address);
  ASSERT_TRUE(network.run_until([&] { return neighbor().router_id == kStranger; }, seconds{4}));
  EXPECT_GE(network.now() - silent, milliseconds{400});
  EXPECT_LE(network.now() - silent, milliseconds{1500} + kRoundTrip);
}

// In: the neighbour goes on from another address of the subnet. Out: the adjacency stays Full; the new
// address is refused while the old one counts, then followed.
TEST_F(AdmissionTest, Section10_5_ARenumberedNeighborIsFollowedWhenItsOldAddressIsNotHeard) {
  set_addresses({{own_address(), 24}});
  network.run_for(seconds{1});
  events.clear();
  const Ipv4Address former = peer->address;
  peer->address = Ipv4Address{former.value + 10};
  network.run_for(milliseconds{500});
  EXPECT_EQ(as<Ipv4Address>(neighbor().address), former);
  ASSERT_TRUE(
      network.run_until([&] { return as<Ipv4Address>(neighbor().address) == peer->address; }, seconds{3}));
  network.run_for(seconds{10});
  EXPECT_TRUE(events_of<NeighborStateChanged>(0).empty());
  EXPECT_EQ(neighbor().state, NeighborState::full);
  EXPECT_TRUE(refused().empty());
}

// In: one router id from two addresses, in turn. Out: the first is kept, and the second known.
TEST_F(AdmissionTest, Section10_5_OfTwoAddressesTheFirstIsKept) {
  set_addresses({{own_address(), 24}});
  network.run_for(seconds{1});
  events.clear();
  const Ipv4Address first = peer->address, second{peer->address.value + 10};
  start_beside(peer->id(), second);
  network.run_for(seconds{10});
  EXPECT_TRUE(events_of<NeighborStateChanged>(0).empty());
  EXPECT_EQ(as<Ipv4Address>(neighbor().address), first);
  ASSERT_EQ(refused().size(), 1U);
  EXPECT_EQ(refused().front().reason, DropReason::another_address);
  EXPECT_EQ(as<Ipv4Address>(refused().front().address), second);
  EXPECT_TRUE(refused().front().is_beside);
}

// In: hellos to the group on a numbered link from an address that is on none of its subnets. Out: refused.
TEST_F(AdmissionTest, Section8_2_OnANumberedLinkANeighborIsOnItsSubnet) {
  peer->fall_silent();
  network.run_for(seconds{6});
  peer->transmit(hello_of(kStranger), Ipv4Address{0x0a000a02}, kGroup);
  network.run_for(kRoundTrip);
  EXPECT_TRUE(instance(0).neighbors().empty());
  EXPECT_EQ(drops(0, DropReason::source_not_on_link), 1U);
  ASSERT_FALSE(told().empty());
  EXPECT_EQ(told().back(), DropReason::source_not_on_link);
}

// In: an address that names its far end. Out: the far end, which need not be on any subnet, and nobody else.
TEST_F(AdmissionTest, Section8_2_TheFarEndOfAPeerAddressIsTheNeighbor) {
  peer->fall_silent();
  network.run_for(seconds{6});
  const Ipv4Address far{0x0a090909};
  set_addresses({{own_address(), 32, far}});
  peer->transmit(hello_of(kStranger), peer->address, kGroup);
  network.run_for(kRoundTrip);
  EXPECT_TRUE(instance(0).neighbors().empty());
  EXPECT_EQ(drops(0, DropReason::source_not_on_link), 1U);
  peer->transmit(hello_of(kStranger), far, kGroup);
  network.run_for(kRoundTrip);
  EXPECT_EQ(as<Ipv4Address>(neighbor().address), far);
}

// In: no address, or one that is alone in its subnet. Out: any usable address is a neighbour's, no other.
TEST_F(AdmissionTest, Section8_2_OnAnUnnumberedLinkAnyUsableAddressIsANeighbors) {
  peer->fall_silent();
  network.run_for(seconds{6});
  const std::vector<InterfaceAddress> alone{{own_address(), 32}};
  for (const auto& addresses : {std::vector<InterfaceAddress>{}, alone}) {
    set_addresses(addresses);
    const auto bad = drops(0, DropReason::bad_source);
    for (const std::uint32_t source : {0x00000005U, 0x7f000001U, 0xe0000005U, 0xf0000001U, 0xffffffffU})
      peer->transmit(hello_of(kStranger), Ipv4Address{source}, kGroup);
    network.run_for(kRoundTrip);
    EXPECT_TRUE(instance(0).neighbors().empty());
    EXPECT_EQ(drops(0, DropReason::bad_source), bad + 5);
    peer->transmit(hello_of(kStranger), kFarHost, kGroup);
    network.run_for(kRoundTrip);
    EXPECT_EQ(as<Ipv4Address>(neighbor().address), kFarHost);
    network.run_for(seconds{6});  // it ends, for the next
  }
}

// In: a neighbour that took its leave, and another router right after. Out: followed at once.
TEST_F(AdmissionTest, Section10_5_AfterAGoodbyeTheNextRouterIsFollowedAtOnce) {
  peer->fall_silent();
  peer->say_goodbye();
  peer->transmit(hello_of(kStranger), peer->address, kGroup);
  network.run_for(kRoundTrip);
  EXPECT_EQ(neighbor().router_id, kStranger);
}

// In: routers on the link that are refused for what they are set to. Out: each is remembered with its reason
// and the value, as many as fit, and forgotten when it is heard no more, or taken.
TEST_F(AdmissionTest, Section10_5_WhoIsRefusedIsShownWithItsReason) {
  peer->fall_silent();
  network.run_for(seconds{6});
  auto hello = peer->hello();
  hello.hello_interval = 3;
  peer->transmit(V2::encode(kStranger, kBackbone, hello), peer->address, kGroup);
  peer->transmit(V2::encode(RouterId{0x01010106}, AreaId{5}, peer->hello()), peer->address, kGroup);
  network.run_for(kRoundTrip);
  ASSERT_EQ(refused().size(), 2U);
  EXPECT_EQ(refused()[0].reason, DropReason::hello_interval_mismatch);
  EXPECT_EQ(refused()[0].value, 3U);
  EXPECT_EQ(refused()[1].reason, DropReason::area_mismatch);
  EXPECT_EQ(refused()[1].value, 5U);
  for (std::uint32_t i = 0; i < 100; ++i)
    peer->transmit(V2::encode(RouterId{0x02020200 + i}, AreaId{5}, peer->hello()), peer->address, kGroup);
  network.run_for(kRoundTrip);
  EXPECT_EQ(refused().size(), kRefusedSendersKept);
  peer->transmit(hello_of(kStranger), peer->address, kGroup);
  network.run_for(kRoundTrip);
  ASSERT_EQ(refused().size(), kRefusedSendersKept - 1);
  EXPECT_EQ(refused().front().router_id, RouterId{0x01010106});
  network.run_for(seconds{10});
  EXPECT_TRUE(refused().empty());
}

// In: a neighbour whose MTU is larger than ours, without mtu-ignore. Out: ExStart, and why.
TEST_F(AdmissionTest, Section10_6_AnMtuMismatchIsShown) {
  port().config.mtu_ignore = false;
  network.reload(0);
  peer->fall_silent();
  network.run_for(seconds{6});
  peer->mtu = 1500;
  peer->start();
  network.run_for(seconds{3});
  EXPECT_EQ(neighbor().state, NeighborState::ex_start);
  EXPECT_EQ(neighbor().problem, NeighborProblem::mtu_mismatch);
  EXPECT_EQ(neighbor().theirs, 1500U);
  EXPECT_EQ(neighbor().ours, 1420U);
  peer->mtu = 1420;
  peer->send_dd(peer->opening_dd());
  ASSERT_TRUE(network.run_until([&] { return full_count(0) == 1; }, seconds{20}));
  EXPECT_EQ(neighbor().problem, NeighborProblem::none);
}

// In: a neighbour that answers no description. Out: after a while it is said to be long in ExStart.
TEST_F(AdmissionTest, Section10_1_ANeighborLongInExStartIsShown) {
  peer->answers_descriptions = false;
  peer->become(peer->id());
  network.run_for(seconds{5});
  ASSERT_EQ(neighbor().state, NeighborState::ex_start);
  EXPECT_EQ(neighbor().problem, NeighborProblem::none);
  network.run_for(seconds{20});
  EXPECT_EQ(neighbor().problem, NeighborProblem::long_in_exstart);
}

// In: a neighbour that does not send what it has described. Out: after a while it is said to be long in Loading.
TEST_F(AdmissionTest, Section10_1_ANeighborLongInLoadingIsShown) {
  peer->answers_requests = false;
  peer->become(peer->id());
  peer->hold(peer->router_lsa(kInitialSequenceNumber + 3));
  network.run_for(seconds{5});
  ASSERT_EQ(neighbor().state, NeighborState::loading);
  EXPECT_EQ(neighbor().problem, NeighborProblem::none);
  network.run_for(seconds{20});
  EXPECT_EQ(neighbor().problem, NeighborProblem::long_in_loading);
}

// In: hellos that name a designated router, as from an end that is left at broadcast. Out: it is said, of a
// Full neighbour too.
TEST_F(AdmissionTest, Section10_5_ANeighborThatElectsIsShown) {
  EXPECT_EQ(neighbor().problem, NeighborProblem::none);
  auto hello = peer->hello();
  hello.designated_router = ospf::DesignatedId{peer->address.value};
  peer->fall_silent();
  peer->transmit(V2::encode(peer->id(), kBackbone, hello), peer->address, kGroup);
  network.run_for(kRoundTrip);
  EXPECT_EQ(neighbor().state, NeighborState::full);
  EXPECT_EQ(neighbor().problem, NeighborProblem::network_type);
}

// In: another mask on a point-to-point link. Out: no reason to refuse; told once and shown.
TEST_F(AdmissionTest, Section10_5_AnotherMaskIsToldAndNotRefused) {
  EXPECT_TRUE(events_of<NetworkMaskDiffers>(0).empty());
  set_addresses({{own_address(), 24}});
  network.run_for(seconds{5});
  EXPECT_EQ(neighbor().state, NeighborState::full);
  const auto masks = events_of<NetworkMaskDiffers>(0);
  ASSERT_EQ(masks.size(), 1U);
  EXPECT_EQ(masks.front().theirs, netmask(30));
  EXPECT_EQ(masks.front().ours, netmask(24));
  EXPECT_EQ(neighbor().problem, NeighborProblem::network_mask);
}

// In: an acknowledgement of nothing that awaits one. Out: counted.
TEST_F(AdmissionTest, Section13_7_AnAcknowledgmentThatMatchesNothingCounts) {
  const auto before = drops(0, DropReason::lsa_not_awaited);
  const LinkStateAcknowledgment ack{
      {V2::header(peer->router_lsa(77)), V2::header(stored(0, router_key(peer->id()))->lsa)}};
  peer->transmit(V2::encode(peer->id(), kBackbone, ack));
  network.run_for(kRoundTrip);
  EXPECT_EQ(drops(0, DropReason::lsa_not_awaited), before + 2);
}

}  // namespace
}  // namespace wgospf::sim
