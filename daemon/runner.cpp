#include "daemon/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <random>
#include <utility>

#include "daemon/routes/route_words.h"

namespace wgospf::daemon {

namespace asio = boost::asio;
using std::chrono::seconds;

namespace {

constexpr std::size_t kExternalsPerTurn = 500;  // examined, most of them without effect
/// A deadline met so late means that this process stood still; the sockets are read before timers fire.
constexpr std::chrono::milliseconds kStall{50};
/// In so many turns at most: more than a full receive buffer takes.
constexpr unsigned kCatchUpTurns = 512;
/// Links are held against their devices so soon after either has changed: once for all that change together.
constexpr std::chrono::milliseconds kCheckSoon{50};
/// What there are no events of is looked at this often.
constexpr seconds kPollInterval{2};
/// The core ends its shutdown by itself after one second; this is for the case that it does not.
constexpr seconds kFlushGuard{3};
constexpr seconds kRibStopGuard{10};
/// Allowed-ips that a device does not take back by then are the next run's to take back.
constexpr seconds kGiveBackGuard{2};

ospf::Seed random_seed() {
  std::random_device device;
  return {(std::uint64_t{device()} << 32) | device()};
}

}  // namespace

Runner::Runner(Host& host, RunnerOptions options)
    : host_(host),
      config_(std::move(options.config)),
      router_id_(options.router_id),
      on_stop_(options.on_stop),
      links_({host.loop(), host.jobs(), host.links(), host.teller(), host.names()},
             {[this](const ospf::Input& input) { feed(input); }, [this] { finish_turn(); },
              [this](ospf::LinkId link) { pipeline_.link_changed(link); },
              [this](std::set<std::uint32_t> ifindexes) {
                redistribution_.set_ospf_interfaces(std::move(ifindexes));
                redistribute();
              }}),
      tunnels_({[this] { return links_.tunnel_links(); }, [this] { return instance_->routes(); }},
               host.teller(), host.jobs()),
      pipeline_(
          host, [this](ospf::LinkId link) { return links_.rib_link(link); }, [this] { finish_turn(); }),
      reports_(host, [this](ospf::SetId set) { return pipeline_.feed().next_hops(set); }),
      core_timer_(host.loop()),
      claim_timer_(host.loop()),
      poll_timer_(host.loop()),
      tunnels_timer_(host.loop()),
      stop_timer_(host.loop()) {}

Runner::~Runner() {
  *alive_ = false;
}

void Runner::start() {
  pipeline_.set_place(config_.rib);
  pipeline_.set_state_directory(config_.state_directory);
  links_.configure(config_, router_id_);
  instance_ = std::make_unique<ospf::Instance<V2>>(links_.core_config(), random_seed(), now());
  protocol_.emplace(*instance_, [this] { return now(); });
  redistribution_.set_rules(config_.redistribute);
  drain();
  links_.refresh();
  pipeline_.set_links(links_.allowed_ips_links());
  pipeline_.start();
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

// The core
// ---------------------------------------------------------------------------------------------------

ospf::Instant Runner::now() const {
  return ospf::Instant{std::chrono::steady_clock::now().time_since_epoch()};
}

void Runner::feed(const ospf::Input& input) {
  if (phase_ >= Phase::stopping) return;
  instance_->handle(now(), input);
  drain();
}

void Runner::drain() {
  while (auto output = instance_->poll()) {
    std::visit([this](auto& item) { on_output(item); }, *output);
  }
}

void Runner::on_output(ospf::Transmit& packet) {
  links_.send(packet);
}

void Runner::on_output(ospf::RouteChange<V2>& change) {
  host_.teller().set_generation(change.generation);
  if (phase_ == Phase::running) pipeline_.take(change);
  if (host_.teller().anybody()) host_.teller().publish({std::move(change)});
}

void Runner::on_output(ospf::Event& event) {
  if (const auto* neighbor = std::get_if<ospf::NeighborStateChanged>(&event)) {
    claim_due_ = true;
    // What is then said of the device is to be said of it as it is.
    if (links_to_check_.insert(neighbor->link).second)
      host_.devices().read_soon(host_.links().system_name(host_.names().name_of(neighbor->link)));
    check_tunnels_soon();
  }
  if (std::holds_alternative<ospf::RoutesCalculated>(event)) claim_due_ = true;
  if (std::holds_alternative<ospf::ShutdownComplete>(event)) flushed_ = true;
  if (const auto* limit = std::get_if<ospf::DatabaseLimit>(&event)) tell_database_limit(limit->is_full);
  host_.teller().publish({std::move(event)});
}

void Runner::tell_database_limit(bool is_full) {
  const auto& config = instance_->config();
  host_.teller().set_warning(
      "database_full", is_full ? fmt::format("the database is full: no more LSAs are taken from neighbors, "
                                             "and routes are missing; raise max-lsa ({}) or max-lsa-bytes "
                                             "({}) of database-control if this router has the memory",
                                             config.max_lsa, config.max_lsa_bytes)
                               : std::string());
}

void Runner::finish_turn() {
  if (phase_ == Phase::running) {
    pipeline_.submit();
    if (std::exchange(claim_due_, false)) check_claim();
  }
  if (phase_ == Phase::flushing && flushed_) stop_rib();
  if (phase_ == Phase::stopped) pipeline_.write_back();
  arm_timer();
}

void Runner::arm_timer() {
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
    if (!error && *alive && phase_ < Phase::stopping) on_timer();
  });
}

void Runner::on_timer() {
  const bool is_late = armed_ && now() - *armed_ > kStall;
  armed_.reset();
  catching_up_ = is_late;
  if (is_late) return catch_up(kCatchUpTurns);
  instance_->handle_timeout(now());
  drain();
  finish_turn();
}

// What the sockets held when a stall ended is handed to the core before its timers fire, hellos going out in
// between (the contract of Instance).
void Runner::catch_up(unsigned turns_left) {
  if (phase_ >= Phase::stopping) return;
  instance_->send_due_hellos(now());
  drain();
  if (links_.read_now() && turns_left > 0) {
    finish_turn();
    return asio::post(host_.loop(), [this, alive = alive_, turns_left] {
      if (*alive) catch_up(turns_left - 1);
    });
  }
  catching_up_ = false;
  instance_->handle_timeout(now());
  drain();
  finish_turn();
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
  pipeline_.links_changed(events);
  pipeline_.set_links(links_.allowed_ips_links());
}

void Runner::on_rib_report(const rib::Report& report) {
  if (const auto* acknowledged = std::get_if<rib::Acknowledged>(&report)) {
    if (const auto generation = pipeline_.take(*acknowledged))
      host_.teller().publish({KernelReached{*generation}});
  } else if (const auto* stands = std::get_if<rib::RouteStands>(&report)) {
    pipeline_.take(*stands);
  } else if (const auto* failed = std::get_if<rib::Failed>(&report)) {
    pipeline_.take(*failed);
    reports_.tell(*failed);
  } else if (const auto* recovered = std::get_if<rib::Recovered>(&report)) {
    pipeline_.take(*recovered);
    reports_.tell(*recovered);
  } else if (const auto* drift = std::get_if<rib::Drift>(&report)) {
    reports_.tell(*drift);
  } else if (const auto* overrun = std::get_if<rib::Overrun>(&report)) {
    reports_.tell(*overrun);
  } else if (const auto* leftovers = std::get_if<rib::LeftoversRemoved>(&report)) {
    reports_.tell(*leftovers);
  } else if (const auto* table = std::get_if<rib::TableReachable>(&report)) {
    reports_.tell(*table, config_.rib.table);
  } else if (const auto* added = std::get_if<rib::ForeignRouteAdded>(&report)) {
    redistribution_.added(added->route);
  } else if (const auto* removed = std::get_if<rib::ForeignRouteRemoved>(&report)) {
    redistribution_.removed(removed->route);
  } else if (const auto* stopped = std::get_if<rib::Stopped>(&report)) {
    on_rib_stopped(on_stop_ == rib::OnStop::keep_routes || stopped->routes_left == 0);
  }
}

void Runner::on_device_reports(const wg::DeviceReports& reports) {
  for (const auto& report : reports) {
    if (const auto* read = std::get_if<wg::DeviceRead>(&report)) pipeline_.take(*read);
    if (const auto* applied = std::get_if<wg::Applied>(&report)) pipeline_.take(*applied);
  }
  if (phase_ != Phase::running) return;
  bool is_reshaped = false;  // else it is traffic alone
  for (const auto& report : reports) {
    if (const auto* read = std::get_if<wg::DeviceRead>(&report)) {
      tunnels_.take(*read);
      is_reshaped = is_reshaped || read->is_reshaped || !read->error.empty();
    } else if (const auto* changed = std::get_if<wg::PeersChanged>(&report)) {
      tunnels_.take(*changed);
    } else if (const auto* underlay = std::get_if<wg::UnderlayRead>(&report)) {
      pipeline_.take(*underlay);
      tunnels_.take(underlay->underlay);
      is_reshaped = true;
    }
  }
  if (is_reshaped) check_tunnels_soon();
}

void Runner::check_tunnels_soon() {
  if (std::exchange(tunnels_due_, true)) return;
  after(tunnels_timer_, kCheckSoon, [this] {
    tunnels_due_ = false;
    links_to_check_.clear();
    if (phase_ == Phase::running) check_tunnels();
  });
}

void Runner::check_tunnels() {
  // A userspace device is known by its socket, which may come late.
  if (!links_.follow_patterns()) links_.refresh_core_config();
  pipeline_.set_links(links_.allowed_ips_links());
  finish_turn();
  links_.note_neighbors(instance_->neighbors());
  tunnels_.check();
}

void Runner::redistribute() {
  if (phase_ != Phase::running || redistributing_) return;
  const auto changes = redistribution_.take_changes(kExternalsPerTurn);
  if (!changes) return;
  if (!changes->set.empty() || !changes->removed.empty()) feed(*changes);
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
  links_.check_neighbors(instance_->interfaces(), instance_->neighbors());
  links_.check_hearing();
  reports_.tell_rest();
  check_martians();
  pipeline_.poll();
  check_tunnels();
  tunnels_.check_routes();
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

// What a former run left
// --------------------------------------------------------------------------------------

/// Whatever is missing. What is calculated is submitted first, or the claim would remove it.
void Runner::claim_at_last() {
  if (claimed_ || phase_ != Phase::running) return;
  finish_turn();
  if (claimed_) return;
  if (!pipeline_.may_submit()) return after(claim_timer_, seconds{1}, [this] { claim_at_last(); });
  claimed_ = true;
  pipeline_.claim();
}

ClaimFacts Runner::claim_facts() const {
  ClaimFacts facts;
  facts.converged = instance_->converged(now());
  facts.devices_known = pipeline_.may_submit();
  facts.is_link_coming = links_.is_any_coming();
  facts.is_way_asked_for = pipeline_.is_way_asked_for();
  facts.all_full = true;
  for (const auto& info : instance_->interfaces()) {
    if (info.config.passive || info.status.loopback || !info.status.up) continue;
    facts.all_full = facts.all_full && info.full_count > 0;
    facts.any_full = facts.any_full || info.full_count > 0;
    facts.hello_interval_max = std::max<std::uint32_t>(facts.hello_interval_max, info.config.hello_interval);
  }
  facts.since_links_told = pipeline_.since_start();
  return facts;
}

void Runner::check_claim() {
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
  pipeline_.claim();
}

// What is shown
// ---------------------------------------------------------------------------------------------

KernelView Runner::kernel() const {
  const RibFeed& feed = pipeline_.feed();
  KernelView view{config_.rib.table,
                  config_.rib.metric,
                  feed.acknowledged_generation(),
                  reports_.drifts(),
                  reports_.named(feed.failures(kFailuresTold)),
                  feed.failure_count(),
                  feed.is_acknowledged(),
                  host_.rib().counters()};
  const auto& counters = view.counters;
  view.is_settled =
      view.is_settled && counters.missing == 0 && counters.pending == 0 && counters.failing == 0;
  return view;
}

RouteKernelState Runner::kernel_state(const ospf::Route<V2>& route) const {
  if (const auto* held = pipeline_.held(route.prefix))
    return {RouteKernelState::Kind::held_back, reason_of(*held)};
  RibFeed::State found = pipeline_.feed().state(route);
  if (!found.stands) {
    if (!found.state.error.empty()) found.state.error = reports_.named(found.state.error);
    return std::move(found.state);
  }
  if (pipeline_.waits_for_allowed_ips(route.set))
    return {RouteKernelState::Kind::missing, "the allowed-ips of its peers are being written"};
  found.state.error = standing_text(*found.stands, host_.links().inventory(),
                                    [this](const std::string& name) { return links_.is_ours(name); });
  return std::move(found.state);
}

// Reload and end
// ---------------------------------------------------------------------------------------------

void Runner::reconfigure(Config config) {
  if (phase_ != Phase::running) return;
  config_ = std::move(config);
  links_.reconfigure(config_);
  pipeline_.set_links(links_.allowed_ips_links());
  redistribution_.set_rules(config_.redistribute);
  host_.kernel().watch(Redistribution::watch_for(config_.redistribute));
  redistribute();
  poll();
  finish_turn();
}

void Runner::shutdown(std::function<void(bool)> done) {
  if (phase_ != Phase::running) return;
  phase_ = Phase::flushing;
  links_.freeze();
  done_ = std::move(done);
  after(stop_timer_, kFlushGuard, [this] {
    if (phase_ == Phase::flushing) stop_rib();
  });
  feed(ospf::Shutdown{});
  finish_turn();
}

void Runner::stop_rib() {
  phase_ = Phase::stopping;
  core_timer_.cancel();
  host_.stop();
  links_.close();
  after(stop_timer_, kRibStopGuard, [this] { on_rib_stopped(false); });
  host_.rib().flush_and_stop(on_stop_);
}

void Runner::on_rib_stopped(bool in_order) {
  if (phase_ == Phase::stopped) return;
  phase_ = Phase::stopped;
  stop_timer_.cancel();
  reports_.tell_other_refusals();
  const auto end = [this, in_order] {
    stop_timer_.cancel();
    if (done_) std::exchange(done_, nullptr)(in_order);
  };
  if (on_stop_ == rib::OnStop::keep_routes) return end();
  after(stop_timer_, kGiveBackGuard, end);
  pipeline_.give_back(end);
}

}  // namespace wgospf::daemon
