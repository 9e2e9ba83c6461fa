#include "daemon/links/liveness.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace wgospf::daemon {
namespace {

using ospf::Duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// The estimate goes by about so many round trips; the first ones count as if some before them had not been lost.
constexpr unsigned kWindow = 64, kAssumed = 8;
constexpr unsigned kEnoughMost = 400;
constexpr Duration kFirstWait = seconds{1}, kShortestWait = milliseconds{50}, kLongestWait = seconds{1};
/// Before its inactivity timer fires.
constexpr Duration kHoldEarly = milliseconds{250};

/// The first n for which loss^n is below.
unsigned run_below(double loss, double probability) {
  if (loss <= 0) return 1;
  if (loss >= 1) return kEnoughMost;
  const double run = std::ceil(std::log(probability) / std::log(loss) - 1e-9);
  return static_cast<unsigned>(std::clamp(run, 1.0, double{kEnoughMost}));
}

}  // namespace

void LossEstimate::note(bool is_lost) {
  samples_ = std::min(samples_ + 1, 2 * kWindow - 1 - kAssumed);
  const double weight = std::max(1.0 / kWindow, 1.0 / (samples_ + kAssumed));
  mean_ += ((is_lost ? 1.0 : 0.0) - mean_) * weight;
}

// Weights that fall off exponentially come to a mean over 2 * kWindow - 1 samples.
double LossEstimate::high() const {
  const double samples = samples_ + kAssumed;
  return std::min(mean_ + 2 * std::sqrt(mean_ * (1 - mean_) / samples), 0.99);
}

Liveness::Liveness(const Settings& settings, Instant now)
    : settings_(settings),
      last_sign_(now),
      last_ospf_(now),
      dead_at_(now + settings.dead_interval),
      learn_at_(now) {}

void Liveness::heard(SignOfLife sign, Instant at) {
  if (sign == SignOfLife::ospf) {
    last_ospf_ = std::max(last_ospf_, at);
    forget_suspicion();
  }
  if (at < last_sign_) return;
  last_sign_ = at;
  sign_ = sign;
  // What was lost before an OSPF packet, or in a train that has ended, is not known to be lost for good.
  run_ = 0;
}

void Liveness::forget_suspicion() {
  suspect_since_.reset();
  is_probed_ = false;
}

// RFC 6298 section 2 for the round trip.
void Liveness::answered(Duration round_trip, Instant now) {
  has_answered_ = true;
  answers_ = true;
  for (; run_ > 0; --run_) loss_.note(true);
  loss_.note(false);
  if (!smoothed_) {
    smoothed_ = round_trip;
    variation_ = round_trip / 2;
  } else {
    const Duration off = round_trip > *smoothed_ ? round_trip - *smoothed_ : *smoothed_ - round_trip;
    variation_ += (off - variation_) / 4;
    *smoothed_ += (round_trip - *smoothed_) / 8;
  }
  heard(SignOfLife::echo, now);
}

void Liveness::unanswered() {
  ++run_;
}

void Liveness::learned(Instant now) {
  if (!learning_since_) return;
  // Where nothing else has come either, that says nothing of echoes.
  const bool is_certain = has_answered_ || last_ospf_ > *learning_since_;
  learning_since_.reset();
  learn_at_ = now + (is_certain ? kLearnAgain : kLearnSoon);
  if (is_certain) answers_ = has_answered_;
  if (is_suspect()) return;
  if (has_answered_)
    for (; run_ > 0; --run_) loss_.note(true);
  run_ = 0;
}

Liveness::Step Liveness::next(Instant now) {
  if (settings_.patience.count() == 0) {
    forget_suspicion();
    return Step::none;
  }
  if (!suspect_since_ && now - last_ospf_ >= suspect_after() && judges_by_echoes()) {
    suspect_since_ = now;
    run_ = 0;
  }
  if (!suspect_since_) {
    if (learning_since_ || now < learn_at_) return Step::none;
    learning_since_ = now;
    has_answered_ = false;
    run_ = 0;
    return Step::learn;
  }
  if (!is_probed_) {
    is_probed_ = true;
    return Step::probe;
  }
  if (now - last_sign_ >= settings_.patience && run_ >= enough()) return Step::lost;
  const bool is_there = now - last_sign_ < settings_.patience && sign_ != SignOfLife::ospf;
  const bool is_due = now + kHoldEarly >= dead_at_ && now < dead_at_;
  if (is_there && is_due && dead_at_ < last_ospf_ + dead_after()) return Step::hold;
  return Step::none;
}

ospf::Instant Liveness::next_look(Instant now) const {
  if (settings_.patience.count() == 0) return now + kLearnAgain;
  if (!suspect_since_) {
    const Instant suspect = std::max(last_ospf_ + suspect_after(), now + milliseconds{1});
    const Instant learn = learning_since_ ? now + kLearnAgain : std::max(learn_at_, now + milliseconds{1});
    return judges_by_echoes() ? std::min(suspect, learn) : learn;
  }
  const Instant patience = last_sign_ + settings_.patience;
  if (patience > now) return std::min(patience, now + kInterval);
  return now + kInterval;
}

ospf::Duration Liveness::echo_wait() const {
  if (!smoothed_) return kFirstWait;
  return std::clamp(*smoothed_ + 4 * variation_, kShortestWait, kLongestWait);
}

ospf::DownReason Liveness::reason(Instant now) const {
  return {ospf::DownReason::Kind::silent, now - last_sign_, run_};
}

ospf::Duration Liveness::patience() const {
  if (answers_ != true) return settings_.dead_interval;
  const Duration probed = suspect_after() + enough() * kInterval + echo_wait();
  return std::min(std::max(settings_.patience, probed), settings_.dead_interval);
}

unsigned Liveness::enough() const {
  return run_below(std::max(loss_.high(), kLossFloor), kAccident);
}

ospf::Duration Liveness::dead_after() const {
  const Duration hellos = settings_.hello_interval * run_below(loss_.high(), kHelloAccident);
  return std::clamp(hellos, settings_.dead_interval, settings_.dead_interval * kStretchMost);
}

}  // namespace wgospf::daemon
