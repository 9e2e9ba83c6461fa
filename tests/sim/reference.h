#pragma once
// What must come out, computed from the true topology: which adjacencies can exist, who belongs together, and
// each router's routes by a plain O(V^2) Dijkstra over the simulator's own graph. Nothing here reads a
// database, and no code is shared with the route calculation of the core.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "ospf/route/route.h"
#include "tests/sim/network.h"

namespace wgospf::sim {

/// Both ends run, are up, hear each other, have addresses that may be a neighbour's, and agree: an adjacency
/// must be Full.
[[nodiscard]] bool adjacency_exists(const Network& network, CableIndex cable);

/// For each router the lowest index it is connected with by adjacencies; absent routers stand alone.
[[nodiscard]] std::vector<RouterIndex> components(const Network& network);

/// One of the router's ways out.
struct Hop {
  LinkId link;
  RouterId router;                       ///< none: a host on the link
  std::optional<Ipv4Address> host = {};  ///< that host: a forwarding address on a LAN of the router
  auto operator<=>(const Hop&) const = default;
};

struct ExpectedRoute {
  ospf::PathType path_type = ospf::PathType::intra_area;
  std::uint32_t metric = 0, type2_metric = 0;
  bool attached = false;  ///< a prefix of the router's own
  std::set<Hop> hops;
  std::set<std::uint32_t> tags;  ///< of externals: any of these
};

using ExpectedTable = std::map<Ipv4Prefix, ExpectedRoute>;

/// Shortest paths from one router.
struct Distances {
  std::vector<std::optional<std::uint32_t>> cost;
  std::vector<std::set<Hop>> hops;
};

/// The prefixes that a running router advertises as its own, with their costs.
[[nodiscard]] std::map<Ipv4Prefix, std::uint32_t> own_prefixes(const Router& router);
/// Is this an address of the router itself, on a port that is up?
[[nodiscard]] bool owns(const Router& router, Ipv4Address address);
[[nodiscard]] Distances shortest_paths(const Network& network, RouterIndex root);
[[nodiscard]] ExpectedTable expected_routes(const Network& network, RouterIndex root);

}  // namespace wgospf::sim
