#include "daemon/config/peers.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/config/areas.h"
#include "daemon/config/printable.h"

namespace wgospf::daemon {

namespace {

constexpr std::size_t kLongestName = 63;
constexpr std::size_t kKeyLength = 44;
constexpr std::size_t kEndpointsMost = 8;
static_assert(leaf::peer::role_values[static_cast<std::size_t>(ConfiguredRole::client)] == "client");

bool is_name(const std::string& name) {
  return name.size() <= kLongestName && std::none_of(name.begin(), name.end(), [](unsigned char c) {
           return c <= ' ' || c == 0x7f || c == 0xa0 || c == '/' || c == ':';
         });
}

/// 32 bytes in base64 (RFC 4648 section 4): the last character before the "=" has four bits that count.
bool is_key(const std::string& text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() != kKeyLength || text.back() != '=') return false;
  const auto end = text.end() - 1;
  return std::all_of(text.begin(), end, [&](char c) { return kDigits.find(c) != std::string_view::npos; }) &&
         kDigits.find(*(end - 1)) % 4 == 0;
}

/// That a host can have.
bool is_host(const Ipv4Address& address) {
  return address != Ipv4Address{} && !address.is_loopback() && address.value < 0xe0000000U;
}

}  // namespace

void read_peer_defaults(MapReader& map, PeerDefaults& defaults, ConfigErrors& errors) {
  namespace keys = leaf::peer_defaults;
  read_announce_settings(map, defaults, errors);
  if (const auto role = map.choice(keys::role)) defaults.role = static_cast<ConfiguredRole>(*role);
  if (defaults.role != ConfiguredRole::client) return;
  for (const leaf::Leaf& leaf : {leaf::Leaf(keys::announces), leaf::Leaf(keys::transit)})
    if (map.has(leaf))
      errors.add(map.mark(leaf),
                 fmt::format("{} is for a router, and peers are clients here; write it into the \"peer\" "
                             "entries that have \"role: router\", or remove \"role: client\"",
                             leaf.name));
}

std::vector<EndpointName> read_endpoints(MapReader& map, ConfigErrors& errors) {
  const auto& leaf = leaf::peer::endpoints;
  std::vector<EndpointName> endpoints;
  const auto items = map.list(leaf);
  if (items.size() > kEndpointsMost)
    errors.add(map.mark(leaf), fmt::format("a peer can have {} endpoints, and these are {}; a name can stand "
                                           "for several addresses",
                                           kEndpointsMost, items.size()));
  for (const auto& item : items) {
    const auto endpoint = item.IsScalar() ? parse_endpoint_name(item.Scalar()) : std::nullopt;
    if (!endpoint)
      errors.add(item.Mark(), fmt::format("an endpoint must be like 203.0.113.4:51820, [2001:db8::4]:51820, "
                                          "op2.example.net:51820 or srv:_wireguard._udp.example.net, not {}",
                                          describe_node(item)));
    else if (std::find(endpoints.begin(), endpoints.end(), *endpoint) != endpoints.end())
      errors.add(item.Mark(), fmt::format("the endpoint {} stands here twice; remove one of them",
                                          shortened(item.Scalar())));
    else
      endpoints.push_back(*endpoint);
  }
  return endpoints;
}

std::optional<PeerSettings> PeerReader::read(const YAML::Node& node) {
  MapReader map(node, leaf::peer::section, errors_);
  if (!map.valid()) return std::nullopt;
  PeerSettings peer;
  static_cast<PeerDefaults&>(peer) = inherited_;
  (void)read_link_settings(map, peer, dead_interval_, errors_);
  read_key(map, peer);
  read_name(map, peer);
  read_address(map, peer);
  peer.router_id = read_router_id(map, leaf::peer::router_id, errors_);
  peer.endpoints = read_endpoints(map, errors_);
  read_announce_settings(map, peer, errors_);
  if (const auto role = map.choice(leaf::peer::role)) peer.role = static_cast<ConfiguredRole>(*role);
  check_client(map, peer);
  return peer;
}

// With a client there never is an adjacency, so nothing of what is written for one counts. What it inherits it does
// not have.
void PeerReader::check_client(const MapReader& map, PeerSettings& peer) {
  namespace keys = leaf::peer;
  if (peer.role != ConfiguredRole::client) return;
  const std::string_view cure = map.has(keys::role)
                                    ? "remove it, or write \"role: router\""
                                    : "remove it, or write \"role: router\" here, since \"peer-defaults\" "
                                      "has \"role: client\"";
  for (const leaf::Leaf& leaf : {leaf::Leaf(keys::address), leaf::Leaf(keys::router_id),
                                 leaf::Leaf(keys::announces), leaf::Leaf(keys::transit)})
    if (map.has(leaf))
      errors_.add(map.mark(leaf),
                  fmt::format("{} is for a router, and this peer is a client; {}", leaf.name, cure));
  static_cast<AnnounceSettings&>(peer) = {};
}

void PeerReader::read_key(MapReader& map, PeerSettings& peer) {
  const auto& leaf = leaf::peer::public_key;
  const auto key = map.text(leaf);
  if (!key) return;
  peer.public_key = *key;
  if (!is_key(*key)) {
    errors_.add(map.value_mark(leaf), fmt::format("public-key must be 44 characters as \"wg show\" prints "
                                                  "them, the last one \"=\", not \"{}\"",
                                                  shortened(*key)));
  } else {
    check_unique(keys_, *key, "a peer with this public-key", map.value_mark(leaf));
  }
}

void PeerReader::read_name(MapReader& map, PeerSettings& peer) {
  const auto& leaf = leaf::peer::name;
  const auto name = map.text(leaf);
  if (!name) return;
  peer.name = *name;
  if (!is_name(*name)) {
    errors_.add(map.value_mark(leaf), fmt::format("name must be 1 to {} bytes without white space, \"/\" or "
                                                  "\":\", not \"{}\"",
                                                  kLongestName, shortened(*name)));
  } else {
    check_unique(names_, *name, fmt::format("a peer \"{}\"", *name), map.value_mark(leaf));
  }
}

void PeerReader::read_address(MapReader& map, PeerSettings& peer) {
  const auto& leaf = leaf::peer::address;
  const auto text = map.text(leaf);
  if (!text) return;
  const auto address = Ipv4Address::parse(*text);
  if (!address || !is_host(*address)) {
    errors_.add(map.value_mark(leaf), fmt::format("address must be the IPv4 address of a host, like "
                                                  "10.99.0.2, not \"{}\"",
                                                  shortened(*text)));
  } else {
    peer.address = address;
    check_unique(addresses_, *text, fmt::format("a peer with the address {}", *text), map.value_mark(leaf));
  }
}

void PeerReader::check_unique(Places& places, const std::string& value, std::string_view what,
                              const YAML::Mark& mark) {
  const auto [former, is_new] = places.emplace(value, errors_.place_of(mark));
  if (is_new) return;
  errors_.add(mark,
              fmt::format("{} stands in {} already; each peer of an interface has one entry, with a name "
                          "and an address of its own",
                          what, errors_.in_words(former->second)));
}

}  // namespace wgospf::daemon
