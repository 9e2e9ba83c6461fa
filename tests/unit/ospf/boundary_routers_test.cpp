// AS boundary routers by the scope of the LSAs that speak of them.

#include "ospf/route/boundary_routers.h"

#include <gtest/gtest.h>

namespace wgospf::ospf {
namespace {

constexpr RouterId kRoot{1}, kNear{2}, kBoundary{3};

/// An area in which the root reaches the boundary router over another one, at `cost` in all.
std::uint32_t area_with_boundary(RoutingAreas& areas, NextHopLists& lists, AreaId id, std::uint16_t cost) {
  const std::uint32_t number = areas.make(id, kRoot);
  RoutingArea& area = areas[number];
  const auto link = [](RouterId to, std::uint16_t c) { return TopologyLink{router_vertex(to), c}; };
  const VertexId near = area.graph.retain(router_vertex(kNear));
  const VertexId boundary = area.graph.retain(router_vertex(kBoundary));
  const TopologyLink of_root[] = {link(kNear, 1)}, of_boundary[] = {link(kNear, 1)},
                     of_near[] = {link(kRoot, 1), link(kBoundary, static_cast<std::uint16_t>(cost - 1))};
  area.graph.set_links(area.root, of_root);
  area.graph.set_links(near, of_near);
  area.graph.set_links(boundary, of_boundary);
  area.graph[boundary].flags.as_boundary = true;
  area.root_edges = {{{near, 1, true, true}, lists.single(number)}};
  area.paths.run(area.graph, area.root, area.root_edges, lists, nullptr);
  return number;
}

TEST(BoundaryRoutersTest, Section16_4_Step3_OneInTheAsIsReachedThroughAnyArea) {
  RoutingAreas areas;
  NextHopLists lists;
  BoundaryRouters routers(areas, lists);
  routers.set_root(kRoot);
  (void)area_with_boundary(areas, lists, kBackbone, 5);
  (void)area_with_boundary(areas, lists, AreaId{7}, 9);
  const Way way = routers[routers.acquire(kAsScope, kBoundary)].way;
  // Section 16.4.1: over an area that is not the backbone, though it is farther.
  EXPECT_EQ(way.cost, 9U);
  EXPECT_EQ(way.area, AreaId{7});
}

TEST(BoundaryRoutersTest, Rfc3101Section2_5_Step3_OneOfAnAreaIsReachedWithinThatAreaOnly) {
  RoutingAreas areas;
  NextHopLists lists;
  BoundaryRouters routers(areas, lists);
  routers.set_root(kRoot);
  const std::uint32_t backbone = area_with_boundary(areas, lists, kBackbone, 5);
  (void)area_with_boundary(areas, lists, AreaId{7}, 9);
  const std::uint32_t empty = areas.make(AreaId{8}, kRoot);
  EXPECT_EQ(routers[routers.acquire(backbone, kBoundary)].way.area, kBackbone);
  EXPECT_EQ(routers[routers.acquire(backbone, kBoundary)].way.cost, 5U);
  EXPECT_FALSE(routers[routers.acquire(empty, kBoundary)].way.exists());
}

}  // namespace
}  // namespace wgospf::ospf
