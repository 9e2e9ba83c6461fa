// Whose tunnel carries another one's datagrams.

#include "daemon/links/carried_tunnels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wgospf::daemon::carried_tunnels_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

wg::Peer peer(std::uint8_t number, const char* allowed, Ipv4Address endpoint) {
  wg::Peer peer;
  peer.public_key.bytes.fill(number);
  peer.allowed_ips = {*Ipv4Prefix::parse(allowed)};
  peer.endpoint = wg::Endpoint{endpoint, 51820};
  return peer;
}
wg::Device device(const char* name, std::uint32_t ifindex, std::vector<wg::Peer> peers) {
  wg::Device device;
  device.name = name;
  device.ifindex = ifindex;
  device.peers = std::move(peers);
  return device;
}

// In: wg2, and a peer of wg3, whose endpoints are behind the second peer of wg0; wg0's own leave by an uplink, or were
// not asked for. Out: that peer carries both, and nobody else anything.
TEST(CarriedTunnels, AreThoseWhoseEndpointTheWayLeadsToOverThePeer) {
  constexpr Ipv4Address kOutside{0xcb007102}, kBehindSecond{0xc0a82405};
  auto underlay = wg::underlay_of(
      {device("wg0", 10, {peer(1, "192.168.35.0/24", kOutside), peer(2, "192.168.36.0/24", kOutside)}),
       device("wg2", 12, {peer(3, "0.0.0.0/0", kBehindSecond)}),
       device("wg3", 13, {peer(4, "10.1.0.0/16", kBehindSecond), peer(5, "10.2.0.0/16", kOutside)})});
  for (auto& tunnel : underlay.peers) {
    const bool is_within = std::get<Ipv4Address>(tunnel.endpoint.address) == kBehindSecond;
    tunnel.way = wg::EndpointWay{};
    tunnel.way->ifindexes = {is_within ? 10U : 2U};
  }
  PeerNotes notes;
  add_carried(underlay, notes);
  ASSERT_EQ(notes.size(), 1U);
  const auto& [place, note] = *notes.begin();
  EXPECT_EQ(place.device, "wg0");
  EXPECT_EQ(place.key.bytes[0], 2);
  EXPECT_THAT(note.carries, ElementsAre("wg2", "wg3/BAQEBAQE"));

  for (auto& tunnel : underlay.peers) tunnel.way.reset();
  notes.clear();
  add_carried(underlay, notes);
  EXPECT_THAT(notes, IsEmpty());
}

}  // namespace
}  // namespace wgospf::daemon::carried_tunnels_test
