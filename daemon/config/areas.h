#pragma once
// The sections `areas`, `interfaces` and `defaults` of the configuration.

#include <map>
#include <set>
#include <string>

#include "daemon/config/config.h"
#include "daemon/config/link_settings.h"
#include "daemon/config/yaml_reader.h"

namespace wgospf::daemon {

/// nullopt when it is not given, and where it is none, which is an error.
[[nodiscard]] std::optional<ospf::RouterId> read_router_id(MapReader& map, const leaf::TextLeaf& leaf,
                                                           ConfigErrors& errors);

/// What stands in a mapping `announces`.
[[nodiscard]] AnnouncePolicy read_announce_policy(const YAML::Node& node, ConfigErrors& errors);

/// `announces` and `transit`; what the mapping does not say stays.
void read_announce_settings(MapReader& map, AnnounceSettings& settings, ConfigErrors& errors);

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
  void read_area_type(MapReader& map, AreaSettings& area);
  void read_nssa_range(const YAML::Node& node, AreaSettings& area);
  void read_range(const YAML::Node& node, AreaSettings& area);
  void check_area(const MapReader& map, ospf::AreaId id, const Config& config);
  [[nodiscard]] std::optional<InterfaceSettings> read_interface(const YAML::Node& node);
  [[nodiscard]] std::optional<std::string> read_interface_name(MapReader& map, const leaf::TextLeaf& leaf);
  void check_unique(const MapReader& map, const std::string& name);
  /// The leaves that `defaults` may have, too.
  void read_settings(MapReader& map, InterfaceSettings& interface);
  void read_peers(MapReader& map, InterfaceSettings& interface);
  void check_peers(const MapReader& map, const InterfaceSettings& interface);
  void read_kind(MapReader& map, InterfaceSettings& interface);
  void read_interface_type(MapReader& map, InterfaceSettings& interface);
  void read_unnumbered(MapReader& map, InterfaceSettings& interface);
  void read_peer_router_id(MapReader& map, InterfaceSettings& interface);
  void read_interface_endpoints(MapReader& map, InterfaceSettings& interface);
  void read_announces(MapReader& map, InterfaceSettings& interface);

  [[nodiscard]] DeadInterval dead_interval_of_defaults() const {
    return is_dead_interval_given_ ? DeadInterval::given : DeadInterval::follows;
  }

  ConfigErrors& errors_;
  std::set<Ipv4Prefix> ranges_;  ///< of all areas
  InterfaceSettings defaults_;
  bool is_dead_interval_given_ = false;  ///< by `defaults`
  bool is_allowed_ips_given_ = false;    ///< by `defaults`
  bool is_link_local_given_ = false;     ///< by `defaults`
  bool is_any_given_ = false;
  std::map<std::string, ConfigErrors::Place> interface_places_;
};

}  // namespace wgospf::daemon
