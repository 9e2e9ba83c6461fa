#pragma once
// The interfaces that the configuration names, each from the system's (or its absence) to a socket, and to what
// the core and the RIB are told of it; and the links over them. An interface is a device of the core's with one
// link, or, with `peers: auto`, with a link behind each of its peers, and one beside them, which is passive, for
// the interface itself.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/clients/client_notes.h"
#include "daemon/clients/client_place.h"
#include "daemon/kernel_jobs.h"
#include "daemon/links/bfd_sessions.h"
#include "daemon/links/endpoint_peer.h"
#include "daemon/links/hearing.h"
#include "daemon/links/known_routers.h"
#include "daemon/links/link_facts.h"
#include "daemon/links/link_local_plan.h"
#include "daemon/links/link_watch.h"
#include "daemon/links/liveness_target.h"
#include "daemon/links/ospf_port.h"
#include "daemon/links/peer_table.h"
#include "daemon/links/tunnels.h"
#include "daemon/routes/allowed_ips_plan.h"
#include "daemon/routes/rib_feed.h"
#include "daemon/telling/teller.h"

namespace wgospf::daemon {

/// A configured interface and what it has become: what all links over it have in common.
struct ConfiguredDevice {
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
  PeerTable peers{};                                 ///< where each is a link of its own
  bool are_peers_due = false;                        ///< something has changed that they follow from
  std::chrono::steady_clock::time_point asked_at{};  ///< the device was read for a source that was not known
};

/// A peer of an interface whose peers are links, for those who look.
struct PeerLinkView {
  std::string interface {};  ///< as the configuration calls it
  std::string device{};      ///< as the kernel does
  PeerLink peer{};
  std::optional<ospf::LinkId> link{};  ///< OSPF runs on
  bool is_router = false;              ///< it has turned out to be one, in this run or a former one
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
    std::function<void(const std::vector<ospf::LinkId>&)> rib_links_changed;
    /// Interfaces that OSPF runs on, passive ones included: after each refresh().
    std::function<void(std::set<std::uint32_t>)> refreshed;
    std::function<void(const std::string&)> read_device;  ///< out of turn
    /// The allowed-ips that this program has added; never null.
    std::function<std::shared_ptr<const wg::OwnAllowedIps>()> own_allowed_ips;
    /// Fills in what others have to say of the core's configuration.
    std::function<void(ospf::InstanceConfig&)> complete;
    /// Packets for the client are handed to the peer directly: it is here.
    std::function<bool(const wg::Key&)> is_client_here;
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
  /// A WireGuard device was read: its peers may have come, gone, or woken. True when one has been recognized as a client.
  bool take(const wg::DeviceRead& reading);
  /// The core's configuration as links and devices are now; told to the core where it has changed, and true then.
  bool refresh_core_config();
  [[nodiscard]] const ospf::InstanceConfig& core_config() const { return core_config_; }
  /// What it would be with this configuration; of policies only router ids that are written down.
  [[nodiscard]] ospf::InstanceConfig core_config_of(Config config) const;
  /// Without patterns.
  [[nodiscard]] const Config& config() const { return config_; }
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
  /// True when an address is known that was not.
  bool note_neighbors(const std::vector<ospf::NeighborInfo>& neighbors);

  [[nodiscard]] std::optional<RibLink> rib_link(ospf::LinkId link) const;
  /// How the neighbour of a link is asked whether it is there, but for its address; nullopt: nothing is sent on it.
  [[nodiscard]] std::optional<LivenessTarget> liveness_target(ospf::LinkId link) const;
  /// What the kernel calls the interface that the link is over; empty when there is no such link.
  [[nodiscard]] std::string device_name(ospf::LinkId link) const;
  /// In the order of the configuration; none of an interface with one link.
  [[nodiscard]] std::vector<PeerLinkView> peer_views() const;
  /// Whether OSPF runs on an interface of this name, as the kernel calls it.
  [[nodiscard]] bool is_ours(const std::string& system_name) const;
  [[nodiscard]] std::vector<TunnelLink> tunnel_links() const;
  /// Those of which the configuration wants it, as far as they are up and have an address.
  [[nodiscard]] std::vector<BfdLink> bfd_links() const;
  [[nodiscard]] AllowedIpsPlan::Links allowed_ips_links() const;
  /// Peers of which the configuration says where they can be reached.
  [[nodiscard]] std::vector<EndpointPeer> endpoint_peers() const;
  /// The clients behind the interfaces; those that are found by what they do as of the last reading.
  [[nodiscard]] ClientPlaces clients();
  /// The WireGuard devices among the interfaces, as far as they have been read.
  [[nodiscard]] std::vector<LinkLocalDevice> link_local_devices() const;
  /// The longest dead interval of those that are not passive, or may still come, in seconds.
  [[nodiscard]] std::uint32_t longest_dead_interval() const;

 private:
  enum class Port : std::uint8_t { ready, joining, failed };
  using Entries = std::map<ospf::LinkId, ConfiguredDevice>;

  /// Keeps its areas, and gives it without patterns.
  [[nodiscard]] Config resolved(Config config);
  [[nodiscard]] std::vector<AreaSettings> resolved_areas();
  void tell_idle(std::vector<std::string> patterns);
  [[nodiscard]] std::set<ospf::LinkId> take(const Config& config);
  void take_over(const Config& config);
  void forget(ospf::LinkId link, const ConfiguredDevice& entry);
  void forget_warnings(ospf::LinkId link, const std::string& name);
  void forget_interface(const Link& removed);
  void refresh(ospf::LinkId link, ConfiguredDevice& entry);
  Port open_port(ospf::LinkId link, ConfiguredDevice& entry, std::uint32_t ifindex);
  void on_joined(ospf::LinkId link, const Result<void>& result);
  void refresh_rib_link(ospf::LinkId link, ConfiguredDevice& entry);
  void refresh_settings();
  [[nodiscard]] ospf::InstanceConfig wanted_core_config();
  void check_interface_type(ospf::LinkId link, const ConfiguredDevice& entry);
  void check_presence(ospf::LinkId link, ConfiguredDevice& entry);
  void tell(ospf::LinkId link, ConfiguredDevice& entry, const ospf::DeviceStatus& status);
  void retry_later();
  [[nodiscard]] std::vector<IpAddress> neighbors_to_cover(const ConfiguredDevice& entry) const;

  // Peers that are links (links_peers.cpp).
  void refresh_due_peers();
  void refresh_peers(ospf::LinkId link, ConfiguredDevice& entry);
  void tell_peers(ospf::LinkId link, const ConfiguredDevice& entry);
  void add_peers(const ospf::InterfaceConfig& interface, const ConfiguredDevice& entry,
                 std::vector<ospf::InterfaceConfig>& to) const;
  [[nodiscard]] std::vector<ospf::LinkId> links_over(ospf::LinkId link, const ConfiguredDevice& entry) const;
  [[nodiscard]] ospf::LinkId link_of(ospf::LinkId link, ConfiguredDevice& entry, Ipv4Address source);
  void note_router(ospf::LinkId link, const IpAddress& address);
  [[nodiscard]] bool is_client(const ConfiguredDevice& entry, const PeerLink& peer) const;
  [[nodiscard]] bool recognize_clients(const ConfiguredDevice& entry, const wg::Device& device);
  void read_peers(ospf::LinkId link, ConfiguredDevice& device) const;
  void wake_peers(ConfiguredDevice& entry, const wg::Device& device);
  /// That of the interface: the link itself, or the one beside it where it is behind a peer.
  [[nodiscard]] ospf::LinkId interface_link(ospf::LinkId link) const;
  [[nodiscard]] Entries::const_iterator over(ospf::LinkId link) const {
    return entries_.find(interface_link(link));
  }
  static void add_tunnels_of_peers(const ConfiguredDevice& entry, TunnelLink of_interface,
                                   std::vector<TunnelLink>& to);
  void tell_of_neighbors(const char* kind, const std::map<ospf::LinkId, std::string>& texts);

  Place place_;
  Callbacks callbacks_;
  std::vector<AreaSettings> configured_areas_;  ///< with patterns
  bool has_patterns_ = false;                   ///< in configured_areas_
  std::vector<std::string> idle_patterns_;      ///< told
  Config config_;                               ///< its areas are without patterns
  ospf::RouterId router_id_{};
  ospf::InstanceConfig core_config_;
  Entries entries_;
  /// Of each link behind a peer that there ever was, the interface's own. Neither changes hands.
  std::unordered_map<ospf::LinkId, ospf::LinkId> interface_of_;
  std::map<std::string, std::shared_ptr<const wg::Device>> devices_;  ///< by the kernel's name, as read last
  KnownRouters routers_;
  ClientNotes client_addresses_;              ///< which may be lent to other peers
  std::unordered_set<wg::Key> recognized_{};  ///< as clients, without an entry
  std::map<std::string, std::chrono::steady_clock::time_point> last_seen_;  ///< devices, for routers_
  std::map<std::string, std::set<ospf::LinkId>> told_;  ///< kind of warning; of neighbours
  boost::asio::steady_timer retry_timer_;
  bool is_retrying_ = false;  ///< retry_timer_ runs
  bool is_frozen_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
