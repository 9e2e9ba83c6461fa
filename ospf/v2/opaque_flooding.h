#pragma once
// To whom opaque LSAs are flooded (RFC 5250 section 3). How far is said by their type (v2.h): type 9 on the
// link, type 10 in the area, type 11 in the AS, as AS-external-LSAs are, and so not into stub areas and NSSAs
// (area.h).

#include "ospf/lsa.h"

namespace wgospf::ospf::v2 {

/// What a neighbour's database descriptions must say for LSAs of this type to be described or flooded to it,
/// and taken from it: of opaque ones the O-bit.
[[nodiscard]] constexpr Options opaque_capability(LsaType type) {
  return {is_opaque(type) ? Options::kOpaque : std::uint32_t{0}};
}

}  // namespace wgospf::ospf::v2
