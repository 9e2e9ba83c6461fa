// The root's own links as facts: what they advertise is attached to it, and what the links of one device
// share counts once.

#include "tests/unit/ospf/spf_support.h"

namespace wgospf::ospf::spf_test {
namespace {

using Prefixes = RootLink::Prefixes;

RootLink peer(std::uint32_t link, std::uint32_t neighbor, const std::shared_ptr<const RootDevice>& on) {
  auto result = root_p2p(link, neighbor, 10, Ipv4Address{0x0a630000 + neighbor});
  result.prefixes = Prefixes::hosts;
  result.device = on;
  return result;
}
/// Neighbours of the root, each with a LAN.
std::vector<Lsa> neighbors(std::uint32_t first, std::uint32_t last) {
  std::vector<Lsa> lsas;
  for (std::uint32_t n = first; n <= last; ++n)
    lsas.push_back(router_lsa(n, {p2p(1, 10), stub("10." + std::to_string(n) + ".0.0/24", 1)}));
  return lsas;
}

// In: three links of one device on a point-to-multipoint network. Out: its address is attached, its subnet is
// not; it stays until the last link is gone.
TEST(SpfRoot, Rfc2328Section12_4_1_4_TheDevicesAddressIsAttachedOnce) {
  Bench bench;
  const auto wg0 = device({"10.99.0.1/24"});
  bench.lsas(neighbors(2, 4)).root({peer(2, 2, wg0), peer(3, 3, wg0), peer(4, 4, wg0)}).calculate();
  EXPECT_EQ(bench.route("10.99.0.1/32"), "0 intra-area attached");
  EXPECT_EQ(bench.route("10.99.0.0/24"), "unreachable");
  EXPECT_EQ(bench.route("10.3.0.0/24"), "11 intra-area link3@10.99.0.3");
  for (const std::uint32_t link : {2u, 3u}) {
    bench.calculator.remove_link(LinkId{link});
    bench.calculate();
    EXPECT_EQ(bench.route("10.99.0.1/32"), "0 intra-area attached");
    EXPECT_EQ(count(bench.changes).prefixes_gone, 1u) << "that neighbour's LAN alone";
  }
  bench.calculator.remove_link(LinkId{4});
  EXPECT_EQ(bench.calculate().route("10.99.0.1/32"), "unreachable");
}

// In: subnets at a cost, hosts without, and an address that is not advertised. Out: each as it is.
TEST(SpfRoot, Rfc2328Section12_4_1_WhatIsAttachedFollowsFromTheLinks) {
  Bench bench;
  auto loopback = root_lan(1, {"1.1.1.1/32"}, 7);
  loopback.prefixes = Prefixes::hosts;
  RootDevice partly = *device({"10.1.0.1/24", "169.254.0.1/16"});
  partly.addresses.back().is_advertised = false;
  auto lan = root_lan(2, {}, 5);
  lan.device = std::make_shared<const RootDevice>(partly);
  bench.root({loopback, lan, root_lan(3, {"10.1.0.2/24"}, 4)}).calculate();
  EXPECT_EQ(bench.route("1.1.1.1/32"), "0 intra-area attached");
  EXPECT_EQ(bench.route("10.1.0.0/24"), "4 intra-area attached") << "the cheaper of two";
  EXPECT_EQ(bench.route("169.254.0.0/16"), "unreachable");
  bench.calculator.remove_link(LinkId{3});
  EXPECT_EQ(bench.calculate().route("10.1.0.0/24"), "5 intra-area attached");
}

// In: a link like before, and one whose neighbour comes. Out: no change; and nothing of what is attached.
TEST(SpfRoot, ALinkIsNoChangeWhenItIsAsBefore) {
  Bench bench;
  const auto wg0 = device({"10.99.0.1/24"});
  bench.lsas(neighbors(2, 3)).root({peer(2, 2, wg0)}).calculate();
  bench.calculator.set_link(peer(2, 2, device({"10.99.0.1/24"})));
  EXPECT_EQ(bench.calculator.pending(), Calculator::Pending::nothing);
  bench.calculator.set_link(peer(3, 3, wg0));
  bench.calculate();
  EXPECT_EQ(bench.route("10.3.0.0/24"), "11 intra-area link3@10.99.0.3");
  EXPECT_EQ(count(bench.changes).prefixes_changed, 1u);
}

// In: a LAN comes before anything else is known, and goes. Out: it is attached, and unreachable again,
// without a full run for it.
TEST(SpfRoot, ALinkWithoutNeighborsIsAChangeOfPrefixesAlone) {
  Bench bench;
  bench.lsas(neighbors(2, 2)).root({root_p2p(2, 2, 10)}).calculate();
  bench.calculator.set_link(root_lan(9, {"10.1.0.1/24"}, 3));
  EXPECT_EQ(bench.calculator.pending(), Calculator::Pending::prefixes_only);
  EXPECT_EQ(bench.calculate().route("10.1.0.0/24"), "3 intra-area attached");
  bench.calculator.remove_link(LinkId{9});
  EXPECT_EQ(bench.calculator.pending(), Calculator::Pending::prefixes_only);
  EXPECT_EQ(bench.calculate().route("10.1.0.0/24"), "unreachable");
}

// In: an area is removed while links of the root are in it. Out: they are gone with it, and come back when
// told again.
TEST(SpfRoot, AnAreaTakesItsLinksWithIt) {
  Bench bench;
  const AreaId other{1};
  auto lan = root_lan(9, {"10.1.0.1/24"}, 3);
  lan.area = other;
  bench.lsas(neighbors(2, 2)).root({root_p2p(2, 2, 10), lan}).calculate();
  ASSERT_EQ(bench.route("10.1.0.0/24"), "3 intra-area attached");
  bench.calculator.area_removed(other);
  EXPECT_EQ(bench.calculate().route("10.1.0.0/24"), "unreachable");
  bench.calculator.remove_link(LinkId{9});
  EXPECT_EQ(bench.calculator.pending(), Calculator::Pending::nothing);
  lan.area = kBackbone;
  bench.calculator.set_link(lan);
  EXPECT_EQ(bench.calculate().route("10.1.0.0/24"), "3 intra-area attached");
}

}  // namespace
}  // namespace wgospf::ospf::spf_test
