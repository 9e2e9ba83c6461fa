#pragma once
// Paths to a prefix, each over one offer, and which of them count: the preferences of RFC 2328 sections 16.1
// step 4, 16.2, 16.4 step 6 and 16.4.1, once, for the calculation and for what is shown of it.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include "ospf/base/slot_index.h"
#include "ospf/route/distances.h"
#include "ospf/route/next_hop_lists.h"
#include "ospf/route/route.h"

namespace wgospf::ospf {

struct Path {
  std::uint32_t cost = kUnreachable;
  std::uint32_t type2_metric = 0;
  ListId list = kEmptyList;
  PathType type = PathType::intra_area;
  AreaId area;
  std::uint32_t tag = 0;
  /// Of equal paths to an external the tag counts that is said in an LSA of the higher standing (RFC 3101
  /// section 2.5 (6) (e)), then by the higher AS boundary router.
  enum class Standing : std::uint8_t { local_nssa, external, nssa } standing{};
  RouterId tag_from;                      ///< that router
  std::uint32_t offer = kNoSlot;          ///< external: that LSA's
  std::optional<LinkStateId> network_id;  ///< of the network-LSA, when it is to a transit network
  bool is_attached = false;               ///< on a link of the root's own
  bool is_preferred = false;              ///< external: intra-area over an area that is not the backbone

  [[nodiscard]] bool exists() const { return cost != kUnreachable; }
};

/// The smaller rank wins: the path type; of type 2 externals the advertised metric; section 16.4.1; the cost.
[[nodiscard]] inline auto rank(const Path& path) {
  return std::tuple(path.type, path.type2_metric, !path.is_preferred, path.cost);
}

/// Section 16.1 step 4: of several network-LSAs for one prefix, as near, the one with the larger Link State
/// ID counts. `best`: of the same rank.
[[nodiscard]] inline bool loses_as_network(const Path& path, const Path& best) {
  return path.network_id && path.network_id != best.network_id;
}

/// The best of the paths that `for_each(see)` hands to see(path), with the next hops of all that are as good.
/// It is called a second time when several are.
template <class ForEach>
[[nodiscard]] Path best_of(NextHopLists& lists, ForEach&& for_each) {
  Path best;
  bool is_one_of_several = false;
  for_each([&](const Path& path) {
    if (!path.exists()) return;
    if (!best.exists() || rank(path) < rank(best)) {
      best = path;
      is_one_of_several = false;
    } else if (rank(path) == rank(best)) {
      best.network_id = std::max(best.network_id, path.network_id);
      is_one_of_several = true;
    }
  });
  if (!is_one_of_several) return best;
  const Path wanted = best;
  best = {};
  for_each([&](const Path& path) {
    if (!path.exists() || rank(path) != rank(wanted) || loses_as_network(path, wanted)) return;
    if (!best.exists()) return void(best = path);
    best.list = lists.unite(best.list, path.list);
    best.is_attached |= path.is_attached;
    best.area = std::max(best.area, path.area);
    if (std::pair(path.standing, path.tag_from) <= std::pair(best.standing, best.tag_from)) return;
    best.standing = path.standing;
    best.tag_from = path.tag_from;
    best.offer = path.offer;
    best.tag = path.tag;
  });
  best.network_id = wanted.network_id;
  return best;
}

}  // namespace wgospf::ospf
