// Which rules look a table up, from messages as the kernel writes them.
#include "rib/table_lookup.h"

#include <gtest/gtest.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace wgospf::rib {
namespace {

constexpr std::uint32_t kTable = 88'888;

template <class Kind>
Kind decoded(MessageBuffer& buffer) {
  buffer.end();
  auto message = decode(buffer.bytes());
  EXPECT_TRUE(message.has_value());
  return std::get<Kind>(message.value());
}

RuleMessage rule(std::uint32_t table, std::uint8_t l3mdev, std::uint16_t type = RTM_NEWRULE) {
  MessageBuffer buffer;
  buffer.begin(type, 0, 0);
  fib_rule_hdr header{};
  header.family = AF_INET;
  header.action = FR_ACT_TO_TBL;
  buffer.put_header(header);
  buffer.put_u32(FRA_TABLE, table);
  buffer.put_attribute(FRA_L3MDEV, std::as_bytes(std::span(&l3mdev, 1)));
  return decoded<RuleMessage>(buffer);
}

TEST(TableLookupTest, RuleNamesTheTable) {
  const TableLookup lookup(kTable);
  EXPECT_TRUE(lookup.heard(rule(kTable, 0, RTM_DELRULE)));
  EXPECT_FALSE(lookup.heard(rule(254, 0)));
  EXPECT_TRUE(lookup.by_any_of({rule(254, 0), rule(kTable, 0)}));
  EXPECT_FALSE(lookup.by_any_of({rule(254, 0), rule(0, 1)}));
}

TEST(TableLookupTest, L3mdevRuleLooksUpTheTablesOfVrfs) {
  TableLookup lookup(kTable);
  EXPECT_TRUE(lookup.heard(rule(0, 1)));
  EXPECT_FALSE(lookup.heard_of_vrf(7, 5)) << "another table's VRF";
  EXPECT_FALSE(lookup.heard_of_vrf(7, 0)) << "no VRF";
  EXPECT_FALSE(lookup.by_any_of({rule(0, 1)}));
  EXPECT_TRUE(lookup.heard_of_vrf(7, kTable));
  EXPECT_FALSE(lookup.heard_of_vrf(7, kTable)) << "nothing new";
  EXPECT_TRUE(lookup.by_any_of({rule(0, 1)}));
  EXPECT_FALSE(lookup.by_any_of({rule(254, 0)})) << "a VRF without the rule";
  EXPECT_TRUE(lookup.heard_of_vrf(7, 0));
  EXPECT_FALSE(lookup.by_any_of({rule(0, 1)}));
}

}  // namespace
}  // namespace wgospf::rib
