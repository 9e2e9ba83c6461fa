#pragma once
// The JSON Schema of the configuration, for editors: packaging/wgospfd.schema.json, which is generated from
// leaves.yaml and compiled in.

#include <string_view>

namespace wgospf::daemon {

[[nodiscard]] std::string_view config_schema();

}  // namespace wgospf::daemon
