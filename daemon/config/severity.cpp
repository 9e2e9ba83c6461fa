#include "daemon/config/severity.h"

#include <array>

namespace wgospf::daemon {

std::string_view to_string(Severity severity) {
  static constexpr std::array<std::string_view, 4> kNames{"debug", "info", "warning", "error"};
  return kNames[static_cast<std::size_t>(severity)];
}

std::optional<Severity> parse_severity(std::string_view text) {
  for (const auto severity : {Severity::debug, Severity::info, Severity::warning, Severity::error}) {
    if (to_string(severity) == text) return severity;
  }
  return std::nullopt;
}

}  // namespace wgospf::daemon
