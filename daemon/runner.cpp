#include "daemon/runner.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <random>
#include <utility>

#include "ospf/router_information.h"

namespace wgospf::daemon {

namespace asio = boost::asio;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kExternalsPerTurn = 500;  // examined, most of them without effect
/// Links are held against their devices so soon after either has changed: once for all that change together.
constexpr std::chrono::milliseconds kCheckSoon{50};
/// What there are no events of is looked at this often.
constexpr seconds kPollInterval{2};

/// One that was silent is no more.
bool has_first_session(const wg::PeersChanged& changed) {
  return std::any_of(changed.changes.begin(), changed.changes.end(),
                     [](const wg::PeerChange& change) { return change.is_first_session; });
}

ospf::Seed random_seed() {
  std::random_device device;
  return {(std::uint64_t{device()} << 32) | device()};
}

}  // namespace

Runner::Runner(Host& host, RunnerOptions options)
    : host_(host),
      config_(std::move(options.config)),
      router_id_(options.router_id),
      links_({host.loop(), host.jobs(), host.links(), host.teller(), host.names()},
             {[this](const ospf::Input& input) { feed(input); }, [this] { finish_turn(); },
              [this](const std::vector<ospf::LinkId>& links) { pipeline_.rib_links_changed(links); },
              [this](std::set<std::uint32_t> ifindexes) {
                pipeline_.set_ospf_interfaces(ifindexes);
                redistribution_.set_ospf_interfaces(std::move(ifindexes));
                redistribute();
              },
              [this](const std::string& device) { host_.devices().read_soon(device); },
              [this] { return pipeline_.own_allowed_ips(); },
              [this](ospf::InstanceConfig& config) {
                keys_.set_written(links_.config());
                keys_.complete(config);
                config.opaque_types = {ospf::kOpaqueType, ospf::kRouterInformationType};
              },
              [this](const wg::Key& key) { return clients_.is_here(key); }}),
      tunnels_({[this] { return links_.tunnel_links(); }, [this] { return instance_->routes(); }},
               host.teller(), host.jobs()),
      mtus_(host),
      link_locals_(host),
      firewall_(host),
      endpoints_(host),
      liveness_(host, liveness_sources()),
      bfd_(host, [this](auto link,
                        auto router) { neighbor_lost(link, router, {ospf::DownReason::Kind::bfd_down}); }),
      keys_({[this](ospf::AreaId area, const ospf::LsaKey& key) {
               return instance_->find_lsa(area, key, now());
             },
             [this] { return now(); }},
            host.teller(), host.jobs()),
      pipeline_(host,
                {[this](ospf::LinkId link) { return links_.rib_link(link); },
                 [this](const Ipv4Prefix& prefix) { return instance_->origins(prefix); },
                 [this] { return instance_->routes(); }},
                [this] { finish_turn(); }),
      reports_(host, [this](ospf::SetId set) { return pipeline_.feeds().next_hops(set); }),
      clients_(host, router_id_, client_callbacks()),
      hostnames_(host.teller(), router_id_, [this](const ospf::OpaqueChanged& change) { feed(change); }),
      core_timer_(host.loop()),
      claim_timer_(host.loop()),
      poll_timer_(host.loop()),
      check_timer_(host.loop()),
      stop_timer_(host.loop()) {}

Runner::~Runner() {
  *alive_ = false;
}

void Runner::start() {
  pipeline_.set_place(config_.rib, config_.underlay);
  pipeline_.set_announced([this](const Ipv4Prefix& prefix) { return redistribution_.announces(prefix); });
  pipeline_.set_state_directory(config_.state_directory);
  mtus_.start(config_.state_directory);
  keys_.start(config_.state_directory, router_id_);
  clients_.set_place(config_.rib);
  links_.configure(config_, router_id_);
  instance_ = std::make_unique<ospf::Instance<V2>>(links_.core_config(), random_seed(), now());
  protocol_.emplace(*instance_, [this] { return now(); });
  redistribution_.set_rules(config_.redistribute);
  hostnames_.configure(config_, host_name());
  drain();
  links_.refresh();
  pipeline_.set_links(links_.allowed_ips_links());
  pipeline_.set_connected(host_.connected());
  pipeline_.set_networks(connected_networks(host_.links().inventory()));
  pipeline_.start();
  pace_.changed(Clock::now());
  // What a former run left is replaced after this time even if not all neighbours have come back.
  after(claim_timer_, seconds{links_.longest_dead_interval()} + seconds{1}, [this] { claim_at_last(); });
  poll();
  finish_turn();
}

void Runner::after(asio::steady_timer& timer, std::chrono::steady_clock::duration time,
                   std::function<void()> work) {
  timer.expires_after(time);
  timer.async_wait([alive = alive_, work = std::move(work)](const boost::system::error_code& error) {
    if (!error && *alive) work();
  });
}

// From the host
// -----------------------------------------------------------------------------------------------

void Runner::on_turn_end() {
  redistribute();
  finish_turn();
}

void Runner::on_links_changed(const LinkEvents& events) {
  if (phase_ != Phase::running) return;
  links_.on_link_events(events);
  pipeline_.set_connected(host_.connected());
  if (pipeline_.set_networks(connected_networks(host_.links().inventory()))) clients_.beliefs_changed();
  pipeline_.links_changed(events);
  clients_.links_changed();
  pipeline_.set_links(links_.allowed_ips_links());
  link_locals_.follow(links_.link_local_devices());
  check_soon();
}

void Runner::on_rib_report(const rib::Report& report, TableOf table) {
  if (const auto* acknowledged = std::get_if<rib::Acknowledged>(&report)) {
    if (const auto generation = pipeline_.take(*acknowledged, table))
      host_.teller().publish({KernelReached{*generation}});
  } else if (const auto* stands = std::get_if<rib::RouteStands>(&report)) {
    pipeline_.take(*stands, table);
  } else if (const auto* failed = std::get_if<rib::Failed>(&report)) {
    pipeline_.take(*failed, table);
    reports_.tell(*failed);
  } else if (const auto* recovered = std::get_if<rib::Recovered>(&report)) {
    pipeline_.take(*recovered, table);
    reports_.tell(*recovered);
  } else if (const auto* drift = std::get_if<rib::Drift>(&report)) {
    reports_.tell(*drift);
  } else if (const auto* overrun = std::get_if<rib::Overrun>(&report)) {
    reports_.tell(*overrun);
  } else if (const auto* leftovers = std::get_if<rib::LeftoversRemoved>(&report)) {
    reports_.tell(*leftovers);
  } else if (const auto* rules = std::get_if<rib::RulesStand>(&report)) {
    pipeline_.take(*rules);
  } else if (const auto* reachable = std::get_if<rib::TableReachable>(&report)) {
    // The table apart has its rules when it has routes.
    if (table == TableOf::common) reports_.tell(*reachable, config_.rib.table);
  } else if (const auto* added = std::get_if<rib::ForeignRouteAdded>(&report)) {
    redistribution_.added(added->route);
  } else if (const auto* removed = std::get_if<rib::ForeignRouteRemoved>(&report)) {
    redistribution_.removed(removed->route);
  } else if (const auto* stopped = std::get_if<rib::Stopped>(&report)) {
    on_table_stopped(on_stop_ == rib::OnStop::keep_routes || stopped->routes_left == 0);
  }
}

void Runner::on_device_reports(const wg::DeviceReports& reports) {
  for (const auto& report : reports) {
    if (const auto* read = std::get_if<wg::DeviceRead>(&report)) pipeline_.take(*read);
    if (const auto* renewed = std::get_if<wg::Renewed>(&report)) pipeline_.take(*renewed);
    if (const auto* applied = std::get_if<wg::Applied>(&report)) pipeline_.take(*applied);
  }
  if (phase_ != Phase::running) return;
  bool is_reshaped = false;  // else it is traffic alone
  for (const auto& report : reports) {
    if (const auto* read = std::get_if<wg::DeviceRead>(&report)) {
      const bool is_other = links_.take(*read) || read->is_reshaped;
      if (is_other) clients_.follow();
      clients_.take(*read);
      liveness_.take(*read);
      endpoints_.take(*read);
      const bool is_other_error = tunnels_.take(*read);
      is_reshaped = is_reshaped || is_other || is_other_error;
    } else if (const auto* renewed = std::get_if<wg::Renewed>(&report)) {
      if (renewed->aim)
        endpoints_.take(*renewed);
      else
        liveness_.take(*renewed);
    } else if (const auto* changed = std::get_if<wg::PeersChanged>(&report)) {
      tunnels_.take(*changed);
      is_reshaped = is_reshaped || has_first_session(*changed);
    } else if (const auto* underlay = std::get_if<wg::UnderlayRead>(&report)) {
      pipeline_.take(*underlay);
      tunnels_.take(underlay->underlay);
      is_reshaped = true;
    }
  }
  if (!is_reshaped) return;
  // Before routes lead over a link that is new.
  pipeline_.set_links(links_.allowed_ips_links());
  check_soon();
}

void Runner::check_soon() {
  pace_.changed(Clock::now());
  if (std::exchange(check_due_, true)) return;
  after(check_timer_, kCheckSoon, [this] {
    check_due_ = false;
    devices_to_check_.clear();
    if (phase_ == Phase::running) check();
  });
}

void Runner::check() {
  pace_.checked(Clock::now());
  const auto interfaces = instance_->interfaces();
  auto neighbors = instance_->neighbors();
  auto links = links_.tunnel_links();
  links_.check_neighbors(interfaces, neighbors);
  keys_.look({tunnels_.views(links), interfaces, neighbors});
  // A userspace device is known by its socket, which may come late.
  const bool has_other_networks = pipeline_.set_networks(connected_networks(host_.links().inventory()));
  const bool has_other_rules = pipeline_.set_rules(keys_.rules());
  if (has_other_networks || has_other_rules) clients_.beliefs_changed();
  bool is_other = links_.follow_patterns() || links_.refresh_core_config();
  clients_.follow();
  pipeline_.set_links(links_.allowed_ips_links());
  finish_turn();
  follow_bfd();
  if (is_other) neighbors = instance_->neighbors();
  is_other = links_.note_neighbors(neighbors) || is_other;
  link_locals_.follow(links_.link_local_devices());
  liveness_.refresh();
  endpoints_.follow(links_.endpoint_peers());
  if (is_other) links = links_.tunnel_links();
  mtus_.follow(tunnel_paths(links, neighbors, host_.links().inventory(), *tunnels_.underlay()));
  firewall_.follow(links, neighbors, tunnels_.underlay());
  tunnels_.check(std::move(links));
}

void Runner::redistribute() {
  if (phase_ != Phase::running || redistributing_) return;
  const auto changes = redistribution_.take_changes(kExternalsPerTurn);
  if (!changes) return;
  if (!changes->set.empty() || !changes->removed.empty()) {
    pipeline_.announcements_changed();
    feed(*changes);
  }
  redistributing_ = true;
  asio::post(host_.loop(), [this, alive = alive_] {
    if (!*alive) return;
    redistributing_ = false;
    redistribute();
    finish_turn();
  });
}

void Runner::poll() {
  if (phase_ != Phase::running) return;
  links_.check_kernel_settings();
  links_.check_hearing();
  reports_.tell_rest();
  check_martians();
  pipeline_.poll();
  if (pace_.is_due(instance_->statistics().drops.total(), Clock::now())) check();
  tunnels_.check_routes();
  firewall_.poll();
  after(poll_timer_, kPollInterval, [this] { poll(); });
}

void Runner::check_martians() {
  constexpr std::size_t kNamed = 3;
  const auto& martians = instance_->martians();
  std::vector<std::string> names;
  for (const auto& prefix : martians) {
    if (names.size() == kNamed) break;
    names.push_back(prefix.to_string());
  }
  const std::size_t others = martians.size() - names.size();
  host_.teller().set_warning(
      "martians",
      names.empty() ? std::string()
                    : fmt::format("prefixes that no router forwards to are learned and not installed: {}{}; "
                                  "\"wgospfctl show path {}\" names the router that announces it",
                                  fmt::join(names, ", "),
                                  others == 0 ? "" : fmt::format(" and {} more", others), names.front()));
}

}  // namespace wgospf::daemon
