#pragma once
// The section `peer` of an interface's configuration.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/config/link_settings.h"
#include "daemon/config/yaml_reader.h"

namespace wgospf::daemon {

/// What `peer-defaults` says beside the settings of links.
void read_peer_defaults(MapReader& map, PeerDefaults& defaults, ConfigErrors& errors);

/// `endpoints`, of a peer or of an interface with one.
[[nodiscard]] std::vector<EndpointName> read_endpoints(MapReader& map, ConfigErrors& errors);

/// The peers of one interface.
class PeerReader {
 public:
  /// `inherited`: what they have where they do not say.
  PeerReader(PeerDefaults inherited, DeadInterval dead_interval, ConfigErrors& errors)
      : inherited_(std::move(inherited)), dead_interval_(dead_interval), errors_(errors) {}
  /// nullopt: no mapping. Everything wrong is told.
  [[nodiscard]] std::optional<PeerSettings> read(const YAML::Node& node);

 private:
  void read_key(MapReader& map, PeerSettings& peer);
  void read_name(MapReader& map, PeerSettings& peer);
  void read_address(MapReader& map, PeerSettings& peer);
  void check_client(const MapReader& map, PeerSettings& peer);
  using Places = std::map<std::string, ConfigErrors::Place>;
  void check_unique(Places& places, const std::string& value, std::string_view what, const YAML::Mark& mark);

  PeerDefaults inherited_;
  DeadInterval dead_interval_;
  ConfigErrors& errors_;
  Places keys_, names_, addresses_;
};

}  // namespace wgospf::daemon
