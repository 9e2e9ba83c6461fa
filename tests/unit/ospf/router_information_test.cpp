// The Router Information LSA (RFC 7770), and the hostname in it (RFC 5642).

#include "ospf/router_information.h"

#include <gtest/gtest.h>

namespace wgospf::ospf {
namespace {

using Error = RouterInformationError;

std::vector<std::byte> bytes(const std::string& text) {
  std::vector<std::byte> result;
  for (const char c : text) result.push_back(static_cast<std::byte>(c));
  return result;
}
/// A TLV with its padding.
std::string tlv(char type, const std::string& value) {
  std::string text{'\0', type, static_cast<char>(value.size() >> 8), static_cast<char>(value.size())};
  text += value;
  text.resize((text.size() + 3) / 4 * 4, '\0');
  return text;
}
std::optional<std::string> hostname_of(const std::string& body) {
  const auto decoded = decode_router_information(bytes(body));
  const auto* information = std::get_if<RouterInformation>(&decoded);
  EXPECT_NE(information, nullptr);
  return information == nullptr ? std::nullopt : information->hostname;
}
Error error_of(const std::string& body) {
  const auto decoded = decode_router_information(bytes(body));
  return std::get<Error>(decoded);
}

// RFC 5642 section 3: type 7, the length without padding, no zero at the end.
TEST(RouterInformation, Rfc5642Section3TheHostnameIsATlvOfType7) {
  EXPECT_EQ(encode_router_information({"op2.example"}), bytes(std::string("\0\7\0\13op2.example\0", 16)));
  EXPECT_EQ(hostname_of(std::string("\0\7\0\13op2.example\0", 16)), "op2.example");
  EXPECT_EQ(hostname_of(std::string("\0\7\0\13op2.example", 15)),
            "op2.example");  // the last padding may be missing
  EXPECT_TRUE(encode_router_information({}).empty());
  for (std::size_t length : {1U, 2U, 3U, 4U, 255U}) {
    const std::string name(length, 'x');
    EXPECT_EQ(encode_router_information({name}).size() % 4, 0U);
    EXPECT_EQ(
        std::get<RouterInformation>(decode_router_information(encode_router_information({name}))).hostname,
        name);
  }
}

// RFC 5642 section 3: "If multiple Dynamic Hostname TLVs are present, then only the first one counts". RFC 7770
// section 2.3: what is not known is passed over.
TEST(RouterInformation, TheFirstHostnameCountsAndOtherTlvsArePassedOver) {
  EXPECT_EQ(hostname_of(tlv(1, "\x30\1\2\3") + tlv(7, "one") + tlv(7, "two")), "one");
  EXPECT_EQ(hostname_of(tlv(1, "abcd") + tlv(9, "xyz")), std::nullopt);
  EXPECT_EQ(hostname_of(""), std::nullopt);
}

TEST(RouterInformation, WhatEndsBeyondTheLsaOrIsNoHostnameGivesNothing) {
  EXPECT_EQ(error_of(std::string("\0\7\0\4op", 6)), Error::truncated);
  EXPECT_EQ(error_of(std::string("\0\7\0", 3)), Error::truncated);
  EXPECT_EQ(error_of(tlv(7, "one") + std::string("\0\1\xff\xff", 4)), Error::truncated);
  for (const auto& name :
       {std::string(), std::string("a b"), std::string("a\nb"), std::string("\x1b[2J"),
        std::string("a\0b", 3), std::string("b\xc3\xbc"), std::string("-a"), std::string("a-"),
        std::string(".a"), std::string("a..b"), std::string("a;rm"), std::string(256, 'x')})
    EXPECT_EQ(error_of(tlv(7, name)), Error::bad_hostname) << name;
}

}  // namespace
}  // namespace wgospf::ospf
