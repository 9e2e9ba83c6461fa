// Routes against allowed-ips, and peers that never answer: what is found and what is said.

#include "daemon/links/route_coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/links/silent_peers.h"

namespace wgospf::daemon::route_coverage_test {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using V2 = ospf::V2;

constexpr ospf::LinkId kWg0{1}, kWg1{2};
const Ipv4Address kNeighbor = *Ipv4Address::parse("10.255.0.2");

Ipv4Prefix v4(const char* text) {
  return *Ipv4Prefix::parse(text);
}

wg::Device device(const char* name, std::vector<const char*> allowed) {
  wg::Device device;
  device.name = name;
  wg::Peer peer;
  peer.public_key.bytes.fill(1);
  for (const char* text : allowed) peer.allowed_ips.push_back(*parse_prefix(text));
  device.peers.push_back(std::move(peer));
  return device;
}

class RouteCoverage : public ::testing::Test {
 protected:
  RouteCoverage() { table.sets = {{}, {{kWg0, kNeighbor, {}}}, {{kWg0, kNeighbor, {}}, {kWg1, {}, {}}}}; }
  void route(const Ipv4Prefix& prefix, std::uint32_t set) {
    ospf::Route<V2> added;
    added.prefix = prefix;
    added.set = ospf::SetId{set};
    table.routes.push_back(added);
  }

  ospf::RouteTable<V2> table;
  std::vector<Passage> links{{kWg0, "wg0", kNeighbor}, {kWg1, "wg1", {}}};
};

TEST_F(RouteCoverage, EveryLinkOfARouteIsLookedAt) {
  const auto underlay = wg::underlay_of({device("wg0", {"224.0.0.5/32", "10.255.0.2/32", "192.168.37.0/24"}),
                                         device("wg1", {"192.168.38.0/23"})});
  route(v4("192.168.35.0/24"), 0);  // directly attached
  route(v4("192.168.36.0/24"), 1);
  route(v4("192.168.37.0/24"), 1);
  route(v4("192.168.38.0/24"), 2);
  const Devices devices(underlay);
  EXPECT_TRUE(is_any_narrow(links, devices));
  const auto uncovered = uncovered_prefixes(table, links, devices);
  EXPECT_THAT(uncovered,
              ElementsAre(Uncovered{{v4("192.168.36.0/24"), v4("192.168.38.0/24")}, {}}, Uncovered{}));
}

TEST_F(RouteCoverage, WhereEverythingPassesNoTableNeedBeLookedAt) {
  const auto underlay =
      wg::underlay_of({device("wg0", {"0.0.0.0/0"}), device("wg1", {"0.0.0.0/1", "128.0.0.0/1"})});
  EXPECT_FALSE(is_any_narrow(links, Devices(underlay)));
  EXPECT_FALSE(is_any_narrow(links, Devices(wg::Underlay{})));
}

TEST_F(RouteCoverage, TheFindingHasTheWholeCommand) {
  const auto underlay = wg::underlay_of({device("wg0", {"10.255.0.0/30"})});
  const auto finding = routes_finding(links[0], Devices(underlay), {{v4("192.168.36.0/24")}, {}});
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->text,
            "the allowed-ips of the neighbour on wg0 do not cover 192.168.36.0/24, which is reached over it: "
            "what is sent there and what comes from there is dropped; \"wg set wg0 peer "
            "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE= allowed-ips "
            "10.255.0.0/30,192.168.36.0/24,224.0.0.5/32\"");
}

TEST_F(RouteCoverage, TenThousandPrefixesAreOneLine) {
  const auto underlay = wg::underlay_of({device("wg0", {"10.255.0.0/30"})});
  std::vector<Ipv4Prefix> many;
  for (std::uint32_t i = 0; i < 10'000; ++i) many.push_back(Ipv4Prefix::host({0x0a000000 + 2 * i}));
  const auto finding = routes_finding(links[0], Devices(underlay), {many, {}});
  ASSERT_TRUE(finding);
  EXPECT_THAT(finding->text, HasSubstr("10.0.0.0/32, 10.0.0.2/32, 10.0.0.4/32 and 9997 more"));
  EXPECT_THAT(finding->text, HasSubstr("allowed-ips 0.0.0.0/0\""));
  EXPECT_LT(finding->text.size(), 400U);
}

TEST_F(RouteCoverage, OfAPeerThatIsNotKnownNothingIsSaid) {
  auto two = device("wg0", {"10.0.0.0/8"});
  two.peers.push_back(two.peers[0]);
  two.peers[1].allowed_ips = {*parse_prefix("172.16.0.0/12")};
  route(v4("192.168.36.0/24"), 1);
  links[0].neighbor.reset();
  const auto underlay = wg::underlay_of({two});
  EXPECT_EQ(uncovered_prefixes(table, links, Devices(underlay))[0], Uncovered());
}

// In: two peers behind a link each; what the second has inside a prefix of the first's. Out: it is told but where a
// route leads there, or where the wider one is the default route.
TEST_F(RouteCoverage, ANarrowerAllowedIpOfAnotherPeerIsToldUnlessARouteLeadsThere) {
  auto shared = device("wg0", {"0.0.0.0/0", "192.168.36.0/22"});
  shared.peers.push_back({});
  shared.peers[1].public_key.bytes.fill(2);
  for (const char* text : {"10.9.9.0/24", "192.168.36.0/24", "192.168.37.0/24", "192.168.38.7/32"})
    shared.peers[1].allowed_ips.push_back(*parse_prefix(text));
  links[0].peer = shared.peers[0].public_key;
  links[0].is_managed = true;
  links[1] = {kWg1, "wg0", {}, shared.peers[1].public_key, true};
  table.sets = {{}, {{kWg0, {}, {}}}, {{kWg1, {}, {}}}};
  route(v4("0.0.0.0/0"), 1);
  route(v4("192.168.36.0/22"), 1);
  route(v4("192.168.36.0/24"), 2);
  route(v4("192.168.38.0/24"), 0);  // attached
  const auto underlay = wg::underlay_of({shared});
  const Devices devices(underlay);
  const auto uncovered = uncovered_prefixes(table, links, devices);
  EXPECT_EQ(uncovered[0], (Uncovered{{}, {{v4("192.168.36.0/22"), v4("192.168.37.0/24"), *links[1].peer}}}));
  EXPECT_EQ(uncovered[1], Uncovered());
  const auto finding = routes_finding(links[0], devices, uncovered[0]);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->text,
            "on wg0 narrower allowed-ips of other peers lie in what is reached over the neighbour: "
            "192.168.37.0/24 of "
            "peer AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI= in 192.168.36.0/22; packets there go to those "
            "peers: take "
            "these out of their allowed-ips, or have them announced");
  EXPECT_FALSE(routes_finding(links[0], devices, {{v4("172.16.0.0/12")}, {}})) << "it is being written";
}

// The same where allowed-ips are written by hand: no command names twice what the peer has already.
TEST_F(RouteCoverage, ACommandDoesNotNameWhatThePeerHas) {
  auto shared = device("wg0", {"10.255.0.2/32", "192.168.36.0/22"});
  shared.peers.push_back({});
  shared.peers[1].public_key.bytes.fill(2);
  shared.peers[1].allowed_ips = {*parse_prefix("192.168.37.0/24")};
  route(v4("192.168.36.0/22"), 1);
  const auto underlay = wg::underlay_of({shared});
  const Devices devices(underlay);
  const auto finding = routes_finding(links[0], devices, uncovered_prefixes(table, links, devices)[0]);
  ASSERT_TRUE(finding);
  EXPECT_THAT(finding->text, Not(HasSubstr("wg set")));
  EXPECT_THAT(finding->text, HasSubstr("192.168.37.0/24 of peer AgIC"));
}

// Peers that have never shaken hands -----------------------------------------------------------------------

class SilentPeersTest : public ::testing::Test {
 protected:
  SilentPeersTest() {
    view.link = kWg0;
    view.name = "wg0";
    wg0 = device("wg0", {"0.0.0.0/0"});
    wg0.public_key.emplace();
    wg0.listen_port = 51820;
  }
  wg::Peer& peer() { return wg0.peers[0]; }
  std::string problem_at(SilentPeers::Time moment, bool is_up = true) {
    view.device = std::make_shared<const wg::Device>(wg0);
    return silent.problem_of(view, is_up, moment);
  }
  /// After the time that a peer is given.
  std::string later() {
    (void)problem_at(now);
    now += SilentPeers::kPatience;
    return problem_at(now);
  }

  wg::Device wg0;
  WireguardView view;
  SilentPeers silent;
  SilentPeers::Time now = SilentPeers::Time{} + seconds{1000};
};

TEST_F(SilentPeersTest, SaysWhatToLookAt) {
  EXPECT_THAT(later(), HasSubstr("interface wg0: peer AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE= has never "
                                 "shaken hands; it has no endpoint here"));
  peer().endpoint = wg::Endpoint{*parse_address("192.0.2.1"), 51820, 0};
  EXPECT_THAT(later(), HasSubstr("nothing has been sent to it: look at its allowed-ips"));
  peer().tx_bytes = 148;
  EXPECT_THAT(later(), HasSubstr("192.0.2.1:51820 does not answer: look whether address and port are right"));
  EXPECT_THAT(later(), HasSubstr("as this router's public key"));
  wg0.public_key.reset();
  EXPECT_THAT(later(), HasSubstr("wg0 has no private key"));
  peer().last_handshake = wg::SystemTime(seconds{1});
  EXPECT_EQ(later(), "");
}

TEST_F(SilentPeersTest, APeerHasSomeTimeFirst) {
  EXPECT_EQ(problem_at(now), "");
  now += seconds{5};
  EXPECT_EQ(problem_at(now), "");
  EXPECT_NE(later(), "");
  EXPECT_EQ(problem_at(now, false), "");  // the interface is down: it is no wonder
  EXPECT_EQ(problem_at(now), "");
}

TEST_F(SilentPeersTest, ManyAreOneLineThatDoesNotChangeByItself) {
  for (std::uint8_t i = 2; i < 200; ++i) {
    wg0.peers.push_back(peer());
    wg0.peers.back().public_key.bytes.fill(i);
  }
  const auto text = later();
  EXPECT_THAT(text, HasSubstr("and 196 more peers have never shaken hands"));
  for (auto& each : wg0.peers) each.rx_bytes += 100;
  EXPECT_EQ(problem_at(now + seconds{60}), text);
}

}  // namespace
}  // namespace wgospf::daemon::route_coverage_test
