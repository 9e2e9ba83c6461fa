#include "tests/sim/campaign.h"

#include <algorithm>

#include "tests/sim/allowed_ips.h"
#include "tests/sim/area_plan.h"
#include "tests/sim/comeback.h"
#include "tests/sim/faults.h"
#include "tests/sim/hardships.h"
#include "tests/sim/network.h"
#include "tests/sim/oracles.h"
#include "tests/sim/rest.h"
#include "tests/sim/scratch.h"
#include "tests/sim/topology.h"
#include "tests/sim/trace.h"
#include "tests/sim/variety.h"

namespace wgospf::sim {

using ospf::SpfDelay;

namespace {

constexpr std::size_t kProblemsKept = 12;

/// The run of one seed, phase by phase.
class Campaign {
 public:
  explicit Campaign(const SeedOptions& options)
      : options_(options),
        random_(options.seed),
        trace_(options.log),
        network_(Instant{} + random_.duration(seconds{1}, seconds{60 * 86400}), random_.next(), trace_),
        topology_(network_, random_.fork(1)),
        rest_(network_),
        comeback_(network_),
        outages_(network_) {
    if (!options_.shared_devices) return;
    topology_.share_devices(random_.fork(4));
    allowed_ips_.emplace(network_, random_.fork(5));
  }

  SeedResult run() {
    build();
    if (options_.varied) variety_.draw();
    if (options_.areas) AreaPlan(network_, random_.fork(7)).draw();
    draw_settings();
    FaultPlan plan(network_, topology_, random_.fork(2), fault_begin_, fault_length_);
    const auto ordinary_routers = static_cast<RouterIndex>(network_.routers.size());
    if (options_.large) hardships_.add_to(plan, fault_begin_, fault_length_);
    if (options_.varied) variety_.add_to(plan, fault_begin_, fault_length_);
    if (options_.faults) plan.keep_first(*options_.faults);
    result_.faults = plan.faults().size();
    schedule_starts(ordinary_routers);
    for (const Fault& fault : plan.faults()) {
      run_to(fault.at);
      network_.note("FAULT " + fault.what);
      outages_.fault(fault.what, fault.kind);
      fault.apply(network_);
      if (options_.large) let_fragments_pass();
    }
    last_fault_ = std::max(network_.now(), begin_ + last_start_);
    network_.scheduler.run_until(last_fault_);
    calm(network_);
    if (options_.large) end_duplicates();
    outages_.fault("calm", "calm");
    come_to_rest();
    if (end_ > network_.now() - begin_) stay_at_rest();
    report(rest_.end(), "at rest");
    come_last();
    finish();
    return std::move(result_);
  }

 private:
  void run_to(Duration at) { network_.scheduler.run_until(begin_ + at); }

  void build() {
    if (!options_.large) return topology_.build(options_.routers);
    topology_.build_hub(options_.large->spokes, options_.large->lsas - options_.large->spokes);
    for (Cable& cable : network_.cables)
      for (Direction& way : cable.into) way.loss = 50;
    network_.compares_tables_every = 97;
    let_fragments_pass();
  }

  /// A description that comes once more after its successor breaks the exchange (section 10.6). One of a
  /// hundred mostly would, where one in fifty does; no tunnel of WireGuard delivers a packet twice.
  void end_duplicates() {
    for (Cable& cable : network_.cables)
      for (Direction& way : cable.into) way.duplicate = 0;
  }

  /// The router-LSA of a hub is larger than a packet, and IP fragments it.
  void let_fragments_pass() {
    for (Cable& cable : network_.cables) cable.mtu = 65535;
  }

  void draw_settings() {
    const double hours = options_.hours.value_or(!options_.large && options_.seed % 10 == 0 ? 2.0 : 0.0);
    end_ = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(hours * 3600));
    begin_ = network_.now();
    fault_begin_ = random_.duration({}, seconds{30});
    fault_length_ = random_.octave_duration(options_.large ? seconds{60} : seconds{1}, seconds{240});
    network_.timer_lateness = random_.pick<Duration>({Duration{}, milliseconds{1}, milliseconds{20}});
    SpfDelay spf_delay;
    if (random_.chance(20)) spf_delay.initial_delay = milliseconds{50};  // another first delay than none
    // RFC 8405's long delay, or the short one throughout, as the daemon has it (daemon/config/config.h).
    if (random_.chance(50)) spf_delay.long_delay = spf_delay.short_delay;
    for (Router& router : network_.routers) router.spf_delay = spf_delay;
  }

  void schedule_starts(RouterIndex ordinary_routers) {
    const auto spread = random_.pick<Duration>({Duration{}, milliseconds{50}, seconds{20}});
    for (RouterIndex i = 0; i < ordinary_routers; ++i) {
      const Duration at = random_.duration({}, spread);
      last_start_ = std::max(last_start_, at);
      network_.scheduler.at(begin_ + at, [this, i] { network_.start(i); });
    }
  }

  /// An adjacency may have to time out, hellos and retransmissions to come round, throttled LSAs and a
  /// delayed calculation to follow.
  [[nodiscard]] Duration allowed() const {
    std::uint32_t dead = 0, hello = 0;
    for (const Router& router : network_.routers) {
      for (const auto& [link, port] : router.ports) {
        if (!port.cable) continue;
        dead = std::max(dead, port.config.dead_interval);
        hello = std::max<std::uint32_t>(hello, port.config.hello_interval);
      }
    }
    const Duration converging = seconds{dead + hello} + 3 * seconds{5} + ospf::kMinLsInterval + seconds{5};
    const Duration waking = options_.shared_devices ? Network::kHandshakes : Duration{};
    return waking + (options_.large ? 2 * converging : converging);
  }

  void come_to_rest() {
    result_.allowed = allowed();
    network_.scheduler.run_until(last_fault_ + result_.allowed);
    result_.outages = outages_.end();
    // With several areas not all that are connected reach each other; what comes of it the reference knows.
    if (!options_.areas && outages_.longest_in_calm() > result_.allowed)
      report({"somebody was cut off for longer than convergence may take"}, "on the way");
    // One router has waited for the long delay, another for a throttled LSA and one retransmission of it.
    const Duration differing =
        network_.routers.front().spf_delay.long_delay + ospf::kMinLsInterval + seconds{5} + seconds{1};
    if (outages_.longest_loop_in_calm() > differing)
      report({"packets went round for longer than routers may differ"}, "on the way");
    check_rest("after the faults", false);
    // Nothing may move any more; a second look a little later.
    const Instant checked = network_.now();
    rest_.begin();
    network_.run_for(seconds{12});
    if (std::max(network_.last_route_change, network_.last_neighbor_change) > checked)
      report({"a route or an adjacency changed while at rest"}, "after the faults");
    const Instant last = std::max(network_.last_route_change, network_.last_neighbor_change);
    result_.convergence = std::max(Duration{}, last - last_fault_);
  }

  void stay_at_rest() {
    const Instant checked = network_.now();
    const bool aged_out = begin_ + end_ > last_fault_ + seconds{3600 + 120};
    run_to(end_);
    // What ages out are LSAs of routers that are not reachable: that never moves a route.
    if (std::max(network_.last_route_change, network_.last_neighbor_change) > checked)
      report({"a route or an adjacency changed while at rest"}, "in the long run");
    check_rest("at the end", aged_out);
  }

  void check_rest(const std::string& when, bool aged_out) {
    for (int tries = 0; tries < 20 && !is_at_rest(network_); ++tries) network_.run_for(milliseconds{500});
    // A refresh on its way makes databases differ for a moment; what is wrong stays wrong.
    Problems problems;
    for (int tries = 0; tries < 3; ++tries) {
      problems.clear();
      check_neighbors(network_, problems);
      check_databases(network_, aged_out, problems);
      check_routes(network_, problems);
      check_forwarding(network_, problems);
      check_statistics(network_, problems);
      check_calculations(network_, problems);
      if (allowed_ips_) allowed_ips_->check(problems);
      check_footprints(network_, aged_out ? Remembered::no : Remembered::maybe, problems);
      if (problems.empty()) break;
      network_.run_for(milliseconds{1700});
    }
    report(problems, when);
  }

  void report(const Problems& problems, const std::string& when) {
    for (const auto& problem : problems) {
      network_.note("PROBLEM " + when + ": " + problem);
      if (result_.problems.size() < kProblemsKept) result_.problems.push_back(when + ": " + problem);
    }
  }

  /// A router that comes to one of the others must learn what all of them have: their databases, built change
  /// by change, equal the one that is described at once.
  void come_last() {
    std::vector<RouterIndex> running;
    for (RouterIndex i = 0; i < network_.routers.size(); ++i)
      if (network_.routers[i].is_running()) running.push_back(i);
    if (running.empty()) return;
    const RouterIndex beside = random_.pick(running);
    const RouterIndex last = topology_.add_router_beside(beside);
    if (options_.large) let_fragments_pass();
    network_.reload(beside);
    network_.start(last);
    network_.run_for(allowed());
    check_rest("with a router that came last", false);
  }

  void finish() {
    report(network_.problems, "on the way");
    report(comeback_.problems(), "on the way");
    result_.most_packets_in_a_turn = network_.most_packets_in_a_turn;
    result_.trace_hash = trace_.hash();
    result_.routers = static_cast<std::uint32_t>(network_.routers.size());
    result_.cables = network_.cables.size();
    result_.packets = network_.packets;
    result_.virtual_time = network_.now() - begin_;
    if (options_.digest) result_.digests = digest(network_);
  }

  SeedOptions options_;
  Random random_;
  Trace trace_;
  Network network_;
  Topology topology_;
  RestOracle rest_;
  ComebackOracle comeback_;
  OutageWatch outages_;
  std::optional<AllowedIps> allowed_ips_;  ///< with shared devices
  Hardships hardships_{network_, random_.fork(3)};
  Variety variety_{network_, random_.fork(6)};
  SeedResult result_;
  Instant begin_{}, last_fault_{};
  Duration end_{}, last_start_{}, fault_begin_{}, fault_length_{};
};

}  // namespace

SeedResult run_seed(const SeedOptions& options) {
  return Campaign(options).run();
}

std::size_t fewer_faults(SeedOptions options, std::size_t faults, const std::function<bool()>& is_time_left) {
  options.log = nullptr;
  // With `failing` of them it fails; with fewer than `passing` it mostly does not.
  std::size_t passing = 0, failing = faults;
  while (passing < failing && is_time_left()) {
    options.faults = passing + (failing - passing) / 2;
    if (run_seed(options).problems.empty())
      passing = *options.faults + 1;
    else
      failing = *options.faults;
  }
  return failing;
}

}  // namespace wgospf::sim
