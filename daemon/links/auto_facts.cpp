#include "daemon/links/auto_facts.h"

#include "net/default_routes.h"
#include "net/link_monitor.h"
#include "rib/operation.h"
#include "wgadapter/device_backend.h"
#include "wgadapter/underlay_reader.h"

namespace wgospf::daemon {

namespace {

/// Where the datagrams of the tunnels that can be read go.
Result<std::set<std::uint32_t>> carriers_of_tunnels(const Inventory& inventory) {
  wg::Devices backend;
  std::vector<wg::Device> devices;
  for (const auto& [ifindex, link] : inventory) {
    if (!wg::looks_like_wireguard(link.name, link.kind)) continue;
    if (auto device = backend.read(link.name)) devices.push_back(std::move(device).value());
  }
  auto underlay = wg::underlay_of(std::move(devices));
  auto reader = wg::UnderlayReader::open();
  if (!reader) return reader.error();
  const RibSettings rib;
  if (const auto done = reader->read(underlay, {rib.table, rib.metric, rib::kProtocol}); !done)
    return done.error();
  std::set<std::uint32_t> carriers;
  for (const auto& peer : underlay.peers)
    if (peer.way && !peer.way->is_ours)
      carriers.insert(peer.way->ifindexes.begin(), peer.way->ifindexes.end());
  return carriers;
}

}  // namespace

Result<AutoConfig> choose_now() {
  const auto monitor = LinkMonitor::open();
  if (!monitor) return monitor.error();
  const auto routes = read_default_routes();
  if (!routes) return routes.error();
  const auto carriers = carriers_of_tunnels(monitor->snapshot());
  if (!carriers) return carriers.error();
  return choose_config(monitor->snapshot(), {default_route_interfaces(*routes, rib::kProtocol), *carriers});
}

}  // namespace wgospf::daemon
