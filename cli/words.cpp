#include "cli/words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "daemon/config/printable.h"

namespace wgospf::cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

/// The command with this name, or all whose names begin so.
std::vector<const CLI::App*> candidates(const CLI::App& app, const std::string& word) {
  std::vector<const CLI::App*> found;
  for (const auto* command : commands_of(app)) {
    if (command->get_name() == word) return {command};
    if (!word.empty() && command->get_name().starts_with(word)) found.push_back(command);
  }
  return found;
}

/// Whether the word behind this option is its value.
bool takes_value(const CLI::App* app, const std::string& option) {
  for (; app != nullptr; app = app->get_parent())
    if (const auto* found = app->get_option_no_throw(option)) return found->get_expected_max() > 0;
  return false;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
}

bool is_repeat(const std::string& word) {
  return word == "-w" || word == "--watch";
}

}  // namespace

Words complete_words(const CLI::App& app, std::vector<std::string> words, const char* every) {
  Words result;
  const CLI::App* at = &app;
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto& word = words[i];
    if (word == "--") {
      result.words.insert(result.words.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      break;
    }
    if (is_repeat(word)) {
      const bool has_number = i + 1 < words.size() && is_number(words[i + 1]);
      result.words.push_back(fmt::format("--watch={}", has_number ? words[++i] : every));
      continue;
    }
    if (word.size() > 1 && word[0] == '-') {
      const bool has_value =
          word.find('=') == std::string::npos && takes_value(at, word) && i + 1 < words.size();
      result.words.push_back(std::move(word));
      if (has_value) result.words.push_back(std::move(words[++i]));
      continue;
    }
    const auto found = candidates(*at, word);
    if (found.size() > 1) {
      std::vector<std::string> names;
      for (const auto* command : found) names.push_back(command->get_name());
      result.error = fmt::format("\"{}\" may be {}; write more of it.", daemon::shortened(word),
                                 fmt::join(names, " or "));
      return result;
    }
    if (found.size() == 1) {
      at = found[0];
      word = at->get_name();
    }
    result.words.push_back(std::move(word));
  }
  return result;
}

}  // namespace wgospf::cli
