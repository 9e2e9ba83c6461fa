#include "daemon/links/route_coverage.h"

#include <fmt/format.h>

#include <algorithm>

namespace wgospf::daemon {

namespace {

using V2 = ospf::V2;

/// Prefixes that a finding names.
constexpr std::size_t kPrefixesInWords = 3;

/// Whether packets to `inner` follow a route that is narrower than that to `outer`.
bool has_own_route(const ospf::RouteTable<V2>& table, const Ipv4Prefix& outer, const Ipv4Prefix& inner) {
  for (std::uint8_t length = inner.length; length > outer.length; --length)
    if (table.find(Ipv4Prefix::make(inner.address, length)) != nullptr) return true;
  return false;
}

/// Of each link, where not every prefix passes.
std::vector<std::optional<PassagePeer>> narrow_ones(const std::vector<Passage>& links,
                                                    const Devices& devices) {
  std::vector<std::optional<PassagePeer>> result;
  for (const Passage& link : links) {
    result.push_back(peer_of(link, devices));
    if (result.back() && result.back()->map->passes_all(result.back()->peer)) result.back().reset();
  }
  return result;
}

}  // namespace

Devices::Devices(const wg::Underlay& underlay) {
  for (std::size_t i = 0; i < underlay.devices.size(); ++i) {
    const wg::Device& device = underlay.devices[i];
    entries_[device.name] = {&device, &underlay.maps[i]};
    auto& peers = peers_[device.name];
    for (std::size_t peer = 0; peer < device.peers.size(); ++peer)
      peers.emplace(device.peers[peer].public_key, peer);
  }
}

std::optional<Devices::Entry> Devices::find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::size_t> Devices::peer_index(const std::string& name, const wg::Key& key) const {
  const auto device = peers_.find(name);
  if (device == peers_.end()) return std::nullopt;
  const auto peer = device->second.find(key);
  return peer == device->second.end() ? std::nullopt : std::optional(peer->second);
}

std::optional<PassagePeer> peer_of(const Passage& passage, const Devices& devices) {
  const auto found = devices.find(passage.device);
  if (!found) return std::nullopt;
  const auto peer = passage.peer ? devices.peer_index(passage.device, *passage.peer)
                                 : wg::ospf_peer(*found->device, *found->map, passage.neighbor);
  return peer ? std::optional(PassagePeer{found->device, found->map, *peer}) : std::nullopt;
}

bool is_any_narrow(const std::vector<Passage>& links, const Devices& devices) {
  return std::any_of(links.begin(), links.end(), [&](const Passage& link) {
    const auto way = peer_of(link, devices);
    return way && !way->map->passes_all(way->peer);
  });
}

Uncovered uncovered_of(const PassagePeer& way, const Ipv4Prefix& prefix, const ospf::RouteTable<V2>& table) {
  Uncovered uncovered;
  if (way.map->passes(way.peer, prefix)) return uncovered;
  const auto holder = way.map->holder(prefix);
  if (!holder || holder->peer != way.peer) uncovered.lacking.push_back(prefix);
  if (prefix.length == 0) return uncovered;
  for (const auto& inner : way.map->inside(prefix))
    if (inner.peer != way.peer && !has_own_route(table, prefix, inner.prefix))
      uncovered.taken.push_back({prefix, inner.prefix, way.device->peers[inner.peer].public_key});
  return uncovered;
}

std::vector<Uncovered> uncovered_prefixes(const ospf::RouteTable<V2>& table,
                                          const std::vector<Passage>& links, const Devices& devices) {
  const auto narrow = narrow_ones(links, devices);
  std::unordered_map<ospf::LinkId, std::size_t> narrow_links;
  for (std::size_t i = 0; i < links.size(); ++i)
    if (narrow[i]) narrow_links.emplace(links[i].link, i);
  // Which of the links each set of next hops leads over; most routes share few sets.
  std::vector<std::vector<std::size_t>> links_of_set(table.sets.size());
  for (std::size_t set = 0; set < table.sets.size(); ++set) {
    auto& of_set = links_of_set[set];
    for (const auto& hop : table.sets[set])
      if (const auto found = narrow_links.find(hop.link); found != narrow_links.end())
        of_set.push_back(found->second);
    std::sort(of_set.begin(), of_set.end());
    of_set.erase(std::unique(of_set.begin(), of_set.end()), of_set.end());
  }
  std::vector<Uncovered> uncovered(links.size());
  for (const auto& route : table.routes) {
    for (const std::size_t i : links_of_set[route.set.value]) {
      const Uncovered more = uncovered_of(*narrow[i], route.prefix, table);
      uncovered[i].lacking.insert(uncovered[i].lacking.end(), more.lacking.begin(), more.lacking.end());
      uncovered[i].taken.insert(uncovered[i].taken.end(), more.taken.begin(), more.taken.end());
    }
  }
  return uncovered;
}

namespace {

template <class List, class Text>
std::string name_few(const List& list, Text text) {
  std::string named;
  for (std::size_t i = 0; i < std::min(list.size(), kPrefixesInWords); ++i)
    named += (i == 0 ? "" : ", ") + text(list[i]);
  if (list.size() > kPrefixesInWords) named += fmt::format(" and {} more", list.size() - kPrefixesInWords);
  return named;
}

std::string lacking_in_words(const Passage& passage, const PassagePeer& way,
                             const std::vector<Ipv4Prefix>& lacking) {
  auto missing = lacking;
  const auto group = Ipv4Prefix::host(wg::kAllSpfRouters);
  if (way.device->peers.size() == 1 && !way.map->passes(way.peer, group)) missing.push_back(group);
  if (passage.neighbor && !way.map->passes(way.peer, Ipv4Prefix::host(*passage.neighbor)))
    missing.push_back(Ipv4Prefix::host(*passage.neighbor));
  const std::string command = wg::allowed_ips_command(*way.device, way.peer, std::move(missing));
  return fmt::format(
      "the allowed-ips of the neighbour on {} do not cover {}, which {} over it: what is sent there and what "
      "comes from there is dropped; {}",
      passage.device, name_few(lacking, [](const auto& prefix) { return prefix.to_string(); }),
      lacking.size() == 1 ? "is reached" : "are reached",
      command.empty() ? std::string("give each neighbour an interface of its own, with allowed-ips 0.0.0.0/0")
                      : "\"" + command + "\"");
}

std::string taken_in_words(const Passage& passage, const std::vector<Uncovered::Taken>& taken) {
  return fmt::format(
      "on {} narrower allowed-ips of other peers lie in what is reached over the neighbour: {}; packets "
      "there go "
      "to those peers: take these out of their allowed-ips, or have them announced",
      passage.device, name_few(taken, [](const Uncovered::Taken& each) {
        return fmt::format("{} of peer {} in {}", each.prefix.to_string(), each.taker.to_base64(),
                           each.route.to_string());
      }));
}

}  // namespace

std::optional<wg::CoverageFinding> routes_finding(const Passage& passage, const Devices& devices,
                                                  const Uncovered& uncovered) {
  const auto way = peer_of(passage, devices);
  if (!way) return std::nullopt;
  std::string text;
  if (!uncovered.lacking.empty() && !passage.is_managed)
    text = lacking_in_words(passage, *way, uncovered.lacking);
  if (!uncovered.taken.empty()) text += (text.empty() ? "" : "; ") + taken_in_words(passage, uncovered.taken);
  if (text.empty()) return std::nullopt;
  return wg::CoverageFinding{wg::CoverageFinding::Kind::routes, std::nullopt, std::move(text)};
}

}  // namespace wgospf::daemon
