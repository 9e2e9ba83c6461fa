#include "daemon/routes/route_pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
#include <utility>

namespace wgospf::daemon {

using Clock = std::chrono::steady_clock;

namespace {
/// The kernel is asked again for ways to endpoints so soon after something that may have changed them.
constexpr std::chrono::milliseconds kAskSoon{100};
/// Routes wait so long at the start for the first reading of the devices.
constexpr std::chrono::seconds kFirstReading{3};
/// Routes that are held against the policies at a time, when these have changed, and every few seconds.
constexpr std::size_t kSweptAtOnce = 500, kSweptInTurn = 1000;
}  // namespace

RoutePipeline::RoutePipeline(Host& host, Sources sources, std::function<void()> turn_end)
    : host_(host),
      sources_(std::move(sources)),
      turn_end_(std::move(turn_end)),
      announces_(sources_.origins, desired_),
      guard_(
          [link = sources_.link](ospf::LinkId id) {
            const auto found = link(id);
            return found ? found->facts.ifindex : 0;
          },
          desired_),
      allowed_ips_writer_(host, allowed_ips_, turn_end_),
      cure_writer_(host),
      feeds_(host, sources_.link, desired_),
      ask_timer_(host.loop()) {}

RoutePipeline::~RoutePipeline() {
  *alive_ = false;
}

void RoutePipeline::set_place(const RibSettings& place, UnderlayMode mode) {
  place_ = place;
  cure_writer_.set_lock_directory(place.lock_directory);
  guard_.set_place(own_routes());
  guard_.set_standing_apart(mode == UnderlayMode::automatic && host_.rib_apart() != nullptr);
}

wg::OwnRoutes RoutePipeline::own_routes() const {
  return {place_.table, place_.metric, rib::kProtocol, host_.rib_apart() != nullptr ? rib::kApartTable : 0};
}

void RoutePipeline::start() {
  start_ = Clock::now();
}

std::chrono::steady_clock::duration RoutePipeline::since_start() const {
  return Clock::now() - start_;
}

void RoutePipeline::take(const ospf::RouteChange<V2>& change) {
  to_kernel(announces_.pass(change));
}

void RoutePipeline::to_kernel(const ospf::RouteChange<V2>& change) {
  desired_.apply(change);
  pass_on(guard_.pass(change));
}

void RoutePipeline::pass_on(const ospf::RouteChange<V2>& change, bool is_apart) {
  allowed_ips_.apply(change);
  feeds_.apply(change, is_apart);
}

bool RoutePipeline::may_submit() const {
  return devices_known_ || since_start() > kFirstReading;
}

bool RoutePipeline::is_way_asked_for() const {
  const auto& held = guard_.held();
  return std::any_of(held.begin(), held.end(),
                     [](const auto& entry) { return !entry.second.is_asked || entry.second.awaits_cure; });
}

void RoutePipeline::submit() {
  if (announces_.is_due())
    for (const auto& change : announces_.settle()) to_kernel(change);
  if (announces_.is_urgent()) sweep(kSweptAtOnce);
  if (announces_.take_changed()) tell_withheld();
  if (guard_.is_due()) {
    is_cure_due_ = true;
    const auto cure = cure_writer_.cure().state(guard_.underlay());
    for (const auto& decided : guard_.decide(Clock::now(), cure)) pass_on(decided.change, decided.is_apart);
    host_.teller().set_warning("held_back", describe_held(guard_.held()));
  }
  if (!may_submit()) return;
  if (std::exchange(is_cure_due_, false)) write_cure();
  const auto is_held = [this](const Ipv4Prefix& prefix) {
    return guard_.find(prefix) != nullptr || std::binary_search(connected_.begin(), connected_.end(), prefix);
  };
  allowed_ips_.decide(is_held);
  allowed_ips_writer_.write();
  for (const auto set : allowed_ips_.take_closed()) feeds_.submit_set(set);
  submit_batch();
  // What is taken back now is taken back when the kernel has done what the gates kept from it, too.
  for (const auto gate : allowed_ips_.take_open()) feeds_.open(gate);
  if (allowed_ips_.wants_ticket()) submit_batch();
  if (guard_.wants_answer()) ask_ways();
}

void RoutePipeline::submit_batch() {
  RibFeed::Gates gates;
  if (allowed_ips_.is_any_closed())
    gates = {[this](ospf::SetId set) { return allowed_ips_.gate_of(set); },
             [this](const Ipv4Prefix& prefix) { return allowed_ips_.gate_of(prefix); }};
  const auto is_apart = [this](const Ipv4Prefix& prefix) { return guard_.apart().contains(prefix); };
  const KernelFeeds::Filters filters{
      [&](const Ipv4Prefix& prefix) { return guard_.find(prefix) != nullptr || is_apart(prefix); },
      [&](const Ipv4Prefix& prefix) { return !is_apart(prefix); }, gates};
  if (const auto ticket = feeds_.submit(filters, allowed_ips_.wants_ticket()))
    allowed_ips_.submitted(*ticket);
}

void RoutePipeline::write_cure() {
  auto& cure = cure_writer_.cure();
  const auto rule = guard_.stands_apart() ? rule_in_the_way(guard_.underlay().rules) : std::nullopt;
  host_.teller().set_warning(
      "underlay_rule",
      rule && !guard_.held().empty()
          ? fmt::format(
                "\"underlay: auto\" puts nothing apart, for the policy rule of priority {} (lookup {}) of "
                "another program would not be asked any more; give it a priority below 5190 if that is right",
                rule->priority, rule->table)
          : std::string());
  if (rule)
    cure.need_nothing();
  else
    cure.need(guard_.lengths_apart(), guard_.in_need(), Clock::now());
  cure_writer_.write(guard_.underlay_ptr());
}

void RoutePipeline::take(const rib::RulesStand& report) {
  cure_writer_.take(report);
  is_cure_due_ = true;
  if (cure_writer_.cure().is_needed()) ask_ways();
}

std::optional<std::uint64_t> RoutePipeline::take(const rib::Acknowledged& report, TableOf table) {
  if (!guard_.held().empty()) ask_ways_soon();
  const auto reached = feeds_.acknowledged(report.ticket, table);
  allowed_ips_.acknowledged(reached.ticket);
  return reached.generation;
}

void RoutePipeline::claim() {
  feeds_.claim();
  cure_writer_.cure().claim();
  is_cure_due_ = true;
  allowed_ips_.claim();
}

void RoutePipeline::give_back(std::function<void()> done) {
  allowed_ips_.give_back();
  // The cure goes first: what it is for has gone.
  cure_writer_.give_back([this, done = std::move(done)] { allowed_ips_writer_.when_done(done); });
  cure_writer_.write(guard_.underlay_ptr());
}

void RoutePipeline::poll() {
  if (announces_.needs_sweeps()) {
    if (!announces_.is_sweeping() && std::exchange(are_words_due_, false))
      announces_.begin_sweep(sources_.table());
    if (announces_.is_sweeping()) sweep(kSweptInTurn);
  }
  watch_devices();
  guard_.time_passed();
  is_cure_due_ = true;
}

void RoutePipeline::links_changed(const LinkEvents& events) {
  guard_.links_changed();
  is_cure_due_ = true;
  // The endpoints of a tunnel that has just come are to be known before routes lead into it.
  const bool has_tunnel = std::any_of(events.begin(), events.end(), [](const LinkEvent& event) {
    return wg::looks_like_wireguard(event.link.name, event.link.kind);
  });
  if (has_tunnel || guard_.needs_ways() || !devices_known_) ask_ways_soon();
}

void RoutePipeline::set_connected(const std::vector<IpPrefix>& prefixes) {
  std::vector<Ipv4Prefix> now, changed;
  for (const auto& prefix : prefixes)
    if (const auto* ipv4 = std::get_if<Ipv4Prefix>(&prefix)) now.push_back(*ipv4);
  std::sort(now.begin(), now.end());
  std::set_symmetric_difference(now.begin(), now.end(), connected_.begin(), connected_.end(),
                                std::back_inserter(changed));
  connected_ = std::move(now);
  for (const Ipv4Prefix& prefix : changed) allowed_ips_.look_again(prefix);
}

// What routers may announce
// ------------------------------------------------------------------------------------

bool RoutePipeline::set_rules(AnnounceRules rules) {
  if (rules == announces_.rules()) return false;
  announces_.set_rules(std::move(rules), sources_.table());
  sweep_soon();
  return true;
}

bool RoutePipeline::set_networks(ConnectedNetworks networks) {
  if (networks == announces_.networks()) return false;
  announces_.set_networks(std::move(networks), sources_.table());
  sweep_soon();
  return true;
}

void RoutePipeline::sweep(std::size_t limit) {
  for (const auto& change : announces_.sweep(limit)) to_kernel(change);
  if (announces_.is_urgent()) sweep_soon();
}

void RoutePipeline::sweep_soon() {
  if (std::exchange(is_sweeping_soon_, true)) return;
  boost::asio::post(host_.loop(), [this, alive = alive_] {
    if (!*alive) return;
    is_sweeping_soon_ = false;
    turn_end_();
  });
}

void RoutePipeline::tell_withheld() {
  std::set<std::string> told;
  for (const auto& [subject, text] : announces_.describe()) {
    host_.teller().set_warning("withheld/" + subject, text);
    told.insert(subject);
  }
  for (const auto& subject : told_withheld_)
    if (!told.contains(subject)) host_.teller().set_warning("withheld/" + subject, {});
  told_withheld_ = std::move(told);
}

// The ways to endpoints
// ----------------------------------------------------------------------------------------

// All devices, also those without OSPF: their packets, too, may come to lead into a tunnel of ours.
void RoutePipeline::watch_devices() {
  std::vector<std::string> names;
  for (const auto& [ifindex, link] : host_.links().inventory())
    if (wg::looks_like_wireguard(link.name, link.kind)) names.push_back(link.name);
  host_.devices().watch(std::move(names));
  host_.devices().set_ways(guard_.needs_ways() ? std::optional(own_routes()) : std::nullopt);
}

void RoutePipeline::ask_ways() {
  guard_.asked();
  watch_devices();
  host_.devices().ask_soon();
}

void RoutePipeline::ask_ways_soon() {
  if (is_asking_soon_) return;
  is_asking_soon_ = true;
  ask_timer_.expires_after(kAskSoon);
  ask_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive) return;
    is_asking_soon_ = false;
    ask_ways();
  });
}

void RoutePipeline::take(const wg::UnderlayRead& read) {
  devices_known_ = devices_known_ || read.is_complete;
  host_.teller().set_warning("underlay", read.ways_error);
  guard_.set_underlay(read.underlay, read.ways_error.empty() ? WaysAnswer::given : WaysAnswer::failed);
}

// What is shown
// ---------------------------------------------------------------------------------------------------

UnderlayView RoutePipeline::underlay_view() const {
  const UnderlayCure& cure = cure_writer_.cure();
  UnderlayView view{.is_auto = guard_.stands_apart(),
                    .own = own_routes(),
                    .underlay = guard_.underlay_ptr(),
                    .apart = {guard_.apart().begin(), guard_.apart().end()},
                    .are_rules_there = cure.are_rules_there(),
                    .problem = cure.problem()};
  for (const auto& [ifindex, link] : host_.links().inventory()) view.names.emplace(ifindex, link.name);
  for (const auto& [prefix, held] : guard_.held())
    view.held.push_back({prefix, {held.device, held.endpoint}, reason_of(held)});
  for (const auto& rule : cure.rules()) view.rules.push_back(rib::to_string(rule));
  return view;
}

}  // namespace wgospf::daemon
