// From YAML to Config. One function a section, or a class for the larger ones; each takes a node
// and gives values, errors go to the collector. A section that is wrong leaves its defaults: nobody uses the
// result then.

#include "daemon/config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "daemon/config/api.h"
#include "daemon/config/areas.h"
#include "daemon/config/leaves.h"
#include "daemon/config/redistribute.h"
#include "daemon/config/yaml_reader.h"

namespace wgospf::daemon {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kLocalTable = 255;

// What the core assumes when nobody says anything is what the definition says.
static_assert(seconds{leaf::configuration::ls_refresh_time.value} == ospf::kLsRefreshTime);
static_assert(leaf::configuration::ls_refresh_time.range.max ==
              std::uint64_t{ospf::kLsRefreshTime / seconds{1}});
static_assert(leaf::database_control::max_lsa.value == ospf::kMaxLsa);
static_assert(leaf::database_control::max_lsa_bytes.value == ospf::kMaxLsaBytes);
static_assert(leaf::log::level_values[static_cast<std::size_t>(Severity::warning)] == "warning");

class ConfigParser {
 public:
  /// Without `check_file` files are not looked at.
  ConfigParser(ConfigErrors& errors, FileCheck check_file)
      : errors_(errors), areas_(errors), redistribution_(errors), api_(errors, check_file) {}

  Config parse(const YAML::Node& root) {
    refuse_tags(root);
    namespace keys = leaf::configuration;
    MapReader map(root, keys::section, errors_);
    Config config;
    if (!map.valid()) return config;
    read_router_id(map, config);
    note_place(map, leaf::configuration::state_directory, "state-directory", config);
    read_directory(map, leaf::configuration::state_directory, config.state_directory);
    note_place(map, keys::api, "api", config);
    for (const auto& node : map.list(keys::areas)) areas_.read(node, config);
    for (const auto& node : map.list(keys::redistribute)) redistribution_.read(node, config);
    if (const auto node = map.node(keys::api)) api_.read(*node, config.api);
    if (const auto node = map.node(keys::rib)) read_rib(*node, config);
    if (const auto node = map.node(keys::spf_control)) read_spf_control(*node, config.spf_delay);
    if (const auto node = map.node(keys::database_control)) read_database_control(*node, config);
    if (const auto value = map.number(keys::ls_refresh_time)) config.ls_refresh_time = seconds{*value};
    if (const auto node = map.node(keys::log)) read_log(*node, config);
    return config;
  }

 private:
  /// yaml-cpp tags plain scalars with "?" and quoted ones with "!"; any other tag stands in the file.
  void refuse_tags(const YAML::Node& node) {
    const auto mark = node.Mark();
    if (!node.IsDefined() || !seen_.emplace(mark.line, mark.column).second) return;  // an alias
    const std::string& tag = node.Tag();
    if (!tag.empty() && tag != "?" && tag != "!") {
      errors_.add(mark, fmt::format("the tag \"{}\" means nothing here; remove it", short_tag(tag)));
    }
    if (node.IsSequence()) {
      for (const auto& item : node) refuse_tags(item);
    } else if (node.IsMap()) {
      for (const auto& pair : node) {
        refuse_tags(pair.first);
        refuse_tags(pair.second);
      }
    }
  }

  /// As people write it.
  static std::string short_tag(const std::string& tag) {
    static constexpr std::string_view kYaml = "tag:yaml.org,2002:";
    return tag.compare(0, kYaml.size(), kYaml) == 0 ? "!!" + tag.substr(kYaml.size()) : tag;
  }

  static void note_place(const MapReader& map, const leaf::Leaf& leaf, std::string name, Config& config) {
    if (!map.has(leaf)) return;
    const auto mark = map.mark(leaf);
    config.places[std::move(name)] = {mark.line + 1, mark.column + 1};
  }

  void read_router_id(MapReader& map, Config& config) {
    const auto& leaf = leaf::configuration::router_id;
    note_place(map, leaf, "router-id", config);
    const auto text = map.text(leaf);
    if (!text) return;
    config.router_id = ospf::RouterId::parse(*text);
    if (!config.router_id || config.router_id->value == 0) {
      errors_.add(
          map.value_mark(leaf),
          fmt::format("router-id must be a dotted quad other than 0.0.0.0, like 10.0.32.1, not \"{}\"",
                      *text));
    }
  }

  void read_rib(const YAML::Node& node, Config& config) {
    namespace keys = leaf::rib;
    MapReader map(node, keys::section, errors_);
    if (!map.valid()) return;
    RibSettings& rib = config.rib;
    for (const leaf::Leaf& leaf :
         {leaf::Leaf(keys::table), leaf::Leaf(keys::metric), leaf::Leaf(keys::lock_directory)})
      note_place(map, leaf, fmt::format("rib.{}", leaf.name), config);
    map.read(keys::table, rib.table);
    if (rib.table == kLocalTable)
      errors_.add(map.value_mark(keys::table),
                  "table 255 is the kernel's own table of local addresses; use 254 (main)");
    map.read(keys::metric, rib.metric);
    read_directory(map, keys::lock_directory, rib.lock_directory);
  }

  void read_directory(MapReader& map, const leaf::TextLeaf& leaf, std::string& target) {
    const auto directory = map.text(leaf);
    if (!directory) return;
    target = *directory;
    if (directory->front() != '/')
      errors_.add(map.value_mark(leaf),
                  fmt::format("{} must be an absolute path, not \"{}\"", leaf.name, *directory));
  }

  void read_spf_control(const YAML::Node& node, ospf::SpfDelay& delay) {
    namespace keys = leaf::ietf_spf_delay;
    MapReader map(node, leaf::spf_control::section, errors_);
    const auto inner = map.node(leaf::spf_control::ietf_spf_delay);
    if (!inner) return;
    MapReader values(*inner, keys::section, errors_);
    if (!values.valid()) return;
    const auto read = [&](const auto& leaf, ospf::Duration& target) {
      if (const auto value = values.number(leaf)) target = milliseconds{*value};
    };
    read(keys::initial_delay, delay.initial_delay);
    read(keys::short_delay, delay.short_delay);
    read(keys::long_delay, delay.long_delay);
    read(keys::hold_down, delay.hold_down);
    read(keys::time_to_learn, delay.time_to_learn);
    if (delay.initial_delay > delay.short_delay || delay.short_delay > delay.long_delay)
      errors_.add(inner->Mark(), "initial-delay, short-delay and long-delay must not decrease in this order");
    if (delay.hold_down <= delay.time_to_learn)
      errors_.add(inner->Mark(), "hold-down must be longer than time-to-learn (RFC 8405 section 3)");
  }

  void read_database_control(const YAML::Node& node, Config& config) {
    MapReader map(node, leaf::database_control::section, errors_);
    if (!map.valid()) return;
    map.read(leaf::database_control::max_lsa, config.max_lsa);
    map.read(leaf::database_control::max_lsa_bytes, config.max_lsa_bytes);
  }

  void read_log(const YAML::Node& node, Config& config) {
    MapReader map(node, leaf::log::section, errors_);
    if (const auto level = map.choice(leaf::log::level)) config.log_level = static_cast<Severity>(*level);
  }

  ConfigErrors& errors_;
  AreaReader areas_;
  RedistributionReader redistribution_;
  ApiReader api_;
  std::set<std::pair<int, int>> seen_;  ///< by refuse_tags
};

std::optional<std::string> problem_of_pem_file(const std::string& name) {
  const auto content = read_text_file(name, Pipes::refuse);
  if (content.problem) return "cannot be read: " + *content.problem;
  if (content.text.empty()) return "is empty";
  if (!is_pem(content.text)) return "is not in PEM form";
  return std::nullopt;
}

/// The first tab before anything else in a line up to `last`, counted from 0: what yaml-cpp says of it
/// depends on what follows.
std::optional<YAML::Mark> tab_in_indentation(const std::string& text, int last) {
  YAML::Mark mark;
  std::size_t begin = 0;
  for (mark.line = 0; mark.line <= last && begin <= text.size(); ++mark.line) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto indentation = std::min(text.find_first_not_of(" \t", begin), end);
    const auto tab = text.find('\t', begin);
    if (tab < indentation) {
      mark.pos = static_cast<int>(tab);
      mark.column = static_cast<int>(tab - begin);
      return mark;
    }
    begin = end + 1;
  }
  return std::nullopt;
}

ConfigResult parse(const std::string& text, const std::string& file, FileCheck check_file) {
  ConfigErrors errors(file);
  try {
    const auto documents = find_documents(text);
    if (documents.stuck) {
      errors.add(*documents.stuck, "this is not valid YAML: nothing can begin with what stands here");
      return errors.take();
    }
    if (documents.count != 1) {
      return std::vector<ConfigError>{{file, 0, 0,
                                       documents.count == 0
                                           ? "the configuration is empty; it needs at least \"areas\""
                                           : "the file holds several YAML documents; keep one"}};
    }
    Config config = ConfigParser(errors, check_file).parse(YAML::Load(text));
    if (errors.empty()) return config;
  } catch (const YAML::Exception& error) {
    const auto tab = tab_in_indentation(text, error.mark.line);
    if (tab) {
      errors.add(*tab, "there is a tab in the indentation; YAML is indented with spaces only");
    } else {
      errors.add(error.mark, fmt::format("this is not valid YAML: {}", error.msg));
    }
  }
  return errors.take();
}

}  // namespace

std::string ConfigError::to_string() const {
  return line == 0 ? fmt::format("{}: {}", file, text)
                   : fmt::format("{}:{}:{}: {}", file, line, column, text);
}

ConfigResult parse_config(const std::string& text, const std::string& file) {
  return parse(text, file, nullptr);
}

ConfigResult load_config(const std::string& file, Pipes pipes) {
  const auto content = read_text_file(file, pipes);
  if (content.problem) return std::vector<ConfigError>{{file, 0, 0, "cannot be read: " + *content.problem}};
  return parse(content.text, file, problem_of_pem_file);
}

std::vector<std::string> needs_restart(const Config& running, const Config& wanted,
                                       ospf::RouterId router_id) {
  std::vector<std::string> differences;
  const auto check = [&](bool differs, std::string_view key) {
    if (!differs) return;
    const auto place = wanted.places.find(key);
    differences.push_back(
        place == wanted.places.end()
            ? fmt::format("{} cannot be changed while running, and is no longer in the file", key)
            : fmt::format("line {}, column {}: {} cannot be changed while running", place->second.line,
                          place->second.column, key));
  };
  check(wanted.router_id && *wanted.router_id != router_id, "router-id");
  check(wanted.rib.table != running.rib.table, "rib.table");
  check(wanted.rib.metric != running.rib.metric, "rib.metric");
  check(wanted.rib.lock_directory != running.rib.lock_directory, "rib.lock-directory");
  check(wanted.state_directory != running.state_directory, "state-directory");
  check(wanted.api != running.api, "api");
  return differences;
}

}  // namespace wgospf::daemon
