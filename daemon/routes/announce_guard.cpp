#include "daemon/routes/announce_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace wgospf::daemon {

bool AnnounceGuard::needs_sweeps() const {
  const AnnounceRules& rules = judge_.rules();
  return !rules.of_routers.empty() || !rules.of_links.empty() || !rules.of_addresses.empty() ||
         !withheld_.empty();
}

void AnnounceGuard::set_rules(AnnounceRules rules, const Table& table) {
  const AnnounceRules& former = judge_.rules();
  if (rules == former) return;
  // Peers' addresses come and go one by one as their routers do.
  for (const auto& [address, peer] : former.of_addresses)
    if (!rules.of_addresses.contains(address)) look_again_around(address);
  for (const auto& [address, peer] : rules.of_addresses)
    if (const auto known = former.of_addresses.find(address);
        known == former.of_addresses.end() || known->second != peer)
      look_again_around(address);
  const bool is_more = rules.of_routers != former.of_routers || rules.of_links != former.of_links;
  judge_.set_rules(std::move(rules));
  if (is_more) sweep_all(table);
}

// Whose an address is concerns every prefix that contains it.
void AnnounceGuard::look_again_around(const Ipv4Address& address) {
  for (std::uint8_t length = 0; length <= 32; ++length) dirty_.insert(Ipv4Prefix::make(address, length));
}

void AnnounceGuard::set_networks(ConnectedNetworks networks, const Table& table) {
  if (networks == judge_.networks()) return;
  judge_.set_networks(std::move(networks));
  sweep_all(table);
}

void AnnounceGuard::sweep_all(const Table& table) {
  if (table == nullptr) return;
  sweep_ = table;
  position_ = 0;
  is_urgent_ = true;
}

std::optional<Withheld> AnnounceGuard::judge(const ospf::Route<V2>& route) const {
  if (judge_.is_empty()) return std::nullopt;
  const auto set = sets_.find(route.set);
  const auto doors = set == sets_.end() ? std::vector<ospf::LinkId>{} : doors_of(set->second);
  return judge_.judge(route.prefix, doors, origins_);
}

std::vector<ospf::LinkId> AnnounceGuard::doors_of(const std::vector<ospf::LinkId>& links) const {
  std::vector<ospf::LinkId> doors;
  std::copy_if(links.begin(), links.end(), std::back_inserter(doors),
               [this](ospf::LinkId link) { return judge_.is_door(link); });
  return doors;
}

bool AnnounceGuard::believes(const Ipv4Prefix& prefix, const ospf::PrefixOrigin& origin,
                             const std::vector<ospf::LinkId>& links) const {
  return !judge_.judge(prefix, doors_of(links), [&](const Ipv4Prefix&) { return std::vector{origin}; });
}

void AnnounceGuard::withhold(const ospf::Route<V2>& route, Withheld why) {
  Entry& entry = withheld_[route.prefix];
  is_changed_ = is_changed_ || !(entry.why == why);
  entry = {route, std::move(why)};
}

void AnnounceGuard::release(const Ipv4Prefix& prefix) {
  is_changed_ = withheld_.erase(prefix) != 0 || is_changed_;
}

AnnounceGuard::Change AnnounceGuard::pass(const Change& change) {
  generation_ = change.generation;
  if (const auto* gone = std::get_if<ospf::PrefixGone<V2>>(&change.change)) {
    release(gone->prefix);
    return change;
  }
  if (const auto* set = std::get_if<ospf::SetChanged>(&change.change)) {
    take(*set);
    return change;
  }
  if (const auto* gone = std::get_if<ospf::SetGone>(&change.change)) {
    sets_.erase(gone->set);
    dirty_sets_.erase(gone->set);
    return change;
  }
  const ospf::Route<V2>& route = std::get<ospf::PrefixChanged<V2>>(change.change).route;
  auto why = route.set == ospf::kAttachedSet ? std::nullopt : judge(route);
  if (!why) {
    release(route.prefix);
    return change;
  }
  withhold(route, std::move(*why));
  return {change.generation, ospf::PrefixGone<V2>{route.prefix}};
}

/// Prefixes of a new set are still to come, each with a change of its own.
void AnnounceGuard::take(const ospf::SetChanged& set) {
  std::vector<ospf::LinkId> links;
  for (const auto& hop : set.members) links.push_back(hop.link);
  std::sort(links.begin(), links.end());
  links.erase(std::unique(links.begin(), links.end()), links.end());
  const auto [known, is_new] = sets_.try_emplace(set.set);
  const auto former = std::exchange(known->second, std::move(links));
  if (is_new) return;
  std::vector<ospf::LinkId> differing;
  std::set_symmetric_difference(former.begin(), former.end(), known->second.begin(), known->second.end(),
                                std::back_inserter(differing));
  if (std::any_of(differing.begin(), differing.end(),
                  [this](ospf::LinkId link) { return judge_.is_door(link); }))
    dirty_sets_.insert(set.set);
}

std::vector<AnnounceGuard::Change> AnnounceGuard::settle() {
  auto prefixes = std::exchange(dirty_, {});
  const auto sets = std::exchange(dirty_sets_, {});
  for (const auto set : sets)
    desired_.for_each_of(set, [&](const ospf::Route<V2>& route) { prefixes.insert(route.prefix); });
  if (!sets.empty())
    for (const auto& [prefix, entry] : withheld_)
      if (sets.contains(entry.route.set)) prefixes.insert(prefix);
  std::vector<Change> changes;
  for (const Ipv4Prefix& prefix : prefixes) look_again(prefix, changes);
  return changes;
}

void AnnounceGuard::begin_sweep(const Table& table) {
  if (is_sweeping() || (judge_.is_empty() && withheld_.empty())) return;
  sweep_ = table;
  position_ = 0;
  is_urgent_ = false;
}

std::vector<AnnounceGuard::Change> AnnounceGuard::sweep(std::size_t limit) {
  std::vector<Change> changes;
  if (!is_sweeping()) return changes;
  const std::size_t end = std::min(position_ + limit, sweep_->routes.size());
  for (; position_ < end; ++position_) look_again(sweep_->routes[position_].prefix, changes);
  if (position_ == sweep_->routes.size()) sweep_ = nullptr;
  return changes;
}

// What has come since the sweep began was looked at when it came; what has gone is in neither of both.
void AnnounceGuard::look_again(const Ipv4Prefix& prefix, std::vector<Change>& changes) {
  const auto known = withheld_.find(prefix);
  const auto* desired = desired_.find(prefix);
  if (known == withheld_.end() && desired == nullptr) return;
  auto why = judge(known == withheld_.end() ? *desired : known->second.route);
  if (known == withheld_.end()) {
    if (!why) return;
    withhold(*desired, std::move(*why));
    changes.push_back({generation_, ospf::PrefixGone<V2>{prefix}});
  } else if (why) {
    withhold(ospf::Route<V2>{known->second.route}, std::move(*why));
  } else {
    changes.push_back({generation_, ospf::PrefixChanged<V2>{known->second.route}});
    release(prefix);
  }
}

const Withheld* AnnounceGuard::find(const Ipv4Prefix& prefix) const {
  const auto found = withheld_.find(prefix);
  return found == withheld_.end() ? nullptr : &found->second.why;
}

std::map<std::string, std::string> AnnounceGuard::describe() const {
  struct Told {
    const Withheld* why = nullptr;  ///< the first
    std::vector<std::string> prefixes{};
  };
  std::map<std::string, Told> told;
  for (const auto& [prefix, entry] : withheld_) {
    auto& of_subject = told[subject_of(entry.why)];
    if (of_subject.why == nullptr) of_subject.why = &entry.why;
    of_subject.prefixes.push_back(entry.why.kind == Withheld::Kind::metric
                                      ? fmt::format("{} (metric {})", prefix.to_string(), entry.why.metric)
                                      : prefix.to_string());
  }
  std::map<std::string, std::string> texts;
  for (const auto& [subject, what] : told)
    texts.emplace(subject, wgospf::daemon::describe(*what.why, what.prefixes));
  return texts;
}

}  // namespace wgospf::daemon
