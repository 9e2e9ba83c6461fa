#pragma once
// Networks for the route calculation alone: what spf_bench.cpp and instructions.cpp measure with.

#include <cstdint>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "ospf/route/calculator.h"
#include "ospf/v2/v2.h"

namespace wgospf::ospf::bench {

struct Arc {
  std::uint32_t to = 0;
  std::uint16_t cost = 0;
};

/// A square of routers as an adjacency array, with random costs.
struct Grid {
  std::vector<std::uint32_t> first;
  std::vector<Arc> arcs;
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(first.size() - 1); }

  explicit Grid(std::uint32_t side) {
    std::mt19937 random(1);
    for (std::uint32_t node = 0; node < side * side; ++node) {
      first.push_back(static_cast<std::uint32_t>(arcs.size()));
      const std::uint32_t x = node % side, y = node / side;
      const auto add = [&](std::uint32_t to) {
        arcs.push_back({to, static_cast<std::uint16_t>(1 + random() % 20)});
      };
      if (x > 0) add(node - 1);
      if (x + 1 < side) add(node + 1);
      if (y > 0) add(node - side);
      if (y + 1 < side) add(node + side);
    }
    first.push_back(static_cast<std::uint32_t>(arcs.size()));
  }
};

inline RouterId router(std::uint32_t node) {
  return RouterId{0x0a000001 + node};
}

inline Lsa grid_lsa(const Grid& grid, std::uint32_t node, std::uint16_t more = 0) {
  v2::RouterLsa body;
  for (std::uint32_t i = grid.first[node]; i < grid.first[node + 1]; ++i)
    body.links.push_back({router(grid.arcs[i].to).value,
                          i - grid.first[node] + 1,
                          v2::RouterLinkType::point_to_point,
                          static_cast<std::uint16_t>(grid.arcs[i].cost + more),
                          {}});
  body.links.push_back({router(node).value, 0xffffffff, v2::RouterLinkType::stub, 0, {}});
  body.links.push_back({0x40000000 + (node << 8), 0xffffff00, v2::RouterLinkType::stub, 1, {}});
  LsaHeader header;
  header.key = {LsaType::router, LinkStateId{router(node).value}, router(node)};
  return V2::encode_lsa(header, body);
}

inline std::vector<RootLink> root_links(const Grid& grid, std::uint16_t more = 0) {
  std::vector<RootLink> links;
  for (std::uint32_t i = grid.first[0]; i < grid.first[1]; ++i) {
    RootLink link;
    link.link = LinkId{i + 1};
    link.kind = RootLink::Kind::point_to_point;
    link.cost = static_cast<std::uint16_t>(grid.arcs[i].cost + more);
    link.neighbors = {{router(grid.arcs[i].to), std::nullopt, std::nullopt}};
    links.push_back(std::move(link));
  }
  return links;
}

inline RouteCalculator<V2> grid_calculator(const Grid& grid) {
  RouteCalculator<V2> calculator(router(0));
  calculator.set_root(router(0), root_links(grid));
  for (std::uint32_t node = 0; node < grid.size(); ++node)
    calculator.lsa_installed(kBackbone, grid_lsa(grid, node));
  std::vector<RouteChange<V2>> changes;
  calculator.calculate(changes);
  return calculator;
}

inline Lsa external_lsa(std::uint32_t n, std::uint32_t metric) {
  v2::ExternalLsa body;
  body.mask = 0xffffff00;
  body.type2 = true;
  body.metric = metric;
  LsaHeader header;
  header.key = {LsaType::as_external, LinkStateId{0x60000000 + (n << 8)}, router(1)};
  return V2::encode_lsa(header, body);
}

/// A router next to us, and externals of its own.
struct Externals {
  RouteCalculator<V2> calculator{router(0)};
  explicit Externals(std::uint32_t count) {
    RootLink link;
    link.link = LinkId{1};
    link.kind = RootLink::Kind::point_to_point;
    link.neighbors = {{router(1), std::nullopt, std::nullopt}};
    calculator.set_root(router(0), {link});
    v2::RouterLsa body;
    body.flags = v2::RouterLsa::kExternal;
    body.links.push_back({router(0).value, 1, v2::RouterLinkType::point_to_point, 1, {}});
    LsaHeader header;
    header.key = {LsaType::router, LinkStateId{router(1).value}, router(1)};
    calculator.lsa_installed(kBackbone, V2::encode_lsa(header, body));
    std::vector<RouteChange<V2>> changes;
    calculator.calculate(changes);
    for (std::uint32_t n = 0; n < count; ++n) calculator.lsa_installed(kBackbone, external_lsa(n, 20));
    calculator.calculate(changes);
    calculator.calculate(changes);
  }
};

}  // namespace wgospf::ospf::bench
