#pragma once
// All sessions of a router, pure: whose a packet is (RFC 5880 6.3 and 6.8.6, RFC 5881 3 to 5), what is discarded and
// why, and the deadlines of all in one order. What is wanted is told as a whole by follow(), and compared with what
// there is.
//
// A session that is not wanted any more says so: it is AdminDown for a detection time (RFC 5880 6.8.16). One that
// has failed goes on to say that before, for AdminDown would tell the neighbour to keep its adjacency. Either is there
// again as it was when the neighbour comes back meanwhile.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bfd/session.h"
#include "net/ip.h"

namespace wgospf::bfd {

/// Where a session is: RFC 5881 3 allows one for each.
struct Place {
  std::uint32_t ifindex = 0;
  IpAddress neighbor{};
  auto operator<=>(const Place&) const = default;
};

struct Wanted {
  Place place{};
  IpAddress source{};  ///< ours, of the neighbour's family
  Timers timers{};
  bool operator==(const Wanted&) const = default;
};

/// A packet as it came.
struct Arrival {
  Place from{};
  std::uint8_t ttl = 0;
  std::span<const std::byte> payload{};
};

struct Departure {
  Place to{};
  ControlPacket packet{};
};

struct Change {
  Place place{};
  Transition transition{};
};

struct Counters {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t went_up = 0;
  std::uint64_t went_down = 0;
};

/// A session for those who look.
struct SessionView {
  Place place{};
  IpAddress source{};
  State state = State::down;
  State remote_state = State::down;
  Diagnostic diagnostic = Diagnostic::none;
  Diagnostic remote_diagnostic = Diagnostic::none;
  Discriminator discriminator{};
  Discriminator remote_discriminator{};
  Timers timers{};
  std::uint8_t remote_multiplier = 0;
  std::optional<Duration> transmit_interval{};
  std::optional<Duration> detection_time{};
  Instant since{};  ///< in this state
  Counters counters{};
};

class Table {
 public:
  /// The seed must not be guessable from outside: discriminators are made from it (RFC 5880 9).
  explicit Table(std::uint64_t seed) : random_(seed) {}

  /// The sessions that are wanted from now on; one of the same place but from another source is another session.
  void follow(Instant now, const std::vector<Wanted>& wanted);
  void receive(Instant now, const Arrival& arrival);
  void handle_timeout(Instant now);
  /// Instant::max() when there is nothing to wait for.
  [[nodiscard]] Instant poll_timeout() const;
  [[nodiscard]] std::optional<Departure> poll_transmit();
  [[nodiscard]] std::optional<Change> poll_change();

  /// Of those that are wanted, in the order of their places.
  [[nodiscard]] std::vector<SessionView> views() const;
  /// Of all that are there, wanted or on their way out, with the address that they send from.
  [[nodiscard]] std::vector<std::pair<Place, IpAddress>> places() const;
  [[nodiscard]] std::uint64_t discards(Discard reason) const {
    return discards_[static_cast<std::size_t>(reason)];
  }
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

 private:
  struct Entry {
    Session session;
    IpAddress source{};
    bool is_wanted = true;
    Instant ends{};  ///< when it is not wanted
    Instant since{};
    Counters counters{};
    Instant deadline{};  ///< as queued
  };
  using Entries = std::map<Place, Entry>;

  void add(Instant now, const Wanted& wanted);
  static void retire(Instant now, Entry& entry);
  static void disable(Instant now, Entry& entry);
  void remove(Entries::iterator entry);
  void settle(Instant now, Entries::iterator entry);
  void discard(Discard reason) { ++discards_[static_cast<std::size_t>(reason)]; }
  [[nodiscard]] Discriminator new_discriminator();

  Random random_;
  Entries sessions_;
  std::unordered_map<Discriminator, Place> by_discriminator_;
  std::set<std::pair<Instant, Place>> deadlines_;
  std::array<std::uint64_t, kDiscards> discards_{};
  std::deque<Departure> departures_;
  std::deque<Change> changes_;
};

}  // namespace wgospf::bfd
