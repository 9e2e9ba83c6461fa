#pragma once
// Which Full neighbours are there, followed on the loop (liveness.h decides). Echoes are sent and waited for on a
// thread of their own; what becomes of each is told in order, so that a loop which was busy takes none for lost. Before a
// neighbour is given up all sockets are read, for the same reason.

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/host.h"
#include "daemon/links/liveness_target.h"
#include "daemon/links/session_renewals.h"
#include "daemon/links/sign_of_life.h"
#include "ospf/event.h"
#include "ospf/info.h"
#include "wgadapter/device.h"
#include "wgadapter/icmp_prober.h"

namespace wgospf::daemon {

class LivenessWatch {
 public:
  struct Sources {
    /// nullopt: nothing is sent on the link.
    std::function<std::optional<LivenessTarget>(ospf::LinkId)> target;
    std::function<std::optional<ospf::SoleNeighbor>(ospf::LinkId)> neighbor;
    std::function<void()> read_sockets;  ///< all that they hold
    std::function<void(ospf::LinkId, ospf::RouterId, const ospf::DownReason&)> lost;
    std::function<void(ospf::LinkId)> hold;           ///< the inactivity timer starts anew
    std::function<void(ospf::LinkId, bool)> suspect;  ///< the neighbour is, or is not any more
    std::function<bool(ospf::LinkId)> is_sought;      ///< somebody else begins new sessions with the peer
  };
  /// `host` must outlive it.
  LivenessWatch(Host& host, Sources sources);
  ~LivenessWatch();
  LivenessWatch(const LivenessWatch&) = delete;
  LivenessWatch& operator=(const LivenessWatch&) = delete;

  void take(const ospf::NeighborStateChanged& change);
  /// A packet was received on the link.
  void received(ospf::LinkId link);
  void take(const wg::DeviceRead& reading);
  void take(const wg::Renewed& renewed);
  /// Settings, addresses and devices are as the sources have them now.
  void refresh();
  /// Nothing is followed any more.
  void stop();

  [[nodiscard]] std::map<ospf::LinkId, LivenessView> views() const;

 private:
  struct Entry {
    Entry(ospf::RouterId id, LivenessTarget with, ospf::Instant now)
        : router(id), target(std::move(with)), liveness(target.settings, now) {}
    ospf::RouterId router;
    LivenessTarget target;
    Liveness liveness;
    ospf::Instant look{};
    std::uint64_t learning = 0, probing = 0;  ///< tickets; 0: none
    std::optional<wg::Renewal> peer{};        ///< as read last
    std::optional<wg::SystemTime> handshake{};
    bool is_read = false;  ///< since it is suspect
    ospf::Instant asked_at{};
  };
  using Entries = std::map<ospf::LinkId, Entry>;

  [[nodiscard]] static ospf::Instant now();
  void begin(ospf::LinkId link, ospf::RouterId router);
  void end(ospf::LinkId link);
  void look(ospf::LinkId link);
  void give_up(ospf::LinkId link);
  [[nodiscard]] std::uint64_t send(ospf::LinkId link, const Entry& entry, unsigned most);
  void take(ospf::LinkId link, const wg::EchoFate& fate);
  void tell_suspicion(ospf::LinkId link, const Entry& entry, bool was_suspect);
  void tell_learned(ospf::LinkId link, const Entry& entry);
  void stop_probing(Entry& entry);
  void renew_sessions();
  void plan(ospf::LinkId link, Entry& entry, ospf::Instant at);
  void arm();
  void time_is_up();

  Host& host_;
  Sources sources_;
  Entries entries_;
  std::set<std::pair<ospf::Instant, ospf::LinkId>> looks_;  ///< one for each entry
  SessionRenewals renewals_;
  std::uint64_t last_ticket_ = 0;
  ospf::Instant sockets_read_at_{};
  boost::asio::steady_timer timer_;
  std::optional<ospf::Instant> armed_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
