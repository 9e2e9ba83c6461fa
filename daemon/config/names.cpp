#include "daemon/config/names.h"

#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <set>

namespace wgospf::daemon {

namespace {

/// An entry of the configuration, by its area and its place there.
using Entry = std::pair<std::size_t, std::size_t>;
/// In the order of their names, which does not change from one start to the next as their indexes do.
using Matches = std::map<Entry, std::set<std::string>>;

bool has_name(const SystemInterface& interface, const std::set<std::string>& names) {
  return names.contains(interface.name) ||
         std::any_of(interface.further_names.begin(), interface.further_names.end(),
                     [&](const std::string& name) { return names.contains(name); });
}

bool matches_pattern(const InterfaceSettings& pattern, const SystemInterface& interface) {
  if (pattern.kind == InterfaceKind::wireguard && !interface.is_wireguard) return false;
  const auto fits = [&](const std::string& name) {
    return ::fnmatch(pattern.name.c_str(), name.c_str(), 0) == 0;
  };
  return fits(interface.name) ||
         std::any_of(interface.further_names.begin(), interface.further_names.end(), fits);
}

std::set<std::string> exact_names(const std::vector<AreaSettings>& areas) {
  std::set<std::string> names;
  for (const auto& area : areas) {
    for (const auto& settings : area.interfaces)
      if (!is_pattern(settings.name)) names.insert(settings.name);
  }
  return names;
}

/// The first entry of the file whose pattern matches.
std::optional<Entry> entry_of(const SystemInterface& interface, const std::vector<AreaSettings>& areas) {
  for (std::size_t area = 0; area < areas.size(); ++area) {
    const auto& entries = areas[area].interfaces;
    for (std::size_t i = 0; i < entries.size(); ++i)
      if (is_pattern(entries[i].name) && matches_pattern(entries[i], interface)) return Entry{area, i};
  }
  return std::nullopt;
}

Matches matches_of(const std::vector<AreaSettings>& areas, std::span<const SystemInterface> interfaces) {
  const auto named = exact_names(areas);
  Matches matches;
  for (const auto& interface : interfaces) {
    if (has_name(interface, named)) continue;
    if (const auto entry = entry_of(interface, areas)) matches[*entry].insert(interface.name);
  }
  return matches;
}

InterfaceSettings named(InterfaceSettings pattern, const std::string& name) {
  pattern.name = name;
  pattern.kind = InterfaceKind::any;
  if (pattern.unnumbered == name) pattern.unnumbered.reset();  // it has the address itself
  return pattern;
}

}  // namespace

bool is_pattern(std::string_view name) {
  return name.find_first_of("*?[") != std::string_view::npos;
}

ResolvedNames resolve_names(const std::vector<AreaSettings>& areas,
                            std::span<const SystemInterface> interfaces) {
  const auto matches = matches_of(areas, interfaces);
  ResolvedNames resolved;
  for (std::size_t area = 0; area < areas.size(); ++area) {
    AreaSettings result = areas[area];
    result.interfaces.clear();
    for (std::size_t i = 0; i < areas[area].interfaces.size(); ++i) {
      const auto& settings = areas[area].interfaces[i];
      if (!settings.enabled) continue;
      const auto found = matches.find({area, i});
      if (!is_pattern(settings.name)) {
        result.interfaces.push_back(settings);
      } else if (found == matches.end()) {
        // One that matches only what goes by another entry is no mistake.
        if (std::none_of(interfaces.begin(), interfaces.end(),
                         [&](const auto& interface) { return matches_pattern(settings, interface); }))
          resolved.idle.push_back(settings.name);
      } else {
        for (const auto& name : found->second) result.interfaces.push_back(named(settings, name));
      }
    }
    resolved.areas.push_back(std::move(result));
  }
  return resolved;
}

}  // namespace wgospf::daemon
