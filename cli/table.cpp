#include "cli/table.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace wgospf::cli {

Colours colours_of(int file_descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color && *no_color) return Colours::off;
  const char* term = std::getenv("TERM");
  if (!term || std::string_view(term) == "dumb") return Colours::off;
  return isatty(file_descriptor) ? Colours::on : Colours::off;
}

std::string paint(std::string_view text, Colour colour, Colours colours) {
  if (colours == Colours::off || colour == Colour::none || text.empty()) return std::string(text);
  const char* code = "";
  switch (colour) {
    case Colour::good:
      code = "32";
      break;
    case Colour::attention:
      code = "33";
      break;
    case Colour::bad:
      code = "31";
      break;
    case Colour::dim:
      code = "2";
      break;
    case Colour::none:
      break;
  }
  return fmt::format("\033[{}m{}\033[0m", code, text);
}

void Table::row(std::vector<Cell> cells) {
  cells.resize(columns_.size());
  for (auto& cell : cells) {
    if (cell.text.empty()) cell.text.assign(1, '-');
  }
  rows_.push_back(std::move(cells));
}

void Table::continued(std::vector<Cell> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

void Table::line(std::string& out, const std::vector<Cell>& cells, const std::vector<std::size_t>& widths,
                 Colours colours) const {
  std::size_t pending = 0;  // spaces owed before the next visible cell; never written at the end of a line
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::size_t padding = widths[i] - cells[i].text.size();
    if (columns_[i].align == Align::right) pending += padding;
    if (!cells[i].text.empty()) {
      out.append(pending, ' ');
      pending = 0;
      out += paint(cells[i].text, cells[i].colour, colours);
    }
    if (columns_[i].align == Align::left) pending += padding;
    pending += 2;
  }
  out += '\n';
}

std::string Table::text(Colours colours, std::size_t indent) const {
  std::vector<std::size_t> widths;
  std::vector<Cell> headings;
  for (const auto& column : columns_) {
    widths.push_back(column.heading.size());
    headings.emplace_back(column.heading, Colour::dim);
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].text.size());
  }
  std::string out;
  out.append(indent, ' ');
  line(out, headings, widths, colours);
  for (const auto& row : rows_) {
    out.append(indent, ' ');
    line(out, row, widths, colours);
  }
  return out;
}

std::string seconds_text(double seconds) {
  seconds = std::max(seconds, 0.0);
  if (seconds < 9.95) return fmt::format("{:.1f}s", seconds);
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
  return fmt::format("{}d{:02}h", whole / 86400, whole / 3600 % 24);
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string count_text(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace wgospf::cli
