#include "ospf/base/shared_bytes.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

namespace wgospf::ospf {
namespace {

constexpr std::array<std::byte, 3> kBytes = {std::byte{1}, std::byte{2}, std::byte{3}};

TEST(SharedBytes, CopiesShareOneBlockAndTheLastFreesIt) {
  SharedBytes none;
  EXPECT_EQ(none.data(), nullptr);
  SharedBytes first = SharedBytes::copy(kBytes);
  const SharedBytes second = first;
  EXPECT_EQ(first, second);
  EXPECT_EQ(first.data()[2], std::byte{3});
  EXPECT_NE(first, SharedBytes::copy(kBytes)) << "equal bytes in another block";
  const SharedBytes& itself = first;
  first = itself;
  SharedBytes moved = std::move(first);
  EXPECT_EQ(moved, second);
  moved = none;
  EXPECT_EQ(moved.data(), nullptr);
  EXPECT_EQ(second.data()[0], std::byte{1});
}

TEST(SharedBytes, HandlesComeAndGoInManyThreads) {
  const SharedBytes shared = SharedBytes::copy(kBytes);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([shared] {
      for (int round = 0; round < 10000; ++round) {
        const SharedBytes copy = shared;
        ASSERT_EQ(copy.data()[1], std::byte{2});
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(shared.data()[1], std::byte{2});
}

}  // namespace
}  // namespace wgospf::ospf
