#pragma once
// The section `api` of the configuration.

#include <optional>
#include <string>

#include "daemon/config/api_options.h"
#include "daemon/config/yaml_reader.h"

namespace wgospf::daemon {

/// Why a file that the configuration names cannot be used, in words that follow its name; nullopt when it
/// can.
using FileCheck = std::optional<std::string> (*)(const std::string& name);

class ApiReader {
 public:
  /// Without `check_file` files are not looked at.
  ApiReader(ConfigErrors& errors, FileCheck check_file) : errors_(errors), check_file_(check_file) {}
  void read(const YAML::Node& node, ApiOptions& api);

 private:
  void check_listen(const MapReader& map, const std::string& listen);
  [[nodiscard]] ApiTls read_tls(const YAML::Node& node);
  void check_tls(const MapReader& map, const ApiTls& tls);
  [[nodiscard]] std::string read_file_name(MapReader& map, const leaf::TextLeaf& leaf);

  ConfigErrors& errors_;
  FileCheck check_file_;
  bool tls_files_usable_ = true;
};

}  // namespace wgospf::daemon
