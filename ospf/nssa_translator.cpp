#include "ospf/nssa_translator.h"

#include <algorithm>
#include <utility>

namespace wgospf::ospf {

bool NssaTranslator::update(const RouteCalculation::News& news) {
  bool has_changed = std::exchange(is_outdated_, false);
  const bool is_new_list = has_changed || news.whole || news.boundary_routers;
  if (news.whole) {
    has_changed |= !routes_.empty();
    routes_.clear();
  }
  for (const RouteNews& route : news.routes) {
    const auto known = routes_.find(route.prefix);
    const bool is_none = route.kind != RouteNews::Kind::nssa;
    if (known == routes_.end() ? is_none : known->second == route) continue;
    has_changed = true;
    if (is_none)
      routes_.erase(known);
    else
      routes_.insert_or_assign(route.prefix, route);
  }
  if (has_changed) {
    const auto own_default = routes_.find(default_route(core_.version.family));
    externals_.default_leads_into(own_default == routes_.end() ? std::nullopt
                                                               : std::optional(own_default->second.area));
  }
  if (is_new_list) {
    const auto before = translating_;
    elect();
    has_changed |= translating_ != before;
  }
  if (has_changed) say();
  return has_changed;
}

void NssaTranslator::stop() {
  routes_.clear();
  for (const AreaId area : leaving_) core_.timers.cancel({TimerKind::nssa_translator, area.value});
  translating_.clear();
  leaving_.clear();
  externals_.default_leads_into(std::nullopt);
  say();
}

// ---- Who translates (section 3.1) ----

/// By role, or when no border router that can be reached both in the area and beyond it says that it translates, or has a
/// higher router id.
bool NssaTranslator::is_elected(const Area& area) const {
  if (area.config.translator_role == TranslatorRole::always) return true;
  const auto others = calculation_.nssa_border_routers(area.id());
  return std::none_of(others.begin(), others.end(), [this](const NssaBorderRouter& other) {
    return other.is_translator || other.router > core_.config.router_id;
  });
}

void NssaTranslator::elect() {
  std::set<AreaId> nssas;
  for (const Area& area : core_.areas) {
    if (area.config.type != AreaType::nssa) continue;
    nssas.insert(area.id());
    const TimerKey timer{TimerKind::nssa_translator, area.id().value};
    if (is_elected(area)) {
      translating_.insert(area.id());
      if (leaving_.erase(area.id()) > 0) core_.timers.cancel(timer);
    } else if (translating_.contains(area.id()) && leaving_.insert(area.id()).second) {
      core_.timers.arm(timer, core_.now + seconds{area.config.translator_stability_interval});
    }
  }
  for (const AreaId gone : std::set(translating_)) {
    if (nssas.contains(gone)) continue;
    translating_.erase(gone);
    leaving_.erase(gone);
    core_.timers.cancel({TimerKind::nssa_translator, gone.value});
  }
}

void NssaTranslator::stable(AreaId area) {
  if (leaving_.erase(area) == 0) return;
  translating_.erase(area);
  is_outdated_ = true;
}

// ---- What is said (section 3.2) ----

auto NssaTranslator::wanted() const -> Wanted {
  struct InRange {
    ExternalRoute route;
    std::uint32_t most_of_type1 = 0, most_of_type2 = 0;
    std::size_t count = 0;
    bool is_advertised = true;
  };
  std::map<IpPrefix, InRange> ranges;
  Wanted wanted;
  for (const auto& [prefix, route] : routes_) {
    if (!translating_.contains(route.area)) continue;
    const Area& area = core_.areas[core_.area_index(route.area)];
    const ExternalRoute as_it_is{prefix, route.metric, route.type2, route.tag, route.forwarding_address};
    const NssaRange* range = area.nssa_range_of(prefix);
    if (range == nullptr) {
      wanted.routes.insert_or_assign(prefix, as_it_is);
      continue;
    }
    InRange& in = ranges[range->prefix];
    in.is_advertised = range->advertise;
    if (in.count++ == 0) in.route = as_it_is;
    (route.type2 ? in.most_of_type2 : in.most_of_type1) =
        std::max(route.type2 ? in.most_of_type2 : in.most_of_type1, route.metric);
    in.route.type2 |= route.type2;
    if (in.count > 1 || prefix != range->prefix) {  // one LSA that says just the range is translated as it is
      in.route.tag = range->tag;
      in.route.forwarding_address.reset();
    }
  }
  for (auto& [prefix, in] : ranges) {
    if (!in.is_advertised) continue;
    const bool is_as_it_is = in.route.forwarding_address.has_value();
    in.route.prefix = prefix;
    if (!is_as_it_is) {
      in.route.metric = in.route.type2 ? in.most_of_type2 + 1 : in.most_of_type1;
      wanted.ranges.insert(prefix);
    }
    wanted.routes.insert_or_assign(prefix, in.route);
  }
  return wanted;
}

void NssaTranslator::say() {
  auto [next, ranges] = wanted();
  said_ranges_ = std::move(ranges);
  for (const auto& [prefix, route] : said_)
    if (!next.contains(prefix)) externals_.translate(prefix, std::nullopt);
  for (const auto& [prefix, route] : next) {
    const auto known = said_.find(prefix);
    if (known == said_.end() || !(known->second == route)) externals_.translate(prefix, route);
  }
  said_ = std::move(next);
}

}  // namespace wgospf::ospf
