#pragma once
// The section `on-event` of the configuration: what is done when something happens.

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/event_hook.h"
#include "daemon/config/yaml_reader.h"

namespace wgospf::daemon {

class EventHookReader {
 public:
  explicit EventHookReader(ConfigErrors& errors) : errors_(errors) {}
  /// Adds what stands in one entry of `on-event`.
  void read(const YAML::Node& node, std::vector<EventHook>& hooks);

 private:
  void read_kinds(const MapReader& map, EventHook& hook);
  void read_command(const MapReader& map, EventHook& hook);
  void read_url(MapReader& map, EventHook& hook);

  ConfigErrors& errors_;
};

}  // namespace wgospf::daemon
