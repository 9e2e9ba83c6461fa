#pragma once
// One entry of `on-event`.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/leaves.h"
#include "daemon/config/severity.h"
#include "net/host_port.h"

namespace wgospf::daemon {

/// So many entries at most: each has a thread.
inline constexpr std::size_t kMaxEventHooks = 16;

/// By the names of the API's WatchItem. All of them, where the file names none.
enum class EventKind : std::uint8_t { neighbor_state_change, interface_state_change, notice };
inline constexpr std::size_t kEventKinds = 3;
/// "neighbor-state-change".
[[nodiscard]] std::string_view to_string(EventKind kind);

struct EventHook {
  std::vector<EventKind> kinds{};  ///< in the order of the file; empty: all
  Severity min_severity = static_cast<Severity>(leaf::on_event::min_severity.value);  ///< of notices
  std::vector<std::string> command{};  ///< an absolute path, and its arguments; empty: `url`
  std::string url{};                   ///< see parse_http_url
  std::uint16_t time_limit = leaf::on_event::time_limit.value;  ///< seconds
  std::uint16_t max_per_minute = leaf::on_event::max_per_minute.value;
  bool operator==(const EventHook&) const = default;

  [[nodiscard]] bool has(EventKind kind) const;
  /// The program, or the URL.
  [[nodiscard]] const std::string& target() const { return command.empty() ? url : command.front(); }
};

/// The parts of a URL; they point into it.
struct HttpUrl {
  HostPort place{};         ///< an address, and a port that is not 0
  std::string_view path{};  ///< with its query; at least "/"
  std::string_view host{};  ///< as the URL has it, with its port
};
/// nullopt for what is not http://ADDRESS[:PORT][/PATH] in printable ASCII, with port 80 unless it says another.
[[nodiscard]] std::optional<HttpUrl> parse_http_url(std::string_view url);

}  // namespace wgospf::daemon
