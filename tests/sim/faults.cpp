#include "tests/sim/faults.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace wgospf::sim {

using namespace ospf;

namespace {

void set_cable_up(Network& network, CableIndex index, std::size_t end, bool up) {
  const auto ends = network.cables[index].ends;
  network.set_up(ends[end].router, ends[end].link, up);
}

std::string cable_name(CableIndex index) {
  return "cable " + std::to_string(index);
}
std::string router_name(RouterIndex index) {
  return "r" + std::to_string(index);
}

}  // namespace

FaultPlan::FaultPlan(const Network& network, Topology& topology, Random random, Duration begin,
                     Duration length)
    : network_(network), topology_(topology), random_(random), begin_(begin), length_(length) {
  const std::uint32_t count = random_.between(1, 12 + 2 * static_cast<std::uint32_t>(network.routers.size()));
  for (std::uint32_t i = 0; i < count; ++i) draw();
  sort();
}

void FaultPlan::add(Duration at, std::string_view kind, std::string what,
                    std::function<void(Network&)> apply) {
  faults_.push_back({at, kind, std::move(what), std::move(apply)});
}

void FaultPlan::sort() {
  std::stable_sort(faults_.begin(), faults_.end(),
                   [](const Fault& a, const Fault& b) { return a.at < b.at; });
}

Duration FaultPlan::moment() {
  return random_.duration(begin_, begin_ + length_);
}

Duration FaultPlan::later(Duration at) {
  return std::min(at + random_.octave_duration(milliseconds{20}, seconds{90}), begin_ + 2 * length_);
}

void FaultPlan::draw() {
  const CableIndex cable = random_.below(network_.cables.size());
  const RouterIndex router = random_.below(network_.routers.size());
  switch (random_.below(16)) {
    case 0:
    case 1:
    case 2:
      return cut(cable);
    case 3:
    case 4:
      return lossy(cable);
    case 5:
      return link_down(cable);
    case 6:
      return flap(cable);
    case 7:
    case 8:
      return reboot(router);
    case 9:
      return leave(router);
    case 10:
      return change_cost(router);
    case 11:
      return change_lans(router);
    case 12:
      return new_cable(router);
    case 13:
      return change_externals(router);
    case 14:
      return mismatch(cable);
    default:
      return readdress(cable);
  }
}

/// Silent: both ways, or one way only; healed in two of three cases.
void FaultPlan::cut(CableIndex cable) {
  const std::uint32_t which = random_.below(3);  // into end 0, into end 1, both
  const Duration at = moment();
  const auto set = [cable, which](bool cut) {
    return [cable, which, cut](Network& n) {
      for (std::uint32_t end = 0; end < 2; ++end)
        if (which == end || which == 2) n.cables[cable].into[end].cut = cut;
    };
  };
  add(at, "cut", cable_name(cable) + (which == 2 ? " cut" : " cut one way"), set(true));
  if (random_.chance(66)) add(later(at), "cut", cable_name(cable) + " healed", set(false));
}

void FaultPlan::lossy(CableIndex cable) {
  const Duration at = moment();
  const std::uint32_t loss = random_.between(50, 600), corrupt = random_.pick<std::uint32_t>({0, 0, 50});
  const std::uint32_t duplicate = random_.pick<std::uint32_t>({0, 0, 200});
  // Not long after: OSPF without authentication cannot tell a replayed update of a flushed LSA from a new
  // one.
  const Duration stale = random_.octave_duration(milliseconds{1}, milliseconds{30});
  add(at, "loss", cable_name(cable) + " loses " + std::to_string(loss) + " per mille", [=](Network& n) {
    for (auto& way : n.cables[cable].into) {
      way.loss = loss;
      way.corrupt = corrupt;
      way.duplicate = duplicate;
      way.duplicate_delay = stale;
    }
  });
  if (!random_.chance(66)) return;  // the rest is calmed at the end of the faults
  add(later(at), "loss", cable_name(cable) + " loses nothing", [=](Network& n) {
    for (auto& way : n.cables[cable].into) way.loss = way.corrupt = way.duplicate = 0;
  });
}

/// Told by the operating system, at one end or at both.
void FaultPlan::link_down(CableIndex cable) {
  const std::uint32_t which = random_.below(3);
  const auto set = [cable, which](bool up) {
    return [cable, which, up](Network& n) {
      for (std::uint32_t end = 0; end < 2; ++end)
        if (which == end || which == 2) set_cable_up(n, cable, end, up);
    };
  };
  const Duration at = moment();
  add(at, "link down", cable_name(cable) + " down", set(false));
  if (random_.chance(75)) add(later(at), "link down", cable_name(cable) + " up", set(true));
}

void FaultPlan::flap(CableIndex cable) {
  const std::uint32_t end = random_.below(2);
  Duration at = moment();
  for (std::uint32_t i = random_.between(2, 6); i > 0; --i) {
    add(at, "flap", cable_name(cable) + " flaps", [=](Network& n) { set_cable_up(n, cable, end, false); });
    at += random_.octave_duration(milliseconds{1}, seconds{1});
    add(at, "flap", cable_name(cable) + " is back", [=](Network& n) { set_cable_up(n, cable, end, true); });
    at += random_.octave_duration(milliseconds{10}, seconds{4});
  }
}

void FaultPlan::reboot(RouterIndex router) {
  const Duration at = moment();
  add(at, "crash", router_name(router) + " crashes", [=](Network& n) { n.crash(router); });
  if (random_.chance(75))
    add(later(at), "crash", router_name(router) + " restarts", [=](Network& n) { n.start(router); });
}

void FaultPlan::leave(RouterIndex router) {
  const Duration at = moment();
  add(at, "shutdown", router_name(router) + " shuts down", [=](Network& n) { n.shut_down(router); });
  if (random_.chance(66))
    add(later(at), "shutdown", router_name(router) + " restarts", [=](Network& n) { n.start(router); });
}

void FaultPlan::change_cost(RouterIndex router) {
  Duration at = moment();
  const auto pick = random_.next();
  for (std::uint32_t i = random_.between(1, 4); i > 0; --i) {  // several in a row meet the throttling
    const std::uint16_t cost = topology_.cost();
    const bool is_both_ways = topology_.shares_devices();
    add(at, "cost", router_name(router) + " changes a cost to " + std::to_string(cost), [=](Network& n) {
      auto& ports = n.routers[router].ports;
      Port& port = std::next(ports.begin(), static_cast<std::ptrdiff_t>(pick % ports.size()))->second;
      port.config.cost = cost;
      n.reload(router);
      if (!is_both_ways || !port.cable || n.is_between_peers(*port.cable)) return;
      const auto& far = n.cables[*port.cable].ends[1 - port.end];
      n.routers[far.router].ports.at(far.link).config.cost = cost;
      n.reload(far.router);
    });
    at += random_.octave_duration(milliseconds{50}, seconds{3});
  }
}

void FaultPlan::change_lans(RouterIndex router) {
  const Duration at = moment();
  if (random_.chance(50)) {
    add(at, "LAN", router_name(router) + " gets a LAN", [this, router](Network& n) {
      topology_.add_lan(router);
      n.reload(router);
    });
    return;
  }
  add(at, "LAN", router_name(router) + " loses its last LAN", [router](Network& n) {
    auto& ports = n.routers[router].ports;
    const auto last =
        std::find_if(ports.rbegin(), ports.rend(), [](auto& p) { return p.second.config.passive; });
    if (last == ports.rend()) return;
    ports.erase(LinkId{last->first});
    n.reload(router);
  });
}

void FaultPlan::new_cable(RouterIndex router) {
  const RouterIndex other = random_.below(network_.routers.size());
  if (other == router) return;
  add(moment(), "new cable", router_name(router) + " and " + router_name(other) + " get a new cable",
      [this, router, other](Network& n) {
        topology_.add_cable(router, other);
        n.reload(router);
        n.reload(other);
      });
}

void FaultPlan::change_externals(RouterIndex router) {
  Duration at = moment();
  for (std::uint32_t i = random_.between(1, 3); i > 0; --i) {
    const bool set = random_.chance(60);
    add(at, "externals", router_name(router) + (set ? " sets an external" : " withdraws its externals"),
        [this, router, set](Network& n) {
          if (set) return n.change_externals(router, {topology_.external(router)}, {});
          std::vector<IpPrefix> all;
          for (const auto& [prefix, route] : n.routers[router].externals) all.push_back(prefix);
          n.change_externals(router, {}, std::move(all));
        });
    at += random_.octave_duration(milliseconds{10}, seconds{5});
  }
}

/// One end's dead interval is changed, and mostly changed back.
void FaultPlan::mismatch(CableIndex cable) {
  const Duration at = moment();
  const auto set = [cable](std::uint32_t factor) {
    return [cable, factor](Network& n) {
      const auto end = n.cables[cable].ends[0];
      auto& config = n.routers[end.router].ports.at(end.link).config;
      config.dead_interval = factor * config.hello_interval;
      n.reload(end.router);
    };
  };
  add(at, "mismatch", cable_name(cable) + " dead intervals differ", set(5));
  if (random_.chance(66)) add(later(at), "mismatch", cable_name(cable) + " dead intervals agree", set(4));
}

namespace {

/// The interface at one end is made anew: another ifindex and, when told, another address.
void make_anew(Network& network, Cable::End side, std::uint32_t ifindex,
               const std::optional<InterfaceAddress>& address) {
  DeviceStatus status = network.routers[side.router].ports.at(side.link).status();
  status.ifindex = InterfaceIndex{ifindex};
  status.up = true;
  // A peer needs no subnet, and one of another length would keep the others away.
  const bool is_peer = network.routers[side.router].ports.at(side.link).config.peer_address.has_value();
  if (address && is_peer)
    status.addresses = {{address->address, 32}};
  else if (address && status.addresses.empty())
    status.unnumbered_source = address->address;
  else if (address)
    status.addresses = {*address};
  network.set_status(side.router, side.link, std::move(status));
}

}  // namespace

/// The interface is made anew under another ifindex, at once or after having been away; in half of the cases
/// with another address, so that the far end has to send elsewhere. On a numbered cable that is in another
/// subnet: the far end follows in two of three cases, or there is no adjacency any more.
void FaultPlan::readdress(CableIndex cable) {
  const std::uint32_t end = random_.below(2);
  const std::uint32_t ifindex = random_.between(1000, 60000);
  const bool goes_down = random_.chance(50);
  const bool is_renumbered = ifindex % 2 == 0;
  const auto addresses = is_renumbered ? topology_.new_addresses() : std::array<InterfaceAddress, 2>{};
  Duration at = moment();
  if (goes_down) {
    add(at, "readdress", cable_name(cable) + " interface deleted",
        [=](Network& n) { set_cable_up(n, cable, end, false); });
    at = later(at);
  }
  const auto add_end = [&](Duration moment, std::uint32_t which) {
    const auto address = is_renumbered ? std::optional(addresses[which]) : std::nullopt;
    add(moment, "readdress",
        cable_name(cable) + " interface made anew" + (address ? " as " + to_string(address->address) : ""),
        [=](Network& n) { make_anew(n, n.cables[cable].ends[which], ifindex + which, address); });
  };
  add_end(at, end);
  if (is_renumbered && random_.chance(66)) add_end(later(at), 1 - end);
}

void calm(Network& network) {
  for (auto& cable : network.cables) {
    for (auto& way : cable.into) {
      way.loss = way.corrupt = 0;
      way.duplicate = std::min(way.duplicate, 20U);
    }
  }
  network.note("calm");
}

}  // namespace wgospf::sim
