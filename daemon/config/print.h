#pragma once
// A configuration as the text that gives it: every leaf with its value, defaults included.

#include <string>

#include "daemon/config/config.h"

namespace wgospf::daemon {

/// A text as YAML takes for nothing but that text: as it is, or in quotes.
[[nodiscard]] std::string yaml_scalar(const std::string& text);

/// YAML that parse_config() makes the same configuration of, but for the places of what stands in it.
[[nodiscard]] std::string print_config(const Config& config);

}  // namespace wgospf::daemon
