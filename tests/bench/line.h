#pragma once
// A router between two others, and the packets that feed it: what instance_bench.cpp and instructions.cpp
// measure with.

#include <malloc.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "tests/unit/ospf/two_routers.h"

namespace wgospf::ospf::bench {

using testing::Wires;

/// The measured router, one that announces, and another neighbour of the measured one, all Full and at rest.
struct Line {
  static constexpr std::size_t kMeasured = 0, kAnnouncing = 1, kOther = 2;
  static constexpr std::size_t kLsasAtRest =
      4;  ///< router-LSAs, and the external that makes a boundary router
  Wires wires;

  Line() {
    wires.add(Wires::config({1, 2}));
    wires.add(Wires::config({1}));
    wires.add(Wires::config({2}));
    wires.wire(kMeasured, kAnnouncing, 1);
    wires.wire(kMeasured, kOther, 2);
    ExternalsChanged first;
    first.set.push_back({Ipv4Prefix::make({0xc6336400}, 24), 20, true, 0, std::nullopt});
    wires.input(kAnnouncing, first);
    wires.run_until(seconds{5}, [&] { return wires.all_full(); });
    wires.run_for(seconds{20});
  }
  [[nodiscard]] Statistics statistics(std::size_t router) const {
    return wires.routers[router].instance->statistics();
  }
  [[nodiscard]] std::size_t unacknowledged(std::size_t router) const {
    std::size_t sum = 0;
    for (const auto& neighbor : wires.routers[router].instance->neighbors())
      sum += neighbor.retransmission_list;
    return sum;
  }
  /// To the measured router, as from a neighbour on `link`.
  void deliver(std::uint32_t link, const PacketBytes& packet) {
    Instance<V2>& router = *wires.routers[kMeasured].instance;
    const std::size_t from = link == 1 ? kAnnouncing : kOther;
    router.handle(wires.now,
                  Received{LinkId{link}, Wires::address(from, link), Ipv4Address{0xe0000005}, *packet});
    drain();
  }
  /// Lets what is delayed go, which would count as memory; for less than the dead interval.
  void settle() {
    const Instant end = wires.now + seconds{2};
    while (wires.now < end) {
      wires.now += kFloodBurstInterval;
      wires.routers[kMeasured].instance->handle_timeout(wires.now);
      drain();
    }
  }
  void lose_other_neighbor() {
    wires.set_link(kMeasured, 2, false);
    wires.run_for(seconds{20});
  }

 private:
  void drain() {
    while (auto output = wires.routers[kMeasured].instance->poll()) static_cast<void>(output);
  }
};

/// `count` prefixes of the second router's.
inline ExternalsChanged announcement(std::uint32_t count) {
  ExternalsChanged change;
  for (std::uint32_t i = 0; i < count; ++i)
    change.set.push_back({Ipv4Prefix::make({0x64000000 + (i << 8)}, 24), 20, true, 0, std::nullopt});
  return change;
}
/// The updates with which the announcing router floods `count` prefixes, and the other's acknowledgements of
/// them.
struct Feed {
  std::vector<PacketBytes> updates, acknowledgments;

  explicit Feed(std::uint32_t count) {
    Line line;
    std::size_t lsas = 0, acknowledged = 0;
    line.wires.filter = [&](std::size_t from, const Transmit& packet) {
      const auto type = static_cast<PacketType>((*packet.bytes)[1]);
      if (from == Line::kAnnouncing && type == PacketType::link_state_update && lsas < count) {
        updates.push_back(packet.bytes);
        lsas += load_u32(packet.bytes->data() + V2::kPacketHeaderSize);
      }
      if (from == Line::kOther && type == PacketType::link_state_acknowledgment) {
        acknowledgments.push_back(packet.bytes);
        acknowledged += (packet.bytes->size() - V2::kPacketHeaderSize) / kLsaHeaderSize;
      }
      return true;
    };
    line.wires.input(Line::kAnnouncing, announcement(count));
    line.wires.run_until(seconds{60}, [&] { return lsas >= count && acknowledged >= count; });
  }
};

/// Bytes of the heap in use, large blocks of their own mapping included.
inline std::size_t heap() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace wgospf::ospf::bench
