// The router's links: from the system's inventory to sockets, and to what the core is told.

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <fstream>

#include "daemon/describe.h"
#include "daemon/router.h"

namespace wgospf::daemon {

namespace asio = boost::asio;
using std::chrono::seconds;

namespace {
/// What there are no events of is read this often: WireGuard's handshakes and counters, sysctls.
constexpr seconds kPollInterval{2};
/// A socket that could not be opened is tried again after this time.
constexpr seconds kLinkRetry{1};

/// net.ipv4.conf.INTERFACE.NAME; `otherwise` when it cannot be read.
int setting_of(const std::string& interface, const char* name, int otherwise) {
  std::ifstream file("/proc/sys/net/ipv4/conf/" + interface + "/" + name);
  int value = 0;
  return file >> value ? value : otherwise;
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
  auto events = monitor_.take_notifications();
  if (!events) teller_.set_warning("links", events.error().text);
  if (events) on_link_events(*events);
  if (monitor_.is_stale())
    read_links_anew();
  else
    wait_for_links();
}

// After a loss: one reading at a time, and not more than one a second, however much goes on.
void Router::read_links_anew() {
  if (link_reading_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - links_read_ < kLinkRetry) return retry_links_later();
  link_reading_ = true;
  links_read_ = now;
  auto reading = std::make_shared<wg::LinkReading>(monitor_.start_reading());
  jobs_.run([reading] { reading->run(); },
            [this, reading] {
              link_reading_ = false;
              if (phase_ >= Phase::stopping) return;
              const auto events = monitor_.take(std::move(*reading));
              teller_.set_warning("links", events ? std::string() : events.error().text);
              if (events) on_link_events(*events);
              take_link_events();
              finish_turn();
            });
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
  guard_.links_changed();
  // The endpoints of a tunnel that has just come are to be known before routes lead into it.
  const bool has_tunnel = std::any_of(events.begin(), events.end(), [](const wg::LinkEvent& event) {
    return wg::looks_like_wireguard(event.link.name, event.link.kind);
  });
  if (has_tunnel || guard_.needs_ways() || !devices_known_) ask_ways_soon();
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
    teller_.set_warning(
        "same_interface/" + name,
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
  teller_.set_warning("interface/" + name,
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
  const Port port = wants_port ? open_port(link, interface, status.ifindex.value) : Port::ready;
  // A link that was up without a socket of ours (a passive one) stays so while the group is joined.
  const bool stays_up = port == Port::joining && interface.status.up;
  if (port != Port::ready && !stays_up) {
    status.up = false;
    status.down_reason = ospf::InterfaceReason::no_socket;
  }
  refresh_rib_link(link, interface);
  tell_link(link, interface, status);
  if (!wants_port) {
    interface.port.reset();
    teller_.set_warning("socket/" + name, {}, link);
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
    teller_.set_warning("rp_filter/" + name, problem, link);
    if (!interface.status.up || interface.status.loopback) continue;
    forwarding.push_back({name, own, setting_of(own, "forwarding", 1) != 0});
    if (!interface.settings.passive && problem.empty()) filters.push_back({name, own, filter});
  }
  teller_.set_warning("rp_filter", strict_filter_problem(filters));
  teller_.set_warning("forwarding", forwarding_problem(forwarding));
}

Router::Port Router::open_port(ospf::LinkId link, Interface& interface, std::uint32_t ifindex) {
  if (interface.port && interface.port->ifindex() == ifindex)
    return interface.port->is_joined() ? Port::ready : Port::joining;
  const std::string name = interface.settings.name;
  OspfPort::Callbacks callbacks;
  callbacks.datagram = [this, link](const wg::Datagram& datagram) {
    feed(ospf::Received<V2>{link, datagram.source, datagram.destination, std::as_bytes(datagram.payload)});
  };
  callbacks.turn_end = [this] { finish_turn(); };
  callbacks.trouble = [this, link, name](const std::string& trouble) {
    teller_.set_warning("socket/" + name,
                        trouble.empty() ? trouble : fmt::format("interface {}: {}", name, trouble), link);
  };
  callbacks.joined = [this, link](const Result<void>& result) { on_joined(link, result); };
  interface.port.reset();  // leaves the group before the next one joins
  auto port = OspfPort::open({loop_, jobs_}, system_name(name), ifindex, std::move(callbacks));
  if (!port) {
    teller_.set_warning("socket/" + name,
                        fmt::format("interface {} cannot be used: {}", name, port.error().text), link);
    retry_links_later();
    return Port::failed;
  }
  interface.port = std::move(port).value();
  return Port::joining;
}

void Router::on_joined(ospf::LinkId link, const Result<void>& result) {
  const auto found = interfaces_.find(link);
  if (found == interfaces_.end() || phase_ != Phase::running) return;
  const std::string& name = found->second.settings.name;
  if (result) {
    teller_.set_warning("socket/" + name, {}, link);
    refresh_links();
  } else {
    found->second.port.reset();
    teller_.set_warning("socket/" + name,
                        fmt::format("interface {} cannot be used: {}", name, result.error().text), link);
    retry_links_later();
  }
  finish_turn();
}

void Router::check_interface_type(const Interface& interface) {
  const std::string& name = interface.settings.name;
  const bool by_default = interface.settings.passive && !interface.configured.passive;
  teller_.set_warning(
      "interface_type/" + name,
      by_default ? fmt::format("interface {} is neither a WireGuard nor a point-to-point device and names "
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
    teller_.set_warning("several_routers/" + interface.settings.name, several[link], link);
    teller_.set_warning("network_type/" + interface.settings.name, types[link], link);
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
  teller_.set_warning(
      "martians",
      names.empty() ? std::string()
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
    teller_.notice(Severity::info, "interface_changed", std::move(change), link);
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
  watch_devices();
  refresh_core_config();  // a userspace device is known by its socket, which may come after the interface
  guard_.time_passed();
  finish_turn();
  note_neighbors();
  tunnels_.check();
  tunnels_.check_routes();
  poll_timer_.expires_after(kPollInterval);
  poll_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) poll();
  });
}

}  // namespace wgospf::daemon
