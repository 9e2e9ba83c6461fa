// The lines of the log, as the daemon writes them to a terminal.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "cli/json.h"
#include "cli/render.h"

namespace wgospf::cli {
namespace {

Colour line_colour(v1::Severity severity) {
  if (severity == v1::SEVERITY_ERROR) return Colour::bad;
  if (severity == v1::SEVERITY_WARNING) return Colour::attention;
  return severity == v1::SEVERITY_DEBUG ? Colour::dim : Colour::none;
}

}  // namespace

std::string render(const v1::GetLogResponse& log, const Look& look) {
  if (log.lines().empty())
    return fmt::format("No such lines are kept; the log's level is {}.\n", enum_text(log.level()));
  std::string out;
  for (const auto& line : log.lines())
    out += fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03} {:<7} {}\n",
                       fmt::localtime(static_cast<std::time_t>(line.time().seconds())),
                       line.time().nanos() / 1'000'000, enum_text(line.severity()),
                       paint(line.text(), line_colour(line.severity()), look));
  return out;
}

std::string render(const v1::SetLogLevelResponse& answer) {
  if (answer.level() == answer.former())
    return fmt::format("The log's level is {}, as it was.\n", enum_text(answer.level()));
  return fmt::format("The log's level is {} now; it was {}.\n", enum_text(answer.level()),
                     enum_text(answer.former()));
}

}  // namespace wgospf::cli
