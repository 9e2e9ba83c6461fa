// What is wanted, and the queues that it feeds.
#include "rib/reconciler.h"

#include <algorithm>

namespace wgospf::rib {

Reconciler::Tracked::Tracked() = default;
Reconciler::Tracked::~Tracked() = default;

void Reconciler::apply(const Batch& batch) {
  ticket_ = std::max(ticket_, batch.ticket);
  if (ticket_ > acknowledged_ && (applied_.empty() || applied_.back() < ticket_)) {
    applied_.push_back(ticket_);
  }
  if (abandoned_) return;
  for (const Change& change : batch.changes) {
    std::visit([this](const auto& c) { apply(c); }, change);
  }
}

void Reconciler::open_gate(Gate gate) {
  for (auto& [key, set] : sets_) {
    if (set.gate != gate) continue;
    set.gate.reset();
    set.told = std::move(set.coming);
    take_members(set);
    release_routes(set);
  }
  const auto waiting = waiting_.extract(gate);
  if (waiting.empty()) return;
  for (const IpPrefix& prefix : waiting.mapped()) {
    const auto found = routes_.find(prefix);
    if (found == routes_.end() || found->second.gate != gate) continue;
    found->second.gate.reset();
    if (found->second.set != nullptr) enqueue(found->second, ticket_);
  }
}

/// Whether the route need not wait any more, and did.
bool Reconciler::wait_at(Route& route, const std::optional<Gate>& gate) {
  const auto former = std::exchange(route.gate, gate);
  if (gate && gate != former) waiting_[*gate].push_back(route.prefix);
  return former && !gate;
}

void Reconciler::release_routes(Set& set) {
  if (!std::exchange(set.routes_held, false)) return;
  for (Route* route : set.routes) enqueue(*route, ticket_);
}

void Reconciler::set_usable(Tag tag, bool usable) {
  const bool is_news = usable ? unusable_.erase(tag) != 0 : unusable_.insert(tag).second;
  if (!is_news) return;
  for (auto& [key, set] : sets_) {
    const bool has_it = std::any_of(set.told.begin(), set.told.end(),
                                    [tag](const Member& member) { return member.tag == tag; });
    if (has_it) take_members(set);
  }
}

// If none can be used the set stays as it is told: packets are lost either way, and what becomes of its
// prefixes is the calculation's to say.
Reconciler::Members Reconciler::resolve(const Set& set) {
  const auto is_usable = [this](const Member& member) { return !unusable_.contains(member.tag); };
  const bool any = std::any_of(set.told.begin(), set.told.end(), is_usable);
  std::map<NexthopKey, std::uint32_t> weights;
  for (const Member& member : set.told) {
    if (any && !is_usable(member)) continue;
    // A gateway decides the object's family (IPv6 serves routes of both); without one it is that of the
    // routes.
    const NexthopKey key{member.gateway ? family_of(*member.gateway) : set.key.family, member.ifindex,
                         member.gateway, member.gateway && member.onlink};
    std::uint32_t& weight = weights[key];
    weight = std::min<std::uint32_t>(256, weight + std::clamp<std::uint32_t>(member.weight, 1, 256));
  }
  Members members;
  members.reserve(weights.size());
  for (const auto& [key, weight] : weights) members.emplace_back(&nexthop_at(key), weight);
  return members;
}

void Reconciler::apply(const SetChanged& change) {
  Set& set = set_at({change.family, change.set_id});
  set.wanted = true;
  set.gate = change.gate;
  (set.gate ? set.coming : set.told) = change.members;
  if (set.gate) return;
  take_members(set);
  release_routes(set);
}

void Reconciler::take_members(Set& set) {
  Members members = resolve(set);
  if (members == set.members) return;
  assign_members(set, std::move(members));
  rework(set);
}

void Reconciler::apply(const SetGone& change) {
  const auto found = sets_.find({change.family, change.set_id});
  if (found == sets_.end()) return;
  found->second.wanted = false;
  found->second.told.clear();
  found->second.gate.reset();
  assign_members(found->second, {});
  release_routes(found->second);
  rework(found->second);
  sweep_ = true;
}

void Reconciler::apply(const PrefixChanged& change) {
  Route& route = route_at(change.prefix);
  Set& set = set_at({family_of(change.prefix), change.set_id});
  const bool is_freed = wait_at(route, change.gate);
  if (!is_freed && route.set == &set && route.source == change.source) return;
  if (route.set != &set) {
    detach(route);
    attach(route, set);
  }
  route.source = change.source;
  enqueue(route, ticket_);
}

void Reconciler::apply(const PrefixGone& change) {
  const auto found = routes_.find(change.prefix);
  if (found == routes_.end() || found->second.set == nullptr) return;
  found->second.gate.reset();
  detach(found->second);
  enqueue(found->second, ticket_);
}

void Reconciler::set_connected(const std::vector<IpPrefix>& prefixes) {
  std::unordered_set<IpPrefix> now(prefixes.begin(), prefixes.end());
  std::swap(now, connected_);
  const auto changed = [this](const IpPrefix& prefix) {
    const auto found = routes_.find(prefix);
    if (found == routes_.end()) return;
    touch(found->second);
    enqueue(found->second, ticket_);
  };
  for (const IpPrefix& prefix : now) {
    if (!connected_.contains(prefix)) changed(prefix);
  }
  for (const IpPrefix& prefix : connected_) {
    if (!now.contains(prefix)) changed(prefix);
  }
}

void Reconciler::claim() {
  if (claimed_) return;
  claimed_ = true;
  sweep_ = true;
  for (auto& [prefix, route] : routes_) {
    if (route.adopted) enqueue(route, ticket_);
  }
}

void Reconciler::abandon() {
  abandoned_ = true;
  claim();
  for (auto& [prefix, route] : routes_) {
    route.gate.reset();
    detach(route);
    enqueue(route, ticket_);
  }
  waiting_.clear();
  for (auto& [key, set] : sets_) {
    set.wanted = false;
    set.told.clear();
    set.gate.reset();
    assign_members(set, {});
    rework(set);
  }
  sweep_ = true;
}

Reconciler::Set& Reconciler::set_at(SetKey key) {
  Set& set = sets_[key];
  set.key = key;
  return set;
}

Reconciler::Route& Reconciler::route_at(const IpPrefix& prefix) {
  Route& route = routes_[prefix];
  route.prefix = prefix;
  return route;
}

Reconciler::Nexthop& Reconciler::nexthop_at(const NexthopKey& key) {
  Nexthop& nexthop = nexthops_[key];
  nexthop.key = key;
  return nexthop;
}

void Reconciler::attach(Route& route, Set& set) {
  route.set = &set;
  route.slot = static_cast<std::uint32_t>(set.routes.size());
  set.routes.push_back(&route);
  ++wanted_;
  touch(route);
}

void Reconciler::detach(Route& route) {
  if (route.set == nullptr) return;
  Set& set = *route.set;
  set.routes[route.slot] = set.routes.back();
  set.routes[route.slot]->slot = route.slot;
  set.routes.pop_back();
  route.set = nullptr;
  --wanted_;
  touch(route);
  if (set.routes.empty()) {
    sweep_ = true;
    rework(set);
  }
}

void Reconciler::assign_members(Set& set, Members members) {
  for (auto& [nexthop, weight] : set.members) std::erase(nexthop->users, &set);
  set.members = std::move(members);
  for (auto& [nexthop, weight] : set.members) nexthop->users.push_back(&set);
  sweep_ = true;
}

bool Reconciler::installable(const Route& route) const {
  return route.set != nullptr && (connected_.empty() || !connected_.contains(route.prefix));
}

void Reconciler::enqueue(Route& route, std::uint64_t ticket) {
  open(route, ticket);
  if (std::exchange(route.queued, true)) return;
  route_queue_.push_back(&route);
}

void Reconciler::enqueue(Set& set, std::uint64_t ticket) {
  open(set, ticket);
  if (std::exchange(set.queued, true)) return;
  set_queue_.push_back(&set);
}

void Reconciler::enqueue(Nexthop& nexthop, std::uint64_t ticket) {
  open(nexthop, ticket);
  if (std::exchange(nexthop.queued, true)) return;
  nexthop_queue_.push_back(&nexthop);
}

// A node owes its settlement to the oldest ticket that asked for it. What causes work for other nodes
// opens them before it is closed itself, so no ticket looks settled in between.
void Reconciler::open(Tracked& node, std::uint64_t ticket) {
  release(node);
  if (node.pending && node.ticket <= ticket) return;
  if (node.pending) close(node);
  node.pending = true;
  node.ticket = ticket;
  ++outstanding_[ticket];
}

void Reconciler::close(Tracked& node) {
  if (!std::exchange(node.pending, false)) return;
  const auto found = outstanding_.find(node.ticket);
  if (--found->second == 0) outstanding_.erase(found);
}

void Reconciler::close(Route& route) {
  close(static_cast<Tracked&>(route));
  touch(route);
}

// A set that no route has asked for has nothing to do in the kernel.
void Reconciler::rework(Set& set) {
  if (set.state == SetState::idle) return;
  set.state = SetState::working;
  enqueue(set, ticket_);
}

void Reconciler::rework_users(Nexthop& nexthop) {
  for (Set* user : nexthop.users) rework(*user);
}

void Reconciler::acknowledge() {
  const std::uint64_t before = acknowledged_;
  while (!applied_.empty() && (outstanding_.empty() || applied_.front() < outstanding_.begin()->first)) {
    acknowledged_ = applied_.front();
    applied_.pop_front();
  }
  if (acknowledged_ != before) reports_.emplace_back(Acknowledged{acknowledged_});
}

void Reconciler::drop_if_idle(Route& route) {
  if (route.set != nullptr || route.known_id != 0 || route.queued || route.pending || route.touched) return;
  if (route.trouble && route.trouble->retry_at) return;
  const IpPrefix prefix = route.prefix;
  routes_.erase(prefix);
}

void Reconciler::prune() {
  const auto busy = [](const Tracked& node) {
    return node.queued || node.pending || (node.trouble && node.trouble->retry_at);
  };
  std::erase_if(sets_, [&busy](const auto& entry) {
    const Set& set = entry.second;
    return !set.wanted && set.routes.empty() && set.group_id == 0 && !busy(set);
  });
  std::erase_if(nexthops_, [&busy](const auto& entry) {
    const Nexthop& nexthop = entry.second;
    return nexthop.users.empty() && nexthop.id == 0 && !busy(nexthop);
  });
  if (removed_.empty()) return;
  Ids wanted;
  for (const auto& [key, nexthop] : nexthops_) wanted.insert(key.ifindex);
  std::erase_if(removed_, [&](std::uint32_t ifindex) {
    if (wanted.contains(ifindex)) return false;
    down_.erase(ifindex);
    return true;
  });
}

Reports Reconciler::take_reports() {
  tell_standings();
  if (touched_.empty()) acknowledge();  // never before what it does not hold for
  if (drifts_ != 0) {
    reports_.emplace_back(Drift{std::exchange(drifts_, 0), std::exchange(first_drift_, {}), {}});
  }
  return std::exchange(reports_, {});
}

Sizes Reconciler::sizes() const {
  Sizes sizes{.wanted_prefixes = wanted_,
              .routes = known_,
              .adopted = adopted_,
              .groups = groups_.size(),
              .nexthops = known_nexthops_.size(),
              .pending = held_,
              .failing = failing_ + sweep_told_.size(),
              .missing = missing_,
              .hidden = hidden_};
  for (const auto& [ticket, count] : outstanding_) sizes.pending += count;
  return sizes;
}

}  // namespace wgospf::rib
