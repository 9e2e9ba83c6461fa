// The pure half of the link inventory, fed with messages built here as the kernel builds them.

#include "wgadapter/link_table.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>

#include <array>

#include "wgadapter/netlink.h"

namespace wgospf::wg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = LinkEvent::Kind;

struct LinkSpec {
  int ifindex = 7;
  const char* name = "wg0";
  unsigned flags = IFF_UP | IFF_POINTOPOINT | IFF_NOARP;
  unsigned mtu = 1420;
  unsigned char family = AF_UNSPEC;
  const char* kind = "wireguard";
  unsigned vrf_table = 0;
};

Message link_message(std::uint16_t type, const LinkSpec& spec) {
  Message message = make_message(type, 0);
  ifinfomsg header{};
  header.ifi_family = spec.family;
  header.ifi_index = spec.ifindex;
  header.ifi_flags = spec.flags;
  nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  if (spec.name != nullptr) nla_put_string(message.get(), IFLA_IFNAME, spec.name);
  if (spec.mtu == 0) return message;  // as wireless extensions tell of an event
  nla_put_u32(message.get(), IFLA_MTU, spec.mtu);
  nlattr* info = nla_nest_start(message.get(), IFLA_LINKINFO);
  nla_put_string(message.get(), IFLA_INFO_KIND, spec.kind);
  if (spec.vrf_table != 0) {
    nlattr* data = nla_nest_start(message.get(), IFLA_INFO_DATA);
    nla_put_u32(message.get(), IFLA_VRF_TABLE, spec.vrf_table);
    nla_nest_end(message.get(), data);
  }
  nla_nest_end(message.get(), info);
  return message;
}

struct AddressSpec {
  const char* local = "10.0.0.1";
  const char* address = "10.0.0.1";
  std::uint8_t length = 24;
  std::uint8_t scope = RT_SCOPE_UNIVERSE;
  std::uint32_t flags = 0;
};

Message address_message(std::uint16_t type, const AddressSpec& spec) {
  Message message = make_message(type, 0);
  const bool v6 = std::string_view(spec.address).find(':') != std::string_view::npos;
  ifaddrmsg header{};
  header.ifa_family = static_cast<std::uint8_t>(v6 ? AF_INET6 : AF_INET);
  header.ifa_prefixlen = spec.length;
  header.ifa_scope = spec.scope;
  header.ifa_index = 7;
  nlmsg_append(message.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  const auto put = [&](int type_of_attribute, const char* text) {
    if (text == nullptr) return;
    std::array<std::uint8_t, 16> bytes{};
    ASSERT_EQ(::inet_pton(header.ifa_family, text, bytes.data()), 1) << text;
    nla_put(message.get(), type_of_attribute, v6 ? 16 : 4, bytes.data());
  };
  put(IFA_LOCAL, spec.local);
  put(IFA_ADDRESS, spec.address);
  nla_put_u32(message.get(), IFA_FLAGS, spec.flags);
  return message;
}

InventoryMessage parse(const Message& message) {
  const auto parsed = parse_inventory_message(*nlmsg_hdr(message.get()));
  EXPECT_TRUE(parsed);
  return parsed.value_or(InventoryMessage{});
}

TEST(LinkTable, FurtherNamesAreRead) {
  Message message = link_message(RTM_NEWLINK, {});
  nlattr* properties = nla_nest_start(message.get(), IFLA_PROP_LIST);
  nla_put_string(message.get(), IFLA_ALT_IFNAME, "to-the-office-in-the-north");
  nla_put_string(message.get(), IFLA_ALT_IFNAME, "north");
  nla_nest_end(message.get(), properties);
  const auto parsed = parse_inventory_message(*nlmsg_hdr(message.get()));
  ASSERT_TRUE(parsed);
  const Link& link = std::get<LinkMessage>(*parsed).link;
  EXPECT_THAT(link.altnames, ElementsAre("to-the-office-in-the-north", "north"));
  EXPECT_TRUE(link.is_named("wg0"));
  EXPECT_TRUE(link.is_named("north"));
  EXPECT_FALSE(link.is_named("nort"));
}

TEST(ParseLink, TellsKindFlagsAndMtu) {
  const auto message = link_message(RTM_NEWLINK, {});
  const auto parsed = parse(message);
  ASSERT_TRUE(std::holds_alternative<LinkMessage>(parsed));
  const Link& link = std::get<LinkMessage>(parsed).link;
  EXPECT_EQ(link.ifindex, 7U);
  EXPECT_EQ(link.name, "wg0");
  EXPECT_EQ(link.kind, "wireguard");
  EXPECT_EQ(link.mtu, 1420U);
  EXPECT_EQ(link.flags, (LinkFlags{.up = true, .point_to_point = true, .noarp = true}));
}

TEST(ParseLink, TellsTheTableOfAVrf) {
  const auto table_of = [](const LinkSpec& spec) {
    return std::get<LinkMessage>(parse(link_message(RTM_NEWLINK, spec))).link.vrf_table;
  };
  EXPECT_EQ(table_of({.kind = "vrf", .vrf_table = 10}), 10U);
  EXPECT_EQ(table_of({.kind = "vrf"}), 0U);
  EXPECT_EQ(table_of({.kind = "dummy", .vrf_table = 10}), 0U) << "another kind's data says something else";
}

TEST(Link, UsableIsUpWithCarrier) {
  for (int bits = 0; bits < 4; ++bits) {
    Link link;
    link.flags = {.up = (bits & 1) != 0, .lower_up = (bits & 2) != 0};
    EXPECT_EQ(link.usable(), bits == 3) << bits;
  }
}

TEST(ParseLink, BridgePortMessagesAreNotAboutTheLink) {
  const auto message = link_message(RTM_DELLINK, {.family = AF_BRIDGE});
  EXPECT_TRUE(std::holds_alternative<std::monostate>(parse(message)));
}

TEST(ParseLink, WithoutANameOrCutShortIsMalformed) {
  EXPECT_FALSE(parse_inventory_message(*nlmsg_hdr(link_message(RTM_NEWLINK, {.name = nullptr}).get())));
  const auto cut = link_message(RTM_NEWLINK, {});
  nlmsg_hdr(cut.get())->nlmsg_len = NLMSG_LENGTH(sizeof(ifinfomsg) - 4);
  EXPECT_FALSE(parse_inventory_message(*nlmsg_hdr(cut.get())));
}

TEST(ParseAddress, PointToPointHasAPeerWhoseSubnetItIs) {
  const auto parsed =
      parse(address_message(RTM_NEWADDR, {.local = "10.0.0.1", .address = "10.9.0.2", .length = 32}));
  const LinkAddress& address = std::get<AddressMessage>(parsed).address;
  EXPECT_EQ(address.address, parse_address("10.0.0.1"));
  EXPECT_EQ(address.peer, parse_address("10.9.0.2"));
  EXPECT_EQ(subnet_of(address), parse_prefix("10.9.0.2/32"));
}

TEST(ParseAddress, Ipv6LinkLocalInItsStates) {
  const AddressSpec spec{.local = nullptr, .address = "fe80::1", .length = 64, .scope = RT_SCOPE_LINK};
  auto tentative = spec, deprecated = spec;
  tentative.flags = IFA_F_TENTATIVE;
  deprecated.flags = IFA_F_DEPRECATED;
  const auto address = [](const AddressSpec& of) {
    return std::get<AddressMessage>(parse(address_message(RTM_NEWADDR, of))).address;
  };
  EXPECT_EQ(address(spec).address, parse_address("fe80::1"));
  EXPECT_EQ(address(spec).scope, AddressScope::link);
  EXPECT_EQ(address(spec).peer, std::nullopt);
  EXPECT_FALSE(address(spec).tentative);
  EXPECT_TRUE(address(tentative).tentative);
  EXPECT_TRUE(address(deprecated).deprecated);
  EXPECT_EQ(subnet_of(address(spec)), parse_prefix("fe80::/64"));
}

std::vector<std::pair<Kind, std::string>> summary(const std::vector<LinkEvent>& events) {
  std::vector<std::pair<Kind, std::string>> list;
  for (const LinkEvent& event : events)
    list.emplace_back(event.kind, event.link.name + '#' + std::to_string(event.link.ifindex));
  return list;
}

class LinkTableTest : public testing::Test {
 protected:
  std::vector<LinkEvent> apply(const Message& message) { return table_.apply(parse(message)); }
  LinkTable table_;
};

TEST_F(LinkTableTest, ReportsWhatIsNewAndNothingElse) {
  EXPECT_THAT(summary(apply(link_message(RTM_NEWLINK, {}))), ElementsAre(std::pair(Kind::added, "wg0#7")));
  EXPECT_THAT(apply(link_message(RTM_NEWLINK, {})), IsEmpty());
  EXPECT_THAT(summary(apply(link_message(RTM_NEWLINK, {.mtu = 1280}))),
              ElementsAre(std::pair(Kind::changed, "wg0#7")));
  const auto events = apply(address_message(RTM_NEWADDR, {}));
  ASSERT_THAT(summary(events), ElementsAre(std::pair(Kind::changed, "wg0#7")));
  EXPECT_EQ(events[0].link.addresses.size(), 1U);
  EXPECT_EQ(events[0].link.mtu, 1280U);
  EXPECT_THAT(apply(address_message(RTM_NEWADDR, {})), IsEmpty());
  EXPECT_THAT(summary(apply(address_message(RTM_DELADDR, {}))),
              ElementsAre(std::pair(Kind::changed, "wg0#7")));
  EXPECT_THAT(apply(address_message(RTM_DELADDR, {})), IsEmpty());
  EXPECT_THAT(summary(apply(link_message(RTM_DELLINK, {}))), ElementsAre(std::pair(Kind::removed, "wg0#7")));
  EXPECT_THAT(apply(link_message(RTM_DELLINK, {})), IsEmpty());
  EXPECT_THAT(apply(address_message(RTM_NEWADDR, {})), IsEmpty());
}

TEST_F(LinkTableTest, AWirelessEventChangesNothing) {
  (void)apply(link_message(RTM_NEWLINK, {}));
  EXPECT_THAT(apply(link_message(RTM_NEWLINK, {.mtu = 0})), IsEmpty());
  EXPECT_EQ(table_.links().at(7).mtu, 1420U);
  EXPECT_EQ(table_.links().at(7).kind, "wireguard");
}

TEST_F(LinkTableTest, RenamedIsAnotherInterface) {
  (void)apply(link_message(RTM_NEWLINK, {}));
  (void)apply(address_message(RTM_NEWADDR, {}));
  const auto events = apply(link_message(RTM_NEWLINK, {.name = "wg1"}));
  ASSERT_THAT(summary(events),
              ElementsAre(std::pair(Kind::removed, "wg0#7"), std::pair(Kind::added, "wg1#7")));
  EXPECT_EQ(events[1].link.addresses.size(), 1U);
}

TEST_F(LinkTableTest, Ipv4AddressesComeFirst) {
  (void)apply(link_message(RTM_NEWLINK, {}));
  (void)apply(address_message(RTM_NEWADDR, {.local = nullptr, .address = "2001:db8::1", .length = 64}));
  (void)apply(address_message(RTM_NEWADDR, {}));
  const auto& addresses = table_.links().at(7).addresses;
  ASSERT_EQ(addresses.size(), 2U);
  EXPECT_EQ(addresses[0].address, parse_address("10.0.0.1"));
  EXPECT_EQ(addresses[1].address, parse_address("2001:db8::1"));
}

TEST_F(LinkTableTest, ReplaceReportsTheDifferenceRemovalsFirst) {
  (void)apply(link_message(RTM_NEWLINK, {.ifindex = 7, .name = "wg0"}));
  (void)apply(address_message(RTM_NEWADDR, {}));
  (void)apply(address_message(RTM_NEWADDR, {.local = "10.0.1.1", .address = "10.0.1.1"}));
  (void)apply(link_message(RTM_NEWLINK, {.ifindex = 8, .name = "wg1"}));
  (void)apply(link_message(RTM_NEWLINK, {.ifindex = 9, .name = "wg2"}));
  auto links = table_.links();
  std::swap(links[7].addresses[0], links[7].addresses[1]);  // order alone is no difference
  Link again = links[8];
  links.erase(8);
  again.ifindex = 12;  // created anew
  links[12] = again;
  links[9].mtu = 1300;
  EXPECT_THAT(summary(table_.replace(links)),
              ElementsAre(std::pair(Kind::removed, "wg1#8"), std::pair(Kind::changed, "wg2#9"),
                          std::pair(Kind::added, "wg1#12")));
  EXPECT_EQ(table_.links(), links);
  EXPECT_THAT(table_.replace(links), IsEmpty());
}

}  // namespace
}  // namespace wgospf::wg
