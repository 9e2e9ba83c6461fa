#include "daemon/router.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <random>

#include "daemon/describe.h"
#include "daemon/route_words.h"

namespace wgospf::daemon {

namespace asio = boost::asio;
using std::chrono::seconds;

namespace {

/// How much of a long work is done in one turn; hellos wait meanwhile.
constexpr std::size_t kReportsPerTurn = 1000;
constexpr std::size_t kExternalsPerTurn = 500;  // examined, most of them without effect
/// A deadline met so late means that this process stood still; the sockets are read before timers fire.
constexpr std::chrono::milliseconds kStall{50};
/// In so many turns at most: more than a full receive buffer takes.
constexpr unsigned kCatchUpTurns = 512;
/// Refusals of the kernel that come within this time are told together.
constexpr seconds kRefusalBurst{1};
/// The core ends its shutdown by itself after one second; this is for the case that it does not.
constexpr seconds kFlushGuard{3};
constexpr seconds kRibStopGuard{10};

ospf::Seed random_seed() {
  std::random_device device;
  return {(std::uint64_t{device()} << 32) | device()};
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

Router::Router(asio::io_context& loop, wg::LinkMonitor monitor, RouterOptions options)
    : loop_(loop),
      facts_{WGOSPF_VERSION, host_name(), std::chrono::steady_clock::now()},
      config_(std::move(options.config)),
      router_id_(options.router_id),
      on_stop_(options.on_stop),
      monitor_(std::move(monitor)),
      monitor_descriptor_(loop, monitor_.fd()),
      teller_(loop, [this](ospf::LinkId link) { return link_name(link); }),
      tunnels_({[this] { return tunnel_links(); }, [this] { return instance_->routes(); }}, teller_, jobs_),
      jobs_(loop),
      core_timer_(loop),
      guard_(
          [this](ospf::LinkId link) {
            const auto found = interfaces_.find(link);
            return found == interfaces_.end() || !found->second.rib ? 0 : found->second.rib->facts.ifindex;
          },
          [this] { return instance_->routes(); }),
      feed_(
          [this](ospf::LinkId link) {
            const auto found = interfaces_.find(link);
            return found == interfaces_.end() ? std::nullopt : found->second.rib;
          },
          [this] { return instance_->routes(); }),
      claim_timer_(loop),
      link_timer_(loop),
      poll_timer_(loop),
      stop_timer_(loop),
      refusals_timer_(loop),
      ways_timer_(loop) {}

Router::~Router() {
  *alive_ = false;
  device_thread_.reset();
  rib_.reset();
  monitor_descriptor_.release();  // the monitor closes it
}

std::optional<Error> Router::start() {
  if (auto error = start_rib()) return error;
  start_protocol();
  return std::nullopt;
}

std::optional<Error> Router::start_rib() {
  rib::Config config;
  config.lock_directory = config_.rib.lock_directory;
  config.table = config_.rib.table;
  config.metric = config_.rib.metric;
  config.watch = Redistribution::watch_for(config_.redistribute);
  guard_.set_place(config.table, config.metric);
  // On the rib thread: only the hand-over.
  auto started = rib::RibThread::start(config, [this, &loop = loop_, alive = alive_](rib::Reports reports) {
    asio::post(loop, [this, alive, reports = std::move(reports)]() mutable {
      if (!*alive) return;
      const bool idle = reports_.empty();
      for (auto& report : reports) reports_.push_back(std::move(report));
      if (idle) take_rib_reports();
    });
  });
  if (!started) return started.error();
  rib_ = std::move(started.value());
  connected_ = connected_prefixes(monitor_.snapshot());
  rib_->set_connected(connected_);
  return std::nullopt;
}

void Router::start_protocol() {
  for (const auto& area : config_.areas) {
    for (const auto& settings : area.interfaces)
      interfaces_[names_.id_of(settings.name)].configured = settings;
  }
  refresh_settings();
  core_config_ = wanted_core_config();
  instance_ = std::make_unique<ospf::Instance<V2>>(core_config_, random_seed(), now());
  redistribution_.set_rules(config_.redistribute);
  drain();
  refresh_links();
  std::uint32_t longest_dead = 0;
  for (const auto& [link, interface] : interfaces_) {
    if (!interface.settings.passive) longest_dead = std::max(longest_dead, interface.settings.dead_interval);
  }
  links_told_ = std::chrono::steady_clock::now();
  // What a former run left is replaced after this time even if not all neighbours have come back.
  claim_timer_.expires_after(seconds{longest_dead} + seconds{1});
  claim_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) claim_at_last();
  });
  start_devices();
  wait_for_links();
  poll();
  finish_turn();
}

// The core
// ---------------------------------------------------------------------------------------------------

ospf::Instant Router::now() const {
  return ospf::Instant{std::chrono::steady_clock::now().time_since_epoch()};
}

void Router::feed(const ospf::Input<V2>& input) {
  if (phase_ >= Phase::stopping) return;
  instance_->handle(now(), input);
  drain();
}

void Router::drain() {
  while (auto output = instance_->poll()) {
    std::visit([this](auto& item) { on_output(item); }, *output);
  }
}

void Router::on_output(ospf::Transmit<V2>& packet) {
  const auto found = interfaces_.find(packet.link);
  if (found == interfaces_.end() || !found->second.port) return;
  const Interface& interface = found->second;
  Ipv4Address destination = wg::kAllSpfRouters;
  if (const auto* address = std::get_if<Ipv4Address>(&packet.destination))
    destination = *address;
  else if (std::get<ospf::Group>(packet.destination) == ospf::Group::all_d_routers)
    destination = wg::kAllDRouters;
  const auto source = interface.status.addresses.empty()
                          ? interface.status.unnumbered_source
                          : std::optional(interface.status.addresses.front().address);
  interface.port->send(destination, *packet.bytes, source);
}

void Router::on_output(ospf::RouteChange<V2>& change) {
  teller_.set_generation(change.generation);
  if (phase_ == Phase::running) feed_.apply(guard_.pass(change));
  if (teller_.anybody()) teller_.publish({std::move(change)});
}

void Router::on_output(ospf::Event<V2>& event) {
  if (std::holds_alternative<ospf::NeighborStateChanged>(event)) claim_due_ = coverage_due_ = true;
  if (std::holds_alternative<ospf::RoutesCalculated>(event)) claim_due_ = true;
  if (std::holds_alternative<ospf::ShutdownComplete>(event)) flushed_ = true;
  if (const auto* limit = std::get_if<ospf::DatabaseLimit>(&event)) tell_database_limit(limit->is_full);
  teller_.publish({std::move(event)});
}

void Router::tell_database_limit(bool is_full) {
  const auto& config = instance_->config();
  teller_.set_warning(
      "database_full",
      is_full ? fmt::format("the database is full: no more LSAs are taken from neighbors, and routes are "
                            "missing; raise max-lsa ({}) or max-lsa-bytes ({}) of database-control if "
                            "this router has the memory",
                            config.max_lsa, config.max_lsa_bytes)
              : std::string());
}

void Router::finish_turn() {
  if (phase_ == Phase::running) {
    submit_routes();
    if (std::exchange(claim_due_, false)) check_claim();
    if (std::exchange(coverage_due_, false)) {
      note_neighbors();
      tunnels_.check();
    }
  }
  if (phase_ == Phase::flushing && flushed_) stop_rib();
  arm_timer();
}

void Router::arm_timer() {
  if (catching_up_) return;
  const auto deadline = phase_ < Phase::stopping ? instance_->poll_timeout() : std::nullopt;
  const auto at = deadline ? std::optional(deadline->at) : std::nullopt;
  if (at == armed_) return;
  armed_ = at;
  if (!at) {
    core_timer_.cancel();
    return;
  }
  core_timer_.expires_at(std::chrono::steady_clock::time_point{at->time_since_epoch()});
  core_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive || phase_ >= Phase::stopping) return;
    const bool is_late = armed_ && now() - *armed_ > kStall;
    armed_.reset();
    catching_up_ = is_late;
    if (is_late) return catch_up(kCatchUpTurns);
    instance_->handle_timeout(now());
    drain();
    finish_turn();
  });
}

// What the sockets held when a stall ended is handed to the core before its timers fire, hellos going out in
// between (the contract of Instance).
void Router::catch_up(unsigned turns_left) {
  if (phase_ >= Phase::stopping) return;
  instance_->send_due_hellos(now());
  drain();
  bool is_more = false;
  for (auto& [link, interface] : interfaces_)
    if (interface.port) is_more |= interface.port->read_now();
  if (is_more && turns_left > 0) {
    finish_turn();
    return asio::post(loop_, [this, alive = alive_, turns_left] {
      if (*alive) catch_up(turns_left - 1);
    });
  }
  catching_up_ = false;
  instance_->handle_timeout(now());
  drain();
  finish_turn();
}

// The kernel's routes
// ----------------------------------------------------------------------------------------

void Router::take_rib_reports() {
  for (std::size_t i = 0; i < kReportsPerTurn && !reports_.empty(); ++i) {
    const rib::Report report = std::move(reports_.front());
    reports_.pop_front();
    on_report(report);
  }
  redistribute();
  finish_turn();
  if (reports_.empty()) return;
  asio::post(loop_, [this, alive = alive_] {
    if (*alive) take_rib_reports();
  });
}

void Router::on_report(const rib::Report& report) {
  if (const auto* acknowledged = std::get_if<rib::Acknowledged>(&report)) {
    if (!guard_.held().empty()) ask_ways_soon();
    if (const auto generation = feed_.acknowledged(acknowledged->generation))
      teller_.publish({rib::Acknowledged{*generation}});
  } else if (const auto* stands = std::get_if<rib::RouteStands>(&report)) {
    feed_.stands(*stands);
  } else if (const auto* failed = std::get_if<rib::Failed>(&report)) {
    feed_.failed(*failed);
    tell_refusal(refusals_.failed(*failed));
  } else if (const auto* recovered = std::get_if<rib::Recovered>(&report)) {
    feed_.recovered(*recovered);
    tell_refusal(refusals_.recovered(*recovered));
  } else if (const auto* drift = std::get_if<rib::Drift>(&report)) {
    drifts_ += drift->count;
    if (auto told = kernel_telling_.drift({drift->count, named(drift->what), drift->who},
                                         std::chrono::steady_clock::now()))
      teller_.publish({std::move(*told)});
  } else if (const auto* overrun = std::get_if<rib::Overrun>(&report)) {
    if (auto told = kernel_telling_.overrun(*overrun, std::chrono::steady_clock::now()))
      teller_.publish({std::move(*told)});
  } else if (const auto* leftovers = std::get_if<rib::LeftoversRemoved>(&report)) {
    teller_.notice(Severity::info, "kernel_leftovers", "removed what a former run left: " + leftovers->what);
  } else if (const auto* table = std::get_if<rib::TableReachable>(&report)) {
    teller_.set_warning(
        "table_unused",
        table->reachable
            ? std::string()
            : fmt::format("no routing rule looks up table {0}: its routes have no effect; add one "
                          "with \"ip rule add table {0}\"",
                          config_.rib.table));
  } else if (const auto* added = std::get_if<rib::ForeignRouteAdded>(&report)) {
    redistribution_.added(added->route);
  } else if (const auto* removed = std::get_if<rib::ForeignRouteRemoved>(&report)) {
    redistribution_.removed(removed->route);
  } else if (const auto* stopped = std::get_if<rib::Stopped>(&report)) {
    rib_stopped(on_stop_ == rib::OnStop::keep_routes || stopped->routes_left == 0);
  }
}

std::string Router::named(const std::string& text) const {
  KernelNames names;
  names.interface = [this](std::uint32_t ifindex) {
    const wg::Link* link = monitor_.find(ifindex);
    return link == nullptr ? std::string("an interface that is gone") : link->name;
  };
  names.next_hop_set = [this](std::uint32_t set) {
    std::vector<std::string> members;
    for (const auto& hop : feed_.next_hops(ospf::SetId{set})) {
      members.push_back(hop.gateway ? fmt::format("{} via {}", link_name(hop.link), hop.gateway->to_string())
                                    : link_name(hop.link));
    }
    return members.empty() ? std::string("next hops that are gone") : "next hops " + join_few(members);
  };
  return with_names(text, names);
}

void Router::tell_kernel_rest() {
  const auto now = std::chrono::steady_clock::now();
  for (auto& rest : kernel_telling_.take_rest(now)) teller_.publish({std::move(rest)});
  teller_.set_warning("kernel_rival", kernel_telling_.rival(now));
}

void Router::tell_refusal(std::optional<Notice> refusal) {
  if (refusal) {
    refusal->text = named(refusal->text);
    teller_.publish({std::move(*refusal)});
  }
  if (refusals_burst_) return;
  refusals_burst_ = true;
  refusals_timer_.expires_after(kRefusalBurst);
  refusals_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) tell_other_refusals();
  });
}

void Router::tell_other_refusals() {
  refusals_burst_ = false;
  for (auto& rest : refusals_.take_rest()) teller_.publish({std::move(rest)});
}

void Router::redistribute() {
  if (phase_ != Phase::running || redistributing_) return;
  const auto changes = redistribution_.take_changes(kExternalsPerTurn);
  if (!changes) return;
  if (!changes->set.empty() || !changes->removed.empty()) feed(*changes);
  redistributing_ = true;
  asio::post(loop_, [this, alive = alive_] {
    if (!*alive) return;
    redistributing_ = false;
    redistribute();
    finish_turn();
  });
}

/// Whatever is missing. What is calculated is submitted first, or the claim would remove it.
void Router::claim_at_last() {
  if (claimed_ || phase_ != Phase::running) return;
  finish_turn();
  if (claimed_) return;
  if (may_submit()) {
    claimed_ = true;
    return rib_->claim();
  }
  claim_timer_.expires_after(seconds{1});
  claim_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) claim_at_last();
  });
}

ClaimFacts Router::claim_facts() const {
  ClaimFacts facts;
  facts.converged = instance_->converged(now());
  facts.devices_known = may_submit();
  facts.is_link_coming = std::any_of(interfaces_.begin(), interfaces_.end(), [](const auto& entry) {
    const Interface& interface = entry.second;
    return (interface.port && !interface.port->is_joined()) ||
           (!interface.status.up && interface.status.down_reason == ospf::InterfaceReason::no_socket);
  });
  const auto& held = guard_.held();
  facts.is_way_asked_for =
      std::any_of(held.begin(), held.end(), [](const auto& entry) { return !entry.second.is_asked; });
  facts.all_full = true;
  for (const auto& info : instance_->interfaces()) {
    if (info.config.passive || info.status.loopback || !info.status.up) continue;
    facts.all_full = facts.all_full && info.full_count > 0;
    facts.any_full = facts.any_full || info.full_count > 0;
    facts.hello_interval_max = std::max<std::uint32_t>(facts.hello_interval_max, info.config.hello_interval);
  }
  facts.since_links_told = std::chrono::steady_clock::now() - links_told_;
  return facts;
}

void Router::check_claim() {
  if (claimed_ || !instance_->converged(now())) return;
  switch (claim_waits_for(claim_facts())) {
    case ClaimWaitsFor::nothing:
      break;
    case ClaimWaitsFor::convergence:
    case ClaimWaitsFor::somebody:
      return;
    default:
      claim_due_ = true;
      return;
  }
  claimed_ = true;
  claim_timer_.cancel();
  rib_->claim();
}

// Telling
// ----------------------------------------------------------------------------------------------------

void Router::post(std::function<void()> closure) {
  asio::post(loop_, std::move(closure));
}

RouterView::Subscription Router::subscribe(Listener listener) {
  return teller_.subscribe(std::move(listener));
}

void Router::unsubscribe(Subscription subscription) {
  teller_.unsubscribe(subscription);
}

KernelView Router::kernel() const {
  std::map<std::string, std::string> failures;
  for (const auto& [subject, text] : feed_.failures(kFailuresTold)) failures[named(subject)] = named(text);
  KernelView view{
      config_.rib.table,   config_.rib.metric,    feed_.acknowledged_generation(), drifts_,
      std::move(failures), feed_.failure_count(), feed_.is_acknowledged(),         rib_->counters()};
  const auto& counters = view.counters;
  view.is_settled =
      view.is_settled && counters.missing == 0 && counters.pending == 0 && counters.failing == 0;
  return view;
}

RouteKernelState Router::kernel_state(const ospf::Route<V2>& route) const {
  if (const auto* held = guard_.find(route.prefix))
    return {RouteKernelState::Kind::held_back, reason_of(*held)};
  RibFeed::State found = feed_.state(route);
  if (!found.stands) {
    if (!found.state.error.empty()) found.state.error = named(found.state.error);
    return std::move(found.state);
  }
  found.state.error = standing_text(*found.stands, monitor_.snapshot(), [this](const std::string& name) {
    return std::any_of(interfaces_.begin(), interfaces_.end(), [&](const auto& entry) {
      const wg::Link* link = find_link(monitor_.snapshot(), entry.second.settings.name);
      return link != nullptr && link->name == name;
    });
  });
  return std::move(found.state);
}

// Reload and end
// ---------------------------------------------------------------------------------------------

void Router::reconfigure(Config config) {
  if (phase_ != Phase::running) return;
  config_ = std::move(config);
  std::set<ospf::LinkId> wanted;
  for (const auto& area : config_.areas) {
    for (const auto& settings : area.interfaces) {
      const auto link = names_.id_of(settings.name);
      wanted.insert(link);
      interfaces_[link].configured = settings;
    }
  }
  refresh_settings();
  // Sockets first where a passive interface becomes active, since its hello goes out at once; then the core,
  // while the sockets of what is gone are still there to say goodbye.
  for (auto& [link, interface] : interfaces_) {
    const bool active = wanted.count(link) != 0 && !interface.settings.passive && !interface.status.loopback;
    if (active && interface.status.up) (void)open_port(link, interface, interface.status.ifindex.value);
  }
  refresh_core_config();
  for (auto it = interfaces_.begin(); it != interfaces_.end();) {
    if (wanted.count(it->first) != 0) {
      ++it;
      continue;
    }
    // The core knows a link for good. We do not look at this one any more, so if it is configured again it
    // starts from nothing: what there is then, and a hello when there is a socket to send it.
    feed(ospf::LinkChanged<V2>{it->first, {}});
    for (const char* kind :
         {"interface/", "socket/", "wireguard/", "allowed_ips/", "silent_peer/", "interface_type/",
          "rp_filter/", "same_interface/", "several_routers/", "network_type/"})
      teller_.set_warning(kind + it->second.settings.name, {}, it->first);
    it = interfaces_.erase(it);
  }
  refresh_links();
  coverage_due_ = true;  // of a passive interface nothing is expected
  redistribution_.set_rules(config_.redistribute);
  rib_->watch(Redistribution::watch_for(config_.redistribute));
  redistribute();
  poll();
  finish_turn();
}

void Router::shutdown(std::function<void(bool)> done) {
  if (phase_ != Phase::running) return;
  phase_ = Phase::flushing;
  done_ = std::move(done);
  stop_timer_.expires_after(kFlushGuard);
  stop_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive && phase_ == Phase::flushing) stop_rib();
  });
  feed(ospf::Shutdown{});
  finish_turn();
}

void Router::stop_rib() {
  phase_ = Phase::stopping;
  core_timer_.cancel();
  for (auto& [link, interface] : interfaces_) interface.port.reset();
  stop_timer_.expires_after(kRibStopGuard);
  stop_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) rib_stopped(false);
  });
  rib_->flush_and_stop(on_stop_);
}

void Router::rib_stopped(bool in_order) {
  if (phase_ == Phase::stopped) return;
  phase_ = Phase::stopped;
  stop_timer_.cancel();
  tell_other_refusals();
  if (done_) std::exchange(done_, nullptr)(in_order);
}

}  // namespace wgospf::daemon
