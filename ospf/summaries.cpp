#include "ospf/summaries.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace wgospf::ospf {

namespace {

/// A stub area gets its externals by a default route (section 12.4.3.1), and so does an NSSA without summaries; one with
/// them has a type 7 default (RFC 3101 section 2.4).
[[nodiscard]] bool gets_default(const Area& area) {
  return area.config.type == AreaType::stub || (area.config.type == AreaType::nssa && !area.config.summary);
}

}  // namespace

const Area* Summaries::find_area(AreaId id) const {
  const std::uint32_t index = core_.area_index(id);
  return index < core_.areas.size() ? &core_.areas[index] : nullptr;
}

bool Summaries::update(const RouteCalculation::News& news) {
  if (!is_running_ || is_outdated_) start_anew();
  take(news);
  if (dirty_.empty() && dirty_ranges_.empty() && !news.boundary_routers && !news.whole) return false;
  refresh_ranges();
  for (const IpPrefix& prefix : std::exchange(dirty_, {})) say(prefix);
  for (const auto& [id, in] : into_) in->prefixes.use_free_ids();
  if (news.boundary_routers || news.whole) say_boundary_routers();
  return true;
}

/// An area border router from now on, or one with other areas.
void Summaries::start_anew() {
  is_running_ = true;
  is_outdated_ = false;
  for (const auto& [prefix, route] : routes_) {
    dirty_.insert(prefix);
    note_range_of(route);
  }
  for (const auto& [prefix, range] : ranges_) dirty_ranges_.insert(prefix);
  for (const Area& area : core_.areas)
    for (const AreaRange& range : area.config.ranges) dirty_ranges_.insert(range.prefix);
  for (const auto& [id, in] : into_)
    for (const auto& [prefix, metric] : in->prefixes.wanted()) dirty_.insert(prefix);
  dirty_.insert(default_route(core_.version.family));
  say_boundary_routers();
}

void Summaries::stop() {
  is_running_ = false;
  for (const auto& [id, in] : into_) {
    const auto wanted = in->prefixes.wanted();
    for (const auto& [prefix, metric] : wanted) in->prefixes.remove(prefix);
    origination_.want_exactly(Producer::boundary_routers, in->prefixes.domain(), {});
  }
  into_.clear();
  routes_.clear();
  ranges_.clear();
  default_leads_into_.reset();
  dirty_.clear();
  dirty_ranges_.clear();
}

void Summaries::area_removed(AreaId area) {
  into_.erase(area);
  is_outdated_ = true;
}

// ---- Routes ----

void Summaries::take(const RouteCalculation::News& news) {
  if (news.whole) {
    default_leads_into_.reset();
    dirty_.insert(default_route(core_.version.family));
    for (const auto& [prefix, route] : std::exchange(routes_, {})) {
      dirty_.insert(prefix);
      note_range_of(route);
    }
  }
  for (const RouteNews& route : news.routes) {
    const auto known = routes_.find(route.prefix);
    const bool is_none = route.kind == RouteNews::Kind::none || route.kind == RouteNews::Kind::nssa;
    if (length_of(route.prefix) == 0) {
      default_leads_into_.reset();
      if (route.kind == RouteNews::Kind::nssa) default_leads_into_ = route.area;
      dirty_.insert(route.prefix);
    }
    if (known == routes_.end() ? is_none : known->second == route) continue;
    dirty_.insert(route.prefix);
    if (known != routes_.end()) note_range_of(known->second);
    note_range_of(route);
    if (is_none)
      routes_.erase(known);
    else
      routes_.insert_or_assign(route.prefix, route);
  }
}

void Summaries::note_range_of(const RouteNews& route) {
  if (route.kind != RouteNews::Kind::intra_area) return;
  const Area* area = find_area(route.area);
  const AreaRange* range = area == nullptr ? nullptr : area->range_of(route.prefix);
  if (range != nullptr) dirty_ranges_.insert(range->prefix);
}

// ---- Ranges ----

/// Section 12.4.3: a range is active when some network of the area is in it; its cost is that of the farthest, unless
/// another is configured.
std::optional<Summaries::ActiveRange> Summaries::condense(const Area& area, const AreaRange& range) const {
  std::optional<ActiveRange> active;
  for (auto at = routes_.lower_bound(range.prefix); at != routes_.end(); ++at) {
    const RouteNews& route = at->second;
    if (!covers(range.prefix, route.prefix)) break;
    if (route.kind != RouteNews::Kind::intra_area || route.area != area.id()) continue;
    if (area.range_of(route.prefix) != &range) continue;
    if (!active) active = ActiveRange{area.id(), 0, range.advertise};
    active->metric = std::max(active->metric, route.metric);
  }
  if (active && range.cost) active->metric = *range.cost;
  return active;
}

void Summaries::refresh_ranges() {
  if (dirty_ranges_.empty()) return;
  for (const IpPrefix& prefix : std::exchange(dirty_ranges_, {})) {
    dirty_.insert(prefix);
    ranges_.erase(prefix);
    for (const Area& area : core_.areas)
      for (const AreaRange& range : area.config.ranges)
        if (range.prefix == prefix)
          if (const auto active = condense(area, range)) ranges_.insert_or_assign(prefix, *active);
  }
}

std::set<IpPrefix> Summaries::said_ranges() const {
  std::set<IpPrefix> said;
  for (const auto& [prefix, range] : ranges_)
    if (range.is_advertised) said.insert(prefix);
  return said;
}

// ---- What is said of prefixes ----

/// Section 12.4.3, of the route to the prefix; ranges are another matter.
std::optional<std::uint32_t> Summaries::metric_of_route(const Area& area, const IpPrefix& prefix) const {
  const auto it = routes_.find(prefix);
  if (it == routes_.end()) return std::nullopt;
  const RouteNews& route = it->second;
  if (route.area == area.id() || route.metric >= kLsInfinity) return std::nullopt;
  if (route.kind == RouteNews::Kind::inter_area)  // RFC 3509 section 2.2: those of the backbone alone
    return route.area == kBackbone ? std::optional(route.metric) : std::nullopt;
  const Area* of = find_area(route.area);
  if (of == nullptr || of->range_of(prefix) != nullptr) return std::nullopt;
  return route.metric;
}

std::optional<std::uint32_t> Summaries::metric_in(const Area& area, const IpPrefix& prefix) const {
  const bool is_default = length_of(prefix) == 0;
  // Not back to where our own comes from: packets would go round.
  if (gets_default(area) && is_default && default_leads_into_ != area.id()) return area.config.default_cost;
  if (area.config.type != AreaType::normal && !area.config.summary) return std::nullopt;
  if (const auto it = ranges_.find(prefix); it != ranges_.end() && it->second.area != area.id())
    return it->second.is_advertised && it->second.metric < kLsInfinity ? std::optional(it->second.metric)
                                                                       : std::nullopt;
  return metric_of_route(area, prefix);
}

void Summaries::say(const IpPrefix& prefix) {
  for (const Area& area : core_.areas) say(prefix, area);
}

void Summaries::say(const IpPrefix& prefix, const Area& area) {
  auto& prefixes = into(area).prefixes;
  const auto metric = metric_in(area, prefix);
  const auto said = prefixes.wanted().find(prefix);
  const bool is_said = said != prefixes.wanted().end();
  if (!metric && is_said) prefixes.remove(prefix);
  if (metric && !(is_said && said->second == *metric)) prefixes.set(prefix, *metric);
}

Summaries::Into& Summaries::into(const Area& area) {
  auto& in = into_[area.id()];
  if (!in) {
    const Core& core = core_;
    const auto make = [&core, id = area.id()](const LsaKey& key, const IpPrefix& prefix,
                                              std::uint32_t metric) {
      return core.version.inter_area_prefix_lsa(core.areas[core.area_index(id)], key, prefix, metric);
    };
    const PrefixLsas<std::uint32_t>::Of of{Producer::summaries, LsaType::summary_network, area.domain};
    in = std::make_unique<Into>(Into{area.id(), {core_, origination_, of, make}});
  }
  return *in;
}

// ---- AS boundary routers ----

void Summaries::say_boundary_routers() {
  const auto routes = calculation_.boundary_routes();
  for (const Area& area : core_.areas) {
    std::vector<OwnLsa> lsas;
    for (const BoundaryRoute& route : routes) {
      if (!area.takes_as_scope() || route.area == area.id() || route.cost >= kLsInfinity) continue;
      if (route.type == PathType::inter_area && route.area != kBackbone) continue;
      lsas.push_back(
          core_.version.inter_area_router_lsa(area, core_.config.router_id, route.router, route.cost));
    }
    origination_.want_exactly(Producer::boundary_routers, area.domain, std::move(lsas));
  }
}

void Summaries::measure(Footprint& footprint) const {
  footprint.held("summaries.routes", routes_.size());
  footprint.held("summaries.areas", into_.size());
  footprint.held("summaries.ranges", ranges_.size());
  footprint.held("summaries.dirty", dirty_.size() + dirty_ranges_.size());
  for (const auto& [id, in] : into_) in->prefixes.measure(footprint);
}

}  // namespace wgospf::ospf
