// How each wanted route stands in the kernel, counted at once and told in portions.
#include <cerrno>
#include <utility>

#include "rib/reconciler.h"

namespace wgospf::rib {

namespace {
/// Who takes reports must not be kept busy by one call.
constexpr std::size_t kToldAtATime = 4096;
}  // namespace

bool Reconciler::slot_is_shared(const Route& route) const {
  const auto rivals = config_.rivals(route.prefix);
  return rivals && rivals->in_slot;
}

void Reconciler::rivals_changed(const IpPrefix& prefix) {
  const auto found = routes_.find(prefix);
  if (found == routes_.end()) return;
  Route& route = found->second;
  touch(route);
  // The slot may be free: what was refused for that is tried at once.
  const bool was_refused = deferred(route) && route.trouble->error == EEXIST;
  if (was_refused && !slot_is_shared(route)) enqueue(route, ticket_);
}

bool Reconciler::has_route(const IpPrefix& prefix) const {
  const auto found = routes_.find(prefix);
  return found != routes_.end() && found->second.known_id != 0;
}

RouteStands Reconciler::standing_of(const Route& route) const {
  RouteStands stands{route.prefix, Standing::in_kernel, {}};
  if (route.set == nullptr) return stands;
  const Set& set = *route.set;
  if (!installable(route)) {
    stands.standing = Standing::connected;
  } else if (route.known_id == 0) {
    stands.standing = set.settled == SetState::empty ? Standing::no_next_hop : Standing::missing;
  } else if (const auto rivals = config_.rivals(route.prefix); rivals && rivals->used) {
    stands.standing = Standing::hidden;
    stands.holder = *rivals->used;
  } else if (!route.adopted && (route.known_id != set.group_id || route.known_source != route.source)) {
    stands.standing = Standing::elsewhere;
  }
  return stands;
}

void Reconciler::touch(Route& route) {
  const Standing standing = standing_of(route).standing;
  const bool is_missing = standing == Standing::missing || standing == Standing::no_next_hop;
  const Counted now = is_missing                     ? Counted::missing
                      : standing == Standing::hidden ? Counted::hidden
                                                     : Counted::not_at_all;
  const auto count_of = [this](Counted counted) {
    return counted == Counted::missing ? &missing_ : counted == Counted::hidden ? &hidden_ : nullptr;
  };
  if (auto* before = count_of(route.counted)) --*before;
  route.counted = now;
  if (auto* after = count_of(now)) ++*after;
  if (std::exchange(route.touched, true)) return;
  touched_.push_back(&route);
}

void Reconciler::tell_standings() {
  for (std::size_t n = 0; n < kToldAtATime && !touched_.empty(); ++n) {
    Route& route = *touched_.front();
    touched_.pop_front();
    route.touched = false;
    // What is not acknowledged yet is not believed to be there; it is touched again when it is settled.
    const bool is_under_way = route.set != nullptr && route.pending && route.ticket > acknowledged_;
    if (!is_under_way) {
      RouteStands stands = standing_of(route);
      const Standing before = std::exchange(route.told, stands.standing);
      if (before != stands.standing || before == Standing::hidden) reports_.emplace_back(std::move(stands));
    }
    drop_if_idle(route);
  }
}

}  // namespace wgospf::rib
