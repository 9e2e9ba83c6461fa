#pragma once
// Strict reading of YAML mappings: every key is known and given once, every value has its type and range.
// Errors are collected with their place, so that a user sees all of them at once.

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/config/leaf.h"

namespace wgospf::daemon {

/// The errors of a configuration's files. Marks are of the file that was entered last.
class ConfigErrors {
 public:
  enum class File : std::size_t {};
  /// Where something stands that a later error may speak of.
  struct Place {
    File file{};
    int line = 0;  ///< counted from 1
  };

  /// A file that is read for the first time.
  File enter(std::string name);
  void enter(File file) { current_ = file; }
  [[nodiscard]] File current() const { return current_; }
  [[nodiscard]] const std::string& name() const { return names_.at(static_cast<std::size_t>(current_)); }

  void add(const YAML::Mark& mark, std::string text);
  /// Of the file as a whole.
  void add_whole(std::string text);
  [[nodiscard]] Place place_of(const YAML::Mark& mark) const { return {current_, mark.line + 1}; }
  /// "line 4", and of another file than the current one "line 4 of FILE".
  [[nodiscard]] std::string in_words(const Place& place) const;

  [[nodiscard]] bool empty() const { return errors_.empty(); }
  /// In the order of the files and their lines.
  [[nodiscard]] std::vector<ConfigError> take();

 private:
  struct Entry {
    File file{};
    ConfigError error{};
  };
  std::vector<std::string> names_;
  File current_{};
  std::vector<Entry> errors_;
};

/// The documents of a text, found without building any of them. yaml-cpp gives empty ones without end where
/// nothing can begin with what stands there.
struct Documents {
  std::size_t count = 0;  ///< not counted beyond 2
  std::optional<YAML::Mark> stuck{};
};
[[nodiscard]] Documents find_documents(const std::string& text);

/// What a value is, as people say it: "a list", "a mapping", "nothing", "\"text\"".
[[nodiscard]] std::string describe_node(const YAML::Node& node);

/// The candidate that `text` was probably meant to be; nullopt when none is near.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view text,
                                                      std::span<const std::string_view> candidates);

/// What is to be done with a value that would be a number but for its quotes or leading zeros: "; remove the
/// quotes". Empty for any other.
[[nodiscard]] std::string number_hint(const YAML::Node& node);

/// A whole number without sign, quotes or leading zeros.
[[nodiscard]] std::optional<std::uint64_t> parse_whole_number(const YAML::Node& node);

/// One mapping. Construction reports keys that are unknown, repeated, not built yet, or absent though
/// required.
class MapReader {
 public:
  MapReader(const YAML::Node& node, const leaf::Section& section, ConfigErrors& errors);

  /// False when the node is no mapping: then nothing else is to be read.
  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] bool has(const leaf::Leaf& leaf) const { return find(leaf.name) != nullptr; }
  /// The place of the key, or of the mapping when the key is absent.
  [[nodiscard]] YAML::Mark mark(const leaf::Leaf& leaf) const;
  /// The place of the value, or of the key when there is no value.
  [[nodiscard]] YAML::Mark value_mark(const leaf::Leaf& leaf) const;

  // nullopt: absent, or wrong and reported.
  /// In a range that follows from other values.
  [[nodiscard]] std::optional<std::uint64_t> number(const leaf::Leaf& leaf, const NumberRange& range);
  template <class T>
  [[nodiscard]] std::optional<T> number(const leaf::NumberLeaf<T>& leaf) {
    const auto value = number(leaf, leaf.range);
    return value ? std::optional(static_cast<T>(*value)) : std::nullopt;
  }
  [[nodiscard]] std::optional<bool> boolean(const leaf::BooleanLeaf& leaf);
  [[nodiscard]] std::optional<std::string> text(const leaf::TextLeaf& leaf);
  /// One of the values, as its index.
  [[nodiscard]] std::optional<std::size_t> choice(const leaf::ChoiceLeaf& leaf);
  /// The items of a list; empty when the key is absent or no list (reported).
  [[nodiscard]] std::vector<YAML::Node> list(const leaf::ListLeaf& leaf);
  /// The value as it is.
  [[nodiscard]] std::optional<YAML::Node> node(const leaf::Leaf& leaf) const;

  /// Sets `target` when the value is there and right.
  template <class T, class Target>
  void read(const leaf::NumberLeaf<T>& leaf, Target& target) {
    if (const auto value = number(leaf)) target = static_cast<Target>(*value);
  }

 private:
  struct Entry {
    std::string key;
    YAML::Mark mark;
    YAML::Node value;
  };
  [[nodiscard]] const Entry* find(std::string_view key) const;
  void check_key(const YAML::Node& key, const YAML::Node& value);

  const leaf::Section& section_;
  YAML::Mark mark_;
  ConfigErrors& errors_;
  std::vector<Entry> entries_;
  bool valid_ = false;
};

}  // namespace wgospf::daemon
