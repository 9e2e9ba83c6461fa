#pragma once
// Texts for people: safe to print, and short.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace wgospf::daemon {

/// `text` with everything escaped as \xNN that is not printable UTF-8: control characters and broken
/// sequences. The kernel's names of interfaces and hosts may hold any byte but a few; protobuf takes UTF-8
/// only, and a terminal obeys what it is sent.
[[nodiscard]] std::string printable(std::string_view text);

/// How many names of a list are told.
inline constexpr std::size_t kNamesTold = 4;
/// "a, b, c", and "a, b, c, d and 7 more" of a long list.
[[nodiscard]] std::string join_few(std::span<const std::string> names, std::string_view separator = ", ");

}  // namespace wgospf::daemon
