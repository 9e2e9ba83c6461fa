// Any bytes decode to a packet or a reason; a packet, encoded and decoded again, is the same packet. Each
// input runs twice: as it is, and with its lengths and checksums put right, which is where the depth lies.

#include <algorithm>

#include "ospf/v2/v2.h"
#include "tests/fuzz/fuzz.h"

namespace wgospf::fuzz {
namespace {

using namespace wgospf::ospf;

Bytes encode_again(const Packet& packet) {
  const RouterId router = packet.header.router_id;
  const AreaId area = packet.header.area_id;
  if (const auto* update = std::get_if<LinkStateUpdate>(&packet.body)) {
    std::vector<OutgoingLsa> lsas;
    for (const auto& lsa : update->lsas) lsas.push_back({Lsa::copy(lsa.bytes), lsa.header.age});
    return V2::encode(router, area, lsas);
  }
  if (const auto* hello = std::get_if<Hello>(&packet.body)) return V2::encode(router, area, *hello);
  if (const auto* dd = std::get_if<DatabaseDescription>(&packet.body)) return V2::encode(router, area, *dd);
  if (const auto* request = std::get_if<LinkStateRequest>(&packet.body)) {
    return V2::encode(router, area, *request);
  }
  return V2::encode(router, area, std::get<LinkStateAcknowledgment>(packet.body));
}

void check(std::span<const std::byte> bytes) {
  const auto result = V2::decode(bytes);
  const auto* packet = std::get_if<Packet>(&result);
  if (packet == nullptr) {
    require(std::get<DecodeError>(result).reason < DropReason::count_, "an error has a reason");
    return;
  }
  require(packet->header.length + packet->trailer.size() == bytes.size(), "packet and trailer are the input");
  const Bytes once = encode_again(*packet);
  require(once.size() == packet->header.length, "encoding keeps the length");
  // Only reserved bits (of the DD flags) may be lost, and authentication: the body is the same otherwise.
  const auto again = V2::decode(once);
  const auto* same = std::get_if<Packet>(&again);
  require(same != nullptr, "what was encoded decodes");
  require(same->body.index() == packet->body.index(), "encoding keeps the type");
  if (const auto* update = std::get_if<LinkStateUpdate>(&packet->body)) {
    const auto& second = std::get<LinkStateUpdate>(same->body);
    require(update->lsas.size() == second.lsas.size(), "an update keeps its LSAs");
    for (std::size_t i = 0; i < second.lsas.size(); ++i) {
      require(update->lsas[i].error == second.lsas[i].error, "an LSA keeps its verdict");
      require(std::ranges::equal(update->lsas[i].bytes, second.lsas[i].bytes), "an LSA keeps its bytes");
    }
  }
  require(encode_again(*same) == once, "encoding twice gives the same bytes");
}

}  // namespace
}  // namespace wgospf::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = wgospf::fuzz::as_bytes(data, size);
  wgospf::fuzz::check(bytes);
  wgospf::fuzz::Bytes repaired(bytes.begin(), bytes.end());
  wgospf::fuzz::repair_packet(repaired);
  wgospf::fuzz::check(repaired);
  return 0;
}
