#include "ospf/base/bytes.h"
#include "ospf/checksum.h"
#include "tests/fuzz/fuzz.h"

namespace wgospf::fuzz {

using namespace wgospf::ospf;

namespace {

constexpr std::size_t kPacketHeader = 24, kLsaHeader = 20, kLargest = 0xffff;
constexpr std::byte kUpdate{4};

void repair_update(std::span<std::byte> lsas) {
  while (lsas.size() >= kLsaHeader) {
    const std::size_t length = load_u16(lsas.data() + 18);
    if (length < kLsaHeader || length > lsas.size()) return;
    repair_lsa(lsas.first(length));
    lsas = lsas.subspan(length);
  }
}

}  // namespace

void repair_lsa(std::span<std::byte> lsa) {
  if (lsa.size() < kLsaHeader || lsa.size() > kLargest) return;
  store_u16(lsa.data() + 18, static_cast<std::uint16_t>(lsa.size()));
  store_u16(lsa.data() + 16, lsa_checksum(lsa));
}

void repair_packet(std::span<std::byte> packet) {
  if (packet.size() < kPacketHeader || packet.size() > kLargest) return;
  packet[0] = std::byte{2};
  packet[1] =
      std::byte{static_cast<std::uint8_t>(1 + (load_u8(&packet[1]) + 4U) % 5)};  // 1..5 stay as they are
  store_u16(packet.data() + 2, static_cast<std::uint16_t>(packet.size()));
  store_u16(packet.data() + 14, 0);
  if (packet[1] == kUpdate && packet.size() >= kPacketHeader + 4)
    repair_update(packet.subspan(kPacketHeader + 4));
  store_u16(packet.data() + 12, 0);
  store_u16(packet.data() + 12, packet_checksum(packet));
}

}  // namespace wgospf::fuzz
