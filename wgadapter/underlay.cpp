#include "wgadapter/underlay.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace wgospf::wg {
namespace {

enum class Match : std::uint8_t { no, maybe, yes };

constexpr std::uint8_t kUdp = 17;

Match of_ports(const std::optional<PortRange>& range, std::uint16_t port) {
  if (!range) return Match::yes;
  if (port == 0) return Match::maybe;
  return range->contains(port) ? Match::yes : Match::no;
}

Match matches(const RoutingRule& rule, Ipv4Address destination, const Outer& outer) {
  const Match source = of_ports(rule.source_ports, outer.source_port);
  const Match target = of_ports(rule.destination_ports, outer.destination_port);
  const bool known_conditions = ((rule.mark ^ outer.mark) & rule.mark_mask) == 0 &&
                                (!rule.destination || rule.destination->contains(destination)) &&
                                (rule.ip_protocol == 0 || rule.ip_protocol == kUdp) && source != Match::no &&
                                target != Match::no && rule.others != RoutingRule::Others::never;
  const bool has_unknown =
      rule.others == RoutingRule::Others::unknown || source == Match::maybe || target == Match::maybe;
  if (known_conditions && has_unknown) return Match::maybe;
  return known_conditions != rule.inverted ? Match::yes : Match::no;
}

/// Whether `ours` comes before `other` in one table.
bool precedes(const RoutePlace& ours, const RoutePlace& other) {
  return ours.length != other.length ? ours.length > other.length : ours.metric <= other.metric;
}

using Node = std::size_t;  // an index in Underlay::peers

/// One decision: edges as they are in the kernel, replaced by what it will do as that becomes clear.
class Decision {
 public:
  Decision(const Underlay& underlay, std::span<const WantedRoute> wanted, const OwnRoutes& own)
      : underlay_(underlay),
        wanted_(wanted),
        own_(own),
        edges_(underlay.peers.size()),
        covering_(underlay.peers.size()),
        is_held_(wanted.size()) {
    for (std::size_t i = 0; i < underlay.devices.size(); ++i)
      if (underlay.devices[i].ifindex != 0) devices_[underlay.devices[i].ifindex] = i;
    for (Node node = 0; node < underlay.peers.size(); ++node) nodes_[place_of(node)] = node;
    for (const WantedRoute& route : wanted) lengths_ |= std::uint64_t{1} << route.prefix.length;
    for (Node node = 0; node < underlay.peers.size(); ++node) find_covering(node);
    for (Node node = 0; node < underlay.peers.size(); ++node)
      if (const auto& way = underlay.peers[node].way) edges_[node] = carriers(node, way->ifindexes);
  }

  std::vector<HeldBack> run() {
    // What is held for one endpoint changes the way to others. Each round holds one more or is the last.
    std::vector<Node> covered;
    for (Node node = 0; node < underlay_.peers.size(); ++node)
      if (!covering_[node].empty()) covered.push_back(node);
    for (bool changed = true; changed;) {
      changed = false;
      for (const Node node : covered) changed = decide(node) || changed;
    }
    std::vector<HeldBack> result;
    for (const auto& [index, held] : held_) result.push_back(held);
    return result;
  }

 private:
  using Place = std::pair<std::size_t, std::size_t>;
  [[nodiscard]] Place place_of(Node node) const {
    return {underlay_.peers[node].device, underlay_.peers[node].peer};
  }

  void find_covering(Node node) {
    const auto* address = std::get_if<Ipv4Address>(&underlay_.peers[node].endpoint.address);
    if (address == nullptr) return;
    for (std::uint8_t length = Ipv4Address::kBits + 1; length-- > 0;) {
      if (((lengths_ >> length) & 1U) == 0) continue;
      const auto prefix = Ipv4Prefix::make(*address, length);
      const auto found = std::lower_bound(
          wanted_.begin(), wanted_.end(), prefix,
          [](const WantedRoute& route, const Ipv4Prefix& key) { return route.prefix < key; });
      if (found == wanted_.end() || found->prefix != prefix) continue;
      covering_[node].push_back(static_cast<std::size_t>(found - wanted_.begin()));
    }
  }

  /// Indexes of wanted routes that cover the endpoint and are not held, the longest first.
  [[nodiscard]] std::vector<std::size_t> covering(Node node) const {
    std::vector<std::size_t> result;
    for (const std::size_t index : covering_[node])
      if (!is_held_[index]) result.push_back(index);
    return result;
  }

  /// The peers whose tunnels take a datagram to the node's endpoint out of these devices. Where no allowed-ip
  /// says which peer, it is lost there, which helps nobody: it counts as carried by all.
  [[nodiscard]] std::vector<Node> carriers(Node node, const std::vector<std::uint32_t>& ifindexes) const {
    std::vector<Node> result;
    for (const std::uint32_t ifindex : ifindexes) {
      const auto found = devices_.find(ifindex);
      if (found == devices_.end()) continue;
      const std::size_t device = found->second;
      const auto owner = owner_of(device, underlay_.peers[node].endpoint.address);
      const auto add = [&](std::size_t peer) {
        if (const auto at = nodes_.find({device, peer}); at != nodes_.end()) result.push_back(at->second);
      };
      if (owner) {
        add(*owner);
      } else {
        for (std::size_t peer = 0; peer < underlay_.devices[device].peers.size(); ++peer) add(peer);
      }
    }
    return result;
  }

  /// Of a route of ours. That the datagrams of one peer would go through another peer of the same device is no nest:
  /// which of them it is, is for allowed-ips to say, which follow the routes; so it counts as the peer itself.
  [[nodiscard]] std::vector<Node> carriers_by(std::size_t index, Node node) const {
    const std::size_t own = underlay_.peers[node].device;
    for (const std::uint32_t ifindex : wanted_[index].ifindexes)
      if (const auto found = devices_.find(ifindex); found != devices_.end() && found->second == own)
        return {node};
    return carriers(node, wanted_[index].ifindexes);
  }

  [[nodiscard]] std::optional<std::size_t> owner_of(std::size_t device, const IpAddress& address) const {
    if (const auto* v4 = std::get_if<Ipv4Address>(&address)) return underlay_.maps[device].owner(*v4);
    const auto covering = peers_covering(underlay_.devices[device], address);
    if (covering.empty()) return std::nullopt;
    return static_cast<std::size_t>(covering.front() - underlay_.devices[device].peers.data());
  }

  /// Whether a way along the edges leads from one of these to the node.
  [[nodiscard]] bool depend_on(std::vector<Node> from, Node node) const {
    std::vector<bool> seen(edges_.size());
    while (!from.empty()) {
      const Node at = from.back();
      from.pop_back();
      if (at == node) return true;
      if (seen[at]) continue;
      seen[at] = true;
      from.insert(from.end(), edges_[at].begin(), edges_[at].end());
    }
    return false;
  }

  [[nodiscard]] RoutePlace place_of_route(std::size_t index) const {
    return {wanted_[index].is_apart ? own_.apart : own_.table, wanted_[index].prefix.length, own_.metric};
  }
  /// Whether what the kernel follows now is, of our routes, the one of this place.
  [[nodiscard]] bool is_followed(const EndpointWay& way, std::size_t index) const {
    return way.is_ours && way.place == place_of_route(index);
  }

  /// What the kernel follows now, unless that is a route of ours on its way out: then what is behind it is
  /// not known, and every wanted route may come to be the best.
  [[nodiscard]] std::optional<RoutePlace> lasting_place(Node node,
                                                        const std::vector<std::size_t>& list) const {
    const auto& way = underlay_.peers[node].way;
    if (!way || !way->place) return std::nullopt;
    const bool stays = !way->is_ours || std::any_of(list.begin(), list.end(), [&](std::size_t index) {
      return is_followed(*way, index);
    });
    return stays ? way->place : std::nullopt;
  }

  /// True when it holds a route.
  bool decide(Node node) {
    const UnderlayPeer& peer = underlay_.peers[node];
    const auto list = covering(node);
    const auto present = lasting_place(node, list);
    const bool ours = present && peer.way->is_ours;
    const auto address = std::get<Ipv4Address>(peer.endpoint.address);
    const Outer outer = outer_of(underlay_.devices[peer.device], peer.endpoint);
    std::optional<std::vector<Node>> edge;
    for (const std::size_t index : list) {
      const bool is_present = ours && is_followed(*peer.way, index);
      const bool wins = !peer.way || is_present ||
                        would_win(place_of_route(index), present, underlay_.rules, address, outer);
      if (!wins) continue;
      auto targets = carriers_by(index, node);
      if (depend_on(targets, node)) {
        hold(index, node);
        return true;  // what the kernel would do without it is looked at anew
      }
      if (!edge) edge = std::move(targets);
      if (is_present) break;  // the shorter ones stand behind it
    }
    if (!edge) edge = present && !ours ? carriers(node, peer.way->ifindexes) : std::vector<Node>{};
    edges_[node] = std::move(*edge);
    return false;
  }

  void hold(std::size_t index, Node node) {
    const UnderlayPeer& peer = underlay_.peers[node];
    const Device& device = underlay_.devices[peer.device];
    HeldBack held{wanted_[index].prefix, device.name, peer.endpoint, {}, peer.way.has_value(), false};
    for (const std::uint32_t ifindex : wanted_[index].ifindexes) {
      const auto found = devices_.find(ifindex);
      if (found == devices_.end()) continue;
      held.via = found->second == peer.device ? std::string() : underlay_.devices[found->second].name;
      if (held.via.empty()) break;
    }
    held.in_kernel = peer.way && is_followed(*peer.way, index);
    is_held_[index] = true;
    held_.emplace(index, std::move(held));
  }

  const Underlay& underlay_;
  std::span<const WantedRoute> wanted_;
  const OwnRoutes& own_;
  std::map<std::uint32_t, std::size_t> devices_;  // by ifindex
  std::map<Place, Node> nodes_;
  std::vector<std::vector<Node>> edges_;
  std::vector<std::vector<std::size_t>> covering_;  // of each node: indexes in wanted_, the longest first
  std::vector<bool> is_held_;                       // by index in wanted_
  std::uint64_t lengths_ = 0;                       // of wanted_: bit by length
  std::map<std::size_t, HeldBack> held_;            // by index in wanted_
};

}  // namespace

bool would_win(const RoutePlace& ours, const std::optional<RoutePlace>& present,
               std::span<const RoutingRule> rules, Ipv4Address destination, const Outer& outer) {
  std::uint32_t from = 0;  // rules of lower priority are jumped over
  for (const RoutingRule& rule : rules) {
    const Match match = rule.priority < from ? Match::no : matches(rule, destination, outer);
    if (match == Match::no) continue;
    if (rule.action == RoutingRule::Action::refuse && match == Match::yes) return false;
    if (rule.action == RoutingRule::Action::jump && match == Match::yes) from = rule.target;
    if (rule.action != RoutingRule::Action::look_up) continue;
    const bool has_ours = rule.table == ours.table;
    const bool has_present = present && rule.table == present->table;
    if (!has_ours && !has_present) continue;
    const bool ours_first = has_ours && (!has_present || precedes(ours, *present));
    const std::uint8_t length = ours_first ? ours.length : present->length;
    if (rule.suppress_prefix_length && length <= *rule.suppress_prefix_length) continue;
    if (ours_first) return true;
    if (match == Match::yes) return false;
  }
  return false;
}

std::optional<std::uint32_t> deciding_rule(const RoutePlace& place, std::span<const RoutingRule> rules,
                                           Ipv4Address destination, const Outer& outer) {
  std::uint32_t from = 0;
  for (const RoutingRule& rule : rules) {
    if (rule.priority < from || matches(rule, destination, outer) != Match::yes) continue;
    if (rule.action == RoutingRule::Action::jump) from = rule.target;
    const bool leads_there = rule.action == RoutingRule::Action::look_up && rule.table == place.table;
    const bool is_passed_over = rule.suppress_prefix_length && place.length <= *rule.suppress_prefix_length;
    if (leads_there && !is_passed_over) return rule.priority;
  }
  return std::nullopt;
}

const UnderlayPeer* find_peer(const Underlay& underlay, std::size_t device, std::size_t peer) {
  const auto found =
      std::lower_bound(underlay.peers.begin(), underlay.peers.end(), std::pair(device, peer),
                       [](const UnderlayPeer& known, const std::pair<std::size_t, std::size_t>& wanted) {
                         return std::pair(known.device, known.peer) < wanted;
                       });
  const bool is_it = found != underlay.peers.end() && found->device == device && found->peer == peer;
  return is_it ? &*found : nullptr;
}

Outer outer_of(const Device& device, const Endpoint& endpoint) {
  return {device.fwmark, device.listen_port, endpoint.port};
}

Underlay underlay_of(std::vector<Device> devices) {
  Underlay underlay;
  underlay.devices = std::move(devices);
  for (std::size_t i = 0; i < underlay.devices.size(); ++i) {
    const Device& device = underlay.devices[i];
    underlay.maps.emplace_back(device);
    for (std::size_t peer = 0; peer < device.peers.size(); ++peer)
      if (device.peers[peer].endpoint) underlay.peers.push_back({i, peer, *device.peers[peer].endpoint, {}});
  }
  return underlay;
}

void keep_ways(const Underlay& former, Underlay& underlay) {
  using Name = std::tuple<std::string, Key, Endpoint>;
  const auto name_of = [](const Underlay& of, const UnderlayPeer& peer) {
    const Device& device = of.devices[peer.device];
    return Name{device.name, device.peers[peer.peer].public_key, peer.endpoint};
  };
  std::map<Name, const UnderlayPeer*> known;
  for (const auto& peer : former.peers) known.emplace(name_of(former, peer), &peer);
  for (auto& peer : underlay.peers)
    if (const auto found = known.find(name_of(underlay, peer)); found != known.end())
      peer.way = found->second->way;
  underlay.rules = former.rules;
  underlay.uplink = former.uplink;
}

bool have_same_ways(const Underlay& one, const Underlay& other) {
  const auto has_same_sign = [](const Device& device, const Device& like) {
    return device.name == like.name && device.fwmark == like.fwmark && device.listen_port == like.listen_port;
  };
  return one.rules == other.rules && one.peers == other.peers && one.uplink == other.uplink &&
         std::equal(one.devices.begin(), one.devices.end(), other.devices.begin(), other.devices.end(),
                    has_same_sign);
}

std::vector<HeldBack> held_back(const Underlay& underlay, std::span<const WantedRoute> wanted,
                                const OwnRoutes& own) {
  return Decision(underlay, wanted, own).run();
}

namespace {

WantedRoute& find_route(std::vector<WantedRoute>& wanted, const Ipv4Prefix& prefix) {
  return *std::lower_bound(
      wanted.begin(), wanted.end(), prefix,
      [](const WantedRoute& route, const Ipv4Prefix& key) { return route.prefix < key; });
}

}  // namespace

Placement place_routes(const Underlay& underlay, std::vector<WantedRoute> wanted, const OwnRoutes& own,
                       const Cure& cure) {
  Placement placement;
  if (!cure.is_wanted)
    for (WantedRoute& route : wanted) route.is_apart = false;
  // Each round sets one more apart or is the last.
  for (bool changed = true; changed;) {
    changed = false;
    placement.held = held_back(underlay, wanted, own);
    if (!cure.is_wanted) return placement;
    for (const HeldBack& held : placement.held) {
      WantedRoute& route = find_route(wanted, held.prefix);
      if (!held.is_asked || !route.may_be_apart) continue;
      placement.in_need.insert(held.device);
      changed = !std::exchange(route.is_apart, true) || changed;
    }
  }
  std::map<Ipv4Prefix, HeldBack> held;
  for (HeldBack& entry : placement.held) held.emplace(entry.prefix, std::move(entry));
  for (const WantedRoute& route : wanted) {
    if (!route.is_apart) continue;
    placement.lengths.insert(route.prefix.length);
    if (held.contains(route.prefix)) continue;
    const bool is_safe = cure.standing.contains(route.prefix) ||
                         (cure.is_everything_known && cure.lengths.contains(route.prefix.length));
    if (is_safe)
      placement.apart.insert(route.prefix);
    else
      held.emplace(route.prefix, HeldBack{.prefix = route.prefix, .awaits_cure = true});
  }
  placement.held.clear();
  for (auto& [prefix, entry] : held) placement.held.push_back(std::move(entry));
  return placement;
}

}  // namespace wgospf::wg
