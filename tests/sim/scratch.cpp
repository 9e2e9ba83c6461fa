#include "tests/sim/scratch.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "ospf/route/calculator.h"
#include "tests/sim/describe.h"

namespace wgospf::sim {

using namespace ospf;

namespace {

std::string name(const Network& network, RouterIndex router) {
  return "router " + std::to_string(router) + " (" + network.routers[router].id.to_string() + "): ";
}

std::shared_ptr<const RootDevice> device_of(const DeviceStatus& status) {
  RootDevice device;
  for (const auto& own : status.addresses) {
    const bool is_advertised = V2::version().is_advertised(own.address);
    device.addresses.push_back({own.address, own.prefix(), is_advertised});
  }
  return std::make_shared<const RootDevice>(std::move(device));
}

RootLink::Prefixes prefixes_of(const InterfaceInfo& interface) {
  using Prefixes = RootLink::Prefixes;
  const bool are_hosts = interface.state == InterfaceState::loopback ||
                         interface.config.type == InterfaceType::point_to_multipoint;
  return are_hosts ? Prefixes::hosts : Prefixes::subnets;
}

/// The facts about a router's own links, as its instance shows them.
std::vector<RootLink> root_links(const Instance<V2>& instance) {
  std::vector<RootLink> links;
  const auto neighbors = instance.neighbors();
  for (const auto& interface : instance.interfaces()) {
    if (interface.state == InterfaceState::down) continue;
    RootLink link;
    link.link = interface.config.link;
    link.area = interface.config.area;
    link.cost = interface.cost;
    link.prefixes = prefixes_of(interface);
    link.device = device_of(interface.status);
    link.source = interface.status.source();
    link.is_multipoint = interface.config.type == InterfaceType::point_to_multipoint;
    link.is_source_advertised = link.source && V2::version().is_advertised(*link.source);
    link.is_passive = interface.config.passive;
    for (const auto& neighbor : neighbors)
      if (neighbor.link == link.link && neighbor.state == NeighborState::full)
        link.neighbors.push_back({neighbor.router_id, neighbor.address, std::nullopt});
    link.kind = link.neighbors.empty() ? RootLink::Kind::stub : RootLink::Kind::point_to_point;
    links.push_back(std::move(link));
  }
  return links;
}

/// It says what follows from the links.
bool is_own_router_lsa(const DatabaseEntry& entry) {
  return entry.self_originated && entry.header.key.type == LsaType::router;
}

/// So does what it says elsewhere of its routes.
bool is_own_summary(const DatabaseEntry& entry) {
  const LsaType type = entry.header.key.type;
  return entry.self_originated && (type == LsaType::summary_network || type == LsaType::summary_asbr);
}

/// An area is known to a calculation from its first link or LSA on; here those count that it has known.
void know_areas(const Router& router, RouteCalculator<V2>& fresh) {
  if (router.instance->footprint()["calculation.areas"] != router.areas.size()) return;
  for (const AreaConfig& area : router.areas) {
    RootLink link;
    link.link = LinkId{0xffffffff};
    link.area = area.id;
    fresh.set_link(link);
    fresh.remove_link(link.link);
  }
}

/// The advertised ranges of a border router that some route of their area is in.
std::set<IpPrefix> active_ranges(const Router& router) {
  std::set<AreaId> attached;
  for (const auto& interface : router.instance->interfaces())
    if (interface.state != InterfaceState::down) attached.insert(interface.config.area);
  std::set<IpPrefix> active;
  if (attached.size() < 2 || !attached.contains(kBackbone)) return active;
  for (const auto& route : router.instance->routes()->routes) {
    const AreaConfig* area = router.find_area(route.area);
    if (area == nullptr || route.path_type != PathType::intra_area) continue;
    const AreaRange* longest = nullptr;
    for (const AreaRange& range : area->ranges)
      if (std::get<Ipv4Prefix>(range.prefix).covers(route.prefix) &&
          (longest == nullptr || length_of(range.prefix) > length_of(longest->prefix)))
        longest = &range;
    if (longest != nullptr && longest->advertise) active.insert(longest->prefix);
  }
  // Those of NSSAs are none of an area's own prefixes.
  for (const auto& route : router.instance->routes()->routes)
    for (const AreaConfig& area : router.areas)
      for (const NssaRange& range : area.nssa_ranges)
        if (route.is_discard() && range.prefix == IpPrefix{route.prefix}) active.insert(range.prefix);
  return active;
}

RouteCalculator<V2> fed_at_once(const Network& network, const Router& router) {
  RouteCalculator<V2> fresh(router.id);
  for (const AreaConfig& area : router.areas) fresh.set_area_type(area.id, area.type);
  fresh.set_rfc1583_compatibility(router.rfc1583_compatibility);
  fresh.set_discards(active_ranges(router));
  know_areas(router, fresh);
  fresh.set_root(router.id, root_links(*router.instance));
  DatabaseCursor cursor;
  while (!cursor.done)
    for (const auto& entry : router.instance->database(cursor, 256, network.now()))
      if (entry.header.age < kMaxAge && entry.scope != FloodingScope::link && !is_own_router_lsa(entry) &&
          !is_own_summary(entry))
        fresh.lsa_installed(entry.area, entry.lsa);
  std::vector<RouteChange<V2>> changes;
  (void)fresh.calculate(changes);
  return fresh;
}

/// Everything of a route but the number of its set.
auto contents(const RouteTable<V2>& table, const Route<V2>& route) {
  return std::tuple(route.prefix, route.metric, route.type2_metric, route.path_type, route.area, route.tag,
                    route.set == kAttachedSet, table.next_hops(route));
}

void compare_tables(const std::string& who, const RouteTable<V2>& present, const RouteTable<V2>& fresh,
                    Problems& problems) {
  if (present.routes.size() != fresh.routes.size())
    problems.push_back(who + "has " + std::to_string(present.routes.size()) +
                       " routes, a fresh calculation " + std::to_string(fresh.routes.size()));
  for (const auto& route : fresh.routes) {
    const auto* own = present.find(route.prefix);
    if (own == nullptr || contents(present, *own) != contents(fresh, route))
      problems.push_back(
          who +
          (own == nullptr ? "lacks "
                          : "has " + describe(*own) + " " + describe(present.next_hops(*own)) + " for ") +
          "what a fresh calculation makes " + describe(route) + " " + describe(fresh.next_hops(route)));
  }
}

constexpr const char* kOfTheCalculation[] = {
    "graph.vertices",
    "graph.vertices.by-key",
    "graph.root-edges",
    "graph.lsas",
    "calculation.areas",
    "calculation.links",
    "calculation.own-addresses",
    "calculation.own-stubs",
    "prefixes",
    "prefixes.by-prefix",
    "offers",
    "offers.by-lsa",
    "boundary-routers",
    "boundary-routers.by-id",
    "boundary-routers.summaries",
    "forwarding-addresses",
    "forwarding-addresses.by-address",
};

/// Sets that came to have the same members are told apart still, up to so many.
constexpr std::size_t kTwinSets = 80;

}  // namespace

void check_calculations(const Network& network, Problems& problems) {
  for (RouterIndex i = 0; i < network.routers.size(); ++i) {
    const Router& router = network.routers[i];
    if (!router.is_running()) continue;
    const auto fresh = fed_at_once(network, router);
    compare_tables(name(network, i), *router.instance->routes(), *fresh.table(), problems);
    const Footprint present = router.instance->footprint();
    Footprint needed;
    fresh.measure(needed);
    const bool knows_the_same_areas = present["calculation.areas"] == needed["calculation.areas"];
    for (const char* container : kOfTheCalculation)
      if (knows_the_same_areas && present[container] != needed[container])
        problems.push_back(name(network, i) + "holds " + std::to_string(present[container]) + " " +
                           container + ", a fresh calculation " + std::to_string(needed[container]));
    if (present["next-hop-sets"] > needed["next-hop-sets"] + kTwinSets)
      problems.push_back(name(network, i) + "holds " + std::to_string(present["next-hop-sets"]) +
                         " next-hop-sets, a fresh calculation " + std::to_string(needed["next-hop-sets"]));
  }
}

void check_footprints(const Network& network, Remembered remembered, Problems& problems) {
  for (RouterIndex i = 0; i < network.routers.size(); ++i) {
    const Router& router = network.routers[i];
    if (!router.is_running()) continue;
    const Footprint footprint = router.instance->footprint();
    const auto expect = [&](const char* container, std::size_t size) {
      if (footprint[container] != size)
        problems.push_back(name(network, i) + "holds " + std::to_string(footprint[container]) + " " +
                           container + " instead of " + std::to_string(size));
    };
    for (const char* container : kEmptyAtRest) expect(container, 0);
    std::size_t own = 0;
    DatabaseCursor cursor;
    while (!cursor.done)
      for (const auto& entry : router.instance->database(cursor, 256, network.now()))
        own += entry.self_originated ? 1 : 0;
    const auto statistics = router.instance->statistics();
    expect("database", statistics.lsdb_size);
    expect("database.by-key", statistics.lsdb_size);
    expect("timers", statistics.timers);
    expect("timers.by-key", statistics.timers);
    std::set<DeviceId> devices;
    for (const auto& [link, port] : router.ports) devices.insert(port.config.device);
    expect("devices", devices.size());
    expect("devices.links", router.ports.size());
    expect("interfaces", router.ports.size());
    expect("areas", router.areas.size());
    expect("domains", 1 + router.areas.size() + router.ports.size());
    expect("neighbors", router.instance->neighbors().size());
    expect("neighbors.by-id", router.instance->neighbors().size());
    expect("externals", router.externals.size());
    expect("origination.by-key", footprint["origination.records"]);
    if (remembered == Remembered::no || footprint["origination.records"] < own)
      expect("origination.records", own);
    expect("link-state-ids.holders", footprint["link-state-ids"]);
    expect("link-state-ids", footprint["prefix-lsas"] - footprint["prefix-lsas.without-id"]);
  }
}

}  // namespace wgospf::sim
