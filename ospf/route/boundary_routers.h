#pragma once
// AS boundary routers and the ways to them (RFC 2328 section 16.4 step 3). An AS-external-LSA speaks of one
// in the AS, which may be reached through any area that takes such LSAs, or by what a border router says of it
// (type 4 summaries); an LSA of one area's flooding scope speaks of one within that area (RFC 3101 section 2.5
// step 3).

#include <cstdint>
#include <vector>

#include "ospf/base/footprint.h"
#include "ospf/base/slot_index.h"
#include "ospf/base/slot_pool.h"
#include "ospf/route/areas.h"
#include "ospf/route/next_hop_lists.h"
#include "ospf/route/route.h"

namespace wgospf::ospf {

/// A scope is an area's number, or:
inline constexpr std::uint32_t kAsScope = 0xffffffff;

/// A way to an AS boundary router or a forwarding address.
struct Way {
  std::uint32_t cost = kUnreachable;
  ListId list = kEmptyList;
  PathType type = PathType::intra_area;
  AreaId area;
  bool is_attached = false;  ///< on a link of the root's own; an empty list: it is not known which
  bool operator==(const Way&) const = default;
  [[nodiscard]] bool exists() const { return cost != kUnreachable; }
  /// Section 16.4.1: intra-area paths over non-backbone areas come first.
  [[nodiscard]] bool is_preferred() const { return type == PathType::intra_area && area != kBackbone; }
};

class BoundaryRouters {
 public:
  /// A border router's word about an AS boundary router.
  struct Summary {
    std::uint32_t area = 0;  ///< its number
    VertexId border_router = 0;
    std::uint32_t metric = 0;
  };
  struct Record {
    RouterId router;
    std::uint32_t scope = kAsScope;
    std::uint32_t references = 0;  ///< external offers and summaries; 0: a free record
    Way way;
    bool way_changed = false;
    bool is_dirty = false;
    std::vector<Summary> summaries;
  };

  BoundaryRouters(RoutingAreas& areas, NextHopLists& lists) : areas_(areas), lists_(lists) {}

  /// Finds or makes the record, with its way, and adds a reference.
  [[nodiscard]] std::uint32_t acquire(std::uint32_t scope, RouterId router);
  void release(std::uint32_t slot);
  /// What the border router says of `router`, or that it says nothing any more.
  void set_summary(RouterId router, const Summary& summary);
  void remove_summary(RouterId router, std::uint32_t area, VertexId border_router);
  void forget_area(std::uint32_t area);
  /// Ways to ourselves are none (section 16.4 step 2).
  void set_root(RouterId root) { root_ = root; }

  [[nodiscard]] const Record& operator[](std::uint32_t slot) const { return records_[slot]; }
  [[nodiscard]] std::uint32_t end() const { return records_.end(); }
  [[nodiscard]] bool has_dirty() const { return !dirty_.empty(); }
  /// Looks for the ways of `all`, or of the dirty ones. True when one changed or is gone.
  bool resolve(bool all);
  void clear_changes();
  /// The best by summaries in one area.
  [[nodiscard]] Way way_by_summaries(const Record& record, std::uint32_t area) const;
  /// The way within an area; none when the router is not an AS boundary router there.
  [[nodiscard]] Way way_within(RouterId router, std::uint32_t area) const;
  /// The best way to an AS boundary router, whether or not some LSA names it.
  [[nodiscard]] Way way(RouterId router) const;
  /// Is there any way, in whatever area?
  [[nodiscard]] bool reaches(RouterId router) const;
  /// Section 16.4.1, unless the rules of RFC 1583 are followed.
  [[nodiscard]] bool is_preferred(const Way& way) const {
    return !areas_.rfc1583_compatibility && way.is_preferred();
  }

  template <class Mark>
  void for_each_list(Mark&& mark) const {
    for (std::uint32_t slot = 0; slot < records_.end(); ++slot) mark(records_[slot].way.list);
  }
  /// Lists have been renumbered.
  void renumber(const std::vector<ListId>& numbers) {
    for (std::uint32_t slot = 0; slot < records_.end(); ++slot)
      records_[slot].way.list = numbers[records_[slot].way.list];
  }
  void measure(Footprint& footprint) const;

 private:
  [[nodiscard]] static std::uint64_t hash_of(std::uint32_t scope, RouterId router) {
    return hash_mix((std::uint64_t{scope} << 32) | router.value);
  }
  [[nodiscard]] std::uint64_t hash_of(std::uint32_t slot) const {
    return hash_of(records_[slot].scope, records_[slot].router);
  }
  [[nodiscard]] std::uint32_t find(std::uint32_t scope, RouterId router) const;
  [[nodiscard]] Way way_to(const Record& record) const;
  void mark_dirty(std::uint32_t slot);

  RoutingAreas& areas_;
  NextHopLists& lists_;
  RouterId root_;
  SlotPool<Record, 4> records_;
  SlotIndex index_;
  std::vector<std::uint32_t> dirty_;
  bool is_one_gone_ = false;  ///< a record, with the last summary of its router
};

}  // namespace wgospf::ospf
