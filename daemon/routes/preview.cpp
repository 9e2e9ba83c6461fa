#include "daemon/routes/preview.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "ospf/constants.h"
#include "ospf/route/calculator.h"

namespace wgospf::daemon {

namespace {

using WantedLinks = std::map<ospf::LinkId, const ospf::InterfaceConfig*>;

/// Why an adjacency over the link ends; empty when it stays.
std::string end_of_adjacency(const ospf::InterfaceConfig& now, const ospf::InterfaceConfig* wanted,
                             ospf::RouterId router) {
  if (wanted == nullptr) return "the interface is removed";
  if (wanted->passive) return "the interface becomes passive";
  if (wanted->area != now.area) return "the interface comes into another area";
  if (wanted->type != now.type || wanted->peer_address != now.peer_address)
    return "the interface becomes another kind of link";
  if (wanted->hello_interval != now.hello_interval || wanted->dead_interval != now.dead_interval)
    return "hello-interval and dead-interval have to be those of the neighbor";
  const bool is_admitted =
      wanted->admitted.kind != ospf::AdmittedRouters::Kind::none &&
      (wanted->admitted.kind != ospf::AdmittedRouters::Kind::one || wanted->admitted.router_id == router);
  return is_admitted ? std::string() : "the router at the other end may only be another one";
}

std::shared_ptr<const ospf::RootDevice> root_device(const ospf::DeviceStatus& status) {
  auto device = std::make_shared<ospf::RootDevice>();
  for (const auto& own : status.addresses)
    device->addresses.push_back({own.address, own.prefix(), V2::version().is_advertised(own.address)});
  return device;
}

/// The link as the calculation would be told of it (ospf/routing.cpp).
ospf::RootLink root_link(const ospf::InterfaceInfo& info, const ospf::InterfaceConfig& wanted,
                         std::vector<ospf::RootNeighbor> neighbors) {
  ospf::RootLink link;
  link.link = wanted.link;
  link.area = wanted.area;
  link.cost = wanted.cost;
  link.device = root_device(info.status);
  link.source = info.status.source();
  link.is_source_advertised = link.source && V2::version().is_advertised(*link.source);
  link.is_multipoint = wanted.type == ospf::InterfaceType::point_to_multipoint;
  link.is_passive = wanted.passive;
  const bool are_hosts = info.state == ospf::InterfaceState::loopback || link.is_multipoint;
  link.prefixes = are_hosts ? ospf::RootLink::Prefixes::hosts : ospf::RootLink::Prefixes::subnets;
  link.neighbors = std::move(neighbors);
  link.kind = link.neighbors.empty() ? ospf::RootLink::Kind::stub : ospf::RootLink::Kind::point_to_point;
  return link;
}

class Calculation {
 public:
  explicit Calculation(const PreviewFacts& facts) : facts_(facts) {
    for (const auto& interface : facts.wanted.interfaces) wanted_[interface.link] = &interface;
    for (const auto& area : facts.wanted.areas) areas_.insert(area.id);
  }

  Preview run() {
    for (const auto& info : facts_.interfaces) add(info);
    ospf::RouteCalculator<V2> calculator(facts_.router_id);
    for (const auto& area : facts_.wanted.areas) calculator.set_area_type(area.id, area.type);
    calculator.set_rfc1583_compatibility(facts_.wanted.rfc1583_compatibility);
    calculator.set_root(facts_.router_id, std::move(links_));
    for (const auto& entry : facts_.lsas)
      if (counts(entry)) calculator.lsa_installed(entry.area, entry.lsa);
    (void)calculator.calculate();
    compare(*calculator.table());
    return std::move(result_);
  }

 private:
  void add(const ospf::InterfaceInfo& info) {
    const auto found = wanted_.find(info.config.link);
    const auto* wanted = found == wanted_.end() ? nullptr : found->second;
    std::vector<ospf::RootNeighbor> neighbors;
    for (const auto& neighbor : facts_.neighbors) {
      if (neighbor.link != info.config.link || neighbor.state != ospf::NeighborState::full) continue;
      auto reason = end_of_adjacency(info.config, wanted, neighbor.router_id);
      if (reason.empty()) {
        neighbors.push_back({neighbor.router_id, neighbor.address, std::nullopt});
      } else {
        result_.lost_neighbors.push_back({info.config.name, neighbor.router_id, std::move(reason)});
      }
    }
    if (wanted == nullptr || info.state == ospf::InterfaceState::down) return;
    links_.push_back(root_link(info, *wanted, std::move(neighbors)));
  }

  /// Our own router-LSAs say what the links do, our summaries what came of it; see Routing::counts.
  [[nodiscard]] bool counts(const ospf::DatabaseEntry& entry) const {
    if (entry.scope == ospf::FloodingScope::link || entry.header.age >= ospf::kMaxAge) return false;
    const ospf::LsaType type = entry.header.key.type;
    const bool follows = type == ospf::LsaType::router || type == ospf::LsaType::summary_network ||
                         type == ospf::LsaType::summary_asbr;
    if (entry.self_originated && follows) return false;
    return entry.scope == ospf::FloodingScope::as || areas_.contains(entry.area);
  }

  void compare(const ospf::RouteTable<V2>& then) {
    for (const auto& route : facts_.routes->routes) {
      if (then.find(route.prefix) != nullptr) continue;
      auto& lost = route.set == ospf::kAttachedSet ? result_.withdrawn_prefixes : result_.lost_prefixes;
      lost.push_back(route.prefix);
    }
  }

  const PreviewFacts& facts_;
  WantedLinks wanted_;
  std::set<ospf::AreaId> areas_;
  std::vector<ospf::RootLink> links_;
  Preview result_;
};

}  // namespace

Preview preview(const PreviewFacts& facts) {
  return Calculation(facts).run();
}

}  // namespace wgospf::daemon
