#pragma once
// Small echoes to a neighbour at an interval, and what becomes of each: whether it answers, how long that takes, and
// how many are lost.
//
// Each is told of once, when it is answered or when its time is up; an answer that comes later is told, too, for it is
// a sign of life all the same. What lies in the socket is read before the time of any is up, so that a process that
// was stopped takes none for lost that was answered meanwhile. An answer has the identifier and the sequence number of
// an echo of this train, and its random bytes, each time others: who did not see the echo cannot have sent it.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "wgadapter/icmp_echo.h"

namespace wgospf::wg {

struct EchoTrain {
  std::uint64_t ticket = 0;
  EchoTarget target{};
  std::chrono::milliseconds interval{25};
  std::chrono::milliseconds wait{1000};  ///< for an answer
  unsigned most = 0;                     ///< echoes; 0: until it is stopped
};

struct EchoFate {
  enum class What : std::uint8_t {
    answered,
    unanswered,  ///< within its time
    over,        ///< the last report: all of `most` have been told of, or none can be sent
  };
  std::uint64_t ticket = 0;
  What what = What::over;
  std::chrono::nanoseconds round_trip{};  ///< of one that is answered
  bool is_late = false;                   ///< it had been told as unanswered
  std::string error{};                    ///< of one that is over: why no echo can be sent
};

class RunningTrain {
 public:
  using Clock = std::chrono::steady_clock;
  using Tell = std::function<void(const EchoFate&)>;
  RunningTrain(EchoTrain train, EchoSocket socket, std::mt19937& random, Tell tell);

  [[nodiscard]] std::uint64_t ticket() const { return train_.ticket; }
  [[nodiscard]] int fd() const { return socket_.fd(); }
  [[nodiscard]] Clock::time_point deadline() const;
  [[nodiscard]] bool is_over() const { return is_over_; }
  void receive(Clock::time_point now);
  /// After receive().
  void time_passed(Clock::time_point now);

 private:
  struct Sent {
    std::uint16_t sequence = 0;
    Clock::time_point at{};
    std::uint64_t cookie = 0;
    enum class State : std::uint8_t { waiting, told, answered } state = State::waiting;
  };
  [[nodiscard]] bool may_send() const { return train_.most == 0 || count_ < train_.most; }
  void send(Clock::time_point now);
  void take(const EchoReply& reply, Clock::time_point now);
  void end(std::string error);

  EchoTrain train_;
  EchoSocket socket_;
  std::mt19937& random_;
  Tell tell_;
  std::uint16_t identifier_;
  std::uint16_t sequence_ = 0;
  unsigned count_ = 0;
  std::deque<Sent> sent_{};  ///< of the last kRemembered
  Clock::time_point next_{};
  bool is_over_ = false;
};

}  // namespace wgospf::wg
