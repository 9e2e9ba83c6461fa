#include "tests/sim/outages.h"

#include <algorithm>

#include "tests/sim/reference.h"

namespace wgospf::sim {

using namespace ospf;

OutageWatch::OutageWatch(Network& network) : network_(network) {
  faults_.push_back({"start", "start", network.now(), {}, {}});
  network.observers.push_back([this](Instant, RouterIndex router, const Output<V2>& output) {
    if (!std::holds_alternative<RouteChange<V2>>(output)) return;
    if (router < ways_.size()) ways_[router].is_stale = true;
    changed();
  });
}

void OutageWatch::fault(const std::string& what, std::string_view kind) {
  faults_.push_back({what, kind, network_.now(), {}, {}});
  changed();
}

void OutageWatch::changed() {
  if (std::exchange(is_scheduled_, true)) return;
  network_.scheduler.after(kOutageGrain, [this] {
    is_scheduled_ = false;
    look();
  });
}

std::vector<FaultOutages> OutageWatch::end() {
  look();
  const auto close = [this](std::optional<Outage>& outage, Duration FaultOutages::*longest) {
    if (outage) note(outage, false, longest);
  };
  for (auto& [who, pair] : out_) {
    close(pair.black_hole, &FaultOutages::black_hole);
    close(pair.loop, &FaultOutages::loop);
  }
  return faults_;
}

void OutageWatch::note(std::optional<Outage>& outage, bool goes_on, Duration FaultOutages::*longest) {
  if (goes_on && !outage) outage = Outage{faults_.size() - 1, network_.now()};
  if (goes_on || !outage) return;
  Duration& most = faults_[outage->fault].*longest;
  most = std::max(most, network_.now() - outage->since);
  if (is_calm()) {
    const Duration in_calm = network_.now() - std::max(outage->since, faults_.back().at);
    longest_in_calm_ = std::max(longest_in_calm_, in_calm);
    if (longest == &FaultOutages::loop) longest_loop_in_calm_ = std::max(longest_loop_in_calm_, in_calm);
  }
  outage.reset();
}

bool OutageWatch::is_calm() const {
  return std::all_of(network_.cables.begin(), network_.cables.end(), [](const Cable& cable) {
    return cable.into[0].loss + cable.into[1].loss + cable.into[0].corrupt + cable.into[1].corrupt == 0;
  });
}

/// The ways to all targets, when the router told of routes since the last time, or started anew.
void OutageWatch::refresh_ways(RouterIndex index) {
  const Router& router = network_.routers[index];
  Ways& ways = ways_[index];
  if (ways.life == router.lives && !ways.is_stale && ways.to.size() == network_.routers.size()) return;
  ways = {router.lives, false, {}};
  for (const Router& target : network_.routers) {
    const auto* hops = router.model.next_hops(Ipv4Prefix::host(Ipv4Address{target.id.value}));
    ways.to.push_back(hops == nullptr ? std::vector<NextHop>{} : *hops);
  }
}

std::optional<RouterIndex> OutageWatch::over(RouterIndex index, const NextHop& hop) const {
  const auto port = network_.routers[index].ports.find(hop.link);
  if (port == network_.routers[index].ports.end() || !port->second.status().up || !port->second.cable ||
      port->second.end > 1)
    return std::nullopt;
  const Cable& cable = network_.cables[*port->second.cable];
  const std::size_t to_end = 1 - port->second.end;
  const Cable::End& far = cable.ends[to_end];
  if (far.tap || cable.into[to_end].cut || network_.routers[far.router].life == Life::absent)
    return std::nullopt;
  const auto& ports = network_.routers[far.router].ports;
  const auto far_port = ports.find(far.link);
  if (far_port == ports.end() || !far_port->second.status().up) return std::nullopt;
  return far.router;
}

OutageWatch::Fate OutageWatch::fate_from(RouterIndex index, RouterIndex target) {
  if (index == target) return Fate::arrives;
  Fate& fate = fates_[index];
  if (fate == Fate::walking) return Fate::loops;
  if (fate != Fate::unknown) return fate;
  if (!network_.routers[index].instance) return fate = Fate::lost;
  fate = Fate::walking;
  const auto& hops = ways_[index].to[target];
  Fate worst = hops.empty() ? Fate::lost : Fate::arrives;
  for (const auto& hop : hops) {
    const auto next = over(index, hop);
    worst = std::max(worst, next ? fate_from(*next, target) : Fate::lost);
  }
  return fates_[index] = worst;
}

/// Two routers of one id share their address, too.
bool OutageWatch::is_alone_with_its_id(RouterIndex index) const {
  return std::count_if(network_.routers.begin(), network_.routers.end(),
                       [&](const Router& other) { return other.id == network_.routers[index].id; }) == 1;
}

void OutageWatch::look_at(RouterIndex target, const std::vector<RouterIndex>& component) {
  std::fill(fates_.begin(), fates_.end(), Fate::unknown);
  for (RouterIndex from = 0; from < network_.routers.size(); ++from) {
    if (from == target) continue;
    const bool is_meant = is_alone_with_its_id(target) && component[from] == component[target] &&
                          network_.routers[from].is_running() && network_.routers[target].is_running();
    const Fate fate = is_meant ? fate_from(from, target) : Fate::arrives;
    const auto at = out_.find({from, target});
    if (fate == Fate::arrives && at == out_.end()) continue;
    Pair& pair = at == out_.end() ? out_[{from, target}] : at->second;
    note(pair.black_hole, fate == Fate::lost, &FaultOutages::black_hole);
    note(pair.loop, fate == Fate::loops, &FaultOutages::loop);
    if (fate == Fate::arrives) out_.erase({from, target});
  }
}

void OutageWatch::look() {
  ways_.resize(network_.routers.size());
  fates_.resize(network_.routers.size());
  for (RouterIndex i = 0; i < network_.routers.size(); ++i)
    if (network_.routers[i].instance) refresh_ways(i);
  const auto component = components(network_);
  for (RouterIndex target = 0; target < network_.routers.size(); ++target) look_at(target, component);
}

}  // namespace wgospf::sim
