#include "daemon/links/links.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace wgospf::daemon {

using std::chrono::seconds;

namespace {
/// A socket that could not be opened is tried again after this time.
constexpr seconds kRetry{1};

// Kinds of warnings: with an interface's name behind it each is a key.
constexpr std::array kWarningsOfLinks{"interface/",   "same_interface/", "interface_type/", "socket/",
                                      "vrf/",         "rp_filter/",      "deaf/",           "wireguard/",
                                      "silent_peer/", "peers/"};
/// With what they are about.
constexpr std::array kWarningsShownElsewhere{"allowed_ips/", "several_routers/", "network_type/"};
}  // namespace

Links::Links(Place place, Callbacks callbacks)
    : place_(place),
      callbacks_(std::move(callbacks)),
      routers_(place.jobs),
      client_addresses_(place.jobs),
      retry_timer_(place.loop) {}

Links::~Links() {
  *alive_ = false;
}

// Configuration
// ---------------------------------------------------------------------------------------------

Config Links::resolved(Config config) {
  configured_areas_ = std::move(config.areas);
  has_patterns_ =
      std::any_of(configured_areas_.begin(), configured_areas_.end(), [](const AreaSettings& area) {
        return std::any_of(area.interfaces.begin(), area.interfaces.end(),
                           [](const InterfaceSettings& settings) { return is_pattern(settings.name); });
      });
  config.areas = resolved_areas();
  return config;
}

std::vector<AreaSettings> Links::resolved_areas() {
  auto resolved = resolve_names(configured_areas_, system_interfaces(place_.watch.inventory()));
  tell_idle(std::move(resolved.idle));
  return std::move(resolved.areas);
}

void Links::tell_idle(std::vector<std::string> patterns) {
  for (const auto& pattern : idle_patterns_) {
    if (std::find(patterns.begin(), patterns.end(), pattern) == patterns.end())
      place_.teller.set_warning("pattern/" + pattern, {});
  }
  for (const auto& pattern : patterns)
    place_.teller.set_warning(
        "pattern/" + pattern,
        fmt::format("no interface goes by the pattern {}; those that appear are used then", pattern));
  idle_patterns_ = std::move(patterns);
}

std::set<ospf::LinkId> Links::take(const Config& config) {
  config_ = config;
  std::set<ospf::LinkId> wanted;
  for (const auto& area : config_.areas) {
    for (const auto& settings : area.interfaces) {
      const auto link = place_.names.id_of(settings.name);
      wanted.insert(link);
      auto& entry = entries_[link];
      entry.are_peers_due = entry.are_peers_due || entry.configured != settings;
      entry.configured = settings;
    }
  }
  refresh_settings();
  refresh_due_peers();
  return wanted;
}

void Links::configure(const Config& config, ospf::RouterId router_id) {
  router_id_ = router_id;
  if (const auto problem = routers_.read(config.state_directory, today()); !problem.empty())
    place_.teller.notice(
        Severity::warning, "routers_forgotten",
        fmt::format("{}; peers that were routers are left asleep until they say hello", problem));
  if (const auto problem = client_addresses_.read(config.state_directory, today()); !problem.empty())
    place_.teller.notice(
        Severity::warning, "clients_forgotten",
        fmt::format("{}; addresses of clients that were lent to other peers are not given back", problem));
  (void)take(resolved(config));
  core_config_ = wanted_core_config();
}

void Links::reconfigure(const Config& config) {
  take_over(resolved(config));
}

bool Links::follow_patterns() {
  if (is_frozen_ || !has_patterns_) return false;
  auto areas = resolved_areas();
  if (areas == config_.areas) return false;
  Config config = config_;
  config.areas = std::move(areas);
  take_over(config);
  return true;
}

void Links::take_over(const Config& config) {
  const auto wanted = take(config);
  // Sockets first where a passive interface becomes active, since its hello goes out at once; then the core,
  // while the sockets of what is gone are still there to say goodbye.
  for (auto& [link, entry] : entries_) {
    const bool active = wanted.contains(link) && !entry.settings.passive && !entry.status.loopback;
    if (active && entry.status.up) (void)open_port(link, entry, entry.status.ifindex.value);
  }
  refresh_core_config();
  for (auto& [link, entry] : entries_)
    if (!wanted.contains(link)) entry.hearing.reset(place_.jobs, std::chrono::steady_clock::now());
  std::erase_if(entries_, [&](const auto& entry) {
    if (wanted.contains(entry.first)) return false;
    forget(entry.first, entry.second);
    return true;
  });
  refresh();
}

// The core knows a link for good. We do not look at this one any more, so if it is configured again it starts
// from nothing: what there is then, and a hello when there is a socket to send it.
void Links::forget(ospf::LinkId link, const ConfiguredDevice& entry) {
  callbacks_.feed(ospf::DeviceChanged{device_of(link), {}});
  forget_warnings(link, entry.settings.name);
  for (const auto& peer : entry.peers.entries())
    forget_warnings(peer.link, shown_name(entry.settings.name, peer.peer));
}

void Links::forget_warnings(ospf::LinkId link, const std::string& name) {
  for (const char* kind : kWarningsOfLinks) place_.teller.set_warning(kind + name, {}, link);
  for (const char* kind : kWarningsShownElsewhere) place_.teller.set_warning(kind + name, {}, link);
}

std::vector<std::string> Links::problems(ospf::LinkId link) const {
  std::vector<std::string> problems;
  if (over(link) == entries_.end()) return problems;
  for (const char* kind : kWarningsOfLinks) {
    auto text = place_.teller.warning(kind + place_.names.name_of(link));
    if (!text.empty()) problems.push_back(std::move(text));
  }
  return problems;
}

void Links::refresh_settings() {
  for (auto& [link, entry] : entries_)
    entry.settings = settings_in_force(entry.configured, place_.watch.inventory());
}

ospf::InstanceConfig Links::wanted_core_config() {
  auto config = instance_config(config_, router_id_, place_.names,
                                [this](const std::string& name) { return place_.watch.is_wireguard(name); });
  std::vector<ospf::InterfaceConfig> interfaces;
  for (auto& interface : config.interfaces) {
    const ConfiguredDevice& entry = entries_.at(interface.link);
    interface.passive = entry.settings.passive;
    add_peers(interface, entry, interfaces);
    if (!entry.settings.has_peers) interfaces.push_back(std::move(interface));
  }
  config.interfaces = std::move(interfaces);
  callbacks_.complete(config);
  return config;
}

bool Links::refresh_core_config() {
  auto config = wanted_core_config();
  if (config == core_config_) return false;
  core_config_ = std::move(config);
  callbacks_.feed(ospf::Reconfigure{core_config_});
  return true;
}

// What the system has
// ------------------------------------------------------------------------------------------

void Links::on_link_events(const LinkEvents& events) {
  if (is_frozen_) return;
  for (const auto& event : events) {
    if (event.kind == LinkEvent::Kind::removed) forget_interface(event.link);
  }
  refresh();
}

// Another of the same name may be there already, even with the same ifindex; the socket is not bound to that
// one, and the neighbours were not its own.
void Links::forget_interface(const Link& removed) {
  for (auto& [link, entry] : entries_) {
    if (!removed.is_named(entry.settings.name)) continue;
    entry.port.reset();
    tell(link, entry, {});
  }
}

void Links::refresh() {
  if (is_frozen_ || follow_patterns()) return;
  refresh_settings();
  refresh_core_config();
  std::set<std::uint32_t> ifindexes;
  std::map<std::uint32_t, std::string> names;
  for (auto& [link, entry] : entries_) {
    const std::string& name = entry.settings.name;
    const Link* system_link = place_.watch.find(name);
    const auto first =
        system_link == nullptr ? names.end() : names.try_emplace(system_link->ifindex, name).first;
    const bool is_other = first != names.end() && first->second != name;
    place_.teller.set_warning(
        "same_interface/" + name,
        is_other ? fmt::format("{} and {} are names of one interface, which is run as {}: remove one "
                               "of them from the configuration",
                               first->second, name, first->second)
                 : std::string(),
        link);
    if (is_other) {
      entry.port.reset();
      tell(link, entry, {});
      continue;
    }
    refresh(link, entry);
    if (entry.status.ifindex.value != 0) ifindexes.insert(entry.status.ifindex.value);
  }
  refresh_due_peers();
  refresh_core_config();
  callbacks_.refreshed(std::move(ifindexes));
}

void Links::refresh(ospf::LinkId link, ConfiguredDevice& entry) {
  const std::string& name = entry.settings.name;
  const auto& inventory = place_.watch.inventory();
  check_presence(link, entry);
  check_interface_type(link, entry);

  auto status = link_status(entry.settings, inventory);
  // Created anew: its neighbours were those of another interface.
  if (entry.status.up && status.up && entry.status.ifindex != status.ifindex) {
    auto down = entry.status;
    down.up = false;
    tell(link, entry, down);
  }
  const bool wants_port = status.up && !entry.settings.passive && !status.loopback;
  const Port port = wants_port ? open_port(link, entry, status.ifindex.value) : Port::ready;
  // A link that was up without a socket of ours (a passive one) stays so while the group is joined.
  const bool stays_up = port == Port::joining && entry.status.up;
  if (port != Port::ready && !stays_up) {
    status.up = false;
    status.down_reason = ospf::InterfaceReason::no_socket;
  }
  refresh_rib_link(link, entry);
  tell(link, entry, status);
  if (!wants_port) {
    entry.port.reset();
    place_.teller.set_warning("socket/" + name, {}, link);
  }
}

void Links::refresh_rib_link(ospf::LinkId link, ConfiguredDevice& entry) {
  const Link* system_link = place_.watch.find(entry.settings.name);
  std::optional<RibLink> rib;
  if (system_link != nullptr) {
    rib = RibLink{rib_facts(*system_link), std::nullopt};
    const auto source = link_status(entry.settings, place_.watch.inventory()).unnumbered_source;
    if (source) rib->source = as<Ipv4Address>(*source);
  }
  const bool same =
      rib.has_value() == entry.rib.has_value() &&
      (!rib || (rib->source == entry.rib->source && rib->facts.ifindex == entry.rib->facts.ifindex &&
                rib->facts.noarp == entry.rib->facts.noarp &&
                rib->facts.point_to_point == entry.rib->facts.point_to_point));
  if (same) return;
  entry.rib = std::move(rib);
  callbacks_.rib_links_changed(links_over(link, entry));
}

void Links::tell(ospf::LinkId link, ConfiguredDevice& entry, const ospf::DeviceStatus& status) {
  if (entry.status == status) return;
  if (entry.status.ifindex != status.ifindex || entry.status.addresses != status.addresses) {
    entry.neighbor_addresses.clear();
    entry.are_peers_due = true;
  }
  if (auto change = link_change(entry.settings.name, entry.status, status); !change.empty())
    place_.teller.notice(Severity::info, "interface_changed", std::move(change), link);
  entry.status = status;
  callbacks_.feed(ospf::DeviceChanged{device_of(link), status});
}

void Links::retry_later() {
  if (is_retrying_) return;
  is_retrying_ = true;
  retry_timer_.expires_after(kRetry);
  retry_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive) return;
    is_retrying_ = false;
    refresh();
    callbacks_.turn_end();
  });
}

// Sockets
// ------------------------------------------------------------------------------------------------------

Links::Port Links::open_port(ospf::LinkId link, ConfiguredDevice& entry, std::uint32_t ifindex) {
  if (entry.port && entry.port->ifindex() == ifindex)
    return entry.port->is_joined() ? Port::ready : Port::joining;
  const std::string name = entry.settings.name;
  OspfPort::Callbacks callbacks;
  callbacks.datagram = [this, link](const wg::Datagram& datagram) {
    ConfiguredDevice& here = entries_.at(link);
    here.hearing.datagram_came();
    callbacks_.feed(ospf::Received{link_of(link, here, datagram.source), datagram.source,
                                   datagram.destination, std::as_bytes(datagram.payload)});
  };
  if (entry.settings.has_peers)
    callbacks.sender = [this, link](Ipv4Address source) -> wg::FairQueue::Sender {
      const auto* owner = entries_.at(link).peers.owner(source);
      return owner != nullptr && owner->peer.is_link() ? owner->link.value : link.value;
    };
  callbacks.turn_end = callbacks_.turn_end;
  callbacks.trouble = [this, link, name](const std::string& trouble) {
    place_.teller.set_warning(
        "socket/" + name, trouble.empty() ? trouble : fmt::format("interface {}: {}", name, trouble), link);
  };
  callbacks.joined = [this, link](const Result<void>& result) { on_joined(link, result); };
  entry.port.reset();  // leaves the group before the next one joins
  auto port = OspfPort::open({place_.loop, place_.jobs}, place_.watch.system_name(name), ifindex,
                             std::move(callbacks));
  if (!port) {
    place_.teller.set_warning("socket/" + name,
                              fmt::format("interface {} cannot be used: {}", name, port.error().text), link);
    retry_later();
    return Port::failed;
  }
  entry.port = std::move(port).value();
  return Port::joining;
}

void Links::on_joined(ospf::LinkId link, const Result<void>& result) {
  const auto found = entries_.find(link);
  if (found == entries_.end() || is_frozen_) return;
  const std::string& name = found->second.settings.name;
  if (result) {
    place_.teller.set_warning("socket/" + name, {}, link);
    refresh();
  } else {
    found->second.port.reset();
    place_.teller.set_warning(
        "socket/" + name, fmt::format("interface {} cannot be used: {}", name, result.error().text), link);
    retry_later();
  }
  callbacks_.turn_end();
}

void Links::send(const ospf::Transmit& packet) {
  const auto found = entries_.find(interface_link(packet.link));
  if (found == entries_.end() || !found->second.port) return;
  ConfiguredDevice& entry = found->second;
  if (entry.settings.has_peers) entry.peers.sent(packet.link, std::chrono::system_clock::now());
  Ipv4Address destination = wg::kAllSpfRouters;
  if (const auto* address = std::get_if<IpAddress>(&packet.destination))
    destination = as<Ipv4Address>(*address);
  else if (std::get<ospf::Group>(packet.destination) == ospf::Group::all_d_routers)
    destination = wg::kAllDRouters;
  auto source = entry.status.unnumbered_source;
  if (!entry.status.addresses.empty()) source = entry.status.addresses.front().address;
  entry.port->send(destination, *packet.bytes,
                   source ? std::optional(as<Ipv4Address>(*source)) : std::nullopt);
}

bool Links::read_now() {
  bool is_more = false;
  for (auto& [link, entry] : entries_)
    if (entry.port) is_more |= entry.port->read_now();
  return is_more;
}

bool Links::is_any_coming() const {
  return std::any_of(entries_.begin(), entries_.end(), [this](const auto& named) {
    const ConfiguredDevice& entry = named.second;
    return (entry.port && !entry.port->is_joined()) ||
           (!entry.status.up && entry.status.down_reason == ospf::InterfaceReason::no_socket) ||
           (entry.settings.has_peers && entry.status.up &&
            !devices_.contains(place_.watch.system_name(entry.settings.name)));
  });
}

void Links::close() {
  is_frozen_ = true;
  for (auto& [link, entry] : entries_) entry.port.reset();
}

}  // namespace wgospf::daemon
