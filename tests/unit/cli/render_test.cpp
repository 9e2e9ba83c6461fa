// What people see, to the letter.
#include "cli/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "samples.h"

namespace wgospf::cli {
namespace {

TEST(RenderStatus, SaysWhatMattersOnAFewLines) {
  const auto status = message<v1::GetStatusResponse>(R"(
    version: "0.1.0" router_id: "10.0.32.1" uptime { seconds: 75 } converged: true generation: 7 route_count: 9
    interface_count: 3 neighbor_count: 2 full_count: 2 lsdb_size: 3
    lsdb_bytes: 192 max_lsa: 128000 max_lsa_bytes: 8388608
    areas { area_id: "0.0.0.0" interface_count: 3 }
    kernel { table: 254 metric: 110 acknowledged_generation: 7 })");
  EXPECT_EQ(render(status, Colours::off),
            "wgospfd 0.1.0, router id 10.0.32.1, up 1m15s\n"
            "areas       0.0.0.0 (3 interfaces)\n"
            "neighbors   2, 2 full\n"
            "database    3 LSAs, 192 B; room for 128000 LSAs, 8.0 MiB\n"
            "routes      9, generation 7, converged\n"
            "kernel      up to generation 7, table 254, metric 110\n");
}

TEST(RenderStatus, CountsRoutesThatTheKernelDoesNotHoldOrUse) {
  const auto status = message<v1::GetStatusResponse>(R"(
    version: "0.1.0" router_id: "10.0.32.1" uptime { seconds: 5 }
    kernel { table: 254 metric: 110 missing: 12 hidden: 1 adopted: 3 withheld: 2 })");
  const std::string text = render(status, Colours::off);
  EXPECT_NE(text.find("kernel      up to generation 0, table 254, metric 110\n"
                      "            12 routes are not in the kernel\n"
                      "            1 route is hidden by another program's\n"
                      "            3 routes are a former run's\n"
                      "            2 routes are withheld\n"),
            std::string::npos)
      << text;
}

TEST(RenderStatus, ShowsFailuresAndWarnings) {
  const auto status = message<v1::GetStatusResponse>(R"(
    version: "0.1.0" router_id: "10.0.32.1" uptime { seconds: 5 }
    kernel { table: 254 metric: 110 failure_count: 3 failures { subject: "10.1.0.0/16" text: "no device" } }
    warnings: "no rule looks up table 254")");
  EXPECT_EQ(render(status, Colours::off),
            "wgospfd 0.1.0, router id 10.0.32.1, up 5.0s\n"
            "areas       none\n"
            "neighbors   0, 0 full\n"
            "database    0 LSAs, 0 B; room for 0 LSAs, 0 B\n"
            "routes      0, generation 0, not converged\n"
            "kernel      up to generation 0, table 254, metric 110\n"
            "            failed: 10.1.0.0/16: no device\n"
            "            and 2 more\n"
            "warning     no rule looks up table 254\n");
}

TEST(RenderInterfaces, HasAColumnForAllowedIps) {
  const auto list = message<v1::ListInterfacesResponse>(R"(
    interfaces { name: "wg-op2" area_id: "0.0.0.0" interface_type: INTERFACE_TYPE_POINT_TO_POINT
      state: INTERFACE_STATE_POINT_TO_POINT cost: 10 hello_interval: 1 dead_interval: 4 link_up: true mtu: 1420
      path_mtu: 1312
      addresses: "10.9.0.1/30" neighbor_count: 1 full_count: 1 wireguard: true }
    interfaces { name: "wg-op3" area_id: "0.0.0.0" interface_type: INTERFACE_TYPE_POINT_TO_POINT
      state: INTERFACE_STATE_POINT_TO_POINT cost: 10 hello_interval: 1 dead_interval: 4 link_up: true mtu: 1420
      unnumbered_source: "10.0.32.1" wireguard: true
      allowed_ips_findings { problem: ALLOWED_IPS_PROBLEM_NOT_COVERED address: "224.0.0.5"
        text: "no peer's allowed-ips cover 224.0.0.5; add 224.0.0.5/32" } }
    interfaces { name: "br-lan" area_id: "0.0.0.0" interface_type: INTERFACE_TYPE_BROADCAST passive: true
      cost: 10 })");
  EXPECT_EQ(
      render(list, Colours::off),
      "INTERFACE  AREA     TYPE            STATE           COST  HELLO/DEAD   MTU  PASSES  ADDRESS         "
      "      NEIGHBORS  ALLOWED-IPS\n"
      "wg-op2     0.0.0.0  point-to-point  point-to-point    10  1/4         1420    1312  10.9.0.1/30     "
      "      1/1 full   ok\n"
      "wg-op3     0.0.0.0  point-to-point  point-to-point    10  1/4         1420       -  unnumbered "
      "10.0.32.1  none       no 224.0.0.5\n"
      "br-lan     0.0.0.0  broadcast       down              10  -              -       -  -               "
      "      passive    -\n"
      "wg-op3: no peer's allowed-ips cover 224.0.0.5; add 224.0.0.5/32\n");
}

TEST(RenderInterfaces, SaysWhoIsBehindALinkAndWhetherHeSleeps) {
  const auto list = message<v1::ListInterfacesResponse>(R"(
    interfaces { name: "wg0/op2" area_id: "0.0.0.0" interface_type: INTERFACE_TYPE_POINT_TO_MULTIPOINT
      state: INTERFACE_STATE_POINT_TO_POINT cost: 10 hello_interval: 1 dead_interval: 4 link_up: true mtu: 1420
      addresses: "10.99.0.1/24" wireguard: true peer_address: "10.99.0.2" peer_asleep: true })");
  EXPECT_THAT(render(list, Colours::off), testing::HasSubstr("  peer 10.99.0.2  asleep  "));
}

TEST(RenderNeighbors, HasOneLineForEach) {
  const auto list = message<v1::ListNeighborsResponse>(R"(
    neighbors { interface: "wg-op2" neighbor_router_id: "10.0.32.2" address: "10.9.0.2"
      state: NEIGHBOR_STATE_FULL last_event: "LoadingDone" state_age { seconds: 75 } dead_timer { seconds: 3 } }
    neighbors { interface: "wg-op3" neighbor_router_id: "10.0.32.3" address: "10.9.0.6"
      state: NEIGHBOR_STATE_2_WAY last_event: "2-WayReceived" request_list: 12 })");
  EXPECT_EQ(render(list, Colours::off),
            "ROUTER-ID  STATE  FOR    INTERFACE  ADDRESS   DEAD-IN  LAST-EVENT     REQUESTED  UNACKED\n"
            "10.0.32.2  full   1m15s  wg-op2     10.9.0.2  3.0s     LoadingDone            0        0\n"
            "10.0.32.3  2-way  0.0s   wg-op3     10.9.0.6  -        2-WayReceived         12        0\n");
}

TEST(RenderNeighbors, TellsProblemsBelowTheTable) {
  const auto list = message<v1::ListNeighborsResponse>(R"(
    neighbors { interface: "wg-op2" neighbor_router_id: "10.0.32.2" address: "10.9.0.2"
      state: NEIGHBOR_STATE_EXSTART problem: "its MTU is 1500, this side's 1420" })");
  EXPECT_THAT(render(list, Colours::off),
              testing::EndsWith("\n10.0.32.2 on wg-op2: its MTU is 1500, this side's 1420\n"));
}

TEST(RenderNeighbors, ShowsSignsOfLifeWhereNeighborsAreFollowed) {
  const auto list = message<v1::ListNeighborsResponse>(R"(
    neighbors { interface: "wg-op2" neighbor_router_id: "10.0.32.2" address: "10.9.0.2"
      state: NEIGHBOR_STATE_FULL liveness { last_sign: SIGN_OF_LIFE_ECHO last_sign_age { nanos: 400000000 } suspect: true
        round_trip { nanos: 21400000 } loss: 0.034 loss_samples: 29 } }
    neighbors { interface: "wg-op3" neighbor_router_id: "10.0.32.3" address: "10.9.0.6"
      state: NEIGHBOR_STATE_FULL liveness { last_sign: SIGN_OF_LIFE_OSPF last_sign_age { seconds: 2 } } }
    neighbors { interface: "wg-op4" neighbor_router_id: "10.0.32.4" state: NEIGHBOR_STATE_INIT })");
  const auto text = render(list, Colours::off);
  EXPECT_THAT(text, testing::HasSubstr("HEARD"));
  EXPECT_THAT(text, testing::HasSubstr("0.4s ago (echo), suspect  21.4ms    3%\n"));
  EXPECT_THAT(text, testing::HasSubstr("2.0s ago"));
}

TEST(RenderNeighbors, SaysSoWhenThereAreNone) {
  EXPECT_EQ(render(v1::ListNeighborsResponse(), Colours::off), "No neighbors.\n");
}

TEST(RenderRoutes, ShowsEveryNextHopAndTheKernelsState) {
  const auto list = message<v1::ListRoutesResponse>(R"(
    generation: 7 kernel_generation: 6
    routes { prefix: "10.9.0.0/30" path_type: PATH_TYPE_INTRA_AREA metric: 10
      kernel_state: KERNEL_STATE_ATTACHED }
    routes { prefix: "192.168.37.0/24" path_type: PATH_TYPE_INTRA_AREA metric: 30 next_hop_set: 1
      next_hops { interface: "wg-op2" address: "10.9.0.2" } next_hops { interface: "wg-op3" }
      kernel_state: KERNEL_STATE_INSTALLED }
    routes { prefix: "198.51.100.0/24" path_type: PATH_TYPE_EXTERNAL_2 metric: 10 type2_metric: 20
      next_hop_set: 2 next_hops { interface: "wg-op2" address: "10.9.0.2" }
      kernel_state: KERNEL_STATE_FAILED kernel_error: "Network is down" })");
  EXPECT_EQ(render(list, Colours::off),
            "PREFIX           TYPE        METRIC  VIA                  KERNEL\n"
            "10.9.0.0/30      intra-area      10  directly attached    attached\n"
            "192.168.37.0/24  intra-area      30  10.9.0.2 dev wg-op2  installed\n"
            "                                     dev wg-op3\n"
            "198.51.100.0/24  external-2   10+20  10.9.0.2 dev wg-op2  failed: Network is down\n"
            "3 routes of generation 7; in the kernel up to generation 6\n");
}

TEST(RenderRoutes, MarksWhatTheAllowedIpsDoNotCoverAndWhatIsHeldBack) {
  const auto list = message<v1::ListRoutesResponse>(R"(
    generation: 7 kernel_generation: 7
    routes { prefix: "192.168.37.0/24" path_type: PATH_TYPE_INTRA_AREA metric: 30 next_hop_set: 1
      next_hops { interface: "wg-op2" address: "10.9.0.2" } kernel_state: KERNEL_STATE_INSTALLED
      findings: "not in the allowed-ips of wg-op2" }
    routes { prefix: "203.0.113.0/24" path_type: PATH_TYPE_INTRA_AREA metric: 30 next_hop_set: 1
      next_hops { interface: "wg-op2" address: "10.9.0.2" } kernel_state: KERNEL_STATE_HELD_BACK
      kernel_error: "it would carry wg-op2's own packets to 203.0.113.5:51820 into wg-op2" }
    routes { prefix: "203.0.114.0/24" path_type: PATH_TYPE_INTRA_AREA metric: 30 next_hop_set: 1
      next_hops { interface: "wg-op2" address: "10.9.0.2" } kernel_state: KERNEL_STATE_WITHHELD
      kernel_error: "router 10.0.32.2 (wg-op2) may not announce it" })");
  EXPECT_EQ(
      render(list, Colours::off),
      "PREFIX           TYPE        METRIC  VIA                  KERNEL\n"
      "192.168.37.0/24  intra-area      30  10.9.0.2 dev wg-op2  installed, not in the allowed-ips of "
      "wg-op2\n"
      "203.0.113.0/24   intra-area      30  10.9.0.2 dev wg-op2  held back: it would carry wg-op2's own "
      "packets to 203.0.113.5:51820 into wg-op2\n"
      "203.0.114.0/24   intra-area      30  10.9.0.2 dev wg-op2  withheld: router 10.0.32.2 (wg-op2) may not "
      "announce it\n"
      "3 routes of generation 7; in the kernel up to generation 7\n");
}

TEST(RenderPaths, GoHopByHopToTheRouterThatAdvertises) {
  const auto paths = message<v1::GetPathsResponse>(R"(
    prefix: "192.168.37.0/24"
    paths { hops { router_id: "10.0.32.1" cost: 10 interface: "wg-op2" }
            hops { router_id: "10.0.32.2" cost: 10 link_address: "10.9.0.9" }
            hops { router_id: "10.0.32.4" }
            metric: 30 path_type: PATH_TYPE_INTRA_AREA advertised_by: LSA_TYPE_ROUTER lsa_id: "10.0.32.4"
            adv_router: "10.0.32.4" advertised_cost: 10 }
    paths { hops { router_id: "10.0.32.1" cost: 10 interface: "wg-op3" }
            hops { router_id: "10.0.32.3" cost: 10 link_if_index: 7 via_network: true }
            hops { router_id: "10.0.32.4" }
            metric: 30 path_type: PATH_TYPE_INTRA_AREA advertised_by: LSA_TYPE_ROUTER lsa_id: "10.0.32.4"
            adv_router: "10.0.32.4" advertised_cost: 10 })");
  EXPECT_EQ(render(paths, Colours::off),
            "192.168.37.0/24: 2 equal-cost paths, intra-area, metric 30\n"
            "path 1\n"
            "  ROUTER     COST  LINK\n"
            "  10.0.32.1    10  dev wg-op2\n"
            "  10.0.32.2    10  10.9.0.9\n"
            "  10.0.32.4        advertised by router-LSA 10.0.32.4 of 10.0.32.4, cost 10\n"
            "path 2\n"
            "  ROUTER     COST  LINK\n"
            "  10.0.32.1    10  dev wg-op3\n"
            "  10.0.32.3    10  ifindex 7 (network)\n"
            "  10.0.32.4        advertised by router-LSA 10.0.32.4 of 10.0.32.4, cost 10\n");
}

TEST(RenderPaths, SaysSoWhenThereIsNone) {
  v1::GetPathsResponse paths;
  paths.set_prefix("192.168.99.0/24");
  EXPECT_EQ(render(paths, Colours::off), "No path to 192.168.99.0/24 (exactly this prefix).\n");
}

TEST(RenderDatabase, ListsHeadersOrBodies) {
  const auto list = message<v1::ListDatabaseResponse>(R"(
    lsas { scope: FLOODING_SCOPE_AREA area_id: "0.0.0.0" type: LSA_TYPE_ROUTER type_code: 1 lsa_id: "10.0.32.1"
      adv_router: "10.0.32.1" age: 12 seq_num: -2147483644 checksum: 43981 length: 48 options: "E" options: "O"
      self_originated: true
      router { flags: "E" links { type: ROUTER_LINK_TYPE_POINT_TO_POINT link_id: "10.0.32.2"
        link_data: "0.0.0.7" metric: 10 } } }
    lsas { scope: FLOODING_SCOPE_AS type: LSA_TYPE_AS_EXTERNAL type_code: 5 lsa_id: "198.51.100.0"
      adv_router: "10.0.32.2" age: 1801 seq_num: -2147483647 checksum: 1 length: 36
      external { network_mask: "255.255.255.0" metric_type: 2 metric: 20 forwarding_address: "0.0.0.0" } })");
  EXPECT_EQ(render(list, DatabaseView::headers, Colours::off),
            "SCOPE    TYPE         LSA-ID        ADV-ROUTER   AGE  SEQ-NUM     CHECKSUM  LENGTH  SELF\n"
            "0.0.0.0  router       10.0.32.1     10.0.32.1     12  0x80000004  0xabcd        48  self\n"
            "AS       as-external  198.51.100.0  10.0.32.2   1801  0x80000001  0x0001        36  -\n");
  EXPECT_EQ(render(list, DatabaseView::detail, Colours::off),
            "router 10.0.32.1 of 10.0.32.1 in 0.0.0.0 (self-originated)\n"
            "  age 12 seq-num 0x80000004 checksum 0xabcd length 48 options E O\n"
            "  flags E\n"
            "  point-to-point link 10.0.32.2 data 0.0.0.7 metric 10\n"
            "\n"
            "as-external 198.51.100.0 of 10.0.32.2 in AS\n"
            "  age 1801 seq-num 0x80000001 checksum 0x0001 length 36 options none\n"
            "  network-mask 255.255.255.0 metric 20 metric-type 2 forwarding-address 0.0.0.0 tag 0\n");
}

TEST(RenderPeers, SaysWhoEachIsAndWhatGoesThere) {
  const auto list = message<v1::ListPeersResponse>(R"(
    devices { interface: "wg0" } devices { interface: "wg-op3" error: "no such device" }
    peers { interface: "wg0" public_key: "2qxnrbVXzZO3b2GiHZMBrK1HnVvmJHF4MVyIl1nBwmI=" name: "op2" link: "wg0/op2"
      endpoint: "203.0.113.2:51820" handshake_age { seconds: 12 } rx_bytes: 2048 tx_bytes: 100
      role: PEER_ROLE_ROUTER link_state: INTERFACE_STATE_POINT_TO_POINT neighbor_state: NEIGHBOR_STATE_FULL
      neighbor_router_id: "10.0.32.2" mtu: 1420 routed_prefix_count: 2 allowed_ips: "10.99.0.2/32"
      allowed_ips: "192.168.36.0/24" managed_allowed_ips: "192.168.36.0/24" carries: "wg-inner" }
    peers { interface: "wg0" public_key: "V0ZZZZZZzZO3b2GiHZMBrK1HnVvmJHF4MVyIl1nBwmI=" name: "V0ZZZZZZ"
      link: "wg0/V0ZZZZZZ" role: PEER_ROLE_UNKNOWN link_state: INTERFACE_STATE_POINT_TO_POINT asleep: true
      problems: "it has no address" })");
  const std::string table =
      "PEER      INTERFACE  ROLE     STATE   ROUTER-ID  ENDPOINT           HANDSHAKE  RECEIVED   SENT   MTU  "
      "ROUTES  ALLOWED-IPS           CARRIES\n"
      "op2       wg0        router   full    10.0.32.2  203.0.113.2:51820  12s ago     2.0 KiB  100 B  1420  "
      "     2  1 managed, 1 by hand  wg-inner\n"
      "V0ZZZZZZ  wg0        unknown  asleep  -          -                  never           0 B    0 B     -  "
      "     0  none                  -\n"
      "wg-op3: no such device\n"
      "V0ZZZZZZ on wg0: it has no address\n";
  EXPECT_EQ(render(list, PeersView::narrow, Colours::off), table);
}

TEST(RenderPeers, WideHasWholeKeysAndPrefixesOneByOne) {
  const auto list = message<v1::ListPeersResponse>(R"(
    devices { interface: "wg0" }
    peers { interface: "wg0" public_key: "2qxnrbVXzZO3b2GiHZMBrK1HnVvmJHF4MVyIl1nBwmI=" name: "op2" link: "wg0/op2"
      role: PEER_ROLE_ROUTER routed_prefix_count: 2 routed_prefixes: "10.5.0.0/16" routed_prefixes: "192.168.36.0/24"
      allowed_ips: "10.99.0.2/32" allowed_ips: "192.168.36.0/24" managed_allowed_ips: "192.168.36.0/24" })");
  EXPECT_THAT(render(list, PeersView::wide, Colours::off),
              testing::EndsWith("\nop2 on wg0\n"
                                "  key      2qxnrbVXzZO3b2GiHZMBrK1HnVvmJHF4MVyIl1nBwmI=\n"
                                "  sent     10.5.0.0/16 192.168.36.0/24\n"
                                "  managed  192.168.36.0/24\n"
                                "  by hand  10.99.0.2/32\n"));
}

TEST(RenderPeers, WideHasEachPlaceThatThePeerMayBeAt) {
  const auto list = message<v1::ListPeersResponse>(R"(
    devices { interface: "wg0" }
    peers { interface: "wg0" public_key: "2qxnrbVXzZO3b2GiHZMBrK1HnVvmJHF4MVyIl1nBwmI=" name: "op2" link: "wg0/op2"
      endpoint_candidates { endpoint: "192.168.1.2:51820" origin: "192.168.1.2:51820" state: "passed over"
        reason: "the kernel knows no way to 192.168.1.2" }
      endpoint_candidates { endpoint: "198.51.100.7:51820" origin: "op2.example.net:51820" state: "in use"
        round_trip { nanos: 11800000 } }
      endpoint_candidates { origin: "op9.example.net:51820" state: "not known" reason: "Domain name not found" }
      endpoint_reason: "the peer answered there first, of 2 places" })");
  EXPECT_THAT(
      render(list, PeersView::wide, Colours::off),
      testing::HasSubstr("  endpoint 192.168.1.2:51820 passed over: the kernel knows no way to 192.168.1.2\n"
                         "  endpoint 198.51.100.7:51820 (op2.example.net:51820) in use, 11.8 ms\n"
                         "  endpoint op9.example.net:51820 not known: Domain name not found\n"
                         "           (the peer answered there first, of 2 places)\n"));
}

TEST(RenderPeers, ALinkThatIsDownOrNotThereIsTold) {
  auto list = message<v1::ListPeersResponse>(R"(
    peers { interface: "wg0" name: "op2" link: "wg0/op2" link_state: INTERFACE_STATE_DOWN role: PEER_ROLE_ROUTER }
    peers { interface: "wg0" name: "op3" role: PEER_ROLE_UNKNOWN }
    peers { interface: "wg0" name: "phone" role: PEER_ROLE_CLIENT link: "wg0/phone"
      link_state: INTERFACE_STATE_POINT_TO_POINT })");
  const std::string text = render(list, PeersView::narrow, Colours::off);
  EXPECT_THAT(text, testing::ContainsRegex("op2 +wg0 +router +link down "));
  EXPECT_THAT(text, testing::ContainsRegex("op3 +wg0 +unknown +no link "));
  EXPECT_THAT(text, testing::ContainsRegex("phone +wg0 +client +none "));
}

class RenderWatch : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC", 1);
    tzset();
  }
};

TEST_F(RenderWatch, TellsTheSnapshotFromChanges) {
  const auto route = message<v1::WatchItem>(R"(generation: 3
    route { prefix: "10.1.0.0/16" path_type: PATH_TYPE_INTRA_AREA metric: 20 next_hop_set: 1
      next_hops { interface: "wg-op2" address: "10.9.0.2" } })");
  EXPECT_EQ(render(route, Colours::off),
            "snapshot     [3] route 10.1.0.0/16 intra-area metric 20: 10.9.0.2 dev wg-op2\n");
  const auto change = message<v1::WatchItem>(R"(generation: 4 time { seconds: 1700000000 nanos: 42000000 }
    neighbor_state_change { interface: "wg-op2" neighbor_router_id: "10.0.32.2" from: NEIGHBOR_STATE_FULL
      to: NEIGHBOR_STATE_DOWN reason: "InactivityTimer" })");
  EXPECT_EQ(render(change, Colours::off),
            "22:13:20.042 [4] neighbor 10.0.32.2 on wg-op2: full -> down (InactivityTimer)\n");
  EXPECT_EQ(render(message<v1::WatchItem>("generation: 4 snapshot_end {}"), Colours::off),
            "snapshot     [4] end of snapshot, changes follow\n");
}

TEST_F(RenderWatch, AnInterfaceChangesForAReason) {
  EXPECT_EQ(render(message<v1::WatchItem>(R"(generation: 4 time { seconds: 1700000000 }
    interface_state_change { interface: "wg-op2" from: INTERFACE_STATE_POINT_TO_POINT to: INTERFACE_STATE_DOWN
      reason: "link down" })"),
                   Colours::off),
            "22:13:20.000 [4] interface wg-op2: point-to-point -> down (link down)\n");
}

TEST_F(RenderWatch, SetsComeOnceForAllTheirRoutes) {
  EXPECT_EQ(render(message<v1::WatchItem>(R"(generation: 5 time { seconds: 1700000000 }
              next_hop_set_change { next_hop_set: 2 next_hops { interface: "wg-op3" } })"),
                   Colours::off),
            "22:13:20.000 [5] next-hop set 2: dev wg-op3\n");
}

}  // namespace
}  // namespace wgospf::cli
