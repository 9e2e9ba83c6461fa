#pragma once
// What is read of an instance, made from its parts.

#include <cstddef>
#include <optional>
#include <vector>

#include "ospf/core.h"
#include "ospf/info.h"
#include "ospf/routing.h"

namespace wgospf::ospf::views {

[[nodiscard]] std::vector<InterfaceInfo> interfaces(const Core& core);
[[nodiscard]] std::vector<NeighborInfo> neighbors(const Core& core);
[[nodiscard]] std::optional<SoleNeighbor> sole_neighbor(const Core& core, LinkId link);
[[nodiscard]] std::vector<DatabaseEntry> database(const Core& core, DatabaseCursor& cursor, std::size_t limit,
                                                  Instant now);
[[nodiscard]] std::optional<DatabaseEntry> find_lsa(const Core& core, const LsaPlace& place,
                                                    const LsaKey& key, Instant now);
[[nodiscard]] Statistics statistics(const Core& core, const RouteCalculation& calculation);
[[nodiscard]] bool converged(const Core& core, const Routing& routing, Instant now);

}  // namespace wgospf::ospf::views
