// RFC 5880 4.1 and the checks of 6.8.6 that need no session.

#include "bfd/packet.h"

#include <gmock/gmock.h>

#include <vector>

namespace wgospf::bfd {
namespace {

/// Up, as BIRD sends it: multiplier 3, 50 ms both ways.
std::vector<std::byte> valid() {
  std::vector<std::byte> bytes;
  for (const int byte :
       {0x20, 0xc0, 3, 24, 0, 0, 0, 7, 0, 0, 0, 9, 0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50, 0, 0, 0, 0})
    bytes.push_back(static_cast<std::byte>(byte));
  return bytes;
}

std::vector<std::byte> with(std::size_t at, int value) {
  auto bytes = valid();
  bytes[at] = static_cast<std::byte>(value);
  return bytes;
}

DecodeError error_of(const std::vector<std::byte>& bytes) {
  const auto decoded = decode(bytes);
  const auto* error = std::get_if<DecodeError>(&decoded);
  EXPECT_NE(error, nullptr);
  return error == nullptr ? DecodeError{Discard::source, 999} : *error;
}

// Each field of a packet at its place, and back.
TEST(Rfc5880Section4_1, AllFields) {
  const auto decoded = decode(valid());
  const auto* packet = std::get_if<ControlPacket>(&decoded);
  ASSERT_NE(packet, nullptr);
  EXPECT_EQ(packet->state, State::up);
  EXPECT_EQ(packet->diagnostic, Diagnostic::none);
  EXPECT_EQ(packet->detect_mult, 3);
  EXPECT_EQ(packet->my_discriminator, Discriminator{7});
  EXPECT_EQ(packet->your_discriminator, Discriminator{9});
  EXPECT_EQ(packet->desired_min_tx_interval, Microseconds{50'000});
  EXPECT_EQ(packet->required_min_rx_interval, Microseconds{50'000});
  EXPECT_EQ(packet->required_min_echo_rx_interval, Microseconds{0});
  EXPECT_THAT(encode(*packet), testing::ElementsAreArray(valid()));
}

TEST(Rfc5880Section4_1, AllFlags) {
  for (const int flag : {0x20, 0x10, 0x08, 0x02}) {
    const auto bytes = with(1, 0xc0 | flag);
    const auto decoded = decode(bytes);
    const auto* packet = std::get_if<ControlPacket>(&decoded);
    ASSERT_NE(packet, nullptr);
    EXPECT_EQ(packet->poll, flag == 0x20);
    EXPECT_EQ(packet->final, flag == 0x10);
    EXPECT_EQ(packet->control_plane_independent, flag == 0x08);
    EXPECT_EQ(packet->demand, flag == 0x02);
    EXPECT_THAT(encode(*packet), testing::ElementsAreArray(bytes));
  }
}

// What is reserved among the diagnostics is kept as it came.
TEST(Rfc5880Section4_1, ReservedDiagnostic) {
  const auto decoded = decode(with(0, 0x20 | 31));
  const auto* packet = std::get_if<ControlPacket>(&decoded);
  ASSERT_NE(packet, nullptr);
  EXPECT_EQ(packet->diagnostic, Diagnostic{31});
  EXPECT_STREQ(to_string(packet->diagnostic), "reserved");
}

TEST(Rfc5880Section6_8_6, VersionMustBe1) {
  EXPECT_EQ(error_of(with(0, 0x00)), (DecodeError{Discard::version, 0}));
  EXPECT_EQ(error_of(with(0, 0x40)), (DecodeError{Discard::version, 2}));
}

TEST(Rfc5880Section6_8_6, LengthBelowTheMinimum) {
  EXPECT_EQ(error_of(with(3, 23)), (DecodeError{Discard::length, 23}));
}

// 26 with an Authentication Section.
TEST(Rfc5880Section6_8_6, LengthBelowTheMinimumWithAuthentication) {
  auto bytes = with(1, 0xc4);
  bytes.resize(32);
  bytes[3] = std::byte{25};
  EXPECT_EQ(error_of(bytes), (DecodeError{Discard::length, 25}));
  bytes[3] = std::byte{26};
  const auto decoded = decode(bytes);
  const auto* packet = std::get_if<ControlPacket>(&decoded);
  ASSERT_NE(packet, nullptr);
  EXPECT_TRUE(packet->authentication_present);
}

TEST(Rfc5880Section6_8_6, LengthBeyondThePayload) {
  EXPECT_EQ(error_of(with(3, 25)), (DecodeError{Discard::length_beyond_payload, 25}));
  auto cut = valid();
  cut.resize(23);
  EXPECT_EQ(error_of(cut), (DecodeError{Discard::length_beyond_payload, 24}));
  cut.resize(3);
  EXPECT_EQ(error_of(cut), (DecodeError{Discard::too_short, 3}));
  EXPECT_EQ(error_of({}), (DecodeError{Discard::too_short, 0}));
}

TEST(Rfc5880Section6_8_6, DetectMultIsNotZero) {
  EXPECT_EQ(error_of(with(2, 0)), (DecodeError{Discard::detect_mult, 0}));
}

TEST(Rfc5880Section6_8_6, MultipointIsClear) {
  EXPECT_EQ(error_of(with(1, 0xc1)), (DecodeError{Discard::multipoint, 1}));
}

TEST(Rfc5880Section6_8_6, MyDiscriminatorIsNotZero) {
  EXPECT_EQ(error_of(with(7, 0)), (DecodeError{Discard::my_discriminator, 0}));
}

// Your Discriminator 0 is for who is Down or AdminDown.
TEST(Rfc5880Section6_8_6, YourDiscriminatorZero) {
  auto bytes = with(11, 0);
  EXPECT_EQ(error_of(bytes), (DecodeError{Discard::state_without_session, 3}));
  bytes[1] = std::byte{0x80};
  EXPECT_EQ(error_of(bytes), (DecodeError{Discard::state_without_session, 2}));
  bytes[1] = std::byte{0x40};
  EXPECT_TRUE(std::holds_alternative<ControlPacket>(decode(bytes)));
  bytes[1] = std::byte{0x00};
  EXPECT_TRUE(std::holds_alternative<ControlPacket>(decode(bytes)));
}

// In the order of the RFC: the first that does not hold is the reason.
TEST(Rfc5880Section6_8_6, Order) {
  auto bytes = valid();
  bytes[7] = std::byte{0};
  EXPECT_EQ(error_of(bytes).reason, Discard::my_discriminator);
  bytes[1] = std::byte{0xc1};
  EXPECT_EQ(error_of(bytes).reason, Discard::multipoint);
  bytes[2] = std::byte{0};
  EXPECT_EQ(error_of(bytes).reason, Discard::detect_mult);
  bytes[3] = std::byte{200};
  EXPECT_EQ(error_of(bytes).reason, Discard::length_beyond_payload);
  bytes[3] = std::byte{0};
  EXPECT_EQ(error_of(bytes).reason, Discard::length);
  bytes[0] = std::byte{0};
  EXPECT_EQ(error_of(bytes).reason, Discard::version);
}

// Every reason and code has words of its own.
TEST(BfdWords, All) {
  std::vector<std::string> words;
  for (std::size_t reason = 0; reason < kDiscards; ++reason)
    words.emplace_back(to_string(Discard{static_cast<std::uint8_t>(reason)}));
  for (std::uint8_t code = 0; code < 9; ++code) words.emplace_back(to_string(Diagnostic{code}));
  for (std::uint8_t state = 0; state < 4; ++state) words.emplace_back(to_string(State{state}));
  EXPECT_THAT(words, testing::Each(testing::Not(testing::AnyOf("?", "reserved"))));
  std::sort(words.begin(), words.end());
  EXPECT_EQ(std::adjacent_find(words.begin(), words.end()), words.end());
}

}  // namespace
}  // namespace wgospf::bfd
