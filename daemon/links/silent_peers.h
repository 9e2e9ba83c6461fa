#pragma once
// WireGuard peers that OSPF is to speak to and that have never shaken hands: what to look at. Pure.

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "daemon/router_view.h"

namespace wgospf::daemon {

class SilentPeers {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// Two tries of a handshake (REKEY_TIMEOUT is 5 s) and some more.
  static constexpr std::chrono::seconds kPatience{12};

  using Expected = std::set<wg::Key>;
  /// What to tell of the device; empty when all its peers have shaken hands, or have had no time for it.
  /// `is_up`: no packet passes before. `expected`: the peers in question; null: all.
  [[nodiscard]] std::string problem_of(const WireguardView& view, bool is_up, Time now,
                                       const Expected* expected = nullptr);

 private:
  std::map<ospf::LinkId, std::map<wg::Key, Time>> silent_since_;
};

}  // namespace wgospf::daemon
