// Messages in small numbers: what a kind may tell, what is counted, and that nothing that can happen floods.

#include "daemon/telling/message_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "daemon/routes/refusals.h"
#include "daemon/telling/telling.h"
#include "daemon/telling/words.h"

namespace wgospf::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Instant = MessageLimits::Instant;

std::string name_of(ospf::LinkId link) {
  return "wg" + std::to_string(link.value);
}

MessageKind warning_on(std::uint32_t link) {
  return {Severity::warning, "dropped", ospf::LinkId{link}};
}

TEST(MessageLimits, OneInterfaceThatFloodsDoesNotSilenceTheOthers) {
  MessageLimits limits;
  const Instant start{seconds{1000}};
  std::uint32_t told = 0;
  for (int i = 0; i < 1000; ++i) told += limits.admit(warning_on(1), {}, start) ? 1 : 0;
  EXPECT_EQ(told, MessageLimits::kOfInterface.burst);
  EXPECT_TRUE(limits.admit(warning_on(2), {}, start));
  EXPECT_TRUE(limits.admit({Severity::error, "dropped", ospf::LinkId{1}}, {}, start));
}

TEST(MessageLimits, WhatWasLeftOutIsCountedAtGrowingIntervals) {
  MessageLimits limits;
  Instant now{seconds{1000}};
  EXPECT_FALSE(limits.due());
  std::vector<std::int64_t> intervals;
  std::uint64_t told = 0, counted = 0;
  for (int second = 0; second < 4000; ++second, now += seconds{1}) {
    for (int i = 0; i < 10; ++i) told += limits.admit(warning_on(1), {}, now) ? 1 : 0;
    for (const auto& left_out : limits.take(now)) {
      intervals.push_back(left_out.within.count());
      counted += left_out.count;
      EXPECT_THAT(left_out.links, ::testing::ElementsAre(ospf::LinkId{1}));
    }
  }
  for (const auto& left_out : limits.take(now + seconds{3600})) counted += left_out.count;
  EXPECT_THAT(intervals, ::testing::ElementsAre(10, 20, 40, 80, 160, 320, 600, 600, 600, 600, 600));
  EXPECT_EQ(told + counted, 40'000U);
  EXPECT_LE(told, 20U + 4000 / 30 + 1);
  EXPECT_FALSE(limits.due());
}

TEST(MessageLimits, TheSameTextAgainIsCountedSooner) {
  MessageLimits limits;
  const Instant now{seconds{1000}};
  const MessageKind overrun{Severity::info, "kernel_overrun", {}};
  int told = 0;
  for (int i = 0; i < 30; ++i) told += limits.admit(overrun, "notifications were lost", now) ? 1 : 0;
  EXPECT_EQ(told, 3);
  EXPECT_TRUE(limits.admit(overrun, "acknowledgements were lost", now));
}

TEST(MessageLimits, ANeighborThatComesAndGoesIsToldFullAsOftenAsLost) {
  using ospf::NeighborState;
  MessageLimits limits;
  Instant now{seconds{1000}};
  constexpr std::array kStates{NeighborState::full,     NeighborState::down,     NeighborState::init,
                               NeighborState::ex_start, NeighborState::exchange, NeighborState::loading,
                               NeighborState::full};
  int lost = 0, full = 0;
  for (int minute = 0; minute < 60; ++minute, now += std::chrono::minutes{1}) {
    for (std::size_t i = 1; i < kStates.size(); ++i) {
      const RouterEvent event{ospf::Event{ospf::NeighborStateChanged{ospf::LinkId{1},
                                                                     ospf::RouterId{2},
                                                                     kStates[i - 1],
                                                                     kStates[i],
                                                                     ospf::NeighborEvent::hello_received,
                                                                     {}}}};
      if (!limits.admit(kind_of(event), describe(event, name_of).text, now)) continue;
      lost += kStates[i] == NeighborState::down ? 1 : 0;
      full += kStates[i] == NeighborState::full ? 1 : 0;
    }
  }
  EXPECT_EQ(lost, 60);
  EXPECT_EQ(full, 60);
}

TEST(MessageLimits, DebugIsForWhoWantsAll) {
  MessageLimits limits;
  for (int i = 0; i < 10'000; ++i)
    EXPECT_TRUE(limits.admit({Severity::debug, "lsa_originated", {}}, {}, Instant{seconds{1}}));
  EXPECT_FALSE(limits.due());
}

TEST(MessageLimits, ACountNamesAFewInterfaces) {
  MessageLimits::LeftOut left_out{"dropped", Severity::warning, 9123, seconds{10}, {}};
  EXPECT_EQ(describe(left_out, name_of).text,
            "9123 more messages of the kind dropped within 10 s were left out");
  for (std::uint32_t i = 1; i <= 11; ++i) left_out.links.insert(ospf::LinkId{i});
  EXPECT_EQ(
      describe(left_out, name_of).text,
      "9123 more messages of the kind dropped (on wg1, wg2, wg3, wg4 and 7 more) within 10 s were left out");
}

/// What the log would have: listens as the daemon's main() does.
struct Lines {
  std::map<std::string, std::size_t> told;  ///< by kind
  std::size_t counts = 0;
  std::uint64_t left_out = 0;  ///< as the counts say
  std::size_t seen = 0;        ///< by who keeps a picture
  void take(const RouterEvent& event) {
    ++seen;
    if (event.left_out) return;
    const auto notice = describe(event, name_of);
    if (notice.severity == Severity::debug) return;
    if (notice.name == "left_out") {
      ++counts;
      left_out += std::stoul(notice.text);
    } else {
      ++told[notice.name];
    }
  }
};

/// One of the kinds of events that the core has, about `link`.
template <std::size_t Index>
ospf::Event event_at(ospf::LinkId link, std::uint32_t number) {
  using What = std::variant_alternative_t<Index, ospf::Event>;
  What what{};
  if constexpr (requires { what.link; }) what.link = link;
  if constexpr (std::is_same_v<What, ospf::Dropped>) {
    what.reason = static_cast<ospf::DropReason>(number % 40);
    what.value = number;
  }
  if constexpr (std::is_same_v<What, ospf::DuplicateRouterIdInArea>) {
    ospf::LsaHeader header;
    header.key = {ospf::LsaType::router, {}, {}};
    what.theirs = V2::encode_lsa(header, ospf::v2::RouterLsa{});
  }
  return what;
}

template <std::size_t... Index>
std::array<ospf::Event, sizeof...(Index)> all_events(ospf::LinkId link, std::uint32_t number,
                                                     std::index_sequence<Index...>) {
  return {event_at<Index>(link, number)...};
}

/// The daemon's own kinds, and those of what rib reports.
std::vector<Notice> all_notices(ospf::LinkId link, std::uint32_t number) {
  std::vector<Notice> notices;
  for (const char* name :
       {"kernel_refused", "kernel_recovered", "kernel_drift", "kernel_overrun", "peer_added", "peer_removed",
        "peer_endpoint_changed", "peer_session_established", "peer_session_lost", "interface_changed"}) {
    notices.push_back({Severity::warning, name, "object " + std::to_string(number), {}});
    notices.push_back({Severity::info, name, "object " + std::to_string(number), link});
  }
  return notices;
}

// In: every kind that there is, ten thousand times within three seconds, on fifty interfaces; then an hour of
// silence. Out: some sixty lines of each, and the number of all the others.
TEST(Telling, NothingFloodsTheLogHoweverOftenItHappens) {
  Telling telling(name_of);
  Lines lines;
  (void)telling.subscribe([&](const RouterEvent& event) { lines.take(event); });
  constexpr std::uint32_t kTimes = 10'000;
  Instant now{seconds{1000}};
  std::size_t kinds = 0, limited = 0, state = 0;
  const auto publish = [&](RouterEvent event) {
    limited += kind_of(event).severity == Severity::debug ? 0 : 1;
    telling.publish(std::move(event), now);
  };
  for (std::uint32_t i = 0; i < kTimes; ++i, now += milliseconds{3000} / kTimes) {
    const ospf::LinkId link{i % 50 + 1};
    auto events = all_events(link, i, std::make_index_sequence<std::variant_size_v<ospf::Event>>{});
    auto notices = all_notices(link, i);
    kinds = events.size() + notices.size() + 2;
    for (auto& event : events) publish({std::move(event)});
    for (auto& notice : notices) publish({std::move(notice)});
    // A warning that flaps: two kinds, and no trace of it in the end.
    telling.set_warning("socket/" + name_of(link), "sending fails", link, now);
    telling.set_warning("socket/" + name_of(link), {}, link, now);
    limited += 2;
    while (telling.due() && *telling.due() <= now) telling.count_left_out(now);
    state += 2;
  }
  while (telling.due()) telling.count_left_out(*telling.due());

  std::size_t told = 0;
  for (const auto& [name, count] : lines.told) {
    // A name may come with each of three severities.
    EXPECT_LE(count, 3 * (MessageLimits::kOfKind.burst + 1)) << name;
    told += count;
  }
  EXPECT_GT(lines.told.size(), 20U);
  EXPECT_LE(lines.counts, kinds + 10);
  EXPECT_EQ(told + lines.left_out, limited) << "what is not told is counted";
  EXPECT_GE(lines.seen, state) << "changes of state reach who keeps a picture by them";
  EXPECT_THAT(telling.warnings(), ::testing::IsEmpty());
}

TEST(Telling, ChangesOfStateReachWatchEvenIfTheLogHasHadItsFill) {
  Telling telling(name_of);
  std::size_t seen = 0, in_log = 0;
  (void)telling.subscribe([&](const RouterEvent& event) {
    ++seen;
    in_log += event.left_out ? 0 : 1;
  });
  for (int i = 0; i < 1000; ++i)
    telling.publish({ospf::Event{ospf::NeighborStateChanged{ospf::LinkId{1}, {}, {}, {}, {}}}},
                    Instant{seconds{1}});
  EXPECT_EQ(seen, 1000U);
  EXPECT_EQ(in_log, MessageLimits::kOfInterface.burst);
}

TEST(Telling, AWarningIsToldOnceAndListedWhileItLasts) {
  Telling telling(name_of);
  std::vector<std::string> texts;
  (void)telling.subscribe([&](const RouterEvent& event) { texts.push_back(describe(event, name_of).text); });
  const Instant now{seconds{1}};
  for (int i = 0; i < 3; ++i) telling.set_warning("socket/wg0", "sending \x1b fails", ospf::LinkId{1}, now);
  EXPECT_THAT(telling.warnings(), ::testing::ElementsAre("sending \\x1b fails"));
  telling.set_warning("socket/wg0", {}, ospf::LinkId{1}, now);
  EXPECT_THAT(texts, ::testing::ElementsAre("sending \\x1b fails", "no longer: sending \\x1b fails"));
  EXPECT_THAT(telling.warnings(), ::testing::IsEmpty());
}

TEST(Words, AValueThatIsEchoedIsCutBetweenCharacters) {
  EXPECT_EQ(shortened("wg-m\xc3\xbcller"), "wg-m\xc3\xbcller");
  EXPECT_EQ(shortened(std::string(kEchoed, 'a')), std::string(kEchoed, 'a'));
  std::string text(kEchoed - 1, 'a');
  text += "\xc3\xbc and more";
  EXPECT_EQ(shortened(text), std::string(kEchoed - 1, 'a') + "... (130 bytes)");
}

TEST(Words, WhatIsNoPrintableUtf8IsEscaped) {
  EXPECT_EQ(printable("wg-müller 日本 🦊"), "wg-müller 日本 🦊");
  EXPECT_EQ(printable("w\xff"
                      "g\x01\n"),
            "w\\xffg\\x01\\x0a");
  EXPECT_EQ(printable("\x1b[31m\x7f"), "\\x1b[31m\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b") << "C1 is a command to terminals too";
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf") << "longer than it needs to be";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "half of a surrogate pair";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond the last character";
  EXPECT_EQ(printable("caf\xc3"), "caf\\xc3") << "cut in the middle";
}

TEST(Words, TheKernelsNumbersHaveNames) {
  const KernelNames names{[](std::uint32_t index) { return "wg" + std::to_string(index); },
                          [](std::uint32_t set) { return "next hops of " + std::to_string(set); }};
  EXPECT_EQ(with_names("IPv4 next hop 10.0.0.2 on interface index 7 (onlink): No such device", names),
            "IPv4 next hop 10.0.0.2 on wg7 (onlink): No such device");
  EXPECT_EQ(with_names("IPv4 next-hop set 5, then next-hop set x", names),
            "IPv4 next hops of 5, then next-hop set x");
  EXPECT_EQ(with_names("deleted group 1234567", names), "deleted a group of next hops");
  EXPECT_EQ(with_names("make a group one of 2 next hops", names), "make a group one of 2 next hops");
}

TEST(Words, ListsAreCutAtAFew) {
  const std::vector<std::string> five{"a", "b", "c", "d", "e"}, six{"a", "b", "c", "d", "e", "f"};
  EXPECT_EQ(join_few({}), "");
  EXPECT_EQ(join_few(five), "a, b, c, d, e");
  EXPECT_EQ(join_few(six), "a, b, c, d and 2 more");
}

}  // namespace
}  // namespace wgospf::daemon
