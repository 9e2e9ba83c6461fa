// What section 8.2 and 10.5 ask of a packet's context: each reason by itself, and nothing happens.

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

constexpr Ipv4Address kGroup = Network::kAllSpfRouters;

class PacketTest : public Scenario {
 protected:
  void SetUp() override { peer = full_peer(1, 9); }

  [[nodiscard]] Ipv4Address own_address() { return network.routers[0].ports.at(link_of(*peer)).source(); }
  /// A hello that would end the adjacency, were it taken: it lists nobody.
  [[nodiscard]] Hello one_way_hello() const {
    auto hello = peer->hello();
    hello.neighbors.clear();
    return hello;
  }
  [[nodiscard]] std::vector<std::byte> packet(const Hello& hello, RouterId from,
                                              AreaId area = kBackbone) const {
    return V2::encode(from, area, hello);
  }
  void expect_dropped(DropReason reason, std::vector<std::byte> bytes, Ipv4Address source,
                      Ipv4Address destination) {
    SCOPED_TRACE(to_string(reason));
    const auto total = instance(0).statistics().drops.total(), before = drops(0, reason);
    const auto states = events_of<NeighborStateChanged>(0).size();
    peer->transmit(std::move(bytes), source, destination);
    network.run_for(kRoundTrip);
    EXPECT_EQ(drops(0, reason), before + 1);
    EXPECT_EQ(instance(0).statistics().drops.total(), total + 1);
    EXPECT_EQ(events_of<NeighborStateChanged>(0).size(), states);
    EXPECT_EQ(instance(0).neighbors().size(), 1U);
  }

  std::unique_ptr<ScriptedPeer> peer;
};

// In: packets from our own address, from addresses that nobody can have. Out: dropped.
TEST_F(PacketTest, Section8_2_Source) {
  const auto bytes = packet(one_way_hello(), peer->id());
  expect_dropped(DropReason::own_packet, bytes, own_address(), kGroup);
  for (const std::uint32_t source : {0U, 0xe0000005U, 0x7f000001U, 0xffffffffU})
    expect_dropped(DropReason::bad_source, bytes, Ipv4Address{source}, kGroup);
}

// In: packets to somebody else, to AllDRouters. Out: dropped. To our own address: taken.
TEST_F(PacketTest, Section8_2_Destination) {
  const auto bytes = packet(one_way_hello(), peer->id());
  for (const std::uint32_t destination : {0x0a000063U, 0xe0000006U, 0xffffffffU})
    expect_dropped(DropReason::bad_destination, bytes, peer->address, Ipv4Address{destination});
  peer->transmit(bytes, peer->address, own_address());
  network.run_for(kDelay);
  EXPECT_EQ(state_of(0, *peer), NeighborState::init);
}

// In: another area's id, router ids that cannot be. Out: dropped, our own router id with an event.
TEST_F(PacketTest, Section8_2_AreaAndRouterId) {
  const auto hello = one_way_hello();
  expect_dropped(DropReason::area_mismatch, packet(hello, peer->id(), AreaId{1}), peer->address, kGroup);
  expect_dropped(DropReason::invalid_router_id, packet(hello, RouterId{0}), peer->address, kGroup);
  expect_dropped(DropReason::duplicate_router_id, packet(hello, network.routers[0].id), peer->address,
                 kGroup);
  EXPECT_EQ(events_of<DuplicateRouterId>(0).size(), 1U);
}

// In: anything but a hello from a router that has not said hello, while another is the neighbour and when
// none is. Out: dropped.
TEST_F(PacketTest, Section8_2_OnlyHellosFromStrangers) {
  const LinkStateAcknowledgment ack;
  expect_dropped(DropReason::not_the_neighbor, V2::encode(RouterId{0x01010107}, kBackbone, ack),
                 peer->address, kGroup);
  peer->fall_silent();
  network.run_for(seconds{6});
  ASSERT_TRUE(instance(0).neighbors().empty());
  peer->transmit(V2::encode(RouterId{0x01010107}, kBackbone, ack));
  network.run_for(kRoundTrip);
  EXPECT_EQ(drops(0, DropReason::unknown_neighbor), 1U);
}

// In: hellos with other intervals or without the E-bit. Out: dropped.
TEST_F(PacketTest, Section10_5_IntervalsAndOptions) {
  auto hello = one_way_hello();
  hello.hello_interval = 2;
  expect_dropped(DropReason::hello_interval_mismatch, packet(hello, peer->id()), peer->address, kGroup);
  hello = one_way_hello();
  hello.dead_interval = 5;
  expect_dropped(DropReason::dead_interval_mismatch, packet(hello, peer->id()), peer->address, kGroup);
  hello = one_way_hello();
  hello.options = {};
  expect_dropped(DropReason::options_mismatch, packet(hello, peer->id()), peer->address, kGroup);
}

}  // namespace
}  // namespace wgospf::sim
