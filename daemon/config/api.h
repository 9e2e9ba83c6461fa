#pragma once
// The section `api` of the configuration.

#include <optional>
#include <string>

#include "daemon/config/api_options.h"
#include "daemon/config/yaml_reader.h"

namespace wgospf::daemon {

/// Why what the configuration names of this machine cannot be used, in words that follow its name; nullopt
/// when it can.
struct WorldCheck {
  std::optional<std::string> (*pem_file)(const std::string& name);
  std::optional<std::string> (*group)(const std::string& name);
};

class ApiReader {
 public:
  /// Without `check` the machine is not looked at.
  ApiReader(ConfigErrors& errors, const WorldCheck* check) : errors_(errors), check_(check) {}
  void read(const YAML::Node& node, ApiOptions& api);

 private:
  void check_listen(const MapReader& map, const std::string& listen);
  void read_group(MapReader& map, ApiOptions& api);
  [[nodiscard]] ApiTls read_tls(const YAML::Node& node);
  void check_authentication(MapReader& map);
  void check_tls(const MapReader& map, const ApiTls& tls);
  [[nodiscard]] std::string read_file_name(MapReader& map, const leaf::TextLeaf& leaf);

  ConfigErrors& errors_;
  const WorldCheck* check_;
  bool tls_files_usable_ = true;
};

}  // namespace wgospf::daemon
