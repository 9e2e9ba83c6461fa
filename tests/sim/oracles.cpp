#include "tests/sim/oracles.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "tests/sim/describe.h"
#include "tests/sim/reference.h"

namespace wgospf::sim {

using namespace ospf;

namespace {

std::string name(const Network& network, RouterIndex router) {
  return "router " + std::to_string(router) + " (" + network.routers[router].id.to_string() + "): ";
}

/// The running routers.
std::vector<RouterIndex> running(const Network& network) {
  std::vector<RouterIndex> found;
  for (RouterIndex i = 0; i < network.routers.size(); ++i)
    if (network.routers[i].is_running()) found.push_back(i);
  return found;
}

struct Stored {
  std::int32_t sequence_number = 0;
  std::uint16_t checksum = 0;
  bool operator==(const Stored&) const = default;
};
/// By area, of those of area scope.
using Database = std::map<LsaName, Stored>;

Database database_of(const Network& network, RouterIndex index, Problems& problems) {
  const Router& router = network.routers[index];
  Database database;
  DatabaseCursor cursor;
  std::size_t entries = 0;
  while (!cursor.done) {
    for (const auto& entry : router.instance->database(cursor, 16, network.now())) {
      ++entries;
      const auto header = V2::header(entry.lsa);
      if (entry.header.age >= kMaxAge)
        problems.push_back(name(network, index) + "holds MaxAge: " + describe(header));
      if (entry.self_originated != (header.key.advertising_router == router.id))
        problems.push_back(name(network, index) + "self_originated is wrong: " + describe(header));
      if (entry.scope == FloodingScope::link) continue;
      const LsaName named{entry.scope == FloodingScope::area ? entry.area : AreaId{}, header.key};
      if (!database.emplace(named, Stored{header.sequence_number, header.checksum}).second)
        problems.push_back(name(network, index) + "dumped twice: " + describe(header));
    }
  }
  if (entries != router.instance->statistics().lsdb_size)
    problems.push_back(name(network, index) + "dumped " + std::to_string(entries) + " of " +
                       std::to_string(router.instance->statistics().lsdb_size) + " LSAs");
  return database;
}

/// What of a database is of one area, or, without one, of the AS.
Database part_of(const Database& database, std::optional<AreaId> area) {
  Database part;
  for (const auto& [lsa, stored] : database) {
    const bool is_of_area = scope_of(lsa.key.type) == FloodingScope::area;
    if (area ? is_of_area && lsa.area == *area : !is_of_area) part.emplace(lsa, stored);
  }
  return part;
}

void compare_databases(const Network& network, RouterIndex a, RouterIndex b,
                       const std::pair<Database, Database>& both, Problems& problems) {
  std::set<LsaName> names;
  for (const auto& [lsa, stored] : both.first) names.insert(lsa);
  for (const auto& [lsa, stored] : both.second) names.insert(lsa);
  for (const auto& lsa : names) {
    const auto x = both.first.find(lsa), y = both.second.find(lsa);
    const bool has_x = x != both.first.end(), has_y = y != both.second.end();
    if (has_x && has_y && x->second == y->second) continue;
    const auto shown = [](bool has, auto it) {
      return has ? std::to_string(static_cast<std::uint32_t>(it->second.sequence_number) - 0x80000000U)
                 : "nothing";
    };
    problems.push_back(name(network, a) + "has of " + describe(lsa.key) + " instance " + shown(has_x, x) +
                       ", router " + std::to_string(b) + " has " + shown(has_y, y));
  }
}

/// What belongs to the members of a component, by the true topology.
class Contents {
 public:
  Contents(const Network& network, Reference& reference, RouterIndex holder, Problems& problems)
      : network_(network), reference_(reference), holder_(holder), problems_(problems) {}

  /// Of an area, or of the AS: of each member a router-LSA, summaries as the reference has them, externals, opaque LSAs.
  void check(const Database& part, std::optional<AreaId> area, const std::set<RouterIndex>& members,
             bool aged_out) {
    std::map<std::pair<RouterId, LsaType>, std::size_t> counts;
    std::set<RouterId> ids;
    for (const RouterIndex i : members) ids.insert(network_.routers[i].id);
    for (const auto& [lsa, stored] : part) {
      if (ids.contains(lsa.key.advertising_router))
        ++counts[{lsa.key.advertising_router, lsa.key.type}];
      else if (aged_out)
        problems_.push_back(name(network_, holder_) + "still holds " + describe(lsa.key));
    }
    for (const RouterIndex i : members) {
      const Router& router = network_.routers[i];
      const auto expect = [&](LsaType type, std::size_t count) {
        if (const std::size_t found = counts[{router.id, type}]; found != count)
          problems_.push_back(name(network_, holder_) + "holds " + std::to_string(found) + " " +
                              std::string(to_string(type)) + " of " + router.id.to_string() + " instead of " +
                              std::to_string(count));
        counts.erase({router.id, type});
      };
      if (!area) {
        expect(LsaType::as_external, reference_.as_externals(i).size());
        expect(LsaType::opaque_as, opaque_lsas(router, {}));
        continue;
      }
      const Said& said = reference_.says(i, *area);
      expect(LsaType::router, router.find_area(*area) == nullptr ? 0 : 1);
      expect(LsaType::summary_network, said.prefixes.size());
      expect(LsaType::summary_asbr, said.boundary_routers.size());
      expect(LsaType::opaque_area, opaque_lsas(router, area));
      expect(LsaType::nssa_external, reference_.type7s(i, *area).size());
    }
    for (const auto& [what, count] : counts)
      if (count > 0)
        problems_.push_back(name(network_, holder_) + "holds " + std::string(to_string(what.second)) +
                            " of " + what.first.to_string() + ", which it has no business with");
  }

 private:
  [[nodiscard]] static std::size_t opaque_lsas(const Router& router, std::optional<AreaId> area) {
    return static_cast<std::size_t>(
        std::count_if(router.opaque_lsas.begin(), router.opaque_lsas.end(), [area](const auto& one) {
          const OpaqueName& opaque = one.first;
          return area ? opaque.scope == FloodingScope::area && opaque.area == *area
                      : opaque.scope == FloodingScope::as;
        }));
  }

  const Network& network_;
  Reference& reference_;
  RouterIndex holder_;
  Problems& problems_;
};

}  // namespace

bool is_at_rest(const Network& network) {
  for (const RouterIndex i : running(network))
    for (const auto& neighbor : network.routers[i].instance->neighbors())
      if (neighbor.request_list + neighbor.retransmission_list > 0 ||
          (neighbor.state > NeighborState::init && neighbor.state != NeighborState::full))
        return false;
  return true;
}

void check_neighbors(const Network& network, Problems& problems) {
  for (const RouterIndex i : running(network)) {
    const Router& router = network.routers[i];
    std::map<LinkId, RouterIndex> expected;
    for (CableIndex c = 0; c < network.cables.size(); ++c) {
      if (!adjacency_exists(network, c)) continue;
      const auto& ends = network.cables[c].ends;
      for (std::size_t end = 0; end < 2; ++end)
        if (ends[end].router == i) expected[ends[end].link] = ends[1 - end].router;
    }
    bool all_full = !expected.empty();
    for (const auto& neighbor : router.instance->neighbors()) {
      const std::string who = name(network, i) + "neighbor " + neighbor.router_id.to_string() + " on link " +
                              std::to_string(neighbor.link.value) + " ";
      if (neighbor.request_list + neighbor.retransmission_list + neighbor.database_summary > 0)
        problems.push_back(who + "has lists of " + std::to_string(neighbor.request_list) + ", " +
                           std::to_string(neighbor.retransmission_list) + " and " +
                           std::to_string(neighbor.database_summary));
      const auto it = expected.find(neighbor.link);
      if (it == expected.end()) {
        all_full = false;
        if (neighbor.state > NeighborState::init)
          problems.push_back(who + "is " + std::string(to_string(neighbor.state)) +
                             " where no adjacency can be");
        continue;
      }
      if (neighbor.state != NeighborState::full || neighbor.router_id != network.routers[it->second].id)
        problems.push_back(who + "is " + std::string(to_string(neighbor.state)) + ", expected " +
                           network.routers[it->second].id.to_string() + " Full");
      expected.erase(it);
    }
    for (const auto& [link, other] : expected)
      problems.push_back(name(network, i) + "has no neighbor on link " + std::to_string(link.value) +
                         ", expected " + network.routers[other].id.to_string());
    if (all_full && !router.instance->converged(network.now()))
      problems.push_back(name(network, i) + "does not say converged");
  }
}

namespace {

/// Databases of one area, or of the AS, are equal within each component.
void check_part(const Network& network, Reference& reference, std::optional<AreaId> area,
                const std::map<RouterIndex, Database>& databases, bool aged_out, Problems& problems) {
  const auto component = area ? components(network, *area) : as_components(network);
  const auto is_in = [&](RouterIndex i) {
    const Router& router = network.routers[i];
    return area ? router.find_area(*area) != nullptr : router.takes_externals();
  };
  std::map<RouterIndex, std::set<RouterIndex>> members;
  for (const auto& [i, database] : databases)
    if (is_in(i)) members[component[i]].insert(i);
  for (const auto& [lowest, together] : members) {
    const RouterIndex first = *together.begin();
    const Database part = part_of(databases.at(first), area);
    Contents(network, reference, first, problems).check(part, area, together, aged_out);
    for (const RouterIndex i : together)
      if (Database other = part_of(databases.at(i), area); other != part)
        compare_databases(network, first, i, {part, std::move(other)}, problems);
  }
}

}  // namespace

void check_databases(const Network& network, bool aged_out, Problems& problems) {
  std::map<RouterIndex, Database> databases;
  std::set<AreaId> areas;
  for (const RouterIndex i : running(network)) {
    databases.emplace(i, database_of(network, i, problems));
    for (const AreaConfig& area : network.routers[i].areas) areas.insert(area.id);
  }
  Reference reference(network);
  check_part(network, reference, std::nullopt, databases, aged_out, problems);
  for (const AreaId area : areas) check_part(network, reference, area, databases, aged_out, problems);
}

namespace {

/// The present routes of one router against the reference.
void compare_route(const Network& network, RouterIndex index, const Route<V2>& route,
                   const std::vector<NextHop>& next_hops, const ExpectedRoute& expected, Problems& problems) {
  const auto wrong = [&](const std::string& what) {
    problems.push_back(name(network, index) + describe(route) + " " + describe(next_hops) + ": " + what);
  };
  if (route.path_type != expected.path_type)
    return wrong("expected " + std::string(to_string(expected.path_type)));
  if (route.path_type <= PathType::inter_area && route.area != expected.area)
    return wrong("expected area " + expected.area.to_string());
  if (route.metric != expected.metric) return wrong("expected metric " + std::to_string(expected.metric));
  if (route.type2_metric != expected.type2_metric)
    return wrong("expected type 2 metric " + std::to_string(expected.type2_metric));
  if (!expected.tags.empty() && !expected.tags.contains(route.tag))
    return wrong("tag " + std::to_string(route.tag));
  if (expected.attached != (route.set == kAttachedSet))
    return wrong(expected.attached ? "is attached" : "has a way");
  if (expected.attached) return;
  std::set<Hop> hops;
  for (const auto& hop : next_hops) {
    const bool to_host = hop.router == RouterId{};
    const auto gateway = as<Ipv4Address>(hop.gateway);
    if (!hops.insert({hop.link, hop.router, to_host ? gateway : std::nullopt}).second)
      return wrong("a next hop twice");
    if (to_host) continue;
    const Port& port = network.routers[index].ports.at(hop.link);
    const auto& far = network.cables[port.cable.value()].ends[1 - port.end];
    const Port& far_port = network.routers[far.router].ports.at(far.link);
    if (!port.is_unnumbered() && gateway != far_port.source()) return wrong("gateway of another link");
    if (port.is_unnumbered() && gateway && *gateway != far_port.source()) return wrong("gateway is nobody");
  }
  if (hops == expected.hops) return;
  std::string ways;
  for (const Hop& hop : expected.hops)
    ways += " " + hop.router.to_string() + "@" + std::to_string(hop.link.value);
  wrong("expected ways" + ways);
}

}  // namespace

void check_routes(const Network& network, Problems& problems) {
  Reference reference(network);
  for (const RouterIndex i : running(network)) {
    const auto table = network.routers[i].instance->routes();
    if (const auto difference = network.routers[i].model.compare(*table))
      problems.push_back(name(network, i) + *difference);
    ExpectedTable expected = reference.routes(i);
    for (const auto& route : table->routes) {
      const auto it = expected.find(route.prefix);
      if (it == expected.end()) {
        problems.push_back(name(network, i) + describe(route) + " leads nowhere");
        continue;
      }
      compare_route(network, i, route, table->next_hops(route), it->second, problems);
      expected.erase(it);
    }
    for (const auto& [prefix, route] : expected)
      problems.push_back(name(network, i) + "no route to " + prefix.to_string());
  }
}

namespace {

/// Walks towards one address from every router, remembering what is known to arrive.
class Walk {
 public:
  Walk(const Network& network, Ipv4Address target, Problems& problems)
      : network_(network),
        target_(target),
        problems_(problems),
        marks_(network.routers.size(), Mark::unseen),
        prefers_default_(network.routers.size(), false) {}

  void from(RouterIndex router) {
    if (marks_[router] == Mark::known) return;
    if (marks_[router] == Mark::on_path) {
      // A forwarding address may be nearest through a stub area, or in a range without being there: then some router on
      // the way knows nothing of the external (16.4).
      const bool has_areas = !network_.areas.empty();
      const bool is_by_default = std::any_of(std::find(path_.begin(), path_.end(), router), path_.end(),
                                             [this](RouterIndex one) { return prefers_default_[one]; });
      if (!is_by_default && (!has_areas || !has_forwarding_address()))
        complain(router, "is a forwarding loop");
      return;
    }
    if (marks_[router] == Mark::unseen) {
      marks_[router] = Mark::on_path;
      path_.push_back(router);
      marks_[router] = step(router);
      path_.pop_back();
    }
    // To have no route is right where nobody sends here.
    const bool may_be_missed = !network_.areas.empty() && has_forwarding_address();
    if (marks_[router] == Mark::no_route && depth_ > 0 && !may_be_missed)
      complain(router, "has no route onwards");
  }

 private:
  /// `known`: arrives, or was complained of.
  enum class Mark : std::uint8_t { unseen, on_path, known, no_route };

  Mark step(RouterIndex index) {
    const Router& router = network_.routers[index];
    if (!router.is_running()) return complain(index, "leads to a dead router"), Mark::known;
    if (is_end_of_an_external(router)) return Mark::known;
    const auto table = router.instance->routes();
    const Route<V2>* route = table->lookup(target_);
    if (const int own = own_length(router); own >= 0 && (route == nullptr || own >= route->prefix.length))
      return Mark::known;
    if (route == nullptr) return Mark::no_route;
    prefers_default_[index] = prefers_default_to_external(router, *route);
    if (is_aggregate(*route)) return follow_aggregate(router, *table, *route);
    if (route->is_discard()) return Mark::known;
    if (route->set == kAttachedSet)
      return complain(index, "calls attached what it does not have"), Mark::known;
    ++depth_;
    follow(router, table->next_hops(*route));
    --depth_;
    return Mark::known;
  }
  void follow(const Router& router, const std::vector<NextHop>& hops) {
    for (const auto& hop : hops) {
      if (hop.router == RouterId{}) continue;  // a host on a LAN of this router: arrived
      const Port& port = router.ports.at(hop.link);
      from(network_.cables[port.cable.value()].ends[1 - port.end].router);
    }
  }
  /// In a stub area and in one that takes externals, a router goes by the stub area's default route, which is inter-area,
  /// rather than by an external (section 11), while others send it what is for the external. No area border router does
  /// (RFC 3509 section 2.2), unless it is adjacent to nobody in the backbone.
  [[nodiscard]] static bool prefers_default_to_external(const Router& router, const Route<V2>& route) {
    return route.path_type == PathType::inter_area && route.prefix.length == 0 && router.takes_externals();
  }
  [[nodiscard]] bool has_forwarding_address() const {
    return std::any_of(network_.routers.begin(), network_.routers.end(), [this](const Router& router) {
      return std::any_of(router.externals.begin(), router.externals.end(), [this](const auto& entry) {
        return entry.first.contains(target_) && entry.second.forwarding_address;
      });
    });
  }
  /// Where there are areas: a default, or a range. It promises nothing of the target.
  bool is_aggregate(const Route<V2>& route) const {
    if (network_.areas.empty()) return false;
    const auto is_it = [&](const auto& range) { return range.prefix == IpPrefix{route.prefix}; };
    return route.prefix.length == 0 ||
           std::any_of(network_.areas.begin(), network_.areas.end(), [&](const auto& entry) {
             const AreaConfig& area = entry.second;
             return std::any_of(area.ranges.begin(), area.ranges.end(), is_it) ||
                    std::any_of(area.nssa_ranges.begin(), area.nssa_ranges.end(), is_it);
           });
  }
  Mark follow_aggregate(const Router& router, const RouteTable<V2>& table, const Route<V2>& route) {
    const int depth = std::exchange(depth_, 0);
    follow(router, table.next_hops(route));
    depth_ = depth;
    return Mark::known;
  }
  /// Some external sends the target to this very router's address: it has arrived where it was said to go.
  /// What the router does with it is its own affair, no route of OSPF.
  bool is_end_of_an_external(const Router& end) const {
    return std::any_of(network_.routers.begin(), network_.routers.end(), [&](const Router& router) {
      return std::any_of(router.externals.begin(), router.externals.end(), [&](const auto& entry) {
        const auto& [prefix, external] = entry;
        return prefix.contains(target_) && external.forwarding_address &&
               owns(end, as<Ipv4Address>(*external.forwarding_address));
      });
    });
  }
  /// Length of the longest prefix of the router's own (subnets and what it redistributes) around the target.
  int own_length(const Router& router) const {
    int longest = -1;
    for (const auto& [prefix, cost] : own_prefixes(router))
      if (prefix.contains(target_)) longest = std::max(longest, int{prefix.length});
    for (const auto& [prefix, external] : router.externals)
      if (prefix.contains(target_)) longest = std::max(longest, int{prefix.length});
    return longest;
  }
  void complain(RouterIndex router, const std::string& what) {
    problems_.push_back(name(network_, router) + "towards " + target_.to_string() + " " + what);
  }

  const Network& network_;
  Ipv4Address target_;
  Problems& problems_;
  std::vector<Mark> marks_;
  std::vector<RouterIndex> path_;
  std::vector<bool> prefers_default_;
  int depth_ = 0;
};

}  // namespace

/// Of more addresses than this some are left out.
constexpr std::size_t kTargets = 400;

/// A backbone in parts leaves border routers on the way of others without routes (section 3.7).
[[nodiscard]] static bool is_backbone_whole(const Network& network) {
  const auto component = components(network, kBackbone);
  std::set<RouterIndex> parts;
  for (const RouterIndex i : running(network))
    if (network.routers[i].find_area(kBackbone) != nullptr) parts.insert(component[i]);
  return parts.size() <= 1;
}

void check_forwarding(const Network& network, Problems& problems) {
  if (!network.areas.empty() && !is_backbone_whole(network)) return;
  std::set<Ipv4Address> targets;
  for (const Router& router : network.routers) {
    for (const auto& [prefix, cost] : own_prefixes(router)) targets.insert(prefix.address);
    for (const auto& [prefix, external] : router.externals) targets.insert(prefix.address);
  }
  const std::size_t step = 1 + targets.size() / kTargets;
  std::size_t number = 0;
  for (const Ipv4Address target : targets) {
    if (number++ % step != 0) continue;
    Walk walk(network, target, problems);
    for (const RouterIndex i : running(network)) walk.from(i);
  }
}

void check_statistics(const Network& network, Problems& problems) {
  for (const RouterIndex i : running(network)) {
    const auto statistics = network.routers[i].instance->statistics();
    const std::size_t ports = network.routers[i].ports.size();
    const std::size_t timers = 2 * statistics.lsdb_size + 7 * ports + 8;
    if (statistics.timers > timers)
      problems.push_back(name(network, i) + std::to_string(statistics.timers) + " timers, more than " +
                         std::to_string(timers));
    std::uint64_t changes = 0;
    for (const auto& neighbor : network.routers[i].instance->neighbors()) changes += neighbor.state_changes;
    if (statistics.unexpected_events > 20 + 4 * changes)
      problems.push_back(name(network, i) + std::to_string(statistics.unexpected_events) +
                         " unexpected events");
  }
}

}  // namespace wgospf::sim
