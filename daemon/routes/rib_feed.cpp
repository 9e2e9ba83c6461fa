#include "daemon/routes/rib_feed.h"

#include <algorithm>

namespace wgospf::daemon {

void RibFeed::apply(const ospf::RouteChange<V2>& change) {
  generation_ = std::max(generation_, change.generation.value);
  std::visit([&](const auto& c) { apply(c); }, change.change);
}

void RibFeed::apply(const ospf::SetChanged& change) {
  if (change.set == ospf::kAttachedSet) return;
  const auto [found, is_new] = sets_.try_emplace(change.set);
  found->second.next_hops = change.members;
  resolve(change.set, found->second);
  // The prefixes of a new set are still to come.
  if (is_new) sources_changed_.erase(change.set);
}

void RibFeed::apply(const ospf::SetGone& change) {
  if (change.set == ospf::kAttachedSet) return;
  sets_.erase(change.set);
  sources_changed_.erase(change.set);
  batch_.changes.push_back(rib::SetGone{change.set.value, Family::ipv4});
}

void RibFeed::apply(const ospf::PrefixChanged<V2>& change) {
  if (change.route.set == ospf::kAttachedSet) {
    // It may have been a route through a neighbour before.
    batch_.changes.push_back(rib::PrefixGone{change.route.prefix});
    pending_.erase(change.route.prefix);
    return;
  }
  batch_.changes.push_back(prefix_change(change.route));
  pending_[change.route.prefix] = submitted_ + 1;
  pending_order_.emplace_back(submitted_ + 1, change.route.prefix);
}

void RibFeed::apply(const ospf::PrefixGone<V2>& change) {
  batch_.changes.push_back(rib::PrefixGone{change.prefix});
  pending_.erase(change.prefix);
}

rib::PrefixChanged RibFeed::prefix_change(const ospf::Route<V2>& route) const {
  rib::PrefixChanged change{route.prefix, route.set.value,
                            route.metric, static_cast<rib::RouteType>(route.path_type),
                            std::nullopt, std::nullopt};
  const auto set = sets_.find(route.set);
  if (set != sets_.end() && set->second.source) change.source = *set->second.source;
  return change;
}

void RibFeed::resolve(ospf::SetId id, Set& set) {
  const auto former_source = set.source;
  set.members.clear();
  set.source.reset();
  set.ticket = submitted_ + 1;
  for (const auto& hop : set.next_hops) {
    const auto link = resolve_(hop.link);
    if (!link) continue;
    if (link->source && !set.source) set.source = link->source;
    rib::Member member = hop.gateway ? rib::member_for(link->facts, *hop.gateway)
                                     : rib::Member{.ifindex = link->facts.ifindex};
    member.tag = hop.link.value;
    // Two neighbours on one device-only link, or behind two peers of one device, are one way out for the kernel.
    const bool is_known = std::any_of(set.members.begin(), set.members.end(), [&](const rib::Member& known) {
      return known.ifindex == member.ifindex && known.gateway == member.gateway;
    });
    if (!is_known) set.members.push_back(std::move(member));
  }
  // A set that leads nowhere for the moment keeps the source, so that its routes need not be touched twice.
  if (set.members.empty()) set.source = former_source;
  batch_.changes.push_back(rib::SetChanged{id.value, Family::ipv4, set.members});
  if (set.source != former_source) sources_changed_.insert(id);
}

void RibFeed::links_changed(const std::vector<ospf::LinkId>& links) {
  const std::set<ospf::LinkId> changed(links.begin(), links.end());
  for (auto& [id, set] : sets_) {
    const bool uses = std::any_of(set.next_hops.begin(), set.next_hops.end(),
                                  [&](const ospf::NextHop& hop) { return changed.contains(hop.link); });
    if (uses) resolve(id, set);
  }
}

void RibFeed::submit_again(const std::set<ospf::SetId>& sets, const IsHeld& is_held) {
  for (const auto set : sets) {
    desired_.for_each_of(set, [&](const ospf::Route<V2>& route) {
      if (!is_held(route.prefix)) batch_.changes.push_back(prefix_change(route));
    });
  }
}

void RibFeed::submit_set(ospf::SetId id) {
  const auto found = sets_.find(id);
  if (found == sets_.end()) return;
  found->second.ticket = submitted_ + 1;
  batch_.changes.push_back(rib::SetChanged{id.value, Family::ipv4, found->second.members});
}

void RibFeed::name_gates(const Gates& gates) {
  for (auto& change : batch_.changes) {
    if (auto* set = std::get_if<rib::SetChanged>(&change)) {
      if (gates.of_set) set->gate = gates.of_set(ospf::SetId{set->set_id});
    } else if (auto* prefix = std::get_if<rib::PrefixChanged>(&change)) {
      if (gates.of_prefix) prefix->gate = gates.of_prefix(std::get<Ipv4Prefix>(prefix->prefix));
    }
  }
}

std::optional<rib::Batch> RibFeed::take(const IsHeld& is_held, const Gates& gates, bool is_ticket_wanted) {
  if (!sources_changed_.empty()) {
    submit_again(sources_changed_, is_held);
    sources_changed_.clear();
  }
  if (batch_.changes.empty() && !is_ticket_wanted) return std::nullopt;
  name_gates(gates);
  batch_.ticket = ++submitted_;
  generations_.emplace_back(submitted_, generation_);
  return std::exchange(batch_, {});
}

std::optional<std::uint64_t> RibFeed::acknowledged(std::uint64_t ticket) {
  const std::uint64_t before = acknowledged_generation_;
  acknowledged_ = std::max(acknowledged_, ticket);
  while (!generations_.empty() && generations_.front().first <= acknowledged_) {
    acknowledged_generation_ = generations_.front().second;
    generations_.pop_front();
  }
  while (!pending_order_.empty() && pending_order_.front().first <= acknowledged_) {
    const auto found = pending_.find(pending_order_.front().second);
    if (found != pending_.end() && found->second <= acknowledged_) pending_.erase(found);
    pending_order_.pop_front();
  }
  if (acknowledged_generation_ == before) return std::nullopt;
  return acknowledged_generation_;
}

void RibFeed::stands(const rib::RouteStands& report) {
  const auto* prefix = std::get_if<Ipv4Prefix>(&report.prefix);
  if (prefix == nullptr) return;
  if (report.standing == rib::Standing::in_kernel) {
    standings_.erase(*prefix);
  } else {
    standings_.insert_or_assign(*prefix, report);
  }
}

void RibFeed::failed(const rib::Failed& report) {
  failures_.insert_or_assign(report.subject, report.text);
}

void RibFeed::recovered(const rib::Recovered& report) {
  failures_.erase(report.subject);
}

std::vector<ospf::NextHop> RibFeed::next_hops(ospf::SetId set) const {
  const auto found = sets_.find(set);
  return found == sets_.end() ? std::vector<ospf::NextHop>{} : found->second.next_hops;
}

std::map<std::string, std::string> RibFeed::failures(std::size_t limit) const {
  std::map<std::string, std::string> result;
  for (const auto& [subject, text] : failures_) {
    if (result.size() == limit) break;
    result.emplace(rib::to_string(subject), text);
  }
  return result;
}

const std::string* RibFeed::failure_of(const ospf::Route<V2>& route) const {
  const auto find = [&](const rib::Subject& subject) {
    const auto found = failures_.find(subject);
    return found == failures_.end() ? nullptr : &found->second;
  };
  if (failures_.empty()) return nullptr;
  if (const auto* text = find(IpPrefix{route.prefix})) return text;
  if (const auto* text = find(rib::SetKey{Family::ipv4, route.set.value})) return text;
  const auto set = sets_.find(route.set);
  if (set == sets_.end() || set->second.members.size() != 1) return nullptr;
  // With several members the route stands on those that work.
  const rib::Member& member = set->second.members.front();
  const auto family = member.gateway ? family_of(*member.gateway) : Family::ipv4;
  return find(rib::NexthopKey{family, member.ifindex, member.gateway, member.onlink});
}

RibFeed::State RibFeed::state(const ospf::Route<V2>& route) const {
  using Kind = RouteKernelState::Kind;
  if (route.set == ospf::kAttachedSet) return {{Kind::attached, {}}, {}};
  if (const auto* text = failure_of(route)) return {{Kind::failed, *text}, {}};
  const auto set = sets_.find(route.set);
  if (pending_.count(route.prefix) != 0 || set == sets_.end() || set->second.ticket > acknowledged_) {
    return {{Kind::pending, {}}, {}};
  }
  const auto found = standings_.find(route.prefix);
  if (found == standings_.end()) return {{Kind::installed, {}}, {}};
  const bool is_held =
      found->second.standing == rib::Standing::connected || found->second.standing == rib::Standing::hidden;
  return {{is_held ? Kind::hidden : Kind::missing, {}}, found->second};
}

}  // namespace wgospf::daemon
