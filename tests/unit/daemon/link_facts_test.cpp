// What the daemon makes of the system's interfaces: what the core is told, the router id, the connected
// prefixes.

#include "daemon/links/link_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "daemon/links/hearing.h"

namespace wgospf::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Ipv4Address ip(const char* text) {
  return *Ipv4Address::parse(text);
}

LinkAddress address(const char* text, std::uint8_t length) {
  return {ip(text), length, {}, {}, {}, {}, {}};
}

Link link(std::uint32_t ifindex, const std::string& name, std::vector<LinkAddress> addresses) {
  Link result;
  result.ifindex = ifindex;
  result.name = name;
  result.mtu = 1420;
  result.flags.up = result.flags.running = result.flags.lower_up = true;
  result.addresses = std::move(addresses);
  return result;
}

Link loopback(std::vector<LinkAddress> addresses) {
  Link result = link(1, "lo", std::move(addresses));
  result.flags.loopback = true;
  result.addresses.insert(result.addresses.begin(), address("127.0.0.1", 8));
  result.addresses.front().scope = AddressScope::host;
  return result;
}

Inventory inventory(std::vector<Link> links) {
  Inventory result;
  for (auto& item : links) result.emplace(item.ifindex, std::move(item));
  return result;
}

InterfaceSettings settings(const std::string& name) {
  InterfaceSettings result;
  result.name = name;
  return result;
}

wg::Key key(std::uint8_t first) {
  wg::Key result;
  result.bytes[0] = first;
  return result;
}

TEST(LinkStatus, OfAnInterfaceThatDoesNotExistIsDown) {
  EXPECT_EQ(link_status(settings("wg0"), {}), ospf::DeviceStatus{});
}

TEST(LinkStatus, OfANumberedLink) {
  const auto status = link_status(settings("wg0"), inventory({link(7, "wg0", {address("10.1.0.1", 30)})}));
  EXPECT_TRUE(status.up);
  EXPECT_EQ(status.ifindex.value, 7U);
  EXPECT_EQ(status.mtu, 1420U);
  EXPECT_THAT(status.addresses, ElementsAre(ospf::InterfaceAddress{ip("10.1.0.1"), 30}));
  EXPECT_FALSE(status.unnumbered_source);
}

TEST(SettingsInForce, APlainLanThatNamesNoInterfaceTypeIsPassive) {
  auto tunnel = link(7, "tun0", {address("10.1.0.1", 30)});
  tunnel.flags.point_to_point = true;
  auto wireguard = link(8, "wg0", {address("10.1.0.5", 30)});
  wireguard.kind = "wireguard";
  auto lan = link(9, "br-lan", {address("10.8.0.1", 24)});
  lan.kind = "bridge";
  const auto links = inventory({loopback({address("10.0.0.1", 32)}), tunnel, wireguard, lan});
  const auto is_passive = [&](const InterfaceSettings& settings) {
    return settings_in_force(settings, links).passive;
  };
  for (const char* name : {"lo", "tun0", "wg0", "eth9"}) EXPECT_FALSE(is_passive(settings(name))) << name;
  EXPECT_TRUE(is_passive(settings("br-lan")));
  auto meant = settings("br-lan");
  meant.type_given = true;
  EXPECT_FALSE(is_passive(meant));
  auto passive = settings("tun0");
  passive.passive = true;
  EXPECT_TRUE(is_passive(passive));
}

// What a bridge, a bond or a team takes is never heard on the link; a VRF leaves it there.
TEST(LinkStatus, WhatBelongsToABridgeOrABondIsDeafAndSaysSo) {
  auto v0 = link(7, "v0", {address("10.1.0.1", 30)});
  v0.master = 9;
  auto master = link(9, "m0", {});
  for (const char* kind : {"bridge", "bond", "team"}) {
    master.kind = kind;
    const auto links = inventory({v0, master});
    EXPECT_FALSE(link_status(settings("v0"), links).up) << kind;
    EXPECT_THAT(link_problem(settings("v0"), links),
                ::testing::StartsWith("interface v0 belongs to the " + master.kind +
                                      " m0, which takes every packet"));
    EXPECT_THAT(link_problem(settings("v0"), links), ::testing::EndsWith("\"ip link set v0 nomaster\""));
    auto passive = settings("v0");
    passive.passive = true;
    EXPECT_FALSE(link_status(passive, links).up) << "nor do hosts there reach its address";
  }
  master.kind = "vrf";
  master.vrf_table = 10;
  const auto links = inventory({v0, master});
  EXPECT_TRUE(link_status(settings("v0"), links).up);
  EXPECT_THAT(link_problem(settings("v0"), links), IsEmpty());
  EXPECT_THAT(link_problem(settings("v0"), inventory({v0})), IsEmpty()) << "a master that is not known yet";
}

TEST(LinkStatus, WhatBelongsToAVrfThatHasAnotherTableIsTold) {
  auto v0 = link(7, "v0", {address("10.1.0.1", 30)});
  auto red = link(9, "red", {});
  red.kind = "vrf";
  red.vrf_table = 10;
  EXPECT_THAT(vrf_problem(settings("v0"), inventory({v0, red}), 254), IsEmpty());
  v0.master = 9;
  EXPECT_THAT(vrf_problem(settings("v0"), inventory({v0, red}), 254),
              HasSubstr("belongs to the VRF red: what comes in there is looked up in its table 10"));
  EXPECT_THAT(vrf_problem(settings("v0"), inventory({v0, red}), 10), IsEmpty());
  red.kind = "bridge";
  EXPECT_THAT(vrf_problem(settings("v0"), inventory({v0, red}), 254), IsEmpty());
}

TEST(Deafness, SaysWhoIsNotHeardAndWhatToDo) {
  const auto links = inventory({link(7, "wg0", {address("10.1.0.1", 30)})});
  const ospf::RouterId own{0x0a000001};
  const auto of = [&](const char* source, std::uint32_t router) {
    return deafness_problem("wg0", {ip(source), router}, own, links);
  };
  EXPECT_EQ(
      of("10.1.0.1", 0x0a000002),
      "router 10.0.0.2 says hello on wg0 from 10.1.0.1, which is an address of this router too: the kernel "
      "drops such packets in silence; give one of the two another address");
  EXPECT_THAT(of("10.1.0.1", own.value), HasSubstr("comes back to it"));
  EXPECT_THAT(of("10.1.0.2", 0x0a000002), HasSubstr("net.ipv4.conf.wg0.rp_filter=0"));
}

TEST(LinkStatus, WithoutCarrierIsDown) {
  auto wg0 = link(7, "wg0", {address("10.1.0.1", 30)});
  wg0.flags.lower_up = false;
  EXPECT_FALSE(link_status(settings("wg0"), inventory({wg0})).up);
}

TEST(LinkStatus, PrimaryAddressesComeFirstAndThoseWithAFarEndAreHosts) {
  auto second = address("10.1.0.2", 24);
  second.secondary = true;
  auto far_end = address("10.9.0.1", 32);
  far_end.peer = ip("10.9.0.2");
  const auto status = link_status(settings("wg0"), inventory({link(7, "wg0", {second, far_end})}));
  EXPECT_THAT(status.addresses, ElementsAre(ospf::InterfaceAddress{ip("10.9.0.1"), 32, ip("10.9.0.2")},
                                            ospf::InterfaceAddress{ip("10.1.0.2"), 24}));
}

TEST(ExpectedNeighbor, IsTheFarEndOrTheOtherHostOfASmallSubnet) {
  auto far_end = address("10.9.0.1", 32);
  far_end.peer = ip("10.9.0.2");
  EXPECT_EQ(expected_neighbor(link(7, "wg0", {far_end})), ip("10.9.0.2"));
  EXPECT_EQ(expected_neighbor(link(7, "wg0", {address("10.1.0.1", 30)})), ip("10.1.0.2"));
  EXPECT_EQ(expected_neighbor(link(7, "wg0", {address("10.1.0.6", 30)})), ip("10.1.0.5"));
  EXPECT_EQ(expected_neighbor(link(7, "wg0", {address("10.1.0.8", 31)})), ip("10.1.0.9"));
  EXPECT_EQ(expected_neighbor(link(7, "wg0", {address("10.1.0.4", 30)})), std::nullopt) << "no host address";
  EXPECT_EQ(expected_neighbor(link(7, "wg0", {address("10.1.0.1", 24)})), std::nullopt);
  EXPECT_EQ(expected_neighbor(link(7, "wg0", {address("10.1.0.1", 32)})), std::nullopt);
  EXPECT_EQ(expected_neighbor(link(7, "wg0", {})), std::nullopt);
  EXPECT_EQ(expected_neighbor(link(7, "wg0", {address("10.1.0.1", 24), address("10.2.0.1", 30)})),
            std::nullopt)
      << "OSPF speaks from the first address";
}

TEST(LinkStatus, UnnumberedBorrowsOfTheLoopback) {
  const auto links =
      inventory({loopback({address("10.0.0.1", 32), address("10.0.0.9", 32)}), link(7, "wg0", {})});
  const auto status = link_status(settings("wg0"), links);
  EXPECT_TRUE(status.up);
  EXPECT_THAT(status.addresses, IsEmpty());
  EXPECT_EQ(status.unnumbered_source, IpAddress{ip("10.0.0.1")});
}

TEST(ReversePath, FilterOnALinkWithoutASubnetIsAProblemWithACure) {
  auto far = address("10.9.0.1", 32);
  far.peer = ip("10.9.0.2");
  const auto links =
      inventory({loopback({address("10.0.0.1", 32)}), link(7, "wg0", {}),
                 link(8, "eth0.5", {address("10.7.0.1", 32)}), link(9, "wg1", {address("10.1.0.1", 30)}),
                 link(10, "wg2", {address("169.254.7.1", 30)}), link(11, "wg3", {far})});
  EXPECT_THAT(reverse_path_problem(settings("wg0"), links, {0, 0}), IsEmpty());
  for (const int filter : {1, 2}) {
    const auto problem = reverse_path_problem(settings("wg0"), links, {0, filter});
    EXPECT_THAT(problem, HasSubstr("does not route back that way")) << "without an address loose is strict";
    EXPECT_THAT(problem, HasSubstr("\"sysctl -w net.ipv4.conf.wg0.rp_filter=0\""));
  }
  EXPECT_THAT(reverse_path_problem(settings("wg0"), links, {2, 0}),
              HasSubstr("\"sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.wg0.rp_filter=0\""));
  EXPECT_THAT(reverse_path_problem(settings("eth0.5"), links, {0, 1}),
              HasSubstr("does not route back that way"));
  EXPECT_THAT(reverse_path_problem(settings("eth0.5"), links, {0, 2}), HasSubstr("has no route to"));
  EXPECT_THAT(reverse_path_problem(settings("eth0.5"), links, {0, 2}),
              HasSubstr("interface eth0.5 is on no subnet, and with rp_filter 2"));
  EXPECT_THAT(reverse_path_problem(settings("wg0"), links, {0, 2}),
              HasSubstr("interface wg0 is unnumbered, and with rp_filter 2"));
  EXPECT_THAT(reverse_path_problem(settings("eth0.5"), links, {0, 2}),
              HasSubstr("net.ipv4.conf.eth0/5.rp_filter=0"));
  for (const char* numbered : {"wg1", "wg2", "wg3"})
    EXPECT_THAT(reverse_path_problem(settings(numbered), links, {1, 1}), IsEmpty()) << numbered;
  auto passive = settings("wg0");
  passive.passive = true;
  EXPECT_THAT(reverse_path_problem(passive, links, {1, 1}), IsEmpty());
}

// Numbered links: strict (1) drops transit traffic that comes in where it would not be answered over, which
// needs a second link; loose (2) does not.
TEST(ReversePath, TheStrictFilterIsAProblemAsSoonAsThereAreTwoWays) {
  const auto with = [](int all, int own) { return ReversePathFilter{all, own}; };
  EXPECT_THAT(strict_filter_problem({{"wg0", "wg0", with(0, 1)}}), IsEmpty());
  EXPECT_THAT(strict_filter_problem({{"wg0", "wg0", with(0, 0)}, {"wg1", "wg1", with(0, 2)}}), IsEmpty());
  EXPECT_THAT(strict_filter_problem({{"wg0", "wg0", with(2, 1)}, {"wg1", "wg1", with(2, 0)}}), IsEmpty());
  const auto one = strict_filter_problem({{"wg0", "wg0", with(0, 2)}, {"uplink", "eth0.5", with(1, 0)}});
  EXPECT_THAT(one, HasSubstr("with rp_filter 1 (strict) on uplink the kernel drops"));
  EXPECT_THAT(one, HasSubstr("\"sysctl -w net.ipv4.conf.eth0/5.rp_filter=2\""));
  std::vector<LinkFilter> many;
  for (int i = 0; i < 30; ++i)
    many.push_back({"wg" + std::to_string(i), "wg" + std::to_string(i), with(1, 0)});
  EXPECT_THAT(strict_filter_problem(many), HasSubstr("on wg0, wg1, wg2, wg3 and 26 more the kernel"));
  EXPECT_THAT(strict_filter_problem(many), HasSubstr("\"sysctl -w net.ipv4.conf.all.rp_filter=2\""));
}

TEST(LinkChange, TellsMtuAndAddressesOfALinkThatStays) {
  ospf::DeviceStatus before;
  before.ifindex = ospf::InterfaceIndex{7};
  before.mtu = 1420;
  before.addresses = {{ip("10.1.0.1"), 30}};
  auto after = before;
  EXPECT_EQ(link_change("wg0", before, after), "");
  after.mtu = 1380;
  EXPECT_EQ(link_change("wg0", before, after), "interface wg0: MTU 1420 -> 1380");
  after.addresses.push_back({ip("10.2.0.1"), 24});
  EXPECT_EQ(link_change("wg0", before, after),
            "interface wg0: MTU 1420 -> 1380, address 10.1.0.1/30 -> 10.1.0.1/30, 10.2.0.1/24");
  after = before;
  after.addresses.clear();
  EXPECT_EQ(link_change("wg0", before, after), "interface wg0: address 10.1.0.1/30 -> none");
  after.unnumbered_source = ip("10.0.0.1");
  EXPECT_EQ(link_change("wg0", before, after), "interface wg0: address 10.1.0.1/30 -> 10.0.0.1 (borrowed)");
  after.ifindex = ospf::InterfaceIndex{8};
  EXPECT_EQ(link_change("wg0", before, after), "") << "another interface of that name";
}

TEST(FindLink, TakesFurtherNames) {
  auto long_named = link(7, "wg0", {});
  long_named.altnames = {"to-the-branch-office-in-the-north"};
  const auto links = inventory({long_named});
  EXPECT_EQ(find_link(links, "to-the-branch-office-in-the-north"), find_link(links, "wg0"));
  EXPECT_EQ(find_link(links, "wg"), nullptr);
}

TEST(ForwardingProblem, NamesTheInterfacesThatDoNotForwardWithTheCure) {
  EXPECT_THAT(forwarding_problem({{"wg0", "wg0", true}, {"br-lan", "br-lan", true}}), IsEmpty());
  EXPECT_EQ(forwarding_problem({{"wg0", "wg0", false}, {"br-lan", "br-lan", false}}),
            "the kernel does not forward what comes in on wg0, br-lan, and drops it: \"sysctl -w "
            "net.ipv4.ip_forward=1\"");
  EXPECT_EQ(forwarding_problem({{"wg0", "wg0", true}, {"eth0.5", "eth0.5", false}}),
            "the kernel does not forward what comes in on eth0.5, and drops it: \"sysctl -w "
            "net.ipv4.conf.eth0/5.forwarding=1\"");
  EXPECT_THAT(forwarding_problem({{"wg0", "wg0", false}}), IsEmpty())
      << "one link: a host, which forwards nothing";
}

// In: an address of 169.254/16 alone, and one beside an ordinary address. Out: alone it numbers the link as
// any other would; beside another one it comes last. It is not borrowed for other links.
TEST(LinkStatus, LinkLocalAddressesNumberALinkAsOthersDo) {
  const auto links = inventory({loopback({address("169.254.0.5", 32), address("10.0.0.1", 32)}),
                                link(7, "wg0", {address("169.254.7.1", 30)}),
                                link(8, "lan", {address("169.254.8.1", 16), address("10.8.0.1", 24)})});
  const auto alone = link_status(settings("wg0"), links);
  EXPECT_TRUE(alone.up);
  EXPECT_THAT(alone.addresses, ElementsAre(ospf::InterfaceAddress{ip("169.254.7.1"), 30}));
  EXPECT_FALSE(alone.unnumbered_source);
  const auto beside = link_status(settings("lan"), links);
  EXPECT_THAT(beside.addresses, ElementsAre(ospf::InterfaceAddress{ip("10.8.0.1"), 24},
                                            ospf::InterfaceAddress{ip("169.254.8.1"), 16}));
  EXPECT_FALSE(beside.unnumbered_source);
}

TEST(LinkStatus, UnnumberedBorrowsOfTheNamedInterface) {
  auto wg0 = settings("wg0");
  wg0.unnumbered = "br-lan";
  const auto links = inventory({loopback({address("10.0.0.1", 32)}), link(7, "wg0", {}),
                                link(8, "br-lan", {address("192.168.1.1", 24)})});
  EXPECT_EQ(link_status(wg0, links).unnumbered_source, IpAddress{ip("192.168.1.1")});
}

TEST(LinkStatus, UnnumberedWithNothingToBorrowIsNotUsedAndSaysWhy) {
  const auto links = inventory({loopback({}), link(7, "wg0", {})});
  EXPECT_FALSE(link_status(settings("wg0"), links).up);
  EXPECT_EQ(link_status(settings("wg0"), links).down_reason, ospf::InterfaceReason::no_address);
  EXPECT_EQ(link_problem(settings("wg0"), links),
            "interface wg0 has no IPv4 address, and the loopback has none to lend: add one to lo, or name an "
            "interface that has one with \"unnumbered:\"");
  auto named = settings("wg0");
  named.unnumbered = "dummy0";
  EXPECT_EQ(link_problem(named, links),
            "interface wg0 has no IPv4 address, and dummy0, which it is to borrow one of, does not exist");
  EXPECT_EQ(link_problem(named, inventory({link(7, "wg0", {}), link(8, "dummy0", {})})),
            "interface wg0 has no IPv4 address, and dummy0, which it is to borrow one of, has none either");
  named.passive = true;
  EXPECT_EQ(link_problem(named, links), "");
}

TEST(LinkStatus, NoIpv4AddressIsNeverSaidOfAnInterfaceThatHasOne) {
  const auto links = inventory({loopback({}), link(7, "wg0", {address("127.0.0.5", 8)}),
                                link(8, "lan", {address("169.254.8.1", 16)}), link(9, "wg1", {})});
  EXPECT_THAT(link_problem(settings("wg0"), links),
              HasSubstr("interface wg0 has no IPv4 address but 127.0.0.5/8, which no neighbor can reach"));
  EXPECT_EQ(link_problem(settings("lan"), links), "");
  auto borrows = settings("wg1");
  borrows.unnumbered = "lan";
  EXPECT_EQ(link_problem(borrows, links),
            "interface wg1 has no IPv4 address, and lan, which it is to borrow one of, has none that could "
            "be used on another link, but 169.254.8.1/16");
}

TEST(LinkStatus, LoopbackNeverTells127) {
  const auto status = link_status(settings("lo"), inventory({loopback({address("10.0.0.1", 32)})}));
  EXPECT_TRUE(status.up);
  EXPECT_TRUE(status.loopback);
  EXPECT_THAT(status.addresses, ElementsAre(ospf::InterfaceAddress{ip("10.0.0.1"), 32}));
}

TEST(RouterId, OfTheConfigurationBeatsTheLoopbackBeatsTheKey) {
  Config config;
  config.areas = {{ospf::AreaId{0}, {settings("eth0"), settings("wg0"), settings("wg1")}}};
  const auto public_key = [](const std::string& name) -> std::optional<wg::Key> {
    if (name == "wg0") return key(1);
    if (name == "wg1") return key(2);
    return std::nullopt;
  };
  const auto bare = inventory({loopback({})});
  const auto with_addresses =
      inventory({loopback({address("10.0.0.1", 32), address("10.0.0.200", 32), address("10.0.0.9", 32)})});

  EXPECT_EQ(choose_router_id(config, bare, public_key)->id, router_id_of(key(1)));
  EXPECT_EQ(choose_router_id(config, bare, public_key)->reason, "from the public key of wg0");
  EXPECT_EQ(choose_router_id(config, with_addresses, public_key)->id.to_string(), "10.0.0.200");
  config.router_id = ospf::RouterId::parse("1.2.3.4");
  EXPECT_EQ(choose_router_id(config, with_addresses, public_key)->id.to_string(), "1.2.3.4");
}

TEST(RouterId, IsAwaitedWhenThereIsNothingToMakeOneOf) {
  Config config;
  config.areas = {{ospf::AreaId{0}, {settings("wg0")}}};
  EXPECT_FALSE(choose_router_id(config, {}, [](const std::string&) { return std::nullopt; }));
}

TEST(RouterId, DoesNotDependOnWhichInterfaceCameFirst) {
  Config config;
  config.areas = {{ospf::AreaId{0}, {settings("br-lan"), settings("wg0"), settings("wg1")}}};
  std::map<std::string, wg::Key> keys{{"wg1", key(2)}};
  const auto public_key = [&](const std::string& name) -> std::optional<wg::Key> {
    const auto found = keys.find(name);
    return found == keys.end() ? std::nullopt : std::optional(found->second);
  };
  auto links = inventory({loopback({}), link(7, "br-lan", {}), link(9, "wg1", {})});
  EXPECT_FALSE(choose_router_id(config, links, public_key, EarlierInterfaces::wait)) << "wg0 may come";
  const auto impatient = choose_router_id(config, links, public_key, EarlierInterfaces::skip);
  ASSERT_TRUE(impatient);
  EXPECT_EQ(impatient->id, router_id_of(key(2)));
  EXPECT_EQ(impatient->skipped, "wg0");

  links = inventory({loopback({}), link(7, "br-lan", {}), link(8, "wg0", {}), link(9, "wg1", {})});
  links.at(8).kind = "wireguard";
  EXPECT_FALSE(choose_router_id(config, links, public_key, EarlierInterfaces::wait)) << "it has no key yet";
  keys.emplace("wg0", key(1));
  const auto chosen = choose_router_id(config, links, public_key, EarlierInterfaces::wait);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->id, router_id_of(key(1)));
  EXPECT_EQ(chosen->skipped, "");
}

TEST(RouterId, OfAKeyIsStableAndDiffers) {
  // Changing these values would change the identity of running routers.
  EXPECT_EQ(router_id_of(key(1)), router_id_of(key(1)));
  EXPECT_NE(router_id_of(key(1)), router_id_of(key(2)));
  EXPECT_EQ(router_id_of(key(1)).to_string(), "173.189.232.181");
}

TEST(ConnectedPrefixes, AreSubnetsAndOwnAddressesOfLinksThatAreUp) {
  auto down = link(9, "eth1", {address("10.7.0.1", 24)});
  down.flags.up = false;
  auto far_end = address("10.9.0.1", 32);
  far_end.peer = ip("10.9.0.2");
  far_end.prefix_length = 32;
  const auto prefixes = connected_prefixes(
      inventory({link(7, "wg0", {far_end}), link(8, "eth0", {address("10.1.0.1", 24)}), down}));
  EXPECT_THAT(prefixes, UnorderedElementsAre(IpPrefix{*Ipv4Prefix::parse("10.1.0.0/24")},
                                             IpPrefix{*Ipv4Prefix::parse("10.1.0.1/32")},
                                             IpPrefix{*Ipv4Prefix::parse("10.9.0.1/32")},
                                             IpPrefix{*Ipv4Prefix::parse("10.9.0.2/32")}));
}

TEST(ConnectedPrefixes, SubnetOfALinkWithoutCarrierMayBeReachedByAnotherRouter) {
  auto unplugged = link(8, "eth0", {address("10.1.0.1", 24)});
  unplugged.flags.running = unplugged.flags.lower_up = false;
  EXPECT_THAT(connected_prefixes(inventory({unplugged})),
              ElementsAre(IpPrefix{*Ipv4Prefix::parse("10.1.0.1/32")}));
}

TEST(InstanceConfig, MtuIgnoreIsOnForWireguardUnlessSaidOtherwise) {
  Config config;
  auto told = settings("wg1");
  told.mtu_ignore = false;
  config.areas = {{ospf::AreaId{0}, {settings("wg0"), settings("eth0"), told}}};
  LinkNames names;
  const auto result = instance_config(config, ospf::RouterId{1}, names,
                                      [](const std::string& name) { return name.rfind("wg", 0) == 0; });
  ASSERT_EQ(result.interfaces.size(), 3U);
  EXPECT_TRUE(result.interfaces[0].mtu_ignore);
  EXPECT_FALSE(result.interfaces[1].mtu_ignore);
  EXPECT_FALSE(result.interfaces[2].mtu_ignore);
}

TEST(InstanceConfig, TakesOverWhatHoldsForTheWholeInstance) {
  Config config;
  config.ls_refresh_time = std::chrono::seconds{60};
  config.max_lsa = 7;
  config.max_lsa_bytes = 70'000;
  config.spf_delay.initial_delay = std::chrono::milliseconds{3};
  LinkNames names;
  const auto result =
      instance_config(config, ospf::RouterId{9}, names, [](const std::string&) { return false; });
  EXPECT_EQ(result.router_id, ospf::RouterId{9});
  EXPECT_EQ(result.ls_refresh_time, std::chrono::seconds{60});
  EXPECT_EQ(result.max_lsa, 7U);
  EXPECT_EQ(result.max_lsa_bytes, 70'000U);
  EXPECT_EQ(result.spf_delay.initial_delay, std::chrono::milliseconds{3});
}

TEST(LinkNames, GiveEachNameAnIdForGood) {
  LinkNames names;
  const auto first = names.id_of("wg0");
  EXPECT_NE(names.id_of("wg1"), first);
  EXPECT_EQ(names.id_of("wg0"), first);
  EXPECT_EQ(names.name_of(first), "wg0");
  EXPECT_EQ(names.name_of(ospf::LinkId{99}), "link 99");
}

}  // namespace
}  // namespace wgospf::daemon
