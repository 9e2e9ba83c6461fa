#include "cli/table.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>

namespace wgospf::cli {
namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

/// Characters, not bytes.
std::size_t length_of(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_continuation));
}

/// The first `length` characters.
std::string_view beginning(std::string_view text, std::size_t length) {
  std::size_t end = 0;
  for (; end < text.size(); ++end)
    if (!is_continuation(text[end]) && length-- == 0) break;
  return text.substr(0, end);
}

/// Broken between words into lines of at most `width` characters; a word that is longer is broken, too.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (length_of(text) > width && width > 0) {
    auto line = beginning(text, width);
    std::size_t next = line.size();
    const auto space = text[next] == ' ' ? next : line.rfind(' ');
    if (space != std::string_view::npos && space > 0) {
      line = line.substr(0, space);
      next = space + 1;
    }
    lines.emplace_back(line);
    text.remove_prefix(next);
  }
  lines.emplace_back(text);
  return lines;
}

}  // namespace

Colours colours_of(int file_descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color && *no_color) return Colours::off;
  const char* term = std::getenv("TERM");
  if (!term || std::string_view(term) == "dumb") return Colours::off;
  return isatty(file_descriptor) ? Colours::on : Colours::off;
}

std::string paint(std::string_view text, Colour colour, const Look& look) {
  if (look.colours == Colours::off || colour == Colour::none || text.empty()) return std::string(text);
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

std::size_t Table::widest_cell(std::size_t column) const {
  std::size_t width = columns_[column].heading.size();
  for (const auto& row : rows_) width = std::max(width, length_of(row[column].text));
  return width;
}

std::size_t Table::longest_word(std::size_t column) const {
  std::size_t longest = columns_[column].heading.size();
  for (const auto& row : rows_) {
    std::string_view rest = row[column].text;
    while (!rest.empty()) {
      const auto word = rest.substr(0, rest.find(' '));
      longest = std::max(longest, length_of(word));
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    }
  }
  return longest;
}

Table::Layout Table::lay_out(std::size_t room) const {
  /// No column of words gets narrower than this for the sake of another.
  constexpr std::size_t kReadable = 16, kNarrowest = 6;
  Layout layout;
  for (std::size_t i = 0; i < columns_.size(); ++i) layout.push_back({i, widest_cell(i)});
  const auto excess = [&] {
    std::size_t total = 0;
    for (const auto& shown : layout) total += shown.width + 2;
    return total > room + 2 ? total - room - 2 : 0;
  };
  if (excess() == 0) return layout;
  // Takes from the widest, again and again, but leaves each column at least so much.
  const auto narrow = [&](const std::vector<std::size_t>& least) {
    for (auto over = excess(); over > 0; --over) {
      Shown* widest = nullptr;
      for (auto& shown : layout)
        if (columns_[shown.column].align == Align::left && shown.width > least[shown.column] &&
            (widest == nullptr || shown.width > widest->width))
          widest = &shown;
      if (widest == nullptr) return false;
      --widest->width;
    }
    return true;
  };
  std::vector<std::size_t> readable;
  for (const auto& [column, width] : layout)
    readable.push_back(std::max(longest_word(column), std::min(kReadable, width)));
  for (;;) {
    const auto before = layout;
    if (narrow(readable)) return layout;
    layout = before;
    const auto first = std::max_element(layout.begin(), layout.end(), [this](const auto& a, const auto& b) {
      return columns_[a.column].dispensable < columns_[b.column].dispensable;
    });
    if (columns_[first->column].dispensable == 0) break;
    layout.erase(first);
  }
  std::vector<std::size_t> headings;
  for (const auto& column : columns_) headings.push_back(std::max(kNarrowest, column.heading.size()));
  if (!narrow(headings)) (void)narrow(std::vector<std::size_t>(columns_.size(), kNarrowest));
  return layout;
}

void Table::row_text(std::string& out, const std::vector<Cell>& cells, const Layout& layout, const Look& look,
                     std::size_t indent) const {
  std::vector<std::vector<std::string>> pieces(cells.size());
  std::size_t height = 1;
  for (const auto& shown : layout) {
    pieces[shown.column] = wrapped(cells[shown.column].text, shown.width);
    height = std::max(height, pieces[shown.column].size());
  }
  for (std::size_t i = 0; i < height; ++i) {
    std::vector<Cell> part(cells.size());
    for (const auto& shown : layout) {
      const auto& lines = pieces[shown.column];
      if (i < lines.size()) part[shown.column] = {lines[i], cells[shown.column].colour};
    }
    line(out, part, layout, look, indent);
  }
}

void Table::line(std::string& out, const std::vector<Cell>& cells, const Layout& layout, const Look& look,
                 std::size_t indent) const {
  std::size_t pending =
      indent;  // spaces owed before the next visible cell; never written at the end of a line
  for (const auto& shown : layout) {
    const auto& cell = cells[shown.column];
    const std::size_t length = length_of(cell.text);
    const std::size_t padding = shown.width > length ? shown.width - length : 0;
    const bool is_right = columns_[shown.column].align == Align::right;
    if (is_right) pending += padding;
    if (!cell.text.empty()) {
      out.append(pending, ' ');
      pending = 0;
      out += paint(cell.text, cell.colour, look);
    }
    if (!is_right) pending += padding;
    pending += 2;
  }
  out += '\n';
}

std::string Table::left_out_text(const Layout& layout, const Look& look) const {
  std::string names;
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (std::none_of(layout.begin(), layout.end(), [i](const auto& shown) { return shown.column == i; }))
      names += (names.empty() ? "" : ", ") + columns_[i].heading;
  if (names.empty()) return names;
  std::string text;
  for (const auto& line : wrapped(fmt::format("(no room for {}; --wide shows all)", names), look.width))
    text += paint(line, Colour::dim, look) + '\n';
  return text;
}

std::string Table::text(const Look& look, std::size_t indent) const {
  const auto unlimited = std::numeric_limits<std::size_t>::max() / 2;
  const auto layout = lay_out(look.width == 0 ? unlimited : look.width - std::min(look.width, indent));
  std::vector<Cell> headings;
  for (const auto& column : columns_) headings.emplace_back(column.heading, Colour::dim);
  std::string out;
  row_text(out, headings, layout, look, indent);
  for (const auto& row : rows_) row_text(out, row, layout, look, indent);
  return out + left_out_text(layout, look);
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
