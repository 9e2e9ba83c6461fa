// The graph of an area against a plain map of what its LSAs say, through changes that make it close its gaps.

#include "ospf/route/graph.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace wgospf::ospf {
namespace {

VertexKey key_of(std::uint32_t router) {
  return router_vertex(RouterId{router});
}

struct Link {
  std::uint32_t to = 0;
  std::uint16_t cost = 0;
  std::uint32_t data = 0;
  auto operator<=>(const Link&) const = default;
};

/// The graph under test beside what was put in.
class Model {
 public:
  void set(std::uint32_t router, const std::vector<Link>& links) {
    links_[router] = links;
    std::vector<TopologyLink> topology;
    for (const Link& link : links) topology.push_back({key_of(link.to), link.cost, link.data, false});
    const VertexId vertex = graph.retain(key_of(router));
    (void)graph.set_links(vertex, topology);
    graph.release(vertex);
  }
  void clear(std::uint32_t router) {
    links_.erase(router);
    const VertexId vertex = graph.find(key_of(router));
    if (vertex != kNoSlot) (void)graph.clear(vertex);
  }
  void check() const {
    for (const auto& [router, links] : links_) {
      const VertexId vertex = graph.find(key_of(router));
      ASSERT_NE(vertex, kNoSlot);
      ASSERT_TRUE(graph[vertex].present);
      const auto edges = graph.edges(vertex);
      ASSERT_EQ(edges.size(), links.size()) << "of router " << router;
      for (std::size_t i = 0; i < links.size(); ++i) {
        EXPECT_EQ(graph[edges[i].target].key, key_of(links[i].to));
        EXPECT_EQ(edges[i].cost, links[i].cost);
        EXPECT_EQ(graph.data(vertex, i).data, links[i].data);
        EXPECT_EQ(edges[i].is_bidirectional, has_link(links[i].to, router))
            << "from " << router << " to " << links[i].to;
      }
    }
  }
  [[nodiscard]] std::size_t link_count() const {
    std::size_t count = 0;
    for (const auto& [router, links] : links_) count += links.size();
    return count;
  }
  [[nodiscard]] std::size_t measured(std::string_view name) const {
    Footprint footprint;
    graph.measure(footprint);
    return footprint[name];
  }

  Graph graph;

 private:
  [[nodiscard]] bool has_link(std::uint32_t from, std::uint32_t to) const {
    const auto at = links_.find(from);
    if (at == links_.end()) return false;
    for (const Link& link : at->second)
      if (link.to == to) return true;
    return false;
  }
  std::map<std::uint32_t, std::vector<Link>> links_;
};

std::vector<Link> random_links(std::mt19937_64& random, std::uint32_t router, std::uint32_t routers,
                               std::uint32_t count) {
  std::vector<Link> links;
  while (links.size() < count) {
    const auto to = 1 + static_cast<std::uint32_t>(random() % routers);
    if (to != router)
      links.push_back({to, static_cast<std::uint16_t>(random() % 100), static_cast<std::uint32_t>(random())});
  }
  return links;
}

// In: routers whose numbers of links grow and shrink, and which come and go. Out: after each change all edges
// are as their LSAs say; the array stays within twice what is there, whatever gaps were left.
TEST(Graph, ClosesItsGapsAndKeepsItsEdges) {
  std::mt19937_64 random(7);
  constexpr std::uint32_t kRouters = 60;
  Model model;
  std::size_t most_links = 0, closed = 0;
  for (int step = 0; step < 3000 && !testing::Test::HasFailure(); ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    const auto router = 1 + static_cast<std::uint32_t>(random() % kRouters);
    const std::size_t before = model.measured("graph.edges.slots");
    if (random() % 10 == 0)
      model.clear(router);
    else
      model.set(router, random_links(random, router, kRouters, static_cast<std::uint32_t>(random() % 40)));
    if (model.measured("graph.edges.slots") < before) {
      ++closed;
      model.check();
    }
    if (step % 50 == 0) model.check();
    most_links = std::max(most_links, model.link_count());
    ASSERT_LE(model.measured("graph.edges.slots"), 2 * (most_links + 1024) + 40);
  }
  model.check();
  EXPECT_GE(closed, 3U) << "gaps were closed several times";
}

// In: everything goes. Out: no vertex is left; the numbers are given out again.
TEST(Graph, VerticesGoWithTheLastThatNamesThem) {
  std::mt19937_64 random(8);
  Model model;
  for (int times = 0; times < 3; ++times) {
    for (std::uint32_t router = 1; router <= 100; ++router)
      model.set(router, random_links(random, router, 100, 5));
    EXPECT_EQ(model.measured("graph.vertices"), 100U);
    for (std::uint32_t router = 1; router <= 100; ++router) model.clear(router);
    EXPECT_EQ(model.measured("graph.vertices"), 0U);
    EXPECT_EQ(model.measured("graph.vertices.by-key"), 0U);
    EXPECT_LE(model.measured("graph.vertices.slots"), 100U);
  }
}

}  // namespace
}  // namespace wgospf::ospf
