#pragma once
// AS-external-LSAs come in (RFC 2328 section 16.4), and what is external within an NSSA (RFC 3101 section 2.5);
// and the ways to their forwarding addresses (step 3 of both).

#include "ospf/route/calculator_state.h"

namespace wgospf::ospf {

template <class Address>
[[nodiscard]] OfferKind external_kind(std::uint32_t scope, const ExternalPart<Address>& part) {
  if (scope == kAsScope) return part.type2 ? OfferKind::external_2 : OfferKind::external_1;
  if (part.propagate) return part.type2 ? OfferKind::nssa_2 : OfferKind::nssa_1;
  return part.type2 ? OfferKind::nssa_2_local : OfferKind::nssa_1_local;
}

// `scope`: of the LSA's flooding.
template <class V>
void RouteCalculator<V>::Impl::set_external(std::uint32_t scope, const LsaKey& key, const Lsa* lsa) {
  const std::uint32_t known = find_lsa(LsaOf::external, scope, key);
  const auto part = lsa == nullptr ? std::nullopt : Topology<V>::read_external(*lsa);
  if (known != kNoSlot) {
    if (part && prefixes[prefixes.offer(known).prefix].prefix() == part->prefix)
      return update_external(known, *part);
    remove_offer(known);
  }
  if (!part) return;
  Offer offer;
  offer.kind = external_kind(scope, *part);
  offer.source = boundaries.acquire(scope, key.advertising_router);
  offer.metric = part->metric & kLsInfinity;
  offer.id = key.id;
  offer.tag = part->tag;
  offer.forwarding = acquire_forwarding(part->forwarding_address, scope);
  index_lsa(prefixes.add(part->prefix, offer));
}

template <class V>
void RouteCalculator<V>::Impl::update_external(std::uint32_t slot, const ExternalPart<Address>& part) {
  Offer& offer = prefixes.offer(slot);
  const std::uint32_t scope = scope_of(offer);
  const OfferKind kind = external_kind(scope, part);
  const std::uint32_t former = offer.forwarding;
  const std::uint32_t forwarding = acquire_forwarding(part.forwarding_address, scope);
  if (offer.metric != part.metric || offer.kind != kind || offer.tag != part.tag || forwarding != former)
    prefixes.mark_dirty(offer.prefix);
  offer.metric = part.metric & kLsInfinity;
  offer.kind = kind;
  offer.tag = part.tag;
  offer.forwarding = forwarding;
  if (former != kNoSlot) forwardings.release(former);
}

/// kNoSlot when the address is none.
template <class V>
std::uint32_t RouteCalculator<V>::Impl::acquire_forwarding(const Address& address, std::uint32_t scope) {
  if (!Topology<V>::has_forwarding_address(address)) return kNoSlot;
  return forwardings.acquire(address, scope, [this](const IpAddress& wanted, std::uint32_t within) {
    return way_to_address(wanted, within);
  });
}

// Step 3, of a forwarding address. That of an LSA of an NSSA is reached within the area.
template <class V>
Way RouteCalculator<V>::Impl::way_to_address(const IpAddress& wanted, std::uint32_t scope) {
  // Our own: whoever says it wants the packets here, and to send them on could only bring them back.
  if (links.has_address(wanted)) return {};
  const auto address = as<Address>(wanted);
  for (unsigned length = Address::kBits + 1u; length-- > 0;) {
    if (!prefixes.has_length(static_cast<std::uint8_t>(length))) continue;
    const auto prefix = AddressPrefix::make(address, static_cast<std::uint8_t>(length));
    const std::uint32_t slot = prefixes.find(prefix);
    if (slot == kNoSlot) continue;
    const Path best = best_internal(prefixes[slot], scope);
    if (!best.exists()) continue;
    Way way{best.cost, best.list, best.type, best.area, best.is_attached};
    // On a link of our own: the address is its own next hop. A subnet that this one is within does not count.
    if (best.is_attached) way.list = links.way_to(wanted, prefix, best.list);
    return way;
  }
  return {};
}

}  // namespace wgospf::ospf
