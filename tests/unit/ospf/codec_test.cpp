// The OSPFv2 codec: what goes in comes out, and what is wrong in form is named. Each test of a rule bears the
// RFC section it shows.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string_view>

#include "ospf/base/bytes.h"
#include "ospf/checksum.h"
#include "ospf/recency.h"
#include "ospf/v2/v2.h"

namespace wgospf::ospf {
namespace {

using Bytes = std::vector<std::byte>;

constexpr RouterId kRouter{0x01010101};
constexpr AreaId kArea{0};

Bytes from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return bytes;
}

/// Puts the length and checksum right after a test changed a packet.
void repair(Bytes& packet) {
  store_u16(packet.data() + 2, static_cast<std::uint16_t>(packet.size()));
  store_u16(packet.data() + 12, 0);
  store_u16(packet.data() + 12, packet_checksum(packet));
}

DropReason reason(const Bytes& packet) {
  const auto result = V2::decode(packet);
  const auto* error = std::get_if<DecodeError>(&result);
  return error != nullptr ? error->reason : DropReason::count_;
}

template <class Body>
Body decoded(const Bytes& packet) {
  auto result = V2::decode(packet);
  return std::get<Body>(std::get<Packet>(result).body);
}

LsaHeader header_of(LsaType type, std::uint32_t id) {
  LsaHeader header;
  header.age = 5;
  header.options.bits = Options::kExternal;
  header.key = {type, LinkStateId{id}, RouterId{0x03030303}};
  return header;
}

v2::RouterLsa router_body() {
  v2::RouterLsa router;
  router.flags = v2::RouterLsa::kExternal;
  router.links.push_back({0x02020202, 7, v2::RouterLinkType::point_to_point, 10, {}});
  router.links.push_back({0x0a000000, 0xffffff00, v2::RouterLinkType::stub, 10, {{4, 0, 20}, {8, 1, 30}}});
  return router;
}

Lsa router_lsa() {
  return V2::encode_lsa(header_of(LsaType::router, 0x03030303), router_body());
}

Hello hello() {
  Hello hello;
  hello.network_mask = 0xffffff00;
  hello.hello_interval = 10;
  hello.dead_interval = 40;
  hello.options.bits = Options::kExternal;
  hello.priority = 1;
  hello.designated_router = DesignatedId{0x0a000001};
  hello.neighbors = {RouterId{0x02020202}, RouterId{0x03030303}};
  return hello;
}

/// An LSA of `type` with these body bytes and a right length and checksum: its verdict.
std::optional<DropReason> verdict(LsaType type, std::string_view body_hex) {
  const Bytes body = from_hex(body_hex);
  return V2::validate_lsa(V2::encode_lsa(header_of(type, 0x03030303), v2::OpaqueLsa{body}).bytes());
}

/// The same, with one header field changed and the checksum put right again.
std::optional<DropReason> verdict_with_u16(std::size_t offset, std::uint16_t value) {
  const auto lsa = router_lsa();
  Bytes bytes(lsa.bytes().begin(), lsa.bytes().end());
  store_u16(bytes.data() + offset, value);
  store_u16(bytes.data() + 16, lsa_checksum(bytes));
  return V2::validate_lsa(bytes);
}

TEST(Codec, HelloComesBack) {
  const Bytes bytes = V2::encode(kRouter, kArea, hello());
  EXPECT_EQ(bytes.size(), 52U);
  const auto result = V2::decode(bytes);
  const auto& packet = std::get<Packet>(result);
  EXPECT_EQ(packet.header.router_id, kRouter);
  EXPECT_EQ(packet.header.area_id, kArea);
  EXPECT_EQ(packet.header.length, 52);
  EXPECT_EQ(std::get<Hello>(packet.body), hello());
  EXPECT_TRUE(packet.trailer.empty());
}

// A hello put together by hand from RFC 2328 A.3.2, byte by byte.
TEST(Rfc2328AppendixA3, HelloIsLaidOutAsDrawn) {
  const Bytes expected = from_hex(
      "0201002c"
      "01010101"
      "00000007"
      "00000000"
      "0000000000000000"
      "ffffff00"
      "000a0201"
      "00000028"
      "0a000001"
      "00000000");
  Hello value = hello();
  value.neighbors.clear();
  Bytes bytes = V2::encode(kRouter, AreaId{7}, value);
  EXPECT_EQ(packet_checksum(bytes), 0);
  store_u16(bytes.data() + 12, 0);
  EXPECT_EQ(bytes, expected);
}

TEST(Codec, DatabaseDescriptionComesBack) {
  DatabaseDescription description;
  description.interface_mtu = 1420;
  description.options.bits = 0x42;
  description.flags = {.init = false, .more = true, .master = true};
  description.sequence_number = 0xdeadbeef;
  description.headers = {V2::header(router_lsa()), header_of(LsaType::opaque_area, 0x04000001)};
  EXPECT_EQ(decoded<DatabaseDescription>(V2::encode(kRouter, kArea, description)), description);
}

TEST(Codec, RequestAndAcknowledgmentComeBack) {
  LinkStateRequest request;
  request.keys = {V2::header(router_lsa()).key, {LsaType::as_external, LinkStateId{1}, RouterId{2}}};
  EXPECT_EQ(decoded<LinkStateRequest>(V2::encode(kRouter, kArea, request)), request);
  LinkStateAcknowledgment acknowledgment;
  acknowledgment.headers = {V2::header(router_lsa())};
  EXPECT_EQ(decoded<LinkStateAcknowledgment>(V2::encode(kRouter, kArea, acknowledgment)), acknowledgment);
}

TEST(Codec, UpdateCarriesTheAgeItIsGivenAndKeepsTheChecksum) {
  const OutgoingLsa outgoing[] = {{router_lsa(), 77}, {router_lsa(), kMaxAge}};
  const Bytes bytes = V2::encode(kRouter, kArea, outgoing);
  const auto update = decoded<LinkStateUpdate>(bytes);
  ASSERT_EQ(update.lsas.size(), 2U);
  EXPECT_EQ(update.lsas[0].header.age, 77);
  EXPECT_EQ(update.lsas[1].header.age, kMaxAge);
  EXPECT_EQ(update.lsas[0].header.checksum, V2::header(router_lsa()).checksum);
  EXPECT_EQ(update.lsas[0].error, std::nullopt);
  EXPECT_TRUE(std::ranges::equal(update.lsas[1].bytes.subspan(2), router_lsa().bytes().subspan(2)));
}

TEST(Codec, BodiesOfAllTypesComeBackWithTheirReservedBits) {
  const v2::NetworkLsa network{0xffffff00, {RouterId{1}, RouterId{2}}};
  const v2::SummaryLsa summary{0xffff0000, 0xfffffe, {0x04000010}, 0x5a};
  const v2::ExternalLsa external{0xff000000, true, 20, Ipv4Address{0x0a000009}, 99, {{1, 2, 3}}, 0x7f};
  v2::RouterLsa router = router_body();
  router.reserved = 0xee;
  router.links.push_back({1, 2, v2::RouterLinkType{200}, 3, {}});
  router.trailing = from_hex("0102030405060708090a0b");
  const v2::OpaqueLsa opaque{from_hex("0102030405")};
  const std::pair<LsaType, v2::LsaBody> cases[] = {
      {LsaType::router, router},        {LsaType::network, network},      {LsaType::summary_network, summary},
      {LsaType::summary_asbr, summary}, {LsaType::as_external, external}, {LsaType::nssa_external, external},
      {LsaType::opaque_link, opaque},   {LsaType::opaque_area, opaque},   {LsaType::opaque_as, opaque}};
  for (const auto& [type, body] : cases) {
    const auto lsa = V2::encode_lsa(header_of(type, 0x03030303), body);
    EXPECT_EQ(V2::validate_lsa(lsa.bytes()), std::nullopt) << to_string(type);
    EXPECT_EQ(V2::header(lsa).length, lsa.bytes().size());
    EXPECT_TRUE(V2::decode_body(lsa) == body) << to_string(type);
    EXPECT_TRUE(
        std::ranges::equal(V2::encode_lsa(V2::header(lsa), V2::decode_body(lsa)).bytes(), lsa.bytes()));
  }
}

TEST(Codec, WithGivesTheSameInstanceAnotherAgeOrNumber) {
  const auto lsa = router_lsa();
  const auto older = with(lsa, kMaxAge, lsa.sequence_number());
  EXPECT_EQ(V2::header(older).age, kMaxAge);
  EXPECT_EQ(older.checksum(), lsa.checksum());
  const auto newer = with(lsa, 0, lsa.sequence_number() + 1);
  EXPECT_EQ(newer.sequence_number(), lsa.sequence_number() + 1);
  EXPECT_TRUE(lsa_checksum_holds(newer.bytes()));
  EXPECT_NE(newer.checksum(), lsa.checksum());
  EXPECT_EQ(V2::header(lsa).age, 5) << "the original is immutable";
}

// A check byte of 0 and of 255 are one number; ageing must not rewrite the one the originator chose, since
// instances are told apart by the field as it stands.
TEST(Rfc2328Section13_1, NumberThenChecksumThenMaxAgeThenAge) {
  const auto header = [](std::int32_t number, std::uint16_t checksum, std::uint16_t age) {
    LsaHeader result;
    result.sequence_number = number;
    result.checksum = checksum;
    result.age = age;
    return result;
  };
  EXPECT_TRUE(compare_recency(header(1, 1, 3000), header(-1, 9, 0)) > 0) << "signed";
  EXPECT_TRUE(compare_recency(header(1, 0x9000, 3000), header(1, 0x1000, 0)) > 0) << "unsigned";
  EXPECT_TRUE(compare_recency(header(1, 1, kMaxAge), header(1, 1, kMaxAge - 1)) > 0);
  EXPECT_TRUE(compare_recency(header(1, 1, 99), header(1, 1, 100 + kMaxAgeDiff)) > 0) << "the younger";
  EXPECT_TRUE(compare_recency(header(1, 1, 100 + kMaxAgeDiff), header(1, 1, 99)) < 0);
  EXPECT_TRUE(compare_recency(header(1, 1, 100), header(1, 1, 100 + kMaxAgeDiff)) == 0) << "on their way";
}

TEST(Rfc2328Section13_1, AgeingKeepsTheOriginatorsChecksum) {
  for (std::int32_t number = kInitialSequenceNumber;; ++number) {
    const auto lsa = with(router_lsa(), 0, number);
    if ((lsa.checksum() >> 8) != 0xff) continue;
    Bytes bytes(lsa.bytes().begin(), lsa.bytes().end());
    bytes[16] = std::byte{0};
    ASSERT_EQ(V2::validate_lsa(bytes), std::nullopt);
    const auto received = Lsa::copy(bytes);
    EXPECT_EQ(with(received, kMaxAge, number).checksum(), received.checksum());
    EXPECT_EQ(with(received, 0, number + 1).checksum(), with(lsa, 0, number + 1).checksum());
    return;
  }
}

TEST(Rfc2328Section8_2, FormOfThePacketHeader) {
  const Bytes good = V2::encode(kRouter, kArea, hello());
  EXPECT_EQ(reason(good), DropReason::count_);
  EXPECT_EQ(reason({}), DropReason::packet_too_short);
  EXPECT_EQ(reason(Bytes(good.begin(), good.begin() + 23)), DropReason::packet_too_short);
  Bytes bad = good;
  bad[0] = std::byte{3};
  EXPECT_EQ(reason(bad), DropReason::bad_version);
  for (const int type : {0, 6, 10, 255}) {
    bad = good;
    bad[1] = static_cast<std::byte>(type);
    EXPECT_EQ(reason(bad), DropReason::bad_packet_type);
  }
  for (const int length : {0, 10, 43, 53, 65535}) {
    bad = good;
    store_u16(bad.data() + 2, static_cast<std::uint16_t>(length));
    EXPECT_EQ(reason(bad), DropReason::bad_packet_length) << length;
  }
  bad = good;
  bad[30] ^= std::byte{1};
  EXPECT_EQ(reason(bad), DropReason::bad_packet_checksum);
}

TEST(Rfc2328SectionD4, AuthenticatedPacketsDecodeInStructure) {
  Bytes packet = V2::encode(kRouter, kArea, hello());
  store_u16(packet.data() + 14, 1);
  EXPECT_EQ(reason(packet), DropReason::bad_packet_checksum);
  repair(packet);
  std::fill(packet.begin() + 16, packet.begin() + 24, std::byte{'x'});  // not part of the checksum
  EXPECT_EQ(reason(packet), DropReason::count_);
  store_u16(packet.data() + 12, 0);
  store_u16(packet.data() + 14, 2);
  packet.resize(packet.size() + 16, std::byte{0xdd});
  const auto result = V2::decode(packet);
  const auto& decoded = std::get<Packet>(result);
  EXPECT_EQ(decoded.header.authentication_type, AuthenticationType::cryptographic);
  EXPECT_EQ(decoded.trailer.size(), 16U);
}

TEST(Rfc2328AppendixA3, BodiesHoldWholeElements) {
  Bytes packet = V2::encode(kRouter, kArea, hello());
  packet.resize(packet.size() - 1);
  repair(packet);
  EXPECT_EQ(reason(packet), DropReason::malformed_body);

  DatabaseDescription description;
  description.headers = {V2::header(router_lsa())};
  packet = V2::encode(kRouter, kArea, description);
  packet.resize(packet.size() - 4);
  repair(packet);
  EXPECT_EQ(reason(packet), DropReason::malformed_body);
  packet = V2::encode(kRouter, kArea, DatabaseDescription{});
  packet.resize(packet.size() + 20);  // a header that says length 0
  repair(packet);
  EXPECT_EQ(reason(packet), DropReason::malformed_body);

  packet = V2::encode(kRouter, kArea, LinkStateRequest{{V2::header(router_lsa()).key}});
  packet[24] = std::byte{1};  // LS type 0x01000001
  repair(packet);
  EXPECT_EQ(reason(packet), DropReason::malformed_body);
  packet.resize(packet.size() - 2);
  repair(packet);
  EXPECT_EQ(reason(packet), DropReason::malformed_body);
}

TEST(Rfc2328AppendixA3, AnUpdatesCountAndLengthsAddUp) {
  const OutgoingLsa one[] = {{router_lsa(), 1}};
  const Bytes good = V2::encode(kRouter, kArea, one);
  for (const std::uint32_t count : {0U, 2U, 0xffffffffU}) {
    Bytes packet = good;
    store_u32(packet.data() + 24, count);
    repair(packet);
    EXPECT_EQ(reason(packet), DropReason::malformed_body) << count;
  }
  for (const int length : {0, 1, 19, 20, 53, 65535}) {
    Bytes packet = good;
    store_u16(packet.data() + 28 + 18, static_cast<std::uint16_t>(length));
    repair(packet);
    EXPECT_EQ(reason(packet), DropReason::malformed_body) << length;
  }
}

// One wrong LSA is marked; those around it are used.
TEST(Rfc2328Section13, AnLsaInErrorDoesNotSpoilItsUpdate) {
  const OutgoingLsa three[] = {{router_lsa(), 1}, {router_lsa(), 2}, {router_lsa(), 3}};
  Bytes packet = V2::encode(kRouter, kArea, three);
  packet[28 + router_lsa().length() + 25] ^= std::byte{0x10};
  repair(packet);
  const auto update = decoded<LinkStateUpdate>(packet);
  ASSERT_EQ(update.lsas.size(), 3U);
  EXPECT_EQ(update.lsas[0].error, std::nullopt);
  EXPECT_EQ(update.lsas[1].error, DropReason::lsa_bad_checksum);
  EXPECT_EQ(update.lsas[2].error, std::nullopt);
}

TEST(Rfc2328Section13, Step1And2ChecksumAndType) {
  const auto lsa = router_lsa();
  Bytes bytes(lsa.bytes().begin(), lsa.bytes().end());
  bytes[21] ^= std::byte{1};
  EXPECT_EQ(V2::validate_lsa(bytes), DropReason::lsa_bad_checksum);
  EXPECT_EQ(V2::validate_lsa(std::span(bytes).first(bytes.size() - 1)), DropReason::lsa_bad_length);
  EXPECT_EQ(V2::validate_lsa(std::span(bytes).first(19)), DropReason::lsa_bad_length);
  for (const int type : {0, 6, 8, 12, 255}) {
    EXPECT_EQ(verdict(v2::lsa_type(static_cast<std::uint8_t>(type)), "00000000"),
              DropReason::lsa_unknown_type)
        << type;
  }
}

TEST(Rfc2328Section12_1, AgeSequenceNumberAndId) {
  EXPECT_EQ(verdict_with_u16(0, 3600), std::nullopt);
  EXPECT_EQ(verdict_with_u16(0, 3601), DropReason::lsa_bad_age);
  EXPECT_EQ(verdict_with_u16(0, 0x8005), DropReason::lsa_bad_age) << "DoNotAge is not supported";
  EXPECT_EQ(V2::validate_lsa(with(router_lsa(), 1, -0x7fffffff - 1).bytes()), DropReason::lsa_bad_sequence);
  EXPECT_EQ(V2::validate_lsa(V2::encode_lsa(header_of(LsaType::router, 9), router_body()).bytes()),
            DropReason::lsa_id_mismatch);
}

TEST(Rfc2328AppendixA4, RouterLsaLinksFillTheLsa) {
  EXPECT_EQ(verdict(LsaType::router, "00000000"), std::nullopt);
  EXPECT_EQ(verdict(LsaType::router, ""), DropReason::lsa_malformed);
  EXPECT_EQ(verdict(LsaType::router, "00000001"), DropReason::lsa_malformed);
  EXPECT_EQ(verdict(LsaType::router,
                    "0000ffff"
                    "0202020200000007"
                    "0100000a"),
            DropReason::lsa_malformed);
  EXPECT_EQ(verdict(LsaType::router,
                    "00000001"
                    "0202020200000007"
                    "0100000a"),
            std::nullopt);
  EXPECT_EQ(verdict(LsaType::router,
                    "00000001"
                    "0202020200000007"
                    "0101000a"),
            DropReason::lsa_malformed);
  EXPECT_EQ(verdict(LsaType::router,
                    "00000001"
                    "0202020200000007"
                    "0500000a"),
            std::nullopt)
      << "a link type that is none is for the calculation to pass over";
  EXPECT_EQ(verdict(LsaType::router,
                    "00000000"
                    "0202020200000007"
                    "0100000a"),
            DropReason::lsa_malformed)
      << "a link that is not counted";
  EXPECT_EQ(verdict(LsaType::router,
                    "00000001"
                    "0202020200000007"
                    "0100000a"
                    "0102030405060708090a0b"),
            std::nullopt)
      << "less than a link after the last one";
}

TEST(Rfc2328AppendixA4, NetworkSummaryAndExternalLengthsAndMasks) {
  EXPECT_EQ(verdict(LsaType::network,
                    "ffffff00"
                    "01010101"),
            std::nullopt);
  EXPECT_EQ(verdict(LsaType::network, "ffffff00"), DropReason::lsa_malformed);
  EXPECT_EQ(verdict(LsaType::network,
                    "ff00ff00"
                    "01010101"),
            std::nullopt)
      << "what a mask means is for the calculation to say";
  EXPECT_EQ(verdict(LsaType::network,
                    "ffffff00"
                    "010101"),
            DropReason::lsa_malformed);
  EXPECT_EQ(verdict(LsaType::summary_network,
                    "ffffff00"
                    "0000000a"),
            std::nullopt);
  EXPECT_EQ(verdict(LsaType::summary_network, "ffffff00"), DropReason::lsa_malformed);
  EXPECT_EQ(verdict(LsaType::summary_network,
                    "ff00ff00"
                    "0000000a"),
            std::nullopt);
  EXPECT_EQ(verdict(LsaType::summary_asbr,
                    "ff00ff00"
                    "0000000a"),
            std::nullopt)
      << "no meaning in type 4";
  EXPECT_EQ(verdict(LsaType::as_external,
                    "ffffff00"
                    "8000000a"
                    "00000000"
                    "00000000"),
            std::nullopt);
  EXPECT_EQ(verdict(LsaType::as_external,
                    "ffffff00"
                    "8000000a"
                    "00000000"),
            DropReason::lsa_malformed);
  EXPECT_EQ(verdict(LsaType::nssa_external,
                    "ffffff00"
                    "8000000a"
                    "00000000"
                    "00000000"
                    "00000000"),
            DropReason::lsa_malformed);
  EXPECT_EQ(verdict(LsaType::as_external,
                    "00ffff00"
                    "8000000a"
                    "00000000"
                    "00000000"),
            std::nullopt);
}

TEST(Codec, NamesAreStableAndComplete) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(DropReason::count_); ++i) {
    EXPECT_NE(to_string(static_cast<DropReason>(i)), "unknown") << i;
  }
  EXPECT_EQ(to_string(DropReason::lsa_id_mismatch), "lsa_id_mismatch");
  EXPECT_EQ(to_string(PacketType::link_state_acknowledgment), "link_state_acknowledgment");
}

// Any bytes give a value or an error, and a value is encoded to something that decodes to the same value.
TEST(Codec, DecodingIsTotal) {
  std::mt19937 random(7);
  const OutgoingLsa lsas[] = {{router_lsa(), 1}, {router_lsa(), 2}};
  const Bytes seeds[] = {V2::encode(kRouter, kArea, hello()), V2::encode(kRouter, kArea, lsas)};
  for (int round = 0; round < 20000; ++round) {
    Bytes packet = seeds[random() % 2];
    for (unsigned change = 0; change < 3; ++change) {
      packet[random() % packet.size()] = static_cast<std::byte>(random() & 0xff);
    }
    packet.resize(random() % (packet.size() + 1));
    if (packet.size() >= 24 && random() % 2 == 0) repair(packet);
    const auto result = V2::decode(packet);
    if (const auto* value = std::get_if<Packet>(&result)) {
      EXPECT_LE(value->header.length, packet.size());
    }
  }
}

}  // namespace
}  // namespace wgospf::ospf
