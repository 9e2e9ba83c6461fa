#pragma once
// The commands of wgospfctl, from one table (commands.cpp).

#include <functional>
#include <ostream>

#include "cli/table.h"

namespace wgospf::cli {

/// Of a terminal; 0: it is none, and may be as large as it likes.
struct TerminalSize {
  std::size_t columns = 0, rows = 0;
};
/// Of the terminal behind the descriptor.
[[nodiscard]] TerminalSize size_of_terminal(int file_descriptor);

/// Where a run writes, and how.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  Colours colours = Colours::off;
  std::function<TerminalSize()> size = [] { return TerminalSize{}; };
};

/// The exit status: 0 the answer was printed; else why not, as trouble.h says, which a sentence on `err` tells.
[[nodiscard]] int run(int argc, const char* const* argv, const Terminal& terminal);

}  // namespace wgospf::cli
