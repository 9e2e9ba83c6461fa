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

#include "daemon/config.h"

namespace wgospf::daemon {

/// The errors of one file.
class ConfigErrors {
 public:
  explicit ConfigErrors(std::string file) : file_(std::move(file)) {}
  void add(const YAML::Mark& mark, std::string text);
  [[nodiscard]] bool empty() const { return errors_.empty(); }
  /// In the order of the file.
  [[nodiscard]] std::vector<ConfigError> take();

 private:
  std::string file_;
  std::vector<ConfigError> errors_;
};

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

struct NumberRange {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  std::string_view unit{};  ///< "seconds", or empty
};

/// One mapping. Construction reports unknown, repeated and not yet built keys.
class MapReader {
 public:
  struct Keys {
    std::vector<std::string_view> known;
    std::vector<std::string_view> not_built{};  ///< of RFC 9129, but nothing here does it yet
  };

  /// `what` names the mapping in errors: "an interface", "rib".
  MapReader(const YAML::Node& node, std::string what, Keys keys, ConfigErrors& errors);

  /// False when the node is no mapping: then nothing else is to be read.
  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] bool has(std::string_view key) const;
  /// The place of the key, or of the mapping when the key is absent.
  [[nodiscard]] YAML::Mark mark(std::string_view key) const;
  /// The place of the value.
  [[nodiscard]] YAML::Mark value_mark(std::string_view key) const;

  // nullopt: absent, or wrong and reported.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view key, const NumberRange& range);
  [[nodiscard]] std::optional<bool> boolean(std::string_view key);
  [[nodiscard]] std::optional<std::string> text(std::string_view key);
  /// One of the choices, as its index.
  [[nodiscard]] std::optional<std::size_t> choice(std::string_view key,
                                                  std::span<const std::string_view> choices);
  /// The items of a list; empty when the key is absent or no list (reported).
  [[nodiscard]] std::vector<YAML::Node> list(std::string_view key);
  /// The value as it is.
  [[nodiscard]] std::optional<YAML::Node> node(std::string_view key) const;
  /// Reports the absence.
  void require(std::string_view key, std::string_view example);

 private:
  struct Entry {
    std::string key;
    YAML::Mark mark;
    YAML::Node value;
  };
  [[nodiscard]] const Entry* find(std::string_view key) const;
  void check_key(const YAML::Node& key, const YAML::Node& value, const Keys& keys);

  std::string what_;
  YAML::Mark mark_;
  ConfigErrors& errors_;
  std::vector<Entry> entries_;
  bool valid_ = false;
};

}  // namespace wgospf::daemon
