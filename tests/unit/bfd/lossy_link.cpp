#include "tests/unit/bfd/lossy_link.h"

#include <algorithm>

namespace wgospf::bfd {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {
constexpr std::uint32_t kIfindex = 3;
constexpr milliseconds kTrouble{4000};
/// In it two slow packets and what follows them find their way.
constexpr milliseconds kSettle{6000};
constexpr milliseconds kRest{1000};

IpAddress address_of(std::size_t end) {
  return Ipv4Address{0x0a000001 + static_cast<std::uint32_t>(end)};
}
}  // namespace

LossyLink::LossyLink(std::uint64_t seed)
    : random_(seed), ends_{{{Table{random_.next()}}, {Table{random_.next()}}}} {
  quiet_at_ = now_ + kTrouble;
  for (std::size_t i = 0; i < 2; ++i) {
    ends_[i].wanted = {{kIfindex, address_of(1 - i)}, address_of(i), timers()};
    ends_[i].table.follow(now_, {ends_[i].wanted});
  }
}

Timers LossyLink::timers() {
  constexpr std::array<std::uint32_t, 6> kIntervals{20'000, 50'000, 50'000, 100'000, 300'000, 1'500'000};
  return {static_cast<std::uint8_t>(1 + random_.next() % 5),
          Microseconds{kIntervals[random_.next() % kIntervals.size()]},
          Microseconds{kIntervals[random_.next() % kIntervals.size()]}};
}

void LossyLink::want(End& end) {
  if (end.table.views().empty()) end.configured = now_;
  end.table.follow(now_, {end.wanted});
}

/// Once in a while, while there is trouble.
void LossyLink::act() {
  End& end = ends_[random_.next() % 2];
  switch (random_.next() % 8) {
    case 0:
      loss_ = static_cast<unsigned>(random_.next() % 60);
      break;
    case 1:
      cut_ = {chance(50), chance(50)};
      break;
    case 2:
      cut_ = {};
      break;
    case 3:
      delay_ = milliseconds{random_.next() % 40};
      break;
    case 4:
      end.wanted.timers = timers();
      end.configured = now_;
      end.table.follow(now_, {end.wanted});
      break;
    case 5:
      end.table.follow(now_, {});
      end.state = State::down;
      break;
    case 6:  // the process starts anew
      end.table = Table{random_.next()};
      end.state = State::down;
      end.heard.reset();
      end.table.follow(now_, {end.wanted});
      break;
    default:
      want(end);
      break;
  }
}

// RFC 5880 6.8.7: what is sent.
void LossyLink::check_packet(const ControlPacket& packet) {
  if (packet.poll && packet.final) fail("6.5: Poll and Final in one packet");
  if (packet.demand || packet.authentication_present) fail("4.1: a flag of what we do not do");
  if (packet.my_discriminator == Discriminator{}) fail("6.8.7: no discriminator");
  if (packet.state != State::up && packet.desired_min_tx_interval < kSlowInterval)
    fail("6.8.3: fast without being Up");
  const auto bytes = encode(packet);
  const auto decoded = decode(bytes);
  if (!std::holds_alternative<ControlPacket>(decoded)) fail("6.8.6: we would discard it ourselves");
}

// RFC 5880 6.8.4: nobody is given up before its time.
void LossyLink::check_change(End& end, const Transition& transition) {
  const bool has_expired = transition.to == State::down &&
                           transition.local_diagnostic == Diagnostic::control_detection_time_expired;
  if (transition.is_loss()) ++losses_;
  if (transition.to == State::up && !end.heard) fail("6.2: Up, and never heard anything");
  if (has_expired) {
    const bool is_exact = end.heard && end.configured < *end.heard;
    if (!end.heard || !end.detection || now_ - *end.heard < *end.detection ||
        (is_exact && now_ - *end.heard != *end.detection))
      fail("6.8.4: given up at another time than the detection time");
  }
  if (transition.from == transition.to) fail("6.2: a change that is none");
  end.state = transition.to;
}

void LossyLink::drain(std::size_t from) {
  End& end = ends_[from];
  while (const auto departure = end.table.poll_transmit()) {
    ++packets_;
    check_packet(departure->packet);
    const bool is_lost = cut_[from] || chance(loss_);
    const unsigned copies = is_lost ? 0 : (chance(loss_ / 8) ? 2 : 1);
    for (unsigned copy = 0; copy < copies; ++copy) {
      const Duration way = milliseconds{1} + delay_ + milliseconds{loss_ == 0 ? 0 : random_.next() % 8};
      in_flight_.emplace(now_ + way, std::pair{1 - from, encode(departure->packet)});
    }
  }
  while (const auto change = end.table.poll_change()) check_change(end, change->transition);
}

void LossyLink::deliver() {
  while (!in_flight_.empty() && in_flight_.begin()->first <= now_) {
    const auto [to, bytes] = in_flight_.begin()->second;
    in_flight_.erase(in_flight_.begin());
    const auto views = ends_[to].table.views();
    const std::uint64_t before = views.empty() ? 0 : views[0].counters.received;
    ends_[to].table.receive(now_, {{kIfindex, address_of(1 - to)}, 255, bytes});
    const auto after = ends_[to].table.views();
    if (!after.empty() && after[0].counters.received > before) ends_[to].heard = now_;
    drain(to);
  }
}

/// When all is quiet: both Up, each with what the other has, no Poll Sequence, and so it stays.
void LossyLink::check_rest() {
  for (std::size_t i = 0; i < 2; ++i) {
    const auto mine = ends_[i].table.views().at(0), other = ends_[1 - i].table.views().at(0);
    if (mine.state != State::up) return fail("6.2: not Up in the end");
    if (ends_[i].state != State::up) fail("what was told is not what is");
    if (mine.remote_discriminator != other.discriminator) fail("6.8.1: the other's discriminator is another");
    const auto timers = mine.timers, others = other.timers;
    if (mine.transmit_interval !=
        Duration{std::max(timers.desired_min_tx_interval, others.required_min_rx_interval)})
      fail("6.8.2: another interval than negotiated");
    if (mine.detection_time !=
        Duration{std::max(timers.required_min_rx_interval, others.desired_min_tx_interval)} *
            others.local_multiplier)
      fail("6.8.4: another detection time than negotiated");
  }
}

std::string LossyLink::run() {
  Instant next_act = now_;
  const Instant rest_at = quiet_at_ + kSettle, end_at = rest_at + kRest;
  bool is_quiet = false, is_resting = false;
  while (now_ < end_at && wrong_.empty()) {
    if (!is_quiet && now_ >= quiet_at_) {
      is_quiet = true;
      loss_ = 0;
      cut_ = {};
      delay_ =
          std::min<Duration>(delay_, milliseconds{4});  // a packet behind a multiplier of 1 must not be late
      for (auto& end : ends_) want(end);
    } else if (!is_quiet && now_ >= next_act) {
      act();
      next_act = now_ + milliseconds{50 + random_.next() % 400};
    }
    for (std::size_t i = 0; i < 2; ++i) drain(i);
    deliver();
    if (is_quiet && !is_resting && now_ >= rest_at) {
      is_resting = true;
      check_rest();
      losses_ = 0;
    }
    for (std::size_t i = 0; i < 2; ++i) {
      const auto views = ends_[i].table.views();
      ends_[i].detection = views.empty() ? std::nullopt : views[0].detection_time;
      ends_[i].table.handle_timeout(now_);
      drain(i);
    }
    Instant next =
        std::min(end_at, is_quiet ? (is_resting ? end_at : rest_at) : std::min(quiet_at_, next_act));
    if (!in_flight_.empty()) next = std::min(next, in_flight_.begin()->first);
    for (const auto& end : ends_) next = std::min(next, end.table.poll_timeout());
    now_ = std::max(next, now_ + std::chrono::nanoseconds{1});
  }
  if (is_resting && losses_ != 0) fail("6.8.4: a session was lost at rest");
  return wrong_;
}

}  // namespace wgospf::bfd
