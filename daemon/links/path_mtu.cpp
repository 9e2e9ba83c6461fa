#include "daemon/links/path_mtu.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace wgospf::daemon {

namespace {

std::uint32_t least_mtu(const TunnelPath& path) {
  return path.has_ipv6 || path.has_several_peers ? DeviceMtus::kLeastIpv6 : DeviceMtus::kLeastIpv4;
}

const char* why_least(const TunnelPath& path) {
  if (path.has_ipv6) return ", which IPv6 needs";
  return path.has_several_peers ? " for all peers of the interface" : "";
}

}  // namespace

UnderlayWay way_of_path(const wg::Underlay& underlay, const std::string& device, Ipv4Address neighbor) {
  const auto its = std::find_if(underlay.devices.begin(), underlay.devices.end(),
                                [&](const wg::Device& known) { return known.name == device; });
  if (its == underlay.devices.end()) return {};
  const auto index = static_cast<std::size_t>(its - underlay.devices.begin());
  const auto peer = wg::ospf_peer(*its, underlay.maps[index], neighbor);
  const wg::UnderlayPeer* found = peer ? wg::find_peer(underlay, index, *peer) : nullptr;
  if (found == nullptr) return {};
  return {to_string(found->endpoint.address),
          found->way ? found->way->ifindexes : std::vector<std::uint32_t>{}};
}

void PathMtus::follow(const std::vector<TunnelPath>& paths, Time now,
                      const std::function<void(wg::MtuProbe)>& probe) {
  std::map<ospf::LinkId, Entry> entries;
  for (const auto& path : paths) {
    Entry& entry = entries[path.link];
    UnderlayWay way = path.way;
    if (const auto former = entries_.find(path.link); former != entries_.end()) {
      entry = std::move(former->second);
      const TunnelPath& then = entry.path;
      way = then.way;
      const bool is_other = path.way.follows_another(way) || then.ifindex != path.ifindex ||
                            then.neighbor != path.neighbor || then.source != path.source;
      if (is_other || then.mtu != path.mtu) {
        entry.ticket = 0;
        entry.next = now;
      }
      // What passed passes at a smaller MTU too, and nothing is known of larger packets.
      if (is_other || path.mtu > then.mtu) entry.known.reset();
      if (entry.known) entry.known->largest = std::min(entry.known->largest, path.mtu);
    }
    entry.path = path;
    entry.path.way = std::move(way);
    if (entry.ticket != 0 || now < entry.next) continue;
    entry.ticket = ++last_ticket_;
    probe({entry.ticket, {path.device, path.ifindex, path.source, path.neighbor}, path.mtu});
  }
  entries_ = std::move(entries);
}

bool PathMtus::take(const wg::MtuProbed& probed, Time now) {
  for (auto& [link, entry] : entries_) {
    if (entry.ticket != probed.ticket) continue;
    entry.ticket = 0;
    entry.known.reset();
    if (probed.largest != 0)
      entry.known = Known{probed.largest, probed.is_certain && probed.largest < entry.path.mtu};
    entry.next = now + (probed.is_certain ? kAgain : kAgainSoon);
    return true;
  }
  return false;
}

std::optional<PathMtus::Known> PathMtus::known(ospf::LinkId link) const {
  const auto found = entries_.find(link);
  return found == entries_.end() ? std::nullopt : found->second.known;
}

std::vector<DeviceMtu> PathMtus::devices() const {
  std::map<std::string, DeviceMtu> devices;
  for (const auto& [link, entry] : entries_) {
    const TunnelPath& path = entry.path;
    DeviceMtu& device = devices[path.device];
    device.name = path.device;
    device.ifindex = path.ifindex;
    device.mtu = path.mtu;
    device.least = least_mtu(path);
    device.is_auto = device.is_auto || path.sets_mtu;
    device.ways.emplace(link, path.way);
    if (entry.known && entry.known->is_limit) device.limits.emplace(link, entry.known->largest);
  }
  std::vector<DeviceMtu> result;
  for (auto& [name, device] : devices) result.push_back(std::move(device));
  return result;
}

std::string PathMtus::problem_of(ospf::LinkId link) const {
  const auto found = entries_.find(link);
  if (found == entries_.end()) return {};
  const auto& [path, ticket, known, next] = found->second;
  if (!known || !known->is_limit || known->largest >= path.mtu) return {};
  const std::uint32_t least = least_mtu(path);
  if (path.sets_mtu && known->largest >= least) return {};  // it is being set
  const std::string lost =
      fmt::format("interface {}: packets of more than {} bytes do not get to {} and back, and its MTU is {}",
                  path.name, known->largest, path.neighbor.to_string(), path.mtu);
  if (known->largest < least)
    return fmt::format(
        "{}: TCP hangs where larger ones are sent. The MTU cannot be less than {}{}: see that the underlay "
        "carries larger datagrams",
        lost, least, why_least(path));
  return fmt::format(
      "{0}: TCP hangs where larger ones are sent. Set the MTU to {1} at both ends (\"ip link set {2} mtu "
      "{1}\", "
      "in wg-quick's file \"MTU = {1}\"), or write \"mtu: auto\" for the interface",
      lost, known->largest, path.device);
}

}  // namespace wgospf::daemon
