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

bool Tunnels::take(const wg::DeviceRead& reading) {
  const auto former = readings_.find(reading.name);
  const bool is_known = former != readings_.end();
  const bool is_other = is_known ? former->second.error != reading.error : !reading.error.empty();
  if (reading.device == nullptr && reading.error.empty()) {
    are_open_due_ = readings_.erase(reading.name) != 0 || are_open_due_;
    return is_other;
  }
  are_open_due_ = !is_known || are_open_due_;
  readings_[reading.name] = {reading.device, reading.error};
  return is_other;
}

void Tunnels::take(const wg::PeersChanged& changed) {
  std::vector<TunnelLink> interfaces;
  std::map<wg::Key, TunnelLink> peers;
  for (auto& link : sources_.links()) {
    if (link.device != changed.name) continue;
    if (link.peer)
      peers.emplace(*link.peer, std::move(link));
    else
      interfaces.push_back(std::move(link));
  }
  for (const auto& change : changed.changes) {
    const auto peer = peers.find(change.peer);
    if (peer != peers.end())
      teller_.publish({describe(change, peer->second.link, peer->second.name)});
    else
      for (const auto& link : interfaces) teller_.publish({describe(change, link.link, link.name)});
  }
}

void Tunnels::take(const std::shared_ptr<const wg::Underlay>& underlay) {
  underlay_ = underlay;
  devices_ = Devices(*underlay_);
  are_passages_checked_ = false;
  are_routes_due_ = true;
}

std::vector<WireguardView> Tunnels::views(const std::vector<TunnelLink>& links) const {
  std::vector<WireguardView> views;
  for (const auto& link : links)
    if (const auto found = readings_.find(link.device); found != readings_.end())
      views.push_back(view_of(link, found->second));
  return views;
}

WireguardView Tunnels::view_of(const TunnelLink& link, const Reading& reading) const {
  const auto findings = findings_.find(link.link);
  return {link.link,
          link.name,
          reading.device,
          reading.error,
          findings == findings_.end() ? std::vector<wg::CoverageFinding>{} : findings->second,
          link.peer};
}

void Tunnels::check(std::vector<TunnelLink> links) {
  if (are_open_due_ || links != links_) {
    open_.clear();
    for (const auto& link : links) open(link);
    links_ = std::move(links);
    are_open_due_ = are_passages_checked_ = false;
    are_routes_due_ = true;
  }
  findings_.clear();
  SilentPeers::Expected expected;
  for (const auto& link : links_)
    if (link.peer && link.is_expected) expected.insert(*link.peer);
  for (const auto& link : links_) {
    if (link.peer)
      check_peer(link);
    else
      check(link, expected);
  }
  tell_unread();
  const bool was_narrow = is_any_narrow_;
  if (!std::exchange(are_passages_checked_, true)) is_any_narrow_ = is_any_narrow(passages(), devices_);
  if (is_any_narrow_ && !was_narrow) check_routes();
}

void Tunnels::open(const TunnelLink& link) {
  const bool speaks = !link.is_passive && (!link.has_peers || link.peer);
  if (!speaks || !readings_.contains(link.device)) return;
  Passage passage{link.link, link.device, std::nullopt, link.peer, link.is_managed};
  for (const auto& address : link.neighbors) {
    const auto* ipv4 = std::get_if<Ipv4Address>(&address);
    if (ipv4 != nullptr && !passage.neighbor) passage.neighbor = *ipv4;
  }
  open_.emplace(link.link, Open{std::move(passage), link.name});
}

/// Nothing need be said of a link of which nothing was.
void Tunnels::warn_of_allowed_ips(const TunnelLink& link, const std::vector<wg::CoverageFinding>& findings) {
  const auto told = told_coverage_.find(link.link);
  const bool was_told = told != told_coverage_.end();
  if (findings.empty() && !was_told) return;
  if (was_told && told->second != link.name)
    teller_.set_warning("allowed_ips/" + told->second, {}, link.link);
  teller_.set_warning("allowed_ips/" + link.name, in_words(link.name, findings), link.link);
  if (findings.empty())
    told_coverage_.erase(link.link);
  else
    told_coverage_[link.link] = link.name;
}

/// Of a device each of whose peers is a link of its own.
void Tunnels::check_peer(const TunnelLink& link) {
  std::vector<wg::CoverageFinding> findings;
  const auto device = devices_.find(link.device);
  if (device && !link.is_passive) {
    // What is managed and missing is being written, or told as a conflict.
    if (!link.is_managed)
      for (const auto& address : link.neighbors)
        if (auto finding =
                wg::check_peer_coverage(*device->device, *device->map, *link.peer, as<Ipv4Address>(address)))
          findings.push_back(std::move(*finding));
    if (const auto routes = route_findings_.find(link.link); routes != route_findings_.end())
      findings.push_back(routes->second);
  }
  warn_of_allowed_ips(link, findings);
  if (!findings.empty()) findings_[link.link] = std::move(findings);
}

void Tunnels::check(const TunnelLink& link, const SilentPeers::Expected& expected) {
  const auto found = readings_.find(link.device);
  const Reading* reading = found == readings_.end() ? nullptr : &found->second;
  teller_.set_warning("wireguard/" + link.name,
                      reading == nullptr || reading->error.empty()
                          ? std::string()
                          : fmt::format("WireGuard device {}: {}", link.name, reading->error),
                      link.link);
  const bool speaks = reading != nullptr && !link.is_passive;
  std::vector<wg::CoverageFinding> findings;
  if (speaks && reading->device != nullptr && !link.has_peers) {
    findings = wg::check_ospf_coverage(*reading->device, link.neighbors);
    if (link.neighbors.empty())
      if (auto finding = wg::check_unknown_neighbor(*reading->device, link.subnets))
        findings.push_back(std::move(*finding));
    if (const auto routes = route_findings_.find(link.link); routes != route_findings_.end())
      findings.push_back(routes->second);
  }
  warn_of_allowed_ips(link, findings);
  findings_[link.link] = std::move(findings);
  teller_.set_warning(
      "silent_peer/" + link.name,
      speaks ? silent_peers_.problem_of(view_of(link, *reading), link.is_up, std::chrono::steady_clock::now(),
                                        link.has_peers ? &expected : nullptr)
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
  for (const auto& [id, link] : open_) result.push_back(link.passage);
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
    return check(sources_.links());
  }
  auto table = sources_.table();
  const bool is_due = std::exchange(are_routes_due_, false);
  if (checked_ && checked_->generation == table->generation && !is_due) return;
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
        check(sources_.links());
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
    Passage passage = found->second.passage;
    passage.neighbor = as<Ipv4Address>(hop.gateway);
    const auto way = peer_of(passage, devices_);
    if (!way) continue;
    const Uncovered uncovered = uncovered_of(*way, route.prefix, *sources_.table());
    if (!uncovered.lacking.empty())
      findings.push_back(fmt::format("not in the allowed-ips of {}", found->second.name));
    if (!uncovered.taken.empty())
      findings.push_back(fmt::format("{} of it goes to peer {} of {}",
                                     uncovered.taken.front().prefix.to_string(),
                                     uncovered.taken.front().taker.to_base64(), found->second.name));
  }
  return findings;
}

}  // namespace wgospf::daemon
