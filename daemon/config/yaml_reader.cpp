#include "daemon/config/yaml_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <tuple>

#include "daemon/config/printable.h"

namespace wgospf::daemon {

namespace {

/// Insertions, deletions, replacements, and exchanges of two neighbours ("cots").
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> distance(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) distance[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) distance[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = distance[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      distance[i][j] = std::min({distance[i - 1][j] + 1, distance[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        distance[i][j] = std::min(distance[i][j], distance[i - 2][j - 2] + 1);
    }
  }
  return distance[a.size()][b.size()];
}

/// Longer than any key or choice with as many letters more as may be wrong in it.
constexpr std::size_t kLongestWord = 64;

/// yaml-cpp tags quoted scalars with "!", plain ones with "?".
bool is_quoted(const YAML::Node& node) {
  return node.IsScalar() && node.Tag() == "!";
}

/// Where documents begin; of what is in them nothing is kept.
class DocumentStarts : public YAML::EventHandler {
 public:
  using Mark = YAML::Mark;
  using Anchor = YAML::anchor_t;
  using Style = YAML::EmitterStyle::value;
  void OnDocumentStart(const Mark& mark) override { starts.push_back(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const Mark&, Anchor) override {}
  void OnAlias(const Mark&, Anchor) override {}
  void OnScalar(const Mark&, const std::string&, Anchor, const std::string&) override {}
  void OnSequenceStart(const Mark&, const std::string&, Anchor, Style) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const Mark&, const std::string&, Anchor, Style) override {}
  void OnMapEnd() override {}
  std::vector<Mark> starts;
};

}  // namespace

Documents find_documents(const std::string& text) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  DocumentStarts handler;
  while (handler.starts.size() < 2 && parser.HandleNextDocument(handler)) {
  }
  Documents found{handler.starts.size()};
  if (found.count == 2 && handler.starts[0].pos == handler.starts[1].pos) found.stuck = handler.starts[0];
  return found;
}

ConfigErrors::File ConfigErrors::enter(std::string name) {
  current_ = File{names_.size()};
  names_.push_back(std::move(name));
  return current_;
}

void ConfigErrors::add(const YAML::Mark& mark, std::string text) {
  errors_.push_back(
      {current_, {name(), std::max(mark.line, -1) + 1, std::max(mark.column, -1) + 1, printable(text)}});
}

void ConfigErrors::add_whole(std::string text) {
  errors_.push_back({current_, {name(), 0, 0, std::move(text)}});
}

std::string ConfigErrors::in_words(const Place& place) const {
  if (place.file == current_) return fmt::format("line {}", place.line);
  return fmt::format("line {} of {}", place.line, names_.at(static_cast<std::size_t>(place.file)));
}

std::vector<ConfigError> ConfigErrors::take() {
  const auto key = [](const Entry& entry) {
    return std::tuple{entry.file, entry.error.line, entry.error.column};
  };
  std::stable_sort(errors_.begin(), errors_.end(),
                   [&](const Entry& a, const Entry& b) { return key(a) < key(b); });
  std::vector<ConfigError> errors;
  for (auto& entry : errors_) errors.push_back(std::move(entry.error));
  return errors;
}

std::string describe_node(const YAML::Node& node) {
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  if (node.IsScalar()) return fmt::format("\"{}\"", shortened(node.Scalar()));
  return "nothing";
}

std::optional<std::string_view> nearest(std::string_view text, std::span<const std::string_view> candidates) {
  std::optional<std::string_view> best;
  if (text.size() > kLongestWord) return best;
  // Of a short word two letters are half of it: what is left says nothing about what was meant.
  const std::size_t largest = text.size() < 5 ? 1 : std::max<std::size_t>(2, text.size() / 3);
  std::size_t best_distance = largest + 1;
  for (const auto candidate : candidates) {
    if (text.size() >= 3 && candidate.substr(0, text.size()) == text) return candidate;
    const auto distance = edit_distance(text, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string number_hint(const YAML::Node& node) {
  if (!node.IsScalar() || node.Scalar().empty()) return {};
  const std::string& text = node.Scalar();
  if (text.find_first_not_of("0123456789") != std::string::npos) return {};
  if (is_quoted(node)) return "; remove the quotes";
  return text.size() > 1 && text[0] == '0' ? "; remove the leading zeros" : "";
}

std::optional<std::uint64_t> parse_whole_number(const YAML::Node& node) {
  if (!node.IsScalar() || is_quoted(node)) return std::nullopt;
  const std::string& text = node.Scalar();
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

MapReader::MapReader(const YAML::Node& node, const leaf::Section& section, ConfigErrors& errors)
    : section_(section), mark_(node.Mark()), errors_(errors) {
  if (!node.IsMap()) {
    errors_.add(mark_, fmt::format("{} must be a mapping with the keys {}, not {}", section_.what,
                                   fmt::join(section_.known, ", "), describe_node(node)));
    return;
  }
  valid_ = true;
  for (const auto& pair : node) check_key(pair.first, pair.second);
  for (const auto& leaf : section_.required) {
    if (find(leaf.name) != nullptr) continue;
    errors_.add(mark_, fmt::format("{} lacks the key \"{}\"; add for instance \"{}\"", section_.what,
                                   leaf.name, leaf.example));
  }
}

void MapReader::check_key(const YAML::Node& key, const YAML::Node& value) {
  if (!key.IsScalar()) {
    errors_.add(key.Mark(),
                fmt::format("a key of {} must be a word, not {}", section_.what, describe_node(key)));
    return;
  }
  const std::string& name = key.Scalar();
  if (std::find(section_.not_built.begin(), section_.not_built.end(), name) != section_.not_built.end()) {
    errors_.add(key.Mark(), fmt::format("\"{}\" of {} is not built yet; remove it", name, section_.what));
    return;
  }
  if (std::find(section_.known.begin(), section_.known.end(), name) == section_.known.end()) {
    const auto meant = nearest(name, section_.known);
    errors_.add(
        key.Mark(),
        meant ? fmt::format("unknown key \"{}\" in {}; did you mean \"{}\"?", name, section_.what, *meant)
              : fmt::format("unknown key \"{}\" in {}; it may have the keys {}", shortened(name),
                            section_.what, fmt::join(section_.known, ", ")));
    return;
  }
  if (const Entry* former = find(name)) {
    errors_.add(key.Mark(), fmt::format("key \"{}\" is repeated in {}; it is given in line {} already", name,
                                        section_.what, former->mark.line + 1));
    return;
  }
  entries_.push_back({name, key.Mark(), value});
}

const MapReader::Entry* MapReader::find(std::string_view key) const {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.key == key; });
  return found == entries_.end() ? nullptr : &*found;
}

YAML::Mark MapReader::mark(const leaf::Leaf& leaf) const {
  const Entry* entry = find(leaf.name);
  return entry != nullptr ? entry->mark : mark_;
}

YAML::Mark MapReader::value_mark(const leaf::Leaf& leaf) const {
  const Entry* entry = find(leaf.name);
  if (entry == nullptr) return mark_;
  // A value that was left out has no place of its own.
  return entry->value.IsNull() || entry->value.Mark().is_null() ? entry->mark : entry->value.Mark();
}

std::optional<std::uint64_t> MapReader::number(const leaf::Leaf& leaf, const NumberRange& range) {
  const std::string_view key = leaf.name;
  const Entry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  const auto value = parse_whole_number(entry->value);
  if (value && *value >= range.min && *value <= range.max) return value;
  errors_.add(value_mark(leaf),
              fmt::format("{} must be a whole number from {} to {}{}, not {}{}", key, range.min, range.max,
                          range.unit.empty() ? "" : fmt::format(" ({})", range.unit),
                          describe_node(entry->value), number_hint(entry->value)));
  return std::nullopt;
}

std::optional<bool> MapReader::boolean(const leaf::BooleanLeaf& leaf) {
  const std::string_view key = leaf.name;
  const Entry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  const bool quoted = is_quoted(entry->value);
  const bool is_true = entry->value.IsScalar() && entry->value.Scalar() == "true";
  const bool is_false = entry->value.IsScalar() && entry->value.Scalar() == "false";
  if (!quoted && (is_true || is_false)) return is_true;
  errors_.add(value_mark(leaf),
              fmt::format("{} must be true or false, not {}{}", key, describe_node(entry->value),
                          quoted && (is_true || is_false) ? "; remove the quotes" : ""));
  return std::nullopt;
}

std::optional<std::string> MapReader::text(const leaf::TextLeaf& leaf) {
  const std::string_view key = leaf.name;
  const Entry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->value.IsScalar() && !entry->value.Scalar().empty()) return entry->value.Scalar();
  errors_.add(value_mark(leaf), fmt::format("{} must be a text, not {}", key, describe_node(entry->value)));
  return std::nullopt;
}

std::optional<std::size_t> MapReader::choice(const leaf::ChoiceLeaf& leaf) {
  const std::string_view key = leaf.name;
  const auto choices = leaf.values;
  const Entry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->value.IsScalar()) {
    const auto found = std::find(choices.begin(), choices.end(), entry->value.Scalar());
    if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
    if (const auto meant = nearest(entry->value.Scalar(), choices)) {
      errors_.add(value_mark(leaf),
                  fmt::format("unknown {} \"{}\"; did you mean \"{}\"?", key, entry->value.Scalar(), *meant));
      return std::nullopt;
    }
  }
  errors_.add(value_mark(leaf), fmt::format("{} must be one of {}, not {}", key, fmt::join(choices, ", "),
                                            describe_node(entry->value)));
  return std::nullopt;
}

std::vector<YAML::Node> MapReader::list(const leaf::ListLeaf& leaf) {
  const std::string_view key = leaf.name;
  const Entry* entry = find(key);
  if (entry == nullptr) return {};
  if (!entry->value.IsSequence()) {
    errors_.add(value_mark(leaf), fmt::format("{} must be a list, not {}", key, describe_node(entry->value)));
    return {};
  }
  if (entry->value.size() == 0) {
    errors_.add(value_mark(leaf), fmt::format("{} is an empty list; fill it or remove it", key));
    return {};
  }
  return {entry->value.begin(), entry->value.end()};
}

std::optional<YAML::Node> MapReader::node(const leaf::Leaf& leaf) const {
  const Entry* entry = find(leaf.name);
  if (entry == nullptr) return std::nullopt;
  return entry->value;
}

}  // namespace wgospf::daemon
