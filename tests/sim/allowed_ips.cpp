#include "tests/sim/allowed_ips.h"

#include <algorithm>
#include <set>
#include <utility>

#include "tests/sim/reference.h"

namespace wgospf::sim {

using namespace ospf;

namespace {

/// The longest entry around the address; nullptr when there is none.
template <class Value>
const Value* longest(const std::map<Ipv4Prefix, Value>& entries, Ipv4Address address) {
  for (unsigned length = Ipv4Address::kBits + 1u; length-- > 0;) {
    const auto at = entries.find(Ipv4Prefix::make(address, static_cast<std::uint8_t>(length)));
    if (at != entries.end()) return &at->second;
  }
  return nullptr;
}

[[nodiscard]] bool has_peers(const Port& port) {
  return port.config.type == InterfaceType::point_to_multipoint;
}

}  // namespace

AllowedIps::AllowedIps(Network& network, Random random) : network_(network), random_(random) {
  network.observers.push_back([this](Instant, RouterIndex router, const Output<V2>& output) {
    if (std::holds_alternative<RouteChange<V2>>(output)) changed(router);
  });
}

void AllowedIps::changed(RouterIndex router) {
  Host& host = hosts_[router];
  // A new life of the router takes over what is there.
  if (std::exchange(host.life, network_.routers[router].lives) != network_.routers[router].lives)
    host.is_busy = false;
  host.has_more = true;
  if (std::exchange(host.is_busy, true)) return;
  later(router, [this, router] { add_entries(router); });
}

/// In the same life only.
void AllowedIps::later(RouterIndex router, std::function<void()> step) {
  const auto life = network_.routers[router].lives;
  network_.scheduler.after(random_.duration({}, milliseconds{20}), [this, router, life, step] {
    if (network_.routers[router].lives == life && network_.routers[router].instance) step();
  });
}

void AllowedIps::add_entries(RouterIndex router) {
  Host& host = hosts_[router];
  host.has_more = false;
  const Plan plan = plan_of(router);
  for (const auto& [device, entries] : plan)
    for (const auto& [prefix, link] : entries) host.entries[device][prefix] = link;
  Routes routes;
  const auto table = network_.routers[router].instance->routes();
  for (const auto& route : table->routes)
    if (route.set != kAttachedSet) routes[route.prefix] = table->next_hops(route);
  later(router, [this, router, plan, routes] { set_routes(router, plan, routes); });
}

void AllowedIps::set_routes(RouterIndex router, const Plan& plan, Routes routes) {
  hosts_[router].routes = std::move(routes);
  later(router, [this, router, plan] { remove_entries(router, plan); });
}

void AllowedIps::remove_entries(RouterIndex router, const Plan& plan) {
  Host& host = hosts_[router];
  host.entries = plan;
  host.is_busy = false;
  if (host.has_more) changed(router);
}

auto AllowedIps::plan_of(RouterIndex index) const -> Plan {
  const Router& router = network_.routers[index];
  Plan plan;
  const auto table = router.instance->routes();
  for (const auto& route : table->routes) {
    if (route.set == kAttachedSet) continue;
    for (const NextHop& hop : table->next_hops(route)) {
      const auto port = router.ports.find(hop.link);
      if (port == router.ports.end() || !has_peers(port->second)) continue;
      const auto [entry, is_first] = plan[port->second.config.device].emplace(route.prefix, hop.link);
      if (!is_first) network_.problem(index, "two peers of an interface for " + route.prefix.to_string());
    }
  }
  for (const auto& [link, port] : router.ports)
    if (has_peers(port) && port.config.peer_address)
      plan[port.config.device].insert_or_assign(Ipv4Prefix::host(as<Ipv4Address>(*port.config.peer_address)),
                                                link);
  return plan;
}

auto AllowedIps::lans() const -> std::vector<Lan> {
  std::map<Ipv4Prefix, std::set<RouterIndex>> prefixes;
  for (RouterIndex i = 0; i < network_.routers.size(); ++i) {
    if (!network_.routers[i].is_running()) continue;
    for (const auto& [prefix, cost] : own_prefixes(network_.routers[i])) prefixes[prefix].insert(i);
    for (const auto& [prefix, external] : network_.routers[i].externals) prefixes[prefix].insert(i);
  }
  std::vector<Lan> found;
  for (RouterIndex i = 0; i < network_.routers.size(); ++i) {
    if (!network_.routers[i].is_running()) continue;
    for (const auto& [link, port] : network_.routers[i].ports) {
      if (!port.config.passive || !port.status().up || port.is_unnumbered()) continue;
      const auto prefix = port.status().addresses.front().prefix<Ipv4Address>();
      const Ipv4Address host{prefix.address.value + 77};
      const auto* at = longest(prefixes, host);
      if (at != nullptr && *at == std::set{i} && prefix.contains(host)) found.push_back({i, host});
    }
  }
  return found;
}

bool AllowedIps::takes(RouterIndex index, LinkId link, Ipv4Address address) const {
  const Port& port = network_.routers[index].ports.at(link);
  if (!has_peers(port)) return true;
  ++passages_;
  const auto host = hosts_.find(index);
  if (host == hosts_.end()) return false;
  const auto device = host->second.entries.find(port.config.device);
  if (device == host->second.entries.end()) return false;
  const LinkId* peer = longest(device->second, address);
  return peer != nullptr && *peer == link;
}

std::string AllowedIps::walk(const Lan& from, const Lan& to) const {
  std::vector<RouterIndex> way = {from.router};
  for (std::size_t i = 0; i < way.size(); ++i) {
    if (way[i] == to.router) continue;
    const auto host = hosts_.find(way[i]);
    const auto* hops = host == hosts_.end() ? nullptr : longest(host->second.routes, to.host);
    const std::string at = " at router " + std::to_string(way[i]);
    if (hops == nullptr) return "finds no route" + at;
    for (const NextHop& hop : *hops) {
      if (!takes(way[i], hop.link, to.host)) return "is another peer's" + at;
      const Port& port = network_.routers[way[i]].ports.at(hop.link);
      const auto& far = network_.cables[port.cable.value()].ends[1 - port.end];
      if (!takes(far.router, far.link, from.host))
        return "is dropped by the filter at router " + std::to_string(far.router) + ", sent" + at;
      if (std::find(way.begin(), way.end(), far.router) == way.end()) way.push_back(far.router);
    }
  }
  return {};
}

void AllowedIps::check_forged(const std::vector<Lan>& lans, Problems& problems) const {
  for (RouterIndex i = 0; i < network_.routers.size(); ++i) {
    const Router& router = network_.routers[i];
    if (!router.is_running() || std::none_of(router.ports.begin(), router.ports.end(),
                                             [](const auto& entry) { return has_peers(entry.second); }))
      continue;
    Plan expected;
    for (const auto& [prefix, route] : Reference(network_).routes(i))
      for (const Hop& hop : route.hops)
        if (const Port& port = router.ports.at(hop.link); has_peers(port))
          expected[port.config.device][prefix] = hop.link;
    for (const Lan& lan : lans)
      for (const auto& [link, port] : router.ports) {
        if (!has_peers(port) || lan.router == i) continue;
        const LinkId* peer = longest(expected[port.config.device], lan.host);
        const bool may = peer != nullptr && *peer == link;
        if (takes(i, link, lan.host) != may)
          problems.push_back("router " + std::to_string(i) + (may ? " does not take " : " takes ") +
                             lan.host.to_string() + " as a source on link " + std::to_string(link.value));
      }
  }
}

void AllowedIps::check(Problems& problems) const {
  const auto component = components(network_);
  const auto all = lans();
  check_forged(all, problems);
  for (const Lan& from : all)
    for (const Lan& to : all) {
      if (from.router == to.router || component[from.router] != component[to.router]) continue;
      ++pairs_;
      if (const std::string wrong = walk(from, to); !wrong.empty())
        problems.push_back("a packet from " + from.host.to_string() + " to " + to.host.to_string() + " " +
                           wrong);
    }
}

}  // namespace wgospf::sim
