#pragma once
// A file that is read whole: the configuration, keys and certificates. Whatever stands there in its place,
// the reading ends: a device that never ends is cut off, and a pipe is read only by who may wait for it.

#include <cstddef>
#include <optional>
#include <string>

namespace wgospf::daemon {

/// No configuration, key or certificate is longer.
inline constexpr std::size_t kMaxTextFile = std::size_t{16} << 20;

struct TextFile {
  std::string text{};
  std::optional<std::string> problem{};  ///< why it cannot be read, to stand behind a colon
};

/// `wait` takes a pipe as well, and waits for who writes into it.
enum class Pipes { wait, refuse };

[[nodiscard]] TextFile read_text_file(const std::string& name, Pipes pipes);
/// Whether a certificate or key stands in the text.
[[nodiscard]] bool is_pem(const std::string& text);

}  // namespace wgospf::daemon
