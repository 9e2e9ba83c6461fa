// Whoever floods keeps itself from being heard, and nobody else.

#include "wgadapter/fair_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace wgospf::wg::fair {
namespace {

using ::testing::ElementsAre;

std::vector<std::uint8_t> packet(std::uint8_t mark, std::size_t size) {
  return std::vector<std::uint8_t>(size, mark);
}

Datagram datagram(std::uint32_t source, const std::vector<std::uint8_t>& payload) {
  return {Ipv4Address{source}, Ipv4Address{0xe0000005}, 7, 1, payload};
}

/// First bytes of what is handed out, in order.
std::vector<int> drain(FairQueue& queue) {
  std::vector<int> marks;
  while (const auto next = queue.pop()) marks.push_back(next->payload[0]);
  return marks;
}

TEST(FairQueue, SendersAreServedInTurnAndEachInItsOrder) {
  FairQueue queue(1 << 20);
  for (std::uint8_t i = 1; i <= 3; ++i) queue.push(1, datagram(1, packet(i, 44)));
  queue.push(2, datagram(2, packet(21, 44)));
  queue.push(3, datagram(3, packet(31, 44)));
  queue.push(2, datagram(2, packet(22, 44)));
  EXPECT_THAT(drain(queue), ElementsAre(1, 21, 31, 2, 22, 3));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
}

TEST(FairQueue, WhatIsHandedOutIsWhatCame) {
  FairQueue queue(1 << 20);
  queue.push(1, datagram(0x0a000001, packet(5, 1400)));
  const auto next = queue.pop();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->source, Ipv4Address{0x0a000001});
  EXPECT_EQ(next->destination, Ipv4Address{0xe0000005});
  EXPECT_EQ(next->ifindex, 7U);
  EXPECT_EQ(next->ttl, 1);
  EXPECT_EQ(next->payload.size(), 1400U);
}

// In: one sender fills the room again and again. Out: what others send is there, and comes with its turn.
TEST(FairQueue, WhoHasTheMostWaitingLosesWhereThereIsNoRoom) {
  constexpr std::size_t kRoom = 100'000;
  FairQueue queue(kRoom);
  for (int i = 0; i < 5000; ++i) {
    queue.push(1, datagram(1, packet(1, 1000)));
    if (i == 2500) queue.push(2, datagram(2, packet(2, 44)));
    ASSERT_LE(queue.bytes(), kRoom);
  }
  EXPECT_GT(queue.dropped(), 4000U);
  EXPECT_EQ(queue.dropped_source(), Ipv4Address{1});
  const auto marks = drain(queue);
  EXPECT_EQ(marks[1], 2);
  EXPECT_EQ(marks.size() + queue.dropped(), 5001U);
}

TEST(FairQueue, WhatIsLargerThanTheRoomIsDropped) {
  FairQueue queue(100);
  queue.push(1, datagram(1, packet(1, 200)));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
  EXPECT_EQ(queue.dropped(), 1U);
  EXPECT_FALSE(queue.pop());
}

// Against the plain rule: at random, bytes and datagrams add up, nobody loses who has not the most.
TEST(FairQueue, AtRandomNothingIsLostButOfTheLongest) {
  std::mt19937 random(1);
  FairQueue queue(20'000);
  std::map<std::uint32_t, std::size_t> bytes;
  std::uint64_t in = 0, out = 0;
  for (int i = 0; i < 50'000; ++i) {
    if (random() % 3 != 0) {
      const auto sender = random() % 4 == 0 ? 1 + static_cast<std::uint32_t>(random() % 8) : 1U;
      const std::size_t size = 44 + random() % 1400;
      const auto dropped = queue.dropped();
      queue.push(sender, datagram(sender, packet(1, size)));
      ++in;
      bytes[sender] += size + FairQueue::kOverhead;
      if (queue.dropped() == dropped) continue;
      const auto loser = bytes[queue.dropped_source().value];
      if (queue.dropped() == dropped + 1) {
        for (const auto& [other, count] : bytes) ASSERT_LE(count, loser) << i;
      }
      bytes.clear();  // known anew when all is empty
      while (queue.pop()) ++out;
    } else if (const auto next = queue.pop()) {
      ++out;
      bytes[next->source.value] -= next->payload.size() + FairQueue::kOverhead;
    }
  }
  while (queue.pop()) ++out;
  EXPECT_EQ(in, out + queue.dropped());
  EXPECT_EQ(queue.bytes(), 0U);
}

}  // namespace
}  // namespace wgospf::wg::fair
