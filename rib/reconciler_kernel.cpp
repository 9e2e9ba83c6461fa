// What the kernel is known to hold: read from it, changed by it, changed by others.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "rib/reconciler.h"

namespace wgospf::rib {

void Reconciler::load(const KernelState& state, Instant now) {
  now_ = now;
  wants_resync_ = false;
  if (!loaded_) {
    claimed_ = abandoned_ || (state.routes.empty() && !state.has_more);
    sweep_ = true;
  }
  load_nexthops(state);
  load_groups(state);
  load_routes(state);
  loaded_ = true;
  blind_ = false;
  resolve_doubts();
}

void Reconciler::load_nexthops(const KernelState& state) {
  Ids present;
  for (const KernelNexthop& nexthop : state.nexthops) present.insert(nexthop.id);
  Ids gone;
  for (const auto& [id, key] : known_nexthops_) {
    if (present.contains(id)) continue;
    gone.insert(id);
    note_drift("missing", to_string(Subject(key)));
  }
  forget_nexthops(gone);
  for (const KernelNexthop& nexthop : state.nexthops) nexthop_seen(nexthop, now_);
}

void Reconciler::load_groups(const KernelState& state) {
  Ids present;
  for (const KernelGroup& group : state.groups) present.insert(group.id);
  Ids gone;
  for (const auto& [id, group] : groups_) {
    if (present.contains(id)) continue;
    gone.insert(id);
    note_drift("missing", "group " + std::to_string(id));
  }
  forget_groups(gone);
  for (const KernelGroup& group : state.groups) group_seen(group, now_);
}

void Reconciler::load_routes(const KernelState& state) {
  std::unordered_set<const Route*> present;
  present.reserve(state.routes.size());
  for (const KernelRoute& found : state.routes) {
    Route& route = route_at(found.prefix);
    present.insert(&route);
    if (loaded_) {
      route_seen(found, now_);
      continue;
    }
    set_known(route, found.nexthop_id, found.source);
    if (claimed_) {
      enqueue(route, ticket_);
    } else {
      route.adopted = true;
      ++adopted_;
    }
  }
  for (auto& [prefix, route] : routes_) {
    if (route.known_id == 0 || present.contains(&route)) continue;
    // It may have left with its preferred source, which the kernel tells of before, and which is heard of after
    // this reading.
    const bool taken_by_kernel = route.known_source.has_value();
    set_known(route, 0, std::nullopt);
    if (taken_by_kernel) {
      enqueue(route, ticket_);
    } else {
      drift(route, "missing");
    }
  }
}

void Reconciler::resolve_doubts() {
  for (const Subject& subject : std::exchange(doubts_, {})) {
    if (const auto* prefix = std::get_if<IpPrefix>(&subject)) {
      Route& route = route_at(*prefix);
      enqueue(route, route.pending ? route.ticket : ticket_);
    } else {
      Set& set = set_at(std::get<SetKey>(subject));
      enqueue(set, set.pending ? set.ticket : ticket_);
    }
  }
}

// The kernel's own doing, so no drift: see the essay of the header.
void Reconciler::link_down(std::uint32_t ifindex) {
  if (!down_.insert(ifindex).second) return;
  Ids gone;
  for (const auto& [id, key] : known_nexthops_) {
    if (key.ifindex == ifindex) gone.insert(id);
  }
  forget_nexthops(gone);
  for (auto& [key, nexthop] : nexthops_) {
    if (key.ifindex == ifindex) rework_users(nexthop);
  }
}

void Reconciler::link_removed(std::uint32_t ifindex) {
  link_down(ifindex);
  removed_.insert(ifindex);
  sweep_ = true;  // which forgets it when nothing wants it
}

void Reconciler::link_up(std::uint32_t ifindex) {
  down_.erase(ifindex);
  removed_.erase(ifindex);
  for (auto& [key, nexthop] : nexthops_) {
    if (key.ifindex != ifindex || nexthop.id != 0) continue;
    if (nexthop.trouble) enqueue(nexthop, ticket_);
    rework_users(nexthop);
  }
}

void Reconciler::id_removed(std::uint32_t id, Instant now) {
  now_ = now;
  foreign_.erase(id);
  if (const auto found = known_nexthops_.find(id); found != known_nexthops_.end()) {
    Nexthop& nexthop = nexthop_at(found->second);
    const bool current = nexthop.id == id;
    forget_nexthops({id});
    if (current && !nexthop.users.empty()) drift(nexthop, "deleted");
  } else if (const auto group = groups_.find(id); group != groups_.end()) {
    Set* owner = group->second.owner;
    forget_groups({id});
    if (owner != nullptr && owner->state != SetState::idle) {
      drift(*owner, "group deleted of");
    } else {
      note_drift("deleted", "group " + std::to_string(id));
    }
  }
}

void Reconciler::nexthop_seen(const KernelNexthop& seen, Instant now) {
  now_ = now;
  if (groups_.contains(seen.id)) id_removed(seen.id, now);
  const auto found = known_nexthops_.find(seen.id);
  if (found == known_nexthops_.end()) return know_nexthop(seen);
  if (found->second == seen.key) return;
  // The id stays in its groups but leads elsewhere now. Its old key gets a new object, and the id becomes a
  // stray that is swept once the groups have been replaced.
  Nexthop& nexthop = nexthop_at(found->second);
  const bool current = nexthop.id == seen.id;
  if (current) nexthop.id = 0;
  know_nexthop(seen);
  if (!current) return;
  drift(nexthop, "changed");
  rework_users(nexthop);
}

void Reconciler::know_nexthop(const KernelNexthop& seen) {
  known_nexthops_[seen.id] = seen.key;
  sweep_ = true;
  Nexthop& nexthop = nexthop_at(seen.key);
  if (nexthop.id != 0) return;
  nexthop.id = seen.id;
  rework_users(nexthop);
}

void Reconciler::group_seen(const KernelGroup& seen, Instant now) {
  now_ = now;
  if (known_nexthops_.contains(seen.id)) id_removed(seen.id, now);
  std::vector<GroupMember> members = seen.members;
  std::sort(members.begin(), members.end());
  const auto found = groups_.find(seen.id);
  if (found != groups_.end() && found->second.members == members) return;
  const bool known = found != groups_.end();
  know_group(seen.id, members);
  sweep_ = true;
  Set* owner = groups_.at(seen.id).owner;
  if (owner != nullptr && owner->state != SetState::idle) {
    drift(*owner, "group changed of");
  } else if (known || loaded_) {
    note_drift(known ? "changed" : "made", "group " + std::to_string(seen.id));
  }
}

void Reconciler::route_seen(const KernelRoute& seen, Instant now) {
  now_ = now;
  if (seen.nexthop_id == 0) {
    const auto found = routes_.find(seen.prefix);
    if (found == routes_.end() || found->second.known_id == 0) return;
    set_known(found->second, 0, std::nullopt);
    return drift(found->second, "replaced by another program's");
  }
  Route& route = route_at(seen.prefix);
  if (route.known_id == seen.nexthop_id && route.known_source == seen.source) return;
  const bool known = route.known_id != 0;
  set_known(route, seen.nexthop_id, seen.source);
  unadopt(route);
  drift(route, known ? "changed" : "made");
}

void Reconciler::route_removed(const IpPrefix& prefix, std::uint32_t nexthop_id, Instant now) {
  now_ = now;
  const auto found = routes_.find(prefix);
  if (found == routes_.end()) return;
  Route& route = found->second;
  if (nexthop_id == 0) {
    if (route.trouble && !route.trouble->reported.empty()) enqueue(route, ticket_);
    return;
  }
  if (route.known_id != nexthop_id) return;
  set_known(route, 0, std::nullopt);
  drift(route, "deleted");
}

void Reconciler::address_added() {
  if (failing_ == 0) return;
  for (auto& [prefix, route] : routes_) {
    if (route.source && deferred(route)) enqueue(route, ticket_);
  }
}

void Reconciler::retry_blocked() {
  if (failing_ == 0) return;
  for (auto& [prefix, route] : routes_) {
    if (deferred(route) && route.trouble->error == EEXIST) enqueue(route, ticket_);
  }
}

bool Reconciler::uses_source(const IpAddress& address) const {
  return std::any_of(routes_.begin(), routes_.end(),
                     [&address](const auto& entry) { return entry.second.known_source == address; });
}

void Reconciler::forget_nexthops(const Ids& ids) {
  if (ids.empty()) return;
  Ids emptied;
  for (auto& [id, group] : groups_) {
    const auto taken = std::erase_if(
        group.members, [&ids](const GroupMember& member) { return ids.contains(member.nexthop_id); });
    if (taken == 0) continue;
    if (group.members.empty()) emptied.insert(id);
    if (group.owner != nullptr) rework(*group.owner);
  }
  for (const std::uint32_t id : ids) {
    groups_through_.erase(id);
    const auto found = known_nexthops_.find(id);
    if (found == known_nexthops_.end()) continue;
    Nexthop& nexthop = nexthop_at(found->second);
    known_nexthops_.erase(found);
    if (nexthop.id != id) continue;
    nexthop.id = 0;
    rework_users(nexthop);
  }
  sweep_ = true;
  forget_groups(emptied);
}

// The kernel deletes the routes of a deleted group along with it, without a word.
void Reconciler::forget_groups(const Ids& ids) {
  std::uint32_t routes = 0;
  for (const std::uint32_t id : ids) {
    const auto found = groups_.find(id);
    if (found == groups_.end()) continue;
    for (const GroupMember& member : found->second.members) --groups_through_[member.nexthop_id];
    if (Set* owner = found->second.owner; owner != nullptr) {
      owner->group_id = 0;
      rework(*owner);
    }
    groups_.erase(found);
    if (const auto through = routes_through_.find(id); through != routes_through_.end())
      routes += through->second;
  }
  sweep_ = true;
  if (routes == 0) return;
  for (auto& [prefix, route] : routes_) {
    if (route.known_id == 0 || !ids.contains(route.known_id)) continue;
    set_known(route, 0, std::nullopt);
    enqueue(route, ticket_);
  }
}

void Reconciler::know_group(std::uint32_t id, const std::vector<GroupMember>& members) {
  Group& group = groups_[id];
  for (const GroupMember& member : group.members) --groups_through_[member.nexthop_id];
  group.members = members;
  for (const GroupMember& member : group.members) ++groups_through_[member.nexthop_id];
}

void Reconciler::set_known(Route& route, std::uint32_t id, const std::optional<IpAddress>& source) {
  route.known_source = source;
  if (route.known_id == id) return touch(route);
  if (route.known_id != 0) {
    --known_;
    const auto found = routes_through_.find(route.known_id);
    if (--found->second == 0) {
      routes_through_.erase(found);
      sweep_ = true;
    }
  }
  route.known_id = id;
  if (id == 0) {
    unadopt(route);
  } else {
    ++known_;
    ++routes_through_[id];
  }
  touch(route);
}

void Reconciler::unadopt(Route& route) {
  if (std::exchange(route.adopted, false)) --adopted_;
}

void Reconciler::note_drift(std::string_view what, const std::string& subject) {
  if (blind_) return;
  if (drifts_++ == 0) first_drift_ = std::string(what) + " " + subject;
}

std::optional<Instant> Reconciler::repair_time(Tracked& node) const {
  if (blind_) return std::nullopt;
  const Instant earliest = node.repaired ? *node.repaired + config_.repair_interval : now_;
  if (node.repaired && *node.repaired > now_) return node.repaired;  // it waits already
  node.repaired = std::max(earliest, now_);
  return earliest > now_ ? node.repaired : std::nullopt;
}

void Reconciler::hold(Tracked& node, const Subject& subject, Instant until) {
  if (!node.trouble) node.trouble = std::make_unique<Trouble>();
  if (!std::exchange(node.trouble->held, true)) ++held_;
  retry(node, subject, until);
}

void Reconciler::release(Tracked& node) {
  if (!node.trouble) return;
  node.trouble->retry_at.reset();
  if (std::exchange(node.trouble->held, false)) --held_;
}

void Reconciler::clear_trouble(Tracked& node) {
  release(node);
  node.trouble.reset();
}

void Reconciler::drift(Nexthop& nexthop, std::string_view what) {
  note_drift(what, to_string(Subject(nexthop.key)));
  if (const auto later = repair_time(nexthop)) hold(nexthop, nexthop.key, *later);
  rework_users(nexthop);
}

void Reconciler::drift(Set& set, std::string_view what) {
  note_drift(what, to_string(Subject(set.key)));
  const auto later = repair_time(set);
  rework(set);
  if (later) hold(set, set.key, *later);
}

void Reconciler::drift(Route& route, std::string_view what) {
  note_drift(what, to_string(Subject(route.prefix)));
  const auto later = repair_time(route);
  enqueue(route, ticket_);
  if (later) hold(route, route.prefix, *later);
}

}  // namespace wgospf::rib
