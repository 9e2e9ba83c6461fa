#pragma once
// Which peers of a device are present, by what WireGuard has authenticated of them: handshakes, and bytes received.
// Pure: readings and the time go in, what has changed comes out.
//
// A peer is present while something has come from it within the hold time. WireGuard itself tells of nothing that
// ends. A handshake says more where it begins something: the peer *arrives* with it. That it does, and does not just
// renew a session that goes on, follows from the protocol: whoever has a session renews it after REKEY_AFTER_TIME
// (120 s), not before. So a handshake is an arrival when there was no session, when it comes earlier than that after
// the one before, or when nothing had come from the peer for kSilence before it, as of one that was elsewhere.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "wgadapter/device.h"

namespace wgospf::wg {

/// A handshake earlier than this after the one before renews nothing (REKEY_AFTER_TIME, with what both ends' clocks
/// and the interval of readings may take from it).
inline constexpr std::chrono::seconds kSoonestRenewal{110};
/// A peer that is in use elsewhere meanwhile says nothing here for so long.
inline constexpr std::chrono::seconds kSilence{60};

struct PresenceChange {
  enum class Kind : std::uint8_t {
    found,    ///< it was present when it was looked at first; since when is not known
    arrived,  ///< it is present, and has just come, be it once more
    renewed,  ///< it has shaken hands, as who goes on does: who looks from here cannot tell more
    left,     ///< nothing has come from it for the hold time, or it is no peer any more
  };
  Kind kind = Kind::found;
  Key peer{};
  bool operator==(const PresenceChange&) const = default;
};

class Presence {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;
  struct Peer {
    bool is_present = false;
    Time since{};      ///< it is present; of one that was found: its handshake
    Time last_seen{};  ///< of one that was ever seen
    Time handshake_at{};
    bool was_seen = false;
  };
  /// One reading: when, by both clocks, and what.
  struct Reading {
    Time now{};
    SystemTime clock{};  ///< that handshakes are told by
    std::span<const wg::Peer> peers{};
  };

  explicit Presence(Duration hold) : hold_(hold) {}
  void set_hold(Duration hold) { hold_ = hold; }

  /// In the order of the reading; those that are gone last.
  [[nodiscard]] std::vector<PresenceChange> take(const Reading& reading);
  /// Who has left by now, without a new reading.
  [[nodiscard]] std::vector<PresenceChange> time_passed(Time now);
  /// The device is gone.
  [[nodiscard]] std::vector<PresenceChange> clear();
  /// nullptr: no such peer.
  [[nodiscard]] const Peer* find(const Key& key) const;

 private:
  struct State : Peer {
    std::optional<SystemTime> handshake{};
    std::uint64_t rx_bytes = 0;
    std::uint64_t reading = 0;  ///< the last that had it
    bool is_read = false;
  };
  void take(const wg::Peer& peer, const Reading& reading, std::vector<PresenceChange>& changes);
  void begin(const wg::Peer& peer, const Reading& reading, State& state,
             std::vector<PresenceChange>& changes) const;
  [[nodiscard]] bool is_arrival(const State& state, Time now) const;
  void check_hold(const Key& key, State& state, Time now, std::vector<PresenceChange>& changes) const;

  Duration hold_;
  std::uint64_t reading_ = 0;
  std::unordered_map<Key, State> peers_;
};

}  // namespace wgospf::wg
