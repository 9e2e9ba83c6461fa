#include "daemon/config/areas.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/config/leaves.h"
#include "daemon/config/names.h"
#include "daemon/config/printable.h"

namespace wgospf::daemon {

namespace {

constexpr std::size_t kMaxInterfaceName = 127;  // ALTIFNAMSIZ without its end
static_assert(leaf::interface::kind_values[static_cast<std::size_t>(InterfaceKind::wireguard)] ==
              "wireguard");
// Above MaxAgeDiff what is sent looks like another instance, and no acknowledgement of it would match.
static_assert(leaf::interface::transmit_delay.range.max == ospf::kMaxAgeDiff);

/// What the kernel allows (dev_valid_name(), whose white space has 0xa0 in it), and no control characters.
bool is_interface_name(const std::string& name) {
  return name.size() <= kMaxInterfaceName && name != "." && name != ".." &&
         std::none_of(name.begin(), name.end(), [](unsigned char c) {
           return c <= ' ' || c == 0x7f || c == 0xa0 || c == '/' || c == ':';
         });
}

std::string several_areas_text(ospf::AreaId id, const Config& config) {
  return fmt::format("several areas are not built yet; put the interfaces of area {} into area {}",
                     id.to_string(), config.areas.front().id.to_string());
}

}  // namespace

void AreaReader::read_defaults(const YAML::Node& node) {
  MapReader map(node, leaf::interface_defaults::section, errors_);
  if (!map.valid()) return;
  read_settings(map, defaults_);
  is_dead_interval_given_ = map.has(leaf::interface::dead_interval);
}

void AreaReader::read(MapReader& map, Config& config) {
  namespace keys = leaf::configuration;
  is_any_given_ = is_any_given_ || map.has(keys::interfaces) || map.has(keys::areas);
  if (map.has(keys::interfaces)) {
    if (!config.areas.empty() && config.areas.front().id != ospf::AreaId{})
      errors_.add(map.mark(keys::interfaces), several_areas_text({}, config));
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
  if (config.areas.empty()) return;
  const bool twice = std::any_of(config.areas.begin(), config.areas.end(),
                                 [&](const AreaSettings& other) { return other.id == id; });
  errors_.add(
      map.value_mark(leaf::area::area_id),
      twice ? fmt::format("area {} is configured twice; put all its interfaces into one list", id.to_string())
            : several_areas_text(id, config));
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
  read_settings(map, interface);
  read_unnumbered(map, interface);
  return interface;
}

void AreaReader::read_settings(MapReader& map, InterfaceSettings& interface) {
  interface.passive = map.boolean(leaf::interface::passive).value_or(interface.passive);
  read_interface_type(map, interface);
  map.read(leaf::interface::cost, interface.cost);
  read_intervals(map, interface);
  if (const auto ignore = map.boolean(leaf::interface::mtu_ignore)) interface.mtu_ignore = ignore;
  if (const auto choice = map.choice(leaf::interface::allowed_ips))
    interface.manages_allowed_ips = *choice == 1;
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

void AreaReader::read_interface_type(MapReader& map, InterfaceSettings& interface) {
  const auto& leaf = leaf::interface::interface_type;
  const auto type = map.choice(leaf);
  if (!type) return;
  interface.type_given = *type == 0;
  if (*type == 0 || interface.passive) return;
  errors_.add(map.value_mark(leaf),
              fmt::format("interface-type {} is not built yet; use point-to-point, or \"passive: true\" to "
                          "advertise the interface's prefixes only",
                          leaf.values[*type]));
}

void AreaReader::read_intervals(MapReader& map, InterfaceSettings& interface) {
  const auto& hello = leaf::interface::hello_interval;
  const auto& dead = leaf::interface::dead_interval;
  map.read(hello, interface.hello_interval);
  if (!is_dead_interval_given_)
    interface.dead_interval = std::min<std::uint32_t>(4U * interface.hello_interval, 65535);
  map.read(dead, interface.dead_interval);
  map.read(leaf::interface::retransmit_interval, interface.retransmit_interval);
  map.read(leaf::interface::transmit_delay, interface.transmit_delay);
  if (interface.dead_interval > interface.hello_interval) return;
  errors_.add(map.value_mark(map.has(dead) ? leaf::Leaf(dead) : leaf::Leaf(hello)),
              fmt::format("dead-interval must be longer than hello-interval: {} is not more than {}; four "
                          "times the hello-interval is usual",
                          interface.dead_interval, interface.hello_interval));
}

}  // namespace wgospf::daemon
