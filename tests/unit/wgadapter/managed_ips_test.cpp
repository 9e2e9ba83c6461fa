// What is planned for the allowed-ips of a device, case by case.

#include "wgadapter/managed_ips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/unit/wgadapter/allowed_ip_model.h"

namespace wgospf::wg {
namespace {

using test::AllowedIpModel;
using test::key_of;
using test::v4;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

const Key kA = key_of(1), kB = key_of(2), kC = key_of(3);

class ManagedIpsTest : public testing::Test {
 protected:
  ManagedIpsTest() {
    model.peers = {kA, kB, kC};
    model.set(v4("10.99.0.1/32"), kA);
    model.set(v4("10.99.0.2/32"), kB);
    by_hand = model.table;
    read();
  }
  void read() {
    const Device device = model.device();
    plan.read(&device);
  }
  /// Writes what is to be written; whether anything was.
  bool settle() {
    const auto delta = plan.next();
    if (!delta) return false;
    model.apply(*delta);
    read();
    plan.applied();
    EXPECT_FALSE(plan.next());
    return true;
  }
  /// What is on the device and not there by hand from the start.
  AllowedIpModel::Table more() const {
    auto table = model.table;
    for (const auto& [prefix, key] : by_hand) table.erase(prefix);
    return table;
  }
  AllowedIpModel model;
  AllowedIpModel::Table by_hand;
  ManagedIps plan{"wg0"};
  const Ipv4Prefix lan = v4("192.168.1.0/24"), other = v4("192.168.2.0/24");
};

// In: B's own address is lent, a route wants it at A, then the client is back, then it is nowhere. Out: it moves with
// one write each time, and is by hand with B again at the end, whatever stood between.
TEST_F(ManagedIpsTest, WhatIsLentGoesToAnotherPeerAndComesBackByHand) {
  const auto address = v4("10.99.0.2/32");
  plan.lend(kB, {address.address});
  EXPECT_FALSE(settle()) << "lent, and nobody wants it";
  EXPECT_TRUE(plan.want(address, kA));
  EXPECT_TRUE(settle());
  EXPECT_EQ(model.table.at(address), kA);
  EXPECT_THAT(plan.own_prefixes(), ElementsAre(Pair(kA, ElementsAre(address))));
  EXPECT_THAT(plan.conflicts(), IsEmpty());

  plan.pin(kB, {address.address});  // it has shaken hands here; the route is still there
  EXPECT_TRUE(settle());
  EXPECT_EQ(model.table.at(address), kB);
  EXPECT_THAT(plan.own_prefixes(), IsEmpty()) << "by hand, as before";

  plan.pin(kB, {});
  EXPECT_TRUE(settle());
  EXPECT_EQ(model.table.at(address), kA);
  plan.release(address, plan.unwant(address));
  EXPECT_TRUE(settle());
  EXPECT_EQ(model.table.at(address), kB);
  EXPECT_THAT(plan.own_prefixes(), IsEmpty());
  EXPECT_THAT(plan.take_taken(), IsEmpty());
}

// In: a client's two addresses are lent, and routes want both at A; then only the first is its own, then both. Out: each
// goes and comes back for itself, and is by hand again.
TEST_F(ManagedIpsTest, EachOfSeveralAddressesIsLentForItself) {
  const auto first = v4("10.99.0.2/32"), second = v4("10.99.0.9/32");
  model.set(second, kB);
  by_hand = model.table;
  read();
  plan.lend(kB, {first.address, second.address});
  (void)plan.want(first, kA);
  (void)plan.want(second, kA);
  EXPECT_TRUE(settle());
  EXPECT_EQ(model.table.at(first), kA);
  EXPECT_EQ(model.table.at(second), kA);
  plan.pin(kB, {first.address});
  EXPECT_TRUE(settle());
  EXPECT_EQ(model.table.at(first), kB);
  EXPECT_EQ(model.table.at(second), kA);
  plan.pin(kB, {first.address, second.address});
  EXPECT_TRUE(settle());
  EXPECT_EQ(model.table, by_hand);
  EXPECT_THAT(plan.own_prefixes(), IsEmpty());
  plan.pin(kB, {});
  plan.release(first, plan.unwant(first));
  EXPECT_TRUE(settle());
  EXPECT_EQ(model.table.at(first), kB) << "no route wants it";
  EXPECT_EQ(model.table.at(second), kA);
  plan.lend(kB, {first.address});
  plan.release(second, plan.unwant(second));
  EXPECT_TRUE(settle());
  EXPECT_EQ(model.table, by_hand) << "what is not lent any more comes back first";
  EXPECT_THAT(plan.conflicts(), IsEmpty());
}

// In: a former run has lent the address, and was killed. Out: this one, once told of the client, gives it back.
TEST_F(ManagedIpsTest, WhatAFormerRunLentComesBack) {
  const auto address = v4("10.99.0.2/32");
  model.set(address, kA);
  ManagedIps next{"wg0", {{kA, {address}}}, model.device().ifindex};
  next.lend(kB, {address.address});
  const Device device = model.device();
  next.read(&device);
  EXPECT_FALSE(next.next()) << "routes of the former run may lead there";
  next.release_all();
  const auto delta = next.next();
  ASSERT_TRUE(delta);
  model.apply(*delta);
  EXPECT_EQ(model.table.at(address), kB);
}

// In: an address that is by hand with B and not lent. Out: as ever, a conflict.
TEST_F(ManagedIpsTest, WhatIsNotLentAnyMoreStays) {
  const auto address = v4("10.99.0.2/32");
  plan.lend(kB, {address.address});
  plan.lend(kB, {});
  plan.want(address, kA);
  EXPECT_FALSE(settle());
  EXPECT_THAT(plan.conflicts(), testing::SizeIs(1));
}

TEST_F(ManagedIpsTest, FollowsWhatIsWanted) {
  EXPECT_FALSE(settle());
  plan.want(lan, kA);
  plan.want(other, kB);
  EXPECT_TRUE(settle());
  EXPECT_THAT(more(), UnorderedElementsAre(Pair(lan, kA), Pair(other, kB)));
  EXPECT_THAT(plan.own_prefixes(), ElementsAre(Pair(kA, ElementsAre(lan)), Pair(kB, ElementsAre(other))));
  EXPECT_FALSE(settle());

  plan.want(lan, kB);  // moves, in one step
  const auto move = plan.next();
  ASSERT_TRUE(move);
  EXPECT_FALSE(move->takes_nothing_unseen) << "it is ours already";
  ASSERT_EQ(move->peers.size(), 1U);
  EXPECT_EQ(move->peers[0].public_key, kB);
  EXPECT_THAT(move->peers[0].remove_allowed_ips, IsEmpty());
  model.apply(*move);
  read();
  plan.applied();
  (void)plan.next();
  EXPECT_THAT(more(), UnorderedElementsAre(Pair(lan, kB), Pair(other, kB)));
  EXPECT_THAT(plan.own_prefixes(), ElementsAre(Pair(kB, ElementsAre(lan, other))));
}

TEST_F(ManagedIpsTest, WhatIsNotWantedStaysUntilItIsReleased) {
  plan.want(lan, kA);
  ASSERT_TRUE(settle());
  auto time = plan.unwant(lan);
  EXPECT_FALSE(settle());
  EXPECT_THAT(more(), ElementsAre(Pair(lan, kA)));
  plan.release(lan, time);
  EXPECT_TRUE(settle());
  EXPECT_THAT(more(), IsEmpty());
  EXPECT_THAT(plan.own_prefixes(), IsEmpty());
  plan.want(lan, kA);
  ASSERT_TRUE(settle());
  time = plan.unwant(lan);
  plan.want(lan, kA);
  plan.release(lan, time);
  EXPECT_FALSE(settle());
  EXPECT_THAT(more(), ElementsAre(Pair(lan, kA)));
}

// It moved away, came back, and moves away again: routes lead there until this time is over.
TEST_F(ManagedIpsTest, AReleaseIsOfTheTimeForWhichItWasAskedFor) {
  plan.want(lan, kA);
  ASSERT_TRUE(settle());
  const auto first = plan.unwant(lan);
  plan.want(lan, kA);
  const auto second = plan.unwant(lan);
  plan.release(lan, first);
  EXPECT_FALSE(settle());
  EXPECT_THAT(more(), ElementsAre(Pair(lan, kA)));
  plan.release(lan, second);
  EXPECT_TRUE(settle());
  EXPECT_THAT(more(), IsEmpty());
}

TEST_F(ManagedIpsTest, WhatIsThereByHandStaysWhenTheRouteGoes) {
  model.set(lan, kA);
  read();
  plan.want(lan, kA);
  EXPECT_FALSE(settle());
  plan.release(lan, plan.unwant(lan));
  EXPECT_FALSE(settle());
  EXPECT_THAT(more(), ElementsAre(Pair(lan, kA)));
  EXPECT_THAT(plan.own_prefixes(), IsEmpty());
}

TEST_F(ManagedIpsTest, WhatAnotherPeerHasByHandIsAConflictUntilItIsGone) {
  model.set(lan, kC);
  read();
  plan.want(lan, kA);
  EXPECT_FALSE(settle());
  EXPECT_THAT(more(), ElementsAre(Pair(lan, kC)));
  EXPECT_THAT(plan.conflicts(),
              ElementsAre(Pair(lan, AllowedIpConflict{AllowedIpConflict::Kind::by_hand, kC, kA})));
  EXPECT_FALSE(plan.is_waited(lan));
  model.remove(lan);
  read();
  EXPECT_TRUE(settle());
  EXPECT_THAT(more(), ElementsAre(Pair(lan, kA)));
  EXPECT_THAT(plan.conflicts(), IsEmpty());
}

TEST_F(ManagedIpsTest, WhatIsTakenIsPutBackAndTold) {
  plan.want(lan, kA);
  ASSERT_TRUE(settle());
  model.set(lan, kB);  // wg set wg0 peer B allowed-ips +...
  read();
  EXPECT_TRUE(settle());
  EXPECT_THAT(plan.take_taken(), ElementsAre(TakenAllowedIp{lan, kA, kB, 1}));
  EXPECT_THAT(more(), ElementsAre(Pair(lan, kA)));
  model.remove(lan);  // wg syncconf
  read();
  EXPECT_TRUE(settle());
  EXPECT_THAT(plan.take_taken(), ElementsAre(TakenAllowedIp{lan, kA, std::nullopt, 2}));
  EXPECT_THAT(more(), ElementsAre(Pair(lan, kA)));
  EXPECT_THAT(plan.take_taken(), IsEmpty());
  EXPECT_THAT(plan.takings(), ElementsAre(Pair(lan, TakenAllowedIp{lan, kA, std::nullopt, 2})));
  plan.want(lan, kB);
  EXPECT_THAT(plan.takings(), IsEmpty()) << "it is not A's any more";
}

// In: A announces a free address of the interface's subnet and is given it; then `wg set` gives it to B. Out: it is
// B's, which is a conflict that names both, and nothing of it is ours; A gets it again when B is gone.
TEST_F(ManagedIpsTest, AHostRouteInTheSubnetThatAHandGivesToAnotherPeerIsNotPutBack) {
  const auto address = v4("10.99.0.9/32");
  plan.set_subnets({v4("10.99.0.0/24")});
  plan.want(address, kA);
  plan.want(lan, kA);
  ASSERT_TRUE(settle());
  model.set(address, kB);
  model.set(lan, kB);
  read();
  EXPECT_TRUE(settle());
  EXPECT_EQ(model.table.at(address), kB);
  EXPECT_EQ(model.table.at(lan), kA) << "a LAN is put back as ever";
  EXPECT_THAT(plan.own_prefixes(), ElementsAre(Pair(kA, ElementsAre(lan))));
  EXPECT_THAT(plan.conflicts(),
              ElementsAre(Pair(address, AllowedIpConflict{AllowedIpConflict::Kind::by_hand, kB, kA})));
  plan.pin(kB, {address.address});
  EXPECT_FALSE(settle());
  EXPECT_THAT(plan.conflicts(), IsEmpty()) << "it is B's own address now";
  plan.pin(kB, {});
  model.peers = {kA, kC};
  model.remove(address);
  read();
  EXPECT_TRUE(settle());
  EXPECT_EQ(model.table.at(address), kA);
}

// In: a peer that is new comes with a host route that another has been given, in no subnet of the interface; then an
// older one is given such a route. Out: the new one keeps it; of the older one it is put back.
TEST_F(ManagedIpsTest, AHostRouteThatANewPeerComesWithIsNotPutBack) {
  const auto address = v4("172.16.0.9/32"), loopback = v4("172.16.0.8/32");
  plan.want(address, kA);
  plan.want(loopback, kA);
  ASSERT_TRUE(settle());
  model.peers.push_back(key_of(4));
  model.set(address, key_of(4));
  model.set(loopback, kC);
  read();
  EXPECT_TRUE(settle());
  EXPECT_EQ(model.table.at(address), key_of(4));
  EXPECT_EQ(model.table.at(loopback), kA);
}

TEST_F(ManagedIpsTest, WhatTwoPeersAreGivenByHandIsTold) {
  model.set(lan, kA);
  read();
  model.set(lan, kB);
  read();
  EXPECT_THAT(plan.take_claimed_twice(), ElementsAre(ClaimedTwice{lan, kA, kB}));
  EXPECT_THAT(plan.take_claimed_twice(), IsEmpty());
  model.peers = {kA, kC};  // B is removed, and A has it again: nobody else claims it
  model.set(lan, kA);
  read();
  plan.want(other, kA);
  ASSERT_TRUE(settle());
  plan.want(other, kC);
  ASSERT_TRUE(settle());
  EXPECT_THAT(plan.take_claimed_twice(), IsEmpty()) << "what is ours moves as we say";
}

TEST_F(ManagedIpsTest, WhatWasTakenWhileNobodyLookedIsTheUsers) {
  plan.want(lan, kA);
  ASSERT_TRUE(settle());
  const OwnPrefixes own = plan.own_prefixes();
  model.set(lan, kB);
  ManagedIps next("wg0", own, 7);
  const Device device = model.device();
  next.read(&device);
  next.want(lan, kA);
  EXPECT_FALSE(next.next());
  EXPECT_EQ(next.conflicts().at(lan).holder, kB);
  EXPECT_THAT(next.own_prefixes(), IsEmpty());
}

TEST_F(ManagedIpsTest, AFormerRunsStayUntilReleasedAndAreTakenOver) {
  plan.want(lan, kA);
  plan.want(other, kB);
  ASSERT_TRUE(settle());
  plan = ManagedIps("wg0", plan.own_prefixes(), 7);
  read();
  EXPECT_FALSE(settle());
  plan.want(lan, kB);
  EXPECT_TRUE(settle());
  EXPECT_THAT(more(), UnorderedElementsAre(Pair(lan, kB), Pair(other, kB)));
  EXPECT_THAT(plan.take_taken(), IsEmpty());
  plan.release_all();
  EXPECT_TRUE(settle());
  EXPECT_THAT(more(), ElementsAre(Pair(lan, kB)));
}

// Noted, and perhaps not written any more.
TEST_F(ManagedIpsTest, AMoveThatAKillCutInTwoIsFoundAtEitherPeer) {
  for (const Key& where : {kA, kB}) {
    model.set(lan, where);
    plan = ManagedIps("wg0", {{kA, {lan}}, {kB, {lan}}}, 7);
    read();
    plan.want(lan, kC);
    EXPECT_TRUE(settle());
    EXPECT_THAT(more(), ElementsAre(Pair(lan, kC)));
    EXPECT_THAT(plan.own_prefixes(), ElementsAre(Pair(kC, ElementsAre(lan))));
  }
}

TEST_F(ManagedIpsTest, WhatIsHandedOverIsByHandFromThenOn) {
  plan.want(lan, kA);
  ASSERT_TRUE(settle());
  plan.hand_over();
  EXPECT_TRUE(plan.is_own_changed());
  EXPECT_THAT(plan.own_prefixes(), IsEmpty());
  plan.release(lan, plan.unwant(lan));
  EXPECT_FALSE(settle());
  EXPECT_THAT(more(), ElementsAre(Pair(lan, kA)));
}

TEST_F(ManagedIpsTest, WhatIsOursStaysSoWhileTheDeviceIsAway) {
  for (const bool is_lost : {true, false}) {
    plan.want(lan, kA);
    (void)settle();
    EXPECT_FALSE(plan.want(lan, kA));
    plan.read(nullptr);
    EXPECT_THAT(plan.own_prefixes(), ElementsAre(Pair(kA, ElementsAre(lan))));
    EXPECT_FALSE(plan.want(other, kA)) << "nothing is waited for of a device that is not there";
    (void)plan.unwant(other);
    if (is_lost) model.remove(lan);
    read();
    EXPECT_EQ(settle(), is_lost);
    EXPECT_THAT(more(), ElementsAre(Pair(lan, kA)));
    EXPECT_THAT(plan.take_taken(), IsEmpty());
    plan.release(lan, plan.unwant(lan));
    EXPECT_TRUE(settle());
    EXPECT_THAT(more(), IsEmpty());
  }
}

// wg-quick down and up: a new device has what stands in its file, by whomever it was written there.
TEST_F(ManagedIpsTest, WhatANewDeviceComesWithIsTheUsers) {
  plan.want(lan, kA);
  plan.want(other, kA);
  ASSERT_TRUE(settle());
  plan.read(nullptr);
  model.ifindex = 8;
  model.remove(other);  // does not stand in the file
  read();
  EXPECT_TRUE(settle());
  EXPECT_THAT(plan.own_prefixes(), ElementsAre(Pair(kA, ElementsAre(other))));
  for (const auto& prefix : {lan, other}) plan.release(prefix, plan.unwant(prefix));
  EXPECT_TRUE(settle());
  EXPECT_THAT(more(), ElementsAre(Pair(lan, kA)));
  EXPECT_THAT(plan.take_taken(), IsEmpty());
}

// The same while nobody looked on.
TEST_F(ManagedIpsTest, WhatAFormerRunNotedIsOfTheDeviceAsItWas) {
  for (const std::uint32_t noted : {7U, 8U}) {
    model.set(lan, kA);
    plan = ManagedIps("wg0", {{kA, {lan}}}, noted);
    read();  // its ifindex is 7
    plan.release_all();
    EXPECT_EQ(settle(), noted == 7);
    EXPECT_EQ(model.table.contains(lan), noted != 7);
    EXPECT_THAT(plan.own_prefixes(), IsEmpty());
  }
}

TEST_F(ManagedIpsTest, APeersOwnAddressIsPinnedToIt) {
  const Ipv4Prefix address = v4("10.99.0.3/32");
  plan.pin(kC, {address.address});
  EXPECT_TRUE(settle());
  EXPECT_THAT(more(), ElementsAre(Pair(address, kC)));
  plan.want(address, kA);  // the shortest path to it leads over another peer
  EXPECT_FALSE(settle());
  EXPECT_THAT(plan.conflicts(), IsEmpty());
  plan.pin(kB, {address.address});
  EXPECT_FALSE(settle());
  EXPECT_THAT(plan.conflicts(),
              ElementsAre(Pair(address, AllowedIpConflict{AllowedIpConflict::Kind::pinned, kC, kB})));
  plan.pin(kC, {});
  EXPECT_TRUE(settle());
  EXPECT_THAT(more(), ElementsAre(Pair(address, kB)));
  EXPECT_THAT(plan.conflicts(), IsEmpty());
}

TEST_F(ManagedIpsTest, APeerThatComesLaterGetsWhatIsWantedThen) {
  model.peers = {kA, kB};
  read();
  plan.want(lan, kC);
  EXPECT_FALSE(settle());
  EXPECT_THAT(plan.own_prefixes(), IsEmpty());
  model.peers = {kA, kB, kC};
  read();
  EXPECT_TRUE(settle());
  EXPECT_THAT(more(), ElementsAre(Pair(lan, kC)));
}

TEST_F(ManagedIpsTest, WhatIsWantedMeanwhileIsInTheNextDifference) {
  EXPECT_TRUE(plan.want(lan, kA));
  const auto first = plan.next();
  EXPECT_TRUE(first->takes_nothing_unseen);
  EXPECT_TRUE(plan.want(other, kA));
  EXPECT_TRUE(plan.is_waited(lan)) << "it is not there for certain";
  EXPECT_FALSE(plan.next());
  model.apply(*first);
  read();
  plan.applied();
  EXPECT_FALSE(plan.is_waited(lan));
  EXPECT_TRUE(plan.is_waited(other));
  ASSERT_TRUE(settle());
  EXPECT_FALSE(plan.is_waited(other));
  EXPECT_FALSE(plan.want(other, kA)) << "it is there, whatever else is written";
  EXPECT_THAT(more(), UnorderedElementsAre(Pair(lan, kA), Pair(other, kA)));
}

// What is being written takes it away, and then gives it back.
TEST_F(ManagedIpsTest, WhatIsBeingMovedIsWaitedForAtThePeerThatHasItStill) {
  plan.want(lan, kA);
  ASSERT_TRUE(settle());
  plan.want(lan, kB);
  const auto there = plan.next();
  ASSERT_TRUE(there);
  EXPECT_TRUE(plan.want(lan, kA));
  model.apply(*there);
  read();
  plan.applied();
  EXPECT_TRUE(plan.is_waited(lan));
  EXPECT_TRUE(settle());
  EXPECT_FALSE(plan.is_waited(lan));
  EXPECT_THAT(more(), ElementsAre(Pair(lan, kA)));
  EXPECT_THAT(plan.take_taken(), IsEmpty());
}

TEST_F(ManagedIpsTest, WhatFailedIsTriedAgain) {
  plan.want(lan, kA);
  ASSERT_TRUE(plan.next());
  EXPECT_TRUE(plan.is_own_changed());
  EXPECT_THAT(plan.take_own_changes(), ElementsAre(OwnChange{lan, kA, true})) << "noted before it is written";
  plan.applied();
  EXPECT_TRUE(plan.is_waited(lan));
  EXPECT_TRUE(settle());
  EXPECT_FALSE(plan.is_waited(lan));
  EXPECT_THAT(more(), ElementsAre(Pair(lan, kA)));
  plan.want(lan, kB);
  ASSERT_TRUE(settle());
  (void)plan.next();
  EXPECT_THAT(plan.take_own_changes(), ElementsAre(OwnChange{lan, kB, true}, OwnChange{lan, kA, false}));
}

// Issue bound: a peer's failure with 10,000 prefixes behind it is planned in 5 ms; here with room for a busy
// machine.
TEST_F(ManagedIpsTest, APeersFailureCostsItsPrefixes) {
  constexpr std::uint32_t kPrefixes = 10'000;
  const auto prefix = [](std::uint32_t i) { return Ipv4Prefix::make({0x0a000000 + (i << 8)}, 24); };
  for (std::uint32_t i = 0; i < 2 * kPrefixes; ++i) plan.want(prefix(i), i < kPrefixes ? kA : kC);
  ASSERT_TRUE(settle());
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < kPrefixes; ++i) plan.want(prefix(i), kB);
  const auto delta = plan.next();
  const auto took = std::chrono::steady_clock::now() - begin;
  ASSERT_TRUE(delta);
  ASSERT_EQ(delta->peers.size(), 1U);
  EXPECT_EQ(delta->peers[0].add_allowed_ips.size(), kPrefixes);
  RecordProperty("microseconds", static_cast<int>(took / std::chrono::microseconds{1}));
  EXPECT_LT(took, std::chrono::milliseconds{100});
}

}  // namespace
}  // namespace wgospf::wg
