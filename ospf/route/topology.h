#pragma once
// What the route calculation reads out of LSAs, whatever the version. Topology<V> is specialised beside each
// version (v2/topology.h): it tells the part an LSA plays and walks its links and prefixes in place, without
// allocating. Bytes given to it have been accepted by the codec.

#include <cstdint>

#include "net/ip.h"
#include "ospf/types.h"

namespace wgospf::ospf {

/// The part of an LSA type in the calculation.
enum class TopologyRole : std::uint8_t {
  none,
  router,        ///< a router vertex with its links, and prefixes at that router
  network,       ///< a transit network's vertex, the routers on it, and its prefix
  inter_prefix,  ///< a prefix of another area, by a border router (v2: type 3)
  inter_router,  ///< an AS boundary router of another area, by a border router (v2: type 4)
  external,      ///< a prefix outside, AS-wide (v2: type 5)
  nssa_external  ///< a prefix outside, said within an NSSA (v2: type 7)
};

/// What identifies a vertex within an area. Routers: the router id. Networks: whatever the version needs.
struct VertexKey {
  std::uint64_t id = 0;
  bool is_network = false;
  bool operator==(const VertexKey&) const = default;
};
[[nodiscard]] constexpr std::uint64_t hash_value(const VertexKey& key) {
  return hash_mix(key.id * 2 + (key.is_network ? 1 : 0));
}
[[nodiscard]] constexpr VertexKey router_vertex(RouterId router) {
  return {router.value, false};
}

/// A link of a router or network vertex to another vertex.
struct TopologyLink {
  VertexKey target;
  std::uint16_t cost = 0;
  std::uint32_t data = 0;      ///< of a router's link: its own address or interface index on it
  bool data_is_index = false;  ///< `data` is an interface index
  bool is_multipoint =
      false;  ///< over a point-to-multipoint interface: all of its links have the same `data`
};

/// Flags of a router vertex, the octet's bits by meaning.
struct RouterFlags {
  bool border = false;       ///< area border router
  bool as_boundary = false;  ///< AS boundary router
  bool translator = false;   ///< of an NSSA, unconditionally: Nt (RFC 3101 appendix B)
  bool operator==(const RouterFlags&) const = default;
};

/// An external prefix as its LSA says it. `metric` kLsInfinity: unreachable.
template <class Address>
struct ExternalPart {
  Prefix<Address> prefix;
  std::uint32_t metric = 0;
  bool type2 = false;
  Address forwarding_address{};  ///< all zero: none
  std::uint32_t tag = 0;
  bool propagate = false;  ///< within an NSSA: the P-bit, to be translated
};
template <class Address>
struct InterAreaPart {
  Prefix<Address> prefix;
  std::uint32_t metric = 0;
};

template <class V>
struct Topology;

}  // namespace wgospf::ospf
