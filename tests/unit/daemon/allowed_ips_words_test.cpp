// What becomes of managed allowed-ips, in words.

#include "daemon/routes/allowed_ips_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wgospf::daemon {
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
  EXPECT_EQ(describe_taken("wg0", {{kLan, key(1), key(2)}, {kLan, key(2), std::nullopt}}),
            "allowed-ips of wg0 that are managed were changed, and are put back: 192.168.2.0/24 of peer " +
                kOne + " was given to peer " + kTwo + "; 192.168.2.0/24 of peer " + kTwo + " was removed");
}

}  // namespace
}  // namespace wgospf::daemon
