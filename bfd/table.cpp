#include "bfd/table.h"

#include <algorithm>

namespace wgospf::bfd {

namespace {
/// RFC 5881 5.
constexpr std::uint8_t kTtl = 255;
/// A session that is not wanted any more goes on for its detection time (RFC 5880 6.8.16), but as long as the first at
/// least, for a neighbour that is not Up learns of it once a second, and no longer than the second: the neighbour says
/// how long a detection time is, up to days.
constexpr std::chrono::seconds kGoodbyeLeast{3}, kGoodbyeMost{60};

Duration goodbye(const Session& session) {
  return std::clamp<Duration>(session.detection_time().value_or(Duration{}), kGoodbyeLeast, kGoodbyeMost);
}

}  // namespace

Discriminator Table::new_discriminator() {
  for (;;) {
    const Discriminator candidate{random_.next_u32()};
    if (candidate != Discriminator{} && !by_discriminator_.contains(candidate)) return candidate;
  }
}

void Table::follow(Instant now, const std::vector<Wanted>& wanted) {
  std::set<Place> places;
  for (const Wanted& one : wanted) {
    places.insert(one.place);
    auto found = sessions_.find(one.place);
    if (found != sessions_.end() && found->second.source != one.source) {
      remove(found);
      found = sessions_.end();
    }
    if (found == sessions_.end()) {
      add(now, one);
      continue;
    }
    Entry& entry = found->second;
    const bool was_up = entry.session.state() == State::up;
    if (!entry.is_wanted && was_up) changes_.push_back({one.place, {State::down, State::up}});
    entry.is_wanted = true;
    entry.session.enable(now);
    entry.session.configure(one.timers);
    settle(now, found);
  }
  for (auto entry = sessions_.begin(); entry != sessions_.end(); ++entry) {
    if (!entry->second.is_wanted || places.contains(entry->first)) continue;
    retire(now, entry->second);
    settle(now, entry);
  }
}

void Table::add(Instant now, const Wanted& wanted) {
  const Discriminator discriminator = new_discriminator();
  const auto [entry, is_new] = sessions_.try_emplace(
      wanted.place, Entry{Session{discriminator, wanted.timers, Random{random_.next()}, now}, wanted.source});
  by_discriminator_.emplace(discriminator, wanted.place);
  entry->second.since = now;
  entry->second.deadline = entry->second.session.poll_timeout();
  deadlines_.emplace(entry->second.deadline, wanted.place);
}

void Table::retire(Instant now, Entry& entry) {
  entry.is_wanted = false;
  const bool has_failed =
      entry.session.state() == State::down && entry.session.diagnostic() != Diagnostic::none;
  if (!has_failed) return disable(now, entry);
  entry.ends = now + goodbye(entry.session);
}

void Table::disable(Instant now, Entry& entry) {
  entry.ends = now + goodbye(entry.session);
  entry.session.disable(now);
}

void Table::remove(Entries::iterator entry) {
  deadlines_.erase({entry->second.deadline, entry->first});
  by_discriminator_.erase(entry->second.session.discriminator());
  sessions_.erase(entry);
}

/// After anything that a session was told: what it sends, what has become of it, and when it is asked again.
void Table::settle(Instant now, Entries::iterator entry) {
  auto& [place, it] = *entry;
  while (const auto packet = it.session.poll_transmit()) {
    ++it.counters.sent;
    departures_.push_back({place, *packet});
  }
  while (const auto transition = it.session.poll_transition()) {
    it.since = now;
    it.counters.went_up += transition->to == State::up ? 1 : 0;
    it.counters.went_down += transition->from == State::up ? 1 : 0;
    if (it.is_wanted) changes_.push_back({place, *transition});
  }
  const Instant deadline =
      it.is_wanted ? it.session.poll_timeout() : std::min(it.session.poll_timeout(), it.ends);
  if (deadline == it.deadline) return;
  deadlines_.erase({it.deadline, place});
  it.deadline = deadline;
  deadlines_.emplace(deadline, place);
}

void Table::receive(Instant now, const Arrival& arrival) {
  if (arrival.ttl != kTtl) return discard(Discard::ttl);
  const auto decoded = decode(arrival.payload);
  if (const auto* error = std::get_if<DecodeError>(&decoded)) return discard(error->reason);
  const auto& packet = std::get<ControlPacket>(decoded);
  auto found = sessions_.end();
  if (packet.your_discriminator != Discriminator{}) {
    const auto place = by_discriminator_.find(packet.your_discriminator);
    if (place == by_discriminator_.end()) return discard(Discard::unknown_discriminator);
    // Who has not the neighbour's address on its link cannot be the neighbour, whatever it knows.
    if (place->second != arrival.from) return discard(Discard::source);
    found = sessions_.find(place->second);
  } else {
    found = sessions_.find(arrival.from);
    if (found == sessions_.end()) return discard(Discard::no_session);
  }
  if (packet.authentication_present) return discard(Discard::authentication);
  ++found->second.counters.received;
  found->second.session.receive(now, packet);
  settle(now, found);
}

void Table::handle_timeout(Instant now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto entry = sessions_.find(deadlines_.begin()->second);
    if (!entry->second.is_wanted && now >= entry->second.ends) {
      if (entry->second.session.state() == State::admin_down) {
        remove(entry);
        continue;
      }
      disable(now, entry->second);
    }
    entry->second.session.handle_timeout(now);
    settle(now, entry);
  }
}

Instant Table::poll_timeout() const {
  return deadlines_.empty() ? Instant::max() : deadlines_.begin()->first;
}

std::optional<Departure> Table::poll_transmit() {
  if (departures_.empty()) return std::nullopt;
  const Departure first = departures_.front();
  departures_.pop_front();
  return first;
}

std::optional<Change> Table::poll_change() {
  if (changes_.empty()) return std::nullopt;
  const Change first = changes_.front();
  changes_.pop_front();
  return first;
}

std::vector<SessionView> Table::views() const {
  std::vector<SessionView> views;
  for (const auto& [place, entry] : sessions_) {
    if (!entry.is_wanted) continue;
    const Session& session = entry.session;
    views.push_back({place, entry.source, session.state(), session.remote_state(), session.diagnostic(),
                     session.remote_diagnostic(), session.discriminator(), session.remote_discriminator(),
                     session.timers(), session.remote_multiplier(), session.transmit_interval(),
                     session.detection_time(), entry.since, entry.counters});
  }
  return views;
}

std::vector<std::pair<Place, IpAddress>> Table::places() const {
  std::vector<std::pair<Place, IpAddress>> places;
  places.reserve(sessions_.size());
  for (const auto& [place, entry] : sessions_) places.emplace_back(place, entry.source);
  return places;
}

}  // namespace wgospf::bfd
