#include "daemon/routes/announce_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/telling/words.h"

namespace wgospf::daemon {

namespace {

/// What a router itself says, as opposed to what it passes on (summaries) or says with others (networks).
bool is_its_own(const ospf::PrefixOrigin& origin) {
  const auto type = origin.advertised_by.type;
  return type == ospf::LsaType::router || type == ospf::LsaType::as_external;
}

bool allows_prefix(const AnnouncePolicy& policy, const Ipv4Prefix& prefix) {
  return policy.prefixes.empty() || std::any_of(policy.prefixes.begin(), policy.prefixes.end(),
                                                [&](const auto& filter) { return filter.matches(prefix); });
}

/// A network-LSA has no metric.
bool allows_metric(const AnnouncePolicy& policy, const ospf::PrefixOrigin& origin) {
  return origin.advertised_by.type == ospf::LsaType::network ||
         (origin.advertised_cost >= policy.min_metric && origin.advertised_cost <= policy.max_metric);
}

bool allows(const AnnouncePolicy& policy, const Ipv4Prefix& prefix, const ospf::PrefixOrigin& origin) {
  return allows_prefix(policy, prefix) && allows_metric(policy, origin);
}

/// Has an entry for the prefix that can only mean this network.
bool names(const AnnouncePolicy& policy, const Ipv4Prefix& prefix, const Ipv4Prefix& network) {
  return std::any_of(policy.prefixes.begin(), policy.prefixes.end(), [&](const PrefixFilter& filter) {
    return filter.matches(prefix) && network.covers(filter.prefix);
  });
}

std::uint64_t bit_of(std::uint8_t length) {
  return std::uint64_t{1} << length;
}

}  // namespace

void AnnounceJudge::set_rules(AnnounceRules rules) {
  rules_ = std::move(rules);
  shortest_subnet_ = Ipv4Address::kBits;
  for (const auto& [address, peer] : rules_.of_addresses)
    shortest_subnet_ = std::min(shortest_subnet_, peer.subnet.length);
}

void AnnounceJudge::set_networks(ConnectedNetworks networks) {
  networks_ = std::move(networks);
  lengths_ = 0;
  for (const auto& [prefix, interface] : networks_) lengths_ |= bit_of(prefix.length);
}

bool AnnounceJudge::is_empty() const {
  return networks_.empty() && rules_.of_routers.empty() && rules_.of_links.empty() &&
         rules_.of_addresses.empty();
}

std::optional<Withheld> AnnounceJudge::judge(const Ipv4Prefix& prefix, std::span<const ospf::LinkId> doors,
                                             const Origins& origins) const {
  const bool is_in_network = network_of(prefix) != networks_.end();
  const auto* address = address_in(prefix);
  if (!is_in_network && address == nullptr && doors.empty() && rules_.of_routers.empty()) return std::nullopt;
  const Said said = origins(prefix);
  if (is_in_network)
    if (auto withheld = within_network(prefix, doors, said)) return withheld;
  if (address != nullptr)
    if (auto withheld = of_peers(prefix, said)) return withheld;
  if (auto withheld = by_policy(prefix, said)) return withheld;
  for (const ospf::LinkId link : doors)
    if (const auto door = rules_.of_links.find(link); door != rules_.of_links.end())
      if (auto withheld = by_door(prefix, door->second, said)) return withheld;
  return std::nullopt;
}

// Networks and addresses that nobody may announce
// -----------------------------------------------------------------------

ConnectedNetworks::const_iterator AnnounceJudge::network_of(const Ipv4Prefix& prefix) const {
  for (std::uint8_t length = prefix.length; length-- > 0;) {
    if ((lengths_ & bit_of(length)) == 0) continue;
    const auto found = networks_.find(Ipv4Prefix::make(prefix.address, length));
    if (found != networks_.end()) return found;
  }
  return networks_.end();
}

// A longer prefix within a network of this machine takes hosts away that are there. It may be meant: then it is
// named, by the policy of who says it or of the link that leads there.
std::optional<Withheld> AnnounceJudge::within_network(const Ipv4Prefix& prefix,
                                                      std::span<const ospf::LinkId> doors,
                                                      const Said& said) const {
  const auto& [network, interface] = *network_of(prefix);
  for (const ospf::LinkId link : doors)
    if (const auto door = rules_.of_links.find(link); door != rules_.of_links.end())
      if (names(door->second.policy.allows, prefix, network)) return std::nullopt;
  for (const auto& origin : said) {
    const auto router = origin.advertised_by.advertising_router;
    const auto [first, last] = rules_.of_routers.equal_range(router);
    const bool is_named = std::any_of(
        first, last, [&](const auto& entry) { return names(entry.second.allows, prefix, network); });
    if (is_named) continue;
    return Withheld{
        .kind = Withheld::Kind::network, .router = router, .whose = interface, .network = network};
  }
  return std::nullopt;
}

// A prefix as long as the interface's subnet, or shorter, leads nobody away: the connected one comes before it.
const AnnounceRules::PeerAddress* AnnounceJudge::address_in(const Ipv4Prefix& prefix) const {
  const auto& addresses = rules_.of_addresses;
  if (prefix.length < shortest_subnet_) return nullptr;
  for (auto at = addresses.lower_bound(prefix.address); at != addresses.end() && prefix.contains(at->first);
       ++at)
    if (prefix.length > at->second.subnet.length || prefix.length == Ipv4Address::kBits) return &at->second;
  return nullptr;
}

// Each of the addresses is its own router's.
std::optional<Withheld> AnnounceJudge::of_peers(const Ipv4Prefix& prefix, const Said& said) const {
  const auto& addresses = rules_.of_addresses;
  for (auto at = addresses.lower_bound(prefix.address); at != addresses.end() && prefix.contains(at->first);
       ++at) {
    const auto& [address, peer] = *at;
    if (prefix.length <= peer.subnet.length && prefix.length != Ipv4Address::kBits) continue;
    for (const auto& origin : said)
      if (const auto router = origin.advertised_by.advertising_router; router != peer.router)
        return Withheld{.kind = Withheld::Kind::address, .router = router, .whose = peer.whose};
  }
  return std::nullopt;
}

// Policies of routers, and of the links that lead to them
// ------------------------------------------------------------------------

std::optional<Withheld> AnnounceJudge::by_policy(const Ipv4Prefix& prefix, const Said& said) const {
  using Kind = Withheld::Kind;
  for (const auto& origin : said) {
    const auto router = origin.advertised_by.advertising_router;
    const auto [first, last] = rules_.of_routers.equal_range(router);
    for (auto it = first; it != last; ++it) {
      const auto& [whose, allowed, is_transit] = it->second;
      if ((is_transit && !is_its_own(origin)) || allows(allowed, prefix, origin)) continue;
      return Withheld{.kind = allows_prefix(allowed, prefix) ? Kind::metric : Kind::prefix,
                      .router = router,
                      .whose = whose,
                      .metric = origin.advertised_cost,
                      .min_metric = allowed.min_metric,
                      .max_metric = allowed.max_metric};
    }
  }
  return std::nullopt;
}

// Where a door has no list of prefixes, what its own router says is all that comes through it.
std::optional<Withheld> AnnounceJudge::by_door(const Ipv4Prefix& prefix, const AnnounceRules::Door& door,
                                               const Said& said) const {
  if (door.policy.is_transit) return std::nullopt;
  const AnnouncePolicy& allowed = door.policy.allows;
  for (const auto& origin : said) {
    const auto router = origin.advertised_by.advertising_router;
    const bool is_its_routers = router == door.router;
    if (allows(allowed, prefix, origin) && (is_its_routers || !allowed.prefixes.empty())) continue;
    if (!is_its_routers && is_allowed_as_anothers(prefix, origin)) continue;
    return Withheld{.kind = Withheld::Kind::behind, .router = router, .whose = door.policy.whose};
  }
  return std::nullopt;
}

bool AnnounceJudge::is_allowed_as_anothers(const Ipv4Prefix& prefix, const ospf::PrefixOrigin& origin) const {
  const auto [first, last] = rules_.of_routers.equal_range(origin.advertised_by.advertising_router);
  return first != last && std::all_of(first, last, [&](const auto& entry) {
           const AnnouncePolicy& allowed = entry.second.allows;
           return !allowed.prefixes.empty() && allows(allowed, prefix, origin);
         });
}

// In words
// ------------------------------------------------------------------------------------------------------

std::string reason_of(const Withheld& withheld) {
  const std::string router = withheld.router.to_string();
  switch (withheld.kind) {
    case Withheld::Kind::prefix:
      return fmt::format("router {} ({}) may not announce it", router, withheld.whose);
    case Withheld::Kind::metric:
      return fmt::format("router {} ({}) may not announce it at metric {}, but from {} to {}", router,
                         withheld.whose, withheld.metric, withheld.min_metric, withheld.max_metric);
    case Withheld::Kind::behind:
      return fmt::format("router {} announces it, and {} may not lead to it", router, withheld.whose);
    case Withheld::Kind::network:
      return fmt::format("router {} announces it, and it is a part of {}, which is connected at {}", router,
                         withheld.network.to_string(), withheld.whose);
    case Withheld::Kind::address:
      return fmt::format("router {} announces it, and the address is that of {}", router, withheld.whose);
  }
  return {};
}

std::string subject_of(const Withheld& withheld) {
  switch (withheld.kind) {
    case Withheld::Kind::prefix:
    case Withheld::Kind::metric:
      return withheld.router.to_string();
    case Withheld::Kind::behind:
      return "behind/" + withheld.whose;
    case Withheld::Kind::network:
      return "network/" + withheld.network.to_string();
    case Withheld::Kind::address:
      return "address/" + withheld.whose;
  }
  return {};
}

std::string describe(const Withheld& withheld, const std::vector<std::string>& prefixes) {
  const std::string router = withheld.router.to_string(), few = join_few(prefixes);
  const std::string& whose = withheld.whose;
  switch (withheld.kind) {
    case Withheld::Kind::prefix:
    case Withheld::Kind::metric:
      return fmt::format(
          "router {0} announces what its policy ({1}) does not allow: {2}; withheld from the "
          "kernel; widen announces of {1} if it is meant",
          router, whose, few);
    case Withheld::Kind::behind:
      return fmt::format(
          "over {0} come prefixes of other routers, which it may not lead to: {1}; withheld from the kernel; "
          "add them to announces of {0}, or set \"transit: true\" there, if it is meant",
          whose, few);
    case Withheld::Kind::network:
      return fmt::format(
          "parts of {0}, which is connected at {1}, are announced by others: {2}; withheld from the kernel; "
          "name them in announces of the peer if it is meant",
          withheld.network.to_string(), whose, few);
    case Withheld::Kind::address:
      return fmt::format(
          "the address of {0} is announced by another router: {1}; withheld from the kernel; give that "
          "router "
          "another address",
          whose, few);
  }
  return {};
}

}  // namespace wgospf::daemon
