#include "wgadapter/mtu_echoes.h"

#include <algorithm>
#include <utility>

namespace wgospf::wg {
namespace {

using std::chrono::milliseconds;

/// An answer is waited for so long at the first try of a size, twice as long at each further one.
constexpr milliseconds kFirstWait{300}, kShortestWait{100}, kLongestWait{1000};
/// In round trips, once one is known.
constexpr int kPatience = 4;
/// Answers that one look at a socket takes.
constexpr int kMtuAnswersTaken = 16;

}  // namespace

MtuEchoes::MtuEchoes(const MtuProbe& probe, EchoSocket socket, std::mt19937& random)
    : ticket_(probe.ticket),
      socket_(std::move(socket)),
      search_(probe.most),
      identifier_(static_cast<std::uint16_t>(random())),
      payload_(std::min<std::size_t>(probe.most, kIpDatagramMost)),
      wait_(kFirstWait) {
  for (auto& byte : payload_) byte = static_cast<std::uint8_t>(random());
  send_next(Clock::now());
}

void MtuEchoes::receive(Clock::time_point now) {
  socket_.receive(kMtuAnswersTaken, [&](const EchoReply& reply) { take(reply, now); });
}

void MtuEchoes::time_is_up(Clock::time_point now) {
  search_.lost();
  send_next(now);
}

void MtuEchoes::send_next(Clock::time_point now) {
  const auto size = search_.next();
  if (!size) {
    is_over_ = true;
    return;
  }
  sent_.insert_or_assign(++sequence_, Sent{*size, now});
  deadline_ = now + wait_ * (1 << search_.tries());
  const auto sent = socket_.send(std::span(payload_).first(*size - kIpHeader), identifier_, sequence_);
  if (sent) return;
  error_ = sent.error().text;
  is_over_ = true;
}

/// RFC 792: an echo reply to a packet of this search, or not.
void MtuEchoes::take(const EchoReply& reply, Clock::time_point now) {
  if (is_over_ || reply.identifier != identifier_) return;
  const auto sent = sent_.find(reply.sequence);
  if (sent == sent_.end() || reply.message.size() != sent->second.size - kIpHeader) return;
  if (!std::equal(reply.message.begin() + kIcmpHeader, reply.message.end(), payload_.begin() + kIcmpHeader))
    return;
  const auto round_trip = std::chrono::duration_cast<milliseconds>(now - sent->second.at);
  wait_ = std::clamp(kPatience * round_trip, kShortestWait, kLongestWait);
  search_.passed(sent->second.size);
  sent_.erase(sent);  // each is answered once
  send_next(now);
}

}  // namespace wgospf::wg
