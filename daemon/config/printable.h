#pragma once
// Texts that are safe to print.

#include <string>
#include <string_view>

namespace wgospf::daemon {

/// `text` with everything escaped as \xNN that is not printable UTF-8: control characters and broken
/// sequences. The kernel's names of interfaces and hosts may hold any byte but a few; protobuf takes UTF-8
/// only, and a terminal obeys what it is sent.
[[nodiscard]] std::string printable(std::string_view text);

/// A value that somebody gave, for a sentence about it: printable, and cut after kEchoed bytes.
inline constexpr std::size_t kEchoed = 120;
[[nodiscard]] std::string shortened(std::string_view value);

}  // namespace wgospf::daemon
