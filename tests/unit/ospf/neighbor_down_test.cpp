// What a driver knows of a neighbour beside its packets.

#include <gtest/gtest.h>

#include "two_routers.h"

namespace wgospf::ospf {
namespace {

using testing::Wires;

struct NeighborDownTest : ::testing::Test {
  Wires wires;
  const RouterId first{0x01010101}, second{0x02020202};
  void SetUp() override {
    wires.add(Wires::config({1}));
    wires.add(Wires::config({1}));
    wires.wire(0, 1, 1);
    ASSERT_TRUE(wires.run_until(seconds{5}, [&] { return wires.all_full(); }));
  }
  [[nodiscard]] std::vector<NeighborStateChanged> changes(std::size_t router) const {
    std::vector<NeighborStateChanged> found;
    for (const auto& event : wires.routers[router].events)
      if (const auto* change = std::get_if<NeighborStateChanged>(&event)) found.push_back(*change);
    return found;
  }
};

// In: NeighborDown for a Full neighbour. Out: Down at once, by KillNbr, with the reason; no route over it.
TEST_F(NeighborDownTest, Rfc2328Section10_2_KillNbrAtOnceWithTheReason) {
  wires.filter = [](auto, const auto&) { return false; };
  const DownReason reason{DownReason::Kind::silent, milliseconds{1500}, 16};
  wires.input(0, NeighborDown{LinkId{1}, second, reason});
  EXPECT_EQ(wires.state(0, 1), NeighborState::down);
  EXPECT_FALSE(wires.routers[0].instance->neighbor_state(LinkId{1}, second));
  const auto last = changes(0).back();
  EXPECT_EQ(last.from, NeighborState::full);
  EXPECT_EQ(last.to, NeighborState::down);
  EXPECT_EQ(last.reason, NeighborEvent::kill_nbr);
  EXPECT_EQ(last.down_reason, reason);
}

// In: NeighborDown where only the neighbour's packets are lost. Out: it hears of it within its round trip.
TEST_F(NeighborDownTest, WhoStillHearsLearnsOfItAtOnce) {
  wires.run_for(seconds{1});
  wires.filter = [](std::size_t from, const auto&) { return from == 0; };
  wires.input(0, NeighborDown{LinkId{1}, second, {DownReason::Kind::bfd_down}});
  ASSERT_TRUE(wires.run_until(milliseconds{10}, [&] { return wires.state(1, 1) == NeighborState::init; }));
  EXPECT_EQ(changes(1).back().reason, NeighborEvent::one_way_received);
}

// In: NeighborDown though the neighbour is there. Out: Full again after its next hello.
TEST_F(NeighborDownTest, AnErrorCostsAnExchange) {
  wires.input(0, NeighborDown{LinkId{1}, second, {DownReason::Kind::bfd_down}});
  ASSERT_TRUE(wires.run_until(seconds{3}, [&] { return wires.all_full(); }));
  for (const auto& change : changes(0))
    EXPECT_EQ(change.down_reason.has_value(), change.to == NeighborState::down);
}

TEST_F(NeighborDownTest, OneThatIsNotThereIsNothing) {
  const auto before = changes(0).size();
  wires.input(0, NeighborDown{LinkId{1}, RouterId{0x09090909}, {}});
  wires.input(0, NeighborDown{LinkId{7}, second, {}});
  wires.input(0, NeighborHeard{LinkId{7}});
  EXPECT_EQ(changes(0).size(), before);
}

// In: no packet for three dead intervals, NeighborHeard within each. Out: it stays; without it, it ends after the
// dead interval from the last one.
TEST_F(NeighborDownTest, Rfc4222Section2_2_NeighborHeardRestartsTheInactivityTimer) {
  wires.filter = [](auto, const auto&) { return false; };
  for (int i = 0; i < 4; ++i) {
    wires.run_for(seconds{3});
    ASSERT_EQ(wires.state(0, 1), NeighborState::full) << i;
    wires.input(0, NeighborHeard{LinkId{1}});
  }
  wires.run_for(milliseconds{3999});
  EXPECT_EQ(wires.state(0, 1), NeighborState::full);
  wires.run_for(milliseconds{2});
  EXPECT_EQ(wires.state(0, 1), NeighborState::down);
  EXPECT_EQ(changes(0).back().reason, NeighborEvent::inactivity_timer);
}

TEST_F(NeighborDownTest, NeighborHeardMakesNone) {
  wires.filter = [](auto, const auto&) { return false; };
  wires.run_for(seconds{5});
  ASSERT_EQ(wires.state(0, 1), NeighborState::down);
  wires.input(0, NeighborHeard{LinkId{1}});
  EXPECT_EQ(wires.state(0, 1), NeighborState::down);
  EXPECT_FALSE(wires.routers[0].instance->sole_neighbor(LinkId{1}));
}

// In: packets of any type. Out: last_heard is when the last one was taken.
TEST_F(NeighborDownTest, AnyPacketOfTheNeighborIsHeard) {
  const Instant before = wires.now;
  wires.run_for(seconds{3});
  const auto heard = wires.routers[0].instance->sole_neighbor(LinkId{1});
  ASSERT_TRUE(heard);
  EXPECT_GT(heard->last_heard, before);
  EXPECT_EQ(heard->router_id, second);
  wires.filter = [](auto, const auto&) { return false; };
  const Instant cut = wires.now;
  wires.run_for(seconds{2});
  EXPECT_LE(wires.routers[0].instance->sole_neighbor(LinkId{1})->last_heard, cut + wires.delay);
}

}  // namespace
}  // namespace wgospf::ospf
