#pragma once
// Prefixes with ge and le, as lists of the configuration have them.

#include <optional>

#include "daemon/config/config.h"
#include "daemon/config/yaml_reader.h"

namespace wgospf::daemon {

inline constexpr PrefixFilter kEveryPrefix{Ipv4Prefix{}, 0, 32};

/// A prefix at `mark`; nullopt after an error.
[[nodiscard]] std::optional<Ipv4Prefix> read_prefix(const YAML::Node& node, const YAML::Mark& mark,
                                                    ConfigErrors& errors);
/// A prefix, or a mapping of one with ge and le; nullopt after an error.
[[nodiscard]] std::optional<PrefixFilter> read_prefix_filter(const YAML::Node& node, ConfigErrors& errors);

}  // namespace wgospf::daemon
