#include "daemon/routes/redistribution.h"

#include <algorithm>

namespace wgospf::daemon {

namespace {

bool passes(const RedistributeRule& rule, const Ipv4Prefix& prefix) {
  return rule.prefixes.empty() ||
         std::any_of(rule.prefixes.begin(), rule.prefixes.end(),
                     [&](const PrefixFilter& filter) { return filter.matches(prefix); });
}

bool routable(const Ipv4Prefix& prefix) {
  return prefix.length == 0 ||
         !(prefix.address.is_loopback() || prefix.address.is_link_local() || prefix.address.is_multicast());
}

}  // namespace

rib::RedistributionWatch Redistribution::watch_for(const std::vector<RedistributeRule>& rules) {
  rib::RedistributionWatch watch;
  for (const auto& rule : rules) {
    switch (rule.source) {
      case rib::RouteOrigin::connected:
        watch.connected = true;
        break;
      case rib::RouteOrigin::static_route:
        watch.static_routes = true;
        break;
      case rib::RouteOrigin::table:
        if (std::find(watch.tables.begin(), watch.tables.end(), rule.table) == watch.tables.end())
          watch.tables.push_back(rule.table);
        break;
    }
  }
  return watch;
}

void Redistribution::touch_all() {
  const auto first = [](const auto& map) {
    return map.empty() ? std::nullopt : std::optional(map.begin()->first);
  };
  next_route_ = first(routes_);
  next_announced_ = first(announced_);
}

void Redistribution::set_rules(std::vector<RedistributeRule> rules) {
  if (rules == rules_) return;
  rules_ = std::move(rules);
  touch_all();
}

void Redistribution::set_ospf_interfaces(std::set<std::uint32_t> ifindexes) {
  if (ifindexes == ospf_interfaces_) return;
  ospf_interfaces_ = std::move(ifindexes);
  touch_all();
}

void Redistribution::set_client(const ospf::ExternalRoute& route) {
  const auto* prefix = std::get_if<Ipv4Prefix>(&route.prefix);
  if (prefix == nullptr) return;
  clients_.insert_or_assign(*prefix, route);
  touched_.insert(*prefix);
}

void Redistribution::remove_client(const Ipv4Prefix& prefix) {
  if (clients_.erase(prefix) != 0) touched_.insert(prefix);
}

void Redistribution::added(const rib::ForeignRoute& route) {
  const auto* prefix = std::get_if<Ipv4Prefix>(&route.prefix);
  if (prefix == nullptr) return;
  routes_[*prefix].insert(route);
  touched_.insert(*prefix);
}

void Redistribution::removed(const rib::ForeignRoute& route) {
  const auto* prefix = std::get_if<Ipv4Prefix>(&route.prefix);
  if (prefix == nullptr) return;
  const auto found = routes_.find(*prefix);
  if (found == routes_.end()) return;
  found->second.erase(route);
  if (found->second.empty()) routes_.erase(found);
  touched_.insert(*prefix);
}

std::optional<ospf::ExternalRoute> Redistribution::wanted(const Ipv4Prefix& prefix) const {
  if (const auto client = clients_.find(prefix); client != clients_.end()) return client->second;
  const auto found = routes_.find(prefix);
  if (found == routes_.end() || !routable(prefix)) return std::nullopt;
  for (const auto& rule : rules_) {
    if (!passes(rule, prefix)) continue;
    for (const auto& route : found->second) {
      if (!route.is_of(rule.source, rule.table)) continue;
      // Whichever rule would take it.
      if (route.is_connected() && ospf_interfaces_.count(route.ifindex) != 0) continue;
      return ospf::ExternalRoute{prefix, rule.metric, rule.type2, 0, std::nullopt};
    }
  }
  return std::nullopt;
}

std::optional<Ipv4Prefix> Redistribution::next_to_examine() {
  if (!touched_.empty()) return touched_.extract(touched_.begin()).value();
  const auto advance = [](const auto& map, std::optional<Ipv4Prefix>& cursor) -> std::optional<Ipv4Prefix> {
    if (!cursor) return std::nullopt;
    auto found = map.lower_bound(*cursor);
    cursor.reset();
    if (found == map.end()) return std::nullopt;
    const Ipv4Prefix prefix = found->first;
    if (++found != map.end()) cursor = found->first;
    return prefix;
  };
  if (const auto prefix = advance(routes_, next_route_)) return prefix;
  return advance(announced_, next_announced_);
}

void Redistribution::examine(const Ipv4Prefix& prefix, ospf::ExternalsChanged& changes) {
  const auto now = wanted(prefix);
  const auto before = announced_.find(prefix);
  if (now) {
    if (before != announced_.end() && before->second == *now) return;
    announced_.insert_or_assign(prefix, *now);
    changes.set.push_back(*now);
  } else if (before != announced_.end()) {
    announced_.erase(before);
    changes.removed.push_back(prefix);
  }
}

std::optional<ospf::ExternalsChanged> Redistribution::take_changes(std::size_t budget) {
  ospf::ExternalsChanged changes;
  for (std::size_t examined = 0; examined < budget; ++examined) {
    const auto prefix = next_to_examine();
    if (!prefix) {
      if (examined == 0) return std::nullopt;
      break;
    }
    examine(*prefix, changes);
  }
  return changes;
}

}  // namespace wgospf::daemon
