#pragma once
// What follows from flooding and ageing in the parts that stand above them: neighbours and origination, which
// flood in their turn. It is written down in order and done when the present input or timer is through
// (turn.cpp), so that nothing floods while something is being flooded.

#include <cstdint>
#include <variant>

#include "ospf/lsa.h"
#include "ospf/lsdb.h"
#include "ospf/neighbor_state.h"
#include "ospf/types.h"

namespace wgospf::ospf {

/// RFC 2328 section 13.4: somebody has a newer instance of an LSA of ours; it is installed.
struct OwnLsaCame {
  LsaRef ref;
  Lsa lsa;  ///< it; another may be there by now
};
/// An LSA of ours left the database; `last` was its instance there.
struct OwnLsaLeft {
  std::uint32_t domain = 0;
  LsaKey key;
  Lsa last;
};
/// An LSA of ours reached LSRefreshTime (section 12.4 (1)).
struct RefreshDue {
  LsaRef ref;
};
/// An instance of our router-LSA of a domain may go out, whose contents may have changed while it was held
/// back.
struct RouterLsaDue {
  std::uint32_t domain = 0;
};
/// Of a neighbour whose exchange has to begin anew.
struct ExchangeBroken {
  LinkId link;
  RouterId router;
  NeighborEvent event{};
};

using Followup = std::variant<OwnLsaCame, OwnLsaLeft, RefreshDue, RouterLsaDue, ExchangeBroken>;

}  // namespace wgospf::ospf
