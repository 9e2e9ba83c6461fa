// What has happened lately is remembered, up to a limit, and it is known when that is not all.
#include "daemon/telling/history.h"

#include <gtest/gtest.h>

namespace wgospf::daemon {
namespace {

RouterEvent notice() {
  return {Notice{Severity::info, "n", "text", std::nullopt}};
}
RouterEvent set_changed(std::uint32_t set, std::vector<ospf::NextHop> members) {
  return {ospf::RouteChange<V2>{{}, ospf::SetChanged{ospf::SetId{set}, std::move(members)}}};
}
std::vector<std::uint64_t> numbers(const PastEvents& past) {
  std::vector<std::uint64_t> result;
  for (const auto& event : past.events) result.push_back(event.number);
  return result;
}
using Numbers = std::vector<std::uint64_t>;

TEST(History, GivesWhatIsAskedForInItsOrder) {
  History history;
  EXPECT_TRUE(history.since(0, {}).is_whole);
  for (const auto& event : {notice(), RouterEvent{KernelReached{7}}, notice(), set_changed(1, {})}) {
    auto copy = event;
    history.add(copy);
    EXPECT_EQ(copy.number, history.last());
  }
  EXPECT_EQ(numbers(history.since(0, {})), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(numbers(history.since(2, {})), (Numbers{3, 4}));
  EXPECT_EQ(numbers(history.since(0, {.routes = true, .others = false})), (Numbers{2, 4}));
  EXPECT_EQ(numbers(history.since(1, {.routes = false, .others = true})), (Numbers{3}));
  EXPECT_TRUE(history.since(4, {}).is_whole);
  EXPECT_FALSE(history.since(5, {}).is_whole);
}

TEST(History, ManyChangesOfRoutesLeaveThePastOfNeighborsAsItIs) {
  History history;
  auto first = notice();
  history.add(first);
  for (std::size_t i = 0; i <= History::kRoutesKept; ++i) {
    RouterEvent event{KernelReached{i}};
    history.add(event);
  }
  EXPECT_EQ(numbers(history.since(0, {.routes = false, .others = true})), (Numbers{1}));
  EXPECT_FALSE(history.since(1, {}).is_whole);
  // The first change of the kernel has number 2, and is the one that is lost.
  const auto rest = history.since(2, {});
  EXPECT_TRUE(rest.is_whole);
  EXPECT_EQ(rest.events.size(), History::kRoutesKept);
}

TEST(History, KnowsTheSetsAsTheyWereThenAlsoOfChangesThatItHasForgotten) {
  History history;
  const std::vector<ospf::NextHop> one{{ospf::LinkId{1}, std::nullopt, ospf::RouterId{}}},
      two{{ospf::LinkId{2}, std::nullopt, ospf::RouterId{}}};
  const auto add = [&](RouterEvent event) { history.add(event); };
  add(set_changed(1, one));
  add(set_changed(2, one));
  for (std::size_t i = 0; i < History::kRoutesKept; ++i) add({KernelReached{i}});
  add(set_changed(1, two));
  const auto before = history.last() - 1;
  add({ospf::RouteChange<V2>{{}, ospf::SetGone{ospf::SetId{2}}}});
  const auto past = history.since(before, {});
  EXPECT_EQ(past.sets.at(ospf::SetId{1}), one);
  EXPECT_EQ(past.sets.at(ospf::SetId{2}), one);
  EXPECT_EQ(history.since(before + 1, {}).sets.at(ospf::SetId{1}), two);
  EXPECT_FALSE(history.since(history.last(), {}).sets.contains(ospf::SetId{2}));
}

}  // namespace
}  // namespace wgospf::daemon
