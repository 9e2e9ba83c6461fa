#pragma once
// A handful of real instances joined by perfect wires, on one virtual clock: for tests of what routers say.
// Faults, seeds and topologies belong to the simulator (tests/sim).

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "ospf/instance.h"
#include "ospf/v2/v2.h"

namespace wgospf::ospf::testing {

class Wires {
 public:
  struct Router {
    std::unique_ptr<Instance<V2>> instance;
    std::vector<Event> events;
  };
  using End = std::pair<std::size_t, LinkId>;

  Instant now{seconds{1000}};
  Duration delay = milliseconds{1};
  std::vector<Router> routers;
  /// Sees every packet before it is delivered; false drops it.
  std::function<bool(std::size_t from, const Transmit&)> filter = [](auto, const auto&) { return true; };

  /// A router whose interface N (LinkId{N}) has the address 10.0.N.(index+1)/24 once wired.
  std::size_t add(InstanceConfig config) {
    config.router_id = config.router_id.value != 0
                           ? config.router_id
                           : RouterId{static_cast<std::uint32_t>(0x01010101 * (routers.size() + 1))};
    routers.push_back({std::make_unique<Instance<V2>>(config, Seed{routers.size() + 1}, now), {}});
    drain(routers.size() - 1);
    return routers.size() - 1;
  }
  static InstanceConfig config(std::vector<std::uint32_t> links) {
    InstanceConfig config;
    config.areas = {{kBackbone}};
    for (const auto link : links) {
      InterfaceConfig interface;
      interface.link = LinkId{link};
      interface.device = DeviceId{link};
      interface.name = "l" + std::to_string(link);
      interface.hello_interval = 1;
      interface.dead_interval = 4;
      config.interfaces.push_back(interface);
    }
    return config;
  }
  void wire(std::size_t a, std::size_t b, std::uint32_t link) {
    ends_[{a, LinkId{link}}] = {b, LinkId{link}};
    ends_[{b, LinkId{link}}] = {a, LinkId{link}};
    set_link(a, link, true);
    set_link(b, link, true);
  }
  void set_link(std::size_t router, std::uint32_t link, bool up) {
    DeviceStatus status;
    status.up = up;
    status.ifindex = InterfaceIndex{link};
    status.mtu = 1420;
    status.addresses = {{address(router, link), 24}};
    input(router, DeviceChanged{DeviceId{link}, status});
  }
  static Ipv4Address address(std::size_t router, std::uint32_t link) {
    return {0x0a000000 | (link << 8) | static_cast<std::uint32_t>(router + 1)};
  }
  void input(std::size_t router, const Input& value) {
    routers[router].instance->handle(now, value);
    drain(router);
  }
  void run_for(Duration duration) {
    run_until(duration, [] { return false; });
  }
  /// True when the condition held within `duration`.
  bool run_until(Duration duration, const std::function<bool()>& condition) {
    const Instant end = now + duration;
    while (!condition()) {
      Instant next = end;
      if (!flying_.empty()) next = std::min(next, flying_.begin()->first);
      for (auto& router : routers)
        if (const auto deadline = router.instance->poll_timeout()) next = std::min(next, deadline->at);
      if (next >= end && (flying_.empty() || flying_.begin()->first > end)) {
        now = end;
        return condition();
      }
      now = std::max(now, next);
      step();
    }
    return true;
  }
  NeighborState state(std::size_t router, std::uint32_t link) const {
    for (const auto& neighbor : routers[router].instance->neighbors())
      if (neighbor.link == LinkId{link}) return neighbor.state;
    return NeighborState::down;
  }
  bool all_full() const {
    for (const auto& [from, to] : ends_)
      if (state(from.first, from.second.value) != NeighborState::full) return false;
    return true;
  }

 private:
  struct Flying {
    End to;
    Ipv4Address source;
    PacketBytes bytes;
  };
  void step() {
    while (!flying_.empty() && flying_.begin()->first <= now) {
      const Flying packet = flying_.begin()->second;
      flying_.erase(flying_.begin());
      input(packet.to.first,
            Received{packet.to.second, packet.source, Ipv4Address{0xe0000005}, *packet.bytes});
    }
    for (std::size_t i = 0; i < routers.size(); ++i) {
      routers[i].instance->handle_timeout(now);
      drain(i);
    }
  }
  void drain(std::size_t router) {
    while (auto output = routers[router].instance->poll()) {
      if (auto* event = std::get_if<Event>(&*output)) routers[router].events.push_back(std::move(*event));
      if (auto* packet = std::get_if<Transmit>(&*output)) {
        const auto end = ends_.find({router, packet->link});
        if (end == ends_.end() || !filter(router, *packet)) continue;
        flying_.emplace(now + delay, Flying{end->second, address(router, packet->link.value), packet->bytes});
      }
    }
  }
  std::map<End, End> ends_;
  std::multimap<Instant, Flying> flying_;
};

}  // namespace wgospf::ospf::testing
