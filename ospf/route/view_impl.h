#pragma once
// Tables out of the calculation's state, and the public face.

#include <algorithm>
#include <limits>

#include "ospf/route/calculator_state.h"
#include "ospf/route/router_routes.h"

namespace wgospf::ospf {

template <class V>
Route<V> RouteCalculator<V>::Impl::route_of(const Entry& entry) const {
  return {entry.prefix(),  SetId{entry.set}, entry.metric, entry.type2_metric,
          entry.path_type, entry.area,       entry.tag};
}

template <class V>
std::shared_ptr<const RouteTable<V>> RouteCalculator<V>::Impl::build_table() const {
  auto built = std::make_shared<RouteTable<V>>();
  built->generation = generation;
  built->sets.resize(sets.end());
  for (std::uint32_t set = 1; set < sets.end(); ++set)
    if (sets.in_use(set)) built->sets[set] = next_hops.of(lists, sets.target(set));
  // The order of prefixes outlives a change of routes; it is made anew only when a prefix came or went.
  if (table_order.empty()) {
    for (std::uint32_t slot = 0; slot < prefixes.entry_end(); ++slot)
      if (prefixes[slot].has_route()) table_order.push_back(slot);
    std::sort(table_order.begin(), table_order.end(), [this](std::uint32_t a, std::uint32_t b) {
      return prefixes[a].prefix() < prefixes[b].prefix();
    });
  }
  built->routes.reserve(table_order.size());
  for (const std::uint32_t slot : table_order) built->routes.push_back(route_of(prefixes[slot]));
  return built;
}

// ---- The public face ----

template <class V>
void RouteCalculator<V>::Impl::measure(Footprint& footprint) const {
  areas.measure(footprint);
  for (const auto& lsas : vertex_lsas) lsas.measure(footprint);
  links.measure(footprint);
  footprint.held("calculation.own-stubs", own_stubs.size());
  prefixes.measure(footprint);
  boundaries.measure(footprint);
  forwardings.measure(footprint);
  lists.measure(footprint);
  next_hops.measure(footprint);
  sets.measure(footprint);
  footprint.held("outputs.routes", changes.size());
  footprint.held("calculation.work", work.size());
  footprint.held("calculation.martians", martians.size());
  footprint.held("calculation.discards", discards.size());
  footprint.held("calculation.area-types", area_types.size());
  footprint.held("calculation.news", news.routes.size());
}

template <class V>
RouteCalculator<V>::RouteCalculator(RouterId root) : impl_(std::make_unique<Impl>(root)) {}
template <class V>
RouteCalculator<V>::~RouteCalculator() = default;
template <class V>
RouteCalculator<V>::RouteCalculator(RouteCalculator&&) noexcept = default;
template <class V>
RouteCalculator<V>& RouteCalculator<V>::operator=(RouteCalculator&&) noexcept = default;

template <class V>
void RouteCalculator<V>::lsa_installed(AreaId area, const Lsa& lsa) {
  impl_->installed(area, lsa);
}
template <class V>
void RouteCalculator<V>::lsa_removed(AreaId area, const LsaKey& key) {
  impl_->removed(area, key);
}
template <class V>
void RouteCalculator<V>::area_removed(AreaId area) {
  impl_->remove_area(area);
}
template <class V>
void RouteCalculator<V>::set_link(RootLink link) {
  impl_->set_link(std::move(link));
}
template <class V>
void RouteCalculator<V>::remove_link(LinkId link) {
  impl_->remove_link(link);
}
template <class V>
void RouteCalculator<V>::set_root(RouterId router_id, std::vector<RootLink> links) {
  impl_->set_root(router_id, std::move(links));
}
template <class V>
void RouteCalculator<V>::set_area_type(AreaId area, AreaType type) {
  impl_->set_area_type(area, type);
}
template <class V>
void RouteCalculator<V>::set_rfc1583_compatibility(bool is_compatible) {
  if (std::exchange(impl_->areas.rfc1583_compatibility, is_compatible) != is_compatible)
    impl_->everything_is_dirty = impl_->has_event = true;
}
template <class V>
void RouteCalculator<V>::set_discards(std::set<IpPrefix> ranges) {
  impl_->set_discards(ranges);
}
template <class V>
bool RouteCalculator<V>::is_border_router() const {
  return impl_->areas.is_border_router;
}
template <class V>
auto RouteCalculator<V>::take_news() -> News {
  return std::exchange(impl_->news, {});
}
template <class V>
bool RouteCalculator<V>::has_news() const {
  return !impl_->news.empty();
}
template <class V>
std::vector<BoundaryRoute> RouteCalculator<V>::boundary_routes() const {
  return impl_->boundary_routes();
}
template <class V>
std::vector<NssaBorderRouter> RouteCalculator<V>::nssa_border_routers(AreaId area) const {
  return impl_->nssa_border_routers(area);
}
template <class V>
auto RouteCalculator<V>::pending() const -> Pending {
  return impl_->pending();
}
template <class V>
bool RouteCalculator<V>::take_event() {
  return std::exchange(impl_->has_event, false);
}
template <class V>
auto RouteCalculator<V>::calculate() -> Outcome {
  std::vector<RouteChange<V>> changes;
  const CalculationResult result = impl_->calculate(changes);
  for (auto& change : changes) impl_->changes.push_back(std::move(change));
  return {result, changes.size()};
}
template <class V>
RouteChange<V> RouteCalculator<V>::take_change() {
  RouteChange<V> next = std::move(impl_->changes.front());
  impl_->changes.pop_front();
  return next;
}
template <class V>
CalculationResult RouteCalculator<V>::calculate(std::vector<RouteChange<V>>& changes) {
  return impl_->calculate(changes);
}
template <class V>
std::shared_ptr<const RouteTable<V>> RouteCalculator<V>::table() const {
  if (!impl_->table) impl_->table = impl_->build_table();
  return impl_->table;
}
template <class V>
Generation RouteCalculator<V>::generation() const {
  return impl_->generation;
}
template <class V>
std::size_t RouteCalculator<V>::route_count() const {
  return impl_->route_count;
}
template <class V>
const std::set<Prefix<typename V::Address>>& RouteCalculator<V>::martians() const {
  return impl_->martians;
}
template <class V>
std::vector<PrefixPath> RouteCalculator<V>::paths(const Prefix<typename V::Address>& prefix,
                                                  std::size_t limit) const {
  return impl_->paths(prefix, limit);
}
template <class V>
std::vector<PrefixOrigin> RouteCalculator<V>::origins(const Prefix<typename V::Address>& prefix) const {
  return impl_->origins(prefix);
}
template <class V>
std::vector<RouterRoute> RouteCalculator<V>::router_routes() const {
  return ospf::router_routes(impl_->root, impl_->areas, impl_->boundaries, impl_->lists, impl_->next_hops);
}
template <class V>
bool RouteCalculator<V>::reachable(AreaId area, RouterId router) const {
  const std::uint32_t number = impl_->areas.find(area);
  if (number == kNoSlot) return false;
  const VertexId vertex = impl_->areas[number].graph.find(router_vertex(router));
  return vertex != kNoSlot && impl_->areas[number].paths[vertex].distance != kUnreachable;
}
template <class V>
bool RouteCalculator<V>::reaches_boundary_router(RouterId router) const {
  return impl_->boundaries.reaches(router);
}
template <class V>
void RouteCalculator<V>::measure(Footprint& footprint) const {
  impl_->measure(footprint);
}
template <class V>
std::size_t RouteCalculator<V>::prefix_memory() const {
  return impl_->prefixes.memory();
}

}  // namespace wgospf::ospf
