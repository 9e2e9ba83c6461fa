#include "tests/sim/network.h"

#include <utility>

#include "tests/sim/describe.h"

namespace wgospf::sim {

using namespace ospf;

InstanceConfig Router::config() const {
  InstanceConfig config;
  config.router_id = id;
  config.areas = areas;
  for (const auto& [link, port] : ports) config.interfaces.push_back(port.config);
  config.spf_delay = spf_delay;
  config.ls_refresh_time = ls_refresh_time;
  config.max_lsa = max_lsa;
  return config;
}

RouterIndex Network::add_router(RouterId id) {
  Router router;
  router.id = id;
  routers.push_back(std::move(router));
  return static_cast<RouterIndex>(routers.size() - 1);
}

LinkId Network::add_port(RouterIndex router, InterfaceConfig config, LinkStatus<V2> status) {
  auto& ports = routers[router].ports;
  const LinkId link{ports.empty() ? 1 : ports.rbegin()->first.value + 1};
  config.link = link;
  config.name = "if" + std::to_string(link.value);
  status.ifindex = InterfaceIndex{link.value + 100};
  ports[link] = {std::move(config), std::move(status), std::nullopt, 0};
  return link;
}

CableIndex Network::connect(Cable::End a, Cable::End b) {
  const auto index = static_cast<CableIndex>(cables.size());
  Cable cable;
  cable.ends = {std::move(a), std::move(b)};
  for (std::size_t end = 0; end < 2; ++end) {
    if (cable.ends[end].tap) continue;
    Port& port = routers[cable.ends[end].router].ports.at(cable.ends[end].link);
    port.cable = index;
    port.end = end;
  }
  cables.push_back(std::move(cable));
  return index;
}

void Network::start(RouterIndex index) {
  Router& router = routers[index];
  if (router.life != Life::absent) return;
  ++router.lives;
  router.life = Life::running;
  router.model = {};
  router.wake.reset();
  note("r" + std::to_string(index) + " starts as " + router.id.to_string());
  router.instance.emplace(router.config(), Seed{random_.next()}, now());
  drain(index);
  for (const auto& [link, port] : router.ports) handle(index, LinkChanged<V2>{link, port.status});
  if (router.externals.empty()) return;
  ExternalsChanged<V2> externals;
  for (const auto& [prefix, route] : router.externals) externals.set.push_back(route);
  handle(index, externals);
}

void Network::end_life(RouterIndex index) {
  Router& router = routers[index];
  ++router.lives;
  router.life = Life::absent;
  router.wake.reset();
  router.instance.reset();
}

void Network::crash(RouterIndex index) {
  if (routers[index].life == Life::absent) return;
  note("r" + std::to_string(index) + " crashes");
  end_life(index);
}

void Network::shut_down(RouterIndex index) {
  if (!routers[index].is_running()) return;
  note("r" + std::to_string(index) + " shuts down");
  routers[index].life = Life::leaving;
  handle(index, Shutdown{});
}

void Network::set_status(RouterIndex index, LinkId link, LinkStatus<V2> status) {
  Router& router = routers[index];
  router.ports.at(link).status = status;
  note("r" + std::to_string(index) + " link " + std::to_string(link.value) +
       (status.up ? " is up" : " is down"));
  if (router.life != Life::absent) handle(index, LinkChanged<V2>{link, std::move(status)});
}

void Network::set_up(RouterIndex index, LinkId link, bool up) {
  LinkStatus<V2> status = routers[index].ports.at(link).status;
  status.up = up;
  set_status(index, link, std::move(status));
}

void Network::reload(RouterIndex index) {
  if (!routers[index].is_running()) return;
  note("r" + std::to_string(index) + " reloads");
  reloading_ = true;  // the last hello on a link that is given up is in order
  handle(index, Reconfigure{routers[index].config()});
  reloading_ = false;
  const auto ports = routers[index].ports;
  for (const auto& [link, port] : ports) handle(index, LinkChanged<V2>{link, port.status});
}

void Network::change_externals(RouterIndex index, std::vector<ExternalRoute<V2>> set,
                               std::vector<Ipv4Prefix> removed) {
  Router& router = routers[index];
  for (const auto& prefix : removed) router.externals.erase(prefix);
  for (const auto& route : set) router.externals.insert_or_assign(route.prefix, route);
  note("r" + std::to_string(index) + " externals: " + std::to_string(set.size()) + " set, " +
       std::to_string(removed.size()) + " removed");
  if (router.is_running()) handle(index, ExternalsChanged<V2>{std::move(set), std::move(removed)});
}

void Network::handle(RouterIndex index, const Input<V2>& input) {
  Router& router = routers[index];
  if (router.life == Life::absent) return;
  router.instance->handle(now(), input);
  drain(index);
}

void Network::drain(RouterIndex index) {
  Router& router = routers[index];
  bool routes_changed = false, is_over = false;
  while (auto output = router.instance->poll()) {
    trace.output(now(), index, *output);
    for (const auto& observer : observers) observer(now(), index, *output);
    if (const auto* packet = std::get_if<Transmit<V2>>(&*output)) {
      transmit(index, *packet);
    } else if (const auto* change = std::get_if<RouteChange<V2>>(&*output)) {
      routes_changed = true;
      last_route_change = now();
      if (const auto wrong = router.model.apply(*change)) problem(index, "route change " + *wrong);
    } else {
      const auto& event = std::get<Event<V2>>(*output);
      see_event(index, event);
      if (const auto* end = std::get_if<ShutdownComplete>(&event)) {
        is_over = true;
        router.left_acknowledged = end->acknowledged;
      }
    }
  }
  if (routes_changed) {
    if (const auto wrong = router.model.compare(*router.instance->routes()))
      problem(index, "table: " + *wrong);
  }
  if (is_over) return end_life(index);
  arm(index);
}

void Network::arm(RouterIndex index) {
  Router& router = routers[index];
  const auto deadline = router.instance->poll_timeout();
  if (!deadline || (router.wake && *router.wake <= deadline->at)) return;
  Instant at = std::max(deadline->at, now());
  if (timer_lateness > Duration::zero()) at += random_.duration(Duration::zero(), timer_lateness);
  router.wake = deadline->at;
  scheduler.at(at, [this, index, life = router.lives, due = deadline->at] { wake(index, life, due); });
}

void Network::wake(RouterIndex index, std::uint64_t life, Instant due) {
  Router& router = routers[index];
  if (router.lives != life) return;
  if (router.wake == due) router.wake.reset();
  router.instance->handle_timeout(now());  // sometimes nothing is due any more: that must be harmless
  drain(index);
}

bool Network::is_alone_with_its_id(RouterIndex index) const {
  return std::count_if(routers.begin(), routers.end(),
                       [&](const Router& other) { return other.id == routers[index].id; }) == 1;
}

void Network::see_event(RouterIndex index, const Event<V2>& event) {
  if (const auto* error = std::get_if<InternalError>(&event))
    problem(index, std::string("internal: ") + error->what);
  if (std::holds_alternative<LsaCorrupted<V2>>(event)) problem(index, describe(event));
  if (std::holds_alternative<DuplicateRouterIdInArea<V2>>(event) && is_alone_with_its_id(index))
    problem(index, describe(event));
  if (std::holds_alternative<NeighborStateChanged>(event)) last_neighbor_change = now();
}

void Network::transmit(RouterIndex index, const Transmit<V2>& transmit) {
  Router& router = routers[index];
  const auto it = router.ports.find(transmit.link);
  if (it == router.ports.end() || !it->second.status.up || it->second.config.passive) {
    if (reloading_) return;
    problem(index, "sends on a link that is not in use: " + std::to_string(transmit.link.value));
    return;
  }
  const Port& port = it->second;
  check_packet(index, port, transmit.bytes);
  if (!port.cable) return;
  Ipv4Address destination = kAllSpfRouters;
  if (const auto* address = std::get_if<Ipv4Address>(&transmit.destination)) destination = *address;
  send(*port.cable, port.end, {port.source(), destination, transmit.bytes});
}

/// What goes out must decode, and be no larger than the link or the limit unless one LSA alone is.
void Network::check_packet(RouterIndex index, const Port& port, const PacketBytes& bytes) {
  const auto decoded = V2::decode(*bytes);
  const auto* packet = std::get_if<Packet<V2>>(&decoded);
  if (packet == nullptr) return problem(index, "sends an undecodable packet: " + describe_packet(*bytes));
  const std::size_t limit = std::min<std::size_t>(port.status.mtu, kPacketSizeMax) - 20;
  const auto* update = std::get_if<LinkStateUpdate<V2>>(&packet->body);
  if (bytes->size() > limit && (update == nullptr || update->lsas.size() > 1))
    problem(index, "sends " + std::to_string(bytes->size()) + " bytes: " + describe_packet(*bytes));
  if (update == nullptr) return;
  for (const auto& lsa : update->lsas)
    if (lsa.error) problem(index, "sends a bad LSA: " + describe_packet(*bytes));
}

void Network::send(CableIndex index, std::size_t from_end, Datagram datagram) {
  const std::size_t to_end = 1 - from_end;
  const Cable& cable = cables[index];
  const Direction& way = cable.into[to_end];
  ++packets;
  if (way.cut) return tell_fate(index, to_end, datagram, "vanishes, the cable is cut");
  if (random_.per_mille(way.loss)) return tell_fate(index, to_end, datagram, "is lost");
  if (datagram.bytes->size() + 20 > cable.mtu) return tell_fate(index, to_end, datagram, "is too large");
  if (random_.per_mille(way.corrupt)) {  // one bit: both checksums of OSPF find any single one
    tell_fate(index, to_end, datagram, "is corrupted");
    auto spoilt = *datagram.bytes;
    spoilt[random_.below(spoilt.size())] ^= std::byte{1} << random_.below(8);
    datagram.bytes = std::make_shared<const std::vector<std::byte>>(std::move(spoilt));
  }
  const auto arrive = [&](Duration extra) {
    const Duration jitter = way.jitter > Duration::zero() ? random_.duration({}, way.jitter) : Duration{};
    scheduler.after(way.delay + jitter + extra,
                    [this, index, to_end, datagram] { deliver(index, to_end, datagram); });
  };
  arrive({});
  if (!random_.per_mille(way.duplicate)) return;
  tell_fate(index, to_end, datagram, "is duplicated");
  arrive(random_.duration({}, way.duplicate_delay));
}

void Network::deliver(CableIndex index, std::size_t to_end, const Datagram& datagram) {
  const Cable::End& end = cables[index].ends[to_end];
  if (end.tap) return end.tap(now(), datagram);
  const Router& router = routers[end.router];
  if (router.life == Life::absent) return tell_fate(index, to_end, datagram, "finds no router");
  const auto port = router.ports.find(end.link);
  if (port == router.ports.end() || !port->second.status.up)
    return tell_fate(index, to_end, datagram, "finds the link down");
  tell_fate(index, to_end, datagram, "arrives");
  handle(end.router, Received<V2>{end.link, datagram.source, datagram.destination, *datagram.bytes});
}

void Network::tell_fate(CableIndex index, std::size_t to_end, const Datagram& datagram, const char* fate) {
  if (!trace.is_logging()) return;
  const Cable::End& end = cables[index].ends[to_end];
  note((end.tap ? "peer" : "r" + std::to_string(end.router)) + " link " + std::to_string(end.link.value) +
       " from " + datagram.source.to_string() + ": " + fate + ": " + describe_packet(*datagram.bytes));
}

bool Network::run_until(const std::function<bool()>& condition, Duration deadline) {
  const Instant end = now() + deadline;
  while (!condition()) {
    if (!scheduler.step(end)) return condition();
  }
  return true;
}

void Network::problem(RouterIndex router, const std::string& what) {
  note("r" + std::to_string(router) + " PROBLEM " + what);
  if (problems.size() >= 20) return;
  const double at = std::chrono::duration<double>(now() - started_).count();
  problems.push_back("at " + std::to_string(at) + " s router " + std::to_string(router) + " (" +
                     routers[router].id.to_string() + ") " + what);
}

}  // namespace wgospf::sim
