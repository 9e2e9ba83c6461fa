#include "net/endpoint_name.h"

#include <gtest/gtest.h>

#include <string>

namespace wgospf::endpoint_name_test {
namespace {

using Kind = EndpointName::Kind;

TEST(EndpointName, WhatPeopleWriteIsReadAndWrittenAlike) {
  for (const char* text : {"203.0.113.4:51820", "[2001:db8::4]:51820", "op2.example.net:51820", "op2:1",
                           "srv:_wireguard._udp.example.net"}) {
    const auto endpoint = parse_endpoint_name(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(to_string(*endpoint), text);
  }
  EXPECT_EQ(parse_endpoint_name("203.0.113.4:51820")->kind, Kind::address);
  EXPECT_EQ(parse_endpoint_name("op2.example.net:51820")->kind, Kind::host);
  EXPECT_EQ(parse_endpoint_name("srv:_wireguard._udp.example.net")->kind, Kind::service);
}

TEST(EndpointName, ANameMayEndWithADot) {
  EXPECT_EQ(parse_endpoint_name("op2.example.net.:51820")->name, "op2.example.net");
}

// In: what is close to an endpoint. Out: nothing; an address that is mistyped is no name.
TEST(EndpointName, WhatIsNoneIsRefused) {
  for (const char* text : {"",
                           ":",
                           ":51820",
                           "203.0.113.4",
                           "203.0.113.4:0",
                           "203.0.113.4:65536",
                           "203.0.113.400:51820",
                           "203.0.113:51820",
                           "[203.0.113.4]:51820",
                           "2001:db8::4:51820",
                           "[2001:db8::4]",
                           "[fe80::1]:51820",
                           "[::ffff:203.0.113.4]:51820",
                           "[ff02::1]:51820",
                           "127.0.0.1:51820",
                           "224.0.0.5:51820",
                           "255.255.255.255:51820",
                           "0.0.0.0:51820",
                           "op2..example.net:51820",
                           "-p 1:51820",
                           "op2_/x:51820",
                           "srv:",
                           "srv:a b",
                           "srv:_wireguard._udp.example.net:51820",
                           "op2.example.net:51820x"})
    EXPECT_FALSE(parse_endpoint_name(text)) << text;
}

// RFC 1035 section 2.3.4: 63 octets or less, and 255 octets or less with the lengths, which are 253 characters.
TEST(EndpointName, Section2_3_4_SizeLimits) {
  const std::string label(63, 'a');
  EXPECT_TRUE(is_domain_name(label));
  EXPECT_FALSE(is_domain_name(label + "a"));
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  EXPECT_TRUE(is_domain_name(longest));
  EXPECT_FALSE(is_domain_name(longest + "a"));
}

}  // namespace
}  // namespace wgospf::endpoint_name_test
