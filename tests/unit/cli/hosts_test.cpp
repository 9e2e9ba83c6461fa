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

TEST(Hosts, ANameHasOneOwner) {
  auto named = sample();
  named.clients.mutable_clients(0)->set_name("OP1");
  const auto text = hosts_text(named, "");
  EXPECT_THAT(text, Not(HasSubstr("10.5.0.7")));
  EXPECT_THAT(text, HasSubstr("# left out: client \"OP1\": something above has this name\n"));
}

}  // namespace
}  // namespace wgospf::cli
