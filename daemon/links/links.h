#pragma once
// The links that the configuration names, each from the system's interface (or its absence) to a socket, and to
// what the core and the RIB are told of it.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/kernel_jobs.h"
#include "daemon/links/hearing.h"
#include "daemon/links/link_facts.h"
#include "daemon/links/link_watch.h"
#include "daemon/links/ospf_port.h"
#include "daemon/links/tunnels.h"
#include "daemon/routes/allowed_ips_plan.h"
#include "daemon/routes/rib_feed.h"
#include "daemon/telling/teller.h"

namespace wgospf::daemon {

/// A configured interface and what it has become.
struct ConfiguredLink {
  InterfaceSettings configured{};
  InterfaceSettings settings{};  ///< in force: with the defaults that depend on the link
  ospf::DeviceStatus status{};   ///< as the core was last told
  std::optional<RibLink> rib{};
  std::unique_ptr<OspfPort> port{};
  Hearing hearing{};
  bool was_there = false;  ///< an interface of this name has existed
  /// As last heard, for as long as the interface and its addresses are the same: allowed-ips that stop
  /// covering a neighbour make it unheard of, which must not end the complaint about them.
  std::vector<IpAddress> neighbor_addresses{};
};

class Links {
 public:
  /// What the links belong to; all must outlive them.
  struct Place {
    boost::asio::io_context& loop;
    KernelJobs& jobs;
    const LinkWatch& watch;
    Teller& teller;
    LinkNames& names;
  };
  struct Callbacks {
    std::function<void(const ospf::Input&)> feed;  ///< to the core
    std::function<void()> turn_end;
    std::function<void(ospf::LinkId)> rib_link_changed;
    /// Interfaces that OSPF runs on, passive ones included: after each refresh().
    std::function<void(std::set<std::uint32_t>)> refreshed;
  };
  Links(Place place, Callbacks callbacks);
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  /// Before start(): what there is to be. Nothing is told of it yet.
  void configure(const Config& config, ospf::RouterId router_id);
  /// A later configuration; the core has had core_config() where that changes. The order is the one in which
  /// nobody misses a hello: sockets of what becomes active, the core, then what is gone.
  void reconfigure(const Config& config);
  /// The system's links are as the watch has them now.
  void refresh();
  /// Interfaces that go by a pattern of the configuration have come or gone, or turned out to be what it asks
  /// for: then as after reconfigure(), and true.
  bool follow_patterns();
  void on_link_events(const LinkEvents& events);
  /// The core's configuration as links and devices are now; told to the core where it has changed.
  void refresh_core_config();
  [[nodiscard]] const ospf::InstanceConfig& core_config() const { return core_config_; }
  /// The router leaves: links stay as they are, whatever the system does.
  void freeze() { is_frozen_ = true; }
  /// Nothing is received or sent from now on.
  void close();

  void send(const ospf::Transmit& packet);
  /// Hands a few datagrams of each socket to the core; whether there may be more.
  bool read_now();
  /// A link whose socket is yet to open or to join its group, and which the core will have in a moment.
  [[nodiscard]] bool is_any_coming() const;

  /// What there are no events of: warnings of kernel settings, every few seconds.
  void check_kernel_settings();
  /// Warnings of what the neighbours' hellos tell.
  void check_neighbors(const std::vector<ospf::InterfaceInfo>& interfaces,
                       const std::vector<ospf::NeighborInfo>& neighbors);
  /// Warnings of links on which hellos come in that are never heard.
  void check_hearing();
  /// What is wrong with the link itself, in words. What is said of its neighbours and allowed-ips is told beside
  /// them.
  [[nodiscard]] std::vector<std::string> problems(ospf::LinkId link) const;
  void note_neighbors(const std::vector<ospf::NeighborInfo>& neighbors);

  [[nodiscard]] std::optional<RibLink> rib_link(ospf::LinkId link) const;
  /// Whether OSPF runs on an interface of this name, as the kernel calls it.
  [[nodiscard]] bool is_ours(const std::string& system_name) const;
  [[nodiscard]] std::vector<TunnelLink> tunnel_links() const;
  [[nodiscard]] AllowedIpsPlan::Links allowed_ips_links() const;
  /// The longest dead interval of those that are not passive, or may still come, in seconds.
  [[nodiscard]] std::uint32_t longest_dead_interval() const;

 private:
  enum class Port : std::uint8_t { ready, joining, failed };
  using Entries = std::map<ospf::LinkId, ConfiguredLink>;

  /// Keeps its areas, and gives it without patterns.
  [[nodiscard]] Config resolved(Config config);
  [[nodiscard]] std::vector<AreaSettings> resolved_areas();
  void tell_idle(std::vector<std::string> patterns);
  [[nodiscard]] std::set<ospf::LinkId> take(const Config& config);
  void take_over(const Config& config);
  void forget(ospf::LinkId link, const ConfiguredLink& entry);
  void forget_interface(const Link& removed);
  void refresh(ospf::LinkId link, ConfiguredLink& entry);
  Port open_port(ospf::LinkId link, ConfiguredLink& entry, std::uint32_t ifindex);
  void on_joined(ospf::LinkId link, const Result<void>& result);
  void refresh_rib_link(ospf::LinkId link, ConfiguredLink& entry);
  void refresh_settings();
  [[nodiscard]] ospf::InstanceConfig wanted_core_config();
  void check_interface_type(ospf::LinkId link, const ConfiguredLink& entry);
  void check_presence(ospf::LinkId link, ConfiguredLink& entry);
  void tell(ospf::LinkId link, ConfiguredLink& entry, const ospf::DeviceStatus& status);
  void retry_later();
  [[nodiscard]] std::vector<IpAddress> neighbors_to_cover(const ConfiguredLink& entry) const;

  Place place_;
  Callbacks callbacks_;
  std::vector<AreaSettings> configured_areas_;  ///< with patterns
  bool has_patterns_ = false;                   ///< in configured_areas_
  std::vector<std::string> idle_patterns_;      ///< told
  Config config_;                               ///< its areas are without patterns
  ospf::RouterId router_id_{};
  ospf::InstanceConfig core_config_;
  Entries entries_;
  boost::asio::steady_timer retry_timer_;
  bool is_retrying_ = false;  ///< retry_timer_ runs
  bool is_frozen_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
