#pragma once
// What a run that did not end in order has left at WireGuard devices, and is known without its notes. Waits for the
// kernel and the devices.

#include <string>
#include <vector>

namespace wgospf::daemon {

/// Takes the link-local addresses of public keys from the interfaces of WireGuard devices and from their peers; what was done, or why not, a line each. Whether all went well.
[[nodiscard]] bool clean_up_devices(std::vector<std::string>& lines);

}  // namespace wgospf::daemon
