#pragma once
// The state of the route calculation, and how its parts fit:
//
//   root_impl.h         the root's links in (root_links.h), and the offers for what they attach to it
//   feed_impl.h         LSAs in: graph, offers for prefixes, what is dirty
//   inter_area_impl.h   summaries in
//   as_external_impl.h  externals in, and the ways to their forwarding addresses
//   run_impl.h          calculate(): shortest paths, AS boundary routers, forwarding addresses, the best of
//                       the offers, the difference
//   paths_impl.h        paths for people
//   news_impl.h         what a border router says elsewhere of routes and routers
//   view_impl.h         tables out, and the public face
//
// What depends on what, and so what a change makes dirty:
//
//   links and flags of vertices, root links -> distance and next hops of vertices      (a full run)
//   vertex -> offers of its LSAs; summaries by it; AS boundary routers by it or its summaries
//   intra- and inter-area prefixes -> forwarding addresses they cover
//   AS boundary router, forwarding address -> the external offers that name them
//
// A full run compares every vertex with the run before and looks only at the prefixes that hang on a vertex
// that changed. A change of prefixes marks just these.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "ospf/route/areas.h"
#include "ospf/route/as_external_paths.h"
#include "ospf/route/boundary_routers.h"
#include "ospf/route/calculator.h"
#include "ospf/route/forwarding_addresses.h"
#include "ospf/route/inter_area_paths.h"
#include "ospf/route/intra_area_paths.h"
#include "ospf/route/next_hop_lists.h"
#include "ospf/route/next_hop_sets.h"
#include "ospf/route/next_hops.h"
#include "ospf/route/path.h"
#include "ospf/route/prefix_table.h"
#include "ospf/route/root_links.h"
#include "ospf/route/topology.h"
#include "ospf/route/vertex_lsas.h"

namespace wgospf::ospf {

template <class V>
struct RouteCalculator<V>::Impl {
  using Address = typename V::Address;
  using AddressPrefix = Prefix<Address>;
  using Entry = PrefixEntry<Address>;

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

  explicit Impl(RouterId router) : root(router) { boundaries.set_root(router); }

  /// A stub of the root's own, by area, prefix and cost.
  using OwnStubKey = std::tuple<AreaId, AddressPrefix, std::uint32_t>;
  struct OwnStub {
    std::uint32_t links = 0;  ///< that have it
    std::uint32_t offer = kNoSlot;
  };

  // root_impl.h
  void set_root(RouterId router, std::vector<RootLink> new_links);
  /// The links of which `test` is true.
  template <class Test>
  [[nodiscard]] std::vector<LinkId> links_where(Test&& test) const {
    std::vector<LinkId> found;
    for (const auto& [id, link] : links.all())
      if (test(link)) found.push_back(id);
    return found;
  }
  void set_link(RootLink link);
  void remove_link(LinkId id);
  void become_root(RouterId router);
  void note_link_change(const RootLink& link);
  void check_border_router();
  void add_own(const RootLink& link);
  void remove_own(const RootLink& link);
  void add_own_stub(const OwnStubKey& key);
  void remove_own_stub(const OwnStubKey& key);
  void mark_own_stubs_dirty(AreaId area);
  void forget_links(AreaId area);

  // feed_impl.h
  [[nodiscard]] std::uint32_t make_area(AreaId id);
  void remove_area(AreaId id);
  void installed(AreaId area, const Lsa& lsa);
  void removed(AreaId area, const LsaKey& key);
  void mark_dirty(RoutingArea& area) { area.is_dirty = has_event = true; }
  void install_at_vertex(std::uint32_t area, const LsaKey& key, const Lsa& lsa);
  void remove_at_vertex(std::uint32_t area, const LsaKey& key);
  void refresh_vertex(std::uint32_t area, VertexId vertex);
  void refresh_router(std::uint32_t area, VertexId vertex);
  void refresh_network(std::uint32_t area, VertexId vertex);
  void refresh_contested(std::uint32_t area);
  void set_flags(RoutingArea& area, VertexId vertex, RouterFlags flags);
  void set_offers(std::uint32_t area, VertexId vertex, VertexLsa& owner);
  void remove_offer(std::uint32_t slot);
  void note_internal_change(std::uint32_t prefix);
  // Offers that are LSAs of their own, by LSA.
  [[nodiscard]] static std::uint64_t lsa_hash(std::uint32_t scope, LinkStateId id, RouterId router) {
    return hash_mix(((std::uint64_t{id.value} << 32) | router.value) ^ hash_mix(scope));
  }
  [[nodiscard]] RouterId advertiser(const Offer& offer) const {
    return offer.is_external() ? boundaries[offer.source].router
                               : areas[offer.area].graph[offer.source].router;
  }
  [[nodiscard]] std::uint32_t scope_of(const Offer& offer) const {
    return offer.is_external() ? boundaries[offer.source].scope : offer.area;
  }
  [[nodiscard]] std::uint64_t hash_of_offer(std::uint32_t slot) const {
    const Offer& offer = prefixes.offer(slot);
    return lsa_hash(scope_of(offer), offer.id, advertiser(offer));
  }
  /// A summary, or an external: in an NSSA both may have the same id and router.
  enum class LsaOf : bool { summary, external };
  [[nodiscard]] std::uint32_t find_lsa(LsaOf which, std::uint32_t scope, const LsaKey& key) const;
  void index_lsa(std::uint32_t slot);

  // inter_area_impl.h
  void set_inter_prefix(std::uint32_t area, const LsaKey& key, const Lsa* lsa);
  void set_inter_router(std::uint32_t area, const LsaKey& key, const Lsa* lsa);

  // as_external_impl.h
  void set_external(std::uint32_t scope, const LsaKey& key, const Lsa* lsa);
  void update_external(std::uint32_t slot, const ExternalPart<Address>& part);
  [[nodiscard]] std::uint32_t acquire_forwarding(const Address& address, std::uint32_t scope);
  [[nodiscard]] Way way_to_address(const IpAddress& wanted, std::uint32_t scope);

  // run_impl.h
  [[nodiscard]] Pending pending() const;
  CalculationResult calculate(std::vector<RouteChange<V>>& changes);
  void run_area(std::uint32_t number, CalculationResult& result);
  void mark_dependent_offers();
  [[nodiscard]] Path internal_path(const Offer& offer) const;
  [[nodiscard]] Path path_over(const Offer& offer) const;
  /// Intra- and inter-area paths only; within an area's scope: intra-area ones of that area.
  [[nodiscard]] Path best_internal(const Entry& entry, std::uint32_t scope = kAsScope);
  [[nodiscard]] Path best(const Entry& entry);
  void examine_prefixes(CalculationResult& result);
  void examine(std::uint32_t slot);
  [[nodiscard]] bool is_active_range(const Entry& entry) const {
    return !discards.empty() && discards.contains(entry.prefix());
  }
  [[nodiscard]] bool counts(const Entry& entry, const Offer& offer) const;
  [[nodiscard]] RouteNews news_of(const Entry& entry, const Path& path) const;
  void assign_sets();
  void tell(std::vector<RouteChange<V>>& changes);
  void collect_garbage();

  // news_impl.h
  void set_area_type(AreaId id, AreaType type);
  void set_discards(const std::set<IpPrefix>& ranges);
  [[nodiscard]] std::vector<BoundaryRoute> boundary_routes() const;
  [[nodiscard]] std::vector<NssaBorderRouter> nssa_border_routers(AreaId id) const;

  // paths_impl.h
  [[nodiscard]] std::vector<PrefixPath> paths(const AddressPrefix& prefix, std::size_t limit);
  [[nodiscard]] std::vector<PrefixOrigin> origins(const AddressPrefix& prefix);

  // view_impl.h
  [[nodiscard]] Route<V> route_of(const Entry& entry) const;
  [[nodiscard]] std::shared_ptr<const RouteTable<V>> build_table() const;
  void measure(Footprint& footprint) const;

  RouterId root;
  std::map<OwnStubKey, OwnStub> own_stubs;
  RoutingAreas areas;
  std::map<AreaId, AreaType> area_types;  ///< those that are not normal
  std::vector<VertexLsas> vertex_lsas;    // by area number
  bool everything_is_dirty = false;       // the root or the set of areas changed
  bool has_event = false;                 // something that needs a full run came since take_event()
  PrefixTable<Address> prefixes;
  std::map<AddressPrefix, std::uint32_t> discards;  ///< active ranges of the root, each with its offer
  struct Collected : News {
    void start_anew() {
      whole = true;
      routes.clear();
    }
  } news;  ///< while the root is a border router

  NextHopLists lists;
  NextHops next_hops;
  std::size_t lists_after_collection = 0;
  NextHopSets sets;
  BoundaryRouters boundaries{areas, lists};
  ForwardingAddresses forwardings;
  RootLinks links{lists, next_hops, {Topology<V>::network_vertex, Topology<V>::address_on_network}};

  Generation generation;
  std::deque<RouteChange<V>> changes;                  // that wait for take_change()
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
