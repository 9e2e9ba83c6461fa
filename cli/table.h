#pragma once
// Compact aligned tables for people, and the colours in them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wgospf::cli {

enum class Colour : std::uint8_t { none, good, attention, bad, dim };
enum class Colours : std::uint8_t { off, on };

/// How a table is to look.
struct Look {
  Look(Colours c = Colours::off, std::size_t w = 0) : colours(c), width(w) {}
  Colours colours;
  std::size_t width;  ///< columns of the terminal; 0: there is no limit
};

/// On only when `file_descriptor` is a terminal that knows colours and NO_COLOR is not set (or empty).
[[nodiscard]] Colours colours_of(int file_descriptor);
/// `text` in the colour, or as it is.
[[nodiscard]] std::string paint(std::string_view text, Colour colour, const Look& look);

struct Cell {
  Cell() = default;
  Cell(std::string t, Colour c = Colour::none) : text(std::move(t)), colour(c) {}
  Cell(const char* t) : text(t) {}

  std::string text;
  Colour colour = Colour::none;
};

enum class Align : std::uint8_t { left, right };
struct Column {
  std::string heading;
  Align align = Align::left;
  /// Where there is no room for all, those with the highest go first; 0: it stays.
  int dispensable = 0;
};

/// Rows under headings; each column as wide as its widest cell, two spaces between. An empty cell shows "-",
/// so that columns can be told apart by tools; continued() rows leave them blank.
///
/// A table that is wider than the look allows has its cells wrapped between words; where that is not enough it does
/// without columns, which a line below it names, and at last words are broken.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// Cells missing at the end are empty.
  void row(std::vector<Cell> cells);
  /// A row that goes on with what the row above says.
  void continued(std::vector<Cell> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// Every line ends with a newline, none with a space. `indent` spaces stand before each.
  [[nodiscard]] std::string text(const Look& look, std::size_t indent = 0) const;

 private:
  /// A column that is shown, and how wide.
  struct Shown {
    std::size_t column = 0;
    std::size_t width = 0;
  };
  using Layout = std::vector<Shown>;
  [[nodiscard]] std::size_t widest_cell(std::size_t column) const;
  [[nodiscard]] std::size_t longest_word(std::size_t column) const;
  /// What fits into `room` columns of a terminal.
  [[nodiscard]] Layout lay_out(std::size_t room) const;
  void row_text(std::string& out, const std::vector<Cell>& cells, const Layout& layout, const Look& look,
                std::size_t indent) const;
  void line(std::string& out, const std::vector<Cell>& cells, const Layout& layout, const Look& look,
            std::size_t indent) const;
  [[nodiscard]] std::string left_out_text(const Layout& layout, const Look& look) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// 3.25 -> "3.2s", 42 -> "42s", 75 -> "1m15s", 7500 -> "2h05m", 200000 -> "2d08h".
[[nodiscard]] std::string seconds_text(double seconds);
/// 532 -> "532 B", 2048 -> "2.0 KiB".
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);
/// count_text(1, "route") -> "1 route", count_text(2, "route") -> "2 routes".
[[nodiscard]] std::string count_text(std::uint64_t count, std::string_view noun);

}  // namespace wgospf::cli
