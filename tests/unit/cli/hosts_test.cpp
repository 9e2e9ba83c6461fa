// The hosts file.
#include "cli/hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "samples.h"

namespace wgospf::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Named sample() {
  Named named;
  named.status = message<v1::GetStatusResponse>(R"(router_id: "10.0.32.1" hostname: "op1")");
  named.interfaces = message<v1::ListInterfacesResponse>(R"(
    interfaces { name: "lan" addresses: "192.168.1.1/24" } interfaces { name: "wg0" addresses: "10.9.0.1/24" })");
  named.neighbors = message<v1::ListNeighborsResponse>(R"(
    neighbors { interface: "wg0/op2" neighbor_router_id: "10.0.32.2" address: "10.9.0.2" })");
  named.peers = message<v1::ListPeersResponse>(R"(
    peers { interface: "wg0" link: "wg0/op2" name: "op2" role: PEER_ROLE_ROUTER neighbor_router_id: "10.0.32.2"
            public_key: "2qxnrbVXzZO3b2GiHZMBrK1HnVvmJHF4MVyIl1nBwmI=" }
    peers { interface: "wg0" name: "abcdefgh" role: PEER_ROLE_UNKNOWN public_key: "abcdefghVXzZO3b2GiHZMBrK1HnVvmJHF4MVyIl1nBw=" })");
  named.clients = message<v1::ListClientsResponse>(R"(
    clients { name: "phone" public_key: "k1" addresses: "10.5.0.7/32" addresses: "fd00::7/128" addresses: "10.6.0.0/24" })");
  return named;
}

// In: what a daemon knows by name. Out: its own name for its addresses, a router's for its address on the link, a
// client's for each address; a key is no name, and a prefix no address.
TEST(Hosts, HasWhatTheDaemonKnowsByName) {
  EXPECT_EQ(hosts_text(sample(), ""),
            "# Made by wgospfctl hosts; what is changed here is lost.\n"
            "192.168.1.1\top1\n"
            "10.9.0.1\top1\n"
            "10.9.0.2\top2\n"
            "10.5.0.7\tphone\n"
            "fd00::7\tphone\n");
  EXPECT_THAT(hosts_text(sample(), "lan.example"), HasSubstr("10.5.0.7\tphone.lan.example phone\n"));
}

// In: names that somebody gave to a client to be taken for something else, or to break the file. Out: none has a line.
TEST(Hosts, LeavesOutWhatIsNoNameAndSaysSo) {
  for (const char* name : {"localhost", "LocalHost.localdomain", "ip6-loopback", "10.0.0.1", "-x", "a b",
                           "x\n1.2.3.4 bank", "\x1b[2J", "a..b", "x_y"}) {
    auto named = sample();
    named.clients.mutable_clients(0)->set_name(name);
    const auto text = hosts_text(named, "");
    EXPECT_THAT(text, Not(HasSubstr("10.5.0.7"))) << name;
    EXPECT_THAT(text, HasSubstr("# left out: client \"")) << name;
    EXPECT_THAT(text, HasSubstr("it is no name for a host")) << name;
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5) << name;
  }
}

/// Routers further away: 10.0.32.3 calls itself op3, and so on.
Named far_sample(const std::string& hostname) {
  auto named = sample();
  named.router_lsas = message<v1::ListDatabaseResponse>(R"(
    lsas { adv_router: "10.0.32.1" adv_router_hostname: "op1" self_originated: true }
    lsas { adv_router: "10.0.32.2" adv_router_hostname: "renamed" }
    lsas { area_id: "0.0.0.0" adv_router: "10.0.32.3" }
    lsas { area_id: "0.0.0.1" adv_router: "10.0.32.3" }
    lsas { adv_router: "10.0.32.4" })");
  for (const int lsa : {2, 3}) named.router_lsas.mutable_lsas(lsa)->set_adv_router_hostname(hostname);
  named.routes = message<v1::ListRoutesResponse>(R"(
    routes { prefix: "10.0.32.2/32" } routes { prefix: "10.0.32.3/32" kernel_state: KERNEL_STATE_INSTALLED })");
  return named;
}

// In: hostnames that routers announce (RFC 5642). Out: of those that no peer's name is given to, and to whose router id
// a host route leads; once, though there are two areas.
TEST(Hosts, RoutersFurtherAwayGoByTheHostnamesTheyAnnounce) {
  auto named = far_sample("op3.example");
  EXPECT_EQ(routers_by_hostname(named), std::vector<std::string>{"10.0.32.3"});
  EXPECT_EQ(hosts_text(named, "lan"), hosts_text(sample(), "lan") + "10.0.32.3\top3.example\n");
  named.routes.mutable_routes(1)->set_prefix(
      "10.0.32.0/24");  // a network with such an address is not the router
  EXPECT_THAT(hosts_text(named, ""),
              HasSubstr("\n# left out: router 10.0.32.3 \"op3.example\": no address of it is known\n"));
  auto* neighbor = named.neighbors.add_neighbors();  // a peer without a name, or a router on a LAN
  neighbor->set_neighbor_router_id("10.0.32.3");
  neighbor->set_address("192.168.1.3");
  EXPECT_THAT(hosts_text(named, ""), HasSubstr("192.168.1.3\top3.example\n"));
  named = far_sample("op3");
  named.routes.mutable_routes(1)->set_kernel_state(v1::KERNEL_STATE_WITHHELD);  // announced by who may not
  EXPECT_THAT(hosts_text(named, ""), HasSubstr("\"op3\": no address of it is known\n"));
}

// In: a router that calls itself as it likes. Out: nobody else's name is taken, and no line is what it is not.
TEST(Hosts, AHostnameFromTheNetworkTakesNobodysName) {
  for (const char* hostname :
       {"localhost", "OP1", "Op2", "phone", "10.0.0.1", "x\n1.2.3.4 bank", "x_y", "-x"}) {
    const auto text = hosts_text(far_sample(hostname), "");
    EXPECT_THAT(text, ::testing::StartsWith(hosts_text(sample(), "") + "# left out: router 10.0.32.3 \""))
        << hostname;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 7) << hostname;
  }
  auto named = far_sample("same");
  named.router_lsas.mutable_lsas(4)->set_adv_router_hostname("Same");
  named.routes.add_routes()->set_prefix("10.0.32.4/32");
  EXPECT_THAT(
      hosts_text(named, ""),
      HasSubstr("10.0.32.3\tsame\n# left out: router 10.0.32.4 \"Same\": something above has this name\n"));
}

TEST(Hosts, ANameHasOneOwner) {
  auto named = sample();
  named.clients.mutable_clients(0)->set_name("OP1");
  const auto text = hosts_text(named, "");
  EXPECT_THAT(text, Not(HasSubstr("10.5.0.7")));
  EXPECT_THAT(text, HasSubstr("# left out: client \"OP1\": something above has this name\n"));
}

}  // namespace
}  // namespace wgospf::cli
