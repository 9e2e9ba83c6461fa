// Many routers behind one device: point-to-multipoint networks of links to one peer each (RFC 2328 sections
// 8.1, 9.5, 12.4.1.4, 16.1.1; D36).

#include <algorithm>
#include <set>

#include "tests/sim/peers.h"

namespace wgospf::sim {
namespace {

using namespace ospf;
using v2::RouterLink;
using v2::RouterLinkType;

/// A hub with spokes, each with one device.
class PeersTest : public PeersScenario {
 protected:
  void build_hub(std::uint32_t spokes) {
    hub = add_router(1);
    for (std::uint32_t i = 0; i < spokes; ++i) {
      const RouterIndex spoke = add_router(2 + i);
      cables.push_back(connect_peers(hub, spoke));
    }
  }
  void settle() {
    start_all();
    ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{5}));
    network.run_for(seconds{15});
  }
  [[nodiscard]] Ipv4Address loopback(RouterIndex router) const { return {network.routers[router].id.value}; }
  [[nodiscard]] static RouterLink to(RouterId neighbor, Ipv4Address own, std::uint16_t cost) {
    return {neighbor.value, own.value, RouterLinkType::point_to_point, cost, {}};
  }
  [[nodiscard]] static RouterLink host(Ipv4Address address) {
    return {address.value, 0xffffffff, RouterLinkType::stub, 0, {}};
  }
  [[nodiscard]] static bool is_to_group(const Transmit& packet) {
    return std::holds_alternative<Group>(packet.destination);
  }

  RouterIndex hub = 0;
  std::vector<CableIndex> cables;
};

// In: a hub with three spokes on one device. Out: its router-LSA has the device's address as a host route
// without cost, once, a type 1 link for each spoke with that address as its data, and no subnet.
TEST_F(PeersTest, Section12_4_1_4_AHostRouteAndALinkForEachFullNeighbor) {
  build_hub(3);
  settle();
  const Ipv4Address own = address_of(hub);
  std::vector<RouterLink> expected{host(loopback(hub))};
  for (RouterIndex spoke = 1; spoke <= 3; ++spoke) {
    expected.push_back(to(network.routers[spoke].id, own, 10));
    if (spoke == 1) expected.push_back(host(own));
  }
  EXPECT_EQ(own_links(hub), expected);
  network.crash(3);
  network.run_for(seconds{15});
  std::erase(expected, to(network.routers[3].id, own, 10));
  EXPECT_EQ(own_links(hub), expected) << "without a link to the spoke that is gone";
}

// In: the same. Out: routes lead to the neighbour's address on the device, over its link; from spoke to spoke
// by the hub.
TEST_F(PeersTest, Section16_1_1_TheNextHopIsTheNeighborsAddress) {
  build_hub(3);
  settle();
  for (RouterIndex spoke = 1; spoke <= 3; ++spoke) {
    const auto hub_end = network.cables[cables[spoke - 1]].ends[0],
               spoke_end = network.cables[cables[spoke - 1]].ends[1];
    const std::vector<NextHop> down{{hub_end.link, address_of(spoke), network.routers[spoke].id}};
    const std::vector<NextHop> up{{spoke_end.link, address_of(hub), network.routers[hub].id}};
    for (const Ipv4Address target : {loopback(spoke), address_of(spoke)}) EXPECT_EQ(ways(hub, target), down);
    const RouterIndex other = spoke % 3 + 1;
    for (const Ipv4Address target : {loopback(other), address_of(other), address_of(hub)})
      EXPECT_EQ(ways(spoke, target), up);
  }
  const auto table = instance(hub).routes();
  EXPECT_EQ(table->find(Ipv4Prefix::make(address_of(hub), 24)), nullptr) << "the subnet is nobody's";
}

// In: routers with links to peers and to groups. Out: packets of every type go to the peer's address on the
// former, all to the group on the latter.
TEST_F(PeersTest, Section8_1_EverythingGoesToThePeerByUnicast) {
  build_hub(2);
  connect(hub, 1);
  settle();
  network.crash(2);  // when it comes back there is something to ask for
  network.start(2);
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{15}));
  std::set<PacketType> types;
  std::size_t to_group = 0;
  for (const auto& one : sent) {
    const auto& port = network.routers[one.router].ports.at(one.packet.link);
    EXPECT_EQ(is_to_group(one.packet), !port.config.peer_address.has_value());
    if (!port.config.peer_address) {
      ++to_group;
      continue;
    }
    types.insert(static_cast<PacketType>((*one.packet.bytes)[1]));
    EXPECT_EQ(std::get<IpAddress>(one.packet.destination), *port.config.peer_address);
  }
  EXPECT_GT(to_group, 0U);
  EXPECT_EQ(types.size(), 5U) << "packets of every type";
}

// In: spokes of a hub, one with a tunnel of its own to it besides. Out: both are ways of equal cost, by the
// addresses that they go to; when one is lost the other stays.
TEST_F(PeersTest, Section16_1_ParallelLinksToOneRouterMayDiffer) {
  build_hub(2);
  const CableIndex dedicated = connect(hub, 1);
  settle();
  const LinkId shared_link = network.cables[cables[0]].ends[0].link;
  const LinkId own_link = network.cables[dedicated].ends[0].link;
  const NextHop shared{shared_link, address_of(1), network.routers[1].id};
  const NextHop own{own_link, port_of(dedicated, 1).source(), network.routers[1].id};
  EXPECT_EQ(ways(hub, loopback(1)), (std::vector{shared, own}));
  for (auto& way : network.cables[cables[0]].into) way.cut = true;
  network.run_for(seconds{6});
  EXPECT_EQ(ways(hub, loopback(1)), std::vector{own});
  EXPECT_EQ(full_count(hub), 2U) << "the other spoke's link is as it was";
}

// In: the device goes down, and comes back with another address. Out: all its links go, for that reason, and
// come back; routes lead to the new address.
TEST_F(PeersTest, Section9_3_ADeviceTakesAllItsLinksWithIt) {
  build_hub(3);
  settle();
  const LinkId first = first_ports.at(hub);
  network.set_up(hub, first, false);
  EXPECT_EQ(full_count(hub), 0U);
  std::size_t downs = 0;
  for (const auto& change : events_of<InterfaceStateChanged>(hub))
    downs += change.to == InterfaceState::down && change.reason == InterfaceReason::link_down ? 1 : 0;
  EXPECT_EQ(downs, 3U);
  auto status = network.routers[hub].ports.at(first).status();
  const Ipv4Address moved{0x0a6300c8};
  status.up = true;
  status.addresses = {{moved, 24}};
  network.set_status(hub, first, status);
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{15}));
  network.run_for(seconds{15});
  EXPECT_EQ(ways(1, loopback(hub)).front().gateway, IpAddress{moved});
  EXPECT_EQ(ways(1, moved).front().gateway, IpAddress{moved});
}

// In: a peer is removed from the configuration of a device. Out: its neighbour ends at once, and nobody
// else's.
TEST_F(PeersTest, APeerThatIsRemovedEndsItsNeighborAlone) {
  build_hub(3);
  settle();
  const auto gone = network.cables[cables[1]].ends[0];
  const Port removed = network.routers[hub].ports.at(gone.link);
  network.routers[hub].ports.erase(gone.link);
  const std::size_t told = events_of<NeighborStateChanged>(hub).size();
  network.reload(hub);
  EXPECT_EQ(full_count(hub), 2U);
  const auto changes = events_of<NeighborStateChanged>(hub);
  ASSERT_EQ(changes.size(), told + 1);
  EXPECT_EQ(changes.back().interface_reason, InterfaceReason::removed);
  network.routers[hub].ports.emplace(gone.link, removed);
  network.reload(hub);
  ASSERT_TRUE(network.run_until([&] { return all_full(); }, seconds{15}));
}

// In: a link's peer gets another address, known at once at the hub, later at the peer. Out: the neighbour
// ends, and is Full at the new address when it speaks from there.
TEST_F(PeersTest, APeersNewAddressIsFollowed) {
  const RouterIndex router = add_router(1);
  auto peer = add_scripted_peer(router, 9);
  start_all();
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return peer->is_full() && full_count(router) == 1; }, seconds{5}));
  const Ipv4Address moved{0x0a6300c8};
  network.routers[router].ports.at(link_of(*peer)).config.peer_address = moved;
  network.reload(router);
  EXPECT_EQ(full_count(router), 0U);
  network.run_for(seconds{3});
  EXPECT_EQ(full_count(router), 0U) << "it speaks from where it was";
  EXPECT_GT(drops(router, DropReason::not_the_peer), 0U);
  peer->address = moved;
  ASSERT_TRUE(network.run_until([&] { return full_count(router) == 1; }, seconds{10}));
  EXPECT_EQ(instance(router).neighbors().front().address, IpAddress{moved});
}

// In: on a link for a peer, what others say: hellos to the group and to our address in the peer's name and
// another's, updates; and what the peer says to the group. Out: nothing of the former counts, each is told as
// not the peer's; the latter does.
TEST_F(PeersTest, Section8_2_OnlyWhatComesFromThePeersAddressCounts) {
  const RouterIndex router = add_router(1);
  auto peer = add_scripted_peer(router, 9);
  start_all();
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return peer->is_full() && full_count(router) == 1; }, seconds{5}));
  network.run_for(seconds{5});
  const Ipv4Address other{0x0a630007}, far_host{0xc6336401};
  const auto before = instance(router).statistics();
  const auto lsa = peer->router_lsa(kInitialSequenceNumber + 50, 3);
  const OutgoingLsa update[] = {{lsa, 1}};
  std::uint64_t sent_by_others = 0;
  for (const Ipv4Address source : {other, far_host}) {
    for (const Ipv4Address destination : {Network::kAllSpfRouters, address_of(router)}) {
      for (const RouterId id : {peer->id(), RouterId{0x01010107}}) {
        peer->transmit(V2::encode(id, kBackbone, peer->hello()), source, destination);
        peer->transmit(V2::encode(id, kBackbone, std::span<const OutgoingLsa>(update)), source, destination);
        sent_by_others += 2;
      }
    }
  }
  network.run_for(milliseconds{50});
  EXPECT_EQ(drops(router, DropReason::not_the_peer), sent_by_others);
  EXPECT_EQ(instance(router).statistics().lsas_received, before.lsas_received);
  EXPECT_EQ(state_of(router, *peer), NeighborState::full);
  EXPECT_TRUE(info_of(router, link_of(*peer)).refused.empty())
      << "who is not the peer is no neighbour in waiting";
  peer->transmit(V2::encode(peer->id(), kBackbone, std::span<const OutgoingLsa>(update)), peer->address,
                 Network::kAllSpfRouters);
  peer->transmit(V2::encode(peer->id(), kBackbone, peer->hello()), peer->address, {0x0a630063});
  network.run_for(milliseconds{50});
  EXPECT_EQ(instance(router).statistics().lsas_received, before.lsas_received + 1);
  EXPECT_EQ(drops(router, DropReason::bad_destination), 1U) << "to whom it is not sent";
}

// In: a peer whose hellos come by unicast, as those of a router with configured neighbours do. Out: Full.
TEST_F(PeersTest, Section10_5_AHelloByUnicastMakesTheNeighbor) {
  const RouterIndex router = add_router(1);
  auto peer = add_scripted_peer(router, 9);
  peer->hold(peer->router_lsa(kInitialSequenceNumber, 2));
  start_all();
  peer->start();
  EXPECT_TRUE(network.run_until([&] { return peer->is_full() && full_count(router) == 1; }, seconds{5}));
  EXPECT_EQ(drops(router, DropReason::unicast_hello), 0U);
}

// In: a neighbour that plays FRR from 9 on with `point-to-multipoint non-broadcast`: hellos by unicast with the mask of its
// interface, no opaque LSAs, acknowledgements by a clock of 1 s, its address as a host route without cost and a type 1 link
// to us, and a LAN. Out: Full; it is in our router-LSA, and its address and LAN are reached by its address.
TEST_F(PeersTest, Section12_4_1_4_FrrAsPointToMultipointNonBroadcastBecomesFull) {
  const RouterIndex router = add_router(1);
  auto peer = add_scripted_peer(router, 9);
  peer->hello_options = peer->dd_options = {Options::kExternal};
  peer->ack_clock = seconds{1};
  const Ipv4Prefix lan{{0xc0a84300}, 24};
  v2::RouterLsa body;
  body.links = {
      host(peer->address),
      {network.routers[router].id.value, peer->address.value, RouterLinkType::point_to_point, 10, {}},
      {lan.address.value, netmask(24), RouterLinkType::stub, 10, {}}};
  LsaHeader header;
  header.options = {Options::kExternal};
  header.key = router_key(peer->id());
  header.sequence_number = kInitialSequenceNumber;
  peer->hold(V2::encode_lsa(header, body));
  start_all();
  peer->start();
  ASSERT_TRUE(network.run_until([&] { return peer->is_full() && full_count(router) == 1; }, seconds{5}));
  network.run_for(seconds{15});
  EXPECT_EQ(own_links(router),
            (std::vector<RouterLink>{host(loopback(router)), to(peer->id(), address_of(router), 10),
                                     host(address_of(router))}));
  const std::vector<NextHop> way{{link_of(*peer), peer->address, peer->id()}};
  EXPECT_EQ(ways(router, peer->address), way);
  EXPECT_EQ(ways(router, Ipv4Address{lan.address.value + 1}), way);
  EXPECT_EQ(peer->updates_of(router_key(network.routers[router].id)).back().taken, true);
}

// In: masks of both ends that differ, and one of an address alone. Out: the first is refused and shown, as
// section 10.5 has it for networks other than point-to-point; the second is Full.
TEST_F(PeersTest, Section10_5_AnotherMaskIsRefusedUnlessAnAddressIsAlone) {
  const RouterIndex router = add_router(1);
  auto peer = add_scripted_peer(router, 9);
  peer->network_mask = netmask(25);
  start_all();
  peer->start();
  network.run_for(seconds{5});
  EXPECT_EQ(full_count(router), 0U);
  const auto refused = info_of(router, link_of(*peer)).refused;
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused.front().reason, DropReason::network_mask_mismatch);
  peer->network_mask = netmask(32);
  EXPECT_TRUE(network.run_until([&] { return full_count(router) == 1; }, seconds{10}));
}

// In: hellos of a router on a device of several peers. Out: they carry the device's own mask.
TEST_F(PeersTest, Section9_5_HellosCarryTheInterfacesMask) {
  build_hub(2);
  std::size_t seen = 0;
  network.packet_observers.push_back([&](RouterIndex, LinkId, const Packet& packet) {
    const auto* hello = std::get_if<Hello>(&packet.body);
    if (hello == nullptr) return;
    ++seen;
    EXPECT_EQ(hello->network_mask, netmask(24));
  });
  settle();
  EXPECT_GT(seen, 0U);
}

// In: a device for peers that has none yet, but a passive link. Out: its address is advertised all the same.
TEST_F(PeersTest, Section12_4_1_4_APassiveLinkAdvertisesTheDevicesAddress) {
  const RouterIndex router = add_router(1), other = add_router(2);
  connect(router, other);
  const LinkId link = add_peer_port(router);
  auto& config = network.routers[router].ports.at(link).config;
  config.type = InterfaceType::point_to_multipoint;
  config.passive = true;
  settle();
  EXPECT_EQ(ways(other, address_of(router)).size(), 1U);
  const auto links = own_links(router);
  EXPECT_EQ(std::count(links.begin(), links.end(), host(address_of(router))), 1);
  EXPECT_EQ(instance(router).routes()->find(Ipv4Prefix::host(address_of(router)))->set, kAttachedSet);
}

// In: devices without an address of their own, which borrow the loopback's. Out: the links are known by the
// address that is borrowed, which is where the others send.
TEST_F(PeersTest, Section12_4_1_4_AnUnnumberedDeviceGoesByTheAddressThatItBorrows) {
  build_hub(2);
  for (RouterIndex router = 0; router < 3; ++router) {
    auto status = network.routers[router].ports.at(first_ports.at(router)).status();
    status.addresses.clear();
    status.unnumbered_source = loopback(router);
    network.set_status(router, first_ports.at(router), status);
  }
  settle();
  const auto links = own_links(hub);
  EXPECT_EQ(std::count(links.begin(), links.end(), host(loopback(hub))), 1);
  for (RouterIndex spoke = 1; spoke <= 2; ++spoke) {
    const auto link = to(network.routers[spoke].id, loopback(hub), 10);
    EXPECT_EQ(std::count(links.begin(), links.end(), link), 1);
    EXPECT_EQ(ways(hub, loopback(spoke)).front().gateway, IpAddress{loopback(spoke)});
  }
}

}  // namespace
}  // namespace wgospf::sim
