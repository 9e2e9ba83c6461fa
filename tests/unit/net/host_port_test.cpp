#include "net/host_port.h"

#include <gtest/gtest.h>

namespace wgospf {
namespace {

TEST(HostPort, IsTakenApartAtTheLastColon) {
  const auto name = parse_host_port("router.example:50051");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->host, "router.example");
  EXPECT_EQ(name->port, 50051);
  EXPECT_FALSE(name->bracketed());
  EXPECT_EQ(name->bare_host(), "router.example");

  const auto address = parse_host_port("[fe80::1%wg0]:65535");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->host, "[fe80::1%wg0]");
  EXPECT_EQ(address->bare_host(), "fe80::1%wg0");
  EXPECT_EQ(address->port, 65535);

  // What the host may be is not decided here.
  EXPECT_EQ(parse_host_port("::1:5")->host, "::1");
  EXPECT_EQ(parse_host_port(":5")->host, "");
  EXPECT_FALSE(parse_host_port("[:5")->bracketed());
}

TEST(HostPort, APortIsANumberUpTo65535AndNothingElse) {
  EXPECT_EQ(parse_host_port("host:0")->port, 0);
  for (const char* bad :
       {"", "host", "host:", "host:65536", "host:1x", "host:-1", "host:+1", "host: 1", "[::1]"})
    EXPECT_FALSE(parse_host_port(bad)) << bad;
}

}  // namespace
}  // namespace wgospf
