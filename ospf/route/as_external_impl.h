#pragma once
// AS-external-LSAs come in (RFC 2328 section 16.4), and the ways to their forwarding addresses (step 3).

#include "ospf/route/calculator_state.h"

namespace wgospf::ospf {

// `scope`: of the LSA's flooding.
template <class V>
void RouteCalculator<V>::Impl::set_external(std::uint32_t scope, const LsaKey& key, const Lsa* lsa) {
  const std::uint32_t known = find_lsa(scope, key.id, key.advertising_router);
  const auto part = lsa == nullptr ? std::nullopt : Topology<V>::read_external(*lsa);
  if (known != kNoSlot) {
    if (part && prefixes[prefixes.offer(known).prefix].prefix() == part->prefix)
      return update_external(known, *part);
    remove_offer(known);
  }
  if (!part) return;
  Offer offer;
  offer.kind = part->type2 ? OfferKind::external_2 : OfferKind::external_1;
  offer.source = boundaries.acquire(scope, key.advertising_router);
  offer.metric = part->metric & kLsInfinity;
  offer.id = key.id;
  offer.tag = part->tag;
  offer.forwarding = acquire_forwarding(part->forwarding_address);
  index_lsa(prefixes.add(part->prefix, offer));
}

template <class V>
void RouteCalculator<V>::Impl::update_external(std::uint32_t slot, const ExternalPart<Address>& part) {
  Offer& offer = prefixes.offer(slot);
  const OfferKind kind = part.type2 ? OfferKind::external_2 : OfferKind::external_1;
  const std::uint32_t former = offer.forwarding;
  const std::uint32_t forwarding = acquire_forwarding(part.forwarding_address);
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
std::uint32_t RouteCalculator<V>::Impl::acquire_forwarding(const Address& address) {
  if (!Topology<V>::has_forwarding_address(address)) return kNoSlot;
  return forwardings.acquire(address, [this](const IpAddress& wanted) { return way_to_address(wanted); });
}

// Step 3, of a forwarding address.
template <class V>
Way RouteCalculator<V>::Impl::way_to_address(const IpAddress& wanted) {
  // Our own: whoever says it wants the packets here, and to send them on could only bring them back.
  if (links.has_address(wanted)) return {};
  const auto address = as<Address>(wanted);
  for (unsigned length = Address::kBits + 1u; length-- > 0;) {
    if (!prefixes.has_length(static_cast<std::uint8_t>(length))) continue;
    const auto prefix = AddressPrefix::make(address, static_cast<std::uint8_t>(length));
    const std::uint32_t slot = prefixes.find(prefix);
    if (slot == kNoSlot) continue;
    const Path best = best_internal(prefixes[slot]);
    if (!best.exists()) continue;
    Way way{best.cost, best.list, best.type, best.area, best.is_attached};
    // On a link of our own: the address is its own next hop. A subnet that this one is within does not count.
    if (best.is_attached) way.list = links.way_to(wanted, prefix, best.list);
    return way;
  }
  return {};
}

}  // namespace wgospf::ospf
