// The counters of two tables together.

#include <gtest/gtest.h>

#include "rib/report.h"

namespace wgospf::rib::counters_test {
namespace {

// In: each number of one table a different one, and the same of the other. Out: what belongs to a table is added, what
// both share counts once. That no member is forgotten the bindings in report.cpp see to: they do not compile then.
TEST(Counters, OfTwoTablesAreAddedUnlessTheyAreShared) {
  Counters one;
  static_cast<Sizes&>(one) = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  static_cast<Work&>(one) = {10, 11, 12, 13, 14, 15, 16, 17, true};
  Counters both = one;
  both += one;
  const auto& [wanted, routes, adopted, groups, nexthops, pending, failing, missing, hidden] =
      static_cast<const Sizes&>(both);
  EXPECT_EQ((std::vector<std::size_t>{wanted, routes, adopted, groups, nexthops, pending, failing, missing,
                                      hidden}),
            (std::vector<std::size_t>{2, 4, 6, 8, 10, 12, 14, 16, 18}));
  const auto& [messages, calls, failures, drift, overruns, resyncs, ticket, links, claimed] =
      static_cast<const Work&>(both);
  EXPECT_EQ((std::vector<std::uint64_t>{messages, calls, failures, drift, overruns, resyncs, ticket, links}),
            (std::vector<std::uint64_t>{20, 22, 24, 26, 14, 15, 16, 17}));
  EXPECT_TRUE(claimed);
  Counters not_claimed = one;
  not_claimed.claimed = false;
  both += not_claimed;
  EXPECT_FALSE(both.claimed);
}

}  // namespace
}  // namespace wgospf::rib::counters_test
