#include "wgadapter/device.h"

#include <algorithm>
#include <limits>

namespace wgospf::wg {

std::optional<SystemTime> system_time(std::int64_t seconds, std::int64_t nanoseconds) {
  constexpr std::int64_t kLastSecond = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;
  if (seconds < 0 || seconds > kLastSecond || nanoseconds < 0 || nanoseconds >= 1'000'000'000)
    return std::nullopt;
  return SystemTime(std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds));
}

namespace {

/// The longest allowed-ip of the peer that covers the address; nullopt when none does.
std::optional<std::uint8_t> longest_match(const Peer& peer, const IpAddress& address) {
  std::optional<std::uint8_t> best;
  for (const AllowedIp& prefix : peer.allowed_ips)
    if (contains(prefix, address) && (!best || length_of(prefix) > *best)) best = length_of(prefix);
  return best;
}

std::string host_prefix(const IpAddress& address) {
  return to_string(address) + (std::holds_alternative<Ipv4Address>(address) ? "/32" : "/128");
}

std::string short_name(const Key& key) {
  return key.to_base64().substr(0, 8) + "...";
}

}  // namespace

std::string to_string(const Endpoint& endpoint) {
  const std::string port = ':' + std::to_string(endpoint.port);
  if (std::holds_alternative<Ipv4Address>(endpoint.address)) return to_string(endpoint.address) + port;
  const std::string scope = endpoint.scope_id == 0 ? "" : '%' + std::to_string(endpoint.scope_id);
  return '[' + to_string(endpoint.address) + scope + ']' + port;
}

const char* to_string(BackendKind kind) {
  return kind == BackendKind::kernel ? "kernel" : "userspace";
}

const Peer* Device::find_peer(const Key& public_key) const {
  const auto found = std::find_if(peers.begin(), peers.end(),
                                  [&](const Peer& peer) { return peer.public_key == public_key; });
  return found == peers.end() ? nullptr : &*found;
}

std::vector<const Peer*> peers_covering(const Device& device, const IpAddress& address) {
  std::vector<std::pair<std::uint8_t, const Peer*>> found;
  for (const Peer& peer : device.peers)
    if (const auto length = longest_match(peer, address)) found.emplace_back(*length, &peer);
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<const Peer*> peers;
  for (const auto& entry : found) peers.push_back(entry.second);
  return peers;
}

std::vector<CoverageFinding> check_ospf_coverage(const Device& device,
                                                 const std::vector<IpAddress>& neighbors) {
  using Kind = CoverageFinding::Kind;
  const IpAddress group = kAllSpfRouters;
  std::vector<CoverageFinding> findings;
  if (device.peers.empty()) {
    findings.push_back({Kind::no_peer, std::nullopt, device.name + " has no peer; add the neighbour as one"});
    return findings;
  }
  const auto multicast = peers_covering(device, group);
  if (device.peers.size() > 1)
    findings.push_back(
        {Kind::several_peers, group,
         device.name + " has " + std::to_string(device.peers.size()) +
             " peers, and multicast reaches one of them only; give each neighbour an interface "
             "of its own, or configure \"peers: auto\""});
  if (multicast.empty())
    findings.push_back({Kind::not_covered, group,
                        "no allowed-ips on " + device.name + " cover " + to_string(group) + "; add " +
                            host_prefix(group) + " to the neighbour's allowed-ips"});
  for (const IpAddress& neighbor : neighbors) {
    const auto covering = peers_covering(device, neighbor);
    if (covering.empty())
      findings.push_back({Kind::not_covered, neighbor,
                          "no allowed-ips on " + device.name + " cover the neighbour " + to_string(neighbor) +
                              "; add " + host_prefix(neighbor) + " to its allowed-ips"});
    else if (!multicast.empty() && covering.front() != multicast.front())
      findings.push_back({Kind::other_peer, neighbor,
                          "on " + device.name + " the neighbour " + to_string(neighbor) +
                              " belongs to peer " + short_name(covering.front()->public_key) + " but " +
                              to_string(group) + " to " + short_name(multicast.front()->public_key) +
                              "; give each neighbour an interface of its own"});
  }
  return findings;
}

std::optional<CoverageFinding> check_unknown_neighbor(const Device& device,
                                                      const std::vector<Ipv4Prefix>& subnets) {
  if (device.peers.size() != 1) return std::nullopt;
  const auto may_speak_from = [&](const AllowedIp& allowed) {
    const auto* prefix = std::get_if<Ipv4Prefix>(&allowed);
    const Ipv4Prefix multicast = Ipv4Prefix::make({0xe0000000}, 4);
    if (prefix == nullptr || multicast.covers(*prefix)) return false;
    return subnets.empty() || std::any_of(subnets.begin(), subnets.end(), [&](const Ipv4Prefix& subnet) {
             return subnet.covers(*prefix) || prefix->covers(subnet);
           });
  };
  const auto& allowed = device.peers.front().allowed_ips;
  if (std::any_of(allowed.begin(), allowed.end(), may_speak_from)) return std::nullopt;
  const std::string any = subnets.empty() ? "address but multicast" : "of " + subnets.front().to_string();
  return CoverageFinding{CoverageFinding::Kind::not_covered, std::nullopt,
                         "the neighbour's address is not known, and no allowed-ips on " + device.name +
                             " cover any " + any +
                             ": its hellos are dropped before they are heard; add the "
                             "address that it speaks from to its allowed-ips"};
}

}  // namespace wgospf::wg
