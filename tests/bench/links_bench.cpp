// What many links cost: so many devices of one address each that come up one after the other, and so many
// peers of one device that become Full one after the other, at a router that has said its router-LSA already.
// Each is held against half as many: what grows with their square would take four times as long.

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/bench/line.h"
#include "tests/bench/ratios.h"

namespace wgospf::ospf {
namespace {

constexpr Ipv4Address kOwn{0x0a800001};  ///< of the device with the peers; theirs follow
constexpr DeviceId kDevice{7};
constexpr std::uint32_t kFirstNumbered = 100;  ///< links and devices of their own are those above

InterfaceConfig link_config(std::uint32_t number) {
  InterfaceConfig config;
  config.link = LinkId{number};
  config.device = DeviceId{number};
  config.name = "l" + std::to_string(number);
  return config;
}
DeviceStatus device_status(Ipv4Address address, std::uint8_t length) {
  DeviceStatus status;
  status.up = true;
  status.mtu = 1420;
  status.addresses = {{address, length}};
  return status;
}

/// One router, whose first router-LSA has gone out.
class Router {
 public:
  explicit Router(std::vector<InterfaceConfig> links) {
    InstanceConfig config;
    config.router_id = RouterId{1};
    config.areas = {{kBackbone}};
    config.interfaces = std::move(links);
    instance_ = std::make_unique<Instance<V2>>(std::move(config), Seed{1}, now_);
    drain();
    now_ += seconds{1};
    instance_->handle_timeout(now_);
    drain();
  }
  void handle(const Input& input) {
    instance_->handle(now_, input);
    drain();
  }
  /// Lets what was held back go.
  void settle() {
    for (int i = 0; i < 40; ++i) {
      now_ += milliseconds{50};
      instance_->handle_timeout(now_);
      drain();
    }
  }
  [[nodiscard]] const Instance<V2>& instance() const { return *instance_; }
  [[nodiscard]] Instant now() const { return now_; }

 private:
  void drain() {
    while (auto output = instance_->poll()) benchmark::DoNotOptimize(output);
  }

  Instant now_{seconds{1000}};
  std::unique_ptr<Instance<V2>> instance_;
};

std::size_t links_said(const Router& router) {
  const LsaKey key{LsaType::router, LinkStateId{1}, RouterId{1}};
  const auto own = router.instance().find_lsa(kBackbone, key, router.now());
  return own ? std::get<v2::RouterLsa>(V2::decode_body(own->lsa)).links.size() : 0;
}

/// A hello and a database without LSAs, as the peer's master: Full with it after three packets.
class Peer {
 public:
  explicit Peer(std::uint32_t number) : link_{number}, id_{1 + number}, address_{kOwn.value + number} {}
  [[nodiscard]] InterfaceConfig config() const {
    InterfaceConfig config = link_config(link_.value);
    config.device = kDevice;
    config.type = InterfaceType::point_to_multipoint;
    config.peer_address = address_;
    return config;
  }
  void become_full(Router& router) const {
    Hello hello;
    hello.network_mask = netmask(9);
    hello.hello_interval = 10;
    hello.dead_interval = 40;
    hello.options = {Options::kExternal};
    hello.neighbors = {RouterId{1}};
    say(router, hello);
    DatabaseDescription dd;
    dd.interface_mtu = 1420;
    dd.options = {Options::kExternal | Options::kOpaque};
    dd.flags = {.init = true, .more = true, .master = true};
    dd.sequence_number = 5;
    say(router, dd);
    // The router describes its database in one packet, which it says is the last.
    dd.flags = {.init = false, .more = false, .master = true};
    ++dd.sequence_number;
    say(router, dd);
  }

 private:
  template <class Body>
  void say(Router& router, const Body& body) const {
    const auto bytes = V2::encode(id_, kBackbone, body);
    router.handle(Received{link_, address_, kOwn, bytes});
  }

  LinkId link_;
  RouterId id_;
  Ipv4Address address_;
};

enum class Beside : bool { nobody, a_neighbor };

/// While nobody is there to be told, or beside a Full neighbour, for whom instances are held back.
void links_come_up(benchmark::State& state, Beside beside) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  std::vector<InterfaceConfig> links;
  for (std::uint32_t i = 1; i <= count; ++i) links.push_back(link_config(kFirstNumbered + i));
  const Peer neighbor(1);
  if (beside == Beside::a_neighbor) links.push_back(neighbor.config());
  for (auto unused : state) {
    state.PauseTiming();
    auto router = std::make_unique<Router>(links);
    if (beside == Beside::a_neighbor) {
      router->handle(DeviceChanged{kDevice, device_status(kOwn, 9)});
      neighbor.become_full(*router);
    }
    state.ResumeTiming();
    for (std::uint32_t i = 1; i <= count; ++i)
      router->handle(DeviceChanged{DeviceId{kFirstNumbered + i}, device_status({0x0b000001 + (i << 2)}, 30)});
    router->settle();
    state.PauseTiming();
    const std::size_t of_neighbor = beside == Beside::a_neighbor ? 2 : 0;
    if (links_said(*router) != count + of_neighbor)
      state.SkipWithError("not every link is in the router-LSA");
    router.reset();
    state.ResumeTiming();
  }
}
void numbered_links_come_up(benchmark::State& state) {
  links_come_up(state, Beside::a_neighbor);
}
BENCHMARK(numbered_links_come_up)->Arg(1000)->Arg(2000)->Unit(benchmark::kMillisecond);
void numbered_links_come_up_alone(benchmark::State& state) {
  links_come_up(state, Beside::nobody);
}
BENCHMARK(numbered_links_come_up_alone)->Arg(1000)->Arg(2000)->Unit(benchmark::kMillisecond);

void peers_become_full(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  std::vector<Peer> peers;
  std::vector<InterfaceConfig> links;
  for (std::uint32_t i = 1; i <= count; ++i) {
    peers.emplace_back(i);
    links.push_back(peers.back().config());
  }
  for (auto unused : state) {
    state.PauseTiming();
    auto router = std::make_unique<Router>(links);
    state.ResumeTiming();
    router->handle(DeviceChanged{kDevice, device_status(kOwn, 9)});
    for (const Peer& peer : peers) peer.become_full(*router);
    router->settle();
    state.PauseTiming();
    // Each of them, and the device's own address.
    if (links_said(*router) != count + 1) state.SkipWithError("not every peer is in the router-LSA");
    router.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(peers_become_full)->Arg(500)->Arg(1000)->Unit(benchmark::kMillisecond);

/// Bytes that a link of a device with many addresses needs, beside one of a device with one.
void addresses_of_links(benchmark::State& state) {
  constexpr std::uint32_t kLinks = 1000;
  const auto addresses = static_cast<std::uint32_t>(state.range(0));
  std::vector<InterfaceConfig> links;
  for (std::uint32_t i = 1; i <= kLinks; ++i) links.push_back(Peer(i).config());
  for (auto unused : state) {
    Router router(links);
    DeviceStatus status = device_status(kOwn, 9);
    for (std::uint32_t i = 1; i < addresses; ++i)
      status.addresses.push_back({Ipv4Address{0x0b000001 + (i << 8)}, 24});
    const std::size_t before = bench::heap();
    router.handle(DeviceChanged{kDevice, status});
    state.counters["bytes_per_link"] = static_cast<double>(bench::heap() - before) / kLinks;
  }
}
BENCHMARK(addresses_of_links)->Arg(1)->Arg(100)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace wgospf::ospf

int main(int argc, char** argv) {
  // Twice as many cost twice as much, and a processor's cache has room for fewer of them. That they were
  // built anew at each step made it 4.7 times, and 6.1 times alone.
  return wgospf::bench::run_with_ratios(
      argc, argv,
      {{"numbered_links_come_up/2000", "numbered_links_come_up/1000", 3.4},
       {"numbered_links_come_up_alone/2000", "numbered_links_come_up_alone/1000", 3.4},
       {"peers_become_full/1000", "peers_become_full/500", 3.4},
       {"addresses_of_links/100", "addresses_of_links/1", 1.5, "bytes_per_link"}});
}
