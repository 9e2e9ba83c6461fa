#pragma once
// The WireGuard devices behind the router's links: what is shown of them, what happens to their peers, and
// what keeps OSPF or its routes from passing. On the loop; long tables of routes are walked on the jobs'
// thread.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/kernel_jobs.h"
#include "daemon/links/route_coverage.h"
#include "daemon/links/silent_peers.h"
#include "daemon/router_view.h"
#include "daemon/telling/teller.h"
#include "wgadapter/device_thread.h"

namespace wgospf::daemon {

/// A configured link, as far as it matters to a tunnel.
struct TunnelLink {
  ospf::LinkId link{};
  std::string name{};
  std::string device{};  ///< as the kernel calls it
  bool is_passive = false;
  bool is_up = false;
  bool is_managed = false;              ///< its allowed-ips follow the routes
  std::vector<IpAddress> neighbors{};   ///< the allowed-ips must cover them
  bool has_peers = false;               ///< of its device each is a link of its own
  bool is_expected = false;             ///< the peer has an entry in the configuration
  std::optional<wg::Key> peer{};        ///< that of them which it leads to; nullopt: the interface itself
  bool sets_mtu = false;                ///< `mtu: auto`
  bool has_bfd = false;                 ///< BFD is configured
  std::optional<Ipv4Address> source{};  ///< of the router's packets
  std::vector<Ipv4Prefix> subnets{};    ///< the interface's own; none of an unnumbered one
  bool operator==(const TunnelLink&) const = default;
};

class Tunnels {
 public:
  struct Sources {
    std::function<std::vector<TunnelLink>()> links;  ///< in the order of the configuration
    std::function<std::shared_ptr<const ospf::RouteTable<V2>>()> table;
  };
  /// `teller` and `jobs` must outlive it.
  Tunnels(Sources sources, Teller& teller, KernelJobs& jobs)
      : sources_(std::move(sources)), teller_(teller), jobs_(jobs) {}
  ~Tunnels() { *alive_ = false; }
  Tunnels(const Tunnels&) = delete;
  Tunnels& operator=(const Tunnels&) = delete;

  /// Returns whether why it cannot be read is not what it was.
  bool take(const wg::DeviceRead& reading);
  void take(const wg::PeersChanged& changed);
  void take(const std::shared_ptr<const wg::Underlay>& underlay);

  /// What the devices, links and neighbours are now against each other: findings and warnings. When any of
  /// them has changed, and from time to time for what time alone changes. `links`: as Sources::links gives them.
  void check(std::vector<TunnelLink> links);
  /// The routes against the allowed-ips, where these do not take every prefix. The findings come later.
  void check_routes();

  /// Never null.
  [[nodiscard]] const std::shared_ptr<const wg::Underlay>& underlay() const { return underlay_; }
  /// In the order of the configuration.
  [[nodiscard]] std::vector<WireguardView> views() const { return views(sources_.links()); }
  /// Of these links.
  [[nodiscard]] std::vector<WireguardView> views(const std::vector<TunnelLink>& links) const;
  /// What keeps a route's packets from passing over its next hops, in words.
  [[nodiscard]] std::vector<std::string> route_findings(const ospf::Route<V2>& route,
                                                        const std::vector<ospf::NextHop>& next_hops) const;

 private:
  struct Reading {
    std::shared_ptr<const wg::Device> device{};
    std::string error{};
  };
  /// What routes are held against the allowed-ips of.
  struct Input {
    ospf::Generation generation{};
    std::vector<Passage> passages{};
    std::shared_ptr<const wg::Underlay> underlay{};
    [[nodiscard]] bool is_same(const Input& other) const;
  };
  using Findings = std::map<ospf::LinkId, wg::CoverageFinding>;
  struct Open {
    Passage passage{};
    std::string name{};
  };

  void open(const TunnelLink& link);
  void warn_of_allowed_ips(const TunnelLink& link, const std::vector<wg::CoverageFinding>& findings);
  [[nodiscard]] std::vector<Passage> passages() const;
  [[nodiscard]] WireguardView view_of(const TunnelLink& link, const Reading& reading) const;
  void check(const TunnelLink& link, const SilentPeers::Expected& expected);
  void check_peer(const TunnelLink& link);
  void tell_unread();
  [[nodiscard]] static Findings findings_of(const Input& input, const ospf::RouteTable<V2>& table);

  Sources sources_;
  Teller& teller_;
  KernelJobs& jobs_;
  std::map<std::string, Reading> readings_;  ///< by the kernel's name of the device
  std::shared_ptr<const wg::Underlay> underlay_ = std::make_shared<wg::Underlay>();
  Devices devices_{*underlay_};
  std::vector<TunnelLink> links_;                      ///< as checked last
  std::map<ospf::LinkId, Open> open_;                  ///< those over tunnels that OSPF speaks on
  bool are_open_due_ = true;                           ///< other devices are read than when open_ was made
  bool are_routes_due_ = true;                         ///< open_ or underlay_ are not those of checked_
  bool are_passages_checked_ = false;                  ///< is_any_narrow_ is of open_ and devices_
  bool is_any_narrow_ = false;                         ///< a peer of one of them does not take every prefix
  std::map<ospf::LinkId, std::string> told_coverage_;  ///< links with a warning, and their names
  std::map<ospf::LinkId, std::vector<wg::CoverageFinding>> findings_;
  Findings route_findings_;
  std::optional<Input> checked_;
  bool is_checking_ = false;  ///< a job is under way
  SilentPeers silent_peers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
