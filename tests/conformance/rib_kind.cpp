// Link-state databases with the routes they must give, seen from one router: the shape of rib-holo, rib-frr
// and rib-rfc2328.
//
// The root's interfaces and neighbours are facts handed to the calculation; the database goes in as it is.
// Each expected route must come out with its type, metric and next hops, and no other route may.
//
// What is compared, and what is not:
// - A next hop: interface and address. An address that is null was not recorded (or does not exist, on an
//   unnumbered link): then only the interface counts. One recorded twice is one. No next hops, or one with an
//   interface only on a broadcast network, is a directly attached prefix.
// - Prefixes of the root's own that only one side lists: implementations differ in whether they put them into
//   the table. Its own are the subnets and host routes of its interfaces' addresses, attached or at metric 0.
//   They are ignored and counted in a note.
// - Routers (router_routes): cost, next hops and, where recorded, kind (abr, asbr) of each router recorded.
// - Skipped: OSPFv3; roots with virtual links.

#include <algorithm>
#include <map>
#include <set>

#include "ospf/route/calculator.h"
#include "ospf/v2/v2.h"
#include "tests/conformance/kinds.h"

namespace wgospf::conformance {
namespace {

using namespace wgospf::ospf;

/// A next hop as compared: nullopt stands for "any address".
using Way = std::pair<std::string, std::optional<std::string>>;

std::string text(const json& object, const char* key) {
  const auto at = object.find(key);
  return at == object.end() || at->is_null() ? std::string() : at->get<std::string>();
}

template <class Id>
Id parse(const std::string& from) {
  const auto parsed = Id::parse(from);
  if (!parsed) throw std::invalid_argument("not an address or id: " + from);
  return *parsed;
}

AreaType area_type(const json& area) {
  const std::string type = area.at("type");
  return type == "stub-area" ? AreaType::stub : type == "nssa-area" ? AreaType::nssa : AreaType::normal;
}

/// The interface's address in a transit network, and the network's Link State ID: the DR's address.
std::optional<LinkStateId> designated_router(const json& interface, RouterId root) {
  const std::string dr = text(interface, "dr");
  if (dr.empty()) return std::nullopt;
  if (parse<RouterId>(dr) == root) {
    for (const json& address : interface.at("addrs"))
      if (const auto own =
              Ipv4Address::parse(address.get<std::string>().substr(0, address.get<std::string>().find('/'))))
        return LinkStateId{own->value};
    return std::nullopt;
  }
  for (const json& neighbor : interface.at("neighbors"))
    if (text(neighbor, "router_id") == dr && !text(neighbor, "address").empty())
      return LinkStateId{parse<Ipv4Address>(text(neighbor, "address")).value};
  return std::nullopt;
}

class Case {
 public:
  explicit Case(const json& content)
      : content_(content), root_(parse<RouterId>(content.at("router_id"))), calculator_(root_) {}

  /// Why this case is not covered; empty when it is.
  [[nodiscard]] std::string not_covered() const {
    if (content_.at("version") != "ospfv2") return "OSPFv3 is not spoken yet";
    if (!content_.at("virtual_links").empty()) return "the root has virtual links";
    return {};
  }
  /// The first difference; empty when there is none.
  [[nodiscard]] std::string run(Report& report) {
    feed();
    std::string difference = compare_routes();
    if (difference.empty()) difference = compare_routers();
    if (ignored_ > 0)
      report.note(std::to_string(ignored_) + " of the root's own prefixes on one side only, ignored");
    return difference;
  }

 private:
  void feed() {
    for (const json& area : content_.at("areas"))
      calculator_.set_area_type(parse<AreaId>(area.at("area_id")), area_type(area));
    std::vector<RootLink> links;
    for (const json& interface : content_.at("interfaces")) links.push_back(link_of(interface));
    calculator_.set_root(root_, std::move(links));
    for (const json& lsa : content_.at("lsdb")) {
      const auto bytes = from_hex(lsa.at("hex").get<std::string>());
      if (const auto error = V2::validate_lsa(bytes))
        throw std::invalid_argument("an LSA is not sound in form");
      const std::string area = text(lsa, "area");
      calculator_.lsa_installed(area.empty() ? kBackbone : parse<AreaId>(area), Lsa::copy(bytes));
    }
    std::vector<RouteChange<V2>> changes;
    calculator_.calculate(changes);
  }

  RootLink link_of(const json& interface) {
    RootLink link;
    names_.push_back(interface.at("name"));
    link.link = LinkId{static_cast<std::uint32_t>(names_.size() - 1)};
    link.area = parse<AreaId>(interface.at("area"));
    link.cost = interface.at("cost").get<std::uint16_t>();
    bool any_full = false;
    for (const json& neighbor : interface.at("neighbors")) {
      const bool is_full = neighbor.at("state") == "full";
      any_full |= is_full;
      if (!is_full && interface.at("network_type") == "point-to-point") continue;
      const std::string address = text(neighbor, "address");
      link.neighbors.push_back({parse<RouterId>(neighbor.at("router_id")), std::nullopt, std::nullopt});
      if (!address.empty()) link.neighbors.back().address = parse<Ipv4Address>(address);
    }
    RootDevice device;
    for (const json& address : interface.at("addrs")) add_address(address, device);
    link.device = std::make_shared<const RootDevice>(std::move(device));
    const auto network = designated_router(interface, root_);
    if (interface.at("network_type") == "point-to-point") {
      link.kind = any_full ? RootLink::Kind::point_to_point : RootLink::Kind::stub;
      link.prefixes = RootLink::Prefixes::subnets;
    } else if (network && any_full) {
      link.kind = RootLink::Kind::transit;
      link.network_id = *network;
      link.designated_router = parse<RouterId>(text(interface, "dr"));
    }
    return link;
  }
  void add_address(const std::string& address, RootDevice& device) {
    const auto slash = address.find('/');
    const auto own = Ipv4Address::parse(address.substr(0, slash));
    if (!own || slash == std::string::npos) return;
    const auto length = static_cast<std::uint8_t>(std::stoi(address.substr(slash + 1)));
    const auto subnet = Ipv4Prefix::make(*own, length);
    // What is attached to the root its own router-LSA says here, which is another program's.
    device.addresses.push_back({*own, subnet, false});
    own_.insert({subnet, Ipv4Prefix::host(*own)});
  }
  [[nodiscard]] bool is_own(const Ipv4Prefix& prefix) const { return own_.count(prefix) != 0; }

  [[nodiscard]] std::string compare_routes() {
    const auto table = calculator_.table();
    std::set<Ipv4Prefix> expected;
    for (const json& route : content_.at("expected_rib")) {
      const Ipv4Prefix prefix = parse<Ipv4Prefix>(route.at("prefix"));
      expected.insert(prefix);
      const Route<V2>* got = table->find(prefix);
      if (got == nullptr) {
        if (is_own(prefix) && (is_attached(route) || route.at("metric") == 0)) {
          ++ignored_;
          continue;
        }
        return prefix.to_string() + ": no route, expected " + route.dump();
      }
      if (auto difference = compare_route(route, *got, *table); !difference.empty())
        return prefix.to_string() + ": " + difference;
    }
    for (const Route<V2>& route : table->routes) {
      if (expected.count(route.prefix) != 0) continue;
      if (!is_own(route.prefix) || (route.set != kAttachedSet && route.metric != 0))
        return route.prefix.to_string() + ": a route that is not expected";
      ++ignored_;
    }
    return {};
  }
  /// Directly attached: no next hop, or one that names an interface and not even the absence of an address.
  static bool is_attached(const json& route) {
    const json& hops = route.at("nexthops");
    return std::all_of(hops.begin(), hops.end(), [](const json& hop) { return !hop.contains("address"); });
  }
  std::string compare_route(const json& expected, const Route<V2>& got, const RouteTable<V2>& table) const {
    if (expected.at("route_type") != to_string(got.path_type))
      return "type " + std::string(to_string(got.path_type)) + ", expected " + text(expected, "route_type");
    if (!expected.at("metric").is_null() && expected.at("metric") != got.metric)
      return "metric " + std::to_string(got.metric) + ", expected " + expected.at("metric").dump();
    if (got.path_type == PathType::external_2 && expected.at("type2_metric") != got.type2_metric)
      return "type 2 metric " + std::to_string(got.type2_metric) + ", expected " +
             expected.at("type2_metric").dump();
    if (is_attached(expected) != (got.set == kAttachedSet)) return "attached on one side only";
    return is_attached(expected) ? std::string()
                                 : compare_hops(expected.at("nexthops"), table.next_hops(got));
  }
  std::string compare_hops(const json& expected, const std::vector<NextHop>& got) const {
    std::vector<Way> wanted;
    for (const json& hop : expected) {
      const std::string address = text(hop, "address");
      const Way way{hop.at("interface"), address.empty() ? std::nullopt : std::optional(address)};
      if (std::find(wanted.begin(), wanted.end(), way) == wanted.end()) wanted.push_back(way);
    }
    std::string list;
    for (const NextHop& hop : got) {
      const std::string& name = names_[hop.link.value];
      list += " " + name + (hop.gateway ? "@" + to_string(*hop.gateway) : "");
      const auto at = std::find_if(wanted.begin(), wanted.end(), [&](const Way& way) {
        return way.first == name && (!way.second || (hop.gateway && to_string(*hop.gateway) == *way.second));
      });
      if (at == wanted.end()) return "next hop" + list + ", expected " + expected.dump();
      wanted.erase(at);
    }
    return wanted.empty() ? std::string() : "next hops" + list + ", expected " + expected.dump();
  }

  std::string compare_routers() const {
    const auto routers = calculator_.router_routes();
    if (!content_.contains("router_routes")) return {};
    for (const json& expected : content_.at("router_routes")) {
      const RouterId id = parse<RouterId>(expected.at("router"));
      const std::string area = text(expected, "area");
      const auto at = std::find_if(routers.begin(), routers.end(), [&](const RouterRoute& router) {
        return router.router == id && (area.empty() || router.area == parse<AreaId>(area));
      });
      if (at == routers.end()) return "router " + id.to_string() + " is not reached";
      if (expected.at("cost") != at->cost)
        return "router " + id.to_string() + ": cost " + std::to_string(at->cost) + ", expected " +
               expected.at("cost").dump();
      if (auto difference = compare_hops(expected.at("nexthops"), at->next_hops); !difference.empty())
        return "router " + id.to_string() + ": " + difference;
      const std::string kind = text(expected, "type");
      if ((kind == "abr" && !at->border_router) || (kind == "asbr" && !at->as_boundary_router))
        return "router " + id.to_string() + " is not recognised as " + kind;
    }
    return {};
  }

  const json& content_;
  RouterId root_;
  RouteCalculator<V2> calculator_;
  std::vector<std::string> names_;  // of interfaces, by LinkId
  std::set<Ipv4Prefix> own_;        // of the root
  std::size_t ignored_ = 0;
};

bool recognises(const json& sample) {
  return sample.is_object() && sample.contains("lsdb") && sample.contains("expected_rib");
}

void run(const Document& document, Report& report) {
  Case one(document.content);
  if (auto reason = one.not_covered(); !reason.empty()) return report.skip({}, std::move(reason));
  report.result({}, one.run(report));
}

}  // namespace

Kind rib_kind() {
  return {"rib", recognises, run};
}

}  // namespace wgospf::conformance
