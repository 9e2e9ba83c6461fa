#include "daemon/firewall/firewall.h"

#include <net/if.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "daemon/firewall/ruleset_reader.h"
#include "wgadapter/underlay_reader.h"

namespace wgospf::daemon {

using std::chrono::seconds;

namespace {

/// The ways to endpoints are asked for again after this time at the latest: routes change without a word.
constexpr seconds kWaysLast{30};
/// Peers of a device whose ways are asked for; the others come in by these uplinks too.
constexpr std::size_t kPeersAsked = 64;

const wg::Device* find_device(const wg::Underlay& underlay, const std::string& name) {
  const auto found = std::find_if(underlay.devices.begin(), underlay.devices.end(),
                                  [&](const wg::Device& device) { return device.name == name; });
  return found == underlay.devices.end() ? nullptr : &*found;
}

std::string interface_name(std::uint32_t ifindex) {
  std::array<char, IF_NAMESIZE> name{};
  return ::if_indextoname(ifindex, name.data()) == nullptr ? std::string() : std::string(name.data());
}

}  // namespace

firewall::Needs needs_of(const std::vector<TunnelLink>& links,
                         const std::vector<ospf::NeighborInfo>& neighbors, const Inventory& inventory,
                         const wg::Underlay& underlay) {
  firewall::Needs needs;
  std::unordered_multimap<ospf::LinkId, const ospf::NeighborInfo*> of_links;
  for (const auto& neighbor : neighbors) of_links.emplace(neighbor.link, &neighbor);
  std::map<std::string, std::size_t> known;
  for (const auto& link : links) {
    const Link* interface = find_link(inventory, link.device);
    if (interface == nullptr || interface->flags.loopback || !interface->flags.up) continue;
    const wg::Device* device = find_device(underlay, link.device);
    const auto [place, is_new] = known.try_emplace(link.device, needs.tunnels.size());
    if (device == nullptr) {
      if (is_new) needs.lans.push_back(link.device);
      continue;
    }
    if (is_new) {
      firewall::Tunnel tunnel{link.device, device->listen_port};
      tunnel.must_be_called = std::any_of(device->peers.begin(), device->peers.end(),
                                          [](const wg::Peer& peer) { return !peer.endpoint; });
      tunnel.is_active = false;
      needs.tunnels.push_back(std::move(tunnel));
    }
    firewall::Tunnel& tunnel = needs.tunnels[place->second];
    tunnel.is_multicast = tunnel.is_multicast && !link.has_peers;
    tunnel.is_active = tunnel.is_active || !link.is_passive;
    tunnel.has_bfd = tunnel.has_bfd || link.has_bfd;
    const auto [first, last] = of_links.equal_range(link.link);
    for (auto neighbor = first; neighbor != last; ++neighbor)
      if (const auto* address = std::get_if<Ipv4Address>(&neighbor->second->address))
        tunnel.neighbors.push_back(*address);
  }
  return needs;
}

/// What is kept from one look to the next.
struct Firewall::Reader {
  firewall::RulesetReader rules{};
  std::optional<wg::UnderlayReader> ways{};
  std::shared_ptr<const wg::Underlay> underlay{};  ///< whose uplinks are known
  std::chrono::steady_clock::time_point until{};
  std::map<std::string, std::vector<firewall::Tunnel::Uplink>> uplinks{};
  /// What the answer was for.
  std::optional<firewall::Needs> needs{};
  std::shared_ptr<const firewall::Ruleset> ruleset{};
  std::vector<firewall::Opening> openings{};

  void ask_for_ways(const std::shared_ptr<const wg::Underlay>& now) {
    const auto time = std::chrono::steady_clock::now();
    if (underlay == now && time < until) return;
    underlay = now;
    until = time + kWaysLast;
    uplinks.clear();
    if (!ways) {
      auto opened = wg::UnderlayReader::open();
      if (!opened) return;
      ways = std::move(opened).value();
    }
    for (const auto& device : now->devices) {
      std::size_t asked = 0;
      for (const auto& peer : device.peers) {
        if (!peer.endpoint || ++asked > kPeersAsked) continue;
        const auto way = ways->way(peer.endpoint->address, wg::outer_of(device, *peer.endpoint), {});
        if (!way) continue;
        const auto* address = std::get_if<Ipv4Address>(&peer.endpoint->address);
        if (address == nullptr) continue;  // over IPv6: what drops that is not looked at
        for (const auto ifindex : way->ifindexes)
          if (auto name = interface_name(ifindex); !name.empty())
            uplinks[device.name].push_back({std::move(name), *address});
      }
    }
  }
};

struct Firewall::Look {
  std::shared_ptr<Reader> reader{};
  std::shared_ptr<const Followed> followed{};
  firewall::View view{};

  void run() {
    reader->ask_for_ways(followed->underlay);
    firewall::Needs needs = followed->needs;
    for (auto& tunnel : needs.tunnels)
      if (const auto found = reader->uplinks.find(tunnel.name); found != reader->uplinks.end())
        tunnel.uplinks = found->second;
    const auto& reading = reader->rules.read();
    if (reader->needs != needs || reader->ruleset != reading.ruleset || reading.ruleset == nullptr) {
      reader->openings = firewall::openings_of(needs, reading.ruleset.get());
      reader->needs = needs;
      reader->ruleset = reading.ruleset;
    }
    view = {reader->openings, reading.problem};
    if (reading.is_whole) return;
    for (auto& opening : view.openings)
      if (opening.state == firewall::Opening::State::open) opening.state = firewall::Opening::State::unknown;
  }
};

Firewall::Firewall(Host& host) : host_(host), reader_(std::make_shared<Reader>()), jobs_(host.loop()) {}

Firewall::~Firewall() {
  *alive_ = false;
}

void Firewall::follow(const std::vector<TunnelLink>& links, const std::vector<ospf::NeighborInfo>& neighbors,
                      std::shared_ptr<const wg::Underlay> underlay) {
  auto followed = std::make_shared<Followed>();
  followed->needs = needs_of(links, neighbors, host_.links().inventory(), *underlay);
  for (const auto& link : links)
    if (!link.is_passive && !link.peer && find_device(*underlay, link.device) != nullptr)
      followed->devices.emplace(link.link, link.device);
  followed->underlay = std::move(underlay);
  followed_ = std::move(followed);
}

void Firewall::poll() {
  if (is_looking_ || followed_ == nullptr) return;
  auto look = std::make_shared<Look>();
  look->reader = reader_;
  look->followed = followed_;
  is_looking_ = true;
  jobs_.run([look] { look->run(); },
            [this, look, alive = alive_] {
              if (!*alive) return;
              is_looking_ = false;
              looked(*look);
            });
}

void Firewall::looked(const Look& look) {
  view_ = std::make_shared<const firewall::View>(look.view);
  devices_ = look.followed->devices;
  auto former = std::exchange(told_, {});
  for (const auto& tunnel : look.followed->needs.tunnels) {
    const auto problem = firewall::problem_of(tunnel.name, view_->openings);
    host_.teller().set_warning("firewall/" + tunnel.name, problem);
    former.erase(tunnel.name);
    if (!problem.empty()) told_.insert(tunnel.name);
  }
  for (const auto& name : former) host_.teller().set_warning("firewall/" + name, {});
}

std::string Firewall::problem_of(ospf::LinkId link) const {
  const auto found = devices_.find(link);
  return found == devices_.end() ? std::string() : host_.teller().warning("firewall/" + found->second);
}

}  // namespace wgospf::daemon
