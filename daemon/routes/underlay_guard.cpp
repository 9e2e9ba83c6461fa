#include "daemon/routes/underlay_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/routes/underlay_cure.h"

namespace wgospf::daemon {

namespace {

constexpr std::chrono::seconds kFirstStay{10};
constexpr std::chrono::seconds kLongestStay{300};
/// After this time without a further one it is the first time again.
constexpr std::chrono::seconds kForgiven{600};
/// Held routes that a line names.
constexpr std::size_t kHeldInWords = 3;

}  // namespace

void UnderlayGuard::set_place(const wg::OwnRoutes& own) {
  dirty_ = dirty_ || own != own_;
  own_ = own;
}

void UnderlayGuard::set_standing_apart(bool is_wanted) {
  if (std::exchange(stands_apart_, is_wanted) == is_wanted) return;
  dirty_ = true;
  if (const auto* route = desired_.find({}); route != nullptr && is_wanted) want(*route);
  if (!is_wanted) lasting_.clear();
}

bool UnderlayGuard::covers_endpoint(const Ipv4Prefix& prefix) const {
  const auto first = std::lower_bound(endpoints_.begin(), endpoints_.end(), prefix.address);
  return first != endpoints_.end() && prefix.contains(*first);
}

bool UnderlayGuard::is_watched(const Ipv4Prefix& prefix) const {
  return covers_endpoint(prefix) || (stands_apart_ && prefix.length == 0) || lasting_.contains(prefix);
}

void UnderlayGuard::want(const ospf::Route<V2>& route) {
  wanted_[route.prefix] = route;
  wanted_sets_.insert(route.set);
}

UnderlayGuard::Change UnderlayGuard::pass(const Change& change) {
  generation_ = change.generation;
  if (const auto* set = std::get_if<ospf::SetChanged>(&change.change)) {
    auto& links = sets_[set->set];
    links.clear();
    for (const auto& member : set->members) links.push_back(member.link);
    if (wanted_sets_.contains(set->set)) dirty_ = true;
    return change;
  }
  if (const auto* gone = std::get_if<ospf::SetGone>(&change.change)) {
    sets_.erase(gone->set);
    return change;
  }
  const auto* changed = std::get_if<ospf::PrefixChanged<V2>>(&change.change);
  const Ipv4Prefix& prefix =
      changed != nullptr ? changed->route.prefix : std::get<ospf::PrefixGone<V2>>(change.change).prefix;
  const bool concerned = is_watched(prefix) || (!wanted_.empty() && wanted_.contains(prefix));
  if (!concerned) return change;
  dirty_ = true;
  if (changed == nullptr || changed->route.set == ospf::kAttachedSet) {
    wanted_.erase(prefix);
    told_gone_.erase(prefix);
    apart_.erase(prefix);
    return change;
  }
  want(changed->route);
  told_gone_.insert(prefix);
  return {change.generation, ospf::PrefixGone<V2>{prefix}};
}

void UnderlayGuard::set_underlay(std::shared_ptr<const wg::Underlay> underlay, WaysAnswer answer) {
  answer_ = answer;
  std::vector<Ipv4Address> endpoints;
  peers_.clear();
  for (std::size_t i = 0; i < underlay->peers.size(); ++i) {
    const auto* address = std::get_if<Ipv4Address>(&underlay->peers[i].endpoint.address);
    if (address == nullptr) continue;
    endpoints.push_back(*address);
    peers_.emplace_back(*address, i);
  }
  std::sort(endpoints.begin(), endpoints.end());
  std::sort(peers_.begin(), peers_.end());
  endpoints.erase(std::unique(endpoints.begin(), endpoints.end()), endpoints.end());
  underlay_ = std::move(underlay);
  if (endpoints != endpoints_) {
    endpoints_ = std::move(endpoints);
    // Of those that cover none any more, what is held is released when that is decided on.
    std::erase_if(wanted_, [&](const auto& entry) {
      return !is_watched(entry.first) && !held_.contains(entry.first) && !apart_.contains(entry.first) &&
             !told_gone_.contains(entry.first);
    });
    for (const Ipv4Address& address : endpoints_)
      for (const auto* route : desired_.covering(address)) want(*route);
  }
  dirty_ = dirty_ || !wanted_.empty() || !pulled_.empty();
}

std::vector<wg::WantedRoute> UnderlayGuard::wanted_routes() const {
  std::vector<wg::WantedRoute> routes;
  for (const auto& [prefix, route] : wanted_) {
    routes.push_back({prefix, {}});
    if (const auto set = sets_.find(route.set); set != sets_.end())
      for (const auto link : set->second)
        if (const auto ifindex = resolve_(link); ifindex != 0) routes.back().ifindexes.push_back(ifindex);
    routes.back().may_be_apart = !is_announced_(prefix);
    routes.back().is_apart = would_be_apart(routes.back());
  }
  return routes;
}

bool UnderlayGuard::leads_into_tunnel(const wg::WantedRoute& route) const {
  return std::any_of(route.ifindexes.begin(), route.ifindexes.end(), [&](std::uint32_t ifindex) {
    return std::any_of(underlay_->devices.begin(), underlay_->devices.end(),
                       [&](const wg::Device& device) { return device.ifindex == ifindex; });
  });
}

// An endpoint that others' routes lead to, or would without ours, stays on these, whatever is announced: who announces
// another's endpoint is not given its packets.
bool UnderlayGuard::would_take_a_way(const Ipv4Prefix& prefix) const {
  const auto is_of_others = [](const std::optional<wg::EndpointWay>& way) {
    return way && way->place && !way->is_ours;
  };
  const auto first =
      std::lower_bound(peers_.begin(), peers_.end(), std::pair(prefix.address, std::size_t{0}));
  for (auto it = first; it != peers_.end() && prefix.contains(it->first); ++it) {
    const wg::UnderlayPeer& peer = underlay_->peers[it->second];
    if (!peer.way || !peer.way->place) continue;
    if (!peer.way->is_ours || peer.way->place->table == own_.apart || is_of_others(underlay_->uplink))
      return true;
  }
  return false;
}

// Datagrams that are to stay on their way must be known, though no loop came of it if they were not.
void UnderlayGuard::note_in_need() {
  const auto note = [this](const Ipv4Prefix& prefix) {
    if (prefix.length == 0) return;
    const auto first =
        std::lower_bound(peers_.begin(), peers_.end(), std::pair(prefix.address, std::size_t{0}));
    for (auto it = first; it != peers_.end() && prefix.contains(it->first); ++it)
      in_need_.insert(underlay_->devices[underlay_->peers[it->second].device].name);
  };
  for (const auto& prefix : apart_) note(prefix);
  for (const auto& [prefix, held] : held_)
    if (held.awaits_cure) note(prefix);
}

bool UnderlayGuard::would_be_apart(const wg::WantedRoute& route) const {
  if (!stands_apart_ || !route.may_be_apart || !leads_into_tunnel(route)) return false;
  if (lasting_.contains(route.prefix) && !covers_endpoint(route.prefix)) return true;
  if (route.prefix.length != 0 && would_take_a_way(route.prefix)) return true;
  const auto& uplink = underlay_->uplink;
  return route.prefix.length == 0 && uplink && uplink->place && uplink->place->length == 0 &&
         !uplink->is_ours;
}

void UnderlayGuard::note_lasting(Time now) {
  for (const auto& prefix : apart_)
    if (covers_endpoint(prefix)) lasting_[prefix] = now + kForgiven;
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

std::vector<UnderlayGuard::Decided> UnderlayGuard::decide(Time now, wg::Cure cure) {
  std::vector<Decided> changes;
  if (!std::exchange(dirty_, false)) return changes;
  std::erase_if(lasting_, [&](const auto& entry) { return entry.second <= now; });
  cure.is_wanted = stands_apart_ && !rule_in_the_way(underlay_->rules);
  cure.standing = apart_;
  auto placement = wg::place_routes(*underlay_, wanted_routes(), own_, cure);
  std::map<Ipv4Prefix, wg::HeldBack> held;
  for (auto& entry : placement.held) {
    const bool fresh = !held_.contains(entry.prefix);
    if (entry.in_kernel && fresh) note_pulled(entry, now);
    if (!entry.is_asked || (entry.in_kernel && fresh)) wants_answer_ = true;
    held.emplace(entry.prefix, std::move(entry));
  }
  keep_pulled(held, now);
  for (auto it = wanted_.begin(); it != wanted_.end();) {
    const auto& [prefix, route] = *it;
    const bool absent = held_.contains(prefix) || told_gone_.contains(prefix);  // from the feeds
    const bool is_apart = placement.apart.contains(prefix);
    if (held.contains(prefix)) {
      placement.apart.erase(prefix);
      if (!absent) changes.push_back({{generation_, ospf::PrefixGone<V2>{prefix}}});
    } else if (absent || is_apart != apart_.contains(prefix)) {
      changes.push_back({{generation_, ospf::PrefixChanged<V2>{route}}, is_apart});
    }
    it = is_watched(prefix) ? std::next(it) : wanted_.erase(it);
  }
  told_gone_.clear();
  wanted_sets_.clear();
  for (const auto& [prefix, route] : wanted_) wanted_sets_.insert(route.set);
  held_ = std::move(held);
  apart_ = std::move(placement.apart);
  lengths_apart_ = std::move(placement.lengths);
  in_need_ = std::move(placement.in_need);
  note_in_need();
  note_lasting(now);
  return changes;
}

const wg::HeldBack* UnderlayGuard::find(const Ipv4Prefix& prefix) const {
  const auto found = held_.find(prefix);
  return found == held_.end() ? nullptr : &found->second;
}

std::string reason_of(const wg::HeldBack& held) {
  if (!held.is_asked) return "the kernel is being asked for the way to an endpoint that it covers";
  if (held.awaits_cure) return "the rules that keep the tunnels' own packets from it are not in place yet";
  const std::string own =
      fmt::format("it would carry {}'s own packets to {} into ", held.device, to_string(held.endpoint));
  if (held.via.empty()) return own + held.device;
  return own + fmt::format("{}, which runs over {}", held.via, held.device);
}

namespace {

/// "0.0.0.0/0 (it would carry ...)", the first few of them and how many more.
struct Named {
  std::string text{};
  std::string device{};  ///< of the first
};
template <class Filter>
Named name_held(const std::map<Ipv4Prefix, wg::HeldBack>& held, Filter is_meant) {
  Named named;
  std::size_t count = 0;
  for (const auto& [prefix, entry] : held) {
    if (!entry.is_asked || entry.awaits_cure || !is_meant(entry)) continue;
    if (++count > kHeldInWords) continue;
    if (count == 1) named.device = entry.device;
    named.text += fmt::format("{}{} ({})", count == 1 ? "" : ", ", prefix.to_string(), reason_of(entry));
  }
  if (count > kHeldInWords) named.text += fmt::format(" and {} more", count - kHeldInWords);
  return named;
}

}  // namespace

std::string describe_held(const std::map<Ipv4Prefix, wg::HeldBack>& held) {
  const auto named = name_held(held, [](const wg::HeldBack&) { return true; });
  if (named.text.empty()) return {};
  return fmt::format(
      "held back from the kernel: {}; give such an endpoint a route of its own outside the tunnel, {} an "
      "fwmark "
      "with a rule that looks up another table, or let wgospfd do that (\"underlay: auto\")",
      named.text, named.device);
}

std::string describe_held_for(const std::string& device, const std::map<Ipv4Prefix, wg::HeldBack>& held) {
  const auto named = name_held(held, [&](const wg::HeldBack& entry) { return entry.device == device; });
  return named.text.empty() ? std::string() : "held back: " + named.text;
}

}  // namespace wgospf::daemon
