#pragma once
// The packet filter beside this router: what it must let pass, whether it does, told and shown. On the loop;
// rules and ways are read, and packets followed through the rules, on a thread of its own.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/firewall/openings.h"
#include "daemon/host.h"
#include "daemon/kernel_jobs.h"
#include "daemon/links/tunnels.h"
#include "ospf/info.h"

namespace wgospf::daemon {

class Firewall {
 public:
  /// `host` must outlive it.
  explicit Firewall(Host& host);
  ~Firewall();
  Firewall(const Firewall&) = delete;
  Firewall& operator=(const Firewall&) = delete;

  /// What there is that must pass; when it has changed.
  void follow(const std::vector<TunnelLink>& links, const std::vector<ospf::NeighborInfo>& neighbors,
              std::shared_ptr<const wg::Underlay> underlay);
  /// Looks whether rules or ways have changed: every few seconds.
  void poll();
  /// Never null.
  [[nodiscard]] const std::shared_ptr<const firewall::View>& view() const { return view_; }
  /// What is closed and concerns the link, in words; empty when nothing is.
  [[nodiscard]] std::string problem_of(ospf::LinkId link) const;

 private:
  struct Reader;
  struct Look;
  void looked(const Look& look);

  /// As followed last.
  struct Followed {
    firewall::Needs needs{};
    std::shared_ptr<const wg::Underlay> underlay{};
    std::map<ospf::LinkId, std::string> devices{};  ///< of active interfaces over tunnels
  };

  Host& host_;
  std::shared_ptr<const Followed> followed_;  ///< null: nothing yet
  std::shared_ptr<const firewall::View> view_ = std::make_shared<firewall::View>();
  std::map<ospf::LinkId, std::string> devices_;  ///< of the links over tunnels
  std::set<std::string> told_;                   ///< devices with a warning
  bool is_looking_ = false;
  std::shared_ptr<Reader> reader_;  ///< on the thread alone
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  KernelJobs jobs_;
};

/// What must be open, but for the ways to the peers' endpoints. `links`: all that the configuration names.
[[nodiscard]] firewall::Needs needs_of(const std::vector<TunnelLink>& links,
                                       const std::vector<ospf::NeighborInfo>& neighbors,
                                       const Inventory& inventory, const wg::Underlay& underlay);

}  // namespace wgospf::daemon
