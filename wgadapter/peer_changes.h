#pragma once
// What happens to the peers of a device, found by comparing two readings: WireGuard has no events. Pure.

#include <optional>
#include <span>
#include <vector>

#include "wgadapter/device.h"

namespace wgospf::wg {

struct PeerChange {
  enum class Kind : std::uint8_t {
    added,
    removed,
    endpoint_changed,
    session_established,  ///< a handshake where there was no session
    session_lost,         ///< no handshake for kSessionLife
  };
  Kind kind = Kind::added;
  Key peer{};
  std::optional<Endpoint> before{};  ///< the endpoint, of endpoint_changed
  std::optional<Endpoint> now{};     ///< the endpoint, of added and endpoint_changed
  bool is_first_session = false;     ///< of session_established: there was none since the peer is there

  bool operator==(const PeerChange&) const = default;
};

/// REJECT_AFTER_TIME of the WireGuard protocol: after this time since the last handshake it takes no packet
/// of the session any more.
inline constexpr std::chrono::seconds kSessionLife{180};

/// The peers of one device as they were at one moment; none when there is no device.
struct PeerReading {
  std::span<const Peer> peers{};
  SystemTime time{};
};
/// In the order of keys; not what counters do, nor a handshake that renews a session.
[[nodiscard]] std::vector<PeerChange> peer_changes(const PeerReading& before, const PeerReading& after);

/// Whether nothing differs but what traffic changes: counters and the time of handshakes.
[[nodiscard]] bool is_same_but_for_traffic(const Device& one, const Device& other);

}  // namespace wgospf::wg
