// What WireGuard says of the router's links: peers, allowed-ips, and the ways that its own packets take.

#include <fmt/format.h>

#include <algorithm>

#include "daemon/peer_changes.h"
#include "daemon/router.h"

namespace wgospf::daemon {

namespace {

/// The kernel is asked again for ways to endpoints so soon after something that may have changed them.
constexpr std::chrono::milliseconds kAskSoon{100};
/// Routes wait so long at the start for the first reading of the devices.
constexpr std::chrono::seconds kFirstReading{3};

template <class Views>
auto* find_view(Views& views, ospf::LinkId link) {
  const auto found = std::find_if(views.begin(), views.end(),
                                  [&](const WireguardView& candidate) { return candidate.link == link; });
  return found == views.end() ? nullptr : &*found;
}

std::string describe_findings(const WireguardView& view) {
  std::vector<std::string> texts;
  for (const auto& finding : view.findings) texts.push_back(finding.text);
  if (texts.empty()) return {};
  return fmt::format("interface {}: {}", view.name, join_few(texts, "; "));
}

/// Devices without OSPF have no other warning.
std::string describe_unread(const std::vector<WireguardReading>& readings) {
  std::vector<std::string> errors;
  for (const auto& reading : readings)
    if (!reading.error.empty()) errors.push_back(reading.error);
  if (errors.empty()) return {};
  return fmt::format(
      "WireGuard devices that cannot be read: {}; it is not known whether routes carry their "
      "packets into a tunnel",
      join_few(errors, "; "));
}
}  // namespace

std::vector<Passage> Router::passages() const {
  std::vector<Passage> result;
  for (const auto& view : *wireguard_) {
    const auto found = interfaces_.find(view.link);
    if (found == interfaces_.end() || found->second.settings.passive) continue;
    Passage passage{view.link, system_name(view.name), std::nullopt};
    for (const auto& address : neighbors_to_cover(found->second)) {
      const auto* ipv4 = std::get_if<Ipv4Address>(&address);
      if (ipv4 != nullptr && !passage.neighbor) passage.neighbor = *ipv4;
    }
    result.push_back(std::move(passage));
  }
  return result;
}

// Of all devices, also those without OSPF: their packets, too, may come to lead into a tunnel of ours.
void Router::poll_wireguard() {
  if (phase_ != Phase::running || poller_->busy()) return;
  guard_.asked();
  WireguardQuestion question;
  for (const auto& [ifindex, link] : monitor_.snapshot())
    if (wg::looks_like_wireguard(link.name, link.kind)) question.names.push_back(link.name);
  if (question.names.empty()) {
    on_wireguard({});
    return;
  }
  if (guard_.needs_ways())
    question.ways = wg::OwnRoutes{config_.rib.table, config_.rib.metric, rib::kProtocol};
  question.passages = passages();
  if (is_any_narrow_) question.table = instance_->routes();
  poller_->request(std::move(question));
}

void Router::ask_ways_soon() {
  if (ways_wait_) return;
  ways_wait_ = true;
  ways_timer_.expires_after(kAskSoon);
  ways_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive) return;
    ways_wait_ = false;
    if (poller_->busy())
      ask_ways_soon();
    else
      poll_wireguard();
  });
}

bool Router::may_submit() const {
  return devices_known_ || std::chrono::steady_clock::now() - links_told_ > kFirstReading;
}

void Router::submit_routes() {
  for (const auto& change : guard_.decide(std::chrono::steady_clock::now())) feed_.apply(change);
  if (!may_submit()) return;
  const auto is_held = [this](const Ipv4Prefix& prefix) { return guard_.find(prefix) != nullptr; };
  if (auto batch = feed_.take(is_held)) rib_->submit(std::move(*batch));
  if (guard_.held().empty() == is_holding_) set_warning("held_back", describe_held(guard_.held()));
  is_holding_ = !guard_.held().empty();
  // Where the kernel could not be asked, the next poll asks again: at once would be for ever.
  if (guard_.wants_answer() && !ways_failed_) poll_wireguard();
}

void Router::on_wireguard(WireguardAnswer answer) {
  if (phase_ != Phase::running) return;
  devices_known_ = devices_known_ || answer.is_complete();
  set_warning("unread_devices", describe_unread(answer.readings));
  update_views(std::move(answer.readings));
  set_warning("underlay", answer.ways_error);
  ways_failed_ = !answer.ways_error.empty();
  if (!answer.ways_error.empty()) guard_.keep_ways(answer.underlay);
  guard_.set_underlay(std::move(answer.underlay));
  devices_ = Devices(guard_.underlay());
  route_findings_ = std::move(answer.findings);
  const bool newly_narrow = answer.is_any_narrow && !is_any_narrow_;
  is_any_narrow_ = answer.is_any_narrow;
  refresh_core_config();  // a userspace device is known by its socket, which may come after the interface
  check_coverage();
  finish_turn();
  set_warning("held_back", describe_held(guard_.held()));
  if (newly_narrow) ask_ways_soon();  // this time with the routes
}

void Router::update_views(std::vector<WireguardReading> readings) {
  const wg::SystemTime now = std::chrono::system_clock::now();
  std::map<std::string, WireguardReading*> by_name;
  for (auto& reading : readings) by_name[reading.name] = &reading;
  auto views = std::make_shared<std::vector<WireguardView>>();
  for (const auto& area : config_.areas) {
    for (const auto& settings : area.interfaces) {
      const auto found = by_name.find(system_name(settings.name));
      if (found == by_name.end()) continue;
      WireguardReading& reading = *found->second;
      const auto link = names_.id_of(settings.name);
      WireguardView view{link, settings.name, std::move(reading.device), std::move(reading.error), {}, now};
      if (const auto* former = find_view(*wireguard_, link)) {
        view.findings = former->findings;
        if (!view.device) {
          view.device = former->device;
          view.read_at = former->read_at;
        }
      }
      views->push_back(std::move(view));
    }
  }
  tell_peer_changes(*wireguard_, *views);
  wireguard_ = std::move(views);
}

std::vector<std::string> Router::route_findings(const ospf::Route<V2>& route,
                                                const std::vector<ospf::NextHop<V2>>& next_hops) const {
  std::vector<std::string> findings;
  if (!is_any_narrow_) return findings;
  for (const auto& hop : next_hops) {
    const auto found = interfaces_.find(hop.link);
    if (found == interfaces_.end() || found->second.settings.passive) continue;
    const std::string& name = found->second.settings.name;
    const auto way = peer_of({hop.link, system_name(name), hop.gateway}, devices_);
    if (way && !way->map->passes(way->peer, route.prefix))
      findings.push_back(fmt::format("not in the allowed-ips of {}", name));
  }
  return findings;
}

void Router::tell_peer_changes(const std::vector<WireguardView>& before,
                               const std::vector<WireguardView>& after) {
  const auto reading_in = [](const std::vector<WireguardView>& views, ospf::LinkId link) {
    const auto* view = find_view(views, link);
    return view != nullptr && view->device ? PeerReading{view->device->peers, view->read_at} : PeerReading{};
  };
  for (const auto& [link, interface] : interfaces_) {
    const auto changes =
        peer_changes(link, interface.settings.name, reading_in(before, link), reading_in(after, link));
    for (const auto& change : changes) publish({change});
  }
}

// A neighbour whose address the allowed-ips do not cover is never heard, or not any more. So its address is
// the last that was heard, or else the one that follows from the interface's own.
std::vector<IpAddress> Router::neighbors_to_cover(const Interface& interface) const {
  if (!interface.neighbor_addresses.empty()) return interface.neighbor_addresses;
  const wg::Link* system_link = find_link(monitor_.snapshot(), interface.settings.name);
  const auto expected = system_link == nullptr ? std::nullopt : expected_neighbor(*system_link);
  return expected ? std::vector<IpAddress>{*expected} : std::vector<IpAddress>{};
}

std::vector<wg::CoverageFinding> Router::findings_of(const WireguardView& view,
                                                     const Interface& interface) const {
  if (!view.device || interface.settings.passive) return {};
  auto findings = wg::check_ospf_coverage(*view.device, neighbors_to_cover(interface));
  if (const auto found = route_findings_.find(view.link); found != route_findings_.end())
    findings.push_back(found->second);
  return findings;
}

void Router::check_coverage() {
  std::map<ospf::LinkId, std::vector<IpAddress>> neighbors;
  for (const auto& neighbor : instance_->neighbors()) {
    if (!neighbor.address.is_zero()) neighbors[neighbor.link].push_back(neighbor.address);
  }
  for (auto& [link, addresses] : neighbors) {
    if (const auto found = interfaces_.find(link); found != interfaces_.end())
      found->second.neighbor_addresses = std::move(addresses);
  }
  auto views = *wireguard_;
  for (const auto& [link, interface] : interfaces_) {
    const std::string& name = interface.settings.name;
    auto* view = find_view(views, link);
    set_warning("wireguard/" + name,
                view == nullptr || view->error.empty()
                    ? std::string()
                    : fmt::format("WireGuard device {}: {}", name, view->error),
                link);
    if (view != nullptr) view->findings = findings_of(*view, interface);
    set_warning("allowed_ips/" + name, view == nullptr ? std::string() : describe_findings(*view), link);
    const bool speaks = view != nullptr && !interface.settings.passive;
    set_warning("silent_peer/" + name,
                speaks
                    ? silent_peers_.problem_of(*view, interface.status.up, std::chrono::steady_clock::now())
                    : std::string(),
                link);
  }
  if (views != *wireguard_) wireguard_ = std::make_shared<std::vector<WireguardView>>(std::move(views));
}

}  // namespace wgospf::daemon
