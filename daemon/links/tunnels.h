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
  bool is_managed = false;             ///< its allowed-ips follow the routes
  std::vector<IpAddress> neighbors{};  ///< the allowed-ips must cover them
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

  void take(const wg::DeviceRead& reading);
  void take(const wg::PeersChanged& changed);
  void take(const std::shared_ptr<const wg::Underlay>& underlay);

  /// What the devices, links and neighbours are now against each other: findings and warnings. When any of
  /// them has changed, and every few seconds for what time alone changes.
  void check();
  /// The routes against the allowed-ips, where these do not take every prefix. The findings come later.
  void check_routes();

  /// In the order of the configuration.
  [[nodiscard]] std::vector<WireguardView> views() const;
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

  [[nodiscard]] std::vector<Passage> passages() const;
  [[nodiscard]] WireguardView view_of(const TunnelLink& link, const Reading& reading) const;
  void check(const TunnelLink& link);
  void tell_unread();
  [[nodiscard]] static Findings findings_of(const Input& input, const ospf::RouteTable<V2>& table);

  Sources sources_;
  Teller& teller_;
  KernelJobs& jobs_;
  std::map<std::string, Reading> readings_;  ///< by the kernel's name of the device
  std::shared_ptr<const wg::Underlay> underlay_ = std::make_shared<wg::Underlay>();
  Devices devices_{*underlay_};
  std::map<ospf::LinkId, TunnelLink> open_;  ///< links over tunnels that OSPF speaks on
  bool is_any_narrow_ = false;               ///< a peer of one of them does not take every prefix
  std::map<ospf::LinkId, std::vector<wg::CoverageFinding>> findings_;
  Findings route_findings_;
  std::optional<Input> checked_;
  bool is_checking_ = false;  ///< a job is under way
  SilentPeers silent_peers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
