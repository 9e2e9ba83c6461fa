// Our opaque LSAs (docs/opaque-lsas.md): what they say, and what is no word of ours.

#include "ospf/opaque_tlvs.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace wgospf::ospf {
namespace {

using Reason = OpaqueError::Reason;

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> result;
  for (const int value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}
/// After the first bytes of ours.
std::variant<OpaqueTlvs, OpaqueError> decoded(std::initializer_list<int> tlvs) {
  std::vector<std::byte> body = bytes({'w', 'g', 'o', 1});
  const auto more = bytes(tlvs);
  body.insert(body.end(), more.begin(), more.end());
  return decode_opaque(body);
}
OpaqueError error(Reason reason, std::size_t offset, std::uint32_t value) {
  return {reason, offset, value};
}
OpaqueTlvs cost(std::uint16_t value, bool is_multipoint = false) {
  return {LinkCostTlv{value, is_multipoint}};
}

TEST(OpaqueTlvs, ACostIsSaidAsTheDocumentHasIt) {
  const auto body = bytes({'w', 'g', 'o', 1, 0, 1, 0, 4, 0x01, 0x02, 0, 1});
  EXPECT_EQ(encode_opaque(cost(0x0102, true)), body);
  EXPECT_EQ(std::get<OpaqueTlvs>(decode_opaque(body)), cost(0x0102, true));
  EXPECT_EQ(std::get<OpaqueTlvs>(decode_opaque(encode_opaque(cost(65535)))), cost(65535));
  EXPECT_EQ(std::get<OpaqueTlvs>(decode_opaque(encode_opaque({}))), OpaqueTlvs{});
}

// In: a client's TLV, as docs/opaque-lsas.md has it, twice. Out: both, in their order; a counter that nobody comes to by
// counting, and a cost of 0, make the whole LSA void.
TEST(OpaqueTlvs, ClientsAreSaidAsTheDocumentHasThem) {
  ClientTlv client;
  for (std::size_t i = 0; i < client.public_key.size(); ++i)
    client.public_key[i] = static_cast<std::uint8_t>(i);
  client.counter = 0x01020304;
  client.cost = 0x0506;
  client.is_joined = true;
  client.address = Ipv4Address{0x0a630032};
  auto body = bytes({'w', 'g', 'o', 1, 0, 20, 0, 44});
  for (int i = 0; i < 32; ++i) body.push_back(static_cast<std::byte>(i));
  const auto rest = bytes({1, 2, 3, 4, 5, 6, 0, 1, 10, 99, 0, 50});
  body.insert(body.end(), rest.begin(), rest.end());
  EXPECT_EQ(encode_opaque({std::nullopt, {client}}), body);
  auto other = client;
  other.is_joined = false;
  const OpaqueTlvs both{std::nullopt, {client, other}};
  EXPECT_EQ(std::get<OpaqueTlvs>(decode_opaque(encode_opaque(both))), both);
  for (std::size_t length = 5; length < body.size(); ++length)
    EXPECT_TRUE(std::holds_alternative<OpaqueError>(decode_opaque(std::span(body).first(length)))) << length;
  client.counter = kPresenceCounterMost + 1;
  EXPECT_EQ(std::get<OpaqueError>(decode_opaque(encode_opaque({std::nullopt, {client}}))),
            error(Reason::bad_counter, 4, 44));
  client.counter = 0;
  client.cost = 0;
  EXPECT_EQ(std::get<OpaqueError>(decode_opaque(encode_opaque({std::nullopt, {client}}))),
            error(Reason::bad_cost, 4, 44));
}

// The opaque types for private use are anybody's.
TEST(OpaqueTlvs, Rfc5250Section9_WhatOthersSayUnderThisTypeIsNotOurs) {
  EXPECT_EQ(std::get<OpaqueError>(decode_opaque({})).reason, Reason::not_ours);
  EXPECT_EQ(std::get<OpaqueError>(decode_opaque(bytes({'w', 'g', 'o'}))).reason, Reason::not_ours);
  EXPECT_EQ(std::get<OpaqueError>(decode_opaque(bytes({0, 1, 0, 4, 10, 0, 0, 1}))).reason, Reason::not_ours);
  EXPECT_EQ(std::get<OpaqueError>(decode_opaque(bytes({'w', 'g', 'o', 2, 0, 1, 0, 4, 0, 5, 0, 0}))),
            error(Reason::unknown_version, 0, 2));
}

// Newer routers say more: types, fields of a type, flags.
TEST(OpaqueTlvs, WhatIsNotKnownIsPassedOver) {
  EXPECT_EQ(std::get<OpaqueTlvs>(decoded({0xff, 0xff, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0, 0, 1, 0, 4, 0, 7, 0, 0})),
            cost(7));
  EXPECT_EQ(std::get<OpaqueTlvs>(decoded({0, 0, 0, 0, 0, 1, 0, 4, 0, 7, 0, 0})), cost(7)) << "type 0, empty";
  EXPECT_EQ(std::get<OpaqueTlvs>(decoded({0, 1, 0, 6, 0, 7, 0xff, 0xff, 9, 9, 0, 0})), cost(7, true));
  EXPECT_EQ(std::get<OpaqueTlvs>(decoded({0, 1, 0, 4, 0, 7, 0, 0, 0, 1, 0, 4, 0, 8, 0, 1})), cost(7))
      << "the first";
  EXPECT_EQ(std::get<OpaqueTlvs>(decoded({0, 9, 0, 1, 1})), OpaqueTlvs{}) << "the last one's padding";
}

// Each length is one less, or far more, than there is.
TEST(OpaqueTlvs, LengthsAreHeldAgainstWhatIsThere) {
  EXPECT_EQ(std::get<OpaqueError>(decoded({0, 1, 0, 4, 0, 7, 0})), error(Reason::truncated, 4, 4));
  EXPECT_EQ(std::get<OpaqueError>(decoded({0, 1, 0})), error(Reason::truncated, 4, 0));
  EXPECT_EQ(std::get<OpaqueError>(decoded({0, 1, 0xff, 0xff, 0, 7, 0, 0})),
            error(Reason::truncated, 4, 0xffff));
  EXPECT_EQ(std::get<OpaqueError>(decoded({0, 9, 0xff, 0xfd, 0, 7, 0, 0})),
            error(Reason::truncated, 4, 0xfffd))
      << "a length that wraps when it is padded";
  EXPECT_EQ(std::get<OpaqueError>(decoded({0, 1, 0, 3, 0, 7, 0, 0})), error(Reason::too_short, 4, 3));
  EXPECT_EQ(std::get<OpaqueError>(decoded({0, 1, 0, 0})), error(Reason::too_short, 4, 0));
  EXPECT_EQ(std::get<OpaqueError>(decoded({0, 9, 0, 0, 0, 1, 0, 4, 0, 0, 0, 0})),
            error(Reason::bad_cost, 8, 4));
}

// A good one, cut at every length: an error or less, never a read beyond the end.
TEST(OpaqueTlvs, EveryCutIsAnErrorOrSaysLess) {
  const auto whole = encode_opaque(cost(10, true));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    const auto result = decode_opaque(cut);
    const auto* tlvs = std::get_if<OpaqueTlvs>(&result);
    EXPECT_EQ(tlvs != nullptr, length == 4) << length;
    if (tlvs == nullptr) continue;
    EXPECT_EQ(*tlvs, OpaqueTlvs{});
  }
}

}  // namespace
}  // namespace wgospf::ospf
