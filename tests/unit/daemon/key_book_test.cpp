// Which router id a key speaks for.

#include "daemon/links/key_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wgadapter/state_text.h"

namespace wgospf::daemon::key_book_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = KeyVerdict::Kind;

wg::Key key(std::uint8_t number) {
  wg::Key key;
  key.bytes.fill(number);
  return key;
}
const ospf::RouterId kOne{0x0a000001}, kTwo{0x0a000002}, kThree{0x0a000003};

TEST(KeyBook, WhatIsLearnedIsKept) {
  KeyBook book;
  EXPECT_EQ(book.judge(key(1), kOne).kind, Kind::free);
  EXPECT_EQ(book.find(key(1)), std::nullopt) << "to ask is not to learn";
  book.learn(key(1), kOne);
  EXPECT_EQ(book.judge(key(1), kOne).kind, Kind::known);
  const auto refused = book.judge(key(1), kTwo);
  EXPECT_EQ(refused, (KeyVerdict{Kind::other_id, kOne, false, {}}));
  EXPECT_THAT(reason_of(refused, "op2", kTwo),
              HasSubstr("peer op2 speaks as router 10.0.0.2, and is known as router 10.0.0.1"));
  EXPECT_THAT(reason_of(refused, "op2", kTwo), HasSubstr("wgospfctl forget-key op2"));

  KeyBook next;
  ASSERT_TRUE(next.take_text(book.to_text()));
  EXPECT_EQ(next.judge(key(1), kTwo).kind, Kind::other_id);
  EXPECT_THAT(next.claimed(), ElementsAre(kOne));
  EXPECT_TRUE(next.forget(key(1)));
  EXPECT_FALSE(next.forget(key(1)));
  EXPECT_EQ(next.judge(key(1), kTwo).kind, Kind::free);
  EXPECT_THAT(next.claimed(), IsEmpty());
}

TEST(KeyBook, AnIdThatAKeySpeaksForIsNoOtherKeysUntilThatOneIsLearnedToo) {
  KeyBook book;
  book.learn(key(1), kOne);
  const auto refused = book.judge(key(2), kOne);
  EXPECT_EQ(refused, (KeyVerdict{Kind::others_keys, {}, false, {key(1)}}));
  EXPECT_THAT(reason_of(refused, "wg-b", kOne),
              HasSubstr("peer wg-b speaks as router 10.0.0.1, which is known by " + key(1).to_base64()));
  EXPECT_THAT(reason_of(refused, "wg-b", kOne), HasSubstr("wgospfctl forget-key " + key(1).to_base64()));
  EXPECT_EQ(book.judge(key(2), kTwo).kind, Kind::free);
  book.learn(key(2), kOne);
  EXPECT_EQ(book.judge(key(2), kOne).kind, Kind::known);
  EXPECT_EQ(book.judge(key(1), kOne).kind, Kind::known) << "a router may have several keys";
}

TEST(KeyBook, WhatIsWrittenDownCounts) {
  KeyBook book;
  book.learn(key(1), kTwo);
  book.learn(key(3), kOne);
  book.write_down({{key(1), kOne}, {key(2), kOne}});
  EXPECT_EQ(book.judge(key(1), kOne).kind, Kind::known);
  const auto other = book.judge(key(1), kTwo);
  EXPECT_EQ(other, (KeyVerdict{Kind::other_id, kOne, true, {}}));
  EXPECT_THAT(reason_of(other, "op2", kTwo), HasSubstr("the configuration says that it is router 10.0.0.1"));
  const auto stranger = book.judge(key(3), kOne);
  EXPECT_EQ(stranger, (KeyVerdict{Kind::others_keys, {}, true, {key(1), key(2)}}))
      << "although it was learned";
  EXPECT_THAT(reason_of(stranger, "op3", kOne), HasSubstr("which the configuration gives to "));
  EXPECT_EQ(book.judge(key(3), kThree).kind, Kind::free);
  EXPECT_EQ(book.judge(key(9), kTwo).kind, Kind::free)
      << "the key that was learned for it is written down otherwise";
  EXPECT_THAT(book.claimed(), ElementsAre(kOne));
  book.write_down({});
  EXPECT_EQ(book.judge(key(3), kOne).kind, Kind::known);
  EXPECT_EQ(book.judge(key(1), kTwo).kind, Kind::known);
  EXPECT_THAT(reason_of(book.judge(key(3), kOne), "op3", kOne), IsEmpty());
}

TEST(KeyBook, ATextThatIsSpoiledChangesNothing) {
  KeyBook book;
  book.learn(key(1), kOne);
  book.learn(key(2), kTwo);
  const std::string text = book.to_text();
  EXPECT_THAT(text, HasSubstr("wgospf keys 1\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE= 10.0.0.1\n"));
  KeyBook other;
  other.learn(key(9), kOne);
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
}  // namespace wgospf::daemon::key_book_test
