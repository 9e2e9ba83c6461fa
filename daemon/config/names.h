#pragma once
// Names of interfaces in the configuration, and the patterns among them: from what is configured and the
// interfaces that there are to the interfaces that are run. Pure.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.h"

namespace wgospf::daemon {

/// Whether a name stands for all interfaces that it matches: `*`, `?` or `[` is in it.
[[nodiscard]] bool is_pattern(std::string_view name);

/// An interface of this machine.
struct SystemInterface {
  std::string name{};
  std::vector<std::string> further_names{};
  bool is_wireguard = false;
};

struct ResolvedNames {
  /// Without patterns, and without what is not enabled: a pattern's place is taken by the interfaces that go
  /// by it, in the order of their names. Names that are no pattern stay, whether or not they are there.
  std::vector<AreaSettings> areas{};
  /// Patterns that are enabled and that no interface goes by.
  std::vector<std::string> idle{};
};
/// An interface goes by the entry that has one of its names, else by the first whose pattern matches one.
[[nodiscard]] ResolvedNames resolve_names(const std::vector<AreaSettings>& areas,
                                          std::span<const SystemInterface> interfaces);

}  // namespace wgospf::daemon
