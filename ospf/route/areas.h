#pragma once
// The areas of the route calculation, by number: of each the graph, the edges out of the root, and the
// shortest paths. Numbers are reused.

#include <cstdint>
#include <memory>
#include <vector>

#include "ospf/config.h"
#include "ospf/route/graph.h"
#include "ospf/route/shortest_paths.h"
#include "ospf/types.h"

namespace wgospf::ospf {

struct RoutingArea {
  AreaId id;
  Graph graph;
  ShortestPaths paths;
  VertexId root = 0;  ///< retained
  std::vector<RootEdge> root_edges;
  AreaType type = AreaType::normal;
  bool is_dirty = false;       ///< shortest paths have to be calculated anew
  bool flags_changed = false;  ///< of some router: border or AS boundary

  /// AS-external-LSAs, and what they speak of, are looked for in such areas only.
  [[nodiscard]] bool takes_as_scope() const { return type == AreaType::normal; }
};

class RoutingAreas {
 public:
  /// kNoSlot when there is none.
  [[nodiscard]] std::uint32_t find(AreaId id) const;
  /// Finds or makes it.
  [[nodiscard]] std::uint32_t make(AreaId id, RouterId root);
  void erase(std::uint32_t number) { areas_[number].reset(); }
  /// The root is another router from now on.
  void set_root(RouterId root);

  [[nodiscard]] bool exists(std::uint32_t number) const {
    return number < areas_.size() && areas_[number] != nullptr;
  }
  [[nodiscard]] RoutingArea& operator[](std::uint32_t number) { return *areas_[number]; }
  [[nodiscard]] const RoutingArea& operator[](std::uint32_t number) const { return *areas_[number]; }
  /// One past the highest number.
  [[nodiscard]] std::uint32_t end() const { return static_cast<std::uint32_t>(areas_.size()); }
  template <class Visit>
  void for_each(Visit&& visit) {
    for (const auto& area : areas_)
      if (area) visit(*area);
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& area : areas_)
      if (area) visit(static_cast<const RoutingArea&>(*area));
  }
  [[nodiscard]] bool any_dirty() const;
  void measure(Footprint& footprint) const;

  /// The root has links in more than one area, and one of these is the backbone (RFC 3509 section 2.1).
  bool is_border_router = false;
  /// Of summary-LSAs those of the backbone count (16.2): the root is a border router that is adjacent to
  /// some router there (RFC 3509 section 2.2).
  bool only_backbone_summaries = false;
  bool rfc1583_compatibility = false;  ///< no preferences of 16.4.1

 private:
  std::vector<std::unique_ptr<RoutingArea>> areas_;  // nullptr: none
};

}  // namespace wgospf::ospf
