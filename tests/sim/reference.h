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
/// By those of one area; by those of all that take AS-external-LSAs.
[[nodiscard]] std::vector<RouterIndex> components(const Network& network, ospf::AreaId area);
[[nodiscard]] std::vector<RouterIndex> as_components(const Network& network);

/// One of the router's ways out.
struct Hop {
  LinkId link;
  RouterId router;                       ///< none: a host on the link
  std::optional<Ipv4Address> host = {};  ///< that host: a forwarding address on a LAN of the router
  auto operator<=>(const Hop&) const = default;
};

struct ExpectedRoute {
  ospf::PathType path_type = ospf::PathType::intra_area;
  ospf::AreaId area;  ///< of a path within the AS
  std::uint32_t metric = 0, type2_metric = 0;
  bool attached = false;  ///< a prefix of the router's own
  std::set<Hop> hops;
  std::set<std::uint32_t> tags;  ///< of externals: any of these
  bool is_first_choice = false;  ///< of externals: by section 16.4.1
  /// By a type 7 LSA that is to be translated: it, by the highest router of those with equal paths.
  std::optional<ospf::ExternalRoute> type7;
  RouterId type7_by;
  ospf::AreaId nssa;  ///< where that is
};

using ExpectedTable = std::map<Ipv4Prefix, ExpectedRoute>;

/// Shortest paths from one router.
struct Distances {
  std::vector<std::optional<std::uint32_t>> cost;
  std::vector<std::set<Hop>> hops;
};

/// The prefixes that a running router advertises as its own, in an area or at all, with their costs.
[[nodiscard]] std::map<Ipv4Prefix, std::uint32_t> own_prefixes(
    const Router& router, std::optional<ospf::AreaId> area = std::nullopt);
/// The port's addresses are advertised, not their subnets.
[[nodiscard]] bool has_host_routes(const Port& port);
/// Is this an address of the router itself, on a port that is up?
[[nodiscard]] bool owns(const Router& router, Ipv4Address address);
/// Within an area.
[[nodiscard]] Distances shortest_paths(const Network& network, RouterIndex root, ospf::AreaId area);

/// What a border router says in an area of the others.
struct Said {
  std::map<Ipv4Prefix, std::uint32_t> prefixes;                ///< with their metrics
  std::map<RouterIndex, std::uint32_t> boundary_routers = {};  ///< with theirs
};

/// All that follows from the network as it is now.
class Reference {
 public:
  explicit Reference(const Network& network) : network_(network) {}

  [[nodiscard]] ExpectedTable routes(RouterIndex root);
  /// What the router says of prefixes outside: in the AS, translated or its own, and in an NSSA.
  using Externals = std::map<Ipv4Prefix, ospf::ExternalRoute>;
  [[nodiscard]] const Externals& as_externals(RouterIndex router);
  struct Type7 {
    ospf::ExternalRoute route;
    bool is_translated = false;  ///< the P-bit
  };
  [[nodiscard]] std::map<Ipv4Prefix, Type7> type7s(RouterIndex router, ospf::AreaId nssa) const;
  [[nodiscard]] const Said& says(RouterIndex router, ospf::AreaId area);

 private:
  struct ActiveRange {
    ospf::AreaId area;
    std::uint32_t metric = 0;
    bool is_advertised = true;
  };
  struct Way {
    std::uint32_t cost = 0;
    ospf::PathType type = ospf::PathType::intra_area;
    ospf::AreaId area;
    std::set<Hop> hops;
  };

  [[nodiscard]] const Distances& distances(RouterIndex root, ospf::AreaId area);
  [[nodiscard]] bool is_border(RouterIndex router) const;
  [[nodiscard]] bool is_boundary(RouterIndex router) const;
  [[nodiscard]] bool learns_from_the_backbone_alone(RouterIndex router) const;
  [[nodiscard]] std::vector<ospf::AreaId> learns_from(RouterIndex router) const;
  [[nodiscard]] ExpectedTable intra_within(RouterIndex root, ospf::AreaId area);
  [[nodiscard]] ExpectedTable intra(RouterIndex root);
  [[nodiscard]] ExpectedTable inter(RouterIndex root, const ExpectedTable& intra);
  [[nodiscard]] std::map<Ipv4Prefix, ActiveRange> active_ranges(RouterIndex root,
                                                                const ExpectedTable& intra) const;
  void say_prefixes(RouterIndex router, ospf::AreaId area, Said& said);
  void say_boundary_routers(RouterIndex router, ospf::AreaId area, Said& said);
  [[nodiscard]] std::optional<std::uint32_t> says_of_boundary(RouterIndex router, ospf::AreaId area,
                                                              RouterIndex boundary);
  [[nodiscard]] bool is_nearer_by_summaries(RouterIndex router, RouterIndex boundary, const Way& within);
  [[nodiscard]] std::optional<Way> way_to_boundary(RouterIndex root, RouterIndex boundary, bool by_summaries);
  [[nodiscard]] std::optional<Way> way_by_summaries(RouterIndex root, ospf::AreaId area,
                                                    RouterIndex boundary);
  [[nodiscard]] std::optional<Way> way_of_external(const ospf::ExternalRoute& external, RouterIndex root,
                                                   const Way& boundary, const ExpectedTable& internal) const;
  [[nodiscard]] bool is_better(RouterIndex root, const Way& a, const Way& b) const;
  [[nodiscard]] bool is_preferred(RouterIndex root, ospf::PathType type, ospf::AreaId area) const;
  /// A path to an external: what is said of it, and the way.
  struct ExternalPath {
    ospf::ExternalRoute said;
    Way way;
    std::optional<RouterId> type7_by = {};  ///< in a type 7 LSA that is to be translated
  };
  [[nodiscard]] ExpectedTable internal_routes(RouterIndex root);
  [[nodiscard]] ExpectedTable routes_with(RouterIndex root, const std::vector<Externals>& as_externals);
  void add_external(RouterIndex root, const ExternalPath& path, ExpectedTable& externals) const;
  void add_nssa_externals(RouterIndex root, ospf::AreaId nssa, ExpectedTable& externals);
  [[nodiscard]] bool translates(RouterIndex router, const ospf::AreaConfig& nssa);
  struct Translated {
    Externals said;
    std::set<Ipv4Prefix> ranges;  ///< said in place of what is in them
  };
  [[nodiscard]] Translated translated(RouterIndex router, const ExpectedTable& table);
  void settle_as_externals();

  const Network& network_;
  std::map<std::pair<RouterIndex, ospf::AreaId>, Distances> distances_;
  std::map<std::pair<RouterIndex, ospf::AreaId>, Said> says_;
  std::vector<Externals> as_externals_;  ///< by router, once asked for
  /// Border routers whose own default route leads into an NSSA, where they say none then.
  std::set<std::pair<RouterIndex, ospf::AreaId>> without_default_;
  std::map<RouterIndex, std::set<Ipv4Prefix>> nssa_ranges_;  ///< that a translator says, and so discards
};

}  // namespace wgospf::sim
