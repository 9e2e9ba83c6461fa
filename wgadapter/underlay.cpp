#include "wgadapter/underlay.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace wgospf::wg {
namespace {

enum class Match : std::uint8_t { no, maybe, yes };

Match matches(const RoutingRule& rule, Ipv4Address destination, std::uint32_t mark) {
  const bool known_conditions = ((rule.mark ^ mark) & rule.mark_mask) == 0 &&
                                (!rule.destination || rule.destination->contains(destination)) &&
                                rule.others != RoutingRule::Others::never;
  if (known_conditions && rule.others == RoutingRule::Others::unknown) return Match::maybe;
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
  Decision(const Underlay& underlay, std::span<const WantedRoute> wanted, RoutePlace ours)
      : underlay_(underlay), wanted_(wanted), ours_(ours), edges_(underlay.peers.size()) {
    for (std::size_t i = 0; i < underlay.devices.size(); ++i)
      if (underlay.devices[i].ifindex != 0) devices_[underlay.devices[i].ifindex] = i;
    for (Node node = 0; node < underlay.peers.size(); ++node) nodes_[place_of(node)] = node;
    for (Node node = 0; node < underlay.peers.size(); ++node)
      if (const auto& way = underlay.peers[node].way) edges_[node] = carriers(node, way->ifindexes);
  }

  std::vector<HeldBack> run() {
    // What is held for one endpoint changes the way to others. Each round holds one more or is the last.
    std::vector<Node> covered;
    for (Node node = 0; node < underlay_.peers.size(); ++node)
      if (!covering(node).empty()) covered.push_back(node);
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

  /// Indexes of wanted routes that cover the endpoint and are not held, the longest first.
  [[nodiscard]] std::vector<std::size_t> covering(Node node) const {
    std::vector<std::size_t> result;
    const auto* address = std::get_if<Ipv4Address>(&underlay_.peers[node].endpoint.address);
    if (address == nullptr) return result;
    for (std::uint8_t length = Ipv4Address::kBits + 1; length-- > 0;) {
      const auto prefix = Ipv4Prefix::make(*address, length);
      const auto found = std::lower_bound(
          wanted_.begin(), wanted_.end(), prefix,
          [](const WantedRoute& route, const Ipv4Prefix& key) { return route.prefix < key; });
      if (found == wanted_.end() || found->prefix != prefix) continue;
      const auto index = static_cast<std::size_t>(found - wanted_.begin());
      if (!held_.contains(index)) result.push_back(index);
    }
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
    return {ours_.table, wanted_[index].prefix.length, ours_.metric};
  }

  /// What the kernel follows now, unless that is a route of ours on its way out: then what is behind it is
  /// not known, and every wanted route may come to be the best.
  [[nodiscard]] std::optional<RoutePlace> lasting_place(Node node,
                                                        const std::vector<std::size_t>& list) const {
    const auto& way = underlay_.peers[node].way;
    if (!way || !way->place) return std::nullopt;
    const bool stays = !way->is_ours || std::any_of(list.begin(), list.end(), [&](std::size_t index) {
      return wanted_[index].prefix.length == way->place->length;
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
    const std::uint32_t mark = underlay_.devices[peer.device].fwmark;
    std::optional<std::vector<Node>> edge;
    for (const std::size_t index : list) {
      const bool is_present = ours && present->length == wanted_[index].prefix.length;
      const bool wins = !peer.way || is_present ||
                        would_win(place_of_route(index), present, underlay_.rules, address, mark);
      if (!wins) continue;
      auto targets = carriers(node, wanted_[index].ifindexes);
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
    held.in_kernel = peer.way && peer.way->is_ours && peer.way->place &&
                     peer.way->place->length == wanted_[index].prefix.length;
    held_.emplace(index, std::move(held));
  }

  const Underlay& underlay_;
  std::span<const WantedRoute> wanted_;
  RoutePlace ours_;
  std::map<std::uint32_t, std::size_t> devices_;  // by ifindex
  std::map<Place, Node> nodes_;
  std::vector<std::vector<Node>> edges_;
  std::map<std::size_t, HeldBack> held_;  // by index in wanted_
};

}  // namespace

bool would_win(const RoutePlace& ours, const std::optional<RoutePlace>& present,
               std::span<const RoutingRule> rules, Ipv4Address destination, std::uint32_t mark) {
  std::uint32_t from = 0;  // rules of lower priority are jumped over
  for (const RoutingRule& rule : rules) {
    const Match match = rule.priority < from ? Match::no : matches(rule, destination, mark);
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
}

bool have_same_ways(const Underlay& one, const Underlay& other) {
  return one.rules == other.rules && one.peers == other.peers;
}

std::vector<HeldBack> held_back(const Underlay& underlay, std::span<const WantedRoute> wanted,
                                std::uint32_t table, std::uint32_t metric) {
  return Decision(underlay, wanted, {table, 0, metric}).run();
}

}  // namespace wgospf::wg
