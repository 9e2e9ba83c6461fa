#include "daemon/routes/route_pipeline.h"

#include <algorithm>
#include <utility>

namespace wgospf::daemon {

using Clock = std::chrono::steady_clock;

namespace {
/// The kernel is asked again for ways to endpoints so soon after something that may have changed them.
constexpr std::chrono::milliseconds kAskSoon{100};
/// Routes wait so long at the start for the first reading of the devices.
constexpr std::chrono::seconds kFirstReading{3};
}  // namespace

RoutePipeline::RoutePipeline(Host& host, const RibFeed::Resolver& link, std::function<void()> turn_end)
    : host_(host),
      guard_(
          [link](ospf::LinkId id) {
            const auto found = link(id);
            return found ? found->facts.ifindex : 0;
          },
          desired_),
      allowed_ips_writer_(host, allowed_ips_, std::move(turn_end)),
      feed_(link, desired_),
      ask_timer_(host.loop()) {}

RoutePipeline::~RoutePipeline() {
  *alive_ = false;
}

void RoutePipeline::set_place(const RibSettings& place) {
  place_ = place;
  guard_.set_place(place.table, place.metric);
}

void RoutePipeline::start() {
  start_ = Clock::now();
}

std::chrono::steady_clock::duration RoutePipeline::since_start() const {
  return Clock::now() - start_;
}

void RoutePipeline::take(const ospf::RouteChange<V2>& change) {
  desired_.apply(change);
  pass_on(guard_.pass(change));
}

void RoutePipeline::pass_on(const ospf::RouteChange<V2>& change) {
  allowed_ips_.apply(change);
  feed_.apply(change);
}

bool RoutePipeline::may_submit() const {
  return devices_known_ || since_start() > kFirstReading;
}

bool RoutePipeline::is_way_asked_for() const {
  const auto& held = guard_.held();
  return std::any_of(held.begin(), held.end(), [](const auto& entry) { return !entry.second.is_asked; });
}

void RoutePipeline::submit() {
  if (guard_.is_due()) {
    for (const auto& change : guard_.decide(Clock::now())) pass_on(change);
    host_.teller().set_warning("held_back", describe_held(guard_.held()));
  }
  if (!may_submit()) return;
  const auto is_held = [this](const Ipv4Prefix& prefix) { return guard_.find(prefix) != nullptr; };
  allowed_ips_.decide(is_held);
  allowed_ips_writer_.write();
  for (const auto set : allowed_ips_.close_gates()) feed_.submit_set(set);
  for (const auto gate : allowed_ips_.take_open()) host_.rib().open(gate);
  auto batch = feed_.take(
      is_held, [this](ospf::SetId set) { return allowed_ips_.gate_of(set); }, allowed_ips_.wants_ticket());
  if (batch) {
    allowed_ips_.submitted(batch->ticket);
    host_.rib().submit(std::move(*batch));
  }
  if (guard_.wants_answer()) ask_ways();
}

std::optional<std::uint64_t> RoutePipeline::take(const rib::Acknowledged& report) {
  if (!guard_.held().empty()) ask_ways_soon();
  allowed_ips_.acknowledged(report.ticket);
  return feed_.acknowledged(report.ticket);
}

void RoutePipeline::claim() {
  host_.rib().claim();
  allowed_ips_.claim();
}

void RoutePipeline::give_back(std::function<void()> done) {
  allowed_ips_.give_back();
  allowed_ips_writer_.when_done(std::move(done));
}

void RoutePipeline::poll() {
  watch_devices();
  guard_.time_passed();
}

void RoutePipeline::links_changed(const LinkEvents& events) {
  guard_.links_changed();
  // The endpoints of a tunnel that has just come are to be known before routes lead into it.
  const bool has_tunnel = std::any_of(events.begin(), events.end(), [](const LinkEvent& event) {
    return wg::looks_like_wireguard(event.link.name, event.link.kind);
  });
  if (has_tunnel || guard_.needs_ways() || !devices_known_) ask_ways_soon();
}

// The ways to endpoints
// ----------------------------------------------------------------------------------------

// All devices, also those without OSPF: their packets, too, may come to lead into a tunnel of ours.
void RoutePipeline::watch_devices() {
  std::vector<std::string> names;
  for (const auto& [ifindex, link] : host_.links().inventory())
    if (wg::looks_like_wireguard(link.name, link.kind)) names.push_back(link.name);
  host_.devices().watch(std::move(names));
  host_.devices().set_ways(guard_.needs_ways()
                               ? std::optional(wg::OwnRoutes{place_.table, place_.metric, rib::kProtocol})
                               : std::nullopt);
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

}  // namespace wgospf::daemon
