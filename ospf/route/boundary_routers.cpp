#include "ospf/route/boundary_routers.h"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

#include "ospf/constants.h"
#include "ospf/route/inter_area_paths.h"

namespace wgospf::ospf {

std::uint32_t BoundaryRouters::find(std::uint32_t scope, RouterId router) const {
  return index_.find(hash_of(scope, router), [&](std::uint32_t slot) {
    return records_[slot].router == router && records_[slot].scope == scope;
  });
}

std::uint32_t BoundaryRouters::acquire(std::uint32_t scope, RouterId router) {
  std::uint32_t slot = find(scope, router);
  if (slot == kNoSlot) {
    slot = records_.allocate();
    Record& record = records_[slot];
    record.router = router;
    record.scope = scope;
    record.way = way_to(record);
    index_.insert(hash_of(slot), slot, [this](std::uint32_t other) { return hash_of(other); });
  }
  ++records_[slot].references;
  return slot;
}

void BoundaryRouters::release(std::uint32_t slot) {
  assert(records_[slot].references > 0);
  if (--records_[slot].references > 0) return;
  index_.erase(hash_of(slot), slot, [this](std::uint32_t other) { return hash_of(other); });
  records_.release(slot);
}

void BoundaryRouters::mark_dirty(std::uint32_t slot) {
  if (!std::exchange(records_[slot].is_dirty, true)) dirty_.push_back(slot);
}

// Each summary holds a reference on the border router's vertex and on the record.
void BoundaryRouters::set_summary(RouterId router, const Summary& summary) {
  const std::uint32_t known = find(kAsScope, router);
  if (known != kNoSlot) {
    for (Summary& present : records_[known].summaries) {
      if (present.area != summary.area || present.border_router != summary.border_router) continue;
      if (std::exchange(present.metric, summary.metric) != summary.metric) mark_dirty(known);
      return;
    }
  }
  const std::uint32_t slot = acquire(kAsScope, router);
  const RoutingArea& area = areas_[summary.area];
  const VertexId border = areas_[summary.area].graph.retain(area.graph[summary.border_router].key);
  records_[slot].summaries.push_back({summary.area, border, summary.metric});
  mark_dirty(slot);
}

void BoundaryRouters::remove_summary(RouterId router, std::uint32_t area, VertexId border_router) {
  const std::uint32_t slot = find(kAsScope, router);
  if (slot == kNoSlot) return;
  auto& summaries = records_[slot].summaries;
  const auto at = std::find_if(summaries.begin(), summaries.end(), [&](const Summary& summary) {
    return summary.area == area && summary.border_router == border_router;
  });
  if (at == summaries.end()) return;
  summaries.erase(at);
  mark_dirty(slot);
  areas_[area].graph.release(border_router);
  is_one_gone_ |= records_[slot].references == 1;  // nobody is left to ask for the way that is lost
  release(slot);
}

// The vertices go with the area.
void BoundaryRouters::forget_area(std::uint32_t area) {
  for (std::uint32_t slot = 0; slot < records_.end(); ++slot)
    for (auto gone = std::erase_if(records_[slot].summaries,
                                   [area](const Summary& summary) { return summary.area == area; });
         gone > 0; --gone)
      release(slot);
}

Way BoundaryRouters::way_within(RouterId router, std::uint32_t number) const {
  const RoutingArea& area = areas_[number];
  const VertexId vertex = area.graph.find(router_vertex(router));
  if (vertex == kNoSlot || !area.graph[vertex].flags.as_boundary) return {};
  const VertexState state = area.paths[vertex];
  if (state.list == kEmptyList) return {};
  return {state.distance, state.list, PathType::intra_area, area.id, false};
}

bool BoundaryRouters::reaches(RouterId router) const {
  for (std::uint32_t number = 0; number < areas_.end(); ++number)
    if (areas_.exists(number) && way_within(router, number).exists()) return true;
  const std::uint32_t slot = find(kAsScope, router);  // one that a border router speaks of has a record
  return slot != kNoSlot && records_[slot].way.exists();
}

Way BoundaryRouters::way(RouterId router) const {
  const std::uint32_t slot = find(kAsScope, router);
  if (slot != kNoSlot) return way_to(records_[slot]);
  Record unnamed;
  unnamed.router = router;
  return way_to(unnamed);
}

Way BoundaryRouters::way_by_summaries(const Record& record, std::uint32_t number) const {
  Way way;
  way.type = PathType::inter_area;
  way.area = areas_[number].id;
  for (const Summary& summary : record.summaries) {
    if (summary.area != number || summary.metric == kLsInfinity) continue;
    const VertexState state = border_router_state(areas_, number, summary.border_router);
    if (state.list == kEmptyList || state.distance > way.cost) continue;
    const std::uint32_t cost = state.distance + summary.metric;
    if (cost < state.distance || cost > way.cost) continue;
    way.list = cost == way.cost ? lists_.unite(way.list, state.list) : state.list;
    way.cost = cost;
  }
  return way;
}

Way BoundaryRouters::way_to(const Record& record) const {
  Way best;
  if (record.router == root_) return best;
  for (std::uint32_t number = 0; number < areas_.end(); ++number) {
    if (!areas_.exists(number)) continue;
    if (record.scope == kAsScope ? !areas_[number].takes_as_scope() : record.scope != number) continue;
    // Section 16.2 step 6: intra-area paths are always preferred.
    Way way = way_within(record.router, number);
    if (!way.exists() && record.scope == kAsScope) way = way_by_summaries(record, number);
    if (!way.exists()) continue;
    const auto rank = [this](const Way& w) { return std::tuple(is_preferred(w), ~w.cost, w.area); };
    if (!best.exists() || rank(way) > rank(best)) best = way;
  }
  return best;
}

bool BoundaryRouters::resolve(bool all) {
  bool any = std::exchange(is_one_gone_, false);
  const auto resolve = [&](Record& record) {
    record.is_dirty = false;
    if (record.references == 0) return;
    const Way way = way_to(record);
    record.way_changed = !(way == record.way);
    any |= record.way_changed;
    record.way = way;
  };
  if (all) {
    for (std::uint32_t slot = 0; slot < records_.end(); ++slot) resolve(records_[slot]);
  } else {
    for (const std::uint32_t slot : dirty_) resolve(records_[slot]);
  }
  dirty_.clear();
  return any;
}

void BoundaryRouters::clear_changes() {
  for (std::uint32_t slot = 0; slot < records_.end(); ++slot) records_[slot].way_changed = false;
}

void BoundaryRouters::measure(Footprint& footprint) const {
  footprint.held("boundary-routers", records_.size());
  footprint.held("boundary-routers.by-id", index_.size());
  footprint.held("boundary-routers.dirty", dirty_.size());
  footprint.room("boundary-routers.slots", records_.end());
  std::size_t summaries = 0;
  for (std::uint32_t slot = 0; slot < records_.end(); ++slot) summaries += records_[slot].summaries.size();
  footprint.held("boundary-routers.summaries", summaries);
}

}  // namespace wgospf::ospf
