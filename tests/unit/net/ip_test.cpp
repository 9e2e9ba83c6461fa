#include "net/ip.h"

#include <gtest/gtest.h>

namespace wgospf {
namespace {

TEST(Ipv4Address, RoundTripsAndRefusesWhatIsNotADottedQuad) {
  EXPECT_EQ(Ipv4Address::parse("10.0.32.1")->value, 0x0a002001u);
  EXPECT_EQ(Ipv4Address{0xffffffff}.to_string(), "255.255.255.255");
  for (const char* bad :
       {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1..3.4"})
    EXPECT_FALSE(Ipv4Address::parse(bad)) << bad;
}

TEST(Ipv6Address, Rfc5952Section4TextRoundTrips) {
  for (const char* text : {"::", "::1", "fe80::1", "2001:db8::1:0:0:1", "2001:db8:0:1:1:1:1:1", "1::"})
    EXPECT_EQ(Ipv6Address::parse(text).value().to_string(), text);
  EXPECT_EQ(Ipv6Address::parse("::ffff:10.0.0.1")->to_string(), "::ffff:a00:1");
  for (const char* bad :
       {"", ":", ":::", "1::2::3", "12345::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "fe80::1:"})
    EXPECT_FALSE(Ipv6Address::parse(bad)) << bad;
}

TEST(Prefix, RefusesBitsPastTheLength) {
  EXPECT_EQ(Ipv4Prefix::parse("192.168.35.0/24")->to_string(), "192.168.35.0/24");
  EXPECT_FALSE(Ipv4Prefix::parse("192.168.35.1/24"));
  EXPECT_FALSE(Ipv4Prefix::parse("192.168.35.0/33"));
  EXPECT_TRUE(Ipv4Prefix::parse("0.0.0.0/0")->covers(*Ipv4Prefix::parse("10.0.0.0/8")));
  EXPECT_FALSE(Ipv4Prefix::parse("10.0.0.0/8")->covers(*Ipv4Prefix::parse("0.0.0.0/0")));
  EXPECT_EQ(Ipv6Prefix::parse("2001:db8::/32")->to_string(), "2001:db8::/32");
}

TEST(Netmask, HolesAreRefused) {
  EXPECT_EQ(mask_length(0xffffff00), 24);
  EXPECT_EQ(mask_length(0), 0);
  EXPECT_EQ(mask_length(0xffffffff), 32);
  EXPECT_FALSE(mask_length(0xff00ff00));
}

}  // namespace
}  // namespace wgospf
