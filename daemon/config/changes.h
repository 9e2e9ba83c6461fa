#pragma once
// What differs between two configurations, for people and programs.

#include <string>
#include <vector>

#include "daemon/config/config.h"

namespace wgospf::daemon {

/// A leaf with another value, or an entry of a list that came or went as a whole.
struct ConfigChange {
  enum class Kind : std::uint8_t { changed, added, removed };
  std::string path{};  ///< "areas[0.0.0.0].interfaces[wg0].cost"; an entry goes by its first leaf
  Kind kind = Kind::changed;
  std::string before{}, after{};  ///< of a leaf; empty where there is none
  bool operator==(const ConfigChange&) const = default;
};

/// In the order of their paths; of what has its default by itself only what differs. The order of a list's
/// entries is no difference.
[[nodiscard]] std::vector<ConfigChange> changes_between(const Config& before, const Config& after);

/// "areas[0.0.0.0].interfaces[wg0].cost: 10 -> 20".
[[nodiscard]] std::string to_string(const ConfigChange& change);

}  // namespace wgospf::daemon
