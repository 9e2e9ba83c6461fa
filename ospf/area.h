#pragma once
// An area as its router has it (RFC 2328 sections 3.6, 6 and C.2, RFC 3101 section 2): what it is configured
// to be, what follows from that for hellos and LSAs, and which database its LSAs are in. What LSAs of the AS
// scope may go into an area is the same in every version: it depends on the scope alone (RFC 2328 section
// 3.6, RFC 5250 section 3.1, RFC 5340 section 2.10).

#include <cstdint>

#include "ospf/config.h"
#include "ospf/lsa.h"

namespace wgospf::ospf {

[[nodiscard]] IpPrefix default_route(Family family);
/// Is all of `prefix` in the range?
[[nodiscard]] bool covers(const IpPrefix& range, const IpPrefix& prefix);

struct Area {
  AreaConfig config;
  std::uint32_t domain = 0;      ///< of the LSAs of area scope (Core::domains)
  bool router_lsa_full = false;  ///< and told

  [[nodiscard]] AreaId id() const { return config.id; }
  /// ExternalRoutingCapability (RFC 2328 C.2): LSAs of AS scope are flooded into the area, and described
  /// there.
  [[nodiscard]] bool takes_as_scope() const { return config.type == AreaType::normal; }
  /// May an LSA of this type be in the area? What its router cannot know (an unknown type) may.
  [[nodiscard]] bool takes(LsaType type) const {
    if (type == LsaType::nssa_external) return config.type == AreaType::nssa;
    if (type == LsaType::summary_asbr) return takes_as_scope();  // of no use without AS-external-LSAs (D48)
    return takes_as_scope() || scope_of(type) != FloodingScope::as;
  }
  /// E and N, as hellos say them (RFC 2328 section 10.5, RFC 3101 section 2.1): both ends of a link have to
  /// agree.
  [[nodiscard]] Options capability() const;
  /// The range that a prefix of the area is in: the longest one (RFC 2328 section 12.4.3); nullptr when it is
  /// in none.
  [[nodiscard]] const AreaRange* range_of(const IpPrefix& prefix) const;
  /// The same of type 7 ranges (RFC 3101 section 2.2).
  [[nodiscard]] const NssaRange* nssa_range_of(const IpPrefix& prefix) const;
};

/// The bits of hellos that speak of the area.
inline constexpr std::uint32_t kAreaCapabilities = Options::kExternal | Options::kNssa;

}  // namespace wgospf::ospf
