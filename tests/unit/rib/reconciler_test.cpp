// The reconciler against a naive kernel: how many operations, in which order, and where the two end up.
#include "tests/unit/rib/reconciler_fixture.h"

namespace wgospf::rib {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

TEST_F(ReconcilerTest, InstallsNexthopThenGroupThenRouteEvenForOneMember) {
  reconciler.load({}, now);
  submit_one_route();
  run();
  ASSERT_THAT(ran, SizeIs(3));
  EXPECT_TRUE(std::holds_alternative<AddNexthop>(ran[0]));
  EXPECT_TRUE(std::holds_alternative<AddGroup>(ran[1]));
  EXPECT_TRUE(std::holds_alternative<AddRoute>(ran[2]));
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
  for (const auto& [id, nexthop] : kernel.nexthops) EXPECT_TRUE(kIds.contains(id));
  for (const auto& [id, members] : kernel.groups) EXPECT_TRUE(kIds.contains(id));
  ASSERT_THAT(reported<Acknowledged>(), SizeIs(1));
  EXPECT_EQ(reported<Acknowledged>()[0].ticket, 1U);
}

TEST_F(ReconcilerTest, LostNeighbourCostsTwoMessagesWith10000Prefixes) {
  reconciler.load({}, now);
  std::vector<Change> changes{SetChanged{1, Family::ipv4, {device(3), device(4)}}};
  for (std::uint32_t n = 0; n < 10'000; ++n) {
    changes.emplace_back(PrefixChanged{.prefix = prefix(n), .set_id = 1});
  }
  submit(std::move(changes));
  run();
  ASSERT_EQ(kernel.routes.size(), 10'000U);
  submit({SetChanged{1, Family::ipv4, {device(4)}}});
  run();
  ASSERT_THAT(ran, SizeIs(2));
  EXPECT_TRUE(std::holds_alternative<ReplaceGroup>(ran[0]));
  EXPECT_TRUE(std::holds_alternative<DeleteNexthop>(ran[1]));
  EXPECT_THAT(exits(77), UnorderedElementsAre(4));
}

TEST_F(ReconcilerTest, WhatCannotBeUsedLeavesItsGroupsAtOnceAndComesBack) {
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {tagged(3, 70), tagged(4, 80)}},
          SetChanged{2, Family::ipv4, {tagged(4, 80), tagged(5, 90)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1}, PrefixChanged{.prefix = prefix(2), .set_id = 2}});
  run();
  reconciler.set_usable(70, false);
  run();
  EXPECT_EQ(count<ReplaceGroup>(), 1U) << "of the one set that has it";
  EXPECT_THAT(exits(1), UnorderedElementsAre(4));
  EXPECT_THAT(exits(2), UnorderedElementsAre(4, 5));
  submit({SetChanged{2, Family::ipv4, {tagged(3, 70), tagged(5, 90)}}});
  run();
  EXPECT_THAT(exits(2), UnorderedElementsAre(5)) << "a set that comes to it later does not use it either";
  reconciler.set_usable(70, true);
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3, 4));
  EXPECT_THAT(exits(2), UnorderedElementsAre(3, 5));
}

TEST_F(ReconcilerTest, TwoMembersThatAreOneWayOutGoWhenNeitherCanBeUsed) {
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {tagged(3, 70), tagged(3, 71), tagged(4, 80)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  run();
  reconciler.set_usable(70, false);
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3, 4));
  reconciler.set_usable(71, false);
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(4));
}

TEST_F(ReconcilerTest, ASetNoneOfWhoseMembersCanBeUsedStaysAsItIs) {
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {tagged(3, 70)}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  run();
  reconciler.set_usable(70, false);
  run();
  EXPECT_THAT(ran, IsEmpty());
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
}

TEST_F(ReconcilerTest, ASetWaitsForItsGateAndTheOthersDoNot) {
  reconciler.load({}, now);
  submit_one_route();
  run();
  submit({SetChanged{1, Family::ipv4, {device(4)}, 9}, SetChanged{2, Family::ipv4, {device(5)}, 9},
          PrefixChanged{.prefix = prefix(2), .set_id = 1}, PrefixChanged{.prefix = prefix(3), .set_id = 2},
          SetChanged{3, Family::ipv4, {device(6)}}, PrefixChanged{.prefix = prefix(4), .set_id = 3}});
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3)) << "as before";
  EXPECT_THAT(exits(2), IsEmpty());
  EXPECT_THAT(exits(3), IsEmpty());
  EXPECT_THAT(exits(4), UnorderedElementsAre(6));
  EXPECT_EQ(reconciler.acknowledged(), 2U) << "what waits is named";
  EXPECT_EQ(told(2), Standing::missing);
  EXPECT_EQ(told(3), Standing::missing);
  reconciler.open_gate(8);
  run();
  EXPECT_THAT(ran, IsEmpty()) << "another gate";
  reconciler.open_gate(9);
  run();
  for (const std::uint32_t n : {1, 2}) EXPECT_THAT(exits(n), UnorderedElementsAre(4));
  EXPECT_THAT(exits(3), UnorderedElementsAre(5));
  for (const std::uint32_t n : {1, 2, 3, 4}) EXPECT_EQ(told(n), Standing::in_kernel);
}

TEST_F(ReconcilerTest, APrefixThatMovesBehindAGateKeepsItsPathUntilThen) {
  reconciler.load({}, now);
  submit_one_route();
  run();
  submit({SetChanged{2, Family::ipv4, {device(4)}, 9}, PrefixChanged{.prefix = prefix(1), .set_id = 2},
          SetGone{1, Family::ipv4}});
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
  EXPECT_EQ(told(1), Standing::elsewhere);
  submit({SetChanged{2, Family::ipv4, {device(5)}}});
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(5)) << "the last change of the set alone counts";
  EXPECT_EQ(kernel.groups.size(), 1U);
  EXPECT_EQ(kernel.nexthops.size(), 1U);
  reconciler.open_gate(9);
  run();
  EXPECT_THAT(ran, IsEmpty());
}

TEST_F(ReconcilerTest, APrefixWaitsForItsOwnGateAndItsSetDoesNot) {
  reconciler.load({}, now);
  submit_one_route();
  run();
  submit({SetChanged{2, Family::ipv4, {device(4)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 2, .gate = 9},
          PrefixChanged{.prefix = prefix(2), .set_id = 2, .gate = 9},
          PrefixChanged{.prefix = prefix(3), .set_id = 2}, SetGone{1, Family::ipv4}});
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3)) << "as before";
  EXPECT_THAT(exits(2), IsEmpty());
  EXPECT_THAT(exits(3), UnorderedElementsAre(4));
  EXPECT_EQ(reconciler.acknowledged(), 2U) << "what waits is named";
  EXPECT_EQ(told(1), Standing::elsewhere);
  EXPECT_EQ(told(2), Standing::missing);
  submit({PrefixGone{prefix(2)}, SetChanged{2, Family::ipv4, {}}});
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3)) << "though the set that it is to come to leads nowhere";
  submit({SetChanged{2, Family::ipv4, {device(4)}}});
  reconciler.open_gate(9);
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(4));
  EXPECT_THAT(exits(2), IsEmpty()) << "it is gone";
  EXPECT_EQ(kernel.groups.size(), 1U);
  submit({SetChanged{3, Family::ipv4, {device(5)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 3, .gate = 10}});
  run();
  submit({PrefixChanged{.prefix = prefix(1), .set_id = 3}});
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(5)) << "the last change alone counts";
}

TEST_F(ReconcilerTest, TakesAnUnwantedRouteAwayOnlyAfterTheNewOnesAreThere) {
  reconciler.load({}, now);
  submit_one_route();
  run();
  submit({PrefixGone{prefix(1)}, SetGone{1, Family::ipv4}, SetChanged{2, Family::ipv4, {device(4)}},
          PrefixChanged{.prefix = prefix(2), .set_id = 2}});
  run();
  ASSERT_THAT(ran, SizeIs(6));
  const std::vector<std::size_t> kinds{0, 1, 3,
                                       5, 6, 7};  // add next hop, group, route; delete route, group, next hop
  for (std::size_t i = 0; i < ran.size(); ++i) EXPECT_EQ(ran[i].index(), kinds[i]) << to_string(ran[i]);
  EXPECT_EQ(kernel.nexthops.size(), 1U);
  EXPECT_EQ(kernel.groups.size(), 1U);
}

TEST_F(ReconcilerTest, MergesChangesMadeWhileTheKernelWasBusy) {
  reconciler.load({}, now);
  submit_one_route();
  submit({SetChanged{1, Family::ipv4, {device(4)}}, PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  submit({SetChanged{1, Family::ipv4, {device(5)}}, PrefixGone{prefix(2)}});
  run();
  EXPECT_THAT(ran, SizeIs(3)) << "only the last word is carried out";
  EXPECT_THAT(exits(1), UnorderedElementsAre(5));
  EXPECT_THAT(exits(2), IsEmpty());
  ASSERT_THAT(reported<Acknowledged>(), SizeIs(1));
  EXPECT_EQ(reported<Acknowledged>()[0].ticket, 3U);
}

TEST_F(ReconcilerTest, ChangeOfPathCostAloneCostsNothing) {
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {device(3)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1, .metric = 10, .type = RouteType::intra_area}});
  run();
  submit({SetChanged{1, Family::ipv4, {device(3)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1, .metric = 20, .type = RouteType::external_2}});
  run();
  EXPECT_THAT(ran, IsEmpty());
  EXPECT_EQ(reported<Acknowledged>().at(0).ticket, 2U);
}

TEST_F(ReconcilerTest, EmptySetTakesItsRoutesOutAndComesBack) {
  reconciler.load({}, now);
  submit_one_route();
  run();
  submit({SetChanged{1, Family::ipv4, {}}});
  run();
  EXPECT_TRUE(kernel.routes.empty() && kernel.groups.empty() && kernel.nexthops.empty());
  submit({SetChanged{1, Family::ipv4, {device(4)}}});
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(4));
}

TEST_F(ReconcilerTest, LinkDownNeedsNoMessageForLostGroupsAndLinkUpReinstallsInOrder) {
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {device(3)}}, SetChanged{2, Family::ipv4, {device(3), device(4)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1}, PrefixChanged{.prefix = prefix(2), .set_id = 2}});
  run();
  kernel.link_down(3);
  reconciler.link_down(3);
  run();
  EXPECT_THAT(ran, IsEmpty()) << "the kernel has done it all";
  EXPECT_THAT(exits(1), IsEmpty());
  EXPECT_THAT(exits(2), UnorderedElementsAre(4));
  submit({PrefixChanged{.prefix = prefix(3), .set_id = 1}});
  run();
  EXPECT_THAT(ran, IsEmpty()) << "a set without a live member has no routes";
  kernel.link_up(3);
  reconciler.link_up(3);
  run();
  ASSERT_THAT(ran, SizeIs(5));
  EXPECT_TRUE(std::holds_alternative<AddNexthop>(ran[0]));
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
  EXPECT_THAT(exits(2), UnorderedElementsAre(3, 4));
  EXPECT_THAT(exits(3), UnorderedElementsAre(3));
}

TEST_F(ReconcilerTest, LocallyConnectedPrefixIsNotInstalled) {
  reconciler.load({}, now);
  reconciler.set_connected({prefix(1)});
  submit({SetChanged{1, Family::ipv4, {device(3)}}, PrefixChanged{.prefix = prefix(1), .set_id = 1},
          PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  run();
  EXPECT_THAT(exits(1), IsEmpty());
  EXPECT_THAT(exits(2), UnorderedElementsAre(3));
  reconciler.set_connected({prefix(2)});
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
  EXPECT_THAT(exits(2), IsEmpty());
}

TEST_F(ReconcilerTest, AdoptedRoutesStayUntouchedUntilClaimed) {
  kernel.nexthops = {{1000, key(3)}, {1001, key(4)}};
  kernel.groups = {{1002, {{1000, 1}}}, {1003, {{1001, 1}}}};
  kernel.routes = {{prefix(1), {1002, {}}}, {prefix(2), {1002, {}}}, {prefix(3), {1003, {}}}};
  reconciler.load(kernel.state(), now);
  EXPECT_EQ(reconciler.sizes().adopted, 3U);
  // prefix 1 as before, prefix 2 elsewhere, prefix 3 not wanted, prefix 4 new.
  submit({SetChanged{1, Family::ipv4, {device(3)}}, SetChanged{2, Family::ipv4, {device(5)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1}, PrefixChanged{.prefix = prefix(2), .set_id = 2}});
  run();
  EXPECT_THAT(ran, IsEmpty());
  submit({PrefixChanged{.prefix = prefix(4), .set_id = 2}});
  run();
  EXPECT_THAT(exits(4), UnorderedElementsAre(5)) << "a prefix that nobody had is installed at once";
  EXPECT_THAT(exits(2), UnorderedElementsAre(3));
  reconciler.claim();
  run();
  EXPECT_EQ(count<ReplaceRoute>(), 1U) << "prefix 2, in place";
  EXPECT_EQ(count<DeleteRoute>(), 1U) << "prefix 3";
  EXPECT_EQ(count<AddRoute>() + count<AddGroup>() + count<AddNexthop>(), 0U) << "prefix 1 needs nothing";
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
  EXPECT_THAT(exits(2), UnorderedElementsAre(5));
  EXPECT_THAT(exits(3), IsEmpty());
  EXPECT_EQ(kernel.groups.size(), 2U);
  EXPECT_EQ(kernel.nexthops.size(), 2U);
  EXPECT_EQ(reconciler.sizes().adopted, 0U);
}

TEST_F(ReconcilerTest, NoGroupUnderAnAdoptedRouteChangesBeforeTheClaim) {
  kernel.nexthops = {{1000, key(3)}};
  kernel.groups = {{1002, {{1000, 1}}}};
  kernel.routes = {{prefix(1), {1002, {}}}};
  reconciler.load(kernel.state(), now);
  submit({SetChanged{1, Family::ipv4, {device(3)}}, PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  run();
  submit({SetChanged{1, Family::ipv4, {device(4)}}});
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
  EXPECT_THAT(exits(2), UnorderedElementsAre(4));
}

TEST_F(ReconcilerTest, RestartWithTheSameRoutesCostsNothing) {
  reconciler.load({}, now);
  std::vector<Change> changes{SetChanged{1, Family::ipv4, {device(3), device(4, 2)}}};
  for (std::uint32_t n = 0; n < 1000; ++n)
    changes.emplace_back(PrefixChanged{.prefix = prefix(n), .set_id = 1});
  submit(changes);
  run();
  Reconciler second(ReconcilerConfig{.ids = kIds});
  second.load(kernel.state(), now);
  std::get<SetChanged>(changes[0]).set_id = 1;
  second.apply({1, changes});
  EXPECT_THAT(second.next(now, 256), IsEmpty());
  second.claim();
  EXPECT_THAT(second.next(now, 256), IsEmpty());
  EXPECT_EQ(second.sizes().adopted, 0U);
  EXPECT_EQ(second.take_reports().size(), 1U);
  EXPECT_EQ(second.acknowledged(), 1U);
}

TEST_F(ReconcilerTest, LostAnswersAreNoFailures) {
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {device(3)}}, PrefixChanged{.prefix = prefix(1), .set_id = 1},
          PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  refuse = [this](const Operation& operation) -> std::optional<Outcome> {
    const auto* route = std::get_if<AddRoute>(&operation);
    if (route == nullptr) return std::nullopt;
    if (route->prefix == IpPrefix(prefix(1))) (void)kernel.execute(operation);
    return Outcome{.error = 0, .text = {}, .unknown = true};
  };
  run();
  EXPECT_TRUE(reconciler.wants_resync());
  EXPECT_TRUE(reconciler.next(now, 100).empty()) << "not before it is known what has been done";
  EXPECT_THAT(reported<Acknowledged>(), IsEmpty());
  refuse = nullptr;
  reconciler.load(kernel.state(), now);
  run();
  EXPECT_EQ(count<AddRoute>(), 1U) << "the other one was there";
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
  EXPECT_THAT(exits(2), UnorderedElementsAre(3));
  EXPECT_THAT(reported<Failed>(), IsEmpty());
  EXPECT_THAT(reported<Drift>(), IsEmpty());
  EXPECT_THAT(reported<Acknowledged>(), SizeIs(1));
}

TEST_F(ReconcilerTest, ForeignIdsAreSteppedOver) {
  kernel.foreign_ids = {1000, 1001, 1003};
  reconciler.load({}, now);
  submit(
      {SetChanged{1, Family::ipv4, {device(3), device(4)}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3, 4));
  EXPECT_THAT(reported<Failed>(), IsEmpty());
}

TEST_F(ReconcilerTest, AllIdsTakenIsReported) {
  for (std::uint32_t i = 0; i < kIds.count; ++i) kernel.foreign_ids.insert(kIds.first + i);
  reconciler.load({}, now);
  submit_one_route();
  run();
  ASSERT_THAT(reported<Failed>(), SizeIs(1));
  EXPECT_THAT(reported<Failed>()[0].text, testing::HasSubstr("all ids are taken"));
}

TEST_F(ReconcilerTest, RefusedNexthopLeavesTheOthersOfItsSetAtWork) {
  reconciler.load({}, now);
  refuse = [](const Operation& operation) -> std::optional<Outcome> {
    const auto* add = std::get_if<AddNexthop>(&operation);
    if (add != nullptr && add->key.ifindex == 4) return Outcome{EINVAL, "Nexthop has invalid gateway"};
    return std::nullopt;
  };
  submit(
      {SetChanged{1, Family::ipv4, {device(3), device(4)}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
  ASSERT_THAT(reported<Failed>(), SizeIs(1));
  EXPECT_THAT(reported<Failed>()[0].text, testing::HasSubstr("Nexthop has invalid gateway"));
  refuse = nullptr;
  run();
  EXPECT_THAT(ran, IsEmpty()) << "not before its time";
  now = *reconciler.deadline();
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3, 4));
  EXPECT_EQ(count<AddRoute>() + count<ReplaceRoute>(), 0U);
}

// In: the kernel refuses a route, time and again, because the next hop that it has just taken is not there: its
// link goes and comes faster than the state is read. Out: that is no failure to tell, until it goes on.
TEST_F(ReconcilerTest, ANextHopThatGoesTimeAndAgainIsNoFailureAtOnce) {
  const auto times_untold = [this](const char* text) {
    reconciler.load(kernel.state(), now);
    refuse = [text](const Operation& operation) -> std::optional<Outcome> {
      if (std::holds_alternative<AddRoute>(operation)) return Outcome{EINVAL, text};
      return std::nullopt;
    };
    submit_one_route();
    for (int times = 0; times < 10; ++times) {
      run();
      if (!reported<Failed>().empty()) return times;
      reconciler.load(kernel.state(), now);
    }
    return 10;
  };
  EXPECT_EQ(times_untold("Nexthop id does not exist"), 5);
  refuse = nullptr;
  now += 1h;
  run();
  submit({PrefixGone{prefix(1)}});
  run();
  EXPECT_EQ(times_untold("Nexthop has invalid gateway"), 1);
}

TEST_F(ReconcilerTest, WhatCannotBeSweptIsToldOnceAndUntilItIsGone) {
  reconciler.load({}, now);
  submit_one_route();
  run();
  refuse_all<DeleteGroup>(EPERM);
  submit({PrefixGone{prefix(1)}, SetGone{1, Family::ipv4}});
  run();
  ASSERT_THAT(reported<Failed>(), SizeIs(1));
  const Subject group = reported<Failed>()[0].subject;
  EXPECT_EQ(group, Subject(UnusedId{kernel.groups.begin()->first}));
  EXPECT_EQ(reconciler.sizes().failing, 1U);
  now = *reconciler.deadline();
  run();
  EXPECT_THAT(ran, SizeIs(1)) << "tried again";
  EXPECT_THAT(reported<Failed>(), IsEmpty());
  refuse = nullptr;
  now = *reconciler.deadline();
  run();
  ASSERT_THAT(reported<Recovered>(), SizeIs(1));
  EXPECT_EQ(reported<Recovered>()[0].subject, group);
  EXPECT_THAT(kernel.groups, IsEmpty());
  EXPECT_EQ(reconciler.sizes().failing, 0U);
}

TEST_F(ReconcilerTest, GroupThatWasRefusedIsNotToldWhenNoneIsAskedForAnyMore) {
  reconciler.load({}, now);
  refuse_all<AddGroup>(ENOMEM);
  submit_one_route();
  run();
  EXPECT_THAT(reported<Failed>(), SizeIs(1));
  kernel.link_down(3);
  reconciler.link_down(3);
  run();
  ASSERT_THAT(reported<Recovered>(), SizeIs(1));
  EXPECT_EQ(reported<Recovered>()[0].subject, Subject(SetKey{Family::ipv4, 1}));
}

TEST_F(ReconcilerTest, NexthopThatWasRefusedIsNotToldWhenItsSetsHaveLeft) {
  reconciler.load({}, now);
  refuse_all<AddNexthop>(ENOMEM);
  submit_one_route();
  run();
  EXPECT_THAT(reported<Failed>(), SizeIs(1));
  kernel.link_down(3);
  reconciler.link_down(3);
  kernel.link_up(3);
  reconciler.link_up(3);
  submit({PrefixGone{prefix(1)}, SetGone{1, Family::ipv4}});
  run();
  ASSERT_THAT(reported<Recovered>(), SizeIs(1));
  EXPECT_EQ(reported<Recovered>()[0].subject, Subject(key(3)));
}

TEST_F(ReconcilerTest, GroupThatOnlyAConnectedPrefixCouldUseIsSwept) {
  reconciler.load({}, now);
  reconciler.set_connected({prefix(2)});
  submit_one_route();
  run();
  submit({PrefixGone{prefix(1)}});
  const auto operations = reconciler.next(now, 256);
  ASSERT_THAT(operations, SizeIs(1));
  reconciler.completed(operations[0], kernel.execute(operations[0]), now);
  EXPECT_THAT(kernel.routes, IsEmpty());
  submit({PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  run();
  EXPECT_THAT(kernel.groups, IsEmpty());
}

TEST_F(ReconcilerTest, RetriesGrowApart) {
  reconciler.load({}, now);
  refuse_all<AddRoute>(ENOMEM);
  submit_one_route();
  std::vector<std::chrono::milliseconds> gaps;
  for (int i = 0; i < 10; ++i) {
    run();
    gaps.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(*reconciler.deadline() - now));
    now = *reconciler.deadline();
  }
  EXPECT_THAT(gaps, testing::ElementsAre(250ms, 500ms, 1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s));
}

// The kernel takes a route with its preferred source without a word.
// A carrier that is lost takes next hops and groups before that is heard of.
TEST_F(ReconcilerTest, AbandonLeavesNothingOfOursAdoptedRoutesIncluded) {
  kernel.nexthops = {{1000, key(3)}};
  kernel.groups = {{1002, {{1000, 1}}}};
  kernel.routes = {{prefix(1), {1002, {}}}, {prefix(9), {0, {}}}};
  reconciler.load(kernel.state(), now);
  submit({SetChanged{1, Family::ipv4, {device(4)}}, PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  run();
  reconciler.abandon();
  run();
  EXPECT_TRUE(kernel.groups.empty() && kernel.nexthops.empty());
  ASSERT_EQ(kernel.routes.size(), 1U);
  EXPECT_TRUE(kernel.routes.contains(prefix(9))) << "the foreign one stays";
}

TEST_F(ReconcilerTest, FamiliesHaveSetsOfTheirOwn) {
  reconciler.load({}, now);
  const auto v6 = Ipv6Prefix::make(*Ipv6Address::parse("2001:db8::"), 48);
  submit({SetChanged{1, Family::ipv4, {device(3)}}, SetChanged{1, Family::ipv6, {device(4)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1}, PrefixChanged{.prefix = v6, .set_id = 1}});
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
  const auto path = kernel.forwarding().at(v6).first;
  ASSERT_EQ(path.size(), 1U);
  EXPECT_EQ(path.begin()->first, (NexthopKey{.family = Family::ipv6, .ifindex = 4}));
}

TEST_F(ReconcilerTest, AcknowledgesAnOlderTicketWhileANewerIsUnderWay) {
  reconciler.load({}, now);
  submit_one_route();
  for (int phase = 0; phase < 3; ++phase) {
    for (const Operation& operation : reconciler.next(now, 1)) {
      reconciler.completed(operation, kernel.execute(operation), now);
    }
    if (phase == 1) {
      EXPECT_THAT(reconciler.take_reports(), IsEmpty()) << "the route is not there yet";
      submit({PrefixChanged{.prefix = prefix(2), .set_id = 1}});
    }
  }
  reports = reconciler.take_reports();
  ASSERT_THAT(reported<Acknowledged>(), SizeIs(1));
  EXPECT_EQ(reported<Acknowledged>()[0].ticket, 1U);
}

TEST(MemberForTest, DeviceOnlyOnNoarpAndPointToPointElseByAddress) {
  const Ipv4Address neighbour = *Ipv4Address::parse("10.0.0.2");
  EXPECT_EQ(member_for({.ifindex = 5, .noarp = true}, neighbour), (Member{.ifindex = 5}));
  EXPECT_EQ(member_for({.ifindex = 5, .point_to_point = true}, neighbour), (Member{.ifindex = 5}));
  EXPECT_EQ(member_for({.ifindex = 5}, neighbour, 4),
            (Member{.ifindex = 5, .gateway = neighbour, .onlink = true, .weight = 4}));
  const Ipv6Address link_local = *Ipv6Address::parse("fe80::1");
  EXPECT_EQ(member_for({.ifindex = 5}, link_local), (Member{.ifindex = 5, .gateway = link_local}));
}

}  // namespace
}  // namespace wgospf::rib
