#include "ospf/configuration.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "ospf/packet_admission.h"

namespace wgospf::ospf {

void Configuration::apply(const InstanceConfig& first) {
  InstanceConfig nothing = first;
  nothing.areas.clear();
  nothing.interfaces.clear();
  change(nothing, first);
}

void Configuration::reconfigure(const Reconfigure& command) {
  if (command.config.router_id != core_.config.router_id)
    return core_.event(InternalError{"a configuration with another router id needs a new instance"});
  change(std::exchange(core_.config, command.config), command.config);
}

/// From `former` to `next`, which is in force already.
void Configuration::change(const InstanceConfig& former, const InstanceConfig& next) {
  remove_changed_areas(former, next);
  add_areas(next);
  flush_removed_areas(former, next);
  remove_interfaces(former, next);
  for (const InterfaceConfig& config : next.interfaces) {
    const auto it = core_.interfaces.find(config.link);
    if (it == core_.interfaces.end()) {
      add_interface(config);
    } else if (!(it->second->config == config)) {
      change_interface(*it->second, config);
    }
  }
  end_refused_neighbors(next);
  remove_areas(former, next);
  if (former.areas != next.areas) {
    parts_.area_border.areas_changed();
    for (const Area& area : core_.areas) core_.dirty_areas.insert(area.id());
  }
  parts_.routing.set_rfc1583_compatibility(next.rfc1583_compatibility);
  if (former.ls_refresh_time != next.ls_refresh_time) rearm_refresh();
  if (former.opaque_types != next.opaque_types) parts_.received_opaque_lsas.types_changed();
}

// ---- Areas ----

/// nullptr when there is none.
[[nodiscard]] static const AreaConfig* find_area(const InstanceConfig& config, AreaId id) {
  const auto it = std::find_if(config.areas.begin(), config.areas.end(),
                               [id](const AreaConfig& area) { return area.id == id; });
  return it == config.areas.end() ? nullptr : &*it;
}

/// Neighbours have to agree on the type of an area, and its database may not have what another type takes: an
/// area of another type is another one, and its interfaces are made anew.
void Configuration::remove_changed_areas(const InstanceConfig& former, const InstanceConfig& next) {
  for (const AreaConfig& area : former.areas) {
    const AreaConfig* now = find_area(next, area.id);
    if (now == nullptr || now->type == area.type) continue;
    flush_area(area.id);
    for (const InterfaceConfig& config : former.interfaces)
      if (config.area == area.id) remove_interface(config.link, InterfaceReason::reconfigured);
    remove_area(area.id);
  }
}

void Configuration::add_areas(const InstanceConfig& next) {
  for (AreaConfig area : next.areas) {
    if (area.id == kBackbone && area.type != AreaType::normal) {
      core_.event(InternalError{"the backbone can be no stub area or NSSA: it is taken as a normal area"});
      area.type = AreaType::normal;
    }
    if (const std::uint32_t index = core_.area_index(area.id); index < core_.areas.size()) {
      core_.areas[index].config = std::move(area);
      continue;
    }
    core_.dirty_areas.insert(area.id);
    const std::uint32_t domain = core_.add_domain(FloodingScope::area, area.id, {});
    core_.areas.push_back({std::move(area), domain});
    parts_.routing.area_configured(core_.areas.back());
  }
}

/// What we said in an area that is removed is flushed while there are neighbours to hear it. They are not
/// waited for: a flush that is lost leaves LSAs of a router without links, which age out.
void Configuration::flush_removed_areas(const InstanceConfig& former, const InstanceConfig& next) {
  for (const AreaConfig& area : former.areas)
    if (find_area(next, area.id) == nullptr) flush_area(area.id);
}

void Configuration::flush_area(AreaId id) {
  parts_.origination.unwant_all(core_.areas[core_.area_index(id)].domain);
  parts_.outbox.send_due();
}

void Configuration::remove_areas(const InstanceConfig& former, const InstanceConfig& next) {
  for (const AreaConfig& area : former.areas)
    if (find_area(next, area.id) == nullptr) remove_area(area.id);
}

void Configuration::remove_area(AreaId id) {
  const std::uint32_t index = core_.area_index(id);
  const std::uint32_t domain = core_.areas[index].domain;
  parts_.summaries.area_removed(id);
  parts_.externals.area_removed(id);
  parts_.origination.forget_domain(domain);
  parts_.flooding.drop_domain(domain);
  parts_.routing.area_removed(id);
  core_.areas.erase(core_.areas.begin() + index);
  for (auto& [link, interface] : core_.interfaces)
    interface->area_index = core_.area_index(interface->config.area);
  core_.dirty_areas.erase(id);
}

// ---- Interfaces ----

/// What an interface does not outlive: it is made anew.
[[nodiscard]] static bool is_another(const InterfaceConfig& a, const InterfaceConfig& b) {
  return a.device != b.device || a.area != b.area || a.type != b.type || a.peer_address != b.peer_address ||
         a.passive != b.passive;
}

void Configuration::remove_interfaces(const InstanceConfig& former, const InstanceConfig& next) {
  std::unordered_map<LinkId, const InterfaceConfig*> remaining;
  for (const InterfaceConfig& config : next.interfaces) remaining.emplace(config.link, &config);
  for (const InterfaceConfig& old : former.interfaces) {
    const auto now = remaining.find(old.link);
    if (now == remaining.end() || find_area(next, now->second->area) == nullptr) {
      remove_interface(old.link, InterfaceReason::removed);
    } else if (is_another(old, *now->second)) {
      remove_interface(old.link, InterfaceReason::reconfigured);
    }
  }
}

void Configuration::remove_interface(LinkId link, InterfaceReason reason) {
  const auto it = core_.interfaces.find(link);
  if (it == core_.interfaces.end()) return;
  Interface& interface = *it->second;
  if (interface.is_running()) parts_.adjacency.send_hello(interface, Adjacency::ListNeighbors::no);
  parts_.adjacency.bring_down(interface, reason);
  parts_.origination.forget_domain(interface.link_domain);
  parts_.flooding.drop_domain(interface.link_domain);
  core_.forget_drops(link);
  core_.detach(interface);
  core_.interfaces.erase(it);
}

void Configuration::add_interface(const InterfaceConfig& config) {
  const std::uint32_t index = core_.area_index(config.area);
  if (index >= core_.areas.size())
    return core_.event(InternalError{"an interface names an area that is not configured"});
  auto made = std::make_unique<Interface>();
  made->config = config;
  made->area_index = index;
  made->link_domain = core_.add_domain(FloodingScope::link, config.area, config.link);
  Interface& interface = *core_.interfaces.emplace(config.link, std::move(made)).first->second;
  core_.attach(interface);
  parts_.adjacency.follow_device(interface, {}, InterfaceReason::configured);
}

void Configuration::change_interface(Interface& interface, const InterfaceConfig& config) {
  const bool timing = interface.config.hello_interval != config.hello_interval ||
                      interface.config.dead_interval != config.dead_interval;
  const bool was_asleep = !interface.says_hello();
  interface.config = config;
  if (was_asleep && interface.says_hello() && interface.is_running()) parts_.adjacency.hello_due(interface);
  if (timing && interface.is_running()) {
    parts_.adjacency.hello_due(interface);
    for (auto& [id, neighbor] : interface.neighbors)
      core_.timers.arm(neighbor->timer(TimerKind::inactivity), core_.now + seconds{config.dead_interval});
  }
  core_.topology_changed(interface);
}

void Configuration::end_refused_neighbors(const InstanceConfig& next) {
  for (auto& entry : core_.interfaces) {
    Interface& interface = *entry.second;
    const auto is_refused = [&](const auto& neighbor) {
      return refuse_router(next, interface.config, neighbor.first).has_value();
    };
    for (;;) {
      const auto& all = interface.neighbors;
      const auto found = std::find_if(all.begin(), all.end(), is_refused);
      if (found == all.end()) break;
      parts_.adjacency.end_neighbor(interface, *found->second);
    }
  }
}

void Configuration::rearm_refresh() {
  for (std::uint32_t d = 0; d < core_.domains.size(); ++d) {
    const auto& lsdb = core_.domain(d).lsdb;
    for (std::uint32_t slot = lsdb.next(0); slot != Lsdb::kNone; slot = lsdb.next(slot + 1))
      if (core_.is_ours(lsdb[slot].key)) parts_.flooding.arm_age_timer({d, slot});
  }
}

}  // namespace wgospf::ospf
