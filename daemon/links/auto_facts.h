#pragma once
// What `wgospfd --auto` goes by, asked of the kernel.

#include "daemon/links/auto_config.h"
#include "net/result.h"

namespace wgospf::daemon {

/// A configuration made of what the machine has now. Waits for the kernel and for WireGuard devices.
[[nodiscard]] Result<AutoConfig> choose_now();

}  // namespace wgospf::daemon
