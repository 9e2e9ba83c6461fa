// The kernel refuses much, and few lines tell of it.

#include "daemon/routes/refusals.h"

#include <gtest/gtest.h>

namespace wgospf::daemon {
namespace {

rib::Subject prefix(std::uint32_t number) {
  return IpPrefix{Ipv4Prefix::host({0xc0a80000 + number})};
}

TEST(Refusals, OneIsToldInWords) {
  Refusals refusals;
  const auto failed = refusals.failed({prefix(1), 101, "adding it: Network is unreachable"});
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->severity, Severity::error);
  EXPECT_EQ(failed->name, "kernel_refused");
  EXPECT_EQ(failed->text, "the kernel refused route 192.168.0.1/32: adding it: Network is unreachable");
  const auto recovered = refusals.recovered({prefix(1)});
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->name, "kernel_recovered");
  EXPECT_TRUE(refusals.take_rest().empty());
}

TEST(Refusals, OfManyTheFirstAreToldInWordsAndTheOthersCounted) {
  Refusals refusals;
  for (int burst = 0; burst < 2; ++burst) {
    std::size_t in_words = 0;
    for (std::uint32_t i = 0; i < 100'000; ++i) in_words += refusals.failed({prefix(i), 101, "no"}) ? 1 : 0;
    for (std::uint32_t i = 0; i < 7; ++i) in_words += refusals.recovered({prefix(i)}) ? 1 : 0;
    EXPECT_EQ(in_words, 2 * Refusals::kInWords);
    const auto rest = refusals.take_rest();
    ASSERT_EQ(rest.size(), 2U);
    EXPECT_EQ(rest[0].severity, Severity::error);
    EXPECT_EQ(rest[0].name, "kernel_refused");
    EXPECT_EQ(
        rest[0].text,
        "and 99995 more that the kernel refused; \"wgospfctl show status\" names the first 100 of what it "
        "refuses now");
    EXPECT_EQ(rest[1].name, "kernel_recovered");
    EXPECT_EQ(rest[1].text, "and 2 more that the kernel has taken now, or that are not wanted any more");
    EXPECT_TRUE(refusals.take_rest().empty());
  }
}

}  // namespace
}  // namespace wgospf::daemon
