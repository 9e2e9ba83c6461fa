// Link State IDs of AS-external LSAs (RFC 2328 appendix E): never the same for two prefixes, and always
// within the prefix.
#include "ospf/v2/external_ids.h"

#include <gtest/gtest.h>

#include <map>

#include "ospf/base/random.h"

namespace wgospf::ospf::v2 {
namespace {

IpPrefix prefix(const char* text) {
  return *parse_prefix(text);
}
LinkStateId id(const char* text) {
  return LinkStateId{Ipv4Address::parse(text)->value};
}

// In: a /31 and both of its addresses. Out: no id is left for it, and none of another network is taken; when
// one of the hosts goes it has one again.
TEST(Rfc2328AppendixE, APrefixWhoseAddressesAreAllTakenHasNoId) {
  ExternalIds ids;
  EXPECT_EQ(ids.assign(prefix("10.0.0.0/31")).id, id("10.0.0.0"));
  const auto first = ids.assign(prefix("10.0.0.0/32"));
  EXPECT_EQ(first.displaced, prefix("10.0.0.0/31"));
  EXPECT_EQ(ids.assign(prefix("10.0.0.0/31")).id, id("10.0.0.1"));
  const auto second = ids.assign(prefix("10.0.0.1/32"));
  EXPECT_EQ(second.displaced, prefix("10.0.0.0/31"));
  EXPECT_EQ(ids.assign(prefix("10.0.0.0/31")).id, std::nullopt);
  EXPECT_EQ(ids.release(prefix("10.0.0.0/31")), std::nullopt);
  EXPECT_EQ(ids.release(prefix("10.0.0.0/32")), id("10.0.0.0"));
  EXPECT_EQ(ids.assign(prefix("10.0.0.0/31")).id, id("10.0.0.0"));
}

TEST(Rfc2328AppendixE, TheLowestAddressOfAllIsNoWayOut) {
  ExternalIds ids;
  EXPECT_EQ(ids.assign(prefix("0.0.0.0/32")).id, id("0.0.0.0"));
  EXPECT_EQ(ids.assign(prefix("0.0.0.1/32")).id, id("0.0.0.1"));
  EXPECT_EQ(ids.assign(prefix("0.0.0.0/31")).id, std::nullopt);
  EXPECT_EQ(ids.assign(prefix("0.0.0.0/0")).id, id("255.255.255.255"));
}

// Prefixes of all lengths in a space of 16 addresses come and go; whatever the order, ids stay apart and
// within.
TEST(Rfc2328AppendixE, RandomPrefixesNeverShareAnId) {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    ExternalIds ids;
    std::map<Ipv4Prefix, std::optional<LinkStateId>> known;
    for (int step = 0; step < 60; ++step) {
      const auto at = Ipv4Prefix::make({0x0a000000 + random.next_u32() % 16},
                                       static_cast<std::uint8_t>(28 + random.next_u32() % 5));
      if (random.next_u32() % 3 == 0) {
        ids.release(at);
        known.erase(at);
        continue;
      }
      for (std::optional<Ipv4Prefix> next = at; next;) {
        const auto assigned = ids.assign(*next);
        known[*next] = assigned.id;
        next = assigned.displaced ? std::optional(std::get<Ipv4Prefix>(*assigned.displaced)) : std::nullopt;
      }
      std::map<LinkStateId, Ipv4Prefix> holders;
      for (const auto& [holder, held] : known) {
        if (!held) continue;
        EXPECT_TRUE(holder.contains(Ipv4Address{held->value})) << holder.to_string();
        EXPECT_TRUE(holders.emplace(*held, holder).second) << holder.to_string();
      }
    }
  }
}

}  // namespace
}  // namespace wgospf::ospf::v2
