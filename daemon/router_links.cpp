// The router's links: from the system's inventory to sockets, to what the core is told, and to what WireGuard
// says of them.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <fstream>

#include "daemon/describe.h"
#include "daemon/peer_changes.h"
#include "daemon/router.h"

namespace wgospf::daemon {

namespace asio = boost::asio;
using std::chrono::seconds;

namespace {
/// What there are no events of is read this often: WireGuard's handshakes and counters, sysctls.
constexpr seconds kPollInterval{2};
/// A socket that could not be opened is tried again after this time.
constexpr seconds kLinkRetry{1};

template <class Views>
auto* find_view(Views& views, ospf::LinkId link) {
  const auto found = std::find_if(views.begin(), views.end(),
                                  [&](const WireguardView& candidate) { return candidate.link == link; });
  return found == views.end() ? nullptr : &*found;
}

/// net.ipv4.conf.INTERFACE.NAME; `otherwise` when it cannot be read.
int setting_of(const std::string& interface, const char* name, int otherwise) {
  std::ifstream file("/proc/sys/net/ipv4/conf/" + interface + "/" + name);
  int value = 0;
  return file >> value ? value : otherwise;
}

std::string describe_findings(const WireguardView& view) {
  std::vector<std::string> texts;
  for (const auto& finding : view.findings) texts.push_back(finding.text);
  if (texts.empty()) return {};
  return fmt::format("interface {}: {}", view.name, join_few(texts, "; "));
}
}  // namespace

void Router::wait_for_links() {
  if (link_wait_) return;
  link_wait_ = true;
  monitor_descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                                 [this, alive = alive_](const boost::system::error_code& error) {
                                   if (!*alive) return;
                                   link_wait_ = false;
                                   if (error || phase_ >= Phase::stopping) return;
                                   take_link_events();
                                   finish_turn();
                                 });
}

void Router::take_link_events() {
  auto events = monitor_.on_readable();
  if (events) {
    set_warning("links", {});
    on_link_events(*events);
    wait_for_links();
  } else {
    set_warning("links", events.error().text);
    retry_links_later();
  }
}

void Router::retry_links_later() {
  if (link_retry_) return;
  link_retry_ = true;
  link_timer_.expires_after(kLinkRetry);
  link_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive || phase_ >= Phase::stopping) return;
    link_retry_ = false;
    take_link_events();
    refresh_links();
    finish_turn();
  });
}

void Router::on_link_events(const std::vector<wg::LinkEvent>& events) {
  if (events.empty()) return;
  for (const auto& event : events) {
    if (event.kind == wg::LinkEvent::Kind::removed) forget_interface(event.link);
  }
  auto connected = connected_prefixes(monitor_.snapshot());
  if (connected != connected_) {
    connected_ = std::move(connected);
    rib_->set_connected(connected_);
  }
  refresh_links();
}

// Another of the same name may be there already, even with the same ifindex; the socket is not bound to that
// one, and the neighbours were not its own.
void Router::forget_interface(const wg::Link& removed) {
  if (phase_ != Phase::running) return;
  for (auto& [link, interface] : interfaces_) {
    if (!removed.is_named(interface.settings.name)) continue;
    interface.port.reset();
    tell_link(link, interface, {});
  }
}

void Router::refresh_links() {
  if (phase_ != Phase::running) return;
  refresh_settings();
  refresh_core_config();
  std::set<std::uint32_t> ifindexes;
  std::map<std::uint32_t, std::string> names;
  for (auto& [link, interface] : interfaces_) {
    const std::string& name = interface.settings.name;
    const wg::Link* system_link = find_link(monitor_.snapshot(), name);
    const auto first =
        system_link == nullptr ? names.end() : names.try_emplace(system_link->ifindex, name).first;
    const bool is_other = first != names.end() && first->second != name;
    set_warning("same_interface/" + name,
                is_other ? fmt::format("{} and {} are names of one interface, which is run as {}: remove one "
                                       "of them from the configuration",
                                       first->second, name, first->second)
                         : std::string(),
                link);
    if (is_other) {
      interface.port.reset();
      tell_link(link, interface, {});
      continue;
    }
    refresh_link(link, interface);
    if (interface.status.ifindex.value != 0) ifindexes.insert(interface.status.ifindex.value);
  }
  redistribution_.set_ospf_interfaces(std::move(ifindexes));
  redistribute();
}

void Router::refresh_link(ospf::LinkId link, Interface& interface) {
  const std::string& name = interface.settings.name;
  const wg::Link* system_link = find_link(monitor_.snapshot(), name);
  set_warning("interface/" + name,
              system_link == nullptr
                  ? fmt::format("interface {} does not exist; it is used when it appears", name)
                  : link_problem(interface.settings, monitor_.snapshot()),
              link);
  check_interface_type(interface);

  auto status = link_status(interface.settings, monitor_.snapshot());
  // Created anew: its neighbours were those of another interface.
  if (interface.status.up && status.up && interface.status.ifindex != status.ifindex) {
    auto down = interface.status;
    down.up = false;
    tell_link(link, interface, down);
  }
  const bool wants_port = status.up && !interface.settings.passive && !status.loopback;
  if (wants_port && !open_port(link, interface, status.ifindex.value)) {
    status.up = false;
    status.down_reason = ospf::InterfaceReason::no_socket;
  }
  refresh_rib_link(link, interface);
  tell_link(link, interface, status);
  if (!wants_port) {
    interface.port.reset();
    set_warning("socket/" + name, {}, link);
  }
}

void Router::check_kernel_settings() {
  std::vector<Forwarding> forwarding;
  std::vector<LinkFilter> filters;
  const int filter_of_all = setting_of("all", "rp_filter", 0);
  for (const auto& [link, interface] : interfaces_) {
    const std::string& name = interface.settings.name;
    const std::string own = system_name(name);
    const ReversePathFilter filter{filter_of_all, setting_of(own, "rp_filter", 0)};
    const auto problem = reverse_path_problem(interface.settings, monitor_.snapshot(), filter);
    set_warning("rp_filter/" + name, problem, link);
    if (!interface.status.up || interface.status.loopback) continue;
    forwarding.push_back({name, own, setting_of(own, "forwarding", 1) != 0});
    if (!interface.settings.passive && problem.empty()) filters.push_back({name, own, filter});
  }
  set_warning("rp_filter", strict_filter_problem(filters));
  set_warning("forwarding", forwarding_problem(forwarding));
}

bool Router::open_port(ospf::LinkId link, Interface& interface, std::uint32_t ifindex) {
  if (interface.port && interface.port->ifindex() == ifindex) return true;
  const std::string name = interface.settings.name;
  OspfPort::Callbacks callbacks;
  callbacks.datagram = [this, link](const wg::Datagram& datagram) {
    feed(ospf::Received<V2>{link, datagram.source, datagram.destination, std::as_bytes(datagram.payload)});
  };
  callbacks.turn_end = [this] { finish_turn(); };
  callbacks.trouble = [this, link, name](const std::string& trouble) {
    set_warning("socket/" + name, trouble.empty() ? trouble : fmt::format("interface {}: {}", name, trouble),
                link);
  };
  auto port = OspfPort::open(loop_, system_name(name), ifindex, std::move(callbacks));
  if (!port) {
    interface.port.reset();
    set_warning("socket/" + name, fmt::format("interface {} cannot be used: {}", name, port.error().text),
                link);
    retry_links_later();
    return false;
  }
  set_warning("socket/" + name, {}, link);
  interface.port = std::move(port).value();
  return true;
}

void Router::check_interface_type(const Interface& interface) {
  const std::string& name = interface.settings.name;
  const bool by_default = interface.settings.passive && !interface.configured.passive;
  set_warning("interface_type/" + name,
              by_default
                  ? fmt::format("interface {} is neither a WireGuard nor a point-to-point device and names "
                                "no interface-type: it is passive, no neighbor is taken there; write "
                                "\"interface-type: point-to-point\" for an adjacency, or \"passive: true\"",
                                name)
                  : std::string(),
              names_.id_of(name));
}

void Router::check_neighbors() {
  std::map<ospf::LinkId, std::string> several, types;
  const auto neighbors = instance_->neighbors();
  for (const auto& neighbor : neighbors) {
    if (neighbor.problem != ospf::NeighborProblem::network_type) continue;
    types[neighbor.link] =
        fmt::format("neighbor {} ({}) on {}: {}", neighbor.router_id.to_string(),
                    neighbor.address.to_string(), link_name(neighbor.link), describe_problem(neighbor));
  }
  for (const auto& info : instance_->interfaces()) {
    const auto beside = std::find_if(info.refused.begin(), info.refused.end(),
                                     [](const auto& refused) { return refused.is_beside; });
    if (beside == info.refused.end()) continue;
    const auto kept = std::find_if(neighbors.begin(), neighbors.end(),
                                   [&](const auto& neighbor) { return neighbor.link == info.config.link; });
    if (kept == neighbors.end()) continue;
    several[info.config.link] = fmt::format(
        "more than one router on a point-to-point link: {} ({}) and {} ({}) both say hello on {}; the first "
        "is "
        "kept, take the other off the link",
        kept->router_id.to_string(), kept->address.to_string(), beside->router_id.to_string(),
        beside->address.to_string(), info.config.name);
  }
  for (const auto& [link, interface] : interfaces_) {
    set_warning("several_routers/" + interface.settings.name, several[link], link);
    set_warning("network_type/" + interface.settings.name, types[link], link);
  }
}

void Router::check_martians() {
  constexpr std::size_t kNamed = 3;
  const auto& martians = instance_->martians();
  std::vector<std::string> names;
  for (const auto& prefix : martians) {
    if (names.size() == kNamed) break;
    names.push_back(prefix.to_string());
  }
  const std::size_t others = martians.size() - names.size();
  set_warning("martians",
              names.empty()
                  ? std::string()
                  : fmt::format("prefixes that no router forwards to are learned and not installed: {}{}; "
                                "\"wgospfctl show path {}\" names the router that announces it",
                                fmt::join(names, ", "),
                                others == 0 ? "" : fmt::format(" and {} more", others), names.front()));
}

void Router::tell_link(ospf::LinkId link, Interface& interface, const ospf::LinkStatus<V2>& status) {
  if (interface.status == status) return;
  if (interface.status.ifindex != status.ifindex || interface.status.addresses != status.addresses)
    interface.neighbor_addresses.clear();
  if (auto change = link_change(interface.settings.name, interface.status, status); !change.empty())
    notice(Severity::info, "interface_changed", std::move(change), link);
  interface.status = status;
  feed(ospf::LinkChanged<V2>{link, status});
}

void Router::refresh_rib_link(ospf::LinkId link, Interface& interface) {
  const wg::Link* system_link = find_link(monitor_.snapshot(), interface.settings.name);
  std::optional<RibLink> rib;
  if (system_link != nullptr) {
    rib = RibLink{rib_facts(*system_link),
                  link_status(interface.settings, monitor_.snapshot()).unnumbered_source};
  }
  const bool same =
      rib.has_value() == interface.rib.has_value() &&
      (!rib || (rib->source == interface.rib->source && rib->facts.ifindex == interface.rib->facts.ifindex &&
                rib->facts.noarp == interface.rib->facts.noarp &&
                rib->facts.point_to_point == interface.rib->facts.point_to_point &&
                rib->facts.subnets == interface.rib->facts.subnets));
  if (same) return;
  interface.rib = std::move(rib);
  feed_.link_changed(link);
}

void Router::refresh_settings() {
  for (auto& [link, interface] : interfaces_)
    interface.settings = settings_in_force(interface.configured, monitor_.snapshot());
}

ospf::InstanceConfig Router::wanted_core_config() {
  auto config = instance_config(config_, router_id_, names_,
                                [this](const std::string& name) { return is_wireguard(name); });
  for (auto& interface : config.interfaces)
    interface.passive = interfaces_.at(interface.link).settings.passive;
  return config;
}

void Router::refresh_core_config() {
  auto config = wanted_core_config();
  if (config == core_config_) return;
  core_config_ = std::move(config);
  feed(ospf::Reconfigure{core_config_});
}

bool Router::is_wireguard(const std::string& name) const {
  const wg::Link* link = find_link(monitor_.snapshot(), name);
  return link != nullptr && wg::looks_like_wireguard(link->name, link->kind);
}

std::string Router::system_name(const std::string& name) const {
  const wg::Link* link = find_link(monitor_.snapshot(), name);
  return link == nullptr ? name : link->name;
}

void Router::poll() {
  if (phase_ != Phase::running) return;
  check_kernel_settings();
  tell_kernel_rest();
  check_neighbors();
  check_martians();
  poll_wireguard();
  poll_timer_.expires_after(kPollInterval);
  poll_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) poll();
  });
}

// WireGuard
// --------------------------------------------------------------------------------------------------

void Router::poll_wireguard() {
  std::vector<std::string> names;
  for (const auto& [link, interface] : interfaces_)
    if (is_wireguard(interface.settings.name)) names.push_back(system_name(interface.settings.name));
  if (names.empty() && !wireguard_->empty()) on_wireguard({});
  poller_->request(std::move(names));
}

void Router::on_wireguard(std::vector<WireguardReading> readings) {
  if (phase_ != Phase::running) return;
  const wg::SystemTime now = std::chrono::system_clock::now();
  auto views = std::make_shared<std::vector<WireguardView>>();
  for (const auto& area : config_.areas) {
    for (const auto& settings : area.interfaces) {
      const auto reading =
          std::find_if(readings.begin(), readings.end(),
                       [&, own = system_name(settings.name)](const WireguardReading& candidate) {
                         return candidate.name == own;
                       });
      if (reading == readings.end()) continue;
      const auto link = names_.id_of(settings.name);
      WireguardView view{link, settings.name, std::move(reading->device), std::move(reading->error), {}, now};
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
  refresh_core_config();  // a userspace device is known by its socket, which may come after the interface
  check_coverage();
  finish_turn();
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
std::vector<wg::IpAddress> Router::neighbors_to_cover(const Interface& interface) const {
  if (!interface.neighbor_addresses.empty()) return interface.neighbor_addresses;
  const wg::Link* system_link = find_link(monitor_.snapshot(), interface.settings.name);
  const auto expected = system_link == nullptr ? std::nullopt : expected_neighbor(*system_link);
  return expected ? std::vector<wg::IpAddress>{*expected} : std::vector<wg::IpAddress>{};
}

std::vector<wg::CoverageFinding> Router::findings_of(const WireguardView& view,
                                                     const Interface& interface) const {
  if (!view.device || interface.settings.passive) return {};
  return wg::check_ospf_coverage(*view.device, neighbors_to_cover(interface));
}

void Router::check_coverage() {
  std::map<ospf::LinkId, std::vector<wg::IpAddress>> neighbors;
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
  }
  if (views != *wireguard_) wireguard_ = std::make_shared<std::vector<WireguardView>>(std::move(views));
}

}  // namespace wgospf::daemon
