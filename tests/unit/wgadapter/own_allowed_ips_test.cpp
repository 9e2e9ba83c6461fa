// What is remembered of our allowed-ips, as text, and what becomes of a text that was spoiled.

#include "wgadapter/own_allowed_ips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/wgadapter/allowed_ip_model.h"
#include "wgadapter/state_text.h"

namespace wgospf::wg {
namespace {

using test::key_of;
using test::v4;
using testing::HasSubstr;

const OwnNote kOwn{
    "5f0f3c2e",
    {{"wg0", 12}, {"wg-op3", 4'000'000'000}},
    {{"wg0", {{key_of(1), {v4("10.1.0.0/16"), v4("10.1.0.0/24")}}, {key_of(2), {v4("192.168.2.0/24")}}}},
     {"wg-op3", {{key_of(1), {v4("0.0.0.0/0")}}}}}};

TEST(OwnAllowedIps, ReadsWhatItWrites) {
  for (const OwnNote& own : {kOwn, OwnNote{"5f0f3c2e", {}, {}}, OwnNote{}}) {
    const auto read = parse_own_note(to_text(own));
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(*read, own);
  }
}

TEST(OwnAllowedIps, TheTextIsReadable) {
  EXPECT_THAT(to_text(kOwn), HasSubstr("wgospf allowed-ips 1\n"
                                       "boot 5f0f3c2e\n"
                                       "device wg-op3 4000000000\n"
                                       "peer AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
                                       "0.0.0.0/0\n"
                                       "device wg0 12\n"));
}

TEST(OwnAllowedIps, WhateverIsCutOffIsNoticed) {
  const std::string text = to_text(kOwn);
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(parse_own_note(std::string_view(text).substr(0, size))) << size;
}

TEST(OwnAllowedIps, WhateverByteIsSpoiledIsNoticed) {
  const std::string text = to_text(kOwn);
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char other : {'\0', '\n', ' ', '1', '/', '\xff'}) {
      std::string spoiled = text;
      spoiled[at] = other;
      EXPECT_EQ(static_cast<bool>(parse_own_note(spoiled)), spoiled == text) << at;
    }
  }
}

// With a checksum that is right: what another version, or a hand, may have written.
TEST(OwnAllowedIps, RecordsOutOfPlaceAreRefused) {
  const std::string boot = "boot 5f0f3c2e", device = "device wg0 12", peer = "peer " + key_of(1).to_base64();
  const std::vector<std::vector<std::string>> wrong{
      {boot, "10.0.0.0/8"},
      {boot, device, "10.0.0.0/8"},
      {boot, peer, "10.0.0.0/8"},
      {boot, device, "peer x", "10.0.0.0/8"},
      {boot, device, peer, "10.0.0.1/8"},
      {boot, device, peer, "10.0.0.0/8", "10.0.0.0/8"},
      {boot, device, peer, "10.1.0.0/16", "10.0.0.0/16"},
      {boot, device, peer, "10.0.0.0/8", device},
      {boot, device, peer, ""},
      {boot, "device wg0", peer, "10.0.0.0/8"},
      {boot, "device wg0 x", peer, "10.0.0.0/8"},
      {boot, "device wg0 12x", peer, "10.0.0.0/8"},
      {boot, "device wg0 4294967296", peer, "10.0.0.0/8"},
      {device, peer, "10.0.0.0/8"},
      {boot, boot, device, peer, "10.0.0.0/8"},
      {"boot ", device, peer, "10.0.0.0/8"},
      {"boot a b", device, peer, "10.0.0.0/8"},
  };
  for (const auto& records : wrong)
    EXPECT_FALSE(parse_own_note(state_text("allowed-ips", records))) << testing::PrintToString(records);
  EXPECT_FALSE(parse_own_note(state_text("keys", {})));
  EXPECT_TRUE(parse_own_note(state_text("allowed-ips", {boot, device, peer, "10.0.0.0/8"})));
}

TEST(OwnAllowedIps, RandomBytesAreReadToTheEnd) {
  std::mt19937 random(3);
  const std::string text = to_text(kOwn);
  for (int round = 0; round < 20'000; ++round) {
    std::string spoiled = text;
    for (int i = 0; i < 4; ++i) {
      const std::size_t at = random() % spoiled.size();
      if (random() % 2 == 0) spoiled.erase(at, random() % 8);
      spoiled.insert(std::min(at, spoiled.size()), 1, static_cast<char>(random()));
    }
    // The checksum put right, so that the records are looked at.
    const auto first = spoiled.find('\n');
    const auto body = first == std::string::npos ? std::string() : spoiled.substr(first + 1);
    const std::string whole = state_text("allowed-ips", {body});
    const auto read = parse_own_note(whole);
    EXPECT_EQ(read ? to_text(*read) : whole, whole);
    (void)parse_own_note(spoiled);
  }
}

TEST(OwnBook, IsKeptUpByWhatChanges) {
  OwnBook book{OwnNote{"5f0f3c2e", {}, {}}};
  const auto lan = v4("192.168.2.0/24");
  book.apply("wg0", 12, {{v4("10.1.0.0/24"), key_of(1), true}, {lan, key_of(1), true}});
  book.apply("wg0", 12,
             {{lan, key_of(2), true}, {lan, key_of(1), false}, {v4("10.1.0.0/16"), key_of(1), true}});
  book.apply("wg-op3", 4'000'000'000, {{v4("0.0.0.0/0"), key_of(1), true}});
  EXPECT_EQ(book.note(), kOwn);
  EXPECT_EQ(OwnBook(kOwn).note(), kOwn);
  book.apply("wg-op3", 5, {{v4("0.0.0.0/0"), key_of(1), false}});
  EXPECT_FALSE(book.note().own.contains("wg-op3"));
}

TEST(StateText, ThereIsALimit) {
  EXPECT_THAT(parse_state_text("x", std::string(kMaxStateText + 1, '\n')).error().text,
              HasSubstr("too long"));
}

}  // namespace
}  // namespace wgospf::wg
