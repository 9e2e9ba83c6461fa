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
using Database = std::map<LsaKey, Stored>;

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
      if (!database.emplace(header.key, Stored{header.sequence_number, header.checksum}).second)
        problems.push_back(name(network, index) + "dumped twice: " + describe(header));
    }
  }
  if (entries != router.instance->statistics().lsdb_size)
    problems.push_back(name(network, index) + "dumped " + std::to_string(entries) + " of " +
                       std::to_string(router.instance->statistics().lsdb_size) + " LSAs");
  return database;
}

void compare_databases(const Network& network, RouterIndex a, RouterIndex b,
                       const std::pair<Database, Database>& both, Problems& problems) {
  std::set<LsaKey> keys;
  for (const auto& [key, stored] : both.first) keys.insert(key);
  for (const auto& [key, stored] : both.second) keys.insert(key);
  for (const auto& key : keys) {
    const auto x = both.first.find(key), y = both.second.find(key);
    const bool has_x = x != both.first.end(), has_y = y != both.second.end();
    if (has_x && has_y && x->second == y->second) continue;
    const auto shown = [](bool has, auto it) {
      return has ? std::to_string(static_cast<std::uint32_t>(it->second.sequence_number) - 0x80000000U)
                 : "nothing";
    };
    problems.push_back(name(network, a) + "has of " + describe(key) + " instance " + shown(has_x, x) +
                       ", router " + std::to_string(b) + " has " + shown(has_y, y));
  }
}

/// What belongs to the members of a component, by the true topology: a router-LSA each, its externals and opaque LSAs.
void check_contents(const Network& network, RouterIndex holder, const std::set<RouterId>& members,
                    const Database& database, bool aged_out, Problems& problems) {
  std::map<RouterId, std::size_t> router_lsas, externals, opaque;
  for (const auto& [key, stored] : database) {
    if (!members.contains(key.advertising_router)) {
      if (aged_out) problems.push_back(name(network, holder) + "still holds " + describe(key));
      continue;
    }
    auto& count = is_opaque(key.type) ? opaque : key.type == LsaType::router ? router_lsas : externals;
    ++count[key.advertising_router];
  }
  for (const Router& router : network.routers) {
    if (!members.contains(router.id)) continue;
    if (router_lsas[router.id] != 1)
      problems.push_back(name(network, holder) + "lacks the router-LSA of " + router.id.to_string());
    if (opaque[router.id] != router.opaque_lsas.size())
      problems.push_back(name(network, holder) + "holds " + std::to_string(opaque[router.id]) +
                         " opaque LSAs of " + router.id.to_string() + " instead of " +
                         std::to_string(router.opaque_lsas.size()));
    if (externals[router.id] != router.externals.size())
      problems.push_back(name(network, holder) + "holds " + std::to_string(externals[router.id]) +
                         " other LSAs of " + router.id.to_string() + " instead of " +
                         std::to_string(router.externals.size()));
  }
}

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

void check_databases(const Network& network, bool aged_out, Problems& problems) {
  const auto component = components(network);
  std::map<RouterIndex, std::set<RouterId>> members;
  for (const RouterIndex i : running(network)) members[component[i]].insert(network.routers[i].id);
  std::map<RouterIndex, std::pair<RouterIndex, Database>> first;
  for (const RouterIndex i : running(network)) {
    Database database = database_of(network, i, problems);
    const auto it = first.find(component[i]);
    if (it == first.end()) {
      check_contents(network, i, members[component[i]], database, aged_out, problems);
      first.emplace(component[i], std::pair{i, std::move(database)});
    } else if (database != it->second.second) {
      compare_databases(network, it->second.first, i, {it->second.second, std::move(database)}, problems);
    }
  }
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
  for (const RouterIndex i : running(network)) {
    const auto table = network.routers[i].instance->routes();
    if (const auto difference = network.routers[i].model.compare(*table))
      problems.push_back(name(network, i) + *difference);
    ExpectedTable expected = expected_routes(network, i);
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
        marks_(network.routers.size(), Mark::unseen) {}

  void from(RouterIndex router) {
    if (marks_[router] == Mark::known) return;
    if (marks_[router] == Mark::on_path) return complain(router, "is a forwarding loop");
    if (marks_[router] == Mark::unseen) {
      marks_[router] = Mark::on_path;
      marks_[router] = step(router);
    }
    // To have no route is right where nobody sends here.
    if (marks_[router] == Mark::no_route && depth_ > 0) complain(router, "has no route onwards");
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
    if (route->set == kAttachedSet)
      return complain(index, "calls attached what it does not have"), Mark::known;
    ++depth_;
    for (const auto& hop : table->next_hops(*route)) {
      if (hop.router == RouterId{}) continue;  // a host on a LAN of this router: arrived
      const Port& port = router.ports.at(hop.link);
      from(network_.cables[port.cable.value()].ends[1 - port.end].router);
    }
    --depth_;
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
  int depth_ = 0;
};

}  // namespace

/// Of more addresses than this some are left out.
constexpr std::size_t kTargets = 400;

void check_forwarding(const Network& network, Problems& problems) {
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
