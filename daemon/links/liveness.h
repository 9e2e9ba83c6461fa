#pragma once
// Whether the neighbour of one link is there, by everything that is known of it. Pure: time is an argument.
//
// Signs of life are OSPF packets, what WireGuard has taken from the peer (its counter and its handshakes), and answers
// to echoes. When no OSPF packet has come for a hello interval and a tenth the neighbour is suspect, until one comes: it
// is sent echoes, kInterval apart, and given up when the patience is over since the last sign and enough echoes in a row
// are unanswered. Only one that has answered while all was well is judged by echoes; for all others the dead
// interval holds. Outside of suspicion nothing is sent, but for a few echoes when it becomes Full and every
// kLearnAgain, from which it is known whether it answers, how fast, and how many are lost.
//
// How many are enough. A round trip fails with probability p, estimated over the last 64 or so and taken two
// standard deviations high, never below kLossFloor. A run of n unanswered echoes is an accident with p^n; n is the first for which that is below
// kAccident = 1e-8: 8 for a link that loses nothing (200 ms), 36 at p = 0.6. With hellos every second of which 30 % are
// lost, and 30 % of the echoes each way (p = 0.51, taken as 0.6), a month has 2.6e6 hellos, so 7.8e5 suspicions of about
// 1.4 s, 57 echoes each: 4.5e7 places at which a run could begin, of which 49 % follow an answer. Times 0.51^36 = 3e-11
// that is 7e-4 false alarms a month; if the estimate were a standard deviation too low (p taken as 0.54, n = 30), 0.04.
//
// An OSPF process that has died while its machine answers echoes is found by the dead interval. On a link that loses
// packets that is stretched likewise: to as many hellos as are lost in a row with less than 1e-7, p taken for the way
// here alone, at the most kStretchMost dead intervals; what loses nothing is not stretched. At p = 0.6 these are 32
// hellos; of 1.8e6 runs of hellos a month 1.8e6 * 0.3^24 are longer even where it is stretched to six dead intervals of
// four hellos alone: 5e-7.

#include <cstdint>
#include <optional>

#include "daemon/links/sign_of_life.h"
#include "ospf/down_reason.h"
#include "ospf/types.h"

namespace wgospf::daemon {

/// The loss of round trips, as far as it has been seen.
class LossEstimate {
 public:
  void note(bool is_lost);
  /// 0 to 1.
  [[nodiscard]] double mean() const { return mean_; }
  /// Two standard deviations above.
  [[nodiscard]] double high() const;
  [[nodiscard]] unsigned samples() const { return samples_; }

 private:
  double mean_ = 0;
  unsigned samples_ = 0;
};

class Liveness {
 public:
  using Instant = ospf::Instant;
  using Duration = ospf::Duration;

  static constexpr Duration kInterval = std::chrono::milliseconds{25};
  static constexpr double kLossFloor = 0.1, kAccident = 1e-8, kHelloAccident = 1e-7;
  static constexpr unsigned kStretchMost = 6;
  static constexpr Duration kLearnAgain = std::chrono::seconds{3600}, kLearnSoon = std::chrono::seconds{10};
  static constexpr unsigned kLearnedFrom = 5;  ///< echoes
  static constexpr Duration kLearnInterval = std::chrono::milliseconds{200};

  struct Settings {
    Duration hello_interval{}, dead_interval{};
    Duration patience{};  ///< 0: off
    bool operator==(const Settings&) const = default;
  };

  /// The neighbour has become Full.
  Liveness(const Settings& settings, Instant now);

  void set(const Settings& settings) { settings_ = settings; }
  [[nodiscard]] const Settings& settings() const { return settings_; }

  /// Something came from it at `at`. Of an OSPF packet: when its inactivity timer would fire.
  void heard(SignOfLife sign, Instant at);
  void set_dead_at(Instant at) { dead_at_ = at; }
  /// Since when nothing is known of the peer's counters: what grew before is no sign.
  [[nodiscard]] std::optional<Instant> suspect_since() const { return suspect_since_; }

  void answered(Duration round_trip, Instant now);
  void unanswered();
  /// The echoes by which it is learned whether it answers are through.
  void learned(Instant now);

  enum class Step : std::uint8_t {
    none,
    learn,  ///< send kLearnedFrom echoes, then call learned()
    probe,  ///< echoes from now on, until it is not suspect
    hold,   ///< its hellos are lost, it is there: restart its inactivity timer, and call held()
    lost,   ///< give it up
  };
  /// What is to be done now. Told once, but for lost; call again until it is none.
  [[nodiscard]] Step next(Instant now);
  void held(Instant dead_at) { dead_at_ = dead_at; }
  /// When to ask again at the latest, if nothing is heard meanwhile.
  [[nodiscard]] Instant next_look(Instant now) const;
  /// Since next() has said probe, and it is suspect still.
  [[nodiscard]] bool is_probed() const { return is_probed_; }

  /// How long an answer is waited for.
  [[nodiscard]] Duration echo_wait() const;
  [[nodiscard]] ospf::DownReason reason(Instant now) const;

  // What is shown.
  [[nodiscard]] Instant last_ospf_at() const { return last_ospf_; }
  /// How long the neighbour may give no sign of life at present; never more than the dead interval.
  [[nodiscard]] Duration patience() const;
  [[nodiscard]] Instant last_sign_at() const { return last_sign_; }
  [[nodiscard]] SignOfLife last_sign() const { return sign_; }
  [[nodiscard]] bool is_suspect() const { return suspect_since_.has_value(); }
  /// nullopt: not known yet.
  [[nodiscard]] std::optional<bool> answers_echoes() const { return answers_; }
  [[nodiscard]] const LossEstimate& loss() const { return loss_; }
  [[nodiscard]] std::optional<Duration> round_trip() const { return smoothed_; }
  /// Unanswered echoes in a row that are no accident.
  [[nodiscard]] unsigned enough() const;
  /// The dead interval, stretched by the loss.
  [[nodiscard]] Duration dead_after() const;

 private:
  [[nodiscard]] Duration suspect_after() const {
    return settings_.hello_interval + settings_.hello_interval / 10;
  }
  [[nodiscard]] bool judges_by_echoes() const { return settings_.patience.count() > 0 && answers_ == true; }
  void forget_suspicion();

  Settings settings_;
  Instant last_sign_, last_ospf_, dead_at_;
  SignOfLife sign_ = SignOfLife::ospf;
  std::optional<Instant> suspect_since_;
  bool is_probed_ = false;
  unsigned run_ = 0;  ///< unanswered since the last sign
  std::optional<Instant> learning_since_;
  bool has_answered_ = false;  ///< since then
  std::optional<bool> answers_;
  Instant learn_at_;
  LossEstimate loss_;
  std::optional<Duration> smoothed_;
  Duration variation_{};
};

}  // namespace wgospf::daemon
