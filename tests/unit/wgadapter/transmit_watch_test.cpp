// What counts as a leap of an interface's sent bytes, and where the bytes are read.

#include "wgadapter/transmit_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include <cstdlib>

#include "namespace.h"
#include "tests/support/eventually.h"

namespace wgospf::wg {
namespace {

using namespace std::chrono_literals;
using test::Namespace;
using testing::ElementsAre;
using testing::IsEmpty;

class TransmitWatchTest : public testing::Test {
 protected:
  /// A tenth of a second passes, in which interface 7 sends so many bytes; whether that is a leap.
  bool sends(std::uint64_t bytes) {
    total += bytes;
    now += 100ms;
    return !watch.take({{7, total}, {8, 1}}, {7, 8}, now).empty();
  }

  TransmitWatch watch;
  std::uint64_t total = 5'000'000'000;
  TransmitWatch::Time now{1h};
};

TEST_F(TransmitWatchTest, ALeapIsManyTimesWhatWasUsual) {
  EXPECT_FALSE(sends(0)) << "of the first reading nothing is known";
  EXPECT_FALSE(sends(300'000)) << "3 MB/s are within what anybody sends";
  EXPECT_TRUE(sends(5'000'000));
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(sends(5'000'000)) << "which is usual now";
  EXPECT_FALSE(sends(15'000'000)) << "three times as much";
  for (int i = 0; i < 50; ++i) (void)sends(5'000'000);
  EXPECT_TRUE(sends(30'000'000));
  for (int i = 0; i < 50; ++i) (void)sends(1000);
  EXPECT_TRUE(sends(5'000'000)) << "after a rest it is a leap again";
}

TEST_F(TransmitWatchTest, AnInterfaceMadeAnewBeginsAnew) {
  (void)sends(0);
  total = 0;
  EXPECT_FALSE(sends(100'000'000));
  EXPECT_TRUE(sends(100'000'000));
  EXPECT_THAT(watch.take({{8, 1}}, {8}, now + 100ms), IsEmpty()) << "not asked for";
}

TEST(SentBytesReaderTest, TellsWhatInterfacesHaveSent) {
  WGOSPF_REQUIRE_NAMESPACES();
  Namespace space;
  space.sh(
      "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && "
      "ip addr add 10.1.0.1/24 dev v0");
  space.run([&] {
    auto reader = SentBytesReader::open();
    ASSERT_TRUE(reader);
    const auto ifindex = static_cast<std::uint32_t>(::if_nametoindex("v0"));
    const auto sent = [&] {
      const auto all = reader->read();
      return all ? all->at(ifindex) : 0;
    };
    const auto before = sent();
    ASSERT_EQ(std::system("ping -q -b -c 1 -W 1 -s 1000 10.1.0.255 > /dev/null; true"), 0);
    EXPECT_TRUE(test::eventually([&] { return sent() >= before + 1000; }, 20s));
  });
}

}  // namespace
}  // namespace wgospf::wg
