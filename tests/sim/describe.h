#pragma once
// One readable line for each packet, event and route change: what a replay's log is made of.

#include <span>
#include <string>

#include "ospf/event.h"
#include "ospf/instance.h"
#include "ospf/v2/v2.h"

namespace wgospf::sim {

using ospf::V2;

[[nodiscard]] std::string describe(const ospf::LsaHeader& header);
[[nodiscard]] std::string describe(const ospf::LsaKey& key);
/// A packet from the OSPF header on.
[[nodiscard]] std::string describe_packet(std::span<const std::byte> bytes);
[[nodiscard]] std::string describe(const ospf::Event& event);
[[nodiscard]] std::string describe(const ospf::RouteChange<V2>& change);
[[nodiscard]] std::string describe(const std::vector<ospf::NextHop>& next_hops);
[[nodiscard]] std::string describe(const ospf::Route<V2>& route);

}  // namespace wgospf::sim
