#pragma once
// The files of wg-quick(8), as far as they matter to routing. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wgospf::daemon {

/// A value with the line that it stands in, counted from 1.
struct WgQuickValue {
  std::string text{};
  int line = 0;
};

struct WgQuickPeer {
  int line = 0;                             ///< of "[Peer]"
  std::vector<WgQuickValue> allowed_ips{};  ///< "10.0.0.0/8" each
};

/// A command that wg-quick runs.
struct WgQuickHook {
  std::string key{};  ///< "PostUp"
  WgQuickValue command{};
};

struct WgQuickFile {
  bool has_interface = false;             ///< a section of that name
  std::vector<WgQuickValue> addresses{};  ///< "10.0.0.1/24" each, the length may be absent
  std::optional<WgQuickValue> table{};
  std::optional<WgQuickValue> save_config{};
  std::vector<WgQuickHook> hooks{};  ///< in the order of the file
  std::vector<WgQuickPeer> peers{};
  std::vector<WgQuickValue> unknown{};  ///< first words of lines that wg-quick would not understand
};

/// What wg-quick makes of a text: keys and sections in any case, comments from "#" on, lists by commas, keys
/// that may come again. Values that no routing depends on are left out.
[[nodiscard]] WgQuickFile parse_wg_quick(std::string_view text);

}  // namespace wgospf::daemon
