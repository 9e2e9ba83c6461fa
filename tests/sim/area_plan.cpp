#include "tests/sim/area_plan.h"

#include <algorithm>
#include <vector>

namespace wgospf::sim {

using namespace ospf;

namespace {
constexpr std::uint32_t kMostAreas = 4;  ///< beside the backbone
}  // namespace

void AreaPlan::draw() {
  const auto count = static_cast<std::uint32_t>(network_.routers.size());
  const std::uint32_t in_backbone = random_.between(1, std::max(1U, count * 6 / 10));
  draw_areas(std::min(kMostAreas, std::max(1U, count - in_backbone)));
  draw_homes(in_backbone);
  const bool is_compatible = random_.chance(20);
  for (RouterIndex i = 0; i < count; ++i) {
    network_.routers[i].rfc1583_compatibility = is_compatible;
    settle(i);
  }
  for (Cable& cable : network_.cables)
    for (const auto& end : cable.ends) {
      Port& port = network_.routers[end.router].ports.at(end.link);
      network_.put_into_area(end.router, port,
                             network_.area_between(cable.ends[0].router, cable.ends[1].router));
    }
  for (Router& router : network_.routers)
    if (!router.announces_externals()) router.externals.clear();
}

void AreaPlan::draw_areas(std::uint32_t most) {
  network_.areas[kBackbone] = {kBackbone};
  for (std::uint32_t i = random_.between(1, most); i > 0; --i) {
    AreaConfig area{AreaId{random_.between(1, 0xfffffffe)}};
    area.type = random_.pick<AreaType>({AreaType::normal, AreaType::stub, AreaType::nssa, AreaType::nssa});
    area.summary = random_.chance(60);
    area.default_cost = random_.between(1, 30);
    draw_ranges(area);
    draw_nssa(area);
    network_.areas[area.id] = area;
  }
  draw_ranges(network_.areas[kBackbone]);
}

/// Of the addresses that LANs, cables and loopbacks have, each once.
void AreaPlan::draw_ranges(AreaConfig& area) {
  if (!random_.chance(60)) return;
  for (std::uint32_t i = random_.between(1, 4); i > 0; --i) {
    AreaRange range;
    const auto within = random_.pick<std::uint32_t>({0xac100000, 0xac100000, 0x0a000000, 0x0aff0000});
    const auto length = static_cast<std::uint8_t>(random_.between(within == 0x0a000000 ? 24 : 18, 26));
    const auto prefix =
        Ipv4Prefix::make({within + (random_.below(64) << (within == 0x0a000000 ? 4 : 8))}, length);
    range.prefix = prefix;
    range.advertise = random_.chance(75);
    if (random_.chance(30)) range.cost = random_.between(0, 50);
    if (ranges_.insert(prefix).second) area.ranges.push_back(range);
  }
}

/// Of the addresses that externals have.
void AreaPlan::draw_nssa(AreaConfig& area) {
  area.translator_stability_interval = 1;
  if (random_.chance(15)) area.translator_role = TranslatorRole::always;
  for (std::uint32_t i = random_.below(3); i > 0; --i) {
    NssaRange range;
    const auto length = static_cast<std::uint8_t>(random_.between(11, 16));
    range.prefix = Ipv4Prefix::make({0x64400000 + (random_.below(24) << 16)}, length);
    range.advertise = random_.chance(80);
    range.tag = random_.below(3);
    const bool is_new = std::none_of(area.nssa_ranges.begin(), area.nssa_ranges.end(),
                                     [&](const NssaRange& other) { return other.prefix == range.prefix; });
    if (is_new) area.nssa_ranges.push_back(range);
  }
}

/// Breadth first from some router: the first are in the backbone, others in the area of a neighbour, or in any next to
/// the backbone.
void AreaPlan::draw_homes(std::uint32_t in_backbone) {
  std::vector<AreaId> beside;
  for (const auto& [id, area] : network_.areas)
    if (id != kBackbone) beside.push_back(id);
  std::vector<RouterIndex> reached{random_.below(network_.routers.size())};
  network_.routers[reached.front()].home = kBackbone;
  for (std::size_t at = 0; at < reached.size(); ++at) {
    const RouterIndex from = reached[at];
    for (const Cable& cable : network_.cables) {
      const RouterIndex a = cable.ends[0].router, b = cable.ends[1].router;
      if (a != from && b != from) continue;
      Router& other = network_.routers[a == from ? b : a];
      if (other.home) continue;
      const AreaId of_neighbor = *network_.routers[from].home;
      other.home = reached.size() < in_backbone ? kBackbone
                   : of_neighbor != kBackbone   ? of_neighbor
                                                : random_.pick(beside);
      reached.push_back(a == from ? b : a);
    }
  }
}

void AreaPlan::settle(RouterIndex index) {
  Router& router = network_.routers[index];
  router.areas = {network_.areas.at(*router.home)};
  for (auto& [link, port] : router.ports)
    if (!port.cable) network_.put_into_area(index, port, *router.home);
}

}  // namespace wgospf::sim
