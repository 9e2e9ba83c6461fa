// Which forwarding addresses are looked at when something changes.

#include "ospf/route/forwarding_addresses.h"

#include <gtest/gtest.h>

#include <vector>

namespace wgospf::ospf {
namespace {

TEST(ForwardingAddresses, Rfc2328Section16_4_Step3_ALinkConcernsThoseOnItsSubnetOnce) {
  ForwardingAddresses addresses;
  std::vector<IpAddress> asked;
  const auto way_to = [&](const IpAddress& address, std::uint32_t) {
    asked.push_back(address);
    return Way{};
  };
  const auto address = [](const char* text) { return IpAddress{*Ipv4Address::parse(text)}; };
  const auto subnet = [](const char* text) { return *parse_prefix(text); };
  for (const char* text : {"10.1.0.7", "10.1.0.9", "10.2.0.7"})
    (void)addresses.acquire(address(text), kAsScope, way_to);
  asked.clear();

  addresses.mark_subnet_dirty(subnet("10.3.0.0/24"));
  EXPECT_FALSE(addresses.has_dirty());
  for (int link = 0; link < 3; ++link) addresses.mark_subnet_dirty(subnet("10.1.0.0/24"));
  EXPECT_TRUE(addresses.has_dirty());
  EXPECT_FALSE(addresses.resolve(false, way_to));
  EXPECT_EQ(asked, (std::vector{address("10.1.0.7"), address("10.1.0.9")}));
  EXPECT_FALSE(addresses.has_dirty());
}

}  // namespace
}  // namespace wgospf::ospf
