#include "tests/sim/topology.h"

#include <algorithm>
#include <set>

namespace wgospf::sim {

using namespace ospf;

namespace {

constexpr std::uint32_t kSubnets = 0x0a000000;    // 10.0.0.0: cables
constexpr std::uint32_t kLans = 0xac100000;       // 172.16.0.0: LANs
constexpr std::uint32_t kShared = 0x0ac80000;     // 10.200.0.0: devices with several peers
constexpr std::uint32_t kExternals = 0x64400000;  // 100.64.0.0: externals
constexpr std::uint32_t kRouterIds =
    0x0aff0000;  // 10.255.0.0: router ids, which are the loopbacks' addresses

}  // namespace

void Topology::draw_style() {
  shape_ = static_cast<Shape>(random_.below(4));
  cost_style_ = static_cast<CostStyle>(random_.below(4));
  numbered_percent_ = random_.pick<std::uint32_t>({0, 50, 50, 100});
  lan_percent_ = random_.pick<std::uint32_t>({30, 100});
  hello_interval_ = random_.chance(65) ? 1 : 10;
  delay_limit_ = random_.pick<Duration>({milliseconds{1}, milliseconds{20}, milliseconds{150}});
}

std::uint16_t Topology::cost() {
  switch (cost_style_) {
    case CostStyle::all_equal:
      return 10;
    case CostStyle::few_values:
      return static_cast<std::uint16_t>(random_.between(1, 3));
    case CostStyle::wide:
      return static_cast<std::uint16_t>(random_.between(1, 100));
    default:
      return random_.chance(20) ? 65535 : static_cast<std::uint16_t>(random_.between(1, 20));
  }
}

void Topology::build(std::optional<std::uint32_t> router_count) {
  draw_style();
  build_in_style(router_count);
}

void Topology::build_hub(std::uint32_t spokes, std::uint32_t externals) {
  constexpr std::uint32_t kPrefixes = 0x2c000000;  // 44.0.0.0
  draw_style();
  shape_ = Shape::star;
  build_in_style(spokes + 1);
  std::vector<RouterIndex> boundaries;
  for (int i = 0; i < 8; ++i) boundaries.push_back(random_.below(spokes + 1));
  for (std::uint32_t i = 0; i < externals; ++i) {
    ExternalRoute route;
    route.prefix = Ipv4Prefix::make({kPrefixes + (i << 8)}, 24);
    route.type2 = i % 2 == 0;
    network_.routers[random_.pick(boundaries)].set_external(route);
  }
}

void Topology::build_in_style(std::optional<std::uint32_t> router_count) {
  // Small networks are likelier: they find as much and cost less.
  const std::uint32_t draw = random_.below(1000);
  const std::uint32_t count = router_count.value_or(3 + 38 * draw * draw / 1000000);
  std::set<std::uint32_t> ids;
  while (ids.size() < count) ids.insert(kRouterIds + random_.between(1, 0xfffe));
  std::vector<std::uint32_t> order(ids.begin(), ids.end());
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random_.below(i)]);
  for (const std::uint32_t id : order) add_router(network_.add_router(RouterId{id}));

  for (RouterIndex i = 1; i < count; ++i) add_cable(parent_of(i), i);
  const std::uint32_t spare = random_.below(count + 1);
  for (std::uint32_t i = 0; i < spare; ++i) {
    const RouterIndex a = random_.below(count), b = random_.below(count);
    if (a != b) add_cable(a, b);
  }
  if (random_.chance(50)) {  // parallel cables
    const auto& ends = network_.cables[random_.below(network_.cables.size())].ends;
    const RouterIndex a = ends[0].router, b = ends[1].router;
    for (std::uint32_t i = random_.between(1, 2); i > 0; --i) add_cable(a, b);
  }
  const std::uint32_t externals = random_.below(count);
  for (std::uint32_t i = 0; i < externals; ++i) {
    const RouterIndex router = random_.below(count);
    const auto route = external(router);
    network_.routers[router].set_external(route);
  }
}

RouterIndex Topology::add_router_beside(RouterIndex other) {
  const RouterIndex router = network_.add_router(RouterId{kRouterIds + 0x10000 + other});
  network_.routers[router].spf_delay = network_.routers[other].spf_delay;
  network_.routers[router].rfc1583_compatibility = network_.routers[other].rfc1583_compatibility;
  if (const auto home = network_.routers[other].home) {
    network_.routers[router].home = home;
    network_.routers[router].areas = {network_.areas.at(*home)};
  }
  add_router(router);
  add_cable(other, router);
  return router;
}

RouterIndex Topology::parent_of(RouterIndex index) {
  switch (shape_) {
    case Shape::chain:
      return index - 1;
    case Shape::star:
      return 0;
    case Shape::bushy:
      return index / 2;
    default:
      return random_.below(index);
  }
}

void Topology::add_router(RouterIndex index) {
  InterfaceConfig config;
  DeviceStatus status;
  status.up = true;
  status.loopback = true;
  status.mtu = 65536;
  status.addresses = {{Ipv4Address{network_.routers[index].id.value}, 32}};
  network_.add_port(index, config, status);
  if (random_.chance(lan_percent_)) add_lan(index);
  if (random_.chance(20)) add_lan(index);
}

LinkId Topology::add_lan(RouterIndex router) {
  InterfaceConfig config;
  config.passive = true;
  config.cost = cost();
  DeviceStatus status;
  status.up = true;
  status.mtu = 1500;
  if (!lans_.empty() &&
      random_.chance(15)) {  // a LAN with two routers: the other one's subnet, another address
    auto address = random_.pick(lans_);
    const auto taken = as<Ipv4Address>(address.address);
    address.address = Ipv4Address{taken.value + 1 + router};
    status.addresses = {address};
  } else if (!lans_.empty() && random_.chance(10)) {  // within another LAN, often of the same router
    const auto outer =
        as<Ipv4Address>(random_.chance(50) ? lans_.back().address : random_.pick(lans_).address);
    status.addresses = {{Ipv4Address{(outer.value & 0xffffff00) + 129 + router}, 25}};
  } else {
    const Ipv4Address base{kLans + (next_lan_++ << 8)};
    lans_.push_back({Ipv4Address{base.value + 1}, 24});
    status.addresses = {lans_.back()};
  }
  if (random_.chance(10)) status.addresses.push_back({Ipv4Address{kLans + (next_lan_++ << 8) + 1}, 24});
  return network_.add_port(router, config, status);
}

Direction Topology::direction() {
  Direction way;
  way.delay = random_.octave_duration(microseconds{100}, delay_limit_);
  if (random_.chance(50)) way.jitter = random_.duration({}, way.delay);
  if (random_.chance(20)) way.jitter = way.delay * 4;
  if (random_.chance(10)) way.duplicate = 20;
  way.duplicate_delay = way.delay * 3;
  return way;
}

CableIndex Topology::add_cable(RouterIndex a, RouterIndex b) {
  const bool is_numbered = random_.chance(numbered_percent_);
  const auto length = random_.pick<std::uint8_t>({30, 30, 31, 31, 32});  // 32: each names its far end
  const std::uint32_t subnet = kSubnets + 4 * next_subnet_++;
  const bool mtu_ignore = random_.chance(70);
  const auto common_mtu = random_.pick<std::uint32_t>({1280, 1420, 1500});
  InterfaceConfig config;
  config.hello_interval = hello_interval_;
  config.dead_interval = 4u * hello_interval_;
  config.mtu_ignore = mtu_ignore;
  const auto end = [&](RouterIndex router, std::uint32_t host) {
    config.cost = cost();
    DeviceStatus status;
    status.up = true;
    status.mtu = mtu_ignore && random_.chance(20) ? 1380 : common_mtu;
    if (is_numbered) {
      status.addresses = {{Ipv4Address{subnet + host}, length}};
      if (length == 32) status.addresses.front().peer = Ipv4Address{subnet + 3 - host};
    } else {
      status.unnumbered_source = Ipv4Address{network_.routers[router].id.value};
    }
    return Cable::End{router, network_.add_port(router, config, status), {}};
  };
  const std::uint32_t first = length == 31 ? 0 : 1;
  const auto end_a = end(a, first), end_b = end(b, first + 1);
  // What passes an inbound filter has to take one way in both directions.
  if (sharing_)
    network_.routers[b].ports.at(end_b.link).config.cost =
        network_.routers[a].ports.at(end_a.link).config.cost;
  const CableIndex index = network_.connect(end_a, end_b);
  Cable& cable = network_.cables[index];
  cable.into = {direction(), direction()};
  cable.mtu = std::min(network_.routers[a].ports.at(end_a.link).status().mtu,
                       network_.routers[b].ports.at(end_b.link).status().mtu);
  share(index);
  return index;
}

/// Where there is a cable between the peers already: WireGuard would not tell two of one address apart.
bool Topology::is_shared_between(RouterIndex a, RouterIndex b) const {
  for (CableIndex i = 0; i < network_.cables.size(); ++i) {
    const auto& ends = network_.cables[i].ends;
    const bool are_they =
        (ends[0].router == a && ends[1].router == b) || (ends[0].router == b && ends[1].router == a);
    if (are_they && network_.is_between_peers(i)) return true;
  }
  return false;
}

/// The cable is one between peers, in most of the cases.
void Topology::share(CableIndex cable) {
  const auto ends = network_.cables[cable].ends;
  if (!sharing_ || !sharing_->chance(75) || is_shared_between(ends[0].router, ends[1].router)) return;
  for (const auto& end : ends) {
    Port& port = network_.routers[end.router].ports.at(end.link);
    port.config.mtu_ignore = true;
    const auto [first, is_new] = shared_.try_emplace(end.router, end.link);
    if (!is_new) {
      network_.share_device(end.router, end.link, first->second);
      continue;
    }
    DeviceStatus& status = *port.device;
    const auto length = sharing_->pick<std::uint8_t>({16, 16, 32});
    status.addresses = {{Ipv4Address{kShared + 1 + end.router}, length}};
    status.unnumbered_source.reset();
    status.mtu = sharing_->pick<std::uint32_t>({1280, 1420});
  }
  network_.make_peers(cable);
  // Each end as it likes: the greater counts.
  if (sharing_->chance(30))
    network_.routers[ends[1].router].ports.at(ends[1].link).config.cost =
        static_cast<std::uint16_t>(sharing_->between(1, 30));
}

std::array<InterfaceAddress, 2> Topology::new_addresses() {
  const std::uint32_t subnet = kSubnets + 4 * next_subnet_++;
  return {{{Ipv4Address{subnet + 1}, 30}, {Ipv4Address{subnet + 2}, 30}}};
}

ExternalRoute Topology::external(RouterIndex router) {
  ExternalRoute route;
  // Few prefixes, of three lengths on the same addresses: shared ones, nested ones, and ids that collide
  // (appendix E); now and then a LAN's own.
  const std::uint32_t number = random_.below(24);
  const auto length = random_.pick<std::uint8_t>({24, 24, 20, 16});
  route.prefix = Ipv4Prefix::make({kExternals + (number << 16)}, length);
  if (random_.chance(5)) route.prefix = Ipv4Prefix{};  // the default route
  if (!lans_.empty() && random_.chance(5)) route.prefix = random_.pick(lans_).prefix();
  route.type2 = random_.chance(50);
  route.metric = random_.pick<std::uint32_t>({1, 10, 20, 20, 20, 100, kLsInfinity - 1});
  if (random_.chance(3)) route.metric = kLsInfinity;
  route.tag = random_.below(3);
  if (!random_.chance(25)) return route;
  if (random_.chance(20)) {  // an address of some router itself
    const auto& ports = network_.routers[random_.below(network_.routers.size())].ports;
    const auto& addresses = std::next(ports.begin(), random_.below(ports.size()))->second.status().addresses;
    if (!addresses.empty()) route.forwarding_address = as<Ipv4Address>(addresses.front().address);
    return route;
  }
  for (const auto& [link, port] : network_.routers[router].ports) {  // a host on a LAN of the router
    if (!port.config.passive || port.status().addresses.empty()) continue;
    route.forwarding_address = Ipv4Address{(port.source().value & 0xffffff00) + 200};
  }
  return route;
}

}  // namespace wgospf::sim
