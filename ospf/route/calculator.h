#pragma once
// The route calculation (RFC 2328 section 16), incremental: a compact graph for each area kept up to date as
// LSAs are installed, Dijkstra with equal-cost paths over it, what LSAs offer indexed by prefix, and the
// difference to the former table as sets and members. A change that touches only prefixes never runs
// Dijkstra.
//
// It is pure: no clock, no randomness, no I/O. The caller feeds it every LSA installed in or removed from the
// database and the facts about this router's own links, and calls calculate() when the SPF schedule says so.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "ospf/footprint.h"
#include "ospf/lsa.h"
#include "ospf/route/route.h"
#include "ospf/types.h"

namespace wgospf::ospf {

/// A Full neighbour on a link of the root.
template <class V>
struct RootNeighbor {
  RouterId router_id;
  std::optional<typename V::Address> address;  ///< nullopt: unknown or unnumbered, only the link matters
  /// v3 and unnumbered v2: the neighbour's interface index, when known.
  std::optional<InterfaceIndex> interface_index;
  bool operator==(const RootNeighbor&) const = default;
};

/// A link of the root, as a fact: interface and adjacency state, never read back from its own router-LSA.
template <class V>
struct RootLink {
  enum class Kind : std::uint8_t {
    point_to_point,  ///< `neighbors`: the Full ones
    transit,         ///< broadcast with a DR that this router is Full with, or that it is itself
    stub,            ///< no adjacency: prefixes only
  };
  LinkId link;
  AreaId area;
  Kind kind = Kind::stub;
  std::uint16_t cost = 1;
  std::vector<RootNeighbor<V>> neighbors;  ///< on transit links: all at least 2-Way
  /// Transit: the vertex of the network (v2: the DR's interface address as Link State ID; v3 also its router
  /// id).
  LinkStateId network_id;
  RouterId designated_router;
  /// Subnets on the link, so that a forwarding address on one of them is reached directly (RFC 2328 section
  /// 16.4). Where they are missing, packets for it go to the AS boundary router.
  std::vector<Prefix<typename V::Address>> subnets;
  /// Addresses of our own on the link: an external whose forwarding address is one of them is no route.
  std::vector<typename V::Address> addresses;
  bool operator==(const RootLink&) const = default;
};

/// A path to one prefix, hop by hop, for people (`show path`).
template <class V>
struct PathHop {
  RouterId router;
  std::uint32_t cost = 0;       ///< of the link out of `router` towards the next hop
  std::optional<LinkId> link;   ///< the root's own link (first hop only)
  std::uint32_t link_data = 0;  ///< elsewhere: the address or ifIndex in that router's LSA
  bool link_data_is_index = false;
  bool via_network = false;  ///< the link is a transit network
};
template <class V>
struct PrefixPath {
  /// Root first; the last entry is the advertising router (no link). Of a transit network whose designated
  /// router is already there, that one is last, with its link to the network.
  std::vector<PathHop<V>> hops;
  std::uint32_t metric = 0;  ///< total
  PathType path_type = PathType::intra_area;
  LsaKey advertised_by;               ///< the LSA that says the prefix
  std::uint32_t advertised_cost = 0;  ///< the cost within that LSA
};

/// An entry of the routers' table (RFC 2328 section 16: border routers), for display and tests.
template <class V>
struct RouterRoute {
  RouterId router;
  AreaId area;
  std::uint32_t cost = 0;
  PathType path_type = PathType::intra_area;
  bool border_router = false, as_boundary_router = false;
  std::vector<NextHop<V>> next_hops;
};

struct CalculationResult {
  enum class Kind : std::uint8_t { nothing, prefixes_only, full };
  Kind kind = Kind::nothing;
  Generation generation;  ///< of the table after it
  std::uint32_t vertices_reached = 0;
  std::uint32_t prefixes_examined = 0;
};

template <class V>
class RouteCalculator {
 public:
  explicit RouteCalculator(RouterId root);
  ~RouteCalculator();
  RouteCalculator(RouteCalculator&&) noexcept;
  RouteCalculator& operator=(RouteCalculator&&) noexcept;

  /// A new instance of an LSA is in the database. MaxAge instances are reported as removed. Types without
  /// part in routing are ignored. Cost: proportional to the LSA.
  void lsa_installed(AreaId area, const Lsa& lsa);
  void lsa_removed(AreaId area, const LsaKey& key);
  void area_removed(AreaId area);
  /// All links of the root in all areas; only differences count as a change.
  void set_root(RouterId router_id, std::vector<RootLink<V>> links);

  enum class Pending : std::uint8_t { nothing, prefixes_only, full };
  [[nodiscard]] Pending pending() const;
  /// Did anything that makes a full calculation necessary come since the last call? True also while one is
  /// pending already: an IGP event of RFC 8405.
  [[nodiscard]] bool take_event();
  /// Bring the table up to date; appends the difference to `changes`. Does nothing when nothing is pending.
  CalculationResult calculate(std::vector<RouteChange<V>>& changes);

  /// The table as an immutable value; built on demand when it changed since the last call.
  [[nodiscard]] std::shared_ptr<const RouteTable<V>> table() const;
  /// Its generation and the number of its routes, which cost nothing.
  [[nodiscard]] Generation generation() const;
  [[nodiscard]] std::size_t route_count() const;
  /// Prefixes that others advertise and that get no route, because no router may forward to them.
  [[nodiscard]] const std::set<Prefix<typename V::Address>>& martians() const;
  /// Up to `limit` equal-cost paths to exactly `prefix`, in stable order, as of the last calculation.
  [[nodiscard]] std::vector<PrefixPath<V>> paths(const Prefix<typename V::Address>& prefix,
                                                 std::size_t limit) const;
  [[nodiscard]] std::vector<RouterRoute<V>> router_routes() const;
  /// Was there a bidirectional path to this router in the area at the last calculation?
  [[nodiscard]] bool reachable(AreaId area, RouterId router) const;
  /// Bytes of heap memory held for prefixes and external LSAs (not the graph, not published tables).
  [[nodiscard]] std::size_t prefix_memory() const;
  void measure(Footprint& footprint) const;

  struct Impl;  ///< calculator_state.h

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace wgospf::ospf
