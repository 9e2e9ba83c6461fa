#include "rib/foreign_routes.h"

#include <linux/rtnetlink.h>

#include <algorithm>

namespace wgospf::rib {

namespace {

// Blackholes count: a static one is the usual anchor of an aggregate.
bool leads_somewhere(std::uint8_t type) {
  return type == RTN_UNICAST || type == RTN_BLACKHOLE || type == RTN_UNREACHABLE || type == RTN_PROHIBIT;
}

bool link_local(const IpPrefix& prefix) {
  const auto* v6 = std::get_if<Ipv6Prefix>(&prefix);
  return v6 != nullptr && (v6->address.is_link_local() || v6->address.bytes[0] == 0xff);
}

}  // namespace

bool ForeignRoute::is_connected() const {
  // IPv6 has no scopes; there a connected route is one of the kernel's without a gateway.
  const bool on_link = family_of(prefix) == Family::ipv6 || scope == RT_SCOPE_LINK;
  return protocol == RTPROT_KERNEL && type == RTN_UNICAST && on_link && !gateway;
}

bool ForeignRoute::is_of(RouteOrigin origin, std::uint32_t of_table) const {
  switch (origin) {
    case RouteOrigin::connected:
      return table == RT_TABLE_MAIN && is_connected();
    case RouteOrigin::static_route:
      return table == RT_TABLE_MAIN && (protocol == RTPROT_STATIC || protocol == RTPROT_BOOT);
    case RouteOrigin::table:
      return table == of_table;
  }
  return false;
}

std::vector<std::pair<std::uint32_t, std::uint8_t>> ForeignRoutes::readings() const {
  std::vector<std::pair<std::uint32_t, std::uint8_t>> result;
  const bool whole_main =
      std::find(watch_.tables.begin(), watch_.tables.end(), RT_TABLE_MAIN) != watch_.tables.end();
  if (watch_.connected && !whole_main) result.emplace_back(RT_TABLE_MAIN, RTPROT_KERNEL);
  if (watch_.static_routes && !whole_main) {
    result.emplace_back(RT_TABLE_MAIN, RTPROT_STATIC);
    result.emplace_back(RT_TABLE_MAIN, RTPROT_BOOT);
  }
  for (const std::uint32_t table : watch_.tables) result.emplace_back(table, std::uint8_t{0});
  return result;
}

std::optional<ForeignRoute> ForeignRoutes::relevant(const RouteMessage& message) const {
  if (message.protocol == kProtocol || message.cloned || message.link_dead) return std::nullopt;
  if (!leads_somewhere(message.type) || link_local(message.prefix)) return std::nullopt;
  if (std::find(watch_.families.begin(), watch_.families.end(), family_of(message.prefix)) ==
      watch_.families.end()) {
    return std::nullopt;
  }
  ForeignRoute route{.prefix = message.prefix,
                     .table = message.table,
                     .type = message.type,
                     .scope = message.scope,
                     .protocol = message.protocol,
                     .metric = message.metric,
                     .ifindex = message.ifindex,
                     .gateway = message.gateway};
  const bool wanted = (watch_.connected && route.is_of(RouteOrigin::connected, 0)) ||
                      (watch_.static_routes && route.is_of(RouteOrigin::static_route, 0)) ||
                      std::any_of(watch_.tables.begin(), watch_.tables.end(), [&](std::uint32_t table) {
                        return route.is_of(RouteOrigin::table, table);
                      });
  if (!wanted) return std::nullopt;
  return route;
}

void ForeignRoutes::seen(const RouteMessage& message, Reports& reports) {
  if (watch_.empty()) return;
  const Slot slot{message.table, message.prefix, message.metric};
  const auto found = routes_.find(slot);
  const auto route = relevant(message);
  if (message.removed) {
    if (found == routes_.end()) return;
    // Which of several it was is not worth finding out here.
    if (found->second.shared || found->second.route.protocol != message.protocol) {
      wants_reading_ = true;
      return;
    }
    reports.emplace_back(ForeignRouteRemoved{found->second.route});
    routes_.erase(found);
    return;
  }
  if (found == routes_.end()) {
    if (route) put(slot, *route, reports);
    return;
  }
  if (route && *route == found->second.route) return;
  if (!message.replaces || found->second.shared) {
    wants_reading_ = true;
    return;
  }
  reports.emplace_back(ForeignRouteRemoved{found->second.route});
  routes_.erase(found);
  if (route) put(slot, *route, reports);
}

void ForeignRoutes::put(const Slot& slot, const ForeignRoute& route, Reports& reports) {
  routes_[slot] = {route, false};
  reports.emplace_back(ForeignRouteAdded{route});
}

void ForeignRoutes::loaded(const std::vector<RouteMessage>& messages, Reports& reports) {
  wants_reading_ = false;
  std::map<Slot, Entry> now;
  for (const RouteMessage& message : messages) {
    const auto route = relevant(message);
    if (!route) continue;
    const auto [entry, fresh] =
        now.try_emplace({message.table, message.prefix, message.metric}, Entry{*route, false});
    if (!fresh && entry->second.route != *route) entry->second.shared = true;
  }
  for (const auto& [slot, entry] : routes_) {
    const auto found = now.find(slot);
    if (found == now.end() || found->second.route != entry.route) {
      reports.emplace_back(ForeignRouteRemoved{entry.route});
    }
  }
  for (const auto& [slot, entry] : now) {
    const auto found = routes_.find(slot);
    if (found == routes_.end() || found->second.route != entry.route) {
      reports.emplace_back(ForeignRouteAdded{entry.route});
    }
  }
  routes_ = std::move(now);
}

}  // namespace wgospf::rib
