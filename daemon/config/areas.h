#pragma once
// The sections `areas`, `interfaces` and `defaults` of the configuration.

#include <map>
#include <string>

#include "daemon/config/config.h"
#include "daemon/config/yaml_reader.h"

namespace wgospf::daemon {

class AreaReader {
 public:
  explicit AreaReader(ConfigErrors& errors) : errors_(errors) {}
  /// What interfaces that are read later inherit.
  void read_defaults(const YAML::Node& node);
  /// Adds the interfaces of `interfaces`, which are area 0's, and the areas of `areas`.
  void read(MapReader& map, Config& config);
  /// Whether any file had one of the two.
  [[nodiscard]] bool is_any_given() const { return is_any_given_; }

 private:
  void read_area(const YAML::Node& node, Config& config);
  /// Added if it is not there.
  [[nodiscard]] static AreaSettings& area_of(ospf::AreaId id, Config& config);
  [[nodiscard]] std::vector<InterfaceSettings> read_interfaces(const std::vector<YAML::Node>& list);
  [[nodiscard]] std::optional<ospf::AreaId> read_area_id(MapReader& map);
  void check_area(const MapReader& map, ospf::AreaId id, const Config& config);
  [[nodiscard]] std::optional<InterfaceSettings> read_interface(const YAML::Node& node);
  [[nodiscard]] std::optional<std::string> read_interface_name(MapReader& map, const leaf::TextLeaf& leaf);
  void check_unique(const MapReader& map, const std::string& name);
  /// The leaves that `defaults` may have, too.
  void read_settings(MapReader& map, InterfaceSettings& interface);
  void read_kind(MapReader& map, InterfaceSettings& interface);
  void read_interface_type(MapReader& map, InterfaceSettings& interface);
  void read_intervals(MapReader& map, InterfaceSettings& interface);
  void read_unnumbered(MapReader& map, InterfaceSettings& interface);

  ConfigErrors& errors_;
  InterfaceSettings defaults_;
  bool is_dead_interval_given_ = false;  ///< by `defaults`
  bool is_any_given_ = false;
  std::map<std::string, ConfigErrors::Place> interface_places_;
};

}  // namespace wgospf::daemon
