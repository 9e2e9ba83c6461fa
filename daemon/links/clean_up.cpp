#include "daemon/links/clean_up.h"

#include <fmt/format.h>

#include "daemon/links/link_local_plan.h"
#include "daemon/telling/words.h"
#include "net/link_change.h"
#include "net/link_monitor.h"
#include "wgadapter/device_backend.h"
#include "wgadapter/managed_ips.h"

namespace wgospf::daemon {

namespace {

/// Whether there is something.
bool take_back(const wg::Device& device, wg::DeviceDelta& delta) {
  wg::ManagedIps nothing(device.name);
  nothing.read(&device);
  auto rest = nothing.next();
  if (rest) delta.peers = std::move(rest->peers);
  return rest.has_value();
}

}  // namespace

bool clean_up_devices(std::vector<std::string>& lines) {
  const auto monitor = LinkMonitor::open();
  if (!monitor) {
    lines.push_back(monitor.error().text);
    return false;
  }
  bool is_done = true;
  const auto note = [&](const auto& result, const std::string& what, const std::string& name) {
    is_done = is_done && result;
    lines.push_back(result ? fmt::format("removed {} of {}", what, printable(name)) : result.error().text);
  };
  wg::Devices devices;
  for (const auto& [ifindex, link] : monitor->snapshot()) {
    if (!wg::looks_like_wireguard(link.name, link.kind)) continue;
    const auto device = devices.read(link.name);
    if (!device) continue;
    wg::DeviceDelta delta;
    if (take_back(*device, delta))
      note(devices.apply(*device, delta), "the peers' link-local addresses", link.name);
    for (const auto& address :
         link_local_changes({link.name, ifindex, device->public_key, false}, link).remove)
      note(remove_address(ifindex, address), "the link-local address " + address.to_string(), link.name);
  }
  return is_done;
}

}  // namespace wgospf::daemon
