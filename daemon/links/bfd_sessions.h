#pragma once
// BFD with the neighbours of the links that ask for it (RFC 5882): a session for each in 2-Way or beyond, on the
// engine's thread (bfd/engine.h), and what its changes mean here. On the loop.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bfd/engine.h"
#include "daemon/bfd_view.h"
#include "daemon/config/config.h"
#include "daemon/host.h"

namespace wgospf::daemon {

/// A link whose neighbours are to be watched.
struct BfdLink {
  ospf::LinkId link{};
  std::string name{};
  std::string device{};  ///< as the kernel calls it
  std::uint32_t ifindex = 0;
  IpAddress source{};
  BfdSettings settings{};
  bool is_userspace = false;  ///< a WireGuard device that is a process
};

class BfdSessions {
 public:
  /// A neighbour whose session was up, and is not.
  using Lost = std::function<void(ospf::LinkId, ospf::RouterId)>;
  /// `host` must outlive it.
  BfdSessions(Host& host, Lost lost) : host_(host), lost_(std::move(lost)) {}
  ~BfdSessions() { *alive_ = false; }
  BfdSessions(const BfdSessions&) = delete;
  BfdSessions& operator=(const BfdSessions&) = delete;

  /// Links and neighbours as they are now.
  void follow(const std::vector<BfdLink>& links, const std::vector<ospf::NeighborInfo>& neighbors);
  /// All sessions say that they are administratively down. Nothing is told after that.
  void stop();
  /// Whether there is anything to follow neighbours for.
  [[nodiscard]] bool is_any() const { return !wanted_.empty() || is_refused_; }

  [[nodiscard]] BfdView view() const;

 private:
  struct Neighbor {
    ospf::LinkId link{};
    ospf::RouterId router{};
    std::string name{};  ///< of the link
  };

  void take(bfd::EngineReport report);
  void take(const bfd::Change& change);
  [[nodiscard]] bool start_engine();
  void tell_troubles();
  void check_intervals(const std::vector<BfdLink>& links);

  Host& host_;
  const Lost lost_;
  std::vector<bfd::EngineWanted> wanted_;
  std::map<bfd::Place, Neighbor> neighbors_;
  std::shared_ptr<const bfd::EngineView> view_;
  std::set<std::string> troubled_, hurried_;  ///< keys of warnings
  bool is_scheduling_told_ = false;
  bool is_refused_ = false;  ///< the engine could not be started
  bool is_stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<bfd::Engine> engine_;  ///< ended first
};

}  // namespace wgospf::daemon
