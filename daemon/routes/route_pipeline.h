#pragma once
// The way of a route from the protocol to the kernel's thread, and of the answers back.
//
//   RouteChange ─> DesiredRoutes ─> UnderlayGuard ─> AllowedIpsPlan ─> RibFeed ─ at the end of a turn ─> rib::Table
//                    one index        │                │ gives peers what routes lead to, takes it back after
//                    for all          │                └ AllowedIpsWriter ─> the state directory, DeviceThread
//                                     │ holds back what would carry a tunnel's own packets into it
//                                     └ asks DeviceThread for the kernel's ways to endpoints
//   Acknowledged, RouteStands, Failed, Recovered ─> RibFeed: where a route stands

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/host.h"
#include "daemon/routes/allowed_ips_plan.h"
#include "daemon/routes/allowed_ips_writer.h"
#include "daemon/routes/rib_feed.h"
#include "daemon/routes/underlay_guard.h"

namespace wgospf::daemon {

class RoutePipeline {
 public:
  /// `turn_end` is called after what it does by itself.
  RoutePipeline(Host& host, const RibFeed::Resolver& link, std::function<void()> turn_end);
  ~RoutePipeline();
  RoutePipeline(const RoutePipeline&) = delete;
  RoutePipeline& operator=(const RoutePipeline&) = delete;

  /// Where all our routes are in the kernel.
  void set_place(const RibSettings& place);
  /// Where it is remembered which allowed-ips are ours. Before any link is told.
  void set_state_directory(const std::string& directory) { allowed_ips_writer_.start(directory); }
  /// Links whose allowed-ips are managed, and those where they are not.
  void set_links(AllowedIpsPlan::Links links) { allowed_ips_.set_links(std::move(links)); }
  /// The core has heard of its links: routes wait for the first reading of the devices from now on.
  void start();

  void take(const ospf::RouteChange<V2>& change);
  /// What the RIB needs of the link has changed.
  void link_changed(ospf::LinkId link) { feed_.link_changed(link); }
  void links_changed(const LinkEvents& events);
  void take(const wg::UnderlayRead& read);
  void take(const wg::DeviceRead& read) {
    if (read.is_reshaped) allowed_ips_.read(read.name, read.device);
  }
  void take(const wg::Applied& applied) { allowed_ips_writer_.take(applied); }
  /// What has come together in a turn goes to the kernel.
  void submit();
  /// What is told, and what time alone changes: every few seconds.
  void poll();

  /// What a former run left is no longer needed, but for what this one wants.
  void claim();
  /// The kernel has no route of ours any more: allowed-ips that are ours are taken back. `done` is called
  /// once, when they are, or cannot be. Call write_back() when reports have come meanwhile.
  void give_back(std::function<void()> done);
  void write_back() { allowed_ips_writer_.write(); }

  /// Not before the devices of this machine are known, or have had the time to be read.
  [[nodiscard]] bool may_submit() const;
  /// Some route waits only for the kernel's answer on the way to an endpoint.
  [[nodiscard]] bool is_way_asked_for() const;
  [[nodiscard]] std::chrono::steady_clock::duration since_start() const;

  /// The generation up to which everything is acknowledged with this report, if that is news.
  [[nodiscard]] std::optional<std::uint64_t> take(const rib::Acknowledged& report);
  void take(const rib::RouteStands& report) { feed_.stands(report); }
  void take(const rib::Failed& report) { feed_.failed(report); }
  void take(const rib::Recovered& report) { feed_.recovered(report); }

  /// Null when the prefix is not held back.
  [[nodiscard]] const wg::HeldBack* held(const Ipv4Prefix& prefix) const { return guard_.find(prefix); }
  [[nodiscard]] const RibFeed& feed() const { return feed_; }
  /// Its routes wait until the peers have the allowed-ips for them.
  [[nodiscard]] bool waits_for_allowed_ips(ospf::SetId set) const {
    return allowed_ips_.gate_of(set).has_value();
  }

 private:
  void pass_on(const ospf::RouteChange<V2>& change);
  void watch_devices();
  void ask_ways();
  void ask_ways_soon();

  Host& host_;
  DesiredRoutes desired_;
  UnderlayGuard guard_;
  AllowedIpsPlan allowed_ips_{desired_};
  AllowedIpsWriter allowed_ips_writer_;
  RibFeed feed_;
  RibSettings place_{};
  std::chrono::steady_clock::time_point start_{};
  boost::asio::steady_timer ask_timer_;
  bool is_asking_soon_ = false;  ///< ask_timer_ runs
  bool devices_known_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
