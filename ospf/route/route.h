#pragma once
// What the route calculation gives: next-hop sets, route entries, the published table, and the changes that
// drivers pass on to the kernel.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "ospf/types.h"

namespace wgospf::ospf {

/// RFC 2328 section 11, "Path-type", in order of preference.
enum class PathType : std::uint8_t { intra_area, inter_area, external_1, external_2 };
/// RFC 9129 names: "intra-area", "inter-area", "external-1", "external-2".
[[nodiscard]] std::string_view to_string(PathType type);

/// One way out: a link, and the neighbour's address on it (nullopt where only the link matters).
struct NextHop {
  LinkId link;
  std::optional<IpAddress> gateway;
  RouterId router;  ///< the neighbour this leads to
  constexpr auto operator<=>(const NextHop&) const = default;
};

/// A route as published. Directly attached prefixes have an empty next-hop set (SetId{0}), and so have active address
/// ranges of a border router, which are discarded where nothing else is known (RFC 2328 section 11.1).
template <class V>
struct Route {
  Prefix<typename V::Address> prefix;
  SetId set;
  std::uint32_t metric = 0;        ///< of an external-2 route: the distance to the ASBR or forwarding address
  std::uint32_t type2_metric = 0;  ///< external-2 only: the advertised metric
  PathType path_type = PathType::intra_area;
  AreaId area;            ///< of intra- and inter-area paths
  std::uint32_t tag = 0;  ///< external only
  bool operator==(const Route&) const = default;
  [[nodiscard]] bool is_discard() const { return set == SetId{0} && path_type != PathType::intra_area; }
};

/// The set of prefixes that are directly attached or discarded: no members, never given to the kernel.
inline constexpr SetId kAttachedSet{0};

/// The published table: immutable, in order of prefix.
template <class V>
struct RouteTable {
  Generation generation;
  std::vector<Route<V>> routes;            ///< sorted by prefix
  std::vector<std::vector<NextHop>> sets;  ///< indexed by SetId::value; unused ids are empty
  [[nodiscard]] const std::vector<NextHop>& next_hops(const Route<V>& route) const {
    return sets[route.set.value];
  }
  /// Exact match; nullptr when absent.
  [[nodiscard]] const Route<V>* find(const Prefix<typename V::Address>& prefix) const;
  /// Longest match; nullptr when nothing covers the address.
  [[nodiscard]] const Route<V>* lookup(typename V::Address address) const;
};

template <class V>
const Route<V>* RouteTable<V>::find(const Prefix<typename V::Address>& prefix) const {
  const auto at = std::lower_bound(routes.begin(), routes.end(), prefix,
                                   [](const Route<V>& route, const auto& key) { return route.prefix < key; });
  return at == routes.end() || at->prefix != prefix ? nullptr : &*at;
}

template <class V>
const Route<V>* RouteTable<V>::lookup(typename V::Address address) const {
  for (unsigned length = V::Address::kBits + 1u; length-- > 0;) {
    const auto prefix = Prefix<typename V::Address>::make(address, static_cast<std::uint8_t>(length));
    if (const Route<V>* route = find(prefix)) return route;
  }
  return nullptr;
}

/// Members of a set changed (or the set is new). Prefixes that use it follow without a change of their own.
struct SetChanged {
  SetId set;
  std::vector<NextHop> members;
};
/// No prefix uses the set any longer; the id may be given out again later.
struct SetGone {
  SetId set;
};
template <class V>
struct PrefixChanged {
  Route<V> route;
};
template <class V>
struct PrefixGone {
  Prefix<typename V::Address> prefix;
};

/// One step from the former table to that of `generation`. In order within a generation: sets changed,
/// prefixes changed and gone, sets gone. Directly attached prefixes appear too (set kAttachedSet): not for
/// the kernel.
template <class V>
struct RouteChange {
  Generation generation;
  std::variant<SetChanged, SetGone, PrefixChanged<V>, PrefixGone<V>> change;
};

}  // namespace wgospf::ospf
