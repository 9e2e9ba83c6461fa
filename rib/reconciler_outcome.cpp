// What the outcomes of operations teach.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "rib/reconciler.h"

namespace wgospf::rib {

namespace {

std::string refusal(const Operation& operation, const Outcome& outcome) {
  std::string text = "cannot " + to_string(operation) + ": " + std::strerror(outcome.error);
  if (!outcome.text.empty()) text += " (" + outcome.text + ")";
  return text;
}

// What is to be deleted is not there: somebody was faster, or the kernel took it with something else.
bool already_gone(const Outcome& outcome) {
  return outcome.error == ESRCH || outcome.error == ENOENT;
}

/// An id of ours that is not there, in the words of the kernel's routes and of its groups.
bool misses_id(const Outcome& outcome) {
  return outcome.text.find("Nexthop id does not exist") != std::string::npos ||
         outcome.text.find("Invalid nexthop id") != std::string::npos;
}

/// So often in a row a missing id is taken for one that has just gone.
constexpr std::uint8_t kDoubtsMost = 5;

}  // namespace

void Reconciler::completed(const Operation& operation, const Outcome& outcome, Instant now) {
  now_ = now;
  if (outcome.unknown) {
    blind_ = wants_resync_ = true;
    return unsettle(operation);
  }
  std::visit([this, &outcome](const auto& o) { done(o, outcome); }, operation);
}

// What was to be done is compared again, with what the next `load` finds.
void Reconciler::unsettle(const Operation& operation) {
  const auto again = [this](auto& node) { enqueue(node, node.ticket); };
  if (const auto* nexthop = std::get_if<AddNexthop>(&operation)) return again(nexthop_at(nexthop->key));
  if (const auto* added = std::get_if<AddGroup>(&operation)) return again(set_at(added->set));
  if (const auto* replaced = std::get_if<ReplaceGroup>(&operation)) return again(set_at(replaced->set));
  if (const auto* route = std::get_if<AddRoute>(&operation)) return again(route_at(route->prefix));
  if (const auto* route = std::get_if<ReplaceRoute>(&operation)) return again(route_at(route->prefix));
  if (const auto* route = std::get_if<DeleteRoute>(&operation)) return again(route_at(route->prefix));
  sweep_ = true;
}

void Reconciler::done(const AddNexthop& operation, const Outcome& outcome) {
  Nexthop& nexthop = nexthop_at(operation.key);
  if (outcome.error == EEXIST) {
    foreign_.insert(operation.id);
    enqueue(nexthop, nexthop.ticket);
    return;
  }
  if (outcome.error == 0) {
    known_nexthops_[operation.id] = operation.key;
    nexthop.id = operation.id;
    recover(nexthop, nexthop.key);
  } else if (outcome.error == ENETDOWN) {
    fail_quietly(nexthop, nexthop.key);  // the link's own notification says so, and when it is up again
  } else {
    fail(nexthop, nexthop.key, outcome.error, refusal(operation, outcome));
  }
  rework_users(nexthop);
  close(nexthop);
  if (nexthop.users.empty()) sweep_ = true;
}

void Reconciler::done(const AddGroup& operation, const Outcome& outcome) {
  Set& set = set_at(operation.set);
  if (outcome.error == EEXIST) {
    foreign_.insert(operation.id);
    enqueue(set, set.ticket);
    return;
  }
  if (refused(set, operation, outcome)) return;
  know_group(operation.id, operation.members);
  groups_.at(operation.id).owner = &set;
  set.group_id = operation.id;
  set.settled = SetState::idle;
  recover(set, set.key);
  settle(set, SetState::ready);
}

void Reconciler::done(const ReplaceGroup& operation, const Outcome& outcome) {
  Set& set = set_at(operation.set);
  sweep_ = true;
  if (outcome.error == ENOENT) return forget_groups({operation.id});  // and makes another in this turn
  if (refused(set, operation, outcome)) return;
  know_group(operation.id, operation.members);
  recover(set, set.key);
  settle(set, SetState::ready);
}

bool Reconciler::refused(Set& set, const Operation& operation, const Outcome& outcome) {
  if (doubt(set, set.key, outcome)) return true;
  if (outcome.error == 0) return false;
  fail(set, set.key, outcome.error, refusal(operation, outcome));
  settle(set, SetState::failed);
  return true;
}

void Reconciler::done(const AddRoute& operation, const Outcome& outcome) {
  if (outcome.error == 0) return installed(operation.prefix, operation.group_id, operation.source);
  Route& route = route_at(operation.prefix);
  if (doubt(route, route.prefix, outcome)) return;
  std::string text = refusal(operation, outcome);
  if (outcome.error == EEXIST) {
    text +=
        "; another program has a route with this prefix and metric, which is left alone: choose another "
        "metric";
  }
  fail(route, route.prefix, outcome.error, std::move(text));
}

void Reconciler::done(const ReplaceRoute& operation, const Outcome& outcome) {
  if (outcome.error == 0) return installed(operation.prefix, operation.group_id, operation.source);
  Route& route = route_at(operation.prefix);
  if (outcome.error == ENOENT) {
    set_known(route, 0, std::nullopt);
    return enqueue(route, route.ticket);  // which adds it in this turn
  }
  if (doubt(route, route.prefix, outcome)) return;
  fail(route, route.prefix, outcome.error, refusal(operation, outcome));
}

void Reconciler::installed(const IpPrefix& prefix, std::uint32_t group_id,
                           const std::optional<IpAddress>& source) {
  Route& route = route_at(prefix);
  set_known(route, group_id, source);
  unadopt(route);
  recover(route, route.prefix);
  close(route);
}

void Reconciler::done(const DeleteRoute& operation, const Outcome& outcome) {
  Route& route = route_at(operation.prefix);
  if (outcome.error != 0 && !already_gone(outcome)) {
    fail(route, route.prefix, outcome.error, refusal(operation, outcome));
    return;
  }
  set_known(route, 0, std::nullopt);
  if (installable(route) && !leads_nowhere(route)) return enqueue(route, route.ticket);
  recover(route, route.prefix);
  close(route);
  drop_if_idle(route);
}

void Reconciler::done(const DeleteGroup& operation, const Outcome& outcome) {
  if (!groups_.contains(operation.id)) return;
  if (outcome.error != 0 && !already_gone(outcome)) return sweep_refused(operation.id, operation, outcome);
  forget_groups({operation.id});
}

void Reconciler::done(const DeleteNexthop& operation, const Outcome& outcome) {
  if (!known_nexthops_.contains(operation.id)) return;
  if (outcome.error != 0 && !already_gone(outcome)) return sweep_refused(operation.id, operation, outcome);
  forget_nexthops({operation.id});
}

void Reconciler::sweep_refused(std::uint32_t id, const Operation& operation, const Outcome& outcome) {
  sweep_failed_.insert(id);
  if (!sweep_after_) sweep_after_ = now_ + config_.retry_last;
  std::string text = refusal(operation, outcome);
  std::string& told = sweep_told_[id];
  if (told != text) reports_.emplace_back(Failed{UnusedId{id}, outcome.error, text});
  told = std::move(text);
}

void Reconciler::fail(Tracked& node, const Subject& subject, int error, std::string text) {
  if (!node.trouble) node.trouble = std::make_unique<Trouble>();
  Trouble& trouble = *node.trouble;
  trouble.error = error;
  if (trouble.reported.empty()) ++failing_;
  if (trouble.reported != text) reports_.emplace_back(Failed{subject, error, text});
  trouble.reported = std::move(text);
  const std::uint32_t attempts = ++trouble.attempts;
  retry(node, subject, now_ + backoff(attempts));
  // A group or route that is refused may mean that what is known is wrong; once is enough to find out.
  if (attempts == 1 && !std::holds_alternative<NexthopKey>(subject)) wants_resync_ = true;
  if (const auto* prefix = std::get_if<IpPrefix>(&subject)) return close(route_at(*prefix));
  close(node);
}

void Reconciler::fail_quietly(Tracked& node, const Subject& subject) {
  if (!node.trouble) node.trouble = std::make_unique<Trouble>();
  retry(node, subject, now_ + backoff(++node.trouble->attempts));
  close(node);
}

// The kernel takes next hops and groups with their link before that is heard of. What builds on one is then
// refused (EINVAL, in places ENOENT), and would be so in vain again until the state has been read. Where the
// kernel says that the id is missing, the link may have come and gone once more meanwhile.
bool Reconciler::doubt(Tracked& node, const Subject& subject, const Outcome& outcome) {
  if (outcome.error == 0) node.doubts = 0;
  if (outcome.error != EINVAL && outcome.error != ENOENT) return false;
  if (node.doubts >= (misses_id(outcome) ? kDoubtsMost : 1)) return false;
  ++node.doubts;
  doubts_.push_back(subject);
  wants_resync_ = true;
  return true;
}

void Reconciler::recover(Tracked& node, const Subject& subject) {
  node.doubts = 0;
  if (!node.trouble) return;
  if (!node.trouble->reported.empty()) {
    --failing_;
    reports_.emplace_back(Recovered{subject});
  }
  clear_trouble(node);
}

bool Reconciler::deferred(const Tracked& node) {
  return node.trouble && node.trouble->retry_at;
}

void Reconciler::retry(Tracked& node, const Subject& subject, Instant when) {
  node.trouble->retry_at = when;
  retries_.emplace(when, subject);
}

std::chrono::milliseconds Reconciler::backoff(std::uint32_t times) const {
  const auto doublings = std::min<std::uint32_t>(times - 1, 20);
  return std::min(config_.retry_first * (1 << doublings), config_.retry_last);
}

}  // namespace wgospf::rib
