#include "wgadapter/endpoint_search.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "wgadapter/peer_changes.h"

namespace wgospf::wg {

namespace {
/// Handshakes are told by another clock, and readings come at intervals.
constexpr std::chrono::seconds kSlack{10};
}  // namespace

// What is known
// ---------------------------------------------------------------------------------------------------

EndpointSearch::Place* EndpointSearch::find(const Endpoint& endpoint) {
  const auto found = std::find_if(places_.begin(), places_.end(),
                                  [&](const Place& place) { return place.endpoint == endpoint; });
  return found == places_.end() ? nullptr : &*found;
}

std::vector<EndpointSearch::Candidate> EndpointSearch::written() const {
  std::vector<Candidate> written;
  for (const Place& place : places_)
    if (!place.origin.empty()) written.push_back(place);
  return written;
}

void EndpointSearch::set_candidates(std::vector<Candidate> candidates) {
  const auto trying = trial_ ? std::optional(places_[trial_->place].endpoint) : std::nullopt;
  std::vector<Place> former = std::exchange(places_, {});
  const auto add = [&](const Candidate& candidate) {
    if (places_.size() >= kPlacesMost || find(candidate.endpoint) != nullptr) return;
    Place place{candidate};
    const auto known = std::find_if(former.begin(), former.end(),
                                    [&](const Place& other) { return other.endpoint == candidate.endpoint; });
    if (known != former.end()) {
      place = *known;
      place.origin = candidate.origin;
    }
    places_.push_back(std::move(place));
  };
  for (const auto& candidate : candidates) add(candidate);
  // Where it roamed to, or what was set by hand, is a place to seek it at until it is heard elsewhere.
  if (phase_ != Phase::heard)
    for (const Place& place : former)
      if (place.origin.empty()) add(place);
  if (endpoint_ && phase_ != Phase::searching) add({*endpoint_, {}});
  if (!trying) return;
  const Place* place = find(*trying);
  if (place == nullptr) return trial_.reset();
  trial_->place = static_cast<std::size_t>(place - places_.data());
  // Who is sought where he was lost is sought at once where he may be by now.
  const bool is_news = std::any_of(places_.begin(), places_.end(), [](const Place& other) {
    return !other.is_tried && !other.has_failed && other.outcome == Outcome::untried;
  });
  if (is_news && place->has_failed) trial_->until = Time{};
}

bool EndpointSearch::has_session(const Peer& peer, SystemTime clock) const {
  return peer.last_handshake && clock - *peer.last_handshake < kSessionLife + kSlack;
}

void EndpointSearch::take(const Peer& peer, Time now, SystemTime clock) {
  const bool is_first = !std::exchange(is_read_, true);
  // The peer was made again, or the device: its counters say nothing against the former ones.
  const bool is_anew = peer.rx_bytes < rx_bytes_;
  const bool has_grown = !is_first && !is_anew && peer.rx_bytes > rx_bytes_;
  const bool has_sent = !is_first && peer.tx_bytes != tx_bytes_;
  const bool has_shaken = !is_first && peer.last_handshake && peer.last_handshake != handshake_;
  if (peer.endpoint != endpoint_) {
    endpoint_ = peer.endpoint;
    set_candidates(written());
  }
  rx_bytes_ = peer.rx_bytes;
  tx_bytes_ = peer.tx_bytes;
  handshake_ = peer.last_handshake;
  if (has_grown || has_shaken) heard_at_ = now;

  if (phase_ == Phase::searching) {
    // What comes without a handshake may be an old first message that somebody kept.
    const bool is_back = trial_ && peer.last_handshake && peer.last_handshake != trial_->handshake;
    const bool was_there = has_grown && (!trial_ || !trial_->is_made) && has_session(peer, clock);
    if (is_back || was_there || (!trial_ && has_shaken)) found(now);
    return;
  }
  if (has_grown || has_shaken) {
    if (phase_ == Phase::lost) phase_ = Phase::heard;
    unanswered_since_.reset();
    if (Place* place = endpoint_ ? find(*endpoint_) : nullptr) {
      place->outcome = Outcome::answered;
      place->has_failed = false;
    }
    return;
  }
  if (has_session(peer, clock)) {
    unanswered_since_.reset();
    return;
  }
  if (!unanswered_since_ && (has_sent || !endpoint_)) unanswered_since_ = now;
  if (unanswered_since_ && phase_ != Phase::lost) {
    phase_ = Phase::lost;
    search_at_ = endpoint_ ? *unanswered_since_ + patience_ : now;
    wants_answers_ = true;
  }
}

void EndpointSearch::doubt(bool is_suspect, Time now) {
  if (is_suspect && phase_ == Phase::heard) {
    phase_ = Phase::doubtful;
    wants_answers_ = now - asked_at_ >= kAskAgain;
  } else if (!is_suspect && phase_ == Phase::doubtful) {
    phase_ = Phase::heard;
  }
}

void EndpointSearch::lost(Time now) {
  if (phase_ == Phase::searching || phase_ == Phase::lost) return;
  wants_answers_ = wants_answers_ || now - asked_at_ >= kAskAgain;
  phase_ = Phase::lost;
  search_at_ = heard_at_ ? std::max(now, *heard_at_ + patience_) : now;
}

void EndpointSearch::echoed(const Endpoint& endpoint, std::optional<Duration> round_trip) {
  if (Place* place = find(endpoint)) place->round_trip = round_trip;
}

// The search
// ------------------------------------------------------------------------------------------------------

void EndpointSearch::begin(Time now) {
  phase_ = Phase::searching;
  begun_at_ = now;
  rounds_ = 0;
  rest_ = kFirstRest;
  trial_.reset();
  for (Place& place : places_) {
    place.is_tried = false;
    place.has_failed = endpoint_ && place.endpoint == *endpoint_ && handshake_.has_value();
    if (place.has_failed) place.outcome = Outcome::silent;
  }
}

void EndpointSearch::found(Time now) {
  phase_ = Phase::heard;
  found_after_ = now - begun_at_;
  trial_.reset();
  unanswered_since_.reset();
  chosen_ = endpoint_;
  chosen_among_ = places_.size();
  for (Place& place : places_) {
    if (endpoint_ && place.endpoint == *endpoint_) place.outcome = Outcome::answered;
    if (place.outcome == Outcome::trying) place.outcome = Outcome::untried;
    place.has_failed = false;
  }
  set_candidates(written());
}

void EndpointSearch::tried(const std::string& error, Time now) {
  if (phase_ != Phase::searching || !trial_) return;
  Place& place = places_[trial_->place];
  if (error.empty()) {
    trial_->is_made = true;
    rx_bytes_ = 0;
    handshake_.reset();
    trial_->handshake.reset();
    return;
  }
  place.outcome = Outcome::passed_over;
  place.why = error;
  place.has_failed = true;
  if (!trial_->is_rest) trial_->until = now;
}

std::optional<std::size_t> EndpointSearch::best(bool also_tried) const {
  const auto rank = [this](std::size_t at) {
    const Place& place = places_[at];
    return std::tuple(place.outcome == Outcome::passed_over, place.has_failed, !place.round_trip,
                      place.round_trip.value_or(Duration::zero()), at);
  };
  std::optional<std::size_t> best;
  for (std::size_t at = 0; at < places_.size(); ++at) {
    if (places_[at].is_tried && !also_tried) continue;
    if (!best || rank(at) < rank(*best)) best = at;
  }
  return best;
}

EndpointSearch::Step EndpointSearch::try_at(std::size_t place, Time until, bool is_rest) {
  trial_ = Trial{place, until, handshake_, is_rest};
  places_[place].is_tried = true;
  places_[place].outcome = Outcome::trying;
  places_[place].why.clear();
  return {Step::Kind::move, places_[place].endpoint, rx_bytes_};
}

EndpointSearch::Step EndpointSearch::try_next(Time now) {
  if (trial_) {
    Place& place = places_[trial_->place];
    if (place.outcome == Outcome::trying) place.outcome = Outcome::silent;
    place.has_failed = true;
    const bool was_rest = std::exchange(trial_, std::nullopt)->is_rest;
    if (was_rest) {
      for (Place& other : places_) other.is_tried = false;
      asked_at_ = now;
      search_at_ = now + kMeasure;
      wants_answers_ = false;
      return {Step::Kind::ask};
    }
  }
  if (const auto place = best(false)) return try_at(*place, now + patience_, false);
  if (places_.empty()) return {};
  ++rounds_;
  const bool is_nowhere = std::all_of(places_.begin(), places_.end(), [](const Place& place) {
    return place.outcome == Outcome::passed_over;
  });
  if (is_nowhere) return try_at(*best(true), now + kFirstRest, true);
  if (rounds_ >= kRounds && now - begun_at_ >= kLeastSearch)
    return try_at(*best(true), now + std::exchange(rest_, std::min<Duration>(2 * rest_, kLongestRest)), true);
  for (Place& place : places_) place.is_tried = false;
  return try_at(*best(false), now + patience_, false);
}

EndpointSearch::Step EndpointSearch::next(Time now) {
  if (wants_answers_) {
    wants_answers_ = false;
    asked_at_ = now;
    return {Step::Kind::ask};
  }
  if (phase_ == Phase::lost) {
    // Answers that are on their way are waited for.
    if (now < std::max(search_at_, asked_at_ + kMeasure)) return {};
    begin(now);
  }
  if (phase_ != Phase::searching) return {};
  if (now < (trial_ ? trial_->until : search_at_)) return {};
  return try_next(now);
}

std::optional<EndpointSearch::Time> EndpointSearch::next_look() const {
  if (wants_answers_) return Time{};
  if (phase_ == Phase::lost) return std::max(search_at_, asked_at_ + kMeasure);
  if (phase_ != Phase::searching || places_.empty()) return std::nullopt;
  return trial_ ? trial_->until : search_at_;
}

std::optional<EndpointSearch::Duration> EndpointSearch::take_found() {
  return std::exchange(found_after_, std::nullopt);
}

// What is shown
// ---------------------------------------------------------------------------------------------------

const char* to_string(EndpointSearch::Phase phase) {
  switch (phase) {
    case EndpointSearch::Phase::heard:
      return "heard";
    case EndpointSearch::Phase::doubtful:
      return "doubtful";
    case EndpointSearch::Phase::lost:
      return "lost";
    case EndpointSearch::Phase::searching:
      return "searching";
  }
  return "";
}

std::string EndpointSearch::reason() const {
  if (!is_read_) return "the device has not been read yet";
  if (phase_ == Phase::searching) {
    if (places_.empty()) return "nowhere to seek the peer: no name has an address";
    if (trial_ && trial_->is_rest) return "the peer answers nowhere; it is sought again in a while";
    return "the peer is sought";
  }
  if (!endpoint_) return "the device has none";
  if (phase_ == Phase::lost) return "the peer was lost";
  if (phase_ == Phase::doubtful) return "its neighbor is suspect";
  const auto place = std::find_if(places_.begin(), places_.end(),
                                  [&](const Place& other) { return other.endpoint == *endpoint_; });
  const bool is_written = place != places_.end() && !place->origin.empty();
  if (!is_written) return "the peer roamed there, or it was set by hand";
  if (chosen_ != endpoint_) return "as the device had it";
  return "the peer answered there first, of " + std::to_string(chosen_among_) +
         (chosen_among_ == 1 ? " place" : " places");
}

}  // namespace wgospf::wg
