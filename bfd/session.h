#pragma once
// One BFD session in asynchronous mode (RFC 5880 6.8): pure. No socket, clock, thread or log; time comes in as an
// argument, jitter from a seeded generator.
//
// A session is of the active role, wants no demand mode and no echo of the other, and answers both as it must:
// to who asks for demand mode nothing periodic is sent (6.6), and Required Min Echo RX Interval is 0 (6.4).
//
// How it is driven: receive() every packet that the table has found to be this session's, handle_timeout() when
// poll_timeout() says so, all packets that wait first, or a session dies of our own pause; after either, drain
// poll_transmit() and poll_transition(). Any call may come too early or twice.

#include <deque>
#include <optional>

#include "bfd/packet.h"
#include "ospf/base/clock.h"
#include "ospf/base/random.h"

namespace wgospf::bfd {

using ospf::Duration;
using ospf::Instant;
using ospf::Random;

/// What is configured of a session; the names are those of RFC 9127.
struct Timers {
  std::uint8_t local_multiplier = 3;  ///< not 0
  Microseconds desired_min_tx_interval{50'000};
  Microseconds required_min_rx_interval{50'000};
  constexpr bool operator==(const Timers&) const = default;
};

/// RFC 5880 6.8.3: while a session is not Up, it wants to send once a second at most.
inline constexpr Microseconds kSlowInterval{1'000'000};

/// A change of the session's state.
struct Transition {
  State from = State::down;
  State to = State::down;
  Diagnostic local_diagnostic = Diagnostic::none;
  Diagnostic remote_diagnostic = Diagnostic::none;  ///< as last received
  State remote_state = State::down;                 ///< as last received
  constexpr bool operator==(const Transition&) const = default;
  /// RFC 5882 4.2: what a client takes for a failure of the path. It is none when the neighbour says that its session
  /// is administratively down, nor when ours is.
  [[nodiscard]] constexpr bool is_loss() const {
    return from == State::up && to == State::down && remote_state != State::admin_down;
  }
};

class Session {
 public:
  /// `local`: not 0, and nobody else's here. Its first packet is due at once.
  Session(Discriminator local, Timers timers, Random random, Instant now);

  /// RFC 5880 6.8.6, from where the session is known.
  void receive(Instant now, const ControlPacket& packet);
  /// RFC 5880 6.8.4, 6.8.7: what is due by now.
  void handle_timeout(Instant now);
  [[nodiscard]] Instant poll_timeout() const;
  [[nodiscard]] std::optional<ControlPacket> poll_transmit();
  [[nodiscard]] std::optional<Transition> poll_transition();

  /// RFC 5880 6.8.3 and 6.8.12: takes effect with a Poll Sequence, without the session going down.
  void configure(Timers timers);
  /// RFC 5880 6.8.16. Whoever does it lets the session send for a detection time more.
  void disable(Instant now);
  void enable(Instant now);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] State remote_state() const { return remote_state_; }
  [[nodiscard]] Diagnostic diagnostic() const { return diagnostic_; }
  [[nodiscard]] Diagnostic remote_diagnostic() const { return remote_diagnostic_; }
  [[nodiscard]] Discriminator discriminator() const { return local_; }
  [[nodiscard]] Discriminator remote_discriminator() const { return remote_; }
  [[nodiscard]] const Timers& timers() const { return timers_; }
  [[nodiscard]] std::uint8_t remote_multiplier() const { return remote_multiplier_; }
  [[nodiscard]] bool is_polling() const { return is_polling_; }
  /// RFC 5880 6.8.7: between packets of ours, before jitter; nullopt when nothing periodic is sent.
  [[nodiscard]] std::optional<Duration> transmit_interval() const;
  /// RFC 5880 6.8.4: how long the neighbour may be silent; nullopt before it has said anything.
  [[nodiscard]] std::optional<Duration> detection_time() const;

 private:
  void set_state(State state, Diagnostic diagnostic);
  void set_desired_min_tx_interval(Microseconds interval);
  void set_required_min_rx_interval(Microseconds interval);
  [[nodiscard]] Microseconds wanted_tx_interval() const;
  void begin_poll();
  void end_poll();
  void run_state_machine(const ControlPacket& packet);
  [[nodiscard]] ControlPacket current() const;
  void transmit(Instant now, bool is_final);
  void transmit_if_changed(Instant now);
  void draw_jitter();
  [[nodiscard]] Instant transmit_at() const;

  // RFC 5880 6.8.1, bfd.*.
  State state_ = State::down;
  State remote_state_ = State::down;
  const Discriminator local_;
  Discriminator remote_{};
  Diagnostic diagnostic_ = Diagnostic::none;
  Diagnostic remote_diagnostic_ = Diagnostic::none;
  Microseconds desired_min_tx_interval_ = kSlowInterval;
  Microseconds required_min_rx_interval_;
  Microseconds remote_min_rx_interval_{1};
  bool remote_demand_mode_ = false;

  Timers timers_;
  /// In force: what is said may wait for the end of a Poll Sequence (6.8.3).
  Microseconds tx_interval_in_use_ = kSlowInterval;
  Microseconds rx_interval_in_use_;
  std::uint8_t remote_multiplier_ = 0;
  Microseconds remote_desired_min_tx_interval_{};
  bool is_polling_ = false;
  bool polls_again_ = false;  ///< something has changed since this Poll Sequence began

  Random random_;
  Instant created_;
  std::optional<Instant> transmitted_{};  ///< last, Finals left out
  std::uint32_t jitter_millionths_ = 0;   ///< of the gap since then
  std::optional<Instant> received_{};     ///< last, while the detection time runs
  std::optional<ControlPacket> last_sent_{};
  std::deque<ControlPacket> to_send_{};
  std::deque<Transition> transitions_{};
};

}  // namespace wgospf::bfd
