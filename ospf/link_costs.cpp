// One cost for both directions of a link where an end is a point-to-multipoint interface.

#include "ospf/link_costs.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ospf/opaque.h"
#include "ospf/opaque_tlvs.h"

namespace wgospf::ospf {

namespace {

[[nodiscard]] OpaqueName name_on(LinkId link) {
  OpaqueName name;
  name.scope = FloodingScope::link;
  name.link = link;
  name.type = kOpaqueType;
  name.id = kOpaqueIdOfLink;
  return name;
}

[[nodiscard]] bool is_multipoint(const InterfaceConfig& config) {
  return config.type == InterfaceType::point_to_multipoint;
}
/// Is our cost told on the link? Where there is one peer: the other end may be the point-to-multipoint interface.
[[nodiscard]] bool is_told(const InterfaceConfig& config) {
  return !config.passive && (config.peer_address || is_multipoint(config));
}

}  // namespace

void LinkCosts::update() {
  for (const LinkId id : std::set<LinkId>(core_.dirty_links)) update(id);
}

void LinkCosts::update(LinkId id) {
  const auto it = core_.interfaces.find(id);
  if (it == core_.interfaces.end()) return follow(id, std::nullopt);
  Interface& interface = *it->second;
  originate(interface.link_domain);
  Neighbor* full = nullptr;
  for (const auto& [router, neighbor] : interface.neighbors)
    if (neighbor->state == NeighborState::full) full = neighbor;
  if (full == nullptr || !is_told(interface.config)) {
    interface.agreed_cost.reset();
    return follow(id, std::nullopt);
  }
  interface.agreed_cost = agreed(interface, *full);
}

void LinkCosts::originate(std::uint32_t domain) {
  if (core_.phase != Phase::running || core_.domain(domain).scope != FloodingScope::link) return;
  const auto it = core_.interfaces.find(core_.domain(domain).link);
  if (it == core_.interfaces.end()) return;
  const InterfaceConfig& config = it->second->config;
  std::vector<OwnLsa> wanted;
  if (is_told(config)) {
    const OpaqueTlvs tlvs{LinkCostTlv{config.cost, is_multipoint(config)}};
    const Area& area = core_.areas[core_.area_index(config.area)];
    wanted.push_back(core_.version.opaque_lsa(&area, opaque_key(name_on(config.link), core_.config.router_id),
                                              encode_opaque(tlvs)));
  }
  origination_.want_exactly(Producer::link_costs, domain, std::move(wanted));
}

std::uint16_t LinkCosts::agreed(Interface& interface, Neighbor& neighbor) {
  const std::uint16_t ours = interface.config.cost;
  const Told told = told_by(interface, neighbor);
  const bool has_a_say = is_multipoint(interface.config) && !told.cost && !told.is_void;
  follow(interface.config.link, has_a_say ? std::optional(neighbor.router_id) : std::nullopt);
  std::optional<LowerCost> lower;
  std::uint16_t cost = ours;
  if (told.cost) {
    if (is_multipoint(interface.config) || told.cost->is_multipoint) cost = std::max(ours, told.cost->cost);
  } else if (const auto theirs = has_a_say ? cost_in_router_lsa(interface, neighbor) : std::nullopt) {
    cost = std::max(ours, *theirs);
    if (*theirs < ours) lower = LowerCost{*theirs, ours};
  }
  if (std::exchange(neighbor.lower_cost, lower) != lower && lower)
    core_.event(LinkCostDiffers{interface.config.link, neighbor.router_id, lower->theirs, lower->ours});
  return cost;
}

auto LinkCosts::told_by(const Interface& interface, const Neighbor& neighbor) const -> Told {
  const Lsdb& lsdb = core_.domain(interface.link_domain).lsdb;
  const std::uint32_t slot = lsdb.find(opaque_key(name_on(interface.config.link), neighbor.router_id));
  if (slot == Lsdb::kNone || lsdb[slot].age(core_.now) >= kMaxAge) return {};
  const auto decoded = decode_opaque(lsdb[slot].lsa.body());
  if (const auto* tlvs = std::get_if<OpaqueTlvs>(&decoded)) return {false, tlvs->link_cost};
  // Of a router of ours that says it in another way the router-LSA has the greater cost already: to follow it would
  // never let the cost fall again.
  return {std::get<OpaqueError>(decoded).reason != OpaqueError::Reason::not_ours, std::nullopt};
}

std::optional<std::uint16_t> LinkCosts::cost_in_router_lsa(const Interface& interface,
                                                           const Neighbor& neighbor) const {
  const std::uint32_t area = core_.area_index(interface.config.area);
  if (area == core_.areas.size()) return std::nullopt;
  const Lsdb& lsdb = core_.domain(core_.areas[area].domain).lsdb;
  const std::uint32_t slot = lsdb.find(core_.version.router_lsa_key(neighbor.router_id));
  if (slot == Lsdb::kNone || lsdb[slot].age(core_.now) >= kMaxAge) return std::nullopt;
  return core_.version.cost_towards(lsdb[slot].lsa, core_.config.router_id, neighbor.address);
}

void LinkCosts::follow(LinkId link, std::optional<RouterId> router) {
  const auto former = follows_.find(link);
  if (former != follows_.end()) {
    if (router == former->second) return;
    const auto links = core_.cost_says.find(former->second);
    links->second.erase(link);
    if (links->second.empty()) core_.cost_says.erase(links);
    follows_.erase(former);
  }
  if (!router) return;
  follows_.emplace(link, *router);
  core_.cost_says[*router].insert(link);
}

}  // namespace wgospf::ospf
