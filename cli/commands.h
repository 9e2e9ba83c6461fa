#pragma once
// The commands of wgospfctl, from one table (commands.cpp).

#include <ostream>

#include "cli/table.h"

namespace wgospf::cli {

/// Where a run writes, and how.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  Colours colours = Colours::off;
};

/// The exit status: 0 the answer was printed; 1 no answer, or it could not be written, and a sentence on
/// `err` why; 2 the command line is wrong.
[[nodiscard]] int run(int argc, const char* const* argv, const Terminal& terminal);

}  // namespace wgospf::cli
