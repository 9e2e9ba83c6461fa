// Questions and answers, from the router to the tables and the JSON of wgospfctl.
#include <gmock/gmock.h>

#include <set>

#include "api_support.h"

namespace wgospf::daemon {
namespace {

using cli::Json;
using ::testing::HasSubstr;

/// "name" of every element of a JSON array.
std::vector<std::string> all(const Json& list, const std::string& name) {
  std::vector<std::string> values;
  for (const auto& element : list) values.push_back(element[name]);
  return values;
}

class Lists : public ApiTest {};

TEST_F(Lists, StatusTellsTheRouterAtAGlance) {
  router_.on_strand([&] {
    router_.warning_list = {"no rule looks up table 254"};
    router_.kernel_view.acknowledged_generation = 3;
    router_.kernel_view.failures = {{"10.1.0.0/16", "Network is down"}};
    router_.kernel_view.failure_count = 100'000;
  });
  const auto status = wgospfctl_json({"show", "status"});
  EXPECT_EQ(status["version"], "0.1.0");
  EXPECT_EQ(status["router_id"], "10.0.32.1");
  EXPECT_EQ(status["hostname"], "op1");
  EXPECT_EQ(status["converged"], true);
  EXPECT_EQ(status["neighbor_count"], 1);
  EXPECT_EQ(status["full_count"], 1);
  EXPECT_EQ(status["interface_count"], 2);
  EXPECT_EQ(status["lsdb_size"], 2);
  EXPECT_EQ(status["lsdb_bytes"],
            router_.on_strand([&] { return router_.instance().statistics().lsdb_bytes; }));
  EXPECT_EQ(status["max_lsa"], ospf::kMaxLsa);
  EXPECT_EQ(status["max_lsa_bytes"], ospf::kMaxLsaBytes);
  EXPECT_EQ(status["areas"][0]["area_id"], "0.0.0.0");
  EXPECT_EQ(status["areas"][0]["interface_count"], 2);
  EXPECT_EQ(status["kernel"]["acknowledged_generation"], 3);
  EXPECT_EQ(status["kernel"]["failures"][0]["text"], "Network is down");
  EXPECT_EQ(status["kernel"]["failure_count"], 100'000);
  const auto table = router_.on_strand([&] { return router_.instance().routes(); });
  EXPECT_EQ(status["route_count"], table->routes.size());
  EXPECT_EQ(status["generation"], table->generation.value);
  EXPECT_EQ(status["warnings"][0], "no rule looks up table 254");
  EXPECT_GT(status["statistics"]["received"]["hello"], 0);
}

TEST_F(Lists, ABareCommandShowsTheStatus) {
  const auto outcome = wgospfctl({});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("wgospfd 0.1.0, router id 10.0.32.1 (op1), up "));
}

// Protobuf takes UTF-8 only: one byte that is none would cost the whole answer.
TEST_F(Lists, BytesThatAreNotUtf8NeverBreakAnAnswer) {
  router_.on_strand([&] {
    router_.warning_list = {"interface w\xffg does not exist"};
    router_.kernel_view.failures = {{"next hop on w\xffg", "No such\x1b device"}};
    WireguardView view;
    view.link = WiredRouter::kTunnel;
    view.name = "w\xffg";
    view.error = "w\xffg cannot be read";
    router_.wireguard_views = {view};
  });
  EXPECT_EQ(wgospfctl_json({"show", "status"})["warnings"],
            Json::array({"interface w\\xffg does not exist"}));
  const auto failures = wgospfctl_json({"show", "status"})["kernel"]["failures"];
  EXPECT_EQ(all(failures, "text"), std::vector<std::string>{"No such\\x1b device"});
  EXPECT_THAT(wgospfctl({"show", "peers"}).out, HasSubstr("w\\xffg cannot be read"));
}

TEST_F(Lists, InterfacesComeWithWhatIsWrongWithAllowedIps) {
  router_.on_strand([&] {
    WireguardView view{WiredRouter::kTunnel, "wg-op2"};
    view.findings = {{wg::CoverageFinding::Kind::not_covered, wg::kAllSpfRouters, "add 224.0.0.5/32 to it"}};
    router_.wireguard_views = {view};
  });
  const auto interfaces = wgospfctl_json({"show", "interfaces"})["interfaces"];
  ASSERT_EQ(all(interfaces, "name"), (std::vector<std::string>{"wg-op2", "br-lan"}));
  EXPECT_EQ(interfaces[0]["state"], "point-to-point");
  EXPECT_EQ(interfaces[0]["hello_interval"], 1);
  EXPECT_EQ(interfaces[0]["dead_interval"], 4);
  EXPECT_EQ(interfaces[0]["addresses"][0], "10.9.0.1/30");
  EXPECT_EQ(interfaces[0]["full_count"], 1);
  EXPECT_EQ(interfaces[0]["wireguard"], true);
  EXPECT_EQ(interfaces[0]["allowed_ips_findings"][0]["problem"], "not-covered");
  EXPECT_EQ(interfaces[0]["allowed_ips_findings"][0]["address"], "224.0.0.5");
  EXPECT_EQ(interfaces[1]["passive"], true);
  EXPECT_EQ(interfaces[1]["hello_due"], nullptr);
  router_.on_strand([&] { router_.interface_problem_map[WiredRouter::kLan] = "br-lan is deaf"; });
  EXPECT_EQ(wgospfctl_json({"show", "interfaces"})["interfaces"][1]["problems"],
            Json::array({"br-lan is deaf"}));
  const auto text = wgospfctl({"show", "interfaces"}).out;
  EXPECT_THAT(text, HasSubstr("br-lan: br-lan is deaf\n"));
  EXPECT_THAT(text, HasSubstr("no 224.0.0.5"));
  EXPECT_THAT(text, HasSubstr("wg-op2: add 224.0.0.5/32 to it\n"));
}

TEST_F(Lists, NeighborsTellStateAndTimers) {
  const auto neighbors = wgospfctl_json({"show", "neighbors"})["neighbors"];
  ASSERT_EQ(neighbors.size(), 1U);
  EXPECT_EQ(neighbors[0]["neighbor_router_id"], "10.0.32.2");
  EXPECT_EQ(neighbors[0]["interface"], "wg-op2");
  EXPECT_EQ(neighbors[0]["address"], "10.9.0.2");
  EXPECT_EQ(neighbors[0]["state"], "full");
  EXPECT_EQ(neighbors[0]["mtu"], 1420);
  EXPECT_GT(neighbors[0]["dead_timer"], 0.0);
  EXPECT_LE(neighbors[0]["dead_timer"], 4.0);
}

// In: a router on the link with another hello-interval. Out: it is listed, in the tables and in JSON, with
// the reason and the cure.
TEST_F(Lists, WhoIsRefusedAsANeighborIsListedWithTheReason) {
  ospf::Hello hello;
  hello.hello_interval = 10;
  hello.dead_interval = 40;
  hello.options = {ospf::Options::kExternal};
  router_.hear(ospf::RouterId{0x0a002009}, hello, Ipv4Address{0x0a090001 + 1});
  const auto neighbors = wgospfctl_json({"show", "neighbors"})["neighbors"];
  ASSERT_EQ(neighbors.size(), 2U);
  EXPECT_EQ(neighbors[0]["problem"], "");
  EXPECT_EQ(neighbors[1]["neighbor_router_id"], "10.0.32.9");
  EXPECT_EQ(neighbors[1]["state"], "down");
  EXPECT_EQ(neighbors[1]["interface"], "wg-op2");
  const std::string reason =
      "refused: hello_interval_mismatch (its hello-interval is 10 s; both ends need the same)";
  EXPECT_EQ(neighbors[1]["problem"], reason);
  EXPECT_THAT(wgospfctl({"show", "neighbors"}).out, HasSubstr("10.0.32.9 on wg-op2: " + reason + "\n"));
  const auto interfaces = wgospfctl_json({"show", "interfaces"})["interfaces"];
  ASSERT_EQ(interfaces[0]["problems"].size(), 1U);
  EXPECT_EQ(interfaces[0]["problems"][0], "10.0.32.9 (10.9.0.2): " + reason);
  EXPECT_EQ(interfaces[1]["problems"].size(), 0U);
  EXPECT_THAT(wgospfctl({"show", "interfaces"}).out,
              HasSubstr("wg-op2: 10.0.32.9 (10.9.0.2): " + reason + "\n"));
}

TEST_F(Lists, DatabaseTellsHeadersAndBodies) {
  router_.advertise(1, 20);
  ASSERT_TRUE(router_.eventually([&] { return router_.instance().statistics().lsdb_size == 3; }));
  const auto lsas = wgospfctl_json({"show", "database"})["lsas"];
  ASSERT_EQ(lsas.size(), 3U);
  bool own = false, external = false;
  for (const auto& lsa : lsas) {
    if (lsa["self_originated"] == true) {
      own = true;
      EXPECT_EQ(lsa["type"], "router");
      EXPECT_EQ(lsa["area_id"], "0.0.0.0");
      EXPECT_EQ(lsa["router"]["links"].size(), 3U);  // to the neighbour, the tunnel's subnet, the LAN
    }
    if (lsa["type"] == "as-external") {
      external = true;
      EXPECT_EQ(lsa["area_id"], "");
      EXPECT_EQ(lsa["lsa_id"], "172.16.0.0");
      EXPECT_EQ(lsa["external"]["network_mask"], "255.255.255.255");
      EXPECT_EQ(lsa["external"]["metric"], 20);
      EXPECT_EQ(lsa["external"]["metric_type"], 2);
    }
  }
  EXPECT_TRUE(own);
  EXPECT_TRUE(external);
}

TEST_F(Lists, DatabaseIsFilteredByAreaTypeRouterAndId) {
  router_.advertise(2, 20);
  ASSERT_TRUE(router_.eventually([&] { return router_.instance().statistics().lsdb_size == 4; }));
  const auto count = [&](std::vector<const char*> filter) {
    filter.insert(filter.begin(), {"show", "database"});
    return wgospfctl_json(filter)["lsas"].size();
  };
  EXPECT_EQ(count({}), 4U);
  EXPECT_EQ(count({"--area", "0.0.0.0"}), 2U);
  EXPECT_EQ(count({"--area", "0.0.0.1"}), 0U);
  EXPECT_EQ(count({"--area", "0"}), 2U);
  EXPECT_EQ(count({"--area", "9"}), 0U);
  EXPECT_EQ(count({"--type", "as-external"}), 2U);
  EXPECT_EQ(count({"--adv-router", "10.0.32.1"}), 1U);
  EXPECT_EQ(count({"--type", "as-external", "--id", "172.16.0.1"}), 1U);
  EXPECT_EQ(wgospfctl({"show", "database", "--type", "network"}).out, "No LSAs.\n");
}

TEST_F(Lists, RoutesTellNextHopsAndTheKernel) {
  router_.advertise(1, 20);
  ASSERT_TRUE(router_.eventually([&] { return router_.instance().routes()->routes.size() == 4; }));
  router_.on_strand([&] {
    router_.kernel_view.failures = {{"172.16.0.0/32", "Network is down"}};
    router_.route_finding_map = {{*Ipv4Prefix::parse("172.16.0.0/32"), "not in the allowed-ips of wg-op2"}};
    router_.kernel_view.acknowledged_generation = 5;
  });
  const auto list = wgospfctl_json({"show", "routes"});
  EXPECT_EQ(list["kernel_generation"], 5);
  const auto& routes = list["routes"];
  ASSERT_EQ(all(routes, "prefix"),
            (std::vector<std::string>{"10.9.0.0/30", "172.16.0.0/32", "192.168.1.0/24", "192.168.2.0/24"}));
  EXPECT_EQ(all(routes, "kernel_state"),
            (std::vector<std::string>{"attached", "failed", "attached", "installed"}));
  EXPECT_EQ(routes[1]["path_type"], "external-2");
  EXPECT_EQ(routes[1]["type2_metric"], 20);
  EXPECT_EQ(routes[1]["kernel_error"], "Network is down");
  EXPECT_EQ(routes[1]["findings"], cli::Json::array({"not in the allowed-ips of wg-op2"}));
  EXPECT_EQ(routes[3]["path_type"], "intra-area");
  EXPECT_EQ(routes[3]["metric"], 20);
  EXPECT_EQ(routes[3]["next_hops"][0]["interface"], "wg-op2");
  EXPECT_EQ(routes[3]["next_hops"][0]["neighbor_router_id"], "10.0.32.2");
  const auto within = wgospfctl_json({"show", "routes", "192.168.0.0/16"})["routes"];
  EXPECT_EQ(all(within, "prefix"), (std::vector<std::string>{"192.168.1.0/24", "192.168.2.0/24"}));
  EXPECT_TRUE(wgospfctl_json({"show", "routes", "203.0.113.0/24"})["routes"].empty());
}

TEST_F(Lists, PathGoesHopByHopToTheRouterThatAdvertises) {
  EXPECT_EQ(wgospfctl({"show", "path", "192.168.2.0/24"}).out,
            "192.168.2.0/24: 1 path, intra-area, metric 20\n"
            "path 1\n"
            "  ROUTER     COST  LINK\n"
            "  10.0.32.1    10  dev wg-op2\n"
            "  10.0.32.2        advertised by router-LSA 10.0.32.2 of 10.0.32.2, cost 10\n");
  const auto json = wgospfctl_json({"show", "path", "192.168.2.0/24"});
  EXPECT_EQ(json["paths"][0]["hops"][0]["interface"], "wg-op2");
  EXPECT_EQ(json["paths"][0]["advertised_by"], "router");
  EXPECT_EQ(json["truncated"], false);
  const auto none = wgospfctl({"show", "path", "192.168.99.0/24"});
  EXPECT_EQ(none.status, 1);
  EXPECT_EQ(none.err, "wgospfctl: No path to 192.168.99.0/24 (exactly this prefix).\n");
}

TEST_F(Lists, PathToAnAddressIsThatOfTheLongestPrefixThatCoversIt) {
  EXPECT_EQ(wgospfctl({"show", "path", "192.168.2.77"}).out,
            wgospfctl({"show", "path", "192.168.2.0/24"}).out);
  EXPECT_EQ(wgospfctl_json({"show", "path", "192.168.2.77"})["prefix"], "192.168.2.0/24");
  EXPECT_EQ(wgospfctl({"show", "path", "203.0.113.1"}).err,
            "wgospfctl: No route of OSPF covers 203.0.113.1.\n");
}

TEST_F(Lists, AWrongPrefixIsToldWithTheCure) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"nonsense", "prefix: \"nonsense\" is not an IPv4 prefix; write it as 192.168.37.0/24"},
      {"192.168.2.1/24", "prefix: \"192.168.2.1/24\" has bits set past its length; write 192.168.2.0/24"},
      {"192.168.2.0/33",
       "prefix: \"192.168.2.0/33\" has a length that is not 0 to 32; write 192.168.2.0/24"}};
  for (const auto& [prefix, text] : cases) {
    const auto outcome = wgospfctl({"show", "path", prefix.c_str()});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, "wgospfctl: " + text + "\n");
    EXPECT_EQ(wgospfctl({"show", "routes", prefix.c_str()}).err, "wgospfctl: " + text + "\n");
  }
}

TEST_F(Lists, WrongFiltersAreToldWithTheField) {
  EXPECT_EQ(wgospfctl({"show", "database", "--area", "x"}).err,
            "wgospfctl: area_id: \"x\" is not an area; write it as 0.0.0.0, or as a number\n");
  for (const char* area : {"4294967296", "9x", "-1", ""})
    EXPECT_NE(wgospfctl({"show", "database", "--area", area}).status, 0) << area;

  EXPECT_EQ(wgospfctl({"show", "database", "--adv-router", "x"}).err,
            "wgospfctl: adv_router: \"x\" is not a router id; write it as 10.0.0.1\n");
  EXPECT_EQ(wgospfctl({"show", "path", "192.168.2.0/24", "--limit", "5000"}).err,
            "wgospfctl: limit: 5000 is more than 1000; ask for fewer paths\n");
}

// gRPC takes a status of some kilobytes at most: what is too long would be lost with its cure.
TEST_F(Lists, WhatAClientAsksForIsCutWhereItIsEchoed) {
  const std::string word(60'000, 'x'), zeros = "192.168.2.0/" + std::string(60'000, '0');
  for (const auto& words :
       std::vector<std::vector<const char*>>{{"show", "routes", word.c_str()},
                                             {"show", "path", zeros.c_str()},
                                             {"show", "database", "--area", word.c_str()},
                                             {"show", "database", "--adv-router", word.c_str()},
                                             {"show", "database", "--id", word.c_str()}}) {
    const auto outcome = wgospfctl(words);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_LT(outcome.err.size(), 500U);
    EXPECT_THAT(outcome.err, HasSubstr("... (600"));
    EXPECT_THAT(outcome.err, HasSubstr("write "));
  }
}

TEST_F(Lists, PeersComeWithKeysInBase64AndTheNeighborBehindThem) {
  const auto key = wg::Key::from_base64("2qxnrbVXzZO3b2GiHZMBrK1HnVvmJHF4MVyIl1nBwmI=");
  ASSERT_TRUE(key);
  router_.on_strand([&] {
    wg::Peer peer;
    peer.public_key = *key;
    peer.endpoint = wg::Endpoint{Ipv4Address{0xcb007102}, 51820};
    peer.last_handshake = std::chrono::system_clock::now() - std::chrono::seconds{12};
    peer.rx_bytes = 2048;
    peer.allowed_ips = {Ipv4Prefix{}, Ipv6Prefix{}};
    WireguardView view{WiredRouter::kTunnel, "wg-op2"};
    wg::Device device;
    device.name = "wg-op2";
    device.listen_port = 51821;
    device.peers = {peer};
    view.device = std::make_shared<const wg::Device>(std::move(device));
    router_.wireguard_views = {view};
  });
  const auto json = wgospfctl_json({"show", "peers"});
  EXPECT_EQ(json["devices"][0]["listen_port"], 51821);
  EXPECT_EQ(json["devices"][0]["backend"], "kernel");
  const auto& peer = json["peers"][0];
  EXPECT_EQ(peer["public_key"], "2qxnrbVXzZO3b2GiHZMBrK1HnVvmJHF4MVyIl1nBwmI=");
  EXPECT_EQ(peer["endpoint"], "203.0.113.2:51820");
  EXPECT_NEAR(peer["handshake_age"].get<double>(), 12.0, 10.0);
  EXPECT_EQ(peer["allowed_ips"], (Json{"0.0.0.0/0", "::/0"}));
  EXPECT_EQ(peer["neighbor_router_id"], "10.0.32.2");
  EXPECT_EQ(peer["neighbor_state"], "full");
  EXPECT_EQ(peer["role"], "router");
  EXPECT_EQ(peer["name"], "2qxnrbVX");
  EXPECT_EQ(peer["link"], "wg-op2");
  EXPECT_EQ(peer["link_state"], "point-to-point");
}

/// A device "wg0" with two peers and a link to each, the tunnel of the wired routers being the first one.
std::vector<WireguardView> shared_device(const wg::Key& op2, const wg::Key& op3) {
  wg::Device device;
  device.name = "wg0";
  wg::Peer first, second;
  first.public_key = op2;
  first.allowed_ips = {*Ipv4Prefix::parse("10.9.0.2/32"), *Ipv4Prefix::parse("172.16.0.0/32")};
  second.public_key = op3;
  device.peers = {first, second};
  const auto shared = std::make_shared<const wg::Device>(std::move(device));
  WireguardView whole{ospf::LinkId{77}, "wg0", shared};
  WireguardView to_op2{WiredRouter::kTunnel, "wg0/op2", shared};
  to_op2.peer = op2;
  WireguardView to_op3{ospf::LinkId{78}, "wg0/op3", shared};
  to_op3.peer = op3;
  return {whole, to_op2, to_op3};
}

// In: a device with two peers, a link to each of them, one of which has a neighbour that advertises a prefix. Out:
// the device once, each peer once, with the neighbour, the routes and the allowed-ips of its own.
TEST_F(Lists, EachPeerOfASharedDeviceHasItsOwnLinkRoutesAndAllowedIps) {
  router_.advertise(1, 20);
  ASSERT_TRUE(router_.eventually([&] { return router_.instance().routes()->routes.size() == 4; }));
  wg::Key op2, op3;
  op2.bytes.fill(2);
  op3.bytes.fill(3);
  router_.on_strand([&] {
    router_.wireguard_views = shared_device(op2, op3);
    router_.own_allowed_ip_map["wg0"][op2] = {*Ipv4Prefix::parse("172.16.0.0/32")};
    router_.peer_note_map[{"wg0", op3}] = {PeerRole::client,        "10.0.32.3", true, 1392, {"wg-inner"},
                                           {"its LAN is w\xffrong"}};
  });
  const auto json = wgospfctl_json({"show", "peers"});
  EXPECT_EQ(all(json["devices"], "interface"), std::vector<std::string>{"wg0"});
  ASSERT_EQ(all(json["peers"], "name"), (std::vector<std::string>{"op2", "op3"}));
  const auto &first = json["peers"][0], &second = json["peers"][1];
  EXPECT_EQ(first["interface"], "wg0");
  EXPECT_EQ(first["neighbor_router_id"], "10.0.32.2");
  EXPECT_EQ(first["routed_prefix_count"], 2);
  EXPECT_EQ(first["routed_prefixes"], (Json{"172.16.0.0/32", "192.168.2.0/24"}));
  EXPECT_EQ(first["managed_allowed_ips"], Json{"172.16.0.0/32"});
  EXPECT_EQ(second["neighbor_router_id"], "");
  EXPECT_EQ(second["routed_prefix_count"], 0);
  EXPECT_EQ(second["role"], "client");
  EXPECT_EQ(second["mtu"], 1392);
  EXPECT_EQ(second["speaks_for"], "10.0.32.3");
  EXPECT_EQ(second["written_down"], true);
  EXPECT_EQ(second["carries"], Json{"wg-inner"});
  EXPECT_EQ(second["problems"], Json{"its LAN is w\\xffrong"});
  EXPECT_THAT(wgospfctl({"show", "peers"}).out, Not(HasSubstr("172.16.0.0/32")));
  EXPECT_THAT(wgospfctl({"show", "peers", "--wide"}).out, HasSubstr("  managed  172.16.0.0/32\n"));
}

// In: forget-key for a peer that is known, for one that is not, and without a name. Out: what was forgotten; a sentence
// that says why not.
TEST_F(Lists, ForgetKeyTellsWhatIsForgotten) {
  wg::Key key;
  key.bytes.fill(2);
  router_.on_strand([&] { router_.key_map["op2"] = {key, ospf::RouterId{0x0a002002}}; });
  EXPECT_EQ(wgospfctl({"forget-key", "op2"}).out,
            "Peer " + key.to_base64() + " was known as router 10.0.32.2; it is learned anew.\n");
  EXPECT_EQ(wgospfctl_json({"forget-key", "op2"})["router_id"], "10.0.32.2");
  const auto unknown = wgospfctl({"forget-key", "op9"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, HasSubstr("no peer is called \"op9\""));
  EXPECT_EQ(wgospfctl({"forget-key"}).status, 2);
}

// In: a device with two peers and one link, whose neighbour is within the second one's allowed-ips. Out: neighbour
// and routes are that peer's.
TEST_F(Lists, OnALinkOfTheWholeDeviceThePeerIsFoundByTheNeighborsAddress) {
  wg::Key other, router;
  other.bytes.fill(5);
  router.bytes.fill(6);
  router_.on_strand([&] {
    auto views = shared_device(other, router);
    views.resize(1);
    views[0].link = WiredRouter::kTunnel;
    wg::Device device = *views[0].device;
    device.peers[0].allowed_ips = {*Ipv4Prefix::parse("10.0.0.0/8")};
    device.peers[1].allowed_ips = {*Ipv4Prefix::parse("10.9.0.2/32")};
    views[0].device = std::make_shared<const wg::Device>(std::move(device));
    router_.wireguard_views = views;
  });
  const auto peers = wgospfctl_json({"show", "peers"})["peers"];
  EXPECT_EQ(all(peers, "neighbor_router_id"), (std::vector<std::string>{"", "10.0.32.2"}));
  EXPECT_EQ(all(peers, "role"), (std::vector<std::string>{"unknown", "router"}));
  EXPECT_EQ(peers[0]["routed_prefix_count"], 0);
  EXPECT_EQ(peers[1]["routed_prefix_count"], 1);
}

TEST_F(Lists, LongListsAreWholeAndTheStrandIsNeverBusyForLong) {
  constexpr std::uint32_t kPrefixes = 20'000;
  router_.advertise(kPrefixes, 20);
  ASSERT_TRUE(
      router_.eventually([&] { return router_.instance().routes()->routes.size() == kPrefixes + 3; }));
  const auto stub = this->stub();
  const auto list_all = [&] {
    std::set<std::string> prefixes;
    std::set<std::uint64_t> generations;
    std::size_t parts = 0;
    {
      grpc::ClientContext context;
      auto reader = stub->ListRoutes(&context, {});
      v1::ListRoutesResponse part;
      while (reader->Read(&part)) {
        ++parts;
        generations.insert(part.generation());
        for (const auto& route : part.routes()) prefixes.insert(route.prefix());
      }
      EXPECT_TRUE(reader->Finish().ok());
    }
    EXPECT_EQ(prefixes.size(), kPrefixes + 3);
    EXPECT_EQ(generations.size(), 1U);
    EXPECT_GE(parts, 40U);
    std::set<std::string> lsas;
    {
      grpc::ClientContext context;
      auto reader = stub->ListDatabase(&context, {});
      v1::ListDatabaseResponse part;
      while (reader->Read(&part)) {
        for (const auto& lsa : part.lsas()) lsas.insert(lsa.lsa_id() + " " + lsa.adv_router());
      }
      EXPECT_TRUE(reader->Finish().ok());
    }
    EXPECT_EQ(lsas.size(), kPrefixes + 2);
  };
  // Forty parts of each list: none may be a large share of the work. What else the machine does can make
  // any one of them long, but not one of each of five runs.
  double least_share = 1;
  for (int run = 0; run < 5; ++run) {
    (void)router_.take_closure_times();
    list_all();
    const auto times = router_.take_closure_times();
    RecordProperty("longest_closure_us", std::to_string(times.longest.count() / 1000));
    least_share = std::min(
        least_share, static_cast<double>(times.longest.count()) / static_cast<double>(times.total.count()));
  }
  EXPECT_LT(least_share, 0.2);
}

TEST_F(Lists, AClientThatLeavesInTheMiddleOfAListLeavesNothingBehind) {
  router_.advertise(5'000, 20);
  ASSERT_TRUE(router_.eventually([&] { return router_.instance().routes()->routes.size() == 5'003; }));
  const auto stub = this->stub();
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    auto reader = stub->ListRoutes(&context, {});
    v1::ListRoutesResponse part;
    EXPECT_TRUE(reader->Read(&part));
    context.TryCancel();
    while (reader->Read(&part)) {
    }
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  EXPECT_EQ(wgospfctl({"show", "status"}).status, 0);
}

TEST_F(Lists, ServeManyClientsAtOnce) {
  std::vector<std::thread> clients;
  std::atomic<int> answered{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int j = 0; j < 20; ++j) {
        if (wgospfctl({"show", j % 2 ? "routes" : "database"}).status == 0) ++answered;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(answered, 160);
}

}  // namespace
}  // namespace wgospf::daemon
