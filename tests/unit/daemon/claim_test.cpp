// When what a former run left may be replaced: each reason to wait, alone.

#include "daemon/routes/claim.h"

#include <gtest/gtest.h>

#include <chrono>

namespace wgospf::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

ClaimFacts ready() {
  ClaimFacts facts;
  facts.converged = facts.devices_known = facts.any_full = facts.all_full = true;
  facts.hello_interval_max = 10;
  return facts;
}

TEST(Claim, AtOnceWhenEveryInterfaceHasItsNeighbor) {
  EXPECT_EQ(claim_waits_for(ready()), ClaimWaitsFor::nothing);
}

TEST(Claim, WaitsForConvergence) {
  auto facts = ready();
  facts.converged = false;
  EXPECT_EQ(claim_waits_for(facts), ClaimWaitsFor::convergence);
}

TEST(Claim, WaitsForTheReadingOfTheDevices) {
  auto facts = ready();
  facts.devices_known = false;
  EXPECT_EQ(claim_waits_for(facts), ClaimWaitsFor::devices);
}

TEST(Claim, WaitsForALinkThatComes) {
  auto facts = ready();
  facts.is_link_coming = true;
  EXPECT_EQ(claim_waits_for(facts), ClaimWaitsFor::links);
}

TEST(Claim, WaitsForTheWayToAnEndpoint) {
  auto facts = ready();
  facts.is_way_asked_for = true;
  EXPECT_EQ(claim_waits_for(facts), ClaimWaitsFor::ways);
}

TEST(Claim, IsLeftToTheTimerWhileNobodyIsThere) {
  auto facts = ready();
  facts.any_full = facts.all_full = false;
  facts.since_links_told = seconds{1000};
  EXPECT_EQ(claim_waits_for(facts), ClaimWaitsFor::somebody);
}

TEST(Claim, WaitsTwoHellosForTheNeighborsOfOtherInterfaces) {
  auto facts = ready();
  facts.all_full = false;
  facts.since_links_told = milliseconds{19'999};
  EXPECT_EQ(claim_waits_for(facts), ClaimWaitsFor::neighbors);
  facts.since_links_told = seconds{20};
  EXPECT_EQ(claim_waits_for(facts), ClaimWaitsFor::nothing);
}

}  // namespace
}  // namespace wgospf::daemon
