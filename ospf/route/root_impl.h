#pragma once
// The root's links come in: they are the edges out of it, and what they advertise is attached to it. One link
// costs what is on it, however many there are; what the links of a device share they hold once.

#include <set>
#include <utility>
#include <vector>

#include "ospf/route/calculator_state.h"

namespace wgospf::ospf {

template <class V>
void RouteCalculator<V>::Impl::set_root(RouterId router, std::vector<RootLink> new_links) {
  if (router != root) become_root(router);
  std::set<LinkId> wanted;
  for (const RootLink& link : new_links) wanted.insert(link.link);
  for (const LinkId id : links_where([&](const RootLink& link) { return !wanted.contains(link.link); }))
    remove_link(id);
  for (RootLink& link : new_links) set_link(std::move(link));
}

template <class V>
void RouteCalculator<V>::Impl::become_root(RouterId router) {
  for (const auto& [id, link] : links.all()) remove_own(link);
  root = router;
  everything_is_dirty = true;
  areas.set_root(router);
  areas.for_each([this](RoutingArea& area) { mark_dirty(area); });
  boundaries.set_root(router);
  for (const auto& [id, link] : links.all()) add_own(link);
}

template <class V>
void RouteCalculator<V>::Impl::set_link(RootLink link) {
  (void)make_area(link.area);
  const RootLink* known = links.find(link.link);
  if (known != nullptr && *known == link) return;
  add_own(link);  // before what is the same is taken away
  note_link_change(link);
  if (const auto former = links.put(std::move(link))) {
    note_link_change(*former);
    remove_own(*former);
  }
  check_border_router();
}

template <class V>
void RouteCalculator<V>::Impl::remove_link(LinkId id) {
  const auto former = links.remove(id);
  if (!former) return;
  note_link_change(*former);
  remove_own(*former);
  check_border_router();
}

template <class V>
void RouteCalculator<V>::Impl::forget_links(AreaId area) {
  for (const LinkId id : links_where([area](const RootLink& link) { return link.area == area; }))
    remove_link(id);
}

/// An area calculates with its own links; their addresses and subnets matter to forwarding addresses on these,
/// whatever the area.
template <class V>
void RouteCalculator<V>::Impl::note_link_change(const RootLink& link) {
  if (link.kind != RootLink::Kind::stub) mark_dirty(areas[areas.find(link.area)]);
  if (!link.device || forwardings.empty()) return;
  for (const auto& own : link.device->addresses) forwardings.mark_subnet_dirty(own.subnet);
}

template <class V>
void RouteCalculator<V>::Impl::check_border_router() {
  const bool is_border = links.are_of_a_border_router();
  const bool only_backbone = is_border && links.are_adjacent_in_backbone();
  if (is_border == areas.is_border_router && only_backbone == areas.only_backbone_summaries) return;
  if (std::exchange(areas.is_border_router, is_border) != is_border) news.start_anew();
  areas.only_backbone_summaries = only_backbone;
  everything_is_dirty = has_event = true;
}

// ---- What is attached ----

/// `visit` the area, prefix and cost of each stub that the link has.
template <class Address, class Visit>
void for_each_stub(const RootLink& link, Visit&& visit) {
  using Prefixes = RootLink::Prefixes;
  if (link.prefixes == Prefixes::none) return;
  const bool borrows = link.is_multipoint && (!link.device || link.device->addresses.empty());
  if (borrows && link.is_source_advertised)
    visit({link.area, Prefix<Address>::host(as<Address>(*link.source)), std::uint32_t{0}});
  if (!link.device) return;
  const bool is_host = link.prefixes == Prefixes::hosts;
  for (const auto& own : link.device->addresses) {
    const auto* subnet = std::get_if<Prefix<Address>>(&own.subnet);
    if (!own.is_advertised || subnet == nullptr) continue;
    visit({link.area, is_host ? Prefix<Address>::host(as<Address>(own.address)) : *subnet,
           is_host ? std::uint32_t{0} : link.cost});
  }
}

template <class V>
void RouteCalculator<V>::Impl::add_own(const RootLink& link) {
  for_each_stub<Address>(link, [this](const OwnStubKey& key) { add_own_stub(key); });
}

template <class V>
void RouteCalculator<V>::Impl::remove_own(const RootLink& link) {
  for_each_stub<Address>(link, [this](const OwnStubKey& key) { remove_own_stub(key); });
}

template <class V>
void RouteCalculator<V>::Impl::add_own_stub(const OwnStubKey& key) {
  OwnStub& stub = own_stubs[key];
  if (stub.links++ > 0) return;
  const auto& [area, prefix, cost] = key;
  Offer offer;
  offer.kind = OfferKind::stub;
  offer.area = areas.find(area);
  offer.source = areas[offer.area].root;
  offer.metric = cost & kLsInfinity;
  offer.id = LinkStateId{root.value};
  stub.offer = prefixes.add(prefix, offer);
  note_internal_change(prefixes.offer(stub.offer).prefix);
}

template <class V>
void RouteCalculator<V>::Impl::remove_own_stub(const OwnStubKey& key) {
  const auto at = own_stubs.find(key);
  if (--at->second.links > 0) return;
  note_internal_change(prefixes.offer(at->second.offer).prefix);
  prefixes.remove(at->second.offer);
  own_stubs.erase(at);
}

/// The root itself came to be reached in the area.
template <class V>
void RouteCalculator<V>::Impl::mark_own_stubs_dirty(AreaId area) {
  for (auto at = own_stubs.lower_bound({area, {}, 0}); at != own_stubs.end(); ++at) {
    if (std::get<AreaId>(at->first) != area) return;
    prefixes.mark_dirty(prefixes.offer(at->second.offer).prefix);
  }
}

}  // namespace wgospf::ospf
