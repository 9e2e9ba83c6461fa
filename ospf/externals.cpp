#include "ospf/externals.h"

#include <algorithm>
#include <set>
#include <utility>

namespace wgospf::ospf {

Externals::Externals(Core& core, Origination& origination)
    : core_(core),
      origination_(origination),
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
  std::set<IpPrefix> differing;
  for (const IpPrefix& prefix : change.removed)
    if (announced_.erase(prefix) > 0) differing.insert(prefix);
  for (const ExternalRoute& route : change.set) {
    if (!is_of_our_family(route.prefix)) continue;
    announced_.insert_or_assign(route.prefix, route);
    differing.insert(route.prefix);
  }
  for (const IpPrefix& prefix : differing)  // what is withdrawn may make room for what is set
    if (!announced_.contains(prefix)) say(prefix);
  for (const IpPrefix& prefix : differing)
    if (announced_.contains(prefix)) say(prefix);
  use_free_ids();
  if (was_boundary == empty())
    for (const Area& area : core_.areas) core_.dirty_areas.insert(area.id());
}

void Externals::translate(const IpPrefix& prefix, const std::optional<ExternalRoute>& route) {
  if (route)
    translated_.insert_or_assign(prefix, *route);
  else
    translated_.erase(prefix);
  say_in_as(prefix);
  use_free_ids();
}

void Externals::use_free_ids() {
  in_as_.use_free_ids();
  for (const auto& [area, nssa] : in_nssas_) nssa->lsas.use_free_ids();
}

void Externals::originate_all() {
  refresh();
  in_as_.originate_all();
  for (const auto& [area, nssa] : in_nssas_) nssa->lsas.originate_all();
}

// ---- In the AS, and in an NSSA ----

void Externals::say(const IpPrefix& prefix) {
  say_in_as(prefix);
  for (const auto& [area, nssa] : in_nssas_) say_in(*nssa, prefix);
}

void Externals::say_in_as(const IpPrefix& prefix) {
  const auto own = announced_.find(prefix);
  const auto translated = translated_.find(prefix);
  if (speaks_in_as_ && own != announced_.end())
    in_as_.set(prefix, own->second);
  else if (speaks_in_as_ && translated != translated_.end())
    in_as_.set(prefix, translated->second);
  else
    in_as_.remove(prefix);
}

void Externals::say_in(Nssa& nssa, const IpPrefix& prefix) {
  const Terms& terms = nssa.terms;
  if (length_of(prefix) == 0 && terms.default_metric) {
    ExternalRoute route;
    route.prefix = prefix;
    route.metric = *terms.default_metric;
    route.type2 = false;
    return nssa.lsas.set(prefix, {route, PBit::clear});
  }
  const auto own = announced_.find(prefix);
  if (own == announced_.end()) return nssa.lsas.remove(prefix);
  NssaExternal external{own->second, terms.p_bit};
  if (terms.p_bit == PBit::set && !external.route.forwarding_address)
    external.route.forwarding_address = terms.forwarding_address;
  nssa.lsas.set(prefix, external);
}

// ---- Areas ----

/// RFC 3101 sections 2.3 and 2.4. The forwarding address is one of the router's own in the area, of its loopback where it
/// has one there; without any nothing can be translated.
auto Externals::terms_of(const Area& area) const -> Terms {
  Terms terms;
  if (core_.is_border_router && area.config.summary && default_leads_into_ != area.id())
    terms.default_metric = area.config.default_cost;
  if (speaks_in_as_) return terms;
  bool is_loopback = false;
  for (const auto& [link, interface] : core_.interfaces) {
    if (interface->config.area != area.id() || interface->state == InterfaceState::down) continue;
    for (const InterfaceAddress& own : interface->status().addresses) {
      if (!core_.version.is_advertised(own.address)) continue;
      const bool is_better = interface->state == InterfaceState::loopback && !is_loopback;
      if (terms.forwarding_address && !is_better) continue;
      terms.forwarding_address = own.address;
      is_loopback = interface->state == InterfaceState::loopback;
    }
  }
  if (terms.forwarding_address) terms.p_bit = PBit::set;
  return terms;
}

auto Externals::make_nssa(const Area& area) -> std::unique_ptr<Nssa> {
  const Core& core = core_;
  const PrefixLsas<NssaExternal>::Of of{Producer::externals, LsaType::nssa_external, area.domain};
  const auto make = [&core](const LsaKey& key, const IpPrefix&, const NssaExternal& external) {
    return core.version.nssa_external_lsa(key, external.route, external.p_bit);
  };
  return std::make_unique<Nssa>(Nssa{{}, {core_, origination_, of, make}});
}

void Externals::refresh() {
  const bool speaks = std::any_of(core_.areas.begin(), core_.areas.end(),
                                  [](const Area& area) { return area.takes_as_scope(); });
  if (std::exchange(speaks_in_as_, speaks) != speaks) {
    for (const auto& [prefix, route] : announced_) say_in_as(prefix);
    for (const auto& [prefix, route] : translated_) say_in_as(prefix);
  }
  for (const Area& area : core_.areas) {
    if (area.config.type != AreaType::nssa) continue;
    auto& nssa = in_nssas_[area.id()];
    const bool is_new = nssa == nullptr;
    if (is_new) nssa = make_nssa(area);
    const Terms terms = terms_of(area);
    if (std::exchange(nssa->terms, terms) == terms && !is_new) continue;
    for (const auto& [prefix, route] : announced_) say_in(*nssa, prefix);
    say_in(*nssa, default_route(core_.version.family));
  }
}

void Externals::default_leads_into(std::optional<AreaId> nssa) {
  if (std::exchange(default_leads_into_, nssa) != nssa) refresh();
}

void Externals::area_removed(AreaId area) {
  in_nssas_.erase(area);
}

void Externals::measure(Footprint& footprint) const {
  footprint.held("externals", announced_.size());
  footprint.held("externals.translated", translated_.size());
  footprint.held("externals.nssas", in_nssas_.size());
  in_as_.measure(footprint);
  for (const auto& [area, nssa] : in_nssas_) nssa->lsas.measure(footprint);
}

}  // namespace wgospf::ospf
