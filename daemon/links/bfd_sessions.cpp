#include "daemon/links/bfd_sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>

namespace wgospf::daemon {

namespace {

/// Microseconds: what a WireGuard process on a busy machine still keeps.
constexpr std::uint32_t kUserspaceLeast = 50'000;

bfd::Timers timers_of(const BfdSettings& settings) {
  return {settings.local_multiplier, bfd::Microseconds{settings.desired_min_tx_interval},
          bfd::Microseconds{settings.required_min_rx_interval}};
}

std::string transition_text(const bfd::Transition& transition) {
  std::string why;
  if (transition.local_diagnostic == bfd::Diagnostic::neighbor_signaled_session_down) {
    why = transition.remote_state == bfd::State::admin_down
              ? "the neighbor says that it is administratively down"
              : fmt::format("the neighbor says that it is {}: {}", to_string(transition.remote_state),
                            to_string(transition.remote_diagnostic));
  } else if (transition.local_diagnostic != bfd::Diagnostic::none) {
    why = to_string(transition.local_diagnostic);
  }
  return fmt::format("{} -> {}{}{}", to_string(transition.from), to_string(transition.to),
                     why.empty() ? "" : ": ", why);
}

}  // namespace

void BfdSessions::follow(const std::vector<BfdLink>& links,
                         const std::vector<ospf::NeighborInfo>& neighbors) {
  if (is_stopped_) return;
  check_intervals(links);
  std::map<ospf::LinkId, const BfdLink*> by_id;
  for (const auto& link : links) by_id.emplace(link.link, &link);
  std::vector<bfd::EngineWanted> wanted;
  neighbors_.clear();
  for (const auto& neighbor : neighbors) {
    const auto found = by_id.find(neighbor.link);
    if (found == by_id.end() || neighbor.state < ospf::NeighborState::two_way) continue;
    const BfdLink& link = *found->second;
    if (family_of(link.source) != family_of(neighbor.address)) continue;
    const bfd::Place place{link.ifindex, neighbor.address};
    if (!neighbors_.emplace(place, Neighbor{link.link, neighbor.router_id, link.name}).second) continue;
    wanted.push_back({{place, link.source, timers_of(link.settings)}, link.device});
  }
  if ((wanted == wanted_ && !is_refused_) || !start_engine()) return;
  wanted_ = wanted;
  engine_->follow(std::move(wanted));
}

/// False when it cannot be had now; whoever follows again tries again.
bool BfdSessions::start_engine() {
  if (engine_) return true;
  if (neighbors_.empty()) {
    if (std::exchange(is_refused_, false)) host_.teller().set_warning("bfd", {});
    return false;
  }
  auto started = bfd::Engine::start([this, &loop = host_.loop(), alive = alive_](auto report) {
    boost::asio::post(loop, [this, alive, report = std::move(report)]() mutable {
      if (*alive) take(std::move(report));
    });
  });
  host_.teller().set_warning("bfd", started ? std::string() : started.error().text + "; it is tried again");
  is_refused_ = !started;
  if (started) engine_ = std::move(started).value();
  return engine_ != nullptr;
}

void BfdSessions::stop() {
  is_stopped_ = true;
  engine_.reset();
}

void BfdSessions::take(bfd::EngineReport report) {
  if (is_stopped_) return;
  view_ = std::move(report.view);
  for (const auto& change : report.changes) take(change);
  tell_troubles();
  if (!std::exchange(is_scheduling_told_, true) && !view_->is_real_time)
    host_.teller().notice(Severity::info, "bfd_scheduling",
                          fmt::format("BFD runs without real-time scheduling: {}; on a busy machine it may "
                                      "give up neighbors that are there (LimitRTPRIO=1 allows it)",
                                      view_->scheduling));
}

void BfdSessions::take(const bfd::Change& change) {
  const auto found = neighbors_.find(change.place);
  if (found == neighbors_.end()) return;
  const Neighbor neighbor = found->second;  // what follows changes neighbors_
  const bool is_loss = change.transition.is_loss();
  // What is lost is told after it is done.
  if (is_loss) lost_(neighbor.link, neighbor.router);
  const bool is_up = change.transition.to == bfd::State::up;
  if (!is_up && change.transition.from != bfd::State::up) return;
  host_.teller().notice(
      is_loss ? Severity::warning : Severity::info, is_up ? "bfd_up" : "bfd_down",
      fmt::format("BFD session with {} ({}) on {}: {}", neighbor.router.to_string(),
                  to_string(change.place.neighbor), neighbor.name, transition_text(change.transition)),
      neighbor.link);
}

void BfdSessions::tell_troubles() {
  auto former = std::exchange(troubled_, {});
  for (const auto& session : view_->sessions) {
    const auto found = neighbors_.find(session.session.place);
    if (found == neighbors_.end() || session.trouble.empty()) continue;
    const auto key = "bfd/" + found->second.name;
    host_.teller().set_warning(key, fmt::format("BFD on {}: {}", found->second.name, session.trouble),
                               found->second.link);
    troubled_.insert(key);
    former.erase(key);
  }
  for (const auto& key : former) host_.teller().set_warning(key, {});
}

void BfdSessions::check_intervals(const std::vector<BfdLink>& links) {
  auto former = std::exchange(hurried_, {});
  for (const auto& link : links) {
    const auto least =
        std::min(link.settings.desired_min_tx_interval, link.settings.required_min_rx_interval);
    if (!link.is_userspace || least >= kUserspaceLeast) continue;
    const auto key = "bfd_interval/" + link.name;
    host_.teller().set_warning(
        key,
        fmt::format("BFD on {} every {} ms: WireGuard there is a process of user space, which under load is "
                    "later than that, and the neighbor is given up; a min-interval of {} or more lasts",
                    link.name, static_cast<double>(least) / 1000, kUserspaceLeast),
        link.link);
    hurried_.insert(key);
    former.erase(key);
  }
  for (const auto& key : former) host_.teller().set_warning(key, {});
}

BfdView BfdSessions::view() const {
  BfdView view;
  view.engine = view_;
  if (!view_) return view;
  for (const auto& session : view_->sessions) {
    const auto found = neighbors_.find(session.session.place);
    if (found != neighbors_.end())
      view.sessions.push_back({found->second.link, found->second.router, session});
  }
  return view;
}

}  // namespace wgospf::daemon
