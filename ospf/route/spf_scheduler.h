#pragma once
// When to run the route calculation: the back-off algorithm of RFC 8405, section 5, as a pure machine.
// Three timers belong to it (spf, spf_learn, spf_hold_down); the caller arms what a step asks for.

#include <cstdint>
#include <optional>

#include "ospf/config.h"

namespace wgospf::ospf {

class SpfScheduler {
 public:
  enum class State : std::uint8_t { quiet, short_wait, long_wait };

  /// What an IGP event asks for: run after `delay` (unset: a run is scheduled already), (re)start the
  /// hold-down timer, and start the learning timer.
  struct Step {
    std::optional<Duration> run_after;
    bool start_learning = false;
  };

  /// An IGP event (RFC 8405 section 5.4, transitions 1, 2 and 4). The hold-down timer is restarted by each.
  [[nodiscard]] Step igp_event(const SpfDelay& delay) {
    Step step;
    if (!scheduled_) {
      step.run_after = state_ == State::quiet        ? delay.initial_delay
                       : state_ == State::short_wait ? delay.short_delay
                                                     : delay.long_delay;
      scheduled_ = true;
    }
    if (state_ == State::quiet) {
      state_ = State::short_wait;
      step.start_learning = true;
    }
    return step;
  }
  void ran() { scheduled_ = false; }
  /// Transition 3.
  void learned() {
    if (state_ == State::short_wait) state_ = State::long_wait;
  }
  /// Transitions 5 and 6; the learning timer is to be stopped.
  void hold_down_over() { state_ = State::quiet; }

  [[nodiscard]] State state() const { return state_; }

 private:
  State state_ = State::quiet;
  bool scheduled_ = false;
};

}  // namespace wgospf::ospf
