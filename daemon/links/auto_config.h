#pragma once
// `wgospfd --auto`: a configuration made of what the machine has. Pure.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/links/link_facts.h"

namespace wgospf::daemon {

/// The interfaces that a default route goes over, of the text of /proc/net/route.
[[nodiscard]] std::set<std::string> default_route_interfaces(std::string_view routes);

struct AutoConfig {
  Config config{};
  std::vector<std::string> reasons{};  ///< what was chosen, and what was not, in sentences
};
/// Every WireGuard interface, those that appear later included; every LAN and the loopback's addresses to be
/// announced. A LAN is an interface that is up and has an IPv4 address of global scope, over which no default
/// route goes, and which no container or virtual machine was given.
[[nodiscard]] AutoConfig choose_config(const Inventory& inventory, const std::set<std::string>& uplinks);

/// The configuration as text, below what was chosen.
[[nodiscard]] std::string print_auto_config(const AutoConfig& chosen);

}  // namespace wgospf::daemon
