// Opaque LSAs of our own (RFC 5250).

#include "ospf/opaque_lsas.h"

#include <algorithm>
#include <optional>
#include <set>

namespace wgospf::ospf {

namespace {

/// The names of one place are neighbours in the order of names.
[[nodiscard]] OpaqueName first_of(const OpaqueName& name) {
  return {name.scope, name.area, name.link, 0, 0};
}
[[nodiscard]] OpaqueName first_of(const Domain& domain) {
  OpaqueName name;
  name.scope = domain.scope;
  if (domain.scope == FloodingScope::area) name.area = domain.area;
  if (domain.scope == FloodingScope::link) name.link = domain.link;
  return name;
}

}  // namespace

bool OpaqueLsas::is_sound(const OpaqueContents& contents) {
  const auto& sizes = core_.version.sizes;
  const std::size_t most = 0xffff - sizes.ip_header - sizes.packet_header - 4 - kLsaHeaderSize;
  const OpaqueName& name = contents.name;
  const bool has_one_place = (name.scope == FloodingScope::area || name.area == AreaId{}) &&
                             (name.scope == FloodingScope::link || name.link == LinkId{});
  if (name.scope != FloodingScope::unknown && name.id <= kOpaqueIdMost && has_one_place &&
      contents.body.size() <= most)
    return true;
  core_.event(
      InternalError{"an opaque LSA has no scope that there is, too large an id, or no room in a packet"});
  return false;
}

void OpaqueLsas::change(const OpaqueChanged& change) {
  const bool was_boundary = is_boundary_router();
  std::set<OpaqueName> places;
  for (const OpaqueName& name : change.removed)
    if (wanted_.erase(name) > 0) places.insert(first_of(name));
  for (const OpaqueContents& contents : change.set) {
    if (!is_sound(contents)) continue;
    wanted_.insert_or_assign(contents.name, contents.body);
    places.insert(first_of(contents.name));
  }
  for (const OpaqueName& place : places)
    if (const auto domain = core_.domain_of(place)) originate(*domain);
  if (was_boundary != is_boundary_router())
    for (const Area& area : core_.areas) core_.dirty_areas.insert(area.id());
}

bool OpaqueLsas::is_boundary_router() const {
  return !wanted_.empty() && wanted_.rbegin()->first.scope == FloodingScope::as;
}

std::vector<OwnLsa> OpaqueLsas::wanted_in(std::uint32_t domain) const {
  const OpaqueName first = first_of(core_.domain(domain));
  const Domain& where = core_.domain(domain);
  const Area* area = where.scope == FloodingScope::as ? nullptr : &core_.areas[core_.area_index(where.area)];
  std::vector<OwnLsa> lsas;
  for (auto it = wanted_.lower_bound(first); it != wanted_.end() && first_of(it->first) == first; ++it)
    lsas.push_back(core_.version.opaque_lsa(area, opaque_key(it->first, core_.config.router_id), it->second));
  return lsas;
}

void OpaqueLsas::originate(std::uint32_t domain) {
  if (core_.phase == Phase::running)
    origination_.want_exactly(Producer::opaque_lsas, domain, wanted_in(domain));
}

}  // namespace wgospf::ospf
