// Many LSAs at once (deviation D19): they leave a link in bursts, and what is not acknowledged comes again,
// all of it.

#include <algorithm>

#include "tests/sim/scenario.h"

namespace wgospf::sim {
namespace {

using namespace ospf;

class PacingTest : public Scenario {
 protected:
  /// The LSA that a full packet has no room for begins one more.
  static constexpr std::size_t kMostInABurst = kFloodBurstPackets + 1;

  /// `count` externals from 10.`first`.0.0 on, in one input.
  void announce(std::uint32_t first, std::uint32_t count) {
    std::vector<ExternalRoute> routes(count);
    for (std::uint32_t i = 0; i < count; ++i)
      routes[i].prefix = Ipv4Prefix::make({0x64000000 + ((first + i) << 8)}, 24);
    network.change_externals(0, std::move(routes), {});
  }
  /// The moments at which the router sent updates.
  [[nodiscard]] std::vector<Instant> updates_sent() const {
    std::vector<Instant> times;
    for (const auto& packet : sent)
      if (static_cast<PacketType>((*packet.packet.bytes)[1]) == PacketType::link_state_update)
        times.push_back(packet.at);
    return times;
  }
  /// The most packets that left within any time shorter than kFloodBurstInterval.
  [[nodiscard]] static std::size_t largest_burst(const std::vector<Instant>& times) {
    std::size_t most = 0;
    for (std::size_t begin = 0, end = 0; end < times.size(); ++end) {
      while (times[end] - times[begin] >= kFloodBurstInterval) ++begin;
      most = std::max(most, end - begin + 1);
    }
    return most;
  }
  [[nodiscard]] static std::size_t held_externals(const ScriptedPeer& peer, std::uint32_t count) {
    std::size_t held = 0;
    for (std::uint32_t i = 0; i < count; ++i)
      held += peer.held({LsaType::as_external, LinkStateId{0x64000000 + (i << 8)}, RouterId{0x01010101}})
                  .has_value();
    return held;
  }
};

// In: 15,000 externals in ten inputs 1 ms apart, each more than a burst. Out: at no time more than a burst of
// packets leaves, and the next waits for its interval, whatever comes in between; the neighbour has all of
// them soon.
TEST_F(PacingTest, FloodsLeaveInBurstsThatAreSpaced) {
  auto peer = full_peer(1, 9);
  sent.clear();
  for (std::uint32_t i = 0; i < 10; ++i) {
    announce(1500 * i, 1500);
    network.run_for(milliseconds{1});
  }
  network.run_for(seconds{3});
  EXPECT_EQ(held_externals(*peer, 15000), 15000U);
  const auto times = updates_sent();
  EXPECT_GE(times.size(), 15000U * 36 / 1260) << "36 bytes each";
  EXPECT_LE(largest_burst(times), kMostInABurst);
}

// In: 1,500 externals while the neighbour is deaf, and it hears again before they are retransmitted. Out:
// every one of them comes again, those beyond the first 512 too, and none is awaited any more.
TEST_F(PacingTest, Section13_6_EverythingIsRetransmittedHoweverMuchItIs) {
  auto peer = full_peer(1, 9);
  peer->acknowledges = false;
  announce(0, 1500);
  network.run_for(seconds{4});
  ASSERT_GE(instance(0).neighbors().front().retransmission_list, 1500U);
  peer->acknowledges = true;
  sent.clear();
  network.run_for(seconds{30});
  EXPECT_EQ(held_externals(*peer, 1500), 1500U);
  EXPECT_EQ(instance(0).neighbors().front().retransmission_list, 0U);
  EXPECT_LE(largest_burst(updates_sent()), kMostInABurst);
}

// In: the same, and the neighbour stays deaf for a minute. Out: the router goes on, and all of them come
// again then.
TEST_F(PacingTest, Section13_6_ALongDeafNeighborGetsEverythingInTheEnd) {
  auto peer = full_peer(1, 9);
  peer->acknowledges = false;
  announce(0, 1500);
  network.run_for(seconds{60});
  peer->acknowledges = true;
  network.run_for(seconds{60});
  EXPECT_EQ(held_externals(*peer, 1500), 1500U);
  EXPECT_EQ(instance(0).neighbors().front().retransmission_list, 0U);
}

}  // namespace
}  // namespace wgospf::sim
