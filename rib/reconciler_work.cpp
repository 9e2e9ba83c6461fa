// The phases of work.
#include <algorithm>
#include <cerrno>

#include "rib/reconciler.h"

namespace wgospf::rib {

namespace {

template <class Map>
std::uint32_t count_at(const Map& counts, std::uint32_t id) {
  const auto found = counts.find(id);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

std::vector<Operation> Reconciler::next(Instant now, std::size_t limit) {
  std::vector<Operation> operations;
  if (!loaded_ || blind_) return operations;
  now_ = now;
  release_retries(now);
  while (true) {
    plan_nexthops(operations, limit);
    if (!operations.empty()) return operations;
    plan_groups(operations, limit);
    if (!operations.empty()) return operations;
    if (!nexthop_queue_.empty()) continue;
    plan_routes(operations, limit);
    if (!operations.empty()) return operations;
    if (!set_queue_.empty()) continue;
    plan_removals(operations, limit);
    if (!operations.empty()) return operations;
    if (!route_queue_.empty()) continue;
    plan_sweep(operations, limit);
    return operations;
  }
}

std::optional<Instant> Reconciler::deadline() const {
  std::optional<Instant> earliest = sweep_after_;
  if (!retries_.empty() && (!earliest || retries_.begin()->first < *earliest))
    earliest = retries_.begin()->first;
  return earliest;
}

void Reconciler::release_retries(Instant now) {
  if (sweep_after_ && *sweep_after_ <= now) {
    sweep_after_.reset();
    sweep_failed_.clear();
    sweep_ = true;
  }
  while (!retries_.empty() && retries_.begin()->first <= now) {
    const auto retry = *retries_.begin();
    const auto& subject = retry.second;
    retries_.erase(retries_.begin());
    // An entry that was superseded finds another time at its node, or none.
    const auto due = [&](const Tracked& node) {
      return node.trouble && node.trouble->retry_at == retry.first;
    };
    if (const auto* prefix = std::get_if<IpPrefix>(&subject)) {
      const auto found = routes_.find(*prefix);
      if (found != routes_.end() && due(found->second)) enqueue(found->second, ticket_);
    } else if (const auto* key = std::get_if<SetKey>(&subject)) {
      const auto found = sets_.find(*key);
      if (found == sets_.end() || !due(found->second)) continue;
      release(found->second);
      rework(found->second);
    } else {
      const auto found = nexthops_.find(std::get<NexthopKey>(subject));
      if (found != nexthops_.end() && due(found->second)) enqueue(found->second, ticket_);
    }
  }
}

void Reconciler::plan_nexthops(std::vector<Operation>& operations, std::size_t limit) {
  while (!nexthop_queue_.empty() && operations.size() < limit) {
    Nexthop& nexthop = *nexthop_queue_.front();
    nexthop_queue_.pop_front();
    nexthop.queued = false;
    if (deferred(nexthop)) {
      close(nexthop);
    } else if (auto operation = plan(nexthop)) {
      operations.push_back(std::move(*operation));
    }
  }
}

std::optional<Operation> Reconciler::plan(Nexthop& nexthop) {
  if (nexthop.users.empty() || nexthop.id != 0 || down_.contains(nexthop.key.ifindex)) {
    recover(nexthop, nexthop.key);
    close(nexthop);
    sweep_ = true;
    return std::nullopt;
  }
  const std::uint32_t id = allocate_id();
  if (id != 0) return AddNexthop{id, nexthop.key};
  fail(nexthop, nexthop.key, ENOSPC, "cannot add " + to_string(Subject(nexthop.key)) + ": all ids are taken");
  rework_users(nexthop);
  return std::nullopt;
}

void Reconciler::plan_groups(std::vector<Operation>& operations, std::size_t limit) {
  while (!set_queue_.empty() && operations.size() < limit) {
    Set& set = *set_queue_.front();
    set_queue_.pop_front();
    set.queued = false;
    if (deferred(set)) {
      settle(set, SetState::failed);
    } else if (auto operation = plan(set)) {
      operations.push_back(std::move(*operation));
    }
  }
}

std::optional<Operation> Reconciler::plan(Set& set) {
  if (set.routes.empty()) {
    set.state = set.settled = SetState::idle;
    set.routes_wait = false;
    sweep_ = true;
    recover(set, set.key);
    close(set);
    return std::nullopt;
  }
  std::vector<GroupMember> members;
  bool waiting = false;
  bool refused = false;
  for (const auto& [nexthop, weight] : set.members) {
    if (down_.contains(nexthop->key.ifindex)) continue;
    if (nexthop->id != 0) {
      members.push_back({nexthop->id, weight});
    } else if (deferred(*nexthop)) {
      refused = true;
    } else {
      enqueue(*nexthop, set.ticket);
      waiting = true;
    }
  }
  if (waiting) return std::nullopt;  // stays pending; the next hop's outcome brings it back
  if (!members.empty()) return plan_group(set, std::move(members));
  sweep_ = true;
  recover(set, set.key);  // no group is asked for any more; what is refused is the next hop's to tell
  settle(set, refused ? SetState::failed : SetState::empty);
  return std::nullopt;
}

std::optional<Operation> Reconciler::plan_group(Set& set, std::vector<GroupMember> members) {
  std::sort(members.begin(), members.end());
  if (set.group_id == 0) set.group_id = adopt_group(set, members);
  if (set.group_id != 0) {
    if (groups_.at(set.group_id).members != members)
      return ReplaceGroup{set.group_id, set.key, std::move(members)};
    recover(set, set.key);
    settle(set, SetState::ready);
    return std::nullopt;
  }
  if (const std::uint32_t id = allocate_id(); id != 0) return AddGroup{id, set.key, std::move(members)};
  fail(set, set.key, ENOSPC, "cannot add a group for " + to_string(Subject(set.key)) + ": all ids are taken");
  settle(set, SetState::failed);
  return std::nullopt;
}

// A former run's group with the very members that are wanted is taken over, and its routes need no message.
std::uint32_t Reconciler::adopt_group(Set& set, const std::vector<GroupMember>& members) {
  if (!claimed_) return 0;
  for (auto& [id, group] : groups_) {
    if (group.owner != nullptr || group.members != members) continue;
    group.owner = &set;
    set.settled = SetState::idle;
    return id;
  }
  return 0;
}

// Routes are woken only if the answer to them has changed: a group with other members needs none of them.
void Reconciler::settle(Set& set, SetState state) {
  set.state = state;
  if (set.routes_wait || set.settled != state) {
    for (Route* route : set.routes) enqueue(*route, set.ticket);
  }
  set.routes_wait = false;
  set.settled = state;
  close(set);
}

std::uint32_t Reconciler::allocate_id() {
  for (std::uint32_t tried = 0; tried < config_.ids.count; ++tried) {
    const std::uint32_t id = config_.ids.first + next_id_;
    next_id_ = (next_id_ + 1) % config_.ids.count;
    if (id != 0 && !known_nexthops_.contains(id) && !groups_.contains(id) && !foreign_.contains(id))
      return id;
  }
  return 0;
}

void Reconciler::plan_routes(std::vector<Operation>& operations, std::size_t limit) {
  while (!route_queue_.empty() && operations.size() < limit) {
    Route& route = *route_queue_.front();
    route_queue_.pop_front();
    route.queued = false;
    if (deferred(route)) {
      close(route);
    } else if (auto operation = plan(route)) {
      operations.push_back(std::move(*operation));
    }
  }
}

std::optional<Operation> Reconciler::plan(Route& route) {
  if (route.adopted && !claimed_) {
    close(route);
    return std::nullopt;
  }
  if (!installable(route)) {
    want_removed(route);
    return std::nullopt;
  }
  Set& set = *route.set;
  if (set.gate || route.gate) {
    set.routes_held = set.routes_held || set.gate;
    close(route);
    return std::nullopt;
  }
  switch (set.state) {
    case SetState::idle:
      set.state = SetState::working;
      enqueue(set, route.ticket);
      [[fallthrough]];
    case SetState::working:
      set.routes_wait = true;  // stays pending; the set's settlement brings it back
      return std::nullopt;
    case SetState::failed:
      close(route);
      return std::nullopt;
    case SetState::empty:
      want_removed(route);
      return std::nullopt;
    case SetState::ready:
      break;
  }
  if (route.known_id == 0) return AddRoute{route.prefix, set.group_id, route.source};
  if (route.known_id != set.group_id || route.known_source != route.source) {
    if (slot_is_shared(route)) return DeleteRoute{route.prefix, route.known_id};
    return ReplaceRoute{route.prefix, set.group_id, route.source};
  }
  unadopt(route);
  recover(route, route.prefix);
  close(route);
  return std::nullopt;
}

void Reconciler::want_removed(Route& route) {
  if (route.known_id != 0) {
    route.queued = true;
    removal_queue_.push_back(&route);
    return;
  }
  recover(route, route.prefix);
  close(route);
  drop_if_idle(route);
}

void Reconciler::plan_removals(std::vector<Operation>& operations, std::size_t limit) {
  while (!removal_queue_.empty() && operations.size() < limit) {
    Route& route = *removal_queue_.front();
    removal_queue_.pop_front();
    route.queued = false;
    if (installable(route) && !leads_nowhere(route)) {
      enqueue(route, route.ticket);
    } else if (route.known_id == 0) {
      want_removed(route);
    } else {
      operations.emplace_back(DeleteRoute{route.prefix, route.known_id});
    }
  }
}

bool Reconciler::unused(std::uint32_t id, const Group& group) const {
  if (count_at(routes_through_, id) != 0 || sweep_failed_.contains(id)) return false;
  if (group.owner == nullptr) return claimed_;
  // An idle set may have routes that do not ask for a group: to prefixes that are connected.
  return group.owner->routes.empty() || group.owner->state == SetState::empty ||
         group.owner->state == SetState::idle;
}

bool Reconciler::unused(std::uint32_t id, const NexthopKey& key) const {
  if (count_at(routes_through_, id) != 0 || count_at(groups_through_, id) != 0 ||
      sweep_failed_.contains(id)) {
    return false;
  }
  const auto found = nexthops_.find(key);
  const bool current = found != nexthops_.end() && found->second.id == id;
  return current ? found->second.users.empty() && claimed_ : claimed_;
}

void Reconciler::plan_sweep(std::vector<Operation>& operations, std::size_t limit) {
  if (!sweep_) return;
  for (const auto& [id, group] : groups_) {
    if (operations.size() < limit && unused(id, group)) operations.emplace_back(DeleteGroup{id});
  }
  if (!operations.empty()) return;
  for (const auto& [id, key] : known_nexthops_) {
    if (operations.size() < limit && unused(id, key)) operations.emplace_back(DeleteNexthop{id});
  }
  if (!operations.empty()) return;
  sweep_ = false;
  recover_swept();
  prune();
}

void Reconciler::recover_swept() {
  std::erase_if(sweep_told_, [this](const auto& entry) {
    const std::uint32_t id = entry.first;
    if (sweep_failed_.contains(id) && (groups_.contains(id) || known_nexthops_.contains(id))) return false;
    reports_.emplace_back(Recovered{UnusedId{id}});
    return true;
  });
}

}  // namespace wgospf::rib
