#pragma once
// New sessions with peers whose neighbour was given up (wgadapter/renewal.h says why and how). Pure: time is an argument.
//
// A peer that was restarted behind a NAT is there again at once, in most cases, and only for as long as WireGuard's own
// timer (15 s) is anything gained: so it is tried every second for that time, until something is heard. What a trial
// costs: the peer's packets under the old session are not understood any more. If its end lives it is reached by our
// handshake, or begins one itself: as soon as it gives us up, where it is our kind, else after 15 s. That is waited for
// only where it also has another address than we know.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ospf/types.h"
#include "wgadapter/device_thread.h"

namespace wgospf::daemon {

class SessionRenewals {
 public:
  static constexpr unsigned kTrials = 15;
  static constexpr std::chrono::seconds kAgain{1};
  static constexpr std::size_t kAtOnce = 16;  ///< of more nothing is done

  struct Due {
    ospf::LinkId link{};
    std::string device{};
    wg::Renewal renewal{};
    bool is_first = false;
  };

  /// The neighbour of the link was given up; its peer as read last.
  void begin(ospf::LinkId link, const std::string& device, const wg::Renewal& peer, ospf::Instant now);
  /// It is heard, or not followed any more.
  void end(ospf::LinkId link) { all_.erase(link); }
  void clear() { all_.clear(); }
  void take(const wg::DeviceRead& reading);
  void take(const wg::Renewed& renewed);

  /// What is to be tried now, once.
  [[nodiscard]] std::vector<Due> take_due(ospf::Instant now);
  [[nodiscard]] std::optional<ospf::Instant> next() const;

 private:
  struct One {
    std::string device{};
    wg::Renewal renewal{};
    unsigned trials = 0;
    ospf::Instant at{};
  };
  std::map<ospf::LinkId, One> all_{};
};

}  // namespace wgospf::daemon
