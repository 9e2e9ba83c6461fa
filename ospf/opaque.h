#pragma once
// Opaque LSAs (RFC 5250) as the driver names them: those that it wants to be originated, and those of others that
// it is told of. What is in them is the application's.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ospf/lsa.h"
#include "ospf/types.h"

namespace wgospf::ospf {

/// Which opaque LSA of a router: where it is flooded, and its Link State ID in two parts (appendix A.2).
struct OpaqueName {
  FloodingScope scope = FloodingScope::area;  ///< link: type 9; area: type 10; as: type 11
  AreaId area;                                ///< of area scope
  LinkId link;                                ///< of link scope
  std::uint8_t type = 0;                      ///< the opaque type; 128 to 255 are for private use
  std::uint32_t id = 0;                       ///< the opaque id, 24 bits
  constexpr auto operator<=>(const OpaqueName&) const = default;
};
inline constexpr std::uint32_t kOpaqueIdMost = 0xffffff;

/// One of our own as it is wanted. `body` is what follows the LSA header, at most what a packet has room for.
struct OpaqueContents {
  OpaqueName name;
  std::vector<std::byte> body;
  bool operator==(const OpaqueContents&) const = default;
};

[[nodiscard]] constexpr LsaType opaque_lsa_type(FloodingScope scope) {
  if (scope == FloodingScope::link) return LsaType::opaque_link;
  return scope == FloodingScope::area ? LsaType::opaque_area : LsaType::opaque_as;
}
[[nodiscard]] constexpr LsaKey opaque_key(const OpaqueName& name, RouterId router) {
  return {opaque_lsa_type(name.scope), LinkStateId{(std::uint32_t{name.type} << 24) | name.id}, router};
}
[[nodiscard]] constexpr std::uint8_t opaque_type(const LsaKey& key) {
  return static_cast<std::uint8_t>(key.id.value >> 24);
}
[[nodiscard]] constexpr std::uint32_t opaque_id(const LsaKey& key) {
  return key.id.value & kOpaqueIdMost;
}

}  // namespace wgospf::ospf
