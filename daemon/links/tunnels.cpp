#include "daemon/links/tunnels.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/telling/peer_words.h"
#include "daemon/telling/words.h"

namespace wgospf::daemon {

namespace {

std::string in_words(const std::string& name, const std::vector<wg::CoverageFinding>& findings) {
  std::vector<std::string> texts;
  for (const auto& finding : findings) texts.push_back(finding.text);
  if (texts.empty()) return {};
  return fmt::format("interface {}: {}", name, join_few(texts, "; "));
}

}  // namespace

void Tunnels::take(const wg::DeviceRead& reading) {
  if (reading.device == nullptr && reading.error.empty())
    readings_.erase(reading.name);
  else
    readings_[reading.name] = {reading.device, reading.error};
}

void Tunnels::take(const wg::PeersChanged& changed) {
  for (const auto& link : sources_.links()) {
    if (link.device != changed.name) continue;
    for (const auto& change : changed.changes) teller_.publish({describe(change, link.link, link.name)});
  }
}

void Tunnels::take(const std::shared_ptr<const wg::Underlay>& underlay) {
  underlay_ = underlay;
  devices_ = Devices(*underlay_);
}

std::vector<WireguardView> Tunnels::views() const {
  std::vector<WireguardView> views;
  for (const auto& link : sources_.links())
    if (const auto found = readings_.find(link.device); found != readings_.end())
      views.push_back(view_of(link, found->second));
  return views;
}

WireguardView Tunnels::view_of(const TunnelLink& link, const Reading& reading) const {
  const auto findings = findings_.find(link.link);
  return {link.link, link.name, reading.device, reading.error,
          findings == findings_.end() ? std::vector<wg::CoverageFinding>{} : findings->second};
}

void Tunnels::check() {
  findings_.clear();
  open_.clear();
  for (const auto& link : sources_.links()) {
    check(link);
    if (!link.is_passive && readings_.contains(link.device)) open_.emplace(link.link, link);
  }
  const bool was_narrow = std::exchange(is_any_narrow_, is_any_narrow(passages(), devices_));
  tell_unread();
  if (is_any_narrow_ && !was_narrow) check_routes();
}

void Tunnels::check(const TunnelLink& link) {
  const auto found = readings_.find(link.device);
  const Reading* reading = found == readings_.end() ? nullptr : &found->second;
  teller_.set_warning("wireguard/" + link.name,
                      reading == nullptr || reading->error.empty()
                          ? std::string()
                          : fmt::format("WireGuard device {}: {}", link.name, reading->error),
                      link.link);
  const bool speaks = reading != nullptr && !link.is_passive;
  std::vector<wg::CoverageFinding> findings;
  if (speaks && reading->device != nullptr) {
    findings = wg::check_ospf_coverage(*reading->device, link.neighbors);
    if (const auto routes = route_findings_.find(link.link); routes != route_findings_.end())
      findings.push_back(routes->second);
  }
  teller_.set_warning("allowed_ips/" + link.name, in_words(link.name, findings), link.link);
  findings_[link.link] = std::move(findings);
  teller_.set_warning(
      "silent_peer/" + link.name,
      speaks ? silent_peers_.problem_of(view_of(link, *reading), link.is_up, std::chrono::steady_clock::now())
             : std::string(),
      link.link);
}

/// Those without OSPF have no other warning.
void Tunnels::tell_unread() {
  std::vector<std::string> errors;
  for (const auto& [name, reading] : readings_)
    if (!reading.error.empty()) errors.push_back(reading.error);
  teller_.set_warning(
      "unread_devices",
      errors.empty()
          ? std::string()
          : fmt::format("WireGuard devices that cannot be read: {}; it is not known whether routes "
                        "carry their packets into a tunnel",
                        join_few(errors, "; ")));
}

std::vector<Passage> Tunnels::passages() const {
  std::vector<Passage> result;
  for (const auto& [id, link] : open_) {
    if (link.is_managed) continue;  // what is missing is being written, or told as a conflict
    Passage passage{id, link.device, std::nullopt};
    for (const auto& address : link.neighbors) {
      const auto* ipv4 = std::get_if<Ipv4Address>(&address);
      if (ipv4 != nullptr && !passage.neighbor) passage.neighbor = *ipv4;
    }
    result.push_back(std::move(passage));
  }
  return result;
}

bool Tunnels::Input::is_same(const Input& other) const {
  return generation == other.generation && passages == other.passages &&
         (underlay == other.underlay || underlay->maps == other.underlay->maps);
}

// A long table is walked again only when it, or what passes, has changed.
void Tunnels::check_routes() {
  if (is_checking_) return;
  if (!is_any_narrow_) {
    if (std::exchange(route_findings_, {}).empty()) return;
    checked_.reset();
    return check();
  }
  auto table = sources_.table();
  Input input{table->generation, passages(), underlay_};
  if (checked_ && checked_->is_same(input)) return;
  is_checking_ = true;
  struct Walk {
    Input input;
    std::shared_ptr<const ospf::RouteTable<V2>> table;
    Findings findings{};
  };
  auto walk = std::make_shared<Walk>(Walk{std::move(input), std::move(table)});
  jobs_.run(
      [walk] {
        walk->findings = findings_of(walk->input, *walk->table);
        walk->table.reset();  // its memory is freed here, if this was the last who held it
      },
      [this, walk, alive = alive_] {
        if (!*alive) return;
        is_checking_ = false;
        checked_ = std::move(walk->input);
        if (route_findings_ == walk->findings) return;
        route_findings_ = std::move(walk->findings);
        check();
      });
}

Tunnels::Findings Tunnels::findings_of(const Input& input, const ospf::RouteTable<V2>& table) {
  const Devices devices(*input.underlay);
  const auto uncovered = uncovered_prefixes(table, input.passages, devices);
  Findings findings;
  for (std::size_t i = 0; i < uncovered.size(); ++i) {
    const Passage& passage = input.passages[i];
    if (auto finding = routes_finding(passage, devices, uncovered[i]))
      findings.emplace(passage.link, std::move(*finding));
  }
  return findings;
}

std::vector<std::string> Tunnels::route_findings(const ospf::Route<V2>& route,
                                                 const std::vector<ospf::NextHop>& next_hops) const {
  std::vector<std::string> findings;
  if (!is_any_narrow_) return findings;
  for (const auto& hop : next_hops) {
    const auto found = open_.find(hop.link);
    if (found == open_.end()) continue;
    const auto way = peer_of({hop.link, found->second.device, as<Ipv4Address>(hop.gateway)}, devices_);
    if (way && !way->map->passes(way->peer, route.prefix))
      findings.push_back(fmt::format("not in the allowed-ips of {}", found->second.name));
  }
  return findings;
}

}  // namespace wgospf::daemon
