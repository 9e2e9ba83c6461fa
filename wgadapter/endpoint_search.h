#pragma once
// Where a peer is sought that is not heard any more, among the places that it is known to have. Pure: time is an
// argument.
//
// While the peer is heard nothing is changed: WireGuard itself follows it when it roams. Nobody can ask WireGuard
// whether another place answers but by trying it: the peer is made again with that endpoint (renewal.h), which takes its
// session, so this is done only when there is nothing to lose.
//
//   heard      something came from it lately
//   doubtful   its neighbour is suspect: names are asked anew and echoes sent, so that the answers are there in time
//   lost       its neighbour was given up; sought when nothing has come for the patience
//   searching  one place after the other, each for the patience: those first where an echo came back, the soonest of
//              them first; then in the order given; those where it was lost or did not answer last. After kRounds
//              through all of them, and kLeastSearch, a rest, which grows; the best place is left in force meanwhile.
//
// A peer that nobody follows (it is no neighbour yet, or a client) is lost when it has no session while datagrams go
// to it: there never was a handshake, or it is older than WireGuard's sessions get.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wgadapter/device.h"

namespace wgospf::wg {

class EndpointSearch {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  static constexpr std::chrono::milliseconds kMeasure{250};  ///< echoes are waited for so long at most
  static constexpr std::chrono::milliseconds kAskAgain{1000};
  static constexpr unsigned kRounds = 3;
  static constexpr std::chrono::seconds kLeastSearch{15};
  static constexpr std::chrono::seconds kFirstRest{5}, kLongestRest{60};
  static constexpr std::size_t kPlacesMost = 32;

  enum class Phase : std::uint8_t { heard, doubtful, lost, searching };
  enum class Outcome : std::uint8_t {
    untried,
    trying,
    answered,     ///< it was heard there
    silent,       ///< it was lost there, or did not answer
    passed_over,  ///< see Place::why
  };
  struct Candidate {
    Endpoint endpoint{};
    std::string origin{};  ///< what the configuration calls it; empty: the peer was heard there
    bool operator==(const Candidate&) const = default;
  };
  struct Place : Candidate {
    std::optional<Duration> round_trip{};  ///< of an echo, as of the last time they were sent
    Outcome outcome = Outcome::untried;
    std::string why{};        ///< it is passed over
    bool is_tried = false;    ///< in this round
    bool has_failed = false;  ///< since the peer was heard last
  };

  /// How long nothing may come from the peer, here and at each place.
  explicit EndpointSearch(Duration patience) : patience_(patience) {}
  void set_patience(Duration patience) { patience_ = patience; }
  /// Where the peer may be, in the order of preference; of more than kPlacesMost the first. What is known of those that
  /// stay is kept.
  void set_candidates(std::vector<Candidate> candidates);

  /// A reading; `clock` is what handshakes are told by.
  void take(const Peer& peer, Time now, SystemTime clock);
  /// The neighbour behind it is suspect, or is not any more.
  void doubt(bool is_suspect, Time now);
  /// The neighbour behind it was given up.
  void lost(Time now);
  /// The answer to an echo; nullopt: none came.
  void echoed(const Endpoint& endpoint, std::optional<Duration> round_trip);
  /// The peer was made again; with `error` it was not, because of the place that it was to have.
  void tried(const std::string& error, Time now);

  struct Step {
    enum class Kind : std::uint8_t {
      none,
      ask,  ///< names, and echoes to all places
      move  ///< make the peer again with this endpoint, unless it has received more than rx_bytes
    };
    Kind kind = Kind::none;
    Endpoint endpoint{};
    std::uint64_t rx_bytes = 0;
  };
  /// What is to be done now, each told once; call again until it is none.
  [[nodiscard]] Step next(Time now);
  /// When to ask again at the latest; nullopt: after the next input.
  [[nodiscard]] std::optional<Time> next_look() const;
  /// It was found again since this was asked last: how long the search took.
  [[nodiscard]] std::optional<Duration> take_found();

  [[nodiscard]] Phase phase() const { return phase_; }
  /// A place is tried, and the device should be read often.
  [[nodiscard]] bool is_trying() const { return phase_ == Phase::searching && trial_ && !trial_->is_rest; }
  [[nodiscard]] const std::vector<Place>& places() const { return places_; }
  [[nodiscard]] const std::optional<Endpoint>& endpoint() const { return endpoint_; }
  /// Why the endpoint is what it is, in words.
  [[nodiscard]] std::string reason() const;

 private:
  struct Trial {
    std::size_t place = 0;
    Time until{};
    std::optional<SystemTime> handshake{};  ///< before
    bool is_rest = false;
    bool is_made = false;  ///< the peer was made again for it
  };
  [[nodiscard]] std::vector<Candidate> written() const;  ///< by the configuration
  [[nodiscard]] Place* find(const Endpoint& endpoint);
  [[nodiscard]] bool has_session(const Peer& peer, SystemTime clock) const;
  void found(Time now);
  void begin(Time now);
  [[nodiscard]] Step try_next(Time now);
  [[nodiscard]] Step try_at(std::size_t place, Time until, bool is_rest);
  [[nodiscard]] std::optional<std::size_t> best(bool also_tried) const;

  Duration patience_;
  std::vector<Place> places_{};
  Phase phase_ = Phase::heard;

  // As read last.
  bool is_read_ = false;
  std::optional<Endpoint> endpoint_{};
  std::optional<SystemTime> handshake_{};
  std::uint64_t rx_bytes_ = 0, tx_bytes_ = 0;
  std::optional<Time> heard_at_{};          ///< its counter grew
  std::optional<Time> unanswered_since_{};  ///< without a session, something goes to it

  bool wants_answers_ = false;
  Time asked_at_{};
  Time search_at_{};  ///< lost: the search begins
  Time begun_at_{};   ///< searching
  unsigned rounds_ = 0;
  Duration rest_ = kFirstRest;
  std::optional<Trial> trial_{};
  std::optional<Duration> found_after_{};
  std::size_t chosen_among_ = 0;  ///< places that the peer was sought at when it was found; 0: never sought
  std::optional<Endpoint> chosen_{};
};

[[nodiscard]] const char* to_string(EndpointSearch::Phase phase);

}  // namespace wgospf::wg
