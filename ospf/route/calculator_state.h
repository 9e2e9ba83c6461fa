#pragma once
// The state of the route calculation, and how its parts fit:
//
//   feed_impl.h   LSAs and the root's facts in: graph, prefix candidates, what is dirty
//   run_impl.h    calculate(): shortest paths, AS boundary routers, forwarding addresses, best
//                        candidates, the difference
//   view_impl.h   tables and paths out
//
// What depends on what, and so what a change makes dirty:
//
//   links and flags of vertices, root links -> distance and next hops of vertices      (a full run)
//   vertex -> prefixes at it; summaries by it; AS boundary routers by it or its summaries
//   intra- and inter-area prefixes -> forwarding addresses they cover
//   AS boundary router, forwarding address -> the external candidates that name them
//
// A full run compares every vertex with the run before and looks only at the prefixes that hang on a vertex
// that changed. A change of prefixes marks just these.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "ospf/route/calculator.h"
#include "ospf/route/graph.h"
#include "ospf/route/next_hop_lists.h"
#include "ospf/route/next_hop_sets.h"
#include "ospf/route/prefix_table.h"
#include "ospf/route/shortest_paths.h"
#include "ospf/route/topology.h"
#include "ospf/slot_index.h"
#include "ospf/slot_pool.h"

namespace wgospf::ospf {

template <class V>
struct RouteCalculator<V>::Impl {
  using Address = typename V::Address;
  using AddressPrefix = Prefix<Address>;
  using Entry = PrefixEntry<Address>;

  struct Area {
    AreaId id;
    Graph graph;
    ShortestPaths paths;
    VertexId root = 0;  // retained
    std::vector<RootEdge> root_edges;
    bool is_dirty = false;       // shortest paths have to be calculated anew
    bool flags_changed = false;  // of some router: border or AS boundary
    // Network-LSAs by vertex: more than one when a former designated router's has not been flushed yet.
    std::map<VertexId, std::vector<Lsa<V>>> networks;
    std::size_t contested = 0;  // networks with more than one
  };

  /// A way to an AS boundary router or forwarding address (RFC 2328 section 16.4 step 3).
  struct Way {
    std::uint32_t cost = kUnreachable;
    ListId list = kEmptyList;
    PathType type = PathType::intra_area;
    AreaId area;
    bool is_attached = false;  // on a link of the root's own; an empty list means that it is not known which
    bool operator==(const Way&) const = default;
    /// Section 16.4.1: intra-area paths over non-backbone areas come first.
    [[nodiscard]] bool is_preferred() const { return type == PathType::intra_area && area != kBackbone; }
  };
  /// A type 4 summary: the border router's word about an AS boundary router.
  struct RouterSummary {
    std::uint32_t area = 0;
    VertexId border_router = 0;
    std::uint32_t metric = 0;
  };
  struct BoundaryRouter {
    RouterId router;
    std::uint32_t references = 0;  // external candidates and summaries; 0: a free record
    Way way;
    bool way_changed = false;
    bool is_dirty = false;
    std::vector<RouterSummary> summaries;
  };
  struct Forwarding {
    Address address{};
    std::uint32_t references = 0;
    Way way;
    bool way_changed = false;
  };
  /// The best of a prefix's candidates.
  struct Best {
    std::uint32_t cost = kUnreachable;
    std::uint32_t type2_metric = 0;
    ListId list = kEmptyList;
    PathType type = PathType::intra_area;
    AreaId area;
    std::uint32_t tag = 0;
    RouterId tag_from;  // of equal ones the highest AS boundary router's tag counts
    bool is_attached = false;
    bool is_preferred = false;
    [[nodiscard]] bool exists() const { return cost != kUnreachable; }
  };
  /// A prefix whose route differs from before, while a calculation goes on.
  struct Work {
    std::uint32_t prefix = 0;
    std::uint32_t target = 0;  // what NextHopSets calls a target
    bool is_changed = false;   // to be told to the consumers
  };
  struct Stub {
    AddressPrefix prefix;
    std::uint32_t cost = 0;
  };

  explicit Impl(RouterId router) : root(router) {}

  // feed_impl.h
  [[nodiscard]] std::uint32_t find_area(AreaId id) const;
  [[nodiscard]] std::uint32_t make_area(AreaId id);
  void remove_area(AreaId id);
  void installed(AreaId area, const Lsa<V>& lsa);
  void removed(AreaId area, const LsaKey<V>& key);
  void set_root(RouterId router, std::vector<RootLink<V>> new_links);
  void install_router(std::uint32_t area, const LsaKey<V>& key, const Lsa<V>& lsa);
  void remove_router(std::uint32_t area, const LsaKey<V>& key);
  void mark_dirty(Area& area) { area.is_dirty = has_event = true; }
  void set_flags(Area& area, VertexId vertex, RouterFlags flags);
  void install_network(std::uint32_t area, const LsaKey<V>& key, const Lsa<V>& lsa);
  void remove_network(std::uint32_t area, const LsaKey<V>& key);
  void select_network(std::uint32_t area, VertexId vertex);
  void reselect_contested(std::uint32_t area);
  void set_prefixes(std::uint32_t area, VertexId vertex, CandidateKind kind, LinkStateId id);
  void set_inter_prefix(std::uint32_t area, const LsaKey<V>& key, const Lsa<V>* lsa);
  void set_inter_router(std::uint32_t area, const LsaKey<V>& key, const Lsa<V>* lsa);
  void set_external(const LsaKey<V>& key, const Lsa<V>* lsa);
  void update_external(std::uint32_t slot, const ExternalPart<Address>& part);
  void remove_candidate(std::uint32_t slot);
  void note_internal_change(std::uint32_t prefix);
  [[nodiscard]] std::uint32_t find_boundary(RouterId router) const;
  [[nodiscard]] std::uint32_t acquire_boundary(RouterId router);
  void release_boundary(std::uint32_t slot);
  [[nodiscard]] std::uint32_t acquire_forwarding(const Address& address);
  void release_forwarding(std::uint32_t slot);
  // Candidates that are LSAs of their own, by LSA.
  static constexpr std::uint32_t kAsScope = 0xffffffff;
  [[nodiscard]] static std::uint64_t lsa_hash(std::uint32_t scope, LinkStateId id, RouterId router) {
    return hash_mix(((std::uint64_t{id.value} << 32) | router.value) ^ hash_mix(scope));
  }
  [[nodiscard]] RouterId advertiser(const Candidate& candidate) const {
    return candidate.is_external() ? boundaries[candidate.source].router
                                   : areas[candidate.value]->graph[candidate.source].router;
  }
  [[nodiscard]] static std::uint32_t scope_of(const Candidate& candidate) {
    return candidate.is_external() ? kAsScope : candidate.value;
  }
  [[nodiscard]] std::uint64_t hash_of_candidate(std::uint32_t slot) const {
    const Candidate& candidate = prefixes.candidate(slot);
    return lsa_hash(scope_of(candidate), candidate.id, advertiser(candidate));
  }
  [[nodiscard]] std::uint32_t find_lsa(std::uint32_t scope, LinkStateId id, RouterId router) const;
  void index_lsa(std::uint32_t slot);

  // run_impl.h
  [[nodiscard]] Pending pending() const;
  CalculationResult calculate(std::vector<RouteChange<V>>& changes);
  void run_area(Area& area, CalculationResult& result);
  void make_root_edges(Area& area);
  [[nodiscard]] ListId beyond(const Area& area, ListId list, VertexId network, VertexId router);
  void resolve_boundaries(bool all);
  void resolve_forwardings(bool all);
  [[nodiscard]] Way way_to_boundary(const BoundaryRouter& boundary);
  [[nodiscard]] Way way_by_summaries(const BoundaryRouter& boundary, std::uint32_t area);
  [[nodiscard]] Way way_to_address(const Address& address);
  [[nodiscard]] ListId way_on_links(const AddressPrefix& subnet, ListId direct, const Address& address);
  void mark_dependent_candidates();
  [[nodiscard]] bool inter_area_counts(const Area& area) const {
    return !is_border_router || area.id == kBackbone;
  }
  [[nodiscard]] VertexState border_state(std::uint32_t area, VertexId vertex) const;
  [[nodiscard]] Best best_internal(const Entry& entry);
  [[nodiscard]] Best best_external(const Entry& entry);
  [[nodiscard]] Best external_path(const Candidate& candidate) const;
  void merge(Best& best, const Best& other);
  void examine_prefixes(CalculationResult& result);
  void examine(std::uint32_t slot);
  [[nodiscard]] bool has_lost_member(ListId list) const;
  void assign_sets();
  void tell(std::vector<RouteChange<V>>& changes);
  void collect_garbage();
  [[nodiscard]] std::uint32_t member(const NextHop<V>& next_hop);
  [[nodiscard]] std::vector<NextHop<V>> next_hops(ListId list) const;

  // view_impl.h
  [[nodiscard]] Route<V> route_of(const Entry& entry) const;
  [[nodiscard]] std::shared_ptr<const RouteTable<V>> build_table() const;
  [[nodiscard]] std::vector<PrefixPath<V>> paths(const AddressPrefix& prefix, std::size_t limit);
  [[nodiscard]] std::vector<RouterRoute<V>> router_routes();
  void measure(Footprint& footprint) const;

  RouterId root;
  std::vector<RootLink<V>> links;            // without stubs
  bool is_border_router = false;             // links in more than one area
  std::vector<std::unique_ptr<Area>> areas;  // numbers are reused; nullptr: none
  bool everything_is_dirty = false;          // the root or the set of areas changed
  bool has_event = false;                    // something that needs a full run came since take_event()
  PrefixTable<Address> prefixes;
  std::vector<std::uint32_t> changed_internal;  // prefixes whose intra- or inter-area candidates changed

  SlotPool<BoundaryRouter, 4> boundaries;
  SlotIndex boundary_index;
  std::vector<std::uint32_t> dirty_boundaries;
  SlotPool<Forwarding, 4> forwardings;
  bool forwardings_are_dirty = false;  // all of them
  SlotIndex forwarding_index;

  NextHopLists lists;
  std::vector<NextHop<V>> members;  // by member number
  SlotIndex member_index;
  std::size_t lists_after_collection = 0;
  NextHopSets sets;
  Generation generation;
  std::size_t route_count = 0;                         // prefixes with a route
  std::set<AddressPrefix> martians;                    // prefixes that would have one
  mutable std::shared_ptr<const RouteTable<V>> table;  // of the present generation, once asked for
  mutable std::vector<std::uint32_t> table_order;      // prefixes with a route, sorted; empty: not known

  // Scratch, kept for its memory.
  std::vector<TopologyLink> new_links;
  std::vector<Stub> new_stubs;
  std::vector<std::uint32_t> old_slots;
  std::vector<Work> work;
};

}  // namespace wgospf::ospf
