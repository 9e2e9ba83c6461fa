#include "ospf/neighbor_fsm.h"

#include <gtest/gtest.h>

#include "ospf/route/spf_scheduler.h"
#include "ospf/v2/external_ids.h"

namespace wgospf::ospf {
namespace {

using S = NeighborState;
using E = NeighborEvent;

constexpr S kStates[] = {S::down,     S::attempt,  S::init,    S::two_way,
                         S::ex_start, S::exchange, S::loading, S::full};

NeighborStep step(S state, E event, NeighborFacts facts = {}) {
  return neighbor_step(state, event, facts);
}

TEST(NeighborFsm, Rfc2328Section10_3_WayToFull) {
  EXPECT_EQ(step(S::down, E::hello_received).next, S::init);
  EXPECT_TRUE(step(S::down, E::hello_received).actions.restart_inactivity_timer);
  EXPECT_EQ(step(S::init, E::two_way_received).next, S::ex_start);
  EXPECT_TRUE(step(S::init, E::two_way_received).actions.start_exchange_start);
  EXPECT_EQ(step(S::ex_start, E::negotiation_done).next, S::exchange);
  EXPECT_EQ(step(S::exchange, E::exchange_done, {true, true}).next, S::full);
  EXPECT_EQ(step(S::exchange, E::exchange_done, {true, false}).next, S::loading);
  EXPECT_EQ(step(S::loading, E::loading_done).next, S::full);
}

TEST(NeighborFsm, Rfc2328Section10_3_TwoWayWithoutAdjacency) {
  EXPECT_EQ(step(S::init, E::two_way_received, {false, true}).next, S::two_way);
  EXPECT_EQ(step(S::two_way, E::adj_ok, {true, true}).next, S::ex_start);
  const auto down = step(S::full, E::adj_ok, {false, true});
  EXPECT_EQ(down.next, S::two_way);
  EXPECT_TRUE(down.actions.clear_lists);
}

TEST(NeighborFsm, Rfc2328Section10_3_ErrorsOfTheExchangeStartItAgain) {
  for (const E event : {E::seq_number_mismatch, E::bad_ls_request, E::exchange_stalled}) {
    for (const S state : {S::exchange, S::loading, S::full}) {
      const auto result = step(state, event);
      EXPECT_EQ(result.next, S::ex_start);
      EXPECT_TRUE(result.actions.clear_lists && result.actions.start_exchange_start);
    }
    EXPECT_FALSE(step(S::ex_start, event).expected);
  }
}

TEST(NeighborFsm, Rfc2328Section10_3_OneWayKeepsTheNeighborInInit) {
  for (const S state : {S::two_way, S::ex_start, S::exchange, S::loading, S::full}) {
    EXPECT_EQ(step(state, E::one_way_received).next, S::init);
    EXPECT_TRUE(step(state, E::one_way_received).actions.clear_lists);
  }
  EXPECT_EQ(step(S::init, E::one_way_received), (NeighborStep{S::init, {}, true}));
}

TEST(NeighborFsm, Rfc2328Section10_3_KillLlDownAndInactivityRemoveFromAnyState) {
  for (const S state : kStates) {
    for (const E event : {E::kill_nbr, E::ll_down, E::inactivity_timer}) {
      EXPECT_EQ(step(state, event).next, S::down);
      EXPECT_TRUE(step(state, event).actions.remove);
    }
  }
}

TEST(NeighborFsm, HellosRestartTheInactivityTimerInEveryState) {
  for (const S state : kStates) {
    EXPECT_TRUE(step(state, E::hello_received).actions.restart_inactivity_timer);
    if (state > S::attempt) {
      EXPECT_EQ(step(state, E::hello_received).next, state);
    }
  }
}

// RFC 8405 section 5.4, the three states.
TEST(SpfScheduler, Rfc8405Section5_4_BacksOff) {
  const SpfDelay delay{
      .initial_delay = milliseconds{0}, .short_delay = milliseconds{50}, .long_delay = seconds{5}};
  SpfScheduler scheduler;
  auto step = scheduler.igp_event(delay);
  EXPECT_EQ(step.run_after, Duration{milliseconds{0}});
  EXPECT_TRUE(step.start_learning);
  EXPECT_FALSE(scheduler.igp_event(delay).run_after) << "one run is scheduled already";
  scheduler.ran();
  step = scheduler.igp_event(delay);
  EXPECT_EQ(step.run_after, Duration{milliseconds{50}});
  EXPECT_FALSE(step.start_learning);
  scheduler.ran();
  scheduler.learned();
  EXPECT_EQ(scheduler.igp_event(delay).run_after, Duration{seconds{5}});
  scheduler.ran();
  scheduler.hold_down_over();
  EXPECT_EQ(scheduler.igp_event(delay).run_after, Duration{milliseconds{0}});
}

TEST(ExternalIds, Rfc2328AppendixE_TheMostSpecificKeepsTheAddress) {
  v2::ExternalIds ids;
  const auto wide = *Ipv4Prefix::parse("10.0.0.0/8"), middle = *Ipv4Prefix::parse("10.0.0.0/16"),
             host = *Ipv4Prefix::parse("10.0.0.0/32");
  EXPECT_EQ(ids.assign(middle).id->to_string(), "10.0.0.0");
  EXPECT_EQ(ids.assign(wide).id->to_string(), "10.255.255.255");
  const auto assigned = ids.assign(host);
  EXPECT_EQ(assigned.id->to_string(), "10.0.0.0");
  ASSERT_EQ(assigned.displaced, IpPrefix{middle});
  EXPECT_EQ(ids.assign(middle).id->to_string(), "10.0.255.255");
  EXPECT_EQ(ids.release(host)->to_string(), "10.0.0.0");
  EXPECT_FALSE(ids.release(host));
}

TEST(ExternalIds, AnIdTakenByAnotherNetworksHostBitsIsNotGivenTwice) {
  v2::ExternalIds ids;
  (void)ids.assign(*Ipv4Prefix::parse("10.0.0.0/25"));
  EXPECT_EQ(ids.assign(*Ipv4Prefix::parse("10.0.0.0/24")).id->to_string(), "10.0.0.255");
  const auto host = ids.assign(*Ipv4Prefix::parse("10.0.0.255/32"));
  EXPECT_EQ(host.id->to_string(), "10.0.0.255");
  ASSERT_TRUE(host.displaced);
  EXPECT_EQ(ids.assign(*host.displaced).id->to_string(), "10.0.0.254");
}

}  // namespace
}  // namespace wgospf::ospf
