// Which routes would carry a tunnel's own packets into it: pure decisions, and what the kernel is asked.

#include "wgadapter/underlay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "namespace.h"
#include "wgadapter/underlay_reader.h"

namespace wgospf::wg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t kMain = 254, kLocal = 255, kMetric = 110;
constexpr OwnRoutes kOwn{kMain, kMetric, 89};
constexpr std::uint32_t kEth0 = 2;

Ipv4Prefix v4(const char* text) {
  return *Ipv4Prefix::parse(text);
}

/// The three rules that every kernel starts with.
std::vector<RoutingRule> default_rules() {
  return {{.priority = 0, .table = kLocal},
          {.priority = 32766, .table = kMain},
          {.priority = 32767, .table = 253}};
}

/// Devices wg1, wg2, ... with ifindexes 11, 12, ...; all allowed-ips are 0.0.0.0/0 unless a test says so. The
/// kernel has a default route of metric 100 out of eth0.
class UnderlayTest : public testing::Test {
 protected:
  void device(std::vector<const char*> endpoints, std::vector<const char*> allowed = {"0.0.0.0/0"}) {
    Device device;
    device.name = "wg" + std::to_string(devices.size() + 1);
    device.ifindex = static_cast<std::uint32_t>(11 + devices.size());
    for (const char* endpoint : endpoints) {
      Peer peer;
      peer.public_key.bytes.fill(static_cast<std::uint8_t>(device.peers.size() + 1));
      peer.endpoint = Endpoint{*parse_address(endpoint), 51820, 0};
      peer.allowed_ips.push_back(*parse_prefix(allowed[device.peers.size() % allowed.size()]));
      device.peers.push_back(std::move(peer));
    }
    devices.push_back(std::move(device));
  }
  /// All peers' endpoints are reached by this route of another program.
  Underlay underlay(EndpointWay way = {RoutePlace{kMain, 0, 100}, false, {kEth0}}) {
    Underlay result = underlay_of(devices);
    result.rules = default_rules();
    for (auto& peer : result.peers) peer.way = way;
    return result;
  }
  static std::vector<std::string> held(const Underlay& underlay, const std::vector<WantedRoute>& wanted) {
    std::vector<std::string> texts;
    for (const auto& entry : held_back(underlay, wanted, kOwn))
      texts.push_back(entry.prefix.to_string() + " for " + entry.device +
                      (entry.via.empty() ? "" : " via " + entry.via));
    return texts;
  }

  std::vector<Device> devices;
};

TEST_F(UnderlayTest, ARouteOverTheTunnelThatItsEndpointNeedsIsHeld) {
  device({"203.0.113.5"});
  EXPECT_THAT(held(underlay(), {{v4("203.0.113.0/24"), {11}}}), ElementsAre("203.0.113.0/24 for wg1"));
  EXPECT_THAT(held(underlay(), {{v4("203.0.113.5/32"), {11}}}), ElementsAre("203.0.113.5/32 for wg1"));
  EXPECT_THAT(held(underlay(), {{v4("203.0.114.0/24"), {11}}}), IsEmpty());  // does not cover it
  EXPECT_THAT(held(underlay(), {{v4("203.0.113.0/24"), {kEth0}}}), IsEmpty());
  EXPECT_THAT(held(underlay(), {{v4("203.0.113.0/24"), {}}}), IsEmpty());
  EXPECT_THAT(held(underlay(), {{v4("203.0.113.0/24"), {kEth0, 11}}}),
              ElementsAre("203.0.113.0/24 for wg1"));  // one of two ways is enough
}

TEST_F(UnderlayTest, ADefaultRouteBehindABetterOneIsNotHeld) {
  device({"203.0.113.5"});
  const std::vector<WantedRoute> wanted{{v4("0.0.0.0/0"), {11}}};
  EXPECT_THAT(held(underlay(), wanted), IsEmpty());  // metric 100 before 110
  EXPECT_THAT(held(underlay({RoutePlace{kMain, 0, 200}, false, {kEth0}}), wanted),
              ElementsAre("0.0.0.0/0 for wg1"));
  EXPECT_THAT(held(underlay({RoutePlace{kMain, 0, kMetric}, false, {kEth0}}), wanted),
              ElementsAre("0.0.0.0/0 for wg1"));  // who is first is chance
  EXPECT_THAT(held(underlay({RoutePlace{kMain, 24, 0}, false, {kEth0}}), wanted), IsEmpty());
  EXPECT_THAT(held(underlay({std::nullopt, false, {}}), wanted), ElementsAre("0.0.0.0/0 for wg1"));
}

TEST_F(UnderlayTest, OnlyTheWinningOneOfOursIsHeld) {
  device({"203.0.113.5"});
  // A longer one of ours leads out of eth0 and is in the kernel: shorter ones over the tunnel stand behind.
  const Underlay now = underlay({RoutePlace{kMain, 24, kMetric}, true, {kEth0}});
  EXPECT_THAT(held(now, {{v4("203.0.0.0/16"), {11}}, {v4("203.0.113.0/24"), {kEth0}}}), IsEmpty());
  // It is not there yet, or on its way out: what the kernel would do then is not known.
  EXPECT_THAT(held(underlay(), {{v4("203.0.0.0/16"), {11}}, {v4("203.0.113.0/24"), {kEth0}}}),
              ElementsAre("203.0.0.0/16 for wg1"));
  EXPECT_THAT(held(now, {{v4("203.0.0.0/16"), {11}}}), ElementsAre("203.0.0.0/16 for wg1"));
  EXPECT_THAT(held(now, {{v4("203.0.0.0/16"), {11}}, {v4("203.0.113.0/24"), {11}}}),
              ElementsAre("203.0.0.0/16 for wg1", "203.0.113.0/24 for wg1"));
}

TEST_F(UnderlayTest, AnEndpointThatMovesIntoAnInstalledRouteTakesItOut) {
  device({"203.0.113.5"});
  const Underlay now = underlay({RoutePlace{kMain, 24, kMetric}, true, {11}});
  const std::vector<WantedRoute> wanted{{v4("203.0.113.0/24"), {11}}};
  const auto result = held_back(now, wanted, kOwn);
  ASSERT_EQ(result.size(), 1U);
  EXPECT_TRUE(result[0].in_kernel);
  EXPECT_EQ(to_string(result[0].endpoint), "203.0.113.5:51820");
}

TEST_F(UnderlayTest, ATunnelWithinATunnelIsLegal) {
  device({"203.0.113.5"});
  device({"10.1.0.7"});
  // wg2 runs over wg1: the route to its endpoint leads there.
  EXPECT_THAT(held(underlay(), {{v4("10.1.0.0/16"), {11}}}), IsEmpty());
  Underlay nested = underlay();
  nested.peers[1].way = EndpointWay{RoutePlace{kMain, 16, kMetric}, true, {11}};
  EXPECT_THAT(held(nested, {{v4("10.1.0.0/16"), {11}}}), IsEmpty());
  // With that, wg1 cannot run over wg2.
  EXPECT_THAT(held(nested, {{v4("10.1.0.0/16"), {11}}, {v4("203.0.113.0/24"), {12}}}),
              ElementsAre("203.0.113.0/24 for wg1 via wg2"));
}

TEST_F(UnderlayTest, OfTwoThatWouldMakeALoopTogetherTheLaterIsHeld) {
  device({"203.0.113.5"});
  device({"10.1.0.7"});
  const std::vector<WantedRoute> both{{v4("10.1.0.0/16"), {11}}, {v4("203.0.113.0/24"), {12}}};
  EXPECT_EQ(held(underlay(), both).size(), 1U);
  Underlay first = underlay();
  first.peers[0].way = EndpointWay{RoutePlace{kMain, 24, kMetric}, true, {12}};
  EXPECT_THAT(held(first, both), ElementsAre("10.1.0.0/16 for wg2 via wg1"));  // what is there stays
}

TEST_F(UnderlayTest, ALoopThroughThreeTunnelsIsSeen) {
  device({"10.0.1.1"});
  device({"10.0.2.1"});
  device({"10.0.3.1"});
  Underlay now = underlay();
  now.peers[0].way = EndpointWay{RoutePlace{kMain, 24, kMetric}, true, {12}};
  now.peers[1].way = EndpointWay{RoutePlace{kMain, 24, kMetric}, true, {13}};
  const std::vector<WantedRoute> wanted{
      {v4("10.0.1.0/24"), {12}}, {v4("10.0.2.0/24"), {13}}, {v4("10.0.3.0/24"), {11}}};
  EXPECT_THAT(held(now, wanted), ElementsAre("10.0.3.0/24 for wg3 via wg1"));
}

// Whoever announces the endpoint of another peer of the same device is given that peer's packets otherwise.
TEST_F(UnderlayTest, APeersPacketsDoNotGoThroughAnotherPeerOfItsDevice) {
  device({"203.0.113.5", "10.1.0.7"}, {"10.0.0.0/8", "192.168.0.0/16"});
  EXPECT_THAT(held(underlay(), {{v4("10.1.0.0/16"), {11}}}), ElementsAre("10.1.0.0/16 for wg1"));
  EXPECT_THAT(held(underlay(), {{v4("203.0.113.0/24"), {11}}}), ElementsAre("203.0.113.0/24 for wg1"));
}

TEST_F(UnderlayTest, TheAllowedIpsTellWhichPeersTunnelItIs) {
  // wg2's endpoint is reached through the first peer of wg1, whose own is reached through wg2.
  device({"203.0.113.5", "203.0.113.6"}, {"10.0.0.0/8", "192.168.0.0/16"});
  device({"10.1.0.7"});
  Underlay now = underlay();
  now.peers[0].way = EndpointWay{RoutePlace{kMain, 24, kMetric}, true, {12}};
  const std::vector<WantedRoute> wanted{{v4("10.1.0.0/16"), {11}}, {v4("203.0.113.5/32"), {12}}};
  EXPECT_EQ(held(now, wanted).size(), 1U);
  devices[0].peers[0].allowed_ips = {*parse_prefix("172.16.0.0/12")};
  devices[0].peers[1].allowed_ips = {*parse_prefix("10.0.0.0/8")};
  EXPECT_THAT(held(underlay(), wanted), IsEmpty());
}

TEST_F(UnderlayTest, UntilTheKernelHasBeenAskedARouteIsHeld) {
  device({"203.0.113.5"});
  const auto result =
      held_back(underlay_of(devices), std::vector<WantedRoute>{{v4("0.0.0.0/0"), {11}}}, kOwn);
  ASSERT_EQ(result.size(), 1U);
  EXPECT_FALSE(result[0].is_asked);
}

TEST_F(UnderlayTest, AnEndpointOfTheOtherFamilyIsNotCovered) {
  device({"2001:db8::5"});
  EXPECT_THAT(held(underlay(), {{v4("0.0.0.0/0"), {11}}}), IsEmpty());
}

TEST_F(UnderlayTest, ManyPeersAndRoutesAreDecidedOnce) {
  std::vector<WantedRoute> wanted{{v4("0.0.0.0/0"), {11}}};
  for (int i = 0; i < 300; ++i) {
    const std::string endpoint = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250);
    device({endpoint.c_str()});
    wanted.push_back({Ipv4Prefix::host(*Ipv4Address::parse(endpoint)), {11 + static_cast<std::uint32_t>(i)}});
  }
  EXPECT_EQ(held(underlay(), wanted).size(), 300U);
}

// Rules ---------------------------------------------------------------------------------------------------

const Ipv4Address kEndpoint = *Ipv4Address::parse("203.0.113.5");

TEST(WouldWin, AMarkLeadsPastOurTable) {
  constexpr std::uint32_t kOverlay = 8888, kMark = 0x51;
  const RoutePlace ours{kOverlay, 0, kMetric};
  const std::optional<RoutePlace> underlay = RoutePlace{kMain, 0, 100};
  std::vector<RoutingRule> rules = default_rules();
  EXPECT_FALSE(would_win(ours, underlay, rules, kEndpoint, {}));  // nothing looks our table up
  rules.insert(rules.begin() + 1,
               {.priority = 5210, .table = kOverlay, .mark = kMark, .mark_mask = 0xffff, .inverted = true});
  EXPECT_TRUE(would_win(ours, underlay, rules, kEndpoint, {}));
  EXPECT_FALSE(would_win(ours, underlay, rules, kEndpoint, {kMark}));
  // Main's own routes first, but for its default.
  rules.insert(rules.begin() + 1, {.priority = 5200, .table = kMain, .suppress_prefix_length = 0});
  EXPECT_TRUE(would_win(ours, underlay, rules, kEndpoint, {}));
  EXPECT_FALSE(would_win(ours, RoutePlace{kMain, 24, 0}, rules, kEndpoint, {}));
  EXPECT_FALSE(would_win(ours, RoutePlace{kLocal, 32, 0}, rules, kEndpoint, {}));
}

TEST(WouldWin, ARuleThatRefusesEndsTheSearch) {
  const RoutePlace ours{kMain, 0, kMetric};
  std::vector<RoutingRule> rules = default_rules();
  rules.insert(rules.begin() + 1,
               {.priority = 100, .action = RoutingRule::Action::refuse, .mark = 1, .mark_mask = 0xffffffff});
  EXPECT_TRUE(would_win(ours, {}, rules, kEndpoint, {}));
  EXPECT_FALSE(would_win(ours, {}, rules, kEndpoint, {1}));
}

TEST(WouldWin, JumpsAndConditionsThatAreNotKnown) {
  const RoutePlace ours{kMain, 0, kMetric};
  const std::optional<RoutePlace> other = RoutePlace{100, 0, 0};
  std::vector<RoutingRule> rules{
      {.priority = 10, .action = RoutingRule::Action::jump, .target = 30},
      {.priority = 20, .table = kMain},
      {.priority = 30, .table = 100},
      {.priority = 40, .table = kMain},
  };
  EXPECT_FALSE(would_win(ours, other, rules, kEndpoint, {}));
  rules[2].others = RoutingRule::Others::unknown;  // "from ADDRESS": the source is not known
  EXPECT_TRUE(would_win(ours, other, rules, kEndpoint, {}));
  rules[2].others = RoutingRule::Others::none;
  rules[0].others = RoutingRule::Others::never;  // "iif eth0"
  EXPECT_TRUE(would_win(ours, other, rules, kEndpoint, {}));
  rules[0] = {.priority = 10, .table = 100, .destination = v4("203.0.113.0/24")};
  EXPECT_FALSE(would_win(ours, other, rules, kEndpoint, {}));
}

TEST(WouldWin, APortLeadsPastOurTable) {
  constexpr std::uint32_t kApart = 8957;
  const RoutePlace ours{kApart, 24, kMetric};
  const std::optional<RoutePlace> uplink = RoutePlace{kMain, 0, 0};
  std::vector<RoutingRule> rules{{.priority = 5192,
                                  .action = RoutingRule::Action::jump,
                                  .target = 5299,
                                  .is_local = true,
                                  .ip_protocol = 17,
                                  .source_ports = PortRange{51820, 51830}},
                                 {.priority = 5217, .table = kApart},
                                 {.priority = 5299, .action = RoutingRule::Action::nothing},
                                 {.priority = 32766, .table = kMain}};
  EXPECT_FALSE(would_win(ours, uplink, rules, kEndpoint, {.source_port = 51820}));
  EXPECT_TRUE(would_win(ours, uplink, rules, kEndpoint, {.source_port = 51831}));
  EXPECT_TRUE(would_win(ours, uplink, rules, kEndpoint, {}));  // not known: the worse is taken
  rules[0].ip_protocol = 6;
  EXPECT_TRUE(would_win(ours, uplink, rules, kEndpoint, {.source_port = 51820}));
  rules[0].inverted = true;
  EXPECT_FALSE(would_win(ours, uplink, rules, kEndpoint, {.source_port = 51820}));
  rules[0] = {.priority = 5192,
              .action = RoutingRule::Action::jump,
              .target = 5299,
              .destination_ports = PortRange{7, 7}};
  EXPECT_FALSE(would_win(ours, uplink, rules, kEndpoint, {.destination_port = 7}));
  EXPECT_TRUE(would_win(ours, uplink, rules, kEndpoint, {.destination_port = 8}));
}

// The kernel ----------------------------------------------------------------------------------------------

class UnderlayReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    WGOSPF_REQUIRE_NAMESPACES();
    host_ = std::make_unique<test::Namespace>();
    host_->sh(
        "ip link add eth0 type veth peer name up0 && ip link set eth0 up && ip link set up0 up && "
        "ip addr add 192.0.2.2/24 dev eth0 && ip route add default via 192.0.2.1 metric 100");
    host_->run([this] {
      auto opened = UnderlayReader::open();
      ASSERT_TRUE(opened) << opened.error().text;
      reader_.emplace(*std::move(opened));
    });
  }
  EndpointWay way(const char* address, const Outer& outer = {}) {
    const auto answer = reader_->way(*parse_address(address), outer, kOwn);
    EXPECT_TRUE(answer) << answer.error().text;
    return answer ? *answer : EndpointWay{};
  }
  /// Whether our route of this length would lead a datagram to this address away.
  bool ours_would_win(std::uint8_t length, const char* address, const Outer& outer = {}) {
    const auto rules = reader_->rules();
    EXPECT_TRUE(rules);
    return would_win({kMain, length, kMetric}, way(address, outer).place, *rules,
                     *Ipv4Address::parse(address), outer);
  }

  std::unique_ptr<test::Namespace> host_;
  std::optional<UnderlayReader> reader_;
};

TEST_F(UnderlayReaderTest, TellsTheEntryThatTheKernelFollows) {
  EXPECT_EQ(way("203.0.113.5").place, (RoutePlace{kMain, 0, 100}));
  EXPECT_EQ(way("203.0.113.5").ifindexes.size(), 1U);
  EXPECT_EQ(way("192.0.2.77").place, (RoutePlace{kMain, 24, 0}));
  // An address of our own: before any rule is made, the tables local and main are one inside the kernel.
  ASSERT_TRUE(way("192.0.2.2").place);
  EXPECT_EQ(way("192.0.2.2").place->length, 32);
  EXPECT_FALSE(way("203.0.113.5").is_ours);
  host_->sh(
      "ip nexthop add id 7 via 192.0.2.9 dev eth0 && ip nexthop add id 8 group 7 && "
      "ip route add 203.0.113.0/24 nhid 8 proto 89 metric 110");
  EXPECT_EQ(way("203.0.113.5").place, (RoutePlace{kMain, 24, kMetric}));
  EXPECT_TRUE(way("203.0.113.5").is_ours);
  EXPECT_EQ(way("203.0.113.5").ifindexes, way("203.0.114.5").ifindexes);
  host_->sh("sysctl -qw net.ipv4.nexthop_compat_mode=0");
  EXPECT_EQ(way("203.0.113.5").ifindexes, way("203.0.114.5").ifindexes);
  host_->sh("ip route del default");
  EXPECT_EQ(way("203.0.114.5"), EndpointWay{});
  EXPECT_EQ(way("2001:db8::1"), EndpointWay{});
}

TEST_F(UnderlayReaderTest, EveryNextHopOfSeveralCounts) {
  host_->sh(
      "ip link add eth1 type veth peer name up1 && ip link set eth1 up && ip link set up1 up && "
      "ip addr add 198.51.100.2/24 dev eth1 && "
      "ip route add 203.0.113.0/24 nexthop via 192.0.2.1 nexthop via 198.51.100.1");
  EXPECT_EQ(way("203.0.113.5").ifindexes.size(), 2U);
}

TEST_F(UnderlayReaderTest, RulesAreReadAsTheKernelGoesByThem) {
  EXPECT_TRUE(ours_would_win(24, "203.0.113.5"));
  EXPECT_FALSE(ours_would_win(0, "203.0.113.5"));
  EXPECT_FALSE(ours_would_win(24, "192.0.2.77"));
  host_->sh("ip route add default via 192.0.2.1 table 100 && ip rule add pref 90 fwmark 0x51 lookup 100");
  EXPECT_FALSE(ours_would_win(24, "203.0.113.5", {0x51}));
  EXPECT_TRUE(ours_would_win(24, "203.0.113.5"));
  host_->sh("ip rule add pref 80 not fwmark 0x52 lookup main suppress_prefixlength 8");
  EXPECT_TRUE(ours_would_win(24, "203.0.113.5", {0x51}));
  EXPECT_FALSE(ours_would_win(8, "203.0.113.5", {0x51}));
  host_->sh("ip rule add pref 70 to 203.0.113.0/24 prohibit");
  EXPECT_FALSE(ours_would_win(24, "203.0.113.5"));
  EXPECT_TRUE(ours_would_win(24, "203.0.114.5"));
  host_->sh("ip rule add pref 60 iif eth0 prohibit && ip rule add pref 50 goto 80");
  EXPECT_TRUE(ours_would_win(24, "203.0.113.5"));
}

TEST_F(UnderlayReaderTest, PortsAreAskedForAndRead) {
  host_->sh(
      "ip route add default via 192.0.2.1 table 100 metric 7 && "
      "ip rule add pref 90 iif lo ipproto udp sport 51820 lookup 100 && "
      "ip rule add pref 91 iif lo ipproto udp dport 7-9 lookup 100 && ip rule add pref 92 ipproto tcp lookup "
      "100");
  EXPECT_EQ(way("203.0.113.5").place, (RoutePlace{kMain, 0, 100}));
  EXPECT_EQ(way("203.0.113.5", {.source_port = 51820}).place, (RoutePlace{100, 0, 7}));
  EXPECT_EQ(way("203.0.113.5", {.source_port = 1, .destination_port = 8}).place, (RoutePlace{100, 0, 7}));
  EXPECT_EQ(way("203.0.113.5", {.source_port = 1, .destination_port = 10}).place,
            (RoutePlace{kMain, 0, 100}));
  const auto rules = reader_->rules();
  ASSERT_TRUE(rules);
  const auto find = [&](std::uint32_t priority) {
    return *std::find_if(rules->begin(), rules->end(),
                         [&](const RoutingRule& rule) { return rule.priority == priority; });
  };
  EXPECT_TRUE(find(90).is_local);
  EXPECT_EQ(find(90).ip_protocol, 17);
  EXPECT_EQ(find(90).source_ports, (PortRange{51820, 51820}));
  EXPECT_EQ(find(90).others, RoutingRule::Others::none);
  EXPECT_EQ(find(91).destination_ports, (PortRange{7, 9}));
  EXPECT_EQ(find(92).ip_protocol, 6);
}

}  // namespace
}  // namespace wgospf::wg
