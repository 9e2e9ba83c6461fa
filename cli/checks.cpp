#include "cli/checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "cli/filters.h"
#include "daemon/config/printable.h"

namespace wgospf::cli {

Check one_of(std::vector<std::string> names) {
  return [names = std::move(names)](const std::string& text) {
    return std::find(names.begin(), names.end(), text) != names.end()
               ? std::string()
               : fmt::format("must be one of {}, not \"{}\"", fmt::join(names, ", "),
                             daemon::shortened(text));
  };
}

Check not_empty() {
  return [](const std::string& text) {
    return text.empty() ? std::string("must not be empty; leave it away if it is not meant") : std::string();
  };
}

Check whole_number() {
  return [](const std::string& text) {
    std::uint32_t value = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec == std::errc{} && parsed.ptr == end && value > 0) return std::string();
    return fmt::format("must be a whole number from 1 on, not \"{}\"", daemon::shortened(text));
  };
}

Check seconds() {
  return [](const std::string& text) {
    double value = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    if (parsed.ec == std::errc{} && parsed.ptr == end && value >= 0.1 && value <= 86'400)
      return std::string();
    return fmt::format("must be a number of seconds from 0.1 to a day (86400), not \"{}\"",
                       daemon::shortened(text));
  };
}

Check prefix_or_address() {
  return [](const std::string& text) {
    if (text.empty()) return not_empty()(text);
    if (Range::parse(text)) return std::string();
    return fmt::format("must be a prefix like 192.168.37.0/24 or an address, not \"{}\"",
                       daemon::shortened(text));
  };
}

CLI::Validator short_time() {
  return CLI::Validator(
      [](std::string& text) {
        std::uint32_t value = 0;
        const char* end = text.data() + text.size();
        const auto parsed = std::from_chars(text.data(), end, value);
        const std::string unit(parsed.ptr, end);
        const std::uint32_t factor = unit == "h" ? 3600 : unit == "m" ? 60 : 1;
        const bool is_known = unit.empty() || unit == "s" || unit == "m" || unit == "h";
        if (parsed.ec != std::errc{} || value == 0 || !is_known || value > 86'400 / factor)
          return fmt::format("must be a time like 60s or 5m, of at most a day, not \"{}\"",
                             daemon::shortened(text));
        text = std::to_string(value * factor);
        return std::string();
      },
      "");
}

}  // namespace wgospf::cli
