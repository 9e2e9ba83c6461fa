#include "rib/table_reconciler.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <utility>

namespace wgospf::rib {

namespace {

/// The name of the process with this netlink port, which mostly is its number; empty when there is none now.
std::string process_at(std::uint32_t port) {
  std::ifstream file("/proc/" + std::to_string(port) + "/comm");
  std::string name;
  if (port == 0 || !std::getline(file, name)) return {};
  return "process " + std::to_string(port) + " (" + name + ")";
}

RouteContext context_of(const TableConfig& config) {
  return {config.table, config.metric, config.ids.value_or(default_id_range(config.table))};
}

}  // namespace

TableReconciler::TableReconciler(Kernel& kernel, Setup setup)
    : kernel_(kernel),
      setup_(std::move(setup)),
      context_(context_of(setup_.config)),
      rivals_(context_),
      reconciler_(ReconcilerConfig{.ids = context_.ids,
                                   .rivals = [this](const IpPrefix& prefix) { return rivals_.of(prefix); }}),
      lookup_(context_.table),
      batch_(setup_.batch) {
  ours_ = readings_.add([this] {
    ++tally_.resyncs;
    return read_ours();
  });
  rivals_reading_ = readings_.add([this] { return read_rivals(); });
  rules_ = readings_.add([this] { return read_rules(); });
}

std::optional<Error> TableReconciler::begin() {
  if (context_.ids.first == 0 || context_.ids.count < 16) {
    return Error{EINVAL, "the range of next hop ids must not begin with 0 and must hold at least 16"};
  }
  if (auto error = former_runs_.read(kernel_.requests, context_)) return error;
  for (const auto& [ifindex, usable] : kernel_.links) set_link(ifindex, usable);
  for (const auto& [ifindex, table] : kernel_.vrfs) {
    (void)lookup_.heard_of_vrf(ifindex, table);
  }
  if (auto error = read_ours()) return error;
  if (auto error = read_rivals()) return error;
  if (auto error = read_rules()) return error;
  publish();
  return std::nullopt;
}

void TableReconciler::take(TableCommand& command) {
  std::visit([this](auto& c) { take_as(c); }, command);
}

void TableReconciler::take_as(Stop& command) {
  if (stop_ || ended_) return;
  stop_ = command;
  if (command.on_stop == OnStop::keep_routes) return end();
  // What went unnoticed so far would otherwise stay behind for good.
  if (auto error = read_ours()) readings_.failed(*error, reports_);
  reconciler_.abandon();
}

void TableReconciler::take_as(LetGo& command) {
  if (let_go_) return;
  let_go_ = std::move(command.done);
  if (ended_) return let_go_->set_value();
  Stop as_it_is;
  take_as(as_it_is);
}

void TableReconciler::end() {
  for (Report& last : reconciler_.take_reports()) reports_.push_back(std::move(last));
  reports_.emplace_back(Stopped{reconciler_.sizes().routes});
  report();
  ended_ = true;
  if (let_go_) let_go_->set_value();
}

void TableReconciler::heard(const Message& message) {
  const std::size_t before = reconciler_.drifts();
  std::visit([this](const auto& m) { heard_as(m); }, message);
  if (reconciler_.drifts() == before) return;
  if (const auto* route = std::get_if<RouteMessage>(&message)) drift_sender_ = route->sender;
  if (const auto* nexthop = std::get_if<NexthopMessage>(&message)) drift_sender_ = nexthop->sender;
}

void TableReconciler::apply_rivals() {
  for (const IpPrefix& prefix : rivals_.take_changed()) reconciler_.rivals_changed(prefix);
  if (rivals_.wants_reading()) want_rivals();
}

void TableReconciler::want_rivals() {
  readings_.want(rivals_reading_, std::max(kernel_.now + kSettleTime, rivals_earliest_));
}

bool TableReconciler::keeps(Family family) const {
  const auto& families = setup_.config.families;
  return std::find(families.begin(), families.end(), family) != families.end();
}

void TableReconciler::heard_as(const RouteMessage& message) {
  if (message.table != context_.table || message.tos != 0 || message.cloned) return;
  if (!keeps(family_of(message.prefix))) return;
  const bool ours = is_ours(message, context_);
  const auto before = rivals_.of(message.prefix);
  if (!ours) rivals_.heard(message, reconciler_.has_route(message.prefix));
  if (message.metric == context_.metric) heard_of_slot(message, ours, before && before->in_slot);
}

void TableReconciler::heard_of_slot(const RouteMessage& message, bool is_ours, bool slot_is_shared) {
  const Instant now = kernel_.now;
  if (message.removed && is_ours && message.by_kernel) {
    // IPv6 routes that leave with their link: the link's own notification explains it in a moment.
    readings_.want(ours_, now + kSettleTime);
  } else if (message.removed) {
    reconciler_.route_removed(message.prefix, is_ours ? message.nexthop_id : 0, now);
  } else if (is_ours) {
    reconciler_.route_seen({message.prefix, message.nexthop_id, message.source}, now);
  } else if (message.replaces && !slot_is_shared) {
    reconciler_.route_seen({message.prefix, 0, std::nullopt}, now);
  }
}

// The kernel takes a next hop's routes with it, and leads them elsewhere when it is replaced, without a word.
void TableReconciler::heard_as(const NexthopMessage& message) {
  const bool ours = is_ours(message, context_);
  if (message.removed && !ours) {
    sooner(blocked_due_, kernel_.now + kSettleTime);
    if (!rivals_.empty()) want_rivals();
  }
  if (message.removed && context_.ids.contains(message.id)) {
    reconciler_.id_removed(message.id, kernel_.now);
  } else if (!ours) {
    return;
  } else if (message.is_group) {
    reconciler_.group_seen({message.id, message.members}, kernel_.now);
  } else {
    reconciler_.nexthop_seen({message.id, message.key}, kernel_.now);
  }
}

void TableReconciler::heard_as(const RuleMessage& message) {
  if (lookup_.heard(message)) readings_.want(rules_, kernel_.now);
}

void TableReconciler::heard(const LinkEvent& event) {
  const bool is_gone = event.kind == LinkEvent::Kind::removed;
  if (lookup_.heard_of_vrf(event.link.ifindex, is_gone ? 0 : event.link.vrf_table))
    readings_.want(rules_, kernel_.now);
  if (is_gone || !event.link.flags.up) sooner(blocked_due_, kernel_.now + kSettleTime);
  for (const LinkAddress& address : event.went) heard_of_lost_address(address.address);
  if (!event.came.empty()) reconciler_.address_added();
}

void TableReconciler::set_link(std::uint32_t ifindex, bool usable) {
  if (usable) {
    reconciler_.link_up(ifindex);
  } else {
    reconciler_.link_down(ifindex);
  }
  if (rivals_.uses_link(ifindex)) want_rivals();
}

void TableReconciler::forget_link(std::uint32_t ifindex) {
  reconciler_.link_removed(ifindex);
  if (rivals_.uses_link(ifindex)) want_rivals();
}

void TableReconciler::heard_of_lost_address(const IpAddress& address) {
  sooner(blocked_due_, kernel_.now + kSettleTime);
  if (!rivals_.empty()) want_rivals();
  if (reconciler_.uses_source(address)) readings_.want(ours_, kernel_.now + kSettleTime);
}

bool TableReconciler::work() {
  const std::vector<Operation> operations = reconciler_.next(kernel_.now, batch_);
  const bool busy = !operations.empty();
  if (busy) {
    execute(operations);
  } else if (!stop_ && reconciler_.claimed() && remove_former_runs()) {
    return true;
  } else if (stop_) {
    end();
  }
  return busy;
}

bool TableReconciler::remove_former_runs() {
  const std::size_t before = reports_.size();
  const bool more = former_runs_.remove_some(kernel_.requests, batch_, kernel_.take_range, reports_);
  if (reports_.size() != before) readings_.want(rivals_reading_, kernel_.now);  // they may have hidden ours
  return more;
}

void TableReconciler::execute(const std::vector<Operation>& operations) {
  const RouteSocket::Batch batch = kernel_.requests.execute(operations, context_);
  kernel_.now = std::chrono::steady_clock::now();
  ++tally_.system_calls;
  tally_.messages += operations.size();
  if (batch.lost) {
    ++kernel_.overruns;
    reports_.emplace_back(Overrun{"acknowledgements of the kernel were lost; its state is read again"});
  }
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (batch.outcomes[i].error != 0) ++tally_.failures;
    reconciler_.completed(operations[i], batch.outcomes[i], kernel_.now);
  }
  // A batch whose answers are too many for the buffer would lose them each time.
  batch_ = batch.lost ? std::max<std::size_t>(batch_ / 2, 1) : std::min(batch_ * 2, setup_.batch);
  if (!batch.lost) return;
  // At once, also while stopping: the reconciler does nothing until then.
  if (auto error = read_ours()) {
    readings_.want(ours_, kernel_.now);
    readings_.failed(*error, reports_);
  }
}

void TableReconciler::report() {
  for (Report& fresh : reconciler_.take_reports()) {
    if (auto* drift = std::get_if<Drift>(&fresh)) {
      tally_.drift += drift->count;
      drift->who = process_at(std::exchange(drift_sender_, 0));
    }
    reports_.push_back(std::move(fresh));
  }
  publish();
  if (!reports_.empty() && setup_.callback) setup_.callback(std::exchange(reports_, {}));
}

void TableReconciler::publish() {
  static_cast<Sizes&>(tally_) = reconciler_.sizes();
  tally_.overruns = kernel_.overruns;
  tally_.ticket = reconciler_.acknowledged();
  tally_.links = kernel_.links.size();
  tally_.claimed = reconciler_.claimed();
  const std::lock_guard lock(setup_.published->mutex);
  setup_.published->counters = tally_;
}

}  // namespace wgospf::rib
