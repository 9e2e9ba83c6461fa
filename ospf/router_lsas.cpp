#include "ospf/router_lsas.h"

#include <algorithm>
#include <utility>

namespace wgospf::ospf {

std::vector<InterfaceFacts> RouterLsas::facts_of(const Area& area) const {
  std::vector<InterfaceFacts> facts;
  for (const InterfaceConfig& config : core_.config.interfaces) {
    const auto it = core_.interfaces.find(config.link);
    if (it == core_.interfaces.end() || config.area != area.id()) continue;
    InterfaceFacts fact{
        &it->second->config, &it->second->status(), it->second->state, it->second->cost(), {}};
    for (const auto& [id, neighbor] : it->second->neighbors)
      if (neighbor->state == NeighborState::full) fact.full_neighbors.push_back({id, neighbor->address});
    facts.push_back(std::move(fact));
  }
  return facts;
}

/// Bit E never in a stub area (section 12.4.1).
RouterRole RouterLsas::role_in(const Area& area) const {
  RouterRole role;
  role.border = core_.is_border_router;
  const bool is_of_nssa = area.config.type == AreaType::nssa;
  const bool says_externals = !externals_.empty() && area.config.type != AreaType::stub;
  const bool says_opaque = opaque_.is_boundary_router() && area.takes_as_scope();
  // RFC 3101 section 3.1: a border router of an NSSA says so in all areas but stub areas, whether it translates or not.
  const bool is_at_nssa = std::any_of(core_.areas.begin(), core_.areas.end(),
                                      [](const Area& one) { return one.config.type == AreaType::nssa; });
  role.as_boundary =
      says_externals || says_opaque || (role.border && is_at_nssa && area.config.type != AreaType::stub);
  role.translator = role.border && is_of_nssa && area.config.translator_role == TranslatorRole::always;
  return role;
}

void RouterLsas::originate() {
  for (const AreaId id : std::exchange(core_.dirty_areas, {})) {
    const std::uint32_t index = core_.area_index(id);
    if (index == core_.areas.size()) continue;
    const std::uint32_t domain = core_.areas[index].domain;
    if (origination_.router_lsa_may_change(domain)) originate(domain);
  }
}

void RouterLsas::originate(std::uint32_t domain) {
  Area& area = core_.areas[core_.area_index(core_.domain(domain).area)];
  auto made = core_.version.router_lsa(core_.config.router_id, area, facts_of(area), role_in(area));
  if (made.links_left_out > 0 && !area.router_lsa_full)
    core_.event(RouterLsaFull{area.id(), made.links_left_out});
  area.router_lsa_full = made.links_left_out > 0;
  std::vector<OwnLsa> lsas;
  lsas.push_back(std::move(made.own));
  origination_.want_exactly(Producer::router_lsas, domain, std::move(lsas));
}

}  // namespace wgospf::ospf
