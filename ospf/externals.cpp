#include "ospf/externals.h"

namespace wgospf::ospf {

Externals::Externals(Core& core, Origination& origination)
    : core_(core),
      in_as_(core, origination, {Producer::externals, LsaType::as_external, Core::kAsDomain},
             [&core](const LsaKey& key, const IpPrefix&, const ExternalRoute& route) {
               return core.version.external_lsa(key, route);
             }) {}

bool Externals::is_of_our_family(const IpPrefix& prefix) {
  if (family_of(prefix) == core_.version.family) return true;
  core_.event(InternalError{"an external prefix is of the other address family"});
  return false;
}

void Externals::change(const ExternalsChanged& change) {
  const bool was_boundary = !empty();
  for (const IpPrefix& prefix : change.removed) in_as_.remove(prefix);
  for (const ExternalRoute& route : change.set)
    if (is_of_our_family(route.prefix)) in_as_.set(route.prefix, route);
  in_as_.use_free_ids();
  if (was_boundary == empty())
    for (const Area& area : core_.areas) core_.dirty_areas.insert(area.id());
}

}  // namespace wgospf::ospf
