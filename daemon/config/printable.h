#pragma once
// Texts that are safe to print.

#include <string>
#include <string_view>

namespace wgospf::daemon {

/// `text` with everything escaped as \xNN that is not printable UTF-8: control characters and broken
/// sequences. The kernel's names of interfaces and hosts may hold any byte but a few; protobuf takes UTF-8
/// only, and a terminal obeys what it is sent.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace wgospf::daemon
