#include "ospf/lsa.h"

#include "ospf/checksum.h"

namespace wgospf::ospf {

Lsa with(const Lsa& lsa, std::uint16_t age, std::int32_t sequence_number) {
  const std::span<const std::byte> old = lsa.bytes();
  std::vector<std::byte> bytes(old.begin(), old.end());
  store_u16(bytes.data(), age);
  // The same instance keeps its checksum to the bit: of the two ways to write a check byte that is zero mod
  // 255 the originator may have chosen the other one, and section 13.1 compares the field as it stands.
  if (sequence_number != lsa.sequence_number()) {
    store_u32(bytes.data() + 12, std::bit_cast<std::uint32_t>(sequence_number));
    store_u16(bytes.data() + 16, lsa_checksum(bytes));
  }
  return Lsa::copy(bytes);
}

bool same_contents(const Lsa& a, const Lsa& b) {
  if (!a || !b) return false;
  const auto type_and_options = [](const Lsa& lsa) { return load_u16(lsa.bytes().data() + 2); };
  return a.length() == b.length() && type_and_options(a) == type_and_options(b) &&
         std::equal(a.body().begin(), a.body().end(), b.body().begin());
}

std::string_view to_string(LsaType type) {
  switch (type) {
    case LsaType::router:
      return "router";
    case LsaType::network:
      return "network";
    case LsaType::summary_network:
      return "summary-network";
    case LsaType::summary_asbr:
      return "summary-asbr";
    case LsaType::as_external:
      return "as-external";
    case LsaType::nssa_external:
      return "nssa-external";
    case LsaType::opaque_link:
      return "opaque-link";
    case LsaType::opaque_area:
      return "opaque-area";
    case LsaType::opaque_as:
      return "opaque-as";
    default:
      return "unknown";
  }
}

}  // namespace wgospf::ospf
