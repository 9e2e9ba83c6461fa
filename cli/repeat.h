#pragma once
// A command again and again: `-w`.

#include <functional>
#include <string>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/trouble.h"

namespace wgospf::cli {

/// Prints one answer, or says why there is none.
using Answer = std::function<Failure(const Terminal& terminal)>;

/// Runs `answer` every Options::repeat seconds, Options::count times. On a terminal each answer takes the place of the
/// one before, under a line with `title`, and what has no room is counted. What fails later than the first time is
/// told in place of the answer, since a daemon that restarts comes back.
[[nodiscard]] Failure repeat(const Options& options, const Terminal& terminal, const std::string& title,
                             const Answer& answer);

/// The line that tells it: for people a sentence, for programs an object.
[[nodiscard]] std::string told(const Trouble& trouble, bool as_json);

/// Puts `text` in the place of what the terminal shows; where it is none, behind it.
void show_frame(const Terminal& terminal, const std::string& text);

}  // namespace wgospf::cli
