#include "wgadapter/echo_train.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace wgospf::wg {
namespace {

using std::chrono::seconds;

/// An answer that comes later is none.
constexpr seconds kRemembered{3};
/// Answers that one look at a socket takes: more than can have come while the process was stopped.
constexpr int kEchoesTaken = 256;

constexpr std::size_t kMessage = kIcmpHeader + sizeof(std::uint64_t);

}  // namespace

RunningTrain::RunningTrain(EchoTrain train, EchoSocket socket, std::mt19937& random, Tell tell)
    : train_(std::move(train)),
      socket_(std::move(socket)),
      random_(random),
      tell_(std::move(tell)),
      identifier_(static_cast<std::uint16_t>(random())) {
  send(Clock::now());
}

RunningTrain::Clock::time_point RunningTrain::deadline() const {
  auto at = may_send() ? next_ : Clock::time_point::max();
  const auto waiting = std::find_if(sent_.begin(), sent_.end(),
                                    [](const Sent& echo) { return echo.state == Sent::State::waiting; });
  return waiting == sent_.end() ? at : std::min(at, waiting->at + train_.wait);
}

void RunningTrain::receive(Clock::time_point now) {
  (void)socket_.receive(kEchoesTaken, [&](const EchoReply& reply) { take(reply, now); });
}

void RunningTrain::time_passed(Clock::time_point now) {
  for (Sent& echo : sent_) {
    if (is_over_ || echo.state != Sent::State::waiting || now - echo.at < train_.wait) continue;
    echo.state = Sent::State::told;
    tell_({train_.ticket, EchoFate::What::unanswered});
  }
  if (may_send() && now >= next_) send(now);
  while (!sent_.empty() && sent_.front().state != Sent::State::waiting &&
         now - sent_.front().at > kRemembered)
    sent_.pop_front();
  const bool is_any_waiting = std::any_of(
      sent_.begin(), sent_.end(), [](const Sent& echo) { return echo.state == Sent::State::waiting; });
  if (!is_over_ && !may_send() && !is_any_waiting) end({});
}

void RunningTrain::send(Clock::time_point now) {
  next_ = now + train_.interval;
  const std::uint64_t cookie = (std::uint64_t{random_()} << 32) | random_();
  std::array<std::uint8_t, kMessage> message{};
  std::memcpy(&message[kIcmpHeader], &cookie, sizeof(cookie));
  const auto done = socket_.send(message, identifier_, ++sequence_);
  if (!done) return end(done.error().text);
  ++count_;
  sent_.push_back({sequence_, now, cookie});
}

void RunningTrain::take(const EchoReply& reply, Clock::time_point now) {
  if (is_over_ || reply.identifier != identifier_ || reply.message.size() != kMessage) return;
  const auto sent = std::find_if(sent_.begin(), sent_.end(),
                                 [&](const Sent& echo) { return echo.sequence == reply.sequence; });
  if (sent == sent_.end() || sent->state == Sent::State::answered) return;  // each is answered once
  if (std::memcmp(&reply.message[kIcmpHeader], &sent->cookie, sizeof(sent->cookie)) != 0) return;
  const bool is_late = sent->state == Sent::State::told;
  sent->state = Sent::State::answered;
  tell_({train_.ticket, EchoFate::What::answered, now - sent->at, is_late});
}

void RunningTrain::end(std::string error) {
  is_over_ = true;
  tell_({train_.ticket, EchoFate::What::over, {}, false, std::move(error)});
}

}  // namespace wgospf::wg
