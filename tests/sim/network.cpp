#include "tests/sim/network.h"

#include <algorithm>
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
  config.max_lsa_bytes = max_lsa_bytes;
  config.max_requests = max_requests;
  config.opaque_types = opaque_types;
  config.claimed_router_ids = claimed_router_ids;
  config.rfc1583_compatibility = rfc1583_compatibility;
  return config;
}

bool Router::takes_externals() const {
  return std::any_of(areas.begin(), areas.end(),
                     [](const AreaConfig& area) { return area.type == AreaType::normal; });
}

bool Router::announces_externals() const {
  return std::any_of(areas.begin(), areas.end(),
                     [](const AreaConfig& area) { return area.type != AreaType::stub; });
}

const AreaConfig* Router::find_area(AreaId id) const {
  const auto it =
      std::find_if(areas.begin(), areas.end(), [id](const AreaConfig& area) { return area.id == id; });
  return it == areas.end() ? nullptr : &*it;
}

LsaName name_of(const LsaOriginated& event) {
  const bool is_of_area = scope_of(event.header.key.type) == FloodingScope::area;
  return {is_of_area ? event.area : AreaId{}, event.header.key};
}

LsaName name_of(const Network& network, RouterIndex router, LinkId link, const LsaKey& key) {
  const bool is_of_area = scope_of(key.type) == FloodingScope::area;
  return {is_of_area ? network.routers[router].ports.at(link).config.area : AreaId{}, key};
}

/// One between two areas beside the backbone is in the lower one: the other's router is then in two areas without being
/// an area border router.
AreaId Network::area_between(RouterIndex a, RouterIndex b) const {
  const AreaId of_a = *routers[a].home, of_b = *routers[b].home;
  if (of_a == kBackbone || of_b == kBackbone) return std::max(of_a, of_b);
  return std::min(of_a, of_b);
}

void Network::put_into_area(RouterIndex router, Port& port, AreaId id) {
  port.config.area = id;
  if (routers[router].find_area(id) == nullptr) routers[router].areas.push_back(areas.at(id));
}

RouterIndex Network::add_router(RouterId id) {
  Router router;
  router.id = id;
  router.areas = {area};
  routers.push_back(std::move(router));
  return static_cast<RouterIndex>(routers.size() - 1);
}

LinkId Network::add_port(RouterIndex router, InterfaceConfig config, DeviceStatus status) {
  auto& ports = routers[router].ports;
  const LinkId link{ports.empty() ? 1 : ports.rbegin()->first.value + 1};
  config.link = link;
  if (area.id != kBackbone) config.area = area.id;
  if (routers[router].home) config.area = *routers[router].home;
  config.device = DeviceId{link.value};
  config.name = "if" + std::to_string(link.value);
  status.ifindex = InterfaceIndex{link.value + 100};
  ports[link] = {std::move(config), std::make_shared<DeviceStatus>(std::move(status)), std::nullopt, 0};
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
    const RouterIndex other = cable.ends[1 - end].router;
    if (routers[other].home)
      put_into_area(cable.ends[end].router, port, area_between(cable.ends[end].router, other));
  }
  cables.push_back(std::move(cable));
  return index;
}

void Network::share_device(RouterIndex router, LinkId link, LinkId other) {
  auto& ports = routers[router].ports;
  Port& port = ports.at(link);
  port.config.device = ports.at(other).config.device;
  port.device = ports.at(other).device;
}

bool Network::is_between_peers(CableIndex index) const {
  const auto is_peer = [this](const Cable::End& end) {
    if (end.tap) return false;
    const auto port = routers[end.router].ports.find(end.link);
    return port != routers[end.router].ports.end() && port->second.config.peer_address.has_value();
  };
  return std::all_of(cables[index].ends.begin(), cables[index].ends.end(), is_peer);
}

void Network::make_peers(CableIndex index) {
  Cable& cable = cables[index];
  const auto port_at = [&](std::size_t end) -> Port& {
    return routers[cable.ends[end].router].ports.at(cable.ends[end].link);
  };
  for (std::size_t end = 0; end < 2; ++end) {
    port_at(end).config.type = InterfaceType::point_to_multipoint;
    port_at(end).config.peer_address = port_at(1 - end).source();
  }
  cable.mtu = std::min(port_at(0).status().mtu, port_at(1).status().mtu);
  if (!std::exchange(has_peers_, true)) scheduler.after(kHandshakes, [this] { shake_hands(); });
}

void Network::wake_peer(const Cable::End& end) {
  const Router& router = routers[end.router];
  if (router.is_running() && !router.is_paused) handle(end.router, PeerWoken{end.link});
}

void Network::shake_hands() {
  for (CableIndex index = 0; index < cables.size(); ++index) {
    const Cable& cable = cables[index];
    if (!is_between_peers(index) || cable.into[0].cut || cable.into[1].cut) continue;
    const auto is_up = [this](const Cable::End& end) {
      return routers[end.router].ports.at(end.link).status().up;
    };
    if (!std::all_of(cable.ends.begin(), cable.ends.end(), is_up)) continue;
    const auto ends = cable.ends;
    for (const auto& end : ends) wake_peer(end);
  }
  scheduler.after(kHandshakes, [this] { shake_hands(); });
}

[[nodiscard]] OpaqueChanged all_opaque(const Router& router) {
  OpaqueChanged all;
  for (const auto& [name, body] : router.opaque_lsas) all.set.push_back({name, body});
  return all;
}

void Network::start(RouterIndex index) {
  Router& router = routers[index];
  if (router.life != Life::absent) return;
  ++router.lives;
  router.life = Life::running;
  router.model = {};
  router.wake.reset();
  router.is_paused = router.has_to_catch_up = false;
  router.told_devices.clear();
  router.missed_removals.clear();
  router.missed_opaque_removals.clear();
  router.socket.clear();
  router.socket_bytes = 0;
  note("r" + std::to_string(index) + " starts as " + router.id.to_string());
  router.instance.emplace(router.config(), Seed{random_.next()}, now());
  drain(index);
  hand_over_links(index);
  if (!router.externals.empty()) {
    ExternalsChanged externals;
    for (const auto& [prefix, route] : router.externals) externals.set.push_back(route);
    handle(index, externals);
  }
  if (!router.opaque_lsas.empty()) handle(index, all_opaque(router));
}

void Network::hand_over_links(RouterIndex index) {
  std::map<DeviceId, DeviceStatus> devices;
  for (const auto& [link, port] : routers[index].ports) devices.emplace(port.config.device, port.status());
  for (const DeviceId known : std::exchange(routers[index].told_devices, {}))
    if (!devices.contains(known)) handle(index, DeviceChanged{known, {}});
  for (const auto& [device, status] : devices) {
    routers[index].told_devices.insert(device);
    handle(index, DeviceChanged{device, status});
  }
}

void Network::pause(RouterIndex index) {
  if (!routers[index].is_running() || routers[index].is_paused) return;
  note("r" + std::to_string(index) + " stands still");
  routers[index].is_paused = true;
  routers[index].paused_at = now();
}

// The contract of Instance: what the sockets held is read before timers fire.
void Network::resume(RouterIndex index) {
  Router& router = routers[index];
  if (!router.is_paused) return;
  note("r" + std::to_string(index) + " goes on, with " + std::to_string(router.socket.size()) + " packets");
  router.is_paused = false;
  longest_pause = std::max(longest_pause, now() - router.paused_at);
  router.socket_bytes = 0;
  constexpr std::size_t kBatch = 32;
  std::size_t count = 0;
  for (const auto& packet : std::exchange(router.socket, {})) {
    if (!router.is_running()) return;
    if (count++ % kBatch == 0) {
      router.instance->send_due_hellos(now());
      drain(index, 0);
    }
    handle(index, Received{packet.link, packet.source, packet.destination, *packet.bytes});
  }
  if (router.has_to_catch_up) catch_up(index);
  router.has_to_catch_up = false;
  router.wake.reset();
  arm(index);
}

void Network::catch_up(RouterIndex index) {
  Router& router = routers[index];
  reload(index);
  ExternalsChanged changed;
  for (const auto& [prefix, route] : router.externals) changed.set.push_back(route);
  for (const auto& prefix : std::exchange(router.missed_removals, {}))
    if (!router.externals.contains(std::get<Ipv4Prefix>(prefix))) changed.removed.push_back(prefix);
  handle(index, changed);
  OpaqueChanged opaque = all_opaque(router);
  for (const auto& name : std::exchange(router.missed_opaque_removals, {}))
    if (!router.opaque_lsas.contains(name)) opaque.removed.push_back(name);
  if (!opaque.set.empty() || !opaque.removed.empty()) handle(index, opaque);
}

void Network::intrude(CableIndex cable, Cable::End end) {
  Port& port = routers[end.router].ports.at(end.link);
  port.cable = cable;
  port.end = 2;
  cables[cable].third = std::move(end);
}

void Network::end_life(RouterIndex index) {
  Router& router = routers[index];
  ++router.lives;
  router.life = Life::absent;
  router.is_paused = false;
  router.wake.reset();
  router.instance.reset();
}

void Network::crash(RouterIndex index) {
  if (routers[index].life == Life::absent) return;
  note("r" + std::to_string(index) + " crashes");
  end_life(index);
}

void Network::shut_down(RouterIndex index) {
  if (!routers[index].is_running() || routers[index].is_paused) return;
  note("r" + std::to_string(index) + " shuts down");
  routers[index].life = Life::leaving;
  handle(index, Shutdown{});
}

void Network::set_status(RouterIndex index, LinkId link, DeviceStatus status) {
  Router& router = routers[index];
  const Port& port = router.ports.at(link);
  const Ipv4Address former = port.source();
  *port.device = status;
  note("r" + std::to_string(index) + " link " + std::to_string(link.value) +
       (status.up ? " is up" : " is down"));
  if (router.is_paused)
    router.has_to_catch_up = true;
  else if (router.life != Life::absent)
    handle(index, DeviceChanged{port.config.device, std::move(status)});
  if (port.source() != former) tell_peers(index, port);
}

/// The device has another address: peers are told of it, by hand or by WireGuard's allowed-ips.
void Network::tell_peers(RouterIndex index, const Port& moved) {
  std::set<RouterIndex> changed;
  for (CableIndex i = 0; i < cables.size(); ++i) {
    if (!is_between_peers(i)) continue;
    const auto& ends = cables[i].ends;
    for (std::size_t end = 0; end < 2; ++end) {
      if (ends[end].router != index) continue;
      const Port& port = routers[index].ports.at(ends[end].link);
      if (port.device != moved.device) continue;
      const auto& far = ends[1 - end];
      routers[far.router].ports.at(far.link).config.peer_address = port.source();
      changed.insert(far.router);
    }
  }
  for (const RouterIndex router : changed) reload(router);
}

void Network::set_up(RouterIndex index, LinkId link, bool up) {
  DeviceStatus status = routers[index].ports.at(link).status();
  status.up = up;
  set_status(index, link, std::move(status));
}

void Network::reload(RouterIndex index) {
  if (!routers[index].is_running()) return;
  if (routers[index].is_paused) {
    routers[index].has_to_catch_up = true;
    return;
  }
  note("r" + std::to_string(index) + " reloads");
  reloading_ = true;  // the last hello on a link that is given up is in order
  handle(index, Reconfigure{routers[index].config()});
  reloading_ = false;
  hand_over_links(index);
}

void Network::change_externals(RouterIndex index, std::vector<ExternalRoute> set,
                               std::vector<IpPrefix> removed) {
  Router& router = routers[index];
  if (this->area.type != AreaType::normal || !router.announces_externals())
    set.clear();  // nobody would hear of them
  for (const auto& prefix : removed) router.externals.erase(std::get<Ipv4Prefix>(prefix));
  for (const auto& route : set) router.set_external(route);
  note("r" + std::to_string(index) + " externals: " + std::to_string(set.size()) + " set, " +
       std::to_string(removed.size()) + " removed");
  if (router.is_paused) {
    router.has_to_catch_up = true;
    router.missed_removals.insert(router.missed_removals.end(), removed.begin(), removed.end());
    return;
  }
  if (router.is_running()) handle(index, ExternalsChanged{std::move(set), std::move(removed)});
}

void Network::change_opaque(RouterIndex index, std::vector<OpaqueContents> set,
                            std::vector<OpaqueName> removed) {
  Router& router = routers[index];
  for (const auto& name : removed) router.opaque_lsas.erase(name);
  for (const auto& contents : set) router.opaque_lsas.insert_or_assign(contents.name, contents.body);
  if (router.is_paused) {
    router.has_to_catch_up = true;
    router.missed_opaque_removals.insert(router.missed_opaque_removals.end(), removed.begin(), removed.end());
    return;
  }
  if (router.is_running()) handle(index, OpaqueChanged{std::move(set), std::move(removed)});
}

void Network::handle(RouterIndex index, const Input& input) {
  Router& router = routers[index];
  if (router.life == Life::absent) return;
  const auto* received = std::get_if<Received>(&input);
  // The smallest thing that is answered is a request for one LSA.
  const std::size_t answers = received == nullptr ? 0 : received->bytes.size() / V2::kRequestSize;
  router.instance->handle(now(), input);
  drain(index, answers);
}

/// What a turn sends is bounded, whatever there is to be sent: on each link a burst of updates,
/// acknowledgements, hellos and what the exchange says next; and an answer to each LSA or request that came
/// in.
void Network::check_turn(RouterIndex index, std::size_t answers) {
  constexpr std::size_t kOthers = 12;
  for (const auto& [link, count] : turn_packets_) {
    most_packets_in_a_turn = std::max(most_packets_in_a_turn, count);
    if (count > kFloodBurstPackets + kOthers + answers)
      problem(index,
              "sends " + std::to_string(count) + " packets in a turn on link " + std::to_string(link.value));
  }
  turn_packets_.clear();
}

/// It said that it is through: nothing may come any more, from a timer that fires late or a packet that was
/// on its way.
void Network::finish(RouterIndex index) {
  auto& instance = *routers[index].instance;
  if (instance.poll_timeout()) problem(index, "has a timer after ShutdownComplete");
  instance.handle_timeout(now() + seconds{60});
  if (instance.poll()) problem(index, "says something after ShutdownComplete");
  end_life(index);
}

void Network::drain(RouterIndex index, std::size_t answers) {
  Router& router = routers[index];
  bool routes_changed = false, is_over = false;
  while (auto output = router.instance->poll()) {
    if (is_over) problem(index, "says something after ShutdownComplete");
    trace.output(now(), index, *output);
    for (const auto& observer : observers) observer(now(), index, *output);
    if (const auto* packet = std::get_if<Transmit>(&*output)) {
      transmit(index, *packet);
    } else if (const auto* change = std::get_if<RouteChange<V2>>(&*output)) {
      routes_changed = true;
      last_route_change = now();
      if (const auto wrong = router.model.apply(*change)) problem(index, "route change " + *wrong);
    } else if (const auto* event = std::get_if<Event>(&*output)) {
      see_event(index, *event);
      if (const auto* end = std::get_if<ShutdownComplete>(event)) {
        is_over = true;
        router.left_acknowledged = end->acknowledged;
      }
    }
  }
  if (routes_changed && ++route_turns_ % compares_tables_every == 0) {
    if (const auto wrong = router.model.compare(*router.instance->routes()))
      problem(index, "table: " + *wrong);
  }
  check_turn(index, answers);
  if (is_over) return finish(index);
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
  if (router.lives != life || router.is_paused) return;
  if (router.wake == due) router.wake.reset();
  router.instance->handle_timeout(now());  // sometimes nothing is due any more: that must be harmless
  drain(index);
}

bool Network::is_alone_with_its_id(RouterIndex index) const {
  return !once_shared_ids.contains(routers[index].id) &&
         std::count_if(routers.begin(), routers.end(),
                       [&](const Router& other) { return other.id == routers[index].id; }) == 1;
}

void Network::see_event(RouterIndex index, const Event& event) {
  if (const auto* error = std::get_if<InternalError>(&event))
    problem(index, std::string("internal: ") + error->what);
  if (std::holds_alternative<LsaCorrupted>(event)) problem(index, describe(event));
  if (std::holds_alternative<DuplicateRouterIdInArea>(event) && is_alone_with_its_id(index))
    problem(index, describe(event));
  if (std::holds_alternative<NeighborStateChanged>(event)) last_neighbor_change = now();
}

void Network::transmit(RouterIndex index, const Transmit& transmit) {
  Router& router = routers[index];
  const auto it = router.ports.find(transmit.link);
  if (it == router.ports.end() || !it->second.status().up || it->second.config.passive) {
    if (reloading_ || router.has_to_catch_up) return;  // it has not been told yet
    problem(index, "sends on a link that is not in use: " + std::to_string(transmit.link.value));
    return;
  }
  const Port& port = it->second;
  // Acknowledgements are as many as what came in since the last.
  if (static_cast<PacketType>((*transmit.bytes)[1]) != PacketType::link_state_acknowledgment)
    ++turn_packets_[transmit.link];
  check_packet(index, port, transmit.bytes);
  if (!port.cable) return;
  Ipv4Address destination = kAllSpfRouters;
  if (const auto* address = std::get_if<IpAddress>(&transmit.destination))
    destination = as<Ipv4Address>(*address);
  send(*port.cable, port.end, {port.source(), destination, transmit.bytes});
}

/// What goes out must decode, and be no larger than the link or the limit unless one LSA alone is.
void Network::check_packet(RouterIndex index, const Port& port, const PacketBytes& bytes) {
  const auto decoded = V2::decode(*bytes);
  const auto* packet = std::get_if<Packet>(&decoded);
  if (packet == nullptr) return problem(index, "sends an undecodable packet: " + describe_packet(*bytes));
  for (const auto& observer : packet_observers) observer(index, port.config.link, *packet);
  const std::size_t limit = std::min<std::size_t>(port.status().mtu, kPacketSizeMax) - 20;
  const auto* update = std::get_if<LinkStateUpdate>(&packet->body);
  if (bytes->size() > limit && (update == nullptr || update->lsas.size() > 1))
    problem(index, "sends " + std::to_string(bytes->size()) + " bytes: " + describe_packet(*bytes));
  if (update == nullptr) return;
  for (const auto& lsa : update->lsas)
    if (lsa.error) problem(index, "sends a bad LSA: " + describe_packet(*bytes));
}

void Network::send(CableIndex index, std::size_t from_end, Datagram datagram) {
  if (!cables[index].third) return send_to(index, 1 - from_end, std::move(datagram));
  for (std::size_t end = 0; end < 3; ++end)
    if (end != from_end) send_to(index, end, datagram);
}

void Network::send_to(CableIndex index, std::size_t to_end, Datagram datagram) {
  Cable& cable = cables[index];
  Direction& way = cable.into[to_end % 2];
  ++packets;
  if (way.cut) return tell_fate(index, to_end, datagram, "vanishes, the cable is cut");
  const auto waits = queue(way, datagram.bytes->size() + 20);
  if (!waits) return tell_fate(index, to_end, datagram, "finds the queue full");
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
    scheduler.after(*waits + way.delay + jitter + extra,
                    [this, index, to_end, datagram] { deliver(index, to_end, datagram); });
  };
  arrive({});
  if (!random_.per_mille(way.duplicate)) return;
  tell_fate(index, to_end, datagram, "is duplicated");
  arrive(random_.duration({}, way.duplicate_delay));
}

/// How long a datagram is on its way to the cable; nullopt when the queue before it is full.
std::optional<Duration> Network::queue(Direction& way, std::size_t bytes) const {
  if (way.bits_per_second == 0) return Duration{};
  const auto duration_of = [&](std::size_t size) {
    return Duration{static_cast<Duration::rep>(size * 8 * 1'000'000'000 / way.bits_per_second)};
  };
  const Duration waits = std::max(way.busy_until - now(), Duration{});
  if (waits + duration_of(bytes) > duration_of(way.queue_bytes)) {
    way.bytes_dropped += bytes;
    return std::nullopt;
  }
  way.bytes_sent += bytes;
  way.busy_until = now() + waits + duration_of(bytes);
  return way.busy_until - now();
}

void Network::deliver(CableIndex index, std::size_t to_end, const Datagram& datagram) {
  if (to_end == 2 && !cables[index].third) return;
  const Cable::End& end = to_end == 2 ? *cables[index].third : cables[index].ends[to_end];
  if (end.tap) return end.tap(now(), datagram);
  Router& router = routers[end.router];
  if (router.life == Life::absent) return tell_fate(index, to_end, datagram, "finds no router");
  const auto port = router.ports.find(end.link);
  if (port == router.ports.end() || !port->second.status().up)
    return tell_fate(index, to_end, datagram, "finds the link down");
  if (router.is_paused) {
    if (router.socket_bytes + datagram.bytes->size() > kSocketBytes)
      return tell_fate(index, to_end, datagram, "finds the socket full");
    router.socket_bytes += datagram.bytes->size();
    router.socket.push_back({end.link, datagram.source, datagram.destination, datagram.bytes});
    return tell_fate(index, to_end, datagram, "waits in the socket");
  }
  tell_fate(index, to_end, datagram, "arrives");
  handle(end.router, Received{end.link, datagram.source, datagram.destination, *datagram.bytes});
}

void Network::tell_fate(CableIndex index, std::size_t to_end, const Datagram& datagram, const char* fate) {
  if (!trace.is_logging()) return;
  const Cable::End& end = to_end == 2 ? *cables[index].third : cables[index].ends[to_end];
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
