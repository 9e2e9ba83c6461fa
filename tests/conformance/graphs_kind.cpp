// Maps of networks with the distances from node 0: router-LSAs are built from the edges (unnumbered
// point-to-point links, each node a /32), and the calculation must find the same distances. Edges name nodes
// by their place in the file; node 0 is the root.

#include <string>
#include <vector>

#include "ospf/route/calculator.h"
#include "ospf/v2/v2.h"
#include "tests/conformance/kinds.h"

namespace wgospf::conformance {
namespace {

using namespace wgospf::ospf;

RouterId router(std::uint32_t node) {
  return RouterId{0x0a000001 + node};
}

/// What stands for one edge's end: the neighbour, the cost towards it and a number for the link.
struct End {
  std::uint32_t neighbor = 0;
  std::uint32_t cost = 0;
};

Lsa router_lsa(std::uint32_t node, const std::vector<End>& ends) {
  v2::RouterLsa body;
  std::uint32_t index = 0;
  for (const End& end : ends)
    body.links.push_back({router(end.neighbor).value,
                          ++index,
                          v2::RouterLinkType::point_to_point,
                          static_cast<std::uint16_t>(end.cost),
                          {}});
  body.links.push_back({router(node).value, 0xffffffff, v2::RouterLinkType::stub, 0, {}});
  LsaHeader header;
  header.key = {LsaType::router, LinkStateId{router(node).value}, router(node)};
  return V2::encode_lsa(header, body);
}

bool recognises(const json& sample) {
  return sample.is_object() && sample.contains("nodes") && sample.contains("edges") &&
         sample.contains("dist0");
}

void run(const Document& document, Report& report) {
  const json& content = document.content;
  const json& expected = content.at("dist0");
  const std::size_t count = content.at("nodes").size();
  std::vector<std::vector<End>> ends(count);
  for (const json& edge : content.at("edges")) {
    const auto a = edge.at(0).get<std::uint32_t>(), b = edge.at(1).get<std::uint32_t>();
    for (const std::size_t i : {std::size_t{2}, std::size_t{3}})
      if (edge.at(i).get<std::uint64_t>() > 0xffff)
        return report.skip({}, "a cost is larger than a router-LSA can say");
    ends.at(a).push_back({b, edge.at(2).get<std::uint32_t>()});
    ends.at(b).push_back({a, edge.at(3).get<std::uint32_t>()});
  }
  RouteCalculator<V2> calculator(router(0));
  std::vector<RootLink> links;
  for (const End& end : ends[0]) {
    RootLink link;
    link.link = LinkId{static_cast<std::uint32_t>(links.size() + 1)};
    link.kind = RootLink::Kind::point_to_point;
    link.cost = static_cast<std::uint16_t>(end.cost);
    link.neighbors = {{router(end.neighbor), std::nullopt, std::nullopt}};
    links.push_back(std::move(link));
  }
  calculator.set_root(router(0), std::move(links));
  for (std::uint32_t node = 0; node < count; ++node)
    calculator.lsa_installed(kBackbone, router_lsa(node, ends[node]));
  std::vector<RouteChange<V2>> changes;
  calculator.calculate(changes);
  const auto table = calculator.table();
  for (std::uint32_t node = 0; node < count; ++node) {
    const auto* route = table->find(Ipv4Prefix::host(Ipv4Address{router(node).value}));
    const json& distance = expected.at(node);
    const bool is_reachable = !distance.is_null() && distance.get<std::int64_t>() >= 0;
    if (is_reachable != (route != nullptr))
      return report.fail({}, "node " + std::to_string(node) + ": reachable on one side only");
    if (route != nullptr && distance.get<std::uint64_t>() != route->metric)
      return report.fail({}, "node " + std::to_string(node) + ": distance " + std::to_string(route->metric) +
                                 ", expected " + distance.dump());
  }
  report.pass({});
}

}  // namespace

Kind graphs_kind() {
  return {"graphs", recognises, run};
}

}  // namespace wgospf::conformance
