#pragma once
// The files that a configuration consists of: the one that is named, and those that `include` names. Each is a
// mapping of the same sections; entries of lists are taken together, in the order of the files.

#include <yaml-cpp/yaml.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/text_file.h"
#include "daemon/config/yaml_reader.h"

namespace wgospf::daemon {

/// A file includes at most so deep; deeper is taken for a mistake.
inline constexpr std::size_t kMaxIncludeDepth = 8;

struct FoundFiles {
  std::vector<std::string> names{};
  std::optional<std::string> problem{};  ///< why it is not known which there are
};

/// How files are looked at. Without `read` there are none: an `include` is an error.
struct FileAccess {
  std::function<TextFile(const std::string& name)> read{};
  /// The names in a directory that match a pattern (glob(7)), in their order; one without `*`, `?` and `[` is
  /// its own.
  std::function<FoundFiles(const std::string& directory, const std::string& pattern)> find{};
};
/// The files of this machine.
[[nodiscard]] FileAccess file_access(Pipes pipes);

struct ConfigSource {
  ConfigErrors::File file{};
  YAML::Node root{};
};

class SourceReader {
 public:
  /// What is read is put into `errors` file by file, with what is wrong in it.
  SourceReader(ConfigErrors& errors, const FileAccess& access) : errors_(errors), access_(access) {}
  /// The text's own first, then what it includes, in the order in which it does. Without any when the text
  /// is no YAML.
  [[nodiscard]] std::vector<ConfigSource> read(const std::string& text, const std::string& file);

 private:
  void read_file(const std::string& text, const std::string& file);
  [[nodiscard]] std::optional<YAML::Node> parse(const std::string& text);
  void follow(const YAML::Node& root, const std::string& file);
  void follow(const YAML::Node& value, const std::string& name, const std::string& from);

  ConfigErrors& errors_;
  const FileAccess& access_;
  std::vector<std::string> open_{};  ///< the file, and those that have led to it
  std::vector<ConfigSource> sources_{};
};

}  // namespace wgospf::daemon
