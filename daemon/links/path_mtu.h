#pragma once
// The largest packet that gets to the neighbour of each tunnel and back: when it is asked for, and what is
// known of it. Pure; wgadapter/mtu_echoes.h asks.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/links/device_mtu.h"
#include "net/ip.h"
#include "ospf/types.h"
#include "wgadapter/mtu_echoes.h"
#include "wgadapter/underlay.h"

namespace wgospf::daemon {

/// A link over a WireGuard device that has a neighbour.
struct TunnelPath {
  ospf::LinkId link{};
  std::string name{};    ///< printable
  std::string device{};  ///< as the kernel calls it
  std::uint32_t ifindex = 0;
  std::uint32_t mtu = 0;  ///< the device's, bytes
  bool has_ipv6 = false;  ///< the device has
  bool has_several_peers = false;
  bool sets_mtu = false;  ///< `mtu: auto`: device_mtu.h sees to it
  std::optional<Ipv4Address> source{};
  Ipv4Address neighbor{};
  UnderlayWay way{};  ///< while it is the same, so is the path
};

/// What the datagrams of the neighbour's peer go by.
[[nodiscard]] UnderlayWay way_of_path(const wg::Underlay& underlay, const std::string& device,
                                      Ipv4Address neighbor);

class PathMtus {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// Asked again after this time; where there was no clear answer, after the shorter one.
  static constexpr std::chrono::minutes kAgain{60}, kAgainSoon{5};

  /// These are the paths now. `probe` is called for what is to be asked.
  void follow(const std::vector<TunnelPath>& paths, Time now, const std::function<void(wg::MtuProbe)>& probe);
  /// An answer; false when it is of a path that is not there any more.
  bool take(const wg::MtuProbed& probed, Time now);

  struct Known {
    std::uint32_t largest = 0;  ///< bytes; gets to the neighbour and back
    bool is_limit = false;      ///< larger ones, up to the MTU that the device had, do not
  };
  [[nodiscard]] std::optional<Known> known(ospf::LinkId link) const;
  /// What is known of the devices with it, in order of their names.
  [[nodiscard]] std::vector<DeviceMtu> devices() const;
  /// That large packets vanish on the link, and what to do; empty when they do not.
  [[nodiscard]] std::string problem_of(ospf::LinkId link) const;

 private:
  struct Entry {
    TunnelPath path{};
    std::uint64_t ticket = 0;  ///< under way; 0: nothing is
    std::optional<Known> known{};
    Time next{};  ///< asked again then
  };
  std::map<ospf::LinkId, Entry> entries_;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace wgospf::daemon
