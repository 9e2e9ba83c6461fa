// What becomes of managed allowed-ips, in words.

#include "daemon/routes/allowed_ips_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wgospf::daemon::allowed_ips_words_test {
namespace {

using Conflict = wg::AllowedIpConflict;

wg::Key key(std::uint8_t number) {
  wg::Key key;
  key.bytes.fill(number);
  return key;
}
const Ipv4Prefix kLan = *Ipv4Prefix::parse("192.168.2.0/24");
const std::string kOne = key(1).to_base64(), kTwo = key(2).to_base64();

TEST(AllowedIpsWords, AConflictNamesBothPeersAndTheCure) {
  EXPECT_EQ(describe_conflicts("wg0", {}), "");
  EXPECT_EQ(describe_conflicts("wg0", {{kLan, Conflict{Conflict::Kind::by_hand, key(1), key(2)}}}),
            "allowed-ips of wg0: 192.168.2.0/24 belongs to peer " + kOne +
                " by hand, and the routes lead to peer " + kTwo + ": take it out of the allowed-ips of " +
                kOne);
  EXPECT_EQ(describe_conflicts("wg0", {{kLan, Conflict{Conflict::Kind::pinned, key(1), key(2)}}}),
            "allowed-ips of wg0: 192.168.2.0/24 is the address of both peer " + kOne + " and peer " + kTwo +
                ": give them different ones");
}

TEST(AllowedIpsWords, ManyAreCutAtAFew) {
  std::map<Ipv4Prefix, Conflict> many;
  for (std::uint32_t i = 0; i < 1000; ++i)
    many[Ipv4Prefix::host({i})] = {Conflict::Kind::by_hand, key(1), key(2)};
  EXPECT_LT(describe_conflicts("wg0", many).size(), 2000U);
}

TEST(AllowedIpsWords, WhatWasTakenIsNamedWithWhoHasIt) {
  EXPECT_EQ(describe_taken("wg0", {{kLan, key(1), key(2), 1}, {kLan, key(2), std::nullopt, 1}}),
            "allowed-ips of wg0 that are managed were changed, and are put back: 192.168.2.0/24 of peer " +
                kOne + " was given to peer " + kTwo + "; 192.168.2.0/24 of peer " + kTwo + " was removed");
}

TEST(AllowedIpsWords, APrefixThatTwoPeersClaimNamesBoth) {
  EXPECT_EQ(describe_claimed_twice("wg0", {{kLan, key(1), key(2)}}),
            "allowed-ips of wg0: a prefix belongs to one peer: 192.168.2.0/24 was given to peer " + kOne +
                " by hand, and then to peer " + kTwo +
                ", which alone has it now; write it at the one that it belongs to");
}

// In: a prefix of one by hand that the other is to have, and one that was taken twice. Out: each peer's own.
TEST(AllowedIpsWords, EachPeerHasItsProblems) {
  const auto mine = *Ipv4Prefix::parse("192.168.3.0/24");
  wg::ManagedIps managed("wg0");
  wg::Device device;
  device.peers.resize(2);
  device.peers[0] = {.public_key = key(1), .allowed_ips = {kLan}};
  device.peers[1] = {.public_key = key(2)};
  managed.read(&device);
  EXPECT_TRUE(peer_problems(managed).empty());
  (void)managed.want(kLan, key(2));
  (void)managed.want(mine, key(2));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(managed.next());
    device.peers[1].allowed_ips = {mine};
    managed.read(&device);
    managed.applied();
    EXPECT_FALSE(managed.next());
    device.peers[1].allowed_ips.clear();
    managed.read(&device);
  }
  ASSERT_TRUE(managed.next());
  const auto problems = peer_problems(managed);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.at(key(2)),
            (std::vector<std::string>{"allowed-ips of wg0: 192.168.2.0/24 belongs to peer " + kOne +
                                          " by hand, and the routes lead to peer " + kTwo +
                                          ": take it out of the allowed-ips of " + kOne,
                                      "allowed-ips of wg0 that are managed were changed by somebody else, "
                                      "and put back: 192.168.3.0/24 was "
                                      "removed (3 times)"}));
}

}  // namespace
}  // namespace wgospf::daemon::allowed_ips_words_test
