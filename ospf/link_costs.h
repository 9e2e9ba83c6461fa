#pragma once
// One cost for both directions of a link where an end is a point-to-multipoint interface (docs/opaque-lsas.md): what
// such an interface of WireGuard lets in depends on the way back, so the ways must be the same in both directions.
// Each end tells the other what it has been configured with, in an opaque LSA of the link, and uses the greater of
// both (Interface::cost()). A neighbour that tells nothing keeps its own: the cost in its router-LSA counts when it is
// the greater; when it is the smaller, that is told.

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "ospf/core.h"
#include "ospf/origination.h"

namespace wgospf::ospf {

class LinkCosts {
 public:
  LinkCosts(Core& core, Origination& origination) : core_(core), origination_(origination) {}

  /// Looks anew at the links that changed (Core::dirty_links): before router-LSAs are made of them.
  void update();
  /// The instance originates from now on, or the database is new.
  void originate(std::uint32_t domain);
  void measure(Footprint& footprint) const { footprint.held("link-costs.follows", follows_.size()); }

 private:
  struct Told {
    bool is_void = false;  ///< it says something, but not what we understand
    std::optional<LinkCostTlv> cost;
  };
  void update(LinkId id);
  [[nodiscard]] std::uint16_t agreed(Interface& interface, Neighbor& neighbor);
  [[nodiscard]] Told told_by(const Interface& interface, const Neighbor& neighbor) const;
  [[nodiscard]] std::optional<std::uint16_t> cost_in_router_lsa(const Interface& interface,
                                                                const Neighbor& neighbor) const;
  void follow(LinkId link, std::optional<RouterId> router);

  Core& core_;
  Origination& origination_;
  std::map<LinkId, RouterId> follows_;  ///< Core::cost_says by link
};

}  // namespace wgospf::ospf
