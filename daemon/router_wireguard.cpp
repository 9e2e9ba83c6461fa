// What WireGuard says of the router's links: peers, allowed-ips, and the ways that its own packets take.

#include <algorithm>
#include <boost/asio/post.hpp>

#include "daemon/router.h"

namespace wgospf::daemon {

namespace {

/// The kernel is asked again for ways to endpoints so soon after something that may have changed them.
constexpr std::chrono::milliseconds kAskSoon{100};
/// Routes wait so long at the start for the first reading of the devices.
constexpr std::chrono::seconds kFirstReading{3};

}  // namespace

void Router::start_devices() {
  // On the device thread: only the hand-over.
  device_thread_ = std::make_unique<wg::DeviceThread>(
      wg::DeviceThreadOptions{}, [this, &loop = loop_, alive = alive_](wg::DeviceReports reports) {
        boost::asio::post(loop, [this, alive, reports = std::move(reports)]() mutable {
          if (*alive) on_device_reports(std::move(reports));
        });
      });
}

// All devices, also those without OSPF: their packets, too, may come to lead into a tunnel of ours.
void Router::watch_devices() {
  std::vector<std::string> names;
  for (const auto& [ifindex, link] : monitor_.snapshot())
    if (wg::looks_like_wireguard(link.name, link.kind)) names.push_back(link.name);
  device_thread_->watch(std::move(names));
  want_ways();
}

void Router::want_ways() {
  const bool wanted = guard_.needs_ways();
  device_thread_->set_ways(
      wanted ? std::optional(wg::OwnRoutes{config_.rib.table, config_.rib.metric, rib::kProtocol})
             : std::nullopt);
}

void Router::ask_ways() {
  guard_.asked();
  watch_devices();
  device_thread_->ask_soon();
}

void Router::ask_ways_soon() {
  if (ways_wait_) return;
  ways_wait_ = true;
  ways_timer_.expires_after(kAskSoon);
  ways_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive) return;
    ways_wait_ = false;
    if (phase_ == Phase::running) ask_ways();
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
  if (guard_.held().empty() == is_holding_) teller_.set_warning("held_back", describe_held(guard_.held()));
  is_holding_ = !guard_.held().empty();
  // Where the kernel could not be asked, the thread asks again: at once would be for ever.
  if (guard_.wants_answer() && !ways_failed_) ask_ways();
}

void Router::on_device_reports(wg::DeviceReports reports) {
  if (phase_ != Phase::running) return;
  bool is_reshaped = false;
  for (auto& report : reports) {
    if (const auto* read = std::get_if<wg::DeviceRead>(&report)) {
      tunnels_.take(*read);
      is_reshaped = is_reshaped || read->is_reshaped || !read->error.empty();
    } else if (const auto* changed = std::get_if<wg::PeersChanged>(&report)) {
      tunnels_.take(*changed);
    } else if (const auto* underlay = std::get_if<wg::UnderlayRead>(&report)) {
      on_underlay(*underlay);
      is_reshaped = true;
    }
  }
  if (!is_reshaped) return;  // traffic alone
  refresh_core_config();
  tunnels_.check();
  finish_turn();
  teller_.set_warning("held_back", describe_held(guard_.held()));
}

void Router::on_underlay(const wg::UnderlayRead& read) {
  devices_known_ = devices_known_ || read.is_complete;
  teller_.set_warning("underlay", read.ways_error);
  ways_failed_ = !read.ways_error.empty();
  guard_.set_underlay(read.underlay);
  tunnels_.take(read.underlay);
}

std::vector<TunnelLink> Router::tunnel_links() const {
  std::vector<TunnelLink> result;
  for (const auto& area : config_.areas) {
    for (const auto& configured : area.interfaces) {
      const auto link = names_.find(configured.name);
      const auto found = link ? interfaces_.find(*link) : interfaces_.end();
      if (found == interfaces_.end()) continue;
      const Interface& interface = found->second;
      result.push_back({*link, configured.name, system_name(configured.name), interface.settings.passive,
                        interface.status.up, neighbors_to_cover(interface)});
    }
  }
  return result;
}

// A neighbour whose address the allowed-ips do not cover is never heard, or not any more. So its address is
// the last that was heard, or else the one that follows from the interface's own.
std::vector<IpAddress> Router::neighbors_to_cover(const Interface& interface) const {
  if (!interface.neighbor_addresses.empty()) return interface.neighbor_addresses;
  const wg::Link* system_link = find_link(monitor_.snapshot(), interface.settings.name);
  const auto expected = system_link == nullptr ? std::nullopt : expected_neighbor(*system_link);
  return expected ? std::vector<IpAddress>{*expected} : std::vector<IpAddress>{};
}

void Router::note_neighbors() {
  std::map<ospf::LinkId, std::vector<IpAddress>> neighbors;
  for (const auto& neighbor : instance_->neighbors()) {
    if (!neighbor.address.is_zero()) neighbors[neighbor.link].push_back(neighbor.address);
  }
  for (auto& [link, addresses] : neighbors) {
    if (const auto found = interfaces_.find(link); found != interfaces_.end())
      found->second.neighbor_addresses = std::move(addresses);
  }
}

}  // namespace wgospf::daemon
