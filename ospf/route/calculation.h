#pragma once
// The route calculation (RFC 2328 section 16) as the rest of the protocol sees it, whatever the version: LSAs
// and the root's links go in, and what became of the routes is told as a number of changes. calculator.h is
// what calculates; routes and their changes are read there, by address family.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "net/ip.h"
#include "ospf/base/footprint.h"
#include "ospf/config.h"
#include "ospf/lsa.h"
#include "ospf/route/route.h"
#include "ospf/types.h"

namespace wgospf::ospf {

/// A Full neighbour on a link of the root.
struct RootNeighbor {
  RouterId router_id;
  std::optional<IpAddress> address;  ///< nullopt: unknown or unnumbered, only the link matters
  /// v3 and unnumbered v2: the neighbour's interface index, when known.
  std::optional<InterfaceIndex> interface_index;
  bool operator==(const RootNeighbor&) const = default;
};

/// What the links of one device of the root share.
struct RootDevice {
  struct Own {
    IpAddress address;
    IpPrefix subnet;
    bool is_advertised = true;  ///< by the router-LSA (RFC 2328 section 12.4.1)
    bool operator==(const Own&) const = default;
  };
  /// An external whose forwarding address is one of them is no route.
  std::vector<Own> addresses;
  bool operator==(const RootDevice&) const = default;
};

/// A link of the root, as a fact: interface and adjacency state, never read back from its own router-LSA.
struct RootLink {
  enum class Kind : std::uint8_t {
    point_to_point,  ///< `neighbors`: the Full ones
    transit,         ///< broadcast with a DR that this router is Full with, or that it is itself
    stub,            ///< no adjacency: prefixes only
  };
  /// What is advertised of the device's addresses, and so attached to the root.
  enum class Prefixes : std::uint8_t {
    none,
    /// Their subnets, at the link's cost. A forwarding address on one of them is reached directly (RFC 2328
    /// section 16.4); where they are missing, packets for it go to the AS boundary router.
    subnets,
    /// They themselves, without cost: of loopbacks and point-to-multipoint networks.
    hosts,
  };
  LinkId link;
  AreaId area;
  Kind kind = Kind::stub;
  std::uint16_t cost = 1;
  std::vector<RootNeighbor> neighbors;  ///< on transit links: all at least 2-Way
  /// Transit: the vertex of the network (v2: the DR's interface address as Link State ID; v3 also its router
  /// id).
  LinkStateId network_id;
  RouterId designated_router;
  Prefixes prefixes = Prefixes::none;
  std::shared_ptr<const RootDevice> device;  ///< nullptr: none that matters
  /// The address that its packets come from, which is what the other end knows it by.
  std::optional<IpAddress> source;
  /// One of the links of a point-to-multipoint interface, which goes by `source` (RFC 2328 section 12.4.1.4).
  bool is_multipoint = false;
  bool is_source_advertised = false;  ///< by the router-LSA, also when the interface borrows it
  bool is_passive = false;            ///< who is on it says no hellos, so that any address may be

  friend bool operator==(const RootLink& a, const RootLink& b) {
    const auto all = [](const RootLink& one) {
      return std::tie(one.link, one.area, one.kind, one.cost, one.neighbors, one.network_id,
                      one.designated_router, one.prefixes, one.source, one.is_multipoint,
                      one.is_source_advertised, one.is_passive);
    };
    const bool same_device = a.device == b.device || (a.device && b.device && *a.device == *b.device);
    return same_device && all(a) == all(b);
  }
};

/// What a border router says elsewhere of a route (RFC 2328 section 12.4.3, RFC 3101 section 3.2).
struct RouteNews {
  enum class Kind : std::uint8_t {
    none,  ///< there is no route, or one that nothing is said of
    intra_area,
    inter_area,
    nssa,  ///< by a type 7 LSA with the P-bit and a forwarding address: to be translated
  };
  IpPrefix prefix;
  Kind kind = Kind::none;
  AreaId area;
  std::uint32_t metric = 0;  ///< the route's cost; nssa: as the LSA says it
  // nssa: as the LSA says it.
  bool type2 = false;
  std::uint32_t tag = 0;
  IpAddress forwarding_address;
  bool operator==(const RouteNews&) const = default;
};

/// The preferred path to an AS boundary router (RFC 2328 section 16.4 step 3).
struct BoundaryRoute {
  RouterId router;
  AreaId area;
  PathType type = PathType::intra_area;
  std::uint32_t cost = 0;
  bool operator==(const BoundaryRoute&) const = default;
};

/// A reachable border router of an NSSA that is an AS boundary router beyond it (RFC 3101 section 3.1).
struct NssaBorderRouter {
  RouterId router;
  bool is_translator = false;  ///< it says so itself (Nt)
};

struct CalculationResult {
  enum class Kind : std::uint8_t { nothing, prefixes_only, full };
  Kind kind = Kind::nothing;
  Generation generation;  ///< of the table after it
  std::uint32_t vertices_reached = 0;
  std::uint32_t prefixes_examined = 0;
};

class RouteCalculation {
 public:
  virtual ~RouteCalculation() = default;

  /// A new instance of an LSA is in the database. MaxAge instances are reported as removed. Types without
  /// part in routing are ignored. Cost: proportional to the LSA.
  virtual void lsa_installed(AreaId area, const Lsa& lsa) = 0;
  virtual void lsa_removed(AreaId area, const LsaKey& key) = 0;
  /// The area's links of the root go with it.
  virtual void area_removed(AreaId area) = 0;
  /// A link of the root is there, or like this now; no difference, no change. Cost: its neighbours and the
  /// addresses of its device. What is attached to the root follows from its links: its own router-LSA need
  /// not be fed, and says the same.
  virtual void set_link(RootLink link) = 0;
  virtual void remove_link(LinkId link) = 0;

  /// What type an area is of; those that are not named are normal. RFC1583Compatibility.
  virtual void set_area_type(AreaId area, AreaType type) = 0;
  virtual void set_rfc1583_compatibility(bool is_compatible) = 0;
  /// Active address ranges of the root (RFC 2328 section 11.1): summary-LSAs that say one of these do not count
  /// (16.2 step 3), and what is in one and goes nowhere else is discarded.
  virtual void set_discards(std::set<IpPrefix> ranges) = 0;

  enum class Pending : std::uint8_t { nothing, prefixes_only, full };
  [[nodiscard]] virtual Pending pending() const = 0;
  /// Did anything that makes a full calculation necessary come since the last call? True also while one is
  /// pending already: an IGP event of RFC 8405.
  [[nodiscard]] virtual bool take_event() = 0;
  /// Brings the table up to date. Does nothing when nothing is pending.
  struct Outcome {
    CalculationResult result;
    std::size_t changes = 0;  ///< of routes, which wait to be taken
  };
  virtual Outcome calculate() = 0;

  /// RFC 3509 section 2.1: the root has links in several areas, of which one is the backbone.
  [[nodiscard]] virtual bool is_border_router() const = 0;
  /// While it is one, what became of the routes since the last call, in any order. `whole`:
  /// nothing that was told before counts any more.
  struct News {
    bool whole = false;
    std::vector<RouteNews> routes;
    bool boundary_routers = false;  ///< the routes to some may differ
    [[nodiscard]] bool empty() const { return !whole && routes.empty() && !boundary_routers; }
  };
  [[nodiscard]] virtual News take_news() = 0;
  [[nodiscard]] virtual bool has_news() const = 0;
  /// In order; over areas that take AS-external-LSAs.
  [[nodiscard]] virtual std::vector<BoundaryRoute> boundary_routes() const = 0;
  [[nodiscard]] virtual std::vector<NssaBorderRouter> nssa_border_routers(AreaId area) const = 0;

  [[nodiscard]] virtual Generation generation() const = 0;
  [[nodiscard]] virtual std::size_t route_count() const = 0;
  /// Was there a bidirectional path to this router in the area at the last calculation?
  [[nodiscard]] virtual bool reachable(AreaId area, RouterId router) const = 0;
  /// Was there a way to this router, as an AS boundary router, at the last calculation (RFC 2328 section 16.4 (3))?
  [[nodiscard]] virtual bool reaches_boundary_router(RouterId router) const = 0;
  virtual void measure(Footprint& footprint) const = 0;

 protected:
  RouteCalculation() = default;
  RouteCalculation(const RouteCalculation&) = default;
  RouteCalculation(RouteCalculation&&) = default;
  RouteCalculation& operator=(const RouteCalculation&) = default;
  RouteCalculation& operator=(RouteCalculation&&) = default;
};

}  // namespace wgospf::ospf
