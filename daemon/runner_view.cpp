// What is shown of a runner, and what is asked of it.

#include <map>
#include <utility>

#include "daemon/links/carried_tunnels.h"
#include "daemon/routes/allowed_ips_words.h"
#include "daemon/routes/route_words.h"
#include "daemon/runner.h"

namespace wgospf::daemon {

KernelView Runner::kernel() const {
  const KernelFeeds& feed = pipeline_.feeds();
  KernelView view{config_.rib.table,
                  config_.rib.metric,
                  feed.acknowledged_generation(),
                  reports_.drifts(),
                  reports_.named(feed.failures(kFailuresTold)),
                  feed.failure_count(),
                  feed.is_acknowledged(),
                  feed.counters(),
                  pipeline_.withheld_count()};
  const auto& counters = view.counters;
  view.is_settled =
      view.is_settled && counters.missing == 0 && counters.pending == 0 && counters.failing == 0;
  return view;
}

PeerNotes Runner::peer_notes() const {
  PeerNotes notes;
  for (const auto& [name, device] : pipeline_.allowed_ips().devices()) {
    for (auto& [peer, problems] : peer_problems(device)) notes[{name, peer}].problems = std::move(problems);
    for (const auto& [peer, address] : device.link_locals().held()) notes[{name, peer}].link_local = address;
  }
  for (const auto& view : links_.peer_views()) {
    PeerNote& note = notes[{view.device, view.peer.key}];
    if (view.peer.settings.role == ConfiguredRole::client)
      note.role = PeerRole::client;
    else if (view.is_router)
      note.role = PeerRole::router;
    if (!view.peer.problem.empty()) note.problems.push_back(view.peer.problem);
  }
  for (const auto& view : tunnels_.views()) {
    const auto known = view.device ? mtus_.known(view.link) : std::nullopt;
    if (!known) continue;
    if (view.peer)
      notes[{view.device->name, *view.peer}].mtu = known->largest;
    else if (view.device->peers.size() == 1)
      notes[{view.device->name, view.device->peers.front().public_key}].mtu = known->largest;
  }
  add_carried(*tunnels_.underlay(), notes);
  keys_.add_to(notes);
  endpoints_.add_to(notes);
  return notes;
}

Result<ForgottenKey> Runner::forget_key(const std::string& key_or_name) {
  auto forgotten = keys_.forget(key_or_name);
  if (forgotten) check_soon();
  return forgotten;
}

RouteKernelState Runner::kernel_state(const ospf::Route<V2>& route) const {
  if (const auto* withheld = pipeline_.withheld(route.prefix))
    return {RouteKernelState::Kind::withheld, reason_of(*withheld)};
  if (const auto* held = pipeline_.held(route.prefix))
    return {RouteKernelState::Kind::held_back, reason_of(*held)};
  RibFeed::State found = pipeline_.feeds().state(route, pipeline_.table_of(route.prefix));
  if (!found.stands) {
    if (!found.state.error.empty()) found.state.error = reports_.named(found.state.error);
    return std::move(found.state);
  }
  if (pipeline_.waits_for_allowed_ips(route))
    return {RouteKernelState::Kind::missing, "the allowed-ips of its peers are being written"};
  found.state.error = standing_text(*found.stands, host_.links().inventory(),
                                    [this](const std::string& name) { return links_.is_ours(name); });
  return std::move(found.state);
}

}  // namespace wgospf::daemon
