#pragma once
// `wgospfd --auto`: a configuration made of what the machine has. Pure.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/links/link_facts.h"

namespace wgospf::daemon {

/// Interfaces that lead out, by ifindex.
struct Uplinks {
  std::set<std::uint32_t> default_routes{};  ///< over which default routes go, in whatever table
  std::set<std::uint32_t> carriers{};        ///< over which datagrams of WireGuard tunnels go
};

struct AutoConfig {
  Config config{};
  std::vector<std::string> reasons{};  ///< what was chosen, and what was not, in sentences
};
/// Every WireGuard interface, those that appear later included; every LAN and the loopback's addresses to be
/// announced. A LAN is an interface that is up and has an IPv4 address of global scope, that is no uplink and no
/// point-to-point link, and which no container or virtual machine was given.
[[nodiscard]] AutoConfig choose_config(const Inventory& inventory, const Uplinks& uplinks);

/// The configuration as text, below what was chosen.
[[nodiscard]] std::string print_auto_config(const AutoConfig& chosen);

}  // namespace wgospf::daemon
