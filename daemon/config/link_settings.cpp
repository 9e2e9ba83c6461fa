#include "daemon/config/link_settings.h"

#include <fmt/format.h>

#include <algorithm>

namespace wgospf::daemon {

namespace {

void check_intervals(const MapReader& map, const LinkSettings& settings, ConfigErrors& errors) {
  const auto& hello = leaf::interface::hello_interval;
  const auto& dead = leaf::interface::dead_interval;
  if (settings.dead_interval > settings.hello_interval) return;
  errors.add(map.value_mark(map.has(dead) ? leaf::Leaf(dead) : leaf::Leaf(hello)),
             fmt::format("dead-interval must be longer than hello-interval: {} is not more than {}; four "
                         "times the hello-interval is usual",
                         settings.dead_interval, settings.hello_interval));
}

void read_patience(const MapReader& map, LinkSettings& settings, ConfigErrors& errors) {
  const auto& leaf = leaf::interface::patience;
  const auto node = map.node(leaf);
  if (!node) return;
  const auto number = parse_whole_number(*node);
  if (node->IsScalar() && node->Scalar() == "off")
    settings.patience = 0;
  else if (number && *number >= leaf.range.min && *number <= leaf.range.max)
    settings.patience = static_cast<std::uint16_t>(*number);
  else
    errors.add(map.value_mark(leaf),
               fmt::format("patience must be off, or a whole number from {} to {} (milliseconds), not {}{}",
                           leaf.range.min, leaf.range.max, describe_node(*node), number_hint(*node)));
}

/// `bfd` is as inherited, each leaf by itself.
void read_bfd(MapReader& link, BfdSettings& bfd, ConfigErrors& errors) {
  namespace keys = leaf::bfd;
  const auto node = link.node(leaf::interface::bfd);
  if (!node) return;
  MapReader map(*node, keys::section, errors);
  if (!map.valid()) return;
  if (const auto enabled = map.boolean(keys::enabled)) bfd.enabled = *enabled;
  map.read(keys::local_multiplier, bfd.local_multiplier);
  map.read(keys::min_interval, bfd.desired_min_tx_interval);
  map.read(keys::min_interval, bfd.required_min_rx_interval);
  map.read(keys::desired_min_tx_interval, bfd.desired_min_tx_interval);
  map.read(keys::required_min_rx_interval, bfd.required_min_rx_interval);
  for (const leaf::Leaf& one :
       {leaf::Leaf(keys::desired_min_tx_interval), leaf::Leaf(keys::required_min_rx_interval)}) {
    if (map.has(keys::min_interval) && map.has(one))
      errors.add(map.mark(one),
                 fmt::format("min-interval is both intervals already; remove it, or {}", one.name));
  }
}

}  // namespace

DeadInterval read_link_settings(MapReader& map, LinkSettings& settings, DeadInterval inherited,
                                ConfigErrors& errors) {
  namespace keys = leaf::interface;
  map.read(keys::cost, settings.cost);
  map.read(keys::hello_interval, settings.hello_interval);
  if (inherited == DeadInterval::follows)
    settings.dead_interval = std::min<std::uint32_t>(4U * settings.hello_interval, 65535);
  map.read(keys::dead_interval, settings.dead_interval);
  check_intervals(map, settings, errors);
  read_patience(map, settings, errors);
  map.read(keys::retransmit_interval, settings.retransmit_interval);
  map.read(keys::transmit_delay, settings.transmit_delay);
  if (const auto ignore = map.boolean(keys::mtu_ignore)) settings.mtu_ignore = ignore;
  read_bfd(map, settings.bfd, errors);
  return map.has(keys::dead_interval) ? DeadInterval::given : inherited;
}

}  // namespace wgospf::daemon
