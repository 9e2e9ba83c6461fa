#include "daemon/routes/underlay_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace wgospf::daemon {

namespace {

constexpr std::chrono::seconds kFirstStay{10};
constexpr std::chrono::seconds kLongestStay{300};
/// After this time without a further one it is the first time again.
constexpr std::chrono::seconds kForgiven{600};
/// Held routes that a line names.
constexpr std::size_t kHeldInWords = 3;

}  // namespace

void UnderlayGuard::set_place(std::uint32_t table, std::uint32_t metric) {
  dirty_ = dirty_ || table != table_number_ || metric != metric_;
  table_number_ = table;
  metric_ = metric;
}

bool UnderlayGuard::covers_endpoint(const Ipv4Prefix& prefix) const {
  const auto first = std::lower_bound(endpoints_.begin(), endpoints_.end(), prefix.address);
  return first != endpoints_.end() && prefix.contains(*first);
}

bool UnderlayGuard::uses(const ospf::SetId& set) const {
  return std::any_of(wanted_.begin(), wanted_.end(),
                     [&](const auto& entry) { return entry.second.set == set; });
}

UnderlayGuard::Change UnderlayGuard::pass(const Change& change) {
  generation_ = change.generation;
  if (const auto* set = std::get_if<ospf::SetChanged>(&change.change)) {
    auto& links = sets_[set->set];
    links.clear();
    for (const auto& member : set->members) links.push_back(member.link);
    if (uses(set->set)) dirty_ = true;
    return change;
  }
  if (const auto* gone = std::get_if<ospf::SetGone>(&change.change)) {
    sets_.erase(gone->set);
    return change;
  }
  const auto* changed = std::get_if<ospf::PrefixChanged<V2>>(&change.change);
  const Ipv4Prefix& prefix =
      changed != nullptr ? changed->route.prefix : std::get<ospf::PrefixGone<V2>>(change.change).prefix;
  const bool concerned =
      (!endpoints_.empty() && covers_endpoint(prefix)) || (!wanted_.empty() && wanted_.contains(prefix));
  if (!concerned) return change;
  dirty_ = true;
  if (changed == nullptr || changed->route.set == ospf::kAttachedSet) {
    wanted_.erase(prefix);
    told_gone_.erase(prefix);
    return change;
  }
  wanted_[prefix] = changed->route;
  told_gone_.insert(prefix);
  return {change.generation, ospf::PrefixGone<V2>{prefix}};
}

void UnderlayGuard::set_underlay(std::shared_ptr<const wg::Underlay> underlay, WaysAnswer answer) {
  answer_ = answer;
  std::vector<Ipv4Address> endpoints;
  for (const auto& peer : underlay->peers)
    if (const auto* address = std::get_if<Ipv4Address>(&peer.endpoint.address)) endpoints.push_back(*address);
  std::sort(endpoints.begin(), endpoints.end());
  endpoints.erase(std::unique(endpoints.begin(), endpoints.end()), endpoints.end());
  underlay_ = std::move(underlay);
  if (endpoints != endpoints_) {
    endpoints_ = std::move(endpoints);
    // Of those that cover none any more, what is held is released when that is decided on.
    std::erase_if(wanted_, [&](const auto& entry) {
      return !covers_endpoint(entry.first) && !held_.contains(entry.first) &&
             !told_gone_.contains(entry.first);
    });
    for (const Ipv4Address& address : endpoints_)
      for (const auto* route : desired_.covering(address)) wanted_[route->prefix] = *route;
  }
  dirty_ = dirty_ || !wanted_.empty() || !pulled_.empty();
}

std::vector<wg::WantedRoute> UnderlayGuard::wanted_routes() const {
  std::vector<wg::WantedRoute> routes;
  for (const auto& [prefix, route] : wanted_) {
    routes.push_back({prefix, {}});
    const auto set = sets_.find(route.set);
    if (set == sets_.end()) continue;
    for (const auto link : set->second)
      if (const auto ifindex = resolve_(link); ifindex != 0) routes.back().ifindexes.push_back(ifindex);
  }
  return routes;
}

void UnderlayGuard::note_pulled(const wg::HeldBack& held, Time now) {
  Pulled& pulled = pulled_[held.prefix];
  if (now - pulled.last > kForgiven) pulled.times = 0;
  // The first time is an endpoint that has moved, or another program's route that has gone.
  const auto stay = pulled.times == 0
                        ? std::chrono::seconds{0}
                        : std::min(kLongestStay, kFirstStay * (1 << std::min(pulled.times - 1, 5U)));
  pulled = {pulled.times + 1, now + stay, now, held};
}

void UnderlayGuard::keep_pulled(std::map<Ipv4Prefix, wg::HeldBack>& held, Time now) {
  for (auto it = pulled_.begin(); it != pulled_.end();) {
    const auto& [prefix, pulled] = *it;
    const auto* endpoint = std::get_if<Ipv4Address>(&pulled.why.endpoint.address);
    const bool still_there = endpoint != nullptr && wanted_.contains(prefix) &&
                             std::binary_search(endpoints_.begin(), endpoints_.end(), *endpoint);
    if (!still_there || now - pulled.last > kForgiven) {
      it = pulled_.erase(it);
      continue;
    }
    if (now < pulled.until) held.try_emplace(prefix, pulled.why);
    ++it;
  }
}

std::vector<UnderlayGuard::Change> UnderlayGuard::decide(Time now) {
  std::vector<Change> changes;
  if (!std::exchange(dirty_, false)) return changes;
  const auto wanted = wanted_routes();
  std::map<Ipv4Prefix, wg::HeldBack> held;
  for (auto& entry : wg::held_back(*underlay_, wanted, table_number_, metric_)) {
    const bool fresh = !held_.contains(entry.prefix);
    if (entry.in_kernel && fresh) note_pulled(entry, now);
    if (!entry.is_asked || (entry.in_kernel && fresh)) wants_answer_ = true;
    held.emplace(entry.prefix, std::move(entry));
  }
  keep_pulled(held, now);
  for (auto it = wanted_.begin(); it != wanted_.end();) {
    const auto& [prefix, route] = *it;
    const bool absent = held_.contains(prefix) || told_gone_.contains(prefix);  // from the feed
    if (held.contains(prefix)) {
      if (!absent) changes.push_back({generation_, ospf::PrefixGone<V2>{prefix}});
    } else if (absent) {
      changes.push_back({generation_, ospf::PrefixChanged<V2>{route}});
    }
    it = covers_endpoint(prefix) ? std::next(it) : wanted_.erase(it);
  }
  told_gone_.clear();
  held_ = std::move(held);
  return changes;
}

const wg::HeldBack* UnderlayGuard::find(const Ipv4Prefix& prefix) const {
  const auto found = held_.find(prefix);
  return found == held_.end() ? nullptr : &found->second;
}

std::string reason_of(const wg::HeldBack& held) {
  if (!held.is_asked) return "the kernel is being asked for the way to an endpoint that it covers";
  const std::string own =
      fmt::format("it would carry {}'s own packets to {} into ", held.device, to_string(held.endpoint));
  if (held.via.empty()) return own + held.device;
  return own + fmt::format("{}, which runs over {}", held.via, held.device);
}

std::string describe_held(const std::map<Ipv4Prefix, wg::HeldBack>& held) {
  std::string named;
  std::size_t count = 0;
  std::string device;
  for (const auto& [prefix, entry] : held) {
    if (!entry.is_asked) continue;
    if (++count > kHeldInWords) continue;
    if (count == 1) device = entry.device;
    named += fmt::format("{}{} ({})", count == 1 ? "" : ", ", prefix.to_string(), reason_of(entry));
  }
  if (count == 0) return {};
  if (count > kHeldInWords) named += fmt::format(" and {} more", count - kHeldInWords);
  return fmt::format(
      "held back from the kernel: {}; give such an endpoint a route of its own outside the tunnel, or {} an "
      "fwmark with a rule that looks up another table",
      named, device);
}

}  // namespace wgospf::daemon
