// Any bytes are TLVs of ours or not; those that are can be said again, and what is not known changes nothing.

#include "ospf/opaque_tlvs.h"
#include "tests/fuzz/fuzz.h"

namespace wgospf::fuzz {
namespace {

using namespace wgospf::ospf;

void check(std::span<const std::byte> bytes) {
  const auto decoded = decode_opaque(bytes);
  if (const auto* error = std::get_if<OpaqueError>(&decoded)) {
    require(error->offset <= bytes.size(), "an error is where bytes are");
    return;
  }
  const auto& tlvs = std::get<OpaqueTlvs>(decoded);
  require(!tlvs.link_cost || tlvs.link_cost->cost > 0, "a cost is not 0");
  for (const auto& client : tlvs.clients)
    require(client.cost > 0 && client.counter <= kPresenceCounterMost, "a client's values are in range");
  Bytes again = encode_opaque(tlvs);
  require(again.size() % 4 == 0 && again.size() <= bytes.size() + 3, "what was said is said in as much room");
  require(decode_opaque(again) == decoded, "what was said is said again");
  for (const int byte : {0xff, 0xfe, 0x00, 0x01, 0x07, 0x00, 0x00, 0x00})
    again.push_back(static_cast<std::byte>(byte));
  require(decode_opaque(again) == decoded, "a TLV that is not known changes nothing");
}

}  // namespace
}  // namespace wgospf::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = wgospf::fuzz::as_bytes(data, size);
  wgospf::fuzz::check(bytes);
  // Past the first bytes, which chance seldom finds.
  wgospf::fuzz::Bytes ours = wgospf::ospf::encode_opaque({});
  ours.insert(ours.end(), bytes.begin(), bytes.end());
  wgospf::fuzz::check(ours);
  return 0;
}
