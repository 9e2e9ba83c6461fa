#pragma once
// Opaque LSAs of others that the driver is told of: of the opaque types that it has asked for
// (InstanceConfig::opaque_types), when they come, say something else, or go. RFC 5250 section 5: only while the
// originator is reachable. One of link scope counts while its originator is a neighbour on the link, in Exchange or
// beyond. Of each router, and in each place, the first kOpaqueToldMost by opaque type and id are told.

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "ospf/core.h"
#include "ospf/route/calculation.h"

namespace wgospf::ospf {

class ReceivedOpaqueLsas {
 public:
  ReceivedOpaqueLsas(Core& core, const RouteCalculation& calculation)
      : core_(core), calculation_(calculation) {}

  /// Tells what has changed in the turn: of Core::changed_opaque, and Core::opaque_validity_changed.
  void end_turn();
  /// InstanceConfig::opaque_types are others.
  void types_changed();
  void measure(Footprint& footprint) const;

 private:
  /// Those of one router in one place. By LSA id: opaque type and id.
  struct Group {
    std::set<LinkStateId> present;
    std::map<LinkStateId, Lsa> told;
  };
  using GroupKey = std::pair<OpaqueName, RouterId>;  ///< of the name the place only

  [[nodiscard]] bool is_valid(const GroupKey& key) const;
  void note(const OpaqueName& name, RouterId router);
  void review(const GroupKey& key, Group& group);
  void tell(const GroupKey& key, LinkStateId id, const Lsa* lsa);
  [[nodiscard]] const LsdbEntry* find(const GroupKey& key, LinkStateId id) const;

  Core& core_;
  const RouteCalculation& calculation_;
  std::map<GroupKey, Group> groups_;
};

}  // namespace wgospf::ospf
