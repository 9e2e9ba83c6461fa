#include "ospf/externals.h"

namespace wgospf::ospf {

namespace {

[[nodiscard]] LsaKey key_of(RouterId self, LinkStateId id) {
  return {LsaType::as_external, id, self};
}

}  // namespace

bool Externals::is_of_our_family(const IpPrefix& prefix) {
  if (family_of(prefix) == core_.version.family) return true;
  core_.event(InternalError{"an external prefix is of the other address family"});
  return false;
}

void Externals::change(const ExternalsChanged& change) {
  const bool was_boundary = !empty();
  for (const IpPrefix& prefix : change.removed) withdraw(prefix);
  for (const ExternalRoute& route : change.set) {
    if (!is_of_our_family(route.prefix)) continue;
    announced_.insert_or_assign(route.prefix, route);
    originate(route);
  }
  if (!change.removed.empty())  // an id may be free now
    for (const IpPrefix& prefix : std::set(without_id_)) originate(announced_.at(prefix));
  if (was_boundary == empty())
    for (const Area& area : core_.areas) core_.dirty_areas.insert(area.id());
}

void Externals::withdraw(const IpPrefix& prefix) {
  if (announced_.erase(prefix) == 0) return;
  without_id_.erase(prefix);
  if (const auto id = ids_->release(prefix))
    origination_.unwant(Core::kAsDomain, key_of(core_.config.router_id, *id));
}

void Externals::originate_all() {
  for (const auto& [prefix, route] : announced_) originate(route);
}

void Externals::originate(const ExternalRoute& route) {
  if (core_.is_leaving()) return;
  const auto assigned = ids_->assign(route.prefix);
  if (!assigned.id) {
    if (without_id_.insert(route.prefix).second) core_.event(NoLinkStateId{route.prefix});
    return;
  }
  without_id_.erase(route.prefix);
  if (core_.phase == Phase::running) {
    const LsaKey key = key_of(core_.config.router_id, *assigned.id);
    origination_.want(Producer::externals, Core::kAsDomain, core_.version.external_lsa(key, route));
  }
  if (assigned.displaced) originate(announced_.at(*assigned.displaced));
}

}  // namespace wgospf::ospf
