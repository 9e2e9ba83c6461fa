#pragma once
// Files in which something is remembered from one run to the next (--state-directory).

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "net/result.h"

namespace wgospf::daemon {

/// What stands in the file; nullopt when there is none. The text of the error says which file.
[[nodiscard]] Result<std::optional<std::string>> read_state_file(const std::string& file);

/// Hands what stands in the file, if there is one, to `take`. Why it could not be read or taken, with the name of the
/// file; empty when all is well.
[[nodiscard]] std::string take_state_file(const std::string& file,
                                          const std::function<Result<void>(std::string_view)>& take);

/// Replaces the file as a whole, with mode 0600: whenever this process is killed, the file is the former or
/// the new one. Makes its directory, but not the parent of that. It is not waited for the disk: after a loss
/// of power devices have no allowed-ips but those of their configuration. Error: with which file, and why.
[[nodiscard]] Result<void> write_state_file(const std::string& file, const std::string& text);

}  // namespace wgospf::daemon
