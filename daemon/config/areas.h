#pragma once
// The section `areas` of the configuration, with its interfaces.

#include <map>
#include <string>

#include "daemon/config/config.h"
#include "daemon/config/yaml_reader.h"

namespace wgospf::daemon {

class AreaReader {
 public:
  explicit AreaReader(ConfigErrors& errors) : errors_(errors) {}
  /// Adds what stands in one entry of `areas`.
  void read(const YAML::Node& node, Config& config);

 private:
  [[nodiscard]] std::optional<ospf::AreaId> read_area_id(MapReader& map);
  void check_area(const MapReader& map, ospf::AreaId id, const Config& config);
  [[nodiscard]] std::optional<InterfaceSettings> read_interface(const YAML::Node& node);
  [[nodiscard]] std::optional<std::string> read_interface_name(MapReader& map, const leaf::TextLeaf& leaf);
  void check_unique(const MapReader& map, const std::string& name);
  void read_interface_type(MapReader& map, InterfaceSettings& interface);
  void read_intervals(MapReader& map, InterfaceSettings& interface);

  ConfigErrors& errors_;
  std::map<std::string, int> interface_lines_;
};

}  // namespace wgospf::daemon
