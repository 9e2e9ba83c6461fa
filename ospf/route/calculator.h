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
#include <vector>

#include "ospf/lsa.h"
#include "ospf/route/calculation.h"
#include "ospf/route/route.h"
#include "ospf/route/shown.h"
#include "ospf/types.h"

namespace wgospf::ospf {

template <class V>
class RouteCalculator final : public RouteCalculation {
 public:
  explicit RouteCalculator(RouterId root);
  ~RouteCalculator() override;
  RouteCalculator(RouteCalculator&&) noexcept;
  RouteCalculator& operator=(RouteCalculator&&) noexcept;

  void lsa_installed(AreaId area, const Lsa& lsa) override;
  void lsa_removed(AreaId area, const LsaKey& key) override;
  void area_removed(AreaId area) override;
  void set_link(RootLink link) override;
  void remove_link(LinkId link) override;
  /// The root and all of its links in all areas.
  void set_root(RouterId router_id, std::vector<RootLink> links);
  void set_area_type(AreaId area, AreaType type) override;
  void set_rfc1583_compatibility(bool is_compatible) override;
  void set_discards(std::set<IpPrefix> ranges) override;
  [[nodiscard]] bool is_border_router() const override;
  [[nodiscard]] News take_news() override;
  [[nodiscard]] bool has_news() const override;
  [[nodiscard]] std::vector<BoundaryRoute> boundary_routes() const override;
  [[nodiscard]] std::vector<NssaBorderRouter> nssa_border_routers(AreaId area) const override;
  [[nodiscard]] Pending pending() const override;
  [[nodiscard]] bool take_event() override;
  /// The changes wait for take_change().
  Outcome calculate() override;
  /// Appends them to `changes` instead.
  CalculationResult calculate(std::vector<RouteChange<V>>& changes);
  /// The next of the changes that wait; there must be one.
  [[nodiscard]] RouteChange<V> take_change();

  /// The table as an immutable value; built on demand when it changed since the last call.
  [[nodiscard]] std::shared_ptr<const RouteTable<V>> table() const;
  /// Its generation and the number of its routes cost nothing.
  [[nodiscard]] Generation generation() const override;
  [[nodiscard]] std::size_t route_count() const override;
  /// Prefixes that others advertise and that get no route, because no router may forward to them.
  [[nodiscard]] const std::set<Prefix<typename V::Address>>& martians() const;
  /// Up to `limit` equal-cost paths to exactly `prefix`, in stable order, as of the last calculation.
  [[nodiscard]] std::vector<PrefixPath> paths(const Prefix<typename V::Address>& prefix,
                                              std::size_t limit) const;
  /// Whose word the route to exactly `prefix` is, in order of their LSAs, as of the last calculation. Cost: the LSAs that
  /// say the prefix.
  [[nodiscard]] std::vector<PrefixOrigin> origins(const Prefix<typename V::Address>& prefix) const;
  [[nodiscard]] std::vector<RouterRoute> router_routes() const;
  [[nodiscard]] bool reachable(AreaId area, RouterId router) const override;
  [[nodiscard]] bool reaches_boundary_router(RouterId router) const override;
  /// Bytes of heap memory held for prefixes and external LSAs (not the graph, not published tables).
  [[nodiscard]] std::size_t prefix_memory() const;
  void measure(Footprint& footprint) const override;

  struct Impl;  ///< calculator_state.h

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace wgospf::ospf
