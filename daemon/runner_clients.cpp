// How clients are wired to the runner's parts.

#include "daemon/runner.h"
#include "ospf/constants.h"

namespace wgospf::daemon {

Clients::Callbacks Runner::client_callbacks() {
  return {
      [this] { return links_.clients(); },
      [this](const ospf::OpaqueChanged& change) { feed(change); },
      [this](const ospf::ExternalRoute& route) { redistribution_.set_client(route); },
      [this](const Ipv4Prefix& prefix) { redistribution_.remove_client(prefix); },
      [this] { pipeline_.set_links(links_.allowed_ips_links()); },
      [this] { finish_turn(); },
      {[this](auto router, const auto& prefix, auto metric) { return may_announce(router, prefix, metric); },
       [this](auto router, const auto& prefix) { return announces_client(router, prefix); }}};
}

namespace {

/// RFC 2328 appendix E: nothing is more specific than a host, so that its address is the Link State ID.
ospf::LsaKey external_key(ospf::RouterId router, const Ipv4Prefix& host) {
  return {ospf::LsaType::as_external, ospf::LinkStateId{host.address.value}, router};
}

}  // namespace

bool Runner::may_announce(ospf::RouterId router, const Ipv4Prefix& prefix, std::uint32_t metric) const {
  return pipeline_.announces().believes(prefix, {external_key(router, prefix), metric}, ways_to(router));
}

/// By an LSA as Clients makes them.
bool Runner::announces_client(ospf::RouterId router, const Ipv4Prefix& prefix) const {
  const auto key = external_key(router, prefix);
  const auto entry = instance_->find_lsa({}, key, now());
  if (!entry || entry->header.age >= ospf::kMaxAge) return false;
  const auto body = V2::decode_body(entry->lsa);
  const auto* lsa = std::get_if<ospf::v2::ExternalLsa>(&body);
  const bool is_clients = lsa != nullptr && mask_length(lsa->mask) == prefix.length && !lsa->type2 &&
                          lsa->tag == ospf::kClientTag && lsa->forwarding_address == Ipv4Address{};
  return is_clients && lsa->metric < ospf::kLsInfinity && may_announce(router, prefix, lsa->metric);
}

std::vector<ospf::LinkId> Runner::ways_to(ospf::RouterId router) const {
  if (!pipeline_.announces().has_doors()) return {};
  if (!ways_to_routers_) {
    ways_to_routers_.emplace();
    for (const auto& route : instance_->router_routes())
      for (const auto& hop : route.next_hops) (*ways_to_routers_)[route.router].push_back(hop.link);
  }
  const auto found = ways_to_routers_->find(router);
  return found == ways_to_routers_->end() ? std::vector<ospf::LinkId>{} : found->second;
}

/// What a router may not announce says nothing of where a client is, either.
void Runner::tell_clients(const ospf::RouteChange<V2>& change) {
  const auto* changed = std::get_if<ospf::PrefixChanged<V2>>(&change.change);
  if (changed != nullptr && pipeline_.withheld(changed->route.prefix) != nullptr)
    clients_.take({change.generation, ospf::PrefixGone<V2>{changed->route.prefix}});
  else
    clients_.take(change);
}

void Runner::pass_on_clients() {
  if (std::exchange(beliefs_due_, false)) clients_.ways_changed();
  clients_.pass_on();
  redistribute();
}

}  // namespace wgospf::daemon
