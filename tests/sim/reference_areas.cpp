// Routes in a network with any number of areas, by the text of RFC 2328 sections 12.4.3, 16.2 and 16.4 and of RFC 3509:
// what each border router says elsewhere is calculated from the true topology, and what others make of that.

#include <algorithm>
#include <tuple>
#include <utility>

#include "tests/sim/reference.h"

namespace wgospf::sim {

using namespace ospf;

namespace {

/// A host on a subnet of the router's own: on the first link that is passive, where hosts are, else by each of its links
/// there.
std::set<Hop> host_hops(const Router& router, Ipv4Address host, const Ipv4Prefix& subnet) {
  std::set<Hop> hops, passive;
  for (const auto& [link, port] : router.ports) {
    if (!port.status().up || has_host_routes(port)) continue;
    for (const auto& address : port.status().addresses)
      if (address.prefix<Ipv4Address>() == subnet)
        (port.config.passive ? passive : hops).insert({link, {}, host});
  }
  return passive.empty() ? hops : std::set{*passive.begin()};
}

/// Of the next hops over one point-to-multipoint interface the lowest.
std::set<Hop> one_of_each_interface(const Router& router, const std::set<Hop>& hops) {
  std::map<DeviceId, Hop> lowest;
  std::set<Hop> kept;
  for (const Hop& hop : hops) {
    const InterfaceConfig& config = router.ports.at(hop.link).config;
    if (config.type != InterfaceType::point_to_multipoint) {
      kept.insert(hop);
      continue;
    }
    const auto [it, is_first] = lowest.try_emplace(config.device, hop);
    if (!is_first && hop.router < it->second.router) it->second = hop;
  }
  for (const auto& [device, hop] : lowest) kept.insert(hop);
  return kept;
}

/// The longest of the area's ranges that the prefix is in.
const AreaRange* range_around(const AreaConfig& area, const Ipv4Prefix& prefix) {
  const AreaRange* longest = nullptr;
  for (const AreaRange& range : area.ranges) {
    const auto& own = std::get<Ipv4Prefix>(range.prefix);
    if (!own.covers(prefix)) continue;
    if (longest == nullptr || own.length > length_of(longest->prefix)) longest = &range;
  }
  return longest;
}

/// The better one stays; equal ones are united.
void merge(ExpectedTable& table, const Ipv4Prefix& prefix, const ExpectedRoute& route) {
  const auto [it, is_new] = table.try_emplace(prefix, route);
  ExpectedRoute& known = it->second;
  if (is_new || known.metric < route.metric) return;
  if (known.metric > route.metric) {
    known = route;
    return;
  }
  known.attached |= route.attached;
  known.area = std::max(known.area, route.area);
  known.hops.insert(route.hops.begin(), route.hops.end());
}

}  // namespace

const Distances& Reference::distances(RouterIndex root, AreaId area) {
  const auto [it, is_new] = distances_.try_emplace({root, area});
  if (is_new) it->second = shortest_paths(network_, root, area);
  return it->second;
}

/// RFC 3509 section 2.1: interfaces that are up in several areas, of which one is the backbone.
bool Reference::is_border(RouterIndex router) const {
  std::set<AreaId> attached;
  for (const auto& [link, port] : network_.routers[router].ports)
    if (port.status().up) attached.insert(port.config.area);
  return attached.size() > 1 && attached.contains(kBackbone);
}

/// RFC 3509 section 2.2: it is adjacent to somebody in the backbone.
bool Reference::learns_from_the_backbone_alone(RouterIndex router) const {
  if (!is_border(router)) return false;
  for (CableIndex i = 0; i < network_.cables.size(); ++i) {
    const auto& ends = network_.cables[i].ends;
    if (ends[0].router != router && ends[1].router != router) continue;
    if (adjacency_exists(network_, i) &&
        network_.routers[ends[0].router].ports.at(ends[0].link).config.area == kBackbone)
      return true;
  }
  return false;
}

std::vector<AreaId> Reference::learns_from(RouterIndex router) const {
  std::vector<AreaId> areas;
  const bool only_backbone = learns_from_the_backbone_alone(router);
  for (const AreaConfig& area : network_.routers[router].areas)
    if (!only_backbone || area.id == kBackbone) areas.push_back(area.id);
  return areas;
}

ExpectedTable Reference::intra_within(RouterIndex root, AreaId area) {
  ExpectedTable table;
  const Distances& found = distances(root, area);
  for (RouterIndex i = 0; i < network_.routers.size(); ++i) {
    if (!found.cost[i]) continue;
    for (const auto& [prefix, cost] : own_prefixes(network_.routers[i], area)) {
      ExpectedRoute route;
      route.area = area;
      route.metric = *found.cost[i] + cost;
      route.attached = i == root;
      route.hops = found.hops[i];
      merge(table, prefix, route);
    }
  }
  return table;
}

ExpectedTable Reference::intra(RouterIndex root) {
  ExpectedTable table;
  for (const AreaConfig& area : network_.routers[root].areas)
    for (const auto& [prefix, route] : intra_within(root, area.id)) merge(table, prefix, route);
  return table;
}

/// The ranges of the root that some route of their area is in, with what they cost.
std::map<Ipv4Prefix, Reference::ActiveRange> Reference::active_ranges(RouterIndex root,
                                                                      const ExpectedTable& intra) const {
  std::map<Ipv4Prefix, ActiveRange> active;
  if (!is_border(root)) return active;
  for (const auto& [prefix, route] : intra) {
    const AreaConfig* area = network_.routers[root].find_area(route.area);
    const AreaRange* range = area == nullptr ? nullptr : range_around(*area, prefix);
    if (range == nullptr) continue;
    ActiveRange& one = active[std::get<Ipv4Prefix>(range->prefix)];
    one.area = route.area;
    one.is_advertised = range->advertise;
    one.metric = range->cost.value_or(std::max(one.metric, route.metric));
  }
  return active;
}

/// Section 16.2: from what border routers say in the areas that count.
ExpectedTable Reference::inter(RouterIndex root, const ExpectedTable& intra) {
  ExpectedTable table;
  const auto ranges = active_ranges(root, intra);
  for (const AreaId area : learns_from(root)) {
    const Distances found = distances(root, area);
    for (RouterIndex border = 0; border < network_.routers.size(); ++border) {
      if (border == root || !found.cost[border] || !is_border(border)) continue;
      const Said said = says(border, area);
      for (const auto& [prefix, metric] : said.prefixes) {
        const auto range = ranges.find(prefix);
        const bool is_own_range = range != ranges.end() && range->second.is_advertised;
        if (intra.contains(prefix) || is_own_range) continue;
        ExpectedRoute route;
        route.path_type = PathType::inter_area;
        route.area = area;
        route.metric = *found.cost[border] + metric;
        route.hops = found.hops[border];
        merge(table, prefix, route);
      }
    }
  }
  return table;
}

/// Section 12.4.3.
const Said& Reference::says(RouterIndex router, AreaId area) {
  const auto known = says_.find({router, area});
  if (known != says_.end()) return known->second;
  Said said;
  const AreaConfig* into = network_.routers[router].find_area(area);
  if (into != nullptr && is_border(router)) {
    const bool takes_prefixes = into->type == AreaType::normal || into->summary;
    if (takes_prefixes) say_prefixes(router, area, said);
    const bool gets_default =
        into->type == AreaType::stub || (into->type == AreaType::nssa && !into->summary);
    if (gets_default && !without_default_.contains({router, area}))
      said.prefixes[Ipv4Prefix{}] = into->default_cost;
    if (into->type == AreaType::normal) say_boundary_routers(router, area, said);
  }
  return says_[{router, area}] = std::move(said);
}

void Reference::say_prefixes(RouterIndex router, AreaId area, Said& said) {
  const ExpectedTable within = intra(router);
  for (const auto& [prefix, route] : within) {
    const AreaConfig* of = network_.routers[router].find_area(route.area);
    if (route.area != area && range_around(*of, prefix) == nullptr && route.metric < kLsInfinity)
      said.prefixes[prefix] = route.metric;
  }
  // What others say counts where it came from the backbone; there it is not said again.
  if (area != kBackbone && learns_from_the_backbone_alone(router))
    for (const auto& [prefix, route] : inter(router, within))
      if (route.metric < kLsInfinity) said.prefixes[prefix] = route.metric;
  for (const auto& [prefix, range] : active_ranges(router, within)) {
    if (range.area == area) continue;
    said.prefixes.erase(prefix);
    if (range.is_advertised && range.metric < kLsInfinity) said.prefixes[prefix] = range.metric;
  }
}

void Reference::say_boundary_routers(RouterIndex router, AreaId area, Said& said) {
  for (RouterIndex boundary = 0; boundary < network_.routers.size(); ++boundary)
    if (const auto cost = says_of_boundary(router, area, boundary)) said.boundary_routers[boundary] = *cost;
}

/// What a border router says in an area of an AS boundary router: of the preferred path to it, when that leads elsewhere,
/// within an area or over the backbone.
std::optional<std::uint32_t> Reference::says_of_boundary(RouterIndex router, AreaId area,
                                                         RouterIndex boundary) {
  const AreaConfig* into = network_.routers[router].find_area(area);
  if (into == nullptr || into->type != AreaType::normal) return std::nullopt;
  if (router == boundary || !is_border(router) || !is_boundary(boundary)) return std::nullopt;
  const bool by_summaries = area != kBackbone && learns_from_the_backbone_alone(router);
  const auto way = way_to_boundary(router, boundary, by_summaries);
  if (!way || way->area == area || way->cost >= kLsInfinity) return std::nullopt;
  if (!by_summaries && is_nearer_by_summaries(router, boundary, *way)) return std::nullopt;
  return way->cost;
}

/// By the rules of RFC 1583 a way by what others say counts when it costs less; of equals the larger area's (16.4.1). Such
/// a way is not passed on, but over the backbone out of it. Who says so is nearer itself.
bool Reference::is_nearer_by_summaries(RouterIndex router, RouterIndex boundary, const Way& within) {
  if (is_preferred(router, within.type, within.area)) return false;
  for (const AreaId area : learns_from(router)) {
    if (network_.routers[router].find_area(area)->type != AreaType::normal) continue;
    const Distances found = distances(router, area);
    // What is in the area itself is not looked for in summaries.
    if (found.cost[boundary] && network_.routers[boundary].find_area(area) != nullptr) continue;
    for (RouterIndex border = 0; border < network_.routers.size(); ++border) {
      if (border == router || !found.cost[border] || !is_border(border)) continue;
      const bool passes_on = area != kBackbone && learns_from_the_backbone_alone(border);
      const auto own = way_to_boundary(border, boundary, passes_on);
      if (!own) continue;
      const Way way{*found.cost[border] + own->cost, PathType::inter_area, area, {}};
      if (is_better(router, way, within) && says_of_boundary(border, area, boundary)) return true;
    }
  }
  return false;
}

/// Where AS-external-LSAs go. Border routers of NSSAs say so, too (RFC 3101 section 3.1).
bool Reference::is_boundary(RouterIndex router) const {
  const Router& one = network_.routers[router];
  const bool is_at_nssa = std::any_of(one.areas.begin(), one.areas.end(),
                                      [](const AreaConfig& area) { return area.type == AreaType::nssa; });
  return one.is_running() && one.takes_externals() &&
         (!one.externals.empty() || (is_at_nssa && is_border(router)));
}

/// Section 16.4 step 3: the preferred path to an AS boundary router. `by_summaries`: what border routers say counts.
std::optional<Reference::Way> Reference::way_to_boundary(RouterIndex root, RouterIndex boundary,
                                                         bool by_summaries) {
  std::optional<Way> best;
  const auto learns = learns_from(root);
  for (const AreaConfig& area : network_.routers[root].areas) {
    const AreaConfig* there = network_.routers[boundary].find_area(area.id);
    if (area.type != AreaType::normal) continue;
    const Distances found = distances(root, area.id);
    std::optional<Way> way;
    if (there != nullptr && found.cost[boundary])
      way = Way{*found.cost[boundary], PathType::intra_area, area.id, found.hops[boundary]};
    const bool counts = std::find(learns.begin(), learns.end(), area.id) != learns.end();
    if (!way && counts && by_summaries) way = way_by_summaries(root, area.id, boundary);
    if (way && (!best || is_better(root, *way, *best))) best = way;
  }
  return best;
}

std::optional<Reference::Way> Reference::way_by_summaries(RouterIndex root, AreaId area,
                                                          RouterIndex boundary) {
  std::optional<Way> way;
  const Distances found = distances(root, area);
  for (RouterIndex border = 0; border < network_.routers.size(); ++border) {
    if (border == root || !found.cost[border] || !is_border(border)) continue;
    const auto said = says_of_boundary(border, area, boundary);
    if (!said) continue;
    const std::uint32_t cost = *found.cost[border] + *said;
    if (way && cost > way->cost) continue;
    if (!way || cost < way->cost) way = Way{cost, PathType::inter_area, area, {}};
    way->hops.insert(found.hops[border].begin(), found.hops[border].end());
  }
  return way;
}

/// Section 16.4.1, unless RFC 1583 is followed; then the cost, then the larger area.
bool Reference::is_better(RouterIndex root, const Way& a, const Way& b) const {
  const auto rank = [&](const Way& way) {
    return std::tuple(!is_preferred(root, way.type, way.area), way.cost, ~way.area.value);
  };
  return rank(a) < rank(b);
}

bool Reference::is_preferred(RouterIndex root, PathType type, AreaId area) const {
  return !network_.routers[root].rfc1583_compatibility && type == PathType::intra_area && area != kBackbone;
}

/// By the forwarding address, or else to the AS boundary router (section 16.4 step 3).
std::optional<Reference::Way> Reference::way_of_external(const ExternalRoute& external, RouterIndex root,
                                                         const Way& boundary,
                                                         const ExpectedTable& internal) const {
  if (!external.forwarding_address) return boundary;
  const auto address = as<Ipv4Address>(*external.forwarding_address);
  if (owns(network_.routers[root], address)) return std::nullopt;
  const ExpectedTable::value_type* best = nullptr;
  for (const auto& candidate : internal)
    if (candidate.first.contains(address) && (best == nullptr || candidate.first.length > best->first.length))
      best = &candidate;
  if (best == nullptr) return std::nullopt;
  const auto& [subnet, route] = *best;
  Way way{route.metric, route.path_type, route.area, route.hops};
  if (!route.attached) return way;
  // On which of several links with one subnet the host is nobody knows: towards who said it.
  const auto hops = host_hops(network_.routers[root], address, subnet);
  way.hops = hops.size() > 1 ? boundary.hops : hops;
  return way;
}

ExpectedTable Reference::internal_routes(RouterIndex root) {
  const ExpectedTable within = intra(root);
  ExpectedTable internal = within;
  for (const auto& [prefix, route] : inter(root, within)) internal.emplace(prefix, route);
  return internal;
}

ExpectedTable Reference::routes_with(RouterIndex root, const std::vector<Externals>& as_externals) {
  const ExpectedTable within = intra(root);
  const ExpectedTable internal = internal_routes(root);
  ExpectedTable table = internal;
  for (const auto& [prefix, range] : active_ranges(root, within)) {
    if (!range.is_advertised || within.contains(prefix)) continue;
    table[prefix] = {};  // discarded (section 11.1)
    table[prefix].path_type = PathType::inter_area;
    table[prefix].attached = true;
  }
  if (const auto ranges = nssa_ranges_.find(root); ranges != nssa_ranges_.end())
    for (const Ipv4Prefix& prefix : ranges->second) {
      if (within.contains(prefix)) continue;
      table[prefix] = {};
      table[prefix].path_type = PathType::inter_area;
      table[prefix].attached = true;
    }
  ExpectedTable externals;
  for (RouterIndex i = 0; i < network_.routers.size() && network_.routers[root].takes_externals(); ++i) {
    if (i == root || !is_boundary(i)) continue;
    const auto boundary = way_to_boundary(root, i, true);
    if (!boundary) continue;
    for (const auto& [prefix, external] : as_externals[i])
      if (const auto way = way_of_external(external, root, *boundary, internal))
        add_external(root, {external, *way}, externals);
  }
  for (const AreaConfig& area : network_.routers[root].areas)
    if (area.type == AreaType::nssa) add_nssa_externals(root, area.id, externals);
  for (const auto& [prefix, route] : externals) table.emplace(prefix, route);
  for (auto& [prefix, route] : table) route.hops = one_of_each_interface(network_.routers[root], route.hops);
  return table;
}

/// Section 16.4 step 6: smaller is better.
void Reference::add_external(RouterIndex root, const ExternalPath& path, ExpectedTable& externals) const {
  const ExternalRoute& said = path.said;
  if (said.metric >= kLsInfinity) return;
  ExpectedRoute route;
  route.path_type = said.type2 ? PathType::external_2 : PathType::external_1;
  route.metric = said.type2 ? path.way.cost : path.way.cost + said.metric;
  route.type2_metric = said.type2 ? said.metric : 0;
  route.is_first_choice = is_preferred(root, path.way.type, path.way.area);
  route.hops = path.way.hops;
  route.tags = {said.tag};
  const auto rank = [](const ExpectedRoute& one) {
    return std::tuple(one.path_type, one.type2_metric, !one.is_first_choice, one.metric);
  };
  const auto prefix = std::get<Ipv4Prefix>(said.prefix);
  if (path.type7_by) {
    route.type7 = said;
    route.type7_by = *path.type7_by;
    route.nssa = path.way.area;
  }
  const auto [it, is_new] = externals.try_emplace(prefix, route);
  ExpectedRoute& known = it->second;
  if (is_new) return;
  if (rank(route) < rank(known)) {
    known = route;
  } else if (rank(route) == rank(known)) {
    known.hops.merge(route.hops);
    known.tags.merge(route.tags);
    if (route.type7 && (!known.type7 || known.type7_by < route.type7_by)) {
      known.type7 = route.type7;
      known.type7_by = route.type7_by;
      known.nssa = route.nssa;
    }
  }
}

/// RFC 3101 section 2.5: all within the area.
void Reference::add_nssa_externals(RouterIndex root, AreaId nssa, ExpectedTable& externals) {
  const ExpectedTable in_area = intra_within(root, nssa);
  const Distances found = distances(root, nssa);
  for (RouterIndex i = 0; i < network_.routers.size(); ++i) {
    if (i == root || !found.cost[i]) continue;
    const Way boundary{*found.cost[i], PathType::intra_area, nssa, found.hops[i]};
    for (const auto& [prefix, type7] : type7s(i, nssa)) {
      const bool is_suppressed = prefix.length == 0 && !type7.is_translated && is_border(root);
      auto way = is_suppressed ? std::nullopt : way_of_external(type7.route, root, boundary, in_area);
      if (!way) continue;
      ExternalPath path{type7.route, *way, {}};
      if (type7.is_translated) path.type7_by = network_.routers[i].id;
      path.way.area = nssa;
      add_external(root, path, externals);
    }
  }
}

/// RFC 3101 sections 2.3 and 2.4.
std::map<Ipv4Prefix, Reference::Type7> Reference::type7s(RouterIndex index, AreaId nssa) const {
  std::map<Ipv4Prefix, Type7> said;
  const Router& router = network_.routers[index];
  const AreaConfig* area = router.find_area(nssa);
  if (area == nullptr || area->type != AreaType::nssa || !router.is_running()) return said;
  std::optional<Ipv4Address> own;
  bool is_loopback = false;
  for (const auto& [link, port] : router.ports) {
    if (port.config.area != nssa || !port.status().up || port.status().addresses.empty()) continue;
    if (own && !(port.status().loopback && !is_loopback)) continue;
    own = as<Ipv4Address>(port.status().addresses.front().address);
    is_loopback = port.status().loopback;
  }
  for (const auto& [prefix, external] : router.externals) {
    Type7 type7{external, !router.takes_externals() && own};
    if (type7.is_translated && !external.forwarding_address) type7.route.forwarding_address = *own;
    said[prefix] = type7;
  }
  if (is_border(index) && area->summary && !without_default_.contains({index, nssa})) {
    ExternalRoute route;
    route.prefix = Ipv4Prefix{};
    route.metric = area->default_cost;
    route.type2 = false;
    said[Ipv4Prefix{}] = {route, false};
  }
  return said;
}

// ---- Translation (RFC 3101 section 3) ----

bool Reference::translates(RouterIndex router, const AreaConfig& nssa) {
  if (nssa.type != AreaType::nssa || !is_border(router)) return false;
  if (nssa.translator_role == TranslatorRole::always) return true;
  const Distances found = distances(router, nssa.id);
  for (RouterIndex other = 0; other < network_.routers.size(); ++other) {
    if (other == router || !found.cost[other] || !is_border(other)) continue;
    if (network_.routers[other].id < network_.routers[router].id) continue;
    if (way_to_boundary(router, other, true)) return false;
  }
  return true;
}

/// Section 3.2, of what is in the router's table.
Reference::Translated Reference::translated(RouterIndex router, const ExpectedTable& table) {
  struct InRange {
    std::vector<ExternalRoute> routes;
    NssaRange range;
  };
  Translated result;
  Externals& said = result.said;
  std::map<Ipv4Prefix, InRange> ranges;
  for (const auto& [prefix, route] : table) {
    if (!route.type7 || !route.type7->forwarding_address) continue;
    const AreaConfig* area = network_.routers[router].find_area(route.nssa);
    if (area == nullptr || !translates(router, *area)) continue;
    const NssaRange* longest = nullptr;
    for (const NssaRange& range : area->nssa_ranges)
      if (std::get<Ipv4Prefix>(range.prefix).covers(prefix) &&
          (longest == nullptr || length_of(range.prefix) > length_of(longest->prefix)))
        longest = &range;
    if (longest == nullptr) {
      said[prefix] = *route.type7;
    } else {
      InRange& in = ranges[std::get<Ipv4Prefix>(longest->prefix)];
      in.routes.push_back(*route.type7);
      in.range = *longest;
    }
  }
  for (const auto& [prefix, in] : ranges) {
    if (!in.range.advertise) continue;
    if (in.routes.size() == 1 && in.routes.front().prefix == IpPrefix{prefix}) {
      said[prefix] = in.routes.front();
      continue;
    }
    ExternalRoute one;
    one.prefix = prefix;
    one.tag = in.range.tag;
    one.metric = 0;
    one.type2 =
        std::any_of(in.routes.begin(), in.routes.end(), [](const ExternalRoute& r) { return r.type2; });
    for (const ExternalRoute& route : in.routes)
      if (route.type2 == one.type2) one.metric = std::max(one.metric, route.metric);
    if (one.type2) ++one.metric;
    said[prefix] = one;
    result.ranges.insert(prefix);
  }
  return result;
}

/// What one router translates may be better than what another has: until nothing changes.
void Reference::settle_as_externals() {
  as_externals_.assign(network_.routers.size(), {});
  constexpr int kMostRounds = 20;
  for (int round = 0; round < kMostRounds; ++round) {
    std::vector<Externals> next(network_.routers.size());
    std::set<std::pair<RouterIndex, AreaId>> without_default;
    std::map<RouterIndex, std::set<Ipv4Prefix>> nssa_ranges;
    for (RouterIndex i = 0; i < next.size(); ++i) {
      const Router& router = network_.routers[i];
      if (!router.is_running() || !router.takes_externals()) continue;
      const bool is_at_nssa = is_boundary(i) && is_border(i);
      if (is_at_nssa) {
        const ExpectedTable table = routes_with(i, as_externals_);
        const Translated result = translated(i, table);
        next[i] = result.said;
        if (!result.ranges.empty()) nssa_ranges[i] = result.ranges;
        const auto own_default = table.find(Ipv4Prefix{});
        if (own_default != table.end() && own_default->second.type7 &&
            own_default->second.type7->forwarding_address)
          without_default.emplace(i, own_default->second.nssa);
      }
      for (const auto& [prefix, external] : router.externals) next[i][prefix] = external;
    }
    if (next == as_externals_ && without_default == without_default_ && nssa_ranges == nssa_ranges_) return;
    nssa_ranges_ = std::move(nssa_ranges);
    as_externals_ = std::move(next);
    if (std::exchange(without_default_, without_default) != without_default) says_.clear();
  }
}

const Reference::Externals& Reference::as_externals(RouterIndex router) {
  if (as_externals_.empty()) settle_as_externals();
  return as_externals_[router];
}

ExpectedTable Reference::routes(RouterIndex root) {
  (void)as_externals(root);
  return routes_with(root, as_externals_);
}

}  // namespace wgospf::sim
