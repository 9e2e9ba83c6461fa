#include "tests/sim/variety.h"

#include <algorithm>

namespace wgospf::sim {

using namespace ospf;

namespace {
/// Opaque types are for private use from 128 on; those of ours are not among these.
constexpr std::uint32_t kFirstType = 200, kLastType = 203;
constexpr std::uint32_t kIds = 8;
constexpr std::uint32_t kChanges = 6;
}  // namespace

void Variety::draw() {
  draw_area();
  for (RouterIndex i = 0; i < network_.routers.size(); ++i)
    if (random_.chance(50)) draw_opaque(i);
  for (CableIndex i = 0; i < network_.cables.size(); ++i) draw_admitted(i);
}

/// All of the network is one area. Where that is a stub area or an NSSA, no external is heard of in it (RFC 2328 section
/// 3.6, RFC 3101 section 2.2), so nobody has any.
void Variety::draw_area() {
  if (!random_.chance(50)) return;
  network_.area = {AreaId{random_.between(1, 0xfffffffe)},
                   random_.pick<AreaType>({AreaType::normal, AreaType::stub, AreaType::nssa})};
  for (Router& router : network_.routers) {
    router.areas = {network_.area};
    if (network_.area.type != AreaType::normal) router.externals.clear();
    for (auto& [link, port] : router.ports) port.config.area = network_.area.id;
  }
}

OpaqueContents Variety::opaque() {
  OpaqueContents contents;
  const bool may_leave_the_area = network_.area.type == AreaType::normal;
  contents.name.scope = may_leave_the_area && random_.chance(50) ? FloodingScope::as : FloodingScope::area;
  if (contents.name.scope == FloodingScope::area) contents.name.area = network_.area.id;
  contents.name.type = static_cast<std::uint8_t>(random_.between(kFirstType, kLastType));
  contents.name.id = random_.below(kIds);
  for (std::uint32_t i = 4 * random_.between(1, 20); i > 0; --i)
    contents.body.push_back(static_cast<std::byte>(random_.below(256)));
  return contents;
}

void Variety::draw_opaque(RouterIndex router) {
  for (std::uint32_t i = random_.between(1, 3); i > 0; --i) {
    const auto contents = opaque();
    network_.routers[router].opaque_lsas.insert_or_assign(contents.name, contents.body);
  }
}

bool Variety::is_neighbor(RouterIndex router, RouterIndex other) const {
  return router == other ||
         std::any_of(network_.cables.begin(), network_.cables.end(), [&](const Cable& cable) {
           const RouterIndex a = cable.ends[0].router, b = cable.ends[1].router;
           return (a == router && b == other) || (a == other && b == router);
         });
}

/// Who is at the other end is admitted: by its id, or because nobody else speaks for that.
void Variety::draw_admitted(CableIndex cable) {
  using Kind = AdmittedRouters::Kind;
  const auto& ends = network_.cables[cable].ends;
  for (std::size_t end = 0; end < 2; ++end) {
    Router& router = network_.routers[ends[end].router];
    auto& admitted = router.ports.at(ends[end].link).config.admitted;
    if (random_.chance(40)) {
      admitted = {Kind::one, network_.routers[ends[1 - end].router].id};
    } else if (random_.chance(40)) {
      admitted = {Kind::unclaimed, {}};
      const RouterIndex other = random_.below(network_.routers.size());
      if (!is_neighbor(ends[end].router, other))
        router.claimed_router_ids.push_back(network_.routers[other].id);
    }
  }
}

void Variety::add_to(FaultPlan& plan, Duration begin, Duration length) {
  for (std::uint32_t i = 0; i < kChanges; ++i) {
    const RouterIndex router = random_.below(network_.routers.size());
    const bool sets = random_.chance(60);
    const std::string name = "router " + std::to_string(router);
    plan.add(begin + random_.duration({}, length), "opaque",
             name + (sets ? " has" : " takes back") + " opaque LSAs", [this, router, sets](Network& network) {
               if (sets) return network.change_opaque(router, {opaque()}, {});
               std::vector<OpaqueName> all;
               for (const auto& [known, body] : network.routers[router].opaque_lsas) all.push_back(known);
               network.change_opaque(router, {}, std::move(all));
             });
  }
  plan.sort();
}

}  // namespace wgospf::sim
