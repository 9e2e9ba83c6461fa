// The core of a runner: inputs handed to it, its outputs drained, its timer.

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

#include "daemon/runner.h"

namespace wgospf::daemon {

namespace {
/// A deadline met so late means that this process stood still; the sockets are read before timers fire.
constexpr std::chrono::milliseconds kStall{50};
/// In so many turns at most: more than a full receive buffer takes.
constexpr unsigned kCatchUpTurns = 512;
}  // namespace

ospf::Instant Runner::now() const {
  return ospf::Instant{std::chrono::steady_clock::now().time_since_epoch()};
}

void Runner::feed(const ospf::Input& input) {
  if (phase_ >= Phase::stopping) return;
  const auto begin = now();
  instance_->handle(begin, input);
  turn_time_ = now() - begin;
  drain();
  if (const auto* received = std::get_if<ospf::Received>(&input)) liveness_.received(received->link);
}

void Runner::drain() {
  while (auto output = instance_->poll()) {
    std::visit([this](auto& item) { on_output(item); }, *output);
  }
}

void Runner::on_output(ospf::Transmit& packet) {
  links_.send(packet);
}

void Runner::on_output(ospf::RouteChange<V2>& change) {
  host_.teller().set_generation(change.generation);
  if (phase_ == Phase::running) pipeline_.take(change);
  if (phase_ == Phase::running) tell_clients(change);
  host_.teller().publish({std::move(change)});
}

void Runner::on_output(ospf::Event& event) {
  if (const auto* neighbor = std::get_if<ospf::NeighborStateChanged>(&event)) {
    claim_due_ = bfd_due_ = true;
    if (neighbor->to == ospf::NeighborState::full) pipeline_.set_usable(neighbor->link, true);
    if (phase_ == Phase::running) {
      liveness_.take(*neighbor);
      tell_endpoints(*neighbor);
    }
    // What is then said of the device is to be said of it as it is.
    const auto device = links_.device_name(neighbor->link);
    if (devices_to_check_.insert(device).second) host_.devices().read_soon(device);
    check_soon();
  }
  if (std::holds_alternative<ospf::RoutesCalculated>(event)) {
    calculation_times_.last = turn_time_;
    calculation_times_.total += turn_time_;
    calculation_times_.longest = std::max(calculation_times_.longest, turn_time_);
    claim_due_ = true;
    ways_to_routers_.reset();
    pipeline_.routes_calculated();
    beliefs_due_ = pipeline_.announces().has_doors();
  }
  if (std::holds_alternative<ospf::ShutdownComplete>(event)) flushed_ = true;
  if (const auto* limit = std::get_if<ospf::DatabaseLimit>(&event)) tell_database_limit(limit->is_full);
  host_.teller().publish({std::move(event)});
}

void Runner::tell_database_limit(bool is_full) {
  const auto& config = instance_->config();
  host_.teller().set_warning(
      "database_full", is_full ? fmt::format("the database is full: no more LSAs are taken from neighbors, "
                                             "and routes are missing; raise max-lsa ({}) or max-lsa-bytes "
                                             "({}) of database-control if this router has the memory",
                                             config.max_lsa, config.max_lsa_bytes)
                               : std::string());
}

void Runner::finish_turn() {
  if (phase_ == Phase::running) {
    pass_on_clients();
    pipeline_.submit();
    if (std::exchange(claim_due_, false)) check_claim();
    if (std::exchange(bfd_due_, false)) follow_bfd();
  }
  if (phase_ == Phase::flushing && flushed_) stop_rib();
  if (phase_ == Phase::stopped) pipeline_.write_back();
  arm_timer();
}

void Runner::arm_timer() {
  if (catching_up_) return;
  const auto deadline = phase_ < Phase::stopping ? instance_->poll_timeout() : std::nullopt;
  const auto at = deadline ? std::optional(deadline->at) : std::nullopt;
  if (at == armed_) return;
  armed_ = at;
  if (!at) {
    core_timer_.cancel();
    return;
  }
  core_timer_.expires_at(std::chrono::steady_clock::time_point{at->time_since_epoch()});
  core_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive && phase_ < Phase::stopping) on_timer();
  });
}

void Runner::on_timer() {
  const bool is_late = armed_ && now() - *armed_ > kStall;
  armed_.reset();
  catching_up_ = is_late;
  if (is_late) return catch_up(kCatchUpTurns);
  const auto begin = now();
  instance_->handle_timeout(begin);
  turn_time_ = now() - begin;
  drain();
  finish_turn();
}

// What the sockets held when a stall ended is handed to the core before its timers fire, hellos going out in
// between (the contract of Instance).
void Runner::catch_up(unsigned turns_left) {
  if (phase_ >= Phase::stopping) return;
  instance_->send_due_hellos(now());
  drain();
  if (links_.read_now() && turns_left > 0) {
    finish_turn();
    return boost::asio::post(host_.loop(), [this, alive = alive_, turns_left] {
      if (*alive) catch_up(turns_left - 1);
    });
  }
  catching_up_ = false;
  const auto begin = now();
  instance_->handle_timeout(begin);
  turn_time_ = now() - begin;
  drain();
  finish_turn();
}
}  // namespace wgospf::daemon
