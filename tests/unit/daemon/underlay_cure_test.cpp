// Rules that keep tunnels' own packets from routes that stand apart: which, and in which order.

#include "daemon/routes/underlay_cure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wgospf::daemon::cure {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::vector<std::string> texts(const std::vector<rib::PolicyRule>& rules) {
  std::vector<std::string> result;
  for (const auto& rule : rules) result.push_back(to_string(rule));
  return result;
}

TEST(CureRules, LongerLengthsComeFirstAndMainHasTheLongerPrefixes) {
  EXPECT_THAT(cure_rules({}), IsEmpty());
  EXPECT_THAT(cure_rules({.uplink_addresses = {Ipv4Address{0xc6336402}}, .marks = {0x99}, .ports = {51820}}),
              IsEmpty());
  EXPECT_THAT(texts(cure_rules({.lengths = {0}})),
              ElementsAre("pref 5190 to 240.0.0.1 goto 5299", "pref 5191 not iif lo ipproto udp goto 5194",
                          "pref 5194 nop", "pref 5264 lookup main suppress_prefixlength 0",
                          "pref 5265 lookup 8957", "pref 5299 nop"));
  EXPECT_THAT(
      texts(cure_rules(
          {{0, 24}, {Ipv4Address{0xc6336402}}, {0x99}, {51820, 51821}, {Ipv4Address{0xcb007105}}})),
      ElementsAre("pref 5190 to 240.0.0.1 goto 5299", "pref 5190 fwmark 0x99 goto 5299",
                  "pref 5191 not iif lo ipproto udp goto 5194",
                  "pref 5192 iif lo ipproto udp sport 51820 goto 5299",
                  "pref 5192 iif lo ipproto udp sport 51821 goto 5299",
                  "pref 5193 to 203.0.113.5 iif lo ipproto udp goto 5299", "pref 5194 nop",
                  "pref 5195 from 198.51.100.2 lookup main", "pref 5216 lookup main suppress_prefixlength 24",
                  "pref 5217 lookup 8957 suppress_prefixlength 23",
                  "pref 5264 lookup main suppress_prefixlength 0", "pref 5265 lookup 8957", "pref 5299 nop"));
}

/// wg1 is ifindex 11 and runs OSPF, wg2 is 12 and does not, and each has a port of its own; eth0 is 2 with the uplink's
/// address, lan is 3.
class UnderlayCureTest : public ::testing::Test {
 protected:
  UnderlayCureTest() {
    cure.set_ospf_interfaces({3, 11});
    inventory[2] = link(2, "eth0", 0xc6336402);
    inventory[3] = link(3, "lan", 0xc0a80101);
    inventory[11] = link(11, "wg1", 0x0a020001);
    devices = {device("wg1", 11, 51820), device("wg2", 12, 51821)};
    read();
  }
  static Link link(std::uint32_t ifindex, const char* name, std::uint32_t address) {
    Link link;
    link.ifindex = ifindex;
    link.name = name;
    link.flags.up = true;
    link.addresses.push_back({.address = Ipv4Address{address}, .prefix_length = 24});
    return link;
  }
  static wg::Device device(const char* name, std::uint32_t ifindex, std::uint16_t port) {
    wg::Device device;
    device.name = name;
    device.ifindex = ifindex;
    device.listen_port = port;
    return device;
  }
  /// To a device, peers with endpoints from this address on.
  static void add_peers(wg::Device& device, const char* first, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      wg::Peer peer;
      peer.public_key.bytes[0] = static_cast<std::uint8_t>(i);
      peer.public_key.bytes[1] = static_cast<std::uint8_t>(i >> 8);
      peer.endpoint = wg::Endpoint{Ipv4Address{Ipv4Address::parse(first)->value + i}, 51820, 0};
      device.peers.push_back(std::move(peer));
    }
  }
  void read() {
    for (const auto& device : devices) cure.read(device.name, &device);
    auto reading = wg::underlay_of(devices);
    reading.rules = rules;
    underlay = std::make_shared<const wg::Underlay>(std::move(reading));
  }
  /// The rules that are handed over, in force from then on; nullopt when none are.
  std::optional<std::vector<std::string>> write_rules() {
    const auto taken = cure.take_rules(inventory, *underlay);
    if (!taken) return std::nullopt;
    rules.clear();
    for (const auto& rule : taken->rules) rules.push_back(as_read(rule));
    cure.rules_stand(taken->ticket, {});
    read();
    return texts(taken->rules);
  }

  UnderlayCure cure;
  Inventory inventory;
  std::vector<wg::Device> devices;
  std::vector<wg::RoutingRule> rules;
  UnderlayCure::UnderlayPtr underlay;
  UnderlayCure::Time now = UnderlayCure::Time{} + seconds{1000};
};

TEST_F(UnderlayCureTest, RulesComeBeforeRoutesAndKnowTheDatagrams) {
  EXPECT_EQ(write_rules(), std::nullopt);
  cure.need({0}, {}, now);
  EXPECT_FALSE(cure.state(*underlay).is_everything_known);
  const auto written = write_rules();
  ASSERT_TRUE(written);
  // Nothing for the LAN's address, which OSPF announces, nor for wg2.
  EXPECT_THAT(*written, Contains("pref 5195 from 198.51.100.2 lookup main"));
  EXPECT_THAT(*written, Contains("pref 5192 iif lo ipproto udp sport 51820 goto 5299"));
  EXPECT_EQ(written->size(), 8U);
  EXPECT_TRUE(cure.state(*underlay).is_everything_known);
  EXPECT_THAT(cure.state(*underlay).lengths, ElementsAre(0));
  EXPECT_EQ(write_rules(), std::nullopt);  // they are as wanted
}

TEST_F(UnderlayCureTest, ADeviceThatOspfDoesNotRunOnIsKnownWhenItIsInNeed) {
  cure.need({0}, {"wg2"}, now);
  EXPECT_THAT(*write_rules(), Contains("pref 5192 iif lo ipproto udp sport 51821 goto 5299"));
}

// In: the port of a device changes. Out: what is new waits until the rule for it is there; the endpoints stay known.
TEST_F(UnderlayCureTest, APortThatChangesGetsARule) {
  add_peers(devices[0], "203.0.113.5", 1);
  read();
  cure.need({0}, {}, now);
  EXPECT_THAT(*write_rules(), Contains("pref 5193 to 203.0.113.5 iif lo ipproto udp goto 5299"));
  devices[0].listen_port = 40000;
  read();
  EXPECT_FALSE(cure.state(*underlay).is_everything_known);
  const auto written = *write_rules();
  EXPECT_THAT(written, Contains("pref 5192 iif lo ipproto udp sport 40000 goto 5299"));
  EXPECT_THAT(written, Not(Contains(HasSubstr("51820"))));
  EXPECT_TRUE(cure.state(*underlay).is_everything_known);
  devices[0].listen_port = 0;  // it is down
  read();
  EXPECT_TRUE(cure.state(*underlay).is_everything_known);
}

// In: a peer whose first message came from a name server's address, sent on by somebody on the way. Out: no rule sends this
// machine's questions to that server past the tunnel; the tunnel's datagrams are known by their port all the same.
TEST_F(UnderlayCureTest, AnEndpointThatNobodyHasProvenHasNoRule) {
  add_peers(devices[0], "203.0.113.5", 2);
  devices[0].peers[1].endpoint->address = *Ipv4Address::parse("8.8.8.8");
  devices[0].peers[1].rx_bytes = 148;
  read();
  cure.need({0}, {}, now);
  const auto written = *write_rules();
  EXPECT_THAT(written, Contains("pref 5193 to 203.0.113.5 iif lo ipproto udp goto 5299"));
  EXPECT_THAT(written, Not(Contains(HasSubstr("8.8.8.8"))));
  EXPECT_TRUE(cure.state(*underlay).is_everything_known);
  devices[0].peers[1].last_handshake = wg::SystemTime{seconds{5}};
  read();
  EXPECT_THAT(*write_rules(), Contains("pref 5193 to 8.8.8.8 iif lo ipproto udp goto 5299"));
}

TEST_F(UnderlayCureTest, ARuleThatSomebodyTakesLeavesDatagramsUnknown) {
  cure.need({0}, {}, now);
  ASSERT_TRUE(write_rules());
  std::erase_if(rules, [](const wg::RoutingRule& rule) { return rule.priority == 5192; });
  read();
  EXPECT_FALSE(cure.state(*underlay).is_everything_known);
}

TEST_F(UnderlayCureTest, AMarkOfTheUsersIsUsed) {
  devices[0].fwmark = 0x99;
  read();
  cure.need({0}, {}, now);
  EXPECT_THAT(*write_rules(), Contains("pref 5190 fwmark 0x99 goto 5299"));
  cure.give_back();
  EXPECT_THAT(*write_rules(), IsEmpty());
  EXPECT_TRUE(cure.is_gone());
}

// In: a hub with more endpoints than rules may be, and a spoke. Out: those of the spoke have rules.
TEST_F(UnderlayCureTest, OfVeryManyEndpointsThoseOfTheSmallDevicesHaveRules) {
  add_peers(devices[0], "10.0.0.1", kMostEndpoints);
  add_peers(devices[1], "203.0.113.5", 2);
  read();
  cure.need({0}, {"wg2"}, now);
  const auto written = *write_rules();
  EXPECT_THAT(written, Contains("pref 5193 to 203.0.113.6 iif lo ipproto udp goto 5299"));
  EXPECT_THAT(written, Not(Contains(HasSubstr(" to 10.0.0.1 "))));
  EXPECT_TRUE(cure.state(*underlay).is_everything_known);  // by its port
}

TEST_F(UnderlayCureTest, WhatIsNotNeededAnyMoreLingers) {
  cure.claim();
  cure.need({0, 24}, {}, now);
  EXPECT_EQ(write_rules()->size(), 10U);
  now += seconds{30};
  cure.need({24}, {}, now);
  EXPECT_EQ(write_rules(), std::nullopt);
  now += seconds{31};
  cure.need({24}, {}, now);
  EXPECT_EQ(write_rules()->size(), 8U);
  now += seconds{61};
  cure.need({}, {}, now);
  EXPECT_THAT(*write_rules(), IsEmpty());
  EXPECT_TRUE(cure.is_gone());
}

// In: what a former run left. Out: it stays until this one knows as much.
TEST_F(UnderlayCureTest, WhatAFormerRunLeftStaysUntilTheClaim) {
  cure.need({}, {}, now);
  EXPECT_EQ(write_rules(), std::nullopt);
  cure.claim();
  EXPECT_THAT(*write_rules(), IsEmpty());
}

TEST_F(UnderlayCureTest, WhatTheKernelRefusesIsTold) {
  cure.rules_stand(0, "the kernel refuses the rule");
  EXPECT_EQ(cure.problem(), "the kernel refuses the rule");
  EXPECT_FALSE(cure.is_gone());
}

TEST_F(UnderlayCureTest, AddressesOfUplinksAreThoseThatNobodyBehindATunnelKnows) {
  EXPECT_THAT(uplink_addresses(inventory, *underlay, {3, 11}), UnorderedElementsAre(Ipv4Address{0xc6336402}));
  // OSPF runs on the uplink, too, which carries a tunnel.
  auto reading = *underlay;
  reading.peers.push_back({.way = wg::EndpointWay{wg::RoutePlace{254, 0, 0}, false, {2}}});
  EXPECT_THAT(uplink_addresses(inventory, reading, {2, 3, 11}),
              UnorderedElementsAre(Ipv4Address{0xc6336402}));
  EXPECT_THAT(uplink_addresses(inventory, *underlay, {2, 3, 11}), IsEmpty());
}

}  // namespace
}  // namespace wgospf::daemon::cure
