#pragma once
// What passes over the tunnels, asked for, told and, where that is wanted, made the MTU of their devices. On the
// loop; the packets are sent and waited for on a thread of their own, files and devices are written on the
// jobs' thread.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/host.h"
#include "daemon/links/device_mtu.h"
#include "daemon/links/path_mtu.h"
#include "daemon/links/tunnels.h"
#include "ospf/info.h"

namespace wgospf::daemon {

/// Of the links over WireGuard devices those whose neighbour is heard, and hears this router.
[[nodiscard]] std::vector<TunnelPath> tunnel_paths(const std::vector<TunnelLink>& links,
                                                   const std::vector<ospf::NeighborInfo>& neighbors,
                                                   const Inventory& inventory, const wg::Underlay& underlay);

class TunnelMtus {
 public:
  /// `host` must outlive it.
  explicit TunnelMtus(Host& host) : host_(host) {}
  ~TunnelMtus();
  TunnelMtus(const TunnelMtus&) = delete;
  TunnelMtus& operator=(const TunnelMtus&) = delete;

  /// Reads what a former run noted. Once, before anything else.
  void start(const std::string& state_directory);
  /// These are the paths now.
  void follow(const std::vector<TunnelPath>& paths);
  [[nodiscard]] std::optional<PathMtus::Known> known(ospf::LinkId link) const { return paths_.known(link); }
  /// What is known of what passes.
  void add_to(std::vector<WireguardView>& views) const;
  /// That large packets vanish on the link, in words; empty when they do not.
  [[nodiscard]] std::string problem_of(ospf::LinkId link) const { return paths_.problem_of(link); }
  /// Sets devices back as they were; `done` is called when that has been tried. Nothing is followed any more.
  void give_back(std::function<void()> done);

 private:
  struct Write;
  void probe(wg::MtuProbe probe);
  void take(const wg::MtuProbed& probed);
  void settle();
  void write(std::vector<MtuChange> changes, std::function<void()> done);
  void written(const Write& write);

  Host& host_;
  std::string file_;
  PathMtus paths_;
  DeviceMtus devices_;
  std::vector<TunnelPath> told_;  ///< as follow() was told last
  bool is_over_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
