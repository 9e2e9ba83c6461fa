#pragma once
// The equal-cost paths to a prefix, hop by hop, for people; and whose word they are.

#include <algorithm>

#include "ospf/route/calculator_state.h"
#include "ospf/route/path_walk.h"

namespace wgospf::ospf {

/// Collects the paths to a prefix over each of its offers that is as good as the best.
template <class V>
class PathCollector {
 public:
  using Impl = typename RouteCalculator<V>::Impl;
  using Entry = PrefixEntry<typename V::Address>;

  PathCollector(Impl& impl, std::size_t limit) : impl_(impl), limit_(limit) {}

  [[nodiscard]] std::vector<PrefixPath> collect(const Entry& entry) {
    const Path best = impl_.best(entry);
    used_ = impl_.links.one_of_each_interface(best.list);
    is_all_used_ = used_ == best.list;
    for (const std::uint32_t slot : offers(entry)) {
      const Offer& offer = impl_.prefixes.offer(slot);
      if (!is_as_good(entry, offer, best)) continue;
      PrefixPath path;
      path.metric = best.cost;
      path.path_type = best.type;
      path.advertised_by = key(offer);
      path.advertised_cost = offer.metric;
      offer.is_external() ? external(offer, path) : to_vertex(offer.area, offer.source, path);
    }
    return std::move(paths_);
  }

  [[nodiscard]] std::vector<PrefixOrigin> origins(const Entry& entry) const {
    std::vector<PrefixOrigin> found;
    const Path best = impl_.best(entry);
    for (const std::uint32_t slot : offers(entry)) {
      const Offer& offer = impl_.prefixes.offer(slot);
      if (is_as_good(entry, offer, best)) found.push_back({key(offer), offer.metric});
    }
    return found;
  }

 private:
  [[nodiscard]] bool is_as_good(const Entry& entry, const Offer& offer, const Path& best) const {
    if (offer.kind == OfferKind::discard || !impl_.counts(entry, offer)) return false;
    const Path path = impl_.path_over(offer);
    return path.exists() && rank(path) == rank(best) && !loses_as_network(path, best);
  }
  /// In order of their LSAs, whatever the order they came in.
  [[nodiscard]] std::vector<std::uint32_t> offers(const Entry& entry) const {
    std::vector<std::uint32_t> slots;
    for (std::uint32_t slot = entry.first; slot != kNoSlot; slot = impl_.prefixes.offer(slot).next)
      slots.push_back(slot);
    std::sort(slots.begin(), slots.end(), [this](std::uint32_t a, std::uint32_t b) {
      return key(impl_.prefixes.offer(a)) < key(impl_.prefixes.offer(b));
    });
    return slots;
  }
  [[nodiscard]] LsaKey key(const Offer& offer) const {
    static constexpr TopologyRole roles[] = {
        TopologyRole::none,          TopologyRole::router,        TopologyRole::network,
        TopologyRole::inter_prefix,  TopologyRole::none,          TopologyRole::external,
        TopologyRole::external,      TopologyRole::nssa_external, TopologyRole::nssa_external,
        TopologyRole::nssa_external, TopologyRole::nssa_external};
    return {Topology<V>::type(roles[static_cast<std::size_t>(offer.kind)]), offer.id,
            impl_.advertiser(offer)};
  }
  /// Of the next hops over one point-to-multipoint interface one is used.
  [[nodiscard]] bool is_used(const PathHop& first) const {
    if (is_all_used_) return true;
    const auto next_hops = impl_.next_hops.of(impl_.lists, used_);
    return std::any_of(next_hops.begin(), next_hops.end(),
                       [&first](const NextHop& hop) { return first.link == hop.link; });
  }
  [[nodiscard]] std::size_t left() const { return limit_ - std::min(limit_, paths_.size()); }

  /// Paths to a vertex in an area; `path` is complete but for the hops.
  void to_vertex(std::uint32_t number, VertexId vertex, const PrefixPath& path) {
    const RoutingArea& area = impl_.areas[number];
    const PathWalk walk(impl_.root, area, impl_.lists, impl_.next_hops);
    walk.walk(vertex, left(), [&](std::vector<PathHop> hops) {
      const RouterId last = area.graph[vertex].router;
      if (!hops.empty() && !is_used(hops.front())) return;
      if (hops.empty() || hops.back().router != last) hops.push_back({last, 0, std::nullopt});
      paths_.push_back(path);
      paths_.back().hops = std::move(hops);
    });
  }
  void external(const Offer& offer, const PrefixPath& path) {
    const auto& boundary = impl_.boundaries[offer.source];
    if (offer.forwarding == kNoSlot) return to_boundary(boundary, path);
    const auto& forwarding = impl_.forwardings[offer.forwarding];
    if (!forwarding.way.is_attached)
      return to_forwarding(as<typename V::Address>(forwarding.address), forwarding.scope, path);
    if (forwarding.way.list == kEmptyList) return to_boundary(boundary, path);
    // The forwarding address is a neighbour on a link of ours.
    for (const NextHop& next_hop : impl_.next_hops.of(impl_.lists, forwarding.way.list)) {
      if (left() == 0) return;
      paths_.push_back(path);
      paths_.back().hops = {{impl_.root, forwarding.way.cost, next_hop.link}};
    }
  }
  void to_boundary(const BoundaryRouters::Record& boundary, const PrefixPath& path) {
    const std::uint32_t number = impl_.areas.find(boundary.way.area);
    if (number == kNoSlot) return;
    if (boundary.way.type == PathType::intra_area)
      return to_vertex(number, impl_.areas[number].graph.find(router_vertex(boundary.router)), path);
    for (const auto& summary : boundary.summaries) {
      if (summary.area != number) continue;
      const VertexState state = border_router_state(impl_.areas, number, summary.border_router);
      if (state.distance != kUnreachable && state.distance + summary.metric == boundary.way.cost)
        to_vertex(number, summary.border_router, path);
    }
  }
  /// To whoever says the longest prefix that covers the address.
  void to_forwarding(const typename V::Address& address, std::uint32_t scope, const PrefixPath& path) {
    for (unsigned length = V::Address::kBits + 1u; length-- > 0;) {
      const auto prefix = Prefix<typename V::Address>::make(address, static_cast<std::uint8_t>(length));
      const std::uint32_t slot = impl_.prefixes.find(prefix);
      if (slot == kNoSlot) continue;
      const Path best = impl_.best_internal(impl_.prefixes[slot], scope);
      if (!best.exists()) continue;
      for (const std::uint32_t other : offers(impl_.prefixes[slot])) {
        const Offer& offer = impl_.prefixes.offer(other);
        if (!offer.is_external() && is_as_good(impl_.prefixes[slot], offer, best))
          to_vertex(offer.area, offer.source, path);
      }
      return;
    }
  }

  Impl& impl_;
  std::size_t limit_;
  ListId used_ = kEmptyList;  ///< the next hops of the route
  bool is_all_used_ = true;
  std::vector<PrefixPath> paths_;
};

template <class V>
std::vector<PrefixPath> RouteCalculator<V>::Impl::paths(const AddressPrefix& prefix, std::size_t limit) {
  const std::uint32_t slot = prefixes.find(prefix);
  if (slot == kNoSlot) return {};
  return PathCollector<V>(*this, limit).collect(prefixes[slot]);
}

template <class V>
std::vector<PrefixOrigin> RouteCalculator<V>::Impl::origins(const AddressPrefix& prefix) {
  const std::uint32_t slot = prefixes.find(prefix);
  if (slot == kNoSlot) return {};
  return PathCollector<V>(*this, 0).origins(prefixes[slot]);
}

}  // namespace wgospf::ospf
