// Whose endpoint is known to be there, and whose may be a stranger's say.

#include "wgadapter/endpoint_proofs.h"

#include <gtest/gtest.h>

namespace wgospf::wg::endpoint_proofs_cases {
namespace {

using std::chrono::seconds;

const Ipv4Address kHome{0xc0000201}, kElsewhere{0x08080808};

class EndpointProofsTest : public testing::Test {
 protected:
  EndpointProofsTest() {
    device.name = "wg0";
    device.peers.emplace_back().public_key.bytes[0] = 1;
  }
  Peer& peer() { return device.peers.front(); }
  void move_to(const Ipv4Address& address) { peer().endpoint = Endpoint{address, 51820, 0}; }
  /// A handshake's first message came.
  void call() { peer().rx_bytes += 148; }
  void complete(int at) { peer().last_handshake = SystemTime{seconds{at}}; }
  bool is_proven(const Ipv4Address& address) {
    proofs.take("wg0", &device);
    return proofs.is_proven("wg0", peer().public_key, address);
  }

  Device device;
  EndpointProofs proofs;
};

// In: an endpoint by hand, from which nothing has come yet. Out: it is as good as the configuration.
TEST_F(EndpointProofsTest, OneByHandIsProven) {
  EXPECT_FALSE(proofs.is_proven("wg0", peer().public_key, kHome)) << "nothing was read";
  move_to(kHome);
  EXPECT_TRUE(is_proven(kHome));
  EXPECT_FALSE(is_proven(kElsewhere));
  move_to(kElsewhere);  // by hand again: nothing has come
  EXPECT_TRUE(is_proven(kElsewhere));
}

// In: a handshake's first message gives a peer an endpoint, and nobody answers there. Out: not proven, however often; with
// the handshake's end it is.
TEST_F(EndpointProofsTest, OneThatOnlyCalledIsNot) {
  EXPECT_FALSE(is_proven(kElsewhere));
  call();
  move_to(kElsewhere);
  EXPECT_FALSE(is_proven(kElsewhere));
  call();
  EXPECT_FALSE(is_proven(kElsewhere));
  complete(5);
  EXPECT_TRUE(is_proven(kElsewhere));
}

// In: a peer that is connected, then a message of its handshake from somewhere else. Out: only what has completed a
// handshake there counts.
TEST_F(EndpointProofsTest, OneThatRoamsIsProvenByItsNextHandshake) {
  move_to(kHome);
  call();
  complete(5);
  EXPECT_TRUE(is_proven(kHome)) << "it was read first when it had completed one";
  call();
  move_to(kElsewhere);
  EXPECT_FALSE(is_proven(kElsewhere));
  call();
  EXPECT_FALSE(is_proven(kElsewhere));
  call();
  complete(130);
  EXPECT_TRUE(is_proven(kElsewhere));
}

// In: a device read for the first time, whose peer has called and completed nothing. Out: not proven. A peer that is made
// again, with an endpoint by hand, is as new; a device that is gone has none.
TEST_F(EndpointProofsTest, WhatWasBeforeIsNotKnown) {
  call();
  move_to(kElsewhere);
  EXPECT_FALSE(is_proven(kElsewhere));
  peer().rx_bytes = 0;
  EXPECT_TRUE(is_proven(kElsewhere));
  proofs.take("wg0", nullptr);
  EXPECT_FALSE(proofs.is_proven("wg0", peer().public_key, kElsewhere));
}

// In: a stranger sends a kept message on while a handshake that this router began completes with the peer, all between two
// readings. Out: not proven; the next handshake proves it.
TEST_F(EndpointProofsTest, AHandshakeFromBeforeTheMoveProvesNothing) {
  move_to(kHome);
  call();
  complete(5);
  EXPECT_TRUE(is_proven(kHome));
  call();
  complete(125);
  move_to(kElsewhere);
  EXPECT_FALSE(is_proven(kElsewhere));
  EXPECT_FALSE(is_proven(kElsewhere)) << "nothing has come since";
  complete(245);
  EXPECT_TRUE(is_proven(kElsewhere));
}

// In: this router makes the peer again, for a new session. Out: what was not proven is not by that, be it where it was or
// somewhere else; what was proven stays so.
TEST_F(EndpointProofsTest, MakingAPeerAgainProvesNothing) {
  move_to(kHome);
  call();
  complete(5);
  EXPECT_TRUE(is_proven(kHome));
  peer().rx_bytes = 0;
  peer().last_handshake.reset();
  proofs.renewed("wg0", peer().public_key);
  EXPECT_TRUE(is_proven(kHome));
  call();
  move_to(kElsewhere);
  EXPECT_FALSE(is_proven(kElsewhere));
  for (const Ipv4Address& address : {kElsewhere, kHome}) {
    peer().rx_bytes = 0;
    move_to(address);
    proofs.renewed("wg0", peer().public_key);
    EXPECT_FALSE(is_proven(address)) << address.to_string();
    call();
    EXPECT_FALSE(is_proven(address)) << address.to_string();
  }
}

}  // namespace
}  // namespace wgospf::wg::endpoint_proofs_cases
