#include "cli/repeat.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

#include "cli/json.h"

namespace wgospf::cli {
namespace {

/// Rows of a terminal that the line takes; colours take none.
std::size_t rows_of(std::string_view line, std::size_t columns) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\033')
      i = std::min(line.find('m', i), line.size());
    else if ((static_cast<unsigned char>(line[i]) & 0xc0U) != 0x80U)
      ++length;
  }
  return columns == 0 || length == 0 ? 1 : (length + columns - 1) / columns;
}

/// As many lines as the terminal has room for, each ended so that nothing of a former one stays.
std::string on_screen(const std::string& text, const TerminalSize& size) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  std::size_t all = 0;
  for (const auto& line : lines) all += rows_of(line, size.columns);
  // The last row stays free: to write its end would scroll; so does one for the count of what has no room.
  std::size_t room = size.rows > 1 ? size.rows - 1 : 1;
  if (all > room) --room;
  std::string out = "\033[H";
  std::size_t shown = 0;
  for (std::size_t used = 0; shown < lines.size(); ++shown) {
    used += rows_of(lines[shown], size.columns);
    if (used > room) break;
    out += lines[shown] + "\033[K\n";
  }
  if (shown < lines.size())
    out += fmt::format("... and {}\033[K\n", count_text(lines.size() - shown, "line"));
  return out + "\033[J";
}

}  // namespace

std::string told(const Trouble& trouble, bool as_json) {
  if (!as_json) return fmt::format("wgospfctl: {}\n", trouble.text);
  Json error;
  error["code"] = code_text(trouble.code);
  error["exit_status"] = exit_status(trouble.code);
  error["message"] = trouble.text;
  return json_text(Json{{"error", error}}) + '\n';
}

void show_frame(const Terminal& terminal, const std::string& text) {
  const auto size = terminal.size();
  terminal.out << (size.rows == 0 ? text : on_screen(text, size));
  terminal.out.flush();
}

Failure repeat(const Options& options, const Terminal& terminal, const std::string& title,
               const Answer& answer) {
  const auto pause = std::chrono::duration<double>(*options.repeat);
  for (std::uint32_t round = 1;; ++round) {
    std::ostringstream text;
    const bool is_screen = terminal.size().rows > 0 && !options.json;
    if (is_screen)
      text << fmt::format("{:%H:%M:%S}  {}, every {}\n", fmt::localtime(std::time(nullptr)), title,
                          seconds_text(*options.repeat));
    const auto failure = answer({text, terminal.err, terminal.colours, terminal.size});
    if (failure && (round == 1 || round == options.count)) return failure;
    if (failure && is_screen)
      text << failure->text << '\n';
    else if (failure)
      terminal.err << told(*failure, options.json);
    if (!is_screen && !options.json && round > 1) terminal.out << '\n';
    if (is_screen)
      show_frame(terminal, text.str());
    else
      terminal.out << text.str() << std::flush;
    if (round == options.count || !terminal.out.good()) return std::nullopt;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace wgospf::cli
