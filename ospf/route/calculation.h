#pragma once
// The route calculation (RFC 2328 section 16) as the rest of the protocol sees it, whatever the version: LSAs
// and the root's links go in, and what became of the routes is told as a number of changes. calculator.h is
// what calculates; routes and their changes are read there, by address family.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "net/ip.h"
#include "ospf/base/footprint.h"
#include "ospf/lsa.h"
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

  friend bool operator==(const RootLink& a, const RootLink& b) {
    const auto all = [](const RootLink& one) {
      return std::tie(one.link, one.area, one.kind, one.cost, one.neighbors, one.network_id,
                      one.designated_router, one.prefixes, one.source, one.is_multipoint,
                      one.is_source_advertised);
    };
    const bool same_device = a.device == b.device || (a.device && b.device && *a.device == *b.device);
    return same_device && all(a) == all(b);
  }
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
