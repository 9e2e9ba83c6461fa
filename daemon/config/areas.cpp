#include "daemon/config/areas.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/config/leaves.h"
#include "daemon/config/link_settings.h"
#include "daemon/config/names.h"
#include "daemon/config/peers.h"
#include "daemon/config/prefix_filter.h"
#include "daemon/config/printable.h"

namespace wgospf::daemon {

namespace {

constexpr std::size_t kMaxInterfaceName = 127;  // ALTIFNAMSIZ without its end
static_assert(leaf::interface::kind_values[static_cast<std::size_t>(InterfaceKind::wireguard)] ==
              "wireguard");
// Above MaxAgeDiff what is sent looks like another instance, and no acknowledgement of it would match.
static_assert(leaf::interface::transmit_delay.range.max == ospf::kMaxAgeDiff);
static_assert(leaf::area::area_type_values[static_cast<std::size_t>(ospf::AreaType::nssa)] == "nssa-area");
static_assert(
    leaf::area::nssa_translator_role_values[static_cast<std::size_t>(ospf::TranslatorRole::always)] ==
    "always");

/// What the kernel allows (dev_valid_name(), whose white space has 0xa0 in it), and no control characters.
bool is_interface_name(const std::string& name) {
  return name.size() <= kMaxInterfaceName && name != "." && name != ".." &&
         std::none_of(name.begin(), name.end(), [](unsigned char c) {
           return c <= ' ' || c == 0x7f || c == 0xa0 || c == '/' || c == ':';
         });
}

}  // namespace

std::optional<ospf::RouterId> read_router_id(MapReader& map, const leaf::TextLeaf& leaf,
                                             ConfigErrors& errors) {
  const auto text = map.text(leaf);
  if (!text) return std::nullopt;
  auto id = ospf::RouterId::parse(*text);
  if (id && id->value != 0) return id;
  errors.add(map.value_mark(leaf),
             fmt::format("{} must be a dotted quad other than 0.0.0.0, like 10.0.32.1, not \"{}\"", leaf.name,
                         shortened(*text)));
  return std::nullopt;
}

AnnouncePolicy read_announce_policy(const YAML::Node& node, ConfigErrors& errors) {
  namespace keys = leaf::announces;
  AnnouncePolicy policy;
  MapReader map(node, keys::section, errors);
  if (!map.valid()) return policy;
  for (const auto& item : map.list(keys::prefixes))
    if (const auto filter = read_prefix_filter(item, errors)) policy.prefixes.push_back(*filter);
  map.read(keys::min_metric, policy.min_metric);
  map.read(keys::max_metric, policy.max_metric);
  if (policy.min_metric > policy.max_metric)
    errors.add(map.value_mark(map.has(keys::min_metric) ? leaf::Leaf(keys::min_metric)
                                                        : leaf::Leaf(keys::max_metric)),
               fmt::format("min-metric must not be more than max-metric: {} is more than {}",
                           policy.min_metric, policy.max_metric));
  return policy;
}

void AreaReader::read_defaults(const YAML::Node& node) {
  MapReader map(node, leaf::interface_defaults::section, errors_);
  if (!map.valid()) return;
  read_settings(map, defaults_);
  is_dead_interval_given_ = map.has(leaf::interface::dead_interval);
  is_allowed_ips_given_ = map.has(leaf::interface::allowed_ips);
  is_link_local_given_ = map.has(leaf::interface::ipv6_link_local);
}

void AreaReader::read(MapReader& map, Config& config) {
  namespace keys = leaf::configuration;
  is_any_given_ = is_any_given_ || map.has(keys::interfaces) || map.has(keys::areas);
  if (map.has(keys::interfaces)) {
    auto interfaces = read_interfaces(map.list(keys::interfaces));
    auto& backbone = area_of({}, config).interfaces;
    backbone.insert(backbone.end(), std::make_move_iterator(interfaces.begin()),
                    std::make_move_iterator(interfaces.end()));
  }
  for (const auto& node : map.list(keys::areas)) read_area(node, config);
}

AreaSettings& AreaReader::area_of(ospf::AreaId id, Config& config) {
  const auto found = std::find_if(config.areas.begin(), config.areas.end(),
                                  [&](const AreaSettings& area) { return area.id == id; });
  if (found != config.areas.end()) return *found;
  return config.areas.emplace_back(AreaSettings{id});
}

void AreaReader::read_area(const YAML::Node& node, Config& config) {
  MapReader map(node, leaf::area::section, errors_);
  if (!map.valid()) return;
  AreaSettings area;
  if (const auto id = read_area_id(map)) {
    area.id = *id;
    check_area(map, area.id, config);
  }
  read_area_type(map, area);
  for (const auto& item : map.list(leaf::area::ranges)) read_range(item, area);
  area.interfaces = read_interfaces(map.list(leaf::area::interfaces));
  config.areas.push_back(std::move(area));
}

std::vector<InterfaceSettings> AreaReader::read_interfaces(const std::vector<YAML::Node>& list) {
  std::vector<InterfaceSettings> interfaces;
  for (const auto& item : list) {
    if (auto interface = read_interface(item)) interfaces.push_back(std::move(*interface));
  }
  return interfaces;
}

std::optional<ospf::AreaId> AreaReader::read_area_id(MapReader& map) {
  const auto node = map.node(leaf::area::area_id);
  if (!node) return std::nullopt;
  if (const auto number = parse_whole_number(*node); number && *number <= 0xffffffffU)
    return ospf::AreaId{static_cast<std::uint32_t>(*number)};
  if (node->IsScalar()) {
    if (const auto id = ospf::AreaId::parse(node->Scalar())) return id;
  }
  errors_.add(map.value_mark(leaf::area::area_id),
              fmt::format("area-id must be a dotted quad like 0.0.0.0, or a number, not {}{}",
                          describe_node(*node), number_hint(*node)));
  return std::nullopt;
}

void AreaReader::check_area(const MapReader& map, ospf::AreaId id, const Config& config) {
  const bool twice = std::any_of(config.areas.begin(), config.areas.end(),
                                 [&](const AreaSettings& other) { return other.id == id; });
  if (twice)
    errors_.add(
        map.value_mark(leaf::area::area_id),
        fmt::format("area {} is configured twice; put all its interfaces into one list", id.to_string()));
}

void AreaReader::read_area_type(MapReader& map, AreaSettings& area) {
  namespace keys = leaf::area;
  if (const auto type = map.choice(keys::area_type)) area.type = static_cast<ospf::AreaType>(*type);
  area.summary = map.boolean(keys::summary).value_or(area.summary);
  map.read(keys::default_cost, area.default_cost);
  if (const auto role = map.choice(keys::nssa_translator_role))
    area.translator_role = static_cast<ospf::TranslatorRole>(*role);
  map.read(keys::nssa_translator_stability_interval, area.translator_stability_interval);
  for (const auto& item : map.list(keys::nssa_ranges)) read_nssa_range(item, area);
  if (area.type == ospf::AreaType::normal) {
    for (const leaf::Leaf& leaf : {leaf::Leaf(keys::summary), leaf::Leaf(keys::default_cost)})
      if (map.has(leaf))
        errors_.add(map.mark(leaf),
                    fmt::format("{} is for stub areas and NSSAs only; remove it, or add \"area-type: "
                                "stub-area\"",
                                leaf.name));
  } else if (area.id == ospf::kBackbone) {
    errors_.add(map.mark(keys::area_type), "area 0.0.0.0 is the backbone, a normal area; remove area-type");
  }
  for (const leaf::Leaf& leaf : {leaf::Leaf(keys::nssa_ranges), leaf::Leaf(keys::nssa_translator_role),
                                 leaf::Leaf(keys::nssa_translator_stability_interval)})
    if (area.type != ospf::AreaType::nssa && map.has(leaf))
      errors_.add(map.mark(leaf),
                  fmt::format("{} is for NSSAs only; remove it, or add \"area-type: nssa-area\"", leaf.name));
}

void AreaReader::read_nssa_range(const YAML::Node& node, AreaSettings& area) {
  namespace keys = leaf::nssa_range;
  MapReader map(node, keys::section, errors_);
  if (!map.valid()) return;
  ospf::NssaRange range;
  range.advertise = map.boolean(keys::advertise).value_or(range.advertise);
  map.read(keys::tag, range.tag);
  const auto value = map.node(keys::prefix);
  const auto prefix = value ? read_prefix(*value, map.value_mark(keys::prefix), errors_) : std::nullopt;
  if (!prefix) return;
  range.prefix = *prefix;
  const auto& others = area.nssa_ranges;
  if (std::any_of(others.begin(), others.end(),
                  [&](const auto& other) { return other.prefix == range.prefix; }))
    errors_.add(map.value_mark(keys::prefix),
                fmt::format("range {} is configured twice; remove one", prefix->to_string()));
  area.nssa_ranges.push_back(range);
}

void AreaReader::read_range(const YAML::Node& node, AreaSettings& area) {
  namespace keys = leaf::area_range;
  MapReader map(node, keys::section, errors_);
  if (!map.valid()) return;
  ospf::AreaRange range;
  range.advertise = map.boolean(keys::advertise).value_or(range.advertise);
  if (const auto cost = map.number(keys::cost)) range.cost = *cost;
  const auto value = map.node(keys::prefix);
  const auto prefix = value ? read_prefix(*value, map.value_mark(keys::prefix), errors_) : std::nullopt;
  if (!prefix) return;
  range.prefix = *prefix;
  if (!ranges_.insert(*prefix).second)
    errors_.add(map.value_mark(keys::prefix),
                fmt::format("range {} is configured twice; remove one", prefix->to_string()));
  area.ranges.push_back(range);
}

std::optional<InterfaceSettings> AreaReader::read_interface(const YAML::Node& node) {
  MapReader map(node, leaf::interface::section, errors_);
  if (!map.valid()) return std::nullopt;
  InterfaceSettings interface = defaults_;
  if (const auto name = read_interface_name(map, leaf::interface::name)) {
    interface.name = *name;
    check_unique(map, *name);
  }
  read_kind(map, interface);
  interface.enabled = map.boolean(leaf::interface::enabled).value_or(interface.enabled);
  if (const auto peers = map.choice(leaf::interface::peers)) interface.has_peers = *peers == 1;
  if (interface.has_peers) interface.type_given = false;  // of the defaults
  read_settings(map, interface);
  read_unnumbered(map, interface);
  read_peers(map, interface);
  if (!map.has(leaf::interface::ipv6_link_local) && !is_link_local_given_)
    interface.has_link_local = interface.manages_allowed_ips;
  read_peer_router_id(map, interface);
  read_interface_endpoints(map, interface);
  read_announces(map, interface);
  return interface;
}

void AreaReader::read_settings(MapReader& map, InterfaceSettings& interface) {
  interface.passive = map.boolean(leaf::interface::passive).value_or(interface.passive);
  read_interface_type(map, interface);
  (void)read_link_settings(map, interface, dead_interval_of_defaults(), errors_);
  if (const auto choice = map.choice(leaf::interface::allowed_ips))
    interface.manages_allowed_ips = *choice == 1;
  if (const auto choice = map.choice(leaf::interface::mtu)) interface.sets_mtu = *choice == 1;
  if (const auto choice = map.choice(leaf::interface::ipv6_link_local))
    interface.has_link_local = *choice == 1;
}

void AreaReader::read_kind(MapReader& map, InterfaceSettings& interface) {
  const auto kind = map.choice(leaf::interface::kind);
  if (!kind) return;
  interface.kind = static_cast<InterfaceKind>(*kind);
  if (!is_pattern(interface.name))
    errors_.add(
        map.mark(leaf::interface::kind),
        fmt::format("kind chooses among the interfaces of a pattern, and \"{}\" is one name; remove it",
                    interface.name));
}

void AreaReader::read_unnumbered(MapReader& map, InterfaceSettings& interface) {
  const auto& leaf = leaf::interface::unnumbered;
  interface.unnumbered = read_interface_name(map, leaf);
  if (!interface.unnumbered) return;
  if (*interface.unnumbered == interface.name)
    errors_.add(map.value_mark(leaf),
                "unnumbered must name another interface, whose address this one borrows");
  else if (is_pattern(*interface.unnumbered))
    errors_.add(
        map.value_mark(leaf),
        fmt::format("unnumbered must name one interface, not the pattern \"{}\"", *interface.unnumbered));
}

void AreaReader::read_peer_router_id(MapReader& map, InterfaceSettings& interface) {
  const auto& leaf = leaf::interface::peer_router_id;
  interface.peer_router_id = read_router_id(map, leaf, errors_);
  if (interface.peer_router_id && interface.passive)
    errors_.add(map.mark(leaf), "on a passive interface there is no neighbor; remove peer-router-id");
}

void AreaReader::read_interface_endpoints(MapReader& map, InterfaceSettings& interface) {
  const auto& leaf = leaf::interface::endpoints;
  interface.endpoints = read_endpoints(map, errors_);
  if (interface.endpoints.empty()) return;
  if (interface.passive)
    errors_.add(map.mark(leaf),
                "on a passive interface no peer is followed, so that none can be sought; remove endpoints");
  if (is_pattern(interface.name))
    errors_.add(map.mark(leaf), fmt::format("the peers of all interfaces that \"{}\" matches would have the "
                                            "same endpoints; write them into an entry for one interface",
                                            interface.name));
}

void read_announce_settings(MapReader& map, AnnounceSettings& settings, ConfigErrors& errors) {
  namespace keys = leaf::interface;
  if (const auto node = map.node(keys::announces)) settings.announces = read_announce_policy(*node, errors);
  if (const auto transit = map.boolean(keys::transit)) settings.transit = transit;
}

void AreaReader::read_announces(MapReader& map, InterfaceSettings& interface) {
  namespace keys = leaf::interface;
  read_announce_settings(map, interface, errors_);
  if (!interface.passive) return;
  for (const leaf::Leaf& leaf : {leaf::Leaf(keys::announces), leaf::Leaf(keys::transit)})
    if (map.has(leaf))
      errors_.add(map.mark(leaf),
                  fmt::format("on a passive interface there is nobody who announces; remove {}", leaf.name));
}

std::optional<std::string> AreaReader::read_interface_name(MapReader& map, const leaf::TextLeaf& leaf) {
  const auto name = map.text(leaf);
  if (!name || is_interface_name(*name)) return name;
  errors_.add(
      map.value_mark(leaf),
      fmt::format("{} must be an interface's name: 1 to {} bytes without white space, \"/\" or \":\", not "
                  "\"{}\"",
                  leaf.name, kMaxInterfaceName, shortened(*name)));
  return std::nullopt;
}

void AreaReader::check_unique(const MapReader& map, const std::string& name) {
  const auto mark = map.value_mark(leaf::interface::name);
  const auto [former, is_new] = interface_places_.emplace(name, errors_.place_of(mark));
  if (is_new) return;
  errors_.add(mark, fmt::format("interface \"{}\" is configured twice; it stands in {} already", name,
                                errors_.in_words(former->second)));
}

void AreaReader::read_peers(MapReader& map, InterfaceSettings& interface) {
  namespace keys = leaf::interface;
  check_peers(map, interface);
  if (interface.has_peers && !map.has(keys::allowed_ips) && !is_allowed_ips_given_)
    interface.manages_allowed_ips = true;
  auto dead_interval = map.has(keys::dead_interval) ? DeadInterval::given : dead_interval_of_defaults();
  static_cast<LinkSettings&>(interface.peer_defaults) = interface;
  if (const auto node = map.node(keys::peer_defaults)) {
    MapReader defaults(*node, leaf::peer_defaults::section, errors_);
    if (defaults.valid()) {
      dead_interval = read_link_settings(defaults, interface.peer_defaults, dead_interval, errors_);
      read_peer_defaults(defaults, interface.peer_defaults, errors_);
    }
  }
  if (const auto choice = map.choice(keys::clients)) interface.finds_clients = *choice == 1;
  map.read(keys::client_hold, interface.client_hold);
  PeerReader reader(interface.peer_defaults, dead_interval, errors_);
  for (const auto& node : map.list(keys::peer))
    if (auto peer = reader.read(node)) interface.peers.push_back(std::move(*peer));
}

void AreaReader::check_peers(const MapReader& map, const InterfaceSettings& interface) {
  namespace keys = leaf::interface;
  if (!interface.has_peers) {
    for (const leaf::Leaf& leaf : {leaf::Leaf(keys::clients), leaf::Leaf(keys::client_hold),
                                   leaf::Leaf(keys::peer_defaults), leaf::Leaf(keys::peer)}) {
      if (map.has(leaf))
        errors_.add(map.mark(leaf), fmt::format("\"{}\" is for an interface whose peers are links of their "
                                                "own; add \"peers: auto\", or remove it",
                                                leaf.name));
    }
    return;
  }
  if (interface.passive)
    errors_.add(map.mark(keys::peers),
                "\"peers: auto\" is for adjacencies with the interface's peers, and "
                "\"passive: true\" lets there be none; remove one of them");
  if (map.has(keys::unnumbered))
    errors_.add(map.mark(keys::unnumbered),
                "peers are told apart by addresses: give the interface one of its "
                "own, and remove \"unnumbered\"");
  for (const leaf::Leaf& leaf : {leaf::Leaf(keys::peer_router_id), leaf::Leaf(keys::endpoints),
                                 leaf::Leaf(keys::announces), leaf::Leaf(keys::transit)})
    if (map.has(leaf))
      errors_.add(map.mark(leaf),
                  fmt::format("\"{}\" is for one router at the other end; write it into an entry of "
                              "\"peer\"",
                              leaf.name));
}

void AreaReader::read_interface_type(MapReader& map, InterfaceSettings& interface) {
  const auto& leaf = leaf::interface::interface_type;
  const auto type = map.choice(leaf);
  if (!type) return;
  if (interface.has_peers) {
    if (leaf.values[*type] != "point-to-multipoint")
      errors_.add(
          map.value_mark(leaf),
          fmt::format("with \"peers: auto\" the interface-type is point-to-multipoint, not {}; remove "
                      "one of them",
                      leaf.values[*type]));
    return;
  }
  interface.type_given = *type == 0;
  if (*type == 0 || interface.passive) return;
  errors_.add(map.value_mark(leaf),
              fmt::format("interface-type {} is not built yet; use point-to-point, on a WireGuard interface "
                          "with several routers \"peers: auto\", or \"passive: true\" to advertise the "
                          "interface's prefixes only",
                          leaf.values[*type]));
}

}  // namespace wgospf::daemon
