// Any bytes are a BFD control packet or not. What is one can be said again; a table of sessions takes any sequence of
// packets, sends what it would take itself, and comes to an end.

#include "bfd/table.h"
#include "tests/fuzz/fuzz.h"

namespace wgospf::fuzz {
namespace {

using namespace wgospf::bfd;

void check(std::span<const std::byte> bytes) {
  const auto decoded = decode(bytes);
  const auto* packet = std::get_if<ControlPacket>(&decoded);
  if (packet == nullptr) return;
  require(packet->detect_mult != 0, "a multiplier is not 0");
  require(packet->my_discriminator != Discriminator{}, "a discriminator is not 0");
  ControlPacket plain = *packet;
  plain.authentication_present = false;
  const auto again = encode(plain);
  const auto decoded_again = decode(again);
  const auto* same = std::get_if<ControlPacket>(&decoded_again);
  require(same != nullptr && *same == plain, "what was said is said again");
}

/// 24 bytes are a packet after a pause; the first says which, of whom, and whether it names our session.
void converse(std::span<const std::byte> bytes) {
  const IpAddress ours = Ipv4Address{1}, neighbor = Ipv4Address{2}, stranger = Ipv4Address{3};
  const std::vector<Wanted> wanted{{{1, neighbor}, ours, {}}};
  Instant now{std::chrono::seconds{1}};
  Table table{7};
  table.follow(now, wanted);
  while (!bytes.empty()) {
    const auto how = static_cast<unsigned>(bytes[0]);
    bytes = bytes.subspan(1);
    now += std::chrono::milliseconds{(how & 0x0f) * 20};
    table.handle_timeout(now);
    const auto views = table.views();
    const std::size_t size = std::min(bytes.size(), kControlPacketSize);
    Bytes packet(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    bytes = bytes.subspan(size);
    if (size == kControlPacketSize && (how & 0x10) != 0) {
      packet[0] = (packet[0] & std::byte{0x1f}) | std::byte{0x20};
      packet[3] = std::byte{kControlPacketSize};
      for (std::size_t i = 0; i < 4 && !views.empty(); ++i)
        packet[8 + i] =
            static_cast<std::byte>(static_cast<std::uint32_t>(views[0].discriminator) >> (24 - 8 * i));
    }
    table.receive(now, {{1, (how & 0x20) != 0 ? stranger : neighbor},
                        static_cast<std::uint8_t>((how & 0x40) != 0 ? 254 : 255),
                        packet});
    if ((how & 0x8f) == 0x8f) table.follow(now, {});
    if ((how & 0x8f) == 0x8e) table.follow(now, wanted);
    while (const auto departure = table.poll_transmit()) {
      require(!(departure->packet.poll && departure->packet.final), "never Poll and Final");
      const auto out = encode(departure->packet);
      require(std::holds_alternative<ControlPacket>(decode(out)), "we take what we send");
    }
    while (table.poll_change()) {
    }
  }
  table.follow(now, {});
  for (unsigned turn = 0; turn < 100'000 && table.size() != 0; ++turn) {
    now = std::max(now, table.poll_timeout());
    table.handle_timeout(now);
    while (table.poll_transmit()) {
    }
  }
  require(table.size() == 0, "a session that is not wanted goes");
}

}  // namespace
}  // namespace wgospf::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = wgospf::fuzz::as_bytes(data, size);
  wgospf::fuzz::check(bytes);
  wgospf::fuzz::converse(bytes);
  return 0;
}
