#include "ospf/route/areas.h"

#include <algorithm>
#include <utility>

namespace wgospf::ospf {

std::uint32_t RoutingAreas::find(AreaId id) const {
  for (std::uint32_t number = 0; number < end(); ++number)
    if (areas_[number] && areas_[number]->id == id) return number;
  return kNoSlot;
}

std::uint32_t RoutingAreas::make(AreaId id, RouterId root) {
  if (const std::uint32_t known = find(id); known != kNoSlot) return known;
  const auto free = std::find(areas_.begin(), areas_.end(), nullptr);
  const auto number = static_cast<std::uint32_t>(free - areas_.begin());
  if (number == end()) areas_.emplace_back();
  areas_[number] = std::make_unique<RoutingArea>();
  areas_[number]->id = id;
  areas_[number]->root = areas_[number]->graph.retain(router_vertex(root));
  return number;
}

void RoutingAreas::set_root(RouterId root) {
  for_each([root](RoutingArea& area) {
    const VertexId former = std::exchange(area.root, area.graph.retain(router_vertex(root)));
    area.graph.release(former);
  });
}

bool RoutingAreas::any_dirty() const {
  for (const auto& area : areas_)
    if (area && area->is_dirty) return true;
  return false;
}

void RoutingAreas::measure(Footprint& footprint) const {
  std::size_t count = 0;
  for_each([&](const RoutingArea& area) {
    ++count;
    area.graph.measure(footprint);
    footprint.held("graph.root-edges", area.root_edges.size());
    footprint.room("graph.paths", area.paths.end());
    area.paths.measure(footprint);
  });
  footprint.held("calculation.areas", count);
  footprint.room("calculation.areas.numbers", areas_.size());
}

}  // namespace wgospf::ospf
