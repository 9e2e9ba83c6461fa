#include "daemon/config/changes.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <optional>

#include "daemon/config/print.h"

namespace wgospf::daemon {

namespace {

/// Of each path its value; nullopt of what has paths below it.
using Leaves = std::map<std::string, std::optional<std::string>>;

/// print_config() begins each entry of a list with the leaf that it goes by.
std::string entry_name(const YAML::Node& entry) {
  if (entry.IsMap() && entry.size() > 0) {
    const YAML::Node first = entry.begin()->second;  // of an iterator that is gone behind this line
    return first.IsSequence() && first.size() > 0 ? first[0].as<std::string>() : first.as<std::string>();
  }
  return entry.as<std::string>();
}

void flatten(const YAML::Node& node, const std::string& path, Leaves& leaves) {
  if (node.IsScalar()) {
    leaves[path] = node.Scalar();
    return;
  }
  if (!path.empty()) leaves[path] = std::nullopt;
  if (node.IsMap()) {
    for (const auto& entry : node) {
      const auto key = entry.first.as<std::string>();
      flatten(entry.second, path.empty() ? key : path + "." + key, leaves);
    }
  }
  if (!node.IsSequence()) return;
  for (const auto& entry : node) {
    const auto name = entry_name(entry);
    auto unique = fmt::format("{}[{}]", path, name);
    for (int number = 2; leaves.contains(unique); ++number)
      unique = fmt::format("{}[{}#{}]", path, name, number);
    flatten(entry, unique, leaves);
  }
}

Leaves leaves_of(const Config& config) {
  Leaves leaves;
  flatten(YAML::Load(print_config(config)), {}, leaves);
  return leaves;
}

/// Whether `path` lies below one that is told already.
bool is_within(const std::string& path, const std::string& told) {
  return !told.empty() && path.size() > told.size() && path.compare(0, told.size(), told) == 0 &&
         (path[told.size()] == '.' || path[told.size()] == '[');
}

/// What `here` has and `there` lacks: an entry or a section as a whole, not its leaves.
void add_missing(const Leaves& here, const Leaves& there, ConfigChange::Kind kind,
                 std::map<std::string, ConfigChange>& changes) {
  std::string told;
  for (const auto& [path, value] : here) {
    if (there.contains(path) || is_within(path, told)) continue;
    told = path;
    ConfigChange change{path, kind, {}, {}};
    (kind == ConfigChange::Kind::added ? change.after : change.before) = value.value_or("");
    changes[path] = change;
  }
}

}  // namespace

std::vector<ConfigChange> changes_between(const Config& before, const Config& after) {
  const auto old_leaves = leaves_of(before), new_leaves = leaves_of(after);
  std::map<std::string, ConfigChange> changes;
  add_missing(old_leaves, new_leaves, ConfigChange::Kind::removed, changes);
  add_missing(new_leaves, old_leaves, ConfigChange::Kind::added, changes);
  for (const auto& [path, value] : old_leaves) {
    const auto found = new_leaves.find(path);
    if (found == new_leaves.end() || found->second == value) continue;
    changes[path] = {path, ConfigChange::Kind::changed, value.value_or(""), found->second.value_or("")};
  }
  std::vector<ConfigChange> result;
  for (auto& [path, change] : changes) result.push_back(std::move(change));
  return result;
}

std::string to_string(const ConfigChange& change) {
  switch (change.kind) {
    case ConfigChange::Kind::added:
      return change.after.empty() ? change.path + ": added"
                                  : fmt::format("{}: {}, added", change.path, change.after);
    case ConfigChange::Kind::removed:
      return change.before.empty() ? change.path + ": removed"
                                   : fmt::format("{}: {}, removed", change.path, change.before);
    case ConfigChange::Kind::changed:
      break;
  }
  return fmt::format("{}: {} -> {}", change.path, change.before, change.after);
}

}  // namespace wgospf::daemon
