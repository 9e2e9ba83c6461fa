#include "daemon/peer_changes.h"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <optional>
#include <utility>

namespace wgospf::daemon {

namespace {

/// REJECT_AFTER_TIME of the WireGuard protocol.
constexpr std::chrono::seconds kSessionLife{180};

bool has_session(const wg::Peer& peer, wg::SystemTime at) {
  return peer.last_handshake && at - *peer.last_handshake <= kSessionLife;
}

std::string in_words(const std::optional<wg::Endpoint>& endpoint) {
  return endpoint ? to_string(*endpoint) : "unknown";
}

/// Collects the notices of one device.
struct Teller {
  ospf::LinkId link;
  const std::string& interface;
  std::vector<Notice> notices{};

  void tell(const char* name, const wg::Peer& peer, const std::string& what) {
    notices.push_back({Severity::info, name,
                       fmt::format("peer {} on {}: {}", peer.public_key.to_base64(), interface, what), link});
  }
  void tell_session(const wg::Peer& peer, bool before, bool after, bool is_first) {
    if (after && !before) {
      tell("peer_session_established", peer, is_first ? "the first handshake" : "a handshake after a loss");
    } else if (before && !after) {
      tell("peer_session_lost", peer, fmt::format("no handshake for more than {} s", kSessionLife.count()));
    }
  }
};

}  // namespace

std::vector<Notice> peer_changes(ospf::LinkId link, const std::string& interface, const PeerReading& before,
                                 const PeerReading& after) {
  std::map<wg::Key, std::pair<const wg::Peer*, const wg::Peer*>> pairs;
  for (const auto& peer : before.peers) pairs[peer.public_key].first = &peer;
  for (const auto& peer : after.peers) pairs[peer.public_key].second = &peer;
  Teller teller{link, interface};
  for (const auto& [key, pair] : pairs) {
    const auto& [old, now] = pair;
    if (now == nullptr) {
      teller.tell("peer_removed", *old, "removed");
    } else if (old == nullptr) {
      teller.tell("peer_added", *now, "added, endpoint " + in_words(now->endpoint));
      teller.tell_session(*now, false, has_session(*now, after.time), true);
    } else {
      if (old->endpoint != now->endpoint) {
        teller.tell("peer_endpoint_changed", *now,
                    fmt::format("endpoint {} -> {}", in_words(old->endpoint), in_words(now->endpoint)));
      }
      teller.tell_session(*now, has_session(*old, before.time), has_session(*now, after.time),
                          !old->last_handshake);
    }
  }
  return std::move(teller.notices);
}

}  // namespace wgospf::daemon
