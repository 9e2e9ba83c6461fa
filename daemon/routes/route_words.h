#pragma once
// Why the kernel does not use a route of ours, in words that name interfaces and say who holds the prefix.
// Pure.

#include <functional>
#include <string>

#include "daemon/links/link_facts.h"
#include "rib/report.h"

namespace wgospf::daemon {

/// The name that iproute2 gives an rtm_protocol, or its number.
[[nodiscard]] std::string route_protocol_name(std::uint8_t protocol);

/// `is_ospf`: whether OSPF runs on an interface of this name.
[[nodiscard]] std::string standing_text(const rib::RouteStands& stands, const Inventory& inventory,
                                        const std::function<bool(const std::string&)>& is_ospf);

}  // namespace wgospf::daemon
