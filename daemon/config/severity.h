#pragma once
// How much a message matters; `log.level` of the configuration names the least that is logged.

#include <cstdint>
#include <optional>
#include <string_view>

namespace wgospf::daemon {

enum class Severity : std::uint8_t { debug, info, warning, error };
/// "debug", "info", "warning", "error".
[[nodiscard]] std::string_view to_string(Severity severity);
/// The reverse; nullopt for anything else.
[[nodiscard]] std::optional<Severity> parse_severity(std::string_view text);

}  // namespace wgospf::daemon
