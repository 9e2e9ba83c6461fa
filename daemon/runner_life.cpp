// What becomes of what a former run left in the kernel; another configuration; the end.

#include <algorithm>
#include <utility>

#include "daemon/runner.h"

namespace wgospf::daemon {

namespace {
using std::chrono::seconds;
/// The core ends its shutdown by itself after one second; this is for the case that it does not.
constexpr seconds kFlushGuard{3};
constexpr seconds kRibStopGuard{10};
/// Allowed-ips that a device does not take back by then are the next run's to take back.
constexpr seconds kGiveBackGuard{2};
}  // namespace

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
  clients_.claim();
}

ClaimFacts Runner::claim_facts() const {
  ClaimFacts facts;
  facts.converged = instance_->converged(now());
  facts.devices_known = pipeline_.may_submit();
  facts.is_link_coming = links_.is_any_coming();
  facts.is_way_asked_for = pipeline_.is_way_asked_for();
  facts.all_full = true;
  for (const auto& info : instance_->interfaces()) {
    const bool is_asleep = info.peer_asleep && info.neighbor_count == 0;
    if (info.config.passive || info.status.loopback || !info.status.up || is_asleep) continue;
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
  clients_.claim();
}

// Reload and end
// ---------------------------------------------------------------------------------------------

void Runner::reconfigure(Config config) {
  if (phase_ != Phase::running) return;
  config_ = std::move(config);
  pace_.changed(std::chrono::steady_clock::now());
  links_.reconfigure(config_);
  pipeline_.set_place(config_.rib, config_.underlay);
  pipeline_.set_links(links_.allowed_ips_links());
  redistribution_.set_rules(config_.redistribute);
  hostnames_.configure(config_, host_name());
  host_.kernel().watch(Redistribution::watch_for(config_.redistribute));
  redistribute();
  poll();
  finish_turn();
}

void Runner::shutdown(rib::OnStop on_stop, std::function<void(bool)> done) {
  if (phase_ != Phase::running) return;
  on_stop_ = on_stop;
  phase_ = Phase::flushing;
  liveness_.stop();
  endpoints_.stop();
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
  bfd_.stop();
  core_timer_.cancel();
  host_.stop();
  clients_.stop(on_stop_);
  links_.close();
  after(stop_timer_, kRibStopGuard, [this] { on_rib_stopped(false); });
  tables_to_stop_ = host_.rib_apart() != nullptr ? 2 : 1;
  pipeline_.flush_and_stop(on_stop_);
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
  pipeline_.give_back([this, end] { mtus_.give_back([this, end] { link_locals_.give_back(end); }); });
}
}  // namespace wgospf::daemon
