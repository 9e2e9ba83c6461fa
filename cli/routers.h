#pragma once
// Other routers by name: `--router NAME`, from routers.yaml.

#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/trouble.h"

namespace wgospf::cli {

/// Where routers.yaml is looked for, the first file first: $WGOSPF_ROUTERS alone where it is set; else
/// $XDG_CONFIG_HOME/wgospf (or ~/.config/wgospf) and /etc/wgospf.
[[nodiscard]] std::vector<std::string> router_files();

/// Sets `connect` to the router with this name in the first of the files that has it. A file that does not exist is
/// passed over; one that is wrong is told with all that is wrong in it.
[[nodiscard]] Failure find_router(const std::string& name, const std::vector<std::string>& files,
                                  ConnectOptions& connect);

}  // namespace wgospf::cli
