// From YAML to Config. One function a section, or a class for the larger ones; each takes a node
// and gives values, errors go to the collector. A section that is wrong leaves its defaults: nobody uses the
// result then.

#include "daemon/config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "daemon/config/api.h"
#include "daemon/config/areas.h"
#include "daemon/config/event_hooks.h"
#include "daemon/config/group.h"
#include "daemon/config/leaves.h"
#include "daemon/config/printable.h"
#include "daemon/config/redistribute.h"
#include "daemon/config/sources.h"
#include "daemon/config/yaml_reader.h"
#include "net/host_port.h"
#include "ospf/router_information.h"

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
  /// Without `check` the machine is not looked at.
  ConfigParser(ConfigErrors& errors, const WorldCheck* check)
      : errors_(errors), areas_(errors), redistribution_(errors), hooks_(errors), api_(errors, check) {}

  /// Never without a source.
  Config parse(const std::vector<ConfigSource>& sources) {
    namespace keys = leaf::configuration;
    std::vector<std::pair<ConfigErrors::File, MapReader>> files;
    for (const auto& source : sources) {
      errors_.enter(source.file);
      refuse_tags(source.root);
      files.emplace_back(source.file, MapReader(source.root, keys::section, errors_));
      check_once(files.back().second);
    }
    // Interfaces inherit from the defaults of whichever file.
    for (const auto& [file, map] : files) {
      errors_.enter(file);
      if (const auto node = map.node(keys::defaults)) areas_.read_defaults(*node);
    }
    Config config;
    for (auto& [file, map] : files) {
      errors_.enter(file);
      read(map, config);
    }
    const auto& [first, map] = files.front();
    errors_.enter(first);
    if (errors_.empty() && !areas_.is_any_given())
      errors_.add(map.mark(keys::interfaces),
                  "the configuration names no interface; add for instance \"interfaces: [{name: wg0}]\"");
    return config;
  }

 private:
  void read(MapReader& map, Config& config) {
    namespace keys = leaf::configuration;
    read_router_id(map, config);
    note_place(map, leaf::configuration::state_directory, "state-directory", config);
    read_directory(map, leaf::configuration::state_directory, config.state_directory);
    note_place(map, keys::api, "api", config);
    areas_.read(map, config);
    for (const auto& node : map.list(keys::redistribute)) redistribution_.read(node, config);
    if (const auto node = map.node(keys::api)) api_.read(*node, config.api);
    if (const auto node = map.node(keys::metrics)) read_metrics(*node, config);
    for (const auto& node : map.list(keys::on_event)) hooks_.read(node, config.on_event);
    if (const auto name = map.text(keys::hostname)) read_hostname(map, *name, config);
    if (const auto node = map.node(keys::rib)) read_rib(*node, config);
    if (const auto value = map.choice(keys::underlay)) config.underlay = static_cast<UnderlayMode>(*value);
    if (const auto node = map.node(keys::spf_control)) read_spf_control(*node, config.spf_delay);
    if (const auto node = map.node(keys::database_control)) read_database_control(*node, config);
    config.rfc1583_compatibility =
        map.boolean(keys::rfc1583_compatibility).value_or(config.rfc1583_compatibility);
    if (const auto value = map.number(keys::ls_refresh_time)) config.ls_refresh_time = seconds{*value};
    if (const auto node = map.node(keys::log)) read_log(*node, config);
  }

  void read_metrics(const YAML::Node& node, Config& config) {
    namespace keys = leaf::metrics;
    MapReader map(node, keys::section, errors_);
    const auto listen = map.valid() ? map.text(keys::listen) : std::nullopt;
    if (!listen) return;
    config.metrics_listen = *listen;
    const auto place = parse_host_port(*listen);
    const bool is_address = place && place->port != 0 &&
                            (place->bracketed() ? Ipv6Address::parse(place->bare_host()).has_value()
                                                : Ipv4Address::parse(place->host).has_value());
    if (!is_address)
      errors_.add(map.value_mark(keys::listen),
                  fmt::format("cannot listen on \"{}\": use ADDRESS:PORT, like 127.0.0.1:9586 or [::1]:9586",
                              shortened(*listen)));
  }

  void read_hostname(const MapReader& map, const std::string& name, Config& config) {
    config.hostname = name;
    if (!ospf::is_hostname(name))
      errors_.add(
          map.value_mark(leaf::configuration::hostname),
          fmt::format("\"{}\" is no hostname: use 1 to 255 letters, digits, \"-\", \"_\" and \".\", like "
                      "gw.example.net",
                      shortened(name)));
  }

  /// What only one of the files may have.
  void check_once(const MapReader& map) {
    namespace keys = leaf::configuration;
    for (const auto name : keys::known) {
      const leaf::Leaf leaf{name};
      const bool is_list = name == keys::interfaces.name || name == keys::areas.name ||
                           name == keys::redistribute.name || name == keys::include.name ||
                           name == keys::on_event.name;
      if (is_list || !map.has(leaf)) continue;
      const auto [former, is_new] = given_.emplace(name, errors_.place_of(map.mark(leaf)));
      if (!is_new)
        errors_.add(map.mark(leaf),
                    fmt::format("key \"{}\" is repeated in the configuration; it is given in {} "
                                "already",
                                name, errors_.in_words(former->second)));
    }
  }

  /// yaml-cpp tags plain scalars with "?" and quoted ones with "!"; any other tag stands in the file.
  void refuse_tags(const YAML::Node& node) {
    const auto mark = node.Mark();
    // Once for all aliases of it.
    if (!node.IsDefined() || !seen_.emplace(errors_.current(), mark.line, mark.column).second) return;
    const std::string& tag = node.Tag();
    if (!tag.empty() && tag != "?" && tag != "!") {
      errors_.add(mark,
                  fmt::format("the tag \"{}\" means nothing here; remove it", shortened(short_tag(tag))));
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

  void note_place(const MapReader& map, const leaf::Leaf& leaf, std::string name, Config& config) const {
    if (!map.has(leaf)) return;
    const auto mark = map.mark(leaf);
    config.places[std::move(name)] = {errors_.name(), mark.line + 1, mark.column + 1};
  }

  void read_router_id(MapReader& map, Config& config) {
    const auto& leaf = leaf::configuration::router_id;
    note_place(map, leaf, "router-id", config);
    config.router_id = wgospf::daemon::read_router_id(map, leaf, errors_);
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
                  fmt::format("{} must be an absolute path, not \"{}\"", leaf.name, shortened(*directory)));
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
  EventHookReader hooks_;
  ApiReader api_;
  std::set<std::tuple<ConfigErrors::File, int, int>> seen_;  ///< by refuse_tags
  std::map<std::string_view, ConfigErrors::Place> given_;    ///< by check_once
};

std::optional<std::string> problem_of_pem_file(const std::string& name) {
  const auto content = read_text_file(name, Pipes::refuse);
  if (content.problem) return "cannot be read: " + *content.problem;
  if (content.text.empty()) return "is empty";
  if (!is_pem(content.text)) return "is not in PEM form";
  return std::nullopt;
}

std::optional<std::string> problem_of_group(const std::string& name) {
  return find_group(name) ? std::nullopt
                          : std::optional<std::string>(
                                "does not exist; make it with \"groupadd --system\", or name another");
}

constexpr WorldCheck kWorldCheck{problem_of_pem_file, problem_of_group};

ConfigResult parse(const std::string& text, const std::string& file, const FileAccess& access,
                   const WorldCheck* check) {
  ConfigErrors errors;
  const auto sources = SourceReader(errors, access).read(text, file);
  if (sources.empty()) return errors.take();
  Config config = ConfigParser(errors, check).parse(sources);
  if (errors.empty()) return config;
  return errors.take();
}

}  // namespace

std::string ConfigError::to_string() const {
  return line == 0 ? fmt::format("{}: {}", file, text)
                   : fmt::format("{}:{}:{}: {}", file, line, column, text);
}

ConfigResult parse_config(const std::string& text, const std::string& file) {
  return parse(text, file, {}, nullptr);
}

ConfigResult parse_config(const std::string& text, const std::string& file, const FileAccess& access) {
  return parse(text, file, access, nullptr);
}

ConfigResult load_config(const std::string& file, Pipes pipes) {
  const auto content = read_text_file(file, pipes);
  if (content.problem) return std::vector<ConfigError>{{file, 0, 0, "cannot be read: " + *content.problem}};
  return parse(content.text, file, file_access(pipes), &kWorldCheck);
}

std::vector<std::string> needs_restart(const Config& running, const Config& wanted, ospf::RouterId router_id,
                                       const std::string& file) {
  std::vector<std::string> differences;
  const auto check = [&](bool differs, std::string_view key) {
    if (!differs) return;
    const auto found = wanted.places.find(key);
    if (found == wanted.places.end()) {
      differences.push_back(
          fmt::format("{}: {} cannot be changed while running, and is no longer in it", file, key));
    } else {
      const auto& place = found->second;
      differences.push_back(fmt::format("{}:{}:{}: {} cannot be changed while running", place.file,
                                        place.line, place.column, key));
    }
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
