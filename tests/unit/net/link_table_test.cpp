// The pure half of the link inventory, fed with messages built here as the kernel builds them.

#include "net/link_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace wgospf {
namespace {

using netlink::Bytes;
using netlink::MessageBuffer;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = LinkEvent::Kind;

struct LinkSpec {
  int ifindex = 7;
  const char* name = "wg0";
  unsigned flags = IFF_UP | IFF_POINTOPOINT | IFF_NOARP;
  unsigned mtu = 1420;
  unsigned char family = AF_UNSPEC;
};

/// Open: what a test puts more goes to its end.
MessageBuffer begin_link_message(std::uint16_t type, const LinkSpec& spec) {
  MessageBuffer message;
  message.begin(type, 0);
  ifinfomsg header{};
  header.ifi_family = spec.family;
  header.ifi_index = spec.ifindex;
  header.ifi_flags = spec.flags;
  message.put_header(header);
  if (spec.name != nullptr) message.put_text(IFLA_IFNAME, spec.name);
  if (spec.mtu == 0) return message;  // as wireless extensions tell of an event
  message.put_u32(IFLA_MTU, spec.mtu);
  MessageBuffer info;
  info.put_text(IFLA_INFO_KIND, "wireguard");
  message.put_attribute(IFLA_LINKINFO, info.bytes());
  return message;
}

MessageBuffer link_message(std::uint16_t type, const LinkSpec& spec) {
  auto message = begin_link_message(type, spec);
  message.end();
  return message;
}

struct AddressSpec {
  const char* local = "10.0.0.1";
  const char* address = "10.0.0.1";
  std::uint8_t length = 24;
  std::uint8_t scope = RT_SCOPE_UNIVERSE;
  std::uint32_t flags = 0;
};

MessageBuffer address_message(std::uint16_t type, const AddressSpec& spec) {
  MessageBuffer message;
  message.begin(type, 0);
  const bool v6 = std::string_view(spec.address).find(':') != std::string_view::npos;
  ifaddrmsg header{};
  header.ifa_family = static_cast<std::uint8_t>(v6 ? AF_INET6 : AF_INET);
  header.ifa_prefixlen = spec.length;
  header.ifa_scope = spec.scope;
  header.ifa_index = 7;
  message.put_header(header);
  const auto put = [&](std::uint16_t type_of_attribute, const char* text) {
    if (text != nullptr) message.put_address(type_of_attribute, parse_address(text).value());
  };
  put(IFA_LOCAL, spec.local);
  put(IFA_ADDRESS, spec.address);
  message.put_u32(IFA_FLAGS, spec.flags);
  message.end();
  return message;
}

InventoryMessage parse(const MessageBuffer& message) {
  const auto parsed = parse_inventory_message(message.bytes());
  EXPECT_TRUE(parsed);
  return parsed.value_or(InventoryMessage{});
}

TEST(LinkTable, FurtherNamesAreRead) {
  MessageBuffer properties;
  properties.put_text(IFLA_ALT_IFNAME, "to-the-office-in-the-north");
  properties.put_text(IFLA_ALT_IFNAME, "north");
  auto message = begin_link_message(RTM_NEWLINK, {});
  message.put_attribute(IFLA_PROP_LIST | NLA_F_NESTED, properties.bytes());
  message.end();
  const auto parsed = parse_inventory_message(message.bytes());
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
  EXPECT_FALSE(parse_inventory_message(link_message(RTM_NEWLINK, {.name = nullptr}).bytes()));
  const auto cut = link_message(RTM_NEWLINK, {});
  EXPECT_FALSE(parse_inventory_message(cut.bytes().first(sizeof(nlmsghdr) + sizeof(ifinfomsg) - 4)));
}

TEST(ParseLink, AVrfHasATableAndNothingElseHas) {
  for (const char* kind : {"vrf", "dummy"}) {
    MessageBuffer of_kind, info;
    of_kind.put_u32(IFLA_VRF_TABLE, 88'888);
    info.put_text(IFLA_INFO_KIND, kind);
    info.put_attribute(IFLA_INFO_DATA, of_kind.bytes());
    auto message = begin_link_message(RTM_NEWLINK, {});
    message.put_attribute(IFLA_LINKINFO, info.bytes());
    message.end();
    EXPECT_EQ(std::get<LinkMessage>(parse(message)).link.vrf_table,
              kind == std::string_view("vrf") ? 88'888U : 0U);
  }
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
  std::vector<LinkEvent> apply(const MessageBuffer& message) { return table_.apply(parse(message)); }
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
  EXPECT_TRUE(events[0].is_renamed);
  EXPECT_THAT(events[0].went, IsEmpty());
}

TEST_F(LinkTableTest, AddressesThatComeAndGoAreNamed) {
  (void)apply(link_message(RTM_NEWLINK, {}));
  const auto came = apply(address_message(RTM_NEWADDR, {}));
  ASSERT_EQ(came.at(0).came.size(), 1U);
  EXPECT_THAT(came[0].went, IsEmpty());
  const auto went = apply(address_message(RTM_DELADDR, {}));
  EXPECT_EQ(went.at(0).went, came[0].came);
  EXPECT_THAT(went[0].came, IsEmpty());
  (void)apply(address_message(RTM_NEWADDR, {}));
  const auto removed = apply(link_message(RTM_DELLINK, {}));
  EXPECT_EQ(removed.at(0).went, came[0].came);
  EXPECT_FALSE(removed[0].is_renamed);
  // From one reading to the next.
  Link link{.ifindex = 7, .name = "wg0", .addresses = came[0].came};
  EXPECT_EQ(table_.replace({{7, link}}).at(0).came, came[0].came);
  link.addresses.clear();
  EXPECT_EQ(table_.replace({{7, link}}).at(0).went, came[0].came);
  link.name = "wg1";
  EXPECT_TRUE(table_.replace({{7, link}}).at(0).is_renamed);
}

TEST_F(LinkTableTest, AnInventoryThatFollowsTheEventsIsTheTable) {
  Inventory followed;
  const auto follow = [&](const MessageBuffer& message) { wgospf::follow(apply(message), followed); };
  follow(link_message(RTM_NEWLINK, {}));
  follow(address_message(RTM_NEWADDR, {}));
  follow(link_message(RTM_NEWLINK, {.ifindex = 8, .name = "wg1"}));
  follow(link_message(RTM_NEWLINK, {.name = "office"}));
  EXPECT_EQ(followed, table_.links());
  EXPECT_EQ(find_link(followed, "office"), find_link(followed, 7));
  EXPECT_EQ(find_link(followed, "wg0"), nullptr);
  follow(link_message(RTM_DELLINK, {.name = "office"}));
  EXPECT_EQ(followed, table_.links());
  EXPECT_EQ(followed.size(), 1U);
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
}  // namespace wgospf
