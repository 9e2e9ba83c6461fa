#include "daemon/api/peers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "daemon/telling/describe.h"
#include "daemon/telling/words.h"
#include "wgadapter/allowed_ips.h"

namespace wgospf::daemon::api {

namespace {

constexpr std::size_t kShortKey = 8;  // characters

v1::PeerRole convert_role(PeerRole role) {
  switch (role) {
    case PeerRole::unknown:
      return v1::PEER_ROLE_UNKNOWN;
    case PeerRole::router:
      return v1::PEER_ROLE_ROUTER;
    case PeerRole::client:
      return v1::PEER_ROLE_CLIENT;
  }
  return v1::PEER_ROLE_UNSPECIFIED;
}

void add_endpoints(const PeerNote& note, v1::Peer& out) {
  for (const auto& place : note.endpoints) {
    auto& candidate = *out.add_endpoint_candidates();
    candidate.set_endpoint(place.endpoint);
    candidate.set_origin(printable(place.origin));
    if (place.round_trip) convert(*place.round_trip, *candidate.mutable_round_trip());
    candidate.set_state(place.state);
    candidate.set_reason(printable(place.why));
  }
  out.set_endpoint_reason(printable(note.endpoint_reason));
}

/// A device that links lead over.
struct ListedDevice {
  const WireguardView* whole = nullptr;  ///< the view of all of it, or else the first of a link to one peer
  wg::AllowedIpMap map{};
  std::unordered_map<wg::Key, const WireguardView*> links{};  ///< of those with a link for each peer
};

/// "wg0" of the link "wg0/op2": an interface's name has no slash.
std::string interface_of(const std::string& link_name) {
  return link_name.substr(0, link_name.find('/'));
}
/// "op2" of "wg0/op2"; empty of "wg0".
std::string peer_name_of(const std::string& link_name) {
  const auto slash = link_name.find('/');
  return slash == std::string::npos ? std::string() : link_name.substr(slash + 1);
}

class Answerer {
 public:
  Answerer(const PeersRead& read, WithPrefixes with_prefixes, SystemTime now)
      : read_(read), with_prefixes_(with_prefixes), now_(now) {
    for (const auto& interface : read.interfaces) interfaces_.emplace(interface.config.link, &interface);
    for (const auto& neighbor : read.neighbors) neighbors_[neighbor.link].push_back(&neighbor);
  }

  PeersAnswer run() {
    list_devices();
    for (const auto& [name, device] : devices_) add_peers(name, device);
    add_routes();
    return std::move(answer_);
  }

 private:
  void list_devices();
  void add_peers(const std::string& name, const ListedDevice& device);
  void add_peer(const ListedDevice& device, const wg::Peer& peer, std::size_t index);
  void add_reading(const wg::Peer& peer, v1::Peer& out) const;
  void add_link(const WireguardView& view, const ListedDevice& device, std::size_t index, v1::Peer& out);
  void add_routes();
  [[nodiscard]] const ospf::NeighborInfo* neighbor_of(const WireguardView& view, const ListedDevice& device,
                                                      std::size_t index) const;
  /// Whether what goes over the link to this address goes to the peer.
  [[nodiscard]] static bool leads_to(const WireguardView& view, const ListedDevice& device, std::size_t index,
                                     const std::optional<Ipv4Address>& address);

  const PeersRead& read_;
  const WithPrefixes with_prefixes_;
  const SystemTime now_;
  std::map<ospf::LinkId, const ospf::InterfaceInfo*> interfaces_;
  std::map<ospf::LinkId, std::vector<const ospf::NeighborInfo*>> neighbors_;
  std::vector<std::pair<std::string, ListedDevice>> devices_;  ///< by the kernel's name; as in the views
  struct OnLink {
    std::size_t at = 0;  ///< in answer_.peers
    const WireguardView* view = nullptr;
    const ListedDevice* device = nullptr;
    std::size_t index = 0;  ///< in Device::peers
  };
  std::multimap<ospf::LinkId, OnLink> on_links_;
  PeersAnswer answer_;
};

void Answerer::list_devices() {
  std::map<std::string, std::size_t> known;
  for (const auto& view : *read_.wireguard) {
    const std::string name = view.device ? view.device->name : interface_of(view.name);
    const auto [at, is_new] = known.emplace(name, devices_.size());
    if (is_new) {
      devices_.emplace_back(name, ListedDevice{&view});
      if (view.device) devices_.back().second.map = wg::AllowedIpMap(*view.device);
    }
    ListedDevice& device = devices_[at->second].second;
    if (view.peer)
      device.links.emplace(*view.peer, &view);
    else
      device.whole = &view;
  }
}

void Answerer::add_peers(const std::string& name, const ListedDevice& device) {
  const WireguardView& view = *device.whole;
  answer_.devices.push_back(convert(view));
  answer_.devices.back().set_interface(printable(interface_of(view.name)));
  if (!view.device) return;
  const auto own = read_.own_allowed_ips->find(name);
  for (std::size_t i = 0; i < view.device->peers.size(); ++i) {
    const wg::Peer& peer = view.device->peers[i];
    add_peer(device, peer, i);
    v1::Peer& out = answer_.peers.back();
    if (own != read_.own_allowed_ips->end())
      if (const auto prefixes = own->second.find(peer.public_key); prefixes != own->second.end())
        for (const auto& allowed : peer.allowed_ips) {
          const auto* prefix = std::get_if<Ipv4Prefix>(&allowed);
          if (prefix != nullptr &&
              std::binary_search(prefixes->second.begin(), prefixes->second.end(), *prefix))
            out.add_managed_allowed_ips(prefix->to_string());
        }
    const auto note = read_.notes.find({name, peer.public_key});
    if (note == read_.notes.end()) continue;
    if (note->second.role != PeerRole::unknown) out.set_role(convert_role(note->second.role));
    out.set_speaks_for(note->second.speaks_for);
    out.set_written_down(note->second.is_written_down);
    out.set_mtu(note->second.mtu);
    if (const auto& link_local = note->second.link_local) {
      out.set_link_local_address(link_local->to_string());
      out.add_managed_allowed_ips(Ipv6Prefix::host(*link_local).to_string());
    }
    for (const auto& tunnel : note->second.carries) out.add_carries(printable(tunnel));
    for (const auto& problem : note->second.problems) out.add_problems(printable(problem));
    add_endpoints(note->second, out);
  }
}

void Answerer::add_peer(const ListedDevice& device, const wg::Peer& peer, std::size_t index) {
  answer_.peers.emplace_back();
  v1::Peer& out = answer_.peers.back();
  out.set_interface(printable(interface_of(device.whole->name)));
  add_reading(peer, out);
  out.set_role(v1::PEER_ROLE_UNKNOWN);
  out.set_name(out.public_key().substr(0, kShortKey));
  const auto own_link = device.links.find(peer.public_key);
  if (own_link != device.links.end())
    add_link(*own_link->second, device, index, out);
  else if (device.links.empty())
    add_link(*device.whole, device, index, out);
}

void Answerer::add_reading(const wg::Peer& peer, v1::Peer& out) const {
  out.set_public_key(peer.public_key.to_base64());
  if (peer.endpoint) out.set_endpoint(to_string(*peer.endpoint));
  if (peer.last_handshake)
    convert(std::max(now_ - *peer.last_handshake, std::chrono::nanoseconds::zero()),
            *out.mutable_handshake_age());
  out.set_rx_bytes(peer.rx_bytes);
  out.set_tx_bytes(peer.tx_bytes);
  out.set_persistent_keepalive(peer.persistent_keepalive);
  for (const auto& allowed : peer.allowed_ips) out.add_allowed_ips(to_string(allowed));
}

void Answerer::add_link(const WireguardView& view, const ListedDevice& device, std::size_t index,
                        v1::Peer& out) {
  if (const auto name = peer_name_of(view.name); !name.empty()) out.set_name(printable(name));
  const auto found = interfaces_.find(view.link);
  if (found == interfaces_.end()) return;
  const ospf::InterfaceInfo& interface = *found->second;
  out.set_link(printable(view.name));
  out.set_link_state(convert(interface.state));
  out.set_asleep(interface.peer_asleep);
  if (interface.config.peer_is_router) out.set_role(v1::PEER_ROLE_ROUTER);
  if (const auto* neighbor = neighbor_of(view, device, index); neighbor != nullptr) {
    out.set_role(v1::PEER_ROLE_ROUTER);
    out.set_neighbor_router_id(neighbor->router_id.to_string());
    out.set_neighbor_state(convert(neighbor->state));
    const auto known = read_.liveness.find(view.link);
    if (known != read_.liveness.end() && known->second.router == neighbor->router_id)
      convert(known->second, read_.now, *out.mutable_liveness());
    if (auto problem = describe_problem(*neighbor); !problem.empty()) out.add_problems(std::move(problem));
  }
  for (const auto& refused : interface.refused)
    if (leads_to(view, device, index, as<Ipv4Address>(refused.address)))
      out.add_problems(
          fmt::format("router {} is {}", refused.router_id.to_string(), describe_refused(refused)));
  on_links_.emplace(view.link, OnLink{answer_.peers.size() - 1, &view, &device, index});
}

bool Answerer::leads_to(const WireguardView& view, const ListedDevice& device, std::size_t index,
                        const std::optional<Ipv4Address>& address) {
  return view.peer || wg::ospf_peer(*device.whole->device, device.map, address) == index;
}

const ospf::NeighborInfo* Answerer::neighbor_of(const WireguardView& view, const ListedDevice& device,
                                                std::size_t index) const {
  const auto found = neighbors_.find(view.link);
  if (found == neighbors_.end()) return nullptr;
  for (const auto* neighbor : found->second)
    if (leads_to(view, device, index, as<Ipv4Address>(neighbor->address))) return neighbor;
  return nullptr;
}

void Answerer::add_routes() {
  if (on_links_.empty()) return;
  // What a set's next hops lead to is found once, however many prefixes share it.
  std::vector<std::optional<std::vector<std::size_t>>> peers_of_sets(read_.table->sets.size());
  for (const auto& route : read_.table->routes) {
    auto& peers = peers_of_sets[route.set.value];
    if (!peers) {
      peers.emplace();
      for (const auto& hop : read_.table->next_hops(route)) {
        const auto gateway = hop.gateway ? std::optional(as<Ipv4Address>(*hop.gateway)) : std::nullopt;
        const auto [first, last] = on_links_.equal_range(hop.link);
        for (auto it = first; it != last; ++it)
          if (leads_to(*it->second.view, *it->second.device, it->second.index, gateway))
            peers->push_back(it->second.at);
      }
    }
    for (const std::size_t at : *peers) {
      v1::Peer& out = answer_.peers[at];
      out.set_routed_prefix_count(out.routed_prefix_count() + 1);
      if (with_prefixes_ == WithPrefixes::yes) out.add_routed_prefixes(route.prefix.to_string());
    }
  }
}

}  // namespace

PeersRead read_peers(RouterView& router) {
  const auto& protocol = router.protocol();
  return {router.wireguard(),       protocol.interfaces(), protocol.neighbors(), protocol.routes(),
          router.own_allowed_ips(), router.peer_notes(),   router.liveness(),    router.now()};
}

PeersAnswer answer(const PeersRead& read, WithPrefixes with_prefixes, SystemTime now) {
  return Answerer(read, with_prefixes, now).run();
}

}  // namespace wgospf::daemon::api
