#include "bfd/session.h"

#include <algorithm>
#include <utility>

namespace wgospf::bfd {

Session::Session(Discriminator local, Timers timers, Random random, Instant now)
    : local_(local),
      required_min_rx_interval_(timers.required_min_rx_interval),
      timers_(timers),
      rx_interval_in_use_(timers.required_min_rx_interval),
      random_(random),
      created_(now) {
  desired_min_tx_interval_ = tx_interval_in_use_ = wanted_tx_interval();
}

// Timers (6.8.2 to 6.8.4, 6.8.7)
// ----------------------------------------------------------------------------------------------

std::optional<Duration> Session::transmit_interval() const {
  if (remote_min_rx_interval_.count() == 0) return std::nullopt;
  // 6.6, 6.8.7: the neighbour wants nothing periodic, except for a Poll Sequence of ours.
  const bool is_demand_active =
      remote_demand_mode_ && state_ == State::up && remote_state_ == State::up && !is_polling_;
  if (is_demand_active) return std::nullopt;
  return std::max(tx_interval_in_use_, remote_min_rx_interval_);
}

std::optional<Duration> Session::detection_time() const {
  if (remote_multiplier_ == 0) return std::nullopt;
  return Duration{std::max(rx_interval_in_use_, remote_desired_min_tx_interval_)} * remote_multiplier_;
}

/// 6.8.7: a gap between packets is shortened by 0 to 25 %, with a multiplier of 1 by 10 to 25 %, or the neighbour's
/// detection time would pass with the first packet that is a little late. Each gap is drawn once, when it begins, and
/// follows the interval while it lasts.
void Session::draw_jitter() {
  const std::uint32_t least = timers_.local_multiplier == 1 ? 100'000 : 0;
  jitter_millionths_ = least + static_cast<std::uint32_t>(random_.next() % (250'000 - least + 1));
}

Instant Session::transmit_at() const {
  if (!transmitted_) return created_;
  const auto interval = transmit_interval();
  return interval ? *transmitted_ + *interval - *interval / 1'000'000 * jitter_millionths_ : Instant::max();
}

Instant Session::poll_timeout() const {
  const auto detection = detection_time();
  const Instant expires = received_ && detection ? *received_ + *detection : Instant::max();
  return std::min(transmit_at(), expires);
}

void Session::handle_timeout(Instant now) {
  const auto detection = detection_time();
  if (received_ && detection && now - *received_ >= *detection) {
    received_.reset();
    remote_ = {};  // 6.8.1, bfd.RemoteDiscr
    if (state_ == State::init || state_ == State::up)
      set_state(State::down, Diagnostic::control_detection_time_expired);
    transmit_if_changed(now);
  }
  if (now >= transmit_at()) transmit(now, false);
}

/// 6.8.3: not below a second while the session is not Up.
Microseconds Session::wanted_tx_interval() const {
  return state_ == State::up ? timers_.desired_min_tx_interval
                             : std::max(timers_.desired_min_tx_interval, kSlowInterval);
}

/// 6.8.3: who is Up sends as often as before until the neighbour knows that it will be less.
void Session::set_desired_min_tx_interval(Microseconds interval) {
  if (interval == desired_min_tx_interval_) return;
  desired_min_tx_interval_ = interval;
  if (state_ != State::up || interval < tx_interval_in_use_) tx_interval_in_use_ = interval;
  begin_poll();
}

/// 6.8.3: who is Up waits as long as before until the neighbour knows that it shall send more often.
void Session::set_required_min_rx_interval(Microseconds interval) {
  if (interval == required_min_rx_interval_) return;
  required_min_rx_interval_ = interval;
  if (state_ != State::up || interval > rx_interval_in_use_) rx_interval_in_use_ = interval;
  begin_poll();
}

/// 6.5. What changes during a Poll Sequence takes one of its own: a Final may answer what was said before.
void Session::begin_poll() {
  polls_again_ = is_polling_;
  is_polling_ = true;
}

void Session::end_poll() {
  if (std::exchange(polls_again_, false)) return;
  is_polling_ = false;
  tx_interval_in_use_ = desired_min_tx_interval_;
  rx_interval_in_use_ = required_min_rx_interval_;
}

// Reception (6.8.6)
// ---------------------------------------------------------------------------------------------------------

void Session::receive(Instant now, const ControlPacket& packet) {
  remote_ = packet.my_discriminator;
  remote_state_ = packet.state;
  remote_diagnostic_ = packet.diagnostic;
  remote_demand_mode_ = packet.demand;
  remote_min_rx_interval_ = packet.required_min_rx_interval;
  if (is_polling_ && packet.final) end_poll();
  remote_multiplier_ = packet.detect_mult;
  remote_desired_min_tx_interval_ = packet.desired_min_tx_interval;
  if (state_ == State::admin_down) return;
  received_ = now;
  run_state_machine(packet);
  if (packet.poll)
    transmit(now, true);
  else
    transmit_if_changed(now);
}

/// RFC 5880 6.2 and 6.8.6, by the state that the neighbour says it is in.
void Session::run_state_machine(const ControlPacket& packet) {
  if (packet.state == State::admin_down) {
    if (state_ != State::down) set_state(State::down, Diagnostic::neighbor_signaled_session_down);
    return;
  }
  switch (state_) {
    case State::down:
      if (packet.state == State::down) set_state(State::init, Diagnostic::none);
      if (packet.state == State::init) set_state(State::up, Diagnostic::none);
      break;
    case State::init:
      if (packet.state == State::init || packet.state == State::up) set_state(State::up, Diagnostic::none);
      break;
    case State::up:
      if (packet.state == State::down) set_state(State::down, Diagnostic::neighbor_signaled_session_down);
      break;
    case State::admin_down:
      break;
  }
}

/// The one writer of the state.
void Session::set_state(State state, Diagnostic diagnostic) {
  transitions_.push_back({state_, state, diagnostic, remote_diagnostic_, remote_state_});
  state_ = state;
  diagnostic_ = diagnostic;
  if (state != State::up) rx_interval_in_use_ = required_min_rx_interval_;
  set_desired_min_tx_interval(wanted_tx_interval());
}

std::optional<Transition> Session::poll_transition() {
  if (transitions_.empty()) return std::nullopt;
  const Transition first = transitions_.front();
  transitions_.pop_front();
  return first;
}

// Transmission (6.8.7)
// --------------------------------------------------------------------------------------------------------

ControlPacket Session::current() const {
  ControlPacket packet;
  packet.diagnostic = diagnostic_;
  packet.state = state_;
  packet.detect_mult = timers_.local_multiplier;
  packet.my_discriminator = local_;
  packet.your_discriminator = remote_;
  packet.desired_min_tx_interval = desired_min_tx_interval_;
  packet.required_min_rx_interval = required_min_rx_interval_;
  return packet;
}

/// A Final is sent beside what is periodic; all else takes the place of the next periodic packet.
void Session::transmit(Instant now, bool is_final) {
  ControlPacket packet = current();
  last_sent_ = packet;
  packet.final = is_final;
  packet.poll = is_polling_ && !is_final;
  to_send_.push_back(packet);
  if (is_final) return;
  transmitted_ = now;
  draw_jitter();
}

/// 6.8.7: what is new is not kept for the next periodic packet.
void Session::transmit_if_changed(Instant now) {
  if (last_sent_ && *last_sent_ != current()) transmit(now, false);
}

std::optional<ControlPacket> Session::poll_transmit() {
  if (to_send_.empty()) return std::nullopt;
  const ControlPacket first = to_send_.front();
  to_send_.pop_front();
  return first;
}

// Configuration (6.8.3, 6.8.12, 6.8.16)
// ---------------------------------------------------------------------------------------

void Session::configure(Timers timers) {
  if (timers == timers_) return;
  timers_ = timers;
  set_desired_min_tx_interval(wanted_tx_interval());
  set_required_min_rx_interval(timers.required_min_rx_interval);
}

void Session::disable(Instant now) {
  if (state_ == State::admin_down) return;
  set_state(State::admin_down, Diagnostic::administratively_down);
  received_.reset();
  transmit_if_changed(now);
}

void Session::enable(Instant now) {
  if (state_ != State::admin_down) return;
  set_state(State::down, Diagnostic::none);
  transmit_if_changed(now);
}

}  // namespace wgospf::bfd
