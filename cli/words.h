#pragma once
// The words of a command line as people type them: "sh nei" is "show neighbors".

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace wgospf::cli {

struct Words {
  std::vector<std::string> words{};    ///< without the program's name
  std::optional<std::string> error{};  ///< a beginning of more than one word, with these
};

/// Each word that is the beginning of exactly one command is that command, and `-w` and `--watch` have their number:
/// the word behind them where it is one, else `every`. What else is wrong is left to the parser.
[[nodiscard]] Words complete_words(const CLI::App& app, std::vector<std::string> words, const char* every);

}  // namespace wgospf::cli
