// The filters of the lists that come whole.
#include "cli/filters.h"

#include <gtest/gtest.h>

#include "samples.h"

namespace wgospf::cli {
namespace {

bool overlap(const char* a, const char* b) {
  const auto first = Range::parse(a), second = Range::parse(b);
  EXPECT_TRUE(first && second) << a << ' ' << b;
  return first && second && first->overlaps(*second) && second->overlaps(*first);
}

TEST(Range, OverlapsWhatItCoversAndWhatCoversIt) {
  EXPECT_TRUE(overlap("10.0.0.0/8", "10.1.2.3"));
  EXPECT_TRUE(overlap("10.1.2.3", "0.0.0.0/0"));
  EXPECT_TRUE(overlap("10.9.0.1/30", "10.9.0.2"));
  EXPECT_FALSE(overlap("10.9.0.1/30", "10.9.0.4"));
  EXPECT_FALSE(overlap("10.0.0.0/8", "11.0.0.0/8"));
  EXPECT_TRUE(overlap("fd00::/8", "fd00:1::1"));
  EXPECT_FALSE(overlap("::/0", "10.0.0.1"));
}

TEST(Range, IsNothingElse) {
  for (const char* text :
       {"", "x", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "fd00::/129"})
    EXPECT_FALSE(Range::parse(text)) << text;
}

TEST(IsOn, AlsoMeansTheLinksToPeersOfADevice) {
  EXPECT_TRUE(is_on("wg0", "wg0"));
  EXPECT_TRUE(is_on("wg0/op2", "wg0"));
  EXPECT_TRUE(is_on("wg0/op2", "wg0/op2"));
  EXPECT_FALSE(is_on("wg01", "wg0"));
  EXPECT_FALSE(is_on("wg0", "wg0/op2"));
}

v1::ListNeighborsResponse neighbors() {
  return message<v1::ListNeighborsResponse>(R"(
    neighbors { interface: "wg-op2" neighbor_router_id: "10.0.32.2" address: "10.9.0.2" state: NEIGHBOR_STATE_FULL }
    neighbors { interface: "wg-op3" neighbor_router_id: "10.0.32.3" address: "10.9.0.6" state: NEIGHBOR_STATE_2_WAY }
    neighbors { interface: "wg0/op4" neighbor_router_id: "10.0.32.4" address: "10.9.1.4" state: NEIGHBOR_STATE_FULL })");
}

/// The router ids of what is left.
std::string left(const Options& options) {
  auto list = neighbors();
  keep_matching(options, list);
  std::string ids;
  for (const auto& neighbor : list.neighbors()) ids += neighbor.neighbor_router_id() + ' ';
  return ids;
}

// In: each option by itself, and two together. Out: what all of them match, in the former order.
TEST(Filters, OfNeighbors) {
  EXPECT_EQ(left({}), "10.0.32.2 10.0.32.3 10.0.32.4 ");
  Options options;
  options.interface = "wg0";
  EXPECT_EQ(left(options), "10.0.32.4 ");
  options = {};
  options.neighbor = "10.0.32.3";
  EXPECT_EQ(left(options), "10.0.32.3 ");
  options.neighbor = "10.9.0.2";
  EXPECT_EQ(left(options), "10.0.32.2 ");
  options = {};
  options.state = "full";
  EXPECT_EQ(left(options), "10.0.32.2 10.0.32.4 ");
  options.prefix = "10.9.0.0/24";
  EXPECT_EQ(left(options), "10.0.32.2 ");
  options.prefix = "192.168.0.0/16";
  EXPECT_EQ(left(options), "");
}

TEST(Filters, OfPeersByWhatIsAcceptedFromThem) {
  const auto peers = message<v1::ListPeersResponse>(R"(
    devices { interface: "wg0" } devices { interface: "wg1" }
    peers { interface: "wg0" name: "op2" role: PEER_ROLE_ROUTER allowed_ips: "10.0.0.0/8" }
    peers { interface: "wg0" name: "phone" role: PEER_ROLE_CLIENT allowed_ips: "10.5.0.7/32" }
    peers { interface: "wg1" name: "op3" role: PEER_ROLE_ROUTER allowed_ips: "192.168.0.0/16" })");
  const auto left = [&](const Options& options) {
    auto list = peers;
    keep_matching(options, list);
    std::string names;
    for (const auto& peer : list.peers()) names += peer.name() + ' ';
    return names;
  };
  Options options;
  options.prefix = "10.5.0.7";
  EXPECT_EQ(left(options), "op2 phone ");
  options.type = "client";
  EXPECT_EQ(left(options), "phone ");
  options = {};
  options.interface = "wg1";
  EXPECT_EQ(left(options), "op3 ");
  options = {};
  options.neighbor = "op2";
  EXPECT_EQ(left(options), "op2 ");
}

TEST(Filters, OfInterfacesByTypeAndNetwork) {
  const auto interfaces = message<v1::ListInterfacesResponse>(R"(
    interfaces { name: "wg-op2" interface_type: INTERFACE_TYPE_POINT_TO_POINT addresses: "10.9.0.1/30" }
    interfaces { name: "lan" interface_type: INTERFACE_TYPE_BROADCAST addresses: "192.168.1.1/24" })");
  const auto left = [&](const Options& options) {
    auto list = interfaces;
    keep_matching(options, list);
    return list.interfaces_size() == 1 ? list.interfaces(0).name() : std::to_string(list.interfaces_size());
  };
  Options options;
  options.type = "broadcast";
  EXPECT_EQ(left(options), "lan");
  options = {};
  options.prefix = "10.9.0.2";
  EXPECT_EQ(left(options), "wg-op2");
  options.interface = "lan";
  EXPECT_EQ(left(options), "0");
}

}  // namespace
}  // namespace wgospf::cli
