// Which router id a key speaks for.

#include "daemon/links/key_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wgadapter/state_text.h"

namespace wgospf::daemon {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Kind = KeyAdmission::Kind;

wg::Key key(std::uint8_t number) {
  wg::Key key;
  key.bytes.fill(number);
  return key;
}
const ospf::RouterId kOne{0x0a000001}, kTwo{0x0a000002};

TEST(KeyBook, TheFirstIdIsLearnedAndKept) {
  KeyBook book;
  EXPECT_EQ(book.admit(key(1), kOne).kind, Kind::learned);
  EXPECT_EQ(book.admit(key(1), kOne).kind, Kind::known);
  const auto refused = book.admit(key(1), kTwo);
  EXPECT_FALSE(refused.is_admitted());
  EXPECT_THAT(reason_of(refused, key(1), kTwo),
              HasSubstr("speaks as router 10.0.0.2, and was known as router"));
  EXPECT_EQ(book.admit(key(1), kOne).kind, Kind::known) << "what was refused is not learned";

  KeyBook next;
  ASSERT_TRUE(next.take_text(book.to_text()));
  EXPECT_EQ(next.admit(key(1), kTwo).kind, Kind::other_id);
  EXPECT_TRUE(next.forget(key(1)));
  EXPECT_FALSE(next.forget(key(1)));
  EXPECT_EQ(next.admit(key(1), kTwo).kind, Kind::learned);
}

TEST(KeyBook, ARouterMayHaveSeveralKeys) {
  KeyBook book;
  EXPECT_TRUE(book.admit(key(1), kOne).is_admitted());
  EXPECT_TRUE(book.admit(key(2), kOne).is_admitted());
}

TEST(KeyBook, WhatIsWrittenDownCounts) {
  KeyBook book;
  ASSERT_TRUE(book.admit(key(1), kTwo).is_admitted());
  ASSERT_TRUE(book.admit(key(3), kOne).is_admitted());
  book.write_down({{key(1), kOne}, {key(2), kOne}});
  EXPECT_EQ(book.admit(key(1), kOne).kind, Kind::known);
  const auto other = book.admit(key(1), kTwo);
  EXPECT_EQ(other, (KeyAdmission{Kind::other_id, kOne, true}));
  EXPECT_THAT(reason_of(other, key(1), kTwo), HasSubstr("the configuration says that it is router 10.0.0.1"));
  const auto stranger = book.admit(key(3), kOne);
  EXPECT_EQ(stranger.kind, Kind::others_keys) << "although it was learned before";
  EXPECT_THAT(reason_of(stranger, key(3), kOne), HasSubstr("gives to other keys"));
  EXPECT_TRUE(book.admit(key(3), kTwo).kind == Kind::other_id);
  book.write_down({});
  EXPECT_TRUE(book.admit(key(3), kOne).is_admitted());
  EXPECT_TRUE(book.admit(key(1), kTwo).is_admitted());
  EXPECT_THAT(reason_of(book.admit(key(3), kOne), key(3), kOne), IsEmpty());
}

TEST(KeyBook, ATextThatIsSpoiledChangesNothing) {
  KeyBook book;
  ASSERT_TRUE(book.admit(key(1), kOne).is_admitted());
  ASSERT_TRUE(book.admit(key(2), kTwo).is_admitted());
  const std::string text = book.to_text();
  EXPECT_THAT(text, HasSubstr("wgospf keys 1\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE= 10.0.0.1\n"));
  KeyBook other;
  ASSERT_TRUE(other.admit(key(9), kOne).is_admitted());
  const auto learned = other.learned();
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(other.take_text(std::string_view(text).substr(0, size)));
    std::string spoiled = text;
    spoiled[size] ^= 1;
    EXPECT_FALSE(other.take_text(spoiled));
  }
  const std::string one = key(1).to_base64(), two = key(2).to_base64();
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{one},
                                             {one + " "},
                                             {one + " 10.0.0"},
                                             {"x 10.0.0.1"},
                                             {two + " 10.0.0.1", one + " 10.0.0.1"},
                                             {one + " 10.0.0.1", one + " 10.0.0.1"},
                                             {""}})
    EXPECT_FALSE(other.take_text(wg::state_text("keys", wrong))) << testing::PrintToString(wrong);
  EXPECT_EQ(other.learned(), learned);
  ASSERT_TRUE(other.take_text(text));
  EXPECT_EQ(other.learned(), book.learned());
}

}  // namespace
}  // namespace wgospf::daemon
