#include "daemon/links/route_coverage.h"

#include <fmt/format.h>

#include <algorithm>

namespace wgospf::daemon {

namespace {

using V2 = ospf::V2;

/// Prefixes that a finding names.
constexpr std::size_t kPrefixesInWords = 3;

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
  for (std::size_t i = 0; i < underlay.devices.size(); ++i)
    entries_[underlay.devices[i].name] = {&underlay.devices[i], &underlay.maps[i]};
}

std::optional<Devices::Entry> Devices::find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<PassagePeer> peer_of(const Passage& passage, const Devices& devices) {
  const auto found = devices.find(passage.device);
  if (!found) return std::nullopt;
  const auto peer = wg::ospf_peer(*found->device, *found->map, passage.neighbor);
  return peer ? std::optional(PassagePeer{found->device, found->map, *peer}) : std::nullopt;
}

bool is_any_narrow(const std::vector<Passage>& links, const Devices& devices) {
  const auto narrow = narrow_ones(links, devices);
  return std::any_of(narrow.begin(), narrow.end(), [](const auto& way) { return way.has_value(); });
}

std::vector<std::vector<Ipv4Prefix>> uncovered_prefixes(const ospf::RouteTable<V2>& table,
                                                        const std::vector<Passage>& links,
                                                        const Devices& devices) {
  const auto narrow = narrow_ones(links, devices);
  // Which of the links each set of next hops leads over; most routes share few sets.
  std::vector<std::vector<std::size_t>> links_of_set(table.sets.size());
  for (std::size_t set = 0; set < table.sets.size(); ++set) {
    for (std::size_t i = 0; i < links.size(); ++i) {
      if (!narrow[i]) continue;
      const bool leads = std::any_of(table.sets[set].begin(), table.sets[set].end(),
                                     [&](const ospf::NextHop& hop) { return hop.link == links[i].link; });
      if (leads) links_of_set[set].push_back(i);
    }
  }
  std::vector<std::vector<Ipv4Prefix>> uncovered(links.size());
  for (const auto& route : table.routes) {
    for (const std::size_t i : links_of_set[route.set.value])
      if (!narrow[i]->map->passes(narrow[i]->peer, route.prefix)) uncovered[i].push_back(route.prefix);
  }
  return uncovered;
}

std::optional<wg::CoverageFinding> routes_finding(const Passage& passage, const Devices& devices,
                                                  const std::vector<Ipv4Prefix>& uncovered) {
  const auto way = peer_of(passage, devices);
  if (!way || uncovered.empty()) return std::nullopt;
  std::string named;
  for (std::size_t i = 0; i < std::min(uncovered.size(), kPrefixesInWords); ++i)
    named += (i == 0 ? "" : ", ") + uncovered[i].to_string();
  if (uncovered.size() > kPrefixesInWords)
    named += fmt::format(" and {} more", uncovered.size() - kPrefixesInWords);
  auto missing = uncovered;
  const auto group = Ipv4Prefix::host(wg::kAllSpfRouters);
  if (way->device->peers.size() == 1 && !way->map->passes(way->peer, group)) missing.push_back(group);
  if (passage.neighbor && !way->map->passes(way->peer, Ipv4Prefix::host(*passage.neighbor)))
    missing.push_back(Ipv4Prefix::host(*passage.neighbor));
  const std::string command = wg::allowed_ips_command(*way->device, way->peer, std::move(missing));
  return wg::CoverageFinding{
      wg::CoverageFinding::Kind::routes, std::nullopt,
      fmt::format("the allowed-ips of the neighbour on {} do not cover {}, which {} over it: what is sent "
                  "there and what comes from there is dropped; {}",
                  passage.device, named, uncovered.size() == 1 ? "is reached" : "are reached",
                  command.empty()
                      ? std::string("give each neighbour an interface of its own, with allowed-ips "
                                    "0.0.0.0/0")
                      : "\"" + command + "\"")};
}

}  // namespace wgospf::daemon
