#pragma once
// Checks of what stands behind an option; each gives the rest of a sentence that begins with the option.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace wgospf::cli {

using Check = std::function<std::string(const std::string& text)>;

[[nodiscard]] Check one_of(std::vector<std::string> names);
[[nodiscard]] Check not_empty();
/// From 1 on.
[[nodiscard]] Check whole_number();
/// Of a repetition: 0.1 to a day.
[[nodiscard]] Check seconds();
/// What Range::parse() takes.
[[nodiscard]] Check prefix_or_address();
/// "60s", "5m" or "1h", as seconds in the text's place.
[[nodiscard]] CLI::Validator short_time();

}  // namespace wgospf::cli
