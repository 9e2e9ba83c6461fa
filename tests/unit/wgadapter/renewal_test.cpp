#include "wgadapter/renewal.h"

#include <gtest/gtest.h>

namespace wgospf::wg::renewal_test {
namespace {

Endpoint endpoint(const char* address) {
  return {*parse_address(address), 51820, 0};
}

struct RenewalTest : ::testing::Test {
  Device device;
  Renewal renewal;
  RenewalTest() {
    Peer peer;
    peer.public_key.bytes[0] = 9;
    peer.endpoint = endpoint("203.0.113.2");
    peer.persistent_keepalive = 25;
    peer.allowed_ips = {*parse_prefix("0.0.0.0/0")};
    peer.rx_bytes = 5000;
    peer.last_handshake = SystemTime{std::chrono::seconds{1'700'000'000}};
    renewal = {peer.public_key, 5000, {*parse_prefix("10.2.0.0/30")}, {}};
    device.peers.push_back(peer);
  }
  std::optional<Endpoint> made_with() const {
    const auto delta = made_again(device, renewal, {});
    return delta ? delta->peers.at(0).endpoint : std::nullopt;
  }
};

// In: a peer of whom nothing has come. Out: it is made with all that it has.
TEST_F(RenewalTest, ThePeerIsMadeAsItIs) {
  const auto delta = made_again(device, renewal, {});
  ASSERT_TRUE(delta);
  ASSERT_EQ(delta->peers.size(), 1U);
  const PeerDelta& made = delta->peers[0];
  EXPECT_EQ(made.action, PeerAction::create);
  EXPECT_EQ(made.endpoint, device.peers[0].endpoint);
  EXPECT_EQ(made.persistent_keepalive, 25);
  EXPECT_EQ(made.add_allowed_ips, device.peers[0].allowed_ips);
}

// In: it has been heard since. Out: nothing is done.
TEST_F(RenewalTest, WhoWasHeardStays) {
  device.peers[0].rx_bytes = 5001;
  EXPECT_FALSE(made_again(device, renewal, {}));
}

// In: the endpoint was learned from a datagram that came through the tunnel. Out: it is made with the one before; where
// none is known nothing is done.
TEST_F(RenewalTest, AnEndpointInTheTunnelIsNotKept) {
  device.peers[0].endpoint = endpoint("10.2.0.2");
  EXPECT_FALSE(made_again(device, renewal, {}));
  renewal.outside = endpoint("198.51.100.2");
  EXPECT_EQ(made_with(), endpoint("198.51.100.2"));
  device.peers[0].endpoint = endpoint("203.0.113.9");
  EXPECT_EQ(made_with(), endpoint("203.0.113.9"));
}

// In: it was made again, and without a session its endpoint has moved, as by an old packet that somebody kept. Out: it
// is made with the one that it had in a session.
TEST_F(RenewalTest, WithoutASessionAnEndpointProvesNothing) {
  renewal.outside = endpoint("198.51.100.2");
  device.peers[0].last_handshake.reset();
  EXPECT_EQ(made_with(), endpoint("198.51.100.2"));
}

// In: it was made again, nothing has come since, and its endpoint is another. Out: it is made with that: somebody has set it.
TEST_F(RenewalTest, AnEndpointThatIsSetMeanwhileIsKept) {
  renewal.outside = endpoint("198.51.100.2");
  renewal.rx_bytes = device.peers[0].rx_bytes = 0;
  device.peers[0].last_handshake.reset();
  EXPECT_EQ(made_with(), endpoint("203.0.113.2"));
}

// In: a place that the peer is to be sought at. Out: it is made with that, be the former one in the tunnel or not, unless it
// has been heard.
TEST_F(RenewalTest, ItIsMadeWhereItIsSought) {
  renewal.aim = endpoint("198.51.100.7");
  EXPECT_EQ(made_with(), endpoint("198.51.100.7"));
  device.peers[0].endpoint = endpoint("10.2.0.2");
  EXPECT_EQ(made_with(), endpoint("198.51.100.7"));
  device.peers[0].endpoint.reset();
  EXPECT_EQ(made_with(), endpoint("198.51.100.7"));
  device.peers[0].rx_bytes = 5001;
  EXPECT_FALSE(made_again(device, renewal, {}));
}

}  // namespace
}  // namespace wgospf::wg::renewal_test
