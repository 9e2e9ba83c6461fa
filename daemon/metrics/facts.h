#pragma once
// What the metrics are made of: plain values of one moment, taken on the strand in one closure.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/router_view.h"

namespace wgospf::daemon::metrics {

struct Facts {
  struct Neighbor {
    std::string interface {};
    ospf::NeighborInfo info{};
  };
  std::string version{};
  std::chrono::steady_clock::duration uptime{};
  bool is_running = false;  ///< else there is no router id yet, and nothing of what follows but the warnings
  ospf::RouterId router_id{};
  bool is_converged = false;
  ospf::Statistics statistics{};
  EventCounts events{};
  CalculationTimes calculations{};
  KernelView kernel{};
  std::vector<ospf::InterfaceInfo> interfaces{};
  std::vector<Neighbor> neighbors{};
  std::shared_ptr<const std::vector<WireguardView>> wireguard{};
  std::size_t warning_count = 0;
  ApiUse api{};
};

/// On the strand. Costs interfaces, neighbors and WireGuard devices, whatever the number of routes.
[[nodiscard]] Facts gather(const RouterView& router);

/// In Prometheus' text format, version 0.0.4.
[[nodiscard]] std::string to_text(const Facts& facts, std::chrono::system_clock::time_point now);

}  // namespace wgospf::daemon::metrics
