#pragma once
// The way of a route from the protocol to the kernel's thread, and of the answers back.
//
//   RouteChange ─> AnnounceGuard ─> withholds what a router may not announce
//                    │
//                    └> DesiredRoutes ─> UnderlayGuard ─> AllowedIpsPlan ─> KernelFeeds ─ at the end of a turn ─> rib::Table
//                    one index        │                │ gives peers what routes lead to, takes it back after
//                    for all          │                └ AllowedIpsWriter ─> the state directory, DeviceThread
//                                     │ holds back what would carry a tunnel's own packets into it, or sets it apart
//                                     ├ CureWriter ─> rules, and marks of devices, for what stands apart
//                                     └ asks DeviceThread for the kernel's ways to endpoints
//   Acknowledged, RouteStands, Failed, Recovered ─> KernelFeeds: where a route stands

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/host.h"
#include "daemon/routes/allowed_ips_plan.h"
#include "daemon/routes/allowed_ips_writer.h"
#include "daemon/routes/announce_guard.h"
#include "daemon/routes/cure_writer.h"
#include "daemon/routes/kernel_feeds.h"
#include "daemon/routes/rib_feed.h"
#include "daemon/routes/underlay_guard.h"

namespace wgospf::daemon {

class RoutePipeline {
 public:
  struct Sources {
    RibFeed::Resolver link;
    AnnounceGuard::Origins origins;  ///< as of the changes that were taken
    std::function<AnnounceGuard::Table()> table;
  };
  /// `turn_end` is called after what it does by itself.
  RoutePipeline(Host& host, Sources sources, std::function<void()> turn_end);
  ~RoutePipeline();
  RoutePipeline(const RoutePipeline&) = delete;
  RoutePipeline& operator=(const RoutePipeline&) = delete;

  /// Where our routes are in the kernel, and whether those that would carry tunnels' own packets may stand apart.
  void set_place(const RibSettings& place, UnderlayMode mode);
  /// Interfaces that OSPF runs on, passive ones included.
  void set_ospf_interfaces(std::set<std::uint32_t> ifindexes) {
    cure_writer_.cure().set_ospf_interfaces(std::move(ifindexes));
    is_cure_due_ = true;
  }
  /// Prefixes that this router announces by redistribution; say when they change.
  void set_announced(std::function<bool(const Ipv4Prefix&)> is_announced) {
    guard_.set_announced(std::move(is_announced));
  }
  void announcements_changed() { guard_.links_changed(); }
  /// Where it is remembered which allowed-ips are ours. Before any link is told.
  void set_state_directory(const std::string& directory) { allowed_ips_writer_.start(directory); }
  /// Links whose allowed-ips are managed, and those where they are not.
  void set_links(AllowedIpsPlan::Links links) { allowed_ips_.set_links(std::move(links)); }
  /// What may be announced by whom; true when that has changed. Routes that are there already follow soon.
  bool set_rules(AnnounceRules rules);
  /// Of which nobody may announce a part; true when that has changed.
  bool set_networks(ConnectedNetworks networks);
  [[nodiscard]] const AnnounceGuard& announces() const { return announces_; }
  /// The core has heard of its links: routes wait for the first reading of the devices from now on.
  void start();

  void take(const ospf::RouteChange<V2>& change);
  /// Whose word a route is may be another, without a change of it.
  void routes_calculated() { are_words_due_ = true; }
  /// Next hops over the link are taken out of all groups at once, before anything is calculated; or may be used
  /// again.
  void set_usable(ospf::LinkId link, bool usable) { feeds_.set_usable(link, usable); }
  /// What the RIB needs of links has changed.
  void rib_links_changed(const std::vector<ospf::LinkId>& links) { feeds_.links_changed(links); }
  void links_changed(const LinkEvents& events);
  /// The prefixes that are locally connected, in order: routes to them are not given to the kernel, and no peer
  /// gets allowed-ips for them, so that none may speak from this machine's own networks.
  void set_connected(const std::vector<IpPrefix>& prefixes);
  void take(const wg::UnderlayRead& read);
  void take(const wg::DeviceRead& read) {
    if (read.is_reshaped) allowed_ips_.read(read.name, read.device);
    cure_writer_.cure().read(read.name, read.device.get());
  }
  void take(const wg::Renewed& renewed) {
    if (!renewed.error) cure_writer_.cure().renewed(renewed.name, renewed.peer);
  }
  void take(const wg::Applied& applied) { allowed_ips_writer_.take(applied); }
  void take(const rib::RulesStand& report);
  /// What has come together in a turn goes to the kernel.
  void submit();
  /// What is told, and what time alone changes: every few seconds.
  void poll();

  /// What a former run left is no longer needed, but for what this one wants.
  void claim();
  /// All that the kernel has of our routes goes, unless it is to be kept.
  void flush_and_stop(rib::OnStop on_stop) { feeds_.flush_and_stop(on_stop); }
  /// The kernel has no route of ours any more: allowed-ips, rules and marks that are ours are taken back. `done` is
  /// called once, when they are, or cannot be. Call write_back() when reports have come meanwhile.
  void give_back(std::function<void()> done);
  void write_back() {
    allowed_ips_writer_.write();
    cure_writer_.write(guard_.underlay_ptr());
  }

  /// Not before the devices of this machine are known, or have had the time to be read.
  [[nodiscard]] bool may_submit() const;
  /// Some route waits only for the kernel's answer on the way to an endpoint, or for marks and rules.
  [[nodiscard]] bool is_way_asked_for() const;
  [[nodiscard]] std::chrono::steady_clock::duration since_start() const;

  /// The generation up to which everything is acknowledged with this report, if that is news.
  [[nodiscard]] std::optional<std::uint64_t> take(const rib::Acknowledged& report, TableOf table);
  void take(const rib::RouteStands& report, TableOf table) { feeds_.stands(report, table); }
  void take(const rib::Failed& report, TableOf table) { feeds_.failed(report, table); }
  void take(const rib::Recovered& report, TableOf table) { feeds_.recovered(report, table); }

  /// Null when the prefix is not withheld.
  [[nodiscard]] const Withheld* withheld(const Ipv4Prefix& prefix) const { return announces_.find(prefix); }
  [[nodiscard]] std::size_t withheld_count() const { return announces_.withheld_count(); }
  /// Null when the prefix is not held back.
  [[nodiscard]] const wg::HeldBack* held(const Ipv4Prefix& prefix) const { return guard_.find(prefix); }
  [[nodiscard]] const AllowedIpsPlan& allowed_ips() const { return allowed_ips_; }
  /// As noted last; never null.
  [[nodiscard]] std::shared_ptr<const wg::OwnAllowedIps> own_allowed_ips() const {
    return allowed_ips_writer_.own();
  }
  /// What is held back for the sake of this device's packets, in words; empty when nothing is.
  [[nodiscard]] std::string held_for(const std::string& device) const {
    return describe_held_for(device, guard_.held());
  }
  [[nodiscard]] const KernelFeeds& feeds() const { return feeds_; }
  /// The table that the prefix's route stands in.
  [[nodiscard]] TableOf table_of(const Ipv4Prefix& prefix) const {
    return guard_.apart().contains(prefix) ? TableOf::apart : TableOf::common;
  }
  [[nodiscard]] UnderlayView underlay_view() const;
  /// The route waits until the peers have the allowed-ips for it, or for others of its set.
  [[nodiscard]] bool waits_for_allowed_ips(const ospf::Route<V2>& route) const {
    return allowed_ips_.gate_of(route.set) || allowed_ips_.gate_of(route.prefix);
  }

 private:
  void to_kernel(const ospf::RouteChange<V2>& change);
  void pass_on(const ospf::RouteChange<V2>& change, bool is_apart = false);
  void sweep(std::size_t limit);
  void sweep_soon();
  void tell_withheld();
  void submit_batch();
  void write_cure();
  [[nodiscard]] wg::OwnRoutes own_routes() const;
  void watch_devices();
  void ask_ways();
  void ask_ways_soon();

  Host& host_;
  Sources sources_;
  std::function<void()> turn_end_;
  DesiredRoutes desired_;
  AnnounceGuard announces_;
  UnderlayGuard guard_;
  std::vector<Ipv4Prefix> connected_;  ///< in order
  AllowedIpsPlan allowed_ips_{desired_};
  AllowedIpsWriter allowed_ips_writer_;
  CureWriter cure_writer_;
  KernelFeeds feeds_;
  RibSettings place_{};
  bool are_words_due_ = false;  ///< all routes are to be held against the policies once more
  bool is_cure_due_ = true;     ///< something has changed that marks and rules follow from
  std::chrono::steady_clock::time_point start_{};
  boost::asio::steady_timer ask_timer_;
  bool is_asking_soon_ = false;    ///< ask_timer_ runs
  bool is_sweeping_soon_ = false;  ///< a further part is posted already
  bool devices_known_ = false;
  std::set<std::string> told_withheld_;  ///< subjects of what is told
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
