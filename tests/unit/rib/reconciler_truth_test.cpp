// What others and the kernel itself do to our objects, and that what is said of each route is what is.
#include "tests/unit/rib/reconciler_fixture.h"

namespace wgospf::rib {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

TEST_F(ReconcilerTest, ForeignRouteInTheSlotIsLeftAloneAndReportedOnce) {
  kernel.routes[prefix(1)] = {0, {}};
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {device(3)}}, PrefixChanged{.prefix = prefix(1), .set_id = 1},
          PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  run();
  EXPECT_EQ(kernel.routes[prefix(1)].nexthop_id, 0U);
  EXPECT_THAT(exits(2), UnorderedElementsAre(3)) << "the others are not held up";
  ASSERT_THAT(reported<Failed>(), SizeIs(1));
  EXPECT_EQ(std::get<IpPrefix>(reported<Failed>()[0].subject), IpPrefix(prefix(1)));
  EXPECT_THAT(reported<Failed>()[0].text, testing::HasSubstr("another program"));
  EXPECT_EQ(reported<Acknowledged>().at(0).ticket, 1U) << "a failure holds no acknowledgement back";
  EXPECT_TRUE(reconciler.wants_resync());
  reconciler.load(kernel.state(), now);
  now = *reconciler.deadline();
  run();
  EXPECT_EQ(count<AddRoute>(), 1U);
  EXPECT_THAT(reported<Failed>(), IsEmpty());
  EXPECT_FALSE(reconciler.wants_resync()) << "once was enough to know";
  kernel.routes.erase(prefix(1));
  reconciler.route_removed(prefix(1), 0, now);
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
  EXPECT_THAT(reported<Recovered>(), SizeIs(1));
  EXPECT_FALSE(kernel.overwrote_foreign);
}

TEST_F(ReconcilerTest, RouteThatWasBlockedIsTriedAsSoonAsTheForeignOneMayHaveLeft) {
  kernel.routes[prefix(1)] = {0, {}};
  reconciler.load({}, now);
  submit_one_route();
  run();
  ASSERT_THAT(reported<Failed>(), SizeIs(1));
  kernel.routes.erase(prefix(1));
  run();
  EXPECT_THAT(exits(1), IsEmpty()) << "nobody has said so";
  reconciler.retry_blocked();
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
  EXPECT_THAT(reported<Recovered>(), SizeIs(1));
}

TEST_F(ReconcilerTest, ForeignRoutePutBeforeOursIsNotReplaced) {
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {device(3)}}, SetChanged{2, Family::ipv4, {device(4)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1}, PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  run();
  prepend(prefix(1));
  run();
  EXPECT_THAT(ran, IsEmpty()) << "ours stays behind it";
  EXPECT_THAT(reported<Failed>(), IsEmpty()) << "nothing was refused";
  ASSERT_THAT(reported<RouteStands>(), SizeIs(1));
  EXPECT_EQ(reported<RouteStands>()[0].standing, Standing::hidden);
  submit({PrefixChanged{.prefix = prefix(1), .set_id = 2}, PrefixChanged{.prefix = prefix(2), .set_id = 2}});
  run();
  EXPECT_FALSE(kernel.overwrote_foreign);
  EXPECT_EQ(count<ReplaceRoute>(), 1U) << "the other one, in place";
  EXPECT_THAT(exits(2), UnorderedElementsAre(4));
  ASSERT_THAT(reported<Failed>(), SizeIs(1));
  EXPECT_THAT(reported<Failed>()[0].text, testing::HasSubstr("another program"));
  EXPECT_EQ(reported<Acknowledged>().at(0).ticket, 2U);
  kernel.prepended.clear();
  set_rivals(prefix(1), std::nullopt);
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(4));
  submit({PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  run();
  EXPECT_EQ(count<ReplaceRoute>(), 1U) << "alone in its slot again";
}

TEST_F(ReconcilerTest, RouteThatIsNotUsedIsToldUntilNothingComesBeforeIt) {
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {device(3)}}, PrefixChanged{.prefix = prefix(1), .set_id = 1},
          PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  run();
  EXPECT_EQ(reconciler.sizes().hidden, 0U);
  const Holder dhcp{.metric = 50, .ifindex = 9, .protocol = 16};
  set_rivals(prefix(1), Rivals{dhcp, false});
  set_rivals(prefix(7), Rivals{dhcp, false});
  run();
  EXPECT_EQ(reconciler.sizes().hidden, 1U) << "of the other there is none of ours";
  EXPECT_EQ(reconciler.sizes().missing, 0U);
  ASSERT_THAT(reported<RouteStands>(), SizeIs(1));
  EXPECT_EQ(reported<RouteStands>()[0].holder, dhcp);
  submit({SetChanged{2, Family::ipv4, {device(4)}}, PrefixChanged{.prefix = prefix(1), .set_id = 2}});
  run();
  EXPECT_EQ(count<ReplaceRoute>(), 1U) << "ours is kept up to date in place: its slot is its own";
  set_rivals(prefix(1), std::nullopt);
  run();
  ASSERT_THAT(reported<RouteStands>(), SizeIs(1));
  EXPECT_EQ(reported<RouteStands>()[0].standing, Standing::in_kernel);
  EXPECT_EQ(reconciler.sizes().hidden, 0U);
}

TEST_F(ReconcilerTest, ForeignRouteFoundBeforeAnAdoptedOneIsNotReplaced) {
  kernel.nexthops = {{1000, key(3)}};
  kernel.groups = {{1002, {{1000, 1}}}};
  kernel.routes = {{prefix(1), {1002, {}}}};
  reconciler.load(kernel.state(), now);
  prepend(prefix(1));
  submit({SetChanged{1, Family::ipv4, {device(4)}}, PrefixChanged{.prefix = prefix(1), .set_id = 1}});
  reconciler.claim();
  run();
  EXPECT_FALSE(kernel.overwrote_foreign);
  EXPECT_FALSE(kernel.routes.contains(prefix(1)));
  EXPECT_THAT(reported<Failed>(), SizeIs(1));
  EXPECT_EQ(reconciler.sizes().missing, 1U);
}

TEST_F(ReconcilerTest, DriftIsRepairedAtOnceEachTimeAndMetAtMostOnceASecond) {
  reconciler.load({}, now);
  submit_one_route();
  run();
  const std::uint32_t group = kernel.groups.begin()->first;
  const auto remove = [&] {
    if (kernel.routes.erase(prefix(1)) != 0) reconciler.route_removed(prefix(1), group, now);
    run();
  };
  for (int time = 0; time < 9; ++time) {
    SCOPED_TRACE(time);
    now += 10s;
    remove();
    EXPECT_THAT(exits(1), UnorderedElementsAre(3)) << "at once, each time";
    ASSERT_THAT(reported<Drift>(), SizeIs(1));
    EXPECT_EQ(reported<Drift>()[0].what, "deleted route 10.0.1.0/24");
  }
  std::size_t repairs = 0;
  for (int tenth = 0; tenth < 600; ++tenth) {
    now += 100ms;
    remove();
    repairs += count<AddRoute>();
    if (exits(1).empty()) {
      EXPECT_EQ(told(1), Standing::missing) << "while it is not there it is said so";
      EXPECT_EQ(reconciler.sizes().missing, 1U);
      EXPECT_EQ(reconciler.sizes().pending, 1U) << "and that it is to be put back";
      ASSERT_TRUE(reconciler.deadline());
      EXPECT_LE(*reconciler.deadline() - now, 1s);
    }
  }
  EXPECT_LE(repairs, 61U) << "in a minute";
  EXPECT_GE(repairs, 50U);
}

TEST_F(ReconcilerTest, AnythingFlushedNineTimesIsBackAtOnceEachTime) {
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {device(3), device(4)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1}, PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  run();
  for (int time = 0; time < 9; ++time) {
    SCOPED_TRACE(time);
    now += 10s;
    const auto objects = kernel.nexthops;  // as "ip nexthop flush" goes through them
    for (const auto& [id, object] : objects) {
      std::vector<std::uint32_t> groups;
      for (const auto& [group, members] : kernel.groups) groups.push_back(group);
      kernel.remove_nexthop(id);
      reconciler.id_removed(id, now);
      for (const std::uint32_t group : groups) {
        if (!kernel.groups.contains(group)) reconciler.id_removed(group, now);
      }
      reports = reconciler.take_reports();
    }
    EXPECT_EQ(reconciler.sizes().missing, 2U);
    run();
    EXPECT_THAT(exits(1), UnorderedElementsAre(3, 4));
    EXPECT_THAT(exits(2), UnorderedElementsAre(3, 4));
    EXPECT_EQ(told(1), Standing::in_kernel);
  }
}

TEST_F(ReconcilerTest, GroupDeletedByOthersComesBackWithItsRoutes) {
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {device(3)}}, PrefixChanged{.prefix = prefix(1), .set_id = 1},
          PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  run();
  for (int fight = 0; fight < 3; ++fight) {
    const std::uint32_t group = kernel.groups.begin()->first;
    kernel.remove_group(group);
    reconciler.id_removed(group, now);
    run();
    if (fight > 0) {
      EXPECT_THAT(exits(1), IsEmpty()) << "not at once again";
      now = *reconciler.deadline();
      run();
    }
    ASSERT_THAT(exits(1), UnorderedElementsAre(3));
    ASSERT_THAT(exits(2), UnorderedElementsAre(3));
  }
}

TEST_F(ReconcilerTest, NexthopTurnedElsewhereByOthersIsReplaced) {
  reconciler.load({}, now);
  submit_one_route();
  run();
  const std::uint32_t id = kernel.nexthops.begin()->first;
  kernel.nexthops[id] = key(9);
  reconciler.nexthop_seen({id, key(9)}, now);
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
  EXPECT_EQ(kernel.nexthops.size(), 1U) << "the stray is swept";
}

TEST_F(ReconcilerTest, WhatIsGoneAlreadyWhenItIsReplacedIsAddedInTheSameTurn) {
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {device(3)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1, .source = Ipv4Address{1}}});
  run();
  kernel.routes.clear();
  submit({PrefixChanged{.prefix = prefix(1), .set_id = 1, .source = Ipv4Address{2}}});
  run();
  EXPECT_EQ(kernel.routes[prefix(1)].source, IpAddress(Ipv4Address{2}));
  EXPECT_THAT(reported<Failed>(), IsEmpty());
  kernel.remove_group(kernel.groups.begin()->first);
  submit({SetChanged{1, Family::ipv4, {device(4)}}});
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(4)) << "a group likewise, and its routes";
  EXPECT_THAT(reported<Failed>(), IsEmpty());
  EXPECT_FALSE(reconciler.wants_resync());
}

TEST_F(ReconcilerTest, WhatIsRefusedForWhatItBuildsOnIsTriedAgainAfterAReadingBeforeItIsTold) {
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {device(3)}}, SetChanged{2, Family::ipv4, {device(4)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1}, PrefixChanged{.prefix = prefix(2), .set_id = 2}});
  run();
  kernel.link_down(3);
  kernel.link_up(3);  // and is there again, before either is heard of
  submit(
      {SetChanged{2, Family::ipv4, {device(3), device(4)}}, PrefixChanged{.prefix = prefix(3), .set_id = 1}});
  run();
  EXPECT_THAT(reported<Failed>(), IsEmpty());
  EXPECT_THAT(reported<Acknowledged>(), IsEmpty()) << "nor is it there";
  ASSERT_TRUE(reconciler.wants_resync());
  reconciler.load(kernel.state(), now);
  run();
  EXPECT_THAT(reported<Failed>(), IsEmpty());
  EXPECT_THAT(exits(2), UnorderedElementsAre(3, 4));
  EXPECT_THAT(exits(3), UnorderedElementsAre(3));
  EXPECT_THAT(reported<Acknowledged>(), SizeIs(1));
}

TEST_F(ReconcilerTest, NexthopOnADeviceThatIsDownIsNoErrorLine) {
  reconciler.load({}, now);
  kernel.down.insert(3);  // which is not heard of yet
  submit_one_route();
  run();
  EXPECT_THAT(reported<Failed>(), IsEmpty());
  EXPECT_EQ(told(1), Standing::missing);
  reconciler.link_down(3);
  run();
  EXPECT_EQ(told(1), Standing::no_next_hop);
  kernel.link_up(3);
  reconciler.link_up(3);
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
  EXPECT_EQ(told(1), Standing::in_kernel);
}

// A reading may find them gone before the address's notification is read.
TEST_F(ReconcilerTest, RoutesThatLeftWithTheirSourceAreNoDrift) {
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {device(3)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1, .source = Ipv4Address{1}},
          PrefixChanged{.prefix = prefix(2), .set_id = 1}});
  run();
  kernel.routes.clear();
  reconciler.load(kernel.state(), now);
  run();
  ASSERT_THAT(reported<Drift>(), SizeIs(1));
  EXPECT_EQ(reported<Drift>()[0].what, "missing route 10.0.2.0/24");
  EXPECT_EQ(reported<Drift>()[0].count, 1U);
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
}

TEST_F(ReconcilerTest, EachWantedRouteIsInTheKernelOrNamedWithTheReason) {
  reconciler.load({}, now);
  reconciler.set_connected({prefix(1)});
  refuse = [](const Operation& operation) -> std::optional<Outcome> {
    const auto* add = std::get_if<AddRoute>(&operation);
    if (add != nullptr && add->prefix == IpPrefix(prefix(3))) return Outcome{ENOMEM, {}};
    return std::nullopt;
  };
  submit({SetChanged{1, Family::ipv4, {device(3)}}, SetChanged{2, Family::ipv4, {}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1}, PrefixChanged{.prefix = prefix(2), .set_id = 2},
          PrefixChanged{.prefix = prefix(3), .set_id = 1}, PrefixChanged{.prefix = prefix(4), .set_id = 1}});
  EXPECT_EQ(reconciler.sizes().missing, 3U) << "from the moment that it is wanted";
  run();
  EXPECT_EQ(reported<Acknowledged>().at(0).ticket, 1U);
  EXPECT_EQ(told(1), Standing::connected);
  EXPECT_EQ(told(2), Standing::no_next_hop);
  EXPECT_EQ(told(3), Standing::missing);
  EXPECT_EQ(told(4), Standing::in_kernel);
  EXPECT_EQ(reconciler.sizes().missing, 2U) << "what is connected is not wanted in the kernel";
  kernel.link_down(3);
  reconciler.link_down(3);
  run();
  EXPECT_EQ(told(4), Standing::no_next_hop);
  submit({PrefixGone{prefix(2)}, PrefixGone{prefix(3)}, PrefixGone{prefix(4)}});
  run();
  EXPECT_EQ(told(2), Standing::in_kernel) << "what is not wanted is not spoken of any more";
  EXPECT_EQ(reconciler.sizes().missing, 0U);
}

TEST_F(ReconcilerTest, OfVeryManyRoutesSomeAreToldEachTimeAndAllBeforeTheyAreAcknowledged) {
  reconciler.load({}, now);
  std::vector<Change> changes{SetChanged{1, Family::ipv4, {}}};
  for (std::uint32_t n = 0; n < 10'000; ++n) {
    changes.emplace_back(PrefixChanged{.prefix = prefix(n), .set_id = 1});
  }
  submit(std::move(changes));
  EXPECT_THAT(reconciler.next(now, 256), IsEmpty());
  std::size_t named = 0;
  for (int call = 0; call < 4; ++call) {
    reports = reconciler.take_reports();
    EXPECT_LE(reports.size(), 5000U);
    named += reported<RouteStands>().size();
    if (!reported<Acknowledged>().empty()) break;
    EXPECT_TRUE(reconciler.has_more_reports());
  }
  EXPECT_EQ(named, 10'000U);
  EXPECT_EQ(reconciler.acknowledged(), 1U);
  EXPECT_FALSE(reconciler.has_more_reports());
}

TEST_F(ReconcilerTest, LinkThatDoesNotExistAnyMoreIsForgotten) {
  reconciler.load({}, now);
  submit_one_route();
  run();
  kernel.link_down(3);
  reconciler.link_removed(3);
  run();
  EXPECT_EQ(told(1), Standing::no_next_hop);
  submit({SetChanged{1, Family::ipv4, {device(4)}}});
  run();
  kernel.link_up(3);  // another one with its number, which needs no word of ours
  submit({SetChanged{1, Family::ipv4, {device(3)}}});
  run();
  EXPECT_THAT(exits(1), UnorderedElementsAre(3));
}

TEST_F(ReconcilerTest, PreferredSourceIsPartOfTheRoute) {
  reconciler.load({}, now);
  submit({SetChanged{1, Family::ipv4, {device(3)}},
          PrefixChanged{.prefix = prefix(1), .set_id = 1, .source = Ipv4Address{1}}});
  run();
  submit({PrefixChanged{.prefix = prefix(1), .set_id = 1, .source = Ipv4Address{2}}});
  run();
  EXPECT_EQ(count<ReplaceRoute>(), 1U);
  EXPECT_EQ(kernel.routes[prefix(1)].source, IpAddress(Ipv4Address{2}));
  EXPECT_TRUE(reconciler.uses_source(Ipv4Address{2}));
  EXPECT_FALSE(reconciler.uses_source(Ipv4Address{1}));
}

}  // namespace
}  // namespace wgospf::rib
